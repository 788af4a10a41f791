import io
import json
import sys

import numpy as np
import pytest

from microbp import load
from microbp.terminal.cli import main

MINE = {"w5": 0.082167041, "w6": 0.082667628}


@pytest.fixture
def given(monkeypatch):
    """Puts bytes on standard input."""

    def give(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), "utf-8"))

    return give


def as_npz(arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [json.dumps(MINE).encode(), b"w5,0.082167041\nw6,0.082667628\n", as_npz({k: np.array(v) for k, v in MINE.items()})],
    ids=["json", "csv", "npz"],
)
@pytest.mark.parametrize("arguments", [["diagnose", "w1-w8", "-"], ["diagnose", "w1-w8", "--gradients", "-"]])
def test_gradients_come_from_standard_input_whatever_kind_of_file_it_is(given, arguments, content, capsys):
    given(content)
    assert main(arguments) == 0
    assert "The gradients are right" in capsys.readouterr().out


def test_a_problem_and_code_come_from_standard_input(given, tmp_path, capsys):
    load("w1-w8").save(tmp_path / "mine.toml")
    given((tmp_path / "mine.toml").read_bytes())
    assert main(["gradcheck", "-"]) == 0
    given(
        b"import numpy as np\ndata = {'x': np.ones(3)}\ndef forward(x): return {'loss': (x * x).sum()}\n"
        b"def backward(x): return {'dx': 2 * x}\n"
    )
    assert main(["check", "-"]) == 0
    assert "the line is right" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "begins", "said"),
    [
        (["draw", "w1-w8", "-o", "-", "--format", "dot"], "digraph", "Picture: standard output ("),
        (["step", "w1-w8", "--html", "-"], "<!doctype html>", "Page: standard output\n"),
        (["compile", "w1-w8", "-o", "-"], '"""', ""),
        (["train", "w1-w8", "--checkpoint", "-"], "{", "1 step of sgd"),
    ],
    ids=["draw", "step", "compile", "train"],
)
def test_a_file_goes_to_standard_output_and_the_words_beside_it(arguments, begins, said, monkeypatch, capsys):
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    monkeypatch.setattr(sys, "stdout", out)
    assert main(arguments) == 0
    assert out.buffer.getvalue().decode().startswith(begins)
    assert capsys.readouterr().err.startswith(said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["grade", "w1-w8", "-", "-"], "give - once"),
        (["draw", "w1-w8", "-o", "-", "--json"], "takes one thing"),
        (["train", "w1-w8", "--plot", "-", "--checkpoint", "-"], "takes one thing"),
        (["diagnose", "w1-w8", "-"], "standard input: "),
    ],
)
def test_one_thing_at_a_time_and_errors_do_not_name_our_own_file(given, arguments, said, capsys):
    given(b'{"w5": "high"}')
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert said in error.replace("'", "") or said in error
    assert "/tmp" not in error
