import numpy as np
import pytest

from microbp.terminal.cli import main

PASS = """
import numpy as np
{data}

def forward(x, w, scale=2.0):
    z = x @ w
    loss = (scale * z).sum()
    return locals()

def backward(x, w, scale=2.0):
    dz = np.full((len(x), w.shape[1]), scale)
    return {{"dz": dz, "dw": x.T @ dz, "dx": dz @ w{turned}}}
"""
DATA = [
    "x, w = np.ones((3, 2)), np.ones((2, 4))",
    "data = {'x': np.ones((3, 2)), 'w': np.ones((2, 4))}",
    "def data():\n    return {'x': np.ones((3, 2)), 'w': np.ones((2, 4))}",
    "sizes = {'x': (3, 2), 'w': (2, 4)}",
    "sizes, data = [2, 4], np.zeros((3, 7))\nx, w = np.ones((3, 2)), np.ones((2, 4))",  # names of the learner's own
]


def checked(tmp_path, data, turned=".T", *more):
    (tmp_path / "mine.py").write_text(PASS.format(data=data, turned=turned))
    return main(["check", str(tmp_path / "mine.py"), *more])


@pytest.mark.parametrize("data", DATA)
def test_the_arrays_are_what_the_file_has(data, tmp_path, capsys):
    assert checked(tmp_path, data) == 0
    assert "3 lines are right" in capsys.readouterr().out


def test_arrays_come_from_a_file_too(tmp_path):
    np.savez(tmp_path / "data.npz", x=np.ones((3, 2)), w=np.ones((2, 2)))
    assert checked(tmp_path, "", ".T", "--data", str(tmp_path / "data.npz")) == 0
    assert checked(tmp_path, "x, w = np.ones((3, 2)), np.arange(4.0).reshape(2, 2)", "") == 1


def test_what_is_missing_is_named(tmp_path, capsys):
    assert checked(tmp_path, "x = np.ones((3, 2))") == 2
    assert "no data for w: give them in the file, or write data = " in capsys.readouterr().err
