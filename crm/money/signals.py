"""What this app announces."""

from django.dispatch import Signal

rates_loaded = Signal()
"""After commit: new rates are in force. Receivers only enqueue; what is without a rate is the queue."""
