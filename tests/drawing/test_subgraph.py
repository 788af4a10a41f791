from itertools import pairwise

import pytest
from hypothesis import given

import microbp
from microbp import Value, paths_to
from microbp.drawing import draw
from microbp.drawing.subgraph import select
from microbp.errors import UnknownNameError
from tests.graphs import graphs


def root_and_model():
    problem = microbp.load("w1-w8")
    return problem.root(), problem.model


@given(graphs())
def test_paths_lead_from_the_root_to_the_value(drawn):
    root, leaves = drawn
    graph = root.graph()
    for leaf in leaves:
        if leaf in graph:
            kept = select(graph, only=paths_to(leaf.label))
            assert kept[-1] is root
            assert leaf in kept
            assert all(node is leaf or not set(node.inputs).isdisjoint(kept) for node in kept)
            count = microbp.paths(root, leaf).count
            ways = {leaf: 1}
            for node in kept:
                if node is not leaf:
                    ways[node] = sum(ways.get(x, 0) for x in node.inputs)
            assert ways[root] == count


@given(graphs())
def test_depth_grows_from_the_root_to_the_whole_graph(drawn):
    root, _ = drawn
    graph = root.graph()
    parts = [select(graph, depth=k) for k in range(len(graph))]
    assert parts[0] == [root]
    assert all(set(a) <= set(b) for a, b in pairwise(parts))
    assert parts[-1] == graph


def test_around_has_what_it_is_made_from_and_what_is_made_from_it():
    root, _ = root_and_model()
    labels = {value.label for value in select(root.graph(), around="net_h1")}
    assert labels == {"w1", "w2", "i1", "i2", "b1", "net_h1", "out_h1"}


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"only": paths_to("w1")}, "14 of 27 nodes"),
        ({"depth": 1}, "3 of 27 nodes"),
        ({"around": "net_h1"}, "7 of 27 nodes"),
        ({"only": paths_to("w1"), "around": "net_o1"}, "3 of 27 nodes"),
        ({"depth": 100}, ""),
    ],
)
def test_the_title_says_what_remains(part, said):
    root, model = root_and_model()
    title = draw(root, model=model, **part).title
    assert title == (f"E = 0.2984   {said}" if said else "E = 0.2984")


def test_a_part_of_a_graph_too_large_to_draw_can_be_drawn():
    x = Value(1.0, label="x")
    y = x
    for _ in range(5_000):
        y = y * 1.001 + 0
    assert draw(y, depth=3).title.endswith("4 of 10,001 nodes")


def test_a_name_that_is_not_there_is_told_with_the_nearest():
    root, _ = root_and_model()
    with pytest.raises(UnknownNameError, match="no value is called 'net_h3'; nearest: net_h"):
        draw(root, around="net_h3")


def test_values_without_a_label_are_found_by_what_pictures_call_them():
    x = Value(3.0, label="x")
    assert select(((x + 1).exp() * x).graph(), around="exp(x + 1)", depth=0)[0].op.name == "exp"
