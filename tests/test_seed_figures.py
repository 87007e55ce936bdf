"""Every printed figure of the five lectures, computed again from the packaged problem files.

data/seed_figures.json lists what the lectures print, with the exact value of each figure to ten digits. The table below
says under which name our problem files have it; a figure that is not in the table fails.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chainrule import Problem
from chainrule.display import json_text
from chainrule.explanation import explain
from chainrule.explanation.asked import value_of
from chainrule.lectures import lecture_text
from chainrule.problem import loads

DATA = Path(__file__).parent / "data" / "seed_figures.json"
FIGURES: list[dict[str, Any]] = [entry for entry in json.loads(DATA.read_text("utf-8")) if entry["kind"] == "figure"]

# Lecture, what it prints, and what our problem file of that lecture calls it. Lecture 000 writes W_ij^k for the weight
# from unit i to unit j of layer k: so do we, source first.
TABLE = """
000 | θ_1^1                                                      | theta1_1
000 | θ_2^1                                                      | theta1_2
000 | x_1^1 = σ(θ_1^1)                                           | x1_1
000 | x_2^1 = σ(θ_2^1)                                           | x1_2
000 | θ_1^2                                                      | theta2_1
000 | θ_2^2                                                      | theta2_2
000 | x_1^2 = σ(θ_1^2)                                           | x2_1
000 | x_2^2 = σ(θ_2^2)                                           | x2_2
000 | δ_1^2                                                      | delta2_1
000 | ∂E/∂W_11^2 = δ_1^2 x_1^1                                   | dE/dW2_11
000 | δ_2^2                                                      | delta2_2
000 | ∂E/∂W_12^2 = δ_2^2 x_1^1                                   | dE/dW2_12
000 | ∂E/∂W_21^2 = δ_1^2 x_2^1                                   | dE/dW2_21
000 | ∂E/∂W_22^2 = δ_2^2 x_2^1                                   | dE/dW2_22
000 | ∂E/∂W_22^2 (repeated)                                      | dE/dW2_22
000 | ∂E/∂W_01^2 = δ_1^2 x_0^1                                   | dE/dW2_01
000 | ∂E/∂W_01^2 (repeated)                                      | dE/dW2_01
000 | ∂E/∂W_02^2 = δ_2^2 x_0^1                                   | dE/dW2_02
000 | δ_1^1                                                      | delta1_1
000 | δ_2^1                                                      | delta1_2
000 | ∂E/∂W_11^1 = δ_1^1 x_1^0                                   | dE/dW1_11
000 | ∂E/∂W_12^1 (printed with the label W_21^1) = δ_2^1 x_1^0   | dE/dW1_12
000 | ∂E/∂W_21^1 = δ_1^1 x_2^0                                   | dE/dW1_21
000 | ∂E/∂W_22^1 = δ_2^1 x_2^0                                   | dE/dW1_22
000 | ∂E/∂W_01^1 = δ_1^1 x_0^0                                   | dE/dW1_01
000 | ∂E/∂W_02^1 = δ_2^1 x_0^0                                   | dE/dW1_02
001 | H_1                                                        | H1
001 | output_H_1                                                 | out_H1
001 | H_2                                                        | H2
001 | output_H_2                                                 | out_H2
001 | y_1                                                        | y1
001 | output_y_1                                                 | out1
001 | y_2                                                        | y2
001 | output of y_2 (printed with the label output_y_1)          | out2
004 | h_1                                                        | h1
004 | outh_1 (first value)                                       | out_h1
004 | outh_1 (second value)                                      | out_h1
004 | outh_2                                                     | out_h2
004 | O_1                                                        | o1
004 | outO_1                                                     | out_o1
004 | outO_2                                                     | out_o2
004 | E_O1                                                       | E1
004 | E_O2                                                       | E2
004 | E_tot                                                      | E
004 | ∂E_tot/∂outO_1                                             | dE/dout_o1
004 | ∂outO_1/∂o_1                                               | dout_o1/do1
004 | ∂o_1/∂w_5 = outh_1                                         | do1/dw5
004 | ∂E_tot/∂w_5                                                | dE/dw5
004 | w_5new                                                     | w5'
004 | w_6new                                                     | w6'
004 | w_7new                                                     | w7'
004 | w_8new                                                     | w8'
004 | ∂E_1/∂outh_1                                               | dE1/dout_h1
004 | ∂E_2/∂outh_1                                               | dE2/dout_h1
004 | ∂E_tot/∂outh_1                                             | dE/dout_h1
004 | ∂outh_1/∂h_1                                               | dout_h1/dh1
004 | ∂h_1/∂w_1                                                  | dh1/dw1
004 | ∂E_tot/∂w_1                                                | dE/dw1
004 | w_1new                                                     | w1'
004 | w_2new                                                     | w2'
004 | w_3new                                                     | w3'
004 | w_4new                                                     | w4'
"""
ROWS = [tuple(cell.strip() for cell in line.split(" | ")) for line in TABLE.strip().splitlines()]
OURS = {(lecture, printed): ours for lecture, printed, ours in ROWS}


def key_of(entry: dict[str, Any]) -> tuple[str, str]:
    return entry["seed"][:3], entry["quantity"]


def name_of(entry: dict[str, Any]) -> str:
    return f"{entry['seed'][:3]}:{entry['line']}:{OURS.get(key_of(entry), 'unmapped')}"


def lecture(name: str) -> Problem:
    return loads(lecture_text(name) or "", file=f"{name}.toml")


def same_ten_digits(found: float, exact: str) -> bool:
    """Whether a value is what was computed exactly, in all ten digits that are listed: one more than is promised."""
    return f"{Decimal(found):.9e}" == f"{Decimal(exact):.9e}"


def test_every_figure_is_in_the_table_and_has_an_exact_value() -> None:
    assert len(FIGURES) == 62
    assert len(ROWS) == len(OURS)
    assert {key_of(entry) for entry in FIGURES} == set(OURS)
    assert all(len(Decimal(entry["exact"]).as_tuple().digits) >= 10 for entry in FIGURES)


@pytest.mark.parametrize("entry", FIGURES, ids=name_of)
def test_the_figure(entry: dict[str, Any]) -> None:
    ours = OURS[key_of(entry)]
    found = value_of(lecture(entry["seed"][:3]), ours)
    assert isinstance(found, float)
    assert same_ten_digits(found, entry["exact"]), f"{ours} is {found!r}, the figure's exact value {entry['exact']}"


@pytest.mark.parametrize("name", ["000", "001", "004"])
def test_the_figures_in_the_json_report(name: str) -> None:
    entries = [entry for entry in FIGURES if entry["seed"].startswith(name)]
    asked = list(dict.fromkeys(OURS[key_of(entry)] for entry in entries))
    values = json.loads(json_text(explain(lecture(name)), of=asked))["values"]
    assert all(same_ten_digits(values[OURS[key_of(entry)]], entry["exact"]) for entry in entries)


def test_a_figure_that_is_off_in_the_tenth_digit_is_noticed() -> None:
    assert same_ten_digits(0.2983711087600027, "0.2983711088")
    assert not same_ten_digits(0.2983711089500027, "0.2983711088")
