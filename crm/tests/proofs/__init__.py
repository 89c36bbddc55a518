"""The proofs of who may see and do what: each prints what it counted, and says in its first lines what it cannot find."""
