"""Writes two pages of the guide from the docstrings: parts.md and parameters.md.

    python examples/guide/reference.py

What to see: the names of the pages. A docstring that changes changes its page, and the
tests compare the two.
"""

import dataclasses
import inspect
import re
from pathlib import Path

from skmlp import Checkpoint, Dropout, EarlyStopping, Ensemble
from skmlp import MLPClassifier as Classifier
from skmlp import MLPRegressor as Regressor
from skmlp.activations import ACTIVATIONS
from skmlp.embeddings import EMBEDDINGS
from skmlp.initializers import INITIALIZERS
from skmlp.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from skmlp.schedules import SCHEDULES
from skmlp.solvers import SOLVERS, Lazy, Stochastic

FOLDER = Path(__file__).parent

# Docstrings as Markdown.


def sections(kind):
    """The docstring's text by heading; "" is what comes before the first one."""
    parts = re.split(r"^(\w[\w ]*)\n-+\n", inspect.getdoc(kind), flags=re.M)
    titles, texts = ["", *parts[1::2]], parts[::2]
    return {t: text.strip("\n") for t, text in zip(titles, texts, strict=True)}


def inline(text):
    """Code by one backtick, on one line."""
    return " ".join(text.replace("``", "`").split())


def escaped(text):
    """A cell of a table."""
    return inline(text).replace("|", "\\|")


def entries(text):
    """(name, kind, what it says) of each parameter in a section."""
    found = re.findall(r"^(\w+)(?: :)? (.*)\n((?:    .*\n|\n)*)", text + "\n", re.M)
    return [(name, kind, inline(said)) for name, kind, said in found]


def is_indented(paragraph):
    return all(line.startswith("    ") for line in paragraph.splitlines())


def paragraphs(text):
    """Markdown of a docstring's text: what is indented becomes a block."""
    for paragraph in re.split(r"\n\n+", text):
        if not paragraph.strip():
            continue
        if is_indented(paragraph):
            lines = [line[4:] for line in paragraph.splitlines()]
            yield "```text\n" + "\n".join(lines) + "\n```"
        elif re.match(r"\w+ : ", paragraph):
            told = re.findall(r"^(\w+) : (.*(?:\n    .*)*)", paragraph, re.M)
            yield "\n".join(f"- `{name}`: {inline(text)}" for name, text in told)
        else:
            yield from with_formula(paragraph)


def with_formula(paragraph):
    """Text, with lines among it that are indented as a block."""
    lines = re.split(r"\n((?:    .*(?:\n|$))+)", paragraph)
    for i, text in enumerate(lines):
        if i % 2:
            yield "```text\n" + inspect.cleandoc(text) + "\n```"
        elif text.strip():
            yield inline(text)


def settings_list(kind, leave_out=()):
    for name, what, said in entries(sections(kind).get("Parameters", "")):
        if name not in leave_out:
            yield f"- `{name}` ({inline(what)})" + (f": {said}" if said else "")


# Parts.

TABLES = {
    "Activations": (
        ACTIVATIONS,
        "activation",
        "Of the hidden layers. z is what a unit computes, a what it gives to the next "
        "layer. An object of your own needs `forward(z, out)` and `backward(delta, z, "
        "a)`: see [Developing](developing.md#an-activation-in-twenty-lines).",
    ),
    "Losses of classes": (
        CLASSIFICATION_LOSSES,
        "loss",
        "For `MLPClassifier`. raw are the network's outputs before softmax or the "
        "logistic function.",
    ),
    "Losses of numbers": (
        REGRESSION_LOSSES,
        "loss",
        "For `MLPRegressor`. Which one for what: [Losses](losses.md).",
    ),
    "Solvers": (SOLVERS, "solver", ""),
    "Schedules": (
        SCHEDULES,
        "learning_rate",
        "Factors on `learning_rate_init`, and with `Dropout(schedule=...)` and "
        "`decay_schedule` on dropout and weight decay. Progress t is the share of the "
        "updates of `max_iter` epochs that has been made. Training ends when patience "
        "runs out, whatever the schedule still plans, except with coslog4: raise "
        "`n_iter_no_change` to see a schedule through. By name, 'invscaling' and "
        "'adaptive' are ignored by adam, as in scikit-learn; as objects they act.",
    ),
    "Initializers": (
        INITIALIZERS,
        "initializer",
        "First weights W and biases b of a layer. gain is 6, for the logistic function "
        "2.",
    ),
    "Embeddings": (
        EMBEDDINGS,
        "numeric_embedding",
        "What a column of numbers becomes, besides itself, before the first layer.",
    ),
}


def shared_settings(kind):
    """Those that are told once, above all solvers."""
    if not issubclass(kind, Stochastic):
        return set()
    return {f.name for base in (Stochastic, Lazy) for f in dataclasses.fields(base)}


def call(kind):
    """The class with the defaults of its own settings."""
    names = [f.name for f in dataclasses.fields(kind)]
    own = [name for name in names if name not in shared_settings(kind)]
    defaults = ", ".join(f"{name}={getattr(kind(), name)!r}" for name in own)
    return f"{kind.__name__}({defaults})"


