"""MLPClassifier."""

from typing import ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if

from skmlp.estimators.averaging import mean_raw
from skmlp.estimators.base import BaseMLP, has_partial_fit
from skmlp.estimators.class_columns import ClassColumns, rows_right
from skmlp.estimators.parts import make_part
from skmlp.estimators.refusals import takes_sparse
from skmlp.estimators.targets import (
    check_labels,
    check_n_outputs,
    check_shares,
    columns_of_classes,
    decode,
    encode,
    encoder_for,
    encoder_of,
    encoder_of_shares,
)
from skmlp.estimators.temperature import best_temperature
from skmlp.estimators.validation import RULES, owner
from skmlp.estimators.weighting import class_weights
from skmlp.losses import (
    CLASSIFICATION_LOSSES,
    BinomialLogLoss,
    ClassificationLoss,
    LogLoss,
    MultinomialLogLoss,
)
from skmlp.parts import part_of
from skmlp.rules import either, one_of


class MLPClassifier(ClassifierMixin, BaseMLP):
    """Multi-layer perceptron classifier: a drop-in for scikit-learn's.

    The same parameters and seed give the same model. Binary, multiclass and multilabel
    targets are trained on the cross-entropy of raw outputs.

    Parameters
    ----------
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
        ``fit``), watches the accuracy on them, or what `scoring` says, instead of the
        training loss, and goes back to the weights of the best epoch. The split is
        stratified for binary targets. 'lbfgs' ignores it, unless `scoring` or ``X_val``
        is given.

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
        What early stopping watches on the validation rows: None is the accuracy, 'loss'
        minus their loss, 'calibrated_loss' minus their log loss at the temperature (see
        `calibration`) that makes it least, else a scorer of scikit-learn by its name,
        or a callable of estimator, X and y (and sample_weight, if it has that
        parameter); larger is better.

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

    calibration : {'temperature'} or None, default=None
        Whether raw outputs are divided by ``temperature_`` before they become
        probabilities, which makes the log loss on the validation rows least, with a row
        more of each class alike, so that it stays finite; predicted classes stay. Needs
        ``early_stopping=True`` or ``X_val``.

    loss : {'log_loss', 'focal'} or object, default='log_loss'
        What training makes small: the cross-entropy, or the focal loss, which counts
        hard rows more. An object of ``skmlp.losses`` carries settings, such as
        ``LogLoss(label_smoothing=0.1)`` or ``Focal(gamma=1.0)``. With
        ``LogLoss(soft_targets=True)`` y is (n_samples, n_classes) of probabilities.

    class_weight : dict, list of dict, 'balanced' or None, default=None
        Weights of the classes, by which ``sample_weight`` is multiplied in the training
        loss and in early stopping's score; classes that a dict does not name have 1.
        'balanced' is ``n / (n_classes * n_of_the_class)`` over the training rows,
        counted in their weights. For several labels or columns of classes, a list of
        one dict for each, or 'balanced' for each of them; the weights of a row are
        multiplied. Not with ``partial_fit``.

    Attributes
    ----------
    coefs_ : list of ndarray, coefs_[i] of shape (fan_in, fan_out)
        The weights of each layer. Like `intercepts_` they may be set by hand, and are
        then used by the next prediction or ``partial_fit``.

    intercepts_ : list of ndarray, intercepts_[i] of shape (fan_out,)
        The biases of each layer.

    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted; for multilabel targets the numbers of the columns. For
        several columns of classes a list, one for each.

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
        The accuracy on the held-out rows after each epoch, with early stopping.

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

    out_activation_ : {'softmax', 'logistic'}
        The inverse link, which turns raw outputs into probabilities.

    members_ : list of MLPClassifier
        The members, from ``n_members=2`` on.

    oof_prediction_ : ndarray of shape (n_samples, n_classes)
        With ``bagging='folds'``: of each row the probabilities, not calibrated, by the
        member that held it out; nan where none did. As ``predict_proba`` gives them.

    temperature_ : float
        By what `calibration` divides raw outputs.

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
    MLPRegressor : The same network for numbers.

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
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skmlp import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> clf = make_pipeline(
    ...     StandardScaler(),
    ...     MLPClassifier((20, 10), solver="lbfgs", alpha=1.0, max_iter=1000,
    ...                   random_state=0),
    ... )
    >>> clf.fit(X_train, y_train).predict(X_test[:5])
    array([2, 1, 0, 2, 0])
    >>> round(clf.score(X_test, y_test), 2)
    0.97
    """

    _learned = ("coefs_", "intercepts_", "classes_")
    _rules: ClassVar = {
        **RULES,
        "loss": part_of(CLASSIFICATION_LOSSES, ClassificationLoss),
        "calibration": either(one_of(("temperature",)), None),
    }

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
        calibration=None,
        loss="log_loss",
        class_weight=None,
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
        self.calibration = calibration
        self.loss = loss
        self.class_weight = class_weight

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

        y : array-like of shape (n_samples,), (n_samples, n_labels) or \
                (n_samples, n_columns)
            Labels of one type, or a 0/1 indicator matrix for several labels a row, or
            several columns of classes; probabilities of shape (n_samples, n_classes)
            with ``loss=LogLoss(soft_targets=True)``.

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
        self : MLPClassifier
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
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Train for one epoch on X and y, from the weights it has.

        Only with stochastic solvers; absent with 'lbfgs'.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs; float32 stays float32, all else becomes float64, but a model
            that is trained further keeps its dtype.

        y : array-like of shape (n_samples,), (n_samples, n_labels) or \
                (n_samples, n_columns)
            Labels of one type, or a 0/1 indicator matrix for several labels a row, or
            several columns of classes; probabilities of shape (n_samples, n_classes)
            with ``loss=LogLoss(soft_targets=True)``.

        sample_weight : array-like of shape (n_samples,), float or None, default=None
            Weights >= 0 of the rows.

        classes : array-like of shape (n_classes,), default=None
            All labels that y will ever hold, for several columns of classes a list of
            such arrays; needed at the first call only.

        Returns
        -------
        self : MLPClassifier
            The trained estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or an array is not as expected, which leaves the
            estimator as it was, or if the loss
            stops being finite, which leaves the estimator unfitted.
        """
        if self.class_weight is not None:
            raise ValueError(
                f"{owner(self)}: class_weight must be None for partial_fit, which does "
                "not see the rows that 'balanced' counts and must weigh all calls "
                f"alike, got {self.class_weight!r}. Pass sample_weight instead."
            )
        call = self._call(incremental=True, classes=classes)
        return self._learn(X, y, sample_weight, call)

    def predict(self, X):
        """Predict labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        labels : ndarray of shape (n_samples,), (n_samples, n_labels) or \
                (n_samples, n_columns)
            The class whose raw output is largest; with a single output the second class
            where it is above 0; for several labels a 0/1 indicator matrix.
        """
        output = self._output(X)  # before the classes, which say less where not fitted
        return decode(encoder_of(self), output)

    def decision_function(self, X):
        """Raw outputs of the network, before softmax or logistic function.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            One column, flattened, for two classes: the log-odds of ``classes_[1]``. For
            several columns of classes a list, one for each.

        Notes
        -----
        For several labels the log-odds ``log(p) - log(1 - p)`` are computed from the
        probabilities of ``predict_proba``, so that both rank labels and rows alike.
        They equal the raw outputs where p is not close to 1. Where p rounds to 1,
        1 - p counts as half the dtype's machine epsilon.
        """
        raw, encoder = self._calibrated_raw(X), encoder_of(self)
        if isinstance(encoder, ClassColumns):
            return encoder.split(raw)
        if encoder.y_type_.startswith("multilabel"):
            return _log_odds(self._probabilities(raw))
        return raw.ravel() if raw.shape[1] == 1 else raw

    def predict_proba(self, X):
        """Probabilities of the classes, or of each label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``, and never below the smallest normal number of
            their dtype, so that their logarithm is finite. For several columns of
            classes a list, one for each.
        """
        return self._outputs_of(self._calibrated_raw(X))

    def predict_log_proba(self, X):
        """Logarithms of ``predict_proba``, always finite.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            For several columns of classes a list, one for each.
        """
        proba = self.predict_proba(X)
        if isinstance(proba, list):
            return [np.log(part) for part in proba]
        return np.log(proba)

    def score(self, X, y, sample_weight=None):
        """The accuracy: the share of rows whose labels are all right.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        y : array-like of shape (n_samples,), (n_samples, n_labels) or \
                (n_samples, n_columns)
            The labels; with soft targets also probabilities, of which the class of the
            largest counts.

        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weights >= 0 of the rows.

        Returns
        -------
        score : float
            From 0 to 1.
        """
        predicted = self.predict(X)
        if np.ndim(y) == 2 and self._is_soft():
            y = self.classes_[np.argmax(y, axis=1)]
        if isinstance(encoder_of(self), ClassColumns):
            # as one label a row, which scikit-learn's accuracy can count
            right = rows_right(self, y, predicted)
            y, predicted = np.ones(len(right)), right.astype(float)
        return accuracy_score(y, predicted, sample_weight=sample_weight)

    def _raw(self, X):
        raw = super()._raw(X)
        check_n_outputs(self, encoder_of(self), raw)
        return raw

    def _output_of(self, raw):
        return raw

    def _mean_output(self, outputs, counted=None):
        """Raw outputs that give the mean probabilities."""
        encoder, link = encoder_of(self), self._link
        if isinstance(encoder, ClassColumns):
            link = encoder.heads(LogLoss())
        return mean_raw(link, outputs, counted)

    def _calibrated_raw(self, X):
        raw = self._output(X)
        temperature = getattr(self, "temperature_", None)
        return raw if temperature is None else raw / raw.dtype.type(temperature)

    def _outputs_of(self, raw):
        """What ``predict_proba`` gives of raw outputs."""
        encoder = encoder_of(self)
        if isinstance(encoder, ClassColumns):
            return [_floored(self._link, part) for part in encoder.split(raw)]
        return self._probabilities(raw)

    def _learn_from_held_out(self, held, output):
        if self.calibration is not None:
            loss = self._calibrating_loss(len(output))
            self.temperature_, _ = best_temperature(loss, held, output)

    def _calibrating_loss(self, n_rows):
        """The log loss of raw outputs, smoothed as by a row of each class alike.

        Else it would ask for certainty where all rows are right.
        """
        loss, encoder = LogLoss(label_smoothing=1.0 / (n_rows + 1)), encoder_of(self)
        if isinstance(encoder, ClassColumns):
            return encoder.heads(loss)
        many = encoder.y_type_ == "multiclass"
        return loss.multinomial() if many else loss.binomial()

    def _by_class(self, raw):
        """A raw output for each class: of a single output, its negative for "no"."""
        return np.hstack([-raw, raw]) if raw.shape[1] == 1 else raw

    def _probabilities(self, raw):
        """Probabilities, no smaller than the smallest normal number."""
        if len(self.classes_) == 1:
            return np.ones_like(raw)
        return _floored(self._link, self._by_class(raw))

    def _encode_target(self, y, n_samples, dtype, call):
        soft = self._is_soft()
        if soft:
            Y = check_shares(self, y, n_samples, dtype)
            encoder = encoder_of_shares(self, Y, call)
        else:
            y = check_labels(self, y, n_samples)
            encoder = encoder_for(self, y, call)
        self._label_binarizer, self.classes_ = encoder, encoder.classes_
        return Y if soft else encode(encoder, y, dtype)

    def _is_soft(self):
        """Whether y holds probabilities."""
        loss = make_part(CLASSIFICATION_LOSSES, self.loss, self, "loss")
        return loss.soft_targets

    def _decode_target(self, Y):
        return decode(encoder_of(self), 2.0 * Y - 1.0)

    def _make_loss(self):
        loss = make_part(CLASSIFICATION_LOSSES, self.loss, self, "loss")
        encoder = encoder_of(self)
        if isinstance(encoder, ClassColumns):
            return encoder.heads(loss)
        many = encoder.y_type_ == "multiclass"
        return loss.multinomial() if many else loss.binomial()

    @property
    def _link(self):
        """A loss with the inverse link of the fitted targets."""
        many = encoder_of(self).y_type_.startswith("multiclass")
        return MultinomialLogLoss() if many else BinomialLogLoss()

    def _class_weights(self, data):
        if self.class_weight is None:
            return None
        if self._is_soft():
            raise ValueError(
                f"{owner(self)}: class_weight must be None with soft_targets=True, "
                f"where rows have no one class, got {self.class_weight!r}."
            )
        return class_weights(self, columns_of_classes(encoder_of(self)), data)

    def _strata(self, Y):
        # scikit-learn stratifies single outputs only; its error message, which its
        # users know, names the strata as strings
        return np.where(Y[:, 0] > 0.5, "True", "False") if Y.shape[1] == 1 else None

    def _strata_of_folds(self, Y):
        """The classes of rows that have one each, else None."""
        if encoder_of(self).y_type_ not in ("binary", "multiclass"):
            return None
        return Y[:, 0] > 0.5 if Y.shape[1] == 1 else Y.argmax(axis=1)

    def _has_default_score(self):
        return True

    def _score_raw(self, Y, raw, weight):
        """Accuracy; with several labels or columns, of rows with all of them right."""
        encoder = encoder_of(self)
        if isinstance(encoder, ClassColumns):
            right = (encoder.codes(Y) == encoder.codes(raw)).all(axis=1)
            target, predicted = np.ones(len(right), int), right.astype(int)
        elif self._link.out_activation == "softmax":
            target, predicted = Y.argmax(axis=1), raw.argmax(axis=1)
        else:
            target, predicted = (Y > 0.5).astype(int), (raw > 0).astype(int)
        return accuracy_score(target, predicted, sample_weight=weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = takes_sparse(self)
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags


def _floored(link, raw):
    """Probabilities, no smaller than the smallest normal number."""
    proba = link.inverse_link(raw)
    return np.maximum(proba, np.finfo(proba.dtype).tiny, out=proba)


def _log_odds(proba):
    """log p - log(1 - p), finite: where p rounds to 1, 1 - p counts as half of eps.

    p = 1 still ranks above the next smaller p, whose 1 - p is half of eps.
    """
    half_eps = np.finfo(proba.dtype).eps / 2
    odds = np.log(proba) - np.log(np.maximum(1 - proba, half_eps))
    np.nextafter(odds, proba.dtype.type(np.inf), out=odds, where=proba == 1)
    return odds
