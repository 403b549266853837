"""Looking into a fitted network."""
