"""Names of columns, those that come in and those that go out."""

from collections import Counter
from numbers import Integral

import numpy as np

from skmlp.errors import error_context, short_repr


def check_names(columns):
    """The columns' names as a list; an error where they name no column for sure."""
    names = list(columns)
    if len(set(names)) < len(names):
        counts = Counter(names)
        repeated = next(name for name in names if counts[name] > 1)
        raise ValueError(f"Several columns have the name {short_repr(repeated, 80)}.")
    are_text = {issubclass(kind, str) for kind in set(map(type, names))}
    if len(are_text) > 1:
        raise TypeError(
            "Feature names are only supported if all input features have string names; "
            "X.columns = X.columns.astype(str) turns the others into strings."
        )
    return names


def are_strings(names):
    """Whether columns have names as scikit-learn means it."""
    return names is not None and isinstance(names[0], str)


def are_default(names):
    """Whether they are 0, 1, 2 and so on, which a frame has where it got none."""
    return names is None or (
        isinstance(names[0], Integral) and names == list(range(len(names)))
    )


def labels_of(names, n_columns):
    """Strings for names: those of several levels are joined, those of none are x0..."""
    if are_default(names):
        return list(default_names(n_columns))
    if are_strings(names):
        return names
    return told_apart(
        "_".join(map(str, name)) if isinstance(name, tuple) else str(name)
        for name in names
    )


def positions_of(names, labels, table):
    """Where the fitted columns are in a table, a list of int; None if not by name.

    names, labels : of the fitted columns.

    By the names themselves; or by their text, for other libraries have only strings
    where pandas has numbers or tuples. A ValueError says which columns are missing.
    """
    if names is None or table.names is None:
        return None
    for wanted, there in ((names, table.names), (labels, table.labels)):
        number_of = {name: j for j, name in enumerate(there)}
        missing = [name for name in wanted if name not in number_of]
        if not missing:
            return [number_of[name] for name in wanted]
        if are_strings(names) and are_strings(table.names):
            break
    if are_strings(names) != are_strings(table.names) and (
        are_default(names) or not are_strings(table.names)
    ):
        return None  # which scikit-learn takes by their places, with a warning
    missing = [name for name in names if name not in set(table.names)]
    raise ValueError(
        "The feature names should match those that were passed during fit."
        "\nFeature names seen at fit time, yet now missing:\n"
        + "".join(f"- {name}\n" for name in missing)
    )


def names_in(estimator, labels, input_features):
    """The names of the fitted columns, objects (n_features,), as scikit-learn has it.

    input_features : names to take instead, or None.
    """
    fitted = getattr(estimator, "feature_names_in_", None)
    if input_features is None:
        return np.array(labels, dtype=object)
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
    """Those that scikit-learn gives to columns without names."""
    return np.array([f"x{j}" for j in range(n_features)], dtype=object)


def told_apart(names):
    """The names, and a number after those that came before."""
    taken = {}
    for name in names:
        candidate, count = name, 1
        while candidate in taken:
            count += 1
            candidate = f"{name}_{count}"
        taken[candidate] = None
    return list(taken)
