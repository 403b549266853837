"""Transfer: a network that knows other digits learns two new ones from 20 images.

The images of scikit-learn's digits lie anywhere in a field of 10 x 10 pixels. A network
learns the digits 0 to 7 from all their images; another one is to tell 8 from 9 and has
20 images, in three ways with the same settings:

- "from scratch".
- "frozen": ``coefs_init=source, freeze=2`` takes over both hidden layers and keeps
  them. The output layer, which does not fit (two classes instead of eight), is drawn,
  and is all that trains.
- "trained on": ``coefs_init`` is the frozen network, whose layers all fit, and without
  ``freeze`` all of them train, from there.

What to see: mean and standard deviation of the accuracy on all other 8s and 9s over 20
seeds (other 20 images, other first weights), and with how many of these the accuracy is
better than from scratch. The frozen network is better by about 0.1 at every ``alpha``,
with nearly every seed: that a digit is the same wherever it lies is nothing that 20
images show. Training on is as good where ``alpha`` is small. Where it is not, L-BFGS
trains until the weights are what ``alpha`` and 20 images make of them, and nothing of
the other digits is left. The picture has the means and the spreads.

Transfer helps only where the few rows lack what the many have: with ``SIDE = 8`` all
images lie in one place, 20 of them are enough for 0.94, and layers that were made for
other digits only stand in the way.

    python examples/transfer.py
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skmlp import MLPClassifier

SIDE = 10
N_ROWS, N_SEEDS = 20, 20
HIDDEN = (64, 32)
ALPHAS = (0.0001, 0.01, 0.1)
WAYS = ("from scratch", "frozen", "trained on")


def placed(images, rng):
    """Each image (8 x 8) anywhere in a field of SIDE x SIDE pixels, as a row."""
    fields = np.zeros((len(images), SIDE, SIDE))
    corners = rng.integers(SIDE - 7, size=(len(images), 2))
    for field, image, (i, j) in zip(fields, images, corners, strict=True):
        field[i : i + 8, j : j + 8] = image
    return fields.reshape(len(images), -1)


def accuracies(source, X, y, alpha, seed):
    """Of the three ways, on the rows that the seed does not draw for training."""
    order = np.random.default_rng(seed).permutation(len(y))
    few, others = order[:N_ROWS], order[N_ROWS:]

    def fit(**params):
        mlp = MLPClassifier(
            HIDDEN,
            "leaky_relu",
            solver="lbfgs",
            alpha=alpha,
            max_iter=2000,
            random_state=seed,
            **params,
        )
        return mlp.fit(X[few], y[few])

    frozen = fit(coefs_init=source, freeze=2)
    models = fit(), frozen, fit(coefs_init=frozen)
    return [model.score(X[others], y[others]) for model in models]


def draw(scores_by_alpha):
    """The mean accuracy of each way by alpha, with its spread over the seeds."""
    figure, ax = plt.subplots(layout="constrained")
    for i, way in enumerate(WAYS):
        columns = [scores[:, i] for scores in scores_by_alpha.values()]
        means, spreads = np.mean(columns, axis=1), np.std(columns, axis=1)
        places = np.arange(len(columns)) + 0.1 * (i - 1)
        ax.errorbar(places, means, spreads, fmt="o", capsize=4, label=way)
    ax.set_xticks(range(len(scores_by_alpha)), scores_by_alpha)
    ax.set(xlabel="alpha", ylabel=f"accuracy of 8 or 9, from {N_ROWS} images")
    figure.legend(loc="outside upper center", ncols=3)


def main():
    digits = load_digits()
    X, y = placed(digits.images / 16, np.random.default_rng(0)), digits.target
    known, new = y < 8, y >= 8
    source = MLPClassifier(
        HIDDEN,
        "leaky_relu",
        dropout=0.3,
        learning_rate_init=0.003,
        max_iter=300,
        random_state=0,
    )
    source.fit(X[known], y[known])
    print(f"0 to 7 from {known.sum()} images; 8 or 9 from {N_ROWS} of {new.sum()}")
    print(f"{'alpha':>8}  {'':14}{'accuracy':>10}{'spread':>8}{'better':>8}")
    scores_by_alpha = {}
    for alpha in ALPHAS:
        scores = np.array(
            [accuracies(source, X[new], y[new], alpha, s) for s in range(N_SEEDS)]
        )
        scores_by_alpha[alpha] = scores
        for way, column in zip(WAYS, scores.T, strict=True):
            row = f"{alpha:8g}  {way:14}{column.mean():10.3f}{column.std():8.3f}"
            better = (column > scores[:, 0]).sum()
            print(row + ("" if way == WAYS[0] else f"{better:5} of {N_SEEDS}"))
    draw(scores_by_alpha)
    plt.show()


if __name__ == "__main__":
    main()
