"""The estimators work wherever scikit-learn's do: pipelines, searches, ensembles."""

import subprocess
import sys
import warnings

import joblib
import numpy as np
import pytest
import sklearn
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import (
    BaggingClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    RandomizedSearchCV,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from skmlp import MLPClassifier, MLPRegressor, tabular_pipeline

from ..conftest import assert_close, classes_first, covering

pytestmark = [  # few epochs serve here
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning"),
]

IRIS = load_iris(return_X_y=True)
CANCER = load_breast_cancer(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)


def classifier(**params):
    defaults = {"solver": "lbfgs", "alpha": 1.0, "max_iter": 50, "random_state": 0}
    return MLPClassifier(10, **{**defaults, **params})


def regressor(**params):
    defaults = {"solver": "lbfgs", "alpha": 10.0, "max_iter": 50, "random_state": 0}
    return MLPRegressor(hidden_layer_sizes=10, **{**defaults, **params})


def scaled(estimator):
    return make_pipeline(StandardScaler(), estimator)


# Scores below are of L-BFGS; the comments give their range over 20 seeds.


def test_architectures_are_searched_as_plain_values():
    sizes = [(), 5, (5, 3), "5-3", "4x2", 5.0]
    search = GridSearchCV(
        scaled(classifier()), {"mlpclassifier__hidden_layer_sizes": sizes}, cv=3
    )
    search.fit(*IRIS)
    assert search.best_score_ > 0.9  # 0.95 to 0.97
    scores = search.cv_results_["mean_test_score"]
    by_size = dict(zip(map(str, sizes), scores, strict=True))
    assert by_size["(5, 3)"] == by_size["5-3"]
    assert by_size["5"] == by_size["5.0"]


def test_a_random_search_draws_from_distributions():
    search = RandomizedSearchCV(
        scaled(regressor()),
        {"mlpregressor__alpha": loguniform(1e-4, 10)},
        n_iter=3,
        cv=3,
        random_state=0,
    )
    best = search.fit(*DIABETES).best_params_["mlpregressor__alpha"]
    assert best in search.cv_results_["param_mlpregressor__alpha"]
    assert 1e-4 < best < 10


def test_calibration_uses_the_decision_function(monkeypatch):
    asked = []
    decision_function = MLPClassifier.decision_function

    def watched(self, X):
        asked.append(len(X))
        return decision_function(self, X)

    monkeypatch.setattr(MLPClassifier, "decision_function", watched)
    X, y = CANCER
    calibrated = CalibratedClassifierCV(classifier(), cv=3).fit(scale(X), y)
    assert asked
    assert calibrated.score(scale(X), y) > 0.95  # 0.986 to 0.989


@pytest.mark.parametrize(
    "ensemble",
    [
        BaggingClassifier(classifier(), n_estimators=3, random_state=0),
        VotingClassifier(
            [("mlp", classifier()), ("linear", LogisticRegression())], voting="soft"
        ),
        OneVsRestClassifier(classifier()),
        StackingClassifier(
            [("mlp", classifier()), ("linear", LogisticRegression())],
            final_estimator=classifier(),
            cv=3,
        ),
    ],
    ids=lambda ensemble: type(ensemble).__name__,
)
def test_ensembles_take_the_classifier_as_a_member(ensemble):
    X, y = IRIS
    assert ensemble.fit(scale(X), y).score(scale(X), y) > 0.9  # 0.96 to 0.98


def test_stacking_takes_the_regressor_as_member_and_as_final_estimator():
    X, y = DIABETES
    stack = StackingRegressor(
        [("mlp", regressor()), ("ridge", Ridge())], final_estimator=regressor(), cv=3
    )
    model = TransformedTargetRegressor(stack, transformer=StandardScaler())
    assert model.fit(scale(X), y).score(scale(X), y) > 0.4  # 0.54 to 0.55


def test_several_columns_of_classes_are_trained_one_by_one():
    X, y = IRIS
    Y = np.column_stack([y, y == 1])
    model = MultiOutputClassifier(classifier()).fit(scale(X), Y)
    assert model.score(scale(X), Y) > 0.9  # 0.97 to 0.98


@pytest.mark.parametrize("make", [classifier, regressor])
def test_sample_weight_is_routed_to_fit_and_score(make):
    X, y = CANCER if make is classifier else DIABETES
    X, y = scale(X), y if make is classifier else scale(y)
    weight = np.where(np.arange(len(y)) % 3, 1.0, 0.0)
    kept = np.flatnonzero(weight)
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = make(max_iter=10).set_fit_request(sample_weight=True)
        estimator.set_score_request(sample_weight=True)
        folds = [(np.arange(200), np.arange(200, 300))]
        params = {"sample_weight": weight}
        found = cross_validate(
            estimator, X, y, cv=folds, params=params, return_estimator=True
        )
    train, test = kept[kept < 200], kept[(kept >= 200) & (kept < 300)]
    # rows of weight 0 are as if absent, but for rounding, which ten steps let grow
    alone = make(max_iter=10).fit(X[train], y[train])
    assert_close(found["estimator"][0], alone, rtol=1e-6)
    score = alone.score(X[test], y[test])
    assert found["test_score"] == pytest.approx([score], rel=1e-6)


@pytest.mark.parametrize("make", [classifier, regressor])
def test_a_learning_curve_goes_on_with_partial_fit(make):
    X, y = CANCER if make is classifier else DIABETES
    X, y = scale(X), y if make is classifier else scale(y)
    model, folds = make(solver="adam"), KFold(3)
    sizes, train_scores, test_scores = learning_curve(
        model, X, y, cv=folds, train_sizes=[50, 100], exploit_incremental_learning=True
    )
    np.testing.assert_array_equal(sizes, [50, 100])
    for fold, (train, test) in enumerate(folds.split(X)):
        by_parts = clone(model)
        for i, (start, stop) in enumerate([(0, 50), (50, 100)]):
            rows = train[start:stop]
            by_parts.partial_fit(X[rows], y[rows], **classes_first(type(model), y))
            seen = train[:stop]
            assert train_scores[i, fold] == by_parts.score(X[seen], y[seen])
            assert test_scores[i, fold] == by_parts.score(X[test], y[test])


def test_parallel_workers_train_on_arrays_mapped_from_a_file():
    X, y = np.tile(scale(IRIS[0]), (900, 1)), np.tile(IRIS[1], 900)
    # arrays of more than 1 MiB come to the workers as read-only maps of a file
    assert min(X.nbytes, y.nbytes) > 2**20
    models = [classifier(max_iter=3), regressor(max_iter=3)]
    fitted = joblib.Parallel(n_jobs=2)(
        joblib.delayed(clone(model).fit)(X, y) for model in models
    )
    for model, from_worker in zip(models, fitted, strict=True):
        # worker processes may have another number of BLAS threads
        assert_close(from_worker, model.fit(X, y), rtol=1e-6, atol=1e-9)


@covering(container=["pandas", "polars"], make=[classifier, regressor])
def test_frames_from_the_step_before_name_the_features(container, make):
    pytest.importorskip(container)
    X, y = IRIS
    scaler = StandardScaler().set_output(transform=container)
    model = make_pipeline(scaler, make()).fit(X, y)
    assert list(model[-1].feature_names_in_) == ["x0", "x1", "x2", "x3"]
    plain = make_pipeline(StandardScaler(), make()).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))


