"""When patience is over, by its definition."""

import math


def is_over(merits, tol, n_iter_no_change, *, relative=False):
    """Whether none of the last epochs, one more than borne, brought enough."""
    rises = []
    for epoch, merit in enumerate(merits):
        before = [m for m in merits[:epoch] if not math.isnan(m)]
        best = max(before, default=-math.inf)
        known = relative and math.isfinite(best)
        margin = tol * abs(best) if known else tol
        strictly = known and margin == 0
        rises.append(merit > best if strictly else merit >= best + margin)
    n_last = n_iter_no_change + 1
    return len(rises) >= n_last and not any(rises[-n_last:])


def first_end(merits, *args, min_updates=0, updates=None, **kwargs):
    """The first epoch after which patience is over, or None."""
    updates = range(1, len(merits) + 1) if updates is None else updates
    for epoch, made in enumerate(updates, start=1):
        if made >= min_updates and is_over(merits[:epoch], *args, **kwargs):
            return epoch
    return None
