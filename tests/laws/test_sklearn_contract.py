"""scikit-learn's contract: its estimator checks, and its own tests of its MLP.

Where one of those looks into private state, a test here states what a user sees of it.
"""

import inspect
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import sklearn.neural_network
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import estimator_checks
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.estimator_checks import (
    check_class_weight_classifiers,
    check_estimator,
    check_regressor_multioutput,
    estimator_checks_generator,
    parametrize_with_checks,
)

import skmlp
from skmlp import MLPClassifier, MLPRegressor
from skmlp.losses import REGRESSION_LOSSES, TweedieDeviance

from ..conftest import NUMBERS, X, covering_array, quietly

# What is trained here is not meant to learn much.
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_what_scikit_learn_has_too_has_its_defaults(kind):
    expected = getattr(sklearn.neural_network, kind.__name__)().get_params()
    params = kind().get_params()
    assert {name: params[name] for name in expected} == expected


# scikit-learn's estimator checks

# Settings under which networks of all sizes pass the checks that ask for a good score:
# high rates, since there are few epochs; endless patience, so that a second fit under
# warm_start really trains on; few iterations of lbfgs, for the checks that compare two
# fits to 1e-7, and a held-out part large enough for the smallest data of the checks.
SETTINGS = {
    "lbfgs": {"alpha": 0.1, "max_iter": 20},
    "sgd": {"learning_rate_init": 0.05, "max_iter": 30, "n_iter_no_change": 1000},
    "adam": {"learning_rate_init": 0.05, "max_iter": 30, "n_iter_no_change": 1000},
}


def with_settings(kind, solver, **params):
    return kind(
        solver=solver,
        activation="tanh",
        validation_fraction=0.3,
        random_state=0,
        **SETTINGS[solver],
        **params,
    )


# Each pair of these levels in one estimator at least.
FACTORS = {
    "solver": list(SETTINGS),
    "hidden_layer_sizes": [(), (5, 2), 8],
    "early_stopping": [False, True],
    "warm_start": [False, True],
    "kind": [MLPClassifier, MLPRegressor],
}
ROWS = covering_array([len(levels) for levels in FACTORS.values()])
ESTIMATORS = [
    with_settings(
        **{
            name: levels[k]
            for (name, levels), k in zip(FACTORS.items(), row, strict=True)
        }
    )
    for row in ROWS
]

# And what is not in scikit-learn: columns, scales and activations that are learned,
# and losses. Of these some need y > 0; the check that asks for R2 > 0.5 gives 0.78 and
# more over 20 seeds.
LEARNED = {
    "hidden_layer_sizes": 8,
    "activation": "parametric_mish",
    "numeric_embedding": "pbld",
    "learned_scale": True,
    "solver": "lbfgs",
    "alpha": 1.0,
    "max_iter": 20,
    "random_state": 0,
}
POSITIVE = {
    "poisson": with_settings(
        MLPRegressor, "lbfgs", loss="poisson", hidden_layer_sizes=()
    ),
    "gamma": with_settings(MLPRegressor, "lbfgs", loss="gamma"),
    "tweedie": with_settings(
        MLPRegressor, "lbfgs", loss="tweedie", hidden_layer_sizes=8
    ),
    "tweedie object": MLPRegressor(
        loss=TweedieDeviance(power=1.2),
        activation="tanh",
        learning_rate_init=0.01,
        max_iter=100,
        n_iter_no_change=1000,
        random_state=0,
    ),
}
# Without much penalty probabilities become 0 and 1.
SATURATED = MLPClassifier(solver="lbfgs", random_state=0)
OURS_ALONE = {
    "learned classifier": MLPClassifier(**LEARNED),
    "learned regressor": MLPRegressor(**LEARNED),
    "focal": with_settings(MLPClassifier, "lbfgs", loss="focal"),
    "saturated": SATURATED,
    **POSITIVE,
}


def _stops_early(estimator):
    return estimator.early_stopping and estimator.solver != "lbfgs"


def _trains_on(estimator):
    """lbfgs without hidden layer is at its minimum after the first fit."""
    done = estimator.solver == "lbfgs" and estimator.hidden_layer_sizes == ()
    return estimator.warm_start and not done


def _trains_labels_on(estimator):
    return _trains_on(estimator) and isinstance(estimator, MLPClassifier)


def _keeps_an_early_epoch(estimator):
    """The others are luckier in the few rows of the check that are held out."""
    network = estimator.solver, estimator.hidden_layer_sizes
    unlucky = network in [("sgd", ()), ("adam", ()), ("adam", 8)]
    is_classifier = isinstance(estimator, MLPClassifier)
    return is_classifier and _stops_early(estimator) and unlucky


