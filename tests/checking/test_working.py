"""What a working says: how lines are cut into claims, read in the words of the problem, and found again in the file."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.checking.claims import Claim, Link, Unread, Working
from chainrule.checking.working import LONGEST_SHOWN, MOST_CLAIMS, read_working
from chainrule.formula.render import render
from chainrule.formula.syntax import Number, walk
from chainrule.problem import Problem, loads
from chainrule.quantity import spell
from chainrule.toml_source import load_toml

FORMULAS = """
formulas = '''
h1     = w1*x1 + w2*x2 + b1
out_h1 = sigmoid(h1)
E      = 1/2*(t1 - out_h1)^2
'''
minimise = "E"
rate = 0.5
working = {working}
[given]
x1 = 0.05
x2 = 0.10
b1 = 0.35
t1 = 0.01
[parameters]
w1 = 0.15
w2 = 0.20
"""
NETWORK = """
minimise = "E"
rate = 0.5
working = {working}
[network]
layers = [2, 2, 2]
activation = "sigmoid"
loss = "half squared error"
notation = "{notation}"
[given]
x = [0.7, 1.2]
t = [1, 0]
[parameters]
W1 = [[0.5, 1.5, 0.8], [0.8, 0.2, -1.6]]
W2 = [[0.9, -1.7, 1.6], [1.2, 2.1, -0.2]]
"""
EXAMPLES = """
formulas = '''
o = sigmoid(w*x)
E = (t - o)^2
'''
minimise = "E"
working = {working}
[examples]
x = [1, 2]
t = [0, 1]
[parameters]
w = 0.5
[training]
rate = 0.5
batch = 1
"""


def problem_with(working: str, template: str = FORMULAS, notation: str = "matrix") -> Problem:
    """A problem with a working; the text is written as a TOML literal that leaves it as it is."""
    return loads(template.replace("{working}", f"'''\n{working}'''").replace("{notation}", notation))


def read(working: str, template: str = FORMULAS, notation: str = "matrix") -> Working:
    return read_working(problem_with(working, template, notation))


def quantities(working: Working) -> list[str]:
    return [spell(claim.quantity) for claim in working.claims]


def texts(claim: Claim) -> list[str]:
    return [link.text for link in claim.links]


def only(working: Working) -> Claim:
    assert not working.unread
    (claim,) = working.claims
    return claim


def only_unread(working: Working) -> Unread:
    assert not working.claims
    (found,) = working.unread
    return found


def linked(text: str, template: str = FORMULAS, left: str = "h1") -> Link:
    (link,) = only(read(f"{left} = {text}", template)).links
    return link


# Chains ---------------------------------------------------------------------------------------------------


def test_a_chain_is_a_quantity_and_links() -> None:
    claim = only(read("h1 = w1*x1 + w2*x2 + b1 = 0.15*0.05 + 0.2*0.1 + 0.35 = 0.3775"))
    assert (spell(claim.quantity), claim.text) == ("h1", "h1")
    assert [link.kind for link in claim.links] == ["formula", "substitution", "figure"]
    assert texts(claim) == ["w1*x1 + w2*x2 + b1", "0.15*0.05 + 0.2*0.1 + 0.35", "0.3775"]
    assert all(link.exact and not link.truncated and not link.index for link in claim.links)


@pytest.mark.parametrize(
    ("sign", "exact"),
    [("=", True), ("==", True), (":=", True), ("≈", False), ("~", False), ("->", False), ("→", False), ("≃", False)],
)
def test_signs_that_stand_for_equals(sign: str, exact: bool) -> None:
    claim = only(read(f"h1 = 0.3 {sign} 0.4"))
    assert [link.exact for link in claim.links] == [True, exact]
    assert texts(claim) == ["0.3", "0.4"]


@pytest.mark.parametrize("sign", ["=>", "⇒", ";", "==>", "⟹", "<=>", "⇔", ","])
def test_signs_that_begin_a_new_claim(sign: str) -> None:
    working = read(f"h1 = 0.3 {sign} out_h1 = 0.5")
    assert quantities(working) == ["h1", "out_h1"]
    assert [texts(claim) for claim in working.claims] == [["0.3"], ["0.5"]]
    assert not working.unread


def test_a_comma_separates_claims_only() -> None:
    assert quantities(read("h1 = max(1, 2), out_h1 = 0.5, E = 1")) == ["h1", "out_h1", "E"]
    assert texts(read("[h1, E] = [1, 2], out_h1 = 0.5").claims[0]) == ["1"]
    working = read("h1 = 1, 234")
    assert working.unread[0].text == "1, 234"
    assert not read("h1, E = 1, 2").claims


@pytest.mark.parametrize("stop", [".", ",", " .", ";"])
def test_a_full_stop_is_no_part_of_a_claim(stop: str) -> None:
    working = read(f"h1 = 0.3775{stop}")
    if stop == " .":
        assert "'.'" in working.unread[0].reason
    else:
        assert texts(only(working)) == ["0.3775"]


def test_brackets_hide_signs() -> None:
    assert texts(only(read("h1 = where(x1 == 1, 2, 3) = 4"))) == ["where(x1 == 1, 2, 3)", "4"]
    working = read("h1 = (0.1 + 0.2 = 0.3")
    assert texts(working.claims[0]) == ["0.3"]
    assert working.unread[0].text == "(0.1 + 0.2"
    assert "never closed" in working.unread[0].reason


def test_a_line_that_begins_with_a_sign_goes_on_with_the_claim_before() -> None:
    claim = only(read("h1 = 0.1  # a\n   = 0.2\n\n  ≈ 0.3  # b\n= 0.4  # b"))
    assert texts(claim) == ["0.1", "0.2", "0.3", "0.4"]
    assert [link.exact for link in claim.links] == [True, True, False, True]
    assert [(link.line, link.column) for link in claim.links] == [(10, 6), (11, 6), (13, 5), (14, 3)]
    assert claim.source == "a b"


def test_prose_ends_a_claim() -> None:
    working = read("h1 = 0.1\nand so\n= 0.2")
    assert texts(working.claims[0]) == ["0.1"]
    assert "no claim directly before it" in working.unread[0].reason
    assert (working.unread[0].line, working.unread[0].column) == (12, 1)


def test_a_line_does_not_go_on_with_one_that_was_not_read() -> None:
    working = read("so they say = 0.1\n= 0.2")
    assert not working.claims
    assert len(working.unread) == 1


@pytest.mark.parametrize(
    "line",
    ["Forward pass", "takes ~5 minutes", "input -> hidden -> output", "====", "=== Forward ===", "x <= 3", "", "#"],
)
def test_prose_is_passed_over(line: str) -> None:
    working = read(f"{line}\nh1 = 1")
    assert quantities(working) == ["h1"]
    assert not working.unread


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("so we have this = that", "found 'we' after 'so'"),
        ("h1 =", "found nothing"),
        ("= 0.3", "no claim directly before it"),
        ("h1 = 0.3 => 0.4", "no '=' after the sign"),
        ("0.3775 = h1", "found a number where a quantity was expected"),
        ("e = h1*2", "'e' is a constant"),
        ("- h1 = 3", "two ways"),
        ("2. h1 = 3", "two ways"),
        ("(2) h1 = 3", "two ways"),
        ("dE/dw1' = 3", "(dE/dw1)@1"),
        ("dE/dfoo = 3", "no quantity 'foo'"),
        ("h1 < 3 = 4", "comparison"),
        ("s1 ~ 0.5", "'s1' is not a quantity of this problem"),
    ],
)
def test_a_claim_that_cannot_be_read(line: str, reason: str) -> None:
    working = read(line)
    assert reason in working.unread[0].reason
    assert len(working.unread) == 1
    assert working.unread[0].line == 10


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("1,234.5", "thousands without a sign"),
        ("0,15", "decimals with a point"),
        ("(0,15 + 0.2)", "decimals with a point"),
        ("foo*2", "no quantity 'foo'"),
        ("out_h2", "Did you mean 'out_h1'?"),
        ("foo(0.3)", "no quantity 'foo'"),
        ("delta(0.3)", "found 'delta(0.3)', but nothing in it is a quantity"),
        ("d(2)/d(3)", "found 'd(2)/d(3)', but nothing in it is a quantity"),
        ("2'", "found"),
        ("1/2x1", "two ways"),
        ("sigmoid(1, 2)", "arguments"),
        ("[1, 2]", "found an array of shape (2) where one number was expected"),
        ("x1 < 3", "comparison"),
        ("(" * 300 + "1" + ")" * 300, "deeper than 200"),
        ("0." + "1" * 2000, "more than 1,000 digits"),
        ("1+" * 20000 + "1", "at most 20,000 are read"),
        ("sigmoid'(" * 20 + "h1" + ")" * 20, "derivatives in one another"),
        ("9e99999", "exponent"),
        ("w1{2}", "one example only"),
        ("0.3.4", "second point"),
        ("?", "'?'"),
    ],
)
def test_a_link_that_cannot_be_read_leaves_the_others(link: str, reason: str) -> None:
    working = read(f"h1 = 0.3 = {link} = 0.4")
    assert texts(working.claims[0]) == ["0.3", "0.4"]
    (found,) = working.unread
    assert reason in found.reason
    assert (found.line, found.column) == (10, 12)
    assert link.startswith(found.text.removesuffix("..."))
    assert len(found.text) <= LONGEST_SHOWN
    assert "\n" not in found.reason


# Links ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "0.3775", "-0.138", ".05", "-.05", "+3", "57.7%", "4.38*10^-4", "4.38×10⁻⁴", "-4.38·10^(-4)", "4.4e-4", "½",
        "(0.5)", "[0.5]", "−0.2", "0.0821...", "0.0821…", "0.0821 ...", "57.7%...",
    ],
)  # fmt: skip
def test_figures(text: str) -> None:
    link = linked(text)
    assert link.kind == "figure"
    assert link.text == text
    assert link.truncated == text.endswith(("...", "…"))


def test_the_digits_of_a_figure_are_kept() -> None:
    (number,) = (part for part in walk(linked("-0.10...").tree) if isinstance(part, Number))
    assert (number.text, number.value) == ("0.10", Fraction(1, 10))


@pytest.mark.parametrize(
    "text",
    ["0.1 + 0.2", "1/2", "--1", "1/(1+e^(-0.3775))", "sqrt(2)*pi", "0.44*(1 - 0.44)", "sigmoid'(0.3)", "2^3", "2(3)",
     "(1 - .5)(0.5)", "1/2(0.01 - 0.75)^2", "0.1...*2", "(0.3 - 1)^2"],
)  # fmt: skip
def test_substitutions(text: str) -> None:
    link = linked(text)
    assert (link.kind, link.text, link.truncated) == ("substitution", text, False)


@pytest.mark.parametrize(
    "text",
    ["w1*x1", "0.15*x1 + 2", "dE/dw1", "1/2(t1 - out_h1)^2", "out_h1(1 - out_h1)", "2 x1", "x1 x2", "sigmoid'(h1)",
     "w1'", "(x1 + 1)(x2 + 1)", "dEdw1", "∂E/∂w1*½", "E@3", "dE/dh1 (direct)", "delta(h1)", "Δw1", "η",
     "sum(w_i for i in 1..2)"],
)  # fmt: skip
def test_formulas(text: str) -> None:
    assert linked(text).kind == "formula"


def test_a_constant_that_the_problem_defines_is_a_name() -> None:
    template = FORMULAS.replace("x1", "e").replace("0.05", "0.06")
    assert linked("1/(1+e)", template).kind == "formula"
    assert linked("1/(1+pi)", template).kind == "substitution"


def test_the_tree_of_a_link_has_places_in_its_text() -> None:
    link = read("h1 = w1*x1 + w2*x2 + b1 = 2(w1 + 0.35...) = 1").claims[0].links[1]
    (number,) = [part for part in walk(link.tree) if isinstance(part, Number) and part.text != "2"]
    assert link.text[number.span.start : number.span.end] == "0.35"


@pytest.mark.parametrize("name", ["rate", "eta", "η"])
def test_names_of_the_learning_rate(name: str) -> None:
    assert render(linked(f"{name}*w1").tree) == "rate*w1"
    assert spell(only(read(f"{name}*w1 = 0.1")).quantity) == "rate*w1"


def test_a_name_of_the_problem_is_not_the_learning_rate() -> None:
    template = FORMULAS.replace("*x1", "*η").replace("x1 =", '"η" =').replace("rate = 0.5", 'rate = "x2"')
    assert render(linked("η + eta + rate", template).tree) == "η + x2 + x2"


# Quantities -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "canonical"),
    [
        ("h1", "h1"),
        ("dE/dw1", "dE/dw1"),
        ("∂E/∂w1", "dE/dw1"),
        ("dEdw1", "dE/dw1"),
        ("dE/dh1 (direct)", "dE/dh1 (direct)"),
        ("d(dE/dw1)/dw2", "d(dE/dw1)/dw2"),
        ("delta(h1)", "dE/dh1"),
        ("sigmoid'(h1)", "dout_h1/dh1"),
        ("w1'", "w1'"),
        ("w1@2", "w1@2"),
        ("E@100", "E@100"),
        ("(dE/dw1)@1", "(dE/dw1)@1"),
        ("Δw1", "Δw1"),
        ("change(w1)", "Δw1"),
        ("w1*x1", "w1*x1"),
        ("2 x1", "2*x1"),
        ("(w1 + 1)(w2 + 1)", "(w1 + 1)*(w2 + 1)"),
        ("w1*x1 + w2*x2 + b1", "h1"),
        ("0.15*0.05", "0.15*0.05"),
        ("sum(w_i for i in 1..2)", "w1 + w2"),
    ],
)
def test_left_sides(left: str, canonical: str) -> None:
    claim = only(read(f"{left} = 0.3"))
    assert spell(claim.quantity) == canonical
    assert claim.quantity == problem_with("").quantity(canonical)


def test_the_same_quantity_may_be_claimed_twice() -> None:
    assert quantities(read("h1 = 0.3\nh1 = 0.4")) == ["h1", "h1"]


@pytest.mark.parametrize(
    ("line", "quantity"),
    [
        ("w1 <- 0.4 - 0.5*0.08", "w1'"),
        ("w1 ← 0.3", "w1'"),
        ("w1 = w1 - η*dE/dw1 = 0.1", "w1'"),
        ("w1 = 0.1 = w1 - η*dE/dw1", "w1'"),
        ("w1' = w1 - η*dE/dw1 = 0.1", "w1'"),
        ("w1' <- w1 - η*dE/dw1", "w1'"),
        ("w1 = w1' + η*dE/dw1", "w1"),
        ("w1 = w1", "w1"),
        ("w1 = w2", "w1"),
        ("w1 = 2*dE/dw1", "w1"),
        ("h1 <- 0.3", "h1"),
        ("h1 = h1 + 1", "h1"),
    ],
)
def test_updates(line: str, quantity: str) -> None:
    assert quantities(read(line)) == [quantity]


def test_examples() -> None:
    working = read("o{2} = sigmoid(w*x{2}) = 0.7\no = 0.3\nE{1} = o{1}^2\nh = w*x{1}", EXAMPLES)
    assert quantities(working) == ["o{2}", "E{1}", "h"]
    assert "Write o{1}." in working.unread[0].reason


# Arrays ---------------------------------------------------------------------------------------------------


def test_a_list_claims_each_quantity() -> None:
    working = read("[h1, out_h1] = [0.3775..., 1/2] ≈ [0.4, .6]")
    assert [(spell(c.quantity), c.text, c.column, texts(c)) for c in working.claims] == [
        ("h1", "h1", 2, ["0.3775...", "0.4"]),
        ("out_h1", "out_h1", 6, ["1/2", ".6"]),
    ]
    first, second = (claim.links for claim in working.claims)
    assert [(link.column, link.kind, link.exact, link.truncated) for link in (*first, *second)] == [
        (17, "figure", True, True),
        (36, "figure", False, False),
        (28, "substitution", True, False),
        (41, "figure", False, False),
    ]
    assert not any(link.index for link in (*first, *second))


def test_an_array_claims_each_element() -> None:
    working = read("W1 = [[1.5, 0.8],  # as given\n      [0.2, foo]]\n  = [[1, 2], [3, 4]]", NETWORK)
    assert quantities(working) == ["W1[1,1]", "W1[1,2]", "W1[2,1]", "W1[2,2]"]
    assert [texts(claim) for claim in working.claims] == [["1.5", "1"], ["0.8", "2"], ["0.2", "3"], ["4"]]
    assert (working.claims[2].links[0].line, working.claims[2].links[0].column) == (6, 8)
    assert {claim.source for claim in working.claims} == {"as given"}
    (found,) = working.unread
    assert (found.line, found.column, found.text) == (6, 13, "foo")


def test_a_formula_of_an_array_is_claimed_of_each_element() -> None:
    working = read("z1 = W1 @ x + b1 = [2.51, -0.98]", NETWORK)
    assert quantities(working) == ["z1[1]", "z1[2]"]
    assert [[link.index for link in claim.links] for claim in working.claims] == [[(1,), ()], [(2,), ()]]
    assert [texts(claim)[0] for claim in working.claims] == ["W1 @ x + b1"] * 2


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("dE/dW1 = [[1, 2], [3, 4]]", ["dE/dW1[1,1]", "dE/dW1[1,2]", "dE/dW1[2,1]", "dE/dW1[2,2]"]),
        ("delta(z1) = [1, 2]", ["dE/dz1[1]", "dE/dz1[2]"]),
        ("W1' = W1 - η*dE/dW1", ["W1[1,1]'", "W1[1,2]'", "W1[2,1]'", "W1[2,2]'"]),
        ("b1 = b1 - η*dE/db1 = [1, 2]", ["b1[1]'", "b1[2]'"]),
        ("b1 <- [1, 2]", ["b1[1]'", "b1[2]'"]),
        ("W1[2,1] = W1[2,1] - 0.1", ["W1[2,1]'"]),
        ("Δb1 = -η*dE/db1", ["Δb1[1]", "Δb1[2]"]),
        ("[z1, z2] = [[1, 2], [3, 4]]", ["z1[1]", "z1[2]", "z2[1]", "z2[2]"]),
        ("W1 @ x + b1 = [1, 2]", ["z1[1]", "z1[2]"]),
        ("x = 0.5*[1.4, 2.4]", ["x[1]", "x[2]"]),
        ("x = [[0.7], [1.2]]", ["x[1]", "x[2]"]),
        ("z1[j] = 0.1 for j in 1..2", ["z1[1]", "z1[2]"]),
    ],
)
def test_quantities_of_arrays(line: str, expected: list[str]) -> None:
    working = read(line, NETWORK)
    assert not working.unread
    assert quantities(working) == expected


@pytest.mark.parametrize(
    "line",
    ["z1 = 0.5", "z1 = [1, 2, 3]", "z1[1] = [1, 2]", "W1 @ x = [1, 2]", "[z1, b1[1]] = [1, 2]",
     "z1 = W2", "q = W1 @ x", "W1 = [[1, 2], [3]]"],
)  # fmt: skip
def test_arrays_that_do_not_fit(line: str) -> None:
    assert only_unread(read(line, NETWORK)).reason


def test_lists_of_one() -> None:
    assert texts(only(read("[h1] = [0.3]"))) == ["[0.3]"]
    template = FORMULAS.replace("x1 = 0.05", "x1 = 0.05\nv = [3]")
    claim = only(read("v = [3]", template))
    assert (spell(claim.quantity), texts(claim)) == ("v[1]", ["3"])


def test_other_notations() -> None:
    working = read(
        "theta1_1 = W1_01 + W1_11*x0_1 + W1_21*x0_2 = 2.51\ndelta2_1 = x2_1*(1 - x2_1)*(x2_1 - t_1)\nW1_11 <- 1",
        NETWORK,
        "nptel",
    )
    assert quantities(working) == ["theta1_1", "dE/dtheta2_1", "W1_11'"]
    assert not working.unread
    (claim,) = read("delta_5 = o_5*(1 - o_5)*(t_5 - o_5)", NETWORK, "mitchell").claims
    assert spell(claim.quantity) == "delta(net_5)"


# Loops and definitions ------------------------------------------------------------------------------------


def test_loops_repeat_a_claim_at_its_place() -> None:
    working = read("  w_i = x_i*2 = 0.1 for i in 1..2  # both")
    assert quantities(working) == ["w1", "w2"]
    assert [texts(claim) for claim in working.claims] == [["x1*2", "0.1"], ["x2*2", "0.1"]]
    assert {(c.line, c.column, c.links[0].column, c.links[1].column) for c in working.claims} == {(10, 3, 9, 17)}
    assert {claim.source for claim in working.claims} == {"both"}


def test_a_loop_that_cannot_be_read() -> None:
    assert "empty" in only_unread(read("w_i = 0.1 for i in 2..1")).reason
    assert "downstream(1)" in only_unread(read("h1 = sum(w_k for k in downstream(1))")).reason


def test_a_line_may_define_a_name() -> None:
    working = read("s1 = out_h1(1 - out_h1) = 0.19\ns1 = 0.2\nd = η s1*x1 = 0.1\ndE/ds1 = 0")
    assert not working.unread
    assert quantities(working) == ["s1", "s1", "d", "dE/ds1"]
    assert [claim.defines for claim in working.claims] == [True, False, True, False]
    assert spell(working.problem.quantity("s1*2")) == "s1*2"
    assert [spell(label) for label in working.problem.graph.outputs] == ["h1", "out_h1", "E", "s1", "d"]


def test_a_defined_name_has_the_value_of_its_formula() -> None:
    from chainrule.explanation.asked import value_of

    grown = read("s1 = out_h1(1 - out_h1)\ng = 2 dE/dw1\nk = g - s1\nv = w1 x1\nn = dE/dv").problem
    assert value_of(grown, "s1") == pytest.approx(value_of(grown, "out_h1*(1 - out_h1)"), rel=1e-15)
    assert value_of(grown, "g") == pytest.approx(2 * value_of(grown, "dE/dw1"), rel=1e-15)
    assert value_of(grown, "k") == pytest.approx(value_of(grown, "g") - value_of(grown, "s1"), rel=1e-15)
    assert value_of(grown, "dE/dv") == pytest.approx(value_of(grown, "dE/dh1"), rel=1e-15)


def test_a_defined_name_may_be_of_elements() -> None:
    from chainrule.explanation.asked import value_of

    working = read("p = W1[1,1]*x[1] + b1[2]\nr = sum(W1 @ x) + p", NETWORK)
    assert quantities(working) == ["p", "r"]
    assert value_of(working.problem, "p") == pytest.approx(1.5 * 0.7 + 0.8)
    assert value_of(working.problem, "r") == pytest.approx(1.5 * 0.7 + 0.8 * 1.2 + 0.2 * 0.7 - 1.6 * 1.2 + 1.85)
    nptel = read("p = W1_11*x0_1 + W1_02", NETWORK, "nptel")
    assert value_of(nptel.problem, "p") == pytest.approx(1.5 * 0.7 + 0.8)


def test_a_name_for_a_quantity_is_that_quantity() -> None:
    working = read("net = w1*x1 + w2*x2 + b1 = 0.4\ng = dE/dw1\ng = 0.1\ng2 = g\nout_h1 = sigmoid(net)")
    assert quantities(working) == ["h1", "dE/dw1", "dE/dw1", "dE/dw1", "out_h1"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("s1 = 0.1868", "no formula defines it"),
        ("s1 = 0.4*0.5 = 0.2", "no formula defines it"),
        ("s1 = foo*2", "'foo'"),
        ("s1 = s1*2", "'s1'"),
        ("s1 = ", "found nothing"),
        ("s1[1] = w1*2", "'s1'"),
        ("s1' = w1*2", "'s1'"),
        ("s1 = [w1, w2]", "no formula defines it"),
        ("s1 = w1 < 2", "comparison"),
    ],
)
def test_what_defines_no_name(line: str, reason: str) -> None:
    assert reason in only_unread(read(line)).reason


def test_a_name_is_not_known_before_its_line() -> None:
    working = read("h1 = s1\ns1 = w1*2")
    assert quantities(working) == ["s1"]
    assert "s1" in working.unread[0].reason


def test_definitions_that_build_on_one_another() -> None:
    lines = ["s0 = w1*w1", *(f"s{i + 1} = s{i}*s{i}" for i in range(60)), "g0 = dE/dw1*2"]
    lines += [f"g{i + 1} = g{i}*g{i}" for i in range(10)]
    working = read("\n".join(lines))
    assert len(working.claims) == 61 + 4
    assert "builds on more than" in working.unread[0].reason


def test_a_working_without_definitions_leaves_the_problem() -> None:
    problem = problem_with("h1 = 0.3")
    assert read_working(problem).problem is problem


# Places ---------------------------------------------------------------------------------------------------


def check_places(file: str) -> Working:
    """Reads a file and compares every place with what stands there."""
    working = read_working(loads(file))
    lines = file.replace("\r\n", "\n").split("\n")
    for found in (*working.claims, *working.unread, *(link for claim in working.claims for link in claim.links)):
        assert lines[found.line - 1][found.column - 1 :].startswith(found.text.removesuffix("..."))
    return working


LINES = "h1 = w1*x1\t= 0.3 ≈ 0.4 # somewhere\n\t[h1, E] = [1, foo]; Δw1 = −½ = β\n∂E/∂w1 = 0.1; out_h1 ← 0.2\nq = 1"


@pytest.mark.parametrize("quotes", ["'''", '"""'])
@pytest.mark.parametrize("begin", ["", "\n", "\n\n", "  "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_places(quotes: str, begin: str, end: str) -> None:
    file = FORMULAS.replace("{working}", quotes + begin + LINES + quotes).replace("\n", end)
    working = check_places(file)
    assert quantities(working) == ["h1", "h1", "Δw1", "dE/dw1", "out_h1"]
    assert [found.text for found in working.unread] == ["foo", "β", "q = 1"]


def test_places_among_escapes() -> None:
    written = '"h1 = 0.3\\n\\u0045 = 0.25 = foo\\n  out_h1 = 0.5"'
    working = read_working(loads(FORMULAS.replace("{working}", written)))
    assert [(claim.line, claim.column) for claim in working.claims] == [(9, 12), (9, 22), (9, 45)]
    assert [(claim.links[0].line, claim.links[0].column) for claim in working.claims] == [(9, 17), (9, 31), (9, 54)]
    assert [(found.line, found.column) for found in working.unread] == [(9, 38)]


def test_places_in_one_line() -> None:
    working = read_working(loads(FORMULAS.replace("{working}", "'h1 = 0.3; E = 0.1'")))
    assert [(claim.line, claim.column) for claim in working.claims] == [(9, 12), (9, 22)]


@given(st.text(alphabet='ab\tβ\\\n"é', max_size=30))
def test_places_of_all_characters_agree_with_those_of_one(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    source = load_toml(f'x = 1\nw = "{escaped}"\n', file=None)
    places = source.string_places(("w",))
    for offset, character in enumerate(source.data["w"]):
        place = source.string_place(("w",), offset)
        line, column = places(offset)
        assert (place.line, place.column) == (line, column)
        found = source.text.split("\n")[line - 1][column - 1]
        assert found == ("\\" if character in '\\"\n' else character)


def test_the_lines_are_listed_with_their_numbers() -> None:
    working = read("h1 = 0.3  # here\n\n  prose\n")
    assert working.lines == ((10, "h1 = 0.3  # here"), (12, "  prose"))


def test_a_problem_without_a_working() -> None:
    problem = loads("formulas = 'y = 2*x'\n[given]\nx = 1")
    for one in (problem, replace(problem, document=None)):
        assert (read_working(one).lines, read_working(one).claims, read_working(one).unread) == ((), (), ())


def test_a_problem_from_a_dictionary() -> None:
    data = {"formulas": "y = 2*x", "working": "y = 2*3\n  = 6", "given": {"x": 3}}
    (claim,) = read_working(Problem.from_dict(data)).claims
    assert [link.text for link in claim.links] == ["2*3", "6"]
    assert claim.links[1].line == claim.line + 1


# Anything at all --------------------------------------------------------------------------------------------


def check_everything(working: Working, text: str) -> None:
    lines = text.split("\n")
    for claim in working.claims:
        assert claim.links
        assert 10 <= claim.line < 10 + len(lines)
        assert "for" in text or lines[claim.line - 10][claim.column - 1 :].startswith(claim.text)
        assert spell(claim.quantity)
    for found in working.unread:
        assert 10 <= found.line < 10 + len(lines)
        assert found.reason
        assert "\n" not in found.reason + found.text


PIECES = [
    "h1", "out_h1", "w1", "x1", "E", "dE/dw1", "w1'", "foo", "s1", "e", "pi", "0.3", "1", "-", "+", "*", "/", "^",
    "(", ")", "[", "]", "{", "}", ",", " ", "=", "≈", "~", "->", "=>", ";", "<-", "...", "…", "#", "\n", "@2",
    "@", "'", "½", "²", "σ(", "sigmoid'(", "sum(", "for i in 1..2", "w_i", "delta(", "d(", ")/d(", "d", "%", "η",
    "\t", "<", "==", "===", "1e9", ".", "where(", "max(", "sqrt", "√", "∂", "Δ", "[h1, E]", "{1}", "step(",
    "downstream(1)", "in", "\u2028", "_", "0x1", "1,5",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_any_line_is_read_or_unread(pieces: list[str]) -> None:
    text = "".join(pieces).replace("'''", "'")
    check_everything(read(text), text)


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t"), max_size=80))
def test_any_text_is_read_or_unread(text: str) -> None:
    text = f"h1 = {text}".replace("'''", "'")
    if not text.endswith("'"):
        check_everything(read(text), text)


GOOD = """h1 = w1*x1 + w2*x2 + b1 = 0.15*0.05 = 0.3775
[h1, E] = [0.3..., 1]
w_i = w_i - η dE/dw_i for i in 1..2
s = E*2; s = 1"""


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 8), st.sampled_from([*PIECES, ""]))
def test_mutated_lines_are_read_or_unread(at: int, removed: int, put_in: str) -> None:
    text = GOOD[:at] + put_in + GOOD[at + removed :]
    check_everything(read(text), text)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*PIECES, "W1", "z1", "x", "b1", "W1 @ x", "[[1, 2], [3, 4]]", "[1, 2]"]), max_size=30))
