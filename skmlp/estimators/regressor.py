"""MLPRegressor."""

from typing import ClassVar

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if

from skmlp.estimators.base import BaseMLP, has_partial_fit
from skmlp.estimators.targets import check_counts, check_numbers
from skmlp.estimators.validation import RULES, check_parameters, one_of
from skmlp.losses import LOSSES

ACCEPTS, EXPECTED = one_of(("squared_error", "poisson"))
# the order of parameters is scikit-learn's, and easily taken for the classifier's
LOSS_RULE = ACCEPTS, f"{EXPECTED} (hidden_layer_sizes is the second parameter)"


class MLPRegressor(RegressorMixin, BaseMLP):
    """Multi-layer perceptron regressor: a drop-in for scikit-learn's.

    The same parameters and seed give the same model. Targets may have several columns.

    Parameters
    ----------
    loss : {'squared_error', 'poisson'}, default='squared_error'
        What training makes small: half the squared error, or half the Poisson deviance,
        which predicts with a log link and needs ``y >= 0``.

    hidden_layer_sizes : int, sequence of int or str, default=(100,)
        Units of the hidden layers, from input to output. An int is one hidden layer;
        ``()`` is none, which makes a linear model. ``"256-128"`` are layers of 256 and
        128 units, ``"128x2"`` is 2 layers of 128 units; integral floats count as ints.

    activation : {'identity', 'logistic', 'tanh', 'relu'}, default='relu'
        What hidden units apply to z, the weighted sum of their inputs plus the bias.

        - 'identity': z
        - 'logistic': 1 / (1 + exp(-z))
        - 'tanh': tanh(z)
        - 'relu': max(0, z)

    solver : {'lbfgs', 'sgd', 'adam'}, default='adam'
        How the weights are optimized.

        - 'lbfgs': limited-memory BFGS on all rows at once; often the best choice for
          some hundreds of rows.
        - 'sgd': mini-batch gradient descent with momentum.
        - 'adam': mini-batches, steps scaled by running moments of the gradient.

    alpha : float, default=0.0001
        Strength of the L2 penalty on weights (not on biases), which is
        ``alpha / (2 n) * sum of squared weights`` where n is the number of rows of the
        batch times the mean of ``sample_weight``.

    batch_size : int or 'auto', default='auto'
        Rows a batch for 'sgd' and 'adam'; 'auto' is ``min(200, n_samples)``.

    learning_rate : {'constant', 'invscaling', 'adaptive'}, default='constant'
        How the rate of 'sgd' changes; the other solvers ignore it.

        - 'constant': ``learning_rate_init`` throughout.
        - 'invscaling': ``learning_rate_init / (t_ + 1) ** power_t``, set at the end of
          each epoch.
        - 'adaptive': divided by 5 whenever patience runs out (see `tol`); training
          ends when that happens at a rate of 1e-6 or less.

    learning_rate_init : float, default=0.001
        The rate at the start, for 'sgd' and 'adam'.

    power_t : float, default=0.5
        The exponent of 'invscaling'.

    max_iter : int, default=200
        The most epochs ('sgd', 'adam') or iterations ('lbfgs') of one ``fit``.

    shuffle : bool, default=True
        Whether rows are shuffled before each epoch, for 'sgd' and 'adam'.

    random_state : int, RandomState instance or None, default=None
        Draws the first weights and biases, the split of early stopping and the
        shuffles. An int gives the same model each time; None takes NumPy's global
        stream.

    tol : float, default=1e-4
        The improvement of the training loss, or of the validation score with
        ``early_stopping``, that an epoch must bring to count as one. When more than
        ``n_iter_no_change`` epochs in a row bring less, patience runs out and training
        ends. For 'lbfgs': the largest component of the gradient at which it ends.

    verbose : bool or int, default=False
        Whether to print a line for each epoch or iteration.

    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the fit before.

    momentum : float, default=0.9
        The share of the last step that 'sgd' repeats, in [0, 1].

    nesterovs_momentum : bool, default=True
        Whether 'sgd' uses Nesterov's momentum.

    early_stopping : bool, default=False
        Whether 'sgd' and 'adam' hold out ``validation_fraction`` of the rows, watch the
        R2 on them instead of the training loss, and go back to the weights of the
        best epoch. 'lbfgs' ignores it.

    validation_fraction : float, default=0.1
        The share of rows that early stopping holds out.

    beta_1 : float, default=0.9
        Decay of adam's first moment, in [0, 1).

    beta_2 : float, default=0.999
        Decay of adam's second moment, in [0, 1).

    epsilon : float, default=1e-8
        What adam adds to the root of the second moment.

    n_iter_no_change : int or inf, default=10
        Epochs without improvement that are borne, for 'sgd' and 'adam'.

    max_fun : int, default=15000
        The most evaluations of the loss by 'lbfgs'.

    Attributes
    ----------
    coefs_ : list of ndarray, coefs_[i] of shape (fan_in, fan_out)
        The weights of each layer. Like `intercepts_` they may be set by hand, and are
        then used by the next prediction or ``partial_fit``.

    intercepts_ : list of ndarray, intercepts_[i] of shape (fan_out,)
        The biases of each layer.

    loss_ : float
        The loss at the end: mean loss of the rows plus penalty, for 'sgd' and 'adam'
        as a mean over the last epoch.

    loss_curve_ : list of float
        The loss of each epoch. Absent after 'lbfgs', like the next three.

    best_loss_ : float or None
        The smallest loss that patience has seen; None with early stopping.

    validation_scores_ : list of float or None
        The R2 on the held-out rows after each epoch, with early stopping.

    best_validation_score_ : float or None
        The best of them, over all fits that went on from each other; a fit that
        reaches a new best keeps that epoch's weights.

    n_iter_ : int
        Epochs or iterations of the last fit.

    t_ : int
        Rows seen by 'sgd' or 'adam', over all fits that went on from each other.

    n_layers_ : int
        Number of layers, counting the inputs as one.

    n_outputs_ : int
        Number of outputs.

    out_activation_ : {'identity', 'exp'}
        The inverse link, which turns raw outputs into values.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had them, all strings.

    See Also
    --------
    MLPClassifier : The same network for classes.

    References
    ----------
    Rumelhart, Hinton and Williams, Learning representations by back-propagating errors,
    Nature 323, 1986.

    Glorot and Bengio, Understanding the difficulty of training deep feedforward neural
    networks, AISTATS 2010.

    Kingma and Ba, Adam: a method for stochastic optimization, ICLR 2015.

    Liu and Nocedal, On the limited memory BFGS method for large scale optimization,
    Mathematical Programming 45, 1989.

    Examples
    --------
    >>> from sklearn.compose import TransformedTargetRegressor
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skmlp import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> mlp = MLPRegressor(
    ...     hidden_layer_sizes=20, learning_rate_init=0.01, max_iter=20, tol=0.01,
    ...     random_state=0,
    ... )
    >>> regressor = TransformedTargetRegressor(
    ...     make_pipeline(StandardScaler(), mlp), transformer=StandardScaler()
    ... )
    >>> regressor.fit(X_train, y_train).predict(X_test[:1]).shape
    (1,)
    """

    _rules: ClassVar = {"loss": LOSS_RULE, **RULES}

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
        """Train on X and y, anew or, with ``warm_start=True``, from the weights it has.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs; float32 stays float32, all else becomes float64, but a model
            that is trained further keeps its dtype.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The numbers to predict.

        sample_weight : array-like of shape (n_samples,), float or None, default=None
            Weights >= 0 of the rows.

        Returns
        -------
        self : MLPRegressor
            The trained estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or an array is not as expected, which leaves the
            estimator as it was, or if the loss
            stops being finite, which leaves the estimator unfitted.
        """
        return self._learn(X, y, sample_weight, incremental=False)

    @available_if(has_partial_fit)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on X and y, from the weights it has.

        Only with solver 'sgd' or 'adam'; absent otherwise.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs; float32 stays float32, all else becomes float64, but a model
            that is trained further keeps its dtype.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The numbers to predict.

        sample_weight : array-like of shape (n_samples,), float or None, default=None
            Weights >= 0 of the rows.

        Returns
        -------
        self : MLPRegressor
            The trained estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or an array is not as expected, which leaves the
            estimator as it was, or if the loss
            stops being finite, which leaves the estimator unfitted.
        """
        return self._learn(X, y, sample_weight, incremental=True)

    def predict(self, X):
        """Predict numbers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        values : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The network's outputs after the inverse link.
        """
        raw = self._raw(X)
        values = self._fitted_loss.inverse_link(raw)
        return values.ravel() if values.shape[1] == 1 else values

    def _encode_target(self, y, n_samples, dtype, call):
        Y = check_numbers(self, y, n_samples, dtype)
        if self.loss == "poisson":
            check_counts(self, Y)
        return Y

    @property
    def _loss(self):
        check_parameters(self, {"loss": self._rules["loss"]})
        return LOSSES[self.loss]

    @property
    def _fitted_loss(self):
        """The loss of the last fit, whatever ``loss`` was set to since."""
        by_link = {loss.out_activation: loss for loss in LOSSES.values()}
        # parameters set by hand have no link but that of `loss`
        return by_link.get(getattr(self, "out_activation_", None), self._loss)

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
