"""A digest of an estimator, to see whether a call has changed it."""

import joblib


def digest(estimator):
    """Of everything the estimator holds but the clock on the wall."""
    parts = dict(vars(estimator))
    if "history_" in parts:
        history = parts["history_"]
        parts["history_"] = {n: v for n, v in history.items() if n != "seconds"}
    return joblib.hash(parts)
