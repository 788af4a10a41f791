import pytest
from hypothesis import given

import microbp
from microbp import Value
from microbp.errors import GraphError
from microbp.stepping.paths import paths
from tests.graphs import graphs


def enumerate_paths(root, leaf):
    """Every product, by plain recursion over contributions."""
    from microbp.drawing.page.page import steps

    below = {}
    for step in steps(root):
        below.setdefault(step.node, []).append(step)

    def go(node):
        if node is leaf:
            yield 1.0
        for step in below.get(node, []):
            for product in go(step.input):
                yield step.local * product

    return list(go(root))


@given(graphs())
def test_count_largest_and_sum_agree_with_plain_enumeration(graph):
    root, leaves = graph
    products = enumerate_paths(root, leaves[0])
    found = paths(root, leaves[0], k=5)
    assert found.count == len(products)
    largest = sorted(map(abs, products), reverse=True)[:5]
    assert [abs(path.product) for path in found.largest] == pytest.approx(largest, rel=1e-12)
    assert found.gradient == pytest.approx(sum(products), rel=1e-9, abs=1e-9)
    for path in found.largest:
        assert path.steps[0].node is root
        assert path.steps[-1].input is leaves[0]
        assert all(a.input is b.node for a, b in zip(path.steps, path.steps[1:], strict=False))


def test_w1_has_its_two_paths():
    problem = microbp.load("w1-w8")
    found = paths(problem.root(), problem.find("w1"))
    assert found.count == 2
    assert [round(path.product, 9) for path in found.largest] == [0.000668396, -0.000229828]
    assert "2 paths lead from E to w1" in str(found)
    assert "∂E/∂w1 = 0.000668396 + (−0.000229828) = 0.000438568" in str(found)


def test_more_paths_than_can_be_listed_are_counted_exactly():
    x = Value(1.0, label="x")
    y = x
    for _ in range(300):
        y = y * 0.5 + y * 0.25
    found = paths(y, x, k=3)
    assert found.count == 2**300
    assert [path.product for path in found.largest] == pytest.approx([0.5**300, 0.5**300 / 2, 0.5**300 / 2])
    assert "these 3 carry" in str(found)


def test_the_root_has_one_path_to_itself_and_strangers_none():
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    assert (paths(x, x).count, paths(x, x).gradient) == (1, 1.0)
    with pytest.raises(GraphError, match="is not in the graph"):
        paths(x * 2, y)
