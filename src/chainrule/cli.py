"""The command line: thin commands over the Python interface. Errors are one line and exit status 2."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from chainrule import __version__
from chainrule.errors import ChainruleError, ProblemError

if TYPE_CHECKING:
    from chainrule.explanation import Explanation
    from chainrule.explanation.rounding import Rounding
    from chainrule.problem import Problem

_VIEWS = ["steps", "paths", "gates", "matrix", "derive", "code"]  # as in display.py, which is loaded late
MOST_UPDATES = 10_000_000  # some ten minutes in plain Python, which keeps every error on the way
_FORMATS = ["text", "json", "markdown", "latex", "html"]
_NOTES_FORMATS = ["sarif", "github"]  # besides text and json
_HELP = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=_HELP)
@click.version_option(__version__, prog_name="chainrule")
def commands() -> None:
    """Backpropagation you can read, check and run.

    FILE is a problem file, or the name of a lecture: see `chainrule lectures`.
    """


@commands.command()
@click.argument("file")
@click.option("--view", type=click.Choice(_VIEWS), default="steps", show_default=True, help="What to show.")
@click.option("--format", "style", type=click.Choice(_FORMATS), help="Without it: as FILE of -o ends, else text.")
@click.option("--fragment", is_flag=True, help="LaTeX or HTML to stand inside a document of your own.")
@click.option("--picture", type=click.Choice(["network", "gates"]), help="With --format html: draw it on the page too.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write to a file instead of the terminal.")
@click.option("--of", "of", multiple=True, metavar="QUANTITY", help="Explain this quantity, such as dE/dw5 or E@100.")
@click.option("--until", metavar="QUANTITY", help="Stop after this quantity.")
@click.option("--digits", type=click.IntRange(1, 16), default=9, show_default=True, help="Decimals to print.")
@click.option(
    "--steps", type=click.IntRange(1, MOST_UPDATES), default=1, help="Make so many updates; the last is shown in full."
)
@click.option("--every-step", is_flag=True, help="Work out one factor at a time.")
@click.option("--by-hand", metavar="DECIMALS", help="Round every result and carry it on: 3, or 3,x*=2.")
@click.option("--truncate", is_flag=True, help="With --by-hand: cut decimals off instead of rounding.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Print ASCII characters only.")
@click.option("--width", type=click.IntRange(40), help="Width of the page in characters; without it, the terminal's.")
def explain(
    file: str,
    view: str,
    style: str | None,
    fragment: bool,
    picture: str | None,
    output: str | None,
    of: tuple[str, ...],
    until: str | None,
    digits: int,
    steps: int,
    every_step: bool,
    by_hand: str | None,
    truncate: bool,
    ascii_only: bool,
    width: int | None,
) -> None:
    """The worked solution of a problem: every step with its formula and its numbers."""
    from chainrule import display
    from chainrule.explanation import explain as work_out

    style = style or display.format_of(output)
    if fragment and style not in ("latex", "html"):
        raise ProblemError(f"--fragment goes with --format latex or html; the format is {style}.")
    if picture is not None and (style != "html" or by_hand is not None):
        raise ProblemError("--picture goes with --format html, and shows exact values: leave out --by-hand.")
    rounding = _rounding(by_hand, truncate, view)
    problem = open_problem(file)
    solution: Explanation | display.Request = display.Request(problem=problem, update=steps, digits=digits)
    if style == "json" or view not in display.BY_THEMSELVES:
        solution = work_out(problem, steps=steps, digits=digits, every_step=every_step)
        solution = solution if rounding is None else display.by_hand(solution, rounding)
    if style == "json":
        result = display.json_text(solution, of=of)
    elif style != "text":
        page = display.document(solution, view=view, until=until, of=of)
        result = display.rendered(page, style, problem=problem, fragment=fragment)
        if picture is not None:
            from chainrule.pictures.draw import diagram_of, with_picture

            result = with_picture(result, diagram_of(problem, picture, steps=steps))
    else:
        columns = width or _terminal_width()
        ascii_only = ascii_only or (output is None and not _shows_unicode())
        result = display.text(
            solution, view=view, width=columns, color=_in_color(output), ascii_only=ascii_only, until=until, of=of
        )
    _write(result, output)


@commands.command()
@click.argument("file")
@click.option(
    "--format",
    "style",
    type=click.Choice([*_FORMATS, *_NOTES_FORMATS]),
    help="Without it: as FILE of -o ends, else text.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write to a file instead of the terminal.")
@click.option("--problem", metavar="PROBLEM", help="Notes: judge their names as quantities of this problem.")
@click.option("--extract", is_flag=True, help="Notes: print a problem file with what they contain, and no report.")
@click.option("--strict", is_flag=True, help="Notes: exit status 2 for what differs or could not be read.")
@click.option("--first", is_flag=True, help="Stop at the first wrong line, with a hint instead of the answer.")
@click.option("--corrected", is_flag=True, help="Print the working as it should be, and no report.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Print ASCII characters only.")
@click.option("--width", type=click.IntRange(40), help="Width of the page in characters; without it, the terminal's.")
def check(
    file: str,
    style: str | None,
    output: str | None,
    problem: str | None,
    extract: bool,
    strict: bool,
    first: bool,
    corrected: bool,
    ascii_only: bool,
    width: int | None,
) -> None:
    """The verdict on every link of a working: right, rounded, carried or wrong.

    FILE may also be one of notes (.md, .tex, .txt): every equality printed in them is checked.

    Exit status 0: all is right or rounded; 1: something is wrong or carried; 2: something could not be read.
    """
    from chainrule import display
    from chainrule.checking.notes import is_notes

    if is_notes(file):
        if first or corrected:
            raise ProblemError("--first and --corrected go with problem files; this is a file of notes.")
        return _check_notes(
            file, style or ("json" if (output or "").endswith(".json") else "text"), output, problem, extract, strict
        )
    if problem is not None or extract or strict or style in _NOTES_FORMATS:
        raise ProblemError("--problem, --extract, --strict and the formats sarif and github go with notes.")
    if corrected and (first or style is not None):
        raise ProblemError("--corrected prints the working alone: leave out --first and --format.")
    report = display.check(open_problem(file))
    shown = report.until_first_wrong() if first else report
    style = style or display.format_of(output)
    if corrected:
        result = display.corrected_text(report, harmless=output is None and sys.stdout.isatty())
    elif style == "json":
        result = display.check_json(shown)
    elif style == "text":
        result = display.check_text(
            shown,
            width=width or _terminal_width(),
            color=_in_color(output),
            ascii_only=ascii_only or (output is None and not _shows_unicode()),
        )
    else:
        result = display.check_rendered(shown, style)
    _write(result, output)
    sys.exit(report.exit_status)


@commands.command()
@click.argument("file")
@click.option("--graph", type=click.Choice(["network", "gates"]), default="network", show_default=True, help="Of what.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Draw to FILE.svg or FILE.png.")
@click.option("--digits", type=click.IntRange(1, 16), default=4, show_default=True, help="Decimals to print.")
@click.option("--steps", type=click.IntRange(1, MOST_UPDATES), default=1, help="Draw update number so many.")
@click.option("--ascii", "ascii_only", is_flag=True, help="In the terminal: ASCII characters only.")
def draw(file: str, graph: str, output: str | None, digits: int, steps: int, ascii_only: bool) -> None:
    """The picture of a problem: its network or its gates, with values and gradients."""
    from chainrule.pictures.draw import diagram_of, write_picture
    from chainrule.pictures.terminal import picture_text

    picture = diagram_of(open_problem(file), graph, steps=steps, digits=digits)
    if output is None:
        _write(picture_text(picture, ascii_only=ascii_only or not _shows_unicode()), None)
    else:
        write_picture(picture, output)


@commands.command()
@click.argument("file")
@click.option("--target", metavar="COLUMN", help="With a table (.csv, .npz, .parquet) as FILE: what is to be learned.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", help="What to print.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Save the model here: .safetensors or .npz.")
@click.option("--epochs", type=click.IntRange(1), help="At most so many, whatever the file says.")
@click.option("--seed", type=click.IntRange(0), help="Of shuffling, dropout and the part held back.")
@click.option("--threads", type=click.IntRange(1), help="To make large updates together; 1 unless said otherwise.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Print ASCII characters only.")
def train(
    file: str, target: str | None, style: str, output: str | None, epochs: int | None, seed: int | None,
    threads: int | None, ascii_only: bool,
) -> None:  # fmt: skip
    """Train a problem, a table or a built-in set (xor, iris, ...), and save the model."""
    from chainrule.training import command

    problem = command.problem_to_train(file, target, open_problem)
    text = command.run(
        problem, as_json=style == "json", output=output, epochs=epochs, seed=seed,
        threads=threads, ascii_only=ascii_only or not _shows_unicode(), width=_terminal_width(),
        note=lambda text: click.echo(text, err=True),
    )  # fmt: skip
    _write(text, None)


@commands.command()
def lectures() -> None:
    """The lectures' examples, which every command takes by name."""
    from chainrule.lectures import lecture_titles

    rows = lecture_titles()
    widest = max(map(len, rows))
    for name, (title, _) in rows.items():
        click.echo(f"{name:<{widest}}  {title}")


