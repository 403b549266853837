"""Names of input and output columns."""

import numpy as np

from skmlp.errors import error_context, short_repr


def names_in(estimator, input_features):
    """The names of the fitted columns, objects (n_features,), as in scikit-learn.

    input_features : names to take instead, or None.
    """
    fitted = getattr(estimator, "feature_names_in_", None)
    if input_features is None:
        return default_names(estimator.n_features_in_) if fitted is None else fitted
    names = np.asarray(input_features, dtype=object)
    expected = f"the names of the {estimator.n_features_in_} columns of fit"
    with error_context(
        type(estimator).__name__, "input_features", expected, short_repr(input_features)
    ):
        if fitted is not None and not np.array_equal(fitted, names):
            raise ValueError("input_features is not equal to feature_names_in_")
        if names.shape != (estimator.n_features_in_,):
            raise ValueError(
                "input_features should have length equal to number of features "
                f"({estimator.n_features_in_}), got {names.size}"
            )
    return names


def default_names(n_features):
    """scikit-learn's names for columns without names."""
    return np.array([f"x{j}" for j in range(n_features)], dtype=object)


def told_apart(names):
    """The names, made unique by a number after repeated ones."""
    taken = {}
    for name in names:
        candidate, count = name, 1
        while candidate in taken:
            count += 1
            candidate = f"{name}_{count}"
        taken[candidate] = None
    return list(taken)
