"""Several members instead of one network, their mean, and the folds they hold out."""

import copy
import pickle
from functools import partial
from itertools import product

import numpy as np
import pytest
from joblib import Parallel, parallel_config
from scipy import sparse
from scipy.special import expit, log_expit, log_softmax, logsumexp, softmax
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)
from sklearn.utils.validation import check_is_fitted

from skmlp import MLPRegressor
from skmlp.estimators.targets.class_columns import ClassColumns
from skmlp.estimators.targets.classes import Binary, Multiclass, Multilabel
from skmlp.estimators.targets.numbers import Numbers
from skmlp.losses import (
    LOSSES,
    Heads,
    MultinomialLogLoss,
    PoissonDeviance,
)

from ...conftest import (
    CODES,
    GROUPS,
    N_ROWS,
    NUMBERS,
    WEIGHT,
    Optional,
    X,
    assert_same_bits,
    classes_first,
    covering,
    digest,
    parameters,
)
from .small_ensembles import (
    CLASSES,
    EACH_KIND,
    FOLDED,
    FOLDS,
    HOLDING_OUT,
    N_MEMBERS,
    ONE_LABEL,
    ROWS,
    TASKS,
    Squared,
    assert_out_of_fold,
    assert_same_outputs,
    each_kind,
    fit,
    held_out,
    make,
    predicted,
)

pd = Optional("pandas")

# a few epochs are enough here, whatever they lead to
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")


def exact_logarithms(task, model):
    """Those of probabilities however small, from the raw outputs of one network."""
    if task in ("labels", "focal labels"):
        return log_expit(model._raw(X))
    if task == "one class":
        return np.zeros((N_ROWS, 1))
    raw = model.decision_function(X)
    parts = raw if isinstance(raw, list) else [raw]
    parts = [np.c_[-r, r] / 2 if r.ndim == 1 else r for r in parts]
    return np.hstack([log_softmax(r, axis=1) for r in parts])


def log_probabilities(model, X=X):
    log_proba = model.predict_log_proba(X)
    return np.hstack(log_proba) if isinstance(log_proba, list) else log_proba


def far_out(model, factor=1e3):
    """The model with raw outputs that many times as large."""
    model = copy.deepcopy(model)
    for member in model.members_:
        member.coefs_[-1] = factor * member.coefs_[-1]
        member.intercepts_[-1] = factor * member.intercepts_[-1]
    return model


# The mean


def test_the_prediction_is_the_mean_of_the_members_predictions():
    for task in TASKS:
        model = fit(task)
        assert len(model.members_) == N_MEMBERS, task
        mean = np.mean([predicted(member) for member in model.members_], axis=0)
        np.testing.assert_allclose(predicted(model), mean, rtol=1e-12, err_msg=task)


def test_members_of_several_levels_have_them_in_different_orders():
    # without which the mean of sorted outputs would be that of outputs
    members = fit("levels").members_
    orders = {tuple(np.argsort(member._raw(X[:1])[0])) for member in members}
    assert len(orders) > 1


def test_logarithms_of_probabilities_are_those_of_the_mean():
    # no probability is below the smallest normal number
    least = np.log(np.finfo(np.float64).tiny)
    for task in CLASSES:
        near = fit(task)
        for model in (near, far_out(near)):
            logs = np.stack(
                [exact_logarithms(task, member) for member in model.members_]
            )
            mean = logsumexp(logs, axis=0) - np.log(N_MEMBERS)
            # differences of about 1e4 between raw outputs are rounded at 1e-12
            np.testing.assert_allclose(
                log_probabilities(model),
                np.maximum(mean, least),
                rtol=1e-10,
                atol=1e-11,
                err_msg=task,
            )


def from_raw(task, raw):
    """Probabilities of what decision_function gives."""
    if task in ("labels", "focal labels"):
        return expit(raw)
    return softmax(np.c_[-raw, raw] / 2 if raw.ndim == 1 else raw, axis=1)


