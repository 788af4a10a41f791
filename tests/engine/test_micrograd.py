"""What people know from micrograd, with the import changed."""

import random

import pytest

from microbp.engine import Value
from microbp.nn import MLP, Layer, Neuron


def test_the_known_expression_gives_the_known_numbers():
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert g.data == pytest.approx(24.70408163265306, rel=1e-14, abs=0)
    assert a.grad == pytest.approx(138.83381924198252, rel=1e-14, abs=0)
    assert b.grad == pytest.approx(645.5772594752186, rel=1e-14, abs=0)


def test_relu_inside_an_expression_gives_the_known_numbers():
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    assert (y.data, x.grad) == (-20.0, 46.0)


def test_neurons_and_layers_take_micrograds_arguments():
    assert Neuron(3, nonlin=False).activation == "linear"
    assert len(Layer(2, 3, nonlin=False).parameters()) == 9
    assert isinstance(Layer(2, 1)([1.0, 2.0]), Value)
    assert len(MLP(2, [4, 2])([1.0, 2.0])) == 2


def test_the_demo_trains_two_moons():
    from microbp.datasets import moons

    random.seed(1337)
    X, Y = moons(50, noise=0.1, seed=1)
    y = Y[:, 0]
    model = MLP(2, [16, 16, 1])
    assert len(model.parameters()) == 337
    inputs = [list(map(Value, row)) for row in X]
    for k in range(8):
        scores = list(map(model, inputs))
        losses = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        total_loss = data_loss + 1e-4 * sum(p * p for p in model.parameters())
        if k == 0:
            first = total_loss.data
        model.zero_grad()
        total_loss.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * k / 100) * p.grad
    accuracy = sum((yi > 0) == (score.data > 0) for yi, score in zip(y, scores, strict=True)) / len(y)
    assert total_loss.data < first / 2
    assert accuracy > 0.8


def test_manual_backprop_node_by_node_gives_the_grads_of_backward():
    def neuron():
        x, w, b = Value(2.0, (), "", "x"), Value(-3.0, label="w"), Value(6.88, _children=(), _op="")
        n = x * w + b
        return x, w, b, n, n.tanh()

    *others, o = neuron()
    o.backward()
    *again, top = neuron()
    seen, waiting = [], [top]
    while waiting:
        seen.append(waiting.pop())
        waiting += seen[-1]._prev
    top.grad = 1.0
    for node in seen:  # a tree: results before inputs
        node._backward()
    assert [v.grad for v in again] == [v.grad for v in others]
    assert [v._op for v in (top, again[3], again[0])] == ["tanh", "+", ""]


@pytest.mark.parametrize("none", [(0,), (1,), (0, 1), (2,)])
def test_a_grad_of_none_is_0(none):
    a, b = Value(2.0), Value(3.0)
    c = a * b
    for k in none:
        (a, b, c)[k].grad = None
    (c + a / b).backward()
    assert (a.grad, b.grad) == (3.0 + 1 / 3, 2.0 - 2 / 3 / 3)


@pytest.mark.parametrize("number", ["x", None, [1.0], Value(1.0)])
def test_data_that_are_no_number_are_refused_with_the_label(number):
    w = Value(1.0, label="w")
    w.data = number
    for use in (lambda: w * 2, lambda: 2 + w, w.exp, w.relu):
        with pytest.raises(TypeError, match="the data of 'w' has to be a number"):
            use()


def test_what_would_be_forgotten_is_refused():
    a = Value(1.0)
    with pytest.raises(TypeError, match="define"):
        Value(2.0, (a,), "tanh")
    with pytest.raises(TypeError, match="define"):
        a._backward = lambda: None
    with pytest.raises(TypeError, match=r"x\.data"):
        float(a)
    with pytest.raises(AttributeError):
        a.color = "red"


def test_a_subclass_has_attributes_of_its_own():
    class Weight(Value):
        pass

    w = Weight(2.0, label="w")
    w.decay = 0.1
    (w * w).backward()
    assert (w.decay, w.grad) == (0.1, 4.0)
