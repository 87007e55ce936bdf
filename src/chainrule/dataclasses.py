"""Dataclasses that cost next to nothing until they are used: those of the standard library, as far as needed here.

The library writes and compiles up to nine functions for each class when its module is loaded, 0.15 to 0.4 ms, and loads
`inspect` for it. Here classes share what can be shared; their `__init__`, `__eq__` and `__hash__` are written once they
have been used a few times, and a frozen object is then made in 0.6 of the time, because its slots are filled directly.
XOR from nothing takes 0.75 of the time, showing a worked solution 0.55 (processor time of processes, in turns). To all
others these are the library's dataclasses: type checkers take them as such, and its `fields` and `replace` do.
"""

from __future__ import annotations

import sys
from functools import partial
from reprlib import recursive_repr

TYPE_CHECKING = False  # what only types need is not loaded
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, NoReturn, TypeVar

    T = TypeVar("T")


class _Absent:
    """No default, or one that is made for each object."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<factory>"  # as the library shows it in a signature


_ABSENT = _Absent()


class _Field:
    """One field; its class gives it a name and an annotation."""

    __slots__ = ("annotation", "compare", "default", "factory", "init", "kw_only", "name", "repr")
    name: str
    annotation: Any

    def __init__(
        self,
        *,
        default: Any = _ABSENT,
        default_factory: Any = _ABSENT,
        init: bool = True,
        repr: bool = True,
        compare: bool = True,
        kw_only: bool | None = None,
    ) -> None:
        self.default, self.factory = default, default_factory
        self.init, self.repr, self.compare, self.kw_only = init, repr, compare, kw_only


_OFTEN = 32  # uses of a method after which it is worth to be written: that takes as long as 50 of the general one


class _Written:
    """A method that takes its own place once it is used often: before, `general` does it for any class.

    Without `general`, any attribute of a class that is worked out when it is first asked for.
    """

    __slots__ = ("_general", "_left", "_made", "_name", "_owner")

    def __init__(self, made: Callable[[Any], Any], general: Callable[..., Any] | None = None) -> None:
        self._made, self._general, self._left = made, general, _OFTEN

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner, self._name = owner, name

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is not None and self._general is not None and self._left:
            self._left -= 1
            return partial(self._general, self._owner, instance)
        found = self._made(self._owner)
        setattr(self._owner, self._name, found)
        bind = getattr(found, "__get__", None)  # by hand: a class below may have another attribute of this name
        return found if bind is None else bind(instance, owner)


def _dataclass(
    *, frozen: bool = False, slots: bool = False, eq: bool = True, repr: bool = True, kw_only: bool = False
) -> Callable[[type[T]], type[T]]:
    def made(given: type[T]) -> type[T]:
        space = {name: value for name, value in vars(given).items() if name not in ("__dict__", "__weakref__")}
        found = tuple(_fields_of(given, space, kw_only))
        adds: dict[str, Any] = {"__init__": _Written(_init, _begin)}
        adds["__match_args__"] = tuple([one.name for one in found if one.init and not one.kw_only])
        if repr:
            adds["__repr__"] = _repr
        if eq:
            adds["__eq__"] = _Written(_eq, _is_equal)
        if eq and frozen and space.get("__hash__") is None:  # as it is in a class with an __eq__ of its own
            space["__hash__"] = _Written(_hash, _hash_of)
        if frozen:
            adds |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
        if frozen and slots:
            adds |= {"__getstate__": _state, "__setstate__": _set_state}
        if slots:
            above = [name for base in given.__mro__[1:] for name in vars(base).get("__slots__", ())]
            space["__slots__"] = tuple([one.name for one in found if one.name not in above])
        else:
            space |= {one.name: one.default for one in found if one.default is not _ABSENT}
        for name in ("__dataclass_fields__", "__dataclass_params__"):
            adds[name] = _Written(_of_the_library(name, frozen=frozen, eq=eq, repr=repr))
        space |= {"__qualname__": given.__qualname__, "__fields__": found}
        kind: Any = type(given)
        anew: type[T] = kind(given.__name__, given.__bases__, adds | space)  # what a class has of its own remains
        return anew

    return made


def _fields_of(given: type, space: dict[str, Any], kw_only: bool) -> Sequence[_Field]:
    """All fields, those of bases first; their defaults are taken out of the space of the class."""
    found = {one.name: one for base in reversed(given.__mro__) for one in vars(base).get("__fields__", ())}
    for name, annotation in given.__annotations__.items():
        if "ClassVar" in str(annotation):
            continue
        one = space.pop(name, _ABSENT)
        if not isinstance(one, _Field):
            one = _Field(default=one)
        if type(one.default).__hash__ is None:
            raise TypeError(f"the default of {given.__qualname__}.{name} can be changed: use default_factory.")
        one.name, one.annotation = name, annotation
        if one.kw_only is None:
            one.kw_only = kw_only
        found[name] = one
    return list(found.values())


def _begin(cls: Any, self: Any, *values: Any, **named: Any) -> None:
    """What every `__init__` does; one of the class's own refuses what does not fit."""
    due, put = len(values) + len(named), object.__setattr__ if cls.__setattr__ is _refuse_to_set else setattr
    rest = iter(values)
    for one in cls.__fields__:
        value = _ABSENT
        if one.init:
            if not one.kw_only:
                value = next(rest, _ABSENT)
            if value is _ABSENT:
                value = named.get(one.name, _ABSENT)
        if value is not _ABSENT:
            due -= 1
        elif one.default is not _ABSENT:
            value = one.default
        elif one.factory is not _ABSENT:
            value = one.factory()
        elif one.init:
            due = -1
            break
        else:
            continue
        put(self, one.name, value)
    if due:
        _init(cls)(self, *values, **named)
    elif hasattr(cls, "__post_init__"):
        self.__post_init__()


