"""Deltas of each sample's own loss, and gradients of a loss of another scale: what is meant is told, and no more."""

import numpy as np
import pytest

import microbp

RNG = np.random.default_rng(3)
M = 5
DATA = {
    "X": RNG.normal(size=(3, M)),
    "Y": (RNG.random((1, M)) > 0.5) * 1.0,
    "W1": RNG.normal(size=(4, 3)),
    "b1": RNG.normal(size=(4, 1)),
    "W2": RNG.normal(size=(1, 4)),
    "b2": RNG.normal(size=(1, 1)),
}


def forward(X, Y, W1, b1, W2, b2):
    Z1 = W1 @ X + b1
    A1 = np.tanh(Z1)
    Z2 = W2 @ A1 + b2
    A2 = 1 / (1 + np.exp(-Z2))
    cost = -(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)).mean() + 0.1 * (W2**2).sum()
    return cost, {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}


BACKWARD = """
def backward(X, Y, W2, A1, A2):
    dZ2 = A2 - Y
    dW2 = dZ2 @ A1.T / m + 0.2 * W2
    db2 = dZ2.sum(axis=1, keepdims=True) / m
    dA1 = W2.T @ dZ2
    dZ1 = dA1 * (1 - A1**2)
    dW1 = dZ1 @ X.T / m
    db1 = dZ1.sum(axis=1, keepdims=True) / m
    return {"dZ2": dZ2, "dW2": dW2, "db2": db2, "dA1": dA1, "dZ1": dZ1, "dW1": dW1, "db1": db1}
"""


def report(*changes, dtype=float):
    source = BACKWARD
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    space = {"m": M, "np": np}
    exec(source, space)
    return microbp.check(forward, space["backward"], **{name: x.astype(dtype) for name, x in DATA.items()})


@pytest.mark.parametrize("dtype", [float, np.float32])
def test_deltas_of_each_samples_own_loss_are_right_where_the_lines_below_divide(dtype):
    found = report(dtype=dtype)
    assert found.ok, found
    assert "divided by 5 only in the lines below" in found.notes[0]


@pytest.mark.parametrize(
    ("old", "new", "wrong", "code"),
    [
        ("dZ1 @ X.T / m", "dZ1 @ X.T", {"W1"}, "factor"),
        (" + 0.2 * W2", "", {"W2"}, "missing-way"),
        ("A2 - Y", "Y - A2", {"Z2"}, "sign"),
        ("dA1 * (1 - A1**2)", "dA1", {"Z1"}, "derivative-left-out"),
        ("dA1 * (1 - A1**2)", "dA1 * (1 - A1)", {"Z1"}, "other-derivative"),
        ("W2.T @ dZ2", "W2.T @ dZ2 / m", {"A1"}, "factor"),
        ("dZ1.sum(axis=1, keepdims=True)", "dZ1.sum() * np.ones((4, 1))", {"b1"}, "wrong-axis"),
    ],
)
def test_what_is_wrong_besides_is_what_is_named(old, new, wrong, code):
    found = report((old, new))
    assert {line.name for line in found.lines if line.verdict == "wrong"} == wrong, found
    assert found[found.first].causes[0] == code, found


def test_a_delta_without_its_1_over_m_is_wrong_where_no_line_below_divides():
    found = report((" / m", ""))
    assert found.first == "Z2"
    assert found["Z2"].causes[0] == "factor"
    assert not any("lines below" in note for note in found.notes)


@pytest.mark.parametrize(
    ("times", "said"),
    [(-1, "the negative gradients"), (-2.0, "−2 times the gradients of this loss: added"), (0.5, "a loss 0.5 times")],
)
def test_gradients_of_a_loss_of_another_scale_are_said_to_be_that(times, said):
    x, w, t = DATA["X"].T, DATA["W1"].T, DATA["W1"][:, 0]

    def squares(x, w, b, t):
        return (((x @ w + b) - t) ** 2).sum()

    def gradients(x, w, b, t, times):
        d = 2 * times * (x @ w + b - t)
        return {"dw": x.T @ d, "db": d.sum(axis=0)}

    given = {"x": x, "w": w, "b": t, "t": 2 * t}
    assert said in microbp.check(squares, gradients, **given, times=times).notes[0]
    assert not microbp.check(squares, lambda x, w, b, t: {"dw": w, "db": b}, **given).notes


def softmax_regression(x, w, b, t, eps):
    z = x @ w + b
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -(t * np.log(p + eps)).sum() / len(x)
    return loss, p


