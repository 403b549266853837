"""Components by name and as objects: each trains each task, and keeps its settings."""

import pickle
import re
import warnings
from dataclasses import fields

import joblib
import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.model_selection import GridSearchCV, cross_val_score

from skmlp import DiagnosticWarning, Dropout, MLPClassifier, MLPRegressor
from skmlp.activations import ACTIVATIONS, LeakyReLU, Parametric, ReLU, Tanh
from skmlp.component import Component
from skmlp.embeddings import EMBEDDINGS, PBLD, PiecewiseLinear
from skmlp.initializers import INITIALIZERS, Orthogonal
from skmlp.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    Focal,
    Huber,
    LogLoss,
    Quantile,
)
from skmlp.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    FlatCosine,
    InverseScaling,
    Linear,
    Warmup,
)
from skmlp.solvers import LBFGS, SGD, SOLVERS, Adagrad, Adam, AdamW, Lion, RMSprop

from ... import conftest
from ...cases import in_case, in_one_test
from ...conftest import (
    CODES,
    N_ROWS,
    NUMBERS,
    WEIGHT,
    Task,
    X,
    assert_same_bits,
    classes_first,
    covering,
    parameters,
    quietly,
)

ESTIMATORS = [MLPClassifier, MLPRegressor]
STOCHASTIC = [name for name, kind in SOLVERS.items() if kind.stochastic]
LOSSES = {MLPClassifier: CLASSIFICATION_LOSSES, MLPRegressor: REGRESSION_LOSSES}
AMOUNTS = np.exp(0.5 * NUMBERS)  # positive, which all losses can take
TASKS = {
    **{name: conftest.TASKS[name] for name in ("binary", "multiclass", "multilabel")},
    "regression": Task(MLPRegressor, AMOUNTS),
    "multi-output": Task(MLPRegressor, np.c_[AMOUNTS, np.exp(0.5 * X[:, 0])]),
}

# Rates at which so few epochs suffice: sign-like steps are of the rate's size.
RATES = {SGD: 0.05, RMSprop: 0.01, Adagrad: 0.1, Lion: 0.01}


def small(kind, **params):
    """An estimator whose few, cheap epochs get somewhere."""
    solver = params.get("solver", "adam")
    solver_kind = SOLVERS[solver] if isinstance(solver, str) else type(solver)
    defaults = {
        "hidden_layer_sizes": (8, 5),
        "batch_size": 20,
        "max_iter": 40,
        "n_iter_no_change": 40,
        "learning_rate_init": RATES.get(solver_kind, 0.03),
        "random_state": 0,
    }
    nested = {name: value for name, value in params.items() if "__" in name}
    plain = {name: value for name, value in params.items() if "__" not in name}
    return kind(**{**defaults, **plain}).set_params(**nested)


def target(kind):
    return CODES if kind is MLPClassifier else AMOUNTS


def fitted(kind, **params):
    return quietly(small(kind, **params).fit, X, target(kind))


def differ(model, other):
    return not np.array_equal(parameters(model), parameters(other))


# Each part trains each task, in each form of data and of training


CSR32 = sparse.csr_array(X.astype(np.float32))
# what fit gets instead of X, weights, and parameters; None is training by partial_fit
FORMS = {
    "dense": {},
    "CSR": {"X": sparse.csr_array(X)},
    "float32": {"X": X.astype(np.float32)},
    "weighted": {"sample_weight": WEIGHT},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.2},
    "partial_fit": None,
    "all at once": {
        "X": CSR32,
        "sample_weight": WEIGHT,
        "early_stopping": True,
        "validation_fraction": 0.2,
    },
}


def by_parts(estimator, y, times=None):
    first = classes_first(type(estimator), y)
    for _ in range(times or estimator.max_iter):
        estimator.partial_fit(X, y, **first)
    return estimator


def train(estimator, y, form):
    """The estimator, trained in a form of data and training."""
    if FORMS[form] is None:
        return by_parts(estimator, y)
    params = FORMS[form].copy()
    rows, weight = params.pop("X", X), params.pop("sample_weight", None)
    return quietly(estimator.set_params(**params).fit, rows, y, sample_weight=weight)


def assert_good(model, form, y):
    """Finite, of the right dtype, and far better than a constant."""
    dtype = (FORMS[form] or {}).get("X", X).dtype
    assert parameters(model).dtype == dtype
    assert np.isfinite(parameters(model)).all()
    outputs = model.predict(X.astype(dtype))
    assert outputs.shape == y.shape
    if isinstance(model, MLPRegressor):
        assert outputs.dtype == dtype
        constant = DummyRegressor().fit(X, y).score(X, y)
    else:
        assert model.predict_proba(X.astype(dtype)).dtype == dtype
        constant = DummyClassifier().fit(X, y).score(X, y)
    # over 20 seeds: by 0.11 or more
    assert model.score(X, y) > constant + 0.05


