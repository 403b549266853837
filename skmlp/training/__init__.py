"""Training: batches, epochs, early stopping, history, and stopping."""