def test_parallel_jobs_give_the_scores_of_one():
    X, y = np.tile(IRIS[0], (30, 10)), np.tile(IRIS[1], 30)  # large enough to be mapped
    assert X.nbytes > 2**20
    alone = cross_val_score(classifier(max_iter=3), X, y, cv=3)
    jobs = cross_val_score(classifier(max_iter=3), X, y, cv=3, n_jobs=2)
    # worker processes may have another number of BLAS threads
    np.testing.assert_allclose(alone, jobs, atol=0.01)


def test_inspection_finds_the_column_that_matters():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    model = regressor(alpha=0.01).fit(X, X[:, 1])
    importances = permutation_importance(model, X, X[:, 1], random_state=0)
    assert importances.importances_mean.argmax() == 1


def test_notebooks_show_the_parameters_that_were_set():
    assert "MLPClassifier" in classifier()._repr_html_()
    assert repr(MLPClassifier(alpha=1.0)) == "MLPClassifier(alpha=1.0)"


def test_displays_draw_decision_boundaries():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    from sklearn.inspection import DecisionBoundaryDisplay

    X, y = IRIS
    model = classifier().fit(X[:, :2], y)
    display = DecisionBoundaryDisplay.from_estimator(model, X[:, :2])
    assert display.ax_ is not None
    pyplot.close("all")


def test_a_warning_inside_a_pipeline_is_scikit_learns_own():
    model = scaled(MLPClassifier(max_iter=1))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(*IRIS)
    assert [warning.category for warning in caught] == [ConvergenceWarning]


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_dask_predicts_where_the_blocks_are(method):
    wrappers = pytest.importorskip("dask_ml.wrappers")
    array = pytest.importorskip("dask.array")
    (X, y), models = IRIS, [classifier(), regressor()]
    for model in [*models, tabular_pipeline("classifier", preset="td-s", max_iter=2)]:
        model.fit(X, y)
        if not hasattr(model, method):
            continue
        blocks = array.from_array(X, chunks=(40, X.shape[1]))
        found = getattr(wrappers.ParallelPostFit(model), method)(blocks)
        expected = getattr(model, method)(X)
        assert found.dtype == expected.dtype
        # products of a block may be summed in another order, in float32 for tables
        np.testing.assert_allclose(found.compute(), expected, rtol=1e-5, atol=1e-12)


WITHOUT_ONNX = """
import sys
import skmlp
import skmlp.export.onnx.model, skmlp.export.onnx.registration
assert not {"onnx", "skl2onnx", "onnxruntime"} & set(sys.modules)
for name in ("onnx", "skl2onnx"):
    sys.modules[name] = None  # as if it were not installed
for function, package in ((skmlp.to_onnx, "onnx"), (skmlp.register_onnx, "skl2onnx")):
    try:
        function(*[skmlp.MLPClassifier()][: function is skmlp.to_onnx])
    except ImportError as error:
        assert f"{function.__name__}: {package} must be installed" in str(error), error
    else:
        raise AssertionError(function)
"""


def test_onnx_is_imported_when_it_is_needed_and_asked_for_where_it_is_missing():
    subprocess.run([sys.executable, "-c", WITHOUT_ONNX], check=True)
