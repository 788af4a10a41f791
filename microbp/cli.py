"""The command `microbp`: each of the three jobs from a terminal, and `--json` for machines.

Exit code 0: done; 1: a comparison or a check found a difference; 2: bad usage.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from microbp import (
    class_commands,
    compare_command,
    diagnose_command,
    draw_command,
    reference,
    step_command,
    train_command,
)
from microbp.demo import demo, report
from microbp.derivation import derivation
from microbp.diagnosis.strength import strength
from microbp.dialects import printable
from microbp.errors import MicrobpError, ProblemError, RendererError
from microbp.numeric import METHODS, check_graph
from microbp.ops import FAMILIES, find
from microbp.outside import speak_any_encoding
from microbp.problems import NetworkProblem, Problem, as_network, load, titles
from microbp.problems.schema import template
from microbp.render import draw
from microbp.tabular import columns, json_text

PROBLEM = (
    "a built-in problem (`microbp problems` lists them), a .toml file, or an expression such as 'sigmoid(w*x + b)'"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments (those of the process, if none are given); returns its exit code."""
    speak_any_encoding()
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if wrong := [word for word in rest if word.startswith("-") or not hasattr(options, "numbers")]:
        parser.error(f"unrecognized arguments: {' '.join(wrong)}")
    if rest:
        options.numbers += rest  # files and numbers may stand after an option too
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn  # type: ignore[assignment]  # it takes the same, and uses the first
            return run(options)
    except KeyboardInterrupt:
        return 130
    except (MicrobpError, OSError) as error:
        if isinstance(error, BrokenPipeError):  # the reader, `head` for one, has had enough
            sys.stderr.close()
            return 0
        print(f"microbp: {printable(str(error))}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="microbp",
        description="Step through, draw and check backpropagation.",
        epilog="Exit code: 0 done, 1 a difference was found, 2 bad usage.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(
        run: Callable[[argparse.Namespace], int], name: str, about: str, problem: bool = True, graph: bool = True
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about)
        if problem:
            sub.add_argument("problem", help=PROBLEM)
            sub.add_argument(
                "numbers", nargs="*", metavar="NAME=NUMBER", help="a number for each name in an expression"
            )
            if graph:
                sub.add_argument("--samples", type=int, metavar="N", help="take the first N samples of the data")
        sub.add_argument("--json", action="store_true", help="print JSON, for machines")
        sub.set_defaults(run=run)
        return sub

    sub = command(
        _demo,
        "demo",
        "the main job on the w1–w8 network: forward, backward, update, comparison, picture",
        problem=False,
    )
    sub.add_argument(
        "-o", "--output", default="w1-w8.svg", metavar="FILE", help="where the picture goes (default: %(default)s)"
    )

    sub = command(_train, "train", "train a network; what is not given, the problem says", graph=False)
    train_command.add_options(sub)

    sub = command(_step, "step", "step through the backward pass in a debugger, or as a quiz, or print all of it")
    step_command.add_options(sub)

    sub = command(_compare, "compare", "compare the scalar graph, or your own gradients, with vectorized NumPy")
    compare_command.add_options(sub)

    sub = command(_diagnose, "diagnose", "say which line of your derivation is wrong, from your gradients alone")
    diagnose_command.add_options(sub)

    sub = command(_grade, "grade", "diagnose many learners' gradients: a row for each", graph=False)
    class_commands.add_grade(sub)

    sub = command(_conventions, "conventions", "say which conventions give a published number", graph=False)
    class_commands.add_conventions(sub)

    sub = command(_explain, "explain", "derive the gradient of a weight: in the graph, with indices, as a matrix line")
    sub.add_argument("--weight", metavar="NAME", help="a weight or bias, such as 'w[1][2,0]' (default: one a layer)")

    sub = command(_gradcheck, "gradcheck", "compare the chain rule with numeric derivatives")
    sub.add_argument(
        "--method", choices=METHODS, default="auto", help="complex step, central difference, or the first that applies"
    )
    sub.add_argument(
        "--strength",
        action="store_true",
        help="which mistakes a check on these data could not catch, why, and what to change",
    )

    sub = command(_draw, "draw", "draw the graph, with values, grads and local derivatives")
    draw_command.add_options(sub)

    sub = command(_ops, "ops", "print the table of operations, or one of them", problem=False)
    sub.add_argument("name", nargs="?", help="an operation")
    sub.add_argument("--source", action="store_true", help="print the functions made from its row")

    sub = command(_problems, "problems", "list the built-in problems", problem=False)
    sub.add_argument("--template", action="store_true", help="print a problem file to begin with, every key explained")
    return parser


