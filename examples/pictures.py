"""Pictures of a fit and of a network, saved as PNG files.

    python examples/pictures.py [folder]

What to see: the validation loss of digits comes to rest while the training loss goes on
falling; the dot marks the epoch whose weights were kept. The diagram of a small
network for iris shows that petals count most. The first layer's weights for digits look
like strokes, and like the gaps between them. In five layers of logistic units the
gradient vanishes towards the first one, in the first epochs by a factor of a thousand,
and grows when the last layers have learned something. scikit-learn's own displays take
the estimators, too: the last picture has the regions of the classes of iris by two of
its columns. Without a folder the files go into a new one for temporary files.
"""

import sys
import tempfile
import warnings
from pathlib import Path

import matplotlib
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import MLPClassifier
from skmlp.plot import (
    GradientFlowDisplay,
    LossCurveDisplay,
    NetworkDisplay,
    WeightsDisplay,
)

matplotlib.use("Agg")  # draws files, needs no screen

COLOURS = ["#0072B2", "#D55E00", "#009E73"]  # which the colour-blind tell apart


def loss_curve():
    """Digits, with early stopping by the loss of a fifth of the rows."""
    X, y = load_digits(return_X_y=True)
    mlp = MLPClassifier(
        hidden_layer_sizes=50,
        learning_rate_init=0.01,
        early_stopping=True,
        validation_fraction=0.2,
        scoring="loss",
        random_state=0,
    )
    return LossCurveDisplay.from_estimator(mlp.fit(X / 16, y), log_scale=True)


def network():
    """Iris, standardised, by layers of 5 and 2 units."""
    iris = load_iris()
    mlp = MLPClassifier((5, 2), "tanh", solver="lbfgs", alpha=1.0, random_state=0)
    model = make_pipeline(StandardScaler(), mlp).fit(iris.data, iris.target)
    names = {"feature_names": iris.feature_names, "class_names": iris.target_names}
    return NetworkDisplay.from_estimator(model, **names)


def weights():
    """What units of the first layer look for in images of digits."""
    X, y = load_digits(return_X_y=True)
    mlp = MLPClassifier(30, alpha=1.0, learning_rate_init=0.01, random_state=0)
    mlp.fit(X / 16, y)
    return WeightsDisplay.from_estimator(mlp, image_shape=(8, 8), max_units=12)


def gradient_flow():
    """What goes on in each layer of a deep network of logistic units."""
    X, y = load_digits(return_X_y=True)
    mlp = MLPClassifier(
        hidden_layer_sizes="20x5",
        activation="logistic",
        learning_rate_init=0.01,
        max_iter=60,
        record="layers",
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 60 epochs are looked at
        model = make_pipeline(StandardScaler(), mlp).fit(X, y)
    return GradientFlowDisplay.from_estimator(model)


def decision_boundary():
    """scikit-learn's display: regions of the classes by the petal's size."""
    iris = load_iris()
    X, (xlabel, ylabel) = iris.data[:, 2:], iris.feature_names[2:]
    mlp = MLPClassifier(20, solver="lbfgs", alpha=0.1, max_iter=1000, random_state=0)
    model = make_pipeline(StandardScaler(), mlp).fit(X, iris.target)
    display = DecisionBoundaryDisplay.from_estimator(
        model,
        X,
        grid_resolution=300,
        xlabel=xlabel,
        ylabel=ylabel,
        eps=0.3,
        plot_method="pcolormesh",
        response_method="predict_proba",
        multiclass_colors=COLOURS,
        alpha=0.5,
    )
    for number, name in enumerate(iris.target_names):
        rows = X[iris.target == number]
        colour = COLOURS[number]
        display.ax_.scatter(*rows.T, c=colour, edgecolors="black", label=name)
    display.ax_.legend(loc="lower right")
    return display


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    drawings = (loss_curve, network, weights, gradient_flow, decision_boundary)
    for draw in drawings:
        path = folder / f"{draw.__name__}.png"
        display = draw()
        display.figure_.savefig(path, dpi=100)
        print(path)


if __name__ == "__main__":
    main()