SINGLE_PARTS = {
    **{f"activation {name}": {"activation": name} for name in ACTIVATIONS},
    **{f"solver {name}": {"solver": name} for name in SOLVERS},
    **{f"schedule {name}": {"learning_rate": name} for name in SCHEDULES},
    "function of progress": {"learning_rate": lambda progress: 1.0 - progress},
    "warmup of cosine": {"learning_rate": Warmup(Cosine(end=0.01), share=0.1)},
    **{f"initializer {name}": {"initializer": name} for name in INITIALIZERS},
    "PBLD": {"numeric_embedding": "pbld"},
    "piecewise": {"numeric_embedding": PiecewiseLinear(n_bins=8, size=4)},  # few rows
    "learned scale": {"learned_scale": True},
    "NTK": {"solver": Adam(parametrization="ntk")},
    "rate factors": {"solver": Adam(rate_factors={"biases": 0.1, "weights": 2.0})},
    "max norm": {"solver": Adam(max_norm=2.0)},
    "dropout": {"dropout": Dropout(0.05, inputs=0.01, schedule="linear")},
    "AdamW": {"solver": AdamW(weight_decay=0.01, clip_norm=1.0, averaging=0.9)},
    "RMSprop": {"solver": RMSprop(momentum=0.5)},
    "two activations": {"activation": ["relu", "tanh"]},
    "two of two kinds": {"activation": [LeakyReLU(slope=0.1), "gelu"]},
}
# two forms that have all of them but for dense fits, and how many tasks one is ahead
TURNS = {"all at once": 0, "partial_fit": 2}
FEW_PARTS = ["activation gelu", "solver adamw", "initializer data_driven"]


def assert_trains(params, task, form):
    estimator = small(TASKS[task].kind, hidden_layer_sizes=(16, 8), **params)
    y = TASKS[task].y
    if params.get("solver") == "lbfgs" and form == "partial_fit":
        assert not hasattr(estimator, "partial_fit")
    else:
        assert_good(train(estimator, y, form), form, y)


@pytest.mark.parametrize("form", TURNS)
@pytest.mark.parametrize("task", TASKS)
def test_every_part_trains(task, form):
    # each part in both forms, over the tasks in turn
    first = ([*TASKS].index(task) - TURNS[form]) % len(TASKS)
    for name in [*SINGLE_PARTS][first :: len(TASKS)]:
        with in_case(name):
            assert_trains(SINGLE_PARTS[name], task, form)


@pytest.mark.parametrize("form", FORMS)
def test_every_task_trains_in_every_form(form):
    # over the parts in turn, so that each trains each task, and in each form
    for i, task in enumerate(TASKS, start=[*FORMS].index(form)):
        part = FEW_PARTS[i % len(FEW_PARTS)]
        with in_case(f"{task}, {part}"):
            assert_trains(SINGLE_PARTS[part], task, form)


def assert_trains_or_refuses(loss, solver, task, form):
    kind = TASKS[task].kind
    smooth = getattr(LOSSES[kind][loss], "smooth", True)
    if solver != "lbfgs" or smooth or form == "partial_fit":
        assert_trains({"loss": loss, "solver": solver}, task, form)
        return
    refused = f"MLPRegressor: loss must have a continuous gradient.*'{loss}'"
    with pytest.raises(ValueError, match=refused):
        train(small(kind, loss=loss, solver=solver), TASKS[task].y, form)


@in_one_test(
    covering(
        loss=[*CLASSIFICATION_LOSSES],
        solver=["adam", "lbfgs"],
        task=["binary", "multiclass", "multilabel"],
        form=["dense", "all at once", "partial_fit"],
    )
)
def test_every_loss_trains_every_classification(loss, solver, task, form):
    assert_trains_or_refuses(loss, solver, task, form)


@covering(
    loss=[*REGRESSION_LOSSES],
    solver=["adam", "lbfgs"],
    task=["regression", "multi-output"],
    form=["dense", "all at once", "partial_fit"],
)
def test_every_loss_trains_every_regression_or_refuses(loss, solver, task, form):
    assert_trains_or_refuses(loss, solver, task, form)


# A part by its name and as an object

