"""fit_parquet: a tabular pipeline, fitted to files whose rows are not in memory."""

import numpy as np

from skmlp.errors import Text, invalid
from skmlp.names import Kind, PresetName
from skmlp.tabular.columns import NUMBERS, ArrowColumn
from skmlp.tabular.parquet.columns import BATCH_ROWS, learn_from_files
from skmlp.tabular.parquet.encoded_rows import encoded_rows
from skmlp.tabular.parquet.files import OWNER, find_files, naming
from skmlp.tabular.pipeline import tabular_pipeline


def fit_parquet(
    path,
    target,
    kind: Kind,
    *,
    weight=None,
    columns=None,
    preset: PresetName = "default",
    categorical_features="from_dtype",
    X_val=None,
    y_val=None,
    sample_weight_val=None,
    temp_folder=None,
    **params,
):
    """Fit a tabular pipeline to Parquet files that may be larger than memory.

    The result is ``tabular_pipeline(kind, ...).fit(table, y)`` for pyarrow's table of
    all rows, bit for bit, however the rows are cut into files and row groups. Needs the
    package pyarrow.

    The files are read twice. First the encoder learns the columns, a few at a time and
    of all rows, so that medians, quartiles and categories are exact. Then the rows are
    encoded into a temporary file of 4 bytes for each row and encoded column, on which
    the estimator trains as on a memory map, and which is deleted afterwards.

    In memory are the target and the weights; while columns are learned, about five
    times 32 MiB, or five times one column if that is more; of each column of text
    the distinct values; and a row group of a file, up to four times. Training reads
    rows in random order, which is fast where the temporary file fits into the memory
    that the system has left; for larger ones pass ``shuffle="blocks"``, which reads
    neighbouring rows together.

    Parameters
    ----------
    path : str, path-like or list of them
        A file, a folder of files (also of folders such as ``year=2020``, which are
        columns then), or a list of files. They are read in the order of their paths.

    target : str or list of str
        Name of the column to predict, or names of several.

    kind : {'classifier', 'regressor'}
        Whether to predict classes or numbers.

    weight : str, default=None
        Name of the column with the weights of the rows, >= 0.

    columns : list of str, default=None
        Names of the columns to predict from; None for all others. Leave out ids.

    preset : {'fast', 'default', 'best', 'td-s', 'td'}, default='default'
        As in `tabular_pipeline`.

    categorical_features : 'from_dtype', None or array-like, default='from_dtype'
        As in `tabular_pipeline`.

    X_val : table of shape (n_val, n_columns), default=None
        Your own validation rows, raw and in memory, instead of rows held out.

    y_val : array-like, default=None
        Their targets.

    sample_weight_val : array-like of shape (n_val,), float or None, default=None
        Their weights >= 0.

    temp_folder : str or path-like, default=None
        Folder of the temporary file, on a disk and not in memory; None is Python's,
        which the environment variable TMPDIR sets.

    **params
        Parameters of the estimator, as in `tabular_pipeline`.

    Returns
    -------
    pipeline : TabularPipeline
        The fitted pipeline.

    Raises
    ------
    ValueError, TypeError
        If a parameter is invalid; or, with the name of the file, if a file cannot be
        read or has other columns or types than those before, a target or weight is
        missing, a number is infinite, or a column has more than 1,048,576 distinct
        texts.

    OSError
        If the temporary file is larger than the space that is left.

    See Also
    --------
    tabular_pipeline : The same for a table in memory.

    Examples
    --------
    >>> import pyarrow as pa
    >>> import pyarrow.parquet
    >>> from tempfile import mkdtemp
    >>> from skmlp.tabular import fit_parquet
    >>> folder = mkdtemp()
    >>> for number in range(3):
    ...     part = {"age": [31, None, 47, 20] * 10, "sick": ["yes", "no"] * 20}
    ...     pa.parquet.write_table(pa.table(part), f"{folder}/{number}.parquet")
    >>> pipeline = fit_parquet(
    ...     folder, "sick", "classifier", n_members=2, max_iter=16, random_state=0
    ... )
    >>> pipeline.predict(pa.table({"age": [47, 20]})).tolist()
    ['yes', 'no']
    """
    pipeline = tabular_pipeline(
        kind, preset=preset, categorical_features=categorical_features, **params
    )
    files = find_files(path)
    targets = [target] if isinstance(target, str) else list(target)
    names = _features(files, targets, weight, columns)
    y = _targets(files, targets)
    sample_weight = None if weight is None else _weights(files, weight)
    encoder, mlp = pipeline["table"], pipeline["mlp"]
    learn_from_files(encoder, files, names)
    X_val = None if X_val is None else encoder.transform(X_val)
    with encoded_rows(encoder, files, names, temp_folder) as X:
        mlp.fit(
            X,
            y if len(targets) > 1 else y.column(0),
            sample_weight,
            X_val=X_val,
            y_val=y_val,
            sample_weight_val=sample_weight_val,
        )
        del X
    return pipeline


def _features(files, targets, weight, columns):
    """Names of the columns to predict from."""
    files.check_columns("target", targets)
    weights = [] if weight is None else [weight]
    files.check_columns("weight", weights)
    others = [*targets, *weights]
    if columns is None:
        columns = [name for name in files.names if name not in others]
    files.check_columns("columns", columns)
    both = [name for name in columns if name in others]
    if both or not len(columns):
        expected = "name columns besides the target and the weight"
        raise invalid(OWNER, "columns", expected, Text(both[0] if both else "none"))
    return list(columns)


def _targets(files, names):
    """An Arrow table of the targets of all rows, of which none is missing."""
    import pyarrow as pa

    batches = []
    for path, batch in files.batches(names, BATCH_ROWS):
        with naming(path):
            for name, values in zip(names, batch.columns, strict=True):
                _refuse_missing("target", name, ArrowColumn(values))
        batches.append(batch)
    return pa.Table.from_batches(batches)


def _refuse_missing(parameter, name, column) -> None:
    is_number = column.kind in NUMBERS
    n_missing = column.values.null_count
    if is_number and not n_missing:
        n_missing = np.count_nonzero(~np.isfinite(column.floats()))
    if n_missing:
        expected = f"have a value in each row of column {name!r}"
        raise invalid(OWNER, parameter, expected, Text(f"{n_missing} without"))


def _weights(files, name):
    """The weights of all rows, float64."""
    weights = []
    for path, batch in files.batches([name], BATCH_ROWS):
        with naming(path):
            column = ArrowColumn(batch.column(0))
            _refuse_missing("weight", name, column)
            weights.append(_checked_weights(name, column))
    return np.concatenate(weights)


def _checked_weights(name, column):
    if column.kind not in NUMBERS:
        raise invalid(OWNER, "weight", "name a column of numbers", Text(column.dtype))
    weights = column.floats()
    if weights.min() < 0:
        expected = f"have numbers >= 0 in column {name!r}"
        raise invalid(OWNER, "weight", expected, float(weights.min()))
    return weights
