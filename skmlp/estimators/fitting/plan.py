"""A plan: all inputs of a fit, checked; random draws in scikit-learn's order."""

import copy
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from skmlp.errors import error_context, invalid
from skmlp.estimators.fitting.data import ValidationRows, split_rows
from skmlp.estimators.fitting.fitted_network import (
    extra_params,
    fitted_network,
    network_attributes,
)
from skmlp.estimators.fitting.growth import with_new_classes
from skmlp.estimators.fitting.inputs import inputs_of, looks_at_columns
from skmlp.estimators.fitting.partitions import is_of_partitions, look_at_partitions
from skmlp.estimators.fitting.scaling import Scaling, scaling_of
from skmlp.estimators.fitting.scoring import check_scored_rows, scored_by_loss
from skmlp.estimators.fitting.settings import (
    Settings,
    activations_of,
    component,
    loss_component,
    noise_of,
)
from skmlp.estimators.fitting.state import FITTED_ATTRIBUTES, State
from skmlp.estimators.fitting.stream import Stream, first_pass
from skmlp.estimators.targets.choice import choose_task
from skmlp.estimators.targets.task import Task
from skmlp.estimators.validation.arrays import (
    FLOATS,
    check_sample_weight,
    check_seed,
    check_X,
)
from skmlp.estimators.validation.combinations import (
    check_combinations,
    check_freeze_leaves_a_layer,
    check_stream,
    refuse_sparse,
)
from skmlp.estimators.validation.fitted_weights import (
    check_same_architecture,
    fitted_layers,
    start_layers,
)
from skmlp.estimators.validation.parameters import (
    batch_size_of,
    epochs_of,
    hidden_sizes,
)
from skmlp.initializers import INITIALIZERS, N_ROWS
from skmlp.losses import Loss
from skmlp.network import Network
from skmlp.training.batches import TrainingRows
from skmlp.training.converted_rows import ConvertedRows, gives_sparse_rows

# What X's columns are, of the fitted attributes.
FEATURES = ("n_features_in_", "feature_names_in_")


@dataclass(frozen=True)
class Course:
    """How other networks trained, for one that trains on all rows as they did.

    batch_size : rows of their mini-batches, where these depend on the rows.
    n_planned : epochs by which their schedules planned.
    n_epochs : to train for.
    plateaus : the epochs in which their learning rate was told of a plateau.
    rate_factor : on their learning rate, lowered after divergence.
    """

    batch_size: int
    n_planned: int
    n_epochs: int
    plateaus: tuple[int, ...] = ()
    rate_factor: float = 1.0


@dataclass(frozen=True)
class Request:
    """How training was requested.

    incremental : by ``partial_fit``, for one epoch.
    continued : from the parameters the estimator has, by ``partial_fit`` or
        ``warm_start=True``.
    classes : all classes, if passed to ``partial_fit`` or ``fit_batches``.
    extend_classes : whether y may have classes that the model does not know.
    validation : X, y and sample_weight of the user's own validation rows, or Nones.
    groups : group labels of the rows, for a splitter.
    split : indices of training and validation rows, if already known.
    course : of a training on all rows; None where rows may be held out.
    """

    incremental: bool = False
    continued: bool = False
    classes: Any = None
    extend_classes: bool = False
    validation: tuple[Any, Any, Any] = (None, None, None)
    groups: Any = None
    split: Any = None
    course: Course | None = None


@dataclass(frozen=True)
class Targets:
    """The checked data of a fit: the task, all rows, and the features of X.

    held : X, y and weight of the rows that a stream holds out, checked; or None.
    """

    task: Task
    component: Any
    rows: TrainingRows
    template: BaseEstimator
    held: tuple[Any, Any, Any] | None = None