FLAT = {
    "momentum": 0.5,
    "nesterovs_momentum": False,
    "beta_1": 0.5,
    "beta_2": 0.8,
    "epsilon": 1e-3,
    "max_fun": 3,
    "power_t": 0.3,
}
TABLES = {
    "activation": ACTIVATIONS,
    "solver": SOLVERS,
    "learning_rate": SCHEDULES,
    "initializer": INITIALIZERS,
    "numeric_embedding": EMBEDDINGS,
    "dropout__schedule": SCHEDULES,
    "solver__decay_schedule": SCHEDULES,
    "loss": CLASSIFICATION_LOSSES | REGRESSION_LOSSES,
}
# Without which they have no effect; adam is scikit-learn's, which heeds few schedules.
SURROUNDINGS = {
    "learning_rate": {"solver": "sgd"},
    "dropout__schedule": {"dropout": 0.3},
    "solver__decay_schedule": {"solver": "adamw"},
}
every_parameter = pytest.mark.parametrize("parameter", TABLES)


def surroundings(parameter):
    return {"max_iter": 5} | SURROUNDINGS.get(parameter, {})


def kinds_for(part):
    """The estimators that take the part, the one for which it is meant first."""
    if part in CLASSIFICATION_LOSSES.values():
        return [MLPClassifier]
    return [MLPRegressor] if part in REGRESSION_LOSSES.values() else ESTIMATORS


@every_parameter
def test_a_part_by_its_name_is_its_object(parameter):
    more = surroundings(parameter)
    for name, part in TABLES[parameter].items():
        for kind in kinds_for(part):
            by_name = fitted(kind, **{parameter: name}, **more)
            as_object = fitted(kind, **{parameter: part()}, **more)
            assert not differ(by_name, as_object), (kind, name)
            assert by_name.loss_ == as_object.loss_, (kind, name)


@pytest.mark.parametrize("name", SOLVERS)
def test_a_solver_by_its_name_takes_the_flat_parameters_that_it_lists(name):
    solver = SOLVERS[name]
    flat = {setting: FLAT[setting] for setting in solver.flat}
    for kind in ESTIMATORS:
        by_name = fitted(kind, solver=name, max_iter=5)
        by_flat = fitted(kind, solver=name, max_iter=5, **FLAT)
        assert_same_bits(by_flat, fitted(kind, solver=solver(**flat), max_iter=5))
        assert differ(by_flat, by_name) == bool(flat)


def test_invscaling_by_its_name_takes_the_flat_power_t():
    by_name = fitted(
        MLPClassifier, solver="sgd", learning_rate="invscaling", max_iter=5
    )
    params = {"solver": "sgd", "max_iter": 5, "power_t": 0.3}
    by_flat = fitted(MLPClassifier, learning_rate="invscaling", **params)
    as_object = InverseScaling(power_t=0.3)
    params["power_t"] = 0.9  # which is not the object's
    assert_same_bits(by_flat, fitted(MLPClassifier, learning_rate=as_object, **params))
    assert differ(by_flat, by_name)


def test_an_object_keeps_to_its_own_settings():
    for name, solver in SOLVERS.items():
        own = fitted(MLPClassifier, solver=solver(), max_iter=3)
        with_flat = fitted(MLPClassifier, solver=solver(), max_iter=3, **FLAT)
        assert not differ(with_flat, own), name


@covering(
    name=["invscaling", "adaptive"],
    solver={"name": "adam", "object": Adam()},
    kind=ESTIMATORS,
)
def test_adam_ignores_scikit_learns_schedules_by_name_but_not_as_objects(
    name, solver, kind
):
    # no epoch rises by tol, so patience runs out at once and "adaptive" would go on
    params = {"solver": solver, "max_iter": 8, "tol": 1e6, "n_iter_no_change": 1}
    constant = fitted(kind, learning_rate="constant", **params)
    assert_same_bits(fitted(kind, learning_rate=name, **params), constant)
    as_object = fitted(kind, learning_rate=SCHEDULES[name](), **params)
    assert differ(as_object, constant)
    other = fitted(kind, learning_rate=name, **{**params, "solver": "adamw"})
    assert differ(other, fitted(kind, **{**params, "solver": "adamw"}))


def test_settings_of_parts_change_the_model():
    plain = fitted(MLPClassifier, solver=AdamW(), max_iter=5)
    for change in (
        {"weight_decay": 1.0},
        {"beta_1": 0.5},
        {"clip_norm": 1e-3},
        {"averaging": 0.9},
    ):
        assert differ(fitted(MLPClassifier, solver=AdamW(**change), max_iter=5), plain)