def part(names, kind):
    """Markdown of one part."""
    yield "### " + ", ".join(f'"{name}"' for name in names)
    yield f"`skmlp.{kind.__module__.split('.')[-1]}.{call(kind)}`"
    doc = sections(kind)
    yield from paragraphs(doc[""])
    own = list(settings_list(kind, leave_out=shared_settings(kind)))
    if own:
        yield "\n".join(own)
    if "References" in doc:
        yield "Source: " + " ".join(inline(p) for p in doc["References"].split("\n\n"))
    if kind in CLASSIFICATION_LOSSES.values():
        yield "Of three or more classes:"
        yield from paragraphs(sections(type(kind().multinomial()))[""])
        yield "Of two classes, or several labels:"
        yield from paragraphs(sections(type(kind().binomial()))[""])


def parts_page():
    yield "# Parts reference"
    yield (
        "Every part goes by its name, or as an object that carries settings: "
        '`activation="leaky_relu"` or `activation=LeakyReLU(slope=0.1)`. This page is '
        "made of the docstrings by [reference.py](reference.py)."
    )
    links = [f"[{t}](#{t.lower().replace(' ', '-')})" for t in TABLES]
    yield " · ".join(links)
    for title, (table, parameter, text) in TABLES.items():
        yield f"## {title}"
        yield f"The parameter `{parameter}`. {text}".strip()
        if title == "Solvers":
            yield "All but lbfgs also have these settings, each off by default:"
            yield "\n".join([*settings_list(Stochastic), *settings_list(Lazy)])
        by_kind = {}
        for name, kind in table.items():
            by_kind.setdefault(kind, []).append(name)
        for kind, names in by_kind.items():
            yield from part(names, kind)


# Parameters of the estimators.

BY_PURPOSE = {
    "The network": (
        "hidden_layer_sizes activation initializer output_bias numeric_embedding "
        "categorical_features embedding_size learned_scale"
    ),
    "The loss, and what counts": "loss class_weight alpha alpha_l1 dropout",
    "Scales": "scale_input scale_target clip_output",
    "The solver": (
        "solver learning_rate_init learning_rate batch_size shuffle momentum "
        "nesterovs_momentum beta_1 beta_2 epsilon power_t max_fun"
    ),
    "How long": "max_iter tol n_iter_no_change max_time recover",
    "Early stopping": "early_stopping validation_fraction scoring refit",
    "Several networks": "n_members ensemble n_jobs",
    "After training": "calibration",
    "Continue training": "warm_start coefs_init freeze checkpoint",
    "Watching": "verbose record random_state",
}
HEAD = "| parameter | default | what it is |"
FIRST_SENTENCE = re.compile(r"(.*?[.:])(?: (?=[A-Z'\"`(-])|$)")


def rows(estimator):
    """{name: (default, first sentence)} of the parameters."""
    told = {name: said for name, _, said in entries(sections(estimator)["Parameters"])}
    found = {}
    for name, parameter in inspect.signature(estimator).parameters.items():
        default = repr(parameter.default).replace("'", '"')
        found[name] = default, FIRST_SENTENCE.match(told[name])[1].rstrip(":.")
    return found


def parameter_rows(name, ours, theirs):
    """One row, or one for each estimator where they differ."""
    pairs = {"classifier": ours.get(name), "regressor": theirs.get(name)}
    if pairs["classifier"] == pairs["regressor"]:
        pairs = {"": pairs["classifier"]}
    for who, row in pairs.items():
        if row is not None:
            mark = f" ({who})" if who else ""
            yield f"| `{name}`{mark} | `{row[0]}` | {escaped(row[1])} |"


def parameters_page():
    yield "# Cheat sheet of parameters"
    yield (
        "By purpose, with their defaults; each row is the first sentence of "
        "`help(MLPClassifier)` or `help(MLPRegressor)`, which have the full text. The "
        "defaults are scikit-learn's where it has the parameter; the others change "
        "nothing. Which of them matter: [Choosing and tuning](tuning.md). This page is "
        "made of the docstrings by [reference.py](reference.py)."
    )
    ours, theirs = rows(Classifier), rows(Regressor)
    groups = {title: names.split() for title, names in BY_PURPOSE.items()}
    named = {name for names in groups.values() for name in names}
    groups["More"] = [name for name in ours | theirs if name not in named]
    for title, names in groups.items():
        if names:
            yield f"## {title}"
            lines = [row for n in names for row in parameter_rows(n, ours, theirs)]
            yield "\n".join([HEAD, "|---|---|---|", *lines])
    yield "## Settings that belong together"
    yield (
        "These objects go in the place of a plain value, and searches reach inside: "
        "`dropout__schedule`, also where `dropout` is a number."
    )
    for option in Dropout, EarlyStopping, Ensemble, Checkpoint:
        yield f"### `{option.__name__}`"
        yield inline(sections(option)[""])
        yield "\n".join(settings_list(option))


PAGES = {"parts.md": parts_page, "parameters.md": parameters_page}


def main():
    for name, page in PAGES.items():
        (FOLDER / name).write_text("\n\n".join(page()) + "\n", encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()
