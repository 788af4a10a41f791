import pytest
from hypothesis import given
from hypothesis import strategies as st

import microbp
from microbp.drawing.page.view import steps
from microbp.stepping.guesses import IDEAS, close, judge_guess, wrong_numbers
from tests.graphs import graphs


@pytest.fixture
def stepper():
    return steps(microbp.load("w1-w8").root())


@pytest.mark.parametrize(
    ("position", "guess", "idea"),
    [
        (6, 0.138498562, "upstream-alone"),
        (6, 0.593269992, "local-alone"),
        (6, -0.082167041, "wrong-sign"),
        (6, 0.138498562 + 0.593269992, "sum"),
        (16, 0.036350306, "total"),
        (6, 0.741365070 * 0.593269992, "activation-derivative-forgotten"),
        (6, 17.0, None),
    ],
)
def test_a_wrong_idea_is_recognised(stepper, position, guess, idea):
    stepper.goto(position)
    verdict = stepper.predict(guess)
    assert (verdict.ok, verdict.idea) == (False, idea)
    assert "0.08" not in verdict.sentence


@given(graphs(), st.data())
def test_the_right_answer_is_always_right(graph, data):
    stepper = steps(graph[0])
    step = stepper[data.draw(st.integers(0, len(stepper) - 1))]
    stepper.goto(step.number - 1)
    assert stepper.predict(step.contribution).ok
    assert stepper.predict(step.contribution * 1.005).ok
    for code, number in wrong_numbers(step, stepper.arrivals(step.node)).items():
        verdict = judge_guess(number, step, stepper.arrivals(step.node))
        assert not verdict.ok
        assert code in {idea.code for idea in IDEAS}


def test_zero_is_only_zero():
    assert close(0.0, 0.0)
    assert not close(1e-9, 0.0)
