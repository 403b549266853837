"""Parts: small objects that hold settings, as scikit-learn's tools expect them.

A part is a dataclass whose fields are its settings; ``setting`` gives a field its
default and its rule. Parts are cloned, pickled and compared by their settings, and
``est.set_params(solver__momentum=0.5)`` reaches into them.
"""

import inspect
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np

from skmlp.constraints import Rule, is_integer, is_real


def setting(default: Any, rule: Rule, *, kw_only: bool = False) -> Any:
    """A dataclass field with a default and the rule its values must satisfy."""
    metadata = {"rule": rule}
    if isinstance(default, Part):  # each owner has its own
        make = default.with_plain_numbers
        return field(default_factory=make, metadata=metadata, kw_only=kw_only)
    return field(default=default, metadata=metadata, kw_only=kw_only)


@dataclass
class Part:
    """Base of all parts.

    ``flat`` names the settings that a part chosen by its name takes from the
    estimator's parameters of the same name. ``abstract`` marks a class that is only a
    base.
    """

    flat: ClassVar[tuple[str, ...]] = ()

    def _names(self) -> list[str]:
        kind: Any = type(self)
        return list(_names(kind))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Settings by name; with `deep`, also those of parts within this part."""
        params = {name: getattr(self, name) for name in self._names()}
        for name, value in list(params.items()):
            if deep and isinstance(value, Part):
                inner = value.get_params().items()
                params.update({f"{name}__{key}": v for key, v in inner})
        return params

    def set_params(self, **params: Any) -> Self:
        """Set settings by name, ``name__inner`` for those of a part within this one."""
        names = self._names()
        # parts first, then what is within them
        for key, value in sorted(params.items(), key=lambda item: item[0].count("__")):
            name, _, inner = key.partition("__")
            if name not in names:
                raise ValueError(
                    f"{type(self).__name__} has no setting {name!r}; it has {names}."
                )
            if inner:
                getattr(self, name).set_params(**{inner: value})
            else:
                setattr(self, name, value)
        return self

    def broken_rules(self, name: str) -> list[tuple[str, str, Any]]:
        """(setting, what is expected, what came) of each setting that breaks its rule.

        Settings are named from `name`, the parameter that holds this part.
        """
        broken = []
        for f in fields(self):
            accepts, expected = f.metadata["rule"]
            value = getattr(self, f.name)
            if not accepts(value):
                broken.append((f"{name}__{f.name}", expected, value))
            elif isinstance(value, Part):
                broken += value.broken_rules(f"{name}__{f.name}")
        return broken

    def with_plain_numbers(self) -> Self:
        """A copy whose numbers are Python's own.

        NumPy scalars of float64 would turn float32 arrays into float64 ones.
        """
        settings = {name: _plain(getattr(self, name)) for name in self._names()}
        twin = type(self)(**settings)
        for name, value in vars(self).items():  # what is no setting
            if name not in settings:
                setattr(twin, name, value)
        return twin


@cache
def _names(kind: type[Any]) -> list[str]:
    """The settings' names, of a subclass with an __init__ of its own too."""
    names = [f.name for f in fields(kind)]
    own = list(inspect.signature(kind).parameters)
    return names if set(names) == set(own) else own


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return value.with_plain_numbers()
    if isinstance(value, (list, tuple, np.ndarray)):  # which the user may change
        return tuple(_plain(item) for item in value)
    if is_integer(value):
        return int(value)
    if is_real(value):
        return float(value)
    return value.item() if isinstance(value, np.generic) else value


def part_of(table: dict[str, Any], base: type) -> Rule:
    """The name of a part in `table`, or a part as an object."""
    listed = ", ".join(map(repr, table))
    example = next(iter(table.values())).__name__

    def accepts(value: Any) -> bool:
        if isinstance(value, str):
            return value in table
        return isinstance(value, base) and not vars(type(value)).get("abstract", False)

    return accepts, f"one of {listed}, or an object such as {example}()"