# What scikit-learn's tools do with parts

OBJECTS = {
    "activation": LeakyReLU(slope=0.1),
    "solver": AdamW(
        weight_decay=0.1,
        decay_schedule=FlatCosine(hold=0.25),
        clip_norm=1.0,
        averaging=0.9,
    ),
    "learning_rate": Warmup(Cosine(end=0.1)),
    "initializer": Orthogonal(scale=0.5),
    "numeric_embedding": PBLD(sigma=0.5),
    "dropout": Dropout(0.2, schedule=FlatCosine(hold=0.25)),
}
LOSS_OBJECTS = {
    MLPClassifier: LogLoss(label_smoothing=0.1),
    MLPRegressor: Huber(delta=0.5),
}


def of_objects(kind, **params):
    objects = clone({**OBJECTS, "loss": LOSS_OBJECTS[kind]}, safe=False)
    return small(kind, max_iter=5, **objects, **params)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_clone_has_equal_parts_of_its_own(kind):
    estimator = of_objects(kind)
    twin = clone(estimator)
    assert twin.get_params() == estimator.get_params()
    for name in [*OBJECTS, "loss"]:
        assert getattr(twin, name) == getattr(estimator, name)
        assert getattr(twin, name) is not getattr(estimator, name)
    twin.set_params(solver__weight_decay=7.0, learning_rate__schedule__end=0.7)
    twin.set_params(solver__decay_schedule__hold=0.7, dropout__schedule__hold=0.7)
    assert estimator.solver.weight_decay == 0.1
    assert estimator.solver.decay_schedule == FlatCosine(hold=0.25)
    assert estimator.dropout == Dropout(0.2, schedule=FlatCosine(hold=0.25))
    assert estimator.learning_rate.schedule.end == 0.1
    trained = quietly(clone(estimator).fit, X, target(kind))
    assert_same_bits(trained, quietly(estimator.fit, X, target(kind)))


def test_parts_within_parts_are_not_shared_by_default():
    assert Warmup().schedule is not Warmup().schedule


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_fit_changes_no_setting_of_a_part(kind):
    estimator = of_objects(kind)
    before = joblib.hash(estimator.get_params())
    quietly(estimator.fit, X, target(kind))
    estimator.partial_fit(X, target(kind))
    estimator.predict(X)
    assert joblib.hash(estimator.get_params()) == before


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_pickles_hold_the_parts_and_go_on_as_the_model(kind):
    model = of_objects(kind)
    for _ in range(2):
        by_parts(model.set_params(max_iter=1), target(kind))
    twin = pickle.loads(pickle.dumps(model))
    assert twin.get_params() == model.get_params()
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    for one in (twin, model):
        one.partial_fit(X, target(kind))
    assert_same_bits(twin, model)


def test_settings_are_read_and_set_through_the_estimator():
    estimator = MLPClassifier(solver=SGD(momentum=0.1), learning_rate=Warmup(Linear()))
    params = estimator.get_params()
    assert params["solver__momentum"] == 0.1
    assert params["learning_rate__schedule__end"] == 0.0
    estimator.set_params(solver__momentum=0.5, learning_rate__schedule__end=0.2)
    assert estimator.solver == SGD(momentum=0.5)
    assert estimator.learning_rate == Warmup(Linear(end=0.2))
    estimator.set_params(solver=AdamW(), solver__weight_decay=0.3)
    assert estimator.solver == AdamW(weight_decay=0.3)


@pytest.mark.parametrize("name", ["solver__decay", "learning_rate__schedule__rise"])
def test_a_setting_that_there_is_not_is_refused_by_name(name):
    estimator = MLPClassifier(solver=SGD(), learning_rate=Warmup(Linear()))
    setting = name.rpartition("__")[2]
    with pytest.raises(ValueError, match=f"(SGD|Linear) has no setting '{setting}'"):
        estimator.set_params(**{name: 0.5})


SEARCHED = {
    "settings": (AdamW(), {"solver__weight_decay": [0.0, 1.0, 30.0]}),
    "objects": ("adam", {"solver": [SGD(), AdamW(weight_decay=30.0), "lion", Lion()]}),
    "mixed": ("adam", {"loss": ["log_loss", Focal(gamma=3.0)], "activation": [Tanh()]}),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("solver", "grid"), SEARCHED.values(), ids=SEARCHED)
