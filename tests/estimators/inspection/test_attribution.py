"""Explanations are true: gradients, shares that sum up, and values of hidden layers."""

import pickle
import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError

from skmlp import MLPClassifier, MLPRegressor
from skmlp.activations import ACTIVATIONS, LeakyReLU
from skmlp.losses import Focal, Loss, Quantile, SquaredError, TweedieDeviance

from ...conftest import central_difference

pytestmark = [  # few epochs serve here
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
X[rng.uniform(size=X.shape) < 0.2] = 0.0
FEW = slice(0, 4)
CURVED = np.abs(X[:, 0]) + X[:, 1] * X[:, 2]
NUMBERS = {"one": CURVED, "two": np.column_stack([CURVED, X[:, 3]])}
THREE = np.digitize(CURVED, [0.2, 1.0])
CLASSES = {
    "binary": CURVED > 0.5,
    "multiclass": np.array(["low", "middle", "high"])[THREE],
    "labels": np.column_stack([CURVED > 0.5, X[:, 3] > 0, X[:, 0] > 0]).astype(int),
    "columns": np.column_stack([THREE, np.digitize(X[:, 3], [-1, 0, 1])]),
}
SETTINGS = {"hidden_layer_sizes": (6, 5), "max_iter": 5, "random_state": 0}
LOSSES = {
    "squared_error": "squared_error",
    "absolute_error": "absolute_error",
    "poisson": "poisson",
    "gamma": "gamma",
    "tweedie": TweedieDeviance(power=1.3),
    "quantile": Quantile(level=0.7),
    "quantiles": Quantile(level=[0.9, 0.1, 0.5]),
}


def regressor(y=CURVED, X=X, **params):
    shift = np.abs(y).max() + 1.0  # so that losses for positive numbers have them
    settings = {**SETTINGS, "activation": "tanh", "learning_rate_init": 0.05}
    return MLPRegressor(**{**settings, **params}).fit(X, y + shift)


def classifier(y=CLASSES["multiclass"], X=X, **params):
    settings = {**SETTINGS, "activation": "tanh", "learning_rate_init": 0.05}
    return MLPClassifier(**{**settings, **params}).fit(X, y)


def outputs_of(model, X):
    """What is explained, (n_samples, n_outputs)."""
    explained = getattr(model, "decision_function", model.predict)(X)
    if isinstance(explained, list):
        return np.hstack(explained)
    return explained.reshape(len(explained), -1)


def all_gradients(model, X):
    """(n_samples, n_outputs, n_features), as one array."""
    gradients = model.input_gradient(X)
    if isinstance(gradients, list):
        return np.concatenate(gradients, axis=1)
    return gradients[:, np.newaxis] if gradients.ndim == 2 else gradients


def assert_derivatives(model, name):
    found = all_gradients(model, X[FEW])
    n_outputs = outputs_of(model, X[:1]).shape[1]
    assert found.shape == (4, n_outputs, 4), name
    for i, k in np.ndindex(4, n_outputs):
        expected = central_difference(
            lambda x, k=k: outputs_of(model, x[np.newaxis])[0, k], X[i]
        )
        # h = 1e-6: truncation about 1e-11, rounding about 1e-15 / h for outputs of 10
        np.testing.assert_allclose(
            found[i, k], expected, rtol=1e-6, atol=1e-8, err_msg=name
        )


# An estimator of each kind of output.
KINDS = {
    f"{name}-two": (regressor, NUMBERS["two"], loss) for name, loss in LOSSES.items()
}
KINDS |= {name: (regressor, CURVED, LOSSES[name]) for name in ("poisson", "quantiles")}
KINDS |= {name: (classifier, y, "log_loss") for name, y in CLASSES.items()}
KINDS["focal"] = (classifier, CLASSES["multiclass"], Focal())


def make(kind):
    kind, y, loss = KINDS[kind]
    return kind(y, loss=loss)


def test_gradients_are_derivatives_of_predictions_or_raw_outputs():
    for kind in KINDS:
        assert_derivatives(make(kind), kind)


def test_gradients_of_every_activation_are_derivatives():
    for name in ACTIVATIONS:
        # standardised inside, so that few units are at a kink or far out
        model = regressor(activation=name, loss="poisson", scale_input=True)
        assert_derivatives(model, name)


@pytest.mark.parametrize("make", [regressor, classifier])
def test_gradients_without_hidden_layers_are_the_coefficients(make):
    model = make(hidden_layer_sizes=())
    expected = np.broadcast_to(model.coefs_[0].T, (4, *model.coefs_[0].T.shape))
    np.testing.assert_array_equal(all_gradients(model, X[FEW]), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_shares_sum_to_the_difference_of_outputs(kind):
    model = make(kind)
    # smooth units: fifty points leave rounding; where sorted levels change places the
    # gradient jumps, which costs up to the width of an interval, about 3 / n_steps
    jumps = kind.startswith("quantiles")
    n_steps, tolerance = (1000, 0.01) if jumps else (50, 1e-10)
    for baseline in (None, X.mean(axis=0), X[::-1]):
        shares = model.integrated_gradients(X, baseline, n_steps=n_steps)
        if isinstance(shares, list):
            shares = np.concatenate(shares, axis=1)
        at_baseline = np.zeros_like(X) if baseline is None else baseline
        start = np.broadcast_to(at_baseline, X.shape)
        difference = outputs_of(model, X) - outputs_of(model, start)
        size = max(1.0, np.abs(difference).max())
        found = shares.sum(axis=-1).reshape(difference.shape)
        np.testing.assert_allclose(found, difference, rtol=0, atol=tolerance * size)


def test_kinks_leave_an_error_that_more_points_make_smaller():
    model = regressor(activation="relu", max_iter=50)
    difference = model.predict(X) - model.predict(np.zeros_like(X))

    def error(n_steps):
        shares = model.integrated_gradients(X, n_steps=n_steps)
        return np.abs(shares.sum(axis=1) - difference).mean()

    # at a kink the gradient jumps: an error about the width of an interval (over 20
    # seeds: 0.02 to 0.04, a fortieth, and 0.005 to 0.014)
    assert error(2000) < 0.1 * error(50)
    assert error(50) < 0.1 * np.abs(difference).mean()


def test_a_linear_network_shares_out_by_its_coefficients():
    model = regressor(hidden_layer_sizes=())
    expected = (X - X.mean(axis=0)) * model.coefs_[0][:, 0]
    found = model.integrated_gradients(X, X.mean(axis=0), n_steps=1)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


METHODS = {
    "hidden_activations": {},
    "input_gradient": {},
    "integrated_gradients": {"n_steps": 5},
}
every_method = pytest.mark.parametrize("method, params", METHODS.items(), ids=METHODS)


@every_method
def test_sparse_x_is_as_dense_x(method, params):
    for model in (regressor(), classifier()):
        explain = getattr(model, method)
        found = explain(csr_array(X), **params)
        assert type(found) is np.ndarray
        # sums in another order
        np.testing.assert_allclose(found, explain(X, **params), rtol=1e-12, atol=1e-13)


@every_method
def test_float32_stays_float32_and_is_near_float64(method, params):
    narrow = X.astype(np.float32)
    for loss in ("squared_error", "poisson", Quantile([0.1, 0.9])):
        model = regressor(CURVED.astype(np.float32), X=narrow, loss=loss)
        found = getattr(model, method)(narrow, **params)
        assert found.dtype == np.float32
        model.coefs_ = [W.astype(np.float64) for W in model.coefs_]
        model.intercepts_ = [b.astype(np.float64) for b in model.intercepts_]
        exact = getattr(model, method)(narrow.astype(np.float64), **params)
        # sums of some tens of products, each rounded to 6e-8
        np.testing.assert_allclose(found, exact, rtol=1e-4, atol=1e-5)


@every_method
def test_the_estimator_and_x_stay_as_they_are(method, params):
    for kind in (regressor, classifier):
        model, copy = kind(activation=["silu", LeakyReLU()], dropout=0.5), X.copy()
        before = pickle.dumps(model)
        first = getattr(model, method)(X, **params)
        assert pickle.dumps(model) == before
        np.testing.assert_array_equal(X, copy)
        np.testing.assert_array_equal(first, getattr(model, method)(X, **params))


# One output


@pytest.mark.parametrize("method", ["input_gradient", "integrated_gradients"])
@pytest.mark.parametrize("kind", ["multiclass", "labels"])
def test_a_class_is_named_by_its_label(kind, method):
    model = classifier(CLASSES[kind])
    explain = getattr(model, method)
    every = explain(X)
    for k, label in enumerate(model.classes_):
        assert explain(X, output=label).shape == X.shape
        np.testing.assert_array_equal(explain(X, output=label), every[:, k])


def test_the_first_of_two_classes_has_the_opposite_log_odds():
    model = classifier(CLASSES["binary"])
    gradient = model.input_gradient(X)
    assert gradient.shape == X.shape
    np.testing.assert_array_equal(model.input_gradient(X, output=True), gradient)
    np.testing.assert_array_equal(model.input_gradient(X, output=False), -gradient)
    shares = model.integrated_gradients(X)
    np.testing.assert_array_equal(model.integrated_gradients(X, output=False), -shares)


def test_a_class_of_several_columns_is_named_by_column_and_label():
    model = classifier(CLASSES["columns"])
    every = model.input_gradient(X)
    assert [part.shape for part in every] == [(60, 3, 4), (60, 4, 4)]
    for column, labels in enumerate(model.classes_):
        for k, label in enumerate(labels):
            found = model.input_gradient(X, output=(column, label))
            np.testing.assert_array_equal(found, every[column][:, k])


def test_one_class_in_y_has_one_output():
    model = classifier(np.zeros(60, int))
    gradient = model.input_gradient(X)
    np.testing.assert_array_equal(gradient, model.input_gradient(X, output=0))


def test_an_output_of_a_regressor_is_named_by_its_number():
    model = regressor(NUMBERS["two"], loss=Quantile([0.1, 0.5, 0.9]))
    every = model.input_gradient(X)
    assert every.shape == (60, 6, 4)  # the levels of one target, then of the other
    for k in range(6):
        np.testing.assert_array_equal(model.input_gradient(X, k), every[:, k])
        shares = model.integrated_gradients(X, output=k, n_steps=3)
        whole = model.integrated_gradients(X, n_steps=3)
        np.testing.assert_allclose(shares, whole[:, k], rtol=1e-12, atol=1e-15)


# Hidden layers


@pytest.mark.parametrize("make", [regressor, classifier])
def test_hidden_activations_are_those_of_the_formula(make):
    model = make(activation=["tanh", "relu"], dropout=0.5)
    first = np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    second = np.maximum(0.0, first @ model.coefs_[1] + model.intercepts_[1])
    expected = {0: first, -2: first, 1: second, -1: second}
    for layer, values in expected.items():
        found = model.hidden_activations(X, layer=layer)
        # sums in another order
        np.testing.assert_allclose(found, values, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(model.hidden_activations(X), found)


# Refusals


@every_method
def test_an_estimator_that_is_not_fitted_explains_nothing(method, params):
    with pytest.raises(NotFittedError):
        getattr(MLPRegressor(), method)(X, **params)


@every_method
def test_x_is_checked_as_in_predict(method, params):
    explain = getattr(regressor(), method)
    with pytest.raises(ValueError, match="X has 3 features, but MLPRegressor is exp"):
        explain(X[:, :3], **params)
    with pytest.raises(ValueError, match=r"MLPRegressor: X must be .* got ndarray of"):
        explain(np.full_like(X, np.nan), **params)


def test_a_layer_that_is_not_there_is_refused():
    model = regressor()
    text = (
        r"MLPRegressor: layer must be an integer from -2 to 1 with 2 hidden layer\(s\)"
    )
    for layer in (2, -3, 0.0, True, None, "last"):
        with pytest.raises(ValueError, match=f"{text}, got {layer!r}"):
            model.hidden_activations(X, layer=layer)
    with pytest.raises(ValueError, match=r"a hidden layer with 0 hidden layer"):
        regressor(hidden_layer_sizes=()).hidden_activations(X)


# By target: what its outputs are, and some that are none.
NO_OUTPUTS = {
    "two": [("None or an integer from 0 to 1", [2, -1, True])],
    "multiclass": [("None or one of .'high', 'low', 'middle'.", [0, ["low"]])],
    "binary": [("None or one of .False, True.", [2])],
    "columns": [
        ("None or a pair", [0, (2, 0)]),
        ("None or a pair .*for column 0 one of .0, 1, 2.", [(0, 3)]),
    ],
}


@pytest.mark.parametrize("target", NO_OUTPUTS)
def test_an_output_that_is_not_there_is_refused(target):
    y = {**NUMBERS, **CLASSES}[target]
    model = regressor(y) if target in NUMBERS else classifier(y)
    for expected, outputs in NO_OUTPUTS[target]:
        text = rf": output must be {expected}.*, got "
        for output in outputs:
            with pytest.raises(ValueError, match=text):
                model.input_gradient(X, output=output)
            with pytest.raises(ValueError, match=text):
                model.integrated_gradients(X, output=output)


def test_a_baseline_of_another_shape_or_not_finite_is_refused():
    text = r"MLPRegressor: baseline must be None, or finite numbers of shape \(4,\) or"
    model, nan = regressor(), np.full(4, np.nan)
    for baseline in (0.0, np.zeros(3), np.zeros((59, 4)), nan, "mean", []):
        with pytest.raises((ValueError, TypeError), match=text):
            model.integrated_gradients(X, baseline)


def test_n_steps_is_a_positive_integer():
    model, text = regressor(), "MLPRegressor: n_steps must be an integer >="
    for n_steps in (0, -1, 2.0, None, True):
        with pytest.raises(ValueError, match=text):
            model.integrated_gradients(X, n_steps=n_steps)


def test_outputs_that_do_not_fit_the_classes_are_refused():
    model = classifier()
    model.coefs_[-1] = model.coefs_[-1][:, :2]
    model.intercepts_[-1] = model.intercepts_[-1][:2]
    with pytest.raises(ValueError, match=r"coefs_\[-1\] must have 3 outputs .* got 2"):
        model.input_gradient(X)


class SoftplusLinkError(SquaredError):
    """Positive means by an inverse link of the user's own."""

    def inverse_link(self, raw):
        return np.logaddexp(raw, 0.0)


def test_an_inverse_link_of_the_users_own_is_refused_and_an_inherited_one_is_not():
    model = regressor(loss=SoftplusLinkError())
    with pytest.raises(
        ValueError, match="MLPRegressor: loss must have the inverse link"
    ):
        model.input_gradient(X)

    class InheritedLinkError(SquaredError):
        pass

    assert InheritedLinkError.inverse_link is Loss.inverse_link
    model.set_params(loss=InheritedLinkError()).fit(X, CURVED)
    assert model.input_gradient(X).shape == X.shape


def test_integrated_gradients_of_many_rows_take_the_memory_of_their_result():
    model = regressor(hidden_layer_sizes=(64, 64))
    many = np.tile(X, (500, 1))
    tracemalloc.start()
    shares = model.integrated_gradients(many, n_steps=2)
    peak = tracemalloc.get_traced_memory()[1] - shares.nbytes
    tracemalloc.stop()
    # the values of one layer at all rows would take 15 MB, those of a block half a MB
    assert peak < 6 * 2**20


def test_a_baseline_with_names_must_have_those_of_X(pandas):
    frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    mlp = regressor(X=frame)
    shares = mlp.integrated_gradients(frame, baseline=0 * frame)
    np.testing.assert_array_equal(shares, mlp.integrated_gradients(frame))
    with pytest.raises(ValueError, match="baseline must be"):
        mlp.integrated_gradients(frame, baseline=frame[["d", "c", "b", "a"]])
