"""A fit: plan, training, and fitted attributes."""
