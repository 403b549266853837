"""What is larger than memory is trained on as it lies: same bits, little memory."""

import os
import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix
from sklearn.base import clone

from skmlp import MLPClassifier, MLPRegressor
from skmlp.estimators.fitting import inputs
from skmlp.estimators.fitting.settings import Settings
from skmlp.solvers import SOLVERS

from ..conftest import assert_same_bits, learned_arrays, quietly

RNG = np.random.default_rng(0)
X = np.round(RNG.normal(size=(300, 5)) * 40) / 8  # exact in every dtype below
Y = X @ [1.0, -2.0, 0.5, 0.0, 0.3] + RNG.normal(size=300)
STOCHASTIC = [name for name, kind in SOLVERS.items() if kind.stochastic]


class Shelf:
    """An array of the least that is asked for: a shape, a dtype, and rows."""

    def __init__(self, array):
        self._array, self.shape, self.dtype = array, array.shape, array.dtype
        self.most_rows = 0

    def __getitem__(self, rows):
        read = self._array[rows]
        self.most_rows = max(self.most_rows, len(read))
        return read


def peak_of(function, *args):
    """The most memory, in bytes, that is allocated during the call."""
    tracemalloc.start()
    try:
        function(*args)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def mapped(array, path, order="C"):
    file = np.memmap(path, array.dtype, "w+", shape=array.shape, order=order)
    file[...] = array
    file.flush()
    return np.memmap(path, array.dtype, "r", shape=array.shape, order=order)


def as_h5(array, path):
    h5py = pytest.importorskip("h5py")
    return h5py.File(path, "w").create_dataset("X", data=array, chunks=(32, 5))


def as_zarr(array, path):
    zarr = pytest.importorskip("zarr", minversion="3")
    return zarr.create_array(str(path), data=array, chunks=(32, 5))


SOURCES = {
    "float64": lambda path: mapped(X, path),
    "float32": lambda path: mapped(X.astype(np.float32), path),
    "float64 Fortran": lambda path: mapped(X, path, "F"),
    "float32 Fortran": lambda path: mapped(X.astype(np.float32), path, "F"),
    "float16": lambda path: mapped(X.astype(np.float16), path),
    "big-endian": lambda path: mapped(X.astype(">f4"), path),
    "int16": lambda path: mapped((8 * X).astype(np.int16), path),
    "every other row": lambda path: mapped(np.repeat(X, 2, axis=0), path)[::2],
    "rows of an own kind": lambda path: Shelf(X.astype(np.float32)),
    "h5py": lambda path: as_h5(X, path),
    "zarr": lambda path: as_zarr(X.astype(np.float16), path),
}


def in_memory(source):
    """The same as the array that training makes of an array in memory."""
    array = np.array(source[:])
    is_single = array.dtype == np.float32
    return np.ascontiguousarray(array, np.float32 if is_single else np.float64)


SETTINGS = {
    "plain": {},
    "in order": {"shuffle": False, "alpha": 0.1},
    "early stopping": {"early_stopping": True},
    "by a scorer": {"early_stopping": True, "scoring": "r2"},
    "by a function": {
        "early_stopping": True,
        "scoring": lambda model, X, y: float(X[:, 0].sum() - len(y)),
    },
    "scaled": {"scale_input": True, "scale_target": True, "early_stopping": True},
    "refit": {"refit": True, "early_stopping": True},
    "recorded": {"record": "layers", "initializer": "data_driven"},
    "embedded": {"numeric_embedding": "pbld"},
    "embedded by quantiles": {"numeric_embedding": "piecewise_linear"},
    "members": {"n_members": 2, "ensemble": "folds", "early_stopping": True},
    "one batch": {"batch_size": 300},
    "lbfgs": {"solver": "lbfgs"},
    "lbfgs, scaled": {"solver": "lbfgs", "scale_input": True, "scoring": "loss"},
}


