from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from chainrule.errors import GradientError, ProblemError
from chainrule.explanation import explain
from chainrule.explanation.passes import run_updates
from chainrule.graph import Graph, Program, verify
from chainrule.iterate import run_program
from chainrule.node import NAME, Node, const, input_node, label_of, name_node, order, type_of
from chainrule.numbers.array import items_of
from chainrule.ops.functions import TANH
from chainrule.ops.reduction import SUM
from chainrule.optimizers import OPTIMIZERS, find_optimizer, part_names, training_program
from chainrule.problem import Problem, loads
from chainrule.quantity import Memory, Name, Quantity, Updated, spell

RECORDED = json.loads((Path(__file__).parent / "data" / "optimizers.json").read_text(encoding="utf-8"))
E, W, B, X, T = (Name(name) for name in ("E", "W", "b", "x", "t"))
ROWS = [{X: row["x"], T: row["t"]} for row in RECORDED["examples"]]
WITH_CASES = ("rprop", "quickprop")
RATES = {"rprop": "0.1", "quickprop": "0.2", "adagrad": "0.1", "rmsprop": "0.01", "adam": "0.05", "adamw": "0.05"}


def rate_of(name: str) -> Fraction:
    return Fraction(RATES.get(name, "0.1"))


def net() -> Graph:
    """E = 1/2 sum (t - tanh(W x + b))^2."""
    w, b = input_node(W, type_of("real", (2, 3))), input_node(B, type_of("real", (2,)))
    x, t = input_node(X, type_of("real", (3,))), input_node(T, type_of("real", (2,)))
    a = name_node(Name("a"), TANH(name_node(Name("z"), w @ x + b)))
    return Graph({E: name_node(E, Fraction(1, 2) * SUM((t - a) ** 2, attribute=(0,)))})


def program_of(name: str, options: Mapping[str, object], rate: Node) -> Program:
    program = training_program(
        net(), minimise=E, parameters=[W, B], rate=rate, optimizer=find_optimizer(name, options),
        initial={W: RECORDED["start"]["W"], B: RECORDED["start"]["b"]}, examples=[X, T],
    )  # fmt: skip
    verify(program.step)
    return program


def problem_text(name: str, **options: object) -> str:
    """The same net as a problem file, one example after the other."""
    extra = "\n".join(f"{key} = {value}" for key, value in options.items())
    start, rows = RECORDED["start"], RECORDED["examples"]
    return f"""
minimise = "E"
formulas = '''
z = W @ x + b
a = tanh(z)
E = 1/2*sum((t - a)^2)
'''
[examples]
x = {[row["x"] for row in rows]}
t = {[row["t"] for row in rows]}
[parameters]
W = {start["W"]}
b = {start["b"]}
[training]
optimizer = "{name}"
rate = {float(rate_of(name))}
batch = 1
{extra}
"""


def flat(values: Any) -> list[float]:
    if isinstance(values, list):
        return [n for part in values for n in flat(part)]
    return [float(item) for item in items_of(values)]


@pytest.mark.parametrize("case", RECORDED["cases"])
def test_ten_updates_are_pytorchs(case: str) -> None:
    facts = RECORDED["cases"][case]
    program = program_of(facts["optimizer"], facts["options"], const(Fraction(str(facts["rate"]))))
    for updates, after in enumerate(facts["after"], 1):
        state = run_program(program, updates, values={}, examples=ROWS).state
        assert flat(state[W]) == pytest.approx(flat(after["W"]), rel=1e-12, abs=1e-12)
        assert flat(state[B]) == pytest.approx(flat(after["b"]), rel=1e-12, abs=1e-12)


def test_the_recorded_cases_cover_every_rule_that_pytorch_has() -> None:
    recorded = {facts["optimizer"] for facts in RECORDED["cases"].values()}
    assert recorded == set(OPTIMIZERS) - set(WITH_CASES)
    assert RECORDED["torch"].startswith("2.13.0")


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_explained_update_is_one_of_the_program(name: str) -> None:
    problem, program = loads(problem_text(name)), program_of(name, {}, const(rate_of(name)))
    for updates in (1, 4, 7):
        inputs = run_updates(problem, updates).inputs
        state = run_program(program, updates, values={}, examples=ROWS).state
        assert [inputs[label] for label in problem.parameters] == pytest.approx(
            [*flat(state[W]), *flat(state[B])], rel=1e-13
        )


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_code_view_gives_the_same_numbers(name: str) -> None:
    problem = loads(problem_text(name, clip_norm=0.5, decay=0.01))
    explanation = explain(problem, steps=5)
    scope: dict[str, Any] = {}
    exec(explanation.code(), scope)
    after = run_updates(problem, 5).inputs
    assert scope["W_1_1_new"] == pytest.approx(after[problem.parameters[0]], rel=1e-13)
    assert scope["b_2_new"] == pytest.approx(after[problem.parameters[-1]], rel=1e-13)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("options", [{}, {"clip": 0.2, "clip_norm": 0.5, "decay": 0.01}], ids=["plain", "options"])
