"""Right gradients in every form that people hand them in: all are right, and what was taken is said."""

import itertools
import random

import numpy as np
import pytest

import microbp
from microbp import nn
from microbp.nn.layout import ArrayLayout
from microbp.vectorized import loss_and_gradients

RNG = np.random.default_rng(3)
MODEL = nn.MLP.from_arrays(
    [RNG.normal(size=(3, 2)), RNG.normal(size=(2, 3))], [RNG.normal(size=3), RNG.normal(size=2)], "tanh", "sigmoid"
)
X, Y = RNG.normal(size=(5, 2)), RNG.integers(0, 2, size=(5, 2)).astype(float)
LOSS = "binary_cross_entropy"
LAYOUTS = ["", "in,out", "columns", "in,out+columns"]
NAMES = [
    *("dW1 db1", "W1 b1", "W1.grad b1.grad", "dL_dW1 dL_db1", "dJdW1 dJdb1", "dE/dw1 dE/db1", "∂E/∂w1 ∂E/∂b1"),
    *("gw1 gb1", "grad_W1 grad_b1", "W[1] b[1]", "nabla_w1 nabla_b1", "DW1 DB1", "w1_grad b1_grad", "d_W1 d_b1"),
    *("dW0 db0", "W[0] b[0]", "0.weight 0.bias", "fc1.weight fc1.bias", "dweights1 dbias1", "dLoss/dW1 dLoss/db1"),
]


def by_name(pair):
    """Puts the arrays of each layer under such names; a 0 in them counts from 0."""
    first = 0 if "0" in pair else 1

    def named(loss, dW, db):
        return {
            name.replace(str(first), str(l)): grads[l - first]
            for name, grads in zip(pair.split(), (dW, db), strict=True)
            for l in range(first, first + len(grads))
        }

    return named


RETURNS = {pair: by_name(pair) for pair in NAMES} | {
    "dW, db": lambda loss, dW, db: (dW, db),
    "db, dW": lambda loss, dW, db: (db, dW),
    "loss, dW, db": lambda loss, dW, db: (loss, dW, db),
    "loss, dict": lambda loss, dW, db: (loss, by_name("W1 b1")(loss, dW, db)),
    "dict, loss": lambda loss, dW, db: (by_name("W1 b1")(loss, dW, db), loss),
    "loss, flat": lambda loss, dW, db: (
        loss,
        np.concatenate([g.ravel() for pair in zip(dW, db, strict=True) for g in pair]),
    ),
    "loss, (dW, db)": lambda loss, dW, db: (loss, (dW, db)),
    "lists by name": lambda loss, dW, db: {"nabla_w": dW, "nabla_b": db, "cost": loss},
    "nested lists": lambda loss, dW, db: ([g.tolist() for g in dW], [g.tolist() for g in db]),
    "object arrays": lambda loss, dW, db: (objects(dW), objects(db)),
    "an array of a dict": lambda loss, dW, db: np.array(by_name("W1 b1")(loss, dW, db), dtype=object),
    "all in turn": lambda loss, dW, db: (dW[0], db[0], dW[1], db[1]),
    "weights first": lambda loss, dW, db: [*dW, *db],
    "last layer first": lambda loss, dW, db: (dW[1], db[1], dW[0], db[0]),
    "a pair a layer": lambda loss, dW, db: list(zip(dW, db, strict=True)),
    "a dict a layer": lambda loss, dW, db: [{"dW": W, "db": b} for W, b in zip(dW, db, strict=True)],
    "two dicts": lambda loss, dW, db: ({"W1": dW[0], "W2": dW[1]}, {"b1": db[0], "b2": db[1]}),
    "with intermediates": lambda loss, dW, db: by_name("dW1 db1")(loss, dW, db) | {"dZ2": Y, "dA1": X, "delta1": X},
}
VECTORS = {"(n,)": lambda b: b, "(n,1)": lambda b: b.reshape(-1, 1), "(1,n)": lambda b: b.reshape(1, -1)}


def objects(arrays):
    found = np.empty(len(arrays), dtype=object)
    found[:] = arrays
    return found


def right(layout, vectors):
    """Loss, dW and db in a layout."""
    loss, dW, db = loss_and_gradients(*MODEL.arrays(), X, Y, **MODEL.activations(), loss=LOSS)
    return loss, ArrayLayout.said(layout).written(dW, db)[0], [VECTORS[vectors](b) for b in db]


EVERY = list(itertools.product(LAYOUTS, VECTORS, RETURNS))
assert len(EVERY) >= 200
SOME = random.Random(0).sample(EVERY, 60)
"""A sample of them: all were tried, and would take half a minute."""


