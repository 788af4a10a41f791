"""The operations of a graph as JavaScript, made from their rows: what the page computes with.

>>> from microbp.engine.ops import OPS
>>> print(rows_source([OPS["mul"]]))
const rows = [
  { forward: (x) => x[0] * x[1], partials: (x, out) => [x[1], x[0]] },
];
"""

from __future__ import annotations

from collections.abc import Sequence

from microbp.engine.ops import FAMILIES, Family, Op
from microbp.formula.javascript import JAVASCRIPT
from microbp.formula.language import Formula


def row_of(op: Op) -> Op | Family:
    """What the code is made from: the row, or the family, whose code serves any number of inputs."""
    return FAMILIES.get(op.family, op)


def rows_source(rows: Sequence[Op | Family]) -> str:
    """A list of pairs of functions: `forward` of the inputs, `partials` of the inputs and the result.

    Every formula has been read by `Formula`; its names are replaced by places in a list.
    """
    made = "\n".join(f"  {_family(row) if isinstance(row, Family) else _row(row)}," for row in rows)
    return f"const rows = [\n{made}\n];" if rows else "const rows = [];"


def _row(op: Op) -> str:
    names = {name: f"x[{k}]" for k, name in enumerate(op.inputs)}
    partials = ", ".join(p.written(JAVASCRIPT, names) if p else "0" for p in op.partial_formulas)
    return f"{{ forward: (x) => {op.formula.written(JAVASCRIPT, names)}, partials: (x, out) => [{partials}] }}"


def _family(family: Family) -> str:
    term = Formula(family.term)
    names = {name: f"x[i + {k}]" for k, name in enumerate(term.names)}
    loop = f"for (let i = 0; i + {len(names)} <= x.length; i += {len(names)})"
    partials = ", ".join(Formula(partial).written(JAVASCRIPT, names) for partial in family.partials)
    last = (" all.push(x[x.length - 1]);", " all.push(1);") if family.last else ("", "")
    return (
        f"{{ forward: (x) => {{ const all = []; {loop} all.push({term.written(JAVASCRIPT, names)});{last[0]} "
        f"return real.fsum(all); }}, partials: (x, out) => {{ const all = []; {loop} all.push({partials});{last[1]} "
        "return all; } }"
    )
