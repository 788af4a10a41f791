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


SOFTMAX = """
import numpy as np
{data}

def forward(X, Y, W):
    z = X @ W
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    loss = -(Y * np.log(p)).sum() / len(X)
    return loss, p

def backward(X, Y, W, p):
    dz = (p - Y) / len(X)
    dW = X.T @ dz{slip}
    return {{"dW": dW, "dX": dz @ W.T}}
"""


@pytest.mark.parametrize(("slip", "left"), [("", "none"), (" * 2", "1")])
def test_targets_that_are_no_labels_are_said_to_be_the_reason(slip, left, tmp_path, capsys):
    mine = tmp_path / "mine.py"
    mine.write_text(SOFTMAX.format(data="sizes = {'X': (5, 3), 'Y': (5, 4), 'W': (3, 4)}", slip=slip))
    assert main(["check", str(mine)]) == 1
    assert "Y is not one-hot: the numbers of a sample add up to" in (out := capsys.readouterr().out)
    assert f"{left} of these lines would be wrong: p − y holds for a softmax" in out
    mine.write_text(SOFTMAX.format(data="sizes = {'X': (5, 3), 'Y': ((5, 4), 'one-hot'), 'W': (3, 4)}", slip=slip))
    assert main(["check", str(mine)]) == bool(slip)
    assert "one-hot" not in capsys.readouterr().out


def test_a_regression_is_told_nothing_of_labels(tmp_path, capsys):
    mine = tmp_path / "mine.py"
    data = "sizes = {'X': (5, 3), 'Y': (5, 4), 'W': (3, 4)}"
    squares = SOFTMAX.replace("-(Y * np.log(p)).sum()", "((p - Y) ** 2).sum()")
    mine.write_text(squares.format(data=data, slip=""))
    assert main(["check", str(mine)]) == 1
    assert "one-hot" not in capsys.readouterr().out


NET = """
import numpy as np
class Net:
    def forward(self, X):
        self.z1 = X @ self.W1 + self.b1
        self.a1 = np.maximum(self.z1, 0)
        return self.a1.sum()
    def backward(self):
        self.da1 = np.ones_like(self.a1)
        self.dz1 = self.da1 * (self.{where} > 0)
        self.db1 = self.dz1.sum(axis=0)

X, W1, b1 = np.random.default_rng(0).normal(size=(5, 3)), np.random.default_rng(1).normal(size=(3, 2)), np.ones(2)
"""


def test_a_class_is_checked_through_the_functions_that_are_proposed(tmp_path, capsys):
    mine = tmp_path / "mine.py"
    mine.write_text(NET.format(where="z1"))
    assert main(["check", str(mine)]) == 2
    said, _, proposed = capsys.readouterr().err.partition("A class is checked through")
    assert "unknown function: 'forward'" in said
    functions = proposed.partition("\n\n")[2]
    for where, code in (("z1", 0), ("b1", 1)):
        mine.write_text(NET.format(where=where) + functions)
        assert main(["check", str(mine)]) == code
    assert "The first, in backward order, is the gradient of z1" in capsys.readouterr().out


ALONE = """
import numpy as np
w, x, y = np.array([0.5, -1.0]), np.ones((3, 2)), np.array([1.0, 2.0, 0.0])

def squared(x):
    return x**2

def {name}(w, x, y):
    r = x @ w - y
    return squared(r).sum(), {{"dw": {factor} * x.T @ r}}
"""


@pytest.mark.parametrize(("factor", "code"), [(2, 0), (1, 1)])
def test_one_function_that_returns_the_loss_and_the_gradients_is_enough(factor, code, tmp_path, capsys):
    (tmp_path / "mine.py").write_text(ALONE.format(name="loss_and_gradients", factor=factor))
    assert main(["check", str(tmp_path / "mine.py")]) == code
    assert "w" in capsys.readouterr().out


def test_functions_are_known_by_other_names_and_a_loss_that_is_missing_is_asked_for(tmp_path, capsys):
    text = PASS.format(data=DATA[0], turned=".T").replace("def forward", "def forward_propagation")
    (tmp_path / "mine.py").write_text(text.replace("def backward", "def back_prop"))
    assert main(["check", str(tmp_path / "mine.py")]) == 0
    (tmp_path / "mine.py").write_text(text.replace("return locals()", "return z, x @ w"))
    assert main(["check", str(tmp_path / "mine.py")]) == 2
    assert "forward returned no loss, only z: compute the loss there" in capsys.readouterr().err
