"""The command `microbp explain`: the gradient of a weight in three notations."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from microbp.derivation.any_value import value_lines
from microbp.derivation.general.notations import NOTATIONS, Notation, notation_named
from microbp.derivation.general.page import WIDTH as FORMULAS
from microbp.derivation.general.page import general
from microbp.derivation.one_weight import explain
from microbp.errors import MicrobpError
from microbp.printing import in_width, room
from microbp.problems import NetworkProblem
from microbp.terminal.output import put

WIDTH = 120
"""The width of what is not for a terminal, and the most of what is, in characters."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--weight", metavar="NAME", help="a weight or bias, such as 'w[1][2,0]' (default: one a layer)")
    which.add_argument("--general", action="store_true", help="the formulas for any layer, with shapes and numbers")
    which.add_argument("--of", metavar="NAME", help="any value: 'a[1][0]', 'z[1][0]@2' of sample 2, 'δ[1][0]', out_h1")

    group = parser.add_argument_group("with --general")
    group.add_argument("--notation", choices=NOTATIONS, default="own", help="names and conventions of a text (own)")
    group.add_argument("--theta", action="store_true", help="Θ has the biases in column 0")
    group.add_argument("--columns", action="store_true", help="a sample is a column")
    group.add_argument("--w-ij", dest="w_ij", action="store_true", help="w_ij leads from i to j")
    group.add_argument(
        "--index-from", dest="index_from", type=int, choices=(0, 1), help="entries are counted from here"
    )


def _notation(options: argparse.Namespace) -> Notation | None:
    """The notation that is asked for; `None` if it is none of general formulas."""
    named = notation_named(options.notation)
    own: dict[str, Any] = {name: True for name in ("theta", "columns", "w_ij") if getattr(options, name)}
    if options.theta:
        own |= {"index_from": 1, "names": {"W": "Θ", **named.names}}
    if options.index_from is not None:
        own["index_from"] = options.index_from
    if not options.general and (own or options.notation != "own"):
        raise MicrobpError("--notation, --theta, --columns, --w-ij and --index-from are for --general: give that, too")
    return replace(named, **own) if options.general else None


def run(problem: NetworkProblem, options: argparse.Namespace) -> int:
    """Prints the derivations. Exit code: 1 if one of them does not give the gradient."""
    width = room(WIDTH)
    if notation := _notation(options):
        width = min(width, FORMULAS)
        page = general(problem, notation, width)
        put(options, page.as_dict(), page.page(width))
        return 0
    if options.of is not None:
        lines = list(value_lines(problem, options.of))
        put(options, {"of": options.of, "lines": lines}, in_width("\n".join(lines), width))
        return 0
    labels = [options.weight] if options.weight else [layer.neurons[0].w[0].label for layer in problem.model.layers]
    found = [explain(problem, label) for label in labels]
    put(options, {"derivations": [one.as_dict() for one in found]}, "\n\n\n".join(one.page(width) for one in found))
    return 0 if all(one.ok for one in found) else 1
