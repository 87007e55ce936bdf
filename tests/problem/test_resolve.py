"""Quantities as people spell them: section 3 of the contract, row by row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import FormulaError
from chainrule.evaluate import evaluate
from chainrule.graph import verify
from chainrule.lectures import lecture_text
from chainrule.problem import loads
from chainrule.problem.expressions import alias_labels, expression_of, is_expression, with_expressions
from chainrule.quantity import Change, Derivative, Element, Example, Name, Quantity, Updated, spell
from chainrule.transforms.reverse import reverse

E, W5, H1 = Name("E"), Name("w5"), Name("h1")
NAMED = "[names]\nErr = '-delta(h1)'\nd1 = 'delta(h1)'\nround1 = 'round2'\nround2 = 'w5'\n"
L004 = loads((lecture_text("004") or "") + NAMED)
L000 = loads(lecture_text("000") or "")
XOR = loads(
    "minimise = 'E'\n[network]\nlayers = [2, 2, 1]\nnotation = 'numbered'\ninit = 'uniform(-1, 1)'\n"
    "[examples]\nx = [[0, 0], [0, 1], [1, 0], [1, 1]]\nt = [0, 1, 1, 0]\n[names]\nErr = '-dE/dh1'\n"
)
ARRAYS = loads("minimise = 'E'\nformulas = 'y = W @ x; E = sum(y)'\n[given]\nx = [1, 2]\n[parameters]\nW = [[3, 4]]")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("h1", H1),
        (" ( h1 ) ", H1),
        ("dE/dw5", Derivative(E, W5)),
        ("∂E/∂w5", Derivative(E, W5)),
        ("dEdw5", Derivative(E, W5)),
        ("d(E)/d(w5)", Derivative(E, W5)),
        ("dout_h1/dh1", Derivative(Name("out_h1"), H1)),
        ("dE/dw5 (direct)", Derivative(E, W5, direct=True)),
        ("d(dE/dw1)/dw2", Derivative(Derivative(E, Name("w1")), Name("w2"))),
        ("delta(h1)", Derivative(E, H1)),
        ("δ(h1)", Derivative(E, H1)),
        ("Δw5", Change(W5)),
        ("change(w5)", Change(W5)),
        ("w5'", Updated(W5)),
        ("w5''", Updated(W5, 2)),
        ("(w5')'", Updated(W5, 2)),
        ("w5@1", Updated(W5)),
        ("E@100", Updated(E, 100)),
        ("E@0", E),
        ("(dE/dw1)@3", Updated(Derivative(E, Name("w1")), 3)),
        ("sigmoid'(h1)", Derivative(Name("out_h1"), H1)),
        ("sigmoid''(h1)", Derivative(Derivative(Name("out_h1"), H1), H1)),
        ("w1*x1", Name("w1*x1")),
        ("w1*x1 + w2*x2 + b1", H1),
        ("w1 * x1", Name("w1*x1")),
        ("dE/d(w1*x1)", Derivative(E, Name("w1*x1"))),
        ("sigmoid'(2*h1)", Derivative(Name("sigmoid(2*h1)"), Name("2*h1"))),
        ("rate", Name("rate")),
        ("Err", Name("Err")),
        ("d1", Derivative(E, H1)),
        ("round1", W5),
        ("dE/do1*w5", Name("dE/do1*w5")),
        ("pi", Name("pi")),
    ],
)
def test_lecture_004(text: str, label: Quantity) -> None:
    assert L004.quantity(text) == label
    assert L004.quantity(spell(label)) == label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("W1[2,1]", Name("W1_12")),
        ("W1_12", Name("W1_12")),
        ("W1[2,0]", Name("W1_02")),
        ("dE/dW1[2,1]", Derivative(E, Name("W1_12"))),
        ("dE/dW1", Derivative(E, Name("W1"))),
        ("delta2_1", Derivative(E, Name("theta2_1"))),
        ("delta(theta2_1)", Derivative(E, Name("theta2_1"))),
        ("theta1[2]", Name("theta1_2")),
        ("x", Name("x0")),
        ("x[2]", Name("x0_2")),
        ("x1_0", Name("x1_0")),
    ],
)
def test_lecture_000(text: str, label: Quantity) -> None:
    assert L000.quantity(text) == label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("E", E),
        ("E{2}", Example(E, 2)),
        ("h1{2}", Example(H1, 2)),
        ("h[1]{2}", Example(H1, 2)),
        ("h{2}[1]", Example(H1, 2)),
        ("h{2}", Example(Name("h"), 2)),
        ("dE/dw5", Derivative(E, W5)),
        ("dE{2}/dw5", Derivative(Example(E, 2), W5)),
        ("(dE/dw5){2}", Derivative(Example(E, 2), W5)),
        ("dE/dh1{2}", Derivative(E, Example(H1, 2))),
        ("delta(h1){2}", Derivative(Example(E, 2), Example(H1, 2))),
        ("(w1*x1){1}", Example(Name("w1*x1"), 1)),
        ("w1*x1{1}", Name("w1*x1{1}")),
        ("Err{3}", Example(Name("Err"), 3)),
        ("E{2}@5", Updated(Example(E, 2), 5)),
        ("(E{2})'", Updated(Example(E, 2))),
    ],
)
def test_examples(text: str, label: Quantity) -> None:
    assert XOR.quantity(text) == label


def test_elements_and_arrays() -> None:
    assert ARRAYS.quantity("W") == Name("W")
    assert ARRAYS.quantity("W[1,2]") == Element(Name("W"), (1, 2))
    assert ARRAYS.quantity("dEdW[1,2]") == Derivative(E, Element(Name("W"), (1, 2)))
    assert ARRAYS.quantity("W[1,1]*x[1]") == Name("W[1,1]*x[1]")
    assert ARRAYS.quantity("W @ x") == Name("y")


@pytest.mark.parametrize(
    ("problem", "text", "message"),
    [
        (L004, "w9", "1:1: there is no quantity 'w9'."),
        (L004, "H1", "1:1: there is no quantity 'H1'. Did you mean 'h1'?"),
        (L004, "dE/dw9", "1:5: there is no quantity 'w9'."),
        (L004, "dE/dw5'", "1:7: 'dE/dw5'' can be read in two ways. Write (dE/dw5)@1."),
        (L004, "h1[1]", "1:1: found an index after h1, which is a single number."),
        (L004, "E{1}", "1:1: found 'E{1}', but the problem has one example only."),
        (L004, "h1 > 0", "1:1: found the comparison 'h1 > 0' where a number was expected."),
        (L004, "delta(h1, h2)", "1:1: found 2 arguments of delta. Write delta(h1)."),
        (L004, "", "1:1: the formula is empty."),
        (L004, "d(" * 30 + "E" + ")/dw1" * 30, "1:34: the quantity is nested deeper than 16, the limit."),
        (L004, "sigmoid" + "'" * 99 + "(h1)", "1:1: found more than 16 primes, the limit."),
        (L000, "W1[3,1]", "1:4: found the index 3 where W1 has 1 to 2."),
        (L000, "W1[1]", "1:1: found an index after W1, which is an array of shape (2, 2). Write W1[1,1]."),
        (L000, "W1[x0_1,1]", "1:4: found the index 'x0_1' where a whole number was expected."),
        (XOR, "h1", "1:1: h1 depends on the example. Write h1{1}."),
        (XOR, "dE/dh1", "1:5: h1 depends on the example. Write h1{1}."),
        (XOR, "h1{5}", "1:1: found example 5, but there are 4."),
        (XOR, "w5{2}", "1:1: w5 is the same for all examples. Leave the {} out."),
        (loads("formulas = 'y = 1'"), "delta(y)", "1:1: found 'delta(y)', but nothing is minimised."),
    ],
)
def test_refusals(problem: object, text: str, message: str) -> None:
    with pytest.raises(FormulaError) as caught:
        problem.quantity(text)  # type: ignore[attr-defined]
    assert str(caught.value).removeprefix("<input>:").startswith(message)


def test_a_circle_of_names() -> None:
    with pytest.raises(FormulaError, match="is named by a circle"):
        loads("formulas = 'y = 1'\n[names]\na = 'b'\nb = 'a'")


def test_expressions_get_nodes_of_their_own() -> None:
    label = L004.quantity("dE/d(w1*x1)")
    assert isinstance(label, Derivative)
    graph = verify(with_expressions(L004, L004.units, [label]))
    backward = verify(reverse(graph, E))
    inputs = {name: float(value) for name, value in L004.values.items()}
    by_product, by_h1 = evaluate([backward.outputs[label], backward.outputs[Derivative(E, H1)]], inputs)
    assert by_product == by_h1
    assert with_expressions(L004, graph, [label]) is graph


def test_expressions_over_derivatives() -> None:
    backward = reverse(L004.units, E)
    known = backward.quantities()
    label = L004.quantity("Err")
    assert isinstance(label, Name)
    assert is_expression(L004, label)
    assert not is_expression(L004, H1)
    inputs = {name: float(value) for name, value in L004.values.items()}
    err, delta = evaluate([expression_of(L004, label, known.get), known[Derivative(E, H1)]], inputs)
    assert err == -delta
    assert with_expressions(L004, L004.units, [label]).outputs == L004.units.outputs


def test_expressions_for_an_example() -> None:
    backward = reverse(XOR.units, Example(E, 3))
    label = XOR.quantity("Err{3}")
    assert isinstance(label, Example)
    inputs = {name: float(value) for name, value in XOR.values.items()}
    delta = backward.outputs[Derivative(Example(E, 3), Example(H1, 3))]
    err, expected = evaluate([expression_of(XOR, label, backward.quantities().get), delta], inputs)
    assert err == -expected


def test_the_negative_sign_of_delta() -> None:
    problem = loads("delta_sign = 'negative'\n" + (lecture_text("004") or ""))
    label = problem.quantity("delta(h1)")
    assert label == Name("delta(h1)") == problem.quantity(spell(label))
    known = reverse(problem.units, E).quantities()
    inputs = {name: float(value) for name, value in problem.values.items()}
    delta, derivative = evaluate([expression_of(problem, label, known.get), known[Derivative(E, H1)]], inputs)
    assert delta == -derivative


_TEXTS = "h1 w5 E x1 1 2 ( ) [ ] { } + - * / ^ @ ' d dE/d ∂ ( sigmoid( delta( Δ dE dw5 {1} @3 (direct) , >"
_PIECES = st.sampled_from(_TEXTS.split(" "))


@given(st.lists(_PIECES, max_size=10).map("".join))
def test_no_text_breaks_the_resolver(text: str) -> None:
    for problem in (L004, XOR):
        try:
            label = problem.quantity(text)
            again = problem.quantity(spell(label))
        except FormulaError as error:
            message = str(error)
        else:
            assert again == label
            continue
        assert "\n" not in message


def test_names_of_names_table_in_an_update() -> None:
    text = "minimise = 'E'\nformulas = 'y = w*a; E = (y - 1)^2'\n[examples]\na = [1, 2]\n[parameters]\nw = 1\n"
    problem = loads(text + "[names]\nD = '-dE/dy'\ngw = '2*dE/dw'\nD2 = '2*D'\nfirst = '3*y{1}'")
    assert alias_labels(problem) == [Name("gw"), Name("first")]
    every = [Example(Name("D"), 2), Example(Name("gw"), 2), Example(Name("D2"), 2), Name("first")]
    assert alias_labels(problem, 2) == every
    known = reverse(problem.units, Example(E, 2)).quantities()
    inputs = {name: float(value) for name, value in problem.values.items()}
    found = evaluate([expression_of(problem, label, known.get) for label in every], inputs)
    assert found == [-2.0, 8.0, -4.0, 3.0]