def _is_saturated(estimator):
    return estimator is SATURATED


def _needs_positive_y(estimator):
    return estimator in POSITIVE.values()


PARTIAL = "partial_fit is called, and does not support early_stopping=True"
HELD_OUT = "repeated rows are held out, or not, one by one; a weighted row is as one"
# No rule for ties would help: the class of little weight tells scores apart, if only by
# 1e-7, and with scoring="loss", which has no ties, two of the three fail as well.
FEW_ROWS = (
    "held-out rows of one class have all the weight; the score is at its best before "
    "that class wins among the other rows, too, and patience then ends the fit"
)
WEIGHTED = "check_class_weight_classifiers"
ROUNDED = "probabilities must be less than 1, to which they round"
NEGATIVE = "y is negative, whatever the tags say"
GOES_ON = "a second fit is expected to begin anew, warm_start=True goes on"
EXPECTED_TO_FAIL = {
    "check_estimators_partial_fit_n_features": (_stops_early, PARTIAL),
    "check_fit_score_takes_y": (_stops_early, PARTIAL),
    "check_n_features_in_after_fitting": (_stops_early, PARTIAL),
    "check_sample_weight_equivalence_on_dense_data": (_stops_early, HELD_OUT),
    "check_sample_weight_equivalence_on_sparse_data": (_stops_early, HELD_OUT),
    WEIGHTED: (_keeps_an_early_epoch, FEW_ROWS),
    "check_supervised_y_2d": (_trains_on, GOES_ON),
    "check_classifiers_multilabel_representation_invariance": (
        _trains_labels_on,
        GOES_ON,
    ),
    "check_classifiers_multilabel_output_format_predict_proba": (
        _is_saturated,
        ROUNDED,
    ),
    "check_regressor_multioutput": (_needs_positive_y, NEGATIVE),
}


def expected_failed_checks(estimator):
    return {
        check: reason
        for check, (applies, reason) in EXPECTED_TO_FAIL.items()
        if applies(estimator)
    }


ALL_CHECKS = parametrize_with_checks(
    ESTIMATORS, expected_failed_checks=expected_failed_checks
)
NAMES, CASES = ALL_CHECKS.args


# scikit-learn before 1.9 hands pytest a generator, which pytest no longer wants
@pytest.mark.parametrize(NAMES, list(CASES), **ALL_CHECKS.kwargs)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_passes_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", OURS_ALONE.values(), ids=OURS_ALONE)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_is_ours_alone_passes_scikit_learns_checks(estimator):
    expected = expected_failed_checks(estimator)
    results = check_estimator(
        estimator, expected_failed_checks=expected, on_skip=None, on_fail=None
    )
    assert len(results) > 50
    failed = {
        one["check_name"]: one["exception"]
        for one in results
        if one["status"] not in ("passed", "skipped")
    }
    assert set(failed) == set(expected), failed


# check_estimator swaps parameters of scikit-learn's own classes in some checks, by
# their exact type; these are other types, and are checked as they are.


class ScikitLearnsClassifier(sklearn.neural_network.MLPClassifier):
    pass


class ScikitLearnsRegressor(sklearn.neural_network.MLPRegressor):
    pass


THEIRS = {MLPClassifier: ScikitLearnsClassifier, MLPRegressor: ScikitLearnsRegressor}


def in_scikit_learn(estimator):
    """scikit-learn's estimator with those of our parameters that it has."""
    kind = THEIRS[type(estimator)]
    return kind(**{name: getattr(estimator, name) for name in kind().get_params()})


def failed_checks(estimator, names):
    """Those of the named checks that fail, each with the type of its error."""
    failed, ran = {}, set()
    for checked, check in estimator_checks_generator(estimator):
        name = check.func.__name__ if isinstance(check, partial) else check.__name__
        if name not in names:
            continue
        ran.add(name)
        try:
            check(checked)
        except (AssertionError, ValueError) as error:
            failed[name] = type(error)
    assert ran == set(names)
    return failed


def estimator_id(estimator):
    names = ("solver", "early_stopping", "warm_start", "hidden_layer_sizes")
    values = [str(getattr(estimator, name)) for name in names]
    return "-".join([type(estimator).__name__, *values])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "estimator",
    list(filter(expected_failed_checks, [*ESTIMATORS, SATURATED])),
    ids=estimator_id,
)
def test_each_check_expected_to_fail_fails_for_scikit_learns_mlp_too(estimator):
    expected = set(expected_failed_checks(estimator)) - {WEIGHTED}  # see below
    theirs = in_scikit_learn(estimator)
    failed = failed_checks(theirs, expected)
    assert set(failed) == expected
    # ours fails them in the same way: what has come to pass is to be deleted above
    assert failed_checks(estimator, expected) == failed


