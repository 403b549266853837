"""Predictions from raw outputs in ONNX: any loss, clipped or not, one or several."""

import numpy as np
import pytest

import skmlp
from skmlp import MLPRegressor
from skmlp.export.onnx.links import INVERSE_LINKS
from skmlp.losses import REGRESSION_LOSSES, LogCosh, Loss, Quantile

from ...conftest import NUMBERS, X, covering, quietly
from .graphs import assert_exported, run

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")

LOSSES = {
    **{name: kind() for name, kind in REGRESSION_LOSSES.items()},
    "three levels": Quantile(level=[0.1, 0.5, 0.9]),
}
SETTINGS = {
    "scaled": {"scale_target": True, "scale_input": True},
    "clipped members": {"clip_output": True, "n_members": 3},
}
POSITIVE = {"one": NUMBERS**2 + 0.1, "two": np.c_[NUMBERS**2, X[:, 0] ** 2] + 0.1}


def test_every_inverse_link_has_a_row():
    links = {kind.inverse_link for kind in REGRESSION_LOSSES.values()}
    assert links == set(INVERSE_LINKS)


@covering(loss=LOSSES, settings=SETTINGS, y=POSITIVE, dtype=["float64", "float32"])
def test_predictions_are_those_of_the_model(loss, settings, y, dtype):
    mlp = MLPRegressor(loss, 6, max_iter=5, random_state=0, **settings)
    rows = (2.0 * X).astype(dtype)  # some of them beyond the range of training
    model = quietly(mlp.fit, X.astype(dtype), y)
    found = assert_exported(model, rows)["prediction"]
    none = run(skmlp.to_onnx(model), {"X": rows[:0]})["prediction"]
    assert none.shape == (0, *found.shape[1:])


class KnownLink(LogCosh):
    """A loss of one's own with a link of the package."""


class OwnLink(LogCosh):
    """A loss of one's own with a link of its own."""

    def inverse_link(self, raw):
        return np.abs(raw) ** 0.5


def test_a_loss_of_ones_own_needs_a_known_link():
    mlp = MLPRegressor(KnownLink(), 3, max_iter=3, random_state=0)
    assert_exported(quietly(mlp.fit, X, NUMBERS), X)
    mlp.set_params(loss=OwnLink())
    quietly(mlp.fit, X, NUMBERS)
    with pytest.raises(ValueError, match="MLPRegressor: loss must have an inverse"):
        assert_exported(mlp, X)
    assert Loss.inverse_link in INVERSE_LINKS
