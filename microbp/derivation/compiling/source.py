"""From lines to the source of a function: arguments and results in their shapes, long ones in parts, the descent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from microbp.derivation.compiling.entries import Entry, Identifiers
from microbp.derivation.compiling.layout import filled_lines, indented, module, names_in, returned, shortly, titled
from microbp.derivation.compiling.scalar import Scalar, Statement
from microbp.engine import Value

PART = 1000
"""A longer function is written as several of so many statements: Python's compiler slows down in long ones."""
OFTEN = 3
"""So often a function must be called to be worth a local name."""
_FUNCTION = re.compile(r"\bmath\.(\w+)")
_SQUARE = re.compile(r"(?<![\w.])([^\W\d]\w*) \*\* 2(?!\w)")
"""Of a variable; as a product it takes a third of the time, and may differ in the last bit."""


def write_source(scalar: Scalar, arguments: Sequence[Entry], results: Sequence[Entry], loop: bool) -> str:
    """The source of a module with the function `gradients`, or `descend`."""
    forward = list(scalar.forward())
    at_end = not (scalar.readable or len(scalar.order) > PART)
    back = Counter(leaf for entry in results for leaf in entry.leaves.flat) if at_end else Counter()
    backward = list(scalar.backward(back, {scalar.called[leaf] for leaf in back} if loop else set()))
    found = {leaf: scalar.gradient(leaf) for entry in results for leaf in entry.leaves.flat}
    wanted = {leaf: grad.python() for leaf, grad in found.items()}
    value, signature = scalar.text[scalar.root].python(), ", ".join(entry.name for entry in arguments)
    kept = {value, *wanted.values()}
    parts: list[str] = []
    if len(forward) + len(backward) > 2 * PART:
        parts, (forward_text, backward_text) = _parts([forward, backward], set(scalar.called.values()), kept)
    else:
        forward_text, backward_text = _grouped("forward", forward, scalar), _grouped("backward", backward, scalar)
    of = shortly([entry.name for entry in results])
    if loop:
        new = {leaf: scalar.called[leaf] for leaf in wanted}
        updates = [f"{name} -= learning_rate * {found[leaf].python_factor()}" for leaf, name in new.items()]
        steps = [*forward_text, "if step == steps:", "    break", *backward_text, *titled("update", updates)]
        body = [
            "if steps < 0:",
            '    raise ValueError(f"steps needs the number of updates, 0 or more, got {steps}")',
            "",
            "for step in range(steps + 1):",
            *indented(steps[steps[0] == "" :]),
            *returned(value, [_shape(entry.leaves.tolist(), new) for entry in results]),
        ]
        signature += f"{', ' if signature else ''}*, learning_rate, steps"
        said = f"Descend along the gradient; return the value there, and the new {of}."
    else:
        body = [
            *forward_text,
            *backward_text,
            *returned(value, [_shape(entry.leaves.tolist(), wanted) for entry in results]),
        ]
        said = f"Return the value, and its gradient with respect to {of}."
    if scalar.textbook and not scalar.readable:
        parts, body = ([_SQUARE.sub(r"(\1 * \1)", line) for line in lines] for lines in (parts, body))
    if not (scalar.readable or parts):
        body = _with_local_functions(body, scalar.given, 1 if loop else OFTEN)
    used = names_in("\n".join([*parts, *body]))
    names = {leaf: name if name in used else "_" for leaf, name in scalar.called.items()}
    body = [f"{_shape(entry.leaves.tolist(), names)} = {entry.name}" for entry in arguments if entry.shape] + body
    head = ['"""A forward and a backward pass, line by line: written by microbp."""', ""]
    head += ["import math", ""] if any("math." in line for line in (*parts, *body)) else []
    return module(head, f"{'descend' if loop else 'gradients'}({signature})", said, body, parts)


def _with_local_functions(body: list[str], given: Identifiers, often: int) -> list[str]:
    """The lines with `exp = math.exp` before them, if it stands there so often: a local name is looked up sooner."""
    found = Counter(_FUNCTION.findall("\n".join(body)))
    local = {f: given.give(f) for f, times in found.items() if times >= often}
    body = [_FUNCTION.sub(lambda found: local.get(found[1], found[0]), line) for line in body]
    return [*(f"{name} = math.{f}" for f, name in local.items()), *body]


def _grouped(title: str, lines: Sequence[Statement], scalar: Scalar) -> list[str]:
    """The statements, in readable source with a heading for each layer."""
    if not scalar.readable:
        return _texts(lines)
    if len({line.layer for line in lines} - {0}) < 2:
        return titled(title, _texts(lines))
    return [
        text
        for layer, group in groupby(lines, key=lambda line: line.layer)
        for text in titled(f"{title}, layer {layer}", _texts(group))
    ]


def _texts(lines: Iterable[Statement]) -> list[str]:
    return [text for line in lines for text in (f"{line.target} {line.sign} {line.text}".strip().splitlines())]


def _parts(halves: Sequence[list[Statement]], known: set[str], kept: set[str]) -> tuple[list[str], list[list[str]]]:
    """Functions of at most `PART` statements each, and for each half of the pass the calls of them."""
    chunks = [(half, lines[k : k + PART]) for half, lines in enumerate(halves) for k in range(0, len(lines), PART)]
    used = [names_in("\n".join(_texts(chunk))) for _, chunk in chunks]
    last = dict.fromkeys(kept, len(chunks)) | {
        word: k if word not in kept else len(chunks) for k, found in enumerate(used) for word in found
    }
    functions: list[str] = []
    calls: list[list[str]] = [[] for _ in halves]
    defined = set(known) - {line.target for lines in halves for line in lines}
    for k, (half, chunk) in enumerate(chunks):
        made = dict.fromkeys(line.target for line in chunk if line.target)
        takes, gives = sorted(used[k] & defined), [name for name in made if last[name] > k]
        defined |= set(made)
        out = ", ".join(gives)
        functions += ["", f"def _part_{k + 1}({', '.join(takes)}):", *indented([*_texts(chunk), f"return {out}"]), ""]
        calls[half] += [
            "(",
            *indented(filled_lines(out)),
            f") = _part_{k + 1}(",
            *indented(filled_lines(", ".join(takes))),
            ")",
        ]
    return functions, calls


def _shape(leaves: Any, texts: Mapping[Value, str]) -> str:
    if isinstance(leaves, Value):
        return texts[leaves]
    return f"[{', '.join(_shape(part, texts) for part in leaves)}]"