def assert_agree(task, model):
    proba, raw, labels = (
        method(X) if isinstance(method(X), list) else [method(X)]
        for method in (model.predict_proba, model.decision_function, model.predict)
    )
    for p, r in zip(proba, raw, strict=True):
        # a difference of 1e4 between raw outputs is known to 1e-12
        np.testing.assert_allclose(
            p, from_raw(task, r), rtol=1e-10, atol=1e-300, err_msg=task
        )
    assert np.isfinite(np.hstack([r.reshape(N_ROWS, -1) for r in raw])).all(), task
    if task in ("labels", "focal labels"):
        np.testing.assert_array_equal(labels[0], proba[0] > 0.5, err_msg=task)
    else:
        columns = labels[0].reshape(N_ROWS, -1).T
        classes = model.classes_ if task == "columns" else [model.classes_]
        for column, p, names in zip(columns, proba, classes, strict=True):
            # of equal probabilities, as of members that all differ, any may be taken
            chosen = p[ROWS, np.searchsorted(names, column)]
            np.testing.assert_allclose(chosen, p.max(axis=1), rtol=1e-12, err_msg=task)


def test_classes_raw_outputs_and_probabilities_agree():
    for task in [task for task in CLASSES if task != "one class"]:
        near = fit(task)
        for model in (near, far_out(near)):
            assert_agree(task, model)


LINKS = {
    name: loss()
    for name, loss in LOSSES.items()
    if loss().out_activation in ("softmax", "logistic")
} | {"heads": Heads([MultinomialLogLoss(), MultinomialLogLoss()], [3, 2])}


def mean_raw(loss, raws, counted=None):
    """The mean of members' raw outputs, of a task with such a loss."""
    labels = np.arange(raws.shape[-1])
    if isinstance(loss, Heads):
        task = ClassColumns([labels[:size] for size in loss.sizes])
    elif loss.out_activation == "softmax":
        task = Multiclass(labels)
    else:
        task = Multilabel(labels)
    return task.mean_output(raws, counted)


def inverse_links(loss, raws):
    return np.stack([loss.inverse_link(raw) for raw in raws])


def draw(*size):
    return np.random.default_rng(1).normal(size=size)


ROUNDING = {"float32": 2e-3, "float64": 1e-11}


def test_mean_raw_outputs_give_the_mean_probability():
    for case in product(LINKS, ROUNDING, (0.0, 1.0, 30.0, 1e3)):
        name, dtype, scale = case
        loss, raws = LINKS[name], (scale * draw(4, 20, 5)).astype(dtype)
        mean = mean_raw(loss, raws)
        assert mean.dtype == dtype and np.isfinite(mean).all(), case
        np.testing.assert_allclose(
            loss.inverse_link(mean),
            inverse_links(loss, raws).mean(axis=0),
            rtol=ROUNDING[dtype],
            atol=1e-30,
            err_msg=str(case),
        )


def test_mean_raw_outputs_of_like_members_are_theirs():
    for name, loss in LINKS.items():
        raws = np.stack([draw(10, 5)] * 3)
        found = loss.inverse_link(mean_raw(loss, raws))
        np.testing.assert_allclose(
            found, loss.inverse_link(raws[0]), rtol=1e-14, err_msg=name
        )


def test_a_mean_over_some_members_is_the_mean_of_these_alone():
    raws = draw(3, 4, 5)
    counted = np.array([[1, 1, 0, 1], [0, 1, 1, 1], [0, 0, 0, 1]], bool)
    means = {name: partial(mean_raw, loss) for name, loss in LINKS.items()}
    for name, mean_of in (means | {"numbers": Numbers().mean_output}).items():
        mean = mean_of(raws, counted)
        for row, members in enumerate(counted.T):
            wanted = mean_of(raws[members][:, [row]])
            np.testing.assert_allclose(mean[[row]], wanted, rtol=1e-12, err_msg=name)


