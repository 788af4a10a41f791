"""From a row of the table to the source of its methods and its pullback.

What comes out is what a person would have written by hand; `microbp ops mul --source` prints it:

>>> print(pullback_source(OPS["mul"]))
def pull_mul(node):
    x = node._x
    y = node._y
    upstream = node.grad
    x.grad += upstream * y.data
    y.grad += upstream * x.data
<BLANKLINE>
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from microbp.engine.ops import FAMILIES, OPS, Family, Op
from microbp.engine.order import NEW
from microbp.formula.compiled import load_source
from microbp.formula.language import Formula

_RECORD = """\
out = new(Value)
out.data = data
out.grad = 0.0
out.label = ""
out.op = op_{op}
out._x = {x}
out._y = {y}
out._state = {new}
return out"""


_UNROLLED = 500
"""A sum of more terms is a loop: it would take long to compile otherwise."""


def is_operator(op: Op) -> bool:
    """Whether Python has an infix operator for it, so that a strange operand is left to the other side."""
    return op.method.startswith("__") and op.arity == 2


def variants(op: Op) -> list[Op]:
    """The rows that stand in for `op` when one operand is a plain number (x ** 2 needs no log x).

    >>> [row.name for row in variants(OPS["pow"])]
    ['pow_const', 'const_pow']
    """
    if None in op.partials:
        return []
    return [row for row in OPS.values() if None in row.partials and row.method == op.method]


def generated_sources(op: Op) -> dict[str, str]:
    """Every function made for the row: {name: source}."""
    return {
        **method_sources(op),
        f"apply_{op.name}": function_source(op),
        f"pull_{op.name}": pullback_source(op),
        f"local_{op.name}": local_source(op),
    }


def load_functions(op: Op, namespace: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    """Every function made for the row: {name: function}, with what they call in `namespace`."""
    rows = {f"op_{row.name}": row for row in (op, *variants(op))}
    return {
        name: load_source(source, f"<microbp {op.name}: {name}>", {**namespace, **rows, "math": math})[name]
        for name, source in generated_sources(op).items()
    }


def method_sources(op: Op) -> dict[str, str]:
    """The methods of `Value` that apply the operation: {name: source}. Variants and families have none."""
    if None in op.partials or op.family:
        return {}
    sources = {op.method: _method(op)}
    if is_operator(op):
        sources[f"__r{op.method[2:]}"] = _reflected(op)
    return sources


def function_source(op: Op) -> str:
    """A function that applies the operation to a tuple of Values."""
    lines = _apply(op, op.inputs, "inputs")
    return _function(f"apply_{op.name}", ("inputs",), lines if _is_long(op) else [_unpack(op, "inputs"), *lines])


def local_source(op: Op) -> str:
    """The local derivatives of a node, one for each input; 0 for an input that is not differentiated."""
    if _is_long(op):
        family = FAMILIES[op.family]
        slopes = ", ".join(Formula(partial).python(_data_of(family)) for partial in family.partials)
        last = ["found.append(1.0)"] if family.last else []
        lines = ["inputs = node._x", "found = []", _loop(family), f"    found += ({slopes},)"]
        lines += [*last, "return tuple(found)"]
        return _function(f"local_{op.name}", ("node",), lines)
    data = _node_data(op)
    partials = [partial.python(data) if partial else "0.0" for partial in op.partial_formulas]
    lines = [f"return ({', '.join(partials)}{',' if op.arity == 1 else ''})"]
    if any(partial.can_raise for partial in op.partial_formulas if partial):
        lines = _guard(lines, "return ieee_partials(node)")
    return _function(f"local_{op.name}", ("node",), [*_node_inputs(op), *lines])


def pullback_source(op: Op) -> str:
    """The pullback: adds upstream × local to the grad of each input."""
    if _is_long(op):
        family = FAMILIES[op.family]
        adds = [
            f"    {name}.grad += upstream * {Formula(partial).python_factor(_data_of(family))}"
            for name, partial in zip(Formula(family.term).names, family.partials, strict=True)
        ]
        last = ["inputs[-1].grad += upstream"] if family.last else []
        lines = ["inputs = node._x", "upstream = node.grad", _loop(family), *adds, *last]
        return _function(f"pull_{op.name}", ("node",), lines)
    lines = [*_node_inputs(op), "upstream = node.grad"]
    data = _node_data(op)
    wanted = {name: p for name, p in zip(op.inputs, op.partial_formulas, strict=True) if p is not None}
    local = {name: partial.python_factor(data) for name, partial in wanted.items()}
    if any(partial.can_raise for partial in wanted.values()):
        compute = [f"d{name} = {partial.python(data)}" for name, partial in wanted.items()]
        targets = [f"d{name}" if name in wanted else "_" for name in op.inputs]
        lines += _guard(compute, f"{', '.join(targets)}{',' if op.arity == 1 else ''} = ieee_partials(node)")
        local = {name: f"d{name}" for name in wanted}
    for name, partial in wanted.items():
        match partial.number:
            case 1.0:
                lines.append(f"{name}.grad += upstream")
            case -1.0:
                lines.append(f"{name}.grad -= upstream")
            case _:
                lines.append(f"{name}.grad += upstream * {local[name]}")
    return _function(f"pull_{op.name}", ("node",), lines)


def evaluate_source(op: Op) -> str:
    """Computes the data of a node anew from its inputs, in place: what a replay does."""
    inputs = "node.inputs" if op.family else _tuple(op.inputs)
    lines = ["inputs = node._x"] if _is_long(op) else _node_inputs(op)
    lines += [*_compute(op, op.inputs, inputs), "node.data = data"]
    return _function(f"evaluate_{op.name}", ("node",), lines)


def _method(op: Op) -> str:
    """The method, called on the first input; the others may be plain numbers."""
    lines = []
    for other in op.inputs[1:]:
        if_number = _to_constant(op, other)
        for variant in variants(op):
            if variant.partials[0] is not None:
                if_number += _apply(variant, op.inputs)
        lines += [f"if not isinstance({other}, Value):", *_indent(if_number)]
    return _function(op.method, op.inputs, [*lines, *_apply(op, op.inputs)], op.rule)


def _reflected(op: Op) -> str:
    """The reflected method, called on the second input; the first is never a Value, or Python would not ask."""
    row = next((variant for variant in variants(op) if variant.partials[1] is not None), op)
    lines = [*_to_constant(op, op.inputs[0]), *_apply(row, op.inputs)]
    return _function(f"__r{op.method[2:]}", op.inputs[::-1], lines, op.rule)


def _to_constant(op: Op, name: str) -> list[str]:
    if not is_operator(op):
        return [f"{name} = constant({name}, op_{op.name})"]
    return [f"{name} = operand({name}, op_{op.name})", f"if {name} is NotImplemented:", f"    return {name}"]


def _apply(op: Op, variables: tuple[str, ...], whole: str = "") -> list[str]:
    """Compute the result of `op` for these variables (all of them together are called `whole`) and record it."""
    inputs = whole or _tuple(variables)
    x, y = (*variables, None)[:2] if op.arity <= 2 else (inputs, None)
    return [*_compute(op, variables, inputs), *_RECORD.format(op=op.name, x=x, y=y, new=NEW).splitlines()]


def _compute(op: Op, variables: tuple[str, ...], inputs: str) -> list[str]:
    data = {name: f"{variable}.data" for name, variable in zip(op.inputs, variables, strict=True)}
    if _is_long(op):
        family = FAMILIES[op.family]
        lines = [
            "terms = []",
            _loop(family),
            f"    terms.append({Formula(family.term).python(_data_of(family))})",
            *(["terms.append(inputs[-1].data)"] if family.last else []),
            "data = math.fsum(terms)",
        ]
    elif op.family:  # rounded once, however many terms
        lines = [f"data = math.fsum(({', '.join(term.python(data) for term in op.formula.terms)},))"]
    else:
        lines = [f"data = {op.formula.python(data)}"]
    lines = _guard(lines, f"data = ieee(op_{op.name}, {f'*{inputs}' if op.family else ', '.join(variables)})")
    report = f"    report_not_finite(op_{op.name}, {inputs}, data)"
    return [*lines, "if data - data:  # inf or nan: for these the difference is nan, not 0", report]


def _tuple(variables: tuple[str, ...]) -> str:
    return f"({', '.join(variables)}{',' if len(variables) == 1 else ''})"


def _is_long(op: Op) -> bool:
    return bool(op.family) and op.arity > _UNROLLED


def _loop(family: Family) -> str:
    """The head of a loop over the terms of `inputs`."""
    names = Formula(family.term).names
    each = [f"inputs[{k}::{len(names)}]" for k in range(len(names))]
    return f"for {names[0]} in inputs:" if len(names) == 1 else f"for {', '.join(names)} in zip({', '.join(each)}):"


def _data_of(family: Family) -> dict[str, str]:
    return {name: f"{name}.data" for name in Formula(family.term).names}


def _guard(lines: list[str], instead: str) -> list[str]:
    """Where Python's arithmetic raises, IEEE arithmetic has an answer."""
    return ["try:", *_indent(lines), "except ARITHMETIC:", f"    {instead}"]


def _node_inputs(op: Op) -> list[str]:
    if op.arity > 2:
        return [_unpack(op, "node._x")]
    return [f"{name} = node._{slot}" for name, slot in zip(op.inputs, "xy", strict=False)]


def _node_data(op: Op) -> dict[str, str]:
    return {name: f"{name}.data" for name in op.inputs} | {"out": "node.data"}


def _unpack(op: Op, source: str) -> str:
    return f"{', '.join(op.inputs)}{',' if op.arity == 1 else ''} = {source}"


def _function(name: str, arguments: tuple[str, ...], lines: list[str], doc: str = "") -> str:
    body = ([f'"""{doc}"""'] if doc else []) + lines
    return "\n".join([f"def {name}({', '.join(arguments)}):", *_indent(body), ""])


def _indent(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
