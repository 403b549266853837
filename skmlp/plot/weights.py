"""WeightsDisplay: weights of the first layer as images or as a matrix."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp.plot.axes import SIGNED_MAP, Axes, axes_for
from skmlp.plot.source import (
    check_count,
    check_names,
    input_names,
    network_of,
    numbered,
)

Array = NDArray[np.floating[Any]]

MOST_NAMES = 40  # of features beside a matrix; of more each second, third, ... is named


class WeightsDisplay:
    """Plot of the first layer's weights, for the units with the largest ones.

    With `image_shape` there is an image for each unit, otherwise a matrix of features
    and units. All units have the same colour scale, in which white is 0. Use
    :meth:`from_estimator` to make one.

    Parameters
    ----------
    weights : ndarray of shape (n_features, n_units)
        The weights.

    image_shape : tuple of (height, width), default=None
        Shape of the images, if the rows of X are images.

    feature_names : sequence of str of length n_features, default=None
        Names of the features, for the matrix; None is x0, x1, ...

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    images_ : list of matplotlib AxesImage
        One for each unit, or the matrix alone.

    colorbar_ : matplotlib Colorbar
        The scale of the colours.

    units_ : ndarray of shape (n_drawn,)
        Indices of the units that are drawn, by decreasing Euclidean norm.

    See Also
    --------
    NetworkDisplay : All layers as a diagram.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from sklearn.datasets import load_digits
    >>> from skmlp import MLPClassifier
    >>> from skmlp.plot import WeightsDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> mlp = MLPClassifier(30, learning_rate_init=0.01, tol=0.01, random_state=0)
    >>> display = WeightsDisplay.from_estimator(
    ...     mlp.fit(X / 16, y), image_shape=(8, 8), max_units=20
    ... )
    >>> len(display.images_)
    20
    """

    def __init__(
        self,
        weights: Array,
        *,
        image_shape: tuple[int, int] | None = None,
        feature_names: Sequence[object] | None = None,
    ) -> None:
        self.weights = weights
        self.image_shape = image_shape
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        image_shape: tuple[int, int] | None = None,
        feature_names: Sequence[object] | None = None,
        max_units: int = 25,
        ax: Axes | None = None,
    ) -> "WeightsDisplay":
        """Draw the first layer's weights of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted estimator, or a pipeline, search or TransformedTargetRegressor with
            one inside.

        image_shape : tuple of (height, width), default=None
            Shape of the images, if the rows of X are images; None draws a matrix.

        feature_names : sequence of str of length n_features, default=None
            Names of the features, for the matrix; None takes those of X, or those that
            the pipeline outputs.

        max_units : int, default=25
            Maximum number of units that are drawn: those with the largest Euclidean
            norms.

        ax : matplotlib Axes, default=None
            Axes to draw in; None makes a new figure.

        Returns
        -------
        display : WeightsDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the estimator is not fitted, if the number of names is wrong, if
            `image_shape` does not match the features, or if `max_units` is below 1.

        ImportError
            If matplotlib is not installed.
        """
        display = cls(
            network_of(cls, estimator).coefs_[0],
            image_shape=image_shape,
            feature_names=input_names(cls, estimator, feature_names),
        )
        return display.plot(ax, max_units=max_units)

    def plot(self, ax: Axes | None = None, *, max_units: int = 25) -> "WeightsDisplay":
        """Draw the display; parameters as in :meth:`from_estimator`.

        Returns
        -------
        display : WeightsDisplay
            The display itself.

        Raises
        ------
        ValueError
            If the number of names is wrong, if `image_shape` does not match the
            features, or if `max_units` is below 1.

        ImportError
            If matplotlib is not installed.
        """
        check_count(self, "max_units", max_units, least=1)
        norms = np.linalg.norm(self.weights, axis=0)
        self.units_ = np.argsort(-norms, kind="stable")[:max_units]
        if self.image_shape is None:
            self._draw_matrix(ax)
        else:
            self._draw_images(ax, *self._check_shape(self.image_shape))
        self.figure_ = self.ax_.figure
        self.colorbar_ = self.figure_.colorbar(
            self.images_[0], ax=self.ax_, label="weight", shrink=0.8
        )
        return self

    def _check_shape(self, shape: tuple[int, int]) -> tuple[int, int]:
        n_features = len(self.weights)
        if np.shape(shape) != (2,) or np.prod(shape) != n_features:
            raise ValueError(
                f"{type(self).__name__}: image_shape must be (height, width) of images "
                f"of {n_features} pixels, got {shape!r}."
            )
        return shape

    def _colours(self) -> dict[str, Any]:
        """Colour scale, the same for all units, white at 0."""
        largest = float(np.abs(self.weights[:, self.units_]).max(initial=0.0)) or 1.0
        return {"cmap": SIGNED_MAP, "vmin": -largest, "vmax": largest}

    def _draw_matrix(self, ax: Axes | None) -> None:
        n_features, n_units = len(self.weights), len(self.units_)
        names = self.feature_names
        names = numbered("x", n_features) if names is None else names
        names = check_names(type(self), "feature_names", names, n_features)
        size = 2.5 + 0.3 * n_units, 1.2 + 0.25 * min(n_features, MOST_NAMES)
        self.ax_ = axes_for(self, ax, figsize=size)
        matrix = self.weights[:, self.units_]
        self.images_ = [self.ax_.imshow(matrix, aspect="auto", **self._colours())]
        step = -(-n_features // MOST_NAMES)
        self.ax_.set_yticks(range(0, n_features, step), names[::step], parse_math=False)
        self.ax_.set_xticks(range(n_units), [str(unit) for unit in self.units_])
        self.ax_.set_xlabel("unit, by falling norm of its weights")

    def _draw_images(self, ax: Axes | None, height: int, width: int) -> None:
        """Draw units row by row, with room for their indices above."""
        n_columns = int(np.ceil(np.sqrt(len(self.units_))))
        n_rows = -(-len(self.units_) // n_columns)
        side = max(height, width)  # which is an inch
        # no narrower than the text above
        across, down = max(width, 0.6 * side) + 0.1 * side, height + 0.3 * side
        size = 1.2 + n_columns * across / side, 0.1 + n_rows * down / side
        self.ax_ = axes_for(self, ax, figsize=(size[0], max(size[1], 1.8)))
        corners = [
            (column * across + (across - width) / 2, row * down)
            for row in range(n_rows)
            for column in range(n_columns)
        ]
        self.images_ = []
        for unit, corner in zip(self.units_, corners, strict=False):
            self._draw_image(unit, corner, height, width)
        self.ax_.set_xlim(0, n_columns * across)
        self.ax_.set_ylim(n_rows * down, 0)  # the first row is above
        self.ax_.set_aspect("equal")
        self.ax_.set_axis_off()

    def _draw_image(
        self, unit: int, corner: tuple[float, float], height: int, width: int
    ) -> None:
        from matplotlib.patches import Rectangle

        left, top = corner[0], corner[1] + 0.25 * max(height, width)
        image = self.weights[:, unit].reshape(height, width)
        extent = (left, left + width, top + height, top)
        self.images_.append(self.ax_.imshow(image, extent=extent, **self._colours()))
        frame = Rectangle((left, top), width, height, fill=False, edgecolor="0.7")
        self.ax_.add_patch(frame)
        self.ax_.text(
            left + width / 2,
            top - 0.03 * max(height, width),
            f"unit {unit}",
            ha="center",
            va="bottom",
            fontsize="small",
        )
