"""Which commands there are, and what their exit codes mean: the help, the README and the tests read it here."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

OURS = 70
"""The exit code of an error of microbp's own: sysexits.h calls it EX_SOFTWARE."""
INTERRUPTED = 130
"""The exit code of what Ctrl-C ends: 128 and the number of the signal, as shells have it."""
EXIT_CODES = {
    0: "done; the numbers agree, the gradients are right",
    1: "something differs, is wrong, or could not be caught",
    2: "bad usage, or a file that cannot be read or written",
    OURS: "an error of microbp's own: please report it",
    INTERRUPTED: "interrupted",
}
BUILT_IN = "a built-in problem (`microbp problems` lists them)"
NETWORK = f"{BUILT_IN}, or a .toml file"
PROBLEM = f"{BUILT_IN}, a .toml file, an expression such as 'sigmoid(w*x + b)', or mine.py:loss, a value of your code"


class Command(NamedTuple):
    """One row of the table: what it does, what to give it, an example that runs."""

    about: str
    example: str
    """What stands behind `microbp` and the name of the command."""
    takes: str = "problem"
    """ "problem", "network" (a problem that is no expression), or "nothing"."""
    samples: bool = True
    """Whether a part of the samples can be asked for."""
    files: bool = False
    """Whether files of gradients may stand after the problem."""
    speaks: bool = False
    """Whether all that it prints can be had in another language."""
    folder: str = ""
    """The folder in `commands` in which its module is, if it is in one."""


COMMANDS = {
    "diagnose": Command(
        "say which line of your derivation is wrong, from your gradients alone",
        "w1-w8 mine.json",
        files=True,
        speaks=True,
    ),
    "check": Command(
        "say which line of your own backward pass in NumPy, in a file, is wrong", "mine.py", "nothing", speaks=True
    ),
    "step": Command(
        "step through the backward pass in a debugger, or as a quiz, or print all of it", "w1-w8 --at w5", speaks=True
    ),
    "draw": Command(
        "draw the graph, with values, grads and local derivatives", "w1-w8 -o w1-w8.svg --theme dark", speaks=True
    ),
    "compare": Command(
        "compare the scalar graph, or your own gradients, with vectorized NumPy",
        "w1-w8 mine.json",
        "network",
        files=True,
        speaks=True,
    ),
    "explain": Command(
        "derive the gradient of a weight, with indices and as matrices, as text, Markdown, LaTeX or HTML; --general: "
        "the formulas for any layer",
        "w1-w8 --weight w5",
        "network",
        speaks=True,
        folder="formulas",
    ),
    "forward": Command(
        "print every net and activation with its numbers put in", "w1-w8", speaks=True, folder="formulas"
    ),
    "worksheet": Command(
        "write a worksheet: forward and backward tables to fill in by hand, and the answers apart",
        "w1-w8 -o sheet.html --answers answers.html",
        speaks=True,
        folder="formulas",
    ),
    "gradcheck": Command("compare the chain rule with numeric derivatives", '"tanh(x)/x" x=0.5', speaks=True),
    "train": Command(
        "train a network; what is not given, the problem says",
        "xor --steps 10 --lr 0.1",
        "network",
        samples=False,
        speaks=True,
    ),
    "conventions": Command(
        "say which conventions give a published number",
        "w1-w8 --published 0.291027924",
        "network",
        samples=False,
        speaks=True,
    ),
    "grade": Command(
        "diagnose many learners' gradients: a row for each", "w1-w8 mine.json --csv", files=True, speaks=True
    ),
    "compile": Command(
        "print the forward and the backward pass as a Python module that stands alone", '"(w*x - y)**2" w=2 x=3 y=1'
    ),
    "demo": Command(
        "the main job on the w1–w8 network: forward, backward, update, comparison, picture",
        "-o w1-w8.svg",
        "nothing",
        speaks=True,
    ),
    "ops": Command("print the table of operations, or one of them", "tanh --source", "nothing", speaks=True),
    "problems": Command("list the built-in problems", "--template", "nothing", speaks=True),
}


def command_module(name: str) -> Any:
    """The module of a command: it has `add_options(parser)` and `run(options)`."""
    folder = COMMANDS[name].folder
    return importlib.import_module(".".join(["microbp.terminal.commands", *filter(None, [folder]), name]))
