"""The members of an ensemble as they end: told, counted, and maybe the last ones."""

import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from pickle import PicklingError
from typing import Any

from joblib import Parallel

from skmlp.estimators.ensemble.time_shares import n_rounds

# Of what is left to do no time is told below so many seconds.
WORTH_TELLING = 5.0


@dataclass
class Progress:
    """What is told of an ensemble's training, in the process that called ``fit``.

    n_at_once : how many members train side by side.
    hooks : calls callbacks, or None.
    attributes : a function from the members so far to the fitted attributes.
    keeps_some : whether some of the members do as a model.
    n_first : how many train before all others.
    trained : the members so far.
    ended_by : "interrupted" or "callback" where training ended before the last member.
    """

    settings: Any
    n_at_once: int
    hooks: Any
    attributes: Any
    keeps_some: bool
    n_first: int
    trained: list[Any] = field(default_factory=list)
    ended_by: str = ""
    _start: float = field(default_factory=time.perf_counter)

    def collect(self, jobs):
        """All members so far, with those of jobs in their order.

        Up to the last one that counts. An interrupt keeps the members before; where
        there is none it is raised.
        """
        try:
            results = Parallel(self.n_at_once, return_as="generator")(jobs)
            with _closing(results):
                self._collect(results, len(jobs))
        except KeyboardInterrupt:
            if not (self.trained and self.keeps_some):
                raise
            self._end("interrupted")
        except PicklingError as error:
            expected = "be None or 1 with X that processes cannot be sent, such as "
            raise self.settings.invalid("n_jobs", expected + "h5py's") from error
        return self.trained

    def _collect(self, results, n_jobs):
        trained = self.trained
        for _ in range(n_jobs):
            if self.hooks is not None:
                self.hooks.begin()
            one = next(results)
            if one is None:
                raise KeyboardInterrupt
            trained.append(one)
            self._say()
            if self.hooks is not None and self.hooks.end(
                lambda: self.attributes(trained)
            ):
                self._end("callback")
                return

    def _end(self, by):
        if len(self.trained) < self.settings.n_members:
            self.ended_by = by

    def _say(self):
        """Print what the last member was, and how long the others may take."""
        if not self.settings.verbose:
            return
        member, n_done = self.trained[-1].member, len(self.trained)
        n, seconds = self.settings.n_members, time.perf_counter() - self._start
        done, in_all = (n_rounds(i, self.n_first, self.n_at_once) for i in (n_done, n))
        left = seconds * (in_all / done - 1)
        parts = [f"{member.n_iter_} epochs", f"loss = {member.loss_:.8f}"]
        parts += [f"{seconds:.1f} s so far"]
        parts += [f"about {left:.0f} s left"] if left >= WORTH_TELLING else []
        print(f"Member {n_done} of {n}: {', '.join(parts)}")

    def stop_reason(self):
        """The attribute where training ended early; else none."""
        return {"stop_reason_": self._ending()} if self.ended_by else {}

    def warnings(self):
        """Of an interrupt, and of predictions that are missing: (text, kind)."""
        is_missing = self.ended_by and self.settings.ensemble.by == "folds"
        if not (is_missing or self.ended_by == "interrupted"):
            return []
        text = self._ending()
        if is_missing:
            text += (
                " Rows that the others would have held out have no out-of-fold "
                "prediction: oof_prediction_ is NaN there."
            )
        return [(text, UserWarning)]

    def _ending(self):
        return (
            f"{ENDED[self.ended_by]} after {len(self.trained)} of "
            f"{self.settings.n_members} members, which the ensemble consists of."
        )


ENDED = {
    "interrupted": "Training interrupted by user",
    "callback": "Training stopped by a callback",
}


@contextmanager
def _closing(results):
    """Close them, without joblib's warning about those that are not waited for."""
    try:
        yield
    finally:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*(but not used|being processed)")
            results.close()
