"""Schedules: the time of training -> the factor on ``learning_rate_init``."""

from dataclasses import dataclass
from typing import ClassVar, Protocol


@dataclass
class Clock:
    """The time of training, kept by the training loop and read by the schedules.

    n_steps : updates made so far.
    n_samples : rows the model has seen, over all its fits, up to the end of the last
        epoch of this fit; 0 during the first epoch of a fit.
    n_plateaus : how often patience has run out without ending the training.
    """

    n_steps: int = 0
    n_samples: int = 0
    n_plateaus: int = 0


class Schedule(Protocol):
    """What the training loop needs of a schedule.

    ``ends_at_plateau`` says whether training ends when patience runs out at that rate,
    and ``farewell`` what to say then.
    """

    farewell: ClassVar[str]

    def __call__(self, clock: Clock) -> float: ...

    def ends_at_plateau(self, learning_rate: float) -> bool: ...


@dataclass
class Constant:
    """The factor is 1."""

    farewell: ClassVar[str] = "Stopping."

    def __call__(self, clock: Clock) -> float:
        return 1.0

    def ends_at_plateau(self, learning_rate: float) -> bool:
        return True


@dataclass
class InverseScaling:
    """The factor is (n_samples + 1) ** -power_t, set at the end of each epoch."""

    farewell: ClassVar[str] = "Stopping."

    power_t: float = 0.5

    def __call__(self, clock: Clock) -> float:
        return float((clock.n_samples + 1.0) ** -self.power_t)

    def ends_at_plateau(self, learning_rate: float) -> bool:
        return True


@dataclass
class Adaptive:
    """Each plateau divides the rate by 5; at 1e-6 or less it ends training."""

    farewell: ClassVar[str] = "Learning rate too small. Stopping."

    def __call__(self, clock: Clock) -> float:
        return float(5.0**-clock.n_plateaus)

    def ends_at_plateau(self, learning_rate: float) -> bool:
        return learning_rate <= 1e-6


SCHEDULES = {
    "constant": Constant,
    "invscaling": InverseScaling,
    "adaptive": Adaptive,
}