def _warn(message: Warning | str, *_: Any) -> None:
    """A warning for people: the line of code that it came from is not theirs."""
    print(f"microbp: warning: {printable(str(message))}", file=sys.stderr)


def _load(options: argparse.Namespace) -> Problem:
    numbers: dict[str, float] = {}
    for text in options.numbers:
        name, _, number = (part.strip() for part in text.partition("="))
        if name in numbers:
            raise ProblemError(f"{name} has two numbers, {numbers[name]} and {number}: give it one")
        try:
            numbers[name] = float(number)
        except ValueError:
            raise ProblemError(f"a number for a name is given as NAME=NUMBER, w=0.5 for one; got {text!r}") from None
    problem = load(options.problem, numbers)
    samples = getattr(options, "samples", None)
    return problem if samples is None else as_network(problem).showing(samples)


def _load_network(options: argparse.Namespace) -> NetworkProblem:
    return as_network(_load(options))


def _print(options: argparse.Namespace, data: Any, text: str) -> None:
    print(json_text(data) if options.json else text)


def _demo(options: argparse.Namespace) -> int:
    problem = as_network(load("w1-w8"))
    numbers = demo(problem)
    root = problem.root()
    root.backward()
    try:
        draw(root, options.output, model=problem.model)
        numbers["picture"], said = options.output, f"Picture: {options.output}"
    except RendererError as error:
        numbers["picture"], said = None, f"No picture: {error}"
    comparison = numbers["comparison"]
    data = numbers | {"comparison": comparison.as_dict()}
    _print(options, data, "\n".join([*report(numbers), "", said]))
    return 0 if comparison.ok else 1


def _train(options: argparse.Namespace) -> int:
    return train_command.run(_load_network(options), options)


def _step(options: argparse.Namespace) -> int:
    return step_command.step(_load(options), options)


def _compare(options: argparse.Namespace) -> int:
    return compare_command.run(_load_network(options), options)


def _diagnose(options: argparse.Namespace) -> int:
    diagnose_command.take_file(options)
    return diagnose_command.run(_load(options), options)


def _grade(options: argparse.Namespace) -> int:
    files = diagnose_command.take_files(options)
    return class_commands.grade_files(_load(options), files, options)


def _conventions(options: argparse.Namespace) -> int:
    return class_commands.conventions(_load(options), options)


def _explain(options: argparse.Namespace) -> int:
    problem = _load_network(options)
    labels = [options.weight] if options.weight else [layer.neurons[0].w[0].label for layer in problem.model.layers]
    X, Y = problem.shown_samples
    found = [derivation(problem.root(), problem.model, s, X, Y, loss=problem.loss, l2=problem.l2) for s in labels]
    width = min(shutil.get_terminal_size().columns, 120) if sys.stdout.isatty() else 120
    _print(options, [one.as_dict() for one in found], "\n\n\n".join(one.page(width) for one in found))
    return 0 if all(one.ok for one in found) else 1


def _gradcheck(options: argparse.Namespace) -> int:
    problem = _load(options)
    if options.strength:
        found = strength(as_network(problem), method=options.method)
        _print(options, found.as_dict(), str(found))
        return 0 if found.ok else 1
    check = check_graph(problem.root(), problem.leaves(), options.method)
    _print(options, check.as_dict(), str(check))
    return 0 if check.ok else 1


def _draw(options: argparse.Namespace) -> int:
    return draw_command.draw(_load(options), options)


def _ops(options: argparse.Namespace) -> int:
    if options.name is None:
        head, *rows = reference.HEAD, *reference.table()
        _print(options, [dict(zip(head, row, strict=True)) for row in rows], reference.text())
        return 0
    family = options.name.rstrip("0123456789")  # one shows what all of a family are like
    op = FAMILIES[family].row(2) if family in FAMILIES else find(options.name)
    _print(options, reference.as_dict(op), reference.source(op) if options.source else reference.describe(op))
    return 0


def _problems(options: argparse.Namespace) -> int:
    if options.template:
        print(template(), end="")
        return 0
    listed = titles()
    _print(options, listed, "\n".join(columns(list(listed.items()))))
    return 0
