"""The TOML locator against `tomllib`, against people's slips, and against files made to break it."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import ChainruleError, Place, ProblemError
from chainrule.toml_source import (
    MAX_BYTES,
    Number,
    PrintedNumber,
    TomlSource,
    _decode,
    allowed,
    as_number,
    load_toml,
    read_toml,
)

LECTURE = """\
title  = "Two inputs"                     # optional
formulas = '''
h1     = w1*x1 + b1               # a name on the left
E      = 1/2*(t1 - sigmoid(h1))^2
'''
minimise = "E"
rate     = 0.5
symbols = ["t", 'g']

[given]
x1 = 0.05
t1 = "0.10"
X = [[0.5, 1.5],  # a row per unit
     [0.8, -0.2],
    ]
"θ4" = 1e-3

[parameters]
w1.a = 0.15
p = { a = 1, 'b c' = [ "x", 2 ], d.e = 3 }

[[layer]]
n = 1
[layer.inner]
k = 2
[[layer]]
n = 3
"""


def offset_of(source: TomlSource, place: Place) -> int:
    assert place.line is not None
    assert place.column is not None
    lines = source.text.split("\n")
    assert 1 <= place.column <= len(lines[place.line - 1]) + 1
    return sum(len(line) + 1 for line in lines[: place.line - 1]) + place.column - 1


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if path:
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from leaves(inner, (*path, key))


def stands_at(text: str, expected: Any) -> bool:
    """Whether `tomllib` reads the expected value from a piece at the start of the text."""
    for end in range(1, len(text) + 1):
        if end < len(text) and text[end] not in " \t\n,]}#":
            continue
        try:
            if tomllib.loads("v = " + text[:end], parse_float=PrintedNumber)["v"] == expected:
                return True
        except tomllib.TOMLDecodeError:
            continue
    return False


def key_at(text: str) -> str:
    for end in range(1, len(text) + 1):
        if end < len(text) and text[end] not in " \t.=]":
            continue
        try:
            (key,) = tomllib.loads(text[:end] + " = 1")
        except (tomllib.TOMLDecodeError, ValueError):
            continue
        return key
    raise AssertionError(f"no key at {text[:30]!r}")


def check_places(text: str) -> None:
    source = load_toml(text, file="a.toml")
    plain = source.text
    assert source.data == tomllib.loads(plain, parse_float=PrintedNumber)
    for path, expected in leaves(source.data):
        at = offset_of(source, source.place(path))
        value = offset_of(source, source.place(path, value=True))
        last = next(step for step in reversed(path) if isinstance(step, str))
        below_header = isinstance(path[-1], int) and isinstance(expected, dict) and plain[value] != "{"
        if isinstance(path[-1], str) or below_header:
            assert key_at(plain[at:]) == last
        if isinstance(path[-1], int):
            assert at == value
        if below_header or (isinstance(path[-1], str) and at == value):
            assert isinstance(expected, dict | list)
        else:
            assert stands_at(plain[value:], expected)
        if isinstance(expected, str):
            for count, character in enumerate(expected):
                here = offset_of(source, source.string_place(path, count))
                assert plain[here] in ("\\", character)
                if plain[here] == "\\" and character != "\\":
                    assert (plain[value], plain[value : value + 3]) != ("'", '"""')
            end = offset_of(source, source.string_place(path, len(expected)))
            assert plain[end] == plain[value]


def test_places_in_a_lecture() -> None:
    check_places(LECTURE)
    source = load_toml(LECTURE, file="a.toml")
    places: list[tuple[tuple[str | int, ...], bool, str]] = [
        (("formulas",), False, "2:1"),
        (("symbols", 1), True, "8:17"),
        (("given",), False, "10:2"),
        (("given", "X", 1, 1), False, "14:12"),
        (("given", "θ4"), True, "16:8"),
        (("parameters", "w1", "a"), False, "19:4"),
        (("parameters", "p", "b c", 1), True, "20:29"),
        (("parameters", "p", "d", "e"), False, "20:36"),
        (("layer", 0, "inner", "k"), False, "25:1"),
        (("layer", 1), False, "26:3"),
        (("layer", 1, "n"), True, "27:5"),
        (("given", "missing"), False, "10:2"),
        ((), False, "1:1"),
    ]
    for path, value, expected in places:
        assert str(source.place(path, value=value)) == f"a.toml:{expected}"
    at = source.data["formulas"].index("sigmoid")
    assert str(source.string_place(("formulas",), at)) == "a.toml:4:20"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_newlines_and_byte_order_mark_move_nothing(newline: str, mark: str) -> None:
    source = load_toml(mark + LECTURE.replace("\n", newline), file=None)
    assert source == load_toml(LECTURE, file=None)
    assert str(source.place(("title",))) == "<input>:1:1"
    assert source.string_place(("formulas",), 3) == Place(None, 3, 4)


