"""The architecture, enforced: imports point down, files stay short, no module hides a public function.

Every import in every file counts, also those inside functions, below `TYPE_CHECKING`, and through
`import_module`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import chainrule

SOURCE = Path(__file__).parents[1] / "src" / "chainrule"
LONGEST = 400

# A module may import what stands on a lower floor, and within a package its siblings. Floors are numbers, so
# that one can be divided where one module of it needs another: 6.5 stands on 6.
FLOORS: dict[str, float] = {
    "dataclasses": -0.5,
    **dict.fromkeys(["errors", "quantity"], 0),
    **dict.fromkeys(["notation_table", "node", "randomness", "toml_source"], 1),
    **dict.fromkeys(["notation", "graph"], 1.5),
    "numbers": 2,
    "ops": 3,
    **dict.fromkeys(["formula", "tracing", "evaluate"], 4),
    "functions": 4.5,
    **dict.fromkeys(["transforms", "iterate"], 5),
    **dict.fromkeys(["derivatives", "gradchecking"], 6),
    **dict.fromkeys(["losses", "initialise", "optimizers"], 6),
    "network": 6.5,
    **dict.fromkeys(["printing", "targets"], 6),
    **dict.fromkeys(["problem", "lectures"], 7),
    **dict.fromkeys(["explanation", "training"], 8),
    "checking": 8.2,
    "views": 8.5,
    "pictures": 8.7,
    **dict.fromkeys(["estimators", "plots", "page", "display"], 9),
    "cli": 10,
}

# These may import anything: the one hands out the public names, the other starts the command line.
FREE = {"__init__", "__main__"}

# (importing module, imported module): why this import may point up.
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("node", "ops"): "an op is pickled by its name, which only the table of ops can resolve when it is read",
    (
        "graph",
        "display",
    ): "display hangs explain() and _repr_*_ on Graph and is loaded when they are first used",
    ("problem", "display"): "display hangs explain(), check() and _repr_*_ on Problem, likewise",
    ("problem", "explanation"): "the type of what Problem.explain() returns, for type checkers only",
    ("problem", "checking"): "the type of what Problem.check() returns, likewise",
    ("explanation", "display"): "an explanation shows itself; display is loaded when it is first printed",
    ("checking", "display"): "a report shows itself; display is loaded when it is first printed",
    ("training", "explanation"): "the type of what Model.explain() returns, for type checkers only",
    ("training", "display"): "display hangs explain() and _repr_*_ on Model, likewise",
}

# Modules that may hang attributes on classes of other modules.
HANGERS = {"display": "methods of Problem, Graph and Model that need the views, which stand above all three"}


class Import(NamedTuple):
    line: int
    target: str  # "chainrule.ops.reduction", or "chainrule" alone


def files(root: Path) -> list[Path]:
    return sorted(root.rglob("*.py"))


def unit(file: Path, root: Path) -> str:
    """The module or package directly below chainrule that a file belongs to."""
    return file.relative_to(root).with_suffix("").parts[0]


def imports(file: Path, root: Path) -> Iterator[Import]:
    package = ["chainrule", *file.relative_to(root).parent.parts]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                found = [name.name for name in names]
            case ast.ImportFrom(module=module, names=names, level=level):
                above = package[: len(package) - level + 1] if level else []
                base = ".".join([*above, *([module] if module else [])])
                found = [f"{base}.{name.name}" for name in names] if base == "chainrule" else [base]
            case ast.Call(func=function, args=[first, *_]) if _is_import(function):
                found = [_beginning(first)]
            case _:
                continue
        yield from (Import(node.lineno, name) for name in found if name.split(".")[0] == "chainrule")


def _is_import(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in {"import_module", "__import__"}


def _beginning(argument: ast.expr) -> str:
    """What an argument is known to begin with: all of "chainrule.ops", the start of f"chainrule.{name}"."""
    if isinstance(argument, ast.JoinedStr) and argument.values:
        argument = argument.values[0]
    return str(argument.value) if isinstance(argument, ast.Constant) else ""


def floor_of(target: str) -> float | None:
    """The floor an import reaches, None if there is no such module."""
    _, *inner = target.split(".")
    if not inner or not inner[0] or inner[0] in FREE:
        return float("inf")  # all of chainrule: hides which floor is meant
    if inner[0] == "__version__":
        return -1
    return FLOORS.get(chainrule._HOME.get(inner[0], inner[0]))


def wrong_imports(root: Path) -> list[str]:
    wrong = []
    for file in files(root):
        where, home = file.relative_to(root.parent), unit(file, root)
        if home in FREE:
            continue
        if home not in FLOORS:
            wrong.append(f"{where}:1: the module {home} has no floor; give it one in tests/test_floors.py")
            continue
        for line, target in imports(file, root):
            inner = target.removeprefix("chainrule").lstrip(".").split(".")[0]
            if inner == home or (home, inner) in EXCEPTIONS:
                continue
            reached = floor_of(target)
            if reached is None:
                wrong.append(f"{where}:{line}: imports {target}, which has no floor")
            elif reached >= FLOORS[home]:
                wrong.append(f"{where}:{line}: {home} (floor {FLOORS[home]}) imports {target} (floor {reached})")
    return wrong


def hung_attributes(root: Path) -> list[str]:
    """Where a module sets an attribute of something it imported from chainrule."""
    wrong = []
    for file in files(root):
        if unit(file, root) in HANGERS:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        borrowed = {
            name.asname or name.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith("chainrule"))
            for name in node.names
        }
        wrong += [
            f"{file.relative_to(root.parent)}:{line}: hangs an attribute on {name}"
            for line, name in _settings(tree)
            if name in borrowed
        ]
    return wrong


def _settings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), ctx=ast.Store()):
                yield node.lineno, name
            case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=name), *_]):
                yield node.lineno, name


def too_long(root: Path) -> list[str]:
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files(root)}
    return [f"{file.relative_to(root.parent)}: {n} lines" for file, n in lengths.items() if n > LONGEST]


def shadows(root: Path, public: set[str]) -> list[str]:
    """Importing chainrule.trace would replace the function chainrule.trace by the module."""
    return sorted({file.stem if file.parent == root else unit(file, root) for file in files(root)} & public)


def test_imports_point_down() -> None:
    wrong = wrong_imports(SOURCE)
    assert not wrong, "\n" + "\n".join(wrong)


def test_only_display_hangs_methods_on_the_classes_of_others() -> None:
    wrong = hung_attributes(SOURCE)
    assert not wrong, "\n" + "\n".join(wrong)


def test_no_file_is_too_long() -> None:
    assert not too_long(SOURCE), f"more than {LONGEST} lines: it is two things"


def test_every_folder_is_a_package() -> None:
    # Without __init__.py pytest loads a module a second time, under another name, with classes of its own.
    assert not [f for f in files(SOURCE) if not (f.parent / "__init__.py").exists()]


def test_no_module_hides_a_public_name() -> None:
    assert not shadows(SOURCE, set(chainrule._HOME))


@pytest.mark.parametrize("pair", EXCEPTIONS)
def test_an_exception_names_modules_with_a_floor(pair: tuple[str, str]) -> None:
    assert set(pair) <= set(FLOORS)


# The tester, tested on small trees.


def tree(root: Path, **sources: str) -> Path:
    """A fake package; `ops__reduction` is ops/reduction.py."""
    for name, source in sources.items():
        file = root / "chainrule" / (name.replace("__", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")
    return root / "chainrule"


@pytest.mark.parametrize(
    "source",
    [
        "import chainrule.problem",
        "import chainrule.problem as p",
        "from chainrule.problem import load",
        "from chainrule import problem",
        "from . import problem",
        "from .problem import load",
        "from chainrule import ops, problem",
        "import chainrule",
        "from chainrule import *",
        "if TYPE_CHECKING:\n    from chainrule.problem import load",
        "def lazy():\n    from chainrule.problem import load",
        "class C:\n    async def f(self):\n        import chainrule.problem",
        "import_module('chainrule.problem')",
        "importlib.import_module('chainrule.views.steps')",
        "__import__('chainrule.problem')",
        "name = 'steps'\nimport_module(f'chainrule.views.{name}')",
        "from chainrule.tracing import Tracer",
        "from chainrule.nowhere import x",
    ],
)
def test_an_import_up_or_sideways_is_found(tmp_path: Path, source: str) -> None:
    root = tree(tmp_path, evaluate="x = 1\n" + source)
    (found,) = wrong_imports(root)
    line = next(n for n, text in enumerate(("x = 1\n" + source).splitlines(), 1) if "chainrule" in text or "." in text)
    assert found.startswith(f"chainrule/evaluate.py:{line}: ")


@pytest.mark.parametrize(
    "source",
    [
        "import numpy",
        "from chainrule.ops.reduction import total",
        "from chainrule import ops, errors, __version__",
        "from .errors import ChainruleError",
        "from chainrule import ChainruleError",
        "import numpy.chainrule",
    ],
)
def test_an_import_down_or_outside_is_allowed(tmp_path: Path, source: str) -> None:
    assert not wrong_imports(tree(tmp_path, evaluate=source))


def test_siblings_in_a_package_may_import_each_other(tmp_path: Path) -> None:
    below = "from chainrule.transforms.simplify import f\nfrom . import units\nfrom ..ops import add"
    deep = "from ..reverse import f\nfrom ...ops import add"
    assert not wrong_imports(tree(tmp_path, transforms__reverse=below, transforms__a__b=deep))
    root = tree(tmp_path, transforms__up="from ..problem import load\nfrom ... import elsewhere")
    assert [text.split(": ")[0] for text in wrong_imports(root)] == ["chainrule/transforms/up.py:1"]


def test_a_divided_floor_points_down_only(tmp_path: Path) -> None:
    assert not wrong_imports(tree(tmp_path, graph="from chainrule.node import Node"))
    assert len(wrong_imports(tree(tmp_path, node="from chainrule.graph import Graph"))) == 1


def test_exceptions_and_unknown_modules(tmp_path: Path) -> None:
    assert not wrong_imports(tree(tmp_path, problem="def f():\n    import chainrule.display"))
    (found,) = wrong_imports(tree(tmp_path, utils=""))
    assert "utils has no floor" in found


def test_hung_attributes_are_found(tmp_path: Path) -> None:
    source = "from .problem import Problem\nProblem.explain = print\nsetattr(Problem, 'x', 1)\nself.y = 1"
    found = hung_attributes(tree(tmp_path, cli=source, display=source))
    assert [text.split(": ")[0] for text in found] == ["chainrule/cli.py:2", "chainrule/cli.py:3"]


def test_long_files_and_shadows_are_found(tmp_path: Path) -> None:
    full = "\n" * LONGEST
    root = tree(tmp_path, trace="", grad____init__="", views__load="", cli=full + "\n", page=full)
    assert too_long(root) == [f"chainrule/cli.py: {LONGEST + 1} lines"]
    assert shadows(root, {"trace", "grad", "load"}) == ["grad", "trace"]
