"""Every lecture in every format: golden files, well-formed pages, links that lead somewhere, nothing left unread."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from chainrule import Problem
from chainrule.cli import commands
from chainrule.display import VIEWS, document, explain, rendered
from chainrule.errors import ProblemError
from chainrule.lectures import lecture_names, lecture_text
from chainrule.printing.document import Document, Prose
from chainrule.printing.formats import format_of, render
from chainrule.problem import loads

NAMES = lecture_names()
FORMATS = ("markdown", "latex", "html")


@cache
def lecture(name: str) -> Problem:
    return loads(lecture_text(name) or "", file=f"{name}.toml")


@cache
def page(name: str, style: str, view: str = "steps") -> str:
    problem = lecture(name)
    return rendered(document(explain(problem), view=view), style, problem=problem)


def pages(style: str) -> list[str]:
    """The pages of all lectures in all views there are for them."""
    found = []
    for name in NAMES:
        for view in VIEWS:
            with suppress(ProblemError):  # the matrix view needs matrices
                found.append(page(name, style, view))
    assert len(found) >= 4 * len(NAMES)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_markdown(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"lectures/{name}.md", page(name, "markdown"))


@pytest.mark.parametrize("name", NAMES)
def test_latex(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"lectures/{name}.tex", page(name, "latex"))


@pytest.mark.parametrize("view", [view for view in VIEWS if view != "steps"])
@pytest.mark.parametrize("name", NAMES)
def test_latex_of_the_other_views(name: str, view: str, golden: Callable[[str, str], None]) -> None:
    with suppress(ProblemError):  # the matrix view needs matrices
        golden(f"lectures/{name}.{view}.tex", page(name, "latex", view))


def test_html(golden: Callable[[str, str], None]) -> None:
    rows = [f"{sha256(page(name, 'html').encode()).hexdigest()}  {name}.html\n" for name in NAMES]
    for name in NAMES:
        for view in VIEWS:
            with suppress(ProblemError):
                rows.append(f"{sha256(page(name, 'html', view).encode()).hexdigest()}  {name}.{view}.html\n")
    golden("lectures/html.sha256", "".join(rows))


@pytest.mark.parametrize("style", FORMATS)
def test_nothing_is_left_that_could_not_be_typeset(style: str) -> None:
    for text in pages(style):
        assert "mathtt" not in text
        assert "\0" not in text
        bare = re.sub(r"<mtext><a [^>]*><math>", "", text)  # a link; what else stands in mtext was no formula
        assert "<mtext>" not in bare


def test_pages_are_well_formed_and_ask_for_nothing() -> None:
    for text in pages("html"):
        root = ElementTree.fromstring(text)
        assert not re.search(r"https?:|@import|url\(|src=|<link", text)
        assert not [link for link in root.iter("a") if len(list(link.iter("a"))) > 1], "a link in a link"


def test_every_link_leads_to_a_line_of_the_page() -> None:
    for text in pages("html"):
        ids = re.findall(r'\bid="([^"]*)"', text)
        assert len(set(ids)) == len(ids)
        assert set(re.findall(r'href="#([^"]*)"', text)) <= set(ids)


def test_forward_and_backward_lines_point_to_each_other() -> None:
    for name, forward, backward in (("004", "h1", "dE-dh1"), ("000", "theta1_2", "delta1_2")):
        text = page(name, "html")
        assert f'derivative by <a href="#{forward}"' in block(text, backward)
        assert f'its derivative <a href="#{backward}"' in block(text, forward)
        assert f'after the update <a href="#{forward}-new"' in block(text, forward)
        assert f'before <a href="#{forward}"' in block(text, f"{forward}-new")
    assert 'title="out_h1 = 0.593269992"' in block(page("004", "html"), "dE-dh1")


def block(text: str, name: str) -> str:
    return text.split(f'id="{name}">', 1)[1].split('<div class="chain', 1)[0]


def test_names_of_a_lecture_are_set_as_the_lecture_sets_them() -> None:
    text = page("000", "markdown")
    assert r"\delta_{2}^{1} &=" in text
    assert "W_{21}^{1}" in text
    assert r"\frac{\partial E}{\partial W_{21}^{2}}" in text
    assert r"\mathit{out}_{h_{1}} &= \sigma(h_{1})" in page("004", "markdown")


def test_latex_has_balanced_braces_and_environments() -> None:
    for text in pages("latex"):
        body = re.sub(r"\\begin\{verbatim\}.*?\\end\{verbatim\}", "", text, flags=re.DOTALL)
        braces = re.sub(r"\\[{}]", "", body)
        assert braces.count("{") == braces.count("}")
        opened, closed = (sorted(re.findall(rf"\\{word}{{(\w+\*?)}}", body)) for word in ("begin", "end"))
        assert opened == closed
        assert body.isascii()
        assert not re.search(r"\^\{[^{}]*\}\^", body), "two exponents in a row"


def test_a_fragment_is_the_body_of_the_page() -> None:
    problem = lecture("004")
    steps = document(explain(problem))
    whole, part = (rendered(steps, "latex", problem=problem, fragment=fragment) for fragment in (False, True))
    assert part.split("\n", 1)[1] in whole
    assert "documentclass" not in part
    html = rendered(steps, "html", problem=problem, fragment=True)
    assert html.startswith('<div class="chainrule">')
    assert "<script" not in html
    ElementTree.fromstring(html)


def test_two_fragments_have_no_place_in_common() -> None:
    ids = [set(re.findall(r'id="([^"]*)"', lecture(name)._repr_html_() or "")) for name in ("001", "004")]
    assert ids[0]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize("style", ["markdown", "text", "pdf"])
def test_a_fragment_of_what_has_no_frame(style: str) -> None:
    with pytest.raises(ProblemError, match="--fragment goes with the formats latex and html"):
        render(Document(()), style, fragment=True)


def test_a_format_there_is_not() -> None:
    with pytest.raises(ProblemError, match=r"there is no format 'pdf'\. The formats are text, .*html"):
        render(Document(()), "pdf")


@pytest.mark.parametrize(
    ("file", "style"),
    [
        ("a.md", "markdown"),
        ("a.b/c.TEX", "latex"),
        ("x.htm", "html"),
        ("x.json", "json"),
        ("md", "text"),
    ],
)
def test_the_ending_of_a_file_chooses_the_format(file: str, style: str) -> None:
    assert format_of(file) == style


@pytest.mark.parametrize(
    ("ending", "start"), [("md", "# Two"), ("tex", "\\documentclass"), ("html", "<!DOCTYPE html>")]
)
def test_the_command_line_writes_the_file(tmp_path: Path, ending: str, start: str) -> None:
    file = tmp_path / f"out.{ending}"
    result = CliRunner().invoke(commands, ["explain", "004", "-o", str(file)])
    assert (result.exit_code, result.output) == (0, "")
    assert file.read_text("utf-8").startswith(start)


def test_the_command_line_refuses_a_fragment_of_text() -> None:
    result = CliRunner().invoke(commands, ["explain", "004", "--fragment"])
    assert str(result.exception) == "--fragment goes with --format latex or html; the format is text."


# -- text of people


HOSTILE = 'a_b & <b>"x"</b> $y$ 100% #1 {z} ~ ^ \\ `code` *s* |p| [l](u) é ж 中 \u2028 → ½'


def test_text_of_people_is_escaped() -> None:
    source = f"title = {toml(HOSTILE)}\nsource = {toml(HOSTILE)}\nnote = {toml(HOSTILE)}\n"
    problem = loads(source + "formulas = 'y = 2*x'\n[given]\nx = 3\n")
    steps = document(explain(problem))
    html = rendered(steps, "html", problem=problem)
    ElementTree.fromstring(html)
    assert "<b>&quot;" not in html.replace("&lt;b&gt;", "")
    assert "&lt;b&gt;" in html
    latex = rendered(steps, "latex", problem=problem)
    assert r"100\% \#1 \{z\} \textasciitilde{}" in latex
    assert "中" not in latex
    markdown = rendered(steps, "markdown", problem=problem)
    assert r"\<b\>" in markdown
    assert r"\`code\` \*s\* \|p\| \[l\](u)" in markdown


def toml(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def test_what_is_no_formula_is_shown_as_it_is() -> None:
    from chainrule.printing.document import Chain

    odd = Document((Chain("what is this?", ("?", "a <b> c", "")), Prose("")))
    assert r"\mathtt{what~is~this?}" in render(odd, "latex")
    assert "<mtext>a &lt;b&gt; c</mtext>" in render(odd, "html")
    ElementTree.fromstring(render(odd, "html"))
    assert "$$" in render(odd, "markdown")


# -- from Python


def test_problems_and_explanations_show_themselves() -> None:
    problem = lecture("004")
    worked_out = problem.explain()
    for shown in (problem, worked_out):
        assert (shown._repr_html_() or "").startswith('<div class="chainrule">')
        assert r"\begin{align*}" in (shown._repr_latex_() or "")
        assert (shown._repr_markdown_() or "").startswith("# Two inputs")


def test_a_large_problem_is_not_worked_out_unasked() -> None:
    problem = loads(
        "minimise = 'E'\n[network]\nlayers = [50, 40, 10]\ninit = 'glorot uniform'\nloss = 'half squared error'\n"
        f"[given]\nx = {[1] * 50}\nt = {[1] * 10}\n"
    )
    assert problem._repr_html_() is None


ALL_PAGES = """
import sys
from chainrule.display import document, explain, rendered
from chainrule.lectures import lecture_names, lecture_text
from chainrule.problem import loads
for name in ("000", "003", "order"):
    problem = loads(lecture_text(name), file=name)
    steps = document(explain(problem))
    for style in ("markdown", "latex", "html"):
        sys.stdout.write(rendered(steps, style, problem=problem, fragment=style == "html"))
"""


def test_the_same_bytes_whatever_the_hash_seed() -> None:
    outputs = set()
    for seed in ("0", "1", "4242"):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTHONIOENCODING": "utf-8",
        }
        command = [sys.executable, "-c", ALL_PAGES]
        outputs.add(subprocess.run(command, capture_output=True, check=True, env=environment, timeout=60).stdout)
    assert len(outputs) == 1
    assert len(outputs.pop()) > 10_000
