"""Bringing made-up banks into the database, through the product's own verbs."""