def test_searches_try_settings_and_objects(solver, grid):
    estimator = small(MLPClassifier, solver=solver, max_iter=10)
    before = joblib.hash(estimator.get_params())
    log_loss = {"cv": 3, "scoring": "neg_log_loss"}
    search = GridSearchCV(estimator, grid, **log_loss).fit(X, CODES)
    scores = search.cv_results_["mean_test_score"]
    assert len(set(scores)) == len(scores) - ("lion" in grid.get("solver", []))
    for params, score in zip(search.cv_results_["params"], scores, strict=True):
        alone = clone(estimator).set_params(**clone(params, safe=False))
        assert cross_val_score(alone, X, CODES, **log_loss).mean() == score
    assert joblib.hash(estimator.get_params()) == before


# Numbers of NumPy's own in settings

EVERY_PART = [(p, part) for p, table in TABLES.items() for part in table.values()]
FIELDS = {part: {f.name for f in fields(part)} for _, part in EVERY_PART}


def with_float64(part):
    """A copy whose floats are NumPy's."""
    settings = part.get_params(deep=False).items()
    floats = {n: np.float64(value) for n, value in settings if type(value) is float}
    return clone(part).set_params(**floats)


@every_parameter
def test_settings_of_numpys_float64_leave_float32_what_it_is(parameter):
    params = {**surroundings(parameter), "max_iter": 3}
    for part in TABLES[parameter].values():
        optional = FIELDS[part] & {"clip_norm", "averaging", "max_norm"}
        plain = part(**dict.fromkeys(optional, 0.5))
        numpy_s = with_float64(plain)
        kind, models = kinds_for(part)[0], []
        for one in (plain, numpy_s):
            model = small(kind, **{parameter: one}, **params)
            models.append(quietly(model.fit, X.astype(np.float32), target(kind)))
        assert parameters(models[1]).dtype == np.float32, part
        assert not differ(*models) and models[0].loss_ == models[1].loss_, part
        # and they stay what they were given as
        for name, value in numpy_s.get_params(deep=False).items():
            given = type(plain.get_params()[name])
            assert type(value) is (np.float64 if given is float else given), part


# Settings that break their rules


@in_one_test(every_parameter)
def test_a_bad_setting_is_refused_by_its_full_name(parameter):
    for part in TABLES[parameter].values():
        kind = kinds_for(part)[0]
        for name in sorted(FIELDS[part] - {"soft_targets"}):  # on y, see there
            for wrong in (np.nan, 1j, "0.1"):
                estimator = small(kind, **surroundings(parameter))
                estimator.set_params(**{parameter: part(**{name: wrong})})
                with pytest.raises(ValueError) as error:
                    estimator.fit(X, target(kind))
                message = str(error.value)
                start = f"{kind.__name__}: {parameter}__{name} must be "
                assert message.startswith(start), part
                assert message.endswith(f", got {wrong!r}."), part
                assert not hasattr(estimator, "coefs_"), part


BAD_SETTINGS = [
    ("solver__weight_decay", {"solver": AdamW(weight_decay=-0.1)}, "-0.1"),
    ("solver__clip_norm", {"solver": SGD(clip_norm=0)}, "0"),
    ("solver__averaging", {"solver": Lion(averaging=1.0)}, "1.0"),
    ("solver__momentum", {"solver": SGD(momentum=1.1)}, "1.1"),
    ("solver__max_fun", {"solver": LBFGS(max_fun=1.5)}, "1.5"),
    ("learning_rate__end", {"learning_rate": Cosine(end=2)}, "2"),
    ("learning_rate__schedule__end", {"learning_rate": Warmup(Cosine(end=2))}, "2"),
    ("activation__slope", {"activation": ["relu", LeakyReLU(slope=1.0)]}, "1.0"),
    ("initializer__scale", {"initializer": Orthogonal(scale=0)}, "0"),
    ("loss__level", {"loss": Quantile(level=[0.1, 1.0])}, r"\[0.1, 1.0\]"),
    ("loss__level", {"loss": Quantile(level=[])}, r"\[\]"),
    ("loss__label_smoothing", {"loss": LogLoss(label_smoothing=1)}, "1"),
    ("loss__gamma", {"loss": Focal(gamma=-1)}, "-1"),
]


@in_one_test(pytest.mark.parametrize(("name", "params", "came"), BAD_SETTINGS))
def test_settings_out_of_range_are_refused_by_their_full_name(name, params, came):
    of_classes = type(params.get("loss")) in CLASSIFICATION_LOSSES.values()
    kind = MLPClassifier if of_classes else MLPRegressor
    estimator = small(kind, **params)
    refused = f"^{kind.__name__}: {name} must be .*, got {came}.$"
    with pytest.raises(ValueError, match=refused):
        estimator.fit(X, target(kind))