def _check_notes(file: str, style: str, output: str | None, problem: str | None, extract: bool, strict: bool) -> None:
    """Checks a file of notes, or takes a problem file out of it."""
    from chainrule.checking import notes

    if extract:
        return _write(notes.extract(file), output)
    report = notes.check_notes(file, problem=open_problem(problem) if problem is not None else None)
    _write(notes.printed(report, style), output)
    sys.exit(report.strict_status if strict else report.exit_status)


def open_problem(file: str) -> Problem:
    """The problem of a file, or of a lecture by name; warnings go to standard error."""
    from chainrule.lectures import lecture_names, lecture_text
    from chainrule.problem import load, loads

    text = None if os.path.exists(file) else lecture_text(file)
    if text is None and not os.path.exists(file) and os.sep not in file and not file.endswith(".toml"):
        known = ", ".join(lecture_names())
        raise ProblemError(f"there is no file and no lecture called {file!r}.", hint=f"The lectures are {known}.")
    problem = loads(text, file=f"{file}.toml") if text is not None else load(file)
    for warning in problem.warnings:
        click.echo(f"warning: {warning}", err=True)
    return problem


def _rounding(by_hand: str | None, truncate: bool, view: str) -> Rounding | None:
    """What --by-hand and --truncate ask for."""
    from chainrule.explanation.rounding import parse_rounding

    if by_hand is None:
        if truncate:
            raise ProblemError("--truncate goes with --by-hand.", hint="Write --by-hand 3 --truncate.")
        return None
    if view != "steps":
        raise ProblemError(f"the view {view!r} is not worked out by hand.", hint="Leave out --by-hand or --view.")
    return parse_rounding(by_hand, truncate=truncate)


def _in_color(output: str | None) -> bool:
    return output is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _terminal_width() -> int:
    from shutil import get_terminal_size

    return get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100


def _shows_unicode() -> bool:
    """Whether standard output can take what people call their quantities; else names are spelled out."""
    try:
        "∂θ½ŷ→≈✓✗".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _write(text: str, output: str | None) -> None:
    if output is not None:
        try:
            with open(output, "w", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            raise ProblemError(f"cannot write {output}: {error.strerror}.") from None
        return
    if not _shows_unicode():
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # JSON is UTF-8 wherever it goes
    sys.stdout.write(text)


def main() -> None:
    """Run the command line; the entry point of `chainrule`."""
    try:
        commands.main(standalone_mode=False)
        sys.stdout.flush()  # here, where a reader that has gone can be told from an error
    except ChainruleError as error:
        _fail(str(error))
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted.")
    except BrokenPipeError:
        # The reader (`| head`) has gone; Python must not complain about it on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str) -> None:
    click.echo(f"error: {message}", err=True)
    sys.exit(2)
