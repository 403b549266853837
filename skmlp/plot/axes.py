"""Axes and colours of the displays."""

from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# Those of matplotlib, whose types differ from version to version.
Axes: TypeAlias = Any
Artist: TypeAlias = Any

# Okabe and Ito 2008, Color universal design, without yellow, which is pale in print.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# ColorBrewer's PuOr, for the colour-blind and for print: signs differ in lightness,
# too. The map goes from one to the other through white.
NEGATIVE, POSITIVE, SIGNED_MAP = "#e66101", "#5e3c99", "PuOr"
GREY = "0.35"  # of what stands for all colours


def pyplot_for(display: object) -> ModuleType:
    """matplotlib.pyplot, or an ImportError that says how to get it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{type(display).__name__} draws with matplotlib, which is not installed: "
            'pip install "skmlp[plot]"'
        ) from error
    return plt


def axes_for(display: object, ax: Axes | None, **figure: Any) -> Axes:
    """The given axes, or those of a new figure."""
    plt = pyplot_for(display)
    if ax is not None:
        return ax
    return plt.subplots(layout="constrained", **figure)[1]


def draw_epochs(ax: Axes, values: NDArray[Any], **style: Any) -> Artist:
    """A line over the epochs, from 1; a point if there is only one."""
    marker = "." if len(values) == 1 else ""
    return ax.plot(np.arange(1, len(values) + 1), values, marker=marker, **style)[0]


def legend_line(label: str, **style: Any) -> Artist:
    """A legend entry for lines of that style."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **style)


def count_in_integers(ax: Axes) -> None:
    """Label epochs at whole numbers."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))


def use_log_scale(ax: Axes) -> None:
    """Use a logarithmic scale with plain numbers, if any value is above 0."""
    if any((np.asarray(line.get_ydata(), float) > 0).any() for line in ax.lines):
        ax.set_yscale("log", nonpositive="mask")
        low, high = ax.get_ylim()
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(_between_powers_of_ten(high / low))


def _between_powers_of_ten(ratio: float) -> Any:
    """Labels of minor ticks: more of them for fewer powers of ten."""
    if ratio < 10:
        return "{x:g}"
    return _twos_and_fives if ratio < 100 else ""


def _twos_and_fives(value: float, _: int) -> str:
    return f"{value:g}" if f"{value:e}"[0] in "25" else ""
