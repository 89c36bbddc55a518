"""Rules as data: the definition, its text view, and the catalogue the product ships."""