def test_any_line_about_arrays_is_read_or_unread(pieces: list[str]) -> None:
    for notation in ("matrix", "nptel"):
        read("".join(pieces).replace("'''", "'"), NETWORK, notation)


@pytest.mark.parametrize(
    "text",
    [
        "h1 = " + "(" * 50_000,
        "h1 = " + "-" * 15_000 + "1",
        "h1 = " + "1" * 200_000,
        "d" * 100_000 + " = 1",
        "h1 " + "=" * 100_000,
        "h1 " + "= " * 20_000,
        "h1 = (\n" + "(a\n" * 30_000,
        "h1 = 3" + " " * 100_000 + ".",
        "h1 = 9^9^9^9^9^9^9",
        "h1 = 1\n" + "= 2 # a\n" * 20_000,
        "x\n" * 100_000,
        "'" * 2 + "\n" * 100_000,
        "foo = 1 for j in 1..1000\n" * 3,
        "".join(f"s{i} = w1*{i}\n" for i in range(1000)),
    ],
)
def test_large_workings(text: str) -> None:
    read(text)


def test_a_working_of_too_many_claims_says_so() -> None:
    working = read("h1 = 1 for j in 1..1000\n" * (MOST_CLAIMS // 1000 + 5))
    assert len(working.claims) == MOST_CLAIMS
    assert "the limit" in only_reason(working)


def only_reason(working: Working) -> str:
    (found,) = working.unread
    return found.reason
