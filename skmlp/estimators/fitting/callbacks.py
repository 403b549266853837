"""scikit-learn's callbacks, which are new and experimental in its version 1.9."""

import copy
from functools import wraps

from skmlp.training.observer import Observer

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn before 1.9

    def with_callbacks(method):
        @wraps(method)
        def managed(estimator, *args, **kwargs):
            return method(estimator, *args, **kwargs)

        return managed

    class CallbackSupportMixin:
        def set_callbacks(self, *callbacks):
            """Raise a NotImplementedError before scikit-learn 1.9."""
            raise NotImplementedError(
                f"{type(self).__name__}: set_callbacks needs scikit-learn 1.9 or later."
            )


__all__ = [
    "CallbackSupportMixin",
    "EpochHooks",
    "MemberHooks",
    "epoch_hooks",
    "member_hooks",
    "with_callbacks",
    "without_callbacks",
]


def epoch_hooks(estimator, X, y, sample_weight):
    """The observer that calls an estimator's callbacks; None without callbacks."""
    if not hasattr(estimator, "_skl_callbacks"):
        return None
    return EpochHooks(estimator, X, y, sample_weight)


def member_hooks(estimator, X, y, sample_weight):
    """What calls an ensemble's callbacks; None without callbacks."""
    if not hasattr(estimator, "_skl_callbacks"):
        return None
    return MemberHooks(estimator, X, y, sample_weight)


def without_callbacks(estimator):
    """A copy without callbacks, which only the process of the caller has."""
    bare = copy.copy(estimator)
    vars(bare).pop("_skl_callbacks", None)
    return bare


class _Hooks:
    """Calls the callbacks at a fit and at each of its parts, one after the other.

    Callbacks see X and y as they were passed to ``fit``, and may request an estimator
    with the current parameters.

    part : what they are called.
    """

    part = ""

    def __init__(self, estimator, X, y, sample_weight):
        self._estimator = estimator
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        self._seen = {"X": X, "y": y, "metadata": weights or None}
        self._fit = estimator._init_callback_context(
            task_name="fit", max_subtasks=self._most_parts(estimator)
        )
        self._fit.call_on_fit_task_begin(estimator=estimator, **self._seen)
        self._now = None

    def _most_parts(self, estimator):
        """How many parts there are at most; None where that is not known."""
        raise NotImplementedError

    def begin(self) -> None:
        """Call the callbacks before the next part."""
        self._now = self._fit.subcontext(task_name=self.part)
        self._now.call_on_fit_task_begin(estimator=self._estimator, **self._seen)

    def end(self, attributes) -> bool:
        """Call the callbacks after the part; whether one of them stops training.

        attributes : a function that gives the fitted attributes so far.
        """
        context, self._now = self._now, None
        return bool(
            context.call_on_fit_task_end(
                estimator=self._estimator,
                reconstruction_attributes=attributes,
                **self._seen,
            )
        )

    def close(self, attributes) -> None:
        """Call the callbacks at the end of a fit with these fitted attributes."""
        self._fit.call_on_fit_task_end(
            estimator=self._estimator,
            reconstruction_attributes=lambda: attributes,
            **self._seen,
        )


class EpochHooks(_Hooks, Observer):
    """Calls them at each epoch, or iteration.

    attributes_of : a function of parameters, set once there is a plan.
    """

    part = "epoch"
    attributes_of = None

    def _most_parts(self, estimator):
        # a fit that recovers may train some epochs again
        unknown = estimator.recover or isinstance(estimator.max_iter, str)
        return None if unknown else int(estimator.max_iter)

    def on_epoch_begin(self, run) -> None:
        if self._now is None:  # else it is one that diverged, and is trained again
            self.begin()

    def on_epoch_end(self, run, epoch):
        """The reason "callback", if a callback stops training."""
        ends = self.end(lambda: self.attributes_of(run.model().copy()))
        return "callback" if ends else None


class MemberHooks(_Hooks):
    """Calls them at each member of an ensemble, in the order of the members."""

    part = "member"

    def _most_parts(self, estimator):
        return int(estimator.n_members)
