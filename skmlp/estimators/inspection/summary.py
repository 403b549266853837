"""A network as a table of its layers."""

from dataclasses import astuple, dataclass, fields
from itertools import pairwise

from skmlp.activations import Parametric
from skmlp.constraints import is_integer
from skmlp.errors import describe, invalid
from skmlp.estimators.fitting.settings import activations_of
from skmlp.estimators.inspection.notebook_table import NotebookTable
from skmlp.estimators.validation.fitted_weights import fitted_layers
from skmlp.estimators.validation.parameters import hidden_sizes


@dataclass(frozen=True)
class Layer:
    """One row of the table; products are multiply-adds for one row of X."""

    layer: str
    input_shape: str
    output_shape: str
    activation: str
    parameters: int
    bytes: int
    products: int


COLUMNS = [field.name for field in fields(Layer)]
NUMBERS = COLUMNS[-3:]
HEADS = [name.removesuffix("_shape") for name in COLUMNS]
HEADS[-1] += " a row"


class Summary(NotebookTable):
    """Table of a network's layers, with totals in the last row.

    Parameters
    ----------
    title : str
        Title of the table.
    sizes : sequence of int
        n_features, the hidden layers' units, n_outputs.
    activations : sequence of str
        One for each layer, the output's inverse link last.
    n_bytes : int
        Bytes of a parameter.
    n_alphas : sequence of int, default=()
        Numbers of learned parameters of the first layers' activations.
    embedding : InputEmbedding or None, default=None
        Embedding of the inputs; `sizes` then begins with the number of its outputs.

    Attributes
    ----------
    rows : list of Layer
    """

    numbers = HEADS[-3:]
    n_totals = 1

    def __init__(self, title, sizes, activations, n_bytes, n_alphas=(), embedding=None):
        self.title = title
        names = [f"hidden {i}" for i in range(1, len(sizes) - 1)] + ["output"]
        n_alphas = [*n_alphas, *[0] * len(names)][: len(names)]
        each = zip(names, pairwise(sizes), activations, n_alphas, strict=True)
        self.rows = [
            _layer(name, *shape, activation, n, n_bytes)
            for name, shape, activation, n in each
        ]
        if embedding is not None:
            self.rows.insert(0, _embedding(embedding, n_bytes))
        sums = [sum(getattr(row, name) for row in self.rows) for name in NUMBERS]
        self.total = Layer("total", "", "", "", *sums)

    def frame(self):
        """The table as a pandas.DataFrame, without the totals."""
        try:
            import pandas as pd
        except ImportError as error:
            text = "Summary.frame needs pandas, which is not installed."
            raise ImportError(text) from error
        return pd.DataFrame(self.rows).set_index("layer")

    def _cells(self):
        """The rows as text, the names of the columns first."""
        rows = [astuple(row) for row in (*self.rows, self.total)]
        return [HEADS, *([_text(value) for value in row] for row in rows)]

    def __repr__(self):
        cells = self._cells()
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [_line(row, widths) for row in cells]
        rule = "-" * len(lines[0])
        return "\n".join([self.title, lines[0], rule, *lines[1:-1], rule, lines[-1]])


def summarize(estimator, n_features, n_outputs) -> Summary:
    """The summary of an estimator that is fitted, or of given numbers of columns."""
    owner, fitted = type(estimator).__name__, vars(estimator)
    sizes, n_bytes, n_alphas = (
        _of_fitted(owner, fitted)
        if "coefs_" in fitted
        else _of_settings(owner, estimator, n_features, n_outputs)
    )
    names = _names(owner, estimator.activation, len(sizes) - 2)
    return Summary(
        owner,
        sizes,
        [*names, fitted.get("out_activation_", "")],
        n_bytes,
        n_alphas,
        fitted.get("embedding_"),
    )


def _of_fitted(owner, fitted):
    """Sizes of layers, bytes of a parameter, and alphas of each hidden layer."""
    layers = fitted_layers(owner, fitted["coefs_"], fitted.get("intercepts_", ()))
    sizes = (layers[0][0].shape[0], *(W.shape[1] for W, _ in layers))
    alphas = fitted.get("alphas_", [])
    n_alphas = [0 if alpha is None else len(alpha) for alpha in alphas]
    return sizes, layers[0][0].itemsize, n_alphas


def _of_settings(owner, settings, n_features, n_outputs):
    """Sizes, bytes and alphas of an estimator that is not fitted."""
    for name, value in (("n_features", n_features), ("n_outputs", n_outputs)):
        if not is_integer(value) or value < 1:
            expected = "be an integer >= 1 for the summary of an estimator that is not "
            raise invalid(owner, name, f"{expected}fitted", value)
    for name in ("numeric_embedding", "categorical_features"):
        value = getattr(settings, name)
        if value is not None:
            expected = (
                "be None for the summary of an estimator that is not fitted, since the "
                "number of embedded columns depends on X"
            )
            raise invalid(owner, name, expected, describe(value))
    hidden = hidden_sizes(owner, settings.hidden_layer_sizes)
    activations = activations_of(owner, settings.activation, len(hidden), check=False)
    each = zip(hidden, activations, strict=False)
    n_alphas = [size if isinstance(a, Parametric) else 0 for size, a in each]
    return (int(n_features), *hidden, int(n_outputs)), 8, n_alphas


def _names(owner, given, n_hidden):
    activations_of(owner, given, n_hidden, check=False)  # checks how many
    if isinstance(given, str) or not hasattr(given, "__len__"):
        given = [given] * n_hidden
    return [name if isinstance(name, str) else type(name).__name__ for name in given]


def _embedding(embedding, n_bytes):
    inputs = embedding.inputs
    shapes = f"(n, {inputs.n_features})", f"(n, {inputs.width})"
    n_params = sum(array.size for array in embedding.arrays)
    n_products = sum(
        len(part.columns) * part.embedding.n_products for part in inputs.embedded
    )
    return Layer("embedding", *shapes, "", n_params, n_params * n_bytes, n_products)


def _layer(name, fan_in, fan_out, activation, n_alphas, n_bytes):
    n_weights = fan_in * fan_out
    shapes = f"(n, {fan_in})", f"(n, {fan_out})"
    n_params = n_weights + fan_out + n_alphas
    return Layer(name, *shapes, activation, n_params, n_params * n_bytes, n_weights)


def _text(value) -> str:
    return f"{value:,}" if isinstance(value, int) else value


def _line(row, widths) -> str:
    """Words to the left, numbers to the right."""
    n_words = len(COLUMNS) - len(NUMBERS)
    cells = zip(row, widths, strict=True)
    return "  ".join(
        cell.ljust(width) if i < n_words else cell.rjust(width)
        for i, (cell, width) in enumerate(cells)
    )
