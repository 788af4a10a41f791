import pytest
from hypothesis import given

import microbp
from microbp import Value
from microbp.errors import GraphError
from microbp.stepping.paths import paths
from tests.graphs import graphs


def enumerate_paths(root, leaf):
    """Every product, by plain recursion over contributions."""
    from microbp.drawing.page.view import steps

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
    assert [abs(path.product) for path in found.largest] == pytest.approx(largest, rel=1e-12, abs=0)
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
    assert [path.product for path in found.largest] == pytest.approx([0.5**300, 0.5**300 / 2, 0.5**300 / 2], abs=0)
    assert "these 3 contribute" in str(found)


def test_the_root_has_one_path_to_itself_and_strangers_none():
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    assert (paths(x, x).count, paths(x, x).gradient) == (1, 1.0)
    with pytest.raises(GraphError, match="is not in the graph"):
        paths(x * 2, y)


def test_one_path_prints_its_factors_and_no_sum():
    x, w = Value(3.0, label="x"), Value(-2.0, label="w")
    y = w * x
    y.label = "y"
    z = -y
    z.label = "z"
    assert str(paths(y, x)) == "1 path leads from y to x\ny → x\n  ∂y/∂x\n  = −2"
    assert str(paths(z, x)) == "1 path leads from z to x\nz → y → x\n  ∂z/∂y · ∂y/∂x\n  = (−1) × (−2) = 2"


def test_paths_that_are_not_listed_are_told_by_their_share():
    x = Value(2.0, label="x")
    y = x * 3.0 + x * 1.0
    y.label = "y"
    found = paths(y, x, k=1)
    assert (found.count, found.carried, found.gradient) == (2, 3.0, 4.0)
    assert str(found).splitlines()[-1] == "this one contributes 3 (75.0%) of ∂y/∂x = 4"
    y = x * 3.0 - x * 3.0
    y.label = "y"
    assert str(paths(y, x, k=1)).splitlines()[-1] == "this one contributes 3 of ∂y/∂x = 0"
    assert len(paths(y, x).largest) == 2


def test_ten_paths_are_listed_where_nothing_else_is_said():
    x = Value(1.0, label="x")
    y = microbp.total([x * float(k) for k in range(1, 13)])
    found = paths(y, x)
    assert (found.count, [path.product for path in found.largest]) == (12, [*map(float, range(12, 2, -1))])


def test_of_a_value_to_itself_there_is_the_empty_path():
    x = Value(2.0, label="x")
    for root in (Value(2.0), x * x):
        root.label = "r"
        found = paths(root, root)
        assert (found.root, found.leaf, found.count, found.largest, found.gradient) == ("r", "r", 1, (), 1.0)
    with pytest.raises(GraphError, match="is not in the graph of"):
        paths(Value(1.0), x)
    assert (paths(x * x, x).root, paths(Value(1.0) * x, x).count) == ("x·x", 1)


def test_the_names_of_a_path_go_from_the_root_to_the_leaf():
    values = [Value(2.0, label="v0")]
    for k in range(1, 5):
        values.append(-values[-1])
        values[-1].label = f"v{k}"
    (path,) = paths(values[-1], values[0]).largest
    assert path.names == ("v4", "v3", "v2", "v1", "v0")


def test_no_path_leads_to_a_number_that_nothing_is_passed_to():
    x = Value(2.0, label="x")
    y = x**2
    found = paths(y, y.inputs[1])
    assert (found.count, found.largest, found.gradient) == (0, (), 0.0)
    assert str(found) == "0 paths lead from x² to 2"
