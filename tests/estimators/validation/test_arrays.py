"""The same data in another form gives the same model, and is never changed."""

import pickle
import tempfile
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from sklearn.exceptions import DataConversionWarning

from skmlp import MLPClassifier, MLPRegressor

from ...conftest import (
    assert_close,
    assert_same_bits,
    classes_first,
    covering,
    parameters,
)
from ..forms import CODES, FRAME_VALUES, SOLVERS, fitted, pd, pl, small

ESTIMATORS = [MLPClassifier, MLPRegressor]


def target(kind, X):
    """Labels or numbers for the rows of X; three classes where there are rows."""
    n_rows = len(X)
    return np.arange(n_rows) % 3 if kind is MLPClassifier else np.arange(n_rows) / 4


# Memory layouts and dtypes


def strided(a):
    wide = np.full(tuple(2 * n + 1 for n in a.shape), -77).astype(a.dtype)
    view = wide[tuple(slice(1, None, 2) for _ in a.shape)]
    view[...] = a
    return view


def reversed_strides(a):
    backward = (slice(None, None, -1),) * a.ndim
    return a[backward].copy()[backward]


def read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


def memory_mapped(a):
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, dtype=a.dtype, mode="w+", shape=a.shape)
    mapped[...] = a
    return mapped


def unaligned(a):
    raw = np.zeros(a.nbytes + 1, dtype=np.uint8)[1:]
    view = raw.view(a.dtype).reshape(a.shape)
    view[...] = a
    return view


LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": strided,
    "reversed": reversed_strides,
    "read-only": read_only,
    "memmap": memory_mapped,
    "unaligned": unaligned,
    "matrix of a larger one": lambda a: np.repeat(a, 2, axis=0)[::2],
    "transpose of a transpose": lambda a: np.ascontiguousarray(a.T).T,
}
EXACT_DTYPES = ["?", "i1", "u1", "i2", "i4", "i8", "u8", ">i4", ">i8", "O"]
FLOAT_DTYPES = ["f2", "f4", "f8", ">f2", ">f4", ">f8", "g"]

shapes = st.tuples(st.integers(3, 12), st.integers(1, 4))

# small whole numbers, which every dtype holds exactly
grids = shapes.flatmap(
    lambda shape: hnp.arrays(np.int64, shape, elements=st.integers(0, 3))
)


def native(X):
    """X as the plain array it is fitted as: float64, where it is not float32."""
    dtype = np.float32 if X.dtype == np.float32 else np.float64
    return np.ascontiguousarray(X, dtype=dtype)


@pytest.mark.parametrize("dtype", EXACT_DTYPES + FLOAT_DTYPES)
@given(
    kind=st.sampled_from(ESTIMATORS),
    X=grids,
    layout=st.sampled_from(sorted(set(LAYOUTS) - {"unaligned", "memmap"})),
    solver=st.sampled_from(SOLVERS),
)
@settings(max_examples=10)
def test_every_dtype_of_X_is_fitted_as_its_plain_float_array(
    kind, dtype, X, layout, solver
):
    X = LAYOUTS[layout](X.astype(dtype))
    y = target(kind, X)
    model = fitted(small(kind, solver=solver), X, y)
    plain = fitted(small(kind, solver=solver), native(X), y)
    assert_same_bits(model, plain)
    np.testing.assert_array_equal(model.predict(X), plain.predict(native(X)))


@pytest.mark.parametrize("layout", LAYOUTS)
@given(
    kind=st.sampled_from(ESTIMATORS),
    dtype=st.sampled_from(["f4", "f8"]),
    data=st.data(),
    X=shapes.flatmap(
        lambda s: hnp.arrays("f4", s, elements=st.floats(-4, 4, width=32))
    ),
    solver=st.sampled_from(SOLVERS),
    shuffle=st.booleans(),
    weighted=st.booleans(),
)
@settings(max_examples=20)
def test_every_memory_layout_gives_the_same_bits_and_is_not_written_to(
    kind, dtype, layout, data, X, solver, shuffle, weighted
):
    X = X.astype(dtype)
    y = target(kind, X)
    y_layout = data.draw(st.sampled_from(sorted(LAYOUTS)), label="layout of y")
    weight = np.arange(1.0, len(X) + 1) if weighted else None
    params = {"solver": solver, "shuffle": shuffle, "batch_size": len(X) - 1}
    plain = fitted(small(kind, **params), X.copy(), y.copy(), sample_weight=weight)

    X_laid, y_laid = LAYOUTS[layout](X), LAYOUTS[y_layout](y)
    weight_laid = None if weight is None else LAYOUTS[y_layout](weight)
    model = fitted(small(kind, **params), X_laid, y_laid, sample_weight=weight_laid)
    assert_same_bits(model, plain)
    np.testing.assert_array_equal(model.predict(X_laid), plain.predict(X))
    if solver != "lbfgs":
        model.partial_fit(X_laid, y_laid, sample_weight=weight_laid)
    np.testing.assert_array_equal(X_laid, X)
    np.testing.assert_array_equal(y_laid, y)
    if weighted:
        np.testing.assert_array_equal(weight_laid, weight)


