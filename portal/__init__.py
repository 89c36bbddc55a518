"""The customer's own pages, read-only. Stands below risk and never imports it: what these pages do not know they cannot tell."""
