from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chainrule.errors import ProblemError
from chainrule.notation import Names, Symbol, network_names, symbols
from chainrule.notation_table import NOTATIONS, ROLES
from chainrule.quantity import Derivative, Element, Name, spell

sizes = st.lists(st.integers(1, 12), min_size=2, max_size=6)
biases = st.sampled_from(["per unit", "per layer", None])


def bind(notation: str, layers: list[int], bias: str | None) -> Names:
    shared = bias == "per layer" and notation != "numbered"
    return network_names(notation, layers, bias="per unit" if shared else bias)  # type: ignore[arg-type]


def net_input(names: Names, layer: int, unit: int) -> str:
    """A unit's net input as the notation writes it, from its symbols alone."""
    before = "input" if layer == 1 else "output"
    terms = []
    for source in range(1, names.layers[layer - 1] + 1):
        weight = names.spell(Symbol("weight", layer, unit, source))
        terms.append(f"{weight}*{names.spell(Symbol(before, layer - 1, source))}")
    bias = names.bias_of(layer, unit)
    assert bias is not None
    if names.notation.bias_first:
        terms.insert(0, f"{names.spell(bias)}*{names.spell(Symbol(before, layer - 1, 0))}")
    else:
        terms.append(names.spell(bias))
    return f"{names.spell(Symbol('net', layer, unit))} = {' + '.join(terms)}"


@given(st.sampled_from(list(NOTATIONS)), sizes, biases)
@example("nptel", [1, 11, 1], "per unit")
@example("nptel", [12, 12, 12, 12, 12, 12], "per unit")
@example("mitchell", [2, 7, 1], "per unit")
@example("mitchell", [8, 1, 12], "per unit")
@example("numbered", [12, 1, 12], "per layer")
def test_what_is_printed_is_read_back(notation: str, layers: list[int], bias: str | None) -> None:
    names = bind(notation, layers, bias)
    spelled = {}
    for symbol in symbols(names):
        text = names.spell(symbol)
        assert names.read(text) == symbol
        assert text not in spelled, f"{text} is {symbol} and {spelled[text]}"
        spelled[text] = symbol
    weights = sum(a * b for a, b in pairwise(layers))
    assert sum(s.role == "weight" for s in spelled.values()) == weights
    expected = {"per unit": sum(layers[1:]), "per layer": len(layers) - 1, None: 0}[names.bias]
    assert sum(s.role == "bias" for s in spelled.values()) == expected


@given(st.sampled_from(list(NOTATIONS)), sizes, biases)
def test_arrays_are_read_back_and_share_no_spelling_with_units(
    notation: str, layers: list[int], bias: str | None
) -> None:
    names = bind(notation, layers, bias)
    units = {names.spell(symbol) for symbol in symbols(names)}
    arrays = {}
    for symbol in symbols(names):
        if symbol.layer > 0 or symbol.role == "input":
            text = names.spell_array(symbol.role, symbol.layer)
            arrays[text] = (symbol.role, symbol.layer)
            assert names.read_array(text) == (symbol.role, symbol.layer)
            assert text not in units
    assert len(arrays) == len(set(arrays.values()))


@given(st.sampled_from(list(NOTATIONS)), sizes, st.text(max_size=12))
def test_whatever_is_read_is_spelled_so_or_is_an_alias(notation: str, layers: list[int], text: str) -> None:
    names = network_names(notation, layers)
    symbol = names.read(text)
    if symbol is not None:
        assert names.read(names.spell(symbol)) == symbol


@given(st.sampled_from(list(NOTATIONS)), sizes)
def test_quantities_are_spelled_as_the_symbols_are(notation: str, layers: list[int]) -> None:
    names = network_names(notation, layers)
    for symbol in symbols(names):
        if notation != "matrix" or symbol.role != "delta":
            assert spell(names.to_quantity(symbol)) == names.spell(symbol)


def test_numbered_names_are_those_of_lecture_004() -> None:
    names = network_names("numbered", [2, 2, 2], bias="per layer")
    assert [net_input(names, layer, unit) for layer in (1, 2) for unit in (1, 2)] == [
        "h1 = w1*x1 + w2*x2 + b1",
        "h2 = w3*x1 + w4*x2 + b1",
        "o1 = w5*out_h1 + w6*out_h2 + b2",
        "o2 = w7*out_h1 + w8*out_h2 + b2",
    ]
    assert " ".join(names.spell(symbol) for symbol in symbols(names)) == (
        "x1 x2 t1 t2 w1 w2 b1 w3 w4 w5 w6 b2 w7 w8 "
        "h1 out_h1 h2 out_h2 o1 out_o1 o2 out_o2 delta_o1 delta_o2 delta_h1 delta_h2"
    )


