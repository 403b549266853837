"""Validation rows of one's own, splitters, and groups."""

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    LeaveOneGroupOut,
    PredefinedSplit,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import Dropout, MLPClassifier
from skmlp.solvers import SGD, Adam

from ... import conftest
from ...cases import in_one_test
from ...conftest import CODES, GROUPS, N_ROWS, NUMBERS, Task, covering, parameters
from ...conftest import WEIGHT as WEIGHT_ALL
from ...conftest import X as X_ALL

# some updates are enough here, whether they converged or not
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

N_TRAINING = 60


def log_loss_of(model, X, y, weight):
    proba = model.predict_proba(X)
    return log_loss(y, proba, labels=model.classes_, sample_weight=weight)


def log_loss_of_labels(model, X, y, weight):
    proba = model.predict_proba(X)
    pairs = zip(y.T, proba.T, strict=True)
    return sum(log_loss(t, p, labels=[0, 1], sample_weight=weight) for t, p in pairs)


def log_loss_of_columns(model, X, y, weight):
    parts = zip(y.T, model.predict_proba(X), model.classes_, strict=True)
    return sum(log_loss(t, p, labels=c, sample_weight=weight) for t, p, c in parts)


def cross_entropy(model, X, y, weight):
    entropy = -np.sum(y * model.predict_log_proba(X), axis=1)
    return np.average(entropy, weights=weight)


def half_squared_error(model, X, y, weight):
    return mean_squared_error(y, model.predict(X), sample_weight=weight) / 2


THREE_LABELS = np.c_[NUMBERS > 1, X_ALL[:, 0] > 0, CODES == 1].astype(int)
TASKS = conftest.TASKS | {"multilabel": Task(MLPClassifier, THREE_LABELS)}
MEAN_LOSS = {
    "binary": log_loss_of,
    "multiclass": log_loss_of,
    "multilabel": log_loss_of_labels,
    "class columns": log_loss_of_columns,
    "soft labels": cross_entropy,
    "regression": half_squared_error,
    "multi-output": half_squared_error,
}
SOLVERS = {
    "sgd": {"solver": "sgd"},
    "adam": {},
    "lbfgs": {"solver": "lbfgs"},
    "averaged": {"solver": SGD(averaging=0.8)},
}
FORMS = {
    "dense": lambda X: X,
    "float32": lambda X: X.astype(np.float32),
    "sparse": lambda X: sparse.csr_array(np.where(np.abs(X) < 0.5, 0, X)),
    "frame": lambda X: pytest.importorskip("pandas").DataFrame(X, columns=[*"abcd"]),
}
every_task = pytest.mark.parametrize("task", TASKS)
every_solver = pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
SOME = ["multiclass", "regression"]
each_kind = pytest.mark.parametrize("task", SOME)
each_kind_new_or_fitted = pytest.mark.parametrize(
    ("task", "is_fitted"),
    [("multiclass", False), ("regression", True)],
    ids=["multiclass-new", "regression-fitted"],
)


def in_turn(n_cases, *factors):
    """Cases that take the next level of each factor, from its first after its last."""
    return [
        tuple(levels[i % len(levels)] for levels in factors) for i in range(n_cases)
    ]


