"""Writes anew what is generated: the pictures in this folder, the README's tables, and what editors know of a value."""

import re
import sys
import textwrap
from itertools import pairwise
from pathlib import Path

import microbp
from microbp import Value, losses, nn
from microbp.drawing.escape import in_html
from microbp.drawing.image import render
from microbp.engine.methods import method_sources
from microbp.engine.ops import ACTIVATIONS, OPS
from microbp.printing import markdown
from microbp.problems import template, titles
from microbp.terminal.command_table import COMMANDS, EXIT_CODES
from microbp.terminal.commands import ops

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
WITH_TABLES = (ROOT / "README.md", ROOT / "examples" / "reference.md")
DECLARED = ROOT / "microbp" / "engine" / "declared.py"
sys.path.insert(0, str(ROOT))

from tests.test_house import FILES, FLOORS, imported, room  # noqa: E402  # the floors stand in the test that holds them

TABLES = {
    "commands": markdown(
        ("command", "what it does"),
        [(f"`microbp {name} {row.example}`", row.about) for name, row in COMMANDS.items()],
    ),
    "codes": markdown(("exit code", "meaning"), [(str(code), said) for code, said in EXIT_CODES.items()]),
    "ops": ops.as_markdown(),
    "problems": markdown(("problem", "what it is"), [(f"`{name}`", title) for name, title in titles().items()]),
    "schema": markdown(
        ("key", "takes", "meaning"),
        [(f"`{key}`", words.replace("'", "`"), about) for key, words, about in template.keys_table()],
    ),
}


def w1_w8(folder):
    problem = microbp.load("w1-w8")
    root = problem.root()
    root.backward()
    microbp.draw(root, folder / "w1-w8.svg", model=problem.model, level="network", width="830px")
    microbp.draw(root, folder / "w1-w8-step.svg", model=problem.model, step=17)
    microbp.draw(root, folder / "w1-w8-dark.svg", model=problem.model, theme="dark", level="neuron")
    microbp.animate(root, folder / "w1-w8-pass.svg", model=problem.model)


def fan_out(folder):
    a, b = Value(2.0, label="a"), Value(-0.5, label="b")
    c = a * b
    c.label = "c"
    L = c.tanh() * a + c
    L.label = "L"
    L.backward()
    microbp.draw(L, folder / "fan-out.svg")


def tanh_chain(folder):
    h = Value(0.9, label="x")
    for k in range(1, 11):
        h = (Value(1.5, label=f"w{k}") * h).tanh()
        h.label = f"h{k}"
    h.backward()
    microbp.draw(h, folder / "tanh-chain.svg", heat=True, show=["values", "grads"])


def micrograd_mlp(folder):
    model = nn.MLP(3, [4, 4, 1], activation="tanh", output="tanh", seed=1)
    X = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    loss = losses.batch_loss(model, X, [[1.0], [-1.0], [-1.0], [1.0]], "squared_error")
    loss.label = "loss"
    loss.backward()
    microbp.draw(loss, folder / "mlp-neurons.svg", model=model, level="neuron")


