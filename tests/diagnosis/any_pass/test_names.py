"""What a learner's functions return is read by the names in their code, also in a function that they only call."""

import numpy as np
import pytest

import microbp
from microbp.diagnosis.any_pass.names import meant, names_inside, returned_names

RNG = np.random.default_rng(5)
DATA = {"X": RNG.normal(size=(4, 3)), "y": RNG.normal(size=(4, 2)), "W1": RNG.normal(size=(3, 2)), "W2": np.eye(2)}


def forward_pass(X, W1, W2):
    Z1 = X @ W1
    A1 = np.tanh(Z1)
    out = A1 @ W2
    cache = (Z1, A1)
    return out, cache


def backward_pass(X, y, A1, out, W2):
    dout = 2 * (out - y)
    dA1 = dout @ W2.T
    dZ1 = dA1 * (1 - A1**2)
    return X.T @ dZ1, A1.T @ dout, dZ1


class Network:
    def __init__(self, weights, biases):
        self.weights, self.biases = weights, biases

    def feed_forward(self, x):
        for w, b in zip(self.weights, self.biases, strict=True):
            x = np.tanh(w @ x + b)
        return x

    def backprop(self, x, y, slope=1.0):
        activations = [x]
        for w, b in zip(self.weights, self.biases, strict=True):
            activations.append(np.tanh(w @ activations[-1] + b))
        delta = (activations[2] - y) * (1 - activations[2] ** 2)
        nabla_w, nabla_b = [None, delta @ activations[1].T], [None, delta]
        nabla_b[0] = self.weights[1].T @ delta * (1 - activations[1] ** 2) * slope
        nabla_w[0] = nabla_b[0] @ x.T
        return nabla_b, nabla_w


def test_a_tuple_that_another_function_returned_has_the_names_that_stand_there():
    def forward(X, y, W1, W2):
        out, cache = forward_pass(X, W1, W2)
        return ((out - y) ** 2).sum(), out, cache

    def backward(X, y, W1, W2, out, cache):
        _, A1 = cache
        grads = backward_pass(X, y, A1, out, W2)
        return grads  # noqa: RET504 - a name for it is what learners write

    def wrong(X, y, W1, W2, out, A1):
        return backward_pass(X, y, A1, -out, W2)

    assert returned_names(backward, 3, bare=True) == ["", "", "dZ1"]
    assert names_inside(forward, 3) == [[], [], ["Z1", "A1"]]
    found = microbp.check(forward, backward, **DATA)
    assert found.ok
    assert [line.name for line in found.lines] == ["W2", "Z1", "W1"]
    assert microbp.check(forward, wrong, **DATA).first == "W2"


@pytest.mark.parametrize(("slope", "first"), [(1.0, None), (2.0, "biases[0]")])
def test_what_a_method_returns_has_names_and_w_is_the_gradient_of_weights(slope, first):
    def forward(weights, biases, x, y):
        return 0.5 * ((Network(weights, biases).feed_forward(x) - y) ** 2).sum()

    def backward(weights, biases, x, y):
        return Network(weights, biases).backprop(x, y, slope)

    columns = [RNG.normal(size=(n, 1)) for n in (3, 4, 2)]
    weights = [RNG.normal(size=(4, 3)), RNG.normal(size=(2, 4))]
    found = microbp.check(forward, backward, weights=weights, biases=columns[1:], x=columns[0], y=columns[2])
    assert found.first == first
    assert {line.name for line in found.lines} == {"weights[0]", "weights[1]", "biases[0]", "biases[1]"}


@pytest.mark.parametrize(
    ("key", "names", "name"),
    [
        ("nabla_b[1]", ["weights[1]", "biases[0]", "biases[1]"], "biases[1]"),
        ("L_hbias", ["W", "hbias", "vbias"], "hbias"),
        ("dw2", ["weights1", "weights2", "bias2"], "weights2"),
        ("db", ["W", "bias"], "bias"),
        ("dW", ["w", "weights"], None),  # either may be meant
        ("dWxh", ["weights"], None),
        ("w", ["W"], "W"),
    ],
)
def test_w_and_b_may_be_weights_and_biases_if_one_alone_is(key, names, name):
    assert meant(key, names) == name


def test_functions_that_call_each_other_have_no_names():
    assert returned_names(ping, 2) is None


def ping(x):
    return pong(x)


def pong(x):
    return ping(x)


def softmax_loss(x, y, turned=1.0):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    n = len(y)
    loss = float(-np.log(p[np.arange(n), y]).sum() / n)
    assert isinstance(loss, float)
    dx = p.copy()
    dx[np.arange(n), y] -= turned
    dx /= n
    return loss, dx


def propagate(params, x, y):
    a = 1 / (1 + np.exp(-(x @ params["w"] + params["b"])))
    cost = np.squeeze(-np.mean(y * np.log(a) + (1 - y) * np.log(1 - a)))
    assert cost.dtype == float
    grads = {"w": x.T @ (a - y) / len(y), "b": np.mean(a - y)}
    return grads, cost


LABELS = {"x": RNG.normal(size=(4, 3)), "y": np.array([2, 0, 1, 1])}


