from collections import Counter
from itertools import accumulate, groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

import microbp
from microbp import Constant, Value, load
from microbp.drawing.page.view import steps
from microbp.errors import GraphError, UnknownNameError
from microbp.losses import batch_loss
from microbp.stepping.stepper import Stepper
from tests.graphs import graphs


def network():
    problem = microbp.load("w1-w8")
    return problem, problem.root()


@given(graphs())
def test_replaying_all_steps_gives_exactly_the_grads_of_backward(graph):
    root, _ = graph
    stepper = steps(root)
    assert all(node.grad == 0.0 for node in root.graph())
    stepper.goto(len(stepper))
    root.backward()
    for node in root.graph():
        if not isinstance(node, Constant):
            assert stepper.grad(node) == node.grad


@given(graphs(), st.data())
def test_next_and_back_as_often_is_the_identity(graph, data):
    root, _ = graph
    stepper = steps(root)
    stepper.goto(data.draw(st.integers(0, len(stepper))))
    position, grads = stepper.position, {v: stepper.grad(v) for v in stepper.graph}
    n = data.draw(st.integers(0, len(stepper) - position))
    made = [stepper.next() for _ in range(n)]
    undone = [stepper.back() for _ in range(n)]
    assert undone == made[::-1]
    assert (stepper.position, {v: stepper.grad(v) for v in stepper.graph}) == (position, grads)


@given(graphs())
def test_each_step_is_one_contribution(graph):
    root, _ = graph
    arrived, sizes = {root: 1.0}, Counter()
    for k, step in enumerate(steps(root), 1):
        assert step.number == k
        assert step.upstream == arrived[step.node]
        assert step.contribution == step.upstream * step.local
        assert step.before == arrived.get(step.input, 0.0)
        assert step.first == (step.input not in arrived)
        sizes[step.input] += abs(step.contribution)
        room = 1e-15 * sizes[step.input]  # the last one ends in the sum of backward(), to the bit
        assert step.after == pytest.approx(step.before + step.contribution, abs=room, rel=0, nan_ok=True)
        assert step.node.inputs[step.position] is step.input
        arrived[step.input] = step.after
    arrows = Counter(x for node in root.graph() for x in node.inputs)
    assert all(step.only == (arrows[step.input] == 1) for step in steps(root))


def test_steps_are_snapshots():
    x = Value(3.0, label="x")
    stepper = steps(x * x)
    x.data = 100.0
    assert [step.local for step in stepper] == [3.0, 3.0]
    with pytest.raises(AttributeError):
        stepper[0].local = 1.0


def test_w1_w8_passes_back_the_published_numbers():
    problem, root = network()
    stepper = steps(root)
    assert len(stepper) == 32
    step = stepper.until("w5")
    assert (step.number, step.node_name, step.input_name, step.first) == (7, "net_o1", "w5", True)
    assert [round(x, 9) for x in (step.upstream, step.local, step.contribution)] == [
        0.138498562,
        0.593269992,
        0.082167041,
    ]
    assert stepper.current is step
    assert stepper.upcoming.input_name == "out_h1"
    second = (stepper.until("out_h1"), stepper.until("out_h1"))[1]
    assert (round(second.before, 9), round(second.after, 9), second.first) == (0.055399425, 0.036350306, False)
    stepper.finish("w1")
    assert round(stepper.grad(problem.find("w1")), 9) == 0.000438568
    assert stepper.grad(problem.find("w2")) is None


def test_until_comes_back_to_later_contributions_and_ends_at_the_end():
    _, root = network()
    stepper = steps(root)
    assert [stepper.until("out_h1").number, stepper.until("out_h1").number] == [8, 17]
    assert stepper.until("out_h1") is None
    assert stepper.position == 32
    assert stepper.next() is None
    assert stepper.finish("out_h1").number == 17
    assert stepper.finish("E") is None


def test_grads_on_the_graph_follow_only_when_asked():
    _, root = network()
    root.backward()
    w5 = next(v for v in root.graph() if v.label == "w5")
    before = w5.grad
    Stepper(root).goto(3)
    assert w5.grad == before != 0.0
    stepper = steps(root, apply=True)
    assert w5.grad == 0.0
    stepper.goto(20)
    assert w5.grad == before
    stepper.back()
    stepper.goto(3)
    assert w5.grad == 0.0
    assert root.grad == 1.0


@pytest.mark.parametrize(("detail", "stops"), [("node", [2, 3, 4, 5, 6, 11]), ("layer", [8, 20, 32])])
def test_coarser_details_rest_after_a_node_or_a_layer(detail, stops):
    problem, root = network()
    stepper = steps(root, detail=detail, model=problem.model)
    made = []
    while stepper.next():
        made.append(stepper.position)
    assert made[: len(stops)] == stops
    assert made[-1] == 32
    while stepper.back():
        made.pop()
        assert stepper.position == (made[-1] if made else 0)
    assert stepper.position == 0


