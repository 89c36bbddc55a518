"""Faults built into the product on purpose, one at a time, to see whether the census finds them. Nothing of the product imports this."""