def large(folder):
    model = nn.MLP(784, [128, 64, 10], activation="tanh", seed=0)
    x = [(k % 28) * (k // 28) / 729 for k in range(784)]
    loss = losses.batch_loss(model, [x], [[0.0] * 3 + [1.0] + [0.0] * 6], "softmax_cross_entropy")
    loss.label = "loss"
    loss.backward()
    microbp.draw(loss, folder / "784-128-64-10.svg", model=model, heat=True)


LEFT_OUT = ("__init__", "__main__", "errors", "printing")
"""The public names import every room; errors and printing are imported by all."""


def about(name):
    """The first line of a room's docstring, until its colon."""
    path = FILES[name]
    return path.read_text("utf-8").removeprefix('"""').partition("\n")[0].rstrip('".')


def needs():
    """(room, room it imports) without what follows from the others: an arrow over two floors has one by each."""
    arrows = {(room(m), room(found)) for m, path in FILES.items() for _, found in imported(path)}
    arrows = {(a, b) for a, b in arrows if a != b and a not in LEFT_OUT and b not in LEFT_OUT}
    below = {a: {b for x, b in arrows if x == a} for a, _ in arrows}
    reached = {}

    def reach(name):
        if name not in reached:
            reached[name] = set().union(*({b} | reach(b) for b in below.get(name, ())))
        return reached[name]

    return sorted((a, b) for a, b in arrows if not any(b in reach(c) for c in below[a] if c != b))


def box(name):
    text = about(name)
    words, lines = text.split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) > 34:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    said = "<BR/>".join(map(in_html, lines))
    end = "/" if FILES[name].name == "__init__.py" else ".py"
    return (
        f'{name} [label=<<B>{name}{end}</B><BR/><FONT POINT-SIZE="9" COLOR="#555555">{said}</FONT>> '
        f'tooltip="{in_html(text)}"]'
    )


def house_dot():
    floors = [[name for name in floor.split() if name not in LEFT_OUT] for floor in FLOORS]
    floors = [floor for floor in floors if floor]
    lines = [
        'graph [rankdir=TB bgcolor="white" fontname="Verdana" nodesep=0.3 ranksep=0.35 pad=0.15 splines=spline]',
        'node [shape=box style="rounded,filled" fillcolor="#f4f6fb" color="#8899bb" fontname="Verdana" fontsize=12]',
        'edge [color="#667799" arrowsize=0.7]',
    ]
    lines += [box(name) for floor in floors for name in floor]
    arrows = needs()
    for floor in floors:  # what imports a room of its own floor stands above it
        level = [name for name in floor if not any(a == name and b in floor for a, b in arrows)]
        lines.append(f"{{rank=same {' '.join(level)}}}")
    lines += [f"{above[0]} -> {below[0]} [style=invis]" for below, above in pairwise(floors)]
    lines += [f"{a} -> {b}" for a, b in arrows]
    return "\n".join(["digraph house {", *lines, "}"])


def house(folder):
    """The rooms on their floors, with arrows down to what each imports, read off the imports."""
    (folder / "house.svg").write_bytes(render(house_dot(), "svg"))


def gallery(folder=HERE):
    for picture in (house, w1_w8, fan_out, tanh_chain, micrograd_mlp, large):
        picture(folder)


DECLARED_HEAD = '''"""What editors and type checkers know of the table. `make gallery` writes this file.

>>> Declared.tanh.__doc__.splitlines()[0]
'out = tanh(x), ∂out/∂x = 1 - out ** 2.'
"""

# mypy: disable-error-code="empty-body"
# The bodies are those that `define` makes.

from __future__ import annotations

from typing import Generic, Literal, SupportsFloat, TypeVar

V = TypeVar("V")
Activation = Literal[CHOICES]
"""What a neuron may make of its net."""


class Declared(Generic[V]):
    """The methods that `define` makes for values, V, from the rows of the table."""

    __slots__ = ()

'''


def declared():
    """The methods that the table makes of values, as source for editors and type checkers."""
    rows = [op for op in OPS.values() if method_sources(op)]
    lines = []
    for arity, other in ((2, ", other: V | SupportsFloat"), (1, "")):  # those of one kind have one signature
        first, *more = [name for op in rows if op.arity == arity for name in method_sources(op) if name[0] == "_"]
        lines += [f"def {first}(self{other}) -> V: ...", ""]
        lines += [f"{' = '.join(more)} = {first}", ""]
    for op in (op for op in rows if op.method[0] != "_"):
        others = "".join(f", {name}: V | SupportsFloat" for name in op.inputs[1:])
        first, *rest = filter(None, op.about.splitlines())
        about = [*textwrap.wrap(first, 108), *textwrap.wrap(" ".join(rest), 108)]
        lines += [f"def {op.method}(self{others}) -> V:", f'    """{about[0]}', *(f"    {line}" for line in about[1:])]
        lines += ['    """', ""]
    head = DECLARED_HEAD.replace("CHOICES", ", ".join(f'"{name}"' for name in ACTIVATIONS))
    return head + textwrap.indent("\n".join(lines), "    ").rstrip() + "\n"


def tables():
    for path in WITH_TABLES:
        text = path.read_text("utf-8")
        for name, table in TABLES.items():
            block = f"<!-- {name} -->\n{table}\n<!-- /{name} -->"
            text = re.sub(f"<!-- {name} -->.*<!-- /{name} -->", lambda _, block=block: block, text, flags=re.DOTALL)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    gallery()
    tables()
    DECLARED.write_text(declared(), "utf-8")
