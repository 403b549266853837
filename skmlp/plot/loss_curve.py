"""LossCurveDisplay: the loss by epoch, of one fit or of several."""

from collections.abc import Mapping
from textwrap import fill
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skmlp.plot.axes import (
    COLOURS,
    GREY,
    Artist,
    Axes,
    axes_for,
    count_in_integers,
    draw_epochs,
    legend_line,
    use_log_scale,
)
from skmlp.plot.source import history_of, network_of

Array = NDArray[np.floating[Any]]
History = Mapping[str, ArrayLike]


class Style(NamedTuple):
    """Line style of a record."""

    label: str
    line: str
    colour: str  # where no other fit is beside it


STYLES = {
    "training_loss": Style("training loss + penalty", "-", COLOURS[0]),
    "validation_loss": Style("validation loss", "--", COLOURS[1]),
    "validation_score": Style("validation score", ":", COLOURS[2]),
    "learning_rate": Style("learning rate", "-.", COLOURS[3]),
}
BESIDE = ("validation_score", "learning_rate")  # which have axes of their own
LETTER = 4.25  # points, of a small one


def curves_of(history: History) -> dict[str, Array]:
    """The curves of a history, by their names in STYLES."""
    arrays = {name: np.asarray(values, float) for name, values in history.items()}
    training = arrays["loss"] + arrays.get("penalty", 0.0)
    return {"training_loss": training} | {n: arrays[n] for n in STYLES if n in arrays}


def is_minus_the_loss(curves: dict[str, Array]) -> bool:
    """Whether the score is the negative loss, and so redundant."""
    score, loss = (curves.get(f"validation_{name}") for name in ("score", "loss"))
    if score is None or loss is None:
        return False
    return bool(np.allclose(score, -loss, equal_nan=True))


