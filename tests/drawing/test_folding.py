import math

import pytest
from hypothesis import given

import microbp
from microbp import Value
from microbp.drawing import draw
from microbp.drawing.escape import LONGEST
from microbp.drawing.folding import fold_graph
from microbp.drawing.scene import Scene
from microbp.drawing.style import Style
from microbp.stepping.names import expression
from tests.graphs import graphs


def folded(root):
    graph = root.graph()
    return graph, *fold_graph(graph, set(graph), dict.fromkeys(graph))


@given(graphs())
def test_what_is_folded_is_nameless_and_used_once(drawn):
    root, _ = drawn
    graph, chains, names = folded(root)
    uses = [x for node in graph for x in node.inputs]
    assert root not in chains
    for value, (consumer, position) in chains.items():
        assert value.op is not None
        assert not value.label
        assert uses.count(value) == 1
        assert consumer.inputs[position] is value
        assert len(expression(consumer, names).text()) <= LONGEST


@given(graphs())
def test_arrows_carry_the_same_gradients_folded_or_not(drawn):
    """The products of the local derivatives along the arrows add up to the gradient, however much is folded."""
    root, leaves = drawn
    root.backward()
    graph = root.graph()
    for fold_it in (True, False):
        scene = Scene(graph, graph, None, "op", Style(fold=fold_it))
        grads = dict.fromkeys(scene.cards, 0.0)
        (top,) = (card.id for card in scene.cards.values() if card.value is root)
        grads[top] = 1.0
        for card in reversed(scene.cards.values()):
            for arrow in scene.arrows:
                if arrow.kind != "out" and (arrow.head == card.id or arrow.head.startswith(f"{card.id}_")):
                    local = math.prod(node.op.local(node)[position] for node, position in arrow.uses)
                    grads[arrow.tail] += grads[card.id] * local
        for card in scene.cards.values():
            if card.value in leaves:
                assert grads[card.id] == pytest.approx(card.value.grad, rel=1e-9, abs=1e-12)


def test_the_loss_of_the_network_is_three_cards():
    problem = microbp.load("w1-w8")
    lines = draw(problem.root(), model=problem.model).lines
    assert "E_o1 = 0.5·(0.01 − out_o1)² = 0.2748, grad ?" in lines
    assert len(lines) == 23
    assert len(draw(problem.root(), model=problem.model, fold=False).lines) == 27


@given(graphs())
def test_fan_out_stays_to_be_seen(drawn):
    """No value comes into a card by two ways through what is folded into it."""
    root, _ = drawn
    graph, chains, _ = folded(root)
    users = {}
    for user in graph:
        home = user
        while home in chains:
            home = chains[home][0]
        for x in user.inputs:
            users.setdefault((x, home), set()).add(user)
    assert all(len(found) == 1 for found in users.values())


def test_what_would_be_too_long_is_not_folded():
    x = Value(2.0, label="a name that is rather long")
    y = (x * x + x).tanh() * (x * x - x).exp()
    assert any("v" in line for line in draw(y).lines)
    assert all(len(expression(card, folded(y)[2]).text()) <= 60 for card in [y])
