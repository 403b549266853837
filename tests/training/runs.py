"""Trainings to look at: of a small regression, on real or on scripted losses."""

import math

import numpy as np

from skmlp.activations import ACTIVATIONS
from skmlp.losses import LOSSES
from skmlp.network.network import Network
from skmlp.network.noise import Noise
from skmlp.network.objective import Objective, Value
from skmlp.schedules import Constant
from skmlp.solvers import SGD, SOLVERS, Adam, Frozen, Layout, Stochastic
from skmlp.training.batches import Batches, TrainingRows
from skmlp.training.early_stopping import Measured, Monitor, Patience
from skmlp.training.history import History
from skmlp.training.minibatch import Schedules, SolverState, Training
from skmlp.training.recovery import Recovery
from skmlp.training.verbose import Verbose

FOREVER = math.inf
NETWORK = Network((2, 3, 1), ACTIVATIONS["tanh"]())
SOLVERS_IN_TRAINING = {
    name: make() for name, make in SOLVERS.items() if make.stochastic
} | {
    "sgd-averaged": SGD(averaging=0.9),
    "adam-clipped-and-averaged": Adam(clip_norm=0.5, averaging=0.8),
}


def noisy_network(dropout=0.3, scale=0.1):
    noise = [Noise(0.0, scale), Noise(dropout)]
    return Network((2, 3, 1), ACTIVATIONS["tanh"](), noise)


class Scored:
    """Validation rows with that score."""

    def __init__(self, score):
        self.score = score

    def measure(self, params):
        score = self.score(params)
        return Measured(score, math.nan, score)


def make_training(
    batch_size=4,
    shuffled=True,
    solver=None,
    learning_rate=0.01,
    schedule=None,
    noise_schedule=None,
    decay_schedule=None,
    patience=None,
    objective=None,
    data=None,
    validation_score=None,
    level=0,
    dtype=np.float64,
    network=NETWORK,
    generator=None,
    n_recoveries=0,
    **settings,
):
    """A small regression; any part of it may be handed in."""
    rng = np.random.default_rng(0)
    params = rng.normal(size=network.n_params).astype(dtype)
    if data is None:
        X = rng.normal(size=(10, 2))
        data = TrainingRows(X.astype(dtype), (X[:, :1] * X[:, 1:]).astype(dtype))
    if objective is None:
        objective = Objective(
            network,
            LOSSES["squared_error"](),
            0.1,
            len(data),
            params.dtype,
            generator=generator,
        )
    solver = SGD() if solver is None else solver
    layout = Layout(network.n_weights, network.dense_sizes, network.param_groups())
    frozen, random_state = Frozen((), params), np.random.RandomState(0)
    state = SolverState(
        solver, solver.init(params, layout, frozen), generator=generator
    )
    return Training(
        objective=objective,
        params=params,
        data=data,
        history=History(validation_scores=[] if validation_score else None),
        frozen=frozen,
        batches=Batches(data, batch_size, random_state if shuffled else None),
        solver_state=state,
        schedules=Schedules(
            schedule or Constant(),
            noise_schedule or Constant(),
            decay_schedule or Constant(),
        ),
        learning_rate_init=learning_rate,
        monitor=Monitor(
            patience=Patience(0.0, FOREVER) if patience is None else patience,
            validation=validation_score and Scored(validation_score),
            stops_early=validation_score is not None,
        ),
        recovery=Recovery(n_recoveries),
        verbose=Verbose(level),
        **settings,
    )


class Scripted:
    """An objective that gives one loss after the other and a gradient of ones."""

    network = NETWORK
    loss_unit = 1.0

    def __init__(self, losses):
        self.losses = iter(losses)

    def value_and_gradient(self, params, X, Y, weight):
        loss = next(self.losses)
        if loss is KeyboardInterrupt:
            raise KeyboardInterrupt
        return Value(loss, 0.0), np.ones_like(params)

    def trained(self, value):
        return value.total

    reported = trained


class Counting(Stochastic):
    """A solver whose params count the steps; it writes down the rates."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.rates = []

    def _init(self, params):
        params[...] = 0
        return {}

    def _update(self, params, grad, values, rate):
        params += grad
        self.rates.append(rate)


def scripted(losses, scores=None, n_iter_no_change=FOREVER, **parts):
    """Training with one batch an epoch: after n epochs all params are n."""
    rest = iter(scores or ())

    def validation_score(params):
        score = next(rest)
        if score is KeyboardInterrupt:
            raise KeyboardInterrupt
        return score

    defaults = {
        "batch_size": 10,
        "objective": Scripted(losses),
        "solver": Counting(),
        "patience": Patience(0.0, n_iter_no_change),
        "validation_score": None if scores is None else validation_score,
    }
    return make_training(**defaults | parts)