def test_a_weight_of_2_is_that_member_twice():
    raws, twice = draw(3, 4, 5), [0, 0, 1, 2]
    means = {name: partial(mean_raw, loss) for name, loss in LINKS.items()}
    for name, mean_of in (means | {"numbers": Numbers().mean_output}).items():
        expected = mean_of(raws[twice])
        for weights in (np.array([2, 1, 1]), np.array([0.5, 0.25, 0.25])):
            found = mean_of(raws, weights)
            np.testing.assert_allclose(found, expected, rtol=1e-12, err_msg=name)
            each_row = np.repeat(weights[:, np.newaxis], 4, axis=1)
            np.testing.assert_array_equal(mean_of(raws, each_row), found)
        assert mean_of(raws.astype("float32"), weights).dtype == "float32"


def test_a_member_of_weight_0_may_predict_anything():
    for value in (np.inf, -np.inf, np.nan):
        outputs = np.stack([draw(4, 2), np.full((4, 2), value)])
        mean = Numbers().mean_output(outputs, np.array([1.0, 0.0]))
        np.testing.assert_array_equal(mean, outputs[0])


@pytest.mark.parametrize("loss", [Squared(), PoissonDeviance()])
def test_means_are_those_of_predictions_whatever_the_inverse_link(loss):
    model = make("counts", loss=loss).fit(X, NUMBERS**2)
    mean = np.mean([member.predict(X) for member in model.members_], axis=0)
    np.testing.assert_allclose(model.predict(X), mean, rtol=1e-12)


# The members


FORMS = {
    "dense": lambda X: X,
    "float32": lambda X: X.astype(np.float32),
    "sparse": lambda X: sparse.csr_array(np.where(np.abs(X) < 0.5, 0, X)),
    "frame": lambda X: pd.DataFrame(X, columns=list("abcd")),
}
OTHERS = {
    "plain": {},
    "lbfgs": {"solver": "lbfgs", "learning_rate": "constant", "tol": 1.0},
    "early stopping": HOLDING_OUT,
    "refit": {**HOLDING_OUT, "refit": True},
    "by groups": {**HOLDING_OUT, "validation_fraction": ShuffleSplit(random_state=0)},
    "dropout": {"dropout": 0.3},
    "embedded": {"numeric_embedding": "pbld"},
}


def alone(task, member, **params):
    return make(task, n_members=1, random_state=member.random_state, **params)


@pytest.mark.parametrize("params", OTHERS.values(), ids=OTHERS)
def test_a_member_is_a_fit_of_its_own_seed(params):
    for task in EACH_KIND:
        model = fit(task, **params)
        for member in model.members_:
            single = alone(task, member, **params).fit(X, TASKS[task][0])
            np.testing.assert_array_equal(parameters(member), parameters(single))
            assert type(member) is type(model) and member.n_members == 1


def assert_member_is_that_fit(task, rows, **params):
    model = fit(task, rows, WEIGHT, **params)
    member = model.members_[-1]
    single = alone(task, member, **params).fit(rows, TASKS[task][0], WEIGHT)
    found, expected = parameters(member), parameters(single)
    np.testing.assert_array_equal(found, expected, err_msg=task)
    assert found.dtype == predicted(model, rows).dtype, task
    return member


def test_a_member_is_that_fit_with_every_kind_of_target_and_weights():
    for task in TASKS:
        for params in ({}, HOLDING_OUT):
            assert_member_is_that_fit(task, X, **params)


@covering(form=list(FORMS), params={"plain": {}, "held out": HOLDING_OUT})
def test_a_member_is_that_fit_in_every_form_of_X(form, params):
    for task in EACH_KIND:
        member = assert_member_is_that_fit(task, FORMS[form](X), **params)
        dtype = "float32" if form == "float32" else "float64"
        assert parameters(member).dtype == dtype


@pytest.mark.parametrize("weight", ["balanced", {"a": 3.0, "b": 0.5, "c": 1.0}])
def test_a_member_weighs_classes(weight):
    model = fit("words", class_weight=weight)
    single = alone("words", model.members_[0], class_weight=weight)
    single.fit(X, TASKS["words"][0])
    assert_same_outputs(model.members_[0], single)


