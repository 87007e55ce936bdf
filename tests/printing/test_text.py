"""Documents as text: aligned, wrapped to the page, coloured if asked for, and in ASCII if nothing else can be shown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.printing.document import Block, Chain, Code, Document, Heading, Items, Prose, Table
from chainrule.printing.text import render_text, to_ascii

WORDS = st.text("abθŷ12.*", min_size=1, max_size=9)
SUMS = st.lists(WORDS, min_size=1, max_size=12).map(" + ".join)
CHAINS = st.builds(Chain, WORDS, st.lists(SUMS, min_size=1, max_size=4).map(tuple), st.sampled_from(["", "because"]))
LEFT = 9  # the longest name drawn above


def page(*blocks: Block, width: int = 100, color: bool = False, ascii_only: bool = False) -> str:
    return render_text(Document(blocks), width=width, color=color, ascii_only=ascii_only)


def test_an_empty_document_is_an_empty_line() -> None:
    assert page() == "\n"


def test_chains_are_aligned_at_the_equals_signs() -> None:
    chain = Chain("dE/dw1", ("dE/dh1 * dh1/dw1", "0.5 * 2", "1"), "because h1 > 0")
    assert page(chain) == (
        "dE/dw1 = dE/dh1 * dh1/dw1\n       = 0.5 * 2\n       = 1\n           because h1 > 0\n"
    )  # fmt: skip


def test_a_chain_without_a_right_side_is_its_left_side() -> None:
    assert page(Chain("x", ())) == "x\n"


def test_headings_are_underlined() -> None:
    assert page(Heading("Title", 1), Heading("Part"), Heading("Small", 3)) == "Title\n=====\n\nPart\n----\n\nSmall\n"


def test_tables_are_aligned_at_the_right() -> None:
    table = Table(("updates", "E"), (("0", "0.298371109"), ("10000", "3.5e-05")))
    assert page(table) == "updates            E\n      0  0.298371109\n  10000      3.5e-05\n"


def test_prose_is_wrapped_and_code_is_not() -> None:
    words, program = "word " * 30, "x = 1  # " + "y" * 100
    lines = page(Prose(words), Code(program), width=40).splitlines()
    assert program in lines
    assert max(len(line) for line in lines if line != program) <= 40


def test_items_are_not_broken_inside_an_assignment() -> None:
    text = page(Items("Given", tuple(f"weight_{k} = 0.{k}5" for k in range(20))), width=50)
    assert max(map(len, text.splitlines())) <= 50
    assert all(re.fullmatch(r"(Given:)? +(weight_\d+ = 0\.\d+5,? ?)+", line) for line in text.splitlines())


def test_a_long_line_is_broken_before_an_operator() -> None:
    chain = Chain("y", ("aaaaaaaaaa*b + cccccccccc - dddddddddd * eeeeeeeeee",))
    assert page(chain, width=40) == "y = aaaaaaaaaa*b + cccccccccc\n      - dddddddddd * eeeeeeeeee\n"


@given(CHAINS, st.integers(LEFT + 3 + 20 + 2, 120))
def test_no_line_is_wider_than_the_page(chain: Chain, width: int) -> None:
    assert max(map(len, page(chain, width=width).splitlines())) <= width


@given(CHAINS, st.integers(40, 120))
def test_breaking_lines_loses_nothing(chain: Chain, width: int) -> None:
    wide, narrow = page(chain, width=10_000), page(chain, width=width)
    assert "".join(narrow.split()) == "".join(wide.split())


@given(CHAINS, st.integers(40, 120))
def test_colour_adds_nothing_else(chain: Chain, width: int) -> None:
    plain = Chain(chain.left, chain.rights, chain.note, "forward")
    colored = page(plain, width=width, color=True)
    assert colored.startswith("\x1b[36m")
    assert re.sub(r"\x1b\[\d+m", "", colored) == page(plain, width=width)


@given(CHAINS)
def test_ascii_text_is_ascii_and_still_aligned(chain: Chain) -> None:
    text = page(chain, width=10_000, ascii_only=True)
    assert text.isascii()
    assert len({line.index("= ") for line in text.splitlines() if "because" not in line}) == 1


def test_headings_and_tables_are_aligned_in_ascii_too() -> None:
    assert page(Heading("θ", 1), ascii_only=True) == "theta\n=====\n"
    assert page(Table(("θ", "x"), (("1", "2"),)), ascii_only=True) == "theta  x\n    1  2\n"


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("θ4", "theta4"),
        ("Θ", "Theta"),
        ("λ Λ ς ά", "lambda Lambda sigma alpha"),
        ("Δw5", "change(w5)"),
        ("Δθ4", "change(theta4)"),
        ("ΔW1[2,1]", "change(W1[2,1])"),
        ("∂E/∂w5", "dE/dw5"),
        ("½*x² · √y", "1/2*x^2 * sqrty"),
        ("a − b × c ≤ d ≠ e … f", "a - b * c <= d != e ... f"),
        ("“naïve” – señor’s", '"naive" - senor\'s'),
        ("ŷ ỹ ȳ ẏ x̄", "y_hat y_tilde y_bar y_dot x_bar"),
        ("dE/dŷ_1 = ŷ_1 - y", "dE/dy_hat_1 = y_hat_1 - y"),
        ("x₁", "x1"),
        ("𝜃", "theta"),
        ("→ •", "-> *"),
        ("漢", "?"),
        ("", ""),
    ],
)
def test_characters_outside_ascii_are_spelled_out(text: str, due: str) -> None:
    assert to_ascii(text) == due


@given(st.text())
def test_whatever_is_spelled_out_is_ascii(text: str) -> None:
    assert to_ascii(text).isascii()
    assert to_ascii(to_ascii(text)) == to_ascii(text)


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_stays_what_it_is(text: str) -> None:
    assert to_ascii(text) == text


def test_a_sum_is_broken_before_its_terms_rather_than_inside_brackets() -> None:
    chain = Chain("d", ("aaaaaaaa * (bbbb * (1 - bbbb)) + cccccccc * (1 - dddd) + eeee",))
    assert page(chain, width=44) == (
        "d = aaaaaaaa * (bbbb * (1 - bbbb))\n      + cccccccc * (1 - dddd) + eeee\n"
    )  # fmt: skip