def test_native_code_agrees_with_the_reference(name: str, options: dict[str, object]) -> None:
    np = pytest.importorskip("numpy")
    training = pytest.importorskip("chainrule.targets.llvm.training")
    program = program_of(name, options, const(rate_of(name)))
    reference = run_program(program, 200, values={}, examples=ROWS).state
    start = run_program(program, 0, values={}, examples=ROWS).state
    native = {label: np.array(flat(value)).reshape(shape(program, label)) for label, value in start.items()}
    rows = {label: np.array([row[label] for row in ROWS], float) for label in (X, T)}
    order, errors = np.arange(200) % len(ROWS), np.zeros(200)
    assert training.compile_training(program, error=E).run(native, rows, order, 1, {}, errors) == 200
    for label, value in reference.items():
        assert native[label].ravel().tolist() == pytest.approx(flat(value), rel=1e-9, abs=1e-12)


def shape(program: Program, label: Quantity) -> tuple[Any, ...]:
    return program.state[label].before.type.shape


Rule = Callable[[int, float], float]  # (which weight, its derivative) -> how much it changes


def derivatives(w: list[float], row: Mapping[Quantity, Any]) -> list[float]:
    """Of 1/2 sum (t - tanh(W x + b))^2 by W, row by row, and b: worked out by hand."""
    x, t = row[X], row[T]
    outputs = [math.tanh(sum(w[3 * j + i] * x[i] for i in range(3)) + w[6 + j]) for j in range(2)]
    deltas = [(outputs[j] - t[j]) * (1 - outputs[j] ** 2) for j in range(2)]
    return [deltas[j] * x[i] for j in range(2) for i in range(3)] + deltas


def by_hand(rule: Rule, updates: int) -> list[float]:
    w = [*flat(RECORDED["start"]["W"]), *RECORDED["start"]["b"]]
    for n in range(updates):
        slopes = derivatives(w, ROWS[n % 3])
        w = [value + rule(k, slope) for k, (value, slope) in enumerate(zip(w, slopes, strict=True))]
    return w


def rprop_of_the_paper() -> Rule:
    """Riedmiller and Braun 1993, as Igel and Hüsken 2000 write it down (their algorithm 1, RPROP+)."""
    step, change, slope_before = (
        dict.fromkeys(range(8), 0.1),
        dict.fromkeys(range(8), 0.0),
        dict.fromkeys(range(8), 0.0),
    )

    def rule(k: int, slope: float) -> float:
        if slope_before[k] * slope > 0:
            step[k] = min(step[k] * 1.2, 50.0)
            change[k] = -math.copysign(1.0, slope) * step[k]
            slope_before[k] = slope
        elif slope_before[k] * slope < 0:
            step[k] = max(step[k] * 0.5, 1e-6)
            change[k] = -change[k]
            slope_before[k] = 0.0
        else:
            change[k] = -math.copysign(1.0, slope) * step[k] if slope else 0.0
            slope_before[k] = slope
        return change[k]

    return rule


def quickprop_of_the_paper() -> Rule:
    """Fahlman 1988, with the cases apart as in his own program; there the slope has the other sign."""
    epsilon, mu = 0.2, 1.75
    shrink = mu / (1 + mu)
    change, before = dict.fromkeys(range(8), 0.0), dict.fromkeys(range(8), 0.0)

    def rule(k: int, derivative: float) -> float:
        slope, last, d = -derivative, -before[k], change[k]
        step = 0.0
        if d > 0:
            step += epsilon * slope if slope > 0 else 0.0
            step += mu * d if slope > shrink * last else d * slope / (last - slope)
        elif d < 0:
            step += epsilon * slope if slope < 0 else 0.0
            step += mu * d if slope < shrink * last else d * slope / (last - slope)
        else:
            step += epsilon * slope
        change[k], before[k] = step, derivative
        return step

    return rule


@pytest.mark.parametrize(("name", "make"), [("rprop", rprop_of_the_paper), ("quickprop", quickprop_of_the_paper)])
@pytest.mark.parametrize("updates", [1, 2, 3, 5, 10, 25])
def test_the_rule_of_the_paper(name: str, make: Callable[[], Rule], updates: int) -> None:
    program = program_of(name, {}, const(rate_of(name)))
    state = run_program(program, updates, values={}, examples=ROWS).state
    assert [*flat(state[W]), *flat(state[B])] == pytest.approx(by_hand(make(), updates), rel=1e-11, abs=1e-11)


