"""What training records, and when it has gone on for long enough without rising."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

Reason = Literal["converged", "max_iter", "interrupted", "diverged"]

RECORDS = (
    "loss",
    "penalty",
    "validation_loss",
    "validation_score",
    "learning_rate",
    "gradient_norm",
    "parameter_norm",
    "seconds",
)


@dataclass
class Patience:
    """Counts the epochs in which a merit did not rise by more than `tol`.

    Merit is what grows when training goes well: a score, or minus the loss.
    """

    tol: float
    n_iter_no_change: float
    best: float = -math.inf
    n_without_rise: int = 0

    def update(self, merit: float) -> bool:
        """Count the epoch; returns whether its merit is the best so far."""
        if merit >= self.best + self.tol:
            self.n_without_rise = 0
        else:
            self.n_without_rise += 1
        rises = merit > self.best
        if rises:
            self.best = merit
        return rises

    @property
    def is_over(self) -> bool:
        # one more than asked for, as scikit-learn counts
        return self.n_without_rise > self.n_iter_no_change


@dataclass
class History:
    """What the epochs of a model recorded, over all its fits.

    n_samples : rows seen, counted once an epoch.
    n_updates : steps of a stochastic solver, or evaluations by one that minimizes.
    validation_scores : one an epoch with early stopping, else None.
    records : of each epoch, or iteration, one number in each of these lists; nan where
        there is none. `loss` is without the penalty, `gradient_norm` that of the last
        batch's objective, and `seconds` those of the epoch.
    """

    loss_curve: list[float] = field(default_factory=list)
    validation_scores: list[float] | None = None
    n_samples: int = 0
    n_updates: int = 0
    records: dict[str, list[float]] = field(
        default_factory=lambda: {name: [] for name in RECORDS},
        compare=False,  # no two epochs take the same time
    )

    def go_on_from(self, arrays: dict[str, Array]) -> None:
        """Take up the records of earlier fits; what these did not have is nan."""
        n_epochs = max(map(len, arrays.values()), default=0)
        for name, column in self.records.items():
            column += arrays.get(name, np.full(n_epochs, np.nan)).tolist()

    def record(self, **values: float) -> None:
        """Add an epoch's numbers, by name."""
        for name, column in self.records.items():
            column.append(values.get(name, math.nan))

    def amend(self, **values: float) -> None:
        """Add numbers to the last epoch's."""
        for name, value in values.items():
            self.records[name][-1] = float(value)

    def as_arrays(self) -> dict[str, Array]:
        """The records (n_epochs,) by name, those alone that hold a number."""
        arrays = {name: np.array(column) for name, column in self.records.items()}
        return {n: array for n, array in arrays.items() if not np.isnan(array).all()}
