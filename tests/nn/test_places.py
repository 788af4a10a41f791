import microbp
from microbp import Value, losses, nn
from microbp.nn.places import layers_of


def test_every_net_and_activation_of_a_batch_is_placed():
    model = nn.MLP(2, [3, 2], activation="tanh", output="sigmoid", seed=0)
    graph = losses.batch_loss(model, [[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [0.0, 1.0]], "half_squared_error").graph()
    places = layers_of(model, graph)
    assert len(places) == 2 * 2 * (3 + 2)
    for value, (layer, neuron) in places.items():
        assert value.label in (f"z[{layer + 1}][{neuron}]", f"a[{layer + 1}][{neuron}]")


def test_what_is_not_the_networks_has_no_place():
    model = nn.MLP(1, [1], activation="tanh", output="tanh", seed=0)
    stranger = microbp.affine([Value(1.0)], [2.0], 0.0).tanh()
    outside = model([1.0]) * stranger
    assert stranger not in layers_of(model, outside.graph())
    assert outside not in layers_of(model, outside.graph())
