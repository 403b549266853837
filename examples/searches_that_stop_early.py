"""Searches that give bad candidates few epochs: by halving, and by partial_fit.

First `HalvingGridSearchCV` with epochs (`max_iter`) as its resource: all candidates are
trained for few, the better third for three times as many, and so on. Then the same by
hand with ``partial_fit``, which goes on with each network where it stands instead of
starting anew, and measures it on validation rows; so a search of your own, or Optuna's
`trial.report(score, epoch)` with `trial.should_prune()`, stops it at any epoch.

What to see: both find a good rate; the second one trains each epoch only once. The
picture has the loss of each rate for as long as it was worth training.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV, train_test_split

from skmlp import DiagnosticWarning, MLPClassifier

RATES = [1e-5, 1e-4, 1e-3, 3e-3, 1e-2, 1e-1]
EPOCHS = [1, 3, 9, 27]


def network(**params):
    return MLPClassifier(hidden_layer_sizes=32, random_state=0, **params)


def by_halving(X, y):
    search = HalvingGridSearchCV(
        network(),
        {"learning_rate_init": RATES},
        resource="max_iter",
        min_resources=3,
        max_resources=27,
        factor=3,
        cv=3,
        random_state=0,
    )
    search.fit(X, y)
    n_epochs = sum(
        candidates * epochs * 3
        for candidates, epochs in zip(
            search.n_candidates_, search.n_resources_, strict=True
        )
    )
    rate, score = search.best_params_["learning_rate_init"], search.best_score_
    print(f"halving: rate {rate}, accuracy {score:.3f}, up to {n_epochs} epochs")


def by_partial_fit(X, y, X_val, y_val):
    """Successive halving: after 1, 3, 9 and 27 epochs the better third goes on."""
    left = {
        rate: network(learning_rate_init=rate, early_stopping=True, scoring="loss")
        for rate in RATES
    }
    started, classes, n_trained = dict(left), sorted(set(y)), 0
    for before, epochs in zip([0, *EPOCHS], EPOCHS, strict=False):
        for model in left.values():
            for _ in range(epochs - before):
                model.partial_fit(X, y, classes=classes, X_val=X_val, y_val=y_val)
                n_trained += 1
        ranked = sorted(left, key=lambda rate: -left[rate].validation_scores_[-1])
        shown = {rate: round(-left[rate].validation_scores_[-1], 3) for rate in ranked}
        print(f"after {epochs:2} epochs, loss by rate: {shown}")
        left = {rate: left[rate] for rate in ranked[: max(1, len(ranked) // 3)]}
    rate, model = next(iter(left.items()))
    accuracy = model.score(X_val, y_val)
    print(f"partial_fit: rate {rate}, accuracy {accuracy:.3f}, {n_trained} epochs")
    draw(started)


def draw(models):
    """The validation loss by epoch of each rate, up to where it was given up."""
    _, ax = plt.subplots(layout="constrained")
    for rate, model in models.items():
        losses = [-score for score in model.validation_scores_]
        ax.plot(
            range(1, len(losses) + 1), losses, "o-", markersize=4, label=f"{rate:g}"
        )
    ax.set(xlabel="epoch", ylabel="validation loss", yscale="log")
    ax.legend(title="learning_rate_init")


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)  # few epochs are meant
    warnings.simplefilter("ignore", DiagnosticWarning)
    X, y = load_digits(return_X_y=True)
    X = X / 16
    by_halving(X, y)
    by_partial_fit(*_split(X, y))
    plt.show()


def _split(X, y):
    X, X_val, y, y_val = train_test_split(X, y, random_state=0, stratify=y)
    return X, y, X_val, y_val


if __name__ == "__main__":
    main()
