"""What the auditor's rooms look for, as data."""
