"""Writes anew what is generated: the pictures in this folder, and the README's tables."""

import re
from pathlib import Path

import microbp
from microbp import Value, losses, nn
from microbp.printing import markdown
from microbp.problems import schema, titles
from microbp.terminal.commands import ops

HERE = Path(__file__).parent
README = HERE.parent.parent / "README.md"

TABLES = {
    "ops": ops.as_markdown(),
    "problems": markdown(("problem", "what it is"), [(f"`{name}`", title) for name, title in titles().items()]),
    "schema": markdown(
        ("key", "takes", "meaning"),
        [(f"`{key}`", words.replace("'", "`"), about) for key, words, about in schema.table()],
    ),
}


def w1_w8(folder):
    problem = microbp.load("w1-w8")
    root = problem.root()
    root.backward()
    microbp.draw(root, folder / "w1-w8.svg", model=problem.model)
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


def gallery(folder=HERE):
    for picture in (w1_w8, fan_out, tanh_chain, micrograd_mlp, large):
        picture(folder)


def tables():
    text = README.read_text("utf-8")
    for name, table in TABLES.items():
        block = f"<!-- {name} -->\n{table}\n<!-- /{name} -->"
        text = re.sub(f"<!-- {name} -->.*<!-- /{name} -->", lambda _, block=block: block, text, flags=re.DOTALL)
    README.write_text(text, "utf-8")


if __name__ == "__main__":
    gallery()
    tables()
