"""Pictures of the guide, saved as PNG files with a transparent background.

    python examples/guide/pictures.py [folder]

Lines and text have colours of middle brightness, which stand out from a white page and
from a dark one. Without a folder the files go to ``images`` beside this script.
"""

import sys
import warnings
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from sklearn.datasets import load_digits, make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from skmlp import DiagnosticWarning, MLPClassifier
from skmlp.activations import LeakyReLU, Logistic, ReLU, Tanh
from skmlp.solvers import SGD, Adam, RMSprop

matplotlib.use("Agg")  # draws files, needs no screen

GREY = "#7d8590"
BLUE, ORANGE, GREEN, PINK = "#3b82d0", "#d9731a", "#1f9e77", "#c860a0"
COLOURS = [BLUE, ORANGE, GREEN, PINK]
BLUE_TO_ORANGE = LinearSegmentedColormap.from_list("regions", [BLUE, GREY, ORANGE])
STYLE = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "text.color": GREY,
    "axes.labelcolor": GREY,
    "axes.titlecolor": GREY,
    "axes.edgecolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": plt.cycler(color=COLOURS),
    "lines.linewidth": 2.0,
    "font.size": 11.0,
}


def panels(n, width=3.6, height=3.2):
    figure, axes = plt.subplots(
        1, n, figsize=(n * width, height), layout="constrained", squeeze=False
    )
    return figure, axes[0]


def activations():
    """Four activations, and what each lets through of a gradient."""
    figure, (values, slopes) = panels(2)
    z = np.linspace(-4.0, 4.0, 401)[np.newaxis]
    for activation in Logistic(), Tanh(), LeakyReLU(slope=0.2), ReLU():
        a, slope = np.empty_like(z), np.ones_like(z)
        activation.forward(z, out=a)
        style = "--" if isinstance(activation, ReLU) else "-"
        values.plot(z[0], a[0], style, label=repr(activation))
        activation.backward(slope, z, a)
        slopes.plot(z[0], slope[0], style)
    values.set(title="activation", xlabel="z", ylim=(-1.5, 2.5))
    slopes.set(title="derivative", xlabel="z", ylim=(-0.1, 1.1))
    figure.legend(loc="outside lower center", ncols=4, fontsize=9)
    return figure


XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])


def draw_points(ax, X, y, size=90):
    for label, colour, marker in (0, BLUE, "o"), (1, ORANGE, "s"):
        rows = X[y == label]
        ax.scatter(*rows.T, size, colour, marker=marker, edgecolor="white", zorder=3)


def draw_regions(ax, mlp, low, high):
    """The probability of class 1 as a colour, and the line where it is 1/2."""
    axis = np.linspace(low, high, 121)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    chance = mlp.predict_proba(grid)[:, 1].reshape(121, 121)
    extent = (low, high, low, high)
    ax.imshow(
        chance, BLUE_TO_ORANGE, origin="lower", extent=extent, vmin=0, vmax=1, alpha=0.5
    )
    if np.ptp(chance) > 0.1:
        ax.contour(axis, axis, chance, [0.5], colors=GREY, linewidths=1.5)


def xor():
    """XOR without and with a hidden layer, and as the hidden layer sees it."""
    X, y = XOR
    figure, axes = panels(3)
    line = MLPClassifier((), solver="lbfgs", random_state=0).fit(X, y)
    curve = MLPClassifier(2, "tanh", solver="lbfgs", alpha=0.01, random_state=0)
    curve.fit(X, y)
    draw_regions(axes[0], line, -0.5, 1.5)
    draw_regions(axes[1], curve, -0.5, 1.5)
    for ax, title in zip(axes, ("no hidden layer", "two hidden units"), strict=False):
        draw_points(ax, X, y)
        ax.set(title=title, xlabel="first input", ylabel="second input")
    hidden = curve.hidden_activations(X)
    draw_points(axes[2], hidden, y)
    (w1, w2), b = curve.coefs_[1][:, 0], curve.intercepts_[1][0]
    axes[2].axline((-b / w1, 0.0), slope=-w1 / w2, color=GREY, linewidth=1.5)
    axes[2].set(title="what the output layer sees", xlim=(-1.3, 1.3), ylim=(-1.3, 1.3))
    axes[2].set(xlabel="first hidden unit", ylabel="second hidden unit", box_aspect=1)
    return figure


