"""Directives that keep the pages honest: `problem` shows a problem file and writes it, `console` runs commands on it.

`python` runs code, and `notebook` the cells of a page that is one. What a page shows is what was printed while it was
built, and what ends otherwise than the page says fails the build. There are no notebook kernels in it, because a build
must not hang on a port.
"""

from __future__ import annotations

import ast
import base64
import os
import shlex
import subprocess
import sys
import traceback
from contextlib import chdir, redirect_stdout
from io import BytesIO, StringIO
from pathlib import Path
from pprint import pformat
from typing import Any

import matplotlib.pyplot as plt
import nbformat
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

EXAMPLES = Path(__file__).parents[1] / "examples"
FRAGMENTS = Path(__file__).parents[1] / "changelog.d"
LEFT_OUT = "..."


class Problem(SphinxDirective):
    """A file under a name, a problem or notes: given here, or (without content) one of the examples."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        text = "\n".join(self.content) + "\n" if self.content else (EXAMPLES / name).read_text(encoding="utf-8")
        place = folder_of(self)
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text, encoding="utf-8")
        if not self.content:
            self.env.note_dependency(str(EXAMPLES / name))
        block = literal(text, "toml" if name.endswith(".toml") else "text")
        wrapper = nodes.container("", literal_block=True, classes=["literal-block-wrapper"])
        wrapper += nodes.caption("", "", nodes.literal(text=name))
        wrapper += block
        return [wrapper]


class Console(SphinxDirective):
    """Commands, one a line, and what they print: all of it, or from a line that begins with `from`, `lines` many."""

    has_content = True
    option_spec = {  # noqa: RUF012 - as Sphinx has it
        "from": directives.unchanged,
        "lines": directives.positive_int,
        "status": directives.nonnegative_int,
    }

    def run(self) -> list[nodes.Node]:
        shown: list[str] = []
        for command in self.content:
            shown += [f"$ {command}", *self.chosen(command, self.output(command))]
        return [literal("\n".join(shown) + "\n", "text")]

    def output(self, command: str) -> list[str]:
        program, *arguments = shlex.split(command)
        if program != "chainrule":
            raise self.error(f"{command!r}: only chainrule is run here")
        return run(self, arguments, self.options.get("status", 0)).split("\n")

    def chosen(self, command: str, lines: list[str]) -> list[str]:
        start = 0
        if "from" in self.options:
            begins = [k for k, line in enumerate(lines) if line.startswith(self.options["from"])]
            if not begins:
                raise self.error(f"{command!r} prints no line that begins with {self.options['from']!r}")
            start = begins[0]
        stop = min(len(lines), start + self.options.get("lines", len(lines)))
        return [*([LEFT_OUT] if start else []), *lines[start:stop], *([LEFT_OUT] if stop < len(lines) else [])]


class Refused(SphinxDirective):
    """A problem file with a mistake in it, and the line that says so."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        place = folder_of(self)
        place.mkdir(parents=True, exist_ok=True)
        text = "\n".join(self.content) + "\n"
        (place / "problem.toml").write_text(text, encoding="utf-8")
        message = run(self, ["explain", "problem.toml"], 2)
        if "\n" in message:
            raise self.error(f"an error should be one line: {message[-400:]}")
        return [literal(text, "text"), result(message + "\n")]


class Python(SphinxDirective):
    """Python code and what it prints, its last value too; a page is one session, among the page's problem files.

    A last value that is a figure of matplotlib is drawn; `alt` says what it shows. With `hide`, code is left out.
    """

    has_content = True
    option_spec = {"hide": directives.flag, "alt": directives.unchanged}  # noqa: RUF012 - as Sphinx has it

    def run(self) -> list[nodes.Node]:
        code = "\n".join(self.content) + "\n"
        session = self.env.temp_data.setdefault("python session", {"__name__": "__main__"})
        place = folder_of(self)
        place.mkdir(parents=True, exist_ok=True)
        printed = StringIO()
        try:
            with chdir(place), redirect_stdout(printed):
                value = execute(code, session)
                if value is not None and not hasattr(value, "savefig"):
                    print(pformat(value, sort_dicts=False))
        except Exception as problem:
            raise self.error(f"this example fails:\n{code}\n{traceback.format_exc()}") from problem
        shown = [] if "hide" in self.options else [literal(code, "python")]
        output = printed.getvalue()
        drawn = [self.drawn(value)] if hasattr(value, "savefig") else []
        return [*shown, *([result(output)] if output.strip() else []), *drawn]

    def drawn(self, figure: Any) -> nodes.image:
        """A figure as part of the page."""
        if "alt" not in self.options:
            raise self.error("a figure needs an alt text")
        file = BytesIO()
        figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})
        text = base64.b64encode(file.getvalue()).decode("ascii")
        return nodes.image(uri=f"data:image/svg+xml;base64,{text}", alt=self.options["alt"])