# A user's own activation


# Those that learn nothing themselves, as a user's own can't.
FIXED = {n: kind for n, kind in ACTIVATIONS.items() if not issubclass(kind, Parametric)}


class Own:
    """An activation of the table as a user would write it: two methods, no base."""

    def __init__(self, activation):
        self.activation = activation

    def forward(self, z, out):
        self.activation.forward(z, out)

    def backward(self, delta, z, a):
        self.activation.backward(delta, z, a)


@pytest.mark.parametrize("kind", ESTIMATORS)
@in_one_test(pytest.mark.parametrize("activation", FIXED.values(), ids=FIXED))
def test_a_users_own_activation_trains_as_the_tables_one(activation, kind):
    # from one start: the table knows a smaller one for the logistic function
    params = {"coefs_init": fitted(kind, random_state=1), "max_iter": 5}
    form = "dense" if kind is MLPClassifier else "all at once"
    own, known = (
        train(small(kind, activation=given, **params), target(kind), form)
        for given in (Own(activation()), activation())
    )
    assert_same_bits(own, known)
    np.testing.assert_array_equal(own.predict(X), known.predict(X))


def test_a_users_own_activation_is_cloned_and_pickled():
    model = fitted(MLPClassifier, activation=Own(Tanh()), max_iter=3)
    again = quietly(clone(model).fit, X, CODES)
    assert_same_bits(again, model)
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


class Wrong:
    """tanh with a derivative that is too large by a factor."""

    def __init__(self, factor):
        self.factor = factor

    def forward(self, z, out):
        np.tanh(z, out=out)

    def backward(self, delta, z, a):
        delta *= self.factor * (1 - a * a)


class Returning:
    """tanh that returns what it should write."""

    def forward(self, z, out):
        return np.tanh(z)

    def backward(self, delta, z, a):
        return delta * (1 - a * a)


class NotANumber(Wrong):
    def forward(self, z, out):
        np.log(z.clip(0), out=out)


PLACES = {
    "all": (lambda wrong: wrong, "all hidden layers"),
    "first": (lambda wrong: [wrong, "relu"], "hidden layer 1"),
    "second": (lambda wrong: ["relu", wrong], "hidden layer 2"),
    "second of a tuple": (lambda wrong: ("tanh", wrong), "hidden layer 2"),
}


@in_one_test(covering(place=[*PLACES], excess=[1.0, 1e-3, 1e-4], kind=ESTIMATORS))
def test_a_wrong_derivative_is_refused_with_its_layer_and_size(place, excess, kind):
    given, where = PLACES[place]
    estimator = small(kind, activation=given(Wrong(1 + excess)))
    with pytest.raises(ValueError) as error:
        estimator.fit(X, target(kind))
    message = str(error.value)
    assert message.startswith(f"{kind.__name__}: activation of {where} must have")
    size = float(re.search(r"by up to ([\d.e+-]+)\.$", message)[1])
    # the largest derivative is 1, at 0, and more than 0.99 at the point next to it
    assert 0.99 * excess < size < 1.01 * excess
    assert not hasattr(estimator, "coefs_")


def test_a_right_derivative_passes_and_so_do_rounding_errors_of_it():
    for factor in (1.0, 1 + 1e-7):
        assert np.isfinite(fitted(MLPRegressor, activation=Wrong(factor)).loss_)


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize(
    "wrong", [Returning(), NotANumber(1.0)], ids=["returns", "nan"]
)
def test_an_activation_that_writes_nothing_or_no_numbers_is_refused(wrong):
    with pytest.raises(ValueError, match="MLPRegressor: activation of all hidden"):
        small(MLPRegressor, activation=wrong).fit(X, NUMBERS)


def test_each_hidden_layer_applies_its_own_activation():
    model = fitted(MLPRegressor, activation=["relu", Tanh()])
    a = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0)
    a = np.tanh(a @ model.coefs_[1] + model.intercepts_[1])
    by_hand = a @ model.coefs_[2] + model.intercepts_[2]
    # three matrix products in float64
    np.testing.assert_allclose(model.predict(X), by_hand[:, 0], rtol=1e-12, atol=1e-12)
    assert differ(fitted(MLPRegressor, activation=["tanh", "relu"]), model)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_list_of_one_activation_is_that_activation(kind):
    for name, activation in ACTIVATIONS.items():
        listed = fitted(kind, activation=[name, activation()], max_iter=4)
        assert not differ(listed, fitted(kind, activation=name, max_iter=4)), name