def batches():
    """The training loss by epochs and by updates, for three sizes of batches."""
    X, y = make_moons(1000, noise=0.2, random_state=0)
    figure, (by_epoch, by_update) = panels(2, width=4.2)
    for size in 10, 100, 1000:
        mlp = MLPClassifier(
            20,
            solver="sgd",
            momentum=0.0,
            learning_rate="constant",
            learning_rate_init=0.1,
            batch_size=size,
            max_iter=30,
            random_state=0,
        )
        losses = mlp.fit(X, y).loss_curve_
        epochs = np.arange(1, len(losses) + 1)
        by_epoch.plot(epochs, losses, label=f"batches of {size}")
        by_update.plot(epochs * (1000 // size), losses)
    by_epoch.set(xlabel="epoch", ylabel="training loss")
    by_update.set(xlabel="update", xscale="log", ylabel="training loss")
    by_epoch.legend()
    return figure


def optimizers():
    """The ways of four solvers down a long valley."""
    figure, (ax,) = panels(1, width=7.5, height=3.6)
    x, y = np.meshgrid(np.linspace(-4.6, 0.8, 200), np.linspace(-1.4, 1.4, 200))
    levels = np.geomspace(0.02, 16.0, 10)
    ax.contour(x, y, valley((x, y)), levels, colors=GREY, linewidths=0.6, alpha=0.7)
    ways = {
        "sgd": (SGD(momentum=0.0), 0.09),
        "sgd with momentum": (SGD(momentum=0.8, nesterovs_momentum=False), 0.03),
        "rmsprop": (RMSprop(), 0.05),
        "adam": (Adam(), 0.3),
    }
    for name, (solver, rate) in ways.items():
        way = way_down(solver, rate)
        ax.plot(*way.T, ".-", markersize=4, linewidth=1.2, label=name)
    ax.plot(0.0, 0.0, "+", color=GREY, markersize=12, markeredgewidth=2)
    ax.set(xlabel="first weight", ylabel="second weight", ylim=(-1.5, 1.5))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=4)
    return figure


def valley(point):
    """Twenty times as steep across as along."""
    return 0.5 * (point[0] ** 2 + 20.0 * point[1] ** 2)


def way_down(solver, rate, n_steps=40):
    params = np.array([-4.0, 1.0])
    state, way = solver.init(params), [params.copy()]
    for _ in range(n_steps):
        solver.step(params, params * [1.0, 20.0], state, rate)
        way.append(params.copy())
    return np.array(way)


def depth():
    """The gradient of each of eight layers in the first epoch; dead units by epoch."""
    X, y = load_digits(return_X_y=True)
    X, y = StandardScaler().fit_transform(X)[:600], y[:600]
    settings = {"max_iter": 15, "record": "layers", "random_state": 0}
    figure, (gradients, dead) = panels(2, width=4.2)
    for activation in "logistic", "tanh", "relu":
        mlp = MLPClassifier((20,) * 8, activation, **settings).fit(X, y)
        norms = mlp.history_["layer_gradient_norm"][0]
        gradients.plot(np.arange(1, 10), norms, "o-", label=activation)
    for activation, rate in ("relu", 0.001), ("relu", 0.1), ("leaky_relu", 0.1):
        mlp = MLPClassifier((20,) * 8, activation, learning_rate_init=rate, **settings)
        shares = mlp.fit(X, y).history_["layer_dead"].mean(axis=1)
        epochs = np.arange(1, len(shares) + 1)
        dead.plot(epochs, 100.0 * shares, label=f"{activation}, rate {rate}")
    gradients.set(xlabel="layer, from the input on", yscale="log")
    gradients.set_title("norm of its gradient", fontsize=11)
    dead.set(xlabel="epoch", ylim=(-4, 84))
    dead.set_title("dead units, in percent", fontsize=11)
    gradients.legend()
    dead.legend()
    return figure


def overfitting():
    """A wide network on sixty noisy rows, without and with dropout."""
    X, y = make_moons(60, noise=0.35, random_state=0)
    X_val, y_val = make_moons(1000, noise=0.35, random_state=1)
    settings = {
        "hidden_layer_sizes": (200, 200),
        "alpha": 0.0,
        "learning_rate_init": 0.003,
        "n_iter_no_change": np.inf,
        "max_iter": 200,
        "random_state": 0,
    }
    ways = {"no dropout": {}, "dropout 0.5": {"dropout": 0.5}}
    figure, axes = panels(3, width=3.4)
    for ax, (title, more) in zip(axes, ways.items(), strict=False):
        mlp = MLPClassifier(**settings, **more).fit(X, y, X_val=X_val, y_val=y_val)
        ax.plot(mlp.loss_curve_, label="training rows")
        losses = mlp.validation_loss_curve_
        ax.plot(losses, label="new rows")
        best = int(np.argmin(losses))
        ax.plot(best, losses[best], "o", color=ORANGE, markersize=8)
        ax.set(title=title, xlabel="epoch", ylim=(0.0, 1.0))
        if title == "no dropout":
            draw_regions(axes[2], mlp, -2.0, 3.0)
            draw_points(axes[2], X, y, size=30)
    axes[0].set(ylabel="log loss")
    axes[0].legend()
    axes[2].set(title="classes without dropout", xticks=[], yticks=[])
    return figure


PICTURES = (activations, xor, batches, optimizers, depth, overfitting)


def main():
    default = Path(__file__).parent / "images"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    folder.mkdir(exist_ok=True)
    # epochs are few, and faults are what some of the pictures show
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.simplefilter("ignore", DiagnosticWarning)
    for picture in PICTURES:
        with plt.rc_context(STYLE):
            figure = picture()
            path = folder / f"{picture.__name__}.png"
            figure.savefig(path, dpi=110)
            plt.close(figure)
        print(f"{path.name}: {picture.__doc__}")


if __name__ == "__main__":
    main()