@covering(dtype=["f2", "f4", ">f4", "g"], solver=["adam", "lbfgs"], kind=ESTIMATORS)
def test_other_precisions_of_X_agree_with_float64(kind, solver, dtype):
    X = np.random.default_rng(0).integers(-8, 9, size=(30, 4)) / 8
    y = target(kind, X)
    model = fitted(small(kind, solver=solver), X.astype(dtype), y)
    exact = fitted(small(kind, solver=solver), X, y)
    # X itself is exact; three updates in float32 round to some 1e-6
    np.testing.assert_allclose(parameters(model), parameters(exact), atol=1e-4)


@covering(solver=SOLVERS, dtype=["f4", "f8"], kind=ESTIMATORS)
def test_the_dtype_of_X_is_the_dtype_of_parameters_and_outputs(kind, solver, dtype):
    X = np.random.default_rng(0).normal(size=(20, 3)).astype(dtype)
    y = np.arange(20) % 3 if kind is MLPClassifier else X[:, 0].astype("f8")
    model = fitted(small(kind, solver=solver), X, y, sample_weight=np.ones(20))
    if solver != "lbfgs":
        model.partial_fit(X, y)
        model.partial_fit(X.astype("f8"), y)  # the model's dtype stays
    assert {a.dtype for a in (*model.coefs_, *model.intercepts_)} == {np.dtype(dtype)}
    if kind is MLPClassifier:
        assert model.predict_proba(X).dtype == dtype
        assert model.predict_log_proba(X).dtype == dtype
        assert model.decision_function(X).dtype == dtype
    else:
        assert model.predict(X).dtype == dtype


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_and_dtype_of_y_gives_the_same_bits(layout):
    rng = np.random.default_rng(0)
    X, two = rng.normal(size=(20, 3)), rng.integers(0, 2, size=(20, 2))
    for y in (two[:, 0], two):
        plain = fitted(small(MLPRegressor), X, y.astype(float))
        for dtype in ("?", "i1", "i8", "f2", "f4", ">f8", "g"):
            model = fitted(small(MLPRegressor), X, LAYOUTS[layout](y.astype(dtype)))
            assert_same_bits(model, plain)
            assert model.predict(X).shape == y.shape, dtype


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_lists_and_tuples_give_the_same_bits_as_arrays(kind):
    X = np.random.default_rng(0).normal(size=(20, 3))
    y, weight = target(kind, X), np.arange(20.0)
    plain = fitted(small(kind), X, y, sample_weight=weight)
    for as_sequence in (list, tuple):
        rows = as_sequence(map(as_sequence, X.tolist()))
        model = fitted(
            small(kind),
            rows,
            as_sequence(y.tolist()),
            sample_weight=as_sequence(weight.tolist()),
        )
        assert_same_bits(model, plain)
        np.testing.assert_array_equal(model.predict(rows), plain.predict(X))


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_rows_are_predicted_the_same_alone_and_together(kind):
    rng = np.random.default_rng(0)
    X, new = rng.normal(size=(30, 3)), rng.normal(size=(4000, 3))
    model = fitted(small(kind, hidden_layer_sizes=(50,)), X, target(kind, X))
    output = model.predict_proba if kind is MLPClassifier else model.predict
    alone = [output(new[[i]])[0] for i in range(0, 4000, 97)]
    for n_rows in (1, 7, 4000):
        together = output(new[:n_rows])[::97]
        # a product of one row may sum in another order
        np.testing.assert_allclose(
            together, alone[: len(together)], rtol=1e-12, atol=1e-14
        )


# Sparse X


