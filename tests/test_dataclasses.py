"""Our dataclasses are the library's: the same classes made by both look and behave the same."""

from __future__ import annotations

import ast
import copy
import dataclasses as library
import inspect
import pickle
import pprint
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import dataclasses as ours

SOURCE = Path(ours.__file__).parent
OPTIONS = ("frozen", "slots", "eq", "repr", "kw_only")


def both(body: str, **options: bool) -> tuple[Any, Any]:
    """A class written in two modules, made by the library and by us."""
    made = []
    for name, where in (("of_library", library), ("of_ours", ours)):
        module = ModuleType(name)
        told = ", ".join(f"{key}={value}" for key, value in options.items())
        text = f"from __future__ import annotations\nfrom typing import ClassVar\n@dataclass({told})\n{body}"
        vars(module).update({name: getattr(where, name) for name in ("dataclass", "field")})
        sys.modules[name] = module
        exec(text, vars(module))
        made.append(module.A)
    return made[0], made[1]


def told(call: Any) -> Any:
    """What a call returns, or how it fails."""
    try:
        return call()
    except Exception as error:
        return type(error), str(error)


FIELDS = st.sampled_from(
    [
        "", " = 3", " = (1, 2)", " = field(default_factory=list)", " = field(default=5, kw_only=True)",
        " = field(repr=False, default=1)", " = field(compare=False, default=2)", " = field(init=False, default=7)",
        " = field(init=False, default_factory=dict)", " = field(kw_only=True)",
    ]
)  # fmt: skip
METHODS = st.lists(
    st.sampled_from(
        [
            "def __post_init__(self): object.__setattr__(self, 'f0', 'set after')", "def __repr__(self): return 'own'",
            "def __eq__(self, other): return True", "def __hash__(self): return 1", "__match_args__ = ('f0',)",
            "Z: ClassVar[int] = 9", "def double(self): return (self.f0, self.f0)",
        ]
    ),
    unique=True,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.lists(FIELDS, min_size=1, max_size=6),
    METHODS,
    st.fixed_dictionaries(dict.fromkeys(OPTIONS, st.booleans())),
    st.sampled_from([0, 1, ours._OFTEN]),
)
def test_classes_behave_as_those_of_the_library(
    written: list[str], methods: list[str], options: dict[str, bool], often: int
) -> None:
    lines = [f"    f{k}: int{text}" for k, text in enumerate(written)]
    body = "\n".join(["class A:", *lines, *[f"    {one}" for one in methods]])
    with patch.object(ours, "_OFTEN", often):
        pair = told(lambda: both(body, **options))
    if pair[0] is TypeError:  # a field without a default after one with: ours says so when an object is made
        assert "non-default argument" in pair[1]
        return
    theirs, mine = pair
    assert mine.__qualname__ == theirs.__qualname__
    assert mine.__match_args__ == theirs.__match_args__
    assert str(inspect.signature(mine)) == str(inspect.signature(theirs))
    assert getattr(mine, "__slots__", None) == getattr(theirs, "__slots__", None)
    assert [one.name for one in ours.fields(mine)] == [one.name for one in library.fields(theirs)]
    parameters = [name for name in inspect.signature(theirs).parameters if name != "self"]
    for values in ({}, dict.fromkeys(parameters, 40), {"f0": 1, "other": 2}, {name: [] for name in parameters}):
        first, second = (told(lambda cls=cls, values=values: cls(**values)) for cls in (theirs, mine))
        if isinstance(first, tuple):
            assert first == second
            continue
        for ask in (
            repr, pprint.pformat, hash, library.asdict, lambda one: one.f0, lambda one: one == copy.copy(one),
            lambda one: one == copy.deepcopy(one), lambda one: one != 1, lambda one: setattr(one, "f0", 6) or one.f0,
            lambda one: repr(pickle.loads(pickle.dumps(one))), lambda one: delattr(one, "f0"),
            lambda one: repr(library.replace(one, **{parameters[0]: 8} if parameters else {})),
        ):  # fmt: skip
            if getattr(theirs, f"__{ask.__name__}__", None) is getattr(object, f"__{ask.__name__}__", ask):
                assert getattr(mine, f"__{ask.__name__}__") is getattr(object, f"__{ask.__name__}__")
                continue
            expected, found = (told(lambda one=one, ask=ask: ask(one)) for one in (first, second))
            assert found == expected or " object at 0x" in str(expected)


@ours.dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0


@ours.dataclass(frozen=True, slots=True, kw_only=True)
class Named(Point):
    name: str
    tags: list[str] = ours.field(default_factory=list, compare=False)


