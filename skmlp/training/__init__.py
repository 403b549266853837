"""Training: batches, epochs, early stopping, history, and what ends a fit."""