# Schedules


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_a_function_of_progress_is_a_schedule(solver):
    params = {"solver": solver, "max_iter": 6}
    for function, schedule in (
        (lambda t: 1.0 - t, Linear()),
        (lambda t: 1, Constant()),
        (lambda t: np.float64(0.01) ** t, "exponential"),
    ):
        model = fitted(MLPClassifier, learning_rate=function, **params)
        known = fitted(MLPClassifier, learning_rate=schedule, **params)
        assert_same_bits(model, known)
    assert differ(model, fitted(MLPClassifier, **params))


@pytest.mark.parametrize("factor", [-0.1, np.nan, np.inf])
def test_a_function_that_gives_no_factor_is_refused(factor):
    estimator = small(MLPClassifier, learning_rate=lambda t: factor if t > 0.5 else 1)
    with pytest.raises(ValueError, match=rf"a number in \[0, inf\) .*got {factor}"):
        estimator.fit(X, CODES)
    assert not hasattr(estimator, "coefs_")


@covering(solver={"name": "lbfgs", "object": LBFGS()}, kind=ESTIMATORS)
def test_lbfgs_says_that_it_has_no_schedule_but_not_of_scikit_learns_three(
    solver, kind
):
    # so much penalty that it converges
    params = {"solver": solver, "max_iter": 2000, "alpha": 10.0}
    plain = small(kind, **params).fit(X, target(kind))
    for schedule in [*SCHEDULES, lambda t: 1 - t, Cosine(end=0.5)]:
        estimator = small(kind, learning_rate=schedule, **params)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            estimator.fit(X, target(kind))
        if schedule in ("constant", "invscaling", "adaptive"):
            assert not caught, schedule
        else:
            assert [one.category for one in caught] == [DiagnosticWarning], schedule
            told = f"{kind.__name__}: learning_rate={schedule!r}"
            assert told in str(caught[0].message)
            assert caught[0].filename == __file__  # where the user called fit
        assert not differ(estimator, plain), schedule


def test_no_warning_of_schedules_with_solvers_that_have_them():
    # tol: patience ends the fit, or gets to the schedule's floor, before max_iter
    quick = {"tol": 1e6, "n_iter_no_change": 1, "max_iter": 100}
    # coslog4 has cycles, which patience does not end
    for schedule in sorted(SCHEDULES.keys() - {"coslog4"}):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            small(MLPClassifier, learning_rate=schedule, **quick).fit(X, CODES)
        assert not caught, schedule


# Solvers between calls of partial_fit


CONTINUED = {
    **{name: {"solver": name} for name in STOCHASTIC},
    **{
        f"averaged, clipped {name}": {
            "solver": SOLVERS[name](averaging=0.9, clip_norm=0.1)
        }
        for name in STOCHASTIC
    },
    **{name: {"learning_rate": name} for name in SCHEDULES},
    **{
        name: {"dropout": Dropout(**{name: 0.3})}
        for name in ("rate", "inputs", "noise")
    },
}


@pytest.mark.parametrize(
    ("kind", "batch_size"), [(MLPClassifier, N_ROWS), (MLPRegressor, 17)]
)
@in_one_test(pytest.mark.parametrize("params", CONTINUED.values(), ids=CONTINUED))
def test_partial_fit_three_times_is_one_run_of_three_unshuffled_epochs(
    params, kind, batch_size
):
    same = {"batch_size": batch_size, "max_iter": 3, "shuffle": False}
    estimator = small(kind, **params, **same)
    model = by_parts(clone(estimator), target(kind))
    whole = quietly(estimator.fit, X, target(kind))
    assert_same_bits(model, whole)
    assert model.loss_curve_ == whole.loss_curve_
    # and so it is with a pickle between
    model = clone(estimator)
    for _ in range(3):
        model = pickle.loads(pickle.dumps(model))
        by_parts(model, target(kind), times=1)
    assert_same_bits(model, whole)


@in_one_test(pytest.mark.parametrize("solver", STOCHASTIC))
def test_the_average_is_that_of_the_iterates_and_leaves_them_as_they_are(solver):
    decay, n_steps = 0.7, 5
    params = {"batch_size": N_ROWS, "shuffle": False, "max_iter": 1}
    plain = small(MLPRegressor, solver=SOLVERS[solver](), **params)
    averaging = small(MLPRegressor, solver=SOLVERS[solver](averaging=decay), **params)
    expected, share = 0.0, 0.0
    for _ in range(n_steps):
        iterate = parameters(plain.partial_fit(X, NUMBERS))
        expected = decay * expected + (1 - decay) * iterate
        share = decay * share + (1 - decay)
        averaging.partial_fit(X, NUMBERS)
        # some sums of five terms in float64
        np.testing.assert_allclose(
            parameters(averaging), expected / share, rtol=1e-12, atol=1e-14
        )
    assert averaging.loss_curve_ == plain.loss_curve_  # of the iterates
    assert differ(averaging, plain)


