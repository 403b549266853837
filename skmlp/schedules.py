"""Schedules: factors on ``learning_rate_init``, by the time of training.

They are given to ``learning_rate``; some also to ``dropout__schedule`` and to a
solver's ``decay_schedule``. Progress t, from 0 to 1, is the share of the planned
updates (`max_iter` epochs) that has been made, or of `max_time` that is over, whichever
is more.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from skmlp.component import Component, setting
from skmlp.constraints import either, integer, real

FACTOR = real(0)


@dataclass
class Clock:
    """The time of training, kept by the training loop and read by the schedules.

    n_steps : updates made so far.
    n_planned : updates that are planned in all.
    n_samples : rows the model has seen, over all its fits, up to the end of the last
        epoch of this fit; 0 during the first epoch of a fit.
    n_plateaus : how often patience has run out without ending the training.
    n_epoch_steps : updates of the first epoch, by which training plans.
    seconds, max_seconds : the time that training has taken, and may take.
    """

    n_steps: int = 0
    n_planned: int = 0
    n_samples: int = 0
    n_plateaus: int = 0
    n_epoch_steps: int = 0
    seconds: float = 0.0
    max_seconds: float = math.inf

    @property
    def progress(self) -> float:
        """The share of the planned updates, or of the time, that is over: 0 to 1."""
        made = self.n_steps / self.n_planned if self.n_planned else 0.0
        return min(1.0, max(made, self.seconds / self.max_seconds))

    @property
    def is_out_of_time(self) -> bool:
        return self.seconds >= self.max_seconds


@dataclass
class Schedule(Component):
    """Base of schedules.

    ``each_step`` says whether the factor changes with every step; else it is asked for
    at the start of each epoch. ``planned`` says whether it leads to an end that is
    planned, so that coming there is no lack of epochs. ``ends_at_plateau`` says whether
    training ends when patience runs out at that time and rate, and ``stop_message`` is
    printed then. ``cycle_ends`` has the progress at the end of each cycle, and is empty
    without cycles.
    """

    abstract: ClassVar[bool] = True

    stop_message: ClassVar[str] = "Stopping."
    each_step: ClassVar[bool] = True
    planned: ClassVar[bool] = True

    @property
    def cycle_ends(self) -> list[float]:
        return []

    def __call__(self, clock: Clock) -> float:
        """The factor at that time."""
        return self.at(clock.progress)

    def at(self, progress: float) -> float:
        """The factor at a share of the planned updates, from 0 to 1."""
        raise NotImplementedError

    def ends_at_plateau(self, clock: Clock, learning_rate: float) -> bool:
        return True

    def ends_without_better(self, best: float, progress: float) -> bool:
        """Whether training ends if the best epoch was at the progress `best`."""
        return False


@dataclass
class Constant(Schedule):
    """A constant learning rate: the factor is 1."""

    each_step: ClassVar[bool] = False
    planned: ClassVar[bool] = False

    def at(self, progress: float) -> float:
        return 1.0


@dataclass
class InverseScaling(Schedule):
    """The learning rate falls with the number of rows seen, as in scikit-learn.

        factor = (n_samples + 1) ** -power_t

    n_samples counts the rows of all epochs so far; the factor changes once an epoch.

    Parameters
    ----------
    power_t : float, default=0.5
        The exponent.
    """

    each_step: ClassVar[bool] = False
    planned: ClassVar[bool] = False
    flat: ClassVar[tuple[str, ...]] = ("power_t",)

    power_t: float = setting(0.5, real(0))

    def __call__(self, clock: Clock) -> float:
        return float((clock.n_samples + 1.0) ** -self.power_t)


@dataclass
class Adaptive(Schedule):
    """Each plateau divides the learning rate by 5, as in scikit-learn.

        factor = 5 ** -n_plateaus

    A plateau is the end of patience: `n_iter_no_change` epochs without an improvement
    of at least `tol`. A plateau at a learning rate of 1e-6 or less ends training.
    """

    stop_message: ClassVar[str] = "Learning rate too small. Stopping."
    each_step: ClassVar[bool] = False
    planned: ClassVar[bool] = False

    def __call__(self, clock: Clock) -> float:
        return float(5.0**-clock.n_plateaus)

    def ends_at_plateau(self, clock: Clock, learning_rate: float) -> bool:
        return learning_rate <= 1e-6


@dataclass
class Plateau(Schedule):
    """Each plateau multiplies the learning rate by `factor`, down to a floor.

        factor = max(floor, factor ** n_plateaus)

    A plateau is the end of patience: `n_iter_no_change` epochs without an improvement
    of at least `tol`. A plateau at the floor ends training. As ReduceLROnPlateau of
    PyTorch.

    Parameters
    ----------
    factor : float in (0, 1), default=0.5
        What each plateau multiplies the learning rate by.
    floor : float in (0, 1], default=0.01
        Smallest factor on the learning rate.
    """

    stop_message: ClassVar[str] = "The schedule is at its floor. Stopping."
    each_step: ClassVar[bool] = False
    planned: ClassVar[bool] = False

    factor: float = setting(0.5, real(0, 1, open_low=True))
    floor: float = setting(0.01, real(0, 1, open_low=True, open_high=False))

    def __call__(self, clock: Clock) -> float:
        return max(self.floor, float(self.factor**clock.n_plateaus))

    def ends_at_plateau(self, clock: Clock, learning_rate: float) -> bool:
        return self(clock) <= self.floor


@dataclass
class Cosine(Schedule):
    """Cosine annealing: down along half a cosine.

        factor = end + (1 - end) (1 + cos(pi t)) / 2    at progress t

    Parameters
    ----------
    end : float in [0, 1], default=0.0
        The factor at the end of training.

    References
    ----------
    Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, 2017,
    equation 5, without restarts.

    Examples
    --------
    >>> [round(Cosine().at(t), 3) for t in (0.0, 0.25, 0.5, 1.0)]
    [1.0, 0.854, 0.5, 0.0]
    """

    end: float = setting(0.0, real(0, 1, open_high=False))

    def at(self, progress: float) -> float:
        return self.end + (1.0 - self.end) * 0.5 * (1.0 + math.cos(math.pi * progress))


@dataclass
class OneCycle(Schedule):
    """One cycle: up from `start` to 1 and down to `end`, both along half a cosine.

    Parameters
    ----------
    rise : float in (0, 1), default=0.3
        Share of training in which the learning rate rises. PyTorch's `pct_start`.
    start : float in [0, 1], default=0.04
        The factor at the start.
    end : float in [0, 1], default=1e-4
        The factor at the end of training.

    References
    ----------
    Smith and Topin, Super-convergence: very fast training of neural networks using
    large learning rates, 2018, section 3.

    Examples
    --------
    >>> [round(OneCycle().at(t), 3) for t in (0.0, 0.15, 0.3, 1.0)]
    [0.04, 0.52, 1.0, 0.0]
    """

    rise: float = setting(0.3, real(0, 1, open_low=True))
    start: float = setting(0.04, real(0, 1, open_high=False))
    end: float = setting(1e-4, real(0, 1, open_high=False))

    def at(self, progress: float) -> float:
        if progress < self.rise:
            low, way = self.start, progress / self.rise
        else:
            low, way = self.end, (1.0 - progress) / (1.0 - self.rise)
        return low + (1.0 - low) * 0.5 * (1.0 - math.cos(math.pi * way))


@dataclass
class Exponential(Schedule):
    """Exponential decay: each step multiplies the learning rate by the same factor.

        factor = end ** t    at progress t

    Parameters
    ----------
    end : float in (0, 1], default=0.01
        The factor at the end of training.
    """

    end: float = setting(0.01, real(0, 1, open_low=True, open_high=False))

    def at(self, progress: float) -> float:
        return float(self.end**progress)


@dataclass
class Step(Schedule):
    """The learning rate drops `n_drops` times, between equal parts of training.

        factor ** k    in part k = 0, ..., n_drops

    The k-th drop is at progress k / (n_drops + 1).

    Parameters
    ----------
    factor : float in (0, 1], default=0.1
        What each drop multiplies the learning rate by.
    n_drops : int, default=2
        Number of drops.

    Examples
    --------
    >>> [Step(factor=0.5, n_drops=2).at(t) for t in (0.0, 0.3, 0.4, 0.7, 1.0)]
    [1.0, 1.0, 0.5, 0.25, 0.25]
    """

    factor: float = setting(0.1, real(0, 1, open_low=True, open_high=False))
    n_drops: int = setting(2, integer(1))

    def at(self, progress: float) -> float:
        # the billionth: 49 (1 / 49) is a little less than 1 in floating point
        n_over = int(progress * (self.n_drops + 1) + 1e-9)
        return float(self.factor ** min(self.n_drops, n_over))


@dataclass
class Linear(Schedule):
    """Linear decay.

        factor = 1 - (1 - end) t    at progress t

    Parameters
    ----------
    end : float in [0, 1], default=0.0
        The factor at the end of training.
    """

    end: float = setting(0.0, real(0, 1, open_high=False))

    def at(self, progress: float) -> float:
        return 1.0 - (1.0 - self.end) * progress


@dataclass
class CosLog(Schedule):
    """Cycles from 0 to 1 and back, each twice as long as the one before.

        factor = (1 - cos(2 pi log2(1 + (2^n_cycles - 1) t))) / 2    at progress t

    Between its cycles the learning rate is 0: no plateau ends training before its end.

    Parameters
    ----------
    n_cycles : int from 1 to 50, default=4
        Number of cycles.
    n_cycles_no_change : int >= 1 or None, default=None
        With early stopping, training ends after this many whole cycles without a better
        epoch. None trains to the last one.

    References
    ----------
    Holzmueller, Grinsztajn and Steinwart, Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data, 2024, section 3, with 4 cycles.
    """

    n_cycles: int = setting(4, integer(1, 50))
    n_cycles_no_change: int | None = setting(None, either(integer(1), None))

    @property
    def cycle_ends(self) -> list[float]:
        shares = (2.0**n - 1.0 for n in range(1, self.n_cycles + 1))
        return [share / (2.0**self.n_cycles - 1.0) for share in shares]

    def at(self, progress: float) -> float:
        return 0.5 * (1.0 - math.cos(2.0 * math.pi * self._cycles(progress)))

    def _cycles(self, progress: float) -> float:
        """The number of cycles that are over, and the share of the one that is not."""
        return math.log2(1.0 + (2.0**self.n_cycles - 1.0) * progress)

    def ends_without_better(self, best: float, progress: float) -> bool:
        if self.n_cycles_no_change is None:
            return False
        n_over = math.floor(self._cycles(progress)) - math.ceil(self._cycles(best))
        return n_over >= self.n_cycles_no_change

    def ends_at_plateau(self, clock: Clock, learning_rate: float) -> bool:
        # between its cycles the loss stands still
        return clock.progress >= 1.0


@dataclass
class FlatCosine(Schedule):
    """Constant at first, then down to 0 along half a cosine.

        factor = (1 + cos(pi max(0, t - hold) / (1 - hold))) / 2    at progress t

    Parameters
    ----------
    hold : float in [0, 1), default=0.5
        Share of training in which the factor stays 1.

    References
    ----------
    Holzmueller, Grinsztajn and Steinwart, Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data, 2024, section 3, with hold = 1/2.
    """

    hold: float = setting(0.5, real(0, 1))

    def at(self, progress: float) -> float:
        way = max(0.0, progress - self.hold) / (1.0 - self.hold)
        return 0.5 * (1.0 + math.cos(math.pi * way))


@dataclass
class OfProgress(Schedule):
    """A function of one's own of progress in [0, 1].

    Parameters
    ----------
    function : callable
        Gets the progress and returns the factor, a number >= 0. The estimators take it
        without this class around it: ``learning_rate=lambda t: 1 - t**2``.

    Examples
    --------
    >>> OfProgress(lambda t: 1 - t**2).at(0.5)
    0.75
    """

    planned: ClassVar[bool] = False  # it may lead anywhere

    function: Callable[[float], float] = setting(
        None, (callable, "a function of progress in [0, 1]")
    )

    def at(self, progress: float) -> float:
        factor = self.function(progress)
        if not FACTOR[0](factor):
            raise ValueError(
                f"The schedule must return {FACTOR[1]}, got {factor!r} at progress "
                f"{progress:g}."
            )
        return float(factor)


def _is_schedule(value: Any) -> bool:
    return isinstance(value, Schedule)


@dataclass
class Warmup(Schedule):
    """Linear warmup in front of another schedule.

        factor = min(1, t / share) times that of `schedule`    at progress t

    Half a step is added to t, so that the first step is not lost.

    Parameters
    ----------
    schedule : schedule, default=Constant()
        The schedule that the warmup multiplies.
    share : float in (0, 1], default=0.05
        Share of training that the warmup takes.

    References
    ----------
    Goyal et al., Accurate, large minibatch SGD, 2017, section 2.2.

    Examples
    --------
    >>> from skmlp import MLPClassifier
    >>> MLPClassifier(learning_rate=Warmup(Cosine(), share=0.1))
    MLPClassifier(learning_rate=Warmup(schedule=Cosine(), share=0.1))
    """

    schedule: Schedule = setting(Constant(), (_is_schedule, "a schedule object"))
    share: float = setting(0.05, real(0, 1, open_low=True, open_high=False))

    @property
    def stop_message(self) -> str:  # type: ignore[override]
        return self.schedule.stop_message

    @property
    def planned(self) -> bool:  # type: ignore[override]
        return self.schedule.planned

    @property
    def cycle_ends(self) -> list[float]:
        return self.schedule.cycle_ends

    def __call__(self, clock: Clock) -> float:
        half_step = 0.5 / clock.n_planned if clock.n_planned else 0.0
        warm = min(1.0, (clock.progress + half_step) / self.share)
        return warm * self.schedule(clock)

    def ends_at_plateau(self, clock: Clock, learning_rate: float) -> bool:
        return self.schedule.ends_at_plateau(clock, learning_rate)

    def ends_without_better(self, best: float, progress: float) -> bool:
        return self.schedule.ends_without_better(best, progress)


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "invscaling": InverseScaling,
    "adaptive": Adaptive,
    "plateau": Plateau,
    "cosine": Cosine,
    "one_cycle": OneCycle,
    "exponential": Exponential,
    "step": Step,
    "linear": Linear,
    "coslog4": CosLog,
    "flat_cos": FlatCosine,
    "warmup": Warmup,
}
