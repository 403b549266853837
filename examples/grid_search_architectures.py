"""Search over architectures, written as plain values.

What to see: ``hidden_layer_sizes`` takes an int (one layer), a string ("64-32" is a
layer of 64 and one of 32, "32x2" is two layers of 32), a tuple, or ``()`` for the
linear model. All of them can stand in one list of a grid, or be sampled by a tuner,
and the table names them as they were written. The linear model belongs in every such
list: where it wins, no hidden layer is needed. The picture is the table, as bars.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skmlp import MLPClassifier

GRID = {
    "mlpclassifier__hidden_layer_sizes": [(), 8, (50,), "64-32", "32x2", "16x3"],
    "mlpclassifier__alpha": [1e-4, 1.0],
}


def search(X, y):
    """Cross-validate every combination in three folds."""
    network = MLPClassifier(learning_rate_init=0.01, max_iter=30, random_state=0)
    model = make_pipeline(StandardScaler(), network)
    with warnings.catch_warnings():
        # 30 epochs are enough to compare architectures, converged or not
        warnings.simplefilter("ignore", ConvergenceWarning)
        return GridSearchCV(model, GRID, scoring="neg_log_loss", cv=3).fit(X, y)


def print_table(results):
    """One line a combination, the best one first."""
    print(
        f"{'hidden_layer_sizes':20}{'alpha':>8}{'log loss':>11}{'+-':>8}{'seconds':>9}"
    )
    order = results["rank_test_score"].argsort(kind="stable")
    for i in order:
        sizes, alpha = (results["params"][i][name] for name in GRID)
        loss, spread = -results["mean_test_score"][i], results["std_test_score"][i]
        seconds = results["mean_fit_time"][i]
        print(f"{sizes!r:20}{alpha:8g}{loss:11.4f}{spread:8.4f}{seconds:9.3f}")


def draw(results):
    """The log loss of each architecture, with its spread over the folds."""
    _, ax = plt.subplots(layout="constrained")
    sizes, alphas = GRID.values()
    for i, params in enumerate(results["params"]):
        size, alpha = (params[name] for name in GRID)
        first = alpha == alphas[0]
        ax.barh(
            sizes.index(size) + (-0.2 if first else 0.2),
            -results["mean_test_score"][i],
            0.4,
            xerr=results["std_test_score"][i],
            color="C0" if first else "C1",
            ecolor="gray",
            label=f"alpha={alpha:g}" if size == sizes[0] else None,
        )
    ax.set_yticks(range(len(sizes)), map(repr, sizes))
    ax.set(ylabel="hidden_layer_sizes", xlabel="log loss")
    ax.legend()


def main():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, stratify=y, random_state=0
    )
    found = search(X_train, y_train)
    print(f"Digits, {len(X_train)} rows, 3 folds, smallest log loss first\n")
    print_table(found.cv_results_)
    accuracy = found.best_estimator_.score(X_test, y_test)
    print(f"\nThe first one, on {len(X_test)} rows left out: accuracy {accuracy:.3f}")
    draw(found.cv_results_)
    plt.show()


if __name__ == "__main__":
    with threadpool_limits(1):  # small networks are not worth sharing between threads
        main()
