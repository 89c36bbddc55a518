"""The demo world: a made-up bank, outside the house. It may import any app but ``risk``; nothing imports it."""
