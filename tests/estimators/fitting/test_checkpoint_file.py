"""A fit with a checkpoint that was stopped and is started again is the same fit."""

import errno
import os
import pickle
import random
import subprocess
import sys
import time
import warnings
import zlib
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit

from skmlp import Checkpoint, Dropout, EarlyStopping, MLPClassifier, MLPRegressor
from skmlp.activations import LeakyReLU
from skmlp.embeddings import PiecewiseLinear
from skmlp.losses import Huber, Quantile
from skmlp.network.objective import Objective
from skmlp.schedules import Cosine, Plateau, Warmup
from skmlp.solvers import SGD, Adam, AdamW, RMSprop
from skmlp.training.checkpoint import Checkpoint as CheckpointFile

from ...conftest import assert_same_bits, classes_first, covering, digest

# a given number of epochs is enough here
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0]
LABELS = np.digitize(NUMBERS, [-1.0, 1.0])
TWO = (NUMBERS > 0).astype(int)
WORDS = np.array(["ant", "bee", "cicada"])[LABELS]
SEVERAL = np.c_[NUMBERS, -NUMBERS, X[:, 3]]
MARKS = (SEVERAL > 0).astype(int)
WEIGHTS = RNG.uniform(0.5, 2.0, 60)
SPARSE = csr_matrix(np.where(RNG.uniform(size=(60, 40)) < 0.1, 1.0, 0.0))
SIGNS = np.where(RNG.uniform(size=(100, 4)) < 0.5, 1.0, -1.0)
X_VAL = RNG.normal(size=(20, 4))
TARGETS = {MLPClassifier: LABELS, MLPRegressor: NUMBERS}
every_estimator = pytest.mark.parametrize("kind", TARGETS)


class Stop(Exception):  # noqa: N818 - no error, but an end
    """What ends a fit from outside."""


def make(kind, **params):
    defaults = {"hidden_layer_sizes": (5,), "max_iter": 10, "batch_size": 16}
    defaults |= {"random_state": 0, "n_iter_no_change": 100}
    return kind(**(defaults | params))


def assert_same_fit(found, expected):
    """To the last bit, in everything but the seconds that it took."""
    assert_same_bits(found, expected)
    assert found.history_.keys() == expected.history_.keys()
    for name in expected.history_.keys() - {"seconds"}:
        np.testing.assert_array_equal(found.history_[name], expected.history_[name])
    assert len(found.history_["seconds"]) == len(expected.history_["seconds"])
    found, expected = others(found), others(expected)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert type(found[name]) is type(value), name
        assert joblib.hash(found[name]) == joblib.hash(value), name


def others(mlp):
    """What a fit has set but for weights, history and what pickles leave out."""
    apart = {"coefs_", "intercepts_", "history_"} | mlp.get_params().keys()
    found = {name: value for name, value in vars(mlp).items() if name not in apart}
    return found | {"_state": replace(found["_state"], memory=None)}


# Every kind of fit, stopped again and again


def rises(progress):
    """A schedule at which the linear fit below diverges, and at a quarter does not."""
    return 1.0 if progress < 0.4 else 24.0


def accuracy(estimator, X, y):
    """A score of the user's own."""
    return float(np.mean(estimator.predict(X) == y))


def of(kind, y=None, X=X, fit=None, warm=False, **params):
    """A kind of fit: how it is made, on which data, and with what else."""
    y = TARGETS[kind] if y is None else y
    return kind, X, y, fit or {}, warm, params


