"""Pages about signing in, the home page, and our people."""
