"""The lives people and firms lead: what they pay and receive on an ordinary day."""