def valley(rule: str, w: float, **options: object) -> Problem:
    """E = w^2, whose derivative is 2w."""
    extra = "".join(f"{key} = {value}\n" for key, value in options.items())
    return loads(f'''
minimise = "E"
formulas = "E = w^2"
[parameters]
w = {w}
[training]
optimizer = "{rule}"
{extra}''')


def lines_of(problem: Problem, steps: int) -> dict[str, tuple[tuple[str, ...], str | None, str | None, str]]:
    found = [step for step in explain(problem, steps=steps).steps if step.stage == "update"]
    return {step.left: (step.symbols, step.numbers, step.result, step.note) for step in found}


def test_adam_is_explained_line_by_line() -> None:
    assert lines_of(valley("adam", 0.5, rate=0.1), 1) == {
        "m_w'": (("0.9*m_w + 0.1*dE/dw",), "0.9*0 + 0.1*1", "0.1", ""),
        "v_w'": (("0.999*v_w + 0.001*(dE/dw)^2",), "0.999*0 + 0.001*1^2", "0.001", ""),
        "mhat_w": (("m_w'/(1 - 0.9^n)",), "0.1/(1 - 0.9^1)", "1", ""),
        "vhat_w": (("v_w'/(1 - 0.999^n)",), "0.001/(1 - 0.999^1)", "1", ""),
        "w'": (
            ("w - rate*mhat_w/(sqrt(vhat_w) + 0.00000001)",), "0.5 - 0.1*1/(sqrt(1) + 0.00000001)", "0.400000001", "",
        ),
    }  # fmt: skip


def test_rprop_tells_which_case_it_is_and_why() -> None:
    problem = valley("rprop", 0.25, rate=0.1)
    whole = "where(slope_w*dE/dw > 0, min(1.2*step_w, 50), where(slope_w*dE/dw < 0, max(1/2*step_w, 0.000001), step_w))"
    assert lines_of(problem, 1)["step_w'"] == ((whole, "step_w"), None, "0.1", "because slope_w*dE/dw = 0")
    assert lines_of(problem, 2)["step_w'"] == (
        (whole, "min(1.2*step_w, 50)"), "min(1.2*0.1, 50)", "0.12", "because slope_w*dE/dw > 0",
    )  # fmt: skip
    assert lines_of(problem, 4)["step_w'"] == (
        (whole, "max(1/2*step_w, 0.000001)"), "max(1/2*0.144, 0.000001)", "0.072", "because slope_w*dE/dw < 0",
    )  # fmt: skip
    back = lines_of(problem, 4)["Δw"]
    assert back[0][1] == "-Δw(n-1)"
    assert back[3] == "because slope_w*dE/dw < 0"
    assert lines_of(problem, 4)["slope_w'"][0][1] == "0"


def test_quickprop_jumps_to_the_bottom_of_a_parabola() -> None:
    problem = valley("quickprop", 0.5, rate=0.3)
    second = lines_of(problem, 2)
    assert second["jump_w"][0][1] == "(dE/dw)/(slope_w - dE/dw)*Δw(n-1)"
    assert second["down_w"][0][1] == "rate*dE/dw"
    assert second["down_w"][3] == "because dE/dw * Δw(n-1) <= 0"
    # The first step went too far: nothing but the parabola, which is exact here.
    assert run_updates(valley("quickprop", 0.5, rate=0.55), 2).inputs[Name("w")] == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_where_there_is_no_slope_nothing_moves(name: str) -> None:
    assert run_updates(valley(name, 0, rate=0.1), 4).inputs[Name("w")] == 0


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("options", [{}, {"clip": 1, "clip_norm": 1, "decay": "0.1"}], ids=["plain", "options"])
def test_every_line_has_a_name_that_can_be_asked_for(name: str, options: dict[str, object]) -> None:
    problem = loads(problem_text(name, **options))
    explanation = explain(problem, steps=2)
    allowed = {*part_names(find_optimizer(name, options)), "norm", "scale"}
    for line in explanation.passes.update:
        label = label_of(line)
        bare = label.of if isinstance(label, Updated) else label
        if isinstance(bare, Memory):
            assert bare.name in allowed
            assert problem.quantity(spell(bare)) == bare
            assert problem.quantity(spell(label)) == label
    names = [n for n in order(explanation.passes.roots()) if n.op is NAME]
    assert len({label_of(n) for n in names}) == len(names)


def test_what_the_rule_works_out_can_be_asked_for_at_any_update() -> None:
    values = (
        valley("adam", 0.5, rate=0.1)
        .explain()
        .to_dict(of=["m_w", "m_w'", "m_w@1", "mhat_w", "n", "n@3", "Δw"])["values"]
    )
    assert values["m_w"] == 0
    assert values["m_w'"] == values["m_w@1"] == pytest.approx(0.1)
    assert values["mhat_w"] == pytest.approx(1)
    assert (values["n"], values["n@3"]) == (1, 4)
    assert values["Δw"] == pytest.approx(values["w'"] - 0.5)