def test_places_in_strings_of_every_kind() -> None:
    text = 'a = "x\\n\\u00e9\\\\y\\U0001F600z"\nb = \'c:\\d\'\nc = """\nq"r""s"""""\nd = \'\'\'u\'v\'\'\'\'\'\ne = ""\n'
    check_places(text)
    source = load_toml(text, file="f")
    columns = [source.string_place(("a",), count).column for count in range(8)]
    assert columns == [6, 7, 9, 15, 17, 18, 28, 29]
    assert str(source.string_place(("a",), 99)) == "f:1:29"
    assert str(source.string_place(("a",), -5)) == "f:1:6"
    assert str(source.string_place(("c",), 0)) == "f:4:1"


def test_headers_in_any_order_and_quoted_keys() -> None:
    check_places("[a.b]\nx = 1\n[a]\ny = 2\n[a.\"c.d\".'e']\nz = [ {q = 1}, {q = [2, 3]} ]\n[[ a.l ]]\n[[a.l]]\nw=[]\n")
    source = load_toml("[a.b]\nx = 1\n[a]\ny = 2\n", file="f")
    assert str(source.place(("a",))) == "f:3:2"


bare = st.text("abcXYZ019_-", min_size=1, max_size=4)
quotable = st.text("ab .\"'\\#=[]{}θé\n\t😀", max_size=5)
names = bare | quotable
strings = st.text("ab \"'\\#=[]{},θ😀\n\t", max_size=12)
numbers = st.sampled_from(["0", "-7", "1_000", "0x1F", "0.10", "-1.5e-3", "1e9", "true", "nan", "-inf"])
dates = st.sampled_from(["1979-05-27", "1979-05-27 07:32:00", "1979-05-27T07:32:00.5Z", "07:32:00"])


def basic(text: str) -> str:
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\u0009", "θ": "\\u03b8", "😀": "\\U0001F600"}
    return '"' + "".join(escapes.get(character, character) for character in text) + '"'


@st.composite
def string_literals(draw: st.DrawFn) -> str:
    text = draw(strings)
    styles = [basic(text)]
    if "'" not in text and "\n" not in text:
        styles.append(f"'{text}'")
    if "'''" not in text and not text.endswith("'"):
        styles += [f"'''\n{text}'''"]
    if '"""' not in text and "\\" not in text:
        styles += [f'"""\n{text}"""'] if not text.endswith('"') else []
    return draw(st.sampled_from(styles))


def key_literals(name: str, draw: st.DrawFn) -> str:
    styles: list[str] = [basic(name)]
    if name and all(c.isascii() and (c.isalnum() or c in "_-") for c in name):
        styles.append(name)
    if "'" not in name and "\n" not in name:
        styles.append(f"'{name}'")
    return draw(st.sampled_from(styles))


@st.composite
def values(draw: st.DrawFn, depth: int = 3) -> str:
    kind = draw(st.integers(0, 5 if depth else 3))
    if kind < 2:
        return draw(numbers)
    if kind < 4:
        return draw(string_literals() if kind == 2 else dates)
    inner = draw(st.lists(values(depth=depth - 1), max_size=3))
    blank = draw(st.sampled_from(["", " ", "  # ] , '''\n\t", "\n"]))
    if kind == 4:
        comma = "," if len(inner) > 0 and draw(st.booleans()) else ""
        return "[" + blank + f"{blank},{blank}".join(inner) + comma + blank + "]"
    keys = draw(st.lists(names, min_size=len(inner), max_size=len(inner), unique=True))
    pairs = [f"{dotted(key, draw)} = {value}" for key, value in zip(keys, inner, strict=True)]
    return "{ " + ", ".join(pairs) + "}"


