"""What the tests share: covering arrays, data of each task, fits and comparisons."""

import os
import tempfile
import warnings
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import combinations, product
from pathlib import Path

# before hypothesis reads it: nothing is left behind in the checkout
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", tempfile.mkdtemp())

import hypothesis
import joblib
import numpy as np
import pytest
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning

from skmlp import MLPClassifier, MLPRegressor
from skmlp.losses import LogLoss

# The same examples in each run, and others by `--hypothesis-profile explore`.
hypothesis.settings.register_profile("explore", deadline=None, database=None)
hypothesis.settings.register_profile(
    "same", deadline=None, database=None, derandomize=True
)
hypothesis.settings.load_profile("same")

# it has no tests, and where matplotlib is missing pytest would leave it half imported
collect_ignore = ["plot/models.py"]

# Options


def pytest_addoption(parser):
    parser.addoption(
        "--rounding-noise",
        type=int,
        metavar="SEED",
        help="add noise of the size of rounding to every gradient; leaves out bits",
    )


def pytest_configure(config):
    seed = config.getoption("--rounding-noise")
    if seed is not None:
        folder = Path(__file__).parent / "rounding_noise"
        paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
        os.environ["SKMLP_ROUNDING_NOISE"] = str(seed)
        from .rounding_noise import sitecustomize  # noqa: F401


def pytest_collection_modifyitems(config, items):
    """Leave out `bits` under noise; skip doctests whose packages are missing."""
    if config.getoption("--rounding-noise") is not None:
        bits = [item for item in items if item.get_closest_marker("bits")]
        config.hook.pytest_deselected(items=bits)
        items[:] = [item for item in items if not item.get_closest_marker("bits")]
    for item in items:
        for example in getattr(getattr(item, "dtest", None), "examples", ()):
            word, _, rest = example.source.partition(" ")
            package = rest.partition(" ")[0].partition(".")[0].strip(" ,\n")
            if word in ("import", "from") and find_spec(package) is None:
                item.add_marker(pytest.mark.skip(f"needs {package}"))


# Covering arrays


def covering_array(sizes):
    """Rows of levels in which any two factors have each pair of levels at least once.

    sizes : number of levels of each factor. Each row begins with the first pair that
    is still missing, and takes of each other factor the level that adds most pairs.
    """
    factors = range(len(sizes))
    missing = {
        (i, a, j, b): None
        for i, j in combinations(factors, 2)
        for a, b in product(range(sizes[i]), range(sizes[j]))
    }
    rows, n_uses = [], [[0] * size for size in sizes]
    while missing:
        i, a, j, b = next(iter(missing))
        row = {i: a, j: b}
        for k in factors:
            if k not in row:
                row[k] = max(
                    range(sizes[k]),
                    key=lambda c, k=k: (
                        sum((*m, k, c) in missing for m in row.items() if m[0] < k)
                        + sum((k, c, *m) in missing for m in row.items() if m[0] > k),
                        -n_uses[k][c],
                    ),
                )
        rows.append([row[k] for k in factors])
        for k, c in row.items():
            n_uses[k][c] += 1
        for pair in combinations(sorted(row.items()), 2):
            missing.pop((*pair[0], *pair[1]), None)
    return rows


def level_names(levels):
    """Ids of a factor's levels: keys of a dict, names, or values as they print."""
    if isinstance(levels, dict):
        return list(levels)
    return [getattr(level, "__name__", str(level)) for level in levels]


def covering(*, full=False, **factors):
    """Parametrize a test by a covering array of its factors: pairs of their levels.

    factors : by argument name, a list of levels, or a dict of them by their ids.
    full : whether the rest of the full product is tested, too, marked `exhaustive`.
    """
    names = [level_names(levels) for levels in factors.values()]
    levels = [
        list(some.values()) if isinstance(some, dict) else list(some)
        for some in factors.values()
    ]
    sizes = [len(some) for some in levels]
    rows = [tuple(row) for row in covering_array(sizes)]
    rest = set(product(*map(range, sizes))) - set(rows) if full else ()
    cases = [
        pytest.param(
            *(levels[k][c] for k, c in enumerate(row)),
            id="-".join(names[k][c] for k, c in enumerate(row)),
            marks=[pytest.mark.exhaustive] if row in rest else [],
        )
        for row in [*rows, *sorted(rest)]
    ]
    return pytest.mark.parametrize(list(factors), cases)


# Data of each task, for fits that take milliseconds


