"""Conversion of fitted models to ONNX graphs, which run without Python.

The packages onnx and skl2onnx are imported when a function needs them.
"""

import sys
from importlib.util import find_spec


def to_onnx(model, *, target_opset=None, coverage=None):
    """Convert a fitted model to an ONNX graph; requires the package onnx.

    The graph computes in the dtype of the fitted weights, and returns what ``predict``,
    ``predict_proba`` or ``transform`` return, in the same dtypes. It does not validate
    its inputs: NaN or infinity in X give meaningless outputs.

    Parameters
    ----------
    model : estimator or TabularPipeline
        A fitted `MLPClassifier`, `MLPRegressor`, `MLPTransformer` or `MLPAutoencoder`,
        or a fitted pipeline of a `TableEncoder` and one of these, such as a
        `tabular_pipeline`.

    target_opset : int or None, default=None
        Opset of the graph, that is the version of ONNX's operators, at least 13. None
        means 17.

    coverage : float or None, default=None
        For regressors: also output the prediction intervals of ``predict_interval``
        with this coverage.

    Returns
    -------
    onnx_model : onnx.ModelProto
        The model. All inputs and outputs have the rows as their first axis:

        - An estimator has one input "X" of shape (n_samples, n_features), float64 or
          float32.
        - A pipeline has one input of shape (n_samples, 1) for each column of the table,
          with the column's name (x0, x1, ... without names): float64 for numbers, with
          NaN for missing values; int64 nanoseconds for dates (since 1970, in UTC),
          durations and times of day (since midnight), with the smallest int64 for
          missing values; and strings for categories, with "" for missing values, where
          numbers and bools are written as in Python, such as "1" and "True".
        - Classifiers output "label", as ``predict``, and "probabilities", as
          ``predict_proba``; for several columns of classes "probabilities_0",
          "probabilities_1" and so on.
        - Regressors output "prediction", as ``predict``, and with `coverage` also
          "lower" and "upper".
        - `MLPTransformer` outputs "transformed"; `MLPAutoencoder` also outputs
          "reconstructed", as ``inverse_transform`` of "transformed".

        An output whose name is taken by a column gets a number, such as "label_2". The
        metadata contain the versions of skmlp and scikit-learn and the feature names.

    Raises
    ------
    ImportError
        If onnx is not installed.

    sklearn.exceptions.NotFittedError
        If the model is not fitted.

    ValueError
        If the model is of another kind or has a part that can't be expressed in ONNX,
        such as a custom activation, or a column of numbers or dates given as text.

    Notes
    -----
    Graphs compare strings as a whole. Of blank text, which the encoder treats as
    missing, they know single whitespace characters and up to 20 spaces; longer blanks
    count as an unseen category.

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
    """Register the estimators with skl2onnx, which must be installed.

    ``skl2onnx.to_onnx`` can then convert scikit-learn pipelines that contain estimators
    of skmlp. Not needed if skl2onnx was imported before skmlp.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    Notes
    -----
    As usual with skl2onnx, the graph computes in float32 unless its inputs are declared
    as double, and labels must be strings or integers. A regressor with a single target
    has an output of shape (n_samples, 1).

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
            f"{function}: {package} must be installed, for instance with "
            f"'pip install {package}'."
        )
