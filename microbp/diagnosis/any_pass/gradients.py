"""The gradients that a backward pass returned, by the names of the arrays that they belong to.

>>> def backward(dz, x, w):
...     return dz @ w.T, x.T @ dz
>>> list(gradients_by_name((np.ones((4, 3)), np.ones((3, 2))), backward, {"x": (4, 3), "w": (3, 2)}))
['x', 'w']
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from microbp.diagnosis.any_pass.names import TARGETS, meant, returned_name, returned_names, returned_states
from microbp.diagnosis.any_pass.returned import LOSSES
from microbp.diagnosis.any_pass.trace import Recorded
from microbp.errors import ProblemError
from microbp.printing import say


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
            fitting = [name for name in fitting if not TARGETS.fullmatch(name)] or fitting
            name = fitting[0] if len(fitting) == 1 else name
        if name is not None:
            return {name: returned}
    if isinstance(returned, tuple | list):
        given = [name for name in floats if not TARGETS.fullmatch(name)]
        if len(given) == 1 and _shape(returned) == floats[given[0]]:
            return {given[0]: np.asarray(returned)}
        if len({name.partition("[")[0] for name in given}) == 1 and [*map(_shape, returned)] == [
            floats[x] for x in given
        ]:
            return {name: np.asarray(part) for name, part in zip(given, returned, strict=True)}  # one list for another
        names = _names_of(returned, backward, floats)
        if names is not None:
            found: dict[str, Any] = {}
            for name, part in zip(names, returned, strict=True):
                found.update(part if isinstance(part, Mapping) else {name: part})
            return found
    got = "None: is `return` missing?" if returned is None else type(returned).__name__
    raise ProblemError(f'gradients are a dict, {{"dW": dW, "db": db}} for example; got {got}')


def _shape(nest: Any) -> tuple[int, ...] | None:
    """The shape of nested lists; None if they are ragged, or no numbers."""
    try:
        found = np.asarray(nest, dtype=float)
    except (TypeError, ValueError):
        return None
    return found.shape


def handed_back(given: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """The arrays of the forward pass that come back beside gradients with names of their own, as by `locals()`.

    >>> x = np.ones(2)
    >>> handed_back({"x": x, "dx": 2 * x}, {"x": x}), handed_back({"x": x}, {"x": x})
    (['x'], [])
    """
    own = [name for name, x in given.items() if name in known and np.array_equal(x, known[name])]
    return own if given.keys() - known.keys() else []


def gradients_of_forward(given: Mapping[str, Any], recorded: Recorded) -> list[str]:
    """The gradients that forward returns too, as a function that computes its loss and them: not in its loss."""
    inner = [key for key in given if key in recorded and not recorded[key].is_leaf]
    inner = [key for key in inner if np.shape(given[key]) == recorded[key].shape]
    inner = [key for key in inner if np.allclose(given[key], recorded[key].value, rtol=1e-9)]
    reached = set(recorded.loss.graph()) if inner else set()
    return [key for key in inner if reached.isdisjoint(recorded[key].nodes.ravel().tolist())]


def beside_the_loss(given: Mapping[str, Any], recorded: Recorded) -> dict[str, Any]:
    """The gradients among all that a function returns which computes its loss and them. Raises if there are none."""
    found = {key: x for key, x in given.items() if key not in recorded or recorded[key].is_leaf}
    found = {key: x for key, x in found.items() if key not in recorded or not np.array_equal(x, recorded[key].value)}
    if not any(meant(key, list(recorded)) or np.size(x) > 1 for key, x in found.items()):
        raise ProblemError(
            "check needs a backward pass, or gradients=… with its numbers: one of the two. A function alone has to "
            'return its gradients beside the loss, `return loss, {"dW": dW}`'
        )
    return found


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
    states = returned_states(backward, len(returned)) if any(names) else [""] * len(names)
    names = [name or ("loss" if state else "") for name, state in zip(names, states, strict=True)]  # goes on, as hs[-1]
    left = [name for name in floats if name not in {meant(known, [*floats]) for known in names if known}]
    for k in [k for k, name in enumerate(names) if not name and not isinstance(returned[k], Mapping)]:
        fitting = [name for name in left if floats[name] == np.shape(returned[k])]
        if not fitting and np.size(returned[k]) != 1:
            return None
        names[k] = fitting[0] if fitting else "loss"
        left = [name for name in left if name != names[k]]
    return names


def matched(flat: Mapping[str, Any], names: Mapping[str, str], recorded: Recorded) -> tuple[dict[str, Any], list[str]]:
    """The given gradients by the names of the trace, and what is left aside."""
    mine: dict[str, Any] = {}
    strange = []
    stacked = {name: parts for name, parts in _series([*recorded]).items() if name not in recorded}
    for key, numbers in flat.items():
        name = names.get(key) or meant(key, [*recorded, *stacked, "loss"])
        if numbers is None or name == "loss" or (name is None and key in LOSSES and np.size(numbers) == 1):
            continue
        if name in stacked and np.shape(numbers)[:1] == (len(stacked[name]),):
            mine.update({part: numbers_of(key, x) for part, x in zip(stacked[name], numbers, strict=True)})
        elif name in recorded:
            mine[name] = numbers_of(key, numbers)  # type: ignore[index]  # None is in no trace
        else:
            strange.append(key)
    for base in sorted({key.partition("[")[0] for key in strange if "[" in key}):
        name, parts = meant(base, [*recorded]), [key for key in strange if key.startswith(f"{base}[")]
        if name in recorded and recorded[name].shape[:1] == (len(parts),):  # type: ignore[index]  # recorded, so no None
            mine[name] = np.stack([numbers_of(key, flat[key]) for key in parts])  # type: ignore[index]  # as above
            strange = [key for key in strange if key not in parts]
    if not mine and (mine := _by_shape({key: flat[key] for key in strange}, recorded)):
        taken = ", ".join(
            say("{key} for that of {name}", key=key, name=name) for name, key in zip(mine, strange, strict=True)
        )
        return mine, [say("recognized by their shapes: {taken}", taken=taken)]
    if not mine:
        raise ProblemError(
            f"none of the gradients {list(flat)} belongs to an array of the forward pass {list(recorded)}: what has a "
            "gradient is an argument of forward, not a global of its file, or is returned by it. Call that of W dW, or "
            'say names={"mine": "W"}'
        )
    aside = say("not compared: {names}; forward returns nothing with that name", names=", ".join(strange))
    return mine, [aside] if strange else []


def _by_shape(strange: Mapping[str, Any], recorded: Recorded) -> dict[str, Any]:
    """Gradients whose names say nothing, if there is one for each array that was given, and their shapes tell all."""
    leaves = {name: q.shape for name, q in recorded.items() if q.is_leaf and not TARGETS.fullmatch(name)}
    found: dict[str, Any] = {}
    for key, numbers in strange.items():
        fitting = [name for name, shape in leaves.items() if shape == np.shape(numbers)]
        if len(fitting) != 1 or fitting[0] in found or not np.size(numbers) > 1:
            return {}
        found[fitting[0]] = numbers_of(key, numbers)
    return found if len(found) == len(leaves) else {}


def _series(names: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        if name.endswith("]"):
            found.setdefault(name.rpartition("[")[0], []).append(name)
    return {base: sorted(parts, key=lambda name: (len(name), name)) for base, parts in found.items()}


def numbers_of(key: str, numbers: Any) -> Any:
    """A gradient as an array of floats. Raises `ProblemError` for what is none."""
    try:
        found = np.asarray(numbers)
        if found.dtype.kind == "f":
            return found
        return found.astype(float)
    except (TypeError, ValueError) as error:
        raise ProblemError(f"the gradient {key} must be an array of numbers, got {type(numbers).__name__}") from error
