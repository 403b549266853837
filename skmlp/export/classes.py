"""The classes that a model file may contain."""

from collections.abc import Mapping
from typing import Any

from skmlp.activations import ACTIVATIONS
from skmlp.embeddings import EMBEDDINGS, CategoryTable
from skmlp.estimators import (
    Checkpoint,
    Dropout,
    EarlyStopping,
    Ensemble,
    MLPAutoencoder,
    MLPClassifier,
    MLPRegressor,
    MLPTransformer,
)
from skmlp.estimators.fitting.inputs import InputEmbedding
from skmlp.estimators.fitting.scaling import Scaling
from skmlp.estimators.fitting.state import SolverMemory, State
from skmlp.estimators.targets.class_columns import ClassColumns
from skmlp.estimators.targets.classes import Binary, Multiclass, Multilabel
from skmlp.estimators.targets.numbers import Numbers
from skmlp.estimators.targets.soft_labels import SoftBinary, SoftMulticlass
from skmlp.initializers import INITIALIZERS
from skmlp.losses import CLASSIFICATION_LOSSES, LOSSES, Heads
from skmlp.model_file.objects import CLASSES
from skmlp.network.inputs import Embedded, Inputs
from skmlp.schedules import SCHEDULES
from skmlp.solvers import SOLVERS
from skmlp.tabular import SmoothClipScaler, TableEncoder, TabularPipeline
from skmlp.tabular.blocks import Blocks, CategoryBlock, NumberBlock
from skmlp.tabular.kinds import KINDS
from skmlp.tabular.missing import MissingNumbers
from skmlp.tabular.number_text import NumberNotation, Separators
from skmlp.tabular.report import ColumnReport

# Tables of parts by name.
TABLES: list[Mapping[str, type[Any]]] = [
    ACTIVATIONS,
    CLASSIFICATION_LOSSES,
    EMBEDDINGS,
    INITIALIZERS,
    LOSSES,
    SCHEDULES,
    SOLVERS,
]
PARTS = [kind for table in TABLES for kind in table.values()]
OPTIONS = [Checkpoint, Dropout, EarlyStopping, Ensemble]
MODELS = [MLPAutoencoder, MLPClassifier, MLPRegressor, MLPTransformer, TabularPipeline]
# Part of their fitted state.
STATES = [State, SolverMemory, Scaling, InputEmbedding, Inputs, Embedded]
STATES += [CategoryTable, Heads]
TASKS = [Binary, Multiclass, Multilabel, ClassColumns, Numbers]
TASKS += [SoftBinary, SoftMulticlass]
TABLE_ENCODERS = [TableEncoder, SmoothClipScaler, Blocks, CategoryBlock, NumberBlock]
TABLE_ENCODERS += [*KINDS, MissingNumbers, NumberNotation, Separators, ColumnReport]

for kind in [*PARTS, *OPTIONS, *MODELS, *STATES, *TASKS, *TABLE_ENCODERS]:
    CLASSES[kind.__name__] = kind

# What skops, and thereby MLflow, must be told to trust: the full names of these classes
# and of numpy.dtype, which occurs in the solver's state.
TRUSTED_TYPES = sorted(
    ["numpy.dtype", *(f"{k.__module__}.{k.__qualname__}" for k in CLASSES.values())]
)
