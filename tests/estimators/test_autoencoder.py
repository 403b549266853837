"""Rows go through a narrow layer and come back, better than from PCA's planes."""

import numpy as np
import pytest
import sklearn.neural_network
from scipy.sparse import csr_array
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from skmlp import MLPAutoencoder, MLPRegressor
from skmlp.losses import Quantile

from ..conftest import covering

pytestmark = [  # few epochs serve here
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

X, y = load_iris(return_X_y=True)


def network(**params):
    settings = {"activation": "tanh", "solver": "lbfgs", "max_iter": 30}
    return MLPRegressor(**{**settings, **params})


def autoencoder(n_components=2, hidden_layer_sizes=(6, 5), **params):
    return MLPAutoencoder(
        n_components, hidden_layer_sizes, network(**params), random_state=0
    )


ALL_CHECKS = parametrize_with_checks([autoencoder()])
NAMES, CASES = ALL_CHECKS.args


# scikit-learn before 1.9 hands pytest a generator, which pytest no longer wants
@pytest.mark.parametrize(NAMES, list(CASES), **ALL_CHECKS.kwargs)
def test_passes_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "model",
    [
        autoencoder(hidden_layer_sizes=()),
        autoencoder(hidden_layer_sizes=3, solver="adam", scale_input=True),
        MLPAutoencoder(1, random_state=0),
    ],
    ids=["no hidden layer", "adam, scaled", "default"],
)
def test_others_pass_scikit_learns_checks(model):
    assert len(check_estimator(model, on_skip=None)) > 40


def test_digits_come_back_better_than_from_the_planes_of_pca():
    train, test = train_test_split(load_digits().data, random_state=0)
    pca = PCA(8).fit(train)
    planes = pca.inverse_transform(pca.transform(test))
    curved = MLPAutoencoder(8, hidden_layer_sizes=(100,), random_state=0).fit(train)
    # 0.71 to 0.76 of it for ten seeds
    of_pca = np.square(planes - test).mean()
    assert curved.reconstruction_error(test).mean() < 0.85 * of_pca


def test_without_hidden_layers_it_finds_the_plane_of_pca():
    mlp = network(tol=1e-8, max_iter=1000, alpha=0.0)
    linear = MLPAutoencoder(2, estimator=mlp, random_state=0).fit(X)
    pca = PCA(2).fit(X)
    best = np.square(pca.inverse_transform(pca.transform(X)) - X).mean()
    # no plane is better than that of PCA; over 20 seeds by 1 + 2e-6 to 1 + 8e-5
    assert best <= linear.reconstruction_error(X).mean() < 1.001 * best


def test_the_layers_are_mirrored_around_linear_components():
    model = autoencoder(activation=["tanh", "relu"]).fit(X)
    sizes = [W.shape for W in model.mlp_.coefs_]
    assert sizes == [(4, 6), (6, 5), (5, 2), (2, 5), (5, 6), (6, 4)]
    expected = ["tanh", "relu", "identity", "relu", "tanh"]
    assert model.mlp_.activation == expected
    values = model.mlp_.hidden_activations(X, layer=1)
    Z = values @ model.mlp_.coefs_[2] + model.mlp_.intercepts_[2]
    # sums in another order
    np.testing.assert_allclose(model.transform(X), Z, rtol=1e-12, atol=1e-13)


@covering(sizes=[(), "6-5"], loss=["squared_error", "poisson"])
def test_encoder_and_decoder_together_are_the_network(sizes, loss):
    model = autoencoder(hidden_layer_sizes=sizes, loss=loss).fit(X)
    returned = model.inverse_transform(model.transform(X))
    # sums in another order
    np.testing.assert_allclose(returned, model.mlp_.predict(X), rtol=1e-12, atol=1e-13)
    errors = model.reconstruction_error(X)
    expected = np.square(returned - X).mean(axis=1)
    np.testing.assert_allclose(errors, expected, rtol=1e-12)
    assert errors.shape == (150,)


def test_the_default_takes_columns_of_any_scale():
    units = np.array([1e-6, 1.0, 1e3, 1e9])
    model = MLPAutoencoder(2, 10, random_state=0).fit(X * units + units)
    residual = model.inverse_transform(model.transform(X * units + units)) / units
    plain = MLPAutoencoder(2, 10, random_state=0).fit(X)
    # rounding, which grows over some hundreds of updates; over 20 seeds: 1e-14
    np.testing.assert_allclose(
        residual - 1.0, plain.inverse_transform(plain.transform(X)), atol=1e-6
    )


def test_one_column_comes_back_as_one_column():
    model = autoencoder(1).fit(X[:, :1])
    assert model.inverse_transform(model.transform(X[:, :1])).shape == (150, 1)
    assert model.reconstruction_error(X[:, :1]).shape == (150,)


