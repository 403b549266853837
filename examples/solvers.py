"""How each solver learns one real set, alone and with a schedule.

What to see: each solver with a rate that suits it reaches about the same accuracy on
8 x 8 images of digits; what differs is how low the loss gets in 30 epochs. A rate that
begins three times as high and falls along a cosine does at least as well for most. The
picture has the training loss by epoch, at the constant rate and along the cosine.

    python examples/solvers.py
"""

import time
import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skmlp import MLPClassifier

RATES = {
    "sgd": 0.02,
    "adam": 0.003,
    "adamw": 0.003,
    "amsgrad": 0.003,
    "nadam": 0.003,
    "rmsprop": 0.001,
    "adagrad": 0.02,
    "lion": 0.001,
    "lbfgs": None,
}


def axes_of_schedules():
    """{schedule: its axes}, for the losses of each solver."""
    _, axes = plt.subplots(1, 2, figsize=(6.4, 3.6), sharey=True, layout="constrained")
    axes[0].set(title="constant", xlabel="epoch", ylabel="training loss")
    axes[1].set(title="cosine", xlabel="epoch", yscale="log", ylim=(1e-4, 3.0))
    return dict(zip(("constant", "cosine"), axes, strict=True))


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)  # 30 epochs are compared
    X, y = load_digits(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    axes = axes_of_schedules()
    print(f"{'solver':9}{'schedule':10}{'accuracy':>9}{'loss':>9}{'seconds':>9}")
    for solver, rate in RATES.items():
        for schedule in ("constant", "cosine") if rate else ("constant",):
            mlp = MLPClassifier(
                (64, 32),
                solver=solver,
                learning_rate=schedule,
                learning_rate_init=(rate or 0.001) * (3 if schedule == "cosine" else 1),
                max_iter=30,
                random_state=0,
            )
            start = time.perf_counter()
            mlp.fit(X_train, y_train)
            seconds = time.perf_counter() - start
            accuracy, shown = mlp.score(X_test, y_test), schedule if rate else ""
            print(f"{solver:9}{shown:10}{accuracy:9.3f}{mlp.loss_:9.4f}{seconds:9.2f}")
            if rate:
                axes[schedule].plot(mlp.loss_curve_, label=solver)
    axes["constant"].legend(fontsize=8)
    plt.show()


if __name__ == "__main__":
    main()
