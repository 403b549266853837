"""Corners where parts, targets and calls meet."""

import pickle

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.model_selection import KFold, cross_val_score

from skmlp import DiagnosticWarning, MLPClassifier, MLPRegressor
from skmlp.activations import Activation, ReLU
from skmlp.initializers import Initializer
from skmlp.losses import LogLoss, Quantile, RegressionLoss
from skmlp.schedules import CosLog, Schedule
from skmlp.solvers import Adam, Stochastic

from ..conftest import assert_same_bits, parameters

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4))
LABELS = np.digitize(X[:, 0], [-0.5, 0.5])
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0]
SOFT = {"loss": LogLoss(soft_targets=True)}
# a given number of epochs is enough here
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]


# --- sparse batches


def test_a_lazy_batch_without_entries_is_a_step_like_any_other():
    rows = scipy.sparse.vstack([scipy.sparse.csr_matrix((20, 4)), X[:20]], format="csr")
    settings = {"batch_size": 20, "shuffle": False, "max_iter": 3, "random_state": 0}
    lazy = MLPClassifier((5,), solver=Adam(lazy=True), **settings)
    assert np.isfinite(lazy.fit(rows, LABELS[:40]).loss_)


# --- early stopping by the loss that is trained


def test_early_stopping_keeps_a_high_quantile():
    # R2 would be best early on, near the mean
    rng = np.random.default_rng(1)
    X = rng.normal(size=(2000, 2))
    y = X[:, 0] + rng.exponential(2.0, 2000)
    mlp = MLPRegressor(
        Quantile(0.95), (20,), early_stopping=True, max_iter=200, random_state=0
    ).fit(X[:1500], y[:1500])
    # over 20 seeds: 0.91 to 0.96; of the mean it is 0.63
    share = np.mean(y[1500:] <= mlp.predict(X[1500:]))
    assert share == pytest.approx(0.95, abs=0.08)
    assert max(mlp.validation_scores_) < 0


# --- starts


def test_a_clone_starts_from_the_same_fitted_estimator():
    start = MLPClassifier((5,), max_iter=3, random_state=0).fit(X, LABELS)
    model = MLPClassifier((5,), coefs_init=start, max_iter=2, random_state=0)
    assert clone(model).coefs_init is start
    assert clone(MLPClassifier(coefs_init=MLPClassifier(alpha=1.0))) is not None
    scores = cross_val_score(model, X, LABELS, error_score="raise")
    assert np.isfinite(scores).all()


def test_a_bad_start_is_named_as_it_came():
    for start in "ab", (None, None), ([], []), 3:
        with pytest.raises((ValueError, TypeError)) as caught:
            MLPRegressor(coefs_init=start).fit(X, NUMBERS)
        last = str(caught.value).splitlines()[-1]
        assert "MLPRegressor: coefs_init must be" in last, start
        assert "MLPRegressor()" not in last, start


def test_a_start_that_is_not_finite_in_the_data_s_dtype_is_refused():
    start = [np.full((4, 1), 1e300)], [np.zeros(1)]
    mlp = MLPRegressor(hidden_layer_sizes=(), coefs_init=start)
    with pytest.raises(ValueError, match="coefs_init must be"):
        mlp.fit(X.astype(np.float32), NUMBERS)


def test_an_optimal_bias_does_not_overwrite_those_of_a_start():
    start = [np.zeros((4, 1))], [np.zeros(1)]
    mlp = MLPRegressor(hidden_layer_sizes=(), coefs_init=start, output_bias="optimum")
    with pytest.raises(ValueError, match="output_bias must be 'random'"):
        mlp.fit(X, NUMBERS)


# --- soft targets

SHARES = np.eye(3)[LABELS] * 0.8 + 0.2 / 3


def test_soft_targets_are_scored_by_their_likeliest_class():
    mlp = MLPClassifier((10,), **SOFT, max_iter=30, random_state=0).fit(X, SHARES)
    assert mlp.score(X, SHARES) == mlp.score(X, LABELS)
    scores = cross_val_score(mlp, X, SHARES, cv=KFold(3), error_score="raise")
    assert np.isfinite(scores).all()


