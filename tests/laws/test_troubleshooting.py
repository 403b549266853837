"""The page on troubleshooting has an entry for each warning and family of errors."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skmlp
from skmlp import Ensemble, MLPClassifier, MLPRegressor
from skmlp.estimators.reporting.entries import ENTRIES, with_entry
from skmlp.export.onnx.activations import activated
from skmlp.tabular.report import TOPICS

from ..cases import in_case
from ..conftest import quietly

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "examples/guide/troubleshooting.md").read_text(encoding="utf-8")
SOURCES = sorted(Path(skmlp.__file__).parent.rglob("*.py"))
# what stands for that which differs
GAP = "…"


def part(title):
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def headings(text):
    """Texts that entries are for, as patterns."""
    found = re.findall(r"^### (?:[\w-]+: )?`+ ?(.*?) ?`+$", text, re.M)
    return {
        text: re.compile(re.escape(text).replace(GAP, ".*"), re.S) for text in found
    }


WARNINGS = headings(
    part("Warnings about the data and the course of a fit")
    + part("Warnings about columns of tables")
    + part("Warnings about the end of a fit")
)
ERRORS = headings(
    part("Errors of parameters")
    + part("Errors of data")
    + part("Errors of further training, and after the fit")
)

# Warnings, from the source


def text_of(node):
    """A literal's text, with a gap for each value."""
    if isinstance(node, ast.JoinedStr):
        values = node.values
        return "".join(v.value if isinstance(v, ast.Constant) else GAP for v in values)
    return node.value if isinstance(node.value, str) else ""


def literals(tree):
    """Texts in code, but for docstrings."""
    nodes = list(ast.walk(tree))
    inner = {id(v) for n in nodes if isinstance(n, ast.JoinedStr) for v in n.values}
    inner |= {id(n.value) for n in nodes if isinstance(n, ast.Expr)}
    found = (n for n in nodes if isinstance(n, (ast.Constant, ast.JoinedStr)))
    return [text_of(node) for node in found if id(node) not in inner]


def is_call_of_warn(node):
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "warnings.warn"


def warning_functions(tree):
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return [f for f in functions if any(map(is_call_of_warn, ast.walk(f)))]


def texts_of_warnings():
    """Sentences of the modules that write warnings, and of functions that warn."""
    found = []
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if path.name == "entries.py":
            continue  # which has them once more
        if path.parent.name == "reporting":
            found += literals(tree)
        else:
            found += [
                text for node in warning_functions(tree) for text in literals(node)
            ]
    found += [before for before, _ in TOPICS.values()]
    return sorted({text.strip() for text in found if len(text.split()) >= N_WORDS})


# shorter ones are parts of a sentence
N_WORDS = 8
# reasons, which `stop_reason_` has and no warning
NO_WARNINGS = {
    "The loss stopped being finite in epoch ….",
    "Trained on all rows for … of … planned epochs, after which the others had the "
    "best mean validation score.",
    "No epoch was better in the last whole cycle of the learning rate, which "
    "ended in epoch ….",
}
# the rest of a warning whose beginning has an entry; in the text of that entry
MORE_OF_AN_ENTRY = (
    "Increase the number of iterations to improve the convergence",
    "You might also want to scale the data as shown in",
    "The weights are those of the best epoch",
    "with solver lbfgs, which chooses its own step sizes",
    "has plateaued",
    "is still falling",
)


def test_each_warning_has_an_entry():
    texts = sorted(set(texts_of_warnings()) - NO_WARNINGS)
    assert texts
    for text in texts:
        more = [words for words in MORE_OF_AN_ENTRY if words in text]
        known = more or any(pattern.search(text) for pattern in WARNINGS.values())
        assert known, text
        assert all(words in PAGE for words in more), text


def test_what_is_no_warning_is_in_the_source():
    assert set(texts_of_warnings()) >= NO_WARNINGS


def test_each_warning_names_its_entry():
    named = dict(re.findall(r"^### ([\w-]+): `(.*)`$", PAGE, re.M))
    assert set(named) == set(ENTRIES.values())
    for words, name in ENTRIES.items():
        entry = PAGE.partition(f"\n### {name}: ")[2].partition("\n### ")[0]
        assert words in entry, name
        assert with_entry(f"A: {words} 3.").endswith(f"{name}.")
    # headings without a name are for the rest of another one's warning
    unnamed = set(WARNINGS) - set(named.values())
    assert unnamed == {"Over the last … … the loss …"}


def test_warnings_of_a_fit_end_with_the_name_of_their_entry():
    model = classifier(max_iter=20, batch_size=50)
    with pytest.warns(UserWarning) as caught:
        model.fit(X * [1.0, 1.0, 1e6], Y)
    names = {str(one.message).rpartition(", ")[2] for one in caught}
    assert {"unequal-scale.", "clipped-batch.", "max-iter."} <= names


def test_each_entry_is_for_a_warning():
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES)
    texts = [text for tree in trees for text in literals(tree)]
    assert WARNINGS
    for heading, pattern in WARNINGS.items():
        assert any(pattern.search(text) for text in texts), heading


# Errors, as they come

X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(int)
WITH_GAPS = np.where(X > 1, np.nan, X)


class WrongSlope:
    def forward(self, z, out):
        np.tanh(z, out=out)

    def backward(self, delta, z, a):
        delta *= a


def classifier(**params):
    return MLPClassifier(**{"max_iter": 2, "random_state": 0} | params)


def regressor(**params):
    return MLPRegressor(**{"max_iter": 2, "random_state": 0} | params)


def fitted(**params):
    return classifier(**params).fit(X, Y)


