"""Displays of a fit and of its network; they require matplotlib."""

from skmlp.plot.diagram import NetworkDisplay
from skmlp.plot.gradient_flow import GradientFlowDisplay
from skmlp.plot.loss_curve import LossCurveDisplay
from skmlp.plot.weights import WeightsDisplay

__all__ = [
    "GradientFlowDisplay",
    "LossCurveDisplay",
    "NetworkDisplay",
    "WeightsDisplay",
]
