"""A loaded model requests the metadata that the saved one did."""

import json

import pytest
import sklearn

import skmlp
from skmlp import MLPAutoencoder, MLPClassifier, MLPRegressor, tabular_pipeline
from skmlp.tabular import TabularPipeline

from ..conftest import NUMBERS, WEIGHT, X, quietly

WITH_WEIGHT = {"fit": {"sample_weight": True}}
# the requests that are set, by the model
REQUESTS = {
    "nothing": (MLPClassifier, {}),
    "weights": (MLPClassifier, WITH_WEIGHT),
    "several methods": (
        MLPRegressor,
        {
            "fit": {"sample_weight": True, "groups": False, "X_val": None},
            "partial_fit": {"sample_weight": "w"},
            "score": {"sample_weight": "w"},
        },
    ),
    "autoencoder": (MLPAutoencoder, WITH_WEIGHT),
}


def with_requests(model, requests):
    with sklearn.config_context(enable_metadata_routing=True):
        for method, params in requests.items():
            getattr(model, f"set_{method}_request")(**params)
    return model


def round_trip(model, tmp_path):
    model.save(tmp_path / "model.skmlp")
    return skmlp.load(tmp_path / "model.skmlp")


def said(model):
    return str(model.get_metadata_routing())


@pytest.mark.parametrize("name", REQUESTS)
def test_requests_are_kept(name, tmp_path):
    kind, requests = REQUESTS[name]
    model = with_requests(kind(), requests)
    assert (said(model) == said(kind())) == (not requests)
    loaded = round_trip(model, tmp_path)
    assert said(loaded) == said(model)
    assert vars(loaded).keys() == vars(model).keys()


def test_requests_of_a_fitted_step_within_a_pipeline_are_kept(tmp_path):
    pipeline = tabular_pipeline("regressor", n_members=2, max_iter=2, random_state=0)
    with_requests(pipeline[-1], WITH_WEIGHT)
    with sklearn.config_context(enable_metadata_routing=True):
        quietly(pipeline.fit, X, NUMBERS, sample_weight=WEIGHT)
        loaded = round_trip(pipeline, tmp_path)
        assert said(loaded) == said(pipeline)
        assert said(loaded[-1].members_[0]) == said(pipeline[-1].members_[0])
        quietly(loaded.fit, X, NUMBERS, sample_weight=WEIGHT)
    assert (loaded.predict(X) == pipeline.predict(X)).all()


def test_a_pipelines_own_requests_are_kept(tmp_path):
    pipeline = TabularPipeline([("mlp", MLPRegressor())])
    pipeline.save(tmp_path / "without")
    with_requests(pipeline, {"score": {"sample_weight": "w"}})
    round_trip(pipeline, tmp_path).save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "model.skmlp").read_bytes()
    assert (tmp_path / "again").read_bytes() != (tmp_path / "without").read_bytes()


def test_a_file_without_requests_has_no_word_of_them(tmp_path):
    from zipfile import ZipFile

    MLPClassifier().save(tmp_path / "model.skmlp")
    with ZipFile(tmp_path / "model.skmlp") as file:
        assert len(json.loads(file.read("model.json"))["model"]["object"]) == 3


@pytest.mark.parametrize("requests", [{"predict": {}}, {"fit": {"no": True}}], ids=str)
def test_requests_that_can_not_be_made_are_refused(requests, tmp_path, monkeypatch):
    from skmlp.model_file import objects

    def fake(kind, state):
        return state, requests

    monkeypatch.setattr(objects, "split_requests", fake)
    MLPClassifier(hidden_layer_sizes=3).save(tmp_path / "model.skmlp")
    with pytest.raises(ValueError, match="load: path must be a file"):
        skmlp.load(tmp_path / "model.skmlp")
