"""What the first layer sees of X: which columns are embedded, and how."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skmlp.embeddings import EMBEDDINGS, CategoryTable, joined_by_column
from skmlp.errors import describe, error_context, short_repr
from skmlp.estimators.fitting.settings import component
from skmlp.estimators.validation.arrays import is_read_by_rows
from skmlp.network.inputs import Embedded, Inputs
from skmlp.spelling import did_you_mean

CATEGORICAL = (
    "None, or the columns of X that hold category codes, as indices, names or a "
    "boolean mask"
)
CODES = "integers >= 0 (or -1 for missing) in its categorical columns"
# Larger codes are taken for a mistake: a table has a row for each code.
MOST_CATEGORIES = 1 << 24
# With fewer rows no column can have more than two values, like a flag.
FEWEST_ROWS = 3
# Of a memory map, columns that are read together: a pass over the file for each group.
GROUP_BYTES = 1 << 27


@dataclass(frozen=True, eq=False)
class InputEmbedding:
    """A fitted embedding: what a network's first layer sees of X.

    Attributes
    ----------
    inputs : skmlp.network.inputs.Inputs
        Which columns are embedded, and how; `inputs.width` is the resulting number of
        columns.
    arrays : list of ndarray
        Learned parameters, in the order of the embeddings.

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
        """Embed X as the first layer sees it: plain columns, then embedded ones.

        Parameters
        ----------
        X : {array, CSR matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        embedded : {ndarray, CSR matrix} of shape (n_samples, inputs.width)
            Inputs of the first dense layer.
        """
        return self.inputs.embed(self.arrays, X)[0]

    def get_feature_names_out(self, input_features=None):
        """Names of the columns of the output of ``transform``.

        Parameters
        ----------
        input_features : sequence of str of length n_features, default=None
            Names of the columns of X; None is x0, x1, ...

        Returns
        -------
        names : ndarray of str of shape (inputs.width,)
            Names of plain columns unchanged, and of embedded ones with an index, such
            as "x0[2]".
        """
        given, plain = input_features, self.inputs.plain
        if given is None:
            given = [f"x{i}" for i in range(self.inputs.n_features)]
        names = [*given] if plain is None else [given[i] for i in plain]
        for part in self.inputs.embedded:
            numbers = range(part.embedding.size)
            names += [f"{given[i]}[{k}]" for i in part.columns for k in numbers]
        return np.array(names, object)


def inputs_of(settings, X, names, fitted=None, *, continued=False) -> Inputs:
    """What the first layer sees of X; with continued training, the same as before.

    names : of the columns of X, or None.
    fitted : the embedding of the model that is trained further, or None.
    """
    n_features = X.shape[1]
    categorical = categorical_columns(settings, X, names)
    if not continued:
        return Inputs(n_features, list(_embedded(settings, X, categorical)))
    embedded = [] if fitted is None else fitted.inputs.embedded
    _check_same_embedding(settings, X, categorical, embedded)
    return Inputs(n_features, embedded)


def looks_at_columns(settings) -> bool:
    """Whether embeddings need whole columns of X, and so an array."""
    embeds = settings.numeric_embedding is not None
    return embeds or settings.categorical_features is not None


def _embedded(settings, X, categorical):
    numeric, table = _kinds(settings, categorical)
    if numeric is not None:
        _check_n_rows(settings, X)
        columns = np.setdiff1d(_columns_of_numbers(X), categorical)
        if not numeric.suits(X.shape[0], len(columns)):
            columns = columns[:0]
        yield _embed(numeric, columns, X)
    if table is not None:
        _check_codes(settings, X, categorical)
        yield _embed(table, categorical, X)


def _kinds(settings, categorical):
    """The embeddings of numbers and of categories, None for none."""
    numeric, table = None, None
    if settings.numeric_embedding is not None:
        numeric = component(settings, EMBEDDINGS, "numeric_embedding")
    if len(categorical):
        table = CategoryTable(int(settings.embedding_size))
    return numeric, table


