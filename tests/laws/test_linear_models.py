"""A network without hidden layers is the linear model that scikit-learn fits."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.preprocessing import StandardScaler

from skmlp import MLPClassifier, MLPRegressor

from ..conftest import covering
from ..estimators.forms import fitted


def linear(kind, **params):
    """A network without hidden layer, trained to its only minimum."""
    return kind(
        hidden_layer_sizes=(),
        solver="lbfgs",
        max_iter=5000,
        tol=1e-8,
        random_state=0,
        **params,
    )


@covering(load=[load_breast_cancer, load_iris], C=[0.01, 1.0], weighted=[False, True])
def test_no_hidden_layer_is_logistic_regression(load, C, weighted):
    X, y = load(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    weight = 1.0 + np.arange(len(y)) % 3 if weighted else None
    # both sum losses over weighted rows and penalize 1/2 |W|^2, by alpha = 1 / C
    ours = fitted(linear(MLPClassifier, alpha=1 / C), X, y, sample_weight=weight)
    theirs = LogisticRegression(C=C, tol=1e-8, max_iter=5000).fit(X, y, weight)
    np.testing.assert_allclose(
        ours.predict_proba(X), theirs.predict_proba(X), rtol=0, atol=1e-3
    )
    np.testing.assert_allclose(
        ours.coefs_[0].T.ravel(), theirs.coef_.ravel(), rtol=1e-3, atol=1e-3
    )


@covering(alpha=[0.1, 10.0], n_outputs=[1, 2], weighted=[False, True])
def test_no_hidden_layer_is_ridge(alpha, n_outputs, weighted):
    X, y = load_diabetes(return_X_y=True)
    X, y = StandardScaler().fit_transform(X), (y - y.mean()) / y.std()
    y = y if n_outputs == 1 else np.c_[y, y**2]
    weight = 1.0 + np.arange(len(y)) % 3 if weighted else None
    # both sum squares over weighted rows, and both penalize alpha |W|^2
    ours = fitted(linear(MLPRegressor, alpha=alpha), X, y, sample_weight=weight)
    theirs = Ridge(alpha=alpha).fit(X, y, weight)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=0, atol=1e-3)
    np.testing.assert_allclose(
        ours.coefs_[0].T, np.atleast_2d(theirs.coef_), rtol=0, atol=1e-3
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [1e-3, 0.1])
def test_no_hidden_layer_is_poisson_regression(alpha, weighted):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    y = rng.poisson(np.exp(X @ [0.5, -0.3, 0.0, 0.2]))
    weight = 1.0 + np.arange(300) % 3 if weighted else None
    # theirs is a weighted mean of losses, ours a sum over all the weight there is
    total = 300 if weight is None else weight.sum()
    ours = fitted(
        linear(MLPRegressor, loss="poisson", alpha=alpha * total),
        X,
        y,
        sample_weight=weight,
    )
    theirs = PoissonRegressor(alpha=alpha, tol=1e-8, max_iter=1000).fit(X, y, weight)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-3)
    np.testing.assert_allclose(ours.coefs_[0].ravel(), theirs.coef_, atol=1e-3)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_stochastic_solvers_reach_the_linear_model_too(solver):
    X, y = load_diabetes(return_X_y=True)
    X, y = StandardScaler().fit_transform(X), (y - y.mean()) / y.std()
    ours = linear(MLPRegressor, alpha=10.0).set_params(
        solver=solver,
        batch_size=len(y),
        learning_rate_init=0.1 if solver == "sgd" else 0.01,
        max_iter=2000,
        tol=0,
        n_iter_no_change=2000,
    )
    theirs = Ridge(alpha=10.0).fit(X, y)
    np.testing.assert_allclose(
        fitted(ours, X, y).predict(X), theirs.predict(X), rtol=0, atol=1e-3
    )
