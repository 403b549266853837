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
    estimator's parameters of the same name. ``by_reference`` names those that copies
    share, and that no file has. ``abstract`` marks a class that is only a base.
    """

    _given: ClassVar[set[str]]  # of each object; no setting
    flat: ClassVar[tuple[str, ...]] = ()
    by_reference: ClassVar[tuple[str, ...]] = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Record which settings are given, so that others can be filled in later."""
        self = super().__new__(cls)
        kind: Any = cls
        names = _positional(kind) if args else []
        vars(self)["_given"] = {*names[: len(args)], *kwargs}
        return self

    def __sklearn_clone__(self) -> Self:
        twin = type(self)(**self._copies(self.get_params(deep=False)))
        vars(twin)["_given"] = set(self._given)
        return twin

    def __init_subclass__(cls) -> None:
        if "__repr__" not in vars(cls):  # else dataclass makes one of all fields
            cls.__repr__ = Component.__repr__  # type: ignore[method-assign]

    def __repr__(self) -> str:
        """The call that makes it, with the settings that differ from their defaults."""
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
        """A copy, with the settings of `other` where none was given here.

        The two may be of different kinds: only settings that both have from the same
        base are filled in. Those do not count as given.
        """
        own, kinds = self.get_params(deep=False), (type(self), type(other))
        filled = {
            name: value
            for name, value in other.get_params(deep=False).items()
            if name in own and not self.is_given(name) and _same_setting(name, *kinds)
        }
        twin = type(self)(**self._copies({**own, **filled}))
        vars(twin)["_given"] = set(self._given)
        return twin

    def _copies(self, settings: dict[str, Any]) -> dict[str, Any]:
        shared = [settings[name] for name in self.by_reference]
        return copy.deepcopy(settings, {id(value): value for value in shared})

    def is_given(self, name: str) -> bool:
        """Whether a setting was given, to the constructor or to `set_params`."""
        return name in self._given

    def forget_given(self) -> None:
        """Have no setting count as given."""
        self._given.clear()

    def _names(self) -> list[str]:
        kind: Any = type(self)
        return list(_names(kind))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Settings by name; with `deep`, also those of nested components."""
        params = {name: getattr(self, name) for name in self._names()}
        for name, value in list(params.items()):
            if deep and isinstance(value, Component):
                inner = value.get_params().items()
                params.update({f"{name}__{key}": v for key, v in inner})
        return params

    def set_params(self, **params: Any) -> Self:
        """Set settings by name, ``name__inner`` for those of a nested component."""
        names = self._names()
        # components first, then what is within them
        for key, value in sorted(params.items(), key=lambda item: item[0].count("__")):
            name, _, inner = key.partition("__")
            if name not in names:
                raise ValueError(
                    f"{type(self).__name__} has no setting {name!r}; its settings are "
                    f"{names}.{did_you_mean(name, name, names)}"
                )
            self._given.add(name)
            if inner:
                getattr(self, name).set_params(**{inner: value})
            else:
                setattr(self, name, value)
        return self

    def broken_rules(self, name: str) -> list[tuple[str, str, Any]]:
        """(setting, expected, value) of each setting that breaks its rule.

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
        """A copy whose numbers are Python floats and ints.

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
    """The settings that can be given by position, in order."""
    parameters = inspect.signature(kind).parameters.values()
    return [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]


def _same_setting(name: str, kind: type[Any], other: type[Any]) -> bool:
    """Whether two kinds have a setting from one base, and not by coincidence."""
    first, second = (
        next((b for b in reversed(k.__mro__) if name in inspect.get_annotations(b)), k)
        for k in (kind, other)
    )
    return first is second


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
    """A rule: the name of a component in `table`, or a component object."""
    listed = ", ".join(map(repr, table))
    example = next(iter(table.values())).__name__

    def accepts(value: Any) -> bool:
        if isinstance(value, str):
            return value in table
        return isinstance(value, base) and not vars(type(value)).get("abstract", False)

    return accepts, f"one of {listed}, or an object such as {example}()"
