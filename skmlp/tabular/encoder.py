"""TableEncoder: a raw table as one array of scaled floats."""

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skmlp.constraints import BOOLEAN, Rule, any_of, either, integer, real
from skmlp.errors import error_context
from skmlp.estimators.validation.arrays import FLOATS
from skmlp.estimators.validation.parameters import check_parameters
from skmlp.tabular.categorical_columns import (
    FROM_DTYPE,
    categorical_mask,
    check_categorical_features,
)
from skmlp.tabular.categories import encode_all, learn_categories
from skmlp.tabular.feature_names import names_in, told_apart
from skmlp.tabular.missing import learn_missing
from skmlp.tabular.smooth_clip import column_scales, smooth_clip
from skmlp.tabular.tables import read_table

# sparse_output="auto": beyond so many columns, where fewer entries than that are not 0.
MANY_COLUMNS = 2000
LOW_DENSITY = 0.1


def _is_float_type(value):
    try:
        return value is not None and np.dtype(value) in FLOATS
    except TypeError:
        return False


SHARE = real(0, 1, open_low=True)
RULES: dict[str, Rule] = {
    "min_frequency": either(any_of(integer(1), SHARE), "auto", None),
    "max_categories": either(integer(1), None),
    "sparse_output": either(BOOLEAN, "auto"),
    "dtype": (_is_float_type, "numpy.float32 or numpy.float64"),
}


