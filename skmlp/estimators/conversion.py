"""scikit-learn's own MLP from one of ours, and back."""

import warnings
from inspect import signature

import numpy as np
from sklearn import neural_network
from sklearn.base import is_regressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from skmlp.activations import Identity, Logistic, ReLU, Tanh
from skmlp.constraints import is_real
from skmlp.errors import describe, invalid
from skmlp.estimators.fitting.settings import activations_of
from skmlp.estimators.options import EarlyStopping
from skmlp.solvers import LBFGS, SGD, Adam

# Of scikit-learn's estimators, by whether the targets are numbers.
KINDS = {
    False: neural_network.MLPClassifier,
    True: neural_network.MLPRegressor,
}
ACTIVATIONS = {Identity: "identity", Logistic: "logistic", ReLU: "relu", Tanh: "tanh"}
SOLVERS = {Adam: "adam", SGD: "sgd", LBFGS: "lbfgs"}
SCHEDULES = ("constant", "invscaling", "adaptive")
# What both have under the same names, besides the network and the targets.
RECORDS = (
    "feature_names_in_",
    "n_iter_",
    "t_",
    "loss_",
    "loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
)
NETWORK = ("n_features_in_", "n_layers_", "n_outputs_", "out_activation_", "classes_")


def to_sklearn(estimator, task, loss):
    """scikit-learn's estimator with the network of `estimator`, which is fitted.

    task, loss : of its last fit.
    """
    _check_convertible(estimator, task, loss)
    fitted = vars(estimator)
    coefs, intercepts = _without_temperature(fitted)
    model = _made_up(estimator, task, loss, coefs)
    params = _settings(estimator, loss, coefs)
    model.set_params(**params)
    model.coefs_, model.intercepts_ = coefs, intercepts
    for name in RECORDS:
        if name in fitted:
            setattr(model, name, _copy(fitted[name]))
    return model


def from_sklearn(estimator, model):
    """Have `estimator`, a new one, what `model`, scikit-learn's, has learned."""
    owner, kind = type(estimator).__name__, KINDS[is_regressor(estimator)]
    if not isinstance(model, kind):
        expected = f"be a fitted sklearn.neural_network.{kind.__name__}"
        raise invalid(owner, "estimator", expected, describe(model))
    check_is_fitted(model, "coefs_")
    known = signature(kind).parameters
    given = model.get_params(deep=False)
    estimator.set_params(**{n: v for n, v in given.items() if n in known})
    names = ("coefs_", "intercepts_", *NETWORK, *RECORDS)
    learned = vars(model)
    vars(estimator).update({n: _copy(learned[n]) for n in names if n in learned})
    return estimator


def _copy(value):
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value.copy() if isinstance(value, np.ndarray) else value


def _check_convertible(estimator, task, loss) -> None:
    """Raise a ValueError for what predictions need and scikit-learn does not have."""
    owner, fitted = type(estimator).__name__, vars(estimator)
    if _activation(estimator) is None:
        names = ", ".join(ACTIVATIONS.values())
        expected = f"be one of {names}, the same for all hidden layers,"
        raise _refusal(owner, "activation", expected, estimator.activation)
    if fitted.get("embedding_") is not None:
        name = "numeric_embedding and categorical_features"
        raise _refusal(owner, name, "be None", fitted["embedding_"])
    if "output_range_" in fitted:
        raise _refusal(owner, "clip_output", "be False", True)
    if loss.n_outputs(1) > 1:
        raise _refusal(owner, "loss", "predict one number a target", loss)
    if task.neutral_targets(loss, estimator.n_outputs_) is None:
        expected = "be one column of two or more sorted classes"
        raise _refusal(owner, "classes_", expected, fitted["classes_"])


def _refusal(owner, parameter, expected, got) -> ValueError:
    return invalid(owner, parameter, f"{expected} for to_sklearn", got)


def _activation(estimator):
    """The name of the hidden layers' activation; None where scikit-learn has none."""
    owner, n_hidden = type(estimator).__name__, len(estimator.coefs_) - 1
    if n_hidden == 0:
        return "identity"
    given = activations_of(owner, estimator.activation, n_hidden, check=False)
    names = {ACTIVATIONS.get(type(one)) for one in given}
    return names.pop() if len(names) == 1 else None


def _without_temperature(fitted):
    """Copies of weights and biases, whose outputs are divided by the temperature."""
    coefs, intercepts = _copy([*fitted["coefs_"]]), _copy([*fitted["intercepts_"]])
    temperature = fitted.get("temperature_")
    if temperature is not None:
        coefs[-1] /= coefs[-1].dtype.type(temperature)
        intercepts[-1] /= intercepts[-1].dtype.type(temperature)
    return coefs, intercepts


def _made_up(estimator, task, loss, coefs):
    """scikit-learn's estimator for such targets, after a fit that moved nothing.

    Weights of 0 and targets whose best constant is their output have no gradient, so
    that ``partial_fit`` starts with moments of 0.
    """
    y = task.neutral_targets(loss, coefs[-1].shape[1])
    X = np.zeros((y.shape[0], coefs[0].shape[0]), coefs[0].dtype)
    params = _settings(estimator, loss, coefs)
    small = {"verbose": False, "early_stopping": False, "random_state": 0}
    model = KINDS[task.is_regression](**{**params, **small, "max_iter": 1})
    model.set_params(batch_size="auto", warm_start=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
        for array in (*model.coefs_, *model.intercepts_):
            array[...] = 0.0
        return model.fit(X, y)


def _settings(estimator, loss, coefs):
    """The parameters that scikit-learn has; its defaults for values it does not have.

    Those act in training only: a solver, a schedule, a splitter.
    """
    kind = KINDS[is_regressor(estimator)]
    given = {**estimator.get_params(deep=False), **_solver_settings(estimator.solver)}
    own = {n: given[n] for n in signature(kind).parameters if n in given}
    own["hidden_layer_sizes"] = tuple(W.shape[1] for W in coefs[:-1])
    own["activation"] = _activation(estimator)
    early_stopping = EarlyStopping.of(estimator.early_stopping)
    own["early_stopping"] = early_stopping.on_validation
    if "loss" in own:
        is_log = loss.out_activation == "exp"
        own["loss"] = "poisson" if is_log else "squared_error"
    if own["learning_rate"] not in SCHEDULES:
        own["learning_rate"] = "constant"
    if not is_real(own["validation_fraction"]):
        own["validation_fraction"] = 0.1
    if not is_real(own["batch_size"]):
        own["batch_size"] = "auto"
    if not is_real(own["max_iter"]):
        own["max_iter"] = 200
    return own


def _solver_settings(solver):
    """The solver's name, and what an object of its kind has been set to."""
    if isinstance(solver, str):
        return {"solver": solver if solver in SOLVERS.values() else "adam"}
    kind = type(solver)
    if kind not in SOLVERS:
        return {"solver": "adam"}
    flat = {name: getattr(solver, name) for name in kind.flat}
    return {"solver": SOLVERS[kind], **flat}
