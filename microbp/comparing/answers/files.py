"""A learner's gradients from a file, or from a function of the learner's.

>>> import tempfile, pathlib
>>> with tempfile.TemporaryDirectory() as folder:
...     path = pathlib.Path(folder, "mine.csv")
...     _ = path.write_text("w5,0.0822\\nw6,0.0827\\n")
...     load_gradients(path)
{'w5': 0.0822, 'w6': 0.0827}
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import json
import os
import re
import sys
import sysconfig
import traceback
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from microbp import printing
from microbp.comparing.answers.formats.bounds import MAX_BYTES
from microbp.comparing.answers.formats.by_ending import READERS
from microbp.errors import MicrobpError, ProblemError, ShapeError, UnknownNameError, nearest

MISFITS = (ShapeError, UnknownNameError)
"""Errors of what a file holds, which do not say of which file: for `naming_source`."""
_PICKLE = "a pickle runs what is in it when it is read: save numbers alone, np.savez('mine.npz', dW1=dW1, db1=db1)"
_CODE = "it is code, which runs only when you ask for it: with --run, in a process of its own, with limits"
_NOT_READ = dict.fromkeys((".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth"), _PICKLE)
_NOT_READ |= dict.fromkeys((".py", ".ipynb"), _CODE)
"""Why some kinds of files are not read."""
_FOLDERS = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
_NOT_THEIRS = tuple(os.path.join(folder, "") for folder in (*_FOLDERS, str(Path(__file__).parents[1])))
"""Where code lies that is not the learner's."""


def load_gradients(path: str | os.PathLike[str], what: str = "gradients") -> Any:
    """What a .npz, .npy, .json, .csv, .txt or .mat file holds, for `read_gradients`. Nothing in it is ever run.

    A .csv has numbers alone, or lines with a name first: `w5, 0.08` or `dW1, 0.1, 0.2`, a line for each row, or with
    semicolons or tabs, `dW1; 0,1; 0,2`; or one row of numbers under their names. The arrays of a .npz that have no
    names are a list. Raises `ProblemError` for a file that cannot be read, whatever is wrong with it, and for one that
    holds too much, saying `what` was looked for.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in READERS:
        why = _NOT_READ.get(suffix) or nearest("kind of file", suffix, READERS)
        raise ProblemError(f"cannot read {what} from {str(path)!r}: {why}")
    try:
        return READERS[suffix](printing.read_file(path, MAX_BYTES))
    except MicrobpError:
        raise
    except Exception as error:  # what NumPy, zipfile and others raise for a broken file is no list that ends
        raise ProblemError(f"cannot read {what} from {str(path)!r}: {error_reason(error)}") from error


@contextlib.contextmanager
def naming_source(
    source: str | None, kinds: type[Exception] | tuple[type[Exception], ...] = MicrobpError
) -> Iterator[None]:
    """Errors of these kinds say first what they are of, if there is anything to say.

    >>> with naming_source("mine.json"):
    ...     raise UnknownNameError("unknown gradient: 'w9'")
    Traceback (most recent call last):
    microbp.errors.UnknownNameError: mine.json: unknown gradient: 'w9'
    """
    try:
        yield
    except kinds as error:
        if not source:
            raise
        raise type(error)(f"{source}: {error}") from error


def error_reason(error: BaseException) -> str:
    """What an error says, on one line; of what kind it is, unless its words were made for people.

    >>> error_reason(ValueError("no numbers")), error_reason(KeyError("w5")), error_reason(EOFError())
    ('no numbers', "KeyError: 'w5'", 'EOFError')
    """
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, json.JSONDecodeError):
        return _no_json(error)
    if isinstance(error, UnicodeDecodeError):
        return f"it is no text in UTF-8, from byte {error.start} on: save it again as UTF-8"
    if isinstance(error, zipfile.BadZipFile):
        return "it is no whole .npz: it was cut off when it was saved or sent, or only its name ends so"
    said = " ".join(str(getattr(error, "strerror", None) or error).split())
    if said and isinstance(error, ValueError | OSError | MicrobpError):
        return said
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _no_json(error: json.JSONDecodeError) -> str:
    """What is wrong with a text that should be JSON.

    >>> error_reason(json.JSONDecodeError("Expecting value", '{"w5": ', 7))
    'it ends in the middle, at line 1, column 8: it was cut off when it was saved or sent, or a bracket is missing'
    """
    if not error.doc.strip():
        return "it is empty"
    place = f"line {error.lineno}, column {error.colno}"
    if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string"):
        return f"it ends in the middle, at {place}: it was cut off when it was saved or sent, or a bracket is missing"
    return f"it is not valid JSON, as json.dump writes it: {error.msg}, at {place}"


def find_function(name: str) -> Callable[..., Any]:
    """The function `module:name` of the user's, from the current directory or from what is installed.

    The module is imported, and so run: name one that you trust. What it and the function print goes to stderr, and what
    they raise is a `ProblemError` that says where. Raises `ProblemError` if there is none.

    >>> find_function("math:hypot")(3, 4)
    5.0
    """
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        raise ProblemError(f"a function is given as module:name, for example mine:backward; got {name!r}")
    if module != (stem := re.split(r"[/\\]", module.removesuffix(".py"))[-1]):
        raise ProblemError(f"a function is given as module:name, not by a file: write {stem}:{attribute}, got {name!r}")
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    with running(f"cannot import the module {module!r}:"):
        found = importlib.import_module(module)
        function: Any = getattr(found, attribute, None)
    if source := getattr(found, "__file__", None):
        printing.keep(source)
    if not callable(function):
        names = [n for n, value in vars(found).items() if inspect.isfunction(value)]
        raise ProblemError(f"{nearest('function', attribute, names)}, in the module {module!r}")

    @functools.wraps(function)
    def guarded(*arguments: Any) -> Any:
        with running("your function raised", f"; it is called as f({', '.join(map(_shapes, arguments))})"):
            return function(*arguments)

    return guarded


def _shapes(argument: Any) -> str:
    """An argument of a function in an error: the shapes of its arrays.

    >>> _shapes([np.zeros((3, 2)), np.zeros((1, 3))]), _shapes({"W1": np.zeros((3, 2))}), _shapes(0.5)
    ('[(3, 2), (1, 3)]', "{'W1': (3, 2)}", '0.5')
    """
    if isinstance(argument, Mapping):
        return "{" + ", ".join(f"{key!r}: {_shapes(part)}" for key, part in argument.items()) + "}"
    if isinstance(argument, list | tuple):
        return f"[{', '.join(map(_shapes, argument))}]"
    return str(np.shape(argument)) if np.ndim(argument) else repr(argument)


@contextlib.contextmanager
def running(words: str, nowhere: str = "") -> Iterator[None]:
    """Runs a learner's code: what it prints goes to stderr, what it raises, sys.exit too, is a `ProblemError`.

    No `__pycache__` is left beside it: nobody asked for one, and in the second after a change it would be out of date.
    """
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except (Exception, SystemExit) as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        frames = [
            f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(("<", *_NOT_THEIRS))
        ]
        if frames and not isinstance(error, SyntaxError):  # which says itself where it is
            said += f" ({Path(frames[-1].filename).name} line {frames[-1].lineno})"
        elif isinstance(error, TypeError):
            said += nowhere
        raise ProblemError(f"{words} {said}") from error
    finally:
        sys.dont_write_bytecode = before
