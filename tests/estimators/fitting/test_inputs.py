"""Embedded columns, learned scales and alphas: in every kind of fit, and refused."""

import copy
import itertools
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skmlp import (
    Dropout,
    EarlyStopping,
    MLPAutoencoder,
    MLPClassifier,
    MLPRegressor,
    MLPTransformer,
)
from skmlp.activations import ACTIVATIONS, Parametric, Tanh
from skmlp.embeddings import EMBEDDINGS, PBLD, CategoryTable, PiecewiseLinear
from skmlp.losses import Quantile
from skmlp.network.objective import Objective
from skmlp.solvers import SGD, Adam, AdamW

from ...cases import in_one_test
from ...conftest import (
    assert_close,
    assert_same_bits,
    central_difference,
    classes_first,
    covering,
    digest,
    learned_arrays,
)

# few epochs serve here
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

N_ROWS = 80
RNG = np.random.default_rng(0)
# three columns of numbers, a flag, and two of codes, the first with missing ones
X = np.column_stack(
    [
        RNG.normal(size=(N_ROWS, 3)),
        RNG.integers(0, 2, N_ROWS),
        RNG.integers(-1, 4, N_ROWS),
        RNG.integers(0, 3, N_ROWS),
    ]
).astype(float)
NUMBERS, CODES = X[:, :3], [4, 5]
NAMES = ["age", "height", "weight", "smokes", "town", "job"]
Y = np.sin(3 * X[:, 0]) + X[:, 1] + (X[:, 4] == 2) - X[:, 3]
LABELS = np.digitize(Y, [-0.5, 0.5])
SEVERAL, MARKS = np.c_[Y, -X[:, 2]], (np.c_[Y, X[:, 2], -Y] > 0).astype(int)
WEIGHT = RNG.uniform(0.2, 2.0, N_ROWS)
TARGETS = {MLPClassifier: LABELS, MLPRegressor: Y}
every_estimator = pytest.mark.parametrize("kind", TARGETS)

NUMERIC = {"numeric_embedding": "pbld"}
BINS = {"numeric_embedding": PiecewiseLinear(n_bins=5, size=2)}
CATEGORIES = {"categorical_features": CODES, "embedding_size": 3}
SCALE = {"learned_scale": True}
ALPHAS = {"activation": ["prelu", "tanh"]}
MORE = {
    "periodic": NUMERIC,
    "piecewise": BINS,
    "categories": CATEGORIES,
    "scale": SCALE,
    "alphas": ALPHAS,
    "all": {**NUMERIC, **CATEGORIES, **SCALE, "activation": "parametric_mish"},
    "all, other": {**BINS, **CATEGORIES, **SCALE, "activation": "parametric_selu"},
}
# each of them once, and without it
SOME = {
    "periodic, scale": {**NUMERIC, **SCALE},
    "piecewise, alphas": {**BINS, **ALPHAS},
    "categories, all": {**NUMERIC, **CATEGORIES, **SCALE, "activation": "prelu"},
}


def by_turns(table):
    """What is in the table, for a classifier and a regressor in turn."""
    rows = [(list(TARGETS)[i % 2], more) for i, more in enumerate(table.values())]
    return pytest.mark.parametrize(("kind", "more"), rows, ids=table)


# embeddings know nothing of outputs, so that a kind of estimator for each will do
each, some = by_turns(MORE), by_turns(SOME)


@pytest.fixture
def frame(pandas):
    return pandas.DataFrame(X, columns=NAMES)


def make(kind, **params):
    defaults = {"hidden_layer_sizes": (6, 4), "max_iter": 5, "batch_size": 20}
    defaults |= {"learning_rate_init": 0.01, "random_state": 0, "activation": "tanh"}
    return kind(**(defaults | params))


def fit(kind, y=None, X=X, fit_params=None, **params):
    y = TARGETS[kind] if y is None else y
    return make(kind, **params).fit(X, y, **(fit_params or {}))


def by_parts(model, times, y=None, X=X):
    y = TARGETS[type(model)] if y is None else y
    for _ in range(times):
        model.partial_fit(X, y, **classes_first(type(model), y))
    return model


def raw_of(model, X):
    return (
        model.decision_function(X) if hasattr(model, "classes_") else model.predict(X)
    )


def by_hand(model, X):
    """Raw outputs by the formula, from nothing but the fitted attributes."""
    embedding = getattr(model, "embedding_", None)
    a = X if embedding is None else embedding.transform(X)
    a = a.toarray() if scipy.sparse.issparse(a) else a
    alphas = [*getattr(model, "alphas_", [None] * len(model.coefs_[1:])), None]
    names = model.activation
    names = names if isinstance(names, list) else [names] * len(model.coefs_[1:])
    for W, b, alpha, name in zip(
        model.coefs_, model.intercepts_, alphas, [*names, "identity"], strict=True
    ):
        z = a @ W + b
        a, activation = np.empty_like(z), ACTIVATIONS[name]()
        if alpha is None:
            activation.forward(z, a)
        else:
            activation.activation.forward(z, a)
            a = z + alpha * (a - z)
    return a[:, 0] if a.shape[1] == 1 else a


# --- what is learned, and where it is


