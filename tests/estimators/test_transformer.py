"""A hidden layer as features: in pipelines, searches, frames; what is refused."""

import numpy as np
import pytest
import sklearn
import sklearn.neural_network
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from skmlp import MLPClassifier, MLPRegressor, MLPTransformer

pytestmark = [  # few epochs serve here
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

X, y = load_iris(return_X_y=True)
X = scale(X)


def network(kind=MLPClassifier, **params):
    settings = {"solver": "lbfgs", "alpha": 1.0, "max_iter": 30, "random_state": 0}
    return kind(**{"hidden_layer_sizes": (8, 3), **settings, **params})


ALL_CHECKS = parametrize_with_checks([MLPTransformer(network(hidden_layer_sizes=5))])
NAMES, CASES = ALL_CHECKS.args


# scikit-learn before 1.9 hands pytest a generator, which pytest no longer wants
@pytest.mark.parametrize(NAMES, list(CASES), **ALL_CHECKS.kwargs)
def test_passes_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "transformer",
    [
        MLPTransformer(network(MLPRegressor), layer=0),
        MLPTransformer(network(solver="adam", learning_rate_init=0.05)),
    ],
    ids=["regressor, layer 0", "adam"],
)
def test_other_networks_pass_scikit_learns_checks(transformer):
    assert len(check_estimator(transformer, on_skip=None)) > 40


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_values_are_those_of_the_hidden_layer_of_the_network_alone(kind):
    alone = network(kind).fit(X, y)
    for layer in (0, 1, -1, -2):
        values = MLPTransformer(network(kind), layer).fit_transform(X, y)
        np.testing.assert_array_equal(values, alone.hidden_activations(X, layer))


KINDS = {
    "labels": (y, MLPClassifier),
    "strings": (np.array(["a", "b", "c"])[y], MLPClassifier),
    "indicators": (np.eye(3, dtype=int)[y], MLPClassifier),
    "columns": (np.column_stack([y, y % 2]), MLPClassifier),
    "numbers": (y + 0.5, MLPRegressor),
    "columns of numbers": (np.column_stack([y + 0.5, y]), MLPRegressor),
}


@pytest.mark.parametrize("y, kind", KINDS.values(), ids=KINDS)
def test_without_an_estimator_the_kind_of_y_decides(y, kind):
    transformer = MLPTransformer().fit(X[::10], y[::10])
    assert type(transformer.estimator_) is kind
    assert transformer.transform(X).shape == (150, 100)


def test_it_feeds_the_next_step_of_a_pipeline():
    transformer = MLPTransformer(network(hidden_layer_sizes=(20, 3)))
    model = make_pipeline(StandardScaler(), transformer, LogisticRegression())
    # over 20 seeds: 0.98 to 0.993
    assert model.fit(X, y).score(X, y) > 0.95
    assert model[:-1].transform(X).shape == (150, 3)


def test_a_search_reaches_the_layer_and_the_networks_settings():
    model = make_pipeline(MLPTransformer(network()), LogisticRegression())
    grid = {
        "mlptransformer__layer": [0, -1],
        "mlptransformer__estimator__alpha": [0.1, 1.0],
    }
    search = GridSearchCV(model, grid, cv=3).fit(X, y)
    # a third is right by chance; over 20 seeds: 0.75 to 0.98
    assert search.best_score_ > 0.6
    assert set(search.best_params_) == set(grid)
    alpha = search.best_params_["mlptransformer__estimator__alpha"]
    assert search.best_estimator_[0].estimator_.alpha == alpha


def test_the_given_network_stays_as_it_was():
    given = network()
    transformer = MLPTransformer(given).fit(X, y)
    assert transformer.estimator is given
    assert not hasattr(given, "coefs_")


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_frames_name_the_units(container):
    pytest.importorskip(container)
    scaler = StandardScaler().set_output(transform=container)
    frame = scaler.fit_transform(X)
    transformer = MLPTransformer(network()).set_output(transform=container)
    values = transformer.fit(frame, y).transform(frame)
    expected = ["mlptransformer0", "mlptransformer1", "mlptransformer2"]
    assert list(values.columns) == expected
    assert list(transformer.get_feature_names_out()) == expected
    assert list(transformer.feature_names_in_) == ["x0", "x1", "x2", "x3"]
    transformer.fit(X, y)
    assert not hasattr(transformer, "feature_names_in_")


