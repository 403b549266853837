"""Vanishing gradients and dying units in deep networks, in numbers.

What to see: ten hidden layers of 20 units on 8 x 8 images of digits. "gradient" is the
norm of the first hidden layer's gradient over that of the last one, before training:
with the logistic function it vanishes, and the network learns nothing in 30 epochs.
relu keeps it, but some of its units die (they are 0 for every row), more of them at a
high rate; He's initial weights leave fewer dead. A leaky relu has no dead units. "told"
is how many DiagnosticWarnings a fit gives, which say so in words; the first is printed.
The picture has the norm of each layer's gradient before training.

    python examples/vanishing_gradients.py
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skmlp import DiagnosticWarning, MLPClassifier
from skmlp.activations import ACTIVATIONS

DEPTH, WIDTH = 10, 20


def hidden_values(mlp, X):
    """z and a of each hidden layer."""
    activation, values = ACTIVATIONS[mlp.activation](), []
    for W, b in zip(mlp.coefs_[:-1], mlp.intercepts_[:-1], strict=True):
        z = X @ W + b
        X = np.empty_like(z)
        activation.forward(z, X)
        values.append((z, X))
    return values


def gradient_norms(mlp, X, y):
    """The norm of each hidden layer's gradient, by backpropagation as in textbooks."""
    values = hidden_values(mlp, X)
    delta = (mlp.predict_proba(X) - np.eye(10)[y]) / len(X)
    norms, activation = [], ACTIVATIONS[mlp.activation]()
    for i in range(DEPTH - 1, -1, -1):
        delta = delta @ mlp.coefs_[i + 1].T
        z, a = values[i]
        activation.backward(delta, z, a.copy())
        inputs = values[i - 1][1] if i else X
        norms.insert(0, np.linalg.norm(inputs.T @ delta))
    return norms


def diagnoses(mlp, X, y):
    """Train; returns the texts of the DiagnosticWarnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DiagnosticWarning)
        mlp.fit(X, y)
    return [str(w.message) for w in caught if w.category is DiagnosticWarning]


def draw(norms_by_start):
    """The norm of each hidden layer's gradient, a line for each network."""
    _, ax = plt.subplots(layout="constrained")
    for name, norms in norms_by_start.items():
        ax.plot(range(1, DEPTH + 1), norms, "o-", label=name)
    ax.set(yscale="log", xlabel="hidden layer", ylabel="norm of its gradient")
    ax.legend(fontsize=9)


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)  # 30 epochs are compared
    X, y = load_digits(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    header = f"{'activation':12}{'initializer':16}{'rate':>6}"
    print(f"{header}{'gradient':>10}{'dead units':>12}{'accuracy':>10}{'told':>6}")
    first_told, norms_by_start = None, {}
    for activation in ("logistic", "relu", "leaky_relu"):
        for initializer in ("glorot_uniform", "he_normal"):
            for rate in (0.001, 0.02):
                settings = {
                    "hidden_layer_sizes": (WIDTH,) * DEPTH,
                    "activation": activation,
                    "initializer": initializer,
                    "random_state": 0,
                }
                # an epoch at no rate to speak of leaves the network as it was drawn
                drawn = MLPClassifier(**settings, learning_rate_init=1e-12, max_iter=1)
                norms = gradient_norms(drawn.fit(X_train, y_train), X_train, y_train)
                norms_by_start[f"{activation}, {initializer}"] = norms
                mlp = MLPClassifier(**settings, learning_rate_init=rate, max_iter=30)
                told = diagnoses(mlp, X_train, y_train)
                first_told = first_told or told[0]
                # a relu that is 0 for all rows has no gradient left to come back
                dead = np.mean(
                    [(a == 0).all(axis=0) for _, a in hidden_values(mlp, X_train)]
                )
                row = f"{activation:12}{initializer:16}{rate:6}"
                row += f"{norms[0] / norms[-1]:10.1e}{dead:12.0%}"
                print(f"{row}{mlp.score(X_test, y_test):10.3f}{len(told):6}")
    print(f"\nthe first fit told: {first_told}")
    draw(norms_by_start)
    plt.show()


if __name__ == "__main__":
    main()