def _check_same_embedding(settings, X, categorical, embedded) -> None:
    """Continued training needs the embedding of the previous fit."""
    wanted = [kind for kind in _kinds(settings, categorical) if kind is not None]
    tables = [p for p in embedded if isinstance(p.embedding, CategoryTable)]
    columns = tables[0].columns if tables else []
    same = wanted == [part.embedding for part in embedded]
    if not (same and np.array_equal(columns, categorical)):
        raise ValueError(
            f"{settings.owner}: numeric_embedding, categorical_features and "
            "embedding_size must be as in the previous fit, whose network partial_fit "
            "and warm_start=True continue to train, got "
            f"{short_repr(settings.numeric_embedding)}, "
            f"{describe(settings.categorical_features)} and "
            f"{short_repr(settings.embedding_size)}."
        )
    if len(categorical):
        _check_codes(settings, X, categorical)


def _check_n_rows(settings, X) -> None:
    if X.shape[0] < FEWEST_ROWS:
        raise ValueError(
            f"{settings.owner}: X must have at least {FEWEST_ROWS} rows with "
            "numeric_embedding (for partial_fit, in the first call), to tell numeric "
            f"columns from flags, got n_samples = {X.shape[0]}."
        )


def _embed(kind, columns, X) -> Embedded:
    part = Embedded(kind, columns)
    groups = [columns] if isinstance(kind, CategoryTable) else _groups(X, columns)
    found = [kind.constants(Embedded(kind, some).of(X)) for some in groups]
    part.constants = joined_by_column(found)
    return part


def _groups(X, columns):
    """The numbers of columns that are read together; in memory all of them."""
    if not is_read_by_rows(X):
        return [columns]
    n_at_once = max(1, GROUP_BYTES // (X.shape[0] * X.dtype.itemsize))
    return np.split(columns, range(n_at_once, len(columns), n_at_once))


def _each_column(X):
    """The columns of an array, one by one."""
    if not is_read_by_rows(X):
        return iter(X.T)
    groups = _groups(X, np.arange(X.shape[1]))
    return (column for some in groups for column in np.asarray(X[:, some]).T)


def _columns_of_numbers(X):
    """The columns with more than two distinct values, unlike flags."""
    if issparse(X):
        low, high = X.min(axis=0).toarray().ravel(), X.max(axis=0).toarray().ravel()
        between = (X.data != low[X.indices]) & (X.data != high[X.indices])
        found = np.zeros(X.shape[1], bool)
        found[X.indices[between]] = True
        n_zeros = X.shape[0] - np.bincount(X.indices, minlength=X.shape[1])
        return np.flatnonzero(found | ((low < 0) & (high > 0) & (n_zeros > 0)))
    return np.flatnonzero(
        [((x != x.min()) & (x != x.max())).any() for x in _each_column(X)]
    )


def categorical_columns(settings, X, names):
    """Indices of the columns of ``categorical_features``."""
    given = settings.categorical_features
    if given is None:
        return np.empty(0, np.intp)
    with error_context(settings.owner, "categorical_features", CATEGORICAL, given):
        columns = _column_numbers(np.asarray(given), X.shape[1], names)
        if columns.size and not (0 <= columns.min() and columns.max() < X.shape[1]):
            raise ValueError(f"X has {X.shape[1]} columns.")
    return np.unique(columns).astype(np.intp)


def _column_numbers(columns, n_columns, names):
    """Column indices from indices, names, or a mask."""
    if columns.ndim != 1:
        raise ValueError("It is not one-dimensional.")
    if columns.dtype.kind in "OUT":
        return _numbers_of_names(columns.tolist(), names)
    if columns.dtype.kind == "b":
        if len(columns) != n_columns:
            raise ValueError(f"X has {n_columns} columns.")
        return np.flatnonzero(columns)
    if columns.size and columns.dtype.kind not in "iu":
        raise ValueError("It does not hold column indices.")
    return columns


def _numbers_of_names(wanted, names):
    known = [] if names is None else names.tolist()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        hint = did_you_mean("", unknown, known)
        raise ValueError(f"X has no columns named {unknown}.{hint}")
    return np.array([known.index(name) for name in wanted])


def _check_codes(settings, X, categorical) -> None:
    codes = X[:, categorical]
    codes = codes.toarray() if issparse(codes) else codes
    whole = (codes == np.floor(codes)) & (codes >= -1) & (codes < MOST_CATEGORIES)
    if not whole.all():
        raise ValueError(
            f"{settings.owner}: X must have {CODES}, got {describe(X)} with the value "
            f"{codes[~whole][0]:g} there."
        )