def dotted(name: str, draw: st.DrawFn) -> str:
    first = key_literals(name, draw)
    alone = draw(st.sampled_from([True, False]))
    return first if alone else f"{first} . {key_literals(draw(names), draw)}"


@st.composite
def documents(draw: st.DrawFn) -> str:
    lines: list[str] = []
    tables = draw(st.lists(names, max_size=4, unique=True))
    for table in ["", *tables]:
        name = key_literals(table, draw)
        headers = [f"[{name}]", f"[[{name}]]\n[[ {name} ]]", f"[{name}.sub]\nq = 1\n[{name}]"]
        lines += [draw(st.sampled_from(headers))] if lines else ["# start"]
        for key in draw(st.lists(names, max_size=3, unique=True)):
            if key not in (*tables, "sub"):
                tail = draw(st.sampled_from(["", " # '''", "\n"]))
                lines.append(f"{dotted(key, draw)} = {draw(values())}{tail}")
    return "\n".join(lines)


@given(documents())
def test_agrees_with_tomllib_on_every_document(text: str) -> None:
    check_places(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[given]\nx=1\nformulas = '''\na'''",
            "3:1: `formulas` stands inside [given]; move it above the first table.",
        ),
        ("[a]\n[parameters]\n  rate = 1", "3:3: `rate` stands inside [parameters]; move it"),
        ("θ4 = 0.1", '1:1: found the name `θ4`, which has letters other than a to z; quote it: "θ4" = 0.1'),
        (
            "[given]\nwθ = 0.1 # c",
            '2:1: found the name `wθ`, which has letters other than a to z; quote it: "wθ" = 0.1',
        ),
        ("[θ]", '1:2: found the name `θ`, which has letters other than a to z; quote it: "θ"'),
        ('x = """\n a \\frac"""', "2:4: found a backslash in a \"\"\" text. Use '''"),
        ('x = """\n a \\n"""', "2:4: found a backslash in a \"\"\" text. Use '''"),
        ('x = "a \\theta"', "1:8: found `\\theta`, which TOML reads as a control character."),
        ('"\\beta" = 1', "1:2: found `\\beta`, which TOML reads as a control character."),
        ('x = "\\q"', "1:6: found a backslash"),
        ("x='a\x07'", "1:5: found the character U+0007 (a control character), which TOML does not allow."),
        ("a=1\nb=2\na=3", "3:1: `a` is defined in line 1 and again in line 3."),
        ("a=1\nb=2\na='''\n\n'''", "3:1: `a` is defined in line 1 and again in line 3."),
        ("[a]\n[b]\n[a]", "3:2: `a` is defined in line 1 and again in line 3."),
        ("[a.b]\n[a]\nc={x=1}\nc.y=2", "4:1: this would change something that is complete already."),
        ("a={b=1,b=2}", "1:8: `b` is defined in line 1 and again in line 1."),
        ("x = .5", "1:5: found `.5`; expected a number, a text in quotes or a [list]. Write a digit before"),
        (
            "x = 0,5",
            "1:6: found `,` after the value; expected the end of the line. Decimals are written with a point",
        ),
        ("x=1.", "1:4: found `.` after the value"),
        (
            "x=007",
            "1:4: found `07` after the value; expected the end of the line. A number does not begin with 0.",
        ),
        (
            "x = w1*x1",
            "1:5: found `w1`; expected a number, a text in quotes or a [list]. A formula stands inside",
        ),
        ("h1 + 2 = 3", "1:4: found `+` after a name; expected `=`."),
        ("x = ", "1:5: found the end of the file; expected a number"),
        ("x = “a”", "1:5: found `“`; expected a number, a text in quotes or a [list]. Use straight quotes"),
        ("y=1\nx = '''abc\ny=2\n", "2:5: the text that begins here with ''' never ends"),
        ("x = 'abc\ny=2", "1:5: the text that begins here with ' never ends"),
        ("x=[1,2\ny=3", "2:1: found `y`; expected a comma or the closing `]`. It began in line 1."),
        ("[a b]", "1:4: found `b`; expected `]`"),
        ("a=1\r\nb=1\r\na=2\r\n", "3:1: `a` is defined in line 1 and again in line 3."),
        ("\ufeffx = ?", "1:5: found `?`"),
        ("x = \ud800", "1:5: found half a character"),
        ("x = " + "[" * 50_000, "1:105: found arrays nested deeper than 100."),
        ("x = " + "{a=" * 50_000, "nested deeper than 100."),
        ("x = " + "[" * 50_000 + "]" * 50_000, "nested deeper than 100."),
        ("a." * 200_000 + "a = 1", "1:65: found a key of more than 32 parts."),
        ("[" + "a." * 200_000 + "a]", "1:66: found a key of more than 32 parts."),
        ("x = " + "1" * 5_000, "1:5: found a number of 5,000 characters."),
        ("#" * (MAX_BYTES + 1), "a.toml: the file is larger than 1 MiB"),
        ("#" + "é" * (MAX_BYTES // 2), "a.toml: the file is larger than 1 MiB"),
    ],
)
def test_every_slip_is_named_with_its_place(text: str, expected: str) -> None:
    with pytest.raises(ProblemError) as caught:
        load_toml(text, file="a.toml")
    message = str(caught.value)
    assert expected in message
    assert message.startswith("a.toml:")
    assert len(message) < 300


