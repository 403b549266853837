"""The public names of the package, by the pages of the reference that have them."""

import importlib
import inspect
from dataclasses import dataclass

import skmlp
from skmlp.component import Component


@dataclass(frozen=True)
class Section:
    """A page of the reference.

    names : those of the page; None for all public ones of the module.
    """

    module: str
    title: str
    text: str
    names: tuple | None = None

    @property
    def page(self):
        return self.module.replace(".", "_")


SECTIONS = [
    Section("skmlp", "Estimators and tools", "what is imported from skmlp itself."),
    Section("skmlp.tabular", "Raw tables", "encoders, and the pipeline that has them."),
    Section("skmlp.plot", "Displays", "pictures of fits and of networks."),
    Section("skmlp.activations", "Activations", "the parameter ``activation``."),
    Section("skmlp.losses", "Losses", "the parameter ``loss``."),
    Section("skmlp.solvers", "Solvers", "the parameter ``solver``."),
    Section("skmlp.schedules", "Schedules", "the parameter ``learning_rate``."),
    Section("skmlp.initializers", "Initializers", "the parameter ``initializer``."),
    Section("skmlp.embeddings", "Embeddings", "the parameter ``numeric_embedding``."),
    Section("skmlp.network", "The engine", "the network and its objective."),
    Section(
        "skmlp.component",
        "Components",
        "what parts of your own are made of.",
        ("Component", "setting"),
    ),
    Section(
        "skmlp.constraints", "Rules of settings", "what the settings of parts may be."
    ),
    Section(
        "skmlp.estimators.inspection.summary",
        "Summaries",
        "what ``summary()`` of an estimator returns.",
        ("Summary",),
    ),
    Section(
        "skmlp.tabular.report",
        "Reports",
        "what ``report()`` of an encoder returns.",
        ("TableReport", "ColumnReport"),
    ),
]
# Names of the package itself whose page is that of another section.
VERSION = "__version__"


def is_public(value, module):
    """Whether a module without ``__all__`` gives it to others."""
    here = getattr(value, "__module__", None) == module.__name__
    if module.__name__.startswith("skmlp.constraints"):
        return here and callable(value)
    return here and inspect.isclass(value) and issubclass(value, Component)


def public_names(section):
    """The names that the module gives to others."""
    module = importlib.import_module(section.module)
    if section.names is not None:
        return list(section.names)
    if "__all__" in vars(module):
        return [name for name in module.__all__ if name != VERSION]
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (is_public(value, module) or is_table(name, value))
    ]


def is_table(name, value):
    """{name: class}, which says what a parameter takes."""
    return name.isupper() and isinstance(value, dict)


def names_of(section):
    """Full names of classes and functions, and of tables; each on one page only."""
    module = importlib.import_module(section.module)
    names = public_names(section)
    if module is not skmlp:
        names = [name for name in names if name not in skmlp.__all__]
    data = [name for name in names if not callable(getattr(module, name))]
    kinds = [name for name in names if name not in data]
    return (
        [f"{section.module}.{name}" for name in kinds],
        [f"{section.module}.{name}" for name in data],
    )
