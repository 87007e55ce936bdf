"""Reads `[data]`: examples from a file or a built-in set, as arrays under the names that formulas and networks use.

A column of words is one target: its classes, in the order of the alphabet, become rows with a 1 at the class.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from chainrule.dataclasses import dataclass
from chainrule.errors import MissingPartError, Place, ProblemError
from chainrule.problem.tables import Entry, choice_of, number_of, table, text_of
from chainrule.randomness import fold_text, permutation_array, seed_key
from chainrule.toml_source import TomlSource, allowed

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEYS: Final = ("file", "builtin", "inputs", "target", "test", "scale")
# The truth tables that everybody starts with, and what scikit-learn brings.
TRUTH: Final = {"and": (0, 0, 0, 1), "or": (0, 1, 1, 1), "xor": (0, 1, 1, 0)}
LOADED: Final = {
    "iris": "load_iris", "digits": "load_digits", "wine": "load_wine",
    "breast cancer": "load_breast_cancer", "diabetes": "load_diabetes",
}  # fmt: skip
BUILTIN: Final = (*TRUTH, *LOADED)
MOST_EXACT: Final = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """What [data] said: the names of columns and classes, and which rows are held out."""

    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    classes: tuple[str, ...]  # empty: the targets are numbers
    test: NDArray[Any]  # which rows are held out, true or false


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A table as it was read: a column of numbers, or of words, under each name."""

    columns: Mapping[str, NDArray[Any]]
    classes: Mapping[str, tuple[str, ...]]  # of the columns of words


def read_data(
    source: TomlSource, *, layers: Sequence[int] | None, input_name: str, target_name: str
) -> tuple[Data, list[Entry]] | None:
    """The data of a file and its entries for the examples; None without [data].

    With layers the inputs are one array `input_name` and the targets `target_name`; without, every column is an entry
    of its own name. Raises ProblemError naming the place, for what cannot be read.
    """
    if "data" not in source.data:
        return None
    import numpy as np

    section, place = table(source, "data"), source.place(("data",))
    allowed(source, ("data",), KEYS)
    if ("file" in section) == ("builtin" in section):
        raise ProblemError("[data] names neither or both of file and builtin.", place=place, hint="Write one of them.")
    found = _builtin(source, section) if "builtin" in section else _file(source, section)
    targets = _names(source, section, "target", found)
    inputs = _names(source, section, "inputs", found) or [name for name in found.columns if name not in targets]
    if not targets:
        *inputs, last = inputs
        targets = [last]
    classes = found.classes.get(targets[0], ()) if len(targets) == 1 else ()
    words = [name for name in inputs if name in found.classes]
    if words:
        some = ", ".join([repr(word) for word in found.classes[words[0]] if _number(word) is None][:3])
        raise ProblemError(
            f"the column {words[0]!r} holds words, such as {some}; expected numbers.",
            place=place, hint="Mend the file, or leave the column out of inputs.",
        )  # fmt: skip
    parts = [np.asarray(found.columns[name], float) for name in inputs]
    goal = [np.asarray(found.columns[name], float) for name in targets]
    if not len(goal[0]):
        raise ProblemError("the data have no rows.", place=place)
    test = _held_out(_groups(goal, classes), _share(source, section), _seed(source))
    if choice_of(source, ("data", "scale"), section.get("scale", "none"), ("none", "standard")) == "standard":
        parts = [_standard(part, ~test) for part in parts]
    data = Data(tuple(inputs), tuple(targets), classes, test)
    if layers is None:
        named = zip([*inputs, *targets], [*parts, *goal], strict=True)
        return data, [_entry(name, part, place) for name, part in named]
    X, T = _together(parts), _targets(goal, layers[-1], classes, place)
    for name, array, size in ((input_name, X, layers[0]), (target_name, T, layers[-1])):
        if array.shape[1] != size:
            hint = f"Write layers = [{X.shape[1]}, ..., {T.shape[1]}]."
            what = f"the data have {array.shape[1]} columns for {name}, but the network has {size}."
            raise ProblemError(what, place=place, hint=hint)
    return data, [_entry(input_name, X, place), _entry(target_name, T, place)]


def _entry(name: str, part: NDArray[Any], place: Place) -> Entry:
    """The entry of an array: few numbers exact, as they print, so that they can be explained; many as they are."""
    value = _exact(part.tolist()) if part.size <= MOST_EXACT else part
    return Entry(name, "examples", value, part.shape[1:], place)


def _exact(nested: Any) -> Any:
    return [_exact(part) for part in nested] if isinstance(nested, list) else Fraction(repr(nested))


