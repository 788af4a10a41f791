"""The gradients that a backward pass returned, by the names of the arrays that they belong to.

>>> def backward(dz, x, w):
...     return dz @ w.T, x.T @ dz
>>> list(gradients_by_name((np.ones((4, 3)), np.ones((3, 2))), backward, {"x": (4, 3), "w": (3, 2)}))
['x', 'w']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.names import meant, returned_name, returned_names
from microbp.errors import ProblemError


def gradients_by_name(
    returned: Any, backward: Callable[..., Any] | None, floats: Mapping[str, tuple[int, ...]]
) -> Mapping[str, Any]:
    """The gradients that a backward pass returned, by name.

    Of a tuple the names stand in its last line, `return dW, db`; else they are those of the arrays of `floats`, shapes
    by name, if it has as many; of a single array the one of its shape. Raises `ProblemError` for what has no names.
    """
    if isinstance(returned, Mapping):
        return returned
    if isinstance(returned, np.ndarray | float):
        name = returned_name(backward)
        if name is None or meant(name, list(floats)) is None:
            fitting = [name for name, shape in floats.items() if shape == np.shape(returned)] or [*floats]
            name = fitting[0] if len(fitting) == 1 else name
        if name is not None:
            return {name: returned}
    if isinstance(returned, tuple | list):
        names = _names_of(returned, backward, floats)
        if names is not None:
            found: dict[str, Any] = {}
            for name, part in zip(names, returned, strict=True):
                found.update(part if isinstance(part, Mapping) else {name: part})
            return found
    got = "None: is `return` missing?" if returned is None else type(returned).__name__
    raise ProblemError(f'gradients are a dict, {{"dW": dW, "db": db}} for example; got {got}')


def handed_back(given: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """The arrays of the forward pass that come back beside gradients with names of their own, as by `locals()`.

    >>> x = np.ones(2)
    >>> handed_back({"x": x, "dx": 2 * x}, {"x": x}), handed_back({"x": x}, {"x": x})
    (['x'], [])
    """
    own = [name for name, x in given.items() if name in known and np.array_equal(x, known[name])]
    return own if given.keys() - known.keys() else []


def _names_of(
    returned: Sequence[Any], backward: Callable[..., Any] | None, floats: Mapping[str, tuple[int, ...]]
) -> list[str] | None:
    """Names for gradients: those in the code; for an expression, `x.T @ dz`, those of the arrays that are left."""
    names = returned_names(backward, len(returned), bare=True)
    if names is None:
        return [*floats] if len(returned) == len(floats) else None
    for k, name in enumerate(returned_names(backward, len(returned)) or ()):
        if not names[k] and name not in floats and meant(name, [*floats]) is not None:
            names[k] = name  # of `dW / N`
    left = [name for name in floats if name not in {meant(known, [*floats]) for known in names if known}]
    for k in [k for k, name in enumerate(names) if not name and not isinstance(returned[k], Mapping)]:
        fitting = [name for name in left if floats[name] == np.shape(returned[k])]
        if not fitting:
            return None
        names[k] = fitting[0]
        left.remove(fitting[0])
    return names