class Unreleased(SphinxDirective):
    """The changelog fragments of what is not released yet, as a list."""

    def run(self) -> list[nodes.Node]:
        found = nodes.bullet_list()
        for file in sorted(FRAGMENTS.glob("*.md")):
            self.env.note_dependency(str(file))
            found += nodes.list_item("", *self.parse_text_to_nodes(file.read_text(encoding="utf-8")))
        return [found if found.children else nodes.paragraph(text="Nothing.")]


def execute(code: str, session: dict[str, object]) -> Any:
    """Run code; the value of its last line, if that is an expression."""
    lines = ast.parse(code).body
    last = lines.pop() if lines and isinstance(lines[-1], ast.Expr) else None
    exec(compile(ast.Module(lines, []), "<page>", "exec"), session)  # noqa: S102 - our own pages
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), "<page>", "eval"), session)  # noqa: S307


def notebook(text: str) -> nbformat.NotebookNode:
    """A notebook without outputs, given those that its cells have when they are run here, one after the other."""
    found = nbformat.reads(text, as_version=4)
    session: dict[str, object] = {"__name__": "__main__"}
    for cell in found.cells:
        if cell.cell_type == "code":
            cell.outputs = outputs(cell.source, session)
    return found


def outputs(code: str, session: dict[str, object]) -> list[nbformat.NotebookNode]:
    """What a cell prints, its last value unless it ends with a semicolon, and the figures it has drawn."""
    printed = StringIO()
    with redirect_stdout(printed):
        value = execute(code, session)
    found = [nbformat.v4.new_output("stream", text=printed.getvalue())] if printed.getvalue() else []
    if value is not None and not code.rstrip().endswith(";"):
        found.append(nbformat.v4.new_output("execute_result", {"text/plain": pformat(value, sort_dicts=False)}))
    for number in plt.get_fignums():
        file = StringIO()
        plt.figure(number).savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})
        found.append(nbformat.v4.new_output("display_data", {"image/svg+xml": file.getvalue()}))
    plt.close("all")
    return found


def run(directive: SphinxDirective, arguments: list[str], status: int) -> str:
    """What `chainrule` prints in the folder of the page."""
    place = folder_of(directive)
    place.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "chainrule", *arguments],
        cwd=place,
        env={**os.environ, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=60,
    )
    if done.returncode != status:
        raise directive.error(f"chainrule {shlex.join(arguments)} ended with {done.returncode}: {done.stdout[-400:]}")
    return done.stdout.rstrip("\n")


def literal(text: str, language: str) -> nodes.literal_block:
    """A block of text as it stands, coloured as a language."""
    block = nodes.literal_block(text, text)
    block["language"] = language
    return block


def result(text: str) -> nodes.literal_block:
    """A block of what was printed, told apart from what was written."""
    block = literal(text, "text")
    block["classes"].append("printed")
    return block


def folder_of(directive: SphinxDirective) -> Path:
    """Where the files of a page live while it is built."""
    return Path(directive.env.app.doctreedir) / "executed" / directive.env.docname


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives; every page is read anew, because the program may have changed."""
    app.add_directive("problem", Problem)
    app.add_directive("console", Console)
    app.add_directive("refused", Refused)
    app.add_directive("python", Python)
    app.add_directive("unreleased", Unreleased)
    app.connect("env-get-outdated", lambda app, env, added, changed, removed: list(env.found_docs))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
