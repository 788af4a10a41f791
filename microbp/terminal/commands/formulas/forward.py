"""The command `microbp forward`: the forward pass with its numbers put in."""

from __future__ import annotations

import argparse

from microbp.engine import Value
from microbp.engine.families import total
from microbp.errors import MicrobpError
from microbp.printing import printable, room
from microbp.problems import Problem, as_network
from microbp.stepping.forward import WIDTH, ForwardPass, forward
from microbp.terminal.looking import learners_number
from microbp.terminal.output import put


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--sample", type=int, metavar="K", help="of several samples this one, 1 for the first")
    which.add_argument("--on", metavar="NUMBERS", help="what the network makes of an input of your own: '1.5,0.3,2'")


def _outputs(problem: Problem, text: str) -> Value:
    """What the network makes of one input: its output; of several outputs their sum, which has no label."""
    model = as_network(problem).model
    try:
        numbers = [learners_number(part) for part in text.split(",")]
    except MicrobpError as error:
        raise MicrobpError(f"--on needs numbers with commas between them, such as 1.5,0.3; got {text!r}") from error
    if len(numbers) != len(model.input_labels):
        raise MicrobpError(f"--on needs {len(model.input_labels)} numbers, one for each input, got {len(numbers)}")
    outputs = model([Value(x, label) for x, label in zip(numbers, model.input_labels, strict=True)])
    return outputs if isinstance(outputs, Value) else total(outputs)


def run(problem: Problem, options: argparse.Namespace) -> int:
    """Prints a line for each value; the exit code is 0."""
    root = problem.root() if options.on is None else _outputs(problem, options.on)
    for value in root.graph():
        value.label = printable(value.label)
    found = forward(root, sample=options.sample)
    if options.on is not None:
        found = ForwardPass(found.lines[: -1 if not root.label else None])
    put(options, found.as_dict(), found.page(room(WIDTH)))
    return 0
