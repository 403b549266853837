"""GradientFlowDisplay: gradients, updates and idle units of each layer by epoch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skmlp.plot.axes import (
    GREY,
    Artist,
    Axes,
    count_in_integers,
    draw_epochs,
    legend_line,
    pyplot_for,
    use_log_scale,
)
from skmlp.plot.source import history_of
from skmlp.training.layer_stats import LAYER_RECORDS

Array = NDArray[np.floating[Any]]

TITLES = ("gradient norm", "update / weights", "share of derivatives below 0.01")
MOST_NAMED = 8  # layers in the legend; of more the first and the last ones


class GradientFlowDisplay:
    """Plot of gradients, updates and idle units of each layer, by epoch.

    Three panels show the norm of the gradient; the norm of the epoch's last update
    relative to that of the weights; and for hidden layers the fractions of dead units
    (derivative below 0.01 on all rows) and of saturated pairs of unit and row
    (derivative below 0.01). Colours go from the dark first layer to the bright last
    one. Gradients that fall by orders of magnitude from the last layer to the first
    are vanishing. Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    gradient_norms : array-like of shape (n_epochs, n_layers)
        Norm of each layer's gradient.

    update_ratios : array-like of shape (n_epochs, n_layers), default=None
        Norm of each layer's last update relative to that of its weights.

    dead : array-like of shape (n_epochs, n_hidden), default=None
        Fraction of dead units of each hidden layer.

    saturated : array-like of shape (n_epochs, n_hidden), default=None
        Fraction of saturated pairs of unit and row of each hidden layer.

    Attributes
    ----------
    axes_ : list of matplotlib Axes
        The three panels.

    figure_ : matplotlib Figure
        The figure.

    lines_ : dict of list of matplotlib Line2D
        The curves, one for each layer, by the names of the parameters.

    See Also
    --------
    LossCurveDisplay : Losses by epoch.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from sklearn.datasets import load_iris
    >>> from skmlp import MLPClassifier
    >>> from skmlp.plot import GradientFlowDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> mlp = MLPClassifier(
    ...     (10, 10), "tanh", learning_rate_init=0.01, tol=0.01, scale_input=True,
    ...     random_state=0, record="layers",
    ... )
    >>> display = GradientFlowDisplay.from_estimator(mlp.fit(X, y))
    >>> {name: len(lines) for name, lines in display.lines_.items()}
    {'gradient_norms': 3, 'update_ratios': 3, 'dead': 2, 'saturated': 2}
    """

    def __init__(
        self,
        gradient_norms: ArrayLike,
        update_ratios: ArrayLike | None = None,
        dead: ArrayLike | None = None,
        saturated: ArrayLike | None = None,
    ) -> None:
        self.gradient_norms = gradient_norms
        self.update_ratios = update_ratios
        self.dead = dead
        self.saturated = saturated

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, ax: Sequence[Axes] | None = None
    ) -> "GradientFlowDisplay":
        """Draw the layers' records of an estimator fitted with ``record="layers"``.

        Parameters
        ----------
        estimator : estimator
            A fitted estimator, or a pipeline, search or TransformedTargetRegressor with
            one inside.

        ax : sequence of three matplotlib Axes, default=None
            Axes to draw in; None makes a new figure.

        Returns
        -------
        display : GradientFlowDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the estimator is not fitted, if its history has no records of layers, or
            if there are not three axes.

        ImportError
            If matplotlib is not installed.
        """
        history = history_of(cls, estimator)
        if LAYER_RECORDS[0] not in history:
            raise ValueError(
                f'{cls.__name__}: estimator must be fitted with record="layers", '
                f"got {estimator!r}."
            )
        arrays: list[Any] = [history.get(record) for record in LAYER_RECORDS]
        return cls(*arrays).plot(ax)

    def plot(self, ax: Sequence[Axes] | None = None) -> "GradientFlowDisplay":
        """Draw the display; parameter as in :meth:`from_estimator`.

        Returns
        -------
        display : GradientFlowDisplay
            The display itself.

        Raises
        ------
        ValueError
            If there are not three axes.

        ImportError
            If matplotlib is not installed.
        """
        self.axes_ = self._axes(ax)
        self.figure_ = self.axes_[0].figure
        self.lines_: dict[str, list[Artist]] = {}
        gradients, updates, shares = self.axes_
        self._draw(gradients, "gradient_norms")
        self._draw(updates, "update_ratios")
        self._draw(shares, "dead")
        self._draw(shares, "saturated", linestyle="--")
        for panel in gradients, updates:
            use_log_scale(panel)
        self._label()
        return self

    def _axes(self, ax: Sequence[Axes] | None) -> list[Axes]:
        plt = pyplot_for(self)
        if ax is None:
            size = {"figsize": (10.0, 3.4), "layout": "constrained"}
            ax = plt.subplots(1, 3, sharex=True, **size)[1]
        axes = list(np.ravel(np.asarray(ax, object)))
        if len(axes) != len(TITLES):
            raise ValueError(
                f"{type(self).__name__}: ax must have three axes, got {len(axes)}."
            )
        return axes

    def _draw(self, panel: Axes, name: str, linestyle: str = "-") -> None:
        """A line for each layer, if there is anything to draw."""
        values = getattr(self, name)
        if values is None or not np.size(values):
            return
        columns = np.asarray(values, float).T
        self.lines_[name] = [
            draw_epochs(panel, column, color=colour, linestyle=linestyle)
            for column, colour in zip(columns, self._colours(), strict=False)
        ]

    def _colours(self) -> list[Any]:
        """A colour for each layer, without the brightest, which are pale in print."""
        from matplotlib import colormaps

        n_layers = np.shape(self.gradient_norms)[1]
        return list(colormaps["viridis"](np.linspace(0.0, 0.8, n_layers)))

    def _label(self) -> None:
        for panel, title in zip(self.axes_, TITLES, strict=True):
            panel.set_title(title, fontsize="medium")
            panel.set_xlabel("epoch")
            count_in_integers(panel)
            if not panel.lines:
                panel.annotate("no records", (0.4, 0.5), xycoords="axes fraction")
        self.axes_[2].set_ylim(-0.03, 1.03)
        self._explain()

    def _explain(self) -> None:
        """A legend: layers by colour, dead and saturated by the kind of line."""
        colours = self._colours()
        handles = [
            legend_line(f"layer {i}", color=colour)
            for i, colour in enumerate(colours, start=1)
        ]
        if len(handles) > MOST_NAMED:
            handles = handles[: MOST_NAMED // 2] + handles[-MOST_NAMED // 2 :]
        handles += [
            legend_line(name, color=GREY, linestyle=style)
            for name, style in (("dead", "-"), ("saturated", "--"))
            if name in self.lines_
        ]
        beside = 1.02, 1.0  # the last panel, where it covers nothing
        self.axes_[2].legend(handles=handles, loc="upper left", bbox_to_anchor=beside)
