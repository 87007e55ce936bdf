"""[network]: values under array names or the notation's own, bias columns, initial values, examples."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import ChainruleError
from chainrule.evaluate import evaluate
from chainrule.graph import verify
from chainrule.initialise import draw, parse_initialiser
from chainrule.lectures import lecture_text
from chainrule.problem import Problem, loads
from chainrule.quantity import Element, Name, spell
from chainrule.randomness import parameter_key
from chainrule.transforms.reverse import reverse

LECTURE_26 = """
minimise = "E"
rate = 0.5
[network]
layers = [2, 2, 2]
activation = "sigmoid"
loss = "half squared error"
notation = "nptel"
[given]
x = [0.7, 1.2]
t = [1, 0]
[parameters]
W1 = [[0.5, 1.5, 0.8],
      [0.8, 0.2, -1.6]]
W2 = [[0.9, -1.7, 1.6],
      [1.2, 2.1, -0.2]]
"""
SMALL = "minimise = 'E'\n[network]\nlayers = [2, 1]\n"


def values(problem: Problem) -> dict[str, float]:
    graph = reverse(problem.units, problem.minimise or Name("E"))
    verify(graph)
    inputs = {label: float(value) for label, value in problem.values.items()}
    return dict(zip(map(spell, graph.outputs), evaluate(list(graph.outputs.values()), inputs), strict=True))


def refusal(text: str) -> str:
    with pytest.raises(ChainruleError) as caught:
        loads(text).units  # noqa: B018
    return str(caught.value).removeprefix("<input>:")


def test_lecture_26() -> None:
    problem = loads(LECTURE_26)
    found = values(problem)
    assert found["theta1_1"] == pytest.approx(2.51)
    assert found["theta1_2"] == pytest.approx(-0.98)
    assert found["x2_1"] == pytest.approx(0.44, abs=5e-3)
    assert found["dE/dtheta2_1"] == pytest.approx(-0.138, abs=5e-4)
    assert [spell(label) for label in problem.parameters[:3]] == ["W1_01", "W1_02", "W1_11"]
    assert problem.values[Name("W1_02")] == Fraction(4, 5)
    assert problem.values[Name("x0_0")] == 1


def test_every_notation_gives_the_same_numbers() -> None:
    expected = None
    for notation in ("matrix", "nptel", "numbered", "mitchell"):
        problem = loads(LECTURE_26.replace("nptel", notation))
        found = values(problem)
        derivatives = sorted(found[f"dE/d{spell(label)}"] for label in problem.parameters)
        expected = expected or (found["E"], derivatives)
        assert found["E"] == pytest.approx(expected[0])
        assert derivatives == pytest.approx(expected[1])


def test_own_names_and_arrays_are_the_same_problem() -> None:
    arrays = loads(LECTURE_26)
    rows = [f'"{spell(label)}" = {float(arrays.values[label])}' for label in arrays.parameters]
    given_rows = ["x0_1 = 0.7", "x0_2 = 1.2", "t_1 = 1", "t_2 = 0", "x0_0 = 1"]
    head = LECTURE_26[: LECTURE_26.index("[given]")]
    single = loads("\n".join([head, "[given]", *given_rows, "[parameters]", *rows[::-1]]))
    assert single.values == arrays.values
    assert single.graph.outputs == arrays.graph.outputs


def test_biases_given_apart_are_the_bias_column() -> None:
    column = loads(SMALL + "[given]\nx = [1, 2]\nt = [0]\n[parameters]\nW1 = [[0.5, 1, 2]]")
    for parameters in ("W1 = [[1, 2]]\nb1 = [0.5]", "W1 = [1, 2]\nb1 = 0.5", "W1 = [0.5, 1, 2]"):
        apart = loads(SMALL + f"[given]\nx = [1, 2]\nt = 0\n[parameters]\n{parameters}")
        assert apart.values == column.values
        assert apart.graph.outputs == column.graph.outputs
    assert column.quantity("W1[1,0]") == Element(Name("b1"), (1,))


def test_no_bias() -> None:
    problem = loads(
        SMALL.replace("[2, 1]", "[2, 1]\nbias = false") + "[given]\nx = [1, 2]\nt = 0\n[parameters]\nW1 = [[1, 2]]"
    )
    assert [spell(label) for label in problem.parameters] == ["W1[1,1]", "W1[1,2]"]
    text = (
        SMALL.replace("[2, 1]", "[2, 1]\nbias = false") + "[given]\nx = [1, 2]\nt = 0\n[parameters]\nW1 = [[5, 1, 2]]"
    )
    assert "'W1' has 1 x 3 numbers, expected 1 x 2 (a row per unit, a column per input)." in refusal(text)


def test_lecture_004_as_a_network() -> None:
    text = lecture_text("004") or ""
    by_formulas = loads(text)
    start, end = text.index("formulas = '''"), text.index("'''", text.index("formulas = '''") + 14) + 3
    network = "[network]\nlayers = [2, 2, 2]\nnotation = 'numbered'\nbias = 'per layer'\n"
    text = text[:start] + text[end:]
    at = text.index("[given]")
    layered = loads(text[:at] + network + text[at:])
    assert layered.values == by_formulas.values
    assert set(layered.parameters) == set(by_formulas.parameters)
    mine, theirs = values(layered), values(by_formulas)
    assert mine == pytest.approx({name: theirs[name] for name in mine})


def test_a_shared_bias_from_columns() -> None:
    head = "[network]\nlayers = [1, 2]\nnotation = 'numbered'\nbias = 'per layer'\n"
    head += "[given]\nx1 = 1\nt = [0, 0]\n[parameters]\n"
    problem = loads(head + "W1 = [[0.5, 1], [0.5, 2]]")
    assert problem.values[Name("b1")] == Fraction(1, 2)
    assert "has different numbers, but its layer has one bias" in refusal(head + "W1 = [[0.5, 1], [0.6, 2]]")


def test_initial_values_are_drawn_and_those_given_stay() -> None:
    text = "[network]\nlayers = [2, 3, 1]\ninit = 'he uniform'\nseed = 7\n[given]\nx = [1, 2]\nt = 1\n"
    problem = loads(text + "[parameters]\n'b2' = [0.25]")
    drawn = draw(parse_initialiser("he uniform"), (3, 2), fan_in=2, fan_out=3, key=parameter_key(7, "W1"))
    assert problem.arrays[Name("W1")] == [[Fraction(value) for value in row] for row in drawn]  # type: ignore[union-attr]
    assert problem.arrays[Name("b1")] == [0, 0, 0]
    assert problem.arrays[Name("b2")] == [Fraction(1, 4)]
    assert loads(text).values == loads(text).values != loads(text.replace("7", "8")).values
    partly = loads(text.replace("[given]", "notation = 'nptel'\n[given]") + "[parameters]\nW1_12 = 5")
    assert partly.values[Name("W1_12")] == 5
    assert partly.values[Name("W1_11")] == problem.values[Element(Name("W1"), (1, 1))]


def test_examples_under_every_name() -> None:
    head = SMALL + "init = 'uniform(-1, 1)'\nnotation = 'numbered'\n"
    arrays = loads(head + "[examples]\nx = [[0, 0], [0, 1], [1, 1]]\nt = [0, 1, 1]")
    single = loads(head + "[examples]\nx1 = [0, 0, 1]\nx2 = [0, 1, 1]\nt1 = [0, 1, 1]")
    assert arrays.values == single.values
    assert arrays.examples == 3
    assert values(arrays) == values(single)


def test_formulas_may_add_to_a_network() -> None:
    text = LECTURE_26.replace(
        'minimise = "E"', 'minimise = "J"\nformulas = "J = E + c*sum(W1^2) + 0*theta2_1; c = 1/10"'
    )
    problem = loads(text)
    found, plain = values(problem), values(loads(LECTURE_26))
    weights = [problem.values[Name(f"W1_{i}{j}")] for i in (1, 2) for j in (1, 2)]
    assert found["J"] == pytest.approx(plain["E"] + 0.1 * float(sum(w * w for w in weights)))
    assert set(problem.written) == {Name("c")}


def test_tied_weights() -> None:
    text = SMALL.replace("[2, 1]", "[2, 3, 2]\nbias = false")
    tied = "formulas = 'W2 = transpose(W1)'\n" + text
    problem = loads(tied + "[given]\nx = [1, 2]\nt = [0, 0]\n[parameters]\nW1 = [[1, 2], [3, 4], [5, 6]]")
    assert [spell(label) for label in problem.parameter_arrays] == ["W1"]
    assert "'W2' is computed by a formula, so it takes no value" in refusal(
        tied + "[given]\nx = [1, 2]\nt = [0, 0]\n[parameters]\nW1 = [[1, 2], [3, 4], [5, 6]]\nW2 = [[1]]"
    )


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("[given]\nt = 1\n[parameters]\nW1 = [0, 1, 2]", "2:2: 'x' of the network has no value. Give it in [given] or"),
        ("[given]\nx = [1, 2]\nt = 1\n", "2:2: 'W1' of the network has no value."),
        ("[given]\nx = [1, 2]\nt = 1\n[parameters]\nW1 = [[1, 2]]", "2:2: 'b1' of the network has no value."),
        (
            "[given]\nx = [1, 2]\nt = 1\nz1 = [1]\n[parameters]\nW1 = [[0, 1, 2]]",
            "7:1: 'z1' is computed by the network",
        ),
        ("[given]\nx = [1, 2]\nt = 1\nE = 1\n[parameters]\nW1 = [[0, 1, 2]]", "2:2: 'E' is defined by a formula, but"),
        ("[given]\nx = [1, 2, 3]\nt = 1\n", "5:1: 'x' has 3 numbers, expected 2."),
        ("[given]\nx = 1\nt = 1\n", "5:1: 'x' has a single number, expected 2."),
        (
            "[given]\nx = [1, 2]\nt = 1\n[parameters]\nW1 = [[0, 1, 2]]\nb1 = [3]",
            "9:1: 'b1' gives a value that is given",
        ),
        (
            "notation = 'nptel'\n[given]\nx = [1, 2]\nt = 1\nW1_11 = 1\n[parameters]\nW1_21 = 2",
            "10:1: 'W1_21' and 'W1_11' are parts of the array W1, but in different tables. Move them into one table.",
        ),
        ("[given]\nt = 1\n[examples]\nx = [[1, 2]]\nW1 = [[[1, 2]]]", "8:1: 'W1' is a weight or bias, which cannot"),
        (
            "notation = 'nptel'\n[given]\nx0_1 = 1\nt = 1\n[parameters]\nW1 = [0, 1, 2]",
            "6:1: 'x0_2' of the network has",
        ),
        (
            "notation = 'nptel'\n[given]\nx0_0 = 2\nx = [1, 2]\nt = 1\n[parameters]\nW1 = [0, 1, 2]",
            "6:1: 'x0_0' is always 1",
        ),
        ("activation = 'tanh'\nhidden = ['g']\n", "5:10: `hidden` names layers, but the notation matrix counts them."),
        ("activation = ['tanh', 'tanh']\n", "4:14: activation has 2 names, expected 1."),
        ("activation = 3\n", "4:14: found the number 3 where a name in quotes, or a list of names was expected."),
        ("bias = 'shared'\n", "4:8: bias is 'shared', expected true, false,"),
        ("bias = 'per layer'\n", "4:8: the notation matrix has no name for a bias that a whole layer shares."),
        ("loss = 1.5\n", "4:8: found the number 1.5 where a name in quotes was expected."),
        ("layer = 3\n", "4:1: `layer` is not a key in [network]. Did you mean `layers`?"),
        ("init = 'he normal'\nseed = true\n", "5:8: found true where a whole number was expected."),
    ],
)
def test_refusals(rest: str, message: str) -> None:
    assert refusal(SMALL + rest).startswith(message)


def test_a_formula_must_not_take_a_unit_s_name() -> None:
    text = LECTURE_26.replace("rate = 0.5", "formulas = 'theta1_1 = 2'")
    assert refusal(text).startswith("3:13: 'theta1_1' is what the network calls a quantity of its own.")


@given(
    st.lists(st.integers(1, 3), min_size=2, max_size=4),
    st.sampled_from(["matrix", "nptel", "numbered", "mitchell"]),
    st.booleans(),
    st.integers(0, 2),
)
def test_every_label_of_a_network_resolves_to_itself(layers: list[int], notation: str, bias: bool, count: int) -> None:
    x, t = [0.5] * layers[0], [0.25] * layers[-1]
    table = "examples" if count else "given"
    problem = Problem.from_dict(
        {
            "minimise": "E",
            "network": {"layers": layers, "notation": notation, "bias": bias, "init": "uniform(-1, 1)"},
            table: {"x": [x] * count if count else x, "t": [t] * count if count else t},
        }
    )
    graph = verify(problem.units)
    assert set(graph.inputs()) <= set(problem.values)
    for label in (*graph.quantities(), *problem.given, *problem.parameters):
        assert problem.quantity(spell(label)) == label
    weights = sum(a * b for a, b in pairwise(layers)) + bias * sum(layers[1:])
    assert len(problem.parameters) == weights
