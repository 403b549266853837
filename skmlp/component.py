"""Components: small objects that hold settings, as scikit-learn's tools expect them.

A component is a dataclass whose fields are its settings; ``setting`` gives a field its
default and its rule. Components are cloned, pickled and compared by their settings, and
``est.set_params(solver__momentum=0.5)`` reaches into them.
"""

import copy
import inspect
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np

from skmlp.constraints import Rule, is_integer, is_real
from skmlp.spelling import did_you_mean


def setting(default: Any, rule: Rule, *, kw_only: bool = False) -> Any:
    """A dataclass field with a default and the rule its values must satisfy."""
    metadata = {"rule": rule}
    if isinstance(default, Component):  # each owner has its own
        make = default.with_plain_numbers
        return field(default_factory=make, metadata=metadata, kw_only=kw_only)
    return field(default=default, metadata=metadata, kw_only=kw_only)


@dataclass(repr=False)
class Component:
    """Base of all components.

    ``flat`` names the settings that a component chosen by its name takes from the
    estimator's parameters of the same name. ``abstract`` marks a class that is only a
    base.
    """

    _given: ClassVar[set[str]]  # of each object; no setting
    flat: ClassVar[tuple[str, ...]] = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Note which settings are given, so that others may be filled in later."""
        self = super().__new__(cls)
        kind: Any = cls
        names = _positional(kind) if args else []
        vars(self)["_given"] = {*names[: len(args)], *kwargs}
        return self

    def __sklearn_clone__(self) -> Self:
        twin = type(self)(**copy.deepcopy(self.get_params(deep=False)))
        vars(twin)["_given"] = set(self._given)
        return twin

    def __init_subclass__(cls) -> None:
        if "__repr__" not in vars(cls):  # else dataclass makes one of all fields
            cls.__repr__ = Component.__repr__  # type: ignore[method-assign]

    def __repr__(self) -> str:
        """As it would be written: settings that differ from their defaults."""
        changed = self.changed_settings().items()
        settings = ", ".join(f"{name}={value!r}" for name, value in changed)
        return f"{type(self).__name__}({settings})"

    def changed_settings(self) -> dict[str, Any]:
        """Settings whose values differ from their defaults."""
        return {
            name: value
            for name, value in self.get_params(deep=False).items()
            if not _is_default(type(self), name, value)
        }

    def filled_by(self, other: "Component") -> Self:
        """The same, with the settings of `other` where none was given here.

        The two may be of different kinds: those that both have count.
        """
        own = self.get_params(deep=False)
        shared = other.get_params(deep=False).items()
        filled = {n: v for n, v in shared if n in own and n not in self._given}
        return type(self)(**copy.deepcopy({**own, **filled}))

    def _names(self) -> list[str]:
        kind: Any = type(self)
        return list(_names(kind))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Settings by name; with `deep`, also those of components within this one."""
        params = {name: getattr(self, name) for name in self._names()}
        for name, value in list(params.items()):
            if deep and isinstance(value, Component):
                inner = value.get_params().items()
                params.update({f"{name}__{key}": v for key, v in inner})
        return params

    def set_params(self, **params: Any) -> Self:
        """Set settings by name, ``name__inner`` for those of a component within."""
        names = self._names()
        # components first, then what is within them
        for key, value in sorted(params.items(), key=lambda item: item[0].count("__")):
            name, _, inner = key.partition("__")
            if name not in names:
                raise ValueError(
                    f"{type(self).__name__} has no setting {name!r}; it has {names}."
                    f"{did_you_mean(name, name, names)}"
                )
            self._given.add(name)
            if inner:
                getattr(self, name).set_params(**{inner: value})
            else:
                setattr(self, name, value)
        return self

    def broken_rules(self, name: str) -> list[tuple[str, str, Any]]:
        """(setting, what is expected, what came) of each setting that breaks its rule.

        Settings are named from `name`, the parameter that holds this component.
        """
        broken = []
        for f in fields(self):
            accepts, expected = f.metadata["rule"]
            value = getattr(self, f.name)
            if not accepts(value):
                broken.append((f"{name}__{f.name}", expected, value))
            elif isinstance(value, Component):
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


@cache
def _positional(kind: type[Any]) -> list[str]:
    """The settings that may be given by position, in their order."""
    parameters = inspect.signature(kind).parameters.values()
    return [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]


def _is_default(kind: type[Any], name: str, value: Any) -> bool:
    default = inspect.signature(kind).parameters[name].default
    if default is inspect.Parameter.empty or type(value) is not type(default):
        return False
    return bool(np.array_equal(value, default))


def _plain(value: Any) -> Any:
    if isinstance(value, Component):
        return value.with_plain_numbers()
    if isinstance(value, (list, tuple, np.ndarray)):  # which the user may change
        return tuple(_plain(item) for item in value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if is_integer(value):
        return int(value)
    if is_real(value):
        return float(value)
    return value.item() if isinstance(value, np.generic) else value


def component_of(table: dict[str, Any], base: type) -> Rule:
    """The name of a component in `table`, or one as an object."""
    listed = ", ".join(map(repr, table))
    example = next(iter(table.values())).__name__

    def accepts(value: Any) -> bool:
        if isinstance(value, str):
            return value in table
        return isinstance(value, base) and not vars(type(value)).get("abstract", False)

    return accepts, f"one of {listed}, or an object such as {example}()"