@dataclass(frozen=True)
class Plan:
    """A checked request, and the initial parameters.

    before : fitted attributes of the model that is trained further, by name; empty for
        a new model.
    template : a copy of the estimator without them, for scorers and callbacks.
    data, validation : training and validation rows, in the user's units.
    all_rows : all rows, before holding out and weighting by class.
    params : initial parameters, in the units of `scaling`; training works on them.
    is_drawn : whether the output layer's `params` are drawn, not another model's.
    """

    settings: Settings
    request: Request
    before: dict[str, Any]
    template: BaseEstimator
    random_state: Any
    task: Task
    loss: Loss
    network: Network
    params: Any
    is_drawn: bool
    data: TrainingRows
    validation: ValidationRows | None
    all_rows: TrainingRows
    scaling: Scaling

    @property
    def state(self) -> State | None:
        """The state of the previous fit, if the model is trained further."""
        return self.before.get("_state")

    @property
    def n_epochs(self) -> int:
        """The most epochs, or iterations of 'lbfgs', by which schedules plan."""
        course = self.request.course
        if course is not None:
            return course.n_planned
        return epochs_of(self.settings.max_iter, len(self.data))

    @property
    def batch_size(self) -> int:
        """Rows of a mini-batch."""
        course, asked = self.request.course, self.settings.batch_size
        if course is not None and asked == "by_rows":
            return course.batch_size
        return batch_size_of(asked, len(self.data))

    @property
    def n_epochs_to_train(self) -> int:
        """The most epochs, or those of the course."""
        course = self.request.course
        return self.n_epochs if course is None else course.n_epochs

    @property
    def is_folded(self) -> bool:
        """Whether the model has scales folded in that `params` keep separate."""
        return self.network.learned_scale or not self.scaling.is_plain

    @property
    def stops_early(self) -> bool:
        on_validation = self.settings.early_stopping.on_validation
        return self.validation is not None and on_validation

    def attributes(self, params):
        """The fitted attributes that predictions need, for these parameters."""
        folded = self.scaling.fold(self.network, self.network.folded(params))
        return {
            **network_attributes(self.network, self.loss, folded, params.dtype),
            **self.features,
            **self.task.attributes,
            "_state": State(self.task, self.loss, dtype=params.dtype),
        }

    @property
    def features(self):
        """The number of X's columns, and their names if any."""
        known = vars(self.template)
        return {name: known[name] for name in FEATURES if name in known}


def make_plan(estimator, settings, X, y, sample_weight, request) -> Plan:
    """The plan for fitting one network; does not change the estimator."""
    before = attributes_before(estimator, request)
    if request.extend_classes and before:
        classes, request = request.classes, replace(request, classes=None)
        before = with_new_classes(estimator, settings, before, X, y, classes)
    targets = check_targets(estimator, settings, before, X, y, sample_weight, request)
    random_state = check_seed(settings.owner, settings.random_state)
    task, data, template = targets.task, targets.rows, targets.template
    loss = task.loss(targets.component)
    check_combinations(settings, loss, sparse=data.is_sparse)
    network = _network(settings, data, loss, template, before)
    params, is_drawn = _initial_params(settings, network, data, random_state, before)
    rows, validation = _split(settings, request, targets, loss, random_state)
    plan = Plan(
        settings=settings,
        request=request,
        before=before,
        template=template,
        random_state=random_state,
        task=task,
        loss=loss,
        network=network,
        params=params,
        is_drawn=is_drawn,
        data=rows,
        validation=validation,
        all_rows=data,
        scaling=Scaling(),
    )
    return with_output_bias(_scaled(plan))


def _split(settings, request, targets, loss, random_state):
    """The rows that train, and those that validate, or None."""
    task, own_rows = targets.task, _own_validation_rows(settings, request, targets)
    least = 1 if scored_by_loss(settings, task, loss) else 2
    rows, validation = split_rows(
        settings, request, task, targets.rows, own_rows, random_state, least
    )
    if validation is not None:
        check_scored_rows(settings, task, loss, validation)
    return rows, validation


def attributes_before(estimator, request) -> dict[str, Any]:
    """Fitted attributes of a model that is trained further; empty for a new one."""
    if not request.continued:
        return {}
    known = vars(estimator)
    return {name: known[name] for name in FITTED_ATTRIBUTES if name in known}


