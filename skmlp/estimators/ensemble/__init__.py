"""Several networks as one estimator."""