def of_another_fit():
    fitted(checkpoint="run.npz")
    fitted(checkpoint="run.npz", alpha=1.0)


def damaged():
    Path("run.npz").write_bytes(b"no archive")
    fitted(checkpoint="run.npz")


def no_model():
    Path("model.skmlp").write_bytes(b"no archive")
    skmlp.load("model.skmlp")


def to_a_graph():
    activated("MLPClassifier", WrongSlope(), None)


def held_out(**params):
    return regressor(early_stopping=True, **params).fit(X, X[:, 0])


# by the heading of the entry
FAILS = {
    "… must be …, got …": lambda: fitted(alpha=-1),
    "(hidden_layer_sizes is the second parameter)": lambda: MLPRegressor(50).fit(X, Y),
    "has moved: use …": lambda: MLPClassifier(max_norm=1.0),
    "Invalid parameter '…' for estimator": lambda: classifier().set_params(rate=1),
    "must be … with solver lbfgs": lambda: fitted(solver="lbfgs", dropout=0.5),
    "must have a continuous gradient with solver lbfgs": lambda: regressor(
        solver="lbfgs", loss="absolute_error"
    ).fit(X, Y),
    "must be None without validation rows": lambda: fitted(calibration="temperature"),
    "scoring must be …": lambda: fitted(early_stopping=True, scoring="mae"),
    "refit must be False with X_val": lambda: classifier(
        early_stopping=True, refit=True
    ).fit(X, Y, X_val=X, y_val=Y),
    "Pipeline.fit does not accept the X_val parameter": lambda: make_pipeline(
        StandardScaler(), classifier()
    ).fit(X, Y, X_val=X, y_val=Y),
    "must be an integer with checkpoint": lambda: fitted(
        checkpoint="run.npz", random_state=None
    ),
    "must have a backward(delta, z, a) that multiplies delta by the derivative": (
        lambda: fitted(activation=WrongSlope())
    ),
    "Input X contains NaN": lambda: classifier().fit(WITH_GAPS, Y),
    "could not convert string to float": lambda: classifier().fit([["a"]] * 40, Y),
    "Found input variables with inconsistent numbers of samples": lambda: (
        classifier().fit(X, Y[:-1])
    ),
    "mixes labels of several types": lambda: classifier().fit(X, ["a", 1] * 20),
    "Unknown label type: continuous": lambda: classifier().fit(X, X[:, 0]),
    "y must be … with loss=": lambda: regressor(loss="poisson").fit(X, X[:, 0]),
    "Sample weights must be >= 0": lambda: classifier().fit(X, Y, -np.ones(40)),
    "The validation set is too small": lambda: classifier(early_stopping=True).fit(
        X[:6], [0, 1, 2] * 2
    ),
    "in y … only 1 member, which is too few": lambda: classifier(
        early_stopping=True
    ).fit(X[:3], [0, 1, 1]),
    "class_weight must be …": lambda: fitted(class_weight={7: 1.0}),
    "This … instance is not fitted yet": lambda: classifier().predict(X),
    "X has … features, but … is expecting … features as input": lambda: (
        fitted().predict(X[:, :2])
    ),
    "classes must be passed on the first call to partial_fit": lambda: (
        classifier().partial_fit(X, Y)
    ),
    "`y` has classes not in `self.classes_`": lambda: fitted().partial_fit(X, Y + 5),
    "warm_start can only be used where `y` has the same classes": lambda: fitted(
        warm_start=True
    ).fit(X, Y + 1),
    "partial_fit does not support early_stopping=True": lambda: classifier(
        early_stopping=True
    ).partial_fit(X, Y, classes=[0, 1]),
    "has no attribute 'partial_fit'": lambda: classifier(solver="lbfgs").partial_fit,
    "continue to train the network of the previous fit": lambda: (
        fitted().set_params(hidden_layer_sizes=5).partial_fit(X, Y)
    ),
    "coefs_init must have …": lambda: fitted(coefs_init=fitted(), hidden_layer_sizes=5),
    "The file belongs to a fit with different …": of_another_fit,
    "The file is damaged or not a checkpoint": damaged,
    "must be a plain value, an array or an object of skmlp to be saved": lambda: (
        classifier(scoring=len).save("model.skmlp")
    ),
    "path must be a file written by save": no_model,
    "to be exported to ONNX": to_a_graph,
    "for to_sklearn": lambda: fitted(activation="gelu").to_sklearn(),
    "ensemble__configurations[…] must …": lambda: fitted(
        n_members=2, ensemble=Ensemble(configurations=[{}, {"refit": True}])
    ),
    "ensemble__weights must be 'equal' …": lambda: fitted(
        n_members=2, ensemble=Ensemble(weights="greedy")
    ),
    "must be 1 to inspect the network": lambda: fitted(n_members=2).summary(),
    "predict_interval must have residuals of validation rows": lambda: (
        regressor().fit(X, Y).predict_interval(X)
    ),
    "coverage must be at most … with … rows": lambda: held_out().predict_interval(
        X, coverage=0.99
    ),
    "output must be …": lambda: fitted().input_gradient(X, output=9),
}


@pytest.mark.filterwarnings("ignore::skmlp.DiagnosticWarning")
def test_each_family_of_errors_has_the_text_of_its_entry(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert set(FAILS) == set(ERRORS)
    for heading, fail in FAILS.items():
        Path("run.npz").unlink(missing_ok=True)  # of the case before
        with in_case(heading):
            with pytest.raises((ValueError, TypeError, AttributeError)) as caught:
                quietly(fail)
            assert ERRORS[heading].search(str(caught.value))