@pytest.mark.parametrize(("layout", "vectors", "returned"), SOME)
def test_right_gradients_are_right_in_every_form(layout, vectors, returned):
    given = RETURNS[returned](*right(layout, vectors))
    diagnosis = microbp.diagnose(MODEL, given, X, Y, loss=LOSS)
    assert diagnosis.ok, str(diagnosis)
    flat = "flat" in returned
    assert any("(n_in, n_out)" in note for note in diagnosis.notes) == ("in,out" in layout and not flat)
    assert microbp.compare(MODEL, X, Y, loss=LOSS, gradients=given, **({"layout": layout} if not flat else {})).ok


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def rows_out_in(W1, b1, W2, b2, X, Y):
    a1 = np.tanh(X @ W1.T + b1)
    d2 = (sigmoid(a1 @ W2.T + b2) - Y) / len(X)
    d1 = d2 @ W2 * (1 - a1**2)
    return d1.T @ X, d1.sum(0), d2.T @ a1, d2.sum(0)


def columns_out_in(W1, b1, W2, b2, X, Y):
    assert b1.shape == (3, 1)
    m = X.shape[1]
    A1 = np.tanh(W1 @ X + b1)
    dZ2 = sigmoid(W2 @ A1 + b2) - Y
    dZ1 = W2.T @ dZ2 * (1 - A1**2)
    return dZ1 @ X.T / m, dZ1.sum(1, keepdims=True) / m, dZ2 @ A1.T / m, dZ2.sum(1, keepdims=True) / m


def rows_in_out(W1, b1, W2, b2, X, Y):
    dW1, db1, dW2, db2 = rows_out_in(W1.T, b1, W2.T, b2, X, Y)
    return dW1.T, db1, dW2.T, db2


def columns_in_out(W1, b1, W2, b2, X, Y):
    dW1, db1, dW2, db2 = columns_out_in(W1.T, b1, W2.T, b2, X, Y)
    return dW1.T, db1, dW2.T, db2


def unpacked(parameters):
    return [parameters[name] for name in ("W1", "b1", "W2", "b2")]


def calling(core):
    """Functions as people write them around a pass."""

    def lists(weights, biases, X, Y):
        dW1, db1, dW2, db2 = core(weights[0], biases[0], weights[1], biases[1], X, Y)
        return [dW1, dW2], [db1, db2]

    def other_order(x, y, w, b):
        return lists(w, b, x, y)

    def parameters(parameters, X, Y):
        return dict(zip(("dW1", "db1", "dW2", "db2"), core(*unpacked(parameters), X, Y), strict=True))

    def cached(parameters, cache, X, Y):
        assert cache["A1"].shape in ((3, 5), (5, 3))
        return parameters_only(parameters, X, Y)

    def with_rate(params, x, t, lam=0.0):
        return parameters_only(params, x, t)

    def in_a_list(params, X, Y):
        return core(*params, X, Y)

    parameters_only = parameters
    return [lists, other_order, parameters, cached, with_rate, in_a_list]


CORES = {"": rows_out_in, "columns": columns_out_in, "in,out": rows_in_out, "in,out+columns": columns_in_out}
FUNCTIONS = [(layout, k) for layout in CORES for k in range(6)]


@pytest.mark.parametrize(("layout", "k"), FUNCTIONS)
def test_a_function_is_called_in_the_layout_that_it_works_in(layout, k):
    function = calling(CORES[layout])[k]
    unsaid = microbp.diagnose(MODEL, function, X, Y, loss=LOSS)
    assert unsaid.ok, str(unsaid)
    notes = " ".join(unsaid.notes)
    assert ("(n_in, n_out)" in notes, "in columns" in notes) == ("in,out" in layout, "columns" in layout)
    assert microbp.diagnose(MODEL, function, X, Y, loss=LOSS, layout=layout or "out,in+rows").ok


@pytest.mark.parametrize("layout", CORES)
def test_a_wrong_line_is_named_in_the_layout_of_the_function(layout):
    def twice(W1, b1, W2, b2, X, Y):
        dW1, db1, dW2, db2 = CORES[layout](W1, b1, W2, b2, X, Y)
        return -dW1, -db1, -dW2, -db2

    diagnosis = microbp.diagnose(MODEL, calling(twice)[0], X, Y, loss=LOSS)
    assert diagnosis.mistakes == ("sign",), str(diagnosis)


def test_a_function_of_theta_gets_the_matrices_or_a_vector():
    def matrices(thetas, X, Y):
        (b1, W1), (b2, W2) = ((theta[:, 0], theta[:, 1:]) for theta in thetas)
        dW1, db1, dW2, db2 = rows_out_in(W1, b1, W2, b2, X, Y)
        return 0.0, [np.column_stack([db1, dW1]), np.column_stack([db2, dW2])]

    def vector(theta, X, Y):
        _, found = matrices([theta[:9].reshape(3, 3, order="F"), theta[9:].reshape(2, 4, order="F")], X, Y)
        return np.concatenate([g.ravel("F") for g in found])

    for function in (matrices, vector):
        diagnosis = microbp.diagnose(MODEL, function, X, Y, loss=LOSS)
        assert diagnosis.ok, str(diagnosis)
    assert "in column 0, each column by column" in diagnosis.notes[0]
