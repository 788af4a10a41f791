"""From lines to the source of a function: arguments and results in their shapes, long ones in parts, the descent."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from microbp.derivation.compiling.arrays import Map, SourceArray
from microbp.derivation.compiling.entries import Entry, Identifiers
from microbp.derivation.compiling.grouping import Groups
from microbp.derivation.compiling.matrices import Matrices
from microbp.derivation.compiling.scalar import Scalar, Statement
from microbp.engine import Value
from microbp.errors import GraphError

PART = 1000
"""A longer function is written as several of so many statements: Python's compiler slows down in long ones."""
WIDTH = 120
OFTEN = 3
"""So often a function must be called to be worth a local name."""
_FUNCTION = re.compile(r"\bmath\.(\w+)")
_SQUARE = re.compile(r"(?<![\w.])([^\W\d]\w*) \*\* 2(?!\w)")
"""Of a variable; as a product it takes a third of the time, and may differ in the last bit."""
_SUM_OF_SQUARES = re.compile(r"(?<== )np\.sum\(([\d.]+ \* )?([^\W\d]\w*) \*\* 2\)(?! \*\*)")
"""Of all elements of an array, at the beginning of a line: as a product with itself it needs no array of squares."""


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
    of = _listed([entry.name for entry in results])
    if loop:
        new = {leaf: scalar.called[leaf] for leaf in wanted}
        updates = [f"{name} -= learning_rate * {found[leaf].python_factor()}" for leaf, name in new.items()]
        steps = [*forward_text, "if step == steps:", "    break", *backward_text, *_titled("update", updates)]
        body = ["for step in range(steps + 1):", *_indent(steps[steps[0] == "" :]), *_returned(value, results, new)]
        signature += f"{', ' if signature else ''}*, learning_rate, steps"
        said = f"Descend along the gradient; return the value there, and the new {of}."
    else:
        body = [*forward_text, *backward_text, *_returned(value, results, wanted)]
        said = f"Return the value, and its gradient with respect to {of}."
    if scalar.textbook and not scalar.readable:
        parts, body = ([_SQUARE.sub(r"(\1 * \1)", line) for line in lines] for lines in (parts, body))
    if not (scalar.readable or parts):
        body = _with_local_functions(body, scalar.given, 1 if loop else OFTEN)
    used = _words("\n".join([*parts, *body]))
    names = {leaf: name if name in used else "_" for leaf, name in scalar.called.items()}
    body = [f"{_shape(entry.leaves.tolist(), names)} = {entry.name}" for entry in arguments if entry.shape] + body
    head = ['"""A forward and a backward pass, line by line: written by microbp."""', ""]
    head += ["import math", ""] if any("math." in line for line in (*parts, *body)) else []
    return _module(head, f"{'descend' if loop else 'gradients'}({signature})", said, body, parts)


def _with_local_functions(body: list[str], given: Identifiers, often: int) -> list[str]:
    """The lines with `exp = math.exp` before them, if it stands there so often: a local name is looked up sooner."""
    found = Counter(_FUNCTION.findall("\n".join(body)))
    local = {f: given.give(f) for f, times in found.items() if times >= often}
    body = [_FUNCTION.sub(lambda found: local.get(found[1], found[0]), line) for line in body]
    return [*(f"{name} = math.{f}" for f, name in local.items()), *body]


def write_matrices(
    root: Value,
    arguments: Sequence[Entry],
    results: Sequence[Entry],
    given: Identifiers,
    batch: Sequence[int],
    reduce: str | None,
    textbook: bool,
    readable: bool,
    for_numpy: bool,
) -> str:
    """The source of a module with the function `gradients`, in matrix form; `for_numpy` if no other has its arrays."""
    batched = [arguments[k].name for k in batch]
    groups = Groups(root, [(entry.name, entry.leaves) for entry in arguments], batched)
    wanted = {leaf for entry in results for leaf in entry.leaves.flat}
    written = Matrices(groups, given, wanted, batched[0] if batched else "", reduce, textbook, readable)
    end = written.forward(root)
    if batched and not (end.array and end.array.batched):
        raise GraphError(f"the root is the same for every sample: it does not depend on {', '.join(batched)}")
    forward = written.lines
    if for_numpy and not readable:
        forward = [(name, _SUM_OF_SQUARES.sub(r"\1np.vdot(\2, \2)", text), shape) for name, text, shape in forward]
    written.lines = []
    written.backward(end)
    done = written.cost or not batched or reduce is None
    value = end.text.numpy() if done else f"np.{reduce}({end.text.numpy()})"
    rows = [written.result(entry.leaves) for entry in results]
    body = [f"m = len({batched[0]})"] if written.counts_rows else []
    if any(
        _may_raise(array) for array in groups.arrays
    ):  # of Python's floats; of arrays it is inf or nan, never complex
        used = _words("\n".join(text for _, text, _ in (*forward, *written.lines)))
        scalars = [entry.name for k, entry in enumerate(arguments) if not entry.shape and k not in batch]
        body += [f"{name} = np.asarray({name}, dtype=float)" for name in scalars if name in used]
    for title, lines in (("forward", forward), ("backward", written.lines)):
        width = max((len(text) for _, text, shape in lines if shape), default=0)
        width = min(width, WIDTH - 24)
        texts = (f"{text:{width}}  # {shape}" if shape and len(text) <= width else text for _, text, shape in lines)
        body += _titled(title, list(texts))
    line = f"return {value}, [{', '.join(rows)}]"
    body += [line] if len(line) < WIDTH - 8 else [f"return {value}, [", *_indent(_filled(", ".join(rows))), "]"]
    said = f"Return the value, and its gradient with respect to {_listed([entry.name for entry in results])}."
    alone = (
        f" {groups.alone} operations have no like, and stay numbers." if groups.alone > len(groups.arrays) / 2 else ""
    )
    head = [f'"""A forward and a backward pass in matrix form: written by microbp.{alone}"""', ""]
    lent = [f for f in ("erf", "erfc") if any(f"_{f}(" in line for line in body)]  # NumPy has none
    head += ["import math", ""] if lent else []
    head += ["import numpy as np", ""] if any("np." in line for line in (*body, *written.constants)) else []
    for block in ([f"_{f} = np.vectorize(math.{f}, otypes=[float])" for f in lent], written.constants):
        head += [*block, ""] if block else []
    return _module(head, f"gradients({', '.join(entry.name for entry in arguments)})", said, body)


