"""Each kind of target has outputs of its own, with names and shapes."""

import numpy as np
import pytest

import skmlp
from skmlp import MLPClassifier
from skmlp.estimators.targets.task import Task
from skmlp.export.onnx.outputs import KINDS

from ...conftest import CODES, TASKS, X, quietly
from .graphs import assert_exported, session

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")


OUTPUTS = {
    "binary": {"label": [], "probabilities": [2]},
    "multiclass": {"label": [], "probabilities": [3]},
    "multilabel": {"label": [2], "probabilities": [2]},
    "class columns": {"label": [2], "probabilities_0": [3], "probabilities_1": [3]},
    "soft labels": {"label": [], "probabilities": [3]},
    "regression": {"prediction": []},
    "multi-output": {"prediction": [2]},
}


@pytest.mark.parametrize("task", TASKS)
def test_outputs_of_a_task(task):
    mlp = TASKS[task].make(hidden_layer_sizes=3, max_iter=2, random_state=0)
    running = session(skmlp.to_onnx(quietly(mlp.fit, X, TASKS[task].y)))
    found = {output.name: output.shape for output in running.get_outputs()}
    assert found == {n: ["n_samples", *s] for n, s in OUTPUTS[task].items()}


def leaves(kind):
    """The classes without subclasses, of which there are objects."""
    below = kind.__subclasses__()
    return [leaf for sub in below for leaf in leaves(sub)] if below else [kind]


def test_every_task_has_its_outputs():
    ours = [kind for kind in leaves(Task) if kind.__module__.startswith("skmlp.")]
    assert ours
    assert all(issubclass(kind, tuple(KINDS)) for kind in ours)


def test_columns_of_strings_beside_each_other():
    y = np.array([["a", "b", "c"], ["yes", "no", "?"]])[:, CODES].T
    model = quietly(MLPClassifier(max_iter=3, random_state=0).fit, X, y)
    found = assert_exported(model, X)
    assert [*found] == ["label", "probabilities_0", "probabilities_1"]
