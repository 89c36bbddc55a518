"""What reports say and how their figures are computed."""
