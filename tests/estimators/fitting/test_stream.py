"""Batches from outside are trained on as one table would be: ``fit_batches``."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.exceptions import NotFittedError

from skmlp import MLPClassifier, MLPRegressor
from skmlp.estimators.fitting import stream
from skmlp.solvers import SOLVERS, Adam

from ...cases import in_case
from ...conftest import (
    NUMBERS,
    TASKS,
    WEIGHT,
    X,
    assert_same_bits,
    classes_first,
    covering,
    digest,
    learned_arrays,
    quietly,
)

CODES = TASKS["multiclass"].y
N_ROWS = len(X)
CUTS = {
    "one batch": [],
    "small ones": list(range(11, N_ROWS, 11)),
    "of all sizes": [1, 2, 60, 60, 89],
}
SMALL = {"hidden_layer_sizes": 6, "max_iter": 4, "batch_size": 16, "random_state": 0}


def in_batches(cuts, *arrays):
    """A list of (X, y) or (X, y, weight)."""
    ends = pairwise([0, *cuts, N_ROWS])
    return [tuple(a[start:stop] for a in arrays) for start, stop in ends]


def fitted(estimator, batches, **kwargs):
    return quietly(estimator.fit_batches, batches, **kwargs)


@covering(task=TASKS, cuts=CUTS, weighted=[False, True])
def test_without_shuffling_the_model_is_that_of_fit(task, cuts, weighted):
    arrays = (X, task.y, WEIGHT) if weighted else (X, task.y)
    model = task.make(shuffle=False, **SMALL)
    found = fitted(model, in_batches(cuts, *arrays))
    expected = quietly(task.make(shuffle=False, **SMALL).fit, *arrays)
    assert_same_bits(found, expected)
    assert found.loss_curve_ == expected.loss_curve_
    assert (found.n_updates_, found.t_) == (expected.n_updates_, expected.t_)


SETTINGS = {
    "scale_input": {"scale_input": True},
    "class_weight": {"class_weight": "balanced"},
    "output_bias": {"output_bias": "optimum"},
    "dropout": {"dropout": 0.2},
    "schedule": {"learning_rate": "cosine"},
    "X_val": {"early_stopping": True, "n_iter_no_change": 1, "tol": 0.02},
    "scoring": {
        "early_stopping": True,
        "scoring": "loss",
        "calibration": "temperature",
    },
    "members": {"n_members": 2},
}
STOCHASTIC = [name for name, kind in SOLVERS.items() if kind.stochastic]


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_settings_act_as_in_fit(settings):
    arrays = X.astype(np.float32), CODES, WEIGHT
    validation = {"X_val": X[:40], "y_val": CODES[:40]}
    settings = {**SMALL, "shuffle": False, **settings}
    batches = in_batches([13, 60], *arrays)
    found = fitted(MLPClassifier(**settings), batches, **validation)
    expected = quietly(MLPClassifier(**settings).fit, *arrays, **validation)
    assert_same_bits(found, expected)
    np.testing.assert_array_equal(found.predict_proba(X), expected.predict_proba(X))
    if settings.get("n_members", 1) == 1:
        for name, column in expected.history_.items():
            if name != "seconds":
                np.testing.assert_array_equal(found.history_[name], column)
        assert found.stop_reason_ == expected.stop_reason_


def test_every_stochastic_solver_trains_on_a_stream():
    for solver in STOCHASTIC:
        settings = {**SMALL, "shuffle": False, "solver": solver}
        found = fitted(MLPClassifier(**settings), in_batches([13], X, CODES))
        assert_same_bits(found, quietly(MLPClassifier(**settings).fit, X, CODES))


def test_lazy_steps_on_sparse_batches_are_those_of_fit():
    sparse = csr_matrix(np.where(np.abs(X) > 1, X, 0))
    settings = {**SMALL, "shuffle": False, "solver": Adam(lazy=True)}
    batches = [(sparse[:50], CODES[:50]), (sparse[50:], CODES[50:])]
    found = fitted(MLPClassifier(**settings), batches)
    assert_same_bits(found, quietly(MLPClassifier(**settings).fit, sparse, CODES))


def test_shuffled_rows_do_not_depend_on_the_cut():
    def model():
        return MLPClassifier(**SMALL)

    first, *others = [fitted(model(), in_batches(c, X, CODES)) for c in CUTS.values()]
    for other in others:
        assert_same_bits(other, first)
    # a single window, and the order in memory goes on from that of the epoch before
    once = {**SMALL, "max_iter": 1}
    found = fitted(MLPClassifier(**once), in_batches([50], X, CODES))
    assert_same_bits(found, quietly(MLPClassifier(**once).fit, X, CODES))


def test_blocks_in_random_order_are_another_order_of_the_same_rows():
    models = [
        quietly(MLPClassifier(**SMALL, shuffle="blocks").fit, X, CODES)
        for _ in range(2)
    ]
    assert_same_bits(*models)
    in_rows = quietly(MLPClassifier(**SMALL).fit, X, CODES)
    assert (models[0].coefs_[0] != in_rows.coefs_[0]).any()
    one_batch = {**SMALL, "batch_size": N_ROWS}
    found = quietly(MLPClassifier(**one_batch, shuffle="blocks").fit, X, CODES)
    expected = quietly(MLPClassifier(**one_batch).fit, X, CODES)
    # sums over the same rows in another order
    np.testing.assert_allclose(found.coefs_[0], expected.coefs_[0], rtol=1e-6)


class TornFile:
    """X as an array of a file, which fails at its fifth read, and then is whole."""

    shape, dtype, n_reads = X.shape, X.dtype, 0

    def __getitem__(self, rows):
        self.n_reads += 1
        if self.n_reads == 5:
            raise OSError("Input/output error")
        return X[rows]


def test_blocks_in_random_order_go_on_from_a_checkpoint(tmp_path):
    settings = {**SMALL, "shuffle": "blocks", "max_iter": 6, "tol": 0.0}
    model = MLPClassifier(**settings, checkpoint=tmp_path / "run.npz")
    file = TornFile()
    with pytest.raises(OSError, match="Input/output"):
        model.fit(file, CODES)
    assert (tmp_path / "run.npz").exists()
    whole = quietly(MLPClassifier(**settings).fit, X, CODES)
    assert_same_bits(quietly(model.fit, file, CODES), whole)


# Batch by batch


@pytest.mark.parametrize("name", ["multiclass", "regression", "class columns"])
def test_predictions_come_batch_by_batch(name):
    task = TASKS[name]
    model = quietly(task.make(**SMALL).fit, X, task.y)
    parts = [X[:20], X[20:21], X[21:]]
    for batches in (parts, iter(parts), lambda: parts):
        found = list(model.predict_batches(batches))
        for part, expected in zip(parts, found, strict=True):
            np.testing.assert_array_equal(model.predict(part), expected)
    if name == "multiclass":
        (found,) = model.predict_batches([X], "predict_proba")
        np.testing.assert_array_equal(found, model.predict_proba(X))


def test_predictions_of_a_bad_batch_name_it():
    model = quietly(MLPRegressor(**SMALL).fit, X, NUMBERS)
    predictions = model.predict_batches([X, X[:, :2]])
    next(predictions)
    with pytest.raises(ValueError, match=r"(?s)2 features.*This is batch 1"):
        next(predictions)
    with pytest.raises(ValueError, match="MLPRegressor: method must be one of 'pred"):
        model.predict_batches([X], "predict_proba")
    with pytest.raises(NotFittedError):
        MLPRegressor().predict_batches([X])


@pytest.mark.parametrize("name", ["multiclass", "regression"])
def test_partial_fit_measures_each_call_on_own_rows(name):
    task = TASKS[name]
    settings = {**SMALL, "shuffle": False, "early_stopping": True, "max_iter": 5}
    validation = {"X_val": X[:30] + 0.1, "y_val": task.y[:30]}
    whole = quietly(task.make(**settings).fit, X, task.y, **validation)
    model = task.make(**settings)
    for _ in range(5):
        first = {} if hasattr(model, "coefs_") else classes_first(task.kind, task.y)
        model.partial_fit(X, task.y, **validation, **first)
    assert model.validation_scores_ == whole.validation_scores_
    assert model.best_validation_score_ == whole.best_validation_score_
    assert model.best_epoch_ == whole.best_epoch_
    for column in ("loss", "validation_loss", "validation_score"):
        np.testing.assert_array_equal(model.history_[column], whole.history_[column])


def test_partial_fit_keeps_the_last_weights_and_says_when_patience_is_over():
    settings = {**SMALL, "early_stopping": True, "n_iter_no_change": 2, "tol": 10.0}
    model = MLPRegressor(**settings)
    for _ in range(5):
        before = digest(model)
        model.partial_fit(X, NUMBERS, X_val=X, y_val=NUMBERS)
        assert digest(model) != before
    assert model.n_updates_ == 5 * 6
    assert "did not improve" in model.stop_reason_


def test_partial_fit_without_early_stopping_only_records_own_rows():
    models = MLPRegressor(**SMALL), MLPRegressor(**SMALL)
    for _ in range(3):
        models[0].partial_fit(X, NUMBERS, X_val=X[:20], y_val=NUMBERS[:20])
        models[1].partial_fit(X, NUMBERS)
    assert_same_bits(*models)
    assert np.isfinite(models[0].history_["validation_loss"]).all()
    assert "validation_loss" not in models[1].history_


# What batches may be


def generated(cuts, *arrays):
    def batches():
        yield from in_batches(cuts, *arrays)

    return batches


class Reader:
    """An iterable of an own kind, such as a reader of files."""

    def __iter__(self):
        return iter(in_batches([30], X, CODES))


SOURCES = {
    "tuple": lambda: tuple(in_batches([30], X, CODES)),
    "generator function": lambda: generated([30], X, CODES),
    "an iterable": Reader,
    "lists": lambda: [(x.tolist(), y.tolist()) for x, y in Reader()],
    "with an empty one": lambda: in_batches([0, 30, 30, 90], X, CODES),
    "csr": lambda: [(csr_matrix(x), y) for x, y in Reader()],
    "objects": lambda: [(x, y.astype(object)) for x, y in Reader()],
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_batches_come_from_whatever_can_be_gone_through_again(source):
    settings = {**SMALL, "shuffle": False}
    found = fitted(MLPClassifier(**settings), source())
    expected = quietly(MLPClassifier(**settings).fit, X, CODES)
    # products with CSR are sums in another order
    np.testing.assert_allclose(found.coefs_[0], expected.coefs_[0], rtol=1e-10)
    np.testing.assert_array_equal(found.predict(X), expected.predict(X))


def test_data_frames_keep_their_names(pandas):
    frame = pandas.DataFrame(X, columns=list("abcd"))
    for n_members in (1, 2):
        model = MLPRegressor(**SMALL, n_members=n_members)
        fitted(model, in_batches([30], frame, pandas.Series(NUMBERS)))
        assert list(model.feature_names_in_) == list("abcd")
        model.predict(frame)
    renamed = frame.rename(columns={"b": "B"})
    batches = [(frame, NUMBERS), (renamed, NUMBERS)]
    with pytest.raises(ValueError, match=r"(?s)feature names.*This is batch 1"):
        MLPRegressor(**SMALL).fit_batches(batches)


def test_a_folder_of_parquet_is_a_stream(pandas, tmp_path):
    dataset = pytest.importorskip("pyarrow.dataset")
    frame = pandas.DataFrame(X, columns=list("abcd")).assign(y=NUMBERS)
    for number, start in enumerate(range(0, N_ROWS, 40)):
        frame[start : start + 40].to_parquet(tmp_path / f"{number}.parquet")

    def batches():
        for batch in dataset.dataset(tmp_path).to_batches(batch_size=16):
            rows = batch.to_pandas()
            yield rows[list("abcd")], rows["y"]

    settings = {**SMALL, "shuffle": False}
    found = fitted(MLPRegressor(**settings), batches)
    assert_same_bits(found, quietly(MLPRegressor(**settings).fit, X, NUMBERS))


def test_a_stream_takes_a_small_part_of_its_memory():
    n_batches, shape = 80, (500, 64)  # 20 MB in all
    params = {"hidden_layer_sizes": 8, "max_iter": 2, "random_state": 0}

    def batches():
        for seed in range(n_batches):
            rows = np.random.default_rng(seed).normal(size=shape)
            yield rows, rows[:, 0]

    tracemalloc.start()
    try:
        fitted(MLPRegressor(**params, shuffle=False), batches)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < n_batches * shape[0] * shape[1] * 8 / 4


# Every k-th block validates


@pytest.fixture
def blocks_of_10(monkeypatch):
    monkeypatch.setattr(stream, "BLOCK_ROWS", 10)


HELD = np.arange(N_ROWS) // 10 % 3 == 2  # with validate_every=3
EARLY = {**SMALL, "shuffle": False, "early_stopping": True, "n_iter_no_change": 1}
few_epochs = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")


def as_is(array):
    return array


def as_frame(array):
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(array, columns=list("abcd"))


@few_epochs
@covering(
    task={name: TASKS[name] for name in ("multiclass", "multilabel", "regression")},
    cuts=CUTS,
    dress=[as_is, as_frame, csr_matrix],
    weighted=[False, True],
    settings=[{}, {"n_members": 2}, {"class_weight": "balanced"}, {"alpha": 1.0}],
)
def test_every_kth_block_validates(task, cuts, dress, weighted, settings, blocks_of_10):
    if "class_weight" in settings and task.kind is MLPRegressor:
        settings = {"scale_target": True}
    arrays = (X, task.y, WEIGHT) if weighted else (X, task.y)
    batches = [(dress(x), *rest) for x, *rest in in_batches(cuts, *arrays)]
    model = task.make(**EARLY, **settings)
    found = fitted(model, batches, validate_every=3)
    training, held = [[a[rows] for a in arrays] for rows in (~HELD, HELD)]
    training[0], held[0] = dress(training[0]), dress(held[0])
    names = ("X_val", "y_val", "sample_weight_val")
    own = dict(zip(names, held, strict=False))
    expected = quietly(task.make(**EARLY, **settings).fit, *training, **own)
    assert_same_bits(found, expected)
    if "n_members" not in settings:
        assert found.validation_scores_ == expected.validation_scores_


@few_epochs
def test_rows_that_are_held_out_are_the_same_in_any_cut(blocks_of_10):
    settings = {**EARLY, "shuffle": True}
    first, *others = [
        fitted(MLPClassifier(**settings), in_batches(c, X, CODES), validate_every=4)
        for c in CUTS.values()
    ]
    for other in others:
        assert_same_bits(other, first)


def test_without_early_stopping_held_out_rows_are_only_measured(blocks_of_10):
    batches = in_batches([13], X, NUMBERS)
    found = fitted(MLPRegressor(**SMALL), batches, validate_every=3)
    assert len(found.history_["validation_loss"]) == found.n_iter_


NO_BLOCKS = {
    "1": ({"validate_every": 1}, "validate_every must be None or an integer >= 2"),
    "text": ({"validate_every": "2"}, "validate_every must be None or an integer"),
    "too few blocks": ({"validate_every": 10}, "validate_every must be at most .* 9, "),
    "X_val, too": (
        {"validate_every": 3, "X_val": X, "y_val": CODES},
        "validate_every must be None with X_val",
    ),
}


def test_blocks_that_cannot_validate_are_refused(blocks_of_10):
    model = fitted(MLPClassifier(**SMALL), in_batches([], X, CODES))
    before = digest(model)
    for name, (arguments, message) in NO_BLOCKS.items():
        with in_case(name), pytest.raises(ValueError, match=message):
            model.fit_batches(in_batches([], X, CODES), **arguments)
    folds = MLPClassifier(n_members=2, ensemble="folds", early_stopping=True)
    with pytest.raises(ValueError, match="ensemble must be 'seeds' for fit_batches"):
        folds.fit_batches(in_batches([], X, CODES), validate_every=3)
    assert digest(model) == before


# Going on


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_stream_that_broke_goes_on_from_its_checkpoint(shuffle, tmp_path):
    settings = {**SMALL, "shuffle": shuffle, "tol": 0.0, "dropout": 0.1}
    whole = fitted(MLPClassifier(**settings), in_batches([30], X, CODES))

    def batches():
        batches.calls += 1
        yield X[:30], CODES[:30]
        if batches.calls == batches.fails_at:
            raise OSError("connection lost")
        yield X[30:], CODES[30:]

    batches.calls, batches.fails_at = 0, 4  # in the third epoch
    model = MLPClassifier(**settings, checkpoint=tmp_path / "run.npz")
    before = digest(model)
    with pytest.raises(OSError, match="connection lost") as caught:
        fitted(model, batches)
    assert "MLPClassifier: raised by batches, for batch 1." in caught.value.__notes__
    assert digest(model) == before
    assert_same_bits(fitted(model, batches), whole)
    assert batches.calls == 4 + 1 + 2  # one pass before, and two epochs


def test_warm_start_goes_on():
    batches = in_batches([30], X, CODES)
    settings = {**SMALL, "shuffle": False, "warm_start": True}
    models = MLPClassifier(**settings), MLPClassifier(**settings)
    for _ in range(2):
        fitted(models[0], batches)
        quietly(models[1].fit, X, CODES)
    assert_same_bits(*models)


def test_an_interrupt_keeps_what_has_been_reached():
    def batches():
        batches.calls += 1
        yield X, CODES
        if batches.calls == 4:
            raise KeyboardInterrupt

    batches.calls = 0
    with pytest.warns(UserWarning, match="interrupted"):
        model = MLPClassifier(**SMALL).fit_batches(batches)
    # its last batch came after the rows that had filled the others
    assert model.n_iter_ == 2 and np.isfinite(model.coefs_[0]).all()


@pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")
def test_time_is_over_in_a_stream_too():
    model = MLPClassifier(**{**SMALL, "max_iter": 10**6}, max_time=0.05, tol=0.0)
    fitted(model, in_batches([30], X, CODES))
    assert "max_time" in model.stop_reason_


# What is refused, with the number of the batch


def damaged(number, **other):
    batches = in_batches([30, 60], X, CODES)
    x, y = batches[number]
    batches[number] = other.get("X", x), other.get("y", y)
    return batches


NAN_ROW = np.where(np.arange(4) == 2, np.nan, X[60:])
REFUSED = {
    "nan in the last": (damaged(2, X=NAN_ROW), "NaN.*batch 2"),
    "other columns": (damaged(1, X=X[30:60, :3]), "3 features.*batch 1"),
    "another dtype": (damaged(1, X=X[30:60].astype("f4")), "float32.*batch 1"),
    "sparse among dense": (damaged(1, X=csr_matrix(X[30:60])), "sparse.*batch 1"),
    "other rows in y": (damaged(2, y=CODES[:3]), "inconsistent.*batch 2"),
    "numbers as labels": (damaged(1, y=np.arange(30)), "first batch.*batch 1"),
    "two types in a list": (damaged(0, y=[1, "a"] * 15), "several types.*batch 0"),
    "several columns": (damaged(1, y=np.c_[CODES, CODES][30:60]), "batch 1"),
    "no pair": ([X, CODES], "ndarray of shape .* as batch 0"),
    "weights in one": (
        [(X, CODES), (X, CODES, WEIGHT)],
        "sample_weight must.*batch 1",
    ),
    "a negative weight": ([(X, CODES, WEIGHT - 2.0)], "sample_weight must.*batch 0"),
    "too few weights": ([(X, CODES, WEIGHT[1:])], "sample_weight must.*batch 0"),
    "weights of 0": ([(X, CODES, 0.0)], "sample_weight must"),
    "a generator": (generated([], X, CODES)(), "batches must be a list"),
    "a number": (3, "batches must be a list"),
    "nothing": ([], "batches must .* no rows"),
    "only empty ones": ([(X[:0], CODES[:0])], "batches must .* no rows"),
}


@pytest.mark.parametrize(("batches", "message"), REFUSED.values(), ids=REFUSED)
def test_a_bad_batch_is_named_and_changes_nothing(batches, message):
    model = fitted(MLPClassifier(**SMALL), in_batches([30], X, CODES))
    before = digest(model)
    with pytest.raises((ValueError, TypeError), match=rf"(?s){message}") as caught:
        model.fit_batches(batches)
    assert "MLPClassifier: " in str(caught.value)
    assert digest(model) == before


def test_a_label_that_classes_do_not_name_is_named_with_its_batch():
    batches = in_batches([30], np.sort(X, axis=0), np.sort(CODES))
    model = fitted(MLPClassifier(**SMALL), batches, classes=["a", "b", "c", "d"])
    assert list(model.classes_) == ["a", "b", "c", "d"]
    assert list(fitted(MLPClassifier(**SMALL), batches).classes_) == ["a", "b", "c"]
    with pytest.raises(ValueError, match=r"(?s)got \['c'\].*batch 1"):
        fitted(MLPClassifier(**SMALL), batches, classes=["a", "b"])


@pytest.mark.parametrize("change", ["shorter", "longer", "a new label", "nan"])
def test_batches_that_change_in_a_later_epoch_are_refused(change):
    later = {
        "shorter": (X[:-1], CODES[:-1]),
        "longer": (np.r_[X, X], np.r_[CODES, CODES]),
        "a new label": (X, np.where(CODES == "a", "e", CODES)),
        "nan": (np.where(X > 1, np.nan, X), CODES),
    }

    def batches():
        batches.calls += 1
        yield later[change] if batches.calls == 3 else (X, CODES)

    batches.calls = 0
    model = fitted(MLPClassifier(**SMALL), in_batches([30], X, CODES))
    before = learned_arrays(model)
    message = "90 rows in each" if change in ("shorter", "longer") else "batch 0"
    with pytest.raises(ValueError, match=message):
        fitted(model, batches)
    assert all(a is b for a, b in zip(learned_arrays(model), before, strict=True))


NOT_BY_BATCHES = {
    "early_stopping": {"early_stopping": True},
    "numeric_embedding": {"numeric_embedding": "pbld"},
    "categorical_features": {"categorical_features": [0]},
    "ensemble": {"n_members": 3, "ensemble": "folds", "early_stopping": True},
}


@pytest.mark.parametrize("name", NOT_BY_BATCHES)
def test_what_needs_all_rows_at_once_is_refused(name):
    model = MLPClassifier(**SMALL, **NOT_BY_BATCHES[name])
    with pytest.raises(ValueError, match=r"MLPClassifier: .* must be"):
        model.fit_batches([(np.abs(X.round()), CODES)])
    assert not hasattr(model, "classes_")


def test_sparse_batches_are_not_scaled():
    with pytest.raises(ValueError, match="scale_input must be False with sparse X"):
        MLPClassifier(**SMALL, scale_input=True).fit_batches([(csr_matrix(X), CODES)])


def test_lbfgs_has_no_batches():
    for kind in (MLPClassifier, MLPRegressor):
        assert hasattr(kind(), "fit_batches")
        assert not hasattr(kind(solver="lbfgs"), "fit_batches")


def test_progress_is_printed_and_told_to_callbacks_as_in_fit(capsys):
    pytest.importorskip("sklearn.callback")

    class Epochs:
        max_propagation_depth = 0

        def __init__(self):
            self.scores = []

        def setup(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            self.scores.append((context.task_name, fitted_estimator.score(X, CODES)))

    told, printed = [], []
    for batches in (None, in_batches([13, 60], X, CODES)):
        model = MLPClassifier(**SMALL, shuffle=False, verbose=True)
        told.append(Epochs())
        model.set_callbacks(told[-1])
        if batches is None:
            quietly(model.fit, X, CODES)
        else:
            fitted(model, batches)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] and "Iteration 2" in printed[0]
    assert told[0].scores == told[1].scores and len(told[0].scores) > 2
