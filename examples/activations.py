"""How each activation learns one real set.

What to see: on 8 x 8 images of digits, with the same two hidden layers, seed and rate,
most activations come within a point of each other, identity too, which makes a linear
model; logistic has not yet learned as much. relu is among the cheapest; gelu, by the
error function, costs three times as much. The picture has the training loss by epoch.

    python examples/activations.py
"""

import time
import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skmlp import MLPClassifier
from skmlp.activations import ACTIVATIONS


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)  # some need all 60 epochs
    X, y = load_digits(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    _, ax = plt.subplots(layout="constrained")
    print(f"{'activation':12}{'accuracy':>9}{'loss':>9}{'epochs':>8}{'seconds':>9}")
    for name in ACTIVATIONS:
        mlp = MLPClassifier((64, 32), activation=name, max_iter=60, random_state=0)
        start = time.perf_counter()
        mlp.fit(X_train, y_train)
        seconds = time.perf_counter() - start
        accuracy = mlp.score(X_test, y_test)
        print(f"{name:12}{accuracy:9.3f}{mlp.loss_:9.4f}{mlp.n_iter_:8}{seconds:9.2f}")
        ax.plot(mlp.loss_curve_, label=name)
    ax.set(yscale="log", xlabel="epoch", ylabel="training loss")
    ax.legend(loc="lower left", ncols=2, fontsize=8)
    plt.show()


if __name__ == "__main__":
    main()