@pytest.mark.parametrize("given", [(softmax_loss,), (softmax_loss, softmax_loss)])
def test_a_function_that_returns_its_loss_and_the_gradients_is_both(given):
    found = microbp.check(*given, **LABELS)
    assert found.ok, found
    assert [line.name for line in found.lines] == ["x"]
    assert microbp.check(*given, **LABELS, turned=2).first == "x"


def test_a_dict_of_gradients_has_the_names_of_the_parameters():
    given = {"params": {"w": RNG.normal(size=3), "b": 0.5}, "x": LABELS["x"], "y": np.array([0, 1, 1, 0])}
    found = microbp.check(propagate, **given)
    assert found.ok, found
    assert sorted(line.name for line in found.lines) == ["b", "w"]
    assert not found.notes


def test_lines_are_told_where_they_stand_in_a_pass_that_forward_calls_and_a_helper_at_its_call():
    def forward(X, y, W1, W2):
        out, cache = forward_pass(X, W1, W2)
        return squared(out - y).sum(), cache, out

    def backward(X, y, W1, W2, out, A1):
        return {"dW1": X.T @ (2 * (out - y) @ W2.T)}

    def doubled(X, y, W1, W2, out, A1):
        return {"dW2": A1.T @ (out - y) ** 2 * 2}

    def network(weights, biases, x, y):
        return squared(Network(weights, biases).feed_forward(x) - y).sum()

    def flat(weights, biases, x, y):
        first, last = weights
        inner = np.tanh(first @ x + biases[0])
        out = np.tanh(last @ inner + biases[1])
        return {"weights": [None, 2 * (out - y) @ inner.T]}

    assert "`np.tanh(Z1)` (line 1" in microbp.check(forward, backward, **DATA)["W1"].text
    assert "`squared(out - y)` (line " in microbp.check(forward, doubled, **DATA)["W2"].text
    columns = [RNG.normal(size=(n, 1)) for n in (3, 4, 2)]
    given = {"weights": [RNG.normal(size=(4, 3)), RNG.normal(size=(2, 4))], "biases": columns[1:]}
    found = microbp.check(network, flat, **given, x=columns[0], y=columns[2])
    assert "`np.tanh(w @ x + b)` (line 3" in found["weights[1]"].text


def squared(x):
    return x**2


def step(x, h, Wx, Wh):
    net = x @ Wx + h @ Wh
    return np.tanh(net)


def test_a_step_that_is_called_at_two_places_is_told_line_by_line():
    def forward(xs, h0, Wx, Wh):
        h1 = step(xs[0], h0, Wx, Wh)
        h2 = step(xs[1], h1, Wx, Wh)
        return squared(h2).sum(), h2

    def backward(xs, h0, Wx, Wh, h2):
        return {"dh0": 2 * h2 @ Wh.T @ Wh.T}

    given = {"xs": RNG.normal(size=(2, 4, 3)), "h0": RNG.normal(size=(4, 2)), "Wh": RNG.normal(size=(2, 2))}
    found = microbp.check(forward, backward, **given, Wx=DATA["W1"])
    assert "`np.tanh(net)` (line" in found["h0"].text, found


def skip_gram(center, outside, word):
    p = np.exp(outside @ center) / np.exp(outside @ center).sum()
    error = p.copy()
    error[word] -= 1
    gradCenterVec = outside.T @ error
    return -np.log(p[word]), gradCenterVec, np.outer(error, center)


def test_gradients_whose_names_say_nothing_are_known_by_their_shapes_if_there_is_one_for_each_array():
    given = {"center": RNG.normal(size=3), "outside": RNG.normal(size=(5, 3)), "word": 2}

    def forward(center, outside, word):
        return skip_gram(center, outside, word)[0]

    def backward(center, outside, word):
        _, gradCenterVec, gradOutsideVecs = skip_gram(center, outside, word)
        return {"gradCenterVec": gradCenterVec, "gradOutsideVecs": gradOutsideVecs}

    found = microbp.check(forward, backward, **given)
    assert found.ok, found
    assert found.notes[0].startswith("recognized by their shapes: gradCenterVec for that of center, gradOutsideVecs")
    assert microbp.check(skip_gram, **given).ok
    with pytest.raises(microbp.errors.ProblemError, match="none of the gradients"):
        microbp.check(forward, lambda center, outside: {"a": center, "b": center}, **given)


def test_a_transpose_that_is_missing_is_said_to_be():
    def forward(X, W1, W2):
        return squared(np.tanh(X @ W1) @ W2).sum()

    def backward(X, W1, W2):
        H = np.tanh(X @ W1)
        return {"dW1": X.T @ ((2 * H @ W2) @ W2 * (1 - H**2))}

    given = {"X": DATA["X"], "W1": DATA["W1"], "W2": RNG.normal(size=(2, 2))}
    said = "the other factor in `np.tanh(X @ W1) @ W2` (line "
    assert said in (text := microbp.check(forward, backward, **given)["W1"].text)
    assert "has a .T too many, or too few, on the way back" in text