def _is_equal(cls: Any, self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return _compared(cls, self) == _compared(cls, other)


def _hash_of(cls: Any, self: Any) -> int:
    return hash(_compared(cls, self))


def _compared(cls: Any, one: Any) -> tuple[Any, ...]:
    return tuple([getattr(one, part.name) for part in cls.__fields__ if part.compare])


def _init(cls: Any) -> Any:
    frozen, taken = cls.__setattr__ is _refuse_to_set, {"_absent": _ABSENT, "_put": object.__setattr__}
    first, keywords, lines = ["self"], list[str](), list[str]()
    for one in cls.__fields__:
        name = value = parameter = one.name
        if one.default is not _ABSENT:
            taken[f"_default_{name}"] = one.default
            parameter, value = f"{name}=_default_{name}", name if one.init else f"_default_{name}"
        elif one.factory is not _ABSENT:
            taken[f"_factory_{name}"] = one.factory
            new = f"_factory_{name}()"
            parameter, value = f"{name}=_absent", f"{new} if {name} is _absent else {name}" if one.init else new
        elif not one.init:
            continue
        if one.init:
            (keywords if one.kw_only else first).append(parameter)
        slot = getattr(getattr(cls, name, None), "__set__", None)
        if not frozen:
            lines.append(f"self.{name} = {value}")
        elif slot is None:
            lines.append(f"_put(self, {name!r}, {value})")
        else:
            taken[f"_set_{name}"] = slot
            lines.append(f"_set_{name}(self, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    made = _function(cls, "__init__", [*first, *(["*"] if keywords else []), *keywords], lines, taken)
    made.__annotations__ = {one.name: one.annotation for one in cls.__fields__ if one.init} | {"return": None}
    return made


def _eq(cls: Any) -> Any:
    same = f"{_values(cls, 'self')} == {_values(cls, 'other')}"
    return _function(
        cls, "__eq__", ["self", "other"], [f"return {same} if other.__class__ is self.__class__ else NotImplemented"]
    )


def _hash(cls: Any) -> Any:
    return _function(cls, "__hash__", ["self"], [f"return hash({_values(cls, 'self')})"])


def _values(cls: Any, of: str) -> str:
    return f"({''.join([f'{of}.{one.name},' for one in cls.__fields__ if one.compare])})"


def _function(
    cls: Any, name: str, parameters: Sequence[str], lines: Sequence[str], taken: Mapping[str, Any] | None = None
) -> Any:
    """A method from its lines, which find what is `taken` as if it were defined around it."""
    found = taken or {}
    body = "\n  ".join(lines or ["pass"])
    text = f"def make({', '.join(found)}):\n def {name}({', '.join(parameters)}):\n  {body}\n return {name}"
    space: dict[str, Any] = {}
    exec(text, vars(sys.modules[cls.__module__]), space)  # noqa: S102 - of names of fields, as the library does it
    method = space["make"](**found)
    method.__qualname__ = f"{cls.__qualname__}.{name}"
    return method


@recursive_repr("...")
def _repr(self: Any) -> str:
    parts = [f"{one.name}={getattr(self, one.name)!r}" for one in self.__fields__ if one.repr]
    return f"{type(self).__qualname__}({', '.join(parts)})"


def _refuse_to_set(self: Any, name: str, value: Any) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in self.__fields__]


def _set_state(self: Any, state: Sequence[Any]) -> None:
    for one, value in zip(self.__fields__, state, strict=True):
        object.__setattr__(self, one.name, value)


def _of_the_library(name: str, **options: Any) -> Callable[[Any], Any]:
    """What the library would write down about a class under this name."""

    def made(cls: Any) -> Any:
        import dataclasses as library

        parts = []
        for one in cls.__fields__:
            told: dict[str, Any] = {name: getattr(one, name) for name in ("init", "repr", "compare", "kw_only")}
            told |= {"default": one.default} if one.default is not _ABSENT else {}
            told |= {"default_factory": one.factory} if one.factory is not _ABSENT else {}
            parts.append((one.name, one.annotation, library.field(**told)))
        return getattr(library.make_dataclass(cls.__name__, parts, **options), name)

    return made


def _fields(of: Any) -> tuple[_Field, ...]:
    found: tuple[_Field, ...] = of.__fields__
    return found


def _is_dataclass(one: Any) -> bool:
    return hasattr(one, "__fields__")


def _replace(one: T, /, **changes: Any) -> T:
    kept = {part.name: getattr(one, part.name) for part in _fields(one) if part.init and part.name not in changes}
    return type(one)(**kept, **changes)


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import fields as fields
    from dataclasses import is_dataclass as is_dataclass
    from dataclasses import replace as replace
else:
    dataclass, field, fields, is_dataclass, replace = _dataclass, _Field, _fields, _is_dataclass, _replace
