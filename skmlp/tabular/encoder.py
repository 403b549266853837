"""TableEncoder: a raw table as one array of floats that a network likes."""

import numpy as np
from scipy import sparse
from sklearn import get_config
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skmlp.constraints import BOOLEAN, Rule, any_of, either, integer, real
from skmlp.errors import error_context
from skmlp.estimators.validation.arrays import FLOATS
from skmlp.estimators.validation.parameters import check_parameters
from skmlp.tabular.blocks import as_dense
from skmlp.tabular.feature_names import are_strings, names_in, positions_of, told_apart
from skmlp.tabular.learned import learn
from skmlp.tabular.report import TableReport, column_report, warn_of, warn_of_strange
from skmlp.tabular.selection import FROM_DTYPE, WORDS, check_selection
from skmlp.tabular.smooth_clip import smooth_clip
from skmlp.tabular.tables import ArrowTable, read_table

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
    """Encode a table of numbers and categories, missing values too, for a network.

    Missing numbers become the column's median, and each column that had some in
    training gets a 0/1 indicator beside it. Of categories, a column with

    - three or more becomes as many 0/1 columns, all 0 where it is missing or unseen;
    - two becomes one column: 1 for the first category, -1 for the second, 0 where it
      is missing or unseen;
    - one becomes one column: 1 for it, -1 where it is missing or unseen.

    A date becomes the days since the first training date, its year, its month and
    weekday as cycles (sine and cosine), and its hour as one if some have times; zones
    go to UTC. A time of day becomes its hour, also as a cycle, a duration its seconds.
    Of text, numbers and ISO dates are read where nearly all values are some
    (`numbers_as_text`). Ordered categories of which some would share one get their rank
    besides. `report` says what each column was read as.

    All these columns then go through what `SmoothClipScaler` does: centred, scaled by
    quartiles, within (-3, 3). A constant column becomes 0.

    The output has the numbers first, then the indicators, then the categories.

    Parameters
    ----------
    categorical_features : "from_dtype", None or array-like, default="from_dtype"
        The columns of categories: a list of names, of numbers (from 0), or of one bool
        for each column; None for none. "from_dtype" takes columns of strings, bools,
        and pandas' and polars' categories; a column of Python objects if the values
        that are not missing are not all numbers; and none of a sparse matrix.

    min_frequency : "auto", int, float or None, default="auto"
        Categories that fewer rows have share one column: an int is a number of rows, a
        float in (0, 1) a share of them. None gives each category its own. "auto" is 4
        for a column of more than 20 categories, and None for others.

    max_categories : int or None, default=None
        Most categories that a column is encoded by. The rarest ones share one, which
        is among them.

    numbers_as_text : "auto", bool or array-like, default="auto"
        Whether text is read as numbers. "auto": in columns of which nine in ten values
        are numbers (blanks, "?", "n/a" and the like apart), of one notation: decimal
        commas, thousands separators, one currency or unit, percents; a
        DiagnosticWarning names them. Codes such as 007 are none. True does the same
        without the warning, False never does. A list of columns, as for
        `categorical_features`, says which ones are: other text in them counts as
        missing.

    sparse_output : "auto" or bool, default="auto"
        Whether ``transform`` gives a CSR matrix. "auto": if X is sparse, and where the
        output has more than 2000 columns and less than 10 % of its entries are not 0.

    dtype : {numpy.float32, numpy.float64}, default=numpy.float32
        Type of the output.

    Attributes
    ----------
    is_categorical_ : ndarray of shape (`n_features_in_`,)
        Whether each column is one of categories.

    categories_ : dict of str to ndarray
        Of each column of categories those that have a number of their own, sorted, by
        the texts that they are compared by: 1, 1.0 and "1" are one category.

    infrequent_categories_ : dict of str to ndarray
        Of each column of categories those that share a number, sorted. There, a
        category that was not seen in training is one of them.

    sparse_output_ : bool
        Whether ``transform`` gives a CSR matrix.

    n_features_in_ : int
        Number of columns in training.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X had them, all strings.

    See Also
    --------
    SmoothClipScaler : The scaling alone, for tables of numbers.
    sklearn.compose.ColumnTransformer : Other encodings for some columns.

    Notes
    -----
    Columns are known by name where X has names in ``fit`` and ``transform``, whatever
    these are: they may come in another order, and other ones beside them are left
    alone.

    The same value is the same in every dress: True, 1 and "true" in a column of flags,
    1, 1.0 and "1", a date parsed or as text, a nullable, Arrow or polars column. Text
    that is no number or date where nearly all was in ``fit``, and infinite numbers, are
    refused by the name of their column. A ``DiagnosticWarning`` names columns of text
    that was read as numbers, or partly could not be read, those that are little but one
    category after merging, and in ``transform`` those of which no category is known.

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
        numbers_as_text="auto",
        sparse_output="auto",
        dtype=np.float32,
    ):
        self.categorical_features = categorical_features
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.numbers_as_text = numbers_as_text
        self.sparse_output = sparse_output
        self.dtype = dtype

    def fit(self, X, y=None):
        """Learn the columns' medians, categories and scales.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table: a frame of pandas, polars or pyarrow, an array of numbers or
            objects, a list of rows, or a sparse matrix of numbers. None, NaN,
            ``pandas.NA`` and ``pandas.NaT`` stand for missing values.

        y : None
            Ignored.

        Returns
        -------
        self : TableEncoder
            The fitted encoder.

        Raises
        ------
        ValueError
            If a parameter is none of its values, X has no row or no column, two
            columns of one name, or a column of nested values, or of numbers of which
            some are infinite or not numbers.
        """
        self._learn(X)
        return self

    def fit_transform(self, X, y=None):
        """Fit, and encode the same table.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table, as for ``fit``.

        y : None
            Ignored.

        Returns
        -------
        X_encoded : {ndarray, sparse matrix} of shape (n_samples, n_features_out)
            What ``fit(X).transform(X)`` gives.

        Raises
        ------
        ValueError
            As ``fit``.
        """
        numbers, indices = self._learn(X)
        return self._joined(smooth_clip(numbers, *self._number_scales), indices)

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
            If a column of ``fit`` is not there, or X has another number of them where
            they have no names; or if a column has values that ``fit`` would refuse.
        """
        check_is_fitted(self)
        table = self._in_fitted_order(read_table(self, X), X)
        numbers = self._blocks.numbers.read(table, self._missing.empty)
        indices, strange = self._blocks.categories.read(table)
        names = [self._labels[j] for j in strange]
        warn_of_strange(type(self).__name__, names, stacklevel=3)
        numbers = smooth_clip(self._missing.fill(numbers), *self._number_scales)
        return self._joined(numbers, indices)

    def get_feature_names_out(self, input_features=None):
        """Names of the output's columns, such as age, age_missing and colour_red.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns of X; None is `feature_names_in_`, or x0, x1 and so on
            where X had no names.

        Returns
        -------
        feature_names_out : ndarray of str objects
            A name for each column. A column about two categories is named after the
            first one, for which it is 1 before it is scaled.

        Raises
        ------
        ValueError
            If `input_features` are not as many as the columns of X, or not their names.
        """
        check_is_fitted(self)
        labels = names_in(self, self._labels, input_features)
        names = self._blocks.numbers.names(labels)
        names += [f"{labels[j]}_missing" for j in self._incomplete_columns()]
        names += self._blocks.categories.names(labels)
        return np.array(told_apart(names), dtype=object)

    def report(self):
        """What was understood of each column of the training table.

        Returns
        -------
        report : TableReport
            A table that prints, shows in notebooks, and has a method ``frame()``. For
            each column of X: what it was read as, how many rows have no value, how
            many categories are kept and how many share one number, the features made,
            and notes, such as constants, row ids, and categories that differ by case
            or blanks only.

        Examples
        --------
        >>> from skmlp.tabular import TableEncoder
        >>> X = [["12.5 kg", "red"], ["", "blue"], ["7 kg", "red "], ["30 kg", "red"]]
        >>> encoder = TableEncoder(numbers_as_text=True).fit(X)
        >>> for row in encoder.report().rows:
        ...     print(row.column, "|", row.read_as, "|", row.missing, "|", row.notes)
        x0 | numbers as text | 1 | 3 of 3 values read with 'kg', 1 blank or missing
        x1 | categories | 0 | differ by case or blanks only: 'red' and 'red '
        """
        check_is_fitted(self)
        return TableReport(self._report)

    def set_output(self, *, transform=None):
        """Say what ``transform`` gives: an array or a frame.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            None leaves it as it is. With frames the output is never sparse, but by
            ``sparse_output=True``.

        Returns
        -------
        self : TableEncoder
            The encoder.
        """
        super().set_output(transform=transform)
        if transform is not None:
            self._output = transform
        return self

    def _incomplete_columns(self):
        """The columns that have an indicator."""
        return self._blocks.numbers.columns[self._missing.incomplete]

    def _features(self):
        """Of each column the names of its features."""
        numbers, categories = self._blocks.numbers, self._blocks.categories
        owners = [*numbers.columns, *self._incomplete_columns(), *categories.columns]
        names = [[] for _ in self._labels]
        for j, name in zip(owners, self.get_feature_names_out(), strict=True):
            names[j].append(name)
        return names

    def _learn(self, X):
        """Set what is learned; returns the training table, its numbers not scaled."""
        self._check_settings()
        learned, numbers, indices = learn(self, read_table(self, X))
        # nothing is set before here: an encoder whose fit fails is what it was
        self._take(learned, stacklevel=5)
        return numbers, indices

    def _check_settings(self):
        check_parameters(self, RULES)
        for parameter in WORDS:
            check_selection(self, parameter)

    def _take(self, learned, stacklevel):
        """Set the fitted attributes, and warn of what was seen."""
        self._blocks, self._missing = learned.blocks, learned.missing
        self._number_scales = learned.number_scales
        self._category_scales = learned.category_scales
        self._set_columns(learned)
        self._report = self._report_rows(learned)
        self.sparse_output_ = self._is_to_be_sparse(learned)
        said = [kind.said for kind in learned.kinds]
        for kind in learned.kinds:
            kind.forget()
        warn_of(type(self).__name__, self._labels, said, stacklevel)

    def _set_columns(self, learned):
        names, labels, kinds = learned.names, learned.labels, learned.kinds
        self._names, self._labels = names, labels
        self.is_categorical_ = np.array([k.is_categorical for k in kinds], dtype=bool)
        pairs = zip(labels, kinds, strict=True)
        of = {name: kind for name, kind in pairs if kind.is_categorical}
        self.categories_ = {name: kind.frequent for name, kind in of.items()}
        self.infrequent_categories_ = {n: kind.infrequent for n, kind in of.items()}
        self.n_features_in_ = len(kinds)
        if are_strings(names):
            self.feature_names_in_ = np.array(names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _is_to_be_sparse(self, learned):
        if self.sparse_output != "auto":
            return bool(self.sparse_output)
        if self._gives_frames():
            return False
        n_columns = learned.n_features
        is_large = n_columns > MANY_COLUMNS
        is_thin = learned.n_stored < LOW_DENSITY * learned.n_rows * n_columns
        return learned.is_sparse or (is_large and is_thin)

    def _report_rows(self, learned):
        features = self._features()
        columns = zip(
            learned.labels, learned.kinds, learned.n_missing, features, strict=True
        )
        return [column_report(*column) for column in columns]

    def _gives_frames(self):
        output = vars(self).get("_output") or get_config()["transform_output"]
        return output != "default"

    def _joined(self, numbers, indices):
        """The two blocks beside each other, of type `dtype`."""
        block, n_rows = self._blocks.categories, numbers.shape[0]
        is_sparse = self.sparse_output_
        if is_sparse and not (self.sparse_output == "auto" and self._gives_frames()):
            encoded = block.encode(indices, n_rows, self.dtype)
            scaled = smooth_clip(encoded, *self._category_scales)
            blocks = [sparse.csr_matrix(numbers), scaled]
            return sparse.hstack(blocks, format="csr", dtype=self.dtype)
        n_numbers = numbers.shape[1]
        joined = np.empty((n_rows, n_numbers + block.n_features), dtype=self.dtype)
        joined[:, :n_numbers] = as_dense(numbers)
        block.fill(indices, self._category_scales, joined[:, n_numbers:])
        return joined

    def _in_fitted_order(self, table, X):
        """The table's columns as in ``fit``: by name, or if there is none by number."""
        if table.names is not None and table.names == self._names:
            return table
        with error_context(
            type(self).__name__, "X", "a table with the columns of fit", X
        ):
            positions = positions_of(self._names, self._labels, table)
        if positions is not None:
            return table.take(positions)
        # scikit-learn warns of names that came or went, and counts the columns
        named = are_strings(table.names) and not isinstance(table, ArrowTable)
        shown = X if named else np.broadcast_to(0, table.shape)
        validate_data(self, shown, reset=False, skip_check_array=True)
        return table

    def __sklearn_clone__(self):
        copy = super().__sklearn_clone__()
        if hasattr(self, "_output"):
            copy._output = self._output
        return copy

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []  # `dtype` says which
        return tags
