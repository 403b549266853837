"""MLPAutoencoder: a network that reproduces its inputs through a narrow layer."""

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from skmlp.constraints import integer
from skmlp.errors import describe, error_context, invalid, refuse_unsupported
from skmlp.estimators.ensemble.support import check_one_member
from skmlp.estimators.fitting.kept_network import network_of
from skmlp.estimators.fitting.state import rollback_on_error
from skmlp.estimators.lazy import lazy_for_dask
from skmlp.estimators.regressor import MLPRegressor
from skmlp.estimators.validation.arrays import FLOATS
from skmlp.estimators.validation.dask_collections import refuse_dask
from skmlp.estimators.validation.parameters import check_parameters, hidden_sizes
from skmlp.estimators.validation.unreadable import naming_the_column, refuse_dates
from skmlp.model_file import SavableMixin
from skmlp.network.input_gradients import hidden_values

RULES = {"n_components": integer(1)}
# Bounded units: a column that is nearly constant has far outliers on its own scale, and
# unbounded units go further still for rows that did not train. Of tanh, elu, selu and
# gelu only tanh was better than PCA on each of ten splits of digits.
DEFAULTS = {
    "activation": "tanh",
    "learning_rate_init": 0.01,
    "max_iter": 1000,
    "scale_input": True,
    "scale_target": True,
}