def test_validation_rows_of_ones_own_are_for_all_members():
    frame = FORMS["frame"](X)
    validation = {"X_val": frame[60:], "y_val": NUMBERS[60:]}
    params = {"early_stopping": True, "scoring": "loss"}
    model = make("numbers", **params).fit(frame[:60], NUMBERS[:60], **validation)
    for member in model.members_:
        single = alone("numbers", member, **params)
        single.fit(frame[:60], NUMBERS[:60], **validation)
        np.testing.assert_array_equal(parameters(member), parameters(single))
    np.testing.assert_array_equal(model.feature_names_in_, list("abcd"))


def test_members_differ():
    for task in TASKS:
        learned = {parameters(member).tobytes() for member in fit(task).members_}
        assert len(learned) == N_MEMBERS, task


@each_kind
def test_names_of_X_are_those_of_the_estimator(task):
    frame = FORMS["frame"](X)
    model = fit(task, frame)
    np.testing.assert_array_equal(predicted(model, frame), predicted(fit(task)))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[list("bacd")])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)


# Reproducibility


@pytest.fixture
def side_by_side(monkeypatch):
    """Members train at the same time, which they else do for much work only."""
    monkeypatch.setattr("skmlp.estimators.ensemble.members.WORTH_PROCESSES", 0)


@pytest.fixture
def in_threads(side_by_side):
    """In threads of this process, which start sooner than processes."""
    with parallel_config("threading"):
        yield


@pytest.mark.parametrize("task", FOLDED)
def test_the_model_does_not_depend_on_how_many_train_at_once(task, in_threads):
    for params in ({}, FOLDS):
        expected = fit(task, **params)
        for n_jobs in (1, 2, -1):
            model = fit(task, n_jobs=n_jobs, **params)
            assert_same_outputs(model, expected)
            assert model.loss_ == expected.loss_
            assert model.n_updates_ == expected.n_updates_


def test_n_jobs_changes_nothing_of_a_fit_of_little_work(monkeypatch):
    monkeypatch.setattr("skmlp.estimators.ensemble.progress.Parallel", only_one)
    assert_same_outputs(fit("numbers", n_jobs=-1), fit("numbers"))


def only_one(n_jobs, **how):
    assert n_jobs == 1
    return Parallel(n_jobs, **how)


@pytest.mark.parametrize(
    ("task", "params"), [("words", {}), ("numbers", FOLDS)], ids=["seeds", "folds"]
)
def test_nor_on_whether_they_train_in_processes_of_their_own(
    task, params, side_by_side
):
    assert_same_outputs(fit(task, n_jobs=2, **params), fit(task, **params))


def pickled(model):
    return pickle.loads(pickle.dumps(model))


@covering(
    twin=[pickled, copy.deepcopy, copy.copy],
    params={"seeds": {}, "folds": FOLDS},
    task=EACH_KIND,
)
def test_copies_are_the_same_model(task, params, twin):
    model = fit(task, **params)
    assert_same_outputs(twin(model), model)
    assert vars(twin(model)).keys() == vars(model).keys()


def test_a_pickle_is_as_large_as_those_of_the_members():
    params = {"hidden_layer_sizes": (200, 50), "max_iter": 1}
    single = len(pickle.dumps(fit("numbers", n_members=1, **params)))
    model = fit("numbers", **params)
    assert len(pickle.dumps(model)) < 1.1 * N_MEMBERS * single
    # without what a solver would go on with, which is larger than the model
    assert all(member._state.memory is None for member in model.members_)


@pytest.mark.parametrize("params", [{}, FOLDS], ids=["seeds", "folds"])
@each_kind
def test_the_same_seed_gives_the_same_bits_and_another_another_model(task, params):
    model = fit(task, **params)
    assert_same_outputs(clone(model).fit(X, TASKS[task][0]), model)
    other = fit(task, **params | {"random_state": 1})
    assert not np.array_equal(predicted(other), predicted(model))


def test_a_random_state_is_drawn_from():
    stream = np.random.RandomState(0)
    first, second = (fit("numbers", random_state=stream) for _ in range(2))
    assert_same_outputs(first, fit("numbers"))
    assert not np.array_equal(first.predict(X), second.predict(X))