class ClassWeighted(ClassifierMixin, BaseEstimator):
    """scikit-learn's MLP has no class_weight, but trains on any sample_weight."""

    def __init__(self, mlp, class_weight=None):
        self.mlp = mlp
        self.class_weight = class_weight

    def fit(self, X, y):
        weight = compute_sample_weight(self.class_weight, y)
        self.mlp_ = clone(self.mlp).fit(X, y, sample_weight=weight)
        self.classes_ = self.mlp_.classes_
        return self

    def predict(self, X):
        return self.mlp_.predict(X)


WATCHED = [
    with_settings(MLPClassifier, solver, hidden_layer_sizes=sizes, early_stopping=True)
    for solver in ("sgd", "adam")
    for sizes in FACTORS["hidden_layer_sizes"]
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("estimator", WATCHED, ids=estimator_id)
def test_the_check_of_class_weight_fails_just_where_scikit_learns_mlp_fails_it_too(
    estimator,
):
    # the check itself gives these to what has them
    theirs = in_scikit_learn(estimator).set_params(max_iter=1000, n_iter_no_change=20)
    for checked in (estimator, ClassWeighted(theirs)):
        if not _keeps_an_early_epoch(estimator):
            check_class_weight_classifiers("MLPClassifier", checked)
            continue
        with pytest.raises(AssertionError):
            check_class_weight_classifiers("MLPClassifier", checked)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "estimator", list(filter(_keeps_an_early_epoch, WATCHED)), ids=estimator_id
)
def test_the_check_of_class_weight_passes_where_all_rows_train(estimator):
    trained = clone(estimator).set_params(early_stopping=False)
    check_class_weight_classifiers("MLPClassifier", trained)


# Losses that need y > 0, or y >= 0


@pytest.mark.parametrize("estimator", POSITIVE.values(), ids=POSITIVE)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_check_of_several_outputs_passes_with_the_y_that_the_tags_ask_for(
    estimator, monkeypatch
):
    make_regression = estimator_checks.make_regression

    def of_positive_y(**params):
        X, y = make_regression(**params)
        return X, np.exp(y / np.abs(y).max())

    monkeypatch.setattr(estimator_checks, "make_regression", of_positive_y)
    check_regressor_multioutput("MLPRegressor", estimator)


def test_the_tags_say_that_y_must_be_positive_just_where_negative_y_is_refused():
    losses = [*REGRESSION_LOSSES, *(kind() for kind in REGRESSION_LOSSES.values())]
    losses += [TweedieDeviance(power=power) for power in (1, 1.2, 2)]
    refused = []
    for loss in losses:
        model = MLPRegressor(hidden_layer_sizes=(), loss=loss, max_iter=1)
        try:
            quietly(model.fit, X, NUMBERS)
        except ValueError as error:
            assert "y must be >" in str(error), loss
            refused.append(loss)
        says = model.__sklearn_tags__().target_tags.positive_only
        assert says == (loss in refused), loss
    assert len(refused) == 3 + 3 + 3


@pytest.mark.parametrize("loss", ["no loss", None, [], 1.5])
def test_what_is_no_loss_is_refused_by_fit_and_not_by_the_tags(loss):
    model = MLPRegressor(loss=loss)
    assert not model.__sklearn_tags__().target_tags.positive_only
    with pytest.raises((ValueError, TypeError), match="MLPRegressor: loss must be"):
        model.fit(X, NUMBERS)


def test_a_loss_with_a_wrong_setting_is_refused_by_fit_and_not_by_the_tags():
    model = MLPRegressor(loss=TweedieDeviance(power="big"))
    model.__sklearn_tags__()
    with pytest.raises((ValueError, TypeError), match="loss__power must be"):
        model.fit(X, NUMBERS)


# scikit-learn's own tests of its MLP, with the two names swapped for ours

THEIR_TESTS = Path(sklearn.neural_network.__file__).parent / "tests" / "test_mlp.py"
THEIR_IMPORT = "from sklearn.neural_network import MLPClassifier, MLPRegressor\n"
OUR_IMPORT = "from skmlp import MLPClassifier, MLPRegressor\n"