def test_soft_targets_of_two_classes_are_split_by_their_likelier_class():
    shares = np.stack(
        [1 - 0.5 * (X[:, 0] > 0) - 0.3, 0.5 * (X[:, 0] > 0) + 0.3], axis=1
    )
    shares[0] = [1.0, 0.0]
    mlp = MLPClassifier((5,), **SOFT, early_stopping=True, max_iter=3, random_state=0)
    assert len(mlp.fit(X, shares).validation_scores_) == 3


def test_soft_targets_know_their_classes():
    mlp = MLPClassifier((5,), **SOFT, random_state=0)
    with pytest.raises(ValueError, match="classes must be None or"):
        mlp.partial_fit(X, SHARES, classes=["a", "b"])
    mlp.partial_fit(X, SHARES, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="loss__soft_targets must be True or False"):
        MLPClassifier(loss=LogLoss(soft_targets=np.nan)).fit(X, SHARES)


# --- parts of the user's own


class Scaled(Activation):
    """max(0, s z), with an __init__ as scikit-learn's estimators have them."""

    def __init__(self, s=1.0):
        self.s = s

    def forward(self, z, out):
        np.multiply(z, self.s, out=out)
        np.maximum(out, 0.0, out=out)

    def backward(self, delta, z, a):
        delta *= self.s * (a > 0)


class Falling(Schedule):
    """A schedule with an __init__ of its own."""

    def __init__(self, k=5.0):
        self.k = k

    def at(self, progress):
        return 1.0 / (1.0 + self.k * progress)


class Wrong(ReLU):
    def backward(self, delta, z, a):
        delta *= 7.0


def test_parts_with_an_init_of_their_own_keep_their_settings():
    mlp = MLPClassifier(
        (5,), activation=Scaled(3.0), learning_rate=Falling(k=100.0), random_state=0
    )
    mlp.set_params(max_iter=5)
    copies = [clone(mlp), pickle.loads(pickle.dumps(mlp))]
    for model in copies:
        assert model.activation.s == 3.0 and model.learning_rate.k == 100.0
    reference = clone(mlp).set_params(learning_rate="constant").fit(X, LABELS)
    moved = np.abs(parameters(mlp.fit(X, LABELS)) - parameters(reference))
    assert moved.max() > 1e-4  # rounding is 1e-16
    assert_same_bits(copies[0].fit(X, LABELS), mlp)
    assert mlp.get_params()["activation__s"] == 3.0
    assert mlp.set_params(activation__s=2.0).activation.s == 2.0


def test_the_derivative_of_a_subclass_is_checked():
    with pytest.raises(ValueError, match="activation of all hidden layers"):
        MLPClassifier(activation=Wrong()).fit(X, LABELS)


ABSTRACT = {
    "solver": Stochastic(),
    "learning_rate": Schedule(),
    "initializer": Initializer(),
    "loss": RegressionLoss(),
}


@pytest.mark.parametrize("name", ABSTRACT)
def test_mere_bases_are_no_parts(name):
    mlp = MLPRegressor().set_params(**{name: ABSTRACT[name]})
    with pytest.raises(ValueError, match=f"MLPRegressor: {name} must be"):
        mlp.fit(X, NUMBERS)


def test_a_list_of_settings_may_change_after_the_fit():
    levels = [0.1, 0.9]
    mlp = MLPRegressor(Quantile(levels), (5,), max_iter=3, random_state=0)
    predicted = mlp.fit(X, NUMBERS).predict(X)
    levels.append(0.5)
    np.testing.assert_array_equal(mlp.predict(X), predicted)


def test_a_gain_that_is_no_number_is_refused():
    own = Scaled()
    for own.gain in "high", None, -1.0, np.nan:
        with pytest.raises(ValueError, match=r"MLPClassifier: activation .* gain"):
            MLPClassifier(activation=own).fit(X, LABELS)


def test_a_function_of_progress_must_give_a_factor():
    for factor in np.nan, -1.0, None, "x":
        mlp = MLPClassifier(learning_rate=lambda progress, factor=factor: factor)
        with pytest.raises(ValueError, match="Classifier: learning_rate must return"):
            mlp.fit(X, LABELS)


def test_activations_may_be_an_array_of_names():
    names = ["relu", "tanh"]
    models = [
        MLPClassifier((5, 3), activation=kind(names), max_iter=2, random_state=0)
        for kind in (list, np.array)
    ]
    assert_same_bits(*(model.fit(X, LABELS) for model in models))


# --- schedules and calls


