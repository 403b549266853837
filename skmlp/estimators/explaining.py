"""What a fitted network does inside: values of hidden layers, gradients of outputs."""


class ExplainingMixin:
    """Hidden activations, and outputs explained by gradients of the inputs."""
