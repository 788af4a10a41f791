"""The command `microbp compile`: a problem's forward and backward pass as a module, in straight lines or matrices."""

from __future__ import annotations

import argparse
import math
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.derivation import compiling
from microbp.derivation.compiling.function import TARGETS
from microbp.engine.value import Value
from microbp.errors import ProblemError
from microbp.printing.files import check_place, write_file
from microbp.problems import NetworkProblem, Problem
from microbp.terminal.output import put
from microbp.training.compiled import compiled_matrix_form


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("-o", "--output", metavar="FILE", help="write the module there, instead of printing it")
    parser.add_argument(
        "--target", choices=TARGETS, default="python", help="straight lines, or the matrix form in NumPy for a batch"
    )
    parser.add_argument("--loop", action="store_true", help="the whole of gradient descent, not one pass")
    parser.add_argument(
        "--textbook", action="store_true", help="sums with +, derivatives as they are printed: shorter, not exact"
    )
    parser.add_argument("--fast", action="store_true", help="written for speed: no headings, a line for each value")


def run(problem: Problem, options: argparse.Namespace) -> int:
    """Prints the source, or writes it: a module that stands alone, and prints the problem's numbers when run."""
    if options.output:
        if Path(options.output).suffix.lower() != ".py":
            raise ProblemError(f"-o needs a file that ends in .py, for it is a Python module; got {options.output!r}")
        check_place(options.output)
    if options.target == "numpy":
        if options.loop or options.fast:
            raise ProblemError("--target numpy gives one pass, in matrices: --loop and --fast are for straight lines")
        source = matrix_source(problem)
    else:
        source = module_source(problem, loop=options.loop, readable=not options.fast, textbook=options.textbook)
    if options.output:
        write_file(options.output, source.encode())
    else:
        put(options, {"source": source}, source.removesuffix("\n"), verbatim=True)
    return 0


def module_source(problem: Problem, loop: bool = False, readable: bool = True, textbook: bool = False) -> str:
    """The source, with the problem's own numbers at its end."""
    root = problem.root()
    inputs = _data(problem, root) + problem.leaves()
    wrt = problem.trained() if isinstance(problem, NetworkProblem) else problem.leaves()
    f: Any = compiling.compile(root, inputs, wrt, loop=loop, readable=readable, textbook=textbook)
    numbers = [_number(leaf.data) for leaf in inputs]
    if loop:
        training = problem.training if isinstance(problem, NetworkProblem) else None
        rate, steps = (training.learning_rate, training.steps) if training else (0.1, 100)
        numbers += [f"learning_rate={rate!r}", f"steps={steps}"]
    call = f"print({f.__name__}({', '.join(numbers)}))"
    if len(call) > 100:
        call = "\n        ".join([f"print(\n        {f.__name__}(", *(f"    {n}," for n in numbers), ")\n    )"])
    return f'{f.source}\n\nif __name__ == "__main__":\n    {call}\n'


def matrix_source(problem: Problem) -> str:
    """The source in matrix form, with the problem's own numbers at its end."""
    if isinstance(problem, NetworkProblem):
        form = compiled_matrix_form(problem, readable=True)
        f, numbers = form.function, [*problem.shown_samples, *form.arguments(form.theta)]
        numbers += [np.asarray(x) for x in form.penalty(problem, len(numbers[0]))]
    else:
        leaves = problem.leaves()
        f = compiling.compile(problem.root(), leaves, leaves, target="numpy")
        numbers = [np.asarray(leaf.data) for leaf in leaves]
    written = [_written(x) if x.ndim else _number(x.item()) for x in numbers]
    lines = [f"    value, grads = {f.__name__}(", *(f"        {number}," for number in written), "    )"]
    short = f"    value, grads = {f.__name__}({', '.join(written)})"
    lines = [short] if len(short) <= 100 else lines
    lines += ["    print(value, *grads, sep='\\n')"]
    source = f.source
    if "import numpy" not in source and any("np." in line for line in lines):
        source = source.replace("\n\n\n", "\n\nimport numpy as np\n\n\n", 1)
    return "\n".join([source, "", 'if __name__ == "__main__":', *lines, ""])


def _number(x: float) -> str:
    return repr(x) if math.isfinite(x) else f'float("{x}")'


def _written(array: NDArray[np.float64]) -> str:
    """An array as code, behind eight spaces."""
    text = str(array.tolist())
    if len(text) > 90:
        text = f"\n{textwrap.fill(text, 118, initial_indent=' ' * 12, subsequent_indent=' ' * 12)}\n        "
    return f"np.array({text})"


def _data(problem: Problem, root: Value) -> list[Value]:
    """The labelled leaves of the graph that are data, if there is one sample: else they are constants."""
    own = set(problem.leaves())
    data = [v for v in root.graph() if v.op is None and v.label and v not in own]
    return data if len({v.label for v in data}) == len(data) else []
