"""What runs a learner's code, as a process of its own: it gets the code and requests, a line each, and answers in JSON.

It is started by file, not imported, and knows nothing of microbp; `code.py` is its other end. Not a sandbox: it keeps
code from running for ever, from taking all memory, and from what the other end has in its own memory.

>>> unpacked(packed({"dW": [np.ones((1, 2), "f4")], "loss": 0.5}))
{'dW': [array([[1., 1.]], dtype=float32)], 'loss': 0.5}
"""

from __future__ import annotations

import contextlib
import importlib.abc
import inspect
import json
import os
import sys
import traceback
from types import CodeType, ModuleType
from typing import Any

import numpy as np

MEMORY = 2 << 30
"""Bytes that the code may have."""
LARGEST_FILE = 100 << 20
"""Bytes of a file that it may write."""


def packed(value: Any) -> Any:
    """Arrays, numbers, lists and dicts of them as JSON has it; of anything else what it is."""
    if hasattr(value, "detach"):  # a tensor that is part of a graph
        value = value.detach()
    if hasattr(value, "__array__") and (array := np.asarray(value)).dtype != object:
        return {"array": array.tolist(), "dtype": array.dtype.str} if array.dtype.kind in "biuf" else {"other": "array"}
    if isinstance(value, dict):
        return {"dict": [[str(key), packed(part)] for key, part in value.items()]}
    if isinstance(value, list | tuple | np.ndarray):
        return [packed(part) for part in value]
    return value if value is None or isinstance(value, bool | int | float | str) else {"other": type(value).__name__}


def unpacked(value: Any) -> Any:
    """The same again; what is of another kind is a text that says so."""
    if isinstance(value, list):
        return [unpacked(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return np.array(value["array"], dtype=np.dtype(str(value["dtype"])))
    return {key: unpacked(part) for key, part in value["dict"]} if "dict" in value else f"<{value['other']}>"


class _Cell(importlib.abc.InspectLoader):
    """Runs one cell, or a whole file, in a module."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text

    def get_source(self, fullname: str) -> str:
        """The text."""
        return self.text

    def get_code(self, fullname: str) -> CodeType:
        """The text, compiled under its name."""
        return self.source_to_code(self.text, self.name)


def main() -> None:
    """Runs the code that comes first, then answers requests until there are no more."""
    requests, answers = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    for stream in range(3):  # what the code prints, or asks for, goes nowhere
        os.dup2(os.open(os.devnull, os.O_RDWR), stream)
    code = json.loads(requests.readline())
    _limit(code["seconds"])
    os.chdir(code["folder"])
    sys.path.insert(0, code["folder"])
    sys.argv = [code["path"]]
    module = sys.modules["__main__"] = ModuleType("__main__")
    vars(module).update(__file__=code["path"], display=lambda *shown, **how: None)
    raised = ""
    for name, text in code["cells"]:
        said = _run(_Cell(name, text).exec_module, module, name)[1]
        raised = raised or said
    answer: dict[str, Any] = {"raised": raised}
    while True:
        answers.write(f"{json.dumps(answer)}\n")
        answers.flush()
        if not (line := requests.readline()):
            return
        answer = _answer(module, json.loads(line))


def _answer(module: ModuleType, request: dict[str, Any]) -> dict[str, Any]:
    names = {name: value for name, value in vars(module).items() if not name.startswith("_") and name != "display"}
    match request["what"]:
        case "names":
            return {"names": [name for name, value in names.items() if _is_data(value)]}
        case "values":
            return {"values": packed({name: names[name] for name in request["names"]})}
    function = names.get(request["function"])
    if not callable(function):
        return {"functions": [name for name, value in names.items() if inspect.isfunction(value)]}
    if request["what"] == "parameters":
        try:
            parameters = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):
            return {"parameters": None}
        return {"parameters": [[p.name, int(p.kind), p.default is not p.empty] for p in parameters]}
    found, raised = _run(lambda given: function(*given), unpacked(request["arguments"]), None)
    return {"raised": raised} if raised else {"values": packed(found)}


def _run(function: Any, argument: Any, name: str | None) -> tuple[Any, str]:
    """What a function of the learner's returns, and what it raises."""
    try:
        return function(argument), ""
    except BaseException as error:  # sys.exit() too
        said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        frames = traceback.extract_tb(error.__traceback__)
        own = [f for f in frames if f.filename == name or not os.path.isabs(f.filename.strip("<"))]
        if isinstance(error, SyntaxError):
            return None, f"{said} ({name})"
        return None, f"{said} ({own[-1].filename} line {own[-1].lineno})" if own else said


def _is_data(value: Any) -> bool:
    return hasattr(value, "__array__") or isinstance(value, int | float | list | tuple | dict)


def _limit(seconds: float) -> None:
    """Lets the process have no more than so much, where a system can be told."""
    with contextlib.suppress(ImportError):
        import resource

        limits = {"AS": MEMORY, "FSIZE": LARGEST_FILE, "CORE": 0, "CPU": int(seconds) + 2}
        for name, most in limits.items():
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))


if __name__ == "__main__":
    main()
