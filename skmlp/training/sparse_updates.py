"""Lazy updates: of the first layer's weights only the rows that a sparse batch touches.

A feature without an entry in a batch has no gradient of the loss, but a dense update
moves its weights all the same: moments decay, momentum continues, the penalty shrinks.
Here that is caught up when a batch next has the feature, and for all features at the
end. A step then costs as much as the features of its batch, not as all there are.

The difference from dense updates: where a row was left out for k steps, Adam's steps of
these are summed with the rate of the last one and without epsilon, and its penalty's
gradient of k + 1 steps comes with the next touch.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp.network.dense import touched
from skmlp.network.objective import Objective, Value
from skmlp.solvers import Lazy, State

Array = NDArray[np.floating[Any]]


@dataclass
class Share:
    """What a batch touches: of params and of each moment a vector and its first rows.

    columns : the batch's features; missed : the steps that each was left out of.
    X : the batch, of these features alone.
    vectors : by name, the rows of the first layer's weights and all later parameters.
    rows : by name, views of the vectors: (n_columns, fan_out).
    """

    columns: NDArray[np.intp]
    missed: NDArray[np.intp]
    X: Any
    vectors: dict[str, Array]
    rows: dict[str, Array]

    def square(self) -> float:
        """The sum of the squared weights of the rows."""
        W = self.rows["params"].ravel()
        return float(W.dot(W))


class LazyRows:
    """The steps of one run of training by lazy updates.

    Parameters
    ----------
    objective : of the whole network.
    params : the network's flat vector, updated in place.
    solver, state : a lazy solver and its state, updated in place.
    """

    def __init__(
        self, objective: Objective, params: Array, solver: Lazy, state: State
    ) -> None:
        self.objective, self.solver, self.state = objective, solver, state
        fan_in, fan_out = objective.network.layer_sizes[:2]
        vectors = {"params": params} | {n: state.values[n] for n in solver.moments}
        self._rows = {
            name: vector[: fan_in * fan_out].reshape(fan_in, fan_out)
            for name, vector in vectors.items()
        }
        self._rest = {name: v[fan_in * fan_out :] for name, v in vectors.items()}
        self._n_steps = 0
        self._done = np.zeros(fan_in, np.intp)  # steps that each row has seen
        self._square = self._sum_of_squares()

    def step(
        self, X: Any, Y: Array, weight: Array | None, learning_rate: float
    ) -> tuple[Value, float]:
        """One update from a batch; returns the objective's value before it.

        And the norm of its gradient, of what the batch touches.
        """
        share = self._take(X)
        before = share.square()
        self.solver.catch_up(share.rows, share.missed, self.state, learning_rate)
        value, grad = self._evaluate(share, Y, weight)
        norm = float(np.linalg.norm(grad))
        self._update(share, grad, learning_rate)
        self._put(share)
        self._square += share.square() - before
        return value, norm

    def settle(self, learning_rate: float) -> None:
        """Catch up all rows, so that the parameters are complete."""
        behind = np.flatnonzero(self._done < self._n_steps)
        missed = (self._n_steps - self._done[behind])[:, np.newaxis]
        rows = {name: matrix[behind] for name, matrix in self._rows.items()}
        self.solver.catch_up(rows, missed, self.state, learning_rate)
        for name, matrix in rows.items():
            self._rows[name][behind] = matrix
        self._done[behind] = self._n_steps
        self._square = self._sum_of_squares()

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint keeps: which rows are behind, and by how much."""
        names = ("_n_steps", "_done", "_square")
        return {name: getattr(self, name) for name in names}

    def set_state(self, state: dict[str, Any]) -> None:
        vars(self).update(state)

    def _sum_of_squares(self) -> float:
        W = self._rows["params"].ravel()
        return float(W.dot(W))

    def _take(self, X: Any) -> Share:
        columns, narrow = touched(X)
        missed = (self._n_steps - self._done[columns])[:, np.newaxis]
        vectors, rows = {}, {}
        for name, matrix in self._rows.items():
            rest, size = self._rest[name], len(columns) * matrix.shape[1]
            vectors[name] = vector = np.empty(size + rest.size, rest.dtype)
            rows[name] = vector[:size].reshape(len(columns), matrix.shape[1])
            matrix.take(columns, axis=0, out=rows[name], mode="clip")
            vector[size:] = rest
        return Share(columns, missed, narrow, vectors, rows)

    def _evaluate(
        self, share: Share, Y: Array, weight: Array | None
    ) -> tuple[Value, Array]:
        """The whole objective's value, and the gradient of the share's vector.

        With the penalty's gradient of the steps that rows were left out of.
        """
        objective = self.objective.on_inputs(len(share.columns))
        params, W = share.vectors["params"], share.rows["params"]
        value, grad = objective.value_and_gradient(params, share.X, Y, weight)
        strength = objective.alpha / len(Y)
        if strength:
            grad_W = grad[: W.size].reshape(W.shape)
            grad_W += W * (strength * share.missed).astype(W.dtype)
        others = 0.5 * strength * max(0.0, self._square - share.square())
        return value._replace(penalty=value.penalty + others), grad

    def _update(self, share: Share, grad: Array, learning_rate: float) -> None:
        """The solver's step on the share's vectors, and with its clock."""
        n_others = self.objective.network.n_weights - self._rows["params"].size
        n_weights = share.rows["params"].size + n_others
        step = self.solver.step_on_part
        step(share.vectors, grad, self.state, learning_rate, n_weights)

    def _put(self, share: Share) -> None:
        for name, matrix in share.rows.items():
            self._rows[name][share.columns] = matrix
            self._rest[name][...] = share.vectors[name][matrix.size :]
        self._n_steps += 1
        self._done[share.columns] = self._n_steps
