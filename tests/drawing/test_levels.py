import json
import re

import numpy as np
import pytest

import microbp
from microbp import Value, losses, nn
from microbp.drawing import draw
from microbp.drawing.image import render
from microbp.drawing.levels import choose_level
from microbp.errors import DrawingWarning, GraphError, UnknownNameError


def network(sizes, samples, loss="half_squared_error", **options):
    model = nn.MLP(sizes[0], sizes[1:], activation="tanh", seed=1)
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(samples, sizes[0])), np.eye(sizes[-1])[rng.integers(0, sizes[-1], samples)]
    root = losses.batch_loss(model, X, Y, loss, **options)
    root.backward()
    return root, model


@pytest.mark.parametrize(
    ("sizes", "samples", "level"),
    [
        ((2, 2, 1), 1, "op"),
        ((2, 2, 1), 4, "op"),
        ((4, 8, 3), 1, "neuron"),
        ((3, 5, 3), 5, "neuron"),
        ((2, 16, 16, 1), 1, "neuron"),
        ((64, 16, 10), 1, "layer"),
    ],
)
def test_the_finest_level_that_can_be_read_is_chosen_and_drawn(sizes, samples, level, renderer):
    root, model = network(sizes, samples, "half_squared_error" if sizes[-1] == 1 else "softmax_cross_entropy")
    drawing = draw(root, model=model)
    assert drawing.level.name == level
    assert drawing.picture("svg").startswith(b"<?xml")


def test_why_a_level_was_chosen_is_said():
    model = nn.MLP(64, [16, 10], seed=0)
    assert choose_level(50, model).why == "50 values are few enough to read"
    assert "1,184 weights more than the 400" in choose_level(5_000, model).why
    assert choose_level(5_000, None).name == "op"


def test_neurons_have_their_numbers_and_arrows_their_weights():
    problem = microbp.load("w1-w8")
    root = problem.root()
    root.backward()
    drawing = draw(root, model=problem.model, level="neuron")
    assert drawing.lines[0] == "i1 = 0.05, grad 0.003804" or "i1 = 0.05, grad 0.003804" in drawing.lines
    (line,) = (line for line in drawing.lines if line.startswith("neuron o1"))
    assert line.startswith(
        "neuron o1, sigmoid: w5 0.4, grad 0.08217; w6 0.45, grad 0.08267; b2 0.6, grad 0.1004; net_o1 1.106, grad"
    )
    assert "<w5 = 0.4>" in drawing.source
    assert "∂net_o1/∂out_h1 = w5 = 0.4" in drawing.source


@pytest.mark.parametrize(("sizes", "samples"), [((4, 8, 3), 1), ((3, 5, 3), 5), ((2, 16, 16, 1), 1)])
def test_neurons_stand_in_order(sizes, samples, renderer):
    root, model = network(sizes, samples)
    drawing = draw(root, model=model, level="neuron")
    names = dict(re.findall(r'(g\d+) \[id="g\d+" label=<.*?<B>neuron (\d+)', drawing.source))
    placed = json.loads(render(drawing.source, "json0"))["objects"]
    columns = {}
    for card in placed:
        if card["name"] in names:
            x, y = map(float, card["pos"].split(","))
            columns.setdefault(round(x), []).append((-y, int(names[card["name"]])))
    assert len(columns) == len(sizes) - 1
    for column in columns.values():
        order = [number for _, number in sorted(column)]
        assert order in (sorted(order), sorted(order, reverse=True))  # Graphviz 14 may turn a column round


def test_layers_have_shapes_ranges_and_norms():
    root, model = network((3, 5, 2), 4)
    drawing = draw(root, model=model, level="layer")
    (line,) = (line for line in drawing.lines if line.startswith("layer 1"))
    w, _, z, a = line.removeprefix("layer 1, tanh: ").split("; ")
    weights, grads = model.arrays()[0][0], model.grad_arrays()[0][0]
    assert w == (f"w 5×3 {weights.min():.4g} … {weights.max():.4g}, grad {np.linalg.norm(grads):.4g}".replace("-", "−"))
    assert z.startswith("z 5×4 ")
    assert a.startswith("a 5×4 ")
    assert "<12 values>" in drawing.source
    assert "<20 values>" in drawing.source


def test_a_shared_bias_is_a_part_of_each_of_its_neurons():
    problem = microbp.load("w1-w8")
    lines = draw(problem.root(), model=problem.model, level="neuron").lines
    assert sum("b1 0.35" in line for line in lines) == 2
    assert len(lines) == 7


@pytest.mark.slow
def test_a_network_alone_is_drawn_from_its_parameters():
    model = nn.MLP(784, [128, 64, 10], seed=0)
    drawing = draw(model)
    assert [line.partition(";")[0].partition(" −")[0] for line in drawing.lines] == [
        "layer 1: w 128×784",
        "layer 2: w 64×128",
        "output layer: w 10×64",
    ]
    assert all(line.endswith("grad ?") for line in drawing.lines)
    with pytest.raises(GraphError, match=r"a network alone has none: draw a result of it, draw\(model\(x\)"):
        draw(model, level="op")


@pytest.mark.slow
def test_at_op_level_a_large_network_is_refused_with_advice():
    model = nn.MLP(784, [128, 64, 10], seed=0)
    root = losses.batch_loss(model, np.zeros((1, 784)), np.eye(10)[:1], "softmax_cross_entropy")
    for level in ("op", "neuron"):
        with pytest.raises(GraphError, match=r"draw a coarser level \(.*layer\), a part of the graph \(only=paths_to"):
            draw(root, model=model, level=level)


def test_a_chain_of_100_000_never_reaches_a_renderer():
    x = y = Value(1.0)
    for _ in range(100_000):
        y = y + x
    with pytest.raises(GraphError, match="a picture of 100,001 values cannot be read"):
        draw(y, "chain.svg")


def test_a_few_hundred_are_drawn_with_a_warning():
    y = Value(1.0, label="x")
    for k in range(400):
        y = y.tanh()
        y.label = f"y{k}"
    y = y + 1
    with pytest.warns(DrawingWarning, match="a picture of 402 values is hard to read: draw a part") as caught:
        draw(y)
    assert caught[0].filename == __file__
    assert draw(y, max_nodes=500)  # who says how many, wants no warning
    with pytest.raises(GraphError, match="the limit is 100"):
        draw(y, max_nodes=100)


def test_any_box_can_be_folded():
    problem = microbp.load("w1-w8")
    drawing = draw(problem.root(), model=problem.model, fold=["hidden layer", "neuron o1"])
    assert any(line.startswith("hidden layer, sigmoid: b1") for line in drawing.lines)
    assert any(line.startswith("neuron o1, sigmoid: w 2") for line in drawing.lines)
    assert any(line.startswith("net_o2 = ") for line in drawing.lines)
    with pytest.raises(UnknownNameError, match=r"unknown box: 'hiden layer' .* did you mean 'hidden layer'"):
        draw(problem.root(), model=problem.model, fold="hiden layer")


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"level": "neurone"}, UnknownNameError, "did you mean 'neuron'"),
        ({"level": "layer"}, GraphError, "needs the network that it shows: pass model="),
    ],
)
def test_levels_that_cannot_be_are_refused(options, error, said):
    with pytest.raises(error, match=said):
        draw(Value(1.0) * 2, **options)


def test_regularized_weights_have_an_arrow_to_the_loss():
    root, model = network((2, 3, 1), 2, l2=0.1)
    source = draw(root, model=model, level="layer").source
    assert source.count("-> g") + source.count("-> n") == 4
