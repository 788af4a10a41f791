"""The command `microbp explain`: the gradient of a weight in three notations."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from microbp.derivation.any_value import explain_value
from microbp.derivation.general.notations import NOTATIONS
from microbp.derivation.general.one_parameter import explain_in_notation
from microbp.derivation.general.page import WIDTH as FORMULAS
from microbp.derivation.general.page import general_formulas
from microbp.derivation.one_weight import explain
from microbp.errors import MicrobpError
from microbp.formula.typeset.blocks import Block
from microbp.formula.typeset.forms import FORMS, WIDTH
from microbp.printing import room
from microbp.problems import NetworkProblem
from microbp.terminal.output import put


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--weight", metavar="NAME", help="a weight or bias, such as 'w[1][2,0]' (default: one a layer)")
    which.add_argument("--general", action="store_true", help="the formulas for any layer, with shapes and numbers")
    which.add_argument("--of", metavar="NAME", help="any value: 'a[1][0]', 'z[1][0]@2' of sample 2, 'δ[1][0]', out_h1")

    parser.add_argument("--format", choices=FORMS, help="print it in this form (text)")

    group = parser.add_argument_group("notation, of --general or of a weight in numbers")
    group.add_argument("--notation", choices=NOTATIONS, help="names and conventions of a text")
    group.add_argument("--theta", action="store_true", help="Θ has the biases in column 0")
    group.add_argument("--columns", action="store_true", help="a sample is a column")
    group.add_argument("--w-ij", dest="w_ij", action="store_true", help="w_ij leads from i to j")
    group.add_argument(
        "--index-from", dest="index_from", type=int, choices=(0, 1), help="entries are counted from here"
    )


def _conventions(options: argparse.Namespace) -> dict[str, Any]:
    """What is asked for of a notation's conventions. Raises `MicrobpError` where nothing would follow it."""
    own: dict[str, Any] = {name: True for name in ("theta", "columns", "w_ij") if getattr(options, name)}
    if options.index_from is not None:
        own["index_from"] = options.index_from
    if options.of is not None and (own or options.notation):
        raise MicrobpError("--of derives a value by the names of the graph: leave --notation and its conventions out")
    return own


def run(problem: NetworkProblem, options: argparse.Namespace) -> int:
    """Prints the derivations. Exit code: 1 if one of them does not give the gradient."""
    if options.json and options.format:
        raise MicrobpError(f"--json prints data, --format {options.format} a page: give one of the two")
    conventions = _conventions(options)
    if options.general:
        formulas = general_formulas(problem, options.notation or "own", **conventions)
        return _put(options, formulas.as_dict(), formulas.blocks, FORMULAS)
    if options.of is not None:
        value = explain_value(problem, options.of)
        return _put(options, value.as_dict(), value.blocks)
    labels = [options.weight] if options.weight else [layer.neurons[0].w[0].label for layer in problem.model.layers]
    if options.notation or conventions:
        pages = [explain_in_notation(problem, label, options.notation or "own", **conventions) for label in labels]
        data = {"derivations": [page.as_dict() for page in pages]}
        return _put(options, data, [block for page in pages for block in page.blocks], FORMULAS)
    found = [explain(problem, label) for label in labels]
    _put(options, {"derivations": [one.as_dict() for one in found]}, [block for one in found for block in one.blocks])
    return 0 if all(one.ok for one in found) else 1


def _put(options: argparse.Namespace, data: Mapping[str, Any], blocks: Sequence[Block], most: int = WIDTH) -> int:
    """Prints a page in its form, as wide as the terminal, but no wider than can be read."""
    form = options.format or "text"
    put(options, data, FORMS[form](blocks, room(most)), verbatim=form != "text")
    return 0