# Folds


def assert_each_once(folds):
    assert len(folds) == N_MEMBERS
    np.testing.assert_array_equal(np.sort(np.concatenate(folds)), np.arange(N_ROWS))


def test_with_seeds_each_member_holds_out_rows_of_its_own():
    _, rows = held_out("numbers", **HOLDING_OUT)
    assert len(rows) == N_MEMBERS
    assert {len(own) for own in rows} == {N_ROWS // 5}


def test_folds_hold_out_each_row_once_and_are_of_one_size():
    for task in FOLDED:
        _, folds = held_out(task, **FOLDS)
        assert_each_once(folds)
        assert np.ptp([len(fold) for fold in folds]) <= 1, task


@each_kind
def test_folds_are_drawn(task):
    folds, same, others = (
        held_out(task, **FOLDS | {"random_state": seed})[1] for seed in (0, 0, 1)
    )
    assert folds == same and folds != others


@pytest.mark.parametrize("task", ONE_LABEL)
def test_folds_have_like_shares_of_the_classes(task):
    y = TASKS[task][0]
    for n_members in (2, 4, 7):
        _, folds = held_out(task, **FOLDS | {"n_members": n_members})
        for label in np.unique(y):
            counts = [np.sum(y[fold] == label) for fold in folds]
            assert np.ptp(counts) <= 1, n_members
        assert np.ptp([len(fold) for fold in folds]) <= 1


def test_folds_do_for_classes_of_a_single_row():
    y = np.repeat([0, 1, 2], [1, 2, N_ROWS - 3])
    model = make("words", **FOLDS).fit(X, y)
    assert model.predict_proba(X).shape == (N_ROWS, 3)


@each_kind
def test_groups_stay_whole(task):
    model, folds = held_out(task, GROUPS, **FOLDS)
    assert_each_once(folds)
    groups = [set(GROUPS[fold]) for fold in folds]
    assert sum(map(len, groups)) == len(set(GROUPS))
    assert_out_of_fold(model, folds)


SPLITTERS = {
    "KFold": KFold(N_MEMBERS),
    "StratifiedKFold": StratifiedKFold(N_MEMBERS),
    "PredefinedSplit": PredefinedSplit(np.arange(N_ROWS) % N_MEMBERS),
    "PredefinedSplit, some never": PredefinedSplit(np.arange(N_ROWS) % 4 - 1),
    "KFold, shuffled": KFold(N_MEMBERS, shuffle=True, random_state=1),
    "GroupKFold": GroupKFold(N_MEMBERS),
    "TimeSeriesSplit": TimeSeriesSplit(N_MEMBERS, gap=5),
}


@pytest.mark.parametrize("splitter", SPLITTERS.values(), ids=SPLITTERS)
def test_folds_are_those_of_a_splitter(splitter):
    task = "words"
    groups = GROUPS if isinstance(splitter, GroupKFold) else None
    params = FOLDS | {"validation_fraction": splitter, "batch_size": 10}
    model, folds = held_out(task, groups, **params)
    splits = list(splitter.split(X, TASKS[task][0], groups))
    for fold, (_, validation) in zip(folds, splits, strict=True):
        np.testing.assert_array_equal(fold, np.sort(validation))
    assert_out_of_fold(model, folds)
    for member, (training, _) in zip(model.members_, splits, strict=True):
        assert member.t_ == len(training) * member.n_iter_


class Watchful:
    """A splitter that looks at y."""

    def __init__(self, y):
        self.y = y

    def split(self, X, y, groups=None):
        np.testing.assert_array_equal(y, self.y)
        return KFold(N_MEMBERS).split(X)


def test_a_splitter_sees_y_as_it_was_given():
    for task in [task for task in FOLDED if task != "soft"]:
        y = TASKS[task][0]
        model = fit(task, **FOLDS | {"validation_fraction": Watchful(y)})
        assert len(model.members_) == N_MEMBERS, task


class Splits:
    """A splitter that gives what it is told to."""

    def __init__(self, *splits):
        self.splits = splits

    def split(self, X, y=None, groups=None):
        return self.splits

    def __repr__(self):
        return "Splits()"


GOOD = [(ROWS[:60], ROWS[60:])] * 2
NO_SPLITS = {
    "too few splits": (KFold(2), "yields 2 splits, not 3"),
    "too many splits": (KFold(4), "yields 4 splits, not 3"),
    "rows in both parts": (Splits(*GOOD, (ROWS[:60], ROWS[50:])), "both training and"),
    "three parts": (Splits(*GOOD, np.split(ROWS, 3)), "too many values to unpack"),
    "no validation rows": (Splits(*GOOD, (ROWS[:60], ROWS[:0])), "rows are empty"),
    "no training rows": (Splits(*GOOD, (ROWS[:0], ROWS[60:])), "rows are empty"),
    "rows that are not there": (Splits(*GOOD, (ROWS, [N_ROWS])), "indices outside"),
    "masks": (Splits(*GOOD, (ROWS < 60, ROWS >= 60)), "not yield row indices"),
    "an error of its own": (KFold(100), "number of splits n_splits=100"),
}


def test_splits_that_are_none_are_refused():
    must = "validation_fraction must be a splitter with n_members splits"
    for (splitter, message), task in product(NO_SPLITS.values(), EACH_KIND):
        model = make(task, **FOLDS | {"validation_fraction": splitter})
        said = f"(?s){message}.*{type(model).__name__}: {must}"
        with pytest.raises(ValueError, match=said):
            model.fit(X, TASKS[task][0])


def test_more_folds_than_rows_or_groups_are_refused():
    model = make("numbers", **FOLDS | {"n_members": 4})
    with pytest.raises(
        ValueError, match=r"n_members must be at most n_samples=3 .* got 4"
    ):
        model.fit(X[:3], NUMBERS[:3])
    with pytest.raises(ValueError, match=r"(?s)groups must be labels of 4 groups or"):
        model.fit(X, NUMBERS, groups=ROWS % 3)
    with pytest.raises(ValueError, match=r"(?s)groups must be an array of 90 group"):
        model.fit(X, NUMBERS, groups=ROWS[1:])
    assert not hasattr(model, "members_")


# States


def break_off(model, error, **params):
    """Fit the model again, of which the third member fails, or is interrupted first."""
    folds, n_spared = set(), 0 if error is KeyboardInterrupt else 2

    def score(estimator, rows, y):
        folds.add(rows.tobytes())
        if len(folds) > n_spared:
            raise error
        return 0.0

    model.set_params(**FOLDS | {"scoring": score} | params)
    with pytest.raises(error):
        model.fit(X, NUMBERS)
    assert len(folds) > n_spared


FAILURES = {
    "an error": (RuntimeError, {}),
    "an error, in threads": (RuntimeError, {"n_jobs": 2}),
    "an interrupt": (KeyboardInterrupt, {}),
}


@pytest.mark.parametrize("error, params", FAILURES.values(), ids=FAILURES)
def test_where_a_member_fails_the_estimator_is_what_it_was(error, params, in_threads):
    for n_before in (None, 1, 2):
        model = make("numbers")
        if n_before is not None:
            model.set_params(n_members=n_before).fit(X, NUMBERS)
        fitted = {name for name in vars(model) if name.endswith("_")}
        before = {name: vars(model)[name] for name in fitted}
        break_off(model, error, n_members=3, **params)
        assert {name for name in vars(model) if name.endswith("_")} == fitted
        assert all(vars(model)[name] is value for name, value in before.items())


def test_where_a_member_diverges_the_estimator_is_not_fitted():
    model = fit("numbers")
    model.set_params(learning_rate_init=1e6, solver="sgd", max_iter=50)
    with pytest.raises(ValueError, match="MLPRegressor: the loss stopped being finite"):
        model.fit(X, NUMBERS)
    with pytest.raises(NotFittedError):
        check_is_fitted(model)


def test_of_early_stopping_the_best_epoch_before_divergence_is_kept():
    params = HOLDING_OUT | {"learning_rate_init": 1e6, "solver": "sgd", "max_iter": 50}
    with pytest.warns(ConvergenceWarning, match="The weights are the") as warned:
        model = fit("numbers", **params)
    assert len(warned) == 1  # not one for each member
    assert np.isfinite(model.predict(X)).all()


def test_the_worst_end_of_a_training_is_told():
    seen = []

    def score(estimator, rows, y):
        """Never better for the first member, always for the others."""
        seen.append(rows.tobytes())
        return 0.0 if seen[-1] == seen[0] else float(len(seen))

    params = {"learning_rate": "constant", "scoring": score, "n_iter_no_change": 1}
    with pytest.warns(ConvergenceWarning, match="hasn't converged yet") as warned:
        model = fit("numbers", **FOLDS | params)
    assert len(warned) == 1
    first, *others = [member.n_iter_ for member in model.members_]
    assert first < model.max_iter and set(others) == {model.max_iter}
    assert model.n_iter_ == model.max_iter
    assert model.stop_reason_.startswith("First of 3 members: Validation score did")


def visible(model):
    return {name for name in vars(model) if name not in model.get_params()}


AFTER = {"seeds": {}, "folds": FOLDS}


@pytest.mark.parametrize("params", AFTER.values(), ids=AFTER)
@each_kind
def test_nothing_is_left_of_members_in_a_later_fit_of_one_network(task, params):
    y, alone = TASKS[task][0], {**params, "n_members": 1, "ensemble": "seeds"}
    model = fit(task, **params).set_params(**alone).fit(X, y)
    expected = fit(task, **alone)
    assert_same_outputs(model, expected)
    assert visible(model) == visible(expected)


@pytest.mark.parametrize("params", AFTER.values(), ids=AFTER)
@each_kind
def test_nothing_is_left_of_one_network_in_a_later_fit_of_members(task, params):
    model = fit(task, n_members=1).set_params(n_members=N_MEMBERS, **params)
    expected = fit(task, **params)
    assert_same_outputs(model.fit(X, TASKS[task][0]), expected)
    assert visible(model) == visible(expected)


def first_call(task):
    """What the first partial_fit needs besides X and y."""
    y = TASKS[task][0]
    return classes_first(type(make(task)), y)


@each_kind
def test_partial_fit_trains_each_member_as_it_would_be_alone(task):
    y, settings = TASKS[task][0], {"dropout": 0.2, "solver": "adamw"}
    model = make(task, **settings)
    model.partial_fit(X, y, **first_call(task))
    alone = [copy.deepcopy(member) for member in model.members_]
    assert len({member.random_state for member in alone}) == N_MEMBERS
    model = pickle.loads(pickle.dumps(model)).set_params(learning_rate_init=0.02)
    before = [(member, digest(member)) for member in model.members_]
    model.partial_fit(X[:50], y[:50])
    for found, expected in zip(model.members_, alone, strict=True):
        expected.set_params(learning_rate_init=0.02).partial_fit(X[:50], y[:50])
        assert_same_bits(found, expected)
    assert model.n_updates_ == sum(member.n_updates_ for member in alone)
    assert all(digest(member) == was for member, was in before)


@each_kind
def test_partial_fit_of_members_measures_their_mean_on_own_rows(task):
    y = TASKS[task][0]
    model = make(task, early_stopping=True)
    for call in range(3):
        classes = first_call(task) if call == 0 else {}
        model.partial_fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:], **classes)
    for member in model.members_:
        assert len(member.validation_scores_) == 3
        assert len(member.history_["validation_loss"]) == 3


