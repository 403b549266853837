"""Searches of other packages that stop early: Optuna, and dask-ml's Incremental.

Optuna prunes a candidate in the middle of its fit: a callback, which scikit-learn has
from version 1.9 on, reports the accuracy after each epoch, and ends the fit of a
candidate that is worse than most were then. dask-ml's `Incremental` trains a network by
`partial_fit` on one block of a Dask array after the other. A package that is not
installed is left out.

What to see: how many epochs each candidate got; the accuracy of the network that saw
its rows block by block.
"""

import importlib.util
import warnings

from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from skmlp import DiagnosticWarning, MLPClassifier


def are_installed(*packages):
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        print(f"not installed: {', '.join(missing)}")
    return not missing


class Pruning:
    """Reports the accuracy after each epoch, and ends a fit that Optuna prunes."""

    def __init__(self, trial, X, y):
        self.trial, self.X, self.y, self.n_epochs = trial, X, y, 0

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name != "epoch":
            return False
        self.trial.report(fitted_estimator.score(self.X, self.y), self.n_epochs)
        self.n_epochs += 1
        return self.trial.should_prune()


def by_optuna(X, y, X_val, y_val):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def accuracy(trial):
        rate = trial.suggest_float("learning_rate_init", 1e-5, 0.1, log=True)
        model = MLPClassifier(32, learning_rate_init=rate, max_iter=15, random_state=0)
        model.set_callbacks(Pruning(trial, X_val, y_val)).fit(X, y)
        print(f"rate {rate:.5f}: {model.n_iter_} epochs")
        if trial.should_prune():
            raise optuna.TrialPruned
        return model.score(X_val, y_val)

    sampler = optuna.samplers.RandomSampler(seed=0)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=3)
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
    study.optimize(accuracy, n_trials=10)
    print(f"best: {study.best_params}, accuracy {study.best_value:.3f}")


def by_blocks(X, y, X_val, y_val):
    import dask.array as da
    from dask_ml.wrappers import Incremental

    model = MLPClassifier(32, learning_rate_init=0.01, random_state=0)
    blocks = da.from_array(X, (256, -1)), da.from_array(y, 256)
    search = Incremental(model, random_state=0, scoring="accuracy")
    for _ in range(5):
        search.partial_fit(*blocks, classes=sorted(set(y)))
    accuracy = search.estimator_.score(X_val, y_val)
    print(f"by blocks of 256 rows: accuracy {accuracy:.3f}")


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)  # few epochs are meant
    warnings.simplefilter("ignore", DiagnosticWarning)
    X, y = load_digits(return_X_y=True)
    X, X_val, y, y_val = train_test_split(X / 16, y, random_state=0, stratify=y)
    if are_installed("optuna", "sklearn.callback"):
        by_optuna(X, y, X_val, y_val)
    if are_installed("dask_ml"):
        by_blocks(X, y, X_val, y_val)


if __name__ == "__main__":
    main()
