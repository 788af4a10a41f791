"""From generated source to functions: the one place where microbp turns text into code."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

import numpy as np

from microbp.formula import Formula


def load(source: str, filename: str, namespace: dict[str, Any]) -> dict[str, Any]:
    """Run generated source in `namespace`; tracebacks and debuggers show it under `filename`.

    The text always comes from parsed formulas and names made here, never from a user's string.
    """
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), namespace)
    return namespace


def numpy_function(name: str, arguments: tuple[str, ...], results: list[Formula]) -> Callable[..., Any]:
    """A function of arrays that returns the tuple of `results`."""
    lines = ", ".join(result.numpy() for result in results)
    source = f"def {name}({', '.join(arguments)}):\n    return ({lines},)\n"
    return load(source, f"<microbp {name}>", {"np": np})[name]  # type: ignore[no-any-return]  # it came from exec