@in_one_test(
    covering(
        more=MORE,
        kind=list(TARGETS),
        solver=["adam", "lbfgs"],
        sparse={"dense": False, "csr": True},
    )
)
def test_predictions_are_the_formula_of_the_fitted_attributes(
    kind, more, solver, sparse
):
    rows = scipy.sparse.csr_array(X) if sparse else X
    model = fit(kind, X=rows, solver=solver, **more)
    # sums in another order
    np.testing.assert_allclose(
        raw_of(model, rows), by_hand(model, rows), rtol=1e-9, atol=1e-10
    )


@in_one_test(each)
def test_attributes_are_there_for_the_parameters_that_ask_for_them(kind, more):
    model = fit(kind, **more)
    embeds = "numeric_embedding" in more or "categorical_features" in more
    learns = "activation" in more
    assert hasattr(model, "embedding_") == embeds
    assert hasattr(model, "alphas_") == learns
    assert model.n_features_in_ == 6
    if embeds:
        assert model.coefs_[0].shape[0] == model.embedding_.inputs.width
        assert model.embedding_.transform(X).shape == (80, len(model.coefs_[0]))
    if learns:
        alphas = model.alphas_ if more is not ALPHAS else model.alphas_[:1]
        assert len(model.alphas_) == 2
        assert [len(alpha) for alpha in alphas] == [6, 4][: len(alphas)]
        assert (more is ALPHAS) == (model.alphas_[1] is None)
        assert all((alpha != 1.0).any() for alpha in alphas)
    # and a fit without them leaves none
    model.set_params(numeric_embedding=None, categorical_features=None)
    model.set_params(activation="tanh").fit(X, TARGETS[kind])
    assert not hasattr(model, "embedding_") and not hasattr(model, "alphas_")
    assert model.coefs_[0].shape[0] == 6


@each
def test_every_parameter_is_trained_and_by_every_kind_of_solver(kind, more):
    for solver in ("adam", "sgd", AdamW(weight_decay=0.1, averaging=0.5), "lbfgs"):
        still = {"solver": "sgd", "learning_rate_init": 1e-300, "max_iter": 1}
        start = fit(kind, **{**more, **still})
        model = fit(kind, **more, solver=solver)
        for found, first in zip(
            learned_arrays(model), learned_arrays(start), strict=True
        ):
            assert (found != first).any()
            assert np.isfinite(found).all()


def test_numbers_are_embedded_beside_themselves_and_flags_pass():
    embedding = fit(MLPRegressor, **NUMERIC).embedding_
    transformed = embedding.transform(X)
    assert transformed.shape == (80, 6 + 4 * 3 + 1 * 3)  # codes are numbers here
    np.testing.assert_array_equal(transformed[:, :6], X)
    [part] = embedding.inputs.embedded
    np.testing.assert_array_equal(part.columns, [0, 1, 2, 4, 5])


def test_categories_are_embedded_instead_of_themselves():
    embedding = fit(MLPRegressor, **NUMERIC, **CATEGORIES).embedding_
    transformed = embedding.transform(X)
    assert transformed.shape == (80, 4 + 3 * 3 + 2 * 3)
    np.testing.assert_array_equal(transformed[:, :4], X[:, :4])
    numbers, table = embedding.inputs.embedded
    np.testing.assert_array_equal(numbers.columns, [0, 1, 2])
    np.testing.assert_array_equal(table.columns, CODES)