def with_long_indices(X):
    if X.format == "coo":
        rows, columns = (index.astype(np.int64) for index in (X.row, X.col))
        return type(X)((X.data, (rows, columns)), shape=X.shape)
    X = X.copy()
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def unsorted(X):
    """The entries of each row from right to left, as products may leave them."""
    X = sparse.csr_array(X)
    for start, stop in pairwise(X.indptr):
        X.indices[start:stop] = X.indices[start:stop][::-1].copy()
        X.data[start:stop] = X.data[start:stop][::-1].copy()
    return sparse.csr_array((X.data, X.indices, X.indptr), X.shape)


def with_duplicates(X):
    """Each entry as two halves; a half is exact."""
    X = sparse.csr_array(X)
    data, indices = np.repeat(X.data / 2, 2), np.repeat(X.indices, 2)
    return sparse.csr_array((data, indices, X.indptr * 2), X.shape)


def with_explicit_zeros(X):
    full = sparse.csr_array(X + 1.0)
    full.data[:] = np.ravel(X)
    return full


def frozen(X):
    X = sparse.csr_array(X)
    for part in (X.data, X.indices, X.indptr):
        part.flags.writeable = False
    return X


CONTAINERS = {
    f"{name}_{kind}": getattr(sparse, f"{name}_{kind}")
    for name in ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")
    for kind in ("matrix", "array")
}
LONG_INDICES = {
    f"{name} with 64-bit indices": lambda X, make=make: with_long_indices(make(X))
    for name, make in CONTAINERS.items()
    if name[:3] in ("csr", "csc", "coo")
}
SPARSE_FORMATS = {
    **CONTAINERS,
    **LONG_INDICES,
    "unsorted": unsorted,
    "duplicates": with_duplicates,
    "explicit zeros": with_explicit_zeros,
    "read-only": frozen,
}


def content(X):
    """The arrays of a sparse container, to see whether they were written to."""
    if X.format == "dok":
        return sorted(X.items())
    return pickle.dumps(
        [v for v in vars(X).values() if isinstance(v, np.ndarray | tuple)]
    )


@pytest.mark.parametrize("make", SPARSE_FORMATS.values(), ids=SPARSE_FORMATS)
@given(
    kind=st.sampled_from(ESTIMATORS),
    X=st.tuples(st.integers(6, 12), st.integers(1, 4)).flatmap(
        # mostly zeros
        lambda s: hnp.arrays("f8", s, elements=st.sampled_from([0, 0, 0, 1, -2, 0.5]))
    ),
    solver=st.sampled_from(SOLVERS),
    shuffle=st.booleans(),
    early_stopping=st.booleans(),
)
@settings(max_examples=7)
def test_sparse_X_gives_the_dense_model_and_is_not_written_to(
    kind, make, X, solver, shuffle, early_stopping
):
    y = target(kind, X)
    params = {"solver": solver, "shuffle": shuffle, "batch_size": 2}
    params |= {"early_stopping": early_stopping, "validation_fraction": 0.6}
    X_sparse = make(X)
    before = content(X_sparse)
    dense = fitted(small(kind, **params), X, y)
    model = fitted(small(kind, **params), X_sparse, y)
    # three epochs of sums in another order; lbfgs's line search amplifies them
    assert_close(model, dense, rtol=1e-6, atol=1e-8)
    raw = "decision_function" if kind is MLPClassifier else "predict"
    np.testing.assert_allclose(
        getattr(model, raw)(X_sparse), getattr(dense, raw)(X), rtol=1e-6, atol=1e-7
    )
    if solver != "lbfgs":
        model.set_params(early_stopping=False).partial_fit(X_sparse, y)
        dense.set_params(early_stopping=False).partial_fit(X, y)
        assert_close(model, dense, rtol=1e-6, atol=1e-8)
    assert content(X_sparse) == before


@pytest.mark.parametrize("dtype", ["?", "i1", "i8", "f4", "f8", "g"])
def test_sparse_X_of_every_dtype_gives_the_dense_model(dtype):
    X = np.random.default_rng(0).integers(0, 2, size=(30, 5)).astype(dtype)
    y = target(MLPRegressor, X)
    model = fitted(small(MLPRegressor), sparse.csr_array(X), y)
    plain = fitted(small(MLPRegressor), native(X), y)
    # in float32 three updates round to some 1e-6, in float64 to some 1e-15
    tolerance = 1e-4 if dtype == "f4" else 1e-10
    assert_close(model, plain, rtol=tolerance, atol=tolerance)
    assert parameters(model).dtype == parameters(plain).dtype


# Data frames


COLUMNS = ["length", "width", "height"]