C, R = MLPClassifier, MLPRegressor
EARLY = {"early_stopping": True, "validation_fraction": 0.25}
SGD_FAST = {"solver": "sgd", "learning_rate_init": 0.05}
OWN = {"X_val": X_VAL, "y_val": X_VAL[:, 0]}
OWN_LABELS = {"X_val": X_VAL, "y_val": np.arange(20) % 3}
SOLVERS = ("sgd", "adam", "adamw", "amsgrad", "nadam", "rmsprop", "adagrad", "lion")
SCHEDULES = ("one_cycle", "step", "warmup", "invscaling")
FITS = {
    **{f"classifier, {solver}": of(C, solver=solver) for solver in SOLVERS},
    "regressor, sgd": of(R, solver="sgd"),
    **{f"schedule {name}": of(R, **SGD_FAST, learning_rate=name) for name in SCHEDULES},
    "schedule adaptive": of(
        R,
        **SGD_FAST,
        learning_rate="adaptive",
        tol=0.1,
        n_iter_no_change=1,
        max_iter=20,
    ),
    "schedule plateau": of(
        R, learning_rate=Plateau(0.5, 0.2), tol=0.1, n_iter_no_change=1
    ),
    "schedule of one's own": of(R, learning_rate=rises),
    "schedule object": of(R, learning_rate=Warmup(Cosine(end=0.01))),
    "plain momentum": of(R, solver=SGD(0.8, nesterovs_momentum=False)),
    "momentum of rmsprop": of(R, solver=RMSprop(momentum=0.5)),
    "averaging": of(R, solver=AdamW(averaging=0.9)),
    "averaging, early stopping": of(C, solver=Adam(averaging=0.9), **EARLY),
    "clipping": of(R, solver=Adam(clip_norm=0.1)),
    "dropout": of(C, dropout=0.3),
    "all noise, two layers": of(
        R,
        hidden_layer_sizes=(6, 4),
        dropout=Dropout([0.1, 0.4], inputs=0.1, noise=0.1),
        **EARLY,
    ),
    "early stopping of a classifier": of(C, **EARLY),
    "early stopping of a regressor": of(R, **EARLY),
    "early stopping that stops": of(
        C, **EARLY, n_iter_no_change=4, learning_rate_init=0.05, max_iter=40
    ),
    "early stopping by loss": of(C, **EARLY, scoring="loss"),
    "early stopping by a scorer": of(R, **EARLY, scoring="neg_mean_absolute_error"),
    "early stopping by a function": of(C, **EARLY, scoring=accuracy),
    "early stopping unshuffled": of(R, **EARLY, shuffle=False),
    "a splitter": of(
        R, early_stopping=True, validation_fraction=ShuffleSplit(1, random_state=5)
    ),
    "groups": of(
        R,
        early_stopping=True,
        validation_fraction=GroupShuffleSplit(1, random_state=5),
        fit={"groups": np.arange(60) // 6},
    ),
    "validation rows": of(R, fit=OWN),
    "validation rows, early stopping": of(C, fit=OWN_LABELS, early_stopping=True),
    "validation rows with weights": of(
        R, fit=OWN | {"sample_weight_val": WEIGHTS[:20]}, early_stopping=True
    ),
    "lazy adam": of(C, X=SPARSE, solver=Adam(lazy=True)),
    "lazy sgd": of(R, X=SPARSE, solver=SGD(lazy=True)),
    "lazy adamw": of(R, X=SPARSE, solver=AdamW(lazy=True), hidden_layer_sizes=()),
    "lazy, early stopping": of(C, X=SPARSE, solver=Adam(lazy=True), **EARLY),
    "lazy, unshuffled": of(R, X=SPARSE, solver=Adam(lazy=True), shuffle=False),
    "lazy, recover": of(R, X=SPARSE, solver=Adam(lazy=True), recover=True),
    "unshuffled": of(R, shuffle=False),
    "float32": of(C, X=X.astype(np.float32)),
    "float32, averaging": of(R, X=X.astype(np.float32), solver=Adam(averaging=0.9)),
    "float32, lazy": of(C, X=SPARSE.astype(np.float32), solver=Adam(lazy=True)),
    "several labels": of(C, MARKS, **EARLY),
    "several outputs": of(R, SEVERAL),
    "weights": of(R, fit={"sample_weight": WEIGHTS}, **EARLY),
    "weights of classes": of(
        C, WORDS, class_weight={"ant": 2.0, "cicada": 0.5, "bee": 1.0}, **EARLY
    ),
    "scaled target": of(R, 1e6 * NUMBERS + 1e9, scale_target=True, **EARLY),
    "all scaled": of(
        R, 1e3 * SEVERAL, X=100 + 9 * X, scale_input=True, scale_target=True
    ),
    "max_norm": of(R, solver=Adam(max_norm=0.5)),
    "L1": of(R, alpha_l1=0.1, alpha=0.1),
    "warm": of(R, warm=True),
    "warm, early stopping": of(C, warm=True, **EARLY),
    "warm, scaled": of(R, 1e3 * NUMBERS, warm=True, scale_target=True),
    "recover": of(
        R,
        SIGNS @ [1.0, -2.0, 0.5, 0.0],
        X=SIGNS,
        hidden_layer_sizes=(),
        batch_size=1,
        solver=SGD(momentum=0.0),
        learning_rate_init=0.1,
        learning_rate=rises,
        recover=True,
    ),
    "patience": of(R, **SGD_FAST, tol=0.03, n_iter_no_change=1, max_iter=40),
    "relative patience": of(
        R,
        tol=0.1,
        n_iter_no_change=1,
        early_stopping=EarlyStopping("training", relative_tol=True, min_updates=30),
    ),
    "a start": of(R, hidden_layer_sizes=(), coefs_init=([np.ones((4, 1))], [[0.5]])),
    "an output bias": of(C, output_bias="optimum", initializer="he_normal"),
    "objects": of(R, loss=Huber(2.0), activation=[LeakyReLU(0.1)]),
    "quantiles": of(R, loss=Quantile([0.1, 0.5, 0.9]), **EARLY),
    "focal": of(C, TWO, loss="focal"),
    "one batch": of(R, batch_size=60),
    "a seed of numpy": of(R, random_state=np.int64(3)),
    "embedded numbers": of(C, numeric_embedding="pbld", **EARLY),
    "embedded bins, warm": of(R, numeric_embedding=PiecewiseLinear(5), warm=True),
    "categories": of(
        R, X=np.c_[X[:, :3], LABELS], categorical_features=[3], embedding_size=2
    ),
    "a learned scale": of(R, learned_scale=True, solver=Adam(averaging=0.9)),
    "a learned scale, warm": of(R, learned_scale=True, warm=True, scale_target=True),
    "alphas": of(C, activation="parametric_mish", **EARLY),
    "alphas, frozen": of(R, activation="prelu", freeze=1),
    "rates": of(
        R,
        solver=AdamW(
            weight_decay=0.5,
            parametrization="ntk",
            rate_factors={"biases": 0.1, "numeric_embedding": 2.0},
            decay_schedule="flat_cos",
        ),
        numeric_embedding="pbld",
        initializer="ntk",
    ),
    "a schedule of noise": of(C, dropout=Dropout(0.3, schedule="flat_cos")),
    "drawn by data": of(R, initializer="data_driven"),
    "the last of ties": of(
        C, early_stopping=EarlyStopping(tie_break="last"), validation_fraction=0.25
    ),
}
EVERY_3 = ("classifier, adam", "dropout", "lazy, early stopping", "recover", "patience")
EVERY_3 += ("early stopping that stops", "warm, early stopping", "schedule adaptive")
EVERY_3 += ("rates", "a schedule of noise", "the last of ties")


def start(name):
    """An estimator as it is before that fit, and what the fit is given."""
    kind, X, y, kwargs, warm, params = FITS[name]
    mlp = make(kind, **params)
    if warm:
        mlp.set_params(warm_start=True, max_iter=3).fit(X, y, **kwargs)
        mlp.set_params(max_iter=10)
    return mlp, (X, y), kwargs


@pytest.fixture(scope="module")
def uninterrupted():
    """Of each kind of fit, made when it is asked for, the one without checkpoint."""
    fits = {}

    def get(name):
        if name not in fits:
            mlp, data, kwargs = start(name)
            fits[name] = pickle.dumps(mlp), mlp.fit(*data, **kwargs), data, kwargs
        return fits[name]

    return get


def stop_after_saves(patch, n):
    """Have a fit end right after it has saved n times."""
    save, count = CheckpointFile.save, iter(range(1, n))

    def saves(self, state):
        save(self, state)
        if next(count, None) is None:
            raise Stop

    patch.setattr(CheckpointFile, "save", saves)


def stop_after_steps(patch, n, error=Stop):
    """Have a fit end in the step after n steps."""
    evaluate, count = Objective.value_and_gradient, iter(range(n))

    def evaluates(self, *args):
        if next(count, None) is None:
            raise error
        return evaluate(self, *args)

    patch.setattr(Objective, "value_and_gradient", evaluates)


def fit_in_parts(monkeypatch, new, data, kwargs, stop):
    """The fit of new estimators, each stopped by `stop` until one comes to its end."""
    for n_stops in range(100):
        mlp = new()
        with monkeypatch.context() as patch:
            stop(patch)
            try:
                return mlp.fit(*data, **kwargs), n_stops
            except Stop:
                pass
    raise AssertionError("it came to no end")


STOPS = ("after saves", "within epochs")
CASES = [
    *((name, 1, STOPS[i % 2]) for i, name in enumerate(FITS)),
    # stopped in the other way, and with a file that is older
    *((name, 3, STOPS[1 - list(FITS).index(name) % 2]) for name in EVERY_3),
]


@pytest.mark.parametrize(("name", "every", "stopped"), CASES)
def test_a_fit_stopped_again_and_again_is_the_uninterrupted_fit_to_the_bit(
    tmp_path, monkeypatch, uninterrupted, name, every, stopped
):
    before, expected, data, kwargs = uninterrupted(name)
    draw = random.Random(zlib.crc32(f"{name} {every} {stopped}".encode()))
    n_batches = -(-expected.n_updates_ // len(expected.loss_curve_))
    checkpoint = Checkpoint(tmp_path / "run", every)

    def new():
        return pickle.loads(before).set_params(checkpoint=checkpoint)

    def stop(patch):
        if stopped == STOPS[0]:
            return stop_after_saves(patch, draw.randint(1, 3))
        # for as long as takes it to the next save, also through a recovery
        n_epochs = every + (4 if name == "recover" else 0)
        n_steps = n_epochs * n_batches + draw.randint(1, 2 * n_batches)
        return stop_after_steps(patch, n_steps)

    found, n_stops = fit_in_parts(monkeypatch, new, data, kwargs, stop)
    assert n_stops >= 1
    assert_same_fit(found, expected)
    assert found.checkpoint is checkpoint
    assert os.listdir(tmp_path) == ["run"]


# over 20 seeds: always two recoveries, 7 or 8 rates of adaptive and 4 of plateau, 6 to
# 11 epochs of patience, and of early stopping 6 to 21, the best five before
REACHED = {
    "recover": lambda mlp: mlp.stop_reason_.count("diverged and began anew") > 1,
    "schedule adaptive": lambda mlp: len(set(mlp.history_["learning_rate"])) > 2,
    "schedule plateau": lambda mlp: len(set(mlp.history_["learning_rate"])) > 2,
    "patience": lambda mlp: mlp.n_iter_ < 40,
    "relative patience": lambda mlp: mlp.stop_reason_.startswith("Training loss did"),
    "early stopping that stops": lambda mlp: mlp.best_epoch_ < mlp.n_iter_ < 40,
    "warm": lambda mlp: len(mlp.loss_curve_) == 13 and mlp.n_iter_ == 10,
}


@pytest.mark.parametrize("name", REACHED)
def test_fits_above_come_to_what_they_are_named_after(uninterrupted, name):
    assert REACHED[name](uninterrupted(name)[1])


@pytest.mark.parametrize("name", ["classifier, adam", "dropout", "warm", "float32"])
def test_a_checkpoint_alone_changes_nothing(tmp_path, uninterrupted, name):
    before, expected, data, kwargs = uninterrupted(name)
    mlp = pickle.loads(before).set_params(checkpoint=tmp_path / "run")
    assert_same_fit(mlp.fit(*data, **kwargs), expected)


# A finished file


FINISHED = ("classifier, adam", "regressor, sgd", "averaging", "dropout", "recover")
FINISHED += ("several labels", "early stopping that stops", "patience", "quantiles")
FINISHED += ("lazy, early stopping", "all scaled", "warm", "schedule adaptive")


@pytest.mark.parametrize(
    ("name", "every"), list(zip(FINISHED, 5 * (1, 7, 1000), strict=False))
)
def test_a_finished_file_gives_the_model_again_without_training(
    tmp_path, monkeypatch, uninterrupted, name, every
):
    before, expected, data, kwargs = uninterrupted(name)
    settings = {"checkpoint": Checkpoint(tmp_path / "run", every)}
    pickle.loads(before).set_params(**settings).fit(*data, **kwargs)
    content = (tmp_path / "run").read_bytes()
    stop_after_steps(monkeypatch, 0, AssertionError("it trains"))
    for _ in range(2):
        again = pickle.loads(before).set_params(**settings).fit(*data, **kwargs)
        assert_same_fit(again, expected)
    assert (tmp_path / "run").read_bytes() == content


@every_estimator
def test_an_estimator_fitted_again_in_its_place_is_the_same(tmp_path, kind):
    mlp = make(kind, checkpoint=tmp_path / "run").fit(X, TARGETS[kind])
    first = pickle.loads(pickle.dumps(mlp))
    assert_same_fit(mlp.fit(X, TARGETS[kind]), first)
    assert_same_fit(clone(mlp).fit(X, TARGETS[kind]), first)


@every_estimator
def test_partial_fit_goes_on_from_a_resumed_fit_as_from_the_uninterrupted(
    tmp_path, monkeypatch, kind
):
    y = TARGETS[kind]
    expected = make(kind).fit(X, y)

    def new():
        return make(kind, checkpoint=tmp_path / "run")

    def stop(patch):
        stop_after_saves(patch, 4)

    found, _ = fit_in_parts(monkeypatch, new, (X, y), {}, stop)
    found.set_params(checkpoint=None)
    for mlp in (found, expected):
        mlp.partial_fit(X, y).partial_fit(X, y)
    assert_same_fit(found, expected)


# Processes that are killed


KILLED = """
import sys, warnings
import numpy as np
from skmlp import MLPClassifier
from skmlp.schedules import Cosine, Warmup
from skmlp.solvers import AdamW

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
X = rng.normal(size=(120, 6))
y = np.array(["ant", "bee", "cicada"])[np.digitize(X[:, 0], [-0.5, 0.5])]
mlp = MLPClassifier(
    hidden_layer_sizes=(12, 8),
    solver=AdamW(averaging=0.99),
    learning_rate=Warmup(Cosine()),
    dropout=[0.1, 0.2],
    batch_size=20,
    class_weight={"ant": 2.0, "cicada": 0.5, "bee": 1.0},
    early_stopping=True,
    scoring="neg_log_loss",
    n_iter_no_change=10_000,
    max_iter=N_EPOCHS,
    random_state=3,
    checkpoint=sys.argv[1] or None,
)
print("ready", flush=True)
mlp.fit(X, y, sample_weight=rng.uniform(0.5, 2.0, 120))
arrays = [*mlp.coefs_, *mlp.intercepts_, mlp.loss_curve_, mlp.validation_scores_]
sys.stdout.write(b"".join(np.asarray(array).tobytes() for array in arrays).hex())
"""
# of a few milliseconds each, with their checkpoints
N_EPOCHS = 80
# the seconds from the start of a fit to its death
DRAW = random.Random(7)
DELAYS = [DRAW.uniform(0.0, 0.3) for _ in range(4)]


def run(path=""):
    """A process that says when it begins to fit."""
    script = KILLED.replace("N_EPOCHS", str(N_EPOCHS))
    command = [sys.executable, "-c", script, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def outcome(process):
    text, _ = process.communicate()
    assert process.returncode == 0
    return text


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
def test_a_fit_whose_process_is_killed_again_and_again_is_the_uninterrupted_fit(
    tmp_path,
):
    uninterrupted = run()
    n_killed = 0
    for delay in DELAYS:
        process = run(tmp_path / "run")
        time.sleep(delay)
        process.kill()
        process.communicate()
        n_killed += process.returncode < 0
    found = outcome(run(tmp_path / "run"))
    assert n_killed >= 1  # all of them, unless the machine is very fast
    assert found == outcome(uninterrupted) != ""
    assert os.listdir(tmp_path) == ["run"]


# Ctrl-C


@covering(kind=list(TARGETS), every=[1, 3])
def test_after_ctrl_c_a_fit_started_again_is_the_uninterrupted_fit(
    tmp_path, monkeypatch, kind, every
):
    y, checkpoint = TARGETS[kind], Checkpoint(tmp_path / "run", every)
    expected = make(kind, dropout=0.2).fit(X, y)
    for n_steps in (14, 19):  # in the fourth epoch, then in the eighth or so
        mlp = make(kind, checkpoint=checkpoint, dropout=0.2)
        with monkeypatch.context() as patch:
            stop_after_steps(patch, n_steps, KeyboardInterrupt)
            with pytest.warns(UserWarning, match="interrupted by user"):
                mlp.fit(X, y)
        assert mlp.stop_reason_.startswith("It was interrupted")
        assert 0 < mlp.n_iter_ < 10
    found = make(kind, checkpoint=checkpoint, dropout=0.2).fit(X, y)
    assert_same_fit(found, expected)


@every_estimator
def test_ctrl_c_right_after_going_on_keeps_the_model_of_the_file(
    tmp_path, monkeypatch, kind
):
    y = TARGETS[kind]
    settings = {"checkpoint": tmp_path / "run"}
    with monkeypatch.context() as patch:
        stop_after_saves(patch, 4)
        with pytest.raises(Stop):
            make(kind, **settings).fit(X, y)
    mlp = make(kind, **settings)
    with monkeypatch.context() as patch:
        stop_after_steps(patch, 0, KeyboardInterrupt)
        with pytest.warns(UserWarning, match="interrupted by user"):
            mlp.fit(X, y)
    four = make(kind, max_iter=4).fit(X, y)
    for a, b in zip(mlp.coefs_, four.coefs_, strict=True):
        assert a.tobytes() == b.tobytes()
    assert mlp.loss_curve_ == four.loss_curve_ and mlp.n_iter_ == 4


# What is another fit, and what is the same


def stopped(tmp_path, monkeypatch, kind, fit=None, n_saves=4, **params):
    """The path of a file that a stopped fit has left."""
    path = tmp_path / "run"
    with monkeypatch.context() as patch:
        stop_after_saves(patch, n_saves)
        with pytest.raises(Stop):
            make(kind, checkpoint=path, **params).fit(X, TARGETS[kind], **(fit or {}))
    return path


def assert_refused(mlp, data, said, case="", **kwargs):
    path = Path(mlp.checkpoint)
    content, before = path.read_bytes(), digest(mlp)
    try:
        mlp.fit(*data, **kwargs)
    except ValueError as error:
        message = str(error)
    else:
        pytest.fail(f"accepted: {case}")
    assert f"{type(mlp).__name__}: checkpoint must be" in message, case
    assert said in message, case
    assert path.read_bytes() == content, case
    assert os.listdir(path.parent) == [path.name], case
    assert digest(mlp) == before, case


def moved(array):
    """The array with one number that is a little different."""
    array = np.array(array, dtype=float)
    array.flat[-1] = np.nextafter(array.flat[-1], np.inf)
    return array


OTHER_DATA = {
    "a number of X": lambda y: (moved(X), y),
    "a row less": lambda y: (X[:-1], y[:-1]),
    "a column less": lambda y: (X[:, :3], y),
    "another order": lambda y: (X[::-1], y[::-1]),
    "a target": lambda y: (X, np.r_[y[:-1], y[0] if y[0] != y[-1] else y[1]]),
    "float32": lambda y: (X.astype(np.float32), y),
    "sparse": lambda y: (csr_matrix(X), y),
}


@covering(kind=list(TARGETS), fitted={"fresh": False, "fitted": True})
def test_other_data_are_refused(tmp_path, monkeypatch, kind, fitted):
    path = stopped(tmp_path, monkeypatch, kind)
    mlp = make(kind)
    if fitted:
        mlp.fit(X, TARGETS[kind])
    mlp.set_params(checkpoint=path)
    for case, other in OTHER_DATA.items():
        assert_refused(mlp, other(TARGETS[kind]), "training data", case)


OTHER_PARAMS = {
    "hidden_layer_sizes": (6,),
    "activation": "tanh",
    "solver": "sgd",
    "alpha": 0.1,
    "batch_size": 15,
    "learning_rate": "cosine",
    "learning_rate_init": 0.002,
    "max_iter": 11,
    "shuffle": False,
    "random_state": 1,
    "tol": 0.01,
    "early_stopping": True,
    "beta_1": 0.8,
    "n_iter_no_change": 5,
    "initializer": "he_normal",
    "output_bias": "optimum",
    "dropout": 0.1,
    "scoring": "loss",
    "max_time": 1e6,
    "recover": True,
    "scale_input": True,
}


@every_estimator
def test_other_parameters_are_refused(tmp_path, monkeypatch, kind):
    path = stopped(tmp_path, monkeypatch, kind)
    for name, value in OTHER_PARAMS.items():
        mlp = make(kind, checkpoint=path).set_params(**{name: value})
        assert_refused(mlp, (X, TARGETS[kind]), "parameters", name)


OTHER_SETTINGS = [
    ("solver", Adam(clip_norm=1.0), Adam(clip_norm=2.0)),
    ("solver", Adam(), AdamW()),
    ("solver", AdamW(weight_decay=0.1), AdamW(weight_decay=0.2)),
    ("solver", Adam(), Adam(max_norm=1.0)),
    ("solver", Adam(), Adam(rate_factors={"biases": 0.5})),
    ("learning_rate", Warmup(Cosine(end=0.1)), Warmup(Cosine(end=0.2))),
    ("dropout", Dropout(0.1), Dropout(0.1, inputs=0.1)),
    ("dropout", Dropout([0.1]), Dropout([0.2])),
    (
        "early_stopping",
        EarlyStopping("training"),
        EarlyStopping("training", min_updates=10),
    ),
]


def test_other_settings_of_an_object_are_refused(tmp_path, monkeypatch):
    for i, (name, ours, theirs) in enumerate(OTHER_SETTINGS):
        folder = tmp_path / str(i)
        folder.mkdir()
        path = stopped(folder, monkeypatch, MLPRegressor, **{name: ours})
        mlp = make(MLPRegressor, checkpoint=path, **{name: theirs})
        assert_refused(mlp, (X, NUMBERS), "parameters", repr(theirs))


def test_another_estimator_is_refused(tmp_path, monkeypatch):
    path = stopped(tmp_path, monkeypatch, MLPRegressor)
    assert_refused(make(MLPClassifier, checkpoint=path), (X, LABELS), "")

    class Named(MLPRegressor):
        pass

    assert_refused(make(Named, checkpoint=path), (X, NUMBERS), "parameters")


def test_other_weights_of_rows_are_refused(tmp_path, monkeypatch):
    path = stopped(tmp_path, monkeypatch, MLPRegressor, fit={"sample_weight": WEIGHTS})
    for weights in (None, moved(WEIGHTS), 2 * WEIGHTS):
        mlp = make(MLPRegressor, checkpoint=path)
        assert_refused(mlp, (X, NUMBERS), "training data", sample_weight=weights)


OTHER_ROWS = {
    "none": {},
    "X_val": OWN | {"X_val": moved(X_VAL)},
    "y_val": OWN | {"y_val": moved(X_VAL[:, 0])},
    "sample_weight_val": OWN | {"sample_weight_val": WEIGHTS[:20]},
}


def test_other_validation_rows_are_refused(tmp_path, monkeypatch):
    path = stopped(tmp_path, monkeypatch, MLPRegressor, fit=OWN)
    mlp = make(MLPRegressor, checkpoint=path)
    for case, other in OTHER_ROWS.items():
        assert_refused(mlp, (X, NUMBERS), "validation data", case, **other)


def test_other_groups_are_refused(tmp_path, monkeypatch):
    params = {"early_stopping": True}
    params |= {"validation_fraction": GroupShuffleSplit(1, random_state=5)}
    groups = np.arange(60) // 6
    path = stopped(
        tmp_path, monkeypatch, MLPRegressor, fit={"groups": groups}, **params
    )
    mlp = make(MLPRegressor, checkpoint=path, **params)
    assert_refused(mlp, (X, NUMBERS), "validation data", groups=np.arange(60) % 6)


def test_other_weights_to_start_from_are_refused(tmp_path, monkeypatch):
    params = {"warm_start": True, "max_iter": 3}
    base = make(MLPRegressor, **params).fit(X, NUMBERS)
    path = tmp_path / "run"
    with monkeypatch.context() as patch:
        stop_after_saves(patch, 2)
        with pytest.raises(Stop):
            clone_fitted(base).set_params(checkpoint=path).fit(X, NUMBERS)
    further = clone_fitted(base).fit(X, NUMBERS).set_params(checkpoint=path)
    assert_refused(further, (X, NUMBERS), "weights to start from")
    cold = make(MLPRegressor, **params, checkpoint=path)
    assert_refused(cold, (X, NUMBERS), "weights to start from")


def clone_fitted(mlp):
    return pickle.loads(pickle.dumps(mlp))


def test_a_second_warm_fit_is_another_fit(tmp_path):
    mlp = make(MLPRegressor, warm_start=True, checkpoint=tmp_path / "run")
    mlp.fit(X, NUMBERS)
    assert_refused(mlp, (X, NUMBERS), "weights to start from")
    (tmp_path / "run").unlink()
    mlp.fit(X, NUMBERS)
    assert len(mlp.loss_curve_) == 20


@every_estimator
def test_a_file_that_is_no_checkpoint_is_refused_before_training(
    tmp_path, monkeypatch, kind
):
    stop_after_steps(monkeypatch, 0, AssertionError("it trains"))
    mlp = make(kind, checkpoint=tmp_path / "run")
    for content in (b"", b"a text", b"PK\x03\x04", b"\x89PNG\r\n"):
        (tmp_path / "run").write_bytes(content)
        data = X, TARGETS[kind]
        assert_refused(mlp, data, "damaged, or no checkpoint", content)


@every_estimator
def test_a_path_that_can_not_be_written_is_refused_before_training(
    tmp_path, monkeypatch, kind
):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("here")
    stop_after_steps(monkeypatch, 0, AssertionError("it trains"))
    for path in ("missing/run", "file/run", "folder", "."):
        mlp = make(kind, checkpoint=tmp_path / path)
        before = digest(mlp)
        with pytest.raises(ValueError, match=f"{kind.__name__}: checkpoint must be"):
            mlp.fit(X, TARGETS[kind])
        assert digest(mlp) == before, path
        assert sorted(os.listdir(tmp_path)) == ["file", "folder"]
        assert os.listdir(tmp_path / "folder") == []


FREE = {
    "verbose": {"verbose": 3},
    "every": {"checkpoint__every": 4},
    "a relative path": {"checkpoint": "run"},
    "a string": {"checkpoint": "{folder}/run"},
    "another string": {"checkpoint": "{folder}/../{name}/./run"},
}


def in_turn(name, levels):
    """Each level with one of the estimators, in turn."""
    kinds = (len(levels) * (C, R))[: len(levels)]
    cases = list(zip(kinds, levels.values(), strict=True))
    return pytest.mark.parametrize(("kind", name), cases, ids=levels)


@in_turn("free", FREE)
def test_free_parameters_may_change(tmp_path, monkeypatch, capsys, kind, free):
    path = stopped(tmp_path, monkeypatch, kind)
    monkeypatch.chdir(tmp_path)
    mlp = make(kind, checkpoint=path).set_params(**free)
    if isinstance(mlp.checkpoint, str):
        names = {"folder": tmp_path, "name": tmp_path.name}
        mlp.checkpoint = mlp.checkpoint.format(**names)
    n_steps = 6 * 4  # of the six epochs that are left, in four batches
    stop_after_steps(monkeypatch, n_steps)
    mlp.fit(X, TARGETS[kind])
    monkeypatch.undo()
    assert_same_fit(mlp, make(kind).fit(X, TARGETS[kind]))
    assert os.listdir(tmp_path) == ["run"]


def test_a_file_that_was_moved_is_gone_on_from(tmp_path, monkeypatch):
    path = stopped(tmp_path, monkeypatch, MLPRegressor)
    (tmp_path / "there").mkdir()
    path.rename(tmp_path / "there" / "other.ckpt")
    stop_after_steps(monkeypatch, 6 * 4)
    mlp = make(MLPRegressor, checkpoint=tmp_path / "there" / "other.ckpt")
    mlp.fit(X, NUMBERS)
    monkeypatch.undo()
    assert_same_fit(mlp, make(MLPRegressor).fit(X, NUMBERS))


SAME = {
    "lists": lambda y: (X.tolist(), y.tolist()),
    "columns in memory": lambda y: (np.asfortranarray(X), y),
    "a copy": lambda y: (X.copy(), y.copy()),
    "a column vector": lambda y: (X, np.ascontiguousarray(y)),
}


@in_turn("same", SAME)
def test_the_same_data_in_another_container_are_the_same_data(
    tmp_path, monkeypatch, kind, same
):
    path = stopped(tmp_path, monkeypatch, kind)
    stop_after_steps(monkeypatch, 6 * 4)
    mlp = make(kind, checkpoint=path).fit(*same(TARGETS[kind]))
    monkeypatch.undo()
    assert_same_fit(mlp, make(kind).fit(X, TARGETS[kind]))


def test_targets_that_are_the_inputs_may_be_a_copy_of_them(tmp_path, monkeypatch):
    path = tmp_path / "run"
    with monkeypatch.context() as patch:
        stop_after_saves(patch, 4)
        with pytest.raises(Stop):
            make(MLPRegressor, checkpoint=path).fit(X, X)
    found = make(MLPRegressor, checkpoint=path).fit(X, X.copy())
    assert_same_fit(found, make(MLPRegressor).fit(X, X))


@every_estimator
def test_a_start_that_was_fitted_anew_is_the_same_start(tmp_path, monkeypatch, kind):
    # as a script has it that fits it first and is then started again
    y = TARGETS[kind]

    def new(path=None):
        first = make(kind, max_iter=3).fit(X, y)
        return make(kind, coefs_init=first, random_state=1, checkpoint=path)

    def stop(patch):
        stop_after_saves(patch, 4)

    path = tmp_path / "run"
    with monkeypatch.context() as patch:
        mlp = new(path)
        stop(patch)
        with pytest.raises(Stop):
            mlp.fit(X, y)
    assert_same_fit(new(path).fit(X, y), new().fit(X, y))


# Refusals


REFUSED = [
    ({"solver": "lbfgs"}, "checkpoint must be None with solver lbfgs"),
    (
        {"refit": True, "early_stopping": True},
        "checkpoint must be None with refit=True",
    ),
    ({"random_state": None}, "random_state must be an integer with checkpoint"),
    (
        {"random_state": np.random.RandomState(0)},
        "random_state must be an integer with checkpoint",
    ),
    ({"checkpoint": 3}, "checkpoint must be the path of a file, or a Ch"),
    ({"checkpoint": ""}, "checkpoint must be the path of a file, or a Ch"),
    ({"checkpoint": b"run"}, "checkpoint must be the path of a file, or a Ch"),
    ({"checkpoint": Checkpoint("")}, "checkpoint__path must be the path of a file"),
    ({"checkpoint": Checkpoint("run", 0)}, "checkpoint__every must be"),
    ({"checkpoint": Checkpoint("run", every=1.5)}, "checkpoint__every must be"),
]


@every_estimator
def test_what_goes_with_no_checkpoint_is_refused(tmp_path, kind):
    for params, said in REFUSED:
        mlp = make(kind, **({"checkpoint": tmp_path / "run"} | params))
        before = digest(mlp)
        with pytest.raises(ValueError, match=f"{kind.__name__}: {said}"):
            mlp.fit(X, TARGETS[kind])
        assert digest(mlp) == before, params
        assert os.listdir(tmp_path) == [], params


@every_estimator
def test_partial_fit_is_refused(tmp_path, kind):
    mlp = make(kind, checkpoint=tmp_path / "run")
    classes = classes_first(kind, TARGETS[kind])
    with pytest.raises(ValueError, match=f"{kind.__name__}: checkpoint must be None"):
        mlp.partial_fit(X, TARGETS[kind], **classes)
    assert os.listdir(tmp_path) == []


# A full disk


def fill_disk(patch, n_saves):
    """Have every writing after the first n_saves fail, halfway."""
    savez, count = np.savez, iter(range(n_saves))

    def full(file, **members):
        if next(count, None) is None:
            file.write(b"PK half of it")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        savez(file, **members)

    patch.setattr(np, "savez", full)


@every_estimator
def test_on_a_full_disk_training_goes_on_and_warns_once(tmp_path, monkeypatch, kind):
    y, path = TARGETS[kind], tmp_path / "run"
    expected = make(kind).fit(X, y)
    mlp = make(kind, checkpoint=path)
    with monkeypatch.context() as patch:
        fill_disk(patch, 2)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            mlp.fit(X, y)
    told = [w for w in caught if issubclass(w.category, RuntimeWarning)]
    assert len(told) == 1
    message = str(told[0].message)
    assert kind.__name__ in message and os.strerror(errno.ENOSPC) in message
    assert_same_fit(mlp, expected)
    assert os.listdir(tmp_path) == ["run"]
    # the last good file is that of the second epoch
    stop_after_steps(monkeypatch, 8 * 4)
    again = make(kind, checkpoint=path).fit(X, y)
    monkeypatch.undo()
    assert_same_fit(again, expected)


def test_a_folder_that_is_removed_while_it_trains_is_told_once(tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir()
    save, count = CheckpointFile.save, iter(range(3))

    def saves(self, state):
        if next(count, None) is None and folder.exists():
            (folder / "run").unlink()
            folder.rmdir()
        save(self, state)

    monkeypatch.setattr(CheckpointFile, "save", saves)
    mlp = make(MLPRegressor, checkpoint=folder / "run")
    with pytest.warns(RuntimeWarning, match="could not be written") as caught:
        mlp.fit(X, NUMBERS)
    assert sum(issubclass(w.category, RuntimeWarning) for w in caught) == 1
    assert_same_fit(mlp, make(MLPRegressor).fit(X, NUMBERS))


# The user's own random numbers


@pytest.mark.parametrize("name", ["classifier, adam", "dropout", "a splitter"])
def test_the_global_stream_of_numpy_is_left_alone(
    tmp_path, monkeypatch, uninterrupted, name
):
    before, _, data, kwargs = uninterrupted(name)
    np.random.seed(5)
    state = pickle.dumps(np.random.get_state())

    def new():
        return pickle.loads(before).set_params(checkpoint=tmp_path / "run")

    def stop(patch):
        stop_after_saves(patch, 4)

    fit_in_parts(monkeypatch, new, data, kwargs, stop)
    assert pickle.dumps(np.random.get_state()) == state


def test_what_others_draw_meanwhile_does_not_matter(tmp_path, monkeypatch):
    params = {"dropout": 0.3, "early_stopping": True}
    expected = make(MLPRegressor, **params).fit(X, NUMBERS)
    path = stopped(tmp_path, monkeypatch, MLPRegressor, **params)
    np.random.seed(99)
    found = make(MLPRegressor, checkpoint=path, **params).fit(X, NUMBERS)
    assert_same_fit(found, expected)


def of_cell(rate):
    return lambda t: rate


SAME_NAMES = {
    "a constant": (lambda t: 1.0, lambda t: 0.1),
    "a constant within": (
        lambda t: sum([0.1 * k for k in (1, 2, 3)]),
        lambda t: sum([0.9 * k for k in (1, 2, 3)]),
    ),
    "a cell": (of_cell(1.0), of_cell(0.1)),
}


HOLDING_A_FUNCTION = {
    "learning_rate": lambda function: function,
    "dropout": lambda function: Dropout(0.1, schedule=function),
    "solver": lambda function: AdamW(decay_schedule=function),
}


@covering(functions=SAME_NAMES, name=list(HOLDING_A_FUNCTION))
def test_functions_of_one_name_are_told_apart(tmp_path, functions, name):
    one, other = ({name: HOLDING_A_FUNCTION[name](f)} for f in functions)
    path = tmp_path / "run"
    mlp = make(MLPRegressor, checkpoint=path, **one).fit(X, NUMBERS)
    again = make(MLPRegressor, checkpoint=path, **one).fit(X, NUMBERS)
    np.testing.assert_array_equal(again.coefs_[0], mlp.coefs_[0])
    with pytest.raises(ValueError, match="other parameters"):
        make(MLPRegressor, checkpoint=path, **other).fit(X, NUMBERS)


SAME_SETTINGS = [
    ("solver", Adam(), Adam(0.9, max_norm=None)),
    ("solver", Adam(clip_norm=1), Adam(clip_norm=np.float64(1.0))),
    ("learning_rate", Warmup(Cosine()), Warmup(Cosine(end=0.0), share=0.05)),
    ("dropout", Dropout([0.1]), Dropout((0.1,), inputs=0)),
]


def test_objects_of_equal_settings_are_the_same_however_these_were_given(
    tmp_path, monkeypatch
):
    for i, (name, ours, theirs) in enumerate(SAME_SETTINGS):
        folder = tmp_path / str(i)
        folder.mkdir()
        path = stopped(folder, monkeypatch, MLPRegressor, **{name: ours})
        found = make(MLPRegressor, checkpoint=path, **{name: theirs}).fit(X, NUMBERS)
        assert_same_fit(found, make(MLPRegressor, **{name: ours}).fit(X, NUMBERS))


def test_lists_are_equal_whether_or_not_their_items_are_one_object(tmp_path):
    shared = LeakyReLU(0.1)
    settings = {"hidden_layer_sizes": (3, 2), "checkpoint": tmp_path / "run"}
    one = make(MLPRegressor, activation=[shared] * 2, **settings).fit(X, NUMBERS)
    apart = [LeakyReLU(0.1), LeakyReLU(0.1)]
    other = make(MLPRegressor, activation=apart, **settings).fit(X, NUMBERS)
    np.testing.assert_array_equal(other.coefs_[0], one.coefs_[0])
