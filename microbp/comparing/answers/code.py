"""Gradients out of what learners hand in as code, a .py file or a notebook: it runs in a process of its own.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder, "mine.py")
...     _ = path.write_text("import numpy as np\\nW1 = np.eye(2)\\ndW1 = 2 * W1\\nprint(dW1)\\n")
...     with Code(path) as code:
...         code.gradients()
{'dW1': array([[2., 0.],
       [0., 2.]])}
"""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Self

from microbp import printing
from microbp.comparing.answers import child
from microbp.comparing.answers.formats.bounds import MAX_BYTES
from microbp.errors import ProblemError, nearest
from microbp.nn.array_names import array_name, stems
from microbp.printing import say

KINDS = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.KEYWORD_ONLY,
    inspect.Parameter.VAR_KEYWORD,
)
"""Of parameters, by their numbers."""
ENDINGS = (".py", ".ipynb")
SECONDS = 10.0
"""How long a hand-in may run."""
_OF_ONE = "delta_"
"""So a well-known book calls the gradients of one sample, delta_nabla_w, beside their sums."""
_WHOLE = ("grads", "gradients", "grad", "gradient")
"""What is called so has all of them in it."""
_BACKWARD = re.compile("back|grad", re.IGNORECASE)
"""What a function that returns them is called."""
_ENVIRONMENT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "VIRTUAL_ENV")
"""What the code gets to know of where it runs."""
_SETTINGS = {"MPLBACKEND": "Agg", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
_MAGIC = re.compile(r"^([ \t]*)(?:[%!].*|[^\n#'\"=]*\?{1,2}[ \t]*)$", re.MULTILINE)
"""Lines of a notebook that are no Python: %matplotlib inline, !pip install, np.sum?."""
_TIMED = re.compile(r"\s*%%(?:time|timeit|capture|prun)\b.*")


def is_code(path: str | os.PathLike[str]) -> bool:
    """Whether a hand-in is code, by its ending."""
    return Path(path).suffix.lower() in ENDINGS


class Code:
    """A hand-in of code: a context, in which it has run, and its functions can be called.

    Raises `ProblemError` for what cannot be read, and for what does not end within so many `seconds`, all calls of its
    functions together. An error in a cell, or in the file, is none if the gradients are there all the same: see `note`.
    """

    def __init__(self, path: str | os.PathLike[str], seconds: float = SECONDS) -> None:
        self.path, self.seconds = Path(path), seconds
        self.note = ""
        """What went wrong in it, as a sentence."""
        self._raised = ""
        self._late = False

    def __enter__(self) -> Self:
        place = self.path.resolve()
        code = {"cells": cells(place), "path": str(place), "folder": str(place.parent), "seconds": self.seconds}
        self._process = subprocess.Popen(
            [sys.executable, "-P", child.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | _SETTINGS,
            start_new_session=True,
        )
        self._end = time.monotonic() + self.seconds
        try:
            self._raised = self._ask(code)["raised"]
        except BaseException:
            self.__exit__()
            raise
        self.note = say("The code raised {error}.", error=self._raised) if self._raised else ""
        return self

    def __exit__(self, *raised: object) -> None:
        printing.end_group(self._process)
        with contextlib.suppress(TimeoutError):
            self._answer(printing.GRACE)
            self._close()

    def gradients(self, labels: Collection[str] = (), said: Collection[str] = ()) -> dict[str, Any]:
        """What is called as a gradient is, dW1, grad_b1, or is that of one of these labels, dE_dw5, w5_grad.

        Where names are `said` to mean gradients, those that are there. Where nothing is, what is in a dict, or a list,
        called grads. Raises `ProblemError` if that is not there either.
        """
        names: list[str] = self._ask({"what": "names"})["names"]
        known = {label.lower() for label in labels}
        own = [name for name in names if _is_gradient(name, known)]
        own = [name for name in own if name.removeprefix(_OF_ONE) not in {*own} - {name}]
        numbered = [name for name in own if any(c.isdigit() for c in name)]
        called = numbered or own or [name for name in _WHOLE if name in names][:1]
        chosen = [name for name in names if name in said or name in called]
        if not chosen:
            why = f"it raised {self._raised}, and has" if self._raised else "it has"
            there = ", ".join(names[:8]) or "none with numbers"
            message = f"{why} no gradients among its variables: call them dW1, db1, … or grads; got {there}"
            functions: list[str] = self._ask({"what": "parameters", "function": ""})["functions"]
            backward = [name for name in functions if _BACKWARD.search(name)] or ([] if names else functions)
            message += f"; or take what a function returns: --function {backward[-1]}" if backward else ""
            raise ProblemError(message)
        found: dict[str, Any] = child.unpacked(self._ask({"what": "values", "names": chosen})["values"])
        return found

    def function(self, name: str) -> Callable[..., Any]:
        """A function in it, which is called over there. Raises `ProblemError` if there is none of that name."""
        asked = self._ask({"what": "parameters", "function": name})
        if "parameters" not in asked:
            raise ProblemError(f"{nearest('function', name, asked['functions'])}{self._raised and f'; {self.note}'}")

        def call(*arguments: Any) -> Any:
            request = {"what": "call", "function": name, "arguments": child.packed(arguments)}
            answer = self._ask(request)
            if "raised" in answer:
                raise ProblemError(f"your function raised {answer['raised']}")
            return child.unpacked(answer["values"])

        if asked["parameters"] is not None:
            parameters = [
                inspect.Parameter(str(called), KINDS[kind], default=None if default else inspect.Parameter.empty)
                for called, kind, default in asked["parameters"]
            ]
            call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # which inspect looks for
        return call

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """What the process answers to a request. Raises `ProblemError` if it does not."""
        self._answer = printing.in_background(lambda: self._exchange(json.dumps(request).encode() + b"\n"))
        try:
            line = self._answer(self._end - time.monotonic())
        except TimeoutError:
            self._late = True
            raise ProblemError(f"the code did not finish within {self.seconds:g} s") from None
        if len(line) >= MAX_BYTES:
            raise ProblemError(f"its numbers take more than {MAX_BYTES:,} bytes, the limit")
        if not line.endswith(b"\n"):
            raise ProblemError("the code ended its process: os._exit(), a crash, or out of memory")
        try:
            found: dict[str, Any] = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ProblemError("the code has disturbed what its process answers") from error
        return found

    def _exchange(self, request: bytes) -> bytes:
        """The line that answers one; what there is of it, if the process ends."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(request)
            self._process.stdin.flush()
            line = printing.read_until(self._process.stdout, MAX_BYTES, b"\n")
            if self._late:  # then nobody waits for it any more
                self._close()
            return line
        return b""

    def _close(self) -> None:
        for pipe in filter(None, (self._process.stdin, self._process.stdout)):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def cells(path: Path) -> list[tuple[str, str]]:
    """The name and the text of each cell of code; a file of Python is one. Raises `ProblemError` for no notebook."""
    try:
        text = printing.read_file(path, MAX_BYTES).decode("utf-8-sig")
        if path.suffix.lower() == ".py":
            return [(path.name, text)]
        found = [(f"cell {k}", "".join(c["source"])) for k, c in enumerate(_cells(json.loads(text)), 1)]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        kind = "Python file" if path.suffix.lower() == ".py" else "notebook"
        said = "there is no such file" if isinstance(error, FileNotFoundError) else str(error)[:80]
        raise ProblemError(f"this {kind} cannot be read: {said}") from error
    return [(name, _MAGIC.sub(r"\1pass", _TIMED.sub("", text, count=1))) for name, text in found if not _is_other(text)]


def _cells(notebook: Any) -> list[dict[str, Any]]:
    if not (isinstance(notebook, dict) and "cells" in notebook):
        raise ValueError("it has no cells")
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _is_other(text: str) -> bool:
    """Whether a cell is in another language: %%bash."""
    return text.lstrip().startswith("%%") and not _TIMED.match(text)


def _is_gradient(name: str, labels: Collection[str]) -> bool:
    """Whether a variable is called as a gradient, not as what that is of: dW1, W1_grad, nabla_b, dE_dw5."""
    of = [stem for stem in stems(name) if stem != name]
    return any(stem.lower() in labels or array_name(stem) for stem in of)