class MLPAutoencoder(
    ClassNamePrefixFeaturesOutMixin, SavableMixin, TransformerMixin, BaseEstimator
):
    """Autoencoder: nonlinear dimensionality reduction by a network that reproduces X.

    The network reproduces X through a narrow layer of linear units, the components.
    The layers up to it, the encoder, are ``transform``; the layers after it, the
    decoder, are ``inverse_transform``. With hidden layers the rows are approximated by
    a curved surface, where PCA uses a plane.

    Parameters
    ----------
    n_components : int, default=8
        Number of components: units of the narrow layer.

    hidden_layer_sizes : int, sequence of int or str, default=()
        Units of the encoder's hidden layers, as for MLPRegressor; the decoder has the
        same in reverse. With ``()`` both are linear, and the components are those of
        PCA on the scaled columns, up to a linear map.

    estimator : MLPRegressor or None, default=None
        All other settings; a clone is trained. Its `activation`, one or a list with one
        for each of `hidden_layer_sizes`, is mirrored; its own `hidden_layer_sizes` are
        ignored. None is ``MLPRegressor(activation="tanh", learning_rate_init=0.01,
        max_iter=1000, scale_input=True, scale_target=True)``, which takes columns of
        any scale and measures errors in their standard deviations. For columns in one
        unit, such as pixels, pass an estimator without this scaling, which measures
        errors in that unit, as PCA does; divide X by a number so that values are
        near 1.

    random_state : int, RandomState instance or None, default=None
        Seed of the network; None uses the `random_state` of `estimator`.

    Attributes
    ----------
    mlp_ : MLPRegressor
        The trained network, whose ``predict`` reproduces X.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had them, all strings.

    See Also
    --------
    MLPTransformer : Features learned to predict y.

    References
    ----------
    Kramer, Nonlinear principal component analysis using autoassociative neural
    networks, AIChE Journal 37, 1991.

    Hinton and Salakhutdinov, Reducing the dimensionality of data with neural networks,
    Science 313, 2006.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmlp import MLPAutoencoder
    >>> X, _ = load_iris(return_X_y=True)
    >>> autoencoder = MLPAutoencoder(2, hidden_layer_sizes=10, random_state=0).fit(X)
    >>> autoencoder.transform(X).shape
    (150, 2)
    >>> autoencoder.inverse_transform(autoencoder.transform(X)).shape
    (150, 4)
    >>> bool(autoencoder.reconstruction_error(X).mean() < 0.05 * X.var(axis=0).mean())
    True
    """

    def __init__(
        self,
        n_components=8,
        hidden_layer_sizes=(),
        estimator=None,
        random_state=None,
    ):
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.estimator = estimator
        self.random_state = random_state

    def fit(self, X, y=None, sample_weight=None):
        """Train the network to reproduce X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows; float32 stays float32.

        y : None
            Not used.

        sample_weight : array-like of shape (n_samples,), float or None, default=None
            Weights of the rows, >= 0.

        Returns
        -------
        self : MLPAutoencoder
            The fitted autoencoder.

        Raises
        ------
        ValueError, TypeError
            If a parameter or an array is invalid, if X is sparse, or raised by the
            network's ``fit``; the autoencoder is then unchanged.
        """
        check_parameters(self, RULES)
        mlp = self._network_to_train()
        with rollback_on_error(self):
            X = self._checked(X, reset=True)
            # a single target is a vector
            self.mlp_ = mlp.fit(X, X[:, 0] if X.shape[1] == 1 else X, sample_weight)
        return self

    @lazy_for_dask
    def transform(self, X):
        """Encode rows as components.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        components : ndarray of shape (n_samples, n_components)
            Values of the narrow layer.
        """
        check_is_fitted(self, "mlp_")
        return self._encoded(self._checked(X, reset=False))

    @lazy_for_dask
    def inverse_transform(self, Z):
        """Decode components to rows.

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_components)
            Components, as from ``transform``.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            Decoded rows.

        Raises
        ------
        ValueError, TypeError
            If Z is invalid.
        """
        check_is_fitted(self, "mlp_")
        expected = (
            f"an array of finite numbers of shape (n_samples, {self._n_features_out})"
        )
        with error_context(type(self).__name__, "Z", expected, Z):
            refuse_unsupported(Z)
            Z = check_array(Z, dtype=FLOATS, input_name="Z")
            if Z.shape[1] != self._n_features_out:
                raise ValueError(f"Z has {Z.shape[1]} components.")
        return self._decoded(Z)

    @lazy_for_dask
    def reconstruction_error(self, X):
        """Mean squared difference between rows and their reconstructions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        errors : ndarray of shape (n_samples,)
            Mean squared error of each row, in squared units of X.
        """
        check_is_fitted(self, "mlp_")
        X = self._checked(X, reset=False)
        return np.square(self._decoded(self._encoded(X)) - X).mean(axis=1)

    def score(self, X, y=None):
        """Negative mean reconstruction error, for model selection.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.

        y : None
            Not used.

        Returns
        -------
        score : float
            At most 0.
        """
        return -float(self.reconstruction_error(X).mean())

    def _network_to_train(self) -> MLPRegressor:
        """A clone of the estimator, with this architecture."""
        if self.estimator is None:
            mlp = MLPRegressor(**DEFAULTS)
        elif isinstance(self.estimator, MLPRegressor):
            mlp = clone(self.estimator)
        else:
            raise TypeError(
                f"{type(self).__name__}: estimator must be None or an MLPRegressor of "
                f"skmlp, got {describe(self.estimator)}."
            )
        check_one_member(type(self).__name__, mlp.n_members)
        if self.random_state is not None:
            mlp.set_params(random_state=self.random_state)
        sizes = hidden_sizes(type(self).__name__, self.hidden_layer_sizes)
        layers = (*sizes, int(self.n_components), *sizes[::-1])
        mlp.set_params(hidden_layer_sizes=layers, activation=self._activations(mlp))
        self._refuse_several_levels(mlp)
        self._refuse_categories(mlp)
        return mlp

    def _activations(self, mlp) -> list:
        """Activations of the encoder, a linear layer, and the decoder."""
        given, n_layers = (
            mlp.activation,
            len(hidden_sizes(type(self).__name__, self.hidden_layer_sizes)),
        )
        if not isinstance(given, (list, tuple, np.ndarray)):
            given = [given] * n_layers
        if len(given) != n_layers:
            expected = (
                "be one activation, or a sequence with one for each of the "
                f"{n_layers} hidden layer(s) in hidden_layer_sizes"
            )
            raise self._invalid("estimator__activation", expected, given)
        return [*given, "identity", *given[::-1]]

    def _refuse_several_levels(self, mlp) -> None:
        if mlp._loss_component().n_outputs(1) > 1:
            expected = "predict one number for each column of X"
            raise self._invalid("estimator__loss", expected, mlp.loss)

    def _refuse_categories(self, mlp) -> None:
        if mlp.categorical_features is not None:
            expected = "be None, since codes are not numbers to reproduce"
            given = describe(mlp.categorical_features)
            raise self._invalid("estimator__categorical_features", expected, given)

    def _invalid(self, parameter, expected, value):
        return invalid(type(self).__name__, parameter, expected, value)

    def _checked(self, X, *, reset):
        """X as a float array."""
        expected = "a dense array of finite numbers of shape (n_samples, n_features)"
        with error_context(type(self).__name__, "X", expected, X):
            refuse_unsupported(X)
            refuse_dask(X)
            refuse_dates(X)
            with naming_the_column(X):
                return validate_data(self, X, reset=reset, dtype=FLOATS)

    def _network(self):
        return network_of(self.mlp_)

    def _encoded(self, X):
        network, views = self._network()
        return hidden_values(network, views, X, len(network.dense) // 2 - 1)

    def _decoded(self, Z):
        network, views = self._network()
        middle = network.dense[len(network.dense) // 2]
        raw = network.predict(views, Z, slice(middle, None))
        values = self.mlp_._fitted_loss().inverse_link(raw)
        return values.astype(Z.dtype, copy=False)

    @property
    def _n_features_out(self):
        coefs = self.mlp_.coefs_
        return coefs[len(coefs) // 2].shape[0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