def test_a_partial_fit_of_members_that_fails_changes_none_of_them():
    model = make("numbers").partial_fit(X, NUMBERS)
    before = digest(model)
    with pytest.raises(ValueError, match="n_members must be 3 for partial_fit, as in"):
        model.set_params(n_members=2).partial_fit(X, NUMBERS)
    model.set_params(n_members=N_MEMBERS)
    with pytest.raises(ValueError, match="3 features"):
        model.partial_fit(X[:, :3], NUMBERS)
    with pytest.raises(ValueError, match="X_val must be"):
        model.partial_fit(X, NUMBERS, X_val=X * np.nan, y_val=NUMBERS)
    assert digest(model) == before


def test_partial_fit_of_members_knows_names(pandas):
    frame = pandas.DataFrame(X, columns=list("abcd"))
    model = make("words").partial_fit(frame, CODES, classes=[0, 1, 2])
    model.partial_fit(frame, CODES).predict(frame)
    assert list(model.feature_names_in_) == list("abcd")
    with pytest.raises(ValueError, match="feature names"):
        model.partial_fit(frame.rename(columns={"a": "A"}), CODES)


def test_after_members_partial_fit_begins_anew():
    model = fit("words").set_params(n_members=1)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, CODES)
    expected = make("words", n_members=1).partial_fit(X, CODES, classes=[0, 1, 2])
    assert_same_outputs(model.partial_fit(X, CODES, classes=[0, 1, 2]), expected)