PRIVATE = {
    "test_gradient": "calls _loss_grad_lbfgs",
    "test_learning_rate_warmstart": "reads _optimizer",
    "test_adaptive_learning_rate": "reads _optimizer",
    "test_n_iter_no_change": "reads _no_improvement_count",
    "test_n_iter_no_change_inf": "reads _no_improvement_count",
}


def their_module():
    """The names of scikit-learn's test module, run on our two estimators."""
    source = THEIR_TESTS.read_text(encoding="utf-8")
    if source.count(THEIR_IMPORT) != 1:
        raise ValueError(f"{THEIR_TESTS} no longer has the line {THEIR_IMPORT!r}")
    code = compile(source.replace(THEIR_IMPORT, OUR_IMPORT), str(THEIR_TESTS), "exec")
    module = {"__name__": "scikit_learns_test_mlp"}
    exec(code, module)
    return module


def with_marks(name, test):
    """The test as scikit-learn runs it: warnings are no errors there."""
    if name in PRIVATE:
        reason = f"private state: {PRIVATE[name]}; what users see of it is tested below"
        return pytest.mark.skip(reason=reason)(test)
    return pytest.mark.filterwarnings("default")(test)


THEIR_MODULE = their_module() if THEIR_TESTS.exists() else {}
THEIR_FUNCTIONS = {
    name: value
    for name, value in THEIR_MODULE.items()
    if name.startswith("test_") and inspect.isfunction(value)
}


TestOfScikitLearn = type(
    "TestOfScikitLearn",
    (),
    {
        name: staticmethod(with_marks(name, test))
        for name, test in THEIR_FUNCTIONS.items()
    },
)


@pytest.fixture
def global_random_seed():
    """The seed that scikit-learn's tests run with by default."""
    return 42


def test_scikit_learns_tests_run_on_our_estimators():
    if not THEIR_TESTS.exists():
        pytest.skip("this scikit-learn comes without its tests")
    assert THEIR_MODULE["MLPClassifier"] is skmlp.MLPClassifier
    assert THEIR_MODULE["MLPRegressor"] is skmlp.MLPRegressor
    written = re.findall(r"^def (test_\w+)", THEIR_TESTS.read_text("utf-8"), re.M)
    collected = [name for name in vars(TestOfScikitLearn) if name.startswith("test_")]
    assert sorted(collected) == sorted(written)
    assert set(PRIVATE) < set(collected)


# What users see of the private state in the tests left out


def digits_of_two_classes():
    X, y = load_digits(n_class=2, return_X_y=True)
    return X[:100] / 16, y[:100]


@pytest.mark.parametrize(
    ("n_classes", "activation"),
    [(2, "identity"), (3, "logistic"), (2, "tanh"), (3, "relu")],
)
def test_an_update_follows_the_gradient_of_the_reported_loss(n_classes, activation):
    """test_gradient: a step of plain gradient descent shows the gradient."""
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(5, 4))
    y = np.mod(np.arange(5), n_classes)

    def one_update(arrays):
        """The loss at the parameters `arrays`, and the gradient that it follows."""
        model = MLPClassifier(
            hidden_layer_sizes=4,
            activation=activation,
            solver="sgd",
            momentum=0,
            nesterovs_momentum=False,
            learning_rate_init=1.0,
            alpha=0.1,
            shuffle=False,
            random_state=1,
        ).partial_fit(X, y, classes=np.unique(y))
        if arrays is not None:
            n_layers = len(model.coefs_)
            model.coefs_ = [a.copy() for a in arrays[:n_layers]]
            model.intercepts_ = [a.copy() for a in arrays[n_layers:]]
        before = [a.copy() for a in (*model.coefs_, *model.intercepts_)]
        model.partial_fit(X, y)
        after = [*model.coefs_, *model.intercepts_]
        gradient = [a - b for a, b in zip(before, after, strict=True)]
        return before, model.loss_curve_[-1], gradient

    arrays, _, gradient = one_update(None)
    h = 1e-5
    for array, slopes in zip(arrays, gradient, strict=True):
        for index in np.ndindex(array.shape):
            middle = array[index]
            array[index] = middle + h
            _, above, _ = one_update(arrays)
            array[index] = middle - h
            _, below, _ = one_update(arrays)
            array[index] = middle
            # truncation about h^2 = 1e-10, rounding about 1e-16 / h = 1e-11
            assert slopes[index] == pytest.approx((above - below) / (2 * h), abs=1e-8)


