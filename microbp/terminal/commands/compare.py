"""The command `microbp compare`: its options, and what is compared with what."""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from microbp.comparing.answers.code import Code, is_code
from microbp.comparing.answers.files import MISFITS, find_function, load_gradients, naming_source
from microbp.comparing.answers.flat import ORDERS
from microbp.comparing.answers.named import renamed
from microbp.diagnosis.compare import compare
from microbp.diagnosis.first_wrong import first_divergence
from microbp.errors import ProblemError, UnknownNameError
from microbp.problems import NetworkProblem
from microbp.terminal.output import put

FORMATS = ("text", "md")
FOR = {
    "names": "it says what is what in a file of yours",
    "tolerance": "it is for gradients, and --intermediates count as precisely as they are given",
    "layout": "it says how your arrays are laid out",
    "order": "it says how one flat vector holds your gradients",
}
"""What an option is for that not every comparison has."""
GRADIENTS = "your gradients: a .npz, .npy, .json, .csv, .txt or .mat file, which may also stand after the problem"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command; the file of gradients may also stand right after the problem."""
    parser.usage = "microbp compare PROBLEM [GRADIENTS] [options]"
    group = add_sources(parser)
    group.add_argument("--intermediates", metavar="FILE", help="your z1, a1, delta2 …: which is wrong first?")
    parser.add_argument("--tolerance", type=float, metavar="T", help="absolute plus relative; else as precise as given")
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0], help="text, or Markdown")


def add_sources(parser: argparse.ArgumentParser, gradients: str = GRADIENTS) -> argparse._MutuallyExclusiveGroup:
    """The options that say whose gradients are looked at; returns those of which one can be given."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--gradients", metavar="FILE", help=gradients)
    source.add_argument(
        "--function", metavar="MODULE:NAME", help="your function f(weights, biases, X, Y) -> (dW, db): it is imported"
    )
    parser.add_argument(
        "--layout",
        metavar="WORDS",
        help="of your arrays: in,out  columns  bias first  bias last; several: in,out+columns",
    )
    parser.add_argument("--names", nargs="+", default=[], metavar="MINE=NAME", help="other names in your file: g1=dW1")
    parser.add_argument("--run", action="store_true", help="run your .py file or notebook, and take its dW1, db1, …")
    parser.add_argument("--order", choices=ORDERS, help="how one flat vector holds them")
    return source


def sources(options: argparse.Namespace) -> list[str]:
    """What was given to look at, one at most. Raises `ProblemError` for more."""
    ways = ("gradients", "function", "intermediates")
    given = [*options.files, *(getattr(options, name, None) for name in ways)]
    if len(found := [text for text in given if text]) > 1:
        raise ProblemError(f"{options.command} looks at one file, or one function, of yours; got {', '.join(found)}")
    options.gradients = "".join(options.files) or options.gradients
    return found


@contextlib.contextmanager
def given_source(options: argparse.Namespace, problem: NetworkProblem) -> Iterator[Any]:
    """A learner's gradients as the options name them: a file, or a function; None if neither was given."""
    names = named(options.names)
    if not options.run:
        file = renamed(load_gradients(options.gradients), names) if options.gradients and names else options.gradients
        yield find_function(options.function) if options.function else file
        return
    if not (options.gradients and is_code(options.gradients)):
        raise ProblemError("--run is for gradients in a .py file or a notebook: give one")
    with Code(options.gradients) as code:
        found = code.gradients([leaf.label for leaf in problem.leaves()], names)
        if code.note:
            print(f"microbp: {code.note}", file=sys.stderr)
        yield renamed(found, names)


def read_as(options: argparse.Namespace) -> dict[str, Any]:
    """How they are to be read, as the options say."""
    return {"order": options.order, "layout": options.layout}


def described(options: argparse.Namespace) -> str | None:
    """The same source in words, for an error."""
    return "what your function returned" if options.function else options.gradients


def run(problem: NetworkProblem, options: argparse.Namespace) -> int:
    """Prints the comparison. Exit code: 0, 1 if something differs."""
    given = sources(options)
    X, Y = problem.inputs[: options.samples], problem.targets[: options.samples]
    tolerance = options.tolerance
    if tolerance is not None and not (math.isfinite(tolerance) and tolerance >= 0):
        raise ProblemError(f"--tolerance is a number that is not negative, for example 1e-6; got {tolerance}")
    _check(options, bool(given))
    markdown = options.format == "md"
    if options.intermediates:
        quantities = _quantities(options.intermediates)
        try:
            with naming_source(options.intermediates):
                walk = first_divergence(problem, quantities, X, Y, names=named(options.names))
        except UnknownNameError as error:
            said = str(error).partition("; other names")[0]
            raise UnknownNameError(f"{said}; other names go with --names, for example h=a1") from error
        put(options, walk.as_dict(), f"```text\n{walk}\n```" if markdown else walk, verbatim=markdown)
        return 0 if walk.ok else 1
    with naming_source(described(options), MISFITS), given_source(options, problem) as source:
        comparison = compare(problem, X, Y, gradients=source, **read_as(options), tolerance=tolerance)
    put(options, comparison.as_dict(), comparison.as_markdown() if markdown else comparison, verbatim=markdown)
    return 0 if comparison.ok else 1


def _check(options: argparse.Namespace, given: bool) -> None:
    """Raises `ProblemError` for an option that has nothing to do."""
    fits = {"names": given and not options.function, "tolerance": not options.intermediates}
    fits |= dict.fromkeys(("layout", "order"), given and not options.intermediates)
    for name, fit in fits.items():
        if getattr(options, name) not in (None, []) and not fit:
            raise ProblemError(f"--{name} has nothing to do here: {FOR[name]}")


def named(given: list[str]) -> dict[str, str]:
    """What a learner's names mean. Raises `ProblemError` for what is not MINE=NAME."""
    names: dict[str, str] = {}
    for text in given:
        mine, _, name = (part.strip() for part in text.partition("="))
        if not (mine and name):
            raise ProblemError(f"--names takes MINE=NAME, for example mine=dW1; got {text!r}")
        names[mine] = name
    return names


def _quantities(path: str) -> Mapping[str, Any]:
    """What a file holds by name. Raises `ProblemError` if it holds something else."""
    found = load_gradients(path, "intermediates")
    if not isinstance(found, Mapping) or not found:
        kind = "nothing" if isinstance(found, Mapping) else "numbers without names"
        raise ProblemError(f'{path}: intermediates are arrays by name, {{"z1": [[…]], "a1": [[…]]}}; it holds {kind}')
    return found