# What is told of them


def test_numbers_of_the_members_are_summed_up():
    model = fit("outputs", **HOLDING_OUT | {"n_iter_no_change": 1, "max_iter": 30})
    members = model.members_
    assert model.n_iter_ == max(member.n_iter_ for member in members)
    assert model.n_updates_ == sum(member.n_updates_ for member in members)
    assert model.loss_ == pytest.approx(np.mean([m.loss_ for m in members]))
    assert (model.n_layers_, model.n_outputs_, model.n_features_in_) == (3, 2, 4)
    assert model.out_activation_ == "identity"


def test_members_share_the_time_that_is_left(side_by_side, monkeypatch):
    monkeypatch.setattr(
        "skmlp.estimators.ensemble.progress.Parallel",
        lambda n, **how: Parallel(1, **how),
    )
    rounds = {None: [3, 2, 1], 2: [2, 2, 1], 3: [1, 1, 1], 100: [1, 1, 1]}
    for n_jobs, n_left in rounds.items():
        members = fit("numbers", max_time=3600.0, n_jobs=n_jobs).members_
        # the fits themselves take far less than a minute
        expected = [3600.0 / n for n in n_left]
        found = [member.max_time for member in members]
        np.testing.assert_allclose(found, expected, rtol=1 / 60)


def test_a_column_vector_is_warned_of_once():
    with pytest.warns(UserWarning, match="A column-vector y was passed") as warned:
        make("numbers").fit(X, NUMBERS[:, np.newaxis])
    assert len(warned) == 1


