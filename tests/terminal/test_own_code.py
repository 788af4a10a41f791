import io

import pytest

import microbp
from microbp import Value
from microbp.terminal.cli import main

CODE = """
from helper import four
from microbp import Value, nn
w, x = Value(2.0), Value(-1.0, label="input")
net = w * x + four
loss = net.tanh() ** 2
number = 3.0
def cost():
    return loss * 2
def broken():
    return 1 / 0
"""


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "helper.py").write_text("four = 4.0")
    (tmp_path / "mine.py").write_text(CODE)
    return str(tmp_path / "mine.py")


def test_a_value_of_ones_own_code_is_stepped_through_and_drawn(mine, tmp_path, capsys):
    assert main(["step", f"{mine}:loss", "--by", "weight"]) == 0
    assert "∂loss/∂w = ∂loss/∂tanh(net) · ∂tanh(net)/∂net · " in capsys.readouterr().out
    assert main(["draw", f"{mine}:cost", "-o", str(tmp_path / "mine.dot")]) == 0
    assert all(
        f"<B>{name}</B>" in (tmp_path / "mine.dot").read_text() for name in ("w", "input", "net", "loss", "cost")
    )


def test_nothing_is_left_beside_ones_own_code_which_is_read_anew_after_each_change(mine, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    for number in "23":  # of one size, and within one second
        (tmp_path / "mine.py").write_text(CODE.replace("Value(2.0)", f"Value({number}.0)"))
        assert main(["step", f"{mine}:net", "--all"]) == 0
        assert f"= 1 × {number} = {number}" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["helper.py", "mine.py"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "say which value of"),
        (":los", "did you mean 'loss'"),
        (":number", "must be a microbp.Value, or a function that returns one; got 3.0"),
        (":broken", "ZeroDivisionError: division by zero (mine.py line 11)"),
    ],
)
def test_what_is_no_value_is_told(mine, name, said, capsys):
    assert main(["step", mine + name, "--all"]) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_not_there_is_told(capsys):
    assert main(["step", "nowhere.py:loss"]) == 2
    assert "there is no file of Python code 'nowhere.py'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "said"), [("a.ipynb", "a.ipynb' is not a .py file"), ("pass.py:loss", "has no loss, and no microbp.Value")]
)
def test_a_file_of_another_kind_is_told(name, said, tmp_path, capsys):
    (tmp_path / name.partition(":")[0]).write_text("x = 1")
    assert main(["check" if name == "a.ipynb" else "step", str(tmp_path / name)]) == 2
    assert said in capsys.readouterr().err


def test_debug_opens_the_debugger_on_a_value_or_a_problem():
    for root in (Value(3.0, "x") * 2, microbp.load("w1-w8")):
        screen = io.StringIO()
        microbp.debug(root, commands=["n"], stdin=io.StringIO("n\nq\n"), stdout=screen)
        assert "step 1 of " in screen.getvalue()