@pytest.mark.parametrize("eps", [1e-7, 1e-9])
@pytest.mark.parametrize(("slip", "wrong"), [("", set()), ("dw[0] = 0", {"w"}), ("db = -db", {"b"})])
def test_p_minus_y_is_right_where_the_loss_keeps_its_logarithm_from_0(eps, slip, wrong):
    space = {}
    exec(
        "def backward(x, t, p):\n    dz = (p - t) / len(x)\n    dw, db = x.T @ dz, dz.sum(axis=0)\n"
        f"    {slip}\n    return {{'dw': dw, 'db': db}}",
        space,
    )
    given = {"x": DATA["X"].T, "w": DATA["W1"].T, "b": DATA["b1"][:, 0], "t": np.eye(4)[[0, 3, 1, 1, 2]], "eps": eps}
    found = microbp.check(softmax_regression, space["backward"], **given)
    assert {line.name for line in found.lines if line.verdict == "wrong"} == wrong, found
    assert "log(x + 1e-8)" in found.notes[0]


def test_a_gradient_that_has_the_small_constant_is_right_too_and_a_large_one_is_no_such():
    def backward(x, t, p, eps):
        dp = -t / (p + eps) / len(x)
        dz = p * (dp - (dp * p).sum(axis=1, keepdims=True))
        return {"dw": x.T @ dz, "db": dz.sum(axis=0)}

    given = {"x": DATA["X"].T, "w": DATA["W1"].T, "b": DATA["b1"][:, 0], "t": np.eye(4)[[0, 3, 1, 1, 2]]}
    found = microbp.check(softmax_regression, backward, **given, eps=1e-6)
    assert found.ok
    assert not found.notes
    assert not microbp.check(softmax_regression, lambda x, t, p: {"db": (p - t).sum(0) / 5}, **given, eps=0.01).ok


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(
    ("function", "slope", "code", "said"),
    [
        (
            sigmoid,
            lambda z, a: sigmoid(a) * (1 - sigmoid(a)),
            "derivative-elsewhere",
            ", sigmoid, is evaluated at the result",
        ),
        (lambda x: np.maximum(0, x), lambda z, a: sigmoid(z) * (1 - sigmoid(z)), "other-derivative", "that of sigmoid"),
        (lambda x: np.maximum(0, x), lambda z, a: 1 - np.tanh(z) ** 2, "other-derivative", "that of tanh"),
    ],
)
def test_a_slope_at_the_result_or_of_the_other_activation_is_named(function, slope, code, said):
    def squares(x, w):
        z = x @ w
        a = function(z)
        return (a**2).sum(), z, a

    found = microbp.check(squares, lambda x, z, a: {"dw": x.T @ (2 * a * slope(z, a))}, x=DATA["X"].T, w=DATA["W1"].T)
    assert found["w"].causes[0] == code, found
    assert said in found["w"].text


def dropped_out(X, Y, params, mask):
    W1, W2 = params["W1"], params["W2"]
    Z1 = W1 @ X
    A1 = np.tanh(Z1)
    A1 = A1 * mask
    A1 = A1 / 0.8
    Z2 = W2 @ A1
    A2 = 1 / (1 + np.exp(-Z2))
    cost = -(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)).mean()
    cache = (Z1, A1, W1, Z2, A2, W2)
    return cost, cache


@pytest.mark.parametrize(
    ("masked", "first"),
    [("dA1 * mask / 0.8", None), ("dA1 * mask", "A1"), ("dA1 / 0.8", "Z1"), ("dA1", "Z1")],
)
def test_a_gradient_named_as_an_array_that_dropout_made_anew_may_be_that_of_the_one_before(masked, first):
    space = {"np": np, "m": M}
    exec(
        "def backward(X, Y, cache, mask):\n    Z1, A1, W1, Z2, A2, W2 = cache\n    dZ2 = A2 - Y\n"
        f"    dA1 = W2.T @ dZ2\n    dA1 = {masked}\n    dZ1 = dA1 * (1 - np.tanh(Z1)**2)\n"
        "    return {'dZ2': dZ2, 'dA1': dA1, 'dZ1': dZ1, 'dW1': dZ1 @ X.T / m, 'dW2': dZ2 @ A1.T / m}",
        space,
    )
    given = {"X": DATA["X"], "Y": DATA["Y"], "params": {"W1": DATA["W1"], "W2": DATA["W2"]}}
    found = microbp.check(dropped_out, space["backward"], **given, mask=(RNG.random((4, M)) < 0.8).astype(int))
    assert found.first == first, found
    assert not any("unexplained" in line.causes for line in found.lines)


def test_biases_in_a_matrix_that_are_penalized_in_the_gradient_alone_are_named():
    def ridge(theta, x, t):
        h = np.hstack([np.ones((len(x), 1)), x]) @ theta.T
        return ((h - t) ** 2).sum() / 2 + 0.3 * (theta[:, 1:] ** 2).sum() / 2

    def backward(theta, x, t):
        ones = np.hstack([np.ones((len(x), 1)), x])
        return {"theta_grad": (ones @ theta.T - t).T @ ones + 0.3 * theta}

    found = microbp.check(ridge, backward, theta=RNG.normal(size=(4, 4)), x=DATA["X"].T, t=RNG.normal(size=(M, 4)))
    assert found["theta"].causes[0] == "extra-way"
    assert "0.3 times `theta` is added at 4 of 16 places" in found["theta"].text
