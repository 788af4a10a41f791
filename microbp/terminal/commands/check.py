"""The command `microbp check`: any forward and backward pass in NumPy, out of a file of the learner's."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from microbp.comparing.answers.files import load_gradients, naming_source, running
from microbp.diagnosis.any_pass.check import check
from microbp.errors import MicrobpError, ProblemError, nearest
from microbp.terminal.output import put
from microbp.terminal.own_code import run_file

NEEDS = (
    "the file has forward(…), which returns the loss and the arrays on its way, backward(…), which returns their "
    "gradients, or one function that returns both, and the arrays: named as forward's parameters, or as data, a dict "
    "or a function that returns one"
)
OF_A_CLASS = """\
A class is checked through two functions beside it, which make one anew:

def forward(X, W1, b1):
    net = Net()  # your class
    net.W1, net.b1 = W1, b1
    return {"loss": net.forward(X), **vars(net)}

def backward(X, W1, b1):
    net = Net()
    net.W1, net.b1 = W1, b1
    net.forward(X)
    net.backward()
    return vars(net)  # or net.grads, with names such as dW1"""
"""What makes functions of a class."""


_CALLED = {
    "forward": re.compile(r"(.*_)?(forward|feed_?forward)(_.+)?"),
    "backward": re.compile(r"(.*_)?(backward|back_?prop(agat\w+)?)(_.+)?"),
}
"""What else the two may be called."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("file", help=f"Python code, which is run: {NEEDS}")
    parser.add_argument("--data", metavar="FILE", help="a .npz of the arrays, if the file has no data")
    parser.add_argument("--seed", type=int, default=0, help="for sizes, which random numbers are drawn for (0)")


def run(options: argparse.Namespace) -> int:
    """Prints the report. Exit code: 0 if every line is right, else 1."""
    path = Path(options.file)
    module = run_file(path, NEEDS)
    functions = {name: x for name, x in vars(module).items() if callable(x) and not name.startswith("_")}
    alone = _alone(functions, module, options)
    forward = alone or _function(functions, "forward", path)
    both = alone or (
        not _candidates(functions, "backward") and not any(isinstance(x, type) for x in functions.values())
    )
    backward = None if both else _function(functions, "backward", path)
    arrays = _data(module, options, forward)
    try:
        with running(f"{path}:"):
            found = check(forward, backward, arrays=arrays)
    except ProblemError as error:
        if isinstance(error.__cause__, MicrobpError):  # what microbp itself has to say
            with naming_source(str(path)):
                raise error.__cause__ from None
        raise
    put(options, found.as_dict(), found)
    return 0 if found.ok else 1


def _candidates(functions: Mapping[str, Any], name: str) -> list[str]:
    """The function of that name, those whose name ends so, `affine_forward`, or those that are called like it."""
    ending = [each for each in functions if each.endswith(f"_{name}")]
    return [name] if name in functions else ending or [each for each in functions if _CALLED[name].fullmatch(each)]


def _function(functions: Mapping[str, Any], name: str, path: Path) -> Any:
    """The only function that may be meant. Raises `ProblemError` if there are several, or none."""
    if not functions:
        raise ProblemError(f"{path}: there is no function in it; {NEEDS}")
    found = _candidates(functions, name)
    if len(found) != 1:
        error = ProblemError(f"{path}: {nearest('function', name, functions)}; {NEEDS}")
        if any(isinstance(x, type) for x in functions.values()):
            error.add_note(OF_A_CLASS)
        raise error
    return functions[found[0]]


def _alone(functions: Mapping[str, Any], module: ModuleType, options: argparse.Namespace) -> Any:
    """The function that takes the most of the data, if none is called forward or backward: it may return both."""
    if any(_candidates(functions, name) for name in _CALLED):
        return None
    takes: dict[str, int] = {}
    for name, function in functions.items():
        with suppress(ProblemError):
            if isinstance(function, FunctionType):
                data = _data(module, options, function)
                parameters = inspect.signature(function).parameters.values()
                if all(p.name in data or p.default is not p.empty for p in parameters):
                    takes[name] = sum(p.name in data for p in parameters)
    most = max(takes.values(), default=0)
    found = [name for name, count in takes.items() if count == most > 1]
    return functions[found[0]] if len(found) == 1 else None


def _data(module: ModuleType, options: argparse.Namespace, forward: Callable[..., Any]) -> dict[str, Any]:
    """The arrays: of a .npz, of the file itself, or random ones of its sizes."""
    if options.data:
        found = load_gradients(options.data, "arrays")
    elif isinstance(data := getattr(module, "data", None), Mapping) or callable(data):
        with running("data:"):
            found = data() if callable(data) else data
    elif isinstance(getattr(module, "sizes", None), Mapping):
        return _random(module.sizes, options.seed)
    else:
        return _named_as_needed(module, forward, options.file)
    if not isinstance(found, Mapping):
        raise ProblemError(f"data is a dict of arrays by name; got {type(found).__name__}")
    return dict(found)


def _named_as_needed(module: ModuleType, forward: Callable[..., Any], file: str) -> dict[str, Any]:
    """The arrays that stand in the file under the names of forward's parameters."""
    own = {name: x for name, x in vars(module).items() if not callable(x) and not isinstance(x, ModuleType)}
    parameters = inspect.signature(forward).parameters.values()
    needed = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    missing = [p.name for p in needed if p.default is p.empty and p.name not in own]
    if needed and not missing:
        return {p.name: own[p.name] for p in needed if p.name in own}
    raise ProblemError(
        f'{file}: no data for {", ".join(missing) or "forward"}: give them in the file, or write data = {{"X": …}}, or '
        'sizes = {"X": (8, 5), "y": ((8,), 3), "Y": ((8, 3), "one-hot")} for random numbers (y whole ones below 3), or '
        "give --data FILE.npz"
    )


def _random(sizes: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Normal numbers of these shapes; of `(shape, n)` whole numbers below n, of `(shape, "one-hot")` one-hot rows.

    >>> made = _random({"X": (8, 5), "y": ((8,), 3), "Y": ((4, 3), "one-hot")}, 0)
    >>> {name: (x.shape, x.dtype.kind) for name, x in made.items()}, made["Y"].sum(axis=1).tolist()
    ({'X': ((8, 5), 'f'), 'y': ((8,), 'i'), 'Y': ((4, 3), 'f')}, [1.0, 1.0, 1.0, 1.0])
    """
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    for name, size in sizes.items():
        shape, kind = size if isinstance(size, tuple) and size and isinstance(size[0], tuple) else (size, None)
        if kind is None:
            found[name] = rng.normal(size=shape)
        elif kind == "one-hot":
            found[name] = np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
        else:
            found[name] = rng.integers(0, kind, shape)
    return found
