"""Reviews of rights: who holds what is looked at by a person at regular times, and confirmed or taken away (R264)."""