def test_fields_of_a_base_come_first_and_keep_their_places() -> None:
    one = Named(1, 2, name="corner")
    assert repr(one) == "Named(x=1, y=2, name='corner', tags=[])"
    assert Named.__slots__ == ("name", "tags")
    assert not hasattr(one, "__dict__")
    assert (one, hash(one)) == (Named(1, 2, name="corner", tags=["other"]), hash(Named(1, 2, name="corner")))
    assert one != Point(1, 2)
    assert pickle.loads(pickle.dumps(one)) == one
    match one:
        case Named(x, y, name=name):
            assert (x, y, name) == (1, 2, "corner")
        case _:
            raise AssertionError
    assert ours.replace(one, x=5, name="side") == Named(5, 2, name="side") == library.replace(one, x=5, name="side")
    assert one.tags is not Named(1, name="other").tags


def test_a_class_below_may_begin_in_its_own_way() -> None:
    class Far(Point):
        def __init__(self, distance: int) -> None:
            super().__init__(distance, distance)

    assert (Far(7).x, Far(7).y) == (7, 7)  # the first object of Far asks for what Point has not written yet, or has


def test_methods_are_written_once_they_are_used_often() -> None:
    @ours.dataclass(frozen=True, slots=True)
    class Late:
        x: int
        y: list[int] = ours.field(default_factory=list, compare=False)

    names, written = ("__init__", "__eq__", "__hash__"), vars(Late)
    for _ in range(ours._OFTEN):
        assert not any(inspect.isfunction(written[name]) for name in names)
        Late(1)
    one, other = Late(1), Late(1)
    assert inspect.isfunction(written["__init__"])
    for _ in range(2 * ours._OFTEN):
        assert (one == other, one == Late(2), one == 1, hash(one)) == (True, False, False, hash((1,)))
    assert all(inspect.isfunction(written[name]) for name in names)
    first = [written[name] for name in names]
    assert (Late(1) == Late(1), hash(Late(1))) == (True, hash((1,)))
    assert first == [written[name] for name in names]


def test_a_signature_is_there_before_an_object_is() -> None:
    @ours.dataclass(frozen=True, slots=True)
    class Late:
        x: int
        y: int = 3

    assert str(inspect.signature(Late)) == "(x: 'int', y: 'int' = 3) -> None"
    assert get_type_hints(Late.__init__) == {"x": int, "y": int, "return": type(None)}


def test_a_class_may_set_attributes_in_its_own_way() -> None:
    @ours.dataclass(slots=True)
    class Doubled:
        x: int

        def __setattr__(self, name: str, value: int) -> None:
            object.__setattr__(self, name, 2 * value)

    assert {Doubled(3).x for _ in range(2 * ours._OFTEN)} == {6}


def test_mistakes_say_which_class_and_field() -> None:
    with pytest.raises(TypeError, match=r"Point\.__init__\(\) missing 1 required positional argument: 'x'"):
        Point()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"Point\.__init__\(\) got an unexpected keyword argument 'z'"):
        ours.replace(Point(1), z=3)
    for spoil in (
        lambda: setattr(Point(1), "x", 3),
        lambda: setattr(Point(1), "new", 3),
        lambda: delattr(Point(1), "x"),
    ):
        with pytest.raises(library.FrozenInstanceError, match=r"cannot (assign to|delete) field '(x|new)'"):
            spoil()
    with pytest.raises(TypeError, match=r"Shared\.rows can be changed: use default_factory"):

        @ours.dataclass(slots=True)
        class Shared:
            rows: list[int] = []  # noqa: RUF012


def test_one_that_holds_itself_is_shown() -> None:
    @ours.dataclass(slots=True)
    class Chain:
        next: Any = None

    chain = Chain()
    chain.next = chain
    assert repr(chain).endswith("Chain(next=...)")


def test_without_slots_there_is_room_for_what_is_kept() -> None:
    @ours.dataclass(frozen=True)
    class Open:
        x: int = 3

    assert (Open().x, vars(Open(4))) == (3, {"x": 4})
    with pytest.raises(library.FrozenInstanceError):
        Open().x = 5  # type: ignore[misc]


def test_only_ours_are_used_and_they_load_next_to_nothing() -> None:
    for file in SOURCE.rglob("*.py"):
        for one in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            theirs = isinstance(one, ast.ImportFrom) and one.module == "dataclasses"
            assert not theirs or file.name == "dataclasses.py", f"{file}: import from chainrule.dataclasses"
    code = "import sys, chainrule.graph; print(*{'dataclasses', 'inspect', 'ast'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.split() == []