@covering(
    name=list(EMBEDDINGS),
    sparse={"dense": False, "csr": True},
    solver=["adam", "lbfgs"],
)
def test_where_all_columns_are_flags_none_is_embedded(name, solver, sparse):
    flags = (X[:, :2] > 0).astype(float)
    rows = scipy.sparse.csr_matrix(flags) if sparse else flags
    model = fit(MLPRegressor, X=rows, numeric_embedding=name, solver=solver)
    transformed = model.embedding_.transform(rows)
    transformed = transformed.toarray() if sparse else transformed
    np.testing.assert_array_equal(transformed, flags)
    plain = fit(MLPRegressor, X=rows, solver=solver)
    for found, expected in zip(model.coefs_, plain.coefs_, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_flags_are_told_from_numbers_alike_in_dense_and_sparse_x():
    for values in ([0, 1, 2], [-1, 0, 1], [-2, -1, 0], [0.5, 1, 2]):
        three, two = np.resize(values, 60), np.resize(values[:2], 60)
        others = np.resize([values[0], values[2]], 60)
        constant = np.full(60, values[0])
        rows = np.column_stack([three, two, others, constant, np.zeros(60)])
        for form in (np.asarray, scipy.sparse.csr_array):
            model = fit(MLPRegressor, Y[:60], form(rows), **NUMERIC, max_iter=1)
            [part] = model.embedding_.inputs.embedded
            assert list(part.columns) == [0], (values, form)


@in_one_test(each)
def test_a_learned_scale_is_in_the_first_weights(kind, more):
    # where nothing else is trained, each row of weights is the drawn one times a number
    frozen = ("weights", "biases", "numeric_embedding", "category_embedding")
    factors = {name: 0.0 for name in (*frozen, "activation")}
    params = {**more, "solver": Adam(rate_factors=factors)}
    model = fit(kind, **{**params, **SCALE})
    start = fit(kind, **{**params, "learned_scale": False})
    scale = model.coefs_[0] / start.coefs_[0]
    # a product and a quotient
    np.testing.assert_allclose(scale, scale[:, :1].repeat(6, axis=1), rtol=1e-12)
    assert (np.abs(scale[:, 0] - 1) > 1e-3).all()
    for found, first in zip(
        learned_arrays(model)[1:], learned_arrays(start)[1:], strict=True
    ):
        np.testing.assert_array_equal(found, first)


# --- data


@in_one_test(each)
def test_sparse_x_trains_as_dense_x(kind, more):
    for form, solver in (("csr_array", "adam"), ("csr_matrix", "lbfgs")):
        params = {"solver": solver, "max_iter": 3, **more}
        rows = getattr(scipy.sparse, form)(X)
        dense, model = fit(kind, **params), fit(kind, X=rows, **params)
        # sums in another order, over some updates
        assert_close(model, dense, rtol=1e-6, atol=1e-8)


@each
def test_float32_stays_float32_and_is_near_float64(kind, more):
    narrow = X.astype(np.float32)
    for solver in ("sgd", "adam", "lbfgs", AdamW(averaging=0.9)):
        params = {"solver": solver, "max_iter": 2, **more}
        model = fit(kind, X=narrow, **params)
        dtypes = {array.dtype for array in learned_arrays(model)}
        assert dtypes == {np.dtype(np.float32)}, solver
        assert raw_of(model, narrow).dtype == np.float32
        assert raw_of(model, X).dtype == np.float64
        wide = fit(kind, X=narrow.astype(np.float64), **params)
        found, expected = raw_of(model, narrow), raw_of(wide, narrow)
        # a few updates, whose roundings of 6e-8 are divided by small roots
        np.testing.assert_allclose(
            found, expected, rtol=0, atol=2e-2, err_msg=str(solver)
        )


OUTPUTS = {
    "two classes": (MLPClassifier, LABELS > 0),
    "several labels": (MLPClassifier, MARKS),
    "columns of classes": (MLPClassifier, np.c_[LABELS, MARKS[:, 0]]),
    "one class": (MLPClassifier, np.zeros(N_ROWS, int)),
    "several numbers": (MLPRegressor, SEVERAL),
    "counts": (MLPRegressor, LABELS),
}


@covering(output=OUTPUTS, more=[name for name in MORE if "all" in name])
def test_every_kind_of_target_is_trained_and_predicted(output, more):
    (kind, y), more = output, MORE[more]
    loss = {"loss": "poisson"} if y is LABELS else {}
    model = fit(kind, y, **more, **loss)
    assert model.predict(X).shape == y.shape
    better = fit(kind, y, **more, **loss, max_iter=60)
    assert better.loss_ < model.loss_ or len(np.unique(y)) == 1


@in_one_test(each)
def test_rows_of_weight_2_are_rows_that_are_there_twice(kind, more):
    if "numeric_embedding" in more:  # bins are those of the rows, whatever they weigh
        more = {**more, **NUMERIC}
    # over all rows at once, without the penalty, which counts rows
    params = {**more, "solver": "sgd", "batch_size": 160, "alpha": 0.0, "max_iter": 3}
    params["shuffle"] = False
    twice = np.r_[0:N_ROWS, 0:40]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of the batch size
        weight = np.r_[np.full(40, 2.0), np.ones(40)]
        model = fit(kind, fit_params={"sample_weight": weight}, **params)
        expected = fit(kind, TARGETS[kind][twice], X[twice], **params)
    # sums in another order
    assert_close(model, expected, rtol=1e-9, atol=1e-12)


@some
def test_the_seed_makes_the_model(kind, more):
    model = fit(kind, **more)
    assert_same_bits(fit(kind, **more), model)
    assert_same_bits(clone(model).fit(X, TARGETS[kind]), model)
    other = fit(kind, **more, random_state=1)
    assert not np.array_equal(other.coefs_[0], model.coefs_[0])


# --- fits that go on, copies, and what is around a fit


@in_one_test(
    covering(
        more=MORE,
        kind=list(TARGETS),
        solver={"sgd": "sgd", "averaging": AdamW(averaging=0.8)},
    )
)
def test_partial_fits_are_the_epochs_of_a_fit_with_pickles_between(kind, more, solver):
    params = {"shuffle": False, "max_iter": 3, "solver": solver, **more}
    whole, parts = fit(kind, **params), make(kind, **params)
    for _ in range(3):
        parts = pickle.loads(pickle.dumps(by_parts(parts, 1)))
    assert_same_bits(parts, whole)
    assert parts.loss_curve_ == whole.loss_curve_
    # and they go on after a fit
    longer = fit(kind, **{**params, "max_iter": 5})
    assert_same_bits(by_parts(whole, 2), longer)


@every_estimator
def test_partial_fits_in_the_targets_scale_are_the_epochs_of_a_fit(kind):
    params = {"shuffle": False, "max_iter": 3, **MORE["all"]}
    if kind is MLPRegressor:
        params["scale_target"] = True
    parts = by_parts(make(kind, **params), 3)
    assert_same_bits(parts, fit(kind, **params))


@in_one_test(covering(more=MORE, kind=list(TARGETS), solver=["adam", "lbfgs"]))
def test_a_warm_fit_starts_where_the_fit_before_ended(kind, more, solver):
    model = fit(kind, solver=solver, warm_start=True, **more)
    before = raw_of(model, X)
    still = {"solver": "sgd", "learning_rate_init": 1e-300, "max_iter": 1}
    same = copy.deepcopy(model).set_params(**still).fit(X, TARGETS[kind])
    # a scale that is folded and multiplied by 1
    np.testing.assert_allclose(raw_of(same, X), before, rtol=1e-12, atol=1e-13)
    assert model.fit(X, TARGETS[kind]).loss_ < fit(kind, solver=solver, **more).loss_


@some
def test_weights_set_by_hand_are_gone_on_from(kind, more):
    model = by_parts(make(kind, **more), 2)
    model.coefs_[0] = 2.0 * model.coefs_[0]
    raw = raw_of(model, X)
    assert not np.allclose(raw, raw_of(by_parts(make(kind, **more), 2), X))
    still = {"solver": "sgd", "learning_rate_init": 1e-300}
    by_parts(model.set_params(**still), 1)
    # a product with a scale of 1
    np.testing.assert_allclose(raw_of(model, X), raw, rtol=1e-12, atol=1e-13)


@in_one_test(covering(more=SOME, kind=list(TARGETS), solver=["adam", "lbfgs"]))
def test_copies_predict_the_same_and_are_apart(kind, more, solver):
    model = fit(kind, solver=solver, **more)
    raw = raw_of(model, X)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(raw_of(twin, X), raw)
        for array in learned_arrays(twin):
            array[...] = 0.0
        np.testing.assert_array_equal(raw_of(model, X), raw)


@pytest.mark.parametrize("more", SOME.values(), ids=SOME)
def test_pickles_after_fit_hold_what_is_learned_once(more):
    sizes = {"hidden_layer_sizes": (60, 40), "max_iter": 2}
    model = fit(MLPRegressor, **sizes, **more, early_stopping=True)
    n_bytes = sum(array.nbytes for array in learned_arrays(model))
    # and some kilobytes of parameters, names, history and residuals
    assert n_bytes < len(pickle.dumps(model)) < n_bytes + 8000


@some
def test_early_stopping_scores_the_model_and_keeps_the_best(kind, more):
    params = {
        "early_stopping": EarlyStopping(stratify=False),  # which `scoring` implies
        "validation_fraction": 0.25,
        "max_iter": 30,
        **more,
    }
    name = "accuracy" if kind is MLPClassifier else "r2"
    by_name = fit(kind, scoring=name, **params)
    model = fit(kind, **params)
    assert_same_bits(by_name, model)
    np.testing.assert_allclose(
        by_name.validation_scores_, model.validation_scores_, rtol=1e-9
    )
    own = {"X_val": X[60:], "y_val": TARGETS[kind][60:]}
    model = fit(kind, TARGETS[kind][:60], X[:60], own, early_stopping=True, **more)
    assert model.score(X[60:], TARGETS[kind][60:]) == pytest.approx(
        model.best_validation_score_, rel=1e-9
    )


AROUND = {
    "refit": {"refit": True, "early_stopping": True, "scoring": "loss"},
    "refit, lbfgs": {
        **{"refit": True, "early_stopping": True, "scoring": "loss"},
        **{"solver": "lbfgs", "max_iter": 20},
    },
    "record": {"record": "layers"},
    "time": {"max_time": 60.0},
    "clipping": {"solver": Adam(clip_norm=0.1)},
    "optimum": {"output_bias": "optimum"},
    "dropout": {"dropout": 0.3},
    "ntk": {"initializer": "ntk", "solver": Adam(parametrization="ntk")},
    "data_driven": {"initializer": "data_driven"},
    "flat": {"learning_rate": "flat_cos"},
    "verbose": {"verbose": 2},
}


@in_one_test(
    covering(around=AROUND, more=dict(list(SOME.items())[1:]), kind=list(TARGETS))
)
def test_other_parameters_work_as_without(kind, around, more):
    model = fit(kind, **{**more, **around})
    np.testing.assert_allclose(
        raw_of(model, X), by_hand(model, X), rtol=1e-9, atol=1e-10
    )
    if "record" in around:
        assert model.history_["layer_gradient_norm"].shape == (5, 3)
        assert np.isfinite(model.history_["layer_update_ratio"]).all()


@pytest.mark.parametrize("more", SOME.values(), ids=SOME)
def test_a_fit_that_recovers_goes_back_with_all_that_is_learned(more, monkeypatch):
    evaluate, count = Objective.value_and_gradient, itertools.count()

    def diverges_once(self, *arguments):
        value, grad = evaluate(self, *arguments)
        if next(count) == 9:  # in the third epoch of four batches
            grad[...] = np.nan
        return value, grad

    params = {"shuffle": False, "solver": SGD(momentum=0.0), **more}
    expected = fit(MLPRegressor, max_iter=2, **params)
    # steps of 1e-300 after the second epoch
    params["learning_rate"] = lambda progress: 1.0 if progress < 0.4 else 1e-300
    monkeypatch.setattr(Objective, "value_and_gradient", diverges_once)
    model = fit(MLPRegressor, recover=True, **params)
    assert "Diverged in epoch 3; restarted" in model.stop_reason_
    for found, array in zip(
        learned_arrays(model), learned_arrays(expected), strict=True
    ):
        np.testing.assert_array_equal(found, array)


@some
def test_a_fit_that_fails_leaves_what_there_was(kind, more):
    model = fit(kind, **more)
    before = digest(model)
    with pytest.raises(ValueError):
        model.fit(X, np.full(N_ROWS, "?")[: N_ROWS // 2])
    assert digest(model) == before
    with pytest.raises(ValueError, match="stopped being finite"):
        model.set_params(solver=SGD(), learning_rate_init=1e200).fit(X, TARGETS[kind])
    assert not any(name.endswith("_") for name in vars(model))


# --- explained


@in_one_test(each)
def test_input_gradients_are_derivatives_and_0_by_codes(kind, more):
    model = fit(kind, **more)
    codes = CODES if "categorical_features" in more else []
    numbers = [j for j in range(6) if j not in codes]
    rows = X[:5] + np.where(np.isin(np.arange(6), numbers), 0.01, 0.0)  # off the bends
    found = model.input_gradient(rows).reshape(5, -1, 6)
    np.testing.assert_array_equal(found[:, :, codes], 0.0)
    for i, output in np.ndindex(found.shape[:2]):

        def value(x, i=i, output=output):
            row = rows[i : i + 1].copy()
            row[0, numbers] = x
            return raw_of(model, row).reshape(1, -1)[0, output]

        expected = central_difference(value, rows[i, numbers])
        # h = 1e-6: truncation about 1e-10, rounding about 1e-15 / h
        np.testing.assert_allclose(
            found[i, output, numbers], expected, rtol=1e-5, atol=1e-7
        )


@by_turns(
    {"periodic": NUMERIC, "scale": SCALE, "periodic, scale": {**NUMERIC, **SCALE}}
)
def test_shares_of_the_inputs_sum_to_the_difference(kind, more):
    model = fit(kind, **more)
    shares = model.integrated_gradients(X, X.mean(axis=0), n_steps=200)
    difference = raw_of(model, X) - raw_of(model, X.mean(axis=0, keepdims=True))
    # smooth functions of low frequency
    np.testing.assert_allclose(shares.sum(axis=-1), difference, rtol=0, atol=1e-6)


def test_shares_of_the_inputs_are_refused_with_categories():
    model = fit(MLPRegressor, **CATEGORIES)
    said = r"^MLPRegressor: categorical_features must be None for integrated_gradients"
    with pytest.raises(ValueError, match=said):
        model.integrated_gradients(X)


@pytest.mark.parametrize("more", SOME.values(), ids=SOME)
def test_hidden_layers_are_features_for_the_next_step(more, frame):
    transformer = MLPTransformer(make(MLPRegressor, **more), layer=0).fit(X, Y)
    values = transformer.transform(X)
    assert values.shape == (N_ROWS, 6)
    np.testing.assert_array_equal(
        values, transformer.estimator_.hidden_activations(X, 0)
    )
    assert list(transformer.get_feature_names_out())[-1] == "mlptransformer5"
    by_name = dict(more)
    if "categorical_features" in more:
        by_name["categorical_features"] = ["town", "job"]
    named = MLPTransformer(make(MLPRegressor, **by_name), layer=0).fit(frame, Y)
    np.testing.assert_array_equal(named.transform(frame), values)


@pytest.mark.parametrize(
    "more",
    [NUMERIC, SCALE, {"activation": "prelu"}],
    ids=["periodic", "scale", "alphas"],
)
def test_autoencoders_reproduce_numbers_by_the_same_networks(more):
    mlp = make(MLPRegressor, max_iter=300, n_iter_no_change=300, **more)
    model = MLPAutoencoder(2, hidden_layer_sizes=(8,), estimator=mlp).fit(NUMBERS)
    returned = model.inverse_transform(model.transform(NUMBERS))
    # the same products, for fewer layers at a time
    np.testing.assert_allclose(returned, model.mlp_.predict(NUMBERS), rtol=1e-12)
    assert model.reconstruction_error(NUMBERS).mean() < 0.7 * NUMBERS.var(axis=0).mean()


def test_autoencoders_refuse_categories():
    model = MLPAutoencoder(2, estimator=make(MLPRegressor, **CATEGORIES))
    said = (
        r"^MLPAutoencoder: estimator__categorical_features must be None.*got \[4, 5\]"
    )
    with pytest.raises(ValueError, match=said):
        model.fit(X)


# --- columns of categories

COLUMNS = {
    "a list": [4, 5],
    "in another order, and twice": (5, 4, 5),
    "an array": np.array([4, 5], np.uint8),
    "a range": range(4, 6),
    "a mask": [False] * 4 + [True] * 2,
    "an array of a mask": np.arange(6) >= 4,
    "names": ["job", "town"],
    "an index": lambda frame: frame.columns[4:],
    "an array of names": np.array(["town", "job"]),
}


@in_one_test(pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS))
def test_columns_are_named_by_number_name_or_mask(frame, columns):
    columns = columns(frame) if callable(columns) else columns
    kind, params = MLPClassifier, {"embedding_size": 3, "shuffle": False}
    expected = fit(kind, X=frame, **{**CATEGORIES, **params})
    model = fit(kind, X=frame, categorical_features=columns, **params)
    assert_same_bits(model, expected)
    np.testing.assert_array_equal(raw_of(model, frame), raw_of(expected, frame))
    # each call of partial_fit finds them again
    parts = make(kind, categorical_features=columns, **params)
    assert_same_bits(by_parts(parts, 5, X=frame), expected)


def test_no_columns_are_none():
    expected = fit(MLPRegressor)
    for none in (None, [], (), np.zeros(6, bool)):
        model = fit(MLPRegressor, categorical_features=none)
        assert not hasattr(model, "embedding_"), none
        assert_same_bits(model, expected)


def test_names_are_refused_where_x_has_none():
    with pytest.raises(ValueError, match="categorical_features must be None, or the"):
        fit(MLPRegressor, categorical_features=["town"])


@every_estimator
def test_codes_that_training_did_not_have_share_a_row(kind):
    model, rows = fit(kind, **CATEGORIES), X.copy()
    rows[:, 4] = -1.0
    expected = raw_of(model, rows)
    for code in (4.0, 99.0, 0.5, 1e12):
        rows[:, 4] = code
        np.testing.assert_array_equal(raw_of(model, rows), expected, err_msg=code)


@every_estimator
def test_codes_beyond_those_of_the_first_partial_fit_share_the_row_of_unseen_ones(kind):
    few = X[X[:, 4] < 2]
    y = TARGETS[kind][X[:, 4] < 2]
    model = make(kind, **CATEGORIES, shuffle=False, learning_rate_init=0.1)
    model.partial_fit(few, y, **classes_first(kind, LABELS))
    [table] = [array.copy() for array in model.embedding_.arrays]
    assert table.shape == ((2 + 1) + (3 + 1), 3)
    # rows with codes 2 and 3 train the first row, which is that of -1
    new = X[X[:, 4] >= 2]
    model.set_params(solver=SGD(momentum=0.0), learning_rate_init=0.1)
    model.partial_fit(new, TARGETS[kind][X[:, 4] >= 2])
    changed = (model.embedding_.arrays[0] != table).any(axis=1)
    np.testing.assert_array_equal(changed[:3], [True, False, False])
    missing = new.copy()
    missing[:, 4] = -1.0
    np.testing.assert_array_equal(raw_of(model, new), raw_of(model, missing))


def test_a_category_of_its_own_has_its_own_output():
    y = np.array([5.0, -3.0, 0.0, 2.0])[X[:, 5].astype(int)]
    model = fit(MLPRegressor, y, solver="lbfgs", max_iter=500, alpha=0.0, **CATEGORIES)
    # any number to a code: a linear function of the code could not do that
    np.testing.assert_allclose(model.predict(X), y, atol=0.1)


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array])
@pytest.mark.parametrize("method", ["fit", "partial_fit", "a second partial_fit"])
def test_what_is_no_code_is_refused_in_training(method, form):
    model, wrong = make(MLPRegressor, **CATEGORIES), X.copy()
    if method == "a second partial_fit":
        model.partial_fit(X, Y)
    before = digest(model)
    said = r"^MLPRegressor: X must have integers >= 0 "
    for wrong[7, 5] in (0.5, -2.0, 2.0**24, 1e300):
        with pytest.raises(ValueError, match=said):
            getattr(model, method.split()[-1])(form(wrong), Y)
        assert digest(model) == before


