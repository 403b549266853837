"""Parameters that have moved into objects: an old name says where its setting is."""

import re
from itertools import product

import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skmlp
from skmlp import MLPClassifier, MLPRegressor
from skmlp.estimators.validation.moved import MOVED
from skmlp.solvers import Adam, AdamW

from ...conftest import CODES, X

ESTIMATORS = [MLPClassifier, MLPRegressor]
NAMES = {**vars(skmlp), "Adam": Adam, "AdamW": AdamW}


def said(name):
    return re.escape(f"{name} has moved: use {MOVED[name]}.")


def test_the_constructor_refuses_an_old_name_with_its_new_place():
    for name, kind in product(MOVED, ESTIMATORS):
        with pytest.raises(TypeError, match=said(name)) as error:
            kind(**{name: 1})
        start = f"{kind.__name__}.__init__() got an unexpected keyword argument"
        assert str(error.value).startswith(f"{start} {name!r}"), name


def test_set_params_refuses_an_old_name_with_its_new_place():
    for name, kind in product(MOVED, ESTIMATORS):
        estimator = kind()
        before = estimator.get_params()
        with pytest.raises(ValueError, match=said(name)) as error:
            estimator.set_params(**{name: 1})
        assert str(error.value).startswith(f"Invalid parameter {name!r}"), name
        assert estimator.get_params() == before, name
        assert not hasattr(estimator, name), name


def test_searches_and_pipelines_pass_the_hint_on():
    mlp = MLPClassifier(max_iter=1)
    for name in MOVED:
        for estimator, prefix in (
            (mlp, ""),
            (make_pipeline(StandardScaler(), mlp), "mlpclassifier__"),
        ):
            grid = {f"{prefix}{name}": [1, 2]}
            search = GridSearchCV(estimator, grid, cv=2, error_score="raise")
            with pytest.raises(ValueError, match=said(name)):
                search.fit(X, CODES)


def test_the_new_place_is_one_that_there_is():
    for name, place in MOVED.items():
        # what stands for any value
        call = place.replace("{...}", "{'biases': 0.1}").replace("rate, ", "0.1, ")
        call = call.replace("path, ", "'run.npz', ").replace("...", "1")
        parameters = eval(f"dict({call})", dict(NAMES))
        [(parameter, value)] = parameters.items()
        for kind in ESTIMATORS:
            made = kind(**parameters)
            assert getattr(made, parameter) == value, name
        assert name not in kind().get_params()


def test_an_unknown_name_that_has_not_moved_gets_no_hint():
    with pytest.raises(TypeError) as error:
        MLPClassifier(depth=3)
    assert "moved" not in str(error.value)
    with pytest.raises(ValueError, match="Invalid parameter 'depth'") as error:
        MLPClassifier().set_params(depth=3)
    assert "moved" not in str(error.value)
