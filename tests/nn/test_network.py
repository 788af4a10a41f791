import random

import numpy as np
import pytest

from microbp import Value, nn
from microbp.errors import ShapeError, UnknownNameError
from microbp.nn import ACTIVATIONS, MLP, Layer, Neuron, Parameter

W = [np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([[7.0, 8.0, 9.0]])]
B = [np.array([0.1, 0.2, 0.3]), np.array([0.4])]


def test_arrays_come_back_as_they_went_in():
    model = MLP.from_arrays(W, B, activation="tanh", output="sigmoid")
    weights, biases = model.arrays()
    assert all(np.array_equal(a, b) for a, b in zip(weights + biases, W + B, strict=True))
    assert [layer.neurons[0].activation for layer in model.layers] == ["tanh", "sigmoid"]


def test_grad_arrays_hold_the_gradient_of_each_parameter_in_its_place():
    model = MLP.from_arrays(W, B, activation="linear")
    model([1.0, -1.0]).backward()
    (dW1, dW2), (db1, db2) = model.grad_arrays()
    assert np.allclose(dW1, np.outer(W[1][0], [1.0, -1.0]), rtol=1e-15, atol=0)
    assert np.allclose(dW2, (W[0] @ [1.0, -1.0] + B[0])[None], rtol=1e-15, atol=0)
    assert np.array_equal(db1, W[1][0])
    assert np.array_equal(db2, [1.0])


def test_parameter_arrays_are_the_parameters_themselves():
    model = MLP.from_arrays(W, B)
    arrays = model.parameter_arrays()
    assert [a.shape for a in arrays] == [(3, 2), (3,), (1, 3), (1,)]
    assert arrays[0][2, 1] is model.layers[0].neurons[2].w[1]
    assert {id(p) for a in arrays for p in a.flat} == {id(p) for p in model.parameters()}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_neuron_computes_its_activation_of_the_weighted_sum(activation):
    neuron = Neuron(2, activation)
    neuron.b.data = 0.25
    net = neuron.w[0].data * 0.5 + neuron.w[1].data * -2.0 + 0.25
    expected = Value(net) if activation == "linear" else getattr(Value(net), activation)()
    assert neuron([0.5, -2.0]).data == pytest.approx(expected.data, rel=1e-12, abs=1e-15)


def test_labels_name_layer_neuron_and_input():
    model = MLP(2, [2, 1], activation="tanh", seed=0)
    labels = [v.label for v in model([1.0, 2.0]).graph()]
    assert {"x[0]", "x[1]", "w[1][1,0]", "b[1][1]", "z[1][0]", "a[1][1]", "w[2][0,1]", "b[2][0]", "z[2][0]"} <= set(
        labels
    )


def test_seed_decides_the_weights_and_so_does_random():
    assert np.array_equal(MLP(2, [2], seed=5).arrays()[0], MLP(2, [2], seed=5).arrays()[0])
    random.seed(9)
    first = MLP(2, [2]).arrays()[0]
    random.seed(9)
    assert np.array_equal(MLP(2, [2]).arrays()[0], first)


def test_only_parameters_are_trained_and_a_shared_one_counts_once():
    layer = Layer(2, 2)
    layer.neurons[1].b = layer.neurons[0].b
    assert len(layer.parameters()) == 5
    layer.neurons[0].b = Value(1.0)
    assert len(layer.parameters()) == 5
    assert all(isinstance(p, Parameter) for p in layer.parameters())


def test_zero_grad_clears_every_parameter():
    model = MLP(2, [1], seed=0)
    model([1.0, 1.0]).backward()
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (
            lambda: MLP(2, [3], output="sigmod"),
            UnknownNameError,
            "unknown activation: 'sigmod' .*did you mean 'sigmoid'",
        ),
        (lambda: MLP(2, []), ShapeError, "at least one layer"),
        (lambda: MLP(0, [1]), ShapeError, r"sizes of 1 or more, got \[0, 1\]"),
        (lambda: MLP(2, [3, 1], activation=["relu", "tanh"]), ShapeError, "each of its 1 hidden layers"),
        (lambda: MLP.from_arrays(W, [B[0], [1.0, 2.0]]), ShapeError, r"layer 2 needs .* got \(1, 3\) and \(2,\)"),
        (lambda: MLP.from_arrays([W[0], W[0]], [B[0], B[0]]), ShapeError, "needs 2 inputs, but layer 1 gives 3"),
        (lambda: MLP.from_arrays(W, B[:1]), ShapeError, "got 2 and 1"),
        (lambda: MLP.from_arrays(W, B)([1.0]), ShapeError, "needs 2 inputs, got 1"),
    ],
)
def test_what_does_not_fit_is_refused_with_both_sides_named(make, error, said):
    with pytest.raises(error, match=said):
        make()


def test_micrograds_names_are_here():
    assert issubclass(nn.MLP, nn.Module)