def test_rate_may_stand_in_training_and_below_one_at_the_top() -> None:
    load_toml("[training]\nrate = 0.3", file=None)
    load_toml("title = 'a'\n[given]\ntitle = 1", file=None)
    load_toml("[names]\n# formulas = 1\nt = { rate = 1 }", file=None)


def test_nesting_up_to_the_limit_is_read() -> None:
    check_places("x = " + "[" * 20 + "1" + "]" * 20)
    source = load_toml("x = " + "[" * 100 + "1" + "]" * 100, file=None)
    assert source.place(("x", *[0] * 100)) == Place(None, 1, 105)


@pytest.mark.parametrize(
    "text",
    [
        "x = [" + "1," * 500_000 + "]",
        "".join(f"k{i} = 1e-9999\n" for i in range(60_000)),
        "[" + ".".join("a" * 32) + "]\n" + "".join(f"k{i}=1\n" for i in range(30_000)),
        'x = "' + "\\n" * 500_000 + '"',
        "x = '''" + "''a" * 300_000 + "'''",
        "x = '''" + "''a" * 300_000,
        'x = "' + "\\\\" * 500_000,
        "[[a]]\n" * 150_000,
        "a = 1\n" * 150_000,
        "é" * 500_000,
        "x" + "a" * 500_000 + "é = 1",
    ],
    ids=str.__len__,
)
def test_large_hostile_files_are_read_or_refused_in_time(text: str) -> None:
    assert len(problem_in(text.encode())) < 300


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (PrintedNumber("0.10"), Number("0.10", Fraction(1, 10))),
        ("0.10", Number("0.10", Fraction(1, 10))),
        (" -4e-3 ", Number("-4e-3", Fraction(-1, 250))),
        ("1_000.5", Number("1_000.5", Fraction(2001, 2))),
        (".05", Number(".05", Fraction(1, 20))),
        (7, Number("7", Fraction(7))),
        ("1/3", None),
        ("1__0", None),
        ("5.", None),
        ("٣", None),
        ("", None),
        ([1], None),
        ({}, None),
        (0.5, None),
    ],
)
def test_numbers_are_exact_and_keep_their_digits(value: object, number: Number | None) -> None:
    assert as_number(value) == number
    if number is not None:
        assert as_number(number) == number


@pytest.mark.parametrize(
    "text", ["nan", "-inf", "true", "false", "1979-05-27", "07:32:00", "1e10001", "1e-99999999999", "'inf'"]
)
def test_what_is_no_decimal_is_refused(text: str) -> None:
    source = load_toml("x = " + text, file="a.toml")
    with pytest.raises(ProblemError, match=r"^a\.toml:1:5: found .*; expected a decimal number\. ."):
        as_number(source.data["x"], place=source.place(("x",), value=True))


