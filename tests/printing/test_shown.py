"""What a user sees at `>>>` and in a cell."""

import io
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import microbp
from microbp.printing.shown import WIDTH, in_width
from microbp.printing.tables import breadth
from microbp.terminal.cli import main

MINE = {"w1": 0.00181752, "w2": 0.00363503, "w5": 0.0821670, "w6": 0.0826676}


def forward(x, w):
    z = x @ w
    return {"z": z, "loss": (z**2).mean()}


def backward(x, z):
    dz = 2 * z / z.size
    return {"dz": dz, "dw": -x.T @ dz}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    problem = microbp.load("w1-w8")
    root = problem.root()
    file = tmp_path_factory.mktemp("hand-in") / "損失.json"
    file.write_text(json.dumps(MINE))
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(3, 2)), "w": rng.normal(size=2)}
    stepper = microbp.steps(root)
    stepper.until("w5")
    paths = microbp.paths(root, problem.find("w1"))
    report = microbp.check(forward, backward, **arrays)
    grades = microbp.grade(problem, [file])
    wrong = microbp.diagnose(problem, MINE)
    return {
        "wrong": wrong,
        "right": microbp.diagnose(problem, {"w5": 0.082167041}),
        "comparison": microbp.compare(problem, gradients=MINE),
        "divergence": microbp.first_divergence(problem, {"z1": [[0.0, 0.0]]}),
        "gradcheck": microbp.gradcheck(problem),
        "strength": microbp.strength(problem),
        "conventions": microbp.conventions(problem, "0.29123", steps=1),
        "explained": microbp.explain(problem, "w1"),
        "a value": microbp.explain_value(problem, "out_h1"),
        "formulas": microbp.general_formulas(problem),
        "result": microbp.train(problem, steps=1),
        "step report": microbp.check_step("sgd", lambda w, g, lr: w + lr * g),
        "trace": microbp.trace(forward, **arrays),
        "replay": microbp.replay(root),
        "forward": microbp.forward(root),
        "worksheet": microbp.worksheet(problem),
        "drawing": microbp.draw(root, title="The network of the text, " * 5),
        "step": stepper.current,
        "expression": microbp.load("w*x", {"w": 1.0, "x": 2.0}),
        **{"problem": problem, "stepper": stepper, "paths": paths, "path": paths.largest[0], "report": report},
        **{"line": report.lines[0], "grades": grades, "grade": grades[0], "network": problem.model},
    }


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("columns", [None, 120, 80, 60])
def test_every_answer_fits_the_terminal(answers, columns, monkeypatch):
    if columns:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr("sys.stdout", Terminal())
    most = min(columns or WIDTH, WIDTH)
    for name, answer in answers.items():
        wide = max(repr(answer).splitlines(), key=breadth)
        assert breadth(wide) <= most, (name, wide)


def test_every_answer_prints_for_people(answers):
    for name, answer in answers.items():
        lines = repr(answer).splitlines()
        assert "object at" not in lines[0], name
        assert not re.match(r"\w+\(\w+=", lines[0]), f"{name} prints as a dataclass"


def test_nothing_public_is_left_out(answers):
    kinds = {kind.__name__ for answer in answers.values() for kind in type(answer).__mro__}
    public = {name for name in microbp.__all__ if isinstance(getattr(microbp, name), type)}
    makers = {"Array", "Constant", "Film", "Op", "PageView", "Training", "Value", "errstate"}
    assert public - makers - kinds == {"DrawingWarning", "MicrobpError", "NonFiniteWarning"}


def test_an_answer_prints_what_its_command_prints(answers):
    for name in ("wrong", "comparison", "gradcheck", "paths", "report", "grades", "strength"):
        words = [" ".join(text(answers[name]).split()) for text in (repr, str)]
        assert words[0] == words[1], name


def test_a_stepper_says_where_it_stands(answers):
    assert repr(answers["stepper"]).splitlines()[0] == "step 7 of 32 of the backward pass from E"
    assert repr(microbp.steps(microbp.Value(1.0, label="x").tanh())) == "step 0 of 1 of the backward pass from tanh(x)"


def test_cells_show_wrong_and_right_beside_each_other_and_are_no_slab(answers):
    shown = answers["wrong"]._repr_html_()
    assert shown.index("δ1 = δ2 W2") < shown.index("δ1 = (δ2 W2) ⊙ σ′(z1)")
    for name in ("wrong", "right", "comparison", "report"):
        html = answers[name]._repr_html_()
        grounds = set(re.findall(r"background: ([^;\"]+)", html))
        assert all(ground == "transparent" or ground.startswith("rgba(") for ground in grounds), name
        assert not re.search(r"(?<!-)color: (?!inherit)", html), name
    assert answers["comparison"]._repr_html_().count("×</td>") == 2
    assert shown.count("×</td>") == 2


def test_what_a_learner_calls_things_is_no_markup():
    report = microbp.check(lambda x: {"<b>": x * x, "loss": (x * x).sum()}, gradients={"<b>": [9.0]}, x=np.array([2.0]))
    assert "<b>" not in report._repr_html_()


LINES = st.text(st.sampled_from("ab·δ重み誤差é\u0301 "), max_size=80)


@given(LINES, st.integers(4, 60))
def test_folding_loses_nothing_and_fits(text, width):
    folded = in_width(text, width)
    assert max(map(breadth, folded.splitlines()), default=0) <= width
    assert "".join(folded.split()) == "".join(text.split())
    if breadth(text.rstrip()) <= width:
        assert folded == text.rstrip()


def test_the_command_fits_its_terminal_and_is_whole_for_programs(monkeypatch, tmp_path, capsys):
    mine = tmp_path / "mine.json"
    mine.write_text(json.dumps(MINE))
    assert main(["diagnose", "w1-w8", str(mine)]) == 1
    whole = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdout", screen := Terminal())
    assert main(["diagnose", "w1-w8", str(mine)]) == 1
    assert max(map(breadth, whole.splitlines())) > 60
    assert max(map(breadth, screen.getvalue().splitlines())) <= 60
    assert screen.getvalue().split() == whole.split()


def test_long_lines_go_on_below_their_last_column():
    assert in_width("ab  cd ef gh ij", 10).splitlines() == ["ab  cd ef", "    gh ij"]
    assert in_width("short\n\n  lines stay", 20) == "short\n\n  lines stay"
