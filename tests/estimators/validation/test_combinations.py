"""Parameters that do not go together are refused by name."""

from itertools import product

import numpy as np
import pytest
from scipy import sparse

from skmlp import MLPRegressor
from skmlp.losses import REGRESSION_LOSSES, AbsoluteError, Quantile
from skmlp.solvers import LBFGS

from ...conftest import assert_same_bits, classes_first, covering, quietly
from ..regularised import (
    ESTIMATORS,
    NUMBERS,
    OFF,
    REGULARISED,
    X,
    fitted,
    small,
    target,
)

# What is trained here is not meant to learn much.
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")


@pytest.mark.parametrize("name", [n for n in REGULARISED if n != "solver__max_norm"])
def test_lbfgs_refuses_each_by_name(name):
    values = [REGULARISED[name], *([[0.0, 0.2]] if name == "dropout" else [])]
    for kind, solver, value in product(ESTIMATORS, ("lbfgs", LBFGS()), values):
        estimator = small(kind, solver=solver, **{name: value})
        refused = f"^{kind.__name__}: {name} must be 0 with solver lbfgs"
        with pytest.raises(ValueError, match=refused) as error:
            estimator.fit(X, target(kind))
        assert str(error.value).endswith(f"got {value!r}.")
        assert not hasattr(estimator, "coefs_")


def test_lbfgs_has_no_max_norm():
    with pytest.raises(TypeError, match="max_norm"):
        LBFGS(max_norm=0.5)
    for kind, solver in product(ESTIMATORS, ("lbfgs", LBFGS())):
        with pytest.raises(ValueError, match="LBFGS has no setting 'max_norm'"):
            small(kind, solver=solver, solver__max_norm=0.5)


def test_lbfgs_takes_each_at_its_value_for_off():
    params = {"solver": "lbfgs", "alpha": 1.0}
    expected = fitted(MLPRegressor, **params)
    for off in OFF[:-1]:
        assert_same_bits(fitted(MLPRegressor, **params, **off), expected)


def test_lbfgs_refuses_losses_with_kinks_by_name():
    losses = ("absolute_error", "quantile", AbsoluteError(), Quantile(level=[0.2, 0.8]))
    for loss, solver in product(losses, ("lbfgs", LBFGS())):
        estimator = small(MLPRegressor, solver=solver, loss=loss)
        with pytest.raises(ValueError, match=r"^MLPRegressor: loss must have") as error:
            estimator.fit(X, NUMBERS)
        assert repr(loss) in str(error.value)
        assert not hasattr(estimator, "coefs_")


def test_the_losses_that_lbfgs_refuses_are_those_with_kinks():
    kinked = {name for name, loss in REGRESSION_LOSSES.items() if not loss.smooth}
    assert kinked == {"absolute_error", "quantile"}


@covering(kind=ESTIMATORS, method=["fit", "partial_fit"])
def test_input_noise_refuses_sparse_X_by_name(kind, method):
    estimator = small(kind, dropout__noise=0.1)
    kwargs = classes_first(kind, target(kind)) if method == "partial_fit" else {}
    refused = f"^{kind.__name__}: dropout__noise must be 0 with sparse X.*got 0.1"
    with pytest.raises(ValueError, match=refused):
        getattr(estimator, method)(sparse.csr_array(X), target(kind), **kwargs)
    assert not hasattr(estimator, "coefs_")
    quietly(getattr(estimator, method), X, target(kind), **kwargs)
    # a model trained with noise predicts sparse X
    dense = estimator.predict(X)
    np.testing.assert_allclose(
        estimator.predict(sparse.csr_array(X)), dense, rtol=1e-9, atol=1e-12
    )