def test_the_layer_is_read_anew():
    transformer = MLPTransformer(network()).fit(X, y).set_params(layer=0)
    assert transformer.transform(X).shape == (150, 8)
    assert len(transformer.get_feature_names_out()) == 8


def test_sparse_x_gives_dense_values():
    transformer = MLPTransformer(network()).fit(csr_array(X), y)
    found = transformer.transform(csr_array(X))
    assert type(found) is np.ndarray
    # sums in another order
    np.testing.assert_allclose(found, transformer.transform(X), rtol=1e-12, atol=1e-14)


def test_float32_stays_float32():
    narrow = X.astype(np.float32)
    assert MLPTransformer(network()).fit_transform(narrow, y).dtype == np.float32


# What else the network's fit takes


def test_what_fit_takes_besides_goes_on_to_the_network():
    weight = np.where(y == 1, 0.0, 1.0)
    found = MLPTransformer(network()).fit(X, y, sample_weight=weight)
    alone = network().fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(found.estimator_.coefs_[0], alone.coefs_[0])

    pipeline = Pipeline([("mlp", MLPTransformer(network(solver="adam")))])
    pipeline.fit(X[::2], y[::2], mlp__X_val=X[1::2], mlp__y_val=y[1::2])
    assert "validation_loss" in pipeline["mlp"].estimator_.history_


def test_metadata_is_routed_to_the_network():
    weight = np.where(y == 1, 0.0, 1.0)
    alone = network().fit(X, y, sample_weight=weight)
    with sklearn.config_context(enable_metadata_routing=True):
        mlp = network().set_fit_request(sample_weight=True)
        pipeline = make_pipeline(MLPTransformer(mlp), LogisticRegression())
        pipeline[-1].set_fit_request(sample_weight=False)
        pipeline.fit(X, y, sample_weight=weight)
        with pytest.raises(ValueError, match="sample_weight"):
            MLPTransformer().fit(X, y, sample_weight=weight)
    found = pipeline[0].estimator_
    np.testing.assert_array_equal(found.coefs_[0], alone.coefs_[0])


# Refusals


def test_an_estimator_of_another_kind_is_refused():
    text = "MLPTransformer: estimator must be None, or an MLPClassifier or MLPRegressor"
    theirs = sklearn.neural_network.MLPClassifier()
    for estimator in (theirs, MLPClassifier, "mlp", LogisticRegression()):
        with pytest.raises(TypeError, match=f"{text} of skmlp, got "):
            MLPTransformer(estimator).fit(X, y)


def test_a_layer_that_is_not_there_is_refused_before_training():
    text = "MLPTransformer: layer must be an integer fr"
    for layer in (2, -3, 1.0, None):
        transformer = MLPTransformer(network(), layer)
        with pytest.raises(ValueError, match=text):
            transformer.fit(X, y)
        assert not hasattr(transformer, "estimator_")
    with pytest.raises(
        ValueError, match=r"MLPTransformer: layer .* 0 hidden layer\(s\)"
    ):
        MLPTransformer(network(hidden_layer_sizes=())).fit(X, y)


def test_y_is_required():
    text = "requires y to be passed, but the target y"
    for estimator in (None, network()):
        with pytest.raises(ValueError, match=text):
            MLPTransformer(estimator).fit(X, None)


def test_a_fit_that_fails_changes_nothing():
    transformer = MLPTransformer(network()).fit(X, y)
    before = dict(vars(transformer))
    with pytest.raises(ValueError, match="MLPClassifier: y must be"):
        transformer.fit(X[:, :2], y[:-1])
    assert vars(transformer) == before


def test_x_is_checked_as_in_fit():
    with pytest.raises(NotFittedError):
        MLPTransformer().transform(X)
    with pytest.raises(NotFittedError):
        MLPTransformer().get_feature_names_out()
    transformer = clone(MLPTransformer(network())).fit(X, y)
    with pytest.raises(ValueError, match="X has 2 features, but MLPTransformer is exp"):
        transformer.transform(X[:, :2])
