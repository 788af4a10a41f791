"""What a learner's functions look names up in: there NumPy is changed for one that values fit into.

>>> import math
>>> known_to([math.exp])
([], [])
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import CellType, FunctionType, ModuleType
from typing import Any


def is_ours(name: str) -> bool:
    """Whether a module is NumPy's or microbp's, by its name."""
    return name.partition(".")[0] in ("numpy", "microbp")


def known_to(functions: Sequence[Any]) -> tuple[list[dict[str, Any]], list[CellType]]:
    """The namespaces and closures of functions, and of the functions and modules that these hold."""
    spaces: dict[int, dict[str, Any]] = {}
    cells: list[CellType] = []
    seen: set[int] = set()
    waiting = list(functions)
    while waiting:
        x = waiting.pop()
        x = getattr(x, "__func__", getattr(x, "func", x))  # a method, functools.partial
        if id(x) in seen or _is_left_alone(x):
            continue
        seen.add(id(x))
        if isinstance(x, FunctionType):
            space = x.__globals__
            cells += (held := [cell for cell in x.__closure__ or () if _is_full(cell)])
            waiting += [cell.cell_contents for cell in held]
        elif isinstance(x, ModuleType):
            space = vars(x)
        else:
            waiting += _behind(x)
            continue
        if id(space) not in spaces and "site-packages" not in str(space.get("__file__")):
            spaces[id(space)] = space
            waiting += [f for f in list(space.values()) if isinstance(f, FunctionType | ModuleType | type)]
    return list(spaces.values()), cells


def _is_left_alone(x: Any) -> bool:
    """Whether it is microbp's or Python's own, which no NumPy is put into."""
    name = str(x.__name__ if isinstance(x, ModuleType) else getattr(x, "__module__", None))
    return is_ours(name) or name.partition(".")[0] in sys.stdlib_module_names


def _behind(x: Any) -> list[Any]:
    """The methods of a class, those that it inherits too; the class of an object that can be called."""
    if isinstance(x, type):
        return [f for each in x.__mro__ for f in vars(each).values() if isinstance(f, FunctionType)]
    return [type(x)] if callable(x) and not isinstance(x, type(len)) else []


def _is_full(cell: CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018  # asking is what raises
    except ValueError:
        return False
    return True
