"""The network: layers on one flat vector, their buffers, the objective and its gradients."""
