"""NetworkDisplay: a network as a diagram of units and weights."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmlp.plot.axes import (
    NEGATIVE,
    POSITIVE,
    SIGNED_MAP,
    Artist,
    Axes,
    legend_line,
    pyplot_for,
)
from skmlp.plot.source import (
    check_count,
    check_names,
    input_names,
    network_of,
    numbered,
    output_names,
)

Array = NDArray[np.floating[Any]]

# Points, of lines; weights below a share of the layer's largest have none.
WIDEST, THINNEST, NEARLY_0 = 4.0, 0.5, 0.01
LONGEST = 32  # characters of a label; more would leave the network no room
GAP = 4.0  # points between units and labels


class Column(NamedTuple):
    """The units drawn of a layer, and their heights, from the top.

    units : their numbers in the layer.
    heights : in [0, 1].
    dots : the height of the three dots that stand for the others, or None.
    """

    units: NDArray[np.intp]
    heights: Array
    dots: float | None


def column_of(n_units: int, max_units: int) -> Column:
    """All units, or the first and the last ones, spread over the height."""
    n_slots = min(n_units, max_units)
    slots = 1 - (np.arange(n_slots) + 0.5) / n_slots
    units = np.arange(n_units)
    if n_units <= max_units:
        return Column(units, slots, None)
    middle = n_slots // 2
    ends = np.concatenate([units[:middle], units[middle + 1 - n_slots :]])
    return Column(ends, np.delete(slots, middle), float(slots[middle]))


def relative(values: Array) -> Array:
    """Values over the largest absolute one."""
    largest = np.abs(values).max(initial=0.0)
    return np.asarray(values / (largest or 1.0))


def widths_of(relative_weights: Array) -> Array:
    """Widths of lines, in points; weights that are not nearly 0 are visible."""
    sizes = np.abs(relative_weights)
    return np.where(sizes < NEARLY_0, 0.0, np.maximum(WIDEST * sizes, THINNEST))


def limits(span: float, low: float, high: float, total: float) -> tuple[float, float]:
    """Limits by which [0, span] has margins of `low` and `high` pixels of `total`."""
    scale = span / max(total - low - high, total / 5)
    return -low * scale, span + high * scale


class NetworkDisplay:
    """Diagram of a network: columns of units, with the weights as lines between them.

    The width of a line is the size of its weight relative to the largest of its layer,
    and its colour the sign; weights below a hundredth of the largest are not drawn.
    Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    coefs : list of ndarray, coefs[i] of shape (fan_in, fan_out)
        The weights of each layer.

    intercepts : list of ndarray, intercepts[i] of shape (fan_out,), default=None
        The biases of each layer.

    feature_names : sequence of str of length n_features, default=None
        Names of the inputs; None is x0, x1, ...

    output_names : sequence of str of length n_outputs, default=None
        Names of the outputs; None is y0, y1, ...

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    lines_ : list of matplotlib LineCollection
        The weights that are drawn, by layer.

    labels_ : list of matplotlib Annotation
        Names of the inputs and outputs that are drawn.

    See Also
    --------
    WeightsDisplay : Weights of the first layer as images or as a matrix.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from sklearn.datasets import load_iris
    >>> from skmlp import MLPClassifier
    >>> from skmlp.plot import NetworkDisplay
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> mlp = MLPClassifier(
    ...     (5, 2), "tanh", solver="lbfgs", alpha=1.0, scale_input=True, random_state=0
    ... )
    >>> display = NetworkDisplay.from_estimator(mlp.fit(X, y))
    >>> [label.get_text() for label in display.labels_][3:5]
    ['petal width (cm)', '0']
    """

    def __init__(
        self,
        coefs: Sequence[Array],
        *,
        intercepts: Sequence[Array] | None = None,
        feature_names: Sequence[object] | None = None,
        output_names: Sequence[object] | None = None,
    ) -> None:
        self.coefs = coefs
        self.intercepts = intercepts
        self.feature_names = feature_names
        self.output_names = output_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        feature_names: Sequence[object] | None = None,
        class_names: Sequence[object] | None = None,
        max_units: int = 12,
        biases: bool = False,
        ax: Axes | None = None,
    ) -> "NetworkDisplay":
        """Draw the network of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted estimator, or a pipeline, search or TransformedTargetRegressor with
            one inside.

        feature_names : sequence of str of length n_features, default=None
            Names of the inputs; None takes those of X, or those that the pipeline
            outputs.

        class_names : sequence of str of length n_outputs, default=None
            Names of the outputs; None takes ``classes_``. For two classes, which share
            one output, the name of the second class is used.

        max_units : int, default=12
            Maximum number of units drawn in a layer. In wider layers the first and the
            last units are drawn, with three dots for the others.

        biases : bool, default=False
            Whether to fill units with the colour of their biases, relative to the
            largest of the layer.

        ax : matplotlib Axes, default=None
            Axes to draw in; None makes a new figure.

        Returns
        -------
        display : NetworkDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the estimator is not fitted, if the number of names is wrong, or if
            `max_units` is below 3.

        ImportError
            If matplotlib is not installed.
        """
        network = network_of(cls, estimator)
        display = cls(
            network.coefs_,
            intercepts=network.intercepts_,
            feature_names=input_names(cls, estimator, feature_names),
            output_names=output_names(cls, estimator, class_names),
        )
        return display.plot(ax, max_units=max_units, biases=biases)

    def plot(
        self, ax: Axes | None = None, *, max_units: int = 12, biases: bool = False
    ) -> "NetworkDisplay":
        """Draw the display; parameters as in :meth:`from_estimator`.

        Returns
        -------
        display : NetworkDisplay
            The display itself.

        Raises
        ------
        ValueError
            If the number of names is wrong, if `max_units` is below 3, or if there are
            no intercepts to draw as biases.

        ImportError
            If matplotlib is not installed.
        """
        check_count(self, "max_units", max_units, least=3)
        if biases and self.intercepts is None:
            owner = type(self).__name__
            raise ValueError(
                f"{owner}: intercepts must be given with biases=True, got None."
            )
        sizes = [len(self.coefs[0]), *(W.shape[1] for W in self.coefs)]
        names = self._names(sizes[0], sizes[-1])
        columns = [column_of(size, max_units) for size in sizes]
        self.ax_ = self._axes(ax, columns)
        self.figure_ = self.ax_.figure
        self._draw_weights(columns)
        side = self._side_of_units(columns)
        away = GAP + side / 2
        self._draw_units(columns, side, biases)
        self._label(columns, names, away)
        self._head(sizes)
        self._explain(biases)
        self._frame(away)
        return self

    def _names(self, n_inputs: int, n_outputs: int) -> tuple[list[str], list[str]]:
        inputs, outputs = self.feature_names, self.output_names
        inputs = numbered("x", n_inputs) if inputs is None else inputs
        outputs = numbered("y", n_outputs) if outputs is None else outputs
        return (
            check_names(type(self), "feature_names", inputs, n_inputs),
            check_names(type(self), "output_names", outputs, n_outputs),
        )

    def _axes(self, ax: Axes | None, columns: list[Column]) -> Axes:
        """The given axes, or ones that fill a new figure; without ticks and frame."""
        plt = pyplot_for(self)
        if ax is None:
            height = 1.2 + 0.46 * max(len(column.units) for column in columns)
            figure = plt.figure(figsize=(1.6 + 1.9 * len(columns), max(height, 3.0)))
            ax = figure.add_axes((0.01, 0.01, 0.98, 0.98))
        ax.set_axis_off()
        return ax

    def _draw_weights(self, columns: list[Column]) -> None:
        self.lines_: list[Artist] = []
        layers = zip(self.coefs, columns[:-1], columns[1:], strict=True)
        for x, (W, left, right) in enumerate(layers):
            drawn = relative(W)[np.ix_(left.units, right.units)].ravel()
            ends = np.meshgrid(left.heights, right.heights, indexing="ij")
            self._draw_lines(x, np.stack(ends, axis=2).reshape(-1, 2), drawn)

    def _draw_lines(self, x: int, heights: Array, weights: Array) -> None:
        """Weights as lines from column x to the next, the largest ones on top.

        heights: (n_weights, 2), where lines start and end   weights: (n_weights,)
        """
        from matplotlib.collections import LineCollection

        order = np.argsort(np.abs(weights))
        heights, weights = heights[order], weights[order]
        xs = np.broadcast_to([x, x + 1.0], heights.shape)
        lines = LineCollection(
            list(np.stack([xs, heights], axis=2)),
            linewidths=widths_of(weights),
            colors=np.where(weights < 0, NEGATIVE, POSITIVE).tolist(),
            alpha=0.4 + 0.6 * np.abs(weights),
            capstyle="round",
            zorder=1,
        )
        self.ax_.add_collection(lines, autolim=False)
        self.lines_.append(lines)

    def _draw_units(self, columns: list[Column], side: float, biases: bool) -> None:
        for x, column in enumerate(columns):
            fill = self._fill(x - 1, column, biases)
            self.ax_.scatter(
                np.full(len(fill), x),
                column.heights,
                s=side**2,
                c=fill,
                cmap=SIGNED_MAP,
                vmin=-1.5,  # pale, so that the rim and the lines stand out
                vmax=1.5,
                edgecolors="black",
                linewidths=0.9,
                zorder=3,
            )
            self._draw_dots(x, column)

    def _fill(self, layer: int, column: Column, biases: bool) -> Array:
        """Biases of the drawn units, relative to the largest; 0 for inputs."""
        if layer < 0 or not biases or self.intercepts is None:
            return np.zeros(len(column.units))
        return relative(self.intercepts[layer])[column.units]

    def _side_of_units(self, columns: list[Column]) -> float:
        """Diameter of units in points, at most three quarters of their distance."""
        most = max(len(column.units) for column in columns)
        return min(1.6 * self._size_of_text(), 0.75 * 0.8 * self._points()[1] / most)

    def _size_of_text(self) -> float:
        """Font size in points: 10, or less if the axes are narrow."""
        return min(10.0, max(6.0, self._points()[0] / 40))

    def _points(self) -> tuple[float, float]:
        """The width and height of the axes."""
        box, point = self.ax_.get_window_extent(), self.figure_.dpi / 72
        return box.width / point, box.height / point

    def _draw_dots(self, x: int, column: Column) -> None:
        if column.dots is not None:
            step = 0.2 / (len(column.units) + 1)
            heights = column.dots + step * np.array([-1, 0, 1])
            self.ax_.scatter(np.full(3, x), heights, s=6, c="black", zorder=3)

    def _label(
        self, columns: list[Column], names: tuple[list[str], list[str]], away: float
    ) -> None:
        """Names at the left of inputs and at the right of outputs."""
        self.labels_: list[Artist] = []
        ends = (0, -away, "right"), (len(columns) - 1, away, "left")
        for (x, offset, align), of_end in zip(ends, names, strict=True):
            column = columns[x]
            for unit, height in zip(column.units, column.heights, strict=True):
                text, place = shortened(of_end[unit]), (x, float(height))
                self.labels_.append(self._write(text, place, (offset, 0), align))

    def _write(
        self,
        text: str,
        place: tuple[float, float],
        offset: tuple[float, float],
        align: str,
        vertical: str = "center",
    ) -> Artist:
        """Text offset by some points; dollar signs are not parsed."""
        return self.ax_.annotate(
            text,
            place,
            offset,
            textcoords="offset points",
            ha=align,
            va=vertical,
            annotation_clip=False,
            parse_math=False,
            fontsize=self._size_of_text(),
        )

    def _head(self, sizes: list[int]) -> None:
        n_layers = len(sizes) - 1
        layers = ["inputs", *(f"hidden {i}" for i in range(1, n_layers)), "outputs"]
        self.heads_ = [
            self._write(f"{layer}\n{size}", (x, 1.0), (0, GAP), "center", "bottom")
            for x, (layer, size) in enumerate(zip(layers, sizes, strict=True))
        ]

    def _explain(self, biases: bool) -> None:
        signs = {"positive": POSITIVE, "negative": NEGATIVE}
        what = "weight or bias" if biases else "weight"
        handles = [
            legend_line(f"{sign} {what}", color=colour, linewidth=0.75 * WIDEST)
            for sign, colour in signs.items()
        ]
        self.legend_ = self.ax_.legend(
            handles=handles,
            loc="lower center",
            ncols=len(handles),
            frameon=False,
            borderaxespad=0,
            fontsize=self._size_of_text(),
        )

    def _frame(self, away: float) -> None:
        """Limits that leave room for all text."""
        box, point = self.ax_.get_window_extent(), self.figure_.dpi / 72
        head = self.heads_[0].get_window_extent()
        left, right = (
            max(head.width / 2, away * point + self._width_of_labels(align)) + point
            for align in ("right", "left")
        )
        self.ax_.set_xlim(limits(len(self.coefs), left, right, box.width))
        below = self.legend_.get_window_extent().height + GAP * point
        above = head.height + 2 * GAP * point
        self.ax_.set_ylim(limits(1.0, below, above, box.height))

    def _width_of_labels(self, align: str) -> float:
        """Width in pixels of the widest label of the inputs or outputs."""
        of_end = [label for label in self.labels_ if label.get_ha() == align]
        widest: float = max(label.get_window_extent().width for label in of_end)
        return widest


def shortened(name: str) -> str:
    """A name, shortened to fit the diagram."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
