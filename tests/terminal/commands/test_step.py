import io
import itertools
import re
import subprocess
import sys

import pytest

from microbp.terminal.cli import main
from microbp.terminal.commands.step import UNHEARD

NEURON = ["sigmoid(w*x + b)", "w=2", "x=-1", "b=-3"]


def printed(capsys, *arguments):
    code = main(["step", *arguments])
    return code, capsys.readouterr().out


@pytest.mark.parametrize(
    ("problem", "name"), [(["w1-w8"], "w5"), (["w1-w8"], "out_h1"), (NEURON, "w"), (NEURON, "w·x")]
)
def test_at_goes_on_as_the_command_c_does(problem, name, capsys):
    code, out = printed(capsys, *problem, "--at", name, "--batch")
    assert (code, out) == printed(capsys, *problem, "-c", f"c {name}", "--batch")
    assert code == 0
    assert out.count("step ") >= 1
    assert re.search(f"It is the (first|only) contribution to {re.escape(name)}\\.", out)


@pytest.mark.slow
def test_at_comes_after_the_commands_and_before_what_is_typed():
    command = [sys.executable, "-m", "microbp", "step", "w1-w8", "--at", "w5", "-c", "goto 3"]
    result = subprocess.run(command, input="n\n", capture_output=True, check=True, encoding="utf-8")
    steps = [line for line in result.stdout.splitlines() if line.startswith("step ")]
    assert steps == ["step 3 of 32", "step 7 of 32", "step 8 of 32"]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True, encoding="utf-8")
    assert [line for line in result.stdout.splitlines() if line.startswith("step ")] == steps[:2]


@pytest.mark.parametrize(("detail", "number"), [("contribution", 9), ("node", 9), ("layer", 12)])
def test_at_stops_there_whatever_one_step_is(detail, number, capsys):
    code, out = printed(capsys, "w1-w8", "--at", "w6", "--batch", "--detail", detail)
    assert (code, f"step {number} of 32" in out) == (0, True)


def test_a_name_that_is_unknown_names_the_nearest(capsys):
    assert main(["step", "w1-w8", "--at", "w55"]) == 2
    assert capsys.readouterr().err == "microbp: no value is called 'w55'; nearest: w5, w8, w7\n"
    assert main(["step", "w1-w8", "--at", "E", "--batch"]) == 2
    assert "got 'E', the root: the pass begins there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "does"),
    [
        (["--quiz"], "--quiz asks for one step after another"),
        (["--quiz-every", "2"], "--quiz asks for one step after another"),
        (["--html", "x.html"], "--html writes a page of the whole pass"),
        (["--all"], "--all prints the whole pass"),
        (["--json"], "--json prints the whole pass"),
        (["--by", "weight"], "--by prints the whole pass"),
        (["--format", "md"], "--format prints the whole pass"),
    ],
)
def test_at_does_not_go_with_what_takes_the_whole_pass(option, does, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["step", "w1-w8", "--at", "w5", *option]) == 2
    captured = capsys.readouterr()
    assert captured.err == f"microbp: --at goes on to a step in the debugger, {does}: give one of the two\n"
    assert captured.out == "" or "--json" in option
    assert list(tmp_path.iterdir()) == []


PRODUCTS = {
    "html": ["--html", "page.html"],
    "quiz_export": ["--quiz-export", "quiz.gift"],
    "quiz": ["--quiz"],
    "by": ["--by", "weight"],
    "format": ["--format", "md"],
    "all": ["--all"],
}
MORE = {
    "commands": ["-c", "next"],
    "batch": ["--batch"],
    "steps": ["--steps", "2"],
    "only": ["--only", "parameters"],
    "detail": ["--detail", "layer"],
}


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("option", MORE)
def test_no_option_is_without_effect_and_silent(option, product, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    def told(*words):
        code = main(["step", "w1-w8", *PRODUCTS[product], *words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err, [path.read_bytes() for path in tmp_path.iterdir()]

    alone, both = told(), told(*MORE[option])
    if both[0] == 2:
        assert "--" in both[2]
        assert ("leave one of the two out" in both[2]) == (product in UNHEARD[option])
    else:
        assert product not in UNHEARD[option]
        assert both != alone or (option, product) == ("batch", "quiz"), "the option has no effect"


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(PRODUCTS, 2)])
def test_one_thing_is_made_at_a_time(one, other, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = main(["step", "w1-w8", *PRODUCTS[one], *PRODUCTS[other]])
    together = {(one, other)} & {("quiz_export", "quiz"), ("by", "all"), ("format", "all")}
    assert code == (0 if together else 2)
    assert together or "give one of the two" in capsys.readouterr().err
