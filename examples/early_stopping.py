"""Early stopping: by which score, on which rows, and what to do with them after.

What to see: scikit-learn's early stopping watches the accuracy on a tenth of the rows.
Of a hundred rows these are ten, whose accuracy stands still for epochs while the
network learns, and training ends much too soon. Their loss (``scoring="loss"``) changes
with every update: it ends training late enough, at no cost in accuracy. With
``refit=True`` the rows that were held out train, too: training starts again on all rows
for as many epochs as were best.

The second part has several rows of each well, which are alike. Rows drawn at random are
then no test: their wells train, too, and knowing the well is knowing most of the
answer. Their R² is much too good, and is best when the network knows the wells by
heart. A splitter of scikit-learn as ``validation_fraction`` holds out whole wells: R²
on them is near that on new wells, and ends training while the network still learns what
wells have in common.

The picture shows the first point on a tenth of iris: the accuracy of its rows stands
still where their loss still falls.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.model_selection import (
    GroupShuffleSplit,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import MLPClassifier, MLPRegressor

SETS = {
    "iris": load_iris,
    "wine": load_wine,
    "breast cancer": load_breast_cancer,
    "digits": load_digits,
}
SETTINGS = {
    "none": {},
    "by accuracy": {"early_stopping": True},
    "by loss": {"early_stopping": True, "scoring": "loss"},
    "and refit": {"early_stopping": True, "scoring": "loss", "refit": True},
}


def accuracy(X, y, **params):
    """The mean over five folds."""
    mlp = MLPClassifier(max_iter=3000, random_state=0, **params)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    model = make_pipeline(StandardScaler(), mlp)
    return cross_val_score(model, X, y, cv=folds).mean()


def classify():
    """A line for each data set, a column for each kind of early stopping."""
    print("Cross-validated accuracy by kind of early stopping")
    print(f"{'':16}{'rows':>6}" + "".join(f"{name:>14}" for name in SETTINGS))
    for name, load in SETS.items():
        X, y = load(return_X_y=True)
        scores = [accuracy(X, y, **params) for params in SETTINGS.values()]
        print(f"{name:16}{len(y):6}" + "".join(f"{score:14.3f}" for score in scores))


def wells(n_wells, n_rows, seed):
    """Rows of wells: what each well is like, when it was measured, and its yield."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_wells), n_rows)
    well = rng.normal(size=(n_wells, 6))[groups]
    moment = rng.normal(size=(n_wells * n_rows, 3))
    luck = rng.normal(size=n_wells)[groups]  # of the well, which nothing tells
    y = 2 * well[:, 0] + np.sin(2 * moment[:, 0]) + moment[:, 1] + 1.5 * luck
    return np.hstack([well, moment]), y + 0.3 * rng.normal(size=len(y)), groups


def regress():
    """A line for each way to hold rows out."""
    X, y, groups = wells(n_wells=100, n_rows=10, seed=0)
    X_new, y_new, _ = wells(n_wells=400, n_rows=5, seed=1)
    mlp = MLPRegressor(
        hidden_layer_sizes=100,
        learning_rate_init=0.003,
        early_stopping=True,
        max_iter=1000,
        n_iter_no_change=30,
        random_state=0,
    )
    whole_wells = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=0)

    print("R² of a network for wells, by the rows that are held out")
    print(f"{'held out':16}{'best epoch':>12}{'on them':>12}{'on new wells':>14}")
    for name, fraction in ("rows", 0.25), ("whole wells", whole_wells):
        mlp.set_params(validation_fraction=fraction)
        mlp.fit(X, y, groups=groups if fraction is whole_wells else None)
        scores = mlp.best_validation_score_, mlp.score(X_new, y_new)
        print(f"{name:16}{mlp.best_epoch_:12}{scores[0]:12.3f}{scores[1]:14.3f}")


def draw():
    """Accuracy and loss of fifteen rows of iris, by epoch."""
    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    figure, axes = plt.subplots(2, 1, sharex=True, layout="constrained")
    for ax, (title, scoring) in zip(
        axes, {"accuracy": None, "loss": "loss"}.items(), strict=True
    ):
        mlp = MLPClassifier(early_stopping=True, scoring=scoring, random_state=0)
        mlp.set_params(max_iter=3000).fit(X, y)
        scores = np.array(mlp.validation_scores_) * (-1 if scoring else 1)
        ax.plot(range(1, len(scores) + 1), scores)
        ax.axvline(mlp.best_epoch_, linestyle=":")
        ax.set(ylabel=f"validation {title}")
    axes[-1].set_xlabel("epoch; dotted: the one that is kept")
    figure.suptitle("early stopping on a tenth of iris")


def main():
    classify()
    print()
    regress()
    draw()
    plt.show()


if __name__ == "__main__":
    main()