class LossCurveDisplay:
    """Plot of the loss by epoch: training loss with penalty, and validation loss.

    The best epoch, if early stopping chose one, is marked by a vertical line and a dot.
    Several fits are told apart by colour. Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    histories : dict of dict of array-like of shape (n_epochs,)
        ``history_`` of each fit, by name of the fit; must have 'loss'.

    best_epochs : dict of int or None, default=None
        ``best_epoch_`` of each fit, counted from 1, by name of the fit.

    stop_reasons : dict of str, default=None
        ``stop_reason_`` of each fit, by name of the fit.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the losses.

    twins_ : dict of matplotlib Axes
        Axes of 'validation_score' and 'learning_rate', which share the epochs.

    figure_ : matplotlib Figure
        The figure.

    lines_ : dict of matplotlib Line2D
        The curves, by pairs of the name of the fit and 'training_loss',
        'validation_loss', 'validation_score' or 'learning_rate'.

    See Also
    --------
    GradientFlowDisplay : Gradients and updates of each layer.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from sklearn.datasets import load_iris
    >>> from skmlp import MLPClassifier
    >>> from skmlp.plot import LossCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> mlp = MLPClassifier(
    ...     learning_rate_init=0.01, early_stopping=True, scoring="loss",
    ...     validation_fraction=0.3, random_state=0,
    ... )
    >>> display = LossCurveDisplay.from_estimator(mlp.fit(X, y), log_scale=True)
    >>> display.figure_.savefig("loss.png")  # doctest: +SKIP
    """

    def __init__(
        self,
        histories: Mapping[str, History],
        *,
        best_epochs: Mapping[str, int | None] | None = None,
        stop_reasons: Mapping[str, str] | None = None,
    ) -> None:
        self.histories = histories
        self.best_epochs = best_epochs
        self.stop_reasons = stop_reasons

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        score: bool = True,
        learning_rate: bool = False,
        log_scale: bool = False,
        stop_reason: bool = True,
        ax: Axes | None = None,
    ) -> "LossCurveDisplay":
        """Draw the losses of a fitted estimator, or of several in the same axes.

        Parameters
        ----------
        estimator : estimator, or list or dict of estimators
            Fitted estimators, or a pipeline, search or TransformedTargetRegressor with
            one inside; the keys of a dict are the names of the fits.

        score : bool, default=True
            Whether to draw the validation score, if there is one and it is not the
            negative loss.

        learning_rate : bool, default=False
            Whether to draw the learning rate, if there is one.

        log_scale : bool, default=False
            Whether to use a logarithmic scale for losses.

        stop_reason : bool, default=True
            Whether to print ``stop_reason_`` as the title.

        ax : matplotlib Axes, default=None
            Axes to draw in; None makes a new figure.

        Returns
        -------
        display : LossCurveDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If an estimator is not fitted, or has no ``history_``.

        ImportError
            If matplotlib is not installed.
        """
        fits = {name: network_of(cls, one) for name, one in _named(estimator).items()}
        display = cls(
            {name: history_of(cls, fit) for name, fit in fits.items()},
            best_epochs={name: fit.best_epoch_ for name, fit in fits.items()},
            stop_reasons={name: fit.stop_reason_ for name, fit in fits.items()},
        )
        return display.plot(
            ax,
            score=score,
            learning_rate=learning_rate,
            log_scale=log_scale,
            stop_reason=stop_reason,
        )

    def plot(
        self,
        ax: Axes | None = None,
        *,
        score: bool = True,
        learning_rate: bool = False,
        log_scale: bool = False,
        stop_reason: bool = True,
    ) -> "LossCurveDisplay":
        """Draw the display; parameters as in :meth:`from_estimator`.

        Returns
        -------
        display : LossCurveDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        self.ax_ = axes_for(self, ax, figsize=(7.0, 4.2))
        self.figure_ = self.ax_.figure
        self.lines_: dict[tuple[str, str], Artist] = {}
        self.twins_: dict[str, Axes] = {}
        wanted = {"validation_score": score, "learning_rate": learning_rate}
        left_out = {record for record, is_wanted in wanted.items() if not is_wanted}
        for number, name in enumerate(self.histories):
            self._draw(name, number, left_out)
        self._label(log_scale)
        if stop_reason and self.stop_reasons:
            self.ax_.set_title(self._reasons(), fontsize="small", loc="left")
        return self

    def _draw(self, name: str, number: int, left_out: set[str]) -> None:
        """The curves of one fit, and the mark at its best epoch."""
        curves = curves_of(self.histories[name])
        if is_minus_the_loss(curves):
            left_out = left_out | {"validation_score"}
        for record, values in curves.items():
            if record not in left_out:
                self._draw_curve(name, number, record, values)
        best = (self.best_epochs or {}).get(name)
        if best is not None:
            self._mark(best, curves.get("validation_loss"), self._colour(number))

    def _draw_curve(self, name: str, number: int, record: str, values: Array) -> None:
        style = STYLES[record]
        self.lines_[name, record] = draw_epochs(
            self._axes_of(record),
            values,
            color=self._colour(number, style.colour),
            linestyle=style.line,
        )

    def _axes_of(self, record: str) -> Axes:
        """The axes of the losses, or twin axes on the right for the record."""
        if record not in BESIDE:
            return self.ax_
        if record not in self.twins_:
            twin = self.ax_.twinx()
            twin.set_ylabel(STYLES[record].label)
            twin.spines["right"].set_position(("outward", 60 * len(self.twins_)))
            self.twins_[record] = twin
        return self.twins_[record]

    def _mark(self, best: int, losses: Array | None, colour: str) -> None:
        self.ax_.axvline(best, color=colour, linewidth=0.8, zorder=1)
        if losses is not None:
            self.ax_.plot(best, losses[best - 1], "o", color=colour, zorder=4)

    def _colour(self, number: int, alone: str = GREY) -> str:
        """The colour of the fit if there are several, otherwise of the record."""
        several = len(self.histories) > 1
        return COLOURS[number % len(COLOURS)] if several else alone

    def _label(self, log_scale: bool) -> None:
        self.ax_.set_xlabel(self._unit_of_time())
        self.ax_.set_ylabel("loss")
        if log_scale:
            use_log_scale(self.ax_)
        count_in_integers(self.ax_)
        if "learning_rate" in self.twins_:
            self.twins_["learning_rate"].set_ylim(bottom=0)
        self._explain()

    def _explain(self) -> None:
        """A legend, inside the axes or, with several fits or twins, below."""
        place: dict[str, Any] = {}
        if self.twins_ or len(self.histories) > 1:
            place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0)}
            place |= {"borderaxespad": 4.5, "ncols": 3, "frameon": False}
        self.ax_.legend(handles=self._handles(), fontsize="small", **place)

    def _unit_of_time(self) -> str:
        """Label of the x axis: lbfgs has iterations, and no learning rate."""
        units = {
            "epoch" if "learning_rate" in history else "iteration"
            for history in self.histories.values()
        }
        return " or ".join(sorted(units))

    def _handles(self) -> list[Artist]:
        """Legend entries: fits by colour if several, then records by style."""
        names = list(self.histories) if len(self.histories) > 1 else []
        fits = [legend_line(n, color=self._colour(i)) for i, n in enumerate(names)]
        drawn = {record for _, record in self.lines_}
        styles = [
            legend_line(s.label, color=GREY if names else s.colour, linestyle=s.line)
            for record, s in STYLES.items()
            if record in drawn
        ]
        return [*fits, *styles, *self._best_handle()]

    def _best_handle(self) -> list[Artist]:
        chosen = [n for n in (self.best_epochs or {}).values() if n is not None]
        if not chosen:
            return []
        label = "best epoch" + f": {chosen[0]}" * (len(self.histories) == 1)
        return [legend_line(label, color=GREY, linewidth=0.8, marker="o")]

    def _reasons(self) -> str:
        reasons = (self.stop_reasons or {}).items()
        several = len(self.histories) > 1
        texts = (f"{name}: {text}" if several else text for name, text in reasons)
        points = self.ax_.get_window_extent().width * 72 / self.figure_.dpi
        return "\n".join(fill(text, int(points / LETTER)) for text in texts)


def _named(estimators: Any) -> dict[str, Any]:
    """Estimators by name: the keys of a dict, or the class, numbered if several."""
    if isinstance(estimators, Mapping):
        return {str(name): estimator for name, estimator in estimators.items()}
    if not isinstance(estimators, list | tuple):
        return {type(estimators).__name__: estimators}
    return {f"{i}: {type(e).__name__}": e for i, e in enumerate(estimators, start=1)}
