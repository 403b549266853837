"""Every preset, and the estimators that they are for."""

import pytest

from skmlp import MLPClassifier, MLPRegressor
from skmlp.tabular import PRESETS

every_preset = pytest.mark.parametrize("preset", PRESETS)
KINDS = {"classifier": MLPClassifier, "regressor": MLPRegressor}
