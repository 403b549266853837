"""Schedules: the time of training -> the factor on ``learning_rate_init``."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from skmlp.component import Component, setting
from skmlp.constraints import integer, real

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
    training ends when patience runs out at that time and rate, and ``stop_message`` what to
    say then.
    """

    abstract: ClassVar[bool] = True

    stop_message: ClassVar[str] = "Stopping."
    each_step: ClassVar[bool] = True
    planned: ClassVar[bool] = True

    def __call__(self, clock: Clock) -> float:
        """The factor at that time."""
        return self.at(clock.progress)

    def at(self, progress: float) -> float:
        """The factor at a share of the planned updates, from 0 to 1."""
        raise NotImplementedError

    def ends_at_plateau(self, clock: Clock, learning_rate: float) -> bool:
        return True


@dataclass
class Constant(Schedule):
    """The factor is 1."""

    each_step: ClassVar[bool] = False
    planned: ClassVar[bool] = False

    def at(self, progress: float) -> float:
        return 1.0


@dataclass
class InverseScaling(Schedule):
    """The factor is (n_samples + 1) ** -power_t, set at the end of each epoch."""

    each_step: ClassVar[bool] = False
    planned: ClassVar[bool] = False
    flat: ClassVar[tuple[str, ...]] = ("power_t",)

    power_t: float = setting(0.5, real(0))

    def __call__(self, clock: Clock) -> float:
        return float((clock.n_samples + 1.0) ** -self.power_t)


@dataclass
class Adaptive(Schedule):
    """Each plateau divides the rate by 5; at 1e-6 or less it ends training."""

    stop_message: ClassVar[str] = "Learning rate too small. Stopping."
    each_step: ClassVar[bool] = False
    planned: ClassVar[bool] = False

    def __call__(self, clock: Clock) -> float:
        return float(5.0**-clock.n_plateaus)

    def ends_at_plateau(self, clock: Clock, learning_rate: float) -> bool:
        return learning_rate <= 1e-6


@dataclass
class Plateau(Schedule):
    """Each plateau multiplies the factor, down to a floor; there it ends training."""

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
    """end + (1 - end) (1 + cos(pi t)) / 2 at progress t.

    Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, 2017,
    equation 5, without restarts.
    """

    end: float = setting(0.0, real(0, 1, open_high=False))

    def at(self, progress: float) -> float:
        return self.end + (1.0 - self.end) * 0.5 * (1.0 + math.cos(math.pi * progress))


@dataclass
class OneCycle(Schedule):
    """Up from `start` to 1 over the first `rise` of training, down to `end` after.

    Both along half a cosine. Smith and Topin, Super-convergence: very fast training of
    neural networks using large learning rates, 2018, section 3.
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
    """end ** t at progress t: the same share less at each step."""

    end: float = setting(0.01, real(0, 1, open_low=True, open_high=False))

    def at(self, progress: float) -> float:
        return float(self.end**progress)


@dataclass
class Step(Schedule):
    """`factor` once more after each of `n_drops` + 1 equal parts of training."""

    factor: float = setting(0.1, real(0, 1, open_low=True, open_high=False))
    n_drops: int = setting(2, integer(1))

    def at(self, progress: float) -> float:
        # the billionth: 49 (1 / 49) is a little less than 1 in floating point
        n_over = int(progress * (self.n_drops + 1) + 1e-9)
        return float(self.factor ** min(self.n_drops, n_over))


@dataclass
class Linear(Schedule):
    """1 - (1 - end) t at progress t."""

    end: float = setting(0.0, real(0, 1, open_high=False))

    def at(self, progress: float) -> float:
        return 1.0 - (1.0 - self.end) * progress


@dataclass
class CosLog(Schedule):
    """(1 - cos(2 pi log2(1 + (2^n - 1) t))) / 2: n cycles, each twice as long.

    Holzmueller, Grinsztajn and Steinwart, Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data, 2024, section 3; n = 4 there.
    """

    n_cycles: int = setting(4, integer(1, 50))

    def at(self, progress: float) -> float:
        cycles = math.log2(1.0 + (2.0**self.n_cycles - 1.0) * progress)
        return 0.5 * (1.0 - math.cos(2.0 * math.pi * cycles))

    def ends_at_plateau(self, clock: Clock, learning_rate: float) -> bool:
        # between its cycles the loss stands still
        return clock.progress >= 1.0


@dataclass
class FlatCosine(Schedule):
    """1 up to progress `hold`, then half a cosine down to 0.

    Holzmueller, Grinsztajn and Steinwart, Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data, 2024, section 3; hold = 1/2 there.
    """

    hold: float = setting(0.5, real(0, 1))

    def at(self, progress: float) -> float:
        way = max(0.0, progress - self.hold) / (1.0 - self.hold)
        return 0.5 * (1.0 + math.cos(math.pi * way))


@dataclass
class OfProgress(Schedule):
    """A user's own function of progress in [0, 1]."""

    planned: ClassVar[bool] = False  # it may lead anywhere

    function: Callable[[float], float] = setting(
        None, (callable, "a function of progress in [0, 1]")
    )

    def at(self, progress: float) -> float:
        factor = self.function(progress)
        if not FACTOR[0](factor):
            raise ValueError(
                f"The schedule must give {FACTOR[1]}, got {factor!r} at progress "
                f"{progress:g}."
            )
        return float(factor)


def _is_schedule(value: Any) -> bool:
    return isinstance(value, Schedule)


@dataclass
class Warmup(Schedule):
    """t / share over the first `share` of training, as a factor on another schedule.

    The first step has half a step's progress, so that it is not lost. Goyal et al.,
    Accurate, large minibatch SGD, 2017, section 2.2.
    """

    schedule: Schedule = setting(Constant(), (_is_schedule, "a schedule object"))
    share: float = setting(0.05, real(0, 1, open_low=True, open_high=False))

    @property
    def stop_message(self) -> str:  # type: ignore[override]
        return self.schedule.stop_message

    @property
    def planned(self) -> bool:  # type: ignore[override]
        return self.schedule.planned

    def __call__(self, clock: Clock) -> float:
        half_step = 0.5 / clock.n_planned if clock.n_planned else 0.0
        warm = min(1.0, (clock.progress + half_step) / self.share)
        return warm * self.schedule(clock)

    def ends_at_plateau(self, clock: Clock, learning_rate: float) -> bool:
        return self.schedule.ends_at_plateau(clock, learning_rate)


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
