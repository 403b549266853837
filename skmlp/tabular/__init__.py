"""Raw tables made ready for a network: categories, missing values and outliers."""

from skmlp.tabular.encoder import TableEncoder
from skmlp.tabular.smooth_clip import SmoothClipScaler

__all__ = ["SmoothClipScaler", "TableEncoder"]