def mean_loss(model, task):
    if task == "numbers":
        return np.mean((model.predict(X) - NUMBERS) ** 2)
    return -model.predict_log_proba(X)[ROWS, CODES].mean()


@each_kind
def test_the_mean_has_a_smaller_loss_than_members_have_in_the_mean(task):
    # by Jensen's inequality
    model = fit(task)
    each = [mean_loss(member, task) for member in model.members_]
    assert mean_loss(model, task) < np.mean(each)


def test_binary_links_are_the_multinomial_ones():
    raws = 5.0 * draw(4, 20, 1)
    two = np.concatenate([np.zeros_like(raws), raws], axis=2)
    np.testing.assert_allclose(
        Binary([0, 1]).mean_output(raws)[:, 0],
        np.diff(mean_raw(MultinomialLogLoss(), two), axis=1)[:, 0],
        rtol=1e-12,
        atol=1e-12,
    )


def test_members_know_categorical_columns_by_the_names_that_they_do_not_see():
    frame = pd.DataFrame(X, columns=list("abcd")).assign(c=CODES)
    params = {"n_members": 2, "n_iter_no_change": 1, "tol": 1e9, "random_state": 0}
    by_name = MLPRegressor(categorical_features=["c"], **params)
    by_number = MLPRegressor(categorical_features=[2], **params)
    by_name.fit(frame, NUMBERS)
    by_number.fit(frame.to_numpy(), NUMBERS)
    np.testing.assert_array_equal(
        by_name.predict(frame), by_number.predict(frame.to_numpy())
    )
    assert by_name.members_[0].embedding_.inputs.embedded[0].columns == [2]
