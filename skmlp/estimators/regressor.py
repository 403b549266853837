"""MLPRegressor."""

from typing import ClassVar

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if

from skmlp.estimators.averaging import mean_values
from skmlp.estimators.base import BaseMLP, has_partial_fit
from skmlp.estimators.calibration import interval_width
from skmlp.estimators.parts import make_part
from skmlp.estimators.refusals import takes_sparse
from skmlp.estimators.targets import check_domain, check_numbers
from skmlp.estimators.validation import RULES, check_parameters
from skmlp.losses import (
    REGRESSION_LOSSES,
    PoissonDeviance,
    RegressionLoss,
    SquaredError,
)
from skmlp.parts import part_of
from skmlp.rules import BOOLEAN

# For others R2 would stop training early at the wrong model, such as a mean for a high
# quantile.
SCORED_BY_R2 = (SquaredError, PoissonDeviance)

ACCEPTS, EXPECTED = part_of(REGRESSION_LOSSES, RegressionLoss)
# the order of parameters is scikit-learn's, and easily taken for the classifier's
LOSS_RULE = ACCEPTS, f"{EXPECTED} (hidden_layer_sizes is the second parameter)"


class MLPRegressor(RegressorMixin, BaseMLP):
    """Multi-layer perceptron regressor: a drop-in for scikit-learn's.

    The same parameters and seed give the same model. Targets may have several columns.

    Parameters
    ----------
    loss : str or object, default='squared_error'
        What training makes small: 'squared_error', 'absolute_error', 'huber',
        'log_cosh', 'quantile'; or, with a log link, the deviances 'poisson' and
        'tweedie' (``y >= 0``) and 'gamma' (``y > 0``). An object of ``skmlp.losses``,
        which has their formulas, carries settings, such as ``Huber(delta=2.0)`` or
        ``Quantile(level=[0.1, 0.5, 0.9])``, which predicts several quantiles at once.

    hidden_layer_sizes : int, sequence of int or str, default=(100,)
        Units of the hidden layers, from input to output. An int is one hidden layer;
        ``()`` is none, which makes a linear model. ``"256-128"`` are layers of 256 and
        128 units, ``"128x2"`` is 2 layers of 128 units; integral floats count as ints.
        ``"by_rows"`` is one layer of 256 units for up to 500 rows in ``fit``, else two
        of 128.

    activation : str, object, or list with one for each hidden layer, default='relu'
        What hidden units apply to z, the weighted sum of their inputs plus the bias:
        'identity', 'logistic', 'tanh', 'relu', 'leaky_relu', 'elu', 'selu', 'softplus',
        'silu' (or 'swish'), 'gelu', 'gelu_tanh', 'mish', or one that learns its shape
        by unit, 'prelu', 'parametric_selu' or 'parametric_mish'; or an object of
        ``skmlp.activations``, which has their formulas, such as
        ``LeakyReLU(slope=0.1)``. An object of your own needs the methods
        ``forward(z, out)`` and ``backward(delta, z, a)``; ``fit`` compares them.
        Predictions read it anew: change it only together with a new fit.

    solver : str or object, default='adam'
        How the weights are optimized: by 'lbfgs', limited-memory BFGS on all rows at
        once, often the best choice for some hundreds of rows; or by mini-batches, with
        'sgd', 'adam', 'adamw', 'amsgrad', 'nadam', 'rmsprop', 'adagrad' or 'lion'. An
        object of ``skmlp.solvers``, which has their formulas, carries its own settings,
        such as ``AdamW(weight_decay=0.01, clip_norm=1.0, averaging=0.99)``.

    alpha : float, default=0.0001
        Strength of the L2 penalty on weights (not on biases), which is
        ``alpha / (2 n) * sum of squared weights`` where n is the number of rows of the
        batch times the mean of ``sample_weight``. It stays active beside the weight
        decay of solvers that have one.

    batch_size : int, 'auto' or 'by_rows', default='auto'
        Rows a batch for stochastic solvers; 'auto' is ``min(200, n_samples)``,
        'by_rows' is 32 for up to 1,024 training rows, 128 for up to 8,192, then 256.

    learning_rate : str, object or callable, default='constant'
        How the rate of a stochastic solver changes; 'lbfgs' has none.

        - 'constant': ``learning_rate_init`` throughout.
        - 'invscaling': ``learning_rate_init / (t_ + 1) ** power_t``, set at the end of
          each epoch.
        - 'adaptive': divided by 5 whenever patience runs out (see `tol`); training
          ends when that happens at a rate of 1e-6 or less.
        - 'plateau', 'cosine', 'one_cycle', 'exponential', 'step', 'linear', 'coslog4',
          'flat_cos', 'warmup', or an object of ``skmlp.schedules``, which has their
          formulas, such as ``Warmup(Cosine(end=0.01))``.
        - A function of progress in [0, 1], which counts updates over those of
          ``max_iter`` epochs; it returns the factor on ``learning_rate_init``.

        As in scikit-learn, 'adam' ignores 'invscaling' and 'adaptive' given by name.

    learning_rate_init : float, default=0.001
        The rate that schedules multiply, for stochastic solvers.

    power_t : float, default=0.5
        The exponent of 'invscaling'.

    max_iter : int, default=200
        The most epochs (or iterations of 'lbfgs') of one ``fit``.

    shuffle : bool, default=True
        Whether rows are shuffled before each epoch, for stochastic solvers.

    random_state : int, RandomState instance or None, default=None
        Draws the first weights and biases, the split of early stopping, the shuffles
        and the noise. An int gives the same model each time; None takes NumPy's global
        stream.

    tol : float, default=1e-4
        The improvement of the training loss, or of the validation score with
        ``early_stopping``, that an epoch must bring to count as one. When more than
        ``n_iter_no_change`` epochs in a row bring less, patience runs out and training
        ends. For 'lbfgs': the largest component of the gradient at which it ends.

    verbose : bool or int, default=False
        True or 1 prints each epoch or iteration as scikit-learn does; k from 2 on the
        first, every k-th and the last one, with validation loss and score, rate and
        seconds where there are any.

    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the fit before.

    momentum : float, default=0.9
        The share of the last step that 'sgd' repeats, in [0, 1].

    nesterovs_momentum : bool, default=True
        Whether 'sgd' uses Nesterov's momentum.

    early_stopping : bool, default=False
        Whether training holds rows out (`validation_fraction`, or ``X_val`` of
        ``fit``), watches R2 on them, or what `scoring` says, instead of the training
        loss, and goes back to the weights of the best epoch. 'lbfgs' ignores it, unless
        `scoring` or ``X_val`` is given.

    validation_fraction : float or splitter, default=0.1
        The share of rows that early stopping holds out, or a splitter of scikit-learn's
        kind, such as ``TimeSeriesSplit()`` or ``GroupShuffleSplit(random_state=0)``,
        whose last split says which rows train and which validate.

    beta_1 : float, default=0.9
        Decay of adam's first moment, in [0, 1).

    beta_2 : float, default=0.999
        Decay of adam's second moment, in [0, 1).

    epsilon : float, default=1e-8
        What adam adds to the root of the second moment.

    n_iter_no_change : int or inf, default=10
        Epochs without improvement that are borne, for stochastic solvers.

    max_fun : int, default=15000
        The most evaluations of the loss by 'lbfgs'.

    initializer : str or object, default='glorot_uniform'
        How first weights are drawn: 'glorot_uniform' (as in scikit-learn, biases too),
        'glorot_normal', 'he_uniform', 'he_normal', 'lecun_uniform', 'lecun_normal' or
        'orthogonal', whose biases are 0; 'ntk' or 'data_driven'; or an object of
        ``skmlp.initializers``, which has their formulas.

    output_bias : {'drawn', 'optimum'}, default='drawn'
        Where the last biases start: as drawn, or at the loss's best constant, such as
        the logarithms of the class shares or the mean of y.

    coefs_init : fitted estimator, or pair of lists of arrays, default=None
        Where ``fit`` starts instead: the layers of another estimator, or
        ``(coefs, intercepts)``.

    dropout : float, or list with one for each hidden layer, default=0.0
        The share of a hidden layer's units that each training row goes without, in
        [0, 1); the others are scaled up. Not with 'lbfgs'.

    input_dropout : float, default=0.0
        The same for the inputs.

    input_noise : float, default=0.0
        Standard deviation of the normal noise on the inputs of each training row, in
        units of X. Not with 'lbfgs', nor sparse X.

    alpha_l1 : float, default=0.0
        Strength of the L1 penalty on weights, ``alpha_l1 / n * sum of absolute
        weights``, with n as for `alpha`. Not with 'lbfgs'.

    max_norm : float or None, default=None
        The largest Euclidean norm of each unit's incoming weights, to which they are
        shortened after each update. Not with 'lbfgs'.

    scoring : str, callable or None, default=None
        What early stopping watches on the validation rows: None is R2 with the losses
        that scikit-learn has and minus the loss with others, 'loss' minus the loss,
        else a scorer of scikit-learn by its name, or a callable of estimator, X and y
        (and sample_weight, if it has that parameter); larger is better.

    tol_mode : {'absolute', 'relative'}, default='absolute'
        Whether `tol` is a difference, or a share of the best loss or score so far.

    min_updates : int, default=0
        Updates of the model before which patience does not end training.

    refit : bool, default=False
        Whether, after early stopping, training starts again on all rows, for as many
        epochs as were best. ``history_``, curves, scores and ``n_iter_`` stay those of
        the first run; ``loss_``, ``t_`` and ``n_updates_`` are those of the second.
        Needs ``early_stopping=True``; not with ``X_val``. There is none after an
        interrupt or a callback's end.

    max_time : float or None, default=None
        The most seconds a fit may train. Schedules of progress run through in that
        time, so that training still ends at their low rates. With `refit` each of the
        two runs has one half.

    recover : bool, default=False
        Whether a fit that diverges goes back to its last good epoch and on at half the
        rate, up to three times; ``stop_reason_`` names each. Not with 'lbfgs'.

    scale_input : bool, default=False
        Whether the network trains on standardised columns of X, by mean and standard
        deviation of the rows that train (with ``partial_fit``, of the first call's
        rows). Both are folded into the first layer, so that
        ``coefs_`` and predictions are for X as it is. `alpha`, `input_noise` and
        `initializer` act on the standardised columns. Not with sparse X.

    scale_target : bool, default=False
        Whether the network trains on standardised targets, or on targets over their
        mean for losses with log link (with ``partial_fit``, of the first call's rows).
        This is folded into the last layer, so that
        ``coefs_``, predictions and losses are in units of y. `tol`, settings such as
        ``Huber(delta=1.0)``, and `alpha` act on the standardised targets, each of
        which counts alike.

    freeze : int, default=0
        How many of the first layers keep the weights they start with, such as those of
        `coefs_init`, of which the other layers then need not agree: the first of them
        that do are taken over, the others drawn. Not with `scale_input` or averaging.

    record : {'layers'} or None, default=None
        What ``history_`` has besides, in arrays (n_epochs, n_layers):
        'layer_gradient_norm' and 'layer_update_ratio' (of the epoch's last step), and
        for hidden layers 'layer_dead' (share of units whose derivative is below 0.01
        on all of up to 500 rows) and 'layer_saturated' (share of pairs of unit and row
        where it is). Not with 'lbfgs'.

    checkpoint : path-like or None, default=None
        A file, written every `checkpoint_every` epochs and at the end, from which the
        same fit, started again, goes on to the same model, bit for bit. A file of
        another fit is refused, such as of another fold in cross-validation; delete it
        to begin anew. Needs an integer `random_state`. Not with 'lbfgs' or `refit`.

    checkpoint_every : int, default=1
        Epochs from one writing of `checkpoint` to the next.

    numeric_embedding : {'pbld', 'piecewise_linear'}, object or None, default=None
        What columns of numbers become besides their own values: learned periodic
        functions of them, or piecewise linear ones, or an object of
        ``skmlp.embeddings``, such as ``PBLD(sigma=0.05)``. Columns with at most two
        different values, such as flags, pass as they are. Scale X before. Not with
        `scale_input`, `input_dropout`, `input_noise`, `coefs_init` or `freeze`.

    categorical_features : array-like of int, bool or str, or None, default=None
        The columns of X whose numbers are codes of categories, as of scikit-learn's
        ``OrdinalEncoder``; each category becomes a row of `embedding_size` learned
        numbers. Codes that training did not have, and -1, share a row of their own. Not
        with what `numeric_embedding` does not go with.

    embedding_size : int, default=8
        Learned numbers for each category of `categorical_features`.

    learned_scale : bool, default=False
        Whether each input of the first layer has a learned factor, 1 at first, which
        ``coefs_[0]`` has in it after training; `alpha` acts before. Not with
        `scale_input`, `coefs_init`, `freeze` or `max_norm`.

    parametrization : {'standard', 'ntk'}, default='standard'
        With 'ntk' the learning rate of a layer's weights is divided by sqrt(fan_in),
        which for solvers whose steps do not grow with the gradient, such as 'adam', is
        training W where the layer is ``x W / sqrt(fan_in) + b``. Not with 'lbfgs'.

    rate_factors : dict or None, default=None
        Factors on the learning rate of groups of parameters, and on their decay by
        `solver`: 'weights', 'biases', 'scale' (`learned_scale`), 'numeric_embedding',
        'category_embedding' and 'activation' (alphas of parametric ones); 1 where not
        named. Biases and alphas do not decay. Not with 'lbfgs'.

    dropout_schedule : str, object or callable, default='constant'
        The factor on `dropout`, `input_dropout` and `input_noise` in the course of
        training, such as 'flat_cos'; all that `learning_rate` takes.

    weight_decay_schedule : str, object or callable, default='constant'
        The same for the decay of `solver`, such as that of ``AdamW()``.

    best_of_ties : {'first', 'last'}, default='first'
        Which of several epochs with the best validation score early stopping keeps.

    n_members : int, default=1
        Networks whose mean prediction is the estimator's, each with a seed of its own
        and, with early stopping, validation rows of its own draw. From 2 on,
        ``members_`` holds them, and there are no ``coefs_``, curves and ``history_``
        but theirs; `max_time` is that of all. Not with ``partial_fit``, `warm_start`,
        `checkpoint` or callbacks.

    bagging : {'seeds', 'folds'}, default='seeds'
        What tells members apart: their seeds, or also the fold of a cross-validation
        that each holds out, after which ``oof_prediction_`` has, of each row, the
        prediction of the member that did not see it. Folds are of the same shares of
        classes, of whole ``groups``, or those of a splitter as `validation_fraction`.
        Needs ``early_stopping=True``.

    n_jobs : int or None, default=None
        Members that train at the same time, in processes; None is 1, -1 as many as
        there are processors. The model does not depend on it. Where all members are
        trained within a second or so, they are trained one by one.

    clip_output : bool, default=False
        Whether predictions, with members those of each, stay within the range of y in
        training.

    Attributes
    ----------
    coefs_ : list of ndarray, coefs_[i] of shape (fan_in, fan_out)
        The weights of each layer. Like `intercepts_` they may be set by hand, and are
        then used by the next prediction or ``partial_fit``.

    intercepts_ : list of ndarray, intercepts_[i] of shape (fan_out,)
        The biases of each layer.

    loss_ : float
        The loss at the end: mean loss of the rows plus penalty, for stochastic solvers
        as a mean over the last epoch.

    loss_curve_ : list of float
        The loss of each epoch. Absent after 'lbfgs', like the next four.

    validation_loss_curve_ : list of float or None
        The loss on the validation rows after each epoch, without penalty; nan for
        epochs of earlier fits that had none, None where no epoch had one.

    best_loss_ : float or None
        The smallest loss that patience has seen; None with early stopping.

    validation_scores_ : list of float or None
        The R2 on the held-out rows after each epoch, with early stopping.

    best_validation_score_ : float or None
        The best of them, over all fits that went on from each other; a fit that
        reaches a new best keeps that epoch's weights.

    best_epoch_ : int or None
        The epoch whose weights early stopping kept, counted from 1 over all fits that
        went on from each other; None where no epoch was chosen.

    stop_reason_ : str
        Why the last fit ended, as a sentence.

    history_ : dict of ndarray of shape (n_epochs,)
        Of each epoch, or iteration of 'lbfgs': 'loss' (without the penalty), 'penalty',
        'validation_loss' and 'validation_score' of validation rows, 'learning_rate',
        'gradient_norm' (of the last batch), 'parameter_norm' and 'seconds'; nan where
        an epoch has none.

    n_updates_ : int
        Updates by a stochastic solver, or evaluations by 'lbfgs', over all fits that
        went on from each other.

    n_iter_ : int
        Epochs or iterations of the last fit.

    t_ : int
        Rows seen by a stochastic solver, over all fits that went on from each other.

    n_layers_ : int
        Number of layers, counting the inputs as one.

    n_outputs_ : int
        Number of outputs.

    out_activation_ : {'identity', 'exp'}
        The inverse link, which turns raw outputs into values.

    members_ : list of MLPRegressor
        The members, from ``n_members=2`` on.

    oof_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        With ``bagging='folds'``: of each row the prediction by the member that held it
        out; nan where none did.

    validation_residuals_ : ndarray of shape (n_validation_rows, n_outputs)
        y minus prediction where training held rows out, for ``predict_interval``.

    output_range_ : ndarray of shape (2, n_outputs)
        With `clip_output`: the least and the largest y in training.

    embedding_ : InputEmbedding
        With `numeric_embedding` or `categorical_features`: what the first layer sees of
        X, by ``embedding_.transform(X)``; ``coefs_[0]`` has a row for each of these
        columns.

    alphas_ : list of ndarray of shape (units,), or None
        Of each hidden layer with a parametric activation what it learned.

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

    _rules: ClassVar = {
        "loss": LOSS_RULE,
        **RULES,
        "scale_target": BOOLEAN,
        "clip_output": BOOLEAN,
    }

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
        initializer="glorot_uniform",
        output_bias="drawn",
        coefs_init=None,
        dropout=0.0,
        input_dropout=0.0,
        input_noise=0.0,
        alpha_l1=0.0,
        max_norm=None,
        scoring=None,
        tol_mode="absolute",
        min_updates=0,
        refit=False,
        max_time=None,
        recover=False,
        scale_input=False,
        scale_target=False,
        freeze=0,
        record=None,
        checkpoint=None,
        checkpoint_every=1,
        numeric_embedding=None,
        categorical_features=None,
        embedding_size=8,
        learned_scale=False,
        parametrization="standard",
        rate_factors=None,
        dropout_schedule="constant",
        weight_decay_schedule="constant",
        best_of_ties="first",
        n_members=1,
        bagging="seeds",
        n_jobs=None,
        clip_output=False,
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
        self.initializer = initializer
        self.output_bias = output_bias
        self.coefs_init = coefs_init
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.input_noise = input_noise
        self.alpha_l1 = alpha_l1
        self.max_norm = max_norm
        self.scoring = scoring
        self.tol_mode = tol_mode
        self.min_updates = min_updates
        self.refit = refit
        self.max_time = max_time
        self.recover = recover
        self.scale_input = scale_input
        self.scale_target = scale_target
        self.freeze = freeze
        self.record = record
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every
        self.numeric_embedding = numeric_embedding
        self.categorical_features = categorical_features
        self.embedding_size = embedding_size
        self.learned_scale = learned_scale
        self.parametrization = parametrization
        self.rate_factors = rate_factors
        self.dropout_schedule = dropout_schedule
        self.weight_decay_schedule = weight_decay_schedule
        self.best_of_ties = best_of_ties
        self.n_members = n_members
        self.bagging = bagging
        self.n_jobs = n_jobs
        self.clip_output = clip_output

    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        groups=None,
    ):
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

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation rows of your own; no rows are then split off X. Their loss and
            score are in ``history_``, and ``early_stopping=True`` watches them.

        y_val : array-like, default=None
            Their targets, as y.

        sample_weight_val : array-like of shape (n_val,), float or None, default=None
            Their weights >= 0.

        groups : array-like of shape (n_samples,), default=None
            Groups of the rows, for a `validation_fraction` that is a splitter.

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
        validation = (X_val, y_val, sample_weight_val)
        call = self._call(validation=validation, groups=groups)
        return self._learn(X, y, sample_weight, call)

    @available_if(has_partial_fit)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on X and y, from the weights it has.

        Only with stochastic solvers; absent with 'lbfgs'.

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
        return self._learn(X, y, sample_weight, self._call(incremental=True))

    def predict(self, X):
        """Predict numbers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        values : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The network's outputs after the inverse link. With several quantile levels
            there is one more axis, for the levels in ascending order.
        """
        return self._outputs_of(self._output(X))

    def predict_interval(self, X, coverage=0.9):
        """Predict intervals that hold y in a share of `coverage` of rows.

        By the absolute residuals of rows that did not train: those that early stopping
        holds out, ``X_val``, or with members the rows that some of them held out. Where
        new rows come as these did, the share is right in the mean over such fits,
        whatever the distribution: Lei, G'Sell, Rinaldo, Tibshirani and Wasserman,
        Distribution-free predictive inference for regression, 2018, algorithm 2. Early
        stopping has chosen the epoch by the same rows, which makes it a little smaller,
        and members are better in the mean than alone, which makes it a little larger.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        coverage : float, default=0.9
            The share, in (0, 1).

        Returns
        -------
        lower, upper : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The ends of the intervals, of each output for itself.

        Raises
        ------
        ValueError
            If no rows were held out, or too few for the coverage, or if the loss has
            levels, which predict quantiles themselves.

        Examples
        --------
        >>> from sklearn.datasets import make_regression
        >>> from skmlp import MLPRegressor
        >>> X, y = make_regression(500, 3, noise=10.0, random_state=0)
        >>> reg = MLPRegressor(early_stopping=True, validation_fraction=0.2,
        ...                    scale_input=True, scale_target=True, random_state=0)
        >>> lower, upper = reg.fit(X[:400], y[:400]).predict_interval(X[400:])
        >>> bool(((lower <= y[400:]) & (y[400:] <= upper)).mean() > 0.8)
        True
        """
        values = self._outputs_of(self._output(X))
        width = interval_width(self, coverage)
        width = width.astype(values.dtype)
        width = width[0] if values.ndim == 1 else width
        return values - width, values + width

    def score(self, X, y, sample_weight=None):
        """The coefficient of determination R2, the mean over outputs.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The numbers to predict.

        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weights >= 0 of the rows.

        Returns
        -------
        score : float
            At most 1. Of several quantile levels, the one nearest 1/2 counts.
        """
        predicted = self._central(self._output(X))
        return r2_score(y, predicted, sample_weight=sample_weight)

    def _output_of(self, raw):
        """Predictions (n_samples, n_targets), or (n_samples, n_targets, n_levels)."""
        loss = self._predicting_loss()
        values, n_levels = loss.inverse_link(raw), loss.n_outputs(1)
        if n_levels > 1:
            values = values.reshape(len(values), -1, n_levels)
        return self._clipped(values)

    def _mean_output(self, outputs, counted=None):
        # clipped again, for the mean of equal numbers may be larger than they are
        return self._clipped(mean_values(outputs, counted))

    def _outputs_of(self, output):
        return output[:, 0] if output.shape[1] == 1 else output

    def _clipped(self, values):
        bounds = getattr(self, "output_range_", None)
        if bounds is None:
            return values
        low, high = bounds.astype(values.dtype)
        if values.ndim == 3:  # of levels
            low, high = low[:, np.newaxis], high[:, np.newaxis]
        return np.clip(values, low, high)

    def _learn_from_held_out(self, held, output):
        """Keep residuals for ``predict_interval``, of a loss without levels."""
        if output.ndim == 2:
            self.validation_residuals_ = held.Y - output
            self._validation_weight = held.weight

    def _central(self, output):
        """Predictions (n_samples, n_targets): of several levels that nearest 1/2."""
        if output.ndim == 2:
            return output
        levels = np.array(self._predicting_loss().levels)
        return output[:, :, np.argmin(np.abs(levels - 0.5))]

    def _encode_target(self, y, n_samples, dtype, call):
        Y = check_numbers(self, y, n_samples, dtype)
        check_domain(self, self._make_loss(), Y)
        return Y

    def _note_targets(self, data):
        """The range of y, by which a model that goes on widens the one it has."""
        before = vars(self).pop("output_range_", ())
        if self.clip_output:
            Y = data.Y if data.weight is None else data.Y[data.weight > 0]
            ends = np.stack([Y.min(axis=0), Y.max(axis=0), *before])
            self.output_range_ = np.stack([ends.min(axis=0), ends.max(axis=0)])

    def _decode_target(self, Y):
        return Y[:, 0] if Y.shape[1] == 1 else Y

    def _make_loss(self):
        check_parameters(self, {"loss": self._rules["loss"]})
        return make_part(REGRESSION_LOSSES, self.loss, self, "loss")

    def _predicting_loss(self):
        """The loss of the last fit, whatever ``loss`` was set to since."""
        return getattr(self, "_fitted_loss", None) or self._make_loss()

    def _strata(self, Y):
        return None

    def _has_default_score(self):
        return type(self._make_loss()) in SCORED_BY_R2

    def _score_raw(self, Y, raw, weight):
        """R2, the mean over outputs."""
        loss = self._make_loss()
        predicted = loss.inverse_link(raw)
        if len(Y) < 2 or not np.isfinite(predicted).all():
            return np.nan
        return r2_score(Y, predicted, sample_weight=weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = takes_sparse(self)
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = _needs_positive(self.loss)
        return tags


def _needs_positive(loss) -> bool:
    """Whether a loss, by its name or as an object, refuses negative targets.

    What is no loss is refused by ``fit``, not here.
    """
    if isinstance(loss, str) and loss in REGRESSION_LOSSES:
        loss = REGRESSION_LOSSES[loss]()
    return bool(getattr(loss, "domain", ""))