def _together(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    import numpy as np

    return np.column_stack([part.reshape(len(part), -1) for part in parts])


def _targets(goal: Sequence[NDArray[Any]], outputs: int, classes: Sequence[str], place: Place) -> NDArray[Any]:
    """Targets with a column an output: classes, or their numbers, become rows with a 1 where there are several."""
    import numpy as np

    column = goal[0]
    if len(goal) == 1 and column.ndim == 1 and outputs > 1:
        numbers = np.unique(column)
        wrong = len(numbers) > outputs or not np.array_equal(numbers, numbers.astype(int))
        if not classes and (wrong or numbers[0] < 0 or numbers[-1] >= outputs):
            raise ProblemError(f"the target is one column of numbers, but there are {outputs} outputs.", place=place)
        rows: NDArray[Any] = np.eye(max(outputs, len(classes)))[column.astype(int)]
        return rows
    if classes and len(classes) > 2:
        raise ProblemError(
            f"the target has {len(classes)} classes, but the network one output.",
            place=place, hint=f"Write layers = [..., {len(classes)}].",
        )  # fmt: skip
    return _together(goal)


def _groups(goal: Sequence[NDArray[Any]], classes: Sequence[str]) -> NDArray[Any]:
    """What a test part must have in proportion: the classes, where there are few."""
    import numpy as np

    column = goal[0]
    if len(goal) == 1 and column.ndim == 1:
        numbers, at = np.unique(column, return_inverse=True)
        if classes or len(numbers) <= max(2, len(column) // 10):
            return np.asarray(at).ravel()
    return np.zeros(len(column), int)


def _held_out(groups: NDArray[Any], share: float, seed: int) -> NDArray[Any]:
    """Which rows are the test: `share` of each group, drawn at random."""
    import numpy as np

    rank = np.argsort(permutation_array(fold_text(seed_key(seed), "test"), len(groups)))
    held = np.zeros(len(groups), bool)
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        held[rows[np.argsort(rank[rows])][: round(share * len(rows))]] = True
    return held


def _seed(source: TomlSource) -> int:
    """The seed of [training], which says there what it may be."""
    seed = table(source, "training").get("seed", 0)
    return seed if type(seed) is int and seed >= 0 else 0


def _standard(part: NDArray[Any], learned: NDArray[Any]) -> NDArray[Any]:
    """The numbers less the mean and over the deviation of the rows that are learned from."""
    import numpy as np

    deviation = part[learned].std(axis=0)
    scaled: NDArray[Any] = (part - part[learned].mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    return scaled


def _share(source: TomlSource, section: Mapping[str, Any]) -> float:
    if "test" not in section:
        return 0.0
    share = float(number_of(source, ("data", "test"), section["test"]))
    if not 0 <= share < 1:
        place = source.place(("data", "test"), value=True)
        raise ProblemError(f"test is {share:g}, expected a share from 0 up to, but not including, 1.", place=place)
    return share


def _names(source: TomlSource, section: Mapping[str, Any], key: str, found: Columns) -> list[str]:
    """The columns that a key names, one or a list."""
    value = section.get(key)
    if value is None:
        return []
    several = isinstance(value, list)
    names = [text_of(source, ("data", key, *([at] if several else [])), name)
             for at, name in enumerate(value if several else [value])]  # fmt: skip
    for name in names:
        if name not in found.columns:
            from difflib import get_close_matches

            near = get_close_matches(name, found.columns, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(list(found.columns)[:12])}."
            place = source.place(("data", key), value=True)
            raise ProblemError(f"the data have no column {name!r}.", place=place, hint=hint)
    return names


def _builtin(source: TomlSource, section: Mapping[str, Any]) -> Columns:
    name = text_of(source, ("data", "builtin"), section["builtin"]).casefold().replace("_", " ")
    return read_builtin(choice_of(source, ("data", "builtin"), name, BUILTIN))


def read_builtin(name: str) -> Columns:
    """The columns of a built-in set. Raises MissingPartError for one of scikit-learn's, where that is not installed."""
    import numpy as np

    if name in TRUTH:
        return Columns({"x1": np.array([0, 0, 1, 1]), "x2": np.array([0, 1, 0, 1]), "t": np.array(TRUTH[name])}, {})
    try:
        from sklearn import datasets
    except ImportError:
        hint = "Install it: pip install 'chainrule[sklearn]'"
        raise MissingPartError(f"the built-in data {name!r} need scikit-learn.", hint=hint) from None
    loaded = getattr(datasets, LOADED[name])()
    names = [str(one).removesuffix(" (cm)").replace(" ", "_") for one in loaded.feature_names]
    columns = {one: loaded.data[:, at] for at, one in enumerate(names)}
    words = tuple(str(one) for one in getattr(loaded, "target_names", ()))
    return Columns({**columns, "target": loaded.target}, {"target": words} if words else {})


def _file(source: TomlSource, section: Mapping[str, Any]) -> Columns:
    name = text_of(source, ("data", "file"), section["file"])
    place = source.place(("data", "file"), value=True)
    path = name if os.path.isabs(name) else os.path.join(os.path.dirname(source.file or ""), name)
    try:
        return read_table(path)
    except ProblemError as error:
        raise error.at(place) from None


def read_table(path: str) -> Columns:
    """The columns of a file of numbers: .npz, .parquet, or .csv with a line of names first.

    Raises ProblemError for a file that cannot be read, a row with another number of cells, and words among numbers.
    """
    ending = os.path.splitext(path)[1].casefold()
    if ending not in READERS:
        raise ProblemError(f"data files end in {', '.join(READERS)}, found {os.path.basename(path)!r}.")
    try:
        return READERS[ending](path)
    except OSError as error:
        raise ProblemError(f"cannot read {path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ProblemError(f"{path} is not text in UTF-8.") from None


def _npz(path: str) -> Columns:
    import zipfile

    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as held:
            columns = {name: held[name] for name in held.files}
    except (ValueError, zipfile.BadZipFile):
        raise ProblemError(f"{path} is not a .npz file of numbers.") from None
    lengths = {len(column) if column.ndim else 0 for column in columns.values()}
    if len(lengths) > 1:
        raise ProblemError(f"the arrays of {path} differ in length.", hint="Each needs one row an example.")
    return _with_classes(columns)


def _parquet(path: str) -> Columns:
    """The columns of a table of Arrow; a missing number is nan, which training refuses with its place."""
    try:
        from pyarrow import ArrowInvalid, parquet
    except ImportError:
        hint = "Install it: pip install 'chainrule[train]'. Or save the table as CSV."
        raise MissingPartError("files that end in .parquet need pyarrow.", hint=hint) from None
    try:
        held = parquet.read_table(path)
    except ArrowInvalid:
        raise ProblemError(f"{path} is not a Parquet file.") from None
    return _with_classes({name: held[name].to_numpy(zero_copy_only=False) for name in held.column_names})


def _with_classes(columns: Mapping[str, NDArray[Any]]) -> Columns:
    """Columns of words as numbers of their classes."""
    import numpy as np

    numbers, classes = dict(columns), {}
    for name, column in columns.items():
        if column.dtype.kind in "USO":
            words, numbers[name] = np.unique(column.astype(str), return_inverse=True)
            classes[name] = tuple(map(str, words))
    return Columns(numbers, classes)


def _csv(path: str) -> Columns:
    import numpy as np

    with open(path, newline="", encoding="utf-8-sig") as stream:
        head = stream.read(4096)
        stream.seek(0)
        mark = max(",;\t", key=head.split("\n")[0].count)
        reader = csv.reader(stream, delimiter=mark)
        lines, rows = zip(*[(reader.line_num, row) for row in reader if row] or [(1, [])], strict=True)
    if len(rows) < 2:
        raise ProblemError(f"{path} has no rows below its line of names.")
    names = [name.strip() for name in rows[0]]
    if len(set(names)) < len(names):
        raise ProblemError(f"{path} has two columns of one name.", hint="The first line holds the names.")
    for line, row in zip(lines, rows, strict=True):
        if len(row) != len(names):
            raise ProblemError(f"line {line} of {path} has {len(row)} cells, expected {len(names)}.")
    columns: dict[str, Any] = {}
    for at, name in enumerate(names):
        cells = [row[at].strip() for row in rows[1:]]
        numbers = [_number(cell) for cell in cells]
        missing = [k for k, number in enumerate(numbers) if number is None]
        if not missing:
            columns[name] = np.array(numbers)
        elif len(missing) < len(cells) / 2:
            line, cell = lines[1 + missing[0]], cells[missing[0]]
            raise ProblemError(f"line {line} of {path} has {cell!r} in the column {name!r}, expected a number.")
        else:
            columns[name] = np.array(cells)
    return _with_classes(columns)


def _number(text: str) -> float | None:
    """A finite number, however it is written."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


READERS: Final[Mapping[str, Callable[[str], Columns]]] = {".csv": _csv, ".npz": _npz, ".parquet": _parquet}
