"""MLPClassifier."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if

from skmlp.component import component_of
from skmlp.constraints import BOOLEAN, either, one_of
from skmlp.errors import invalid
from skmlp.estimators.base import BaseMLP, has_partial_fit
from skmlp.estimators.calibration import CALIBRATIONS
from skmlp.estimators.fitting.stream import Stream
from skmlp.estimators.lazy import lazy_for_dask
from skmlp.estimators.validation.dask_collections import in_memory
from skmlp.estimators.validation.parameters import RULES
from skmlp.losses import CLASSIFICATION_LOSSES, ClassificationLoss
from skmlp.names import (
    ActivationName,
    BatchSizeName,
    Calibration,
    ClassificationLossName,
    ClassificationScore,
    ClassWeightName,
    EmbeddingName,
    EnsembleName,
    InitializerName,
    MaxIterName,
    OutputBias,
    Record,
    ScheduleName,
    SolverName,
)


class MLPClassifier(ClassifierMixin, BaseMLP):
    """Multi-layer perceptron classifier: a drop-in for scikit-learn's.

    The same parameters and seed give the same model. Binary, multiclass and multilabel
    targets are trained on the cross-entropy of the raw outputs.

    Parameters
    ----------
    hidden_layer_sizes : int, sequence of int or str, default=(100,)
        Number of units in each hidden layer, from input to output. An int is one hidden
        layer; ``()`` is none, which makes a linear model. ``"256-128"`` means layers of
        256 and 128 units, ``"128x2"`` means 2 layers of 128 units; integral floats
        count as ints. ``"by_rows"`` is one layer of 256 units for up to 500 training
        rows, otherwise two of 128.

    activation : str, object, or list with one for each hidden layer, default='relu'
        Activation function of the hidden layers: 'identity', 'logistic', 'tanh',
        'relu', 'leaky_relu', 'elu', 'selu', 'softplus', 'silu' (or 'swish'), 'gelu',
        'gelu_tanh', 'mish', or one with a learned parameter per unit, 'prelu',
        'parametric_selu' or 'parametric_mish'; or an object of ``skmlp.activations``,
        which documents their formulas, such as ``LeakyReLU(slope=0.1)``. An object of
        your own needs the methods ``forward(z, out)`` and ``backward(delta, z, a)``;
        ``fit`` checks one against the other by central differences. Predictions use the
        current value, so do not change it without fitting again.

    solver : str or object, default='adam'
        Solver for the weights: 'lbfgs', limited-memory BFGS on all rows at once, often
        the best choice for a few hundred rows; or, by mini-batches, 'sgd', 'adam',
        'adamw', 'amsgrad', 'nadam', 'rmsprop', 'adagrad' or 'lion'. An object of
        ``skmlp.solvers``, which documents their formulas, carries its own settings,
        such as ``AdamW(weight_decay=0.01, clip_norm=1.0, averaging=0.99)``, and ignores
        the parameters of the estimator that are for a solver given by name.

    alpha : float, default=0.0001
        Strength of the L2 penalty on the weights (not the biases), ``alpha / (2 n) *
        sum of squared weights``, where n is the number of rows of the batch times the
        mean of ``sample_weight``. It is applied in addition to the weight decay of
        solvers that have one.

    batch_size : int, 'auto' or 'by_rows', default='auto'
        Number of rows in a mini-batch. 'auto' is ``min(200, n_samples)``; 'by_rows' is
        64 for up to 2,048 training rows, 128 for up to 8,192, 256 for up to 100,000,
        then 512. Not used by 'lbfgs'.

    learning_rate : str, object or callable, default='constant'
        Learning rate schedule of a stochastic solver; not used by 'lbfgs'.

        - 'constant': ``learning_rate_init`` throughout.
        - 'invscaling': ``learning_rate_init / (t_ + 1) ** power_t``, updated at the end
          of each epoch.
        - 'adaptive': divided by 5 whenever patience runs out (see `tol`); training
          stops when that happens at a rate of 1e-6 or less.
        - 'plateau', 'cosine', 'one_cycle', 'exponential', 'step', 'linear', 'coslog4',
          'flat_cos', 'warmup', or an object of ``skmlp.schedules``, which documents
          their formulas, such as ``Warmup(Cosine(end=0.01))``.
        - A function of progress in [0, 1], the fraction of the updates of ``max_iter``
          epochs, that returns the factor on ``learning_rate_init``.

        As in scikit-learn, 'adam' ignores 'invscaling' and 'adaptive' given by name.

    learning_rate_init : float, default=0.001
        Initial learning rate, which the schedule multiplies. Not used by 'lbfgs'.

    power_t : float, default=0.5
        Exponent of the 'invscaling' schedule.

    max_iter : int, 'by_rows' or 'half_by_rows', default=200
        Maximum number of epochs, or of iterations of 'lbfgs', in one call of ``fit``.
        'by_rows' is 512 for up to 150 rows that train, 256 for up to 600, 128 for up to
        1,024, 64 for up to 50,000, 32 for up to 200,000, then 16. 'half_by_rows' is
        half of that.

    shuffle : bool or 'blocks', default=True
        Whether to shuffle the rows before each epoch. 'blocks' is for X on disk: blocks
        of neighbouring rows (of up to 1,024 rows and 1 MiB) are read in random order,
        and the rows of 32 blocks are shuffled together; deterministic, but another
        order than True, and less random where the rows are sorted by y. Not used by
        'lbfgs'.

    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, of the validation split and of the shuffles. Pass
        an int for reproducible results; None uses NumPy's global random state.

    tol : float, default=1e-4
        Tolerance for the improvement of the training loss, or of the validation score
        with early stopping: training stops after more than `n_iter_no_change`
        consecutive epochs without an improvement of at least `tol`. 'lbfgs' stops when
        no component of the gradient is larger than `tol`.

    verbose : bool or int, default=False
        True or 1 prints each epoch or iteration as scikit-learn does; an integer k >= 2
        prints the first, every k-th and the last one, with validation loss and score,
        learning rate and seconds where available. An ensemble prints a line for each
        member with the time left, and with k >= 2 these lines, too.

    warm_start : bool, default=False
        Whether ``fit`` continues from the weights of the previous fit.

    momentum : float, default=0.9
        Momentum of 'sgd', in [0, 1].

    nesterovs_momentum : bool, default=True
        Whether 'sgd' uses Nesterov's momentum.

    early_stopping : bool or EarlyStopping, default=False
        Whether to hold out validation rows (`validation_fraction`, or ``X_val`` of
        ``fit``), to stop training when their score no longer improves, and to keep the
        weights of the best epoch. The score is the accuracy, or `scoring`. The split is
        stratified for binary targets. 'lbfgs' ignores it unless `scoring` or ``X_val``
        is given. An ``EarlyStopping`` object carries further settings, such as
        ``EarlyStopping(relative_tol=True)``.

    validation_fraction : float or splitter, default=0.1
        Fraction of the training rows held out for early stopping, or a splitter of
        scikit-learn's kind, such as ``TimeSeriesSplit()`` or
        ``GroupShuffleSplit(random_state=0)``, whose last split is used.

    beta_1 : float, default=0.9
        Exponential decay rate of Adam's first-moment estimate, in [0, 1).

    beta_2 : float, default=0.999
        Exponential decay rate of Adam's second-moment estimate, in [0, 1).

    epsilon : float, default=1e-8
        Numerical-stability term in Adam's denominator.

    n_iter_no_change : int or inf, default=10
        Maximum number of consecutive epochs without an improvement of at least `tol`
        before training stops. Used by 'lbfgs' only with early stopping.

    max_fun : int, default=15000
        Maximum number of evaluations of the loss by 'lbfgs'.

    initializer : str or object, default='glorot_uniform'
        Distribution of the initial weights: 'glorot_uniform' (as in scikit-learn,
        biases too), 'glorot_normal', 'he_uniform', 'he_normal', 'lecun_uniform',
        'lecun_normal' or 'orthogonal', with zero biases; 'ntk' or 'data_driven'; or an
        object of ``skmlp.initializers``, which documents their formulas.

    output_bias : {'random', 'optimum'}, default='random'
        Initial biases of the output layer: random, or the intercept-only optimum of the
        loss (log odds or log priors of the classes).

    coefs_init : fitted estimator, or pair of lists of arrays, default=None
        Initial weights and biases: a fitted estimator, or ``(coefs, intercepts)``. None
        draws them with `initializer`.

    dropout : float, list of float or Dropout, default=0.0
        Dropout rate: probability that a hidden unit is zeroed during training, in [0,
        1); one for all hidden layers, or a list with one for each. A ``Dropout`` object
        also has dropout and noise on the inputs, and a schedule. Not with 'lbfgs'.

    alpha_l1 : float, default=0.0
        Strength of the L1 penalty on the weights, ``alpha_l1 / n * sum of absolute
        weights``, with n as for `alpha`. Not with 'lbfgs'.

    scoring : str, callable or None, default=None
        Validation metric for early stopping; larger is better. None is the accuracy;
        'loss' is the negative validation loss; 'calibrated_loss' is the negative log
        loss at the temperature that minimises it (see `calibration`); otherwise the
        name of a scorer of scikit-learn, or a callable of estimator, X and y (and
        sample_weight, if it has that parameter).

    refit : bool, default=False
        Whether to train again on all rows after early stopping, for the best number of
        epochs. ``history_``, curves, scores and ``n_iter_`` are those of the first run;
        ``loss_``, ``t_`` and ``n_updates_`` those of the second. Requires
        ``early_stopping=True``; not with ``X_val``. There is no refit after an
        interrupt or when a callback stops training.

    max_time : float or None, default=None
        Maximum training time of a fit in seconds. Schedules are compressed to that
        time, so that training still ends at low learning rates. With `refit`, each of
        the two runs gets half of it.

    recover : bool, default=False
        Whether to restore the last good epoch on divergence and continue with half the
        learning rate, up to three times; ``stop_reason_`` lists each recovery. Not with
        'lbfgs'.

    scale_input : bool, default=False
        Whether to train on standardised columns of X, with the mean and standard
        deviation of the training rows (with ``partial_fit``, those of the first call).
        The scaling is folded into the first layer, so that ``coefs_`` and predictions
        are for X as given. `alpha`, input noise and `initializer` act on the
        standardised columns. Not with sparse X.

    freeze : int, default=0
        Number of leading layers kept fixed, such as pretrained ones of `coefs_init`.
        Later layers of `coefs_init` may then have other sizes: the leading layers that
        match are copied, the others drawn. Not with `scale_input`, nor with averaging.

    record : {'layers'} or None, default=None
        Additional statistics in ``history_``, as arrays of shape (n_epochs, n_layers):
        'layer_gradient_norm' and 'layer_update_ratio' (of the epoch's last step) and,
        for hidden layers, 'layer_dead' (fraction of units whose derivative is below
        0.01 on all of up to 500 rows) and 'layer_saturated' (fraction of pairs of unit
        and row where it is). Not with 'lbfgs'.

    checkpoint : path-like, Checkpoint or None, default=None
        File to which the state of training is saved after each epoch, or after every
        k-th with ``Checkpoint(path, every=k)``. The same fit, started again, resumes
        from it and ends with the same weights, bit for bit. A file of another fit, such
        as another cross-validation fold, is refused; delete it to start again. Requires
        an integer `random_state`. Not with 'lbfgs' or `refit`.

    numeric_embedding : {'pbld', 'piecewise_linear'}, object or None, default=None
        Embedding of the numeric columns, in addition to their own values: learned
        periodic functions, piecewise linear ones, or an object of ``skmlp.embeddings``,
        such as ``PBLD(sigma=0.05)``. Columns with at most two distinct values, such as
        flags, are not embedded. Scale X first. Not with `scale_input`, dropout or noise
        on the inputs, `coefs_init` or `freeze`.

    categorical_features : array-like of int, bool or str, or None, default=None
        Columns of X that hold category codes, as from scikit-learn's
        ``OrdinalEncoder``; each category is embedded as a vector of `embedding_size`
        learned numbers. Codes not seen in training, and -1, share a vector. Not with
        `scale_input`, dropout or noise on the inputs, `coefs_init` or `freeze`.

    embedding_size : int, default=8
        Length of the vector for each category of `categorical_features`.

    learned_scale : bool, default=False
        Whether each input of the first layer has a learned factor, initially 1, which
        is folded into ``coefs_[0]`` after training; `alpha` acts on the weights before
        that. Not with `scale_input`, `coefs_init`, `freeze`, nor a solver with
        ``max_norm``.

    n_members : int, default=1
        Number of networks in the ensemble, each with its own random seed and, with
        early stopping, its own validation rows; predictions are averaged. With 2 or
        more, the networks are in ``members_``, and only there are ``coefs_``, curves
        and ``history_``; `max_time` limits all of them together, and callbacks are
        called at each member. Not available with `warm_start` or `checkpoint`.

    ensemble : {'seeds', 'folds'} or Ensemble, default='seeds'
        How the members of the ensemble differ: by random seed, or also by the
        cross-validation fold that each holds out, after which ``oof_prediction_`` has
        the out-of-fold prediction of each row. Folds are stratified by class, or keep
        ``groups`` together; a splitter as `validation_fraction` defines them instead.
        'folds' requires ``early_stopping=True``. An ``Ensemble`` object may also give
        members different parameters and weights, or have some train on all rows.

    n_jobs : int or None, default=None
        Number of members trained in parallel, in processes. Many rows are predicted in
        as many threads. None means 1, -1 means all processors. Results do not depend on
        it. Ensembles that train within about a second are trained sequentially.

    calibration : {'temperature', 'sharpen'} or None, default=None
        Whether to divide raw outputs by a softmax temperature, ``temperature_``, fitted
        on the validation rows (additively smoothed); predicted classes do not change.
        'temperature' requires ``early_stopping=True`` or ``X_val``. 'sharpen' only
        makes probabilities more confident, by a temperature of at most 1, and does
        nothing without validation rows, or with `refit` of several members. It suits
        label smoothing, which makes them underconfident, and ensembles, whose mean is
        less confident than the single members by which the temperature is fitted.

    loss : {'log_loss', 'focal'} or object, default='log_loss'
        Loss minimised during training: cross-entropy, or focal loss, which down-weights
        well-classified samples. An object of ``skmlp.losses`` carries its own settings,
        such as ``LogLoss(label_smoothing=0.1)`` or ``Focal(gamma=1.0)``. With
        ``LogLoss(soft_targets=True)``, y holds class probabilities of shape (n_samples,
        n_classes).

    class_weight : dict, list of dict, 'balanced' or None, default=None
        Weights of the classes, which multiply ``sample_weight`` in the training loss
        and in the validation score; classes that a dict does not name have weight 1.
        'balanced' is ``n / (n_classes * n_of_the_class)`` over the training rows,
        counted by their weights. For several labels or columns of classes, a list of
        one dict for each, or 'balanced'; the weights of a row are multiplied. Not with
        ``partial_fit``.

    Attributes
    ----------
    coefs_ : list of ndarray, coefs_[i] of shape (fan_in, fan_out)
        Weight matrix of each layer. Like `intercepts_` they may be set by hand, and the
        next prediction or ``partial_fit`` uses them.

    intercepts_ : list of ndarray, intercepts_[i] of shape (fan_out,)
        Bias vector of each layer.

    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted; for multilabel targets the numbers of the columns. For
        several columns of classes a list of such arrays.

    loss_ : float
        Final loss: mean loss of the rows plus penalty; for stochastic solvers the mean
        over the last epoch.

    loss_curve_ : list of float
        Loss of each epoch. Absent after 'lbfgs', like the next four.

    validation_loss_curve_ : list of float or None
        Loss on the validation rows after each epoch, without penalty; nan for epochs of
        earlier fits that had none, None if no epoch had one.

    best_loss_ : float or None
        Lowest training loss so far; None with early stopping.

    validation_scores_ : list of float or None
        Validation score after each epoch, with early stopping: the accuracy, or
        `scoring`.

    best_validation_score_ : float or None
        Best validation score so far, over all continued fits; a fit
        that reaches a new best keeps that epoch's weights.

    best_epoch_ : int or None
        Epoch whose weights early stopping kept, counted from 1 over all continued fits;
        None if no epoch was chosen.

    stop_reason_ : str
        Why the last fit stopped, as a sentence.

    history_ : dict of ndarray of shape (n_epochs,)
        For each epoch, or iteration of 'lbfgs': 'loss' (without penalty), 'penalty',
        'validation_loss' and 'validation_score', 'learning_rate', 'gradient_norm' (of
        the last batch), 'parameter_norm' and 'seconds'; nan where an epoch has none.

    n_updates_ : int
        Number of updates by a stochastic solver, or of evaluations by 'lbfgs', over all
        continued fits. For an ensemble the sum over members.

    n_iter_ : int
        Number of epochs or iterations of the last fit. For an ensemble the maximum over
        members.

    t_ : int
        Number of rows seen by a stochastic solver, over all continued fits.

    n_layers_ : int
        Number of layers, including the input layer.

    n_outputs_ : int
        Number of outputs.

    out_activation_ : {'softmax', 'logistic'}
        Name of the inverse link, which maps raw outputs to probabilities.

    members_ : list of MLPClassifier
        Members of the ensemble, if ``n_members >= 2``; without those of weight 0.

    member_weights_ : ndarray of shape (n_kept_members,)
        Weights of ``members_`` in the mean, with ``Ensemble(weights='greedy')``;
        absent where they are equal.

    configuration_weights_ : ndarray of shape (n_configurations,)
        With ``Ensemble(configurations=...)``: weight of each configuration.

    configuration_scores_ : ndarray of shape (n_configurations,)
        With ``Ensemble(weights='greedy')``: score of each configuration alone on the
        rows of the selection; losses are negated.

    oof_prediction_ : ndarray of shape (n_samples, n_classes)
        With ``ensemble='folds'``: out-of-fold probabilities of each row, without
        calibration; nan for rows in no fold. In the form of ``predict_proba``.

    temperature_ : float
        Fitted softmax temperature, with `calibration`.

    embedding_ : InputEmbedding
        With `numeric_embedding` or `categorical_features`: the fitted embedding.
        ``embedding_.transform(X)`` is the input of the first layer; ``coefs_[0]`` has a
        row for each of its columns.

    alphas_ : list of ndarray of shape (n_units,), or None
        Learned parameters of each hidden layer with a parametric activation.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had them and all are strings.

    See Also
    --------
    MLPRegressor : The same network for regression.

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
        "loss": component_of(CLASSIFICATION_LOSSES, ClassificationLoss),
        "calibration": either(one_of(CALIBRATIONS), None),
    }

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation: ActivationName | object = "relu",
        *,
        solver: SolverName | object = "adam",
        alpha=0.0001,
        batch_size: BatchSizeName | object = "auto",
        learning_rate: ScheduleName | object = "constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter: MaxIterName | int = 200,
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
        initializer: InitializerName | object = "glorot_uniform",
        output_bias: OutputBias | object = "random",
        coefs_init=None,
        dropout=0.0,
        alpha_l1=0.0,
        scoring: ClassificationScore | object = None,
        refit=False,
        max_time=None,
        recover=False,
        scale_input=False,
        freeze=0,
        record: Record | object = None,
        checkpoint=None,
        numeric_embedding: EmbeddingName | object = None,
        categorical_features=None,
        embedding_size=8,
        learned_scale=False,
        n_members=1,
        ensemble: EnsembleName | object = "seeds",
        n_jobs=None,
        calibration: Calibration | object = None,
        loss: ClassificationLossName | object = "log_loss",
        class_weight: ClassWeightName | object = None,
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
        self.alpha_l1 = alpha_l1
        self.scoring = scoring
        self.refit = refit
        self.max_time = max_time
        self.recover = recover
        self.scale_input = scale_input
        self.freeze = freeze
        self.record = record
        self.checkpoint = checkpoint
        self.numeric_embedding = numeric_embedding
        self.categorical_features = categorical_features
        self.embedding_size = embedding_size
        self.learned_scale = learned_scale
        self.n_members = n_members
        self.ensemble = ensemble
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
        """Fit the network to X and y; ``warm_start=True`` continues the previous fit.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training inputs. float32 is kept, other dtypes become float64; continued
            training keeps the dtype of the model. A memory map, or an array of h5py or
            zarr, is read some rows at a time; an array or data frame of Dask partition
            by partition, with y and weights of Dask, too.

        y : array-like of shape (n_samples,), (n_samples, n_labels) or \
                (n_samples, n_columns)
            Class labels; or a 0/1 indicator matrix for multilabel targets; or several
            columns of class labels; or, with ``loss=LogLoss(soft_targets=True)``,
            probabilities of shape (n_samples, n_classes).

        sample_weight : array-like of shape (n_samples,), float or None, default=None
            Weights of the rows, >= 0; a number is the same weight for all.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Your own validation rows, instead of rows held out from X. Their loss and
            score are in ``history_``, and ``early_stopping=True`` monitors them.

        y_val : array-like, default=None
            Targets of the validation rows, in the form of y.

        sample_weight_val : array-like of shape (n_val,), float or None, default=None
            Weights of the validation rows, >= 0.

        groups : array-like of shape (n_samples,), default=None
            Group labels of the rows, passed to a splitter as `validation_fraction`.

        Returns
        -------
        self : MLPClassifier
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or an array is invalid (the estimator is then unchanged), or
            if the loss stops being finite (the estimator is then unfitted).
        """
        validation = (X_val, y_val, sample_weight_val)
        request = self._request(validation=validation, groups=groups)
        return self._learn(X, y, sample_weight, request)

    @available_if(has_partial_fit)
    def partial_fit(
        self,
        X,
        y,
        sample_weight=None,
        classes=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        extend_classes=False,
    ):
        """Train for one epoch on X and y, continuing from the current weights.

        Available with stochastic solvers only.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training inputs. float32 is kept, other dtypes become float64; continued
            training keeps the dtype of the model.

        y : array-like of shape (n_samples,), (n_samples, n_labels) or \
                (n_samples, n_columns)
            Class labels; or a 0/1 indicator matrix for multilabel targets; or several
            columns of class labels; or, with ``loss=LogLoss(soft_targets=True)``,
            probabilities of shape (n_samples, n_classes).

        sample_weight : array-like of shape (n_samples,), float or None, default=None
            Weights of the rows, >= 0; a number is the same weight for all.

        classes : array-like of shape (n_classes,), default=None
            All labels that can occur in y; for several columns of classes a list of
            such arrays. Required in the first call, optional later.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation rows, whose loss and score are then in ``history_``. With
            ``early_stopping=True``, which needs them here, `best_epoch_` and
            `best_validation_score_` count all calls, and `stop_reason_` tells when
            patience is over; the last weights are kept.

        y_val : array-like, default=None
            Their targets, as y.

        sample_weight_val : array-like of shape (n_val,), float or None, default=None
            Their weights >= 0.
        extend_classes : bool, default=False
            Whether y, or `classes`, may have labels that earlier calls did not know;
            the first call then needs no `classes`. Each gets an output that starts as
            for a class of so few rows among all that were seen, and the weights of the
            others stay as they are before they train on; the solver starts with new
            moments. Only for one label a row, and with ``n_members=1``.

        Returns
        -------
        self : MLPClassifier
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or an array is invalid (the estimator is then unchanged), or
            if the loss stops being finite (the estimator is then unfitted).
        """
        accepts, expected = BOOLEAN
        if not accepts(extend_classes):
            owner = type(self).__name__
            raise invalid(owner, "extend_classes", f"be {expected}", extend_classes)
        validation = (X_val, y_val, sample_weight_val)
        request = self._request(
            incremental=True,
            classes=classes,
            extend_classes=bool(extend_classes),
            validation=validation,
        )
        return self._learn(X, y, sample_weight, request)

    @available_if(has_partial_fit)
    def fit_batches(
        self,
        batches,
        classes=None,
        *,
        validate_every=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Train as ``fit`` does, on batches of which few are in memory at a time.

        Before training, all batches are gone through once, to check them and learn
        the labels;
        then once an epoch (with `scale_input` twice more before). y is kept in memory.
        How the rows are cut into batches does not matter: mini-batches have
        `batch_size` rows. The rows are shuffled within windows of up to 32,768 rows and
        32 MiB; without `shuffle` the model is that of ``fit``, bit for bit. Only with
        stochastic solvers; absent with 'lbfgs'.

        Parameters
        ----------
        batches : iterable or callable
            A list of (X, y) or (X, y, sample_weight), another iterable that can be gone
            through again and again, or a function that returns an iterable, such as a
            generator function. The same rows each time.

        classes : array-like of shape (n_classes,), default=None
            All labels that y will ever hold, for several columns of classes a list of
            such arrays; None for those in the batches.

        validate_every : int, default=None
            Hold out every k-th block of 1,024 rows of the stream, which are kept in
            memory: they validate, as ``early_stopping=True`` needs it, and do not
            train. At least 2; None holds out none.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Your own validation rows, instead of rows held out.

        y_val : array-like, default=None
            Their targets, as y.

        sample_weight_val : array-like of shape (n_val,), float or None, default=None
            Their weights >= 0.

        Returns
        -------
        self : MLPClassifier
            The trained estimator.

        Raises
        ------
        ValueError, TypeError
            If a parameter or a batch is not as expected, with the number of the batch,
            which leaves the estimator as it was, or if the loss stops being finite,
            which leaves the estimator unfitted.

        Examples
        --------
        >>> import numpy as np
        >>> from skmlp import MLPClassifier
        >>> def batches():
        ...     for seed in range(20):
        ...         X = np.random.default_rng(seed).normal(size=(100, 3))
        ...         yield X, X[:, 0] > 0
        >>> model = MLPClassifier(tol=0.01, random_state=0)
        >>> model.fit_batches(batches).n_features_in_
        3
        """
        validation = (X_val, y_val, sample_weight_val)
        request = self._request(classes=classes, validation=validation)
        stream = Stream(type(self).__name__, batches, validate_every=validate_every)
        return self._learn(stream, None, None, request)

    @lazy_for_dask
    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs. Of Dask's arrays and data frames the result is a dask array, lazy.

        Returns
        -------
        labels : ndarray of shape (n_samples,), (n_samples, n_labels) or \
                (n_samples, n_columns)
            The most probable class of each row; for multilabel targets a 0/1 indicator
            matrix.
        """
        output = self._output(X)  # before the task, which says less if not fitted
        return self._task().decode(output)

    @lazy_for_dask
    def decision_function(self, X):
        """Raw outputs of the network, before softmax or logistic function.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            For two classes of shape (n_samples,): the log-odds of ``classes_[1]``. For
            several columns of classes a list, one array for each.

        Notes
        -----
        For several labels the log-odds ``log(p) - log(1 - p)`` are computed from the
        probabilities of ``predict_proba``, so that both rank labels and rows alike.
        They equal the raw outputs where p is not close to 1. Where p rounds to 1,
        1 - p counts as half the dtype's machine epsilon.
        """
        raw = self._calibrated_raw(X)  # before the task, which says less if not fitted
        return self._task().decision(raw)

    @lazy_for_dask
    def predict_proba(self, X):
        """Predict the probability of each class, or of each label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``, and never below the smallest normal number of
            their dtype, so that their logarithm is finite. For several columns of
            classes a list, one array for each.
        """
        return self._probabilities(X)

    @lazy_for_dask
    def predict_log_proba(self, X):
        """Logarithms of ``predict_proba``, always finite.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            For several columns of classes a list, one array for each.
        """
        proba = self.predict_proba(X)
        if isinstance(proba, list):
            return [np.log(part) for part in proba]
        return np.log(proba)

    def score(self, X, y, sample_weight=None):
        """Accuracy: fraction of rows whose labels are all correct.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        y : array-like of shape (n_samples,), (n_samples, n_labels) or \
                (n_samples, n_columns)
            True labels; with soft targets also probabilities, of which the largest
            counts as the label.

        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weights of the rows, >= 0; a number is the same weight for all.

        Returns
        -------
        score : float
            From 0 to 1.
        """
        predicted = in_memory(self.predict(X))
        y, sample_weight = in_memory(y), in_memory(sample_weight)
        task = self._task()
        return task.accuracy(type(self).__name__, y, predicted, sample_weight)

    def _probabilities(self, X, dtype=None):
        """predict_proba, computed in a dtype; None is that of predictions."""
        raw = self._calibrated_raw(X, dtype)
        return self._task().predicted(raw)

    def _calibrated_raw(self, X, dtype=None):
        raw = self._output(X)
        raw = raw if dtype is None else raw.astype(dtype, copy=False)
        temperature = vars(self).get("temperature_")
        return raw if temperature is None else raw / raw.dtype.type(temperature)

    def _output_of(self, raw):
        self._task().check_n_outputs(type(self).__name__, raw.shape[1])
        return super()._output_of(raw)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
