"""What rules can know about an event: declarations of facts and the typed expressions they are filtered with."""
