import json
import math

import pytest
from hypothesis import given

import microbp
from microbp import Value
from microbp.drawing import draw
from microbp.drawing.image import render
from microbp.drawing.moment import AtStep, Static
from microbp.errors import GraphError
from microbp.printing import number_text
from tests.graphs import graphs

PROBLEM = microbp.load("w1-w8")


def moment(step, **options):
    return draw(PROBLEM.root(), model=PROBLEM.model, step=step, **options)


@given(graphs())
def test_the_moments_are_those_of_the_stepper(drawn):
    root, _ = drawn
    stepper = microbp.steps(root)
    for position in range(0, len(stepper) + 1, 3):
        stepper.goto(position)
        at = AtStep(root, position)
        for value in root.graph():
            assert at.grad(value) == stepper.grad(value)
            arrivals = stepper.arrivals(value)
            assert at.last(value) == (arrivals[-1].after if arrivals else stepper.grad(value))
        made = {(step.node, step.position): step.number for step in stepper}
        for use, number in made.items():
            state = "current" if number == position else "done" if number < position else ""
            assert at.state([use]) == state


@given(graphs())
def test_the_end_of_the_walk_is_what_backward_leaves(drawn):
    root, _ = drawn
    end = AtStep(root, len(microbp.steps(root)))
    root.zero_grad()
    root.backward()
    for value in root.graph():
        grad = end.grad(value)
        assert (grad or 0.0) == value.grad or (math.isnan(value.grad) and math.isnan(grad))
        assert Static(True).grad(value) == value.grad or math.isnan(value.grad)


def test_what_has_not_arrived_reads_a_question_mark():
    lines = {line.partition(" = ")[0]: line.rpartition("grad ")[2] for line in moment(7).lines}
    assert lines["w5"] == "0.08217"
    assert lines["net_o1"] == "0.1385"
    assert lines["out_h1"] == "?"  # none of two contributions
    assert lines["w6"] == lines["net_h1"] == lines["i1"] == "?"
    assert [line for line in moment(0).lines if not line.endswith("?")] == ["E = E_o1 + E_o2 = 0.2984, grad 1"]


def test_the_current_step_is_in_one_colour_and_the_way_back_is_thick():
    lines = moment(7).source.splitlines()
    current = [line for line in lines if "penwidth=4" in line]
    assert len(current) == 2  # net_o1 to ×, × to w5
    assert all('color="#B23A00"' in line for line in current)
    done = [line for line in lines if "penwidth=2.2" in line]
    assert len(done) == 4
    assert sum('BORDER="4"' in line for line in lines) == 2
    assert sum("penwidth" in line for line in moment(0).source.splitlines()) == 1  # that of all arrows


def test_the_title_is_the_formula_of_the_step():
    assert moment(17).title == (
        "step 17 of 32   ∂E/∂out_h1 += ∂E/∂net_o2 · ∂net_o2/∂out_h1 = (−0.0381) × 0.5 = −0.01905"
        "   so far 0.0554, now 0.03635"
    )
    assert moment(7, digits=8).title.endswith("0.13849856 × 0.59326999 = 0.082167041")
    assert moment(0).title == "step 0 of 32"


def test_the_title_calls_values_what_the_cards_call_them():
    titles = [moment(k).title for k in range(1, 33)]
    assert any("∂E/∂(0.01 − out_o1)²" in title for title in titles) or any("(0.01 − out_o1)²" in t for t in titles)
    assert not any("v2" in title for title in titles)


def test_steps_inside_a_card_are_shown_at_the_card():
    source = moment(4).source  # E_o1 to its square, then (0.01 − out_o1)², folded
    assert sum('BORDER="4"' in line for line in source.splitlines()) == 1


def test_a_step_that_does_not_exist_is_refused():
    with pytest.raises(GraphError, match="this pass has the positions 0 to 32, got 33"):
        moment(33)


def places(source):
    """Where every card is: what must not move."""
    drawn = json.loads(render(source, "json0"))
    return {o["name"]: (o["pos"], o["width"], o["height"]) for o in drawn["objects"] if "pos" in o}


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [{}, {"theme": "mono", "direction": "TB"}, {"level": "neuron"}, {"heat": True}, {"affine": "open", "fold": False}],
)
def test_nothing_moves_over_all_steps_of_a_walk(options, a_renderer):
    count = len(microbp.steps(PROBLEM.root()))
    first = places(moment(0, **options).source)
    for step in range(1, count + 1, 1 if not options else 5):
        assert places(moment(step, **options).source) == first, step


def test_cards_are_as_large_whatever_has_arrived(renderer):
    sizes = []
    for scale in (1.0, -1.2345e-300, 1.2345e300, math.inf, math.nan):
        x = Value(0.5, label="x")
        y = x * 2
        y.label = "y"
        y.backward()
        x.grad = scale
        sizes.append({name: size[1:] for name, size in places(draw(y).source).items()})
    assert all(size == sizes[0] for size in sizes)
    assert number_text(-1.2345e-300) == "−1.234e−300"
