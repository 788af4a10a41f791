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
    assert g.data == pytest.approx(24.70408163265306, rel=1e-14)
    assert a.grad == pytest.approx(138.83381924198252, rel=1e-14)
    assert b.grad == pytest.approx(645.5772594752186, rel=1e-14)


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