def _may_raise(array: SourceArray) -> bool:
    """Whether it is one number for all samples, made by an operation that Python does not do for each float."""
    if array.shape or array.batched or not isinstance(array.made, Map):
        return False
    return any(formula.can_raise for formula in (array.made.op.formula, *array.made.op.partial_formulas) if formula)


def _module(head: Sequence[str], signature: str, said: str, body: Sequence[str], parts: Sequence[str] = ()) -> str:
    """A module with a function, and before it its parts; lines of these that are too long are wrapped."""
    lines = [*parts, "", f"def {signature}:", f'    """{said}"""', *_indent(body[body[0] == "" :])]
    return "\n".join([*head, *(wrapped for line in lines for wrapped in _wrap(line)), ""])


def _grouped(title: str, lines: Sequence[Statement], scalar: Scalar) -> list[str]:
    """The statements, in readable source with a heading for each layer."""
    if not scalar.readable:
        return _texts(lines)
    if len({line.layer for line in lines} - {0}) < 2:
        return _titled(title, _texts(lines))
    return [
        text
        for layer, group in groupby(lines, key=lambda line: line.layer)
        for text in _titled(f"{title}, layer {layer}", _texts(group))
    ]


def _texts(lines: Iterable[Statement]) -> list[str]:
    return [text for line in lines for text in (f"{line.target} {line.sign} {line.text}".strip().splitlines())]


def _titled(title: str, lines: list[str]) -> list[str]:
    return ["", f"# {title}", *lines] if lines else []


def _parts(halves: Sequence[list[Statement]], known: set[str], kept: set[str]) -> tuple[list[str], list[list[str]]]:
    """Functions of at most `PART` statements each, and for each half of the pass the calls of them."""
    chunks = [(half, lines[k : k + PART]) for half, lines in enumerate(halves) for k in range(0, len(lines), PART)]
    words = [_words("\n".join(_texts(chunk))) for _, chunk in chunks]
    last = dict.fromkeys(kept, len(chunks)) | {
        word: k if word not in kept else len(chunks) for k, found in enumerate(words) for word in found
    }
    functions: list[str] = []
    calls: list[list[str]] = [[] for _ in halves]
    defined = set(known) - {line.target for lines in halves for line in lines}
    for k, (half, chunk) in enumerate(chunks):
        made = dict.fromkeys(line.target for line in chunk if line.target)
        takes, gives = sorted(words[k] & defined), [name for name in made if last[name] > k]
        defined |= set(made)
        out = ", ".join(gives)
        functions += ["", f"def _part_{k + 1}({', '.join(takes)}):", *_indent([*_texts(chunk), f"return {out}"]), ""]
        calls[half] += ["(", *_indent(_filled(out)), f") = _part_{k + 1}(", *_indent(_filled(", ".join(takes))), ")"]
    return functions, calls


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d]\w*", text))


def _shape(leaves: Any, texts: Mapping[Value, str]) -> str:
    if isinstance(leaves, Value):
        return texts[leaves]
    return f"[{', '.join(_shape(part, texts) for part in leaves)}]"


def _listed(names: Sequence[str]) -> str:
    """Identifiers in a sentence: all of a few, the first and the last of many; how many, if these are long."""
    said = ", ".join(names) if len(names) < 5 else f"{names[0]}, {names[1]}, … {names[-1]}"
    return said if len(said) < WIDTH / 2 else f"{len(names)} arguments"


def _returned(value: str, found: Sequence[Entry], texts: Mapping[Value, str]) -> list[str]:
    """The statement that gives back value and gradients: a line for each entry if they are too many for one."""
    rows = [_shape(entry.leaves.tolist(), texts) for entry in found]
    line = f"return {value}, [{', '.join(rows)}]"
    if len(line) <= WIDTH - 8:
        return [line]
    return [f"return {value}, [", *_indent(text for row in rows for text in _filled(f"{row},")), "]"]


def _indent(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in lines]


def _wrap(line: str) -> list[str]:
    """A line, in brackets over several lines if it is too long for one."""
    if len(line) <= WIDTH:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    for pattern, close in (
        (r"( *def \w+\()(.*)(\):)", ""),
        (r"( *return )(.*)()", "()"),
        (r"( *\[)(.*)(\] = \w+)", ""),
        (r"( *[\w.\[\], :]+ [-+]?= )(.*)()", "()"),
        (r"( *[\w.]+\()(.*)(\))", ""),
    ):
        if match := re.fullmatch(pattern, line):
            start, inner, end = match.groups()
            start, end = (start + close[:1], close[1:] + end)
            break
    else:
        return [line]
    filled = _indent(f"{indent}{text}" for text in _filled(inner, WIDTH - len(indent) - 4))
    return [start, *filled, *_wrap(f"{indent}{end.lstrip()}")]


def _filled(text: str, width: int = WIDTH - 12) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