def test_names_of_the_person_come_first() -> None:
    problem = loads('''
minimise = "E"
formulas = """
m_w = n*w
E = m_w^2 + n*update^2
"""
[given]
n = 2
[parameters]
w = 0.5
update = 1
[training]
optimizer = "adam"
rate = 0.1
''')
    assert problem.quantity("m_w") == Name("m_w")
    assert problem.explain().to_dict(of=["n", "update_number"])["values"]["update_number"] == 1
    assert "update_number" in str(problem.explain(steps=2))


def test_the_rate_where_a_rule_starts_from_it() -> None:
    rate = input_node(Name("rate"))
    with pytest.raises(GradientError, match="the optimizer starts from the rate, which has no value yet"):
        program_of("rprop", {}, rate)
    graph, w = Graph({E: name_node(E, input_node(W) ** 2)}), {W: 1, Name("rate"): Fraction(1, 4)}
    program = training_program(
        graph, minimise=E, parameters=[W], rate=rate, optimizer=find_optimizer("rprop"), initial=w
    )
    assert run_program(program, 1, values={Name("rate"): Fraction(1, 4)}).state[W] == 0.75


@pytest.mark.parametrize(
    ("name", "options", "found"),
    [
        ("adam", {"beta1": 1}, "beta1 is 1, expected a number from 0 up to, but not including, 1"),
        ("adam", {"betas": 0.9}, "Did you mean 'beta2'?"),
        ("adam", {"epsilon": 0}, "epsilon is 0, expected a number above 0"),
        ("adam", {"lr": 0.1}, "the optimizer adam has no option 'lr'. Did you mean 'rate'?"),
        ("adam", {"momentum": 0.9}, "the optimizer adam has no option 'momentum'"),
        ("adamw", {"weight_decay": 0.1, "decay": 0.1}, "decay is another name of decay"),
        ("rprop", {"eta_plus": 1}, "eta_plus is 1, expected a number above 1"),
        ("rprop", {"eta_minus": 1}, "eta_minus is 1, expected a number between 0 and 1"),
        ("rprop", {"step_min": 100}, "step_min is 100.0, which is more than step_max, 50.0"),
        ("quickprop", {"mu": -1}, "mu is -1, expected a number above 0"),
        ("sgd", {"clip": 0}, "clip is 0, expected a number above 0"),
        ("sgd", {"decay": -1}, "decay is -1, expected a number, 0 or more"),
        ("sgd", {"nesterov": 1}, "no option 'nesterov'"),
        ("adamm", {}, "Did you mean 'adam'?"),
    ],
)
def test_options_out_of_range(name: str, options: dict[str, object], found: str) -> None:
    with pytest.raises(ProblemError) as caught:
        find_optimizer(name, options)
    assert found in str(caught.value)


@pytest.mark.parametrize(
    ("name", "options", "same"),
    [
        ("Adam", {"beta_1": 0.8, "eps": 0.01}, ("adam", {"beta1": 0.8, "epsilon": 0.01})),
        ("AdamW", {"weight_decay": 0.1}, ("adamw", {"decay": 0.1})),
        ("sgd", {"momentum": 0.8, "nesterov": True}, ("nesterov", {"momentum": 0.8})),
        ("sgd", {"momentum": 0.8, "nesterov": False}, ("momentum", {"momentum": 0.8})),
        ("RPROP+", {}, ("rprop", {})),
        ("RMSprop", {"alpha": 0.99}, ("rmsprop", {"rho": 0.99})),
        ("sgd", {"max_norm": 1}, ("sgd", {"clip_norm": 1})),
    ],
)
def test_names_of_other_libraries_are_read(
    name: str, options: dict[str, object], same: tuple[str, dict[str, object]]
) -> None:
    found, expected = find_optimizer(name, options), find_optimizer(*same)
    assert (found.name, found.options) == (expected.name, expected.options)


def test_no_decay_and_no_clipping_leave_no_trace() -> None:
    plain, without = lines_of(valley("sgd", 0.5, rate=0.1), 1), lines_of(valley("sgd", 0.5, rate=0.1, decay=0), 1)
    assert plain == without
    assert list(lines_of(valley("sgd", 0.5, rate=0.1, clip=1, clip_norm=1, decay="0.1"), 1)) == [
        "clipped_w", "norm_E", "scale_E", "g_w", "w'",
    ]  # fmt: skip


def test_a_file_that_names_an_optimizer_needs_a_rate() -> None:
    with pytest.raises(ProblemError, match="the optimizer adam needs a learning rate"):
        valley("adam", 0.5)