FRAMES = {
    "int64": lambda: pd.DataFrame(FRAME_VALUES, columns=COLUMNS),
    "float64": lambda: pd.DataFrame(FRAME_VALUES * 1.0, columns=COLUMNS),
    "bool": lambda: pd.DataFrame(FRAME_VALUES > 0, columns=COLUMNS),
    "Int64": lambda: FRAMES["int64"]().astype("Int64"),
    "Int8": lambda: FRAMES["int64"]().astype("Int8"),
    "Float64": lambda: FRAMES["int64"]().astype("Float64"),
    "boolean": lambda: FRAMES["bool"]().astype("boolean"),
    "object": lambda: FRAMES["int64"]().astype(object),
    "mixed": lambda: FRAMES["int64"]().astype(
        {"length": "float64", "width": "Int64", "height": "bool"}
    ),
    "index of strings": lambda: pd.DataFrame(
        FRAME_VALUES, columns=COLUMNS, index=[f"row {i % 5}" for i in range(24)]
    ),
    "polars": lambda: pl.DataFrame(FRAME_VALUES, schema=COLUMNS),
    "polars floats": lambda: pl.DataFrame(FRAME_VALUES * 1.0, schema=COLUMNS),
    "polars booleans": lambda: pl.DataFrame(FRAME_VALUES > 0, schema=COLUMNS),
}


@pytest.mark.parametrize("form", FRAMES.values(), ids=FRAMES)
def test_frames_give_the_same_bits_as_arrays_and_name_the_features(form):
    X, frame, before = FRAME_VALUES * 1.0, form(), form()
    for kind in ESTIMATORS:
        y = target(kind, X)
        model = fitted(small(kind), frame, y)
        plain = fitted(small(kind), X, y)
        assert_same_bits(model, plain)
        assert list(model.feature_names_in_) == COLUMNS
        np.testing.assert_array_equal(model.predict(frame), plain.predict(X))
        assert not hasattr(plain, "feature_names_in_")
        model.partial_fit(frame, y)
        assert frame.equals(before)


@pytest.mark.parametrize("name", ["int64", "polars"])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_columns_in_another_order_or_of_other_names_are_refused(kind, name):
    frame, renamed = FRAMES[name](), FRAMES[name]()
    renamed.columns = ["length", "depth", "height"]
    model = fitted(small(kind), frame, target(kind, FRAME_VALUES))
    for other in (frame[COLUMNS[::-1]], renamed, frame[COLUMNS[:2]]):
        with pytest.raises(ValueError, match="feature names"):
            model.predict(other)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_missing_or_unexpected_header_warns_and_predicts_the_same(kind):
    frame, y = FRAMES["float64"](), target(kind, FRAME_VALUES)
    named, plain = (fitted(small(kind), X, y) for X in (frame, frame.to_numpy()))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        without = named.predict(frame.to_numpy())
    with pytest.warns(UserWarning, match="was fitted without feature names"):
        with_names = plain.predict(frame)
    np.testing.assert_array_equal(without, with_names)


# Forms of labels


NUMBER_FORMS = {
    "list": lambda y: y.tolist(),
    "Series": lambda y: pd.Series(y),
    "Series of Float64": lambda y: pd.Series(y, dtype="Float64"),
    "polars Series": lambda y: pl.Series(y),
    "objects": lambda y: y.astype(object),
    "strings of numbers": lambda y: y.astype(str),
}


@pytest.mark.parametrize("form", NUMBER_FORMS.values(), ids=NUMBER_FORMS)
def test_every_form_of_numbers_gives_the_same_bits(form):
    X, y = FRAME_VALUES * 1.0, np.arange(24) / 8
    for loss in ("squared_error", "poisson"):
        model = fitted(small(MLPRegressor, loss=loss), X, form(y))
        assert_same_bits(model, fitted(small(MLPRegressor, loss=loss), X, y))


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_column_vector_y_warns_and_counts_as_flat(kind, method):
    X = FRAME_VALUES * 1.0
    y = target(kind, X)
    kwargs = classes_first(kind, y) if method == "partial_fit" else {}
    params = {"tol": 1e6, "n_iter_no_change": 1}
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        model = getattr(small(kind, **params), method)(X, y[:, np.newaxis], **kwargs)
    assert_same_bits(model, getattr(small(kind, **params), method)(X, y, **kwargs))
    assert model.predict(X).shape == (len(X),)


# Sample weights


SCALARS = [2, 0.5, True, np.float32(3), np.int8(4), np.array(2.0), np.array(3)]


