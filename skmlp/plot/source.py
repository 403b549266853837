"""What displays read from a fitted estimator: network, history, and names."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from skmlp.constraints import is_integer

# Attributes by which searches, scaled targets, MLPTransformer and MLPAutoencoder hold
# what they have fitted.
WRAPPERS = ("best_estimator_", "regressor_", "estimator_", "mlp_")


def unwrapped(estimator: Any) -> Any:
    """The estimator inside a search, a TransformedTargetRegressor or a wrapper."""
    for attribute in WRAPPERS:
        if hasattr(estimator, attribute):
            return unwrapped(getattr(estimator, attribute))
    return estimator


def network_of(display: type, estimator: Any) -> Any:
    """The fitted network: the estimator itself, or its last step."""
    last = unwrapped(estimator)
    while hasattr(last, "steps"):
        last = unwrapped(last.steps[-1][1])
    if hasattr(last, "members_"):
        raise ValueError(
            f"{display.__name__}: estimator must have n_members=1 to be drawn, got "
            f"{len(last.members_)}; use one of members_."
        )
    if not hasattr(last, "coefs_"):
        raise ValueError(
            f"{display.__name__}: estimator must be a fitted MLPClassifier or "
            f"MLPRegressor, or a pipeline that ends in one, got {estimator!r}."
        )
    return last


def history_of(display: type, estimator: Any) -> dict[str, Any]:
    """The history of the fit."""
    network = network_of(display, estimator)
    if not hasattr(network, "history_"):
        raise ValueError(
            f"{display.__name__}: estimator must be one of skmlp, whose fit sets "
            f"history_, got {estimator!r}."
        )
    history: dict[str, Any] = network.history_
    return history


def input_names(
    display: type, estimator: Any, given: Sequence[object] | None
) -> list[str]:
    """Names of the inputs: as given, of X, of the pipeline's output, or x0, x1, ...

    Of columns that are embedded, the names of what is made of them.
    """
    network = network_of(display, estimator)
    embedding = getattr(network, "embedding_", None)
    if embedding is None:
        return _feature_names(display, estimator, given, len(network.coefs_[0]))
    n_features = embedding.inputs.n_features
    names = _feature_names(display, estimator, given, n_features)
    return [str(name) for name in embedding.get_feature_names_out(names)]


def _feature_names(
    display: type, estimator: Any, given: Sequence[object] | None, n_features: int
) -> list[str]:
    if given is not None:
        return check_names(display, "feature_names", given, n_features)
    names = getattr(network_of(display, estimator), "feature_names_in_", None)
    if names is None:
        names = _names_in_pipeline(unwrapped(estimator))
    if names is None or len(names) != n_features:
        return numbered("x", n_features)
    return [str(name) for name in names]


def _names_in_pipeline(estimator: Any) -> NDArray[Any] | None:
    """Names of the output of the steps before the last, also in nested pipelines."""
    names: NDArray[Any] | None = None
    while hasattr(estimator, "steps"):
        if len(estimator.steps) > 1:
            try:
                names = estimator[:-1].get_feature_names_out(names)
            except (AttributeError, ValueError):  # a step that can't tell
                return None
        estimator = unwrapped(estimator.steps[-1][1])
    return names


def output_names(
    display: type, estimator: Any, given: Sequence[object] | None
) -> list[str]:
    """Names of the outputs: as given, the classes, or y0, y1, ..."""
    network = network_of(display, estimator)
    n_outputs = network.coefs_[-1].shape[1]
    if given is not None:
        # the one output of two classes is the second's
        names = given[-1:] if (n_outputs, len(given)) == (1, 2) else given
        return check_names(display, "class_names", names, n_outputs)
    if not hasattr(network, "classes_"):
        return numbered("y", n_outputs)
    return _class_names(network.classes_)[-n_outputs:]


def _class_names(classes: Any) -> list[str]:
    if not isinstance(classes, list):
        return [str(label) for label in classes]
    # several columns of classes
    columns = enumerate(classes)
    return [f"y{i} = {label}" for i, labels in columns for label in labels]


def check_names(
    display: type, parameter: str, names: Sequence[object], n_names: int
) -> list[str]:
    """The names as strings, which must be n_names."""
    if len(names) != n_names:
        raise ValueError(
            f"{display.__name__}: {parameter} must have {n_names} names, got "
            f"{len(names)}."
        )
    return [str(name) for name in names]


def numbered(letter: str, n_names: int) -> list[str]:
    """x0, x1, ...; without a number if there is only one."""
    return [letter] if n_names == 1 else [f"{letter}{i}" for i in range(n_names)]


def check_count(display: object, parameter: str, value: int, least: int) -> None:
    """Raise a ValueError unless the value is an integer of at least `least`."""
    if not is_integer(value) or value < least:
        raise ValueError(
            f"{type(display).__name__}: {parameter} must be at least {least}, got "
            f"{value!r}."
        )
