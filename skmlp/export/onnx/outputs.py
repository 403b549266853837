"""What networks' raw outputs become in ONNX, one class for each kind of target."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skmlp.estimators.targets.class_columns import ClassColumns
from skmlp.estimators.targets.classes import Binary, Multiclass, Multilabel
from skmlp.estimators.targets.numbers import Numbers
from skmlp.export.onnx.graph import Value
from skmlp.export.onnx.labels import label_array, pick
from skmlp.export.onnx.links import (
    floored,
    inverse_link,
    logistic,
    mean,
    mean_logistic,
    mean_softmax,
    softmax,
)

LABEL, PROBABILITIES, RAW_SCORES = "label", "probabilities", "raw_scores"
PREDICTION = "prediction"


@dataclass(frozen=True)
class Output:
    """One output of a graph.

    shape : without the first axis, that of rows.
    """

    name: str
    value: Value
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class TaskOutputs:
    """Base: the methods of a `Task` that predict, on values of a graph.

    owner : the estimator's name, for errors.
    loss : of the fit.
    n_outputs : of the network.
    """

    owner: str
    task: Any
    loss: Any
    n_outputs: int

    def output(self, raw):
        """What is averaged over members."""
        return raw


class ClassOutputs(TaskOutputs):
    """Base of those for classes: `label` and `probabilities`."""

    def label(self, raw) -> Output:
        raise NotImplementedError

    def probabilities(self, raw) -> list[Output]:
        raise NotImplementedError

    def raw_scores(self, raw) -> Output:
        """Of each class."""
        return Output(RAW_SCORES, raw, (self.n_outputs,))


class BinaryOutputs(ClassOutputs):
    """Two classes, or a single one."""

    def mean_output(self, outputs, weights):
        return mean_logistic(outputs, weights)

    def label(self, raw):
        above = (raw > 0.0).cast(np.int64).op("Squeeze", np.array([1]))
        codes = above.minimum(len(self.task.classes) - 1)
        return Output(LABEL, pick(label_array(self.owner, self.task.classes), codes))

    def probabilities(self, raw):
        if len(self.task.classes) == 1:
            one = raw.graph.constant(np.ones((1, 1), raw.dtype))
            value = one.op("Expand", raw.op("Shape", dtype=np.int64))
        else:
            value = floored(logistic(_both(raw)))
        return [Output(PROBABILITIES, value, (len(self.task.classes),))]

    def raw_scores(self, raw):
        return Output(RAW_SCORES, _both(raw), (2,))


def _both(raw):
    """Log-odds of both classes, of those of the second."""
    return (-raw).op("Concat", raw, axis=1)


class MulticlassOutputs(ClassOutputs):
    """One class out of three or more."""

    def mean_output(self, outputs, weights):
        return mean_softmax(outputs, weights)

    def label(self, raw):
        codes = raw.op("ArgMax", axis=1, keepdims=0, dtype=np.int64)
        return Output(LABEL, pick(label_array(self.owner, self.task.classes), codes))

    def probabilities(self, raw):
        return [Output(PROBABILITIES, floored(softmax(raw)), (self.n_outputs,))]


class MultilabelOutputs(ClassOutputs):
    """Several labels a row."""

    def mean_output(self, outputs, weights):
        return mean_logistic(outputs, weights)

    def label(self, raw):
        return Output(LABEL, (raw > 0.0).cast(np.int64), (self.n_outputs,))

    def probabilities(self, raw):
        return [Output(PROBABILITIES, floored(logistic(raw)), (self.n_outputs,))]


class ClassColumnsOutputs(ClassOutputs):
    """Several columns of classes: `probabilities_0`, `probabilities_1` and on."""

    def mean_output(self, outputs, weights):
        columns = zip(*map(self._split, outputs), strict=True)
        means = [mean_softmax(column, weights) for column in columns]
        return means[0].op("Concat", *means[1:], axis=1)

    def label(self, raw):
        # one dtype, as that of predict
        joined = label_array(self.owner, np.concatenate(self.task.classes))
        classes = np.split(joined, np.cumsum(self.task.sizes)[:-1])
        codes = [
            part.op("ArgMax", axis=1, keepdims=1, dtype=np.int64)
            for part in self._split(raw)
        ]
        columns = [pick(*pair) for pair in zip(classes, codes, strict=True)]
        label = columns[0].op("Concat", *columns[1:], axis=1)
        return Output(LABEL, label, (len(columns),))

    def probabilities(self, raw):
        parts = zip(self._split(raw), self.task.sizes, strict=True)
        return [
            Output(f"{PROBABILITIES}_{i}", floored(softmax(part)), (size,))
            for i, (part, size) in enumerate(parts)
        ]

    def _split(self, raw):
        """The columns of raw outputs that belong to each column of y."""
        numbers = np.split(np.arange(self.n_outputs), np.cumsum(self.task.sizes)[:-1])
        return [raw.columns(part) for part in numbers]


class NumbersOutputs(TaskOutputs):
    """Regression: `prediction`."""

    @property
    def n_levels(self):
        return self.loss.n_outputs(1)

    @property
    def n_targets(self):
        return self.n_outputs // self.n_levels

    def output(self, raw):
        values = inverse_link(self.owner, self.loss, raw, self.n_outputs)
        if self.n_levels > 1:
            values = values.reshape(0, self.n_targets, self.n_levels)
        return self._clipped(values)

    def mean_output(self, outputs, weights):
        return self._clipped(mean(outputs, weights))

    def prediction(self, output) -> Output:
        shape = (self.n_targets, *([self.n_levels] if self.n_levels > 1 else []))
        if self.n_targets == 1:
            shape = shape[1:]
            output = output.op("Squeeze", np.array([1]))
        return Output(PREDICTION, output, shape)

    def _clipped(self, values):
        if self.task.bounds is None:
            return values
        low, high = self.task.bounds.astype(values.dtype)
        if self.n_levels > 1:
            low, high = low[:, np.newaxis], high[:, np.newaxis]
        return values.maximum(low).minimum(high)


KINDS = {
    Binary: BinaryOutputs,
    Multiclass: MulticlassOutputs,
    Multilabel: MultilabelOutputs,
    ClassColumns: ClassColumnsOutputs,
    Numbers: NumbersOutputs,
}


def task_outputs(owner, task, loss, n_outputs) -> TaskOutputs:
    kind = next(kind for base, kind in KINDS.items() if isinstance(task, base))
    return kind(owner, task, loss, n_outputs)