@covering(solver=["adam", "lbfgs"], kind=ESTIMATORS)
def test_a_scalar_weight_is_an_array_of_it(kind, solver):
    X = FRAME_VALUES * 1.0
    y = target(kind, X)
    for scalar in SCALARS:
        model = fitted(small(kind, solver=solver), X, y, sample_weight=scalar)
        filled = np.full(len(X), float(scalar))
        plain = fitted(small(kind, solver=solver), X, y, sample_weight=filled)
        assert_same_bits(model, plain)
        if solver != "lbfgs":
            model.partial_fit(X, y, sample_weight=scalar)
            plain.partial_fit(X, y, sample_weight=filled)
            assert_same_bits(model, plain)


@covering(solver=SOLVERS, early_stopping=[False, True], kind=ESTIMATORS)
def test_weights_of_one_are_no_weights(kind, solver, early_stopping):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    y = target(kind, X)
    params = {"solver": solver, "early_stopping": early_stopping, "batch_size": 7}
    with_ones = fitted(small(kind, **params), X, y, sample_weight=np.ones(40))
    assert_close(with_ones, fitted(small(kind, **params), X, y), rtol=1e-9)


WEIGHT_FORMS = {
    "list": lambda w: w.tolist(),
    "Series": lambda w: pd.Series(w, index=np.arange(24)[::-1]),
    "Int64": lambda w: pd.Series(w.astype(int), dtype="Int64"),
    "polars": lambda w: pl.Series(w),
    "i4": lambda w: w.astype("i4"),
    "f2": lambda w: w.astype("f2"),
    ">f4": lambda w: w.astype(">f4"),
    "objects": lambda w: w.astype(object),
    "view": lambda w: np.broadcast_to(w, (2, 24))[1],
}


@pytest.mark.parametrize("form", WEIGHT_FORMS.values(), ids=WEIGHT_FORMS)
def test_every_form_of_weights_gives_the_same_bits(form):
    X, weight = FRAME_VALUES * 1.0, np.arange(24.0) % 5
    for kind in ESTIMATORS:
        y = target(kind, X)
        model = fitted(small(kind), X, y, sample_weight=form(weight))
        assert_same_bits(model, fitted(small(kind), X, y, sample_weight=weight))


N_WEIGHTED = 12
WEIGHTED_X = np.random.default_rng(0).normal(size=(N_WEIGHTED, 3))
TASKS = {
    "labels": (MLPClassifier, np.arange(N_WEIGHTED) % 3),
    "two classes": (MLPClassifier, np.arange(N_WEIGHTED) % 2),
    "indicators": (MLPClassifier, (WEIGHTED_X > 0).astype(int)),
    "numbers": (MLPRegressor, WEIGHTED_X @ [1.0, 2.0, -1.0]),
    "columns": (MLPRegressor, WEIGHTED_X[:, :2] ** 2),
    "counts": (MLPRegressor, np.arange(N_WEIGHTED) % 4),
}

# Weights of 0 to 3; the first rows, one of each class, keep a weight above 0, since
# a class without a row is another task.
whole_weights = st.tuples(
    st.lists(st.integers(1, 3), min_size=3, max_size=3),
    st.lists(st.integers(0, 3), min_size=N_WEIGHTED - 3, max_size=N_WEIGHTED - 3),
).map(lambda parts: np.array(parts[0] + parts[1]))


def one_batch(task, **params):
    kind, _ = TASKS[task]
    params = {"shuffle": False, "alpha": 0.1, **params}
    if task == "counts":
        params["loss"] = "poisson"
    return small(kind, **params)


