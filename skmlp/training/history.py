"""What training records of each epoch."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

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
COLUMN = {name: i for i, name in enumerate(RECORDS)}


@dataclass
class History:
    """What the epochs of a model recorded, over all its fits.

    n_samples : rows seen, counted once an epoch.
    n_updates : steps of a stochastic solver, or evaluations by one that minimizes.
    validation_scores : one an epoch with early stopping, else None.
    rows : of each epoch, or iteration, the numbers of RECORDS; nan where there is none.
        `loss` is without the penalty, `gradient_norm` that of the last batch's
        objective, and `seconds` those of the epoch.
    layers : by name, of each epoch a number for each layer; empty if not asked for.
    """

    loss_curve: list[float] = field(default_factory=list)
    validation_scores: list[float] | None = None
    n_samples: int = 0
    n_updates: int = 0
    # no two epochs take the same time
    rows: list[list[float]] = field(default_factory=list, compare=False)
    layers: dict[str, list[list[float]]] = field(default_factory=dict)

    def continue_from(self, arrays: dict[str, Array]) -> None:
        """Continue the records of previous fits; records that they lack are nan."""
        n_epochs = max(map(len, arrays.values()), default=0)
        missing = np.full(n_epochs, np.nan)
        columns = [arrays.get(name, missing) for name in RECORDS]
        self.rows = np.column_stack(columns).tolist()
        self.layers = {n: a.tolist() for n, a in arrays.items() if a.ndim == 2}

    def record(
        self,
        loss: float,
        penalty: float,
        gradient_norm: float,
        parameter_norm: float,
        seconds: float,
        learning_rate: float = math.nan,
    ) -> None:
        """Add an epoch's numbers, in the order of RECORDS."""
        rate, norms = learning_rate, (gradient_norm, parameter_norm)
        self.rows.append([loss, penalty, math.nan, math.nan, rate, *norms, seconds])

    def amend(self, **values: float) -> None:
        """Add numbers to the last epoch's."""
        for name, value in values.items():
            self.rows[-1][COLUMN[name]] = float(value)

    def add_score(self, score: float) -> None:
        """Add a validation score, if they are recorded."""
        if self.validation_scores is not None:
            self.validation_scores.append(score)

    def record_layers(self, **records: list[float]) -> None:
        """Add a number for each layer to an epoch; nan for epochs without."""
        for name, values in records.items():
            table = self.layers.setdefault(name, [])
            missing = len(self.rows) - 1 - len(table)
            table += [[math.nan] * len(values) for _ in range(missing)] + [values]

    def mark(self) -> dict[str, int]:
        """Where the records end now, for `go_back`."""
        return {
            "rows": len(self.rows),
            "loss_curve": len(self.loss_curve),
            "validation_scores": len(self.validation_scores or ()),
            "n_samples": self.n_samples,
            "n_updates": self.n_updates,
        }

    def go_back(self, mark: dict[str, int]) -> None:
        """Forget what was recorded after the mark."""
        del self.rows[mark["rows"] :]
        del self.loss_curve[mark["loss_curve"] :]
        if self.validation_scores is not None:
            del self.validation_scores[mark["validation_scores"] :]
        for table in self.layers.values():
            del table[mark["rows"] :]
        self.n_samples, self.n_updates = mark["n_samples"], mark["n_updates"]

    def last(self, name: str) -> float:
        """A number of the last epoch."""
        return self.rows[-1][COLUMN[name]]

    def totals(self, n_epochs: int) -> list[float]:
        """Loss plus penalty of up to n_epochs last epochs."""
        i, j = COLUMN["loss"], COLUMN["penalty"]
        return [row[i] + row[j] for row in self.rows[-n_epochs:]]

    def as_arrays(self) -> dict[str, Array]:
        """The records (n_epochs,) by name, without those that are all nan."""
        table = np.array(self.rows, np.float64).reshape(-1, len(RECORDS))
        arrays = {name: table[:, i].copy() for name, i in COLUMN.items()}
        arrays = {n: array for n, array in arrays.items() if not np.isnan(array).all()}
        return arrays | {name: self._whole(rows) for name, rows in self.layers.items()}

    def _whole(self, rows: list[list[float]]) -> Array:
        """(n_epochs, n_layers), with nan for the last epochs if they have none."""
        array = np.array(rows, np.float64)
        missing = np.full((len(self.rows) - len(array), array.shape[1]), np.nan)
        return np.vstack([array, missing])
