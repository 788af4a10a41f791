import json
import re

import pytest

import microbp
from microbp import Value
from microbp.stepping.guesses import IDEAS
from microbp.stepping.questions import questions
from microbp.terminal.cli import main

CODES = {idea.sentence: idea.code for idea in IDEAS}
PROBLEMS = ["w1-w8", "chain", "xor", "deep", "neuron", "delta-rule"]


def parsed(gift):
    """What Moodle reads in GIFT: (title, text, answers, general feedback) of each question; the first line a category.

    An answer is (credit, number, tolerance, feedback); the number of what is not among them is None.
    """
    category, *blocks = re.split(r"\n\s*\n", gift.strip())
    assert category.startswith("$CATEGORY: ")
    special = re.compile(r"(?<!\\)(::|\{#|\}|####|[=~#])")
    for block in blocks:
        pieces = [re.sub(r"\\([\\~=#{}:])", r"\1", piece) for piece in special.split(block)]
        assert pieces[:2] == ["", "::"]
        assert (pieces[3], pieces[5], pieces[-2:]) == ("::", "{#", ["}", ""])
        answers, general = [], ""
        signs = iter(pieces[7:-2])
        for sign in signs:
            value = next(signs).strip()
            if sign == "####":
                general = value
            elif sign == "#":
                answers[-1][-1] = value
            elif sign == "=":
                credit, number, tolerance = re.fullmatch(r"%(\d+)%(-?[\d.]+):([\d.]+)", value).groups()
                answers.append([int(credit), float(number), float(tolerance), ""])
            else:
                answers.append([0, None, 0.0, ""])
        yield pieces[2], pieces[4], answers, general


def graded(answers, guess):
    """What Moodle says of an answer: the first that it is near enough to."""
    return next(row for row in answers if row[1] is None or abs(guess - row[1]) <= row[2])


@pytest.mark.parametrize("name", PROBLEMS)
def test_moodle_judges_as_the_quiz_does(name, tmp_path):
    path = tmp_path / "quiz.gift"
    assert main(["step", name, "--quiz-export", str(path), "--sample", "1"]) == 0
    stepper = microbp.steps(microbp.load(name).root())
    stepper = type(stepper)(stepper.root, sample=1)
    asked = list(parsed(path.read_text("utf-8")))
    assert len(asked) == len(stepper.shown)
    for (title, text, answers, general), step in zip(asked, stepper.shown, strict=True):
        assert title.startswith(f"step {step.number}: ")
        assert text.startswith("[plain]∂")
        assert str(step) in general
        stepper.goto(step.number - 1)
        for _, number, _, _ in answers[:-1]:
            verdict = stepper.predict(number)
            credit, _, _, feedback = graded(answers, number)
            assert (credit == 100) == verdict.ok
            assert verdict.ok or CODES[feedback] == verdict.idea
        assert graded(answers, 1e6 + 3 * abs(step.contribution))[3] == "That is not it."


def test_json_has_the_same_questions(tmp_path, capsys):
    path = tmp_path / "quiz.json"
    words = ["step", "w1-w8", "--quiz-export", str(path), "--quiz-every", "4", "--only", "parameters"]
    assert main(words) == 0
    assert main([*words[:3], str(tmp_path / "quiz.gift"), *words[4:]]) == 0
    written = json.loads(path.read_text("utf-8"))["questions"]
    gift = list(parsed((tmp_path / "quiz.gift").read_text("utf-8")))
    assert [asked["title"] for asked in written] == [title for title, *_ in gift]
    for asked, (_, _, answers, _) in zip(written, gift, strict=True):
        assert asked["answer"] == pytest.approx(answers[0][1], rel=1e-8, abs=0)
        assert [wrong["sentence"] for wrong in asked["wrong"]] == [row[3] for row in answers[1:-1]]
    for wrong in (
        ["quiz.txt"],
        ["quiz.gift", "--all", "--at", "w5"],
        ["quiz.gift", "--html", "page.html"],
        ["quiz.gift", "--quiz-every", "0"],
        ["quiz.gift", "--quiz-every", "99"],
    ):
        assert main(["step", "w1-w8", "--quiz-export", *wrong]) == 2


def test_no_platform_is_asked_for_inf():
    with microbp.errstate("ignore"):
        stepper = microbp.steps(((Value(2.0, "x") * 1000.0).exp() + Value(1.0, "y")) * 2.0)
    assert [asked.answer for asked in questions(stepper)] == [2.0, 2.0, 2.0]