def test_codes_of_very_unequal_scale_are_no_fault_of_x():
    codes = np.arange(N_ROWS, dtype=float)[:, np.newaxis] * 1000
    rows = np.hstack([X[:, :3] / 100, codes])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*no better than a constant")
        warnings.filterwarnings("ignore", message=".*Maximum iterations")
        fit(MLPRegressor, X=rows, categorical_features=[3], embedding_size=1)
    with pytest.warns(UserWarning, match="of column 3 is"):
        fit(MLPRegressor, X=rows)
    # numbers among them still are
    with pytest.warns(UserWarning, match="of column 4 is"):
        both = np.c_[codes, X[:, :3], codes]
        fit(MLPRegressor, X=both, categorical_features=[0], embedding_size=1)


# --- settings


def test_embedding_size_is_that_of_the_categories():
    model = fit(MLPRegressor, categorical_features=[4], embedding_size=np.int64(7))
    assert model.embedding_.arrays[0].shape == (4 + 1, 7)
    assert model.embedding_.inputs.embedded[0].embedding == CategoryTable(size=7)


def test_searches_reach_the_settings_of_an_embedding():
    search = GridSearchCV(
        make(MLPRegressor, numeric_embedding=PBLD()),
        {"numeric_embedding__sigma": [0.01, 3.0], "learned_scale": [False, True]},
        cv=2,
    ).fit(X, Y)
    assert len(set(search.cv_results_["mean_test_score"])) == 4
    assert search.best_estimator_.numeric_embedding.sigma in (0.01, 3.0)


