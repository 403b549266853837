"""From raw tables to predictions: encoders, presets, a pipeline, a search space."""

from skmlp.tabular.encoder import TableEncoder
from skmlp.tabular.parquet import fit_parquet
from skmlp.tabular.pipeline import TabularPipeline, tabular_pipeline
from skmlp.tabular.presets import PRESETS
from skmlp.tabular.search_space import SearchSpace, search_space
from skmlp.tabular.smooth_clip import SmoothClipScaler

__all__ = [
    "PRESETS",
    "SearchSpace",
    "SmoothClipScaler",
    "TableEncoder",
    "TabularPipeline",
    "fit_parquet",
    "search_space",
    "tabular_pipeline",
]