def test_layers_come_from_the_last_one_back_after_the_loss_and_before_a_penalty():
    model = microbp.nn.MLP(2, [3, 2, 1], seed=1)
    root = batch_loss(model, [[0.5, -1.0], [1.0, 0.25]], [[1.0], [0.0]], "half_squared_error", l2=0.1)

    def part(step):
        if step.node.label[:2] in ("z[", "a["):
            return step.node.label[2]
        return "loss" if any(value.label.startswith("z[") for value in step.node.graph()) else "penalty"

    stepper = steps(root, detail="layer", model=model)
    parts = [(name, len([*own])) for name, own in groupby(map(part, stepper))]
    assert [name for name, _ in parts] == ["loss", "3", "2", "1", "penalty"]
    made = []
    while stepper.next():
        made.append(stepper.position)
    assert made == [*accumulate(count for _, count in parts)]
    assert stepper.model is model
    with pytest.raises(GraphError, match="takes a layer of all samples at once"):
        Stepper(root, detail="layer", model=model, sample=1)


def test_of_a_sample_the_cursor_rests_after_each_of_its_nodes():
    stepper = Stepper(load("xor").root(), detail="node", sample=2)
    last = {step.node: step.number for step in stepper.shown}
    made = []
    while stepper.next():
        made.append(stepper.position)
    assert made == [*last.values(), len(stepper)]
    assert stepper.shown_between(0, len(stepper)) == [*stepper.shown]
    assert stepper.shown_between(made[1], made[2]) == [s for s in stepper.shown if made[1] < s.number <= made[2]]
    one = Stepper(network()[1], sample=1)
    assert [*one.shown] == [*one]


def test_a_pass_of_too_many_steps_is_refused_with_its_number(monkeypatch):
    w, x = Value(2.0, label="w"), Value(-1.0, label="x")
    root = (w * x + 3) ** 2  # nothing is passed to the 3 and the 2
    monkeypatch.setattr("microbp.stepping.step.MOST_STEPS", 4)
    assert len(Stepper(root)) == 4
    with pytest.raises(GraphError, match=r"a pass of 6 steps is not one to go through by hand \(the limit is 4\)"):
        Stepper(root * w)


def test_a_stepper_shows_where_it_is():
    stepper = Stepper(network()[1])
    assert repr(stepper) == "step 0 of 32 of the backward pass from E"
    stepper.goto(7)
    assert repr(stepper) == (
        "step 7 of 32 of the backward pass from E\n"
        "  ∂E/∂w5 += ∂E/∂net_o1 · ∂net_o1/∂w5 = 0.138498562 × 0.593269992 = 0.082167041"
    )
    assert (stepper[6], stepper[5:8]) == (stepper.current, [stepper[5], stepper[6], stepper.upcoming])


def test_a_pass_of_one_step_begins_and_ends_with_it():
    stepper = Stepper(Value(0.5, label="x").tanh())
    (step,) = stepper
    assert (stepper.next(), stepper.position, stepper.next()) == (step, 1, None)
    assert [name.text() for name in stepper.names.values()] == ["x", "tanh(x)"]
    assert (stepper.back(), stepper.position) == (step, 0)


def test_a_leaf_has_no_steps():
    stepper = steps(Value(1.0))
    assert len(stepper) == 0
    assert stepper.next() is None
    assert stepper.back() is None
    with pytest.raises(GraphError, match="no step to predict"):
        stepper.predict(1.0)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda s: s.until("w9"), UnknownNameError, "no value is called 'w9'; nearest: w"),
        (lambda s: s.goto(33), GraphError, "positions 0 to 32, got 33"),
        (lambda s: steps(s.root, detail="nodes"), UnknownNameError, "did you mean 'node'"),
        (lambda s: steps(s.root, detail="layer"), GraphError, "pass model="),
    ],
)
def test_what_cannot_be_done_says_why(call, error, said):
    with pytest.raises(error, match=said):
        call(steps(network()[1]))


@pytest.mark.slow
def test_long_passes_step_without_delay():
    x = Value(1.0 + 1e-9, label="x")
    y = x
    for _ in range(20_000):
        y = y * x
    stepper = steps(y)
    stepper.goto(40_000)
    y.backward()
    assert stepper.grad(x) == x.grad
    while stepper.back():
        pass
    assert stepper.grad(x) is None


def test_there_is_no_position_outside_the_pass():
    x = Value(2.0, label="x")
    stepper = steps(x * x)
    for position in (-1, 3):
        with pytest.raises(GraphError, match=f"has the positions 0 to 2, got {position}"):
            stepper.goto(position)
    assert (stepper.goto(2), stepper.goto(0)) == (stepper[1], None)
