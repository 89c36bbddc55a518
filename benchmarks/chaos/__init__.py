"""The product under faults: everything of it is killed by kill -9 in the middle of its work, then counted against a run without faults."""
