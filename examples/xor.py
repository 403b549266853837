"""XOR: four points that no straight line separates.

What to see: without hidden layer (``hidden_layer_sizes=()``) a network is logistic
regression. It learns AND, but the best it can do on XOR is to give every point a
probability of one half; which label comes out is then decided by rounding. With a
hidden layer all four points come out right. The picture has both networks' probability
of label 1: one rises along a line, the other one folds the plane.

The last table trains each architecture from several seeds. A network with just enough
units can get stuck, and a different start solves it; with some units to spare, hardly
any start fails. So try another ``random_state`` and a wider layer before deciding that
a network can't learn something.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from skmlp import MLPClassifier

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
AND = np.array([0, 0, 0, 1])
XOR = np.array([0, 1, 1, 0])

ARCHITECTURES = [(), (2,), (5, 2), (8,), (16,)]
ACTIVATIONS = ["logistic", "tanh", "relu"]
SEEDS = range(20)


def fit(y, hidden_layer_sizes, activation="logistic", random_state=0):
    """lbfgs takes all rows in each step, which suits small data."""
    network = MLPClassifier(
        hidden_layer_sizes, activation, solver="lbfgs", random_state=random_state
    )
    return network.fit(X, y)


def print_truth_table(name, y):
    """Each point's label, then the prediction and probability of both networks."""
    line, curve = fit(y, ()), fit(y, (8,))
    print(f"{name:14}no hidden layer      8 hidden units")
    print("a  b  truth   predicted   P(1)     predicted   P(1)")
    for i, (a, b) in enumerate(X):
        print(f"{a}  {b}  {y[i]:5d}{prediction(line, i)}{prediction(curve, i)}")
    print(f"right       {line.score(X, y):12.0%}{curve.score(X, y):20.0%}\n")


def prediction(network, i):
    label, probability = network.predict(X)[i], network.predict_proba(X)[i, 1]
    return f"{label:10d}{probability:10.3f}"


def n_solved(hidden_layer_sizes, activation):
    """How many seeds lead to a network that gets all four points of XOR right."""
    with warnings.catch_warnings():
        # a network that is stuck may not converge; that is what is counted here
        warnings.simplefilter("ignore", ConvergenceWarning)
        networks = [fit(XOR, hidden_layer_sizes, activation, seed) for seed in SEEDS]
    return sum(network.score(X, XOR) == 1 for network in networks)


def print_n_solved():
    print(f"Of {len(SEEDS)} seeds, how many solve XOR")
    print(f"{'hidden_layer_sizes':18}" + "".join(f"{name:>10}" for name in ACTIVATIONS))
    for sizes in ARCHITECTURES:
        counts = [n_solved(sizes, activation) for activation in ACTIVATIONS]
        print(f"{sizes!r:18}" + "".join(f"{count:10d}" for count in counts))


def draw():
    """The probability of label 1 over the plane, without and with hidden units."""
    figure, axes = plt.subplots(1, 2, figsize=(6.4, 3.2), layout="constrained")
    side = np.linspace(-0.3, 1.3, 121)
    points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    for ax, sizes in zip(axes, [(), (8,)], strict=True):
        chance = fit(XOR, sizes).predict_proba(points)[:, 1].reshape(121, 121)
        ax.contourf(side, side, chance, np.linspace(0, 1, 11), cmap="coolwarm")
        ax.scatter(*X.T, s=90, c=XOR, cmap="coolwarm", edgecolors="white")
        ax.set(title=f"hidden_layer_sizes={sizes}", xlabel="a", ylabel="b")
    figure.suptitle("probability that a xor b")


def main():
    print_truth_table("a and b", AND)
    print_truth_table("a xor b", XOR)
    print_n_solved()
    draw()
    plt.show()


if __name__ == "__main__":
    with threadpool_limits(1):  # four rows are not worth sharing between threads
        main()
