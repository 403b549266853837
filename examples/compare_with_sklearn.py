"""The same training in scikit-learn and in skmlp, on scikit-learn's bundled data.

What to see: with the same parameters and the same ``random_state`` both packages give
the same model, and skmlp gives it sooner. Each row trains the two in turns, several
times, on one BLAS thread, and takes the shortest time of each. The columns:

- score: on the test part, accuracy, or R² for regression (linnerud's 20 rows are too
  few for a good one, but not for a comparison)
- seconds: of one fit
- ratio: scikit-learn's seconds over skmlp's, above 1 where skmlp is faster
- difference: the largest absolute one between the predictions for the test part, which
  are probabilities, or values, with the target scaled to unit variance (for the Poisson
  loss, to unit mean)

Floating-point rounding differs between the packages and grows with every update, so
this trains for a few tens of epochs; then the differences stay below 1e-6, or 1e-3 in
float32. With lbfgs, rounding grows along the line searches: there the difference is
that of the scores, marked by a star.

    python examples/compare_with_sklearn.py --picture speed.png

also draws the ratios, with matplotlib.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import sklearn.neural_network
from sklearn import datasets
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import skmlp

SECONDS_A_ROW = 0.4  # and three fits of each at least
BOUNDS = {"float64": 1e-6, "float32": 1e-3}
SHARED = {
    "max_iter": 30,
    "batch_size": 32,
    "learning_rate_init": 0.005,
    "random_state": 0,
}


# The data: name, estimator, X and y


def load_digit_labels(return_X_y):
    """Handwritten digits with three labels each: is it even, prime, above four?"""
    X, digit = datasets.load_digits(return_X_y=return_X_y)
    labels = [digit % 2 == 0, np.isin(digit, [2, 3, 5, 7]), digit > 4]
    return X, np.column_stack(labels).astype(int)


IRIS = "iris", "MLPClassifier", datasets.load_iris
WINE = "wine", "MLPClassifier", datasets.load_wine
CANCER = "breast cancer", "MLPClassifier", datasets.load_breast_cancer
DIGITS = "digits", "MLPClassifier", datasets.load_digits
LABELS = "digits, 3 labels", "MLPClassifier", load_digit_labels
DIABETES = "diabetes", "MLPRegressor", datasets.load_diabetes
LINNERUD = "linnerud, 3 outputs", "MLPRegressor", datasets.load_linnerud


@dataclass
class Row:
    """One training: the data, and its parameters, which override shared ones."""

    data: tuple[str, str, Callable]
    solver: str
    activation: str
    hidden_layer_sizes: tuple
    others: dict
    dtype: str = "float64"

    @property
    def settings(self):
        words = [self.solver, self.activation, str(self.hidden_layer_sizes)]
        words += [f"{name}={value}" for name, value in self.others.items()]
        return " ".join(words + [self.dtype] * (self.dtype != "float64"))

    def model(self, package):
        return getattr(package, self.data[1])(
            solver=self.solver,
            activation=self.activation,
            hidden_layer_sizes=self.hidden_layer_sizes,
            **(SHARED | self.others),
        )


ROWS = [
    Row(IRIS, "adam", "relu", (100,), {}),
    Row(IRIS, "sgd", "tanh", (5, 2), {"momentum": 0.95}),
    Row(WINE, "sgd", "tanh", (50,), {"learning_rate": "adaptive"}),
    Row(WINE, "lbfgs", "tanh", (50,), {"alpha": 0.1}),
    Row(CANCER, "adam", "relu", (64, 32), {"early_stopping": True}),
    Row(CANCER, "sgd", "relu", (100,), {"momentum": 0.5}),
    Row(DIGITS, "adam", "relu", (100,), {}),
    Row(DIGITS, "adam", "relu", (100,), {"max_iter": 3}, dtype="float32"),
    Row(DIGITS, "lbfgs", "logistic", (50,), {"alpha": 1.0}),
    Row(LABELS, "adam", "tanh", (64,), {}),
    Row(DIABETES, "adam", "logistic", (50,), {"alpha": 1.0}),
    Row(DIABETES, "adam", "tanh", (50,), {"loss": "poisson"}),
    Row(DIABETES, "lbfgs", "relu", (20,), {"alpha": 10.0}),
    Row(LINNERUD, "sgd", "identity", (10,), {"batch_size": 5}),
]


@dataclass
class Result:
    """What a row gave; scores and seconds are scikit-learn's, then skmlp's."""

    row: Row
    scores: list[float]
    seconds: list[float]
    difference: float

    @property
    def ratio(self):
        return self.seconds[0] / self.seconds[1]


# From a row to its result


def split_and_scale(row):
    """X and y of the training part, then of the test part."""
    _, estimator, load = row.data
    X, y = load(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    X_scaler = StandardScaler().fit(X)
    X, X_test = (X_scaler.transform(part).astype(row.dtype) for part in (X, X_test))
    if row.others.get("loss") == "poisson":
        y, y_test = y / y.mean(), y_test / y.mean()
    elif estimator == "MLPRegressor":
        mean, std = y.mean(axis=0), y.std(axis=0)
        y, y_test = (y - mean) / std, (y_test - mean) / std
    return X, y, X_test, y_test


def fit_in_turns(models, X, y):
    """Fit each model again and again; returns the shortest seconds of each."""
    seconds = [[] for _ in models]
    while len(seconds[0]) < 3 or np.sum(seconds) < SECONDS_A_ROW:
        for model, times in zip(models, seconds, strict=True):
            start = time.perf_counter()
            model.fit(X, y)
            times.append(time.perf_counter() - start)
    return [min(times) for times in seconds]


def predictions(model, X):
    return model.predict_proba(X) if hasattr(model, "classes_") else model.predict(X)


def run(row):
    X, y, X_test, y_test = split_and_scale(row)
    models = [row.model(sklearn.neural_network), row.model(skmlp)]
    seconds = fit_in_turns(models, X, y)
    scores = [model.score(X_test, y_test) for model in models]
    theirs, ours = (predictions(model, X_test) for model in models)
    compared = np.subtract(*scores) if row.solver == "lbfgs" else theirs - ours
    return Result(row, scores, seconds, np.abs(compared).max())


# The table


def print_header():
    shared = ", ".join(f"{name}={value}" for name, value in SHARED.items())
    print(f"Unless a row says otherwise:\n{shared}\n")
    print(f"{'':58}{'score':>16} {'seconds':>16}")
    names = f"{'sklearn':>8}{'skmlp':>8}"
    print(f"{'data':20}{'settings':38}{names} {names}{'ratio':>7}{'difference':>12}")


def print_result(result):
    row = result.row
    scores = "".join(f"{score:8.3f}" for score in result.scores)
    seconds = "".join(f"{second:8.4f}" for second in result.seconds)
    star = "*" if row.solver == "lbfgs" else ""
    print(
        f"{row.data[0]:20}{row.settings:38}{scores} {seconds}"
        f"{result.ratio:7.2f}{result.difference:12.1e}{star}",
        flush=True,
    )


def print_summary(results):
    """The one line to remember: how much faster, and how different at most."""
    mean_ratio = np.exp(np.mean([np.log(result.ratio) for result in results]))
    parts = []
    for dtype, bound in BOUNDS.items():
        largest = max(
            result.difference
            for result in results
            if result.row.solver != "lbfgs" and result.row.dtype == dtype
        )
        verdict = "below" if largest < bound else "NOT BELOW"
        parts.append(f"{largest:.1e} in {dtype} ({verdict} {bound:g})")
    print("\n* difference of scores")
    print(
        f"\nGeometric mean of the ratios: {mean_ratio:.2f}; "
        f"largest difference: {', '.join(parts)}"
    )


# The picture


def draw(results, path):
    """A bar for the ratio of each row, the largest on top."""
    import matplotlib

    matplotlib.use("Agg")  # draws files, needs no screen
    import matplotlib.pyplot as plt

    results = sorted(results, key=lambda result: result.ratio)
    names = [f"{result.row.data[0]}: {result.row.settings}" for result in results]
    figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    bars = axes.barh(names, [result.ratio for result in results], color="#0072B2")
    axes.bar_label(bars, fmt="%.1f", padding=3)
    axes.axvline(1, color="#D55E00", label="scikit-learn")
    axes.set_xlabel("times as fast as scikit-learn, for the same model")
    axes.legend(loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    # white behind all of it, so that it can be read on a dark page
    figure.savefig(path, dpi=100, facecolor="white")
    plt.close(figure)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", help="a file for a picture of the ratios")
    return parser.parse_args()


def main():
    options = arguments()
    print_header()
    results = []
    with warnings.catch_warnings(), threadpool_limits(1):
        # ending before convergence is the plan: rounding grows with the updates
        warnings.simplefilter("ignore", ConvergenceWarning)
        for row in ROWS:
            results.append(run(row))
            print_result(results[-1])
    print_summary(results)
    if options.picture:
        draw(results, options.picture)


if __name__ == "__main__":
    main()
