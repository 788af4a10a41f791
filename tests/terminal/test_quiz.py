import io
import json
import re
import subprocess
import sys

import pytest

from microbp import load
from microbp.printing import decimals
from microbp.printing.version import __version__
from microbp.stepping.stepper import Stepper
from microbp.terminal.cli import main
from microbp.terminal.quiz import Quiz

STEPS = list(Stepper(load("w1-w8").root()))


@pytest.fixture
def quiz(piped):
    return lambda text, *arguments: piped(text, "step", "w1-w8", *arguments)


def answers(number):
    return "".join(f"{number(step)!r}\n" for step in STEPS)


def test_right_answers_score_100_percent():
    command = [sys.executable, "-m", "microbp", "step", "w1-w8", "--quiz"]
    text = answers(lambda step: step.contribution)
    result = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", check=False)
    assert result.stderr == ""
    assert result.returncode == 0
    assert result.stdout.endswith("Score: 100 %, 32 of 32 right\n")
    assert result.stdout.count("Right.\n") == 32


def test_products_to_four_digits_score_100_percent_too(quiz):
    products = "".join(f"{step.upstream:.4g}*{step.local:.4g}\n".replace("-", "−") for step in STEPS)
    assert "Score: 100 %" in quiz(products, "--quiz")[1]


def test_who_always_answers_the_upstream_gradient_is_told_so_each_time(quiz):
    wrong = [step for step in STEPS if abs(step.upstream - step.contribution) > 0.01 * abs(step.contribution)]
    text = "".join(f"{step.upstream!r}\n" * (2 if step in wrong else 1) for step in STEPS)
    code, out, _ = quiz(text, "--quiz")
    assert out.count("That is the upstream gradient alone") == 2 * len(wrong) > 30
    assert out.count("missed: ") == len(wrong)
    assert out.count("(upstream-alone)") == len(wrong)
    assert code == 1


def test_a_second_try_may_be_right_and_a_second_wrong_one_shows_the_answer():
    out = io.StringIO()
    asked = Quiz(load("w1-w8"), stdout=out)
    asked.run(["7", "1", "0.5", "0.4"], batch=True)
    first, second = asked.log()["questions"]
    assert (first["ok"], first["guesses"]) == (True, [7.0, 1.0])
    assert (second["ok"], second["guesses"], second["expected"]) == (False, [0.5, 0.4], 1.0)
    text = out.getvalue()
    assert text.count("One more try.") == 2
    assert "Score: 50 %, 1 of 2 right\n  missed: step 2, E → E_o2: 0.5, 0.4; it is 1" in text


@pytest.mark.parametrize("skip", ["", "?", "skip"])
def test_a_question_can_be_skipped(skip):
    out = io.StringIO()
    asked = Quiz(load("w1-w8"), stdout=out)
    asked.run([skip], batch=True)
    assert "1 × 1 = 1" in out.getvalue()
    assert "missed: step 1, E → E_o1: skipped; it is 1" in out.getvalue()
    assert asked.log()["questions"][0]["guesses"] == []


def test_a_quiz_of_every_third_step_shows_the_others(quiz):
    _, out, _ = quiz("\n" * 40, "--quiz-every", "3")
    assert re.findall(r"step (\d+) of 32: what", out) == [str(k) for k in range(3, 33, 3)]
    assert "∂E/∂E_o1 += ∂E/∂E · 1 = 1 × 1 = 1" in out
    assert "0 of 10 right" in out


