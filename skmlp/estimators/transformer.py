"""MLPTransformer: a network's hidden layer as features for the next step."""

import sklearn
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from skmlp.errors import describe
from skmlp.estimators.base import BaseMLP
from skmlp.estimators.classifier import MLPClassifier
from skmlp.estimators.ensemble.support import check_one_member
from skmlp.estimators.fitting.kept_network import network_of
from skmlp.estimators.fitting.state import rollback_on_error
from skmlp.estimators.inspection.attribution import check_layer
from skmlp.estimators.lazy import lazy_for_dask
from skmlp.estimators.regressor import MLPRegressor
from skmlp.estimators.validation.arrays import check_X_to_predict
from skmlp.estimators.validation.parameters import hidden_sizes
from skmlp.estimators.validation.target_values import plain_values
from skmlp.model_file import SavableMixin
from skmlp.network.input_gradients import hidden_values


class MLPTransformer(
    ClassNamePrefixFeaturesOutMixin, SavableMixin, TransformerMixin, BaseEstimator
):
    """Features learned by a network: the activations of one of its hidden layers.

    ``fit`` trains a network on X and y; ``transform`` returns the activations of a
    hidden layer, as features for another model.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor or None, default=None
        The network; a clone of it is trained. None is ``MLPRegressor()`` if y holds
        numbers that are not all integers, otherwise ``MLPClassifier()``, as told by
        `sklearn.utils.multiclass.type_of_target`.

    layer : int, default=-1
        Index of the hidden layer: 0 is the first one, -1 the last. It may be changed
        after ``fit``.

    Attributes
    ----------
    estimator_ : MLPClassifier or MLPRegressor
        The trained network.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had them and all are strings.

    See Also
    --------
    MLPAutoencoder : Features learned without y.
    MLPClassifier.hidden_activations : The same for a fitted estimator.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skmlp import MLPClassifier, MLPTransformer
    >>> X, y = load_iris(return_X_y=True)
    >>> mlp = MLPClassifier(
    ...     "20-3", solver="lbfgs", alpha=1.0, max_iter=1000, random_state=0
    ... )
    >>> model = make_pipeline(
    ...     StandardScaler(), MLPTransformer(mlp), LogisticRegression()
    ... )
    >>> model.fit(X, y)[:-1].transform(X).shape
    (150, 3)
    >>> model.score(X, y) > 0.9
    True
    """

    def __init__(self, estimator=None, layer=-1):
        self.estimator = estimator
        self.layer = layer

    def fit(self, X, y, **fit_params):
        """Train the network on X and y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        y : array-like
            Targets of the network.

        **fit_params : dict
            Further arguments of the network's ``fit``, such as ``sample_weight`` or
            ``X_val``; with metadata routing those that it requests.

        Returns
        -------
        self : MLPTransformer
            The trained transformer.

        Raises
        ------
        TypeError
            If `estimator` is not an estimator of skmlp.
        ValueError
            If the network has no such hidden layer, or raised by the network's
            ``fit``; the transformer is then unchanged.
        """
        estimator = clone(self._estimator_for(y))
        check_one_member(type(self).__name__, estimator.n_members)
        check_layer(self, self.layer, _n_hidden(estimator))
        if sklearn.get_config()["enable_metadata_routing"]:
            fit_params = process_routing(self, "fit", **fit_params).estimator.fit
        with rollback_on_error(self):
            self.estimator_ = estimator.fit(X, y, **fit_params)
            validate_data(self, X, skip_check_array=True)  # for the features' names
        return self

    @lazy_for_dask
    def transform(self, X):
        """Activations of the hidden layer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        values : ndarray of shape (n_samples, n_units)
            Activations of the layer's units.

        Raises
        ------
        ValueError
            If the network has no such hidden layer, or X is not as in ``fit``.
        """
        check_is_fitted(self, "estimator_")
        X = check_X_to_predict(self, X)
        network, layers = self._network()
        return hidden_values(network, layers, X, self._number())

    def get_metadata_routing(self):
        """Routing of metadata to the network's ``fit``.

        Returns
        -------
        routing : MetadataRouter
            See scikit-learn's user guide on metadata routing.
        """
        estimator = MLPClassifier() if self.estimator is None else self.estimator
        methods = MethodMapping()
        # scikit-learn before 1.9 does not see that fit_transform calls fit
        for caller in ("fit", "fit_transform"):
            methods.add(caller=caller, callee="fit")
        router = MetadataRouter(owner=type(self).__name__)
        return router.add(estimator=estimator, method_mapping=methods)

    def _estimator_for(self, y):
        """The estimator to clone; by default it depends on the kind of y."""
        if isinstance(self.estimator, BaseMLP):
            return self.estimator
        if self.estimator is not None:
            raise TypeError(
                f"{type(self).__name__}: estimator must be None, or an MLPClassifier "
                f"or MLPRegressor of skmlp, got {describe(self.estimator)}."
            )
        if y is None:
            name = type(self).__name__
            raise ValueError(
                f"{name} requires y to be passed, but the target y is None."
            )
        y = plain_values(type(self).__name__, "y", y, numeric=False)
        is_of_numbers = type_of_target(y).startswith("continuous")
        return MLPRegressor() if is_of_numbers else MLPClassifier()

    def _network(self):
        return network_of(self.estimator_)

    def _number(self) -> int:
        """Index of the hidden layer, from 0."""
        return check_layer(self, self.layer, len(self.estimator_.coefs_) - 1)

    @property
    def _n_features_out(self):
        return self.estimator_.coefs_[self._number()].shape[1]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _n_hidden(estimator) -> int:
    owner = type(estimator).__name__
    return len(hidden_sizes(owner, estimator.hidden_layer_sizes))