def test_the_seed_of_the_autoencoder_goes_before_that_of_the_estimator():
    def coefs(own, of_estimator):
        mlp = network(random_state=of_estimator)
        model = MLPAutoencoder(2, 4, mlp, random_state=own).fit(X)
        assert mlp.random_state == of_estimator
        return model.mlp_.coefs_[0]

    np.testing.assert_array_equal(coefs(None, 1), coefs(1, 0))
    assert not np.array_equal(coefs(None, 1), coefs(0, 1))


def test_rows_of_weight_0_are_as_if_absent():
    weight = (np.arange(150) % 3 > 0).astype(float)
    found = autoencoder(max_iter=5).fit(X, sample_weight=weight)
    absent = autoencoder(max_iter=5).fit(X[weight > 0])
    # sums in another order, over a few iterations
    np.testing.assert_allclose(found.transform(X), absent.transform(X), rtol=1e-6)


def test_float32_stays_float32():
    narrow = X.astype(np.float32)
    model = autoencoder().fit(narrow)
    assert model.transform(narrow).dtype == np.float32
    assert model.inverse_transform(model.transform(narrow)).dtype == np.float32
    assert model.reconstruction_error(narrow).dtype == np.float32


def test_it_feeds_the_next_step_and_is_searched():
    model = make_pipeline(autoencoder(), LogisticRegression())
    grid = {
        "mlpautoencoder__n_components": [1, 3],
        "mlpautoencoder__estimator__alpha": [1e-4, 1.0],
    }
    # a third is right by chance; over 20 seeds: 0.93 to 0.98
    assert GridSearchCV(model, grid, cv=3).fit(X, y).best_score_ > 0.8


def test_frames_name_the_components():
    pytest.importorskip("pandas")
    frame = load_iris(as_frame=True).data
    model = autoencoder().set_output(transform="pandas").fit(frame)
    components = model.transform(frame)
    assert list(components.columns) == ["mlpautoencoder0", "mlpautoencoder1"]
    assert list(model.feature_names_in_) == list(frame.columns)
    returned = model.inverse_transform(components)
    np.testing.assert_allclose(returned, model.mlp_.predict(X), rtol=1e-12, atol=1e-13)


# Refusals


def test_sparse_x_is_refused():
    text = r"(?s)Sparse data was passed.*MLPAutoencoder: X must be a dense array"
    model = autoencoder().fit(X)
    for method in (model.fit, model.transform, model.reconstruction_error):
        with pytest.raises(TypeError, match=text):
            method(csr_array(X))


@pytest.mark.parametrize(
    "params, text",
    [
        ({"n_components": 0}, r"n_components must be an integer >= 1, got 0"),
        ({"n_components": 2.0}, r"n_components must be an integer >= 1, got 2.0"),
        ({"hidden_layer_sizes": (0,)}, r"hidden_layer_sizes must be .* got \(0,\)"),
        (
            {"estimator__activation": ["tanh"] * 3},
            r"estimator__activation must be one .* each of the 2 hidden layer",
        ),
        (
            {"estimator__loss": Quantile([0.1, 0.9]), "estimator__solver": "adam"},
            r"estimator__loss must predict one number for each column of X, got Quant",
        ),
    ],
)
def test_parameters_that_make_no_autoencoder_are_refused(params, text):
    with pytest.raises(ValueError, match=f"MLPAutoencoder: {text}"):
        autoencoder().set_params(**params).fit(X)


def test_an_estimator_of_another_kind_is_refused():
    text = "MLPAutoencoder: estimator must be None or an MLPRegressor of skmlp, got "
    for estimator in (sklearn.neural_network.MLPRegressor(), "mlp"):
        with pytest.raises(TypeError, match=text):
            MLPAutoencoder(2, estimator=estimator).fit(X)


def test_components_of_another_shape_or_not_finite_are_refused():
    text = r"MLPAutoencoder: Z must be an array of .* of shape \(n_samples, 2\), got"
    model, not_finite = autoencoder().fit(X), np.full((3, 2), np.nan)
    for Z in (np.zeros((3, 3)), np.zeros(2), not_finite, csr_array((3, 2))):
        with pytest.raises((ValueError, TypeError), match=text):
            model.inverse_transform(Z)


def test_a_fit_that_fails_changes_nothing():
    model = autoencoder().fit(X)
    before = dict(vars(model))
    with pytest.raises(ValueError, match="sample_weight must be"):
        model.fit(X[:, :2], sample_weight=-1.0)
    assert vars(model) == before


def test_an_autoencoder_that_is_not_fitted_transforms_nothing():
    model = MLPAutoencoder()
    for method in (model.transform, model.inverse_transform):
        with pytest.raises(NotFittedError):
            method(X)
