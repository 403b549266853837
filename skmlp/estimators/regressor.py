"""MLPRegressor."""

from typing import ClassVar

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if

from skmlp.estimators.base import BaseMLP, has_partial_fit
from skmlp.estimators.targets import check_counts, check_numbers
from skmlp.estimators.validation import RULES, one_of
from skmlp.losses import LOSSES


class MLPRegressor(RegressorMixin, BaseMLP):
    """Multi-layer perceptron regressor, a drop-in for scikit-learn's."""

    _rules: ClassVar = {"loss": one_of(("squared_error", "poisson")), **RULES}

    def __init__(
        self,
        loss="squared_error",
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
    ):
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun

    def fit(self, X, y, sample_weight=None):
        return self._learn(X, y, sample_weight, incremental=False)

    @available_if(has_partial_fit)
    def partial_fit(self, X, y, sample_weight=None):
        return self._learn(X, y, sample_weight, incremental=True)

    def predict(self, X):
        values = self._loss.inverse_link(self._raw(X))
        return values.ravel() if values.shape[1] == 1 else values

    def _encode_target(self, y, n_samples, dtype, call):
        Y = check_numbers(self, y, n_samples, dtype)
        if self.loss == "poisson":
            check_counts(self, Y)
        return Y

    @property
    def _loss(self):
        return LOSSES[self.loss]

    def _strata(self, Y):
        return None

    def _score_raw(self, Y, raw, weight):
        """R2, the mean over outputs."""
        predicted = self._loss.inverse_link(raw)
        if not np.isfinite(predicted).all():
            return np.nan
        return r2_score(Y, predicted, sample_weight=weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags
