"""MLPClassifier."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if

from skmlp.estimators.base import BaseMLP, has_partial_fit
from skmlp.estimators.targets import (
    check_labels,
    decode,
    encode,
    encoder_for,
    encoder_of,
)
from skmlp.losses import LOSSES


class MLPClassifier(ClassifierMixin, BaseMLP):
    """Multi-layer perceptron classifier, a drop-in for scikit-learn's."""

    def __init__(
        self,
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
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        return self._learn(X, y, sample_weight, incremental=True, classes=classes)

    def predict(self, X):
        raw = self._raw(X)
        return decode(encoder_of(self), raw)

    def decision_function(self, X):
        raw = self._raw(X)
        return raw.ravel() if raw.shape[1] == 1 else raw

    def predict_proba(self, X):
        raw = self._raw(X)
        return self._probabilities(raw)

    def predict_log_proba(self, X):
        raw = self._raw(X)
        proba = self._probabilities(raw)
        log_proba = np.log(proba)
        floored = proba <= np.finfo(proba.dtype).tiny
        if floored.any():
            log_proba[floored] = self._loss.log_inverse_link(self._by_class(raw))[
                floored
            ]
        return log_proba

    def _by_class(self, raw):
        """A raw output for each class: of a single output, its negative for "no"."""
        return np.hstack([-raw, raw]) if raw.shape[1] == 1 else raw

    def _probabilities(self, raw):
        """Probabilities, no smaller than the smallest normal number."""
        if len(self.classes_) == 1:
            return np.ones_like(raw)
        proba = self._loss.inverse_link(self._by_class(raw))
        return np.maximum(proba, np.finfo(proba.dtype).tiny, out=proba)

    def _encode_target(self, y, n_samples, dtype, call):
        y = check_labels(self, y, n_samples)
        encoder = encoder_for(self, y, call)
        self._label_binarizer, self.classes_ = encoder, encoder.classes_
        return encode(encoder, y, dtype)

    @property
    def _loss(self):
        many = encoder_of(self).y_type_ == "multiclass"
        return LOSSES["multinomial_log_loss" if many else "binomial_log_loss"]

    def _strata(self, Y):
        # scikit-learn stratifies single outputs only; its error message, which its
        # users know, names the strata as strings
        return np.where(Y[:, 0], "True", "False") if Y.shape[1] == 1 else None

    def _score_raw(self, Y, raw, weight):
        """Accuracy; with several labels, of rows with all labels right."""
        if not np.isfinite(raw).all():
            return np.nan
        if self._loss.out_activation == "softmax":
            target, predicted = Y.argmax(axis=1), raw.argmax(axis=1)
        else:
            target, predicted = (Y > 0).astype(int), (raw > 0).astype(int)
        return accuracy_score(target, predicted, sample_weight=weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        return tags