def check_targets(estimator, settings, before, X, y, sample_weight, request):
    """The checked arrays, in the dtype of X or of the model to train further."""
    template = copy.copy(estimator)
    how = {"dtype": _dtypes(settings, before), "reset": not request.continued}
    held = None
    if isinstance(X, Stream):
        X, y, sample_weight, held = _look(settings, template, X, request, how)
    else:
        with _encoded_anew(settings, before, X):
            X = check_X(template, X, **how)
    if isinstance(X, ConvertedRows) and looks_at_columns(settings):
        X = X[:]
    component = loss_component(settings)
    task, y = choose_task(settings, component, y, X.shape[0], request, before)
    if request.extend_classes:
        task.check_extensible(settings.owner)
    Y = _encode(settings, task, component, y, X.dtype)
    weight = check_sample_weight(settings.owner, sample_weight, X)
    data = TrainingRows(X, Y, weight)
    if settings.clip_output:
        task = task.widened(data, before.get("output_range_"))
    _keep_features_alone(template)
    return Targets(task, component, data, template, held)


def _look(settings, template, stream, request, how):
    """X, y and weight of a stream, and the rows that it holds out or None."""
    look = first_pass
    if is_of_partitions(stream):
        check_stream(settings, request, what="Dask's collections")
        look = first_pass if settings.is_stochastic else look_at_partitions
    else:
        check_stream(settings, request, stream.validate_every)
    return look(settings, template, stream, request.classes, **how)


def _keep_features_alone(template) -> None:
    """Leave the features of X of what the template has learned."""
    for name in FITTED_ATTRIBUTES:
        if name not in FEATURES:
            vars(template).pop(name, None)


@contextmanager
def _encoded_anew(settings, before, X):
    """Explain why X may have other columns than continued training needs."""
    try:
        yield
    except ValueError as error:
        known = before.get("n_features_in_")
        shape = X.shape if hasattr(X, "shape") else ()
        if known is None or len(shape) != 2 or shape[1] == known:
            raise
        raise ValueError(
            f"{error}\n{settings.owner}: continued training, by warm_start=True or "
            "partial_fit, needs the columns of the previous fit. In a pipeline, an "
            "encoder that is fitted anew gives other columns for a new category: fit "
            "with warm_start=False, or keep the encoder and fit this step alone."
        ) from error


def _dtypes(settings, before):
    """Those that X may have; the model's own for one to train further."""
    if not before:
        return FLOATS
    state = before.get("_state")
    coefs, intercepts = before["coefs_"], before.get("intercepts_", ())
    (W, _), *others = fitted_layers(settings.owner, coefs, intercepts)
    # a layer alone has the scale of targets, too, which is float64
    return state.dtype if state and state.dtype and not others else W.dtype


def _encode(settings, task, component, y, dtype):
    """Y of a checked y, which must be in the domain of the loss.

    In float64 for targets that training scales, otherwise in X's dtype.
    """
    dtype = np.float64 if settings.scale_target else dtype
    Y = task.encode(settings.owner, y, dtype)
    domain, least = task.loss(component).domain, Y.min()
    if (domain and least < 0) or (domain == "> 0" and least == 0):
        raise ValueError(
            f"{settings.owner}: y must be {domain} with loss={settings.loss!r}, got a "
            f"minimum of {least:g}."
        )
    return Y


def _own_validation_rows(settings, request, targets) -> ValidationRows | None:
    """The user's own validation rows, or those that a stream holds out, if any."""
    X, y, weight = targets.held or request.validation
    if X is None and y is None and weight is None:
        return None
    owner, data = settings.owner, targets.rows
    if X is None:
        raise invalid(owner, "X_val", "be given with y_val or sample_weight_val", None)
    if not targets.held:
        X = check_X(targets.template, X, reset=False, dtype=data.X.dtype, name="X_val")
    if gives_sparse_rows(X):
        refuse_sparse(settings, "X_val", ["scale_input"])
    with error_context(owner, "y_val", "targets of the same kind as y", y):
        y = targets.task.check(owner, y, X.shape[0])
        Y = _encode(settings, targets.task, targets.component, y, X.dtype)
        if Y.shape[1] != data.Y.shape[1]:
            raise ValueError(f"y has {data.Y.shape[1]} column(s).")
    weight = check_sample_weight(owner, weight, X, name="sample_weight_val")
    return ValidationRows(X, Y, weight)