@pytest.mark.parametrize("learning_rate", ["constant", "invscaling"])
def test_invscaling_follows_all_rows_seen_and_each_fit_begins_at_the_first_rate(
    learning_rate,
):
    """test_learning_rate_warmstart: the rate is seen from the size of a step.

    Without momentum, penalty and hidden layer, a step of squared error is
    -rate * mean((X W + b - y) (X, 1)).
    """
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4, 2))
    y = rng.normal(size=4)
    model = MLPRegressor(
        hidden_layer_sizes=(),
        solver="sgd",
        learning_rate=learning_rate,
        learning_rate_init=0.1,
        power_t=0.25,
        momentum=0,
        alpha=0,
        max_iter=1,
        warm_start=True,
        random_state=0,
    )
    quietly(model.fit, X, y)
    W, b = model.coefs_[0][:, 0].copy(), model.intercepts_[0][0]
    model.set_params(max_iter=3)
    quietly(model.fit, X, y)
    assert model.t_ == 4 * (1 + 3)

    rates = [0.1, 0.1, 0.1]
    if learning_rate == "invscaling":  # the second fit begins when 4 rows were seen
        rates = [0.1, 0.1 / (4 + 4 + 1) ** 0.25, 0.1 / (4 + 8 + 1) ** 0.25]
    for rate in rates:
        error = X @ W + b - y
        W, b = W - rate * X.T @ error / 4, b - rate * error.mean()
    # three steps: rounding only
    np.testing.assert_allclose(model.coefs_[0][:, 0], W, rtol=1e-12)
    np.testing.assert_allclose(model.intercepts_[0], [b], rtol=1e-12)


@pytest.mark.parametrize("learning_rate_init", [1e-3, 0.5])
def test_adaptive_divides_the_rate_until_1e_6_and_then_ends(learning_rate_init, capsys):
    """test_adaptive_learning_rate: the rates are what verbose says."""
    model = MLPClassifier(
        solver="sgd",
        learning_rate="adaptive",
        learning_rate_init=learning_rate_init,
        tol=0.5,
        max_iter=3000,
        verbose=True,
        random_state=0,
    ).fit([[3, 2], [1, 6]], [1, 0])  # converges: a ConvergenceWarning is an error here
    said = capsys.readouterr().out
    rates = [float(rate) for rate in re.findall(r"learning rate to ([\d.]+)", said)]
    n_divisions = len(rates)
    # verbose rounds to six digits after the point
    divided = learning_rate_init / 5.0 ** np.arange(1, n_divisions + 1)
    np.testing.assert_allclose(rates, divided, atol=5.1e-7)
    assert divided[-1] <= 1e-6 < divided[-2]
    assert said.rstrip().endswith("Learning rate too small. Stopping.")
    assert model.n_iter_ < model.max_iter
    # each plateau takes at least n_iter_no_change + 1 epochs
    assert model.n_iter_ > 11 * (n_divisions + 1)


@pytest.mark.parametrize("n_iter_no_change", [2, 10, 100])
def test_n_iter_no_change_epochs_without_progress_and_one_more_end_the_fit(
    n_iter_no_change,
):
    """test_n_iter_no_change: the count is seen from the loss curve."""
    tol = 0.01
    model = MLPClassifier(
        tol=tol,
        max_iter=3000,
        solver="sgd",
        n_iter_no_change=n_iter_no_change,
        random_state=0,
    ).fit(*digits_of_two_classes())
    curve = np.array(model.loss_curve_)
    best_before = np.minimum.accumulate([np.inf, *curve[:-1]])
    progress = np.flatnonzero(curve <= best_before - tol)
    gaps = np.diff([*progress, len(curve)]) - 1  # epochs without progress
    assert gaps[-1] == n_iter_no_change + 1
    assert (gaps[:-1] <= n_iter_no_change).all()
    assert model.n_iter_ == len(curve) < model.max_iter


@pytest.mark.parametrize("early_stopping", [False, True])
def test_infinite_n_iter_no_change_never_ends_a_fit(early_stopping):
    """test_n_iter_no_change_inf: at a tolerance that no epoch's progress reaches."""
    params = {
        "solver": "sgd",
        "tol": 1e9,
        "max_iter": 300,
        "early_stopping": early_stopping,
        "random_state": 0,
    }
    patient = MLPClassifier(n_iter_no_change=np.inf, **params)
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(300\)"):
        patient.fit(*digits_of_two_classes())
    assert patient.n_iter_ == 300
    impatient = MLPClassifier(n_iter_no_change=1, **params)
    assert impatient.fit(*digits_of_two_classes()).n_iter_ == 3