def test_numbered_biases_per_unit_are_those_of_lecture_001() -> None:
    names = network_names("numbered", [2, 2, 2])
    assert net_input(names, 1, 2) == "h2 = w3*x1 + w4*x2 + b2"
    assert net_input(names, 2, 2) == "o2 = w7*out_h1 + w8*out_h2 + b4"


def test_nptel_names_are_those_of_lecture_000() -> None:
    names = network_names("nptel", [2, 2, 2])
    assert [net_input(names, layer, 2) for layer in (1, 2)] == [
        "theta1_2 = W1_02*x0_0 + W1_12*x0_1 + W1_22*x0_2",
        "theta2_2 = W2_02*x1_0 + W2_12*x1_1 + W2_22*x1_2",
    ]
    # The document's delta2_1 * W2_21: from hidden unit 2 to output 1, source first.
    assert names.read("W2_21") == Symbol("weight", 2, unit=1, source=2)
    assert " ".join(names.spell(s) for s in symbols(names) if s.role in ("target", "delta")) == (
        "t_1 t_2 delta2_1 delta2_2 delta1_1 delta1_2"
    )
    assert names.notation.shown == "deltas and weights"


def test_mitchell_numbers_units_on_after_the_inputs() -> None:
    names = network_names("mitchell", [2, 2, 1])
    assert net_input(names, 1, 1) == "net_3 = w_31*x_1 + w_32*x_2 + w_30"
    assert net_input(names, 2, 1) == "net_5 = w_53*o_3 + w_54*o_4 + w_50"
    assert (names.spell(Symbol("target", 2, 1)), names.notation.delta_sign) == ("t_5", -1)
    assert network_names("mitchell", [2, 8, 1]).spell(Symbol("weight", 1, 1, 2)) == "w_3_2"


def test_matrix_names_are_elements() -> None:
    names = network_names("matrix", [2, 3, 1])
    assert net_input(names, 1, 3) == "z1[3] = W1[3,1]*x[1] + W1[3,2]*x[2] + b1[3]"
    assert names.to_quantity(Symbol("weight", 1, 2, 1)) == Element(Name("W1"), (2, 1))
    assert names.to_quantity(Symbol("input", 0, 2)) == Element(Name("x"), (2,))
    delta = Symbol("delta", 2, 1)
    assert names.spell(delta) == "delta(z2[1])"
    assert names.to_quantity(delta, error="L") == Derivative(Name("L"), Element(Name("z2"), (1,)))


def test_column_0_is_another_name_of_the_bias() -> None:
    assert network_names("matrix", [2, 3, 1]).read("W1[3,0]") == Symbol("bias", 1, 3)
    assert network_names("matrix", [2, 3, 1]).read("W1[3, 2]") == Symbol("weight", 1, 3, 2)
    assert network_names("matrix", [2, 3, 1], bias=None).read("W1[3,0]") is None


def test_indices_with_two_digits_are_separated() -> None:
    names = network_names("nptel", [2, 12, 3, 2])
    spelled = [names.spell(Symbol("weight", 1, 11, 1)), names.spell(Symbol("bias", 1, 2))]
    spelled += [names.spell(Symbol("weight", 2, 3, 10)), names.spell(Symbol("weight", 3, 1, 2))]
    assert spelled == ["W1_1_11", "W1_0_2", "W2_10_3", "W3_21"]
    assert names.read("W1_111") is None
    assert names.read("W1_12") is None
    assert names.read("W3_2_1") == Symbol("weight", 3, 1, 2)


@pytest.mark.parametrize(
    ("notation", "text"),
    [
        ("matrix", "x[0]"),
        ("matrix", "x[01]"),
        ("matrix", "W1[3,1]"),
        ("matrix", "W0[1,1]"),
        ("matrix", "z3[1]"),
        ("matrix", "W1"),
        ("matrix", "W1[1,1]'"),
        ("nptel", "theta1_0"),
        ("nptel", "x2_0"),
        ("nptel", "t_3"),
        ("nptel", "W1_00"),
        ("nptel", "W01_11"),
        ("numbered", "w0"),
        ("numbered", "w9"),
        ("numbered", "b0"),
        ("numbered", "b5"),
        ("numbered", "g1"),
        ("numbered", "h"),
        ("numbered", "x١"),
        ("numbered", "w" + "1" * 5000),
        ("mitchell", "net_2"),
        ("mitchell", "w_51"),
        ("matrix", ""),
    ],
)
def test_other_names_are_not_read(notation: str, text: str) -> None:
    assert network_names(notation, [2, 2, 2]).read(text) is None


