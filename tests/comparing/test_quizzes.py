import json
import subprocess
import sys

import pytest

import microbp
from microbp.comparing.quizzes import HEAD, mark_quizzes
from microbp.drawing.page.page import page_html
from microbp.errors import ProblemError
from microbp.stepping.guesses import IDEAS
from microbp.stepping.stepper import Stepper
from microbp.terminal.cli import main

STEPS = list(Stepper(microbp.load("w1-w8").root()))


def entry(step, *guesses, ok=True):
    return {"step": step.number, "guesses": list(guesses), "ok": ok, "expected": step.contribution}


def log(*questions, **said):
    right = sum(question["ok"] is True for question in questions)
    return {"asked": len(questions), "right": right, "questions": list(questions), **said}


HONEST = log(entry(STEPS[6], 0.5933, 0.0822), entry(STEPS[7], ok=False), entry(STEPS[8], 0.08266, ok=True))


@pytest.fixture
def marked(tmp_path):
    def marked(*contents, **options):
        paths = [tmp_path / f"{k}.json" for k in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return mark_quizzes(microbp.load("w1-w8").root(), paths, **options)

    return marked


def test_answers_are_judged_anew(marked):
    (row,) = marked(HONEST)
    assert (row.verdict, row.right, len(row.answers), row.of, row.ideas) == ("answered", 2, 3, 32, ("local-alone",))
    assert row.credit == 2 / 32


def test_only_the_questions_that_were_set_count(marked):
    (row,) = marked(HONEST, every=3)  # at the steps 3, 6, 9, …
    assert (row.right, len(row.answers), row.of, row.credit) == (1, 1, 10, 0.1)
    with pytest.raises(ProblemError, match="every second, third"):
        marked(HONEST, every=0)


LIES = {
    "a wrong answer called right": log(entry(STEPS[6], 0.5)),
    "a right answer called wrong": log(entry(STEPS[6], 0.0822, ok=False)),
    "a skipped question called right": log(entry(STEPS[6])),
    "three tries": log(entry(STEPS[6], 1, 2, 0.0822)),
    "a question asked again": log(entry(STEPS[6], ok=False), entry(STEPS[6], 0.0822)),
    "a higher score": log(entry(STEPS[6], ok=False), right=1),
    "fewer questions": log(entry(STEPS[6], ok=False), entry(STEPS[7], 0.0822), asked=1),
    "no score": log(entry(STEPS[6], 0.0822), right=None),
}
FOREIGN = {
    "another number": log(entry(STEPS[6], 0.5) | {"expected": 0.5}),
    "a step that is not there": log(entry(STEPS[6], 0.0822) | {"step": 33}),
    "no step": log(entry(STEPS[6], 0.0822) | {"step": 0}),
}
NO_QUIZ = {
    "gradients": {"w5": 0.08},
    "a list": [1, 2],
    "nothing": "",
    "half of it": json.dumps(HONEST)[:99],
    "questions that are none": {"questions": [7]},
    "no questions": {"questions": {}},
    "a truth for a step": log(entry(STEPS[6]) | {"step": True}),
    "a text for a guess": log(entry(STEPS[6], "0.0822")),
    "no verdict": log(entry(STEPS[6], ok=False) | {"ok": None}, right=0),
    "brackets": "{" * 100_000 + "}" * 100_000,
}


@pytest.mark.parametrize(
    ("content", "verdict"),
    [(c, v) for v, cs in {"tampered": LIES, "foreign": FOREIGN, "unreadable": NO_QUIZ}.items() for c in cs.values()],
    ids=[*LIES, *FOREIGN, *NO_QUIZ],
)
def test_what_does_not_count_is_one_line_with_a_word(content, verdict, marked):
    rows = marked(HONEST, content)
    assert [(row.verdict, row.credit is None, bool(row.note)) for row in rows] == [
        ("answered", False, False),
        (verdict, True, True),
    ]
    assert [sum(row.ok for row in answers) for _, answers in rows.by_question()] == [1, 0, 1]
    assert f"\n1 answered, 1 {verdict}\n" in str(rows)
    assert str(rows).splitlines()[2].startswith(f"1     {verdict}")


def test_half_a_quiz_is_told_as_what_it_is(marked):
    (row,) = marked(json.dumps(HONEST)[:99])
    assert row.note == (
        "it is no whole quiz: it ends in the middle, at line 1, column 93: it was cut off when it was saved or "
        "sent, or a bracket is missing. Hand in all that the page gives, or all that "
        "`step PROBLEM --quiz --json` prints"
    )


def test_a_number_within_the_tolerance_of_either_is_no_lie(marked):
    """A page and Python may differ in the last bit, where the guess is a hundredth off."""
    right = STEPS[6].contribution
    (row,) = marked(log(entry(STEPS[6], right * 1.01001) | {"expected": right * 1.00002}))
    assert (row.verdict, row.right) == ("answered", 0)


def test_a_text_that_went_by_mail_is_read(marked):
    mail = f"Dear teacher,\nhere it is:\n\n{json.dumps(HONEST, indent=1)}\n-- \nAda {{:"
    assert [row.right for row in marked(mail.removesuffix("{:"), json.dumps(HONEST).replace('"', "”"))] == [2, 2]


def test_what_was_missed_is_told_with_the_ideas(marked):
    text = str(marked(HONEST, log(entry(STEPS[7], STEPS[7].upstream, 3, ok=False))))
    assert text.splitlines()[-2:] == [
        "step  missed      right  asked  ideas",
        "8     ∂E/∂out_h1  0      2      upstream-alone 1",
    ]


def test_the_command_marks_what_the_terminal_wrote(tmp_path, capsys):
    answers = "".join(f"{step.contribution!r}\n" if step.number != 7 else "0.138\n?\n" for step in STEPS)
    command = [sys.executable, "-m", "microbp", "step", "w1-w8", "--quiz", "--json"]
    done = subprocess.run(command, input=answers, capture_output=True, text=True, check=False)
    (tmp_path / "ada.json").write_text(done.stdout)
    words = ["grade", "w1-w8", str(tmp_path / "ada.json"), "--quiz"]
    assert main([*words, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["verdicts"] == {"answered": 1, "foreign": 0, "tampered": 0, "unreadable": 0}
    assert (found["quizzes"][0]["right"], found["quizzes"][0]["of"]) == (31, 32)
    assert found["questions"][6]["ideas"] == {"upstream-alone": 1}
    assert main([*words, "--csv"]) == 1
    assert capsys.readouterr().out.splitlines()[0] == ",".join(HEAD)
    assert main([*words, "--jobs", "2"]) == 2
    assert "--jobs is for gradients" in capsys.readouterr().err
    (tmp_path / "ada.json").write_text(json.dumps(log(*(entry(step, step.contribution) for step in STEPS))))
    assert main(words) == 0


@pytest.mark.parametrize("name", ["w1-w8", "chain", "xor"])
def test_what_the_page_hands_in_is_what_was_answered(opened, tmp_path, name):
    problem = microbp.load(name)
    stepper = Stepper(problem.root())
    tab = opened(page_html(problem.root(), model=problem.model))
    tab.keyboard.press("q")
    given = []
    for step in list(stepper)[:9]:
        guesses = [[step.contribution], [step.upstream, 7.5], []][step.number % 3]
        stepper.goto(step.number - 1)
        given.append([])
        for guess in guesses:
            given[-1].append(guess)
            tab.fill("#answer", repr(guess))
            tab.keyboard.press("Enter")
            if stepper.predict(guess).ok:
                break
            if len(given[-1]) == 1:  # there is no new try for who goes away and comes back
                tab.click("#back")
                tab.click("#next")
        if not guesses:
            tab.click("#skip")
        tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Escape")
    tab.click("#score summary")
    with tab.expect_download() as started:
        tab.click("#save")
    started.value.save_as(tmp_path / "ada.json")
    assert (tmp_path / "ada.json").read_text("utf-8") == tab.input_value("#code")
    (row,) = mark_quizzes(problem.root(), [tmp_path / "ada.json"])
    assert row.verdict == "answered", row.note
    assert [list(answer.guesses) for answer in row.answers] == given
    assert f"{row.right} of 9 right" in tab.inner_text("#points")
    assert set(row.ideas) <= {idea.code for idea in IDEAS}


def test_with_numbers_of_ones_own_the_page_hands_in_what_does_not_count(opened, tmp_path):
    problem = microbp.load("w1-w8")
    tab = opened(page_html(problem.root(), model=problem.model), "#step=6")
    tab.locator("#leaves input[type=text]").first.fill("0")  # i1
    tab.keyboard.press("Escape")
    tab.locator("#leaves input[type=text]").nth(3).fill("0.9")
    tab.click("#quiz")
    tab.click("#skip")
    tab.click("#quiz")
    (tmp_path / "eve.txt").write_text(tab.input_value("#code"), "utf-8")
    (row,) = mark_quizzes(problem.root(), [tmp_path / "eve.txt"])
    assert (row.verdict, row.note[:45]) == ("foreign", "another problem, or other numbers: step 7 add")
