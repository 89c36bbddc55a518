"""The ground floor: statements in Django's connection that its own cursors do not offer. Knows nothing of the product."""
