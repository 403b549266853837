"""Which columns of X are embedded, and a fitted embedding."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skmlp.embeddings import EMBEDDINGS, CategoryTable
from skmlp.estimators.fitting.components import make_part
from skmlp.estimators.validation.parameters import describe, naming, owner, shown
from skmlp.network.inputs import Embedded, Inputs

CATEGORICAL = (
    "None, or the columns of X with codes of categories: their numbers, their names, "
    "or a mask of True and False"
)
CODES = "whole numbers from 0 (or -1, for missing) in each of its categorical columns"
# Codes beyond count as a mistake: a table has a row for each of them.
MOST_CATEGORIES = 1 << 24
# In fewer rows no column has more values than flags have.
FEWEST_ROWS = 3


# Attributes that a fit sets for some parameters only.
LEARNED_BESIDES = (
    "embedding_",
    "alphas_",
    "members_",
    "oof_prediction_",
    "output_range_",
    "temperature_",
)


@dataclass(frozen=True, eq=False)
class InputEmbedding:
    """A fitted embedding: what a network's first layer sees of X.

    Attributes
    ----------
    inputs : skmlp.network.inputs.Inputs
        Which columns are embedded, and how; `inputs.width` is the number of columns
        that come of it.
    arrays : list of ndarray
        What was learned, in the order of the embeddings.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmlp import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPClassifier(
    ...     numeric_embedding="pbld", learning_rate_init=0.01, tol=0.01, random_state=0
    ... )
    >>> clf.fit(X, y).embedding_.transform(X).shape
    (150, 16)
    """

    inputs: Inputs
    arrays: list[Any]

    def transform(self, X):
        """X (n, n_features) as the first layer sees it: plain columns, then embedded.

        Parameters
        ----------
        X : {array, CSR matrix} of shape (n_samples, n_features)

        Returns
        -------
        embedded : {ndarray, CSR matrix} of shape (n_samples, inputs.width)
        """
        return self.inputs.forward(self.arrays, X)[0]

    def get_feature_names_out(self, input_features=None):
        """Names of the columns that ``transform`` gives.

        Parameters
        ----------
        input_features : sequence of str of length n_features, default=None
            Names of the columns of X; None is x0, x1 and on.

        Returns
        -------
        names : ndarray of str of shape (inputs.width,)
            Those of plain columns as they are; those of embedded ones numbered, as in
            "x0[2]".
        """
        given, plain = input_features, self.inputs.plain
        if given is None:
            given = [f"x{i}" for i in range(self.inputs.n_features)]
        names = [*given] if plain is None else [given[i] for i in plain]
        for part in self.inputs.embedded:
            numbers = range(part.embedding.size)
            names += [f"{given[i]}[{k}]" for i in part.columns for k in numbers]
        return np.array(names, object)


def inputs_of(estimator, X, continued) -> Inputs:
    """What the first layer sees of X; of a model that goes on, the same as before."""
    scaled, n_features = bool(estimator.learned_scale), X.shape[1]
    categorical = categorical_columns(estimator, X)
    if not continued:
        return Inputs(n_features, list(_embedded(estimator, X, categorical)), scaled)
    fitted = getattr(estimator, "embedding_", None)
    embedded = [] if fitted is None else fitted.inputs.embedded
    _check_same_embedding(estimator, X, categorical, embedded)
    return Inputs(n_features, embedded, scaled)


def _embedded(estimator, X, categorical):
    numeric, table = _kinds(estimator, categorical)
    if numeric is not None:
        _check_n_rows(estimator, X)
        yield _embed(numeric, np.setdiff1d(_columns_of_numbers(X), categorical), X)
    if table is not None:
        _check_codes(estimator, X, categorical)
        yield _embed(table, categorical, X)


def _kinds(estimator, categorical):
    """The embeddings of numbers and of categories, None for none."""
    numeric, table = estimator.numeric_embedding, None
    if numeric is not None:
        numeric = make_part(EMBEDDINGS, numeric, estimator, "numeric_embedding")
    if len(categorical):
        table = CategoryTable(int(estimator.embedding_size))
    return numeric, table


def _check_same_embedding(estimator, X, categorical, embedded) -> None:
    """A fit that goes on needs the embedding that the fit before it had."""
    wanted = [kind for kind in _kinds(estimator, categorical) if kind is not None]
    tables = [p for p in embedded if isinstance(p.embedding, CategoryTable)]
    columns = tables[0].columns if tables else []
    same = wanted == [part.embedding for part in embedded]
    if not (same and np.array_equal(columns, categorical)):
        raise ValueError(
            f"{owner(estimator)}: numeric_embedding, categorical_features and "
            "embedding_size must be those of the fit before, with whose network "
            "partial_fit and warm_start=True go on, got "
            f"{shown(estimator.numeric_embedding)}, "
            f"{describe(estimator.categorical_features)} and "
            f"{shown(estimator.embedding_size)}."
        )
    if len(categorical):
        _check_codes(estimator, X, categorical)


def _check_n_rows(estimator, X) -> None:
    if X.shape[0] < FEWEST_ROWS:
        raise ValueError(
            f"{owner(estimator)}: X must have {FEWEST_ROWS} rows or more with "
            "numeric_embedding (for partial_fit, in the first call), to tell numbers "
            f"from flags, got n_samples = {X.shape[0]}."
        )


def _embed(kind, columns, X) -> Embedded:
    part = Embedded(kind, columns)
    part.constants = kind.constants(part.of(X))
    return part


def _columns_of_numbers(X):
    """The columns with more than two different values, which flags do not have."""
    if issparse(X):
        low, high = X.min(axis=0).toarray().ravel(), X.max(axis=0).toarray().ravel()
        between = (X.data != low[X.indices]) & (X.data != high[X.indices])
        found = np.zeros(X.shape[1], bool)
        found[X.indices[between]] = True
        n_zeros = X.shape[0] - np.bincount(X.indices, minlength=X.shape[1])
        return np.flatnonzero(found | ((low < 0) & (high > 0) & (n_zeros > 0)))
    return np.flatnonzero(
        [((x != x.min()) & (x != x.max())).any() for x in X.T]  # column by column
    )


def categorical_columns(estimator, X):
    """The numbers of the columns of ``categorical_features``."""
    given = estimator.categorical_features
    if given is None:
        return np.empty(0, np.intp)
    with naming(estimator, "categorical_features", CATEGORICAL, given):
        columns = np.asarray(given)
        if columns.ndim != 1:
            raise ValueError("It is not one-dimensional.")
        if columns.dtype.kind in "OUT":
            columns = _numbers_of_names(estimator, columns.tolist())
        elif columns.dtype.kind == "b":
            if len(columns) != X.shape[1]:
                raise ValueError(f"X has {X.shape[1]} columns.")
            columns = np.flatnonzero(columns)
        elif columns.size and columns.dtype.kind not in "iu":
            raise ValueError("These are no column numbers.")
        if columns.size and not (0 <= columns.min() and columns.max() < X.shape[1]):
            raise ValueError(f"X has {X.shape[1]} columns.")
    return np.unique(columns).astype(np.intp)


def _numbers_of_names(estimator, names):
    known = getattr(estimator, "feature_names_in_", np.empty(0, object)).tolist()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"X has no columns of the names {unknown}.")
    return np.array([known.index(name) for name in names])


def _check_codes(estimator, X, categorical) -> None:
    codes = X[:, categorical]
    codes = codes.toarray() if issparse(codes) else codes
    whole = (codes == np.floor(codes)) & (codes >= -1) & (codes < MOST_CATEGORIES)
    if not whole.all():
        raise ValueError(
            f"{owner(estimator)}: X must have {CODES}, got {describe(X)} with "
            f"{codes[~whole][0]:g}."
        )


def learned(estimator, network):
    """The extras of a fitted estimator's network: of its inputs, and alphas."""
    fitted = getattr(estimator, "embedding_", None)
    _check_width(estimator, network)
    arrays = [np.ones(network.inputs.width)] if network.inputs.scaled else []
    arrays += [] if fitted is None else fitted.arrays
    shapes = network.extra_shapes[len(arrays) :]
    alphas = [alpha for alpha in getattr(estimator, "alphas_", []) if alpha is not None]
    if [np.shape(alpha) for alpha in alphas] != shapes:
        raise ValueError(
            f"{owner(estimator)}: alphas_ must have an array for each hidden layer "
            f"with a parametric activation, of shapes {shapes}, got "
            f"{[np.shape(alpha) for alpha in alphas]}. Fit again after a change of "
            "activation."
        )
    return [*arrays, *alphas]


def _check_width(estimator, network) -> None:
    """``coefs_`` may have been set by hand."""
    n_rows, width = len(estimator.coefs_[0]), network.inputs.width
    if n_rows != width:
        raise ValueError(
            f"{owner(estimator)}: coefs_[0] must have a row for each of the {width} "
            f"columns that embedding_ makes of X, got {n_rows}."
        )


def learned_attributes(network, views):
    """``embedding_`` and ``alphas_``, for networks that have them."""
    found, inputs = {}, network.inputs
    if inputs.embedded:
        arrays = views.inputs[inputs.scaled :]
        found["embedding_"] = InputEmbedding(inputs.folded(), arrays)
    if network.parametric_layers:
        n_hidden = len(network.layers) - 1
        found["alphas_"] = [views.alphas.get(i) for i in range(n_hidden)]
    return found


def forget_learned(estimator) -> None:
    """Drop what an earlier fit had, which the next one may not have."""
    for name in LEARNED_BESIDES:
        vars(estimator).pop(name, None)
