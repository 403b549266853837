"""The network: layers on one flat vector, their buffers, and the objective."""

from skmlp.network.network import Network
from skmlp.network.objective import Objective

__all__ = ["Network", "Objective"]