def test_settings_of_numpys_own_precision_leave_float32_what_it_is():
    sigma = PBLD(sigma=np.float64(0.5))
    model = fit(MLPRegressor, X=X.astype(np.float32), numeric_embedding=sigma)
    plain = fit(MLPRegressor, X=X.astype(np.float32), numeric_embedding=PBLD(sigma=0.5))
    assert_same_bits(model, plain)


def test_names_of_embedded_columns_are_numbered(frame):
    model = fit(MLPRegressor, X=frame, **NUMERIC, **CATEGORIES)
    names = list(model.embedding_.get_feature_names_out(NAMES))
    assert names[:6] == ["age", "height", "weight", "smokes", "age[0]", "age[1]"]
    assert names[-3:] == ["job[0]", "job[1]", "job[2]"]
    assert len(names) == model.embedding_.inputs.width
    unnamed = model.embedding_.get_feature_names_out()
    assert list(unnamed[3:6]) == ["x3", "x0[0]", "x0[1]"]


# --- alphas


@by_turns({name: name for name in ("prelu", "parametric_selu", "parametric_mish")})
def test_alphas_set_by_hand_are_predicted_with(kind, more):
    name = more
    model = fit(kind, activation=name)
    inner = ACTIVATIONS[name]().activation
    model.alphas_ = [np.ones(6), np.ones(4)]
    plain = make(kind, activation=inner)
    for attribute in ("coefs_", "intercepts_", "classes_"):
        if hasattr(model, attribute):
            setattr(plain, attribute, getattr(model, attribute))
    # z + (s(z) - z) rounds
    np.testing.assert_allclose(raw_of(model, X), raw_of(plain, X), rtol=1e-12)
    model.alphas_ = [[0.0] * 6, [0.0] * 4]
    plain.activation = "identity"
    np.testing.assert_allclose(raw_of(model, X), raw_of(plain, X), rtol=1e-12)


