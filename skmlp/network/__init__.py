"""The network: layers on one flat vector, their buffers, and the objective."""
