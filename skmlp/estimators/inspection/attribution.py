"""Inside a fitted network: hidden activations, and gradients of the outputs."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_array

from skmlp.constraints import integer
from skmlp.errors import describe, error_context, invalid
from skmlp.estimators.lazy import lazy_for_dask
from skmlp.estimators.validation.arrays import check_X_to_predict
from skmlp.losses import Loss, PoissonDeviance, Quantile
from skmlp.network.input_gradients import Outputs, hidden_values, unchanged


class ExplainingMixin:
    """Hidden activations, and outputs explained by gradients of the inputs."""

    @lazy_for_dask
    def hidden_activations(self, X, layer=-1):
        """Activations of a hidden layer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        layer : int, default=-1
            Index of the hidden layer: 0 is the first one, -1 the last.

        Returns
        -------
        values : ndarray of shape (n_samples, n_units)
            After the activation, without noise or dropout.

        Raises
        ------
        ValueError
            If there is no such hidden layer, or X is invalid.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skmlp import MLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> mlp = MLPClassifier(
        ...     "20-5", solver="lbfgs", alpha=1.0, max_iter=1000, random_state=0
        ... )
        >>> mlp.fit(X, y).hidden_activations(X).shape
        (150, 5)
        """
        X, network, layers = self._checked_to_predict(X)
        number = check_layer(self, layer, len(network.dense) - 1)
        return hidden_values(network, layers, X, number)

    def input_gradient(self, X, output=None):
        """Exact gradients of the outputs with respect to the inputs.

        The outputs are those of ``predict`` for a regressor, and the raw outputs
        (log-odds, or inputs of the softmax) for a classifier. Takes one backward pass
        for each output.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        output : int, label, or pair of column and label, default=None
            One output; None is all of them. For a regressor its index; with several
            quantile levels the levels of the first target come first. For a classifier
            a label of ``classes_`` (for multilabel targets the index of the label; for
            several columns of classes a pair of column index and label); with two
            classes the output is the log-odds of that class.

        Returns
        -------
        gradients : ndarray of shape (n_samples, n_features) or \
                (n_samples, n_outputs, n_features)
            The former for one output. For several columns of classes a list, one array
            for each. Always dense, in the dtype of predictions.

        Raises
        ------
        ValueError
            If there is no such output, if X is invalid, or for a loss of your own with
            its own inverse link.

        Notes
        -----
        At a kink, such as that of 'relu', the gradient is the one-sided derivative that
        training uses. The gradient with respect to `categorical_features` is 0. Several
        quantile levels are the sorted raw outputs: the gradient of a level is that of
        the raw output at its place in that row.

        Examples
        --------
        >>> import numpy as np
        >>> from skmlp import MLPRegressor
        >>> X = np.random.default_rng(0).normal(size=(100, 3))
        >>> mlp = MLPRegressor(
        ...     hidden_layer_sizes=(), solver="lbfgs", alpha=0.0, random_state=0
        ... )
        >>> mlp.fit(X, 2 * X[:, 0] - X[:, 2]).input_gradient(X[:1]).round(2) + 0.0
        array([[ 2.,  0., -1.]])
        """
        X, outputs = self._explained(X, output)
        return self._by_output(outputs.gradients(X))

    def integrated_gradients(self, X, baseline=None, output=None, n_steps=50):
        """Attribute the difference of outputs between X and a baseline to the inputs.

        The attribution of an input is its difference from the baseline times the mean
        of its gradient on the straight line from the baseline to X. The attributions of
        a row sum to the difference of outputs (completeness): of ``predict`` for a
        regressor, of the raw outputs, before softmax or logistic, for a classifier.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        baseline : array-like of shape (n_features,) or (n_samples, n_features), \
                default=None
            Reference inputs, such as the mean row, or one row for each row of X. None
            is all zeros, the mean row of standardised X.

        output : int, label, or pair of column and label, default=None
            One output, as in `input_gradient`; None is all of them.

        n_steps : int, default=50
            Number of points on the line. The error falls exponentially with it for
            smooth activations, and about as 1 / n_steps for kinks such as those of
            'relu'.

        Returns
        -------
        attributions : ndarray of shape (n_samples, n_features) or \
                (n_samples, n_outputs, n_features)
            The former for one output. For several columns of classes a list, one array
            for each. Always dense, in the dtype of predictions.

        Raises
        ------
        ValueError, TypeError
            If a parameter or an array is invalid, or the network has
            `categorical_features`.

        References
        ----------
        Sundararajan, Taly and Yan, Axiomatic attribution for deep networks, ICML 2017,
        section 3, with Gauss-Legendre quadrature instead of the sum over equal steps in
        equation 3.

        Examples
        --------
        >>> import numpy as np
        >>> from skmlp import MLPRegressor
        >>> X = np.random.default_rng(0).normal(size=(100, 3))
        >>> mlp = MLPRegressor(
        ...     activation="tanh",
        ...     solver="lbfgs",
        ...     alpha=1.0,
        ...     max_iter=1000,
        ...     random_state=0,
        ... )
        >>> shares = mlp.fit(X, X[:, 0] * X[:, 1]).integrated_gradients(X)
        >>> shares.shape
        (100, 3)
        >>> difference = mlp.predict(X) - mlp.predict(np.zeros((1, 3)))
        >>> np.allclose(shares.sum(axis=1), difference)
        True
        """
        X, outputs = self._explained(X, output)
        _refuse_categories(self, outputs.network)
        accepts, expected = integer(1)
        if not accepts(n_steps):
            raise invalid(type(self).__name__, "n_steps", f"be {expected}", n_steps)
        baseline = check_baseline(self, baseline, X)
        return self._by_output(outputs.integrated(X, baseline, int(n_steps)))

    def _explained(self, X, output):
        """X checked as in ``predict``, and the outputs to explain."""
        X, network, layers = self._checked_to_predict(X)
        dtype = layers[-1][0].dtype  # of predictions; of the others it may be narrower
        if dtype.itemsize > X.dtype.itemsize:
            X = X.astype(dtype)
            layers = [[a.astype(dtype, copy=False) for a in layer] for layer in layers]
        select = _select_class if is_classifier(self) else _select_number
        numbers, link = select(self, network, layers, output)
        return X, Outputs(network, layers, numbers, link)

    def _by_output(self, gradients):
        """What the user gets of (n_samples, n_outputs, n_features)."""
        if gradients.shape[1] == 1:
            return gradients[:, 0]
        return self._task().by_output(gradients)


def _refuse_categories(estimator, network) -> None:
    """Integrated gradients need inputs with values between any two."""
    if network.inputs.plain is not None:
        raise ValueError(
            f"{type(estimator).__name__}: categorical_features must be None for "
            "integrated_gradients, since there are no values between two codes, got "
            f"{describe(estimator.categorical_features)}."
        )


def check_layer(estimator, layer, n_hidden) -> int:
    """Index of a hidden layer, from 0."""
    accepts, expected = integer(-n_hidden, n_hidden - 1)
    if n_hidden == 0:
        expected = "the index of a hidden layer"
    if not accepts(layer):
        expected += f" with {n_hidden} hidden layer(s)"
        raise invalid(type(estimator).__name__, "layer", f"be {expected}", layer)
    return int(layer) % n_hidden


def check_baseline(estimator, baseline, X):
    """The baseline as floats of the shape of X."""
    if baseline is None:
        return np.broadcast_to(X.dtype.type(0), X.shape)
    expected = f"None, or finite numbers of shape {X.shape[1:]} or {X.shape}"
    with error_context(type(estimator).__name__, "baseline", expected, baseline):
        if np.ndim(baseline) == 2 and hasattr(baseline, "columns"):
            baseline = check_X_to_predict(estimator, baseline)  # its names, too
        baseline = check_array(
            baseline, ensure_2d=False, dtype=X.dtype, input_name="baseline"
        )
        if baseline.shape not in (X.shape[1:], X.shape):
            raise ValueError("Its shape does not match X.")
    return np.broadcast_to(baseline, X.shape)


# The links by which the engine knows the inverse links of losses.


def _unchanged(loss):
    return unchanged


def _exponential(loss):
    return lambda raw: (unchanged(raw)[0], loss.inverse_link(raw))


def _sorted_levels(loss):
    n_levels = len(loss.levels)

    def link(raw):
        by_target = raw.reshape(len(raw), -1, n_levels)
        order = np.argsort(by_target, axis=2, kind="stable")
        order += n_levels * np.arange(order.shape[1])[:, np.newaxis]
        return order.reshape(raw.shape), None

    return link


def _negated(raw):
    return unchanged(raw)[0], np.full_like(raw, -1.0)


LINKS = {
    Loss.inverse_link: _unchanged,
    PoissonDeviance.inverse_link: _exponential,
    Quantile.inverse_link: _sorted_levels,
}


def _select_number(estimator, network, layers, output):
    """For a regressor: indices of all outputs or of one, and their link."""
    loss, n_outputs = estimator._fitted_loss(), network.layer_sizes[-1]
    accepts, expected = integer(0, n_outputs - 1)
    if output is not None and not accepts(output):
        _refuse_output(estimator, f"None or {expected}", output)
    if type(loss).inverse_link not in LINKS:
        expected = "have the inverse link identity or exp, whose derivative is known"
        raise invalid(type(estimator).__name__, "loss", expected, loss)
    link = LINKS[type(loss).inverse_link](loss)
    return list(range(n_outputs)) if output is None else [int(output)], link


def _select_class(estimator, network, layers, output):
    """For a classifier: indices of all raw outputs or of one, and their link."""
    name, task = type(estimator).__name__, estimator._task()
    n_outputs = network.layer_sizes[-1]
    task.check_n_outputs(name, n_outputs)
    if output is None:
        return list(range(n_outputs)), unchanged
    number, sign = task.select(name, output)
    return [number], unchanged if sign > 0 else _negated


def _refuse_output(estimator, expected, output):
    raise invalid(type(estimator).__name__, "output", f"be {expected}", output)
