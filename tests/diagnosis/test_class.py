"""A class of 33: the forms in which students hand in gradients, right and wrong, and three that nobody can read."""

import json
import pickle
import struct

import numpy as np
import pytest

import microbp
from microbp.diagnosis.grading import grade
from microbp.problems.exercise import exercise_of
from tests.comparing.answers import hostile

pytestmark = pytest.mark.slow

PROBLEM = microbp.load("w1-w8")
CASE = exercise_of(PROBLEM)
G = {name: CASE.truth[1][name] for name in ("dW1", "dW2")}
LISTS = {name: g.tolist() for name, g in G.items()}
W = {f"w{k}": float(x) for k, x in enumerate([*G["dW1"].flat, *G["dW2"].flat], 1)}
SIGMOID = """
import numpy as np
i, t = np.array([0.05, 0.10]), np.array([0.01, 0.99])
W1, W2 = np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])
sigmoid = lambda z: 1 / (1 + np.exp(-z))
h = sigmoid(W1 @ i + 0.35)
o = sigmoid(W2 @ h + 0.60)
delta2 = (o - t) * o * (1 - o)
delta1 = (W2.T @ delta2) * h * (1 - h)
"""
GRADIENTS = "dW2 = np.outer(delta2, h)\ndW1 = np.outer(delta1, i)\n"


def lines(form, numbers=W):
    return "\n".join(form.format(name=name, x=x) for name, x in numbers.items()).encode()


def comma(x):
    return f"{x:.9f}".replace(".", ",")


def csv_rows(sign):
    return "\n".join(f"{name}{sign}{sign.join(map(repr, row))}" for name, g in LISTS.items() for row in g).encode()


def as_json(value):
    return json.dumps(value).encode()


def notebook(*cells):
    made = [{"cell_type": "markdown", "source": ["# Homework"]}]
    made += [{"cell_type": "code", "source": cell.splitlines(keepends=True), "outputs": []} for cell in cells]
    return as_json({"cells": made, "nbformat": 4, "nbformat_minor": 5, "metadata": {}})


def mat(name):
    return hostile.matrix(name.encode(), (2, 2), hostile.element(9, struct.pack("<4d", *G[name].T.ravel())))


def gradients_of(slip, text=SIGMOID):
    """Those of a pass in which one thing is another."""
    found = {}
    exec(text.replace(*slip) + GRADIENTS, found)
    return {name: found[name].tolist() for name in G}


NO_SLOPE = gradients_of(("@ delta2) * h * (1 - h)", "@ delta2)"))
NO_TRANSPOSE = ("W2.T", "W2")

RIGHT = {
    "savez.npz": hostile.saved(np.savez, **G),
    "unnamed.npz": hostile.saved(np.savez, G["dW1"], np.zeros(2), G["dW2"], np.zeros(2)),
    "flat.npy": hostile.saved(np.save, np.concatenate([G["dW1"].ravel(), [0, 0], G["dW2"].ravel(), [0, 0]])),
    "saved.mat": hostile.mat(mat("dW1"), mat("dW2")),
    "arrays.json": as_json(LISTS),
    "labels.json": as_json(W),
    "of_loss.json": as_json({f"dL_{name}": g for name, g in LISTS.items()}),
    "nested.json": as_json({"grads": {name[1:]: g for name, g in LISTS.items()}}),
    "lists.json": as_json({"dW": [LISTS["dW1"], LISTS["dW2"]], "db": [[0, 0], [0, 0]]}),
    "torch.json": as_json({f"fc{name[2:]}.weight.grad": g for name, g in LISTS.items()}),
    "quotients.json": as_json({f"∂E/∂{name}": x for name, x in W.items()}),
    "numbers.csv": lines("{name},{x!r}"),
    "german.csv": "\n".join(["Gewicht;Gradient", *(f"{name};{comma(x)}" for name, x in W.items())]).encode("utf-8-sig"),
    "rows.csv": csv_rows(","),
    "equations.txt": b"Homework 3, Ada L.\n\n" + lines("{name} = {x:.9f}"),
    "german.txt": "\n".join(f"dE/d{name}: {comma(x)}" for name, x in W.items()).encode(),
    "printed.txt": "".join(f"{name} =\n {g}\n" for name, g in G.items()).encode(),
    "dict.txt": str(G).encode("utf-16"),
    "torch.txt": f"OrderedDict([('0.weight', tensor({LISTS['dW1']})), ('2.weight', tensor({LISTS['dW2']},"
    " grad_fn=<MulBackward0>))])".encode(),
    "by_hand.txt": "w5 = 0.1384986 * 0.5932700 = 0.0821670\nw8 = −2.2740242 × 10^-2  # rounded".encode(),
    "magics.ipynb": notebook("%matplotlib inline\n!pip list", SIGMOID, "import numpy as np\nnp.outer?", GRADIENTS),
    "dict.ipynb": notebook(SIGMOID, "grads = {'W1': np.outer(delta1, i), 'W2': np.outer(delta2, h)}\ndisplay(grads)"),
    "script.py": (SIGMOID + GRADIENTS + "print(dW1)\ninput('done?')").encode(),
    "single.py": (SIGMOID + "w5_grad, grad_w6 = np.float32(delta2[0] * h[0]), np.float32(delta2[0] * h[1])").encode(),
}
TWO = ("by_hand.txt", "single.py")
"""Where two of the eight weights are."""
WRONG = {
    "sign.json": (as_json({name: (-g).tolist() for name, g in G.items()}), "sign"),
    "slope.txt": (str(NO_SLOPE).encode(), "missing-hidden-derivative"),
    "twice.csv": ("\n".join(f"{name};{comma(2 * x)}" for name, x in W.items()).encode(), "factor"),
    "weights.npz": (
        hostile.saved(np.savez, W1=CASE.weights[0] - 0.5 * G["dW1"], W2=CASE.weights[1] - 0.5 * G["dW2"]),
        "parameters-for-gradients",
    ),
    "transpose.ipynb": (notebook(SIGMOID.replace(*NO_TRANSPOSE), GRADIENTS), "no-transpose"),
    "slope.py": ((SIGMOID.replace("* h * (1 - h)", "") + GRADIENTS).encode(), "missing-hidden-derivative"),
}
REFUSED = {
    "saved.pkl": (pickle.dumps(G), "a pickle runs what is in it"),
    "endless.py": (b"while True:\n    pass\n", "did not finish within 1 s"),
    "nonsense.txt": (b"I did not understand the question, sorry!", "no line such as w5 = 0.0822"),
}


@pytest.fixture(scope="module")
def grades(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    contents = RIGHT | {name: content for name, (content, _) in {**WRONG, **REFUSED}.items()}
    assert len(contents) == 33
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    seconds = {"endless.py": 1.0}
    return {name: grade(PROBLEM, [folder / name], run=True, seconds=seconds.get(name, 60.0))[0] for name in contents}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_read_as_right(name, grades):
    row = grades[name]
    assert row.verdict == "right", row
    count = 2 if name in TWO else len(W)
    assert (row.right, row.wrong, row.credit) == (count, 0, count / len(W))


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_read_and_named(name, grades):
    row = grades[name]
    assert (row.verdict, row.mistakes[:1]) == ("mistake", (WRONG[name][1],)), row
    assert row.sentence
    assert row.wrong
    assert row.credit < 1


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_a_word(name, grades):
    assert grades[name].verdict == "unreadable"
    assert grades[name].credit is None
    assert REFUSED[name][1] in grades[name].note