@pytest.fixture(autouse=True)
def two_columns_at_once(monkeypatch):
    """Of a memory map whose columns are embedded."""
    monkeypatch.setattr(inputs, "GROUP_BYTES", 2 * X.nbytes // X.shape[1])


def regressor(**params):
    return MLPRegressor(
        hidden_layer_sizes=6,
        max_iter=3,
        batch_size=params.pop("batch_size", 32),
        **params,
    )


def assert_same_as_in_memory(model, source, y):
    """The model, trained on both, predicts both alike."""
    array = in_memory(source)
    models = [quietly(clone(model).fit, rows, y) for rows in (source, array)]
    assert_same_bits(*models)
    found, expected = models[0].predict(source), models[1].predict(array)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_what_lies_on_disk_gives_the_bits_of_the_array_in_memory(source, tmp_path):
    source = source(tmp_path / "X")
    for settings in SETTINGS.values():
        assert_same_as_in_memory(regressor(random_state=0, **settings), source, Y)


@pytest.mark.parametrize("source", list(SOURCES)[:7])
def test_every_stochastic_solver_trains_on_a_memory_map(source, tmp_path):
    source = SOURCES[source](tmp_path / "X")
    for solver in STOCHASTIC:
        model = MLPClassifier(6, max_iter=2, solver=solver, random_state=0)
        assert_same_as_in_memory(model, source, Y > 0)


def test_partial_fit_and_a_warm_start_keep_the_dtype_of_the_model(tmp_path):
    single, double = X.astype(np.float32), mapped(X, tmp_path / "X")
    for method in ("partial_fit", "fit"):
        models = [regressor(random_state=0, warm_start=True) for _ in range(2)]
        for model, rows in zip(models, (double, single), strict=True):
            quietly(getattr(model, method), single, Y)
            quietly(getattr(model, method), rows, Y)
            assert all(a.dtype == np.float32 for a in learned_arrays(model))
        assert_same_bits(*models)


# Sparse


SPARSE = csr_matrix(np.where(np.abs(X) > 4, 8 * X, 0))  # whole numbers


def mapped_csr(sparse, dtype, folder, index_dtype=np.int32, kind=csr_matrix):
    """CSR whose three arrays are memory maps."""
    dtypes = {"data": dtype, "indices": index_dtype, "indptr": index_dtype}
    on_disk = kind(sparse.shape)
    for name, dtype in dtypes.items():  # one by one: SciPy narrows indices
        array = getattr(sparse, name).astype(dtype)
        setattr(on_disk, name, mapped(array, folder / name))
    return on_disk


SPARSE_SOURCES = {
    "float64": (np.float64,),
    "float32": (np.float32,),
    "float16": (np.float16,),
    "int16": (np.int16,),
    "big-endian": (">f8",),
    "big-endian whole numbers": (">i4", ">i4"),
    "large indices": (np.float64, np.int64),
    "large indices, int8, an array": (np.int16, np.int64, csr_array),
}
SPARSE_SETTINGS = {
    "plain": {},
    "early stopping": {"early_stopping": True, "scoring": "r2"},
    "in blocks": {"shuffle": "blocks", "early_stopping": True},
    "lazy steps": {"solver": "adam", "record": "layers", "initializer": "data_driven"},
    "embedded": {"numeric_embedding": "pbld"},
    "members": {"n_members": 2, "ensemble": "folds", "early_stopping": True},
    "lbfgs": {"solver": "lbfgs", "scoring": "loss"},
    "scaled target": {"scale_target": True},
}


@pytest.mark.parametrize("how", SPARSE_SOURCES.values(), ids=SPARSE_SOURCES)
def test_csr_on_memory_maps_gives_the_bits_of_csr_in_memory(how, tmp_path):
    source = mapped_csr(SPARSE, how[0], tmp_path, *how[1:])
    dtype = np.float32 if how[0] == np.float32 else np.float64
    array = csr_matrix(SPARSE.astype(dtype))
    for settings in SPARSE_SETTINGS.values():
        model = regressor(random_state=0, **settings)
        models = [quietly(clone(model).fit, rows, Y) for rows in (source, array)]
        assert_same_bits(*models)
        for name in "predict", "input_gradient":
            if name == "predict" or model.n_members == 1:
                found = [getattr(models[0], name)(rows) for rows in (source, array)]
                np.testing.assert_array_equal(*found)


def test_csr_on_memory_maps_validates_and_is_explained_by_rows(tmp_path):
    source = mapped_csr(SPARSE, np.int16, tmp_path)
    array = SPARSE.astype(np.float64)
    models = [
        quietly(regressor(random_state=0).fit, rows, Y, X_val=rows[:50], y_val=Y[:50])
        for rows in (source, array)
    ]
    assert_same_bits(*models)
    shares = [models[0].integrated_gradients(rows) for rows in (source, array)]
    np.testing.assert_array_equal(*shares)
    with pytest.raises(ValueError, match="scale_input"):
        regressor(scale_input=True).fit(X, Y, X_val=source, y_val=Y)


def test_csr_of_other_dtypes_is_converted_some_rows_at_a_time(tmp_path):
    n_rows, n_entries = 40_000, 100
    indices = RNG.integers(0, 200, n_rows * n_entries)
    indptr = n_entries * np.arange(n_rows + 1)
    rows = csr_matrix((np.ones(len(indices), np.int8), indices, indptr))
    source, y = mapped_csr(rows, np.int8, tmp_path), RNG.normal(size=n_rows)
    params = {"batch_size": 2000, "max_iter": 1, "early_stopping": True}
    model = MLPRegressor(hidden_layer_sizes=6, **params)
    peak = peak_of(quietly, model.fit, source, y)
    assert peak < 0.5 * 8 * rows.nnz  # its entries as float64


@pytest.mark.parametrize("entry", [np.nan, np.inf])
def test_a_sparse_entry_that_is_not_finite_names_its_rows(entry, tmp_path):
    rows = csr_matrix(np.ones((10_000, 50)))
    rows.data[-1] = entry
    source = mapped_csr(rows, np.float16, tmp_path)
    with pytest.raises(ValueError, match=r"rows \d+ to 9999.*\n.*X must be an array"):
        regressor().fit(source, np.zeros(10_000))


def test_a_checkpoint_knows_the_rows_of_a_file(tmp_path):
    path, run = tmp_path / "X", tmp_path / "run.npz"
    whole = regressor(random_state=0, checkpoint=run, early_stopping=True)
    first = quietly(whole.fit, mapped(X.astype(np.float16), path), Y)
    again = quietly(whole.fit, mapped(X.astype(np.float16), path), Y)
    assert_same_bits(again, first)
    other = X.astype(np.float16)
    other[-1, -1] += 1
    with pytest.raises(ValueError, match="different training data"):
        whole.fit(mapped(other, path), Y)


# Memory


LARGE = (40_000, 64)  # 20 MB as float64


@pytest.mark.parametrize(
    "settings",
    [
        {"early_stopping": True, "scale_input": True, "validation_fraction": 0.5},
        {"early_stopping": True, "scoring": "r2", "validation_fraction": 0.5},
        {"solver": "lbfgs"},
    ],
    ids=["scaled", "by a scorer", "lbfgs"],
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_fit_on_disk_takes_a_small_part_of_its_memory(settings, order, tmp_path):
    rows = RNG.integers(-99, 99, LARGE).astype(np.int16)
    source, y = mapped(rows, tmp_path / "X", order), rows[:, 0] / 99
    model = MLPRegressor(hidden_layer_sizes=64, max_iter=1, random_state=0, **settings)
    tracemalloc.start()
    try:
        quietly(model.fit, source, y)
        model.predict(source)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # blocks of 4 MiB, a few of them at a time; arrays of n numbers, 0.3 MB each
    assert peak < 0.75 * 8 * rows.size


def test_embedded_columns_of_a_map_are_read_a_few_at_a_time(tmp_path, monkeypatch):
    rows = RNG.normal(size=LARGE).astype(np.float32)
    monkeypatch.setattr(inputs, "GROUP_BYTES", 4 * rows[:, 0].nbytes)
    source = mapped(rows, tmp_path / "X")
    settings = Settings.of(regressor(numeric_embedding="piecewise_linear"))
    peak = peak_of(inputs.inputs_of, settings, source, None)
    assert peak < 0.5 * rows.nbytes


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_held_out_rows_take_a_few_numbers_a_row(estimator, tmp_path):
    n_rows = 300_000
    rows = RNG.integers(0, 2, (n_rows, 2)).astype(np.int8)
    X, y = mapped(rows, tmp_path / "X"), rows[:, 0]
    params = {"batch_size": 10_000, "max_iter": 1, "early_stopping": True}
    model = estimator(hidden_layer_sizes=4, **params)
    peak = peak_of(quietly, model.fit, X, y)
    # y as float64 twice, rows and their order; blocks of X of 4 MiB and less
    assert peak < 6 * 8 * n_rows


def test_no_more_than_a_block_of_rows_is_read_at_once():
    source = Shelf(RNG.normal(size=LARGE))
    model = MLPRegressor(
        hidden_layer_sizes=64, max_iter=1, random_state=0, early_stopping=True
    )
    quietly(model.fit, source, RNG.normal(size=LARGE[0]))
    model.predict(source)
    assert source.most_rows <= (1 << 22) / (8 * LARGE[1])


# What is refused


@pytest.mark.parametrize("entry", [np.nan, np.inf])
def test_an_entry_that_is_not_finite_is_found_in_the_last_block(entry, tmp_path):
    rows = np.zeros(LARGE, np.float16)
    rows[-1, 3] = entry
    source = mapped(rows, tmp_path / "X")
    fitted = quietly(regressor().fit, RNG.normal(size=(50, 64)), np.arange(50.0))
    with pytest.raises(ValueError, match=r"rows \d+ to 39999.*\n.*X must be an array"):
        MLPRegressor().fit(source, rows[:, 0])
    with pytest.raises(ValueError, match=r"rows \d+ to 39999.*\n.*X must be an array"):
        fitted.predict(source)


@pytest.mark.parametrize("shape", [(0, 5), (300, 0), (300, 4)])
def test_a_file_of_a_wrong_shape_is_refused_as_an_array_is(shape):
    model = quietly(regressor().fit, X, Y)
    method = model.predict if shape == (300, 4) else lambda X: model.fit(X, Y)
    messages = []
    for array in (np.ones(shape, np.float16), Shelf(np.ones(shape, np.float16))):
        with pytest.raises(ValueError) as caught:
            method(array)
        messages.append(str(caught.value).partition("\n")[0])
    assert messages[0] == messages[1]


def test_a_file_that_cannot_be_sent_to_processes_is_refused_there():
    class Open(Shelf):
        def __reduce__(self):
            raise TypeError("open files cannot be pickled")

    # so many epochs that members are worth processes
    params = {"n_members": 2, "max_iter": 1000, "random_state": 0, "tol": 0.1}
    model = MLPRegressor(hidden_layer_sizes=4, **params)
    quietly(model.fit, Open(X), Y)
    with pytest.raises(ValueError, match="MLPRegressor: n_jobs must be None or 1"):
        model.set_params(n_jobs=2).fit(Open(X), Y)


def test_a_file_that_is_gone_leaves_the_estimator_as_it_was():
    class Torn(Shelf):
        def __getitem__(self, rows):
            if not isinstance(rows, slice):  # as the batches ask
                raise OSError("Input/output error")
            return super().__getitem__(rows)

    model = quietly(regressor().fit, X, Y)
    before = [array.copy() for array in learned_arrays(model)]
    with pytest.raises(OSError, match="Input/output"):
        model.fit(Torn(X), Y)
    for found, expected in zip(learned_arrays(model), before, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_no_file_is_left_behind(tmp_path):
    quietly(regressor().fit, mapped(X, tmp_path / "X", "F"), Y)
    assert os.listdir(tmp_path) == ["X"]