def test_too_many_digits_are_refused() -> None:
    for value in ("1" * 4_001, 10**5_000, "0." + "1" * 4_000, "1e" + "9" * 4_500):
        with pytest.raises(ProblemError, match=r"At most 4,000"):
            as_number(value)
    assert as_number(int("1" * 3_600)) is not None


def test_unknown_keys_are_named_with_the_nearest_known_one() -> None:
    source = load_toml("[network]\nlayers = [1]\n Activaton = 'a'\n[[t]]\nzzz = 1", file="a.toml")
    allowed(source, (), ["network", "t"])
    message = r"^a\.toml:3:2: `Activaton` is not a key in \[network\]\. Did you mean `activation`\?$"
    with pytest.raises(ProblemError, match=message):
        allowed(source, ("network",), ["layers", "activation"])
    with pytest.raises(ProblemError, match=r"^a\.toml:5:1: `zzz` .* Expected one of: a, b\.$"):
        allowed(source, ("t", 0), iter(["b", "a"]))


def test_reading_files(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbf" + LECTURE.replace("\n", "\r\n").encode())
    assert read_toml(path).data == load_toml(LECTURE, file=None).data
    assert read_toml(str(path)).place(("rate",)) == Place(str(path), 7, 1)
    cases: list[tuple[bytes, str]] = [
        (b"a = 1\nb = '\xc3\xa9\xff'", ":2:7: found the byte 0xFF, which is not UTF-8. Save the file"),
        ("a = 1".encode("utf-16"), ":1:1: found the byte 0x"),
        (b"\xff\xfea\x00", "UTF-16; save the file as UTF-8"),
        (b"#" * (MAX_BYTES + 1), "larger than 1 MiB (1,048,576 bytes)"),
    ]
    for content, expected in cases:
        path.write_bytes(content)
        with pytest.raises(ProblemError) as caught:
            read_toml(path)
        assert expected in str(caught.value)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none.toml", "no such file"),
        ("", "a folder"),
        ("a\0b", "cannot be read"),
        ("x" * 999, "cannot be read"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, expected: str) -> None:
    with pytest.raises(ProblemError, match=expected):
        read_toml(str(tmp_path / name))


def problem_in(data: bytes) -> str:
    try:
        load_toml(_decode(data, "a.toml"), file="a.toml")
    except ChainruleError as error:
        return str(error)
    return ""


def random_bytes(source: random.Random) -> bytes:
    return source.randbytes(source.randrange(60))


def random_pieces(source: random.Random) -> bytes:
    pieces = [
        "[",
        "]",
        "[[",
        "{",
        "}",
        '"',
        "'",
        "'''",
        '"""',
        "\\",
        "=",
        ".",
        ",",
        "#",
        "\n",
        " ",
        "a",
        "b",
        "1",
    ]
    pieces += [
        "1e5",
        "nan",
        "-",
        "θ",
        "\r",
        "\t",
        "\\u00",
        "\\n",
        "1979-05-27",
        "true",
        "a=1\n",
        "[a]\n",
        "rate=",
    ]
    return "".join(source.choices(pieces, k=source.randrange(25))).encode()


def mutated_file(source: random.Random) -> bytes:
    data = bytearray(LECTURE.encode())
    for _ in range(source.randrange(1, 6)):
        at, length = source.randrange(len(data)), source.choice([0, 1, 1, 3, 20])
        data[at : at + length] = random_pieces(source)[:12] if source.random() < 0.7 else source.randbytes(2)
    return bytes(data)


@pytest.mark.parametrize("make", [random_bytes, random_pieces, mutated_file])
def test_nothing_but_our_errors(make: Callable[[random.Random], bytes]) -> None:
    check_nothing_but_our_errors(make, 3_000)


def check_nothing_but_our_errors(make: Callable[[random.Random], bytes], count: int) -> None:
    source = random.Random(1)
    for _ in range(count):
        data = make(source)
        problem = problem_in(data)
        assert "\n" not in problem
        if problem:
            assert problem.startswith("a.toml:")
            continue
        document = load_toml(data.decode(), file="a.toml")
        for path, value in leaves(document.data):
            at = offset_of(document, document.place(path, value=True))
            assert not isinstance(value, str) or document.text[at] in "'\""