def test_nothing_gives_the_answer_away_while_a_question_is_open():
    """Whatever command is tried, no number that is new with the answer, nor the total after it, is on the screen."""
    out = io.StringIO()
    asked = Quiz(load("w1-w8"), stdout=out)
    asked.begin()
    names = sorted(asked.named)
    commands = [
        *("l", "p", "w", "u", "p", "w", "d", "d", "p", "w", "b w5", "b", "cl", "h", "g 123", "frob", "g x", "1/0"),
        *("n", "s", "c", "c w5", "r", "back", "goto 32", "goto 7", "next 3", "rn"),
        *(f"{letter} {name}" for name in names for letter in "pw"),
    ]
    checked = 0
    for step in STEPS:
        known = {decimals(abs(value.data)) for value in asked.stepper.graph}
        known |= {decimals(abs(grad)) for grad in map(asked.stepper.grad, asked.stepper.graph) if grad is not None}
        known |= {decimals(abs(n)) for s in STEPS[: step.number - 1] for n in (s.local, s.contribution, s.before)}
        for command in commands:
            assert not asked.onecmd(command)
        assert asked.stepper.position == step.number - 1
        screen = out.getvalue()
        for secret in {decimals(abs(step.contribution)), decimals(abs(step.after))} - known:
            assert secret not in screen
            assert secret[:-3] not in screen
            checked += 1
        asked.onecmd(repr(step.contribution))
        assert "Right." in out.getvalue()[len(screen) :]
        out.seek(0)
        out.truncate()
        if step.number < len(STEPS):  # the question that has just been asked stays in view
            asked.say(asked.screen.question(asked.stepper.upcoming))
    assert checked > 20
    assert asked.log()["score"] == 100


def test_the_question_itself_gives_nothing_away():
    out = io.StringIO()
    asked = Quiz(load("w1-w8"), stdout=out)
    asked.run(["1", "1"], batch=True)
    last = out.getvalue().split("step 3 of 32")[1]
    assert "∂E/∂((0.01 − out_o1)²) += ∂E/∂E_o1 · ∂E_o1/∂((0.01 − out_o1)²) = ?" in last
    assert "E ◀─ E_o1 ◀━━ (0.01 − out_o1)²" in last
    assert "derivative" not in last


def test_the_log_for_a_teacher_is_one_object_on_stdout(quiz):
    _, out, error = quiz("1\n0.2\n1\n\nq\n", "--quiz", "--json")
    log = json.loads(out)
    assert log.keys() == {"microbp", "score", "asked", "right", "questions"}
    assert (log["score"], log["asked"], log["right"]) == (66.7, 3, 2)
    assert log["questions"][1] == {
        **{"step": 2, "node": "E", "input": "E_o2", "guesses": [0.2, 1.0], "ok": True, "idea": None},
        "expected": 1.0,
    }
    assert "what is the contribution?" in error


def test_a_wrong_idea_is_in_the_log(quiz):
    text = answers(lambda step: step.contribution if step.number < 7 else step.upstream)
    log = json.loads(quiz(text, "--quiz", "--json")[1])
    assert log["questions"][6]["idea"] == "upstream-alone"
    assert log["questions"][6]["ok"] is False
    assert len(log["questions"][6]["guesses"]) == 2


def test_a_quiz_left_at_once_has_no_score(quiz):
    code, out, _ = quiz("q\n", "--quiz", "--json")
    log = json.loads(out)
    assert log.pop("microbp") == __version__
    assert log == {"score": None, "asked": 0, "right": 0, "questions": []}
    assert code == 0
    assert "No question was answered." in quiz("", "--quiz")[1]


def test_a_batch_answers_with_commands(capsys):
    assert main(["step", "x*y", "x=2", "y=3", "--quiz", "--batch", "-c", "3", "-c", "g 2"]) == 0
    assert "Score: 100 %" in capsys.readouterr().out
    assert main(["step", "x*y", "x=2", "y=3", "--quiz", "--batch", "-c", "4", "-c", "5"]) == 1


def test_a_pass_without_steps_has_no_questions(capsys):
    assert main(["step", "x", "x=2", "--quiz", "--batch", "-c", "", "-c", "3"]) == 1
    assert "No question was answered." in capsys.readouterr().out


def test_a_quiz_left_after_a_wrong_guess_counts_it(capsys):
    assert main(["step", "w1-w8", "--quiz", "--batch", "-c", "7"]) == 1
    assert "0 of 1 right\n  missed: step 1, E → E_o1: 7; it is 1" in capsys.readouterr().out
