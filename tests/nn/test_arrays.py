from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbp.errors import ShapeError
from microbp.nn import MLP
from microbp.nn.arrays import LeafPlaces, from_theta, to_theta
from microbp.problems import load

SIZES = st.lists(st.integers(1, 5), min_size=2, max_size=5)


def arrays_of(sizes, rng):
    pairs = list(pairwise(sizes))
    return [rng.normal(size=(n, m)) for m, n in pairs], [rng.normal(size=n) for _, n in pairs]


@given(SIZES, st.integers(0, 99))
def test_theta_and_back_is_where_it_began(sizes, seed):
    weights, biases = arrays_of(sizes, np.random.default_rng(seed))
    thetas = to_theta(weights, biases)
    assert [theta.shape for theta in thetas] == [(n, 1 + m) for m, n in pairwise(sizes)]
    again = from_theta(thetas)
    for one, other in zip([*weights, *biases], [*again[0], *again[1]], strict=True):
        assert np.array_equal(one, other)


def test_theta_times_a_one_and_the_inputs_is_the_net():
    weights, biases = arrays_of([4, 3], np.random.default_rng(0))
    x = np.array([0.5, -1.0, 2.0, 0.25])
    assert np.allclose(to_theta(weights, biases)[0] @ [1.0, *x], weights[0] @ x + biases[0], rtol=1e-15, atol=0)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: to_theta([[[1.0]]], []), "got 1 and 0"),
        (lambda: to_theta([[[1.0]]], [[1.0, 2.0]]), r"layer 1 .* got \(1, 1\) and \(2,\)"),
        (lambda: to_theta([[1.0]], [[1.0]]), r"layer 1 .* got \(1,\) and \(1,\)"),
        (lambda: from_theta([[[1.0]]]), r"layer 1 needs Θ .* got \(1, 1\)"),
        (lambda: from_theta([[[1.0, 2.0]], [1.0, 2.0]]), r"layer 2 needs Θ .* got \(2,\)"),
    ],
)
def test_arrays_that_are_no_layers_are_refused(call, said):
    with pytest.raises(ShapeError, match=said):
        call()


@given(SIZES, st.booleans(), st.integers(0, 99))
def test_collecting_is_the_transpose_of_spreading(sizes, shared, seed):
    # ⟨spread(v), A⟩ = ⟨v, collect(A)⟩: what makes `collect` the right thing to do with gradients.
    rng = np.random.default_rng(seed)
    model = MLP(sizes[0], sizes[1:], seed=0)
    if shared:
        for layer in model.layers:
            for neuron in layer.neurons:
                neuron.b = layer.neurons[0].b
    layout = LeafPlaces(model.parameter_arrays())
    v, arrays = rng.normal(size=len(layout.leaves)), [rng.normal(size=i.shape) for i in layout.index]
    inside = sum(float(np.sum(a * b)) for a, b in zip(layout.spread(v), arrays, strict=True))
    assert inside == pytest.approx(float(v @ layout.collect(arrays)), abs=1e-12)


def test_a_shared_bias_stands_in_every_place_and_gets_the_sum():
    problem = load("w1-w8")
    layout = LeafPlaces(problem.model.parameter_arrays())
    assert [leaf.label for leaf in layout.leaves] == ["w1", "w2", "w3", "w4", "b1", "w5", "w6", "w7", "w8", "b2"]
    spread = layout.spread(np.arange(10.0))
    assert [a.tolist() for a in spread] == [[[0, 1], [2, 3]], [4, 4], [[5, 6], [7, 8]], [9, 9]]
    ones = [np.full(index.shape, 10.0**k) for k, index in enumerate(layout.index)]
    assert layout.collect(ones).tolist() == [1, 1, 1, 1, 20, 100, 100, 100, 100, 2000]


def test_spread_arrays_are_copies():
    layout = LeafPlaces(MLP(2, [1], seed=0).parameter_arrays())
    vector = np.arange(3.0)
    layout.spread(vector)[0][:] = 9.0
    assert vector.tolist() == [0.0, 1.0, 2.0]