def test_a_model_that_stands_still_does_so_under_any_averaging():
    params = {"solver": SGD(averaging=0.5), "learning_rate_init": 1e-300}
    model = by_parts(small(MLPRegressor, max_iter=3, **params), NUMBERS)
    first = parameters(model)
    for averaging in (0.9, None, 0.1, 0.99):
        by_parts(model.set_params(solver__averaging=averaging), NUMBERS)
        # an average of equal vectors, off by its rounding
        np.testing.assert_allclose(parameters(model), first, rtol=1e-12, atol=1e-290)


def test_averaging_goes_on_from_weights_that_were_set_by_hand():
    params = {"batch_size": N_ROWS, "shuffle": False, "learning_rate_init": 1e-12}
    solver = SGD(momentum=0.0, averaging=0.5)
    model = small(MLPRegressor, solver=solver, **params).partial_fit(X, NUMBERS)
    model.coefs_ = [W + 1.0 for W in model.coefs_]
    start = small(MLPRegressor, **params, coefs_init=(model.coefs_, model.intercepts_))
    loss = quietly(start.set_params(max_iter=1).fit, X, NUMBERS).loss_
    # the loss before the step is that of the weights by hand
    assert model.partial_fit(X, NUMBERS).loss_ == pytest.approx(loss, rel=1e-12)


CHANGES = {
    "averaging begins": (SGD(), SGD(averaging=0.9)),
    "averaging ends": (SGD(averaging=0.9), SGD()),
    "averaging and clipping begin": ("adam", Adam(averaging=0.9, clip_norm=1.0)),
    "another averaging": (AdamW(averaging=0.5), AdamW(averaging=0.9)),
    "another solver": (Adam(averaging=0.9), AdamW(averaging=0.9)),
    "lbfgs": (SGD(averaging=0.9), LBFGS()),
}


@pytest.mark.parametrize(("before", "after"), CHANGES.values(), ids=CHANGES)
def test_training_goes_on_under_other_settings(before, after):
    for kind in ESTIMATORS:
        model = by_parts(small(kind, solver=before, max_iter=3), target(kind))
        first = parameters(model)
        model.set_params(solver=after, warm_start=True)
        if hasattr(model, "partial_fit"):
            by_parts(model, target(kind))
        else:
            quietly(model.fit, X, target(kind))
        assert np.isfinite(parameters(model)).all()
        assert not np.array_equal(parameters(model), first)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_clipped_step_of_gradient_descent_has_the_length_it_is_clipped_to(kind):
    params = {"alpha": 0.0, "batch_size": N_ROWS, "learning_rate_init": 0.5}
    start = fitted(kind, random_state=1)
    lengths = []
    for clip_norm in (None, 1e-3):
        solver = SGD(momentum=0.0, clip_norm=clip_norm)
        model = small(kind, solver=solver, coefs_init=start, max_iter=1, **params)
        quietly(model.fit, X, target(kind))
        lengths.append(np.linalg.norm(parameters(model) - parameters(start)))
    assert lengths[0] > 2 * lengths[1]
    assert lengths[1] == pytest.approx(0.5e-3, rel=1e-9)  # differences of about 1


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_early_stopping_scores_and_keeps_the_average(kind):
    params = {"early_stopping": True, "validation_fraction": 0.2, "max_iter": 8}
    model = fitted(kind, solver=Adam(averaging=0.95), **params)
    plain = fitted(kind, solver=Adam(), **params)
    assert model.validation_scores_ != plain.validation_scores_
    n_best = int(np.argmax(model.validation_scores_)) + 1
    params = {**params, "max_iter": n_best}
    assert_same = np.testing.assert_array_equal
    best = fitted(kind, solver=Adam(averaging=0.95), **params)
    assert_same(parameters(model), parameters(best))


# Names that are used above for their tables alone would hide a part left out.


def test_the_tables_hold_parts_that_know_their_flat_settings():
    for _, part in EVERY_PART:
        assert issubclass(part, Component)
        assert set(part.flat) <= FIELDS[part] & set(FLAT)
    assert {Adaptive, InverseScaling} < set(SCHEDULES.values())
    assert ReLU in ACTIVATIONS.values()
