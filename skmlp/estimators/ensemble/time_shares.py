"""How members share the time that an ensemble may take."""

import math
import time
from dataclasses import dataclass

# Of a member for which no time is left, which still trains for a step.
LEAST_SECONDS = 1e-3


@dataclass(frozen=True)
class TimeShare:
    """A member's share of what is left when it begins.

    So what others leave is used, and what processes take to start is counted.

    end : of all, by the clock that processes have in common.
    n_rounds : members that train one after the other from this one on.
    """

    end: float
    n_rounds: int

    def seconds(self) -> float:
        return max((self.end - time.time()) / self.n_rounds, LEAST_SECONDS)


def n_rounds(n_members, n_first, n_at_once) -> int:
    """How many members train one after the other; the first ones before all others."""
    others = max(0, n_members - n_first)
    first = math.ceil(min(n_members, n_first) / n_at_once)
    return first + math.ceil(others / n_at_once)


def time_shares(max_time, n_members, n_first, n_at_once):
    """The share of each member; Nones without a `max_time`."""
    if max_time is None:
        return [None] * n_members
    end, in_all = time.time() + max_time, n_rounds(n_members, n_first, n_at_once)
    return [
        TimeShare(end, in_all + 1 - n_rounds(i, n_first, n_at_once))
        for i in range(1, n_members + 1)
    ]