def test_hidden_layers_have_letters_or_the_names_of_the_file() -> None:
    def spelled(layers: list[int], hidden: list[str] | None) -> list[str]:
        names = network_names("numbered", layers, hidden=hidden)
        return [names.spell(Symbol("net", layer, 1)) for layer in range(1, len(layers))]

    assert spelled([1, 1], None) == ["o1"]
    assert spelled([1, 1, 1, 1], None) == ["g1", "h1", "o1"]
    assert spelled([1, 1, 1, 1], ["p", "hid"]) == ["p1", "hid1", "o1"]
    assert spelled([1] * 7, None) == ["a1", "c1", "f1", "g1", "h1", "o1"]
    names = network_names("numbered", [1, 11, 1], hidden=["α"])
    assert names.read("delta_α11") == Symbol("delta", 1, 11)


@pytest.mark.parametrize(
    ("hidden", "found"),
    [
        (["g"], "expected a list of 2 names"),
        (["f", "g", "h"], "expected a list of 2 names"),
        ("gh", "expected a list of 2 names"),
        (["h", "h"], "h1 already names a net input"),
        (["h", "out_h"], "out_h1 already names an output"),
        (["delta_h", "h"], "delta_h1 already names a net input"),
        (["h", "o"], "o1 already names a net input"),
        (["h", "out_o"], "out_o1 already names an output"),
        (["x", "h"], "x1 already names an input"),
        (["h", "w"], "w1 already names a weight"),
        (["h", "W"], "W1 already names a weight"),
        (["E", "h"], "E1 already has a meaning"),
        (["log", "h"], "log1 already has a meaning"),
        (["h", "h1"], "ends with a digit"),
        (["2h", "h"], "begins"),
        (["h²", "h"], "expected a name"),
        (["", "h"], "expected a name"),
        (["g h", "h"], "expected a name"),
        ([1, "h"], "expected a name"),
    ],
)
def test_names_of_hidden_layers_that_cannot_be_told_apart_are_refused(hidden: list[str], found: str) -> None:
    with pytest.raises(ProblemError, match="hidden") as error:
        network_names("numbered", [2, 2, 2, 2], hidden=hidden)
    assert found in str(error.value)
    assert "\n" not in str(error.value)


def test_bad_networks_are_refused() -> None:
    with pytest.raises(ProblemError, match=r"no notation 'ntpel'.*Did you mean 'nptel'"):
        network_names("ntpel", [2, 1])
    with pytest.raises(ProblemError, match=r"no notation ''\. The notations are matrix, nptel"):
        network_names("", [2, 1])
    for layers in ([], [3], [2, 0], [2, -1, 1], [2, True], [2, 1.5]):
        with pytest.raises(ProblemError, match="at least two whole numbers"):
            network_names("matrix", layers)  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match="counts them"):
        network_names("nptel", [2, 2, 1], hidden=["h"])
    with pytest.raises(ProblemError, match="whole layer shares"):
        network_names("nptel", [2, 2, 1], bias="per layer")
    with pytest.raises(ProblemError, match="bias is 'layer'"):
        network_names("numbered", [2, 2, 1], bias="layer")  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match="Name them"):
        network_names("numbered", [1] * 8)


@pytest.mark.parametrize(
    "symbol",
    [
        Symbol("input", 0, 3),
        Symbol("input", 0, 0),
        Symbol("input", 1, 1),
        Symbol("target", 1, 1),
        Symbol("net", 0, 1),
        Symbol("weight", 1, 1),
        Symbol("weight", 1, 1, 0),
        Symbol("weight", 1, 1, 3),
        Symbol("net", 1, 1, 1),
        Symbol("delta", 3, 1),
        Symbol("bias", 1, 0),
    ],
)
def test_symbols_the_network_does_not_have_are_refused(symbol: Symbol) -> None:
    with pytest.raises(ProblemError, match=r"\[2, 2, 2\] has no"):
        network_names("matrix", [2, 2, 2]).spell(symbol)


def test_without_biases_there_is_no_constant_one() -> None:
    names = network_names("nptel", [1, 1], bias=None)
    assert " ".join(names.spell(s) for s in symbols(names)) == "x0_1 t_1 W1_11 theta1_1 x1_1 delta1_1"
    assert names.bias_of(1, 1) is None
    with pytest.raises(ProblemError, match="no bias"):
        names.spell_array("bias", 1)


def test_every_template_is_filled() -> None:
    for notation in NOTATIONS.values():
        names = network_names(notation.name, [3, 2, 1])
        spelled = [names.spell(s) for s in symbols(names)]
        assert {s.role for s in symbols(names)} == set(ROLES)
        assert not any("{" in text or "}" in text for text in spelled)