ALPHAS_OF_OTHERS = {
    "too few": [np.ones(6)],
    "of other units": [np.ones(6), np.ones(3)],
    "none": [None, None],
    "too many": [np.ones(6), np.ones(4), np.ones(1)],
    "a matrix": [np.ones((1, 6)), np.ones(4)],
}


@in_one_test(
    pytest.mark.parametrize("alphas", ALPHAS_OF_OTHERS.values(), ids=ALPHAS_OF_OTHERS)
)
def test_alphas_that_do_not_fit_are_refused_by_name(alphas):
    model = fit(MLPRegressor, activation="prelu")
    model.alphas_ = alphas
    for call in (lambda: model.predict(X), lambda: model.partial_fit(X, Y)):
        with pytest.raises(
            ValueError, match=r"^MLPRegressor: alphas_ must have an array"
        ):
            call()


@pytest.mark.parametrize(
    "before, after",
    [("prelu", "relu"), ("relu", "prelu"), ("prelu", ["relu", "prelu"])],
)
def test_another_activation_after_the_fit_is_refused_where_alphas_differ(before, after):
    model = fit(MLPRegressor, activation=before).set_params(activation=after)
    for call in (lambda: model.predict(X), lambda: model.partial_fit(X, Y)):
        with pytest.raises(ValueError, match=r"^MLPRegressor: alphas_ must"):
            call()
    assert model.fit(X, Y).predict(X).shape == (N_ROWS,)