def make(task, solver="adam", **params):
    defaults = {
        "hidden_layer_sizes": (6,),
        "batch_size": 20,
        "max_iter": 5,
        "learning_rate_init": 0.02,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    named = SOLVERS[solver] if isinstance(solver, str) else {"solver": solver}
    return TASKS[task].make(**{**defaults, **named, **params})


class Rows:
    """A task's rows that train and those that validate."""

    def __init__(self, task, form="dense", *, weighted=False):
        X, y = FORMS[form](X_ALL), TASKS[task].y
        self.X_all, self.y_all = X, y
        self.X, self.X_val = X[:N_TRAINING], X[N_TRAINING:]
        self.y, self.y_val = y[:N_TRAINING], y[N_TRAINING:]
        self.weights, self.weight_val, self.weight_all = {}, None, {}
        self.validation = {"X_val": self.X_val, "y_val": self.y_val}
        if weighted:
            self.weights = {"sample_weight": WEIGHT_ALL[:N_TRAINING]}
            self.weight_all = {"sample_weight": WEIGHT_ALL}
            self.weight_val = WEIGHT_ALL[N_TRAINING:]
            self.validation["sample_weight_val"] = self.weight_val


def losses(model):
    return model.history_["loss"] + model.history_["penalty"]


def assert_same_fit(model, expected):
    """To the bit, with all that was recorded but the seconds.

    Validation rows of another memory layout are added up in another order.
    """
    np.testing.assert_array_equal(parameters(model), parameters(expected))
    assert parameters(model).dtype == parameters(expected).dtype
    assert set(model.history_) == set(expected.history_)
    for name in set(model.history_) - {"seconds"}:
        rtol = 1e-12 if name.startswith("validation") else 0
        found, wanted = model.history_[name], expected.history_[name]
        np.testing.assert_allclose(found, wanted, rtol=rtol)
    for name in ("n_iter_", "t_", "loss_", "best_epoch_", "n_updates_"):
        assert getattr(model, name) == getattr(expected, name)


# Validation rows of one's own


# 12: every solver in every form
@pytest.mark.parametrize(
    ("solver", "form", "task"),
    in_turn(12, ["sgd", "adam", "lbfgs"], [*FORMS], [*TASKS]),
)
def test_with_validation_rows_no_rows_are_split_off(solver, form, task):
    rows = Rows(task, form)
    watched = make(task, solver, early_stopping=True)
    watched.fit(rows.X, rows.y, **rows.validation)
    plain = make(task, solver).fit(rows.X, rows.y)
    np.testing.assert_array_equal(losses(watched), losses(plain))
    assert watched.n_updates_ == plain.n_updates_ and watched.t_ == plain.t_
    if solver != "lbfgs":
        assert watched.loss_curve_ == plain.loss_curve_
        assert watched.t_ == N_TRAINING * watched.n_iter_


# 14: every task with and without weights
@pytest.mark.parametrize(
    ("task", "weighted", "solver"),
    in_turn(14, [*TASKS], ["plain", "weighted"], [*SOLVERS]),
)
def test_the_validation_loss_is_the_mean_loss_of_each_epochs_model(
    task, weighted, solver
):
    rows, mean_loss = Rows(task, weighted=weighted == "weighted"), MEAN_LOSS[task]
    recorded = make(task, solver, max_iter=4)
    recorded.fit(rows.X, rows.y, **rows.weights, **rows.validation)
    for k, loss in enumerate(recorded.history_["validation_loss"], start=1):
        model = make(task, solver, max_iter=k).fit(rows.X, rows.y, **rows.weights)
        expected = mean_loss(model, rows.X_val, rows.y_val, rows.weight_val)
        assert loss == pytest.approx(expected, rel=1e-10)
    assert k == 4


@pytest.mark.parametrize(
    ("task", "form"),
    [
        *[(task, "float32") for task in TASKS],
        *[(task, form) for task in SOME for form in ("sparse", "frame")],
    ],
)
def test_the_validation_loss_is_the_mean_loss_in_every_form_of_X(task, form):
    rows, mean_loss = Rows(task, form, weighted=True), MEAN_LOSS[task]
    model = make(task).fit(rows.X, rows.y, **rows.weights, **rows.validation)
    expected = mean_loss(model, rows.X_val, rows.y_val, rows.weight_val)
    # float32 has seven digits, of which sums of 30 rows lose one
    rel = 1e-5 if form == "float32" else 1e-10
    assert model.history_["validation_loss"][-1] == pytest.approx(expected, rel=rel)


@in_one_test(
    covering(
        class_weight={"dict": {"a": 3.0, "c": 0.2}, "balanced": "balanced"},
        solver=["sgd", "adam", "lbfgs"],
        weighted={"plain": False, "weighted": True},
    )
)
def test_the_validation_loss_counts_class_weights(class_weight, solver, weighted):
    rows = Rows("multiclass", weighted=weighted)
    model = make("multiclass", solver, class_weight=class_weight)
    model.fit(rows.X, rows.y, **rows.weights, **rows.validation)
    if class_weight == "balanced":  # over the training rows
        weight = rows.weights.get("sample_weight", np.ones(N_TRAINING))
        totals = {label: weight[rows.y == label].sum() for label in "abc"}
        class_weight = {c: weight.sum() / (3 * total) for c, total in totals.items()}
    weight = np.array([class_weight.get(label, 1.0) for label in rows.y_val])
    weight = weight if rows.weight_val is None else weight * rows.weight_val
    expected = log_loss_of(model, rows.X_val, rows.y_val, weight)
    loss = model.history_["validation_loss"][-1]
    assert loss == pytest.approx(expected, rel=1e-10)


def variances(y, sample_weight):
    mean = np.average(y, axis=0, weights=sample_weight)
    return np.average((y - mean) ** 2, axis=0, weights=sample_weight)


@in_one_test(
    covering(
        solver=["sgd", "adam", "lbfgs"],
        scaled=["scale_input", "scale_target"],
        task=["regression", "multi-output"],
    )
)
def test_the_validation_loss_is_in_units_of_y_where_training_scales(
    solver, scaled, task
):
    rows = Rows(task, weighted=True)
    factors = [50.0, 3.0] if task == "multi-output" else 50.0
    y, y_val = (100.0 + np.multiply(factors, part) for part in (rows.y, rows.y_val))
    rate = 1e-4 if (solver, scaled) == ("sgd", "scale_input") else 0.02
    model = make(task, solver, learning_rate_init=rate, **{scaled: True})
    validation = rows.validation | {"y_val": y_val}
    model.fit(rows.X, y, **rows.weights, **validation)
    errors = (model.predict(rows.X_val) - y_val) ** 2
    if scaled == "scale_target":  # which weighs targets alike, in a common unit
        units = variances(y, **rows.weights)
        errors *= np.mean(units) / units
    expected = np.average(errors, axis=0, weights=rows.weight_val).mean() / 2
    # the folded layers round differently than the scaled columns
    loss = model.history_["validation_loss"][-1]
    assert loss == pytest.approx(expected, rel=1e-9)


@each_kind
def test_the_validation_loss_curve_is_that_of_the_history(task):
    rows = Rows(task)
    model = make(task, "adam").fit(rows.X, rows.y, **rows.validation)
    np.testing.assert_array_equal(
        model.validation_loss_curve_, model.history_["validation_loss"]
    )
    assert isinstance(model.validation_loss_curve_, list)
    model.fit(rows.X, rows.y)
    assert model.validation_loss_curve_ is None
    assert "validation_loss" not in model.history_
    for warm_start in False, True:
        model.set_params(solver="adam").fit(rows.X, rows.y, **rows.validation)
        model.set_params(solver="lbfgs", warm_start=warm_start)
        model.fit(rows.X, rows.y, **rows.validation)
        assert not hasattr(model, "validation_loss_curve_")
        assert np.isfinite(model.history_["validation_loss"]).all()


RECORDING = {
    "plain": {},
    "in order": {"shuffle": False},
    "dropout": {"dropout": Dropout(0.3, noise=0.1)},
    "averaged": {"solver": Adam(averaging=0.9, clip_norm=0.1)},
    "one cycle": {"learning_rate": "one_cycle"},
    "patience": {"tol": 0.05, "n_iter_no_change": 1, "max_iter": 60},
    "scaled": {"scale_input": True},
    "sgd": {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.1},
    "lbfgs": {"solver": "lbfgs"},
}


@in_one_test(
    pytest.mark.parametrize(
        ("name", "task"), in_turn(2 * len(RECORDING), [*RECORDING], [*TASKS])
    )
)
def test_without_early_stopping_validation_rows_only_record(name, task):
    params, rows = RECORDING[name], Rows(task, weighted=True)
    model = make(task, **params)
    model.fit(rows.X, rows.y, **rows.weights, **rows.validation)
    plain = make(task, **params).fit(rows.X, rows.y, **rows.weights)
    validating = {"validation_loss", "validation_score"}
    assert set(model.history_) - set(plain.history_) == validating
    model.history_ = {n: v for n, v in model.history_.items() if n not in validating}
    assert_same_fit(model, plain)
    assert model.best_epoch_ is None
    assert getattr(model, "validation_scores_", None) is None


@each_kind
def test_the_default_score_of_an_epoch_is_recorded_too(task):
    rows = Rows(task, weighted=True)
    model = make(task).fit(rows.X, rows.y, **rows.weights, **rows.validation)
    score = model.score(rows.X_val, rows.y_val, rows.weight_val)
    last = model.history_["validation_score"][-1]
    assert last == pytest.approx(score, rel=1e-12)


@each_kind
def test_a_fit_that_goes_on_may_have_validation_rows_for_the_first_time(task):
    rows = Rows(task)
    model = make(task, max_iter=3, warm_start=True).fit(rows.X, rows.y)
    model.fit(rows.X, rows.y, **rows.validation)
    missing = np.isnan(model.history_["validation_loss"])
    np.testing.assert_array_equal(missing, [True] * 3 + [False] * 3)


def test_validation_rows_need_not_have_all_classes():
    rows = Rows("multiclass")
    some = rows.y_val == "b"
    model = make("multiclass", early_stopping=True)
    model.fit(rows.X, rows.y, X_val=rows.X_val[some], y_val=rows.y_val[some])
    assert set(model.classes_) == {"a", "b", "c"}
    assert np.isfinite(model.validation_loss_curve_).all()


@pytest.mark.parametrize("form", ["dense", "sparse"])
@each_kind
def test_validation_rows_may_have_another_form_than_the_training_rows(task, form):
    other = {"dense": "sparse", "sparse": "dense"}[form]
    rows, same = Rows(task, form), Rows(task, "sparse")
    as_training = FORMS[form](same.X_val.toarray())
    as_other = FORMS[other](same.X_val.toarray())
    models = [
        make(task).fit(rows.X, rows.y, X_val=X_val, y_val=rows.y_val)
        for X_val in (as_training, as_other)
    ]
    curves = [model.validation_loss_curve_ for model in models]
    np.testing.assert_allclose(*curves, rtol=1e-12)


def test_sparse_validation_rows_are_refused_with_scale_input_as_sparse_rows_are():
    rows = Rows("multiclass")
    X_val = sparse.csr_array(rows.X_val)
    model = make("multiclass", scale_input=True)
    with pytest.raises(ValueError, match="scale_input must be False with sparse X_val"):
        model.fit(rows.X, rows.y, X_val=X_val, y_val=rows.y_val)


def test_one_validation_row_is_no_reason_for_a_warning_in_each_epoch():
    # R2 is not defined for it; pytest makes an error of scikit-learn's warning
    rows = Rows("regression")
    one = {"X_val": rows.X_val[:1], "y_val": rows.y_val[:1]}
    model = make("regression").fit(rows.X, rows.y, **one)
    assert np.isfinite(model.validation_loss_curve_).all()


ONE_ROW = {
    "the loss": ("regression", {"scoring": "loss"}),
    "a loss by default": ("regression", {"loss": "huber"}),
    "the accuracy": ("multiclass", {}),
}


@pytest.mark.parametrize(("task", "params"), ONE_ROW.values(), ids=ONE_ROW)
def test_one_validation_row_is_enough_for(task, params):
    rows = Rows(task)
    one = {"X_val": rows.X_val[:1], "y_val": rows.y_val[:1]}
    model = make(task, early_stopping=True, **params).fit(rows.X, rows.y, **one)
    assert np.isfinite(model.validation_scores_).all()


# Splits


SPLIT = {
    "plain": {},
    "in order": {"shuffle": False},
    "sgd": {"solver": "sgd"},
    "scored by the loss": {"scoring": "loss"},
    "lbfgs": {"solver": "lbfgs", "scoring": "loss"},
    "scaled": {"scale_input": True},
    "dropout": {"dropout": 0.3},
}
# each with two tasks, and each task with two
SPLIT_CASES = [
    (name, [*TASKS][(i + shift) % 7])
    for i, name in enumerate(SPLIT)
    for shift in (0, 3)
]


def by_hand(task, form, weighted, held):
    """The training rows and validation rows of a split, in ascending order."""
    rows, rest = Rows(task, form), np.flatnonzero(~held)
    validation = {"X_val": take(rows.X_all, held), "y_val": rows.y_all[held]}
    weights = {}
    if weighted:
        weights = {"sample_weight": WEIGHT_ALL[rest]}
        validation["sample_weight_val"] = WEIGHT_ALL[held]
    return (take(rows.X_all, rest), rows.y_all[rest]), weights | validation


def take(X, rows):
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def some_held(seed=1):
    held = np.zeros(N_ROWS, bool)
    held[np.random.default_rng(seed).permutation(N_ROWS)[:25]] = True
    return held


@pytest.mark.parametrize(("name", "task"), SPLIT_CASES)
def test_a_split_by_hand_gives_the_model_of_the_same_split_by_a_splitter(name, task):
    held = some_held()
    params = {"early_stopping": True, "max_iter": 8, "n_iter_no_change": 3}
    params |= SPLIT[name]
    rows = Rows(task, weighted=True)
    splitter = PredefinedSplit(np.where(held, 0, -1))
    split = make(task, validation_fraction=splitter, **params)
    split.fit(rows.X_all, rows.y_all, **rows.weight_all)
    training, more = by_hand(task, "dense", True, held)
    assert_same_fit(split, make(task, **params).fit(*training, **more))


@in_one_test(every_task)
def test_the_optimal_bias_is_that_of_the_training_rows_of_a_split(task):
    held, rows = some_held(), Rows(task)
    params = {"early_stopping": True, "output_bias": "optimum", "max_iter": 2}
    splitter = PredefinedSplit(np.where(held, 0, -1))
    split = make(task, validation_fraction=splitter, **params)
    split.fit(rows.X_all, rows.y_all)
    training, validation = by_hand(task, "dense", False, held)
    own = make(task, **params).fit(*training, **validation)
    # the mean of y is added up in another order
    np.testing.assert_allclose(parameters(split), parameters(own), rtol=1e-9)


@pytest.mark.parametrize("form", ["float32", "sparse", "frame"])
@each_kind
def test_a_split_by_hand_gives_the_same_model_in_every_form_of_X(task, form):
    held, rows = some_held(), Rows(task, form)
    splitter = PredefinedSplit(np.where(held, 0, -1))
    split = make(task, early_stopping=True, validation_fraction=splitter)
    split.fit(rows.X_all, rows.y_all)
    training, validation = by_hand(task, form, False, held)
    own = make(task, early_stopping=True).fit(*training, **validation)
    assert_same_fit(split, own)


@covering(solver=["sgd", "adam", "lbfgs"], weighted={"plain": False, "weighted": True})
def test_balanced_counts_the_training_rows_of_a_split_either_way(solver, weighted):
    held, rows = some_held(), Rows("multiclass", weighted=weighted)
    params = {"early_stopping": True, "scoring": "loss", "class_weight": "balanced"}
    splitter = PredefinedSplit(np.where(held, 0, -1))
    split = make("multiclass", solver, validation_fraction=splitter, **params)
    split.fit(rows.X_all, rows.y_all, **rows.weight_all)
    training, more = by_hand("multiclass", "dense", weighted, held)
    assert_same_fit(split, make("multiclass", solver, **params).fit(*training, **more))


class Spy:
    """A splitter that keeps what it was given and what it gave."""

    def __init__(self, splitter):
        self.splitter = splitter

    def split(self, X, y=None, groups=None):
        self.X, self.y, self.groups = X, y, groups
        self.splits = list(self.splitter.split(X, y, groups))
        return iter(self.splits)

    def get_n_splits(self, X=None, y=None, groups=None):
        return self.splitter.get_n_splits(X, y, groups)


class Recorder:
    """A scorer that keeps the rows it sees."""

    def __call__(self, estimator, X, y):
        self.X, self.y = np.array(X), np.array(y)
        return 0.0


BY_GROUPS = {
    "shuffled": lambda seed: GroupShuffleSplit(1, test_size=0.3, random_state=seed),
    "shuffled twice": lambda seed: GroupShuffleSplit(
        2, test_size=0.2, random_state=seed
    ),
    "folds": lambda seed: GroupKFold(3, shuffle=True, random_state=seed),
    "one out": lambda seed: LeaveOneGroupOut(),
}


@pytest.mark.parametrize("splitter", BY_GROUPS.values(), ids=BY_GROUPS)
def test_groups_are_on_one_side_of_the_split_only(splitter):
    for seed, task in enumerate(2 * SOME):
        rows, recorder = Rows(task), Recorder()
        X = np.c_[rows.X_all, GROUPS]
        model = make(task, early_stopping=True, scoring=recorder, max_iter=1)
        model.set_params(validation_fraction=splitter(seed))
        model.fit(X, rows.y_all, groups=GROUPS)
        held = recorder.X[:, -1]
        assert 0 < len(held) < N_ROWS
        # each group that validates does so with all its rows, and none of them trains
        assert len(held) == np.isin(GROUPS, held).sum()
        assert model.t_ == N_ROWS - len(held)


@pytest.mark.parametrize(("task", "n_splits"), [("multiclass", 2), ("regression", 5)])
def test_of_a_time_series_the_last_split_is_used(task, n_splits):
    rows, recorder = Rows(task), Recorder()
    splitter = TimeSeriesSplit(n_splits)
    model = make(task, early_stopping=True, scoring=recorder, max_iter=1)
    model.set_params(validation_fraction=splitter).fit(rows.X_all, rows.y_all)
    training, validation = list(splitter.split(rows.X_all))[-1]
    np.testing.assert_array_equal(recorder.X, rows.X_all[validation])
    assert model.t_ == len(training) == validation.min()
    assert validation.max() == N_ROWS - 1


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression", "multi-output"])
def test_a_splitter_sees_y_as_it_was_given(task):
    spy, rows = Spy(GroupShuffleSplit(1, random_state=0)), Rows(task)
    make(task, early_stopping=True, validation_fraction=spy).fit(
        rows.X_all, rows.y_all, groups=GROUPS
    )
    np.testing.assert_array_equal(spy.y, rows.y_all)
    np.testing.assert_array_equal(spy.X, rows.X_all)
    np.testing.assert_array_equal(spy.groups, GROUPS)


def test_a_stratified_splitter_gives_each_part_its_share_of_the_classes():
    rows, recorder = Rows("multiclass"), Recorder()
    splitter = StratifiedShuffleSplit(1, test_size=0.2, random_state=0)
    model = make("multiclass", early_stopping=True, scoring=recorder)
    model.set_params(validation_fraction=splitter).fit(rows.X_all, rows.y_all)
    shares = [[np.mean(y == c) for c in "abc"] for y in (rows.y_all, recorder.y)]
    # of 18 rows, each class is within one row of its share
    np.testing.assert_allclose(*shares, atol=1 / 18)


@each_kind
def test_the_scores_of_a_splitters_rows_are_those_of_the_model(task):
    held, rows = some_held(), Rows(task)
    splitter = PredefinedSplit(np.where(held, 0, -1))
    model = make(task, early_stopping=True, validation_fraction=splitter)
    model.fit(rows.X_all, rows.y_all)
    score = model.score(rows.X_all[held], rows.y_all[held])
    assert score == pytest.approx(model.best_validation_score_, rel=1e-12)


@each_kind
def test_an_estimator_with_a_splitter_can_be_cloned_and_printed(task):
    model = make(task, validation_fraction=GroupShuffleSplit(1), early_stopping=True)
    assert "GroupShuffleSplit" in repr(clone(model))


# What is refused


def state(estimator):
    return vars(estimator).copy()


def assert_as_before(estimator, before):
    """Each attribute is the very object that it was."""
    now = vars(estimator)
    assert now.keys() == before.keys()
    assert all(now[name] is before[name] for name in now)


def assert_refused(estimator, args, more, error, *words):
    """A fit is refused by an error with the words, and leaves all as it was."""
    before = state(estimator)
    with pytest.raises(error) as caught:
        estimator.fit(*args, **more)
    for word in (type(estimator).__name__, *words):
        assert word in str(caught.value)
    assert_as_before(estimator, before)


@pytest.fixture(params=[False, True], ids=["new", "fitted"])
def is_fitted(request):
    return request.param


def prepared(task, is_fitted, **params):
    rows = Rows(task)
    model = make(task)
    if is_fitted:
        model.fit(rows.X, rows.y)
    return model.set_params(**params), rows


WITHOUT = {
    "without a splitter": {"early_stopping": True},
    "without early stopping": {"validation_fraction": GroupShuffleSplit(1)},
    "without either": {},
}


@pytest.mark.parametrize("params", WITHOUT.values(), ids=WITHOUT)
@each_kind_new_or_fitted
def test_groups_are_refused(task, params, is_fitted):
    model, rows = prepared(task, is_fitted, **params)
    more = {"groups": GROUPS[:N_TRAINING]}
    assert_refused(model, (rows.X, rows.y), more, ValueError, "groups must be None")


class Splits:
    """A splitter that gives one split, or what is in its place."""

    def __init__(self, *splits):
        self.splits = splits

    def split(self, X, y=None, groups=None):
        return iter(self.splits)

    def __repr__(self):
        return "Splits()"


class Raising:
    def split(self, X, y=None, groups=None):
        raise ValueError("No such split.")


FIRST, LAST = np.arange(40), np.arange(40, N_TRAINING)
BAD_SPLITTERS = {
    "overlap": Splits((FIRST, np.arange(39, N_TRAINING))),
    "the same rows": Splits((FIRST, FIRST)),
    "no training rows": Splits(([], LAST)),
    "no validation rows": Splits((FIRST, [])),
    "validation out of range": Splits((FIRST, [N_TRAINING])),
    "training out of range": Splits(([0, 1, 2, N_TRAINING], LAST)),
    "a negative number of a training row": Splits((np.arange(N_TRAINING), [-1, -2])),
    "negative out of range": Splits((FIRST, [-N_TRAINING - 1, 50])),
    "raises": Raising(),
    "not pairs": Splits((FIRST, LAST, LAST)),
    "no splits": Splits(),
    "not numbers of rows": Splits((["a"], ["b"])),
    "groups needed": GroupKFold(3),
    "too many folds": TimeSeriesSplit(N_TRAINING),
    "a class": GroupShuffleSplit,
    "a name": "GroupShuffleSplit",
}


@in_one_test(
    pytest.mark.parametrize("splitter", BAD_SPLITTERS.values(), ids=BAD_SPLITTERS)
)
def test_bad_splitters_are_refused(splitter):
    params = {"early_stopping": True, "validation_fraction": splitter}
    for task, is_fitted in (("multiclass", False), ("regression", True)):
        model, rows = prepared(task, is_fitted, **params)
        args = rows.X, rows.y
        assert_refused(model, args, {}, ValueError, "validation_fraction must be")


def test_one_validation_row_is_too_few_for_r2(is_fitted):
    model, rows = prepared("regression", is_fitted)
    model.set_params(early_stopping=True)
    args = rows.X, rows.y
    one = {"X_val": rows.X_val[:1], "y_val": rows.y_val[:1]}
    assert_refused(model, args, one, ValueError, "X_val must")
    model.set_params(validation_fraction=Splits((FIRST, [50])))
    assert_refused(model, args, {}, ValueError, "validation_fraction must")


def test_groups_of_another_length_are_refused(is_fitted):
    params = {"early_stopping": True, "validation_fraction": GroupShuffleSplit(1)}
    model, rows = prepared("multiclass", is_fitted, **params)
    more = {"groups": GROUPS[:10]}
    assert_refused(model, (rows.X, rows.y), more, ValueError, "must be", "10")


def test_a_splitter_may_not_leave_either_part_without_weight(is_fitted):
    weight = np.where(np.arange(N_TRAINING) < 40, 1.0, 0.0)
    for rows_held in (LAST, FIRST):
        rest = np.setdiff1d(np.arange(N_TRAINING), rows_held)
        splitter = Splits((rest, rows_held))
        model, rows = prepared("multiclass", is_fitted, early_stopping=True)
        model.set_params(validation_fraction=splitter)
        more = {"sample_weight": weight}
        assert_refused(
            model, (rows.X, rows.y), more, ValueError, "sample_weight must have"
        )


def nan_in(values):
    values = np.array(values, float)
    values.flat[0] = np.nan
    return values


# The parameter that the error names, and the change to the arguments of fit
BAD_ROWS = {
    "columns": ("X_val", lambda r: {"X_val": r.X_val[:, :3]}),
    "one column": ("X_val", lambda r: {"X_val": r.X_val[:, 0]}),
    "NaN": ("X_val", lambda r: {"X_val": nan_in(r.X_val)}),
    "words": ("X_val", lambda r: {"X_val": np.full(r.X_val.shape, "a")}),
    "no rows": ("X_val", lambda r: {"X_val": r.X_val[:0]}),
    "complex": ("X_val", lambda r: {"X_val": r.X_val + 1j}),
    "no X_val": ("X_val", lambda r: {"X_val": None}),
    "weights alone": (
        "X_val",
        lambda r: {"X_val": None, "y_val": None, "sample_weight_val": 1.0},
    ),
    "no y_val": ("y_val", lambda r: {"y_val": None}),
    "short y_val": ("y_val", lambda r: {"y_val": r.y_val[:-1]}),
    "y_val of y": ("y_val", lambda r: {"y_val": r.y}),
    "two columns": ("y_val", lambda r: {"y_val": np.c_[r.y_val, r.y_val]}),
    "weights 0": ("sample_weight_val", lambda r: weights_val(np.zeros(30))),
    "NaN weights": ("sample_weight_val", lambda r: weights_val(nan_in(np.ones(30)))),
    "negative weights": (
        "sample_weight_val",
        lambda r: weights_val(np.linspace(-1, 5, 30)),
    ),
    "short weights": ("sample_weight_val", lambda r: weights_val(np.ones(29))),
    "weights of two columns": (
        "sample_weight_val",
        lambda r: weights_val(np.ones((30, 2))),
    ),
}


def weights_val(weight):
    return {"sample_weight_val": weight}


STATES = [
    ("multiclass", False, {}),
    ("regression", True, {"early_stopping": True}),
    ("multiclass", True, {"early_stopping": True, "scoring": "loss"}),
    ("regression", False, {}),
]


@in_one_test(
    pytest.mark.parametrize(("name", "change"), BAD_ROWS.values(), ids=BAD_ROWS)
)
def test_bad_validation_rows_are_refused(name, change):
    for task, is_fitted, params in STATES:
        model, rows = prepared(task, is_fitted, **params)
        more = rows.validation | change(rows)
        args = rows.X, rows.y
        assert_refused(model, args, more, ValueError, f": {name} must be")


BAD_LABELS = {
    "an unknown class": ("multiclass", lambda y: np.where(y == "a", "z", y)),
    "numbers": ("multiclass", lambda y: np.arange(len(y)) % 3),
    "mixed": ("multiclass", lambda y: ["a", 1] * (len(y) // 2)),
    "other shares": ("soft labels", lambda y: np.c_[y[:, 0], 1 - y[:, 0]]),
    "no shares": ("soft labels", lambda y: 2 * y),
    "labels for an indicator matrix": ("multilabel", lambda y: y[:, 0]),
    "too few labels": ("multilabel", lambda y: y[:, :2]),
    "too few columns": ("class columns", lambda y: y[:, 0]),
    "an unknown class of a column": ("class columns", lambda y: y + np.array([50, 0])),
    "NaN": ("regression", nan_in),
    "NaN of several": ("multi-output", nan_in),
    "one output": ("multi-output", lambda y: y[:, 0]),
    "three outputs": ("multi-output", lambda y: np.c_[y, y[:, 0]]),
}


@in_one_test(
    pytest.mark.parametrize(("task", "change"), BAD_LABELS.values(), ids=BAD_LABELS)
)
def test_bad_validation_targets_are_refused(task, change):
    for is_fitted in (False, True):
        model, rows = prepared(task, is_fitted)
        more = rows.validation | {"y_val": change(rows.y_val)}
        error = (ValueError, TypeError)
        assert_refused(model, (rows.X, rows.y), more, error, ": y_val must be")


def test_targets_outside_a_losss_domain_are_refused(is_fitted):
    model, rows = prepared("regression", is_fitted)
    model.set_params(loss="poisson")
    more = rows.validation
    args = rows.X, np.abs(rows.y)
    assert_refused(model, args, more, ValueError, "y_val must be")


@each_kind_new_or_fitted
def test_other_feature_names_are_refused(task, is_fitted):
    model, _ = prepared(task, False)
    rows = Rows(task, "frame")
    if is_fitted:
        model.fit(rows.X, rows.y)
    more = rows.validation | {"X_val": rows.X_val.rename(columns={"a": "x"})}
    words = ("feature names should match", "X_val must be")
    assert_refused(model, (rows.X, rows.y), more, ValueError, *words)


@each_kind_new_or_fitted
def test_groups_are_refused_where_no_rows_are_split_off(task, is_fitted):
    params = {"early_stopping": True, "validation_fraction": GroupShuffleSplit(1)}
    model, rows = prepared(task, is_fitted, **params)
    groups = {"groups": GROUPS[:N_TRAINING]}
    args = rows.X, rows.y
    more = groups | rows.validation
    assert_refused(model, args, more, ValueError, "groups must be None")
    model.set_params(solver="lbfgs")  # which does not stop early by default
    assert_refused(model, args, groups, ValueError, "groups must be None")


# Metadata routing


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


ROUTED = {"X_val": True, "y_val": True, "sample_weight_val": True}
STOPPING = {
    "default": {"early_stopping": True},
    "scorer": {"early_stopping": True, "scoring": "neg_root_mean_squared_error"},
    "lbfgs": {"early_stopping": True, "solver": "lbfgs"},
    "records": {},
}


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("params", STOPPING.values(), ids=STOPPING)
@each_kind
def test_a_pipeline_scales_the_validation_rows_like_X(task, params):
    rows = Rows(task, weighted=True)
    if task == "multiclass" and "scoring" in params:
        params = params | {"scoring": "neg_log_loss"}
    X, X_val = 5 + 3 * rows.X, 5 + 3 * rows.X_val
    mlp = make(task, max_iter=10, n_iter_no_change=3, **params)
    mlp.set_fit_request(sample_weight=True, **ROUTED)
    scaler = StandardScaler().set_fit_request(sample_weight=True)
    steps = [("scale", scaler), ("mlp", mlp)]
    pipeline = Pipeline(steps, transform_input=["X_val"])
    validation = rows.validation | {"X_val": X_val}
    pipeline.fit(X, rows.y, **rows.weights, **validation)
    scaler = StandardScaler().fit(X, **rows.weights)
    validation["X_val"] = scaler.transform(X_val)
    expected = clone(mlp).fit(scaler.transform(X), rows.y, **rows.weights, **validation)
    assert_same_fit(pipeline[-1], expected)


@pytest.mark.usefixtures("routing")
@each_kind
def test_a_grid_search_passes_groups_and_weights_on(task):
    rows, spy = Rows(task), Spy(GroupShuffleSplit(1, random_state=0))
    mlp = make(task, early_stopping=True, validation_fraction=spy)
    mlp.set_fit_request(groups=True, sample_weight=True)
    mlp.set_score_request(sample_weight=False)
    grid = GridSearchCV(mlp, {"alpha": [1e-4, 10.0]}, cv=GroupKFold(3))
    more = {"groups": GROUPS, "sample_weight": WEIGHT_ALL}
    grid.fit(rows.X_all, rows.y_all, **more)
    best = clone(mlp).set_params(**grid.best_params_)
    assert_same_fit(grid.best_estimator_, best.fit(rows.X_all, rows.y_all, **more))
    splits = GroupKFold(3).split(rows.X_all, rows.y_all, GROUPS)
    for fold, (train, test) in enumerate(splits):
        model = clone(mlp).set_params(alpha=1e-4)
        parts = {name: values[train] for name, values in more.items()}
        model.fit(rows.X_all[train], rows.y_all[train], **parts)
        score = model.score(rows.X_all[test], rows.y_all[test])
        assert grid.cv_results_[f"split{fold}_test_score"][0] == score
        ((training, validation),) = model.validation_fraction.splits
        groups = parts["groups"]
        assert not np.intersect1d(groups[training], groups[validation]).size


@pytest.mark.usefixtures("routing")
def test_what_was_not_asked_for_is_not_passed_on():
    rows = Rows("multiclass")
    pipeline = Pipeline([("scale", StandardScaler()), ("mlp", make("multiclass"))])
    with pytest.raises(ValueError, match="X_val"):
        pipeline.fit(rows.X, rows.y, X_val=rows.X_val, y_val=rows.y_val)