@dataclass(frozen=True)
class Task:
    """An estimator for a kind of target, a target of X, and what it needs for it."""

    kind: type
    y: np.ndarray
    params: dict = field(default_factory=dict)

    def make(self, **params):
        return self.kind(**{**self.params, **params})


N_ROWS = 90
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 4))
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0] + 0.3 * RNG.normal(size=N_ROWS)
CODES = np.digitize(NUMBERS, [-1.5, 1.0])
WEIGHT = RNG.uniform(0.2, 3.0, N_ROWS)
GROUPS = RNG.permutation(np.repeat(np.arange(15), 6))
TASKS = {
    "binary": Task(MLPClassifier, NUMBERS > 0),
    "multiclass": Task(MLPClassifier, np.array(["a", "b", "c"])[CODES]),
    "multilabel": Task(MLPClassifier, np.c_[NUMBERS > 1, X[:, 0] > 0].astype(int)),
    "class columns": Task(
        MLPClassifier, np.c_[CODES + 5, np.digitize(X[:, 0], [-0.5, 0.5])]
    ),
    "soft labels": Task(
        MLPClassifier,
        softmax(2.0 * X[:, :3], axis=1),
        {"loss": LogLoss(soft_targets=True)},
    ),
    "regression": Task(MLPRegressor, NUMBERS),
    "multi-output": Task(MLPRegressor, np.c_[NUMBERS, X[:, 1] ** 2]),
}


# Fits


def quietly(method, *args, **kwargs):
    """The call's result, whether a fit in it converged or not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return method(*args, **kwargs)


def classes_first(kind, y):
    """What the first partial_fit of an estimator needs besides X and y."""
    if not issubclass(kind, MLPClassifier):
        return {}
    return {"classes": np.arange(y.shape[1]) if y.ndim == 2 else np.unique(y)}


# Comparisons


def learned_arrays(model):
    """All arrays that a model has learned, of each of its members."""
    if getattr(model, "members_", None):
        return [a for member in model.members_ for a in learned_arrays(member)]
    embedding = getattr(model, "embedding_", None)
    alphas = [alpha for alpha in getattr(model, "alphas_", []) if alpha is not None]
    embedded = [] if embedding is None else embedding.arrays
    return [*model.coefs_, *model.intercepts_, *embedded, *alphas]


def parameters(model):
    """All that a model has learned, as one vector."""
    return np.concatenate([np.ravel(array) for array in learned_arrays(model)])


def assert_same_bits(model, expected):
    """Equal arrays of equal dtype, and the same loss."""
    pairs = zip(learned_arrays(model), learned_arrays(expected), strict=True)
    for found, wanted in pairs:
        assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
        np.testing.assert_array_equal(found, wanted)
    assert getattr(model, "loss_", None) == getattr(expected, "loss_", None)


def assert_close(model, expected, rtol, atol=None):
    """Equal parameters but for other sums in another order."""
    np.testing.assert_allclose(
        parameters(model),
        parameters(expected),
        rtol=rtol,
        atol=rtol if atol is None else atol,
    )


def digest(estimator):
    """Of all that an estimator holds but the clock on the wall: equal if unchanged."""
    parts = dict(vars(estimator))
    if "history_" in parts:
        history = parts["history_"]
        parts["history_"] = {n: v for n, v in history.items() if n != "seconds"}
    return joblib.hash(parts)


def central_difference(f, x, h=1e-6):
    """The gradient of the scalar function `f` at the vector `x`."""
    return np.array([(f(x + e) - f(x - e)) / (2 * h) for e in h * np.eye(len(x))])


def activated(activation, alpha, z):
    """The values at z, by the formula; alpha is None where an activation has none."""
    a = np.empty_like(z)
    if alpha is None:
        activation.forward(z, out=a)
        return a
    activation.activation.forward(z, out=a)
    return z + alpha * (a - z)


def relative_error(found, expected):
    """|found - expected| / |expected|, by the Euclidean norm over all entries."""
    found, expected = np.asarray(found), np.asarray(expected)
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


# What may be missing on a user's machine


class Optional:
    """A package, imported at first use: without it, that skips the test."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, attribute):
        if attribute.startswith("__"):  # which the collection of tests asks for
            raise AttributeError(attribute)
        return getattr(pytest.importorskip(self._name), attribute)


@pytest.fixture
def pandas():
    return pytest.importorskip("pandas")


@pytest.fixture
def polars():
    return pytest.importorskip("polars")