def test_a_start_of_plain_layers_has_alphas_as_they_start():
    start = fit(MLPRegressor, random_state=1)
    still = {"solver": "sgd", "learning_rate_init": 1e-300, "max_iter": 1}
    activation = Parametric(Tanh(), start=0.5)
    model = fit(MLPRegressor, activation=activation, coefs_init=start, **still)
    for found, expected in zip(model.coefs_, start.coefs_, strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.concatenate(model.alphas_), 0.5)


# --- refusals

REFUSED = {
    **{
        f"{first}, {name}": ({**params, name: value}, f"{name} must be {off} with")
        for first, params in (("numbers", NUMERIC), ("categories", CATEGORIES))
        for name, value, off in (
            ("scale_input", True, "False"),
            ("coefs_init", ([np.ones((6, 1))], [np.ones(1)]), "None"),
            ("freeze", 1, "0"),
        )
    },
    **{
        f"{first}, dropout of {name}": (
            {**params, "dropout": Dropout(**{name: 0.1})},
            f"dropout__{name} must be 0 with",
        )
        for first, params in (("numbers", NUMERIC), ("categories", CATEGORIES))
        for name in ("inputs", "noise")
    },
    "scale, scale_input": (
        {**SCALE, "scale_input": True},
        "scale_input must be False with learned_scale",
    ),
    "scale, coefs_init": (
        {**SCALE, "coefs_init": ([np.ones((6, 1))], [np.ones(1)])},
        "coefs_init must be None with learned_scale",
    ),
    "scale, freeze": ({**SCALE, "freeze": 1}, "freeze must be 0 with learned_scale"),
    "scale, max_norm": (
        {**SCALE, "solver": Adam(max_norm=1.0)},
        "solver__max_norm must be None with learned_scale",
    ),
    **{
        f"lazy, {name}": (
            {**params, "solver": Adam(lazy=True)},
            f"{name} must be {off} with solver__lazy",
        )
        for name, params, off in (
            ("numeric_embedding", NUMERIC, "None"),
            ("categorical_features", CATEGORIES, "None"),
            ("learned_scale", SCALE, "False"),
        )
    },
}


@in_one_test(pytest.mark.parametrize(("params", "said"), REFUSED.values(), ids=REFUSED))
def test_what_does_not_go_together_is_refused_by_name(params, said):
    for kind, y in TARGETS.items():
        model = make(kind, **params)
        for method, first in (("fit", {}), ("partial_fit", classes_first(kind, y))):
            with pytest.raises(ValueError, match=f"^{kind.__name__}: {said}.*, got "):
                getattr(model, method)(X, y, **first)
            assert not hasattr(model, "coefs_")


def test_only_columns_that_there_are_refuse_others():
    model = make(MLPRegressor, categorical_features=[], scale_input=True)
    assert model.fit(X, Y).coefs_[0].shape == (6, 6)
    with pytest.raises(ValueError, match="scale_input must be False with categor"):
        model.set_params(categorical_features=[0]).fit(X, Y)


def test_alphas_go_with_lazy_updates():
    params = {"activation": "prelu", "max_iter": 10}
    rows = scipy.sparse.csr_array(np.where(np.abs(X) > 2.0, X, 0.0))
    lazy, dense = (
        fit(MLPRegressor, X=rows, solver=Adam(lazy=lazy), **params)
        for lazy in (True, False)
    )
    for found, expected in zip(lazy.alphas_, dense.alphas_, strict=True):
        assert (found != 1.0).all()
        # most batches lack some column, whose weights lazy training leaves as they
        # are; over 20 seeds alphas, which move by 0.2, differ by 0.001 to 0.023
        np.testing.assert_allclose(found, expected, atol=0.05)


