"""Fitted models as ONNX graphs, which run without Python.

The packages onnx and skl2onnx are imported when a function needs them.
"""

import sys
from importlib.util import find_spec


def to_onnx(model, *, target_opset=None, coverage=None):
    """Convert a fitted model to an ONNX graph; needs the package onnx.

    The graph computes in the dtype of the fitted weights, and gives what ``predict``,
    ``predict_proba`` or ``transform`` gives. It checks nothing: numbers that are not
    finite lead to others.

    Parameters
    ----------
    model : estimator or TabularPipeline
        A fitted `MLPClassifier`, `MLPRegressor`, `MLPTransformer` or `MLPAutoencoder`,
        or a fitted pipeline of `TableEncoder` and one of these, as by
        `tabular_pipeline`.

    target_opset : int or None, default=None
        Version of ONNX's operators that the graph is written in, at least 13; None is
        17.

    coverage : float or None, default=None
        Of a regressor, the share of rows whose y is to be within the intervals of
        ``predict_interval``, which the graph then gives, too.

    Returns
    -------
    onnx_model : onnx.ModelProto
        Its inputs and outputs, with the number of rows as first axis:

        - The input of an estimator is "X" of shape (n_samples, n_features), float64 or
          float32.
        - Of a table each column is an input of its own, by its name (else x0, x1 and so
          on), of shape (n_samples, 1): float64 for numbers, NaN where missing; int64
          nanoseconds for dates (since 1970, in UTC), durations and times of day (since
          midnight), the smallest int64 where missing; and strings for categories, ""
          where missing, numbers and bools as Python writes them, such as "1" and
          "True". Columns whose numbers or dates are text are refused.
        - Classifiers give "label", as ``predict``, and "probabilities", as
          ``predict_proba``; for several columns of classes "probabilities_0",
          "probabilities_1" and so on.
        - Regressors give "prediction", as ``predict``, and with `coverage` "lower" and
          "upper".
        - `MLPTransformer` gives "transformed"; `MLPAutoencoder` also "reconstructed",
          the rows that the network makes of its components.

        An output is numbered where a column has its name, such as "label_2". The
        metadata have the versions of skmlp and scikit-learn and the names of features.

    Raises
    ------
    ImportError
        If onnx is not installed.

    sklearn.exceptions.NotFittedError
        If the model is not fitted.

    ValueError
        If the model is none of these, or has a part that ONNX has no operators for,
        such as an activation of your own.

    Examples
    --------
    >>> import onnx
    >>> from sklearn.datasets import load_iris
    >>> import skmlp
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = skmlp.MLPClassifier(solver="lbfgs", random_state=0).fit(X, y)
    >>> graph = skmlp.to_onnx(clf).graph
    >>> [value.name for value in [*graph.input, *graph.output]]
    ['X', 'label', 'probabilities']
    """
    _check_installed("to_onnx", "onnx")
    from skmlp.export.onnx.model import onnx_model

    register_if_loaded()
    return onnx_model(model, target_opset, coverage)


def register_onnx() -> None:
    """Make skl2onnx know the estimators; needs the package skl2onnx.

    ``skl2onnx.to_onnx`` then converts pipelines of scikit-learn that have an estimator
    of skmlp as a step. It is done already where skl2onnx was imported before skmlp.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    Notes
    -----
    As ever in skl2onnx, the graph computes in float32 unless its input is declared as
    one of doubles, and labels are strings or whole numbers. A regressor of one target
    gives an output of shape (n_samples, 1).

    Examples
    --------
    >>> import skl2onnx
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> import skmlp
    >>> skmlp.register_onnx()
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = skmlp.MLPClassifier(solver="lbfgs", random_state=0)
    >>> pipeline = make_pipeline(StandardScaler(), clf).fit(X, y)
    >>> graph = skl2onnx.to_onnx(pipeline, X[:1], options={"zipmap": False}).graph
    >>> [value.name for value in [*graph.input, *graph.output]]
    ['X', 'label', 'probabilities']
    """
    _check_installed("register_onnx", "skl2onnx")
    from skmlp.export.onnx.registration import register

    register()


def register_if_loaded() -> None:
    """Register with skl2onnx if it is imported already."""
    if sys.modules.get("skl2onnx") is not None:
        register_onnx()


def _check_installed(function, package) -> None:
    if find_spec(package) is None:
        raise ImportError(
            f"{function}: {package} must be installed, such as by 'pip install "
            f"skmlp[onnx]'."
        )