@pytest.mark.parametrize("task", TASKS)
@given(weight=whole_weights, solver=st.sampled_from(SOLVERS))
@settings(max_examples=20)
def test_a_weight_is_the_number_of_times_a_row_is_there(task, weight, solver):
    _, y = TASKS[task]
    weighted = fitted(
        one_batch(task, solver=solver), WEIGHTED_X, y, sample_weight=weight
    )
    rows = np.repeat(np.arange(N_WEIGHTED), weight)
    repeated = fitted(one_batch(task, solver=solver), WEIGHTED_X[rows], y[rows])
    # three updates, whose sums run over other rows; lbfgs's line search amplifies
    assert_close(weighted, repeated, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(weighted.loss_, repeated.loss_, rtol=1e-6)


@pytest.mark.parametrize("task", TASKS)
@given(weight=whole_weights, solver=st.sampled_from(["sgd", "adam"]))
@settings(max_examples=10)
def test_partial_fit_counts_rows_by_weight_as_fit_does(task, weight, solver):
    kind, y = TASKS[task]
    classes = classes_first(kind, y)
    rows = np.repeat(np.arange(N_WEIGHTED), weight)
    weighted, repeated = (one_batch(task, solver=solver) for _ in range(2))
    for _ in range(2):
        weighted.partial_fit(WEIGHTED_X, y, sample_weight=weight, **classes)
        repeated.partial_fit(WEIGHTED_X[rows], y[rows], **classes)
    assert_close(weighted, repeated, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("task", TASKS)
def test_the_scale_of_weights_matters_as_the_scale_of_alpha_alone(task):
    _, y = TASKS[task]
    weight = np.arange(1.0, N_WEIGHTED + 1)
    for solver in SOLVERS:
        params = {"solver": solver, "batch_size": 5}
        model = fitted(one_batch(task, **params), WEIGHTED_X, y, sample_weight=weight)
        for scale in (1e-3, 0.5, 3.0, 1e4):
            other = one_batch(task, **params, alpha=0.1 * scale)
            fitted(other, WEIGHTED_X, y, sample_weight=scale * weight)
            # three epochs of other roundings; lbfgs's line search amplifies them
            assert_close(other, model, rtol=1e-6, atol=1e-8)


# Classes


def permuted_outputs(model, order):
    """A model whose output k is output order[k] of the given one, to train on."""
    twin = type(model)(**model.get_params())
    twin.coefs_ = [*model.coefs_[:-1], model.coefs_[-1][:, order]]
    twin.intercepts_ = [*model.intercepts_[:-1], model.intercepts_[-1][order]]
    twin.classes_ = model.classes_
    return twin


@given(
    order=st.permutations(range(3)),
    seed=st.integers(0, 99),
    solver=st.sampled_from(SOLVERS),
)
@settings(max_examples=20)
def test_training_commutes_with_a_permutation_of_the_classes(order, seed, solver):
    X = np.random.default_rng(seed).normal(size=(24, 3))
    order = np.array(order)
    names = np.argsort(order)  # class order[k] is named k
    start = small(MLPClassifier, hidden_layer_sizes=(4,), shuffle=False)
    start.partial_fit(X, CODES, classes=[0, 1, 2])
    start.set_params(solver=solver, warm_start=True)
    permuted = permuted_outputs(start, order)
    plain = permuted_outputs(start, np.arange(3))
    fitted(plain, X, CODES)
    fitted(permuted, X, names[CODES])
    # three updates of the same sums, in another order over classes
    np.testing.assert_allclose(
        permuted.predict_proba(X), plain.predict_proba(X)[:, order], rtol=1e-6
    )
    np.testing.assert_array_equal(permuted.predict(X), names[plain.predict(X)])


@pytest.mark.parametrize("solver", SOLVERS)
def test_swapping_two_classes_negates_the_raw_output(solver):
    X = np.random.default_rng(0).normal(size=(24, 3))
    y = (CODES > 0).astype(int)
    start = small(MLPClassifier, solver=solver, shuffle=False, warm_start=True)
    fitted(start, X, y)
    plain = permuted_outputs(start, [0])
    swapped = permuted_outputs(start, [0])
    swapped.coefs_ = [*start.coefs_[:-1], -start.coefs_[-1]]
    swapped.intercepts_ = [*start.intercepts_[:-1], -start.intercepts_[-1]]
    fitted(plain, X, y)
    fitted(swapped, X, 1 - y)
    np.testing.assert_allclose(
        swapped.decision_function(X), -plain.decision_function(X), rtol=1e-6
    )
    np.testing.assert_array_equal(swapped.predict(X), 1 - plain.predict(X))


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_training_commutes_with_a_permutation_of_the_features(kind):
    X = np.random.default_rng(0).normal(size=(24, 3))
    y, order = target(kind, X), np.array([2, 0, 1])
    start = fitted(small(kind, shuffle=False, warm_start=True), X, y)
    twin = kind(**start.get_params())
    twin.coefs_ = [start.coefs_[0][order], *start.coefs_[1:]]
    twin.intercepts_ = start.intercepts_
    if kind is MLPClassifier:
        twin.classes_ = start.classes_
    fitted(twin, X[:, order], y)
    fitted(start, X, y)
    raw = "decision_function" if kind is MLPClassifier else "predict"
    # three updates of the same sums, in another order over features
    np.testing.assert_allclose(
        getattr(twin, raw)(X[:, order]), getattr(start, raw)(X), rtol=1e-6
    )