# Initial parameters


def _network(settings, data, loss, template, before) -> Network:
    owner, n_outputs = settings.owner, loss.n_outputs(data.Y.shape[1])
    given = settings.hidden_layer_sizes
    if before and isinstance(given, str) and given == "by_rows":
        given = tuple(W.shape[1] for W in before["coefs_"][:-1])
    hidden = hidden_sizes(owner, given, len(data.Y))
    check_freeze_leaves_a_layer(settings, len(hidden) + 1)
    activations = activations_of(owner, settings.activation, len(hidden), check=True)
    names = vars(template).get("feature_names_in_")
    fitted = before.get("embedding_")
    inputs = inputs_of(settings, data.X, names, fitted, continued=bool(before))
    sizes = (data.X.shape[1], *hidden, n_outputs)
    noise, learned_scale = noise_of(settings, len(hidden)), bool(settings.learned_scale)
    return Network(sizes, activations, noise, inputs, learned_scale)


def _initial_params(settings, network, data, random_state, before):
    """Initial parameters: a copy of the model's, or new ones.

    And whether those of the output layer are drawn, not another model's.
    """
    if not before:
        return _new_params(settings, network, data, random_state)
    owner = settings.owner
    fitted, layers = fitted_network(owner, settings.activation, before)
    check_same_architecture(owner, network.layer_sizes, fitted.layer_sizes)
    pairs = [layers[i] for i in fitted.dense]
    extras = extra_params(owner, network, before)
    return network.flatten(pairs, np.float64, extras), False


def _new_params(settings, network, data, random_state):
    """The layers of ``coefs_init``; others are drawn."""
    dtype, start = data.X.dtype, []
    if settings.coefs_init is not None:
        start = start_layers(
            settings.owner,
            settings.coefs_init,
            network.layer_sizes,
            settings.freeze,
            dtype,
        )
    if len(start) == len(network.dense):
        return network.flatten(start, np.float64), False
    initializer = component(settings, INITIALIZERS, "initializer")
    rows = data.X[data.sample(N_ROWS)] if initializer.needs_data else None
    params = network.initial_params(initializer, random_state, dtype, rows)
    pairs = network.weights_and_biases(params)
    for (W, b), (start_W, start_b) in zip(pairs, start, strict=False):
        W[...], b[...] = start_W, start_b
    return params, True


def _scaled(plan) -> Plan:
    """The plan with scaled inputs and targets, if requested."""
    memory = plan.state and plan.request.incremental and plan.state.memory
    before = memory.scaling if memory else None
    scaling = scaling_of(plan.settings, plan.data, plan.loss, before)
    if not scaling.is_plain and plan.request.incremental and len(plan.data) < 2:
        raise ValueError(
            f"{plan.settings.owner}: X and y must have at least 2 rows for partial_fit "
            "with scale_input or scale_target, which need a standard deviation, got 1."
        )
    params = plan.params
    if memory and before.kind == scaling.kind:
        params = memory.unfolded(plan.network, scaling, params)
    elif not plan.is_drawn:
        params = scaling.unfold(plan.network, params)
    # as another model has it, with the scale of its targets, it is in float64
    params = params.astype(plan.data.X.dtype, copy=False)
    return replace(plan, scaling=scaling, params=params)


def with_output_bias(plan) -> Plan:
    """The plan with output biases at the intercept-only optimum, if requested."""
    if plan.settings.output_bias != "optimum" or plan.request.continued:
        return plan
    Y, weight = plan.scaling.training_rows(plan.data).training_targets()
    bias = plan.network.views(plan.params)[-1][1]
    bias[...] = plan.loss.constant_optimum(Y, weight)
    return plan
