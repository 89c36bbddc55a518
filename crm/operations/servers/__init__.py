"""Embedded PostgreSQL and Valkey: started, watched and ended by us. Imports no Django, so that it runs before settings exist."""
