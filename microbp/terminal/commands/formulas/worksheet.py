"""The command `microbp worksheet`: tables to fill in by hand, and the answers apart."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from microbp.errors import GraphError, ProblemError, RendererError, UnknownNameError, nearest
from microbp.printing import check_place, say, write_file
from microbp.problems import Problem
from microbp.stepping.worksheet import worksheet
from microbp.terminal.output import put

if TYPE_CHECKING:
    from microbp.drawing.levels import LevelName

ENDINGS = (".md", ".html")
MOST_PARAMETERS = 50
"""Of a larger network no picture can be read on a page."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("-o", dest="output", metavar="FILE", help="write the sheet: .md, or .html to print")
    parser.add_argument(
        "--answers", metavar="FILE", help="write the answers, the same tables filled in, into this file"
    )


def run(problem: Problem, options: argparse.Namespace) -> int:
    """Writes the sheets, or prints the blank one; the exit code is 0."""
    wanted = {path: filled for path, filled in ((options.output, False), (options.answers, True)) if path}
    if options.output and options.answers and Path(options.output).resolve() == Path(options.answers).resolve():
        raise ProblemError("the sheet and its answers are two files: give -o and --answers two names")
    for path in wanted:
        if Path(path).suffix not in ENDINGS:
            raise UnknownNameError(nearest("kind of worksheet", Path(path).suffix, ENDINGS))
        check_place(path)
    if not wanted:
        sheet = worksheet(problem)
        put(options, {"worksheet": sheet.as_markdown()}, sheet, verbatim=True)
        return 0
    for path, filled in wanted.items():
        sheet = worksheet(problem, answers=filled)
        text = sheet.as_html(_picture(problem)) if path.endswith(".html") else sheet.as_markdown()
        write_file(path, text.encode())
    said = [
        say("Answers: {title}", title=path) if filled else say("Worksheet: {title}", title=path)
        for path, filled in wanted.items()
    ]
    put(options, {"files": list(wanted)}, "\n".join(said))
    return 0


def _picture(problem: Problem) -> str:
    """The graph as an SVG, without its numbers; none of a large one, and where no renderer is found."""
    from microbp.drawing.drawing import draw  # which brings all that draws

    if len(problem.leaves()) > MOST_PARAMETERS:
        return ""
    level: LevelName = "op" if problem.model is None else "network"
    try:
        drawing = draw(problem.root(), model=problem.model, level=level, show=[], title=" ")
        svg = drawing.picture("svg").decode()
    except (RendererError, GraphError):
        return ""
    return svg[svg.index("<svg") :]
