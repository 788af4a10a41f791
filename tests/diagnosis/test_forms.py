"""Right gradients are right in every layout, convention and form in which people hand them in; a layout is a note."""

from itertools import product

import numpy as np
import pytest

import microbp
from microbp import nn, vectorized

RNG = np.random.default_rng(0)
WEIGHTS = [RNG.normal(size=(3, 4)), RNG.normal(size=(2, 3))]
BIASES = [RNG.normal(size=3), RNG.normal(size=2)]
X, Y = RNG.normal(size=(5, 4)), np.eye(2)[[0, 1, 1, 0, 1]]
NAMES = {"activation": "elu", "output": "sigmoid"}
MODEL = nn.MLP.from_arrays(WEIGHTS, BIASES, **NAMES)
LAYOUTS = {
    "ours": lambda dW, db: (dW, db),
    "in,out": lambda dW, db: ([g.T for g in dW], db),
    "columns": lambda dW, db: (dW, [g.reshape(-1, 1) for g in db]),
    "in,out, rows": lambda dW, db: ([g.T for g in dW], [g.reshape(1, -1) for g in db]),
}
CONVENTIONS = (
    {"loss": "half_squared_error"},
    {"loss": "squared_error_per_sample", "l2": 0.2, "penalize_biases": True},
)
FROM_1 = [
    "dW1",
    "W1.grad",
    "dL_dW1",
    "dJdW1",
    "dE/dw1",
    "∂E/∂w1",
    "gw1",
    "grad_w1",
    "W[1]",
    "nabla_w1",
    "W1_grad",
    "DW1",
    "delta_w1",
    "W1",
    "dw_1",
    "∇W1",
    "grads.dW1",
    "dW[1]",
    "layer1.dW",
    "fc1.weight.grad",
]
FROM_0 = ["dW0", "0.weight", "W[0]", "layers.0.weight", "nabla_w0", "grads[0].W"]


def objects(arrays):
    found = np.empty(len(arrays), dtype=object)
    found[:] = arrays
    return found


def forms(loss, dW, db):
    """The gradients in every form, by what that is called."""
    for first, names in ((1, FROM_1), (0, FROM_0)):
        for name in names:
            bias = name.replace("weight", "bias").replace("W", "b").replace("w", "b")
            pairs = ((name, dW), (bias, db))
            yield name, {text.replace(str(first), str(first + l)): g[l] for text, g in pairs for l in (0, 1)}
    both = {"dW1": dW[0], "db1": db[0], "dW2": dW[1], "db2": db[1]}
    lists = {"dW": [g.tolist() for g in dW], "db": [g.tolist() for g in db]}
    yield "pair", (dW, db)
    yield "biases first", (db, dW)
    yield "pairs", [[dW[0], db[0]], [dW[1], db[1]]]
    yield "list", [dW[0], db[0], dW[1], db[1]]
    yield "weights, then biases", (*dW, *db)
    yield "loss, dict", (loss, both)
    yield "dict, loss", (both, np.float64(loss))
    yield "loss, pair", (loss, dW, db)
    yield "loss, list", (loss, dW[0], db[0], dW[1], db[1])
    yield "lists in a dict", {"weights": dW, "biases": db}
    yield "nested lists", lists
    yield "objects", {"dW": objects(dW), "db": objects(db)}
    yield "objects in a pair", (objects(dW), objects(db))
    yield "dicts", [{"W": dW[0], "b": db[0]}, {"W": dW[1], "b": db[1]}]
    yield "dict of dicts", {1: {"dW": dW[0], "db": db[0]}, 2: {"dW": dW[1], "db": db[1]}}
    yield "counted from 1", {"dW": [None, *dW], "db": [None, *db]}
    if len(dW[0]) == 3:
        thetas = [np.column_stack([b.ravel(), W]) for W, b in zip(dW, db, strict=True)]
        yield "θ", {f"theta{l}_grad": theta for l, theta in enumerate(thetas, 1)}
        yield "loss, flat", (loss, np.concatenate([g.ravel() for g in thetas]))


@pytest.mark.parametrize(("layout", "conventions"), list(product(LAYOUTS, CONVENTIONS)))
def test_right_gradients_are_right_in_every_form(layout, conventions):
    loss, dW, db = vectorized.loss_and_gradients(WEIGHTS, BIASES, X, Y, **NAMES, **conventions)
    wrong = {}
    for form, given in forms(loss, *LAYOUTS[layout](dW, db)):
        diagnosis = microbp.diagnose(MODEL, given, X, Y, **conventions)
        if not diagnosis.ok or any("transposed" in note for note in diagnosis.notes) != ("in,out" in layout):
            wrong[form] = str(diagnosis)
    assert wrong == {}


def test_one_array_that_is_transposed_is_a_mistake_with_a_name():
    _, dW, db = vectorized.loss_and_gradients(WEIGHTS, BIASES, X, Y, **NAMES)
    for l in (0, 1):
        turned = [g.T if k == l else g for k, g in enumerate(dW)]
        diagnosis = microbp.diagnose(MODEL, (turned, db), X, Y)
        assert (diagnosis.mistakes, diagnosis.details["layers"]) == (("transposed-gradient",), [l + 1])


@pytest.mark.usefixtures("no_pairs")
def test_what_was_given_beside_wrong_gradients_says_where_to_look():
    _, dW, db = vectorized.loss_and_gradients(WEIGHTS, BIASES, X, Y, **NAMES)
    deltas = vectorized.deltas(WEIGHTS, BIASES, X, Y, **NAMES)
    noise = {"dW1": dW[0] + RNG.normal(size=dW[0].shape), "db1": db[0], "dW2": dW[1], "db2": db[1]}
    right = microbp.diagnose(MODEL, noise | {"dZ1": deltas[0], "dZ2": deltas[1].T}, X, Y)
    assert "delta2 and delta1 as well, which are right: the mistake comes after them." in str(right)
    wrong = microbp.diagnose(MODEL, noise | {"dZ1": 2 * deltas[0]}, X, Y)
    assert "delta1 as well, which is wrong already" in str(wrong)
    assert wrong.details["on_the_way"]["first"] == "delta1"


@pytest.mark.parametrize("names", ["W1, b1, W2, b2, X, Y", "X, Y, W1, W2, b1, b2", "weights, biases, X, Y"])
def test_a_function_gets_its_arrays_by_the_names_of_its_parameters(names):
    def gradients(W1, b1, W2, b2, X, Y):
        return vectorized.loss_and_gradients([W1, W2], [b1, b2], X, Y, **NAMES)

    ways = {
        "W1, b1, W2, b2, X, Y": gradients,
        "X, Y, W1, W2, b1, b2": lambda X, Y, W1, W2, b1, b2: gradients(W1, b1, W2, b2, X, Y),
        "weights, biases, X, Y": lambda weights, biases, X, Y: gradients(
            weights[0], biases[0], weights[1], biases[1], X, Y
        ),
    }
    assert microbp.diagnose(MODEL, ways[names], X, Y).ok
