"""Graphs of your own code: the file that makes one is run, and the value of a name in it is the root.

>>> import io
>>> x = Value(3.0, "x")
>>> debug(x * x, commands=["n", "q"], stdout=(screen := io.StringIO()))
>>> print(screen.getvalue().splitlines()[3])
  ∂(x·x)/∂x += ∂(x·x)/∂(x·x) · x = 1 × 3 = 3
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from microbp.comparing.answers.files import running
from microbp.engine import Value
from microbp.errors import ProblemError, nearest
from microbp.nn import MLP
from microbp.problems import Problem
from microbp.problems.graph import GraphProblem
from microbp.stepping.stepper import Detail
from microbp.terminal.debugger import Debugger


def debug(
    root: Any,
    *,
    model: MLP | None = None,
    detail: Detail = "contribution",
    commands: Iterable[str] = (),
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
) -> None:
    """Opens the debugger on the backward pass of a value, or of a problem, as `microbp step` does.

    With `model` the layers and neurons of a network are known. `commands` are done first; q leaves. Raises
    `OperandError` for what is no value.
    """
    problem = root if isinstance(root, Problem) else GraphProblem(root, model=model)
    Debugger(problem, detail, stdin=stdin, stdout=stdout).run(commands)


def is_own_code(text: str) -> bool:
    """Whether a problem is given as a file of Python code, mine.py or mine.py:loss."""
    path, colon, name = text.rpartition(":")
    return text.endswith(".py") or (bool(colon) and path.endswith(".py") and name.isidentifier())


def graph_of(text: str) -> GraphProblem:
    """The graph below the value of that name in a file, mine.py:loss; a function of that name is called first.

    What has no label is called as its variable. A network in the file, if it is the only one, gives the boxes. Raises
    `ProblemError` for a file that does not run, and for a name that is no value.
    """
    path, _, name = (text, "", "") if text.endswith(".py") else text.rpartition(":")
    module = run_file(Path(path), "a graph is given as mine.py:loss, the file and the name of a value in it")
    values = [key for key, value in vars(module).items() if isinstance(value, Value)]
    if not name:
        raise ProblemError(f"say which value of {path}: {path}:{values[-1] if values else 'loss'}")
    if not hasattr(module, name):
        if not values:
            raise ProblemError(
                f"{path} has no {name}, and no microbp.Value outside its functions: {path}:NAME needs one, or "
                "a function without parameters that returns one"
            )
        raise ProblemError(f"{path}: {nearest('value', name, values)}")
    found = getattr(module, name)
    if callable(found) and not isinstance(found, Value):
        with running(f"{text}:"):
            found = found()
    if not isinstance(found, Value):
        raise ProblemError(f"{text} must be a microbp.Value, or a function that returns one; got {found!r:.60}")
    for key, value in vars(module).items():
        if isinstance(value, Value) and not value.label:
            value.label = key
    found.label = found.label or name
    models = [value for value in vars(module).values() if isinstance(value, MLP)]
    return GraphProblem(found, text, models[0] if len(models) == 1 else None)


def run_file(path: Path, needs: str) -> ModuleType:
    """A file of Python code as a module; it is run, in its own folder's company. `needs` says what it is for."""
    if not path.exists():
        raise ProblemError(f"there is no file of Python code {str(path)!r}: {needs}")
    if path.suffix != ".py" or not path.is_file():
        raise ProblemError(f"{str(path)!r} is not a .py file: {needs}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))
    try:
        with running(f"cannot run {str(path)!r}:"):
            spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.resolve().parent))
    return module