class TableEncoder(TransformerMixin, BaseEstimator):
    """Encode a table of numbers, categories and missing values for a network.

    Missing numbers are replaced by the column's median, and each column with missing
    numbers in training gets a 0/1 indicator column. A categorical column with

    - three or more categories is one-hot encoded, all 0 if missing or unseen;
    - two categories becomes one column: 1 for the first, -1 for the second, 0 if
      missing or unseen;
    - one category becomes one column: 1 for it, -1 if missing or unseen.

    All resulting columns are then scaled as by `SmoothClipScaler`: centred, divided by
    the interquartile range, and clipped smoothly to (-3, 3). A constant column
    becomes 0.

    The columns of the output are: numbers, indicators, categories.

    Parameters
    ----------
    categorical_features : "from_dtype", None or array-like, default="from_dtype"
        The categorical columns: a list of names, of indices, or of one bool for each
        column; None for none. "from_dtype" takes columns of strings, bools, and pandas
        or polars categories; columns of Python objects whose non-missing values are not
        all numbers; and no column of a sparse matrix.

    min_frequency : "auto", int, float or None, default="auto"
        Categories in fewer rows are merged into one: an int is a number of rows, a
        float in (0, 1) a fraction of them. None merges none. "auto" is 4 for a column
        with more than 20 categories, otherwise None.

    max_categories : int or None, default=None
        Maximum number of categories of a column, including the one that the rarest
        categories are merged into. None is no limit.

    sparse_output : "auto" or bool, default="auto"
        Whether ``transform`` returns a CSR matrix. "auto" does if X is sparse, or if
        the output has more than 2000 columns and less than 10 % nonzero entries.

    dtype : {numpy.float32, numpy.float64}, default=numpy.float32
        Type of the output.

    Attributes
    ----------
    is_categorical_ : ndarray of shape (n_features_in_,)
        Whether each column is categorical.

    categories_ : dict of str to ndarray
        For each categorical column, its frequent categories, sorted, as the strings by
        which they are compared: 1, 1.0 and "1" are one category.

    infrequent_categories_ : dict of str to ndarray
        For each categorical column, the categories that are merged, sorted. Where there
        are some, categories unseen in training count as one of them.

    sparse_output_ : bool
        Whether ``transform`` returns a CSR matrix.

    n_features_in_ : int
        Number of columns in training.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if X had them and all are strings.

    See Also
    --------
    SmoothClipScaler : The scaling alone, for tables of numbers.
    sklearn.compose.ColumnTransformer : Other encodings for some columns.

    Notes
    -----
    Columns are matched by name if X has names in ``fit`` and ``transform``: their order
    may differ, and additional columns are ignored.

    Dates and times raise an error: turn them into numbers, such as year, month or age
    in days. So do infinite numbers.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart, Better by default: Strong pre-tuned MLPs and
    boosted trees on tabular data, 2024, section 3 and appendix B.

    Examples
    --------
    >>> from skmlp.tabular import TableEncoder
    >>> X = [
    ...     [31, "red", "yes"],
    ...     [None, "blue", "no"],
    ...     [47, "green", "no"],
    ...     [20, None, "yes"],
    ...     [39, "red", "no"],
    ... ]
    >>> encoder = TableEncoder().fit(X)
    >>> encoder.get_feature_names_out().tolist()
    ['x0', 'x0_missing', 'x1_blue', 'x1_green', 'x1_red', 'x2_no']
    >>> encoder.transform(X[:2]).round(2)
    array([[-0.49,  0.  ,  0.  ,  0.  ,  0.95, -0.95],
           [ 0.  ,  1.66,  1.66,  0.  ,  0.  ,  0.  ]], dtype=float32)
    """

    def __init__(
        self,
        categorical_features=FROM_DTYPE,
        *,
        min_frequency="auto",
        max_categories=None,
        sparse_output="auto",
        dtype=np.float32,
    ):
        self.categorical_features = categorical_features
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.sparse_output = sparse_output
        self.dtype = dtype

    def fit(self, X, y=None):
        """Learn the columns' medians, categories and scales.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table: a pandas or polars data frame, an array of numbers or objects, a
            list of rows, or a sparse matrix of numbers. None, NaN, ``pandas.NA`` and
            ``pandas.NaT`` are missing values.

        y : None
            Ignored.

        Returns
        -------
        self : TableEncoder
            The fitted encoder.

        Raises
        ------
        ValueError
            If a parameter is invalid, or if X has no rows, no columns, two columns of
            the same name, or a column of dates, of nested values, or of numbers that
            are infinite or mixed with other values.
        """
        self._learn(X)
        return self

    def fit_transform(self, X, y=None):
        """Fit, and encode the same table.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table, as in ``fit``.

        y : None
            Ignored.

        Returns
        -------
        X_encoded : {ndarray, sparse matrix} of shape (n_samples, n_features_out)
            The same as ``fit(X).transform(X)``.

        Raises
        ------
        ValueError
            As ``fit``.
        """
        return self._joined(*self._learn(X))

    def transform(self, X):
        """Encode a table.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            A table with the columns of ``fit``.

        Returns
        -------
        X_encoded : {ndarray, sparse matrix} of shape (n_samples, n_features_out)
            Numbers in [-3, 3] of type `dtype`; a CSR matrix if `sparse_output_`.

        Raises
        ------
        ValueError
            If a column of ``fit`` is missing, or without names the number of columns
            differs, or if a column has values that ``fit`` would refuse.
        """
        check_is_fitted(self)
        table = self._in_fitted_order(read_table(self, X), X)
        return self._joined(*self._scaled(*self._blocks(*self._read(table))))

    def get_feature_names_out(self, input_features=None):
        """Names of the output's columns, such as age, age_missing and colour_red.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns of X; None is `feature_names_in_`, or x0, x1, ... if X
            had no names.

        Returns
        -------
        feature_names_out : ndarray of str objects
            A name for each column. A column for two categories is named after the
            first one, for which it is 1 before scaling.

        Raises
        ------
        ValueError
            If `input_features` do not match the number or the names of the columns.
        """
        check_is_fitted(self)
        labels = names_in(self, input_features)
        numbers = labels[~self.is_categorical_]
        incomplete = numbers[self._missing.incomplete]
        names = [*numbers, *(f"{name}_missing" for name in incomplete)]
        columns = labels[self.is_categorical_]
        for label, categories in zip(columns, self._categories, strict=True):
            names += [f"{label}_{name}" for name in categories.names]
        return np.array(told_apart(names), dtype=object)

    def _learn(self, X):
        """Set the fitted attributes; returns the two scaled blocks of the table."""
        check_parameters(self, RULES)
        check_categorical_features(self)
        table = read_table(self, X)
        is_categorical = categorical_mask(self, table)
        numbers = table.numbers(np.flatnonzero(~is_categorical))
        levels = [table.levels(j) for j in np.flatnonzero(is_categorical)]
        # nothing is set before here: an encoder whose fit fails is what it was
        self._set_columns(table, is_categorical)
        self._set_categories(levels, table)
        self._missing = learn_missing(numbers)
        blocks = self._blocks(numbers, levels)
        self._scales = [column_scales(block) for block in blocks]
        scaled = self._scaled(*blocks)
        self.sparse_output_ = self._is_to_be_sparse(*scaled)
        return scaled

    def _set_columns(self, table, is_categorical):
        self.is_categorical_ = is_categorical
        self.n_features_in_ = table.shape[1]
        if table.names is not None:
            self.feature_names_in_ = np.array(table.names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _set_categories(self, levels, table):
        limits = self.min_frequency, self.max_categories
        self._categories = [learn_categories(*pair, *limits) for pair in levels]
        labels = np.array(table.labels, dtype=object)[self.is_categorical_]
        learned = list(zip(labels, self._categories, strict=True))
        self.categories_ = {label: c.frequent for label, c in learned}
        self.infrequent_categories_ = {label: c.infrequent for label, c in learned}

    def _read(self, table):
        """The numbers of a table, and the levels of its columns of categories."""
        unread = self._missing.empty
        numbers = table.numbers(np.flatnonzero(~self.is_categorical_), unread)
        return numbers, [table.levels(j) for j in np.flatnonzero(self.is_categorical_)]

    def _blocks(self, numbers, levels):
        """Numbers and indicators; and the encoded categories, a CSR matrix."""
        encoded = encode_all(self._categories, levels, n_rows=numbers.shape[0])
        return self._missing.fill(numbers), encoded.astype(self.dtype)

    def _scaled(self, *blocks):
        pairs = zip(blocks, self._scales, strict=True)
        return [smooth_clip(block, *scales) for block, scales in pairs]

    def _is_to_be_sparse(self, numbers, categories):
        if self.sparse_output != "auto":
            return bool(self.sparse_output)
        n_rows, n_columns = numbers.shape[0], numbers.shape[1] + categories.shape[1]
        n_stored = numbers.size + categories.nnz  # of a sparse matrix those stored
        is_large = n_columns > MANY_COLUMNS
        is_thin = n_stored < LOW_DENSITY * n_rows * n_columns
        return sparse.issparse(numbers) or (is_large and is_thin)

    def _joined(self, numbers, categories):
        """The two blocks beside each other, of type `dtype`."""
        if self.sparse_output_:
            blocks = [sparse.csr_matrix(numbers), categories]
            return sparse.hstack(blocks, format="csr", dtype=self.dtype)
        n_rows, n_numbers = numbers.shape
        joined = np.empty((n_rows, n_numbers + categories.shape[1]), dtype=self.dtype)
        is_sparse = sparse.issparse(numbers)
        joined[:, :n_numbers] = numbers.toarray() if is_sparse else numbers
        joined[:, n_numbers:] = categories.toarray()
        return joined

    def _in_fitted_order(self, table, X):
        """The table's columns in the order of ``fit``, by name or by index."""
        names = getattr(self, "feature_names_in_", None)
        if names is None or table.names is None:
            # scikit-learn warns of names that came or went, and counts the columns
            shown = X if table.names is not None else np.broadcast_to(0, table.shape)
            validate_data(self, shown, reset=False, skip_check_array=True)
            return table
        self._check_names(names, table, X)
        return table.select(names)

    def _check_names(self, names, table, X):
        present = set(table.names)
        missing = [name for name in names if name not in present]
        with error_context(
            type(self).__name__, "X", "a table with the columns of fit", X
        ):
            if missing:
                raise ValueError(
                    "The feature names should match those that were passed during fit."
                    "\nFeature names seen at fit time, yet now missing:\n"
                    + "".join(f"- {name}\n" for name in missing)
                )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []  # `dtype` says which
        return tags
