"""scikit-learn's callbacks, which are new and experimental in its version 1.9."""

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


__all__ = ["CallbackSupportMixin", "EpochHooks", "epoch_hooks", "with_callbacks"]


def epoch_hooks(estimator, X, y, sample_weight):
    """The observer that calls an estimator's callbacks; None without callbacks."""
    if not hasattr(estimator, "_skl_callbacks"):
        return None
    return EpochHooks(estimator, X, y, sample_weight)


class EpochHooks(Observer):
    """Calls the callbacks at the fit and at each of its epochs, or iterations.

    Callbacks see X and y as they were passed to ``fit``, and may request an estimator
    with the current parameters.
    """

    def __init__(self, estimator, X, y, sample_weight):
        self._estimator = estimator
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        self._seen = {"X": X, "y": y, "metadata": weights or None}
        # a fit that recovers may train some epochs again
        unknown = estimator.recover or isinstance(estimator.max_iter, str)
        n_epochs = None if unknown else int(estimator.max_iter)
        self._fit = estimator._init_callback_context(
            task_name="fit", max_subtasks=n_epochs
        )
        self._fit.call_on_fit_task_begin(estimator=estimator, **self._seen)
        self.attributes_of = (
            None  # a function of parameters; known once there is a plan
        )
        self._epoch = None

    def on_epoch_begin(self, run) -> None:
        if self._epoch is not None:  # one that diverged, and is trained again
            return
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._seen)

    def on_epoch_end(self, run, epoch):
        """The reason "callback", if a callback stops training."""

        def attributes():
            return self.attributes_of(run.model().copy())

        context, self._epoch = self._epoch, None
        ends = context.call_on_fit_task_end(
            estimator=self._estimator,
            reconstruction_attributes=attributes,
            **self._seen,
        )
        return "callback" if ends else None

    def close(self, attributes) -> None:
        """Call the callbacks at the end of a fit with these fitted attributes."""
        self._fit.call_on_fit_task_end(
            estimator=self._estimator,
            reconstruction_attributes=lambda: attributes,
            **self._seen,
        )