def test_partial_fit_after_fit_plans_anew():
    params = {"learning_rate": "cosine", "max_iter": 5, "random_state": 0}
    mlp = MLPRegressor(hidden_layer_sizes=(5,), **params).fit(X, NUMBERS)
    before = [W.copy() for W in mlp.coefs_]
    mlp.partial_fit(X, NUMBERS)
    assert not np.array_equal(mlp.coefs_[0], before[0])


def test_partial_fit_says_when_its_schedule_has_ended():
    params = {"learning_rate": "cosine", "max_iter": 3, "random_state": 0}
    mlp = MLPRegressor(hidden_layer_sizes=(5,), **params)
    for _ in range(3):
        mlp.partial_fit(X, NUMBERS)
    with pytest.warns(DiagnosticWarning, match="learning_rate='cosine' has reached"):
        mlp.partial_fit(X, NUMBERS)
    before = [W.copy() for W in mlp.coefs_]
    mlp.set_params(max_iter=10).partial_fit(X, NUMBERS)  # more is planned now
    assert not np.array_equal(mlp.coefs_[0], before[0])


def test_patience_does_not_end_a_schedule_of_cycles_between_them():
    mlp = MLPRegressor(
        hidden_layer_sizes=(5,),
        learning_rate=CosLog(),
        tol=10.0,
        n_iter_no_change=2,
        max_iter=20,
        random_state=0,
    )
    assert mlp.fit(X, NUMBERS).n_iter_ == 20


# --- class weights


def test_a_dict_may_name_classes_that_a_fold_lacks():
    few = LABELS < 2
    weights = {0: 1, 1: 2, 2: 5}
    settings = {"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 0}
    named = MLPClassifier(class_weight=weights, **settings).fit(X[few], LABELS[few])
    fewer = MLPClassifier(class_weight={0: 1, 1: 2}, **settings)
    assert_same_bits(named, fewer.fit(X[few], LABELS[few]))


def test_class_weights_must_leave_validation_rows_that_count():
    y = np.repeat([0, 1, 2], [30, 5, 5])
    mlp = MLPClassifier(
        (5,),
        class_weight={0: 0.0},
        early_stopping=True,
        validation_fraction=0.06,
        random_state=0,
    )
    with pytest.raises(ValueError, match=r"MLPClassifier: class_weight .* validation"):
        mlp.fit(X[:40], y)


@pytest.mark.parametrize("size", [1e200, 1e-320])
def test_class_weights_beyond_the_range_of_numbers_are_named(size):
    mlp = MLPClassifier(class_weight=dict.fromkeys(range(3), size))
    weight = np.full(120, size if size > 1 else 1.0)
    with pytest.raises(ValueError, match="MLPClassifier: class_weight must give"):
        mlp.fit(X, LABELS, weight)


# --- columns of classes

COLUMNS = np.stack([LABELS, LABELS % 2], axis=1)


def test_columns_of_mixed_lists_are_refused():
    with pytest.raises(TypeError, match="MLPClassifier: y must be labels"):
        MLPClassifier().fit(X, [["a", label] for label in LABELS])


def test_labels_do_not_become_columns():
    mlp = MLPClassifier((3,), warm_start=True, max_iter=2).fit(X, LABELS)
    with pytest.raises(ValueError, match=r"MLPClassifier: y must be labels of shape"):
        mlp.fit(X, COLUMNS)


def test_a_later_call_may_not_change_the_classes_of_columns():
    mlp = MLPClassifier((3,)).partial_fit(X, COLUMNS, classes=[[0, 1, 2], [0, 1]])
    mlp.partial_fit(X, COLUMNS, classes=[[2, 1, 0], [0, 1]])
    with pytest.raises(ValueError, match="MLPClassifier: classes must be as on"):
        mlp.partial_fit(X, COLUMNS, classes=[[0, 1], [0, 1]])


def test_scores_of_columns_need_as_many_rows():
    mlp = MLPClassifier((3,), max_iter=2).fit(X, COLUMNS)
    for y in (COLUMNS[:1], COLUMNS[0], COLUMNS[:, :1]):
        with pytest.raises(ValueError, match="MLPClassifier: y must be of shape"):
            mlp.score(X, y)


def test_sparse_columns_are_refused():
    with pytest.raises(ValueError, match="MLPClassifier: y must be labels"):
        MLPClassifier().fit(X, scipy.sparse.csr_matrix(COLUMNS + 1))
