"""The README tells the truth: its code runs, its tables fit the package."""

import dataclasses
import inspect
import re
import warnings
from pathlib import Path

import pytest

import skmlp
from skmlp.activations import ACTIVATIONS
from skmlp.embeddings import EMBEDDINGS
from skmlp.initializers import INITIALIZERS
from skmlp.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from skmlp.schedules import SCHEDULES
from skmlp.solvers import SOLVERS

# settings that the text above the table explains for all solvers, or as adam's
EVERYWHERE = (
    "clip_norm",
    "averaging",
    "lazy",
    "max_norm",
    "parametrization",
    "rate_factors",
)
LIKE_ADAM, ADAM = ("adamw", "amsgrad", "nadam"), ("beta_1", "beta_2", "epsilon")
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ESTIMATORS = [skmlp.MLPClassifier, skmlp.MLPRegressor]


def section(title):
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_python_blocks_run_one_after_the_other():
    for needed in "pandas", "matplotlib":
        pytest.importorskip(needed)
    namespace = {}
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            exec(compile(block, "README.md", "exec"), namespace)


ENTRY = re.compile(r"^(\w+) : .*\n((?:    .*\n|\n)+)", re.M)
FIRST_SENTENCE = re.compile(r"(.*?[.:])(?: (?=[A-Z'\"`(-])|$)")


def first_sentences(estimator):
    """Of each parameter in the docstring."""
    doc = inspect.getdoc(estimator).split("\nParameters\n----------\n")[1]
    parameters = doc.split("\n\nAttributes\n")[0] + "\n"
    texts = {m[1]: " ".join(m[2].split()) for m in ENTRY.finditer(parameters)}
    return {n: FIRST_SENTENCE.match(text)[1].rstrip(":.") for n, text in texts.items()}


def rows(estimator):
    """(parameter, default, first sentence) of each parameter."""
    sentences = first_sentences(estimator)
    for name, parameter in inspect.signature(estimator).parameters.items():
        default = repr(parameter.default).replace("'", '"')
        yield name, default, sentences[name]


def test_the_parameter_table_is_made_of_the_docstrings():
    table = section("Parameters").split("| parameter | default |")[1]
    ours, theirs = (list(rows(estimator)) for estimator in ESTIMATORS)
    for own, other, mark in (ours, theirs, "classifier"), (theirs, ours, "regressor"):
        for row in own:
            name, default, sentence = row
            name = f"`{name}`" if row in other else f"`{name}` ({mark})"
            assert f"| {name} | `{default}` | {sentence} |" in table
    assert table.count("\n| `") == len({*ours, *theirs})


SAME_TEXT_BUT = {"early_stopping", "output_bias", "scoring", "ensemble", "loss"}


def test_both_estimators_say_the_same_of_the_parameters_that_they_share():
    docs = [
        dict(re.findall(r"^(\w+ : .*)\n((?:    .*\n|\n)+)", inspect.getdoc(e), re.M))
        for e in ESTIMATORS
    ]
    heads = [
        {head.split(" : ")[0]: head + text for head, text in doc.items()}
        for doc in docs
    ]
    shared = inspect.signature(ESTIMATORS[0]).parameters.keys()
    shared &= inspect.signature(ESTIMATORS[1]).parameters.keys()
    differ = {n for n in shared if heads[0][n].strip() != heads[1][n].strip()}
    assert differ == SAME_TEXT_BUT


PARTS = {
    "Activations": ACTIVATIONS,
    "Losses": CLASSIFICATION_LOSSES | REGRESSION_LOSSES,
    "Solvers": SOLVERS,
    "Schedules": SCHEDULES,
    "Initial weights": INITIALIZERS,
    "Embeddings": EMBEDDINGS,
}


@pytest.mark.parametrize("title", PARTS)
def test_the_tables_of_parts_have_each_part_with_its_settings(title):
    table = section("Parts").split(f"**{title}**")[1].split("\n**")[0]
    rows = [line for line in table.splitlines() if '`"' in line]
    named = re.findall(r'`"(\w+)"`', " ".join(row.split("|")[1] for row in rows))
    if title == "Losses":
        named = re.findall(r'`"(\w+)"`', " ".join(row.split("|")[2] for row in rows))
    assert set(named) == set(PARTS[title])
    for name, kind in PARTS[title].items():
        given = " ".join(row for row in rows if f'"{name}"' in row)
        for field in dataclasses.fields(kind):
            if field.name in EVERYWHERE or (name in LIKE_ADAM and field.name in ADAM):
                continue
            default = repr(getattr(kind(), field.name)).replace("e-0", "e-")
            assert f"`{field.name}={default}`" in given, field.name


def test_commands_name_files_that_are_there():
    for name in re.findall(r"\bexamples/\w+\.py", README):
        assert (ROOT / name).is_file(), name
    for name in re.findall(r"`(\w+\.py)`", section("Usage")):
        assert (ROOT / "examples" / name).is_file(), name