@pytest.mark.parametrize(
    ("params", "learned"),
    [(NUMERIC, "embedding_"), (CATEGORIES, "embedding_"), (ALPHAS, "alphas_")],
    ids=["numbers", "categories", "alphas"],
)
def test_a_start_with_more_than_layers_is_refused(params, learned):
    start = fit(MLPRegressor, **params)
    said = f"^MLPRegressor: coefs_init must be .* got MLPRegressor with {learned}.$"
    for freeze in (0, 1):
        with pytest.raises(ValueError, match=said):
            fit(MLPRegressor, coefs_init=start, freeze=freeze)


def test_a_start_whose_scale_was_learned_is_a_start():
    start = fit(MLPRegressor, **SCALE)
    still = {"solver": "sgd", "learning_rate_init": 1e-300, "max_iter": 1}
    model = fit(MLPRegressor, coefs_init=start, **still)
    np.testing.assert_array_equal(raw_of(model, X), raw_of(start, X))


CHANGES = {
    "none": {"numeric_embedding": None, "categorical_features": None},
    "another embedding": {"numeric_embedding": "piecewise_linear"},
    "another setting": {"numeric_embedding": PBLD(sigma=0.5)},
    "other columns": {"categorical_features": [4]},
    "no columns": {"categorical_features": None},
    "another size": {"embedding_size": 2},
}


@in_one_test(
    covering(change=CHANGES, method=["fit", "partial_fit"], kind=list(TARGETS))
)
def test_a_fit_that_goes_on_has_the_embedding_of_the_fit_before(kind, method, change):
    model = fit(kind, warm_start=True, **NUMERIC, **CATEGORIES)
    model.set_params(**change)
    said = f"^{kind.__name__}: numeric_embedding, categorical_features and "
    said += "embedding_size must be as in the previous fit"
    with pytest.raises(ValueError, match=said):
        getattr(model, method)(X, TARGETS[kind])
    plain = fit(kind, warm_start=True)
    with pytest.raises(ValueError, match=said):
        getattr(plain.set_params(**NUMERIC), method)(X, TARGETS[kind])


def test_an_embedding_by_another_name_is_the_same():
    model = fit(MLPRegressor, warm_start=True, **NUMERIC)
    model.set_params(numeric_embedding=PBLD()).fit(X, Y)
    assert model.embedding_.inputs.embedded[0].embedding == PBLD()


def test_a_scale_may_come_and_go_between_partial_fits():
    model = by_parts(make(MLPRegressor), 2)
    for learned_scale in (True, False, True):
        raw = raw_of(model, X)
        still = {"solver": "sgd", "learning_rate_init": 1e-300}
        model.set_params(learned_scale=learned_scale, **still)
        # a product with 1
        np.testing.assert_allclose(raw_of(by_parts(model, 1), X), raw, rtol=1e-12)
        by_parts(model.set_params(solver="adam", learning_rate_init=0.01), 1)
        assert not np.allclose(raw_of(model, X), raw)


@pytest.mark.parametrize("n_rows", [1, 2])
def test_rows_too_few_to_tell_numbers_from_flags_are_refused(n_rows):
    model = make(MLPRegressor, **NUMERIC, batch_size="auto")
    said = "^MLPRegressor: X must have at least 3 rows with numeric_embedding"
    for method in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=said):
            method(X[:n_rows], Y[:n_rows])
    # later calls may have fewer
    model.partial_fit(X, Y).partial_fit(X[:n_rows], Y[:n_rows])


@pytest.mark.parametrize("method", ["predict", "partial_fit"])
def test_first_weights_set_by_hand_must_fit_the_embedding(method):
    model = fit(MLPRegressor, **NUMERIC)
    model.coefs_[0] = model.coefs_[0][:6]
    arguments = (X,) if method == "predict" else (X, Y)
    said = r"^MLPRegressor: coefs_\[0\] must have 21 rows, one for each column"
    with pytest.raises(ValueError, match=said):
        getattr(model, method)(*arguments)


@every_estimator
def test_several_quantiles_and_columns_of_classes_are_explained(kind):
    if kind is MLPRegressor:
        model = fit(kind, SEVERAL, loss=Quantile([0.2, 0.8]), **NUMERIC, **CATEGORIES)
        assert model.input_gradient(X).shape == (80, 4, 6)
    else:
        model = fit(kind, np.c_[LABELS, MARKS[:, 0]], **NUMERIC, **CATEGORIES)
        assert [g.shape for g in model.input_gradient(X)] == [(80, 3, 6), (80, 2, 6)]


@every_estimator
def test_too_few_rows_for_their_columns_are_not_embedded(kind):
    n_columns = len(fit(kind, **BINS).embedding_.inputs.embedded[0].columns)
    assert n_columns
    for min_rows, n in ((N_ROWS // n_columns, n_columns), (N_ROWS, 0)):
        bins = PiecewiseLinear(n_bins=5, size=2, min_rows=min_rows)
        model = fit(kind, numeric_embedding=bins)
        assert len(model.embedding_.inputs.embedded[0].columns) == n
        again = by_parts(copy.deepcopy(model), 2)
        for one in (model, again):
            np.testing.assert_allclose(raw_of(one, X), by_hand(one, X), rtol=1e-9)
            loaded = pickle.loads(pickle.dumps(one))
            np.testing.assert_array_equal(raw_of(loaded, X), raw_of(one, X))
