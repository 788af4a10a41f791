"""Code that learners hand in runs only if that is said, in a process that ends."""

import json
import os
import signal
import time

import pytest

import microbp
from microbp.comparing.answers.code import Code
from microbp.errors import ProblemError
from microbp.terminal.cli import main

FUNCTION = """
import numpy as np
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def backward(weights, biases, X, Y):
    a1 = sigmoid(X @ weights[0].T + biases[0])
    a2 = sigmoid(a1 @ weights[1].T + biases[1])
    d2 = (a2 - Y) * a2 * (1 - a2)
    d1 = (d2 @ weights[1]) * a1 * (1 - a1)
    return [d1.T @ X, d2.T @ a1], [d1.sum(axis=0), d2.sum(axis=0)]
def broken(weights, biases, X, Y):
    return missing
"""


@pytest.fixture
def mine(tmp_path):
    def write(text):
        path = tmp_path / "mine.py"
        path.write_text(text)
        return path

    return write


def test_code_runs_only_if_that_is_said(mine, tmp_path, capsys):
    path = mine(f"open({str(tmp_path / 'trace')!r}, 'w')\nw5_grad = 0.0822")
    for command in ("diagnose", "compare"):
        assert main([command, "w1-w8", str(path)]) == 2
        assert "runs only when you ask for it: with --run" in capsys.readouterr().err
    assert main(["grade", "w1-w8", str(path)]) == 1
    assert not (tmp_path / "trace").exists()
    assert main(["diagnose", "w1-w8", str(path), "--run"]) == 0
    assert (tmp_path / "trace").exists()
    assert main(["compare", "w1-w8", "--run"]) == 2


@pytest.mark.slow
def test_a_function_is_called_in_the_other_process(mine, capsys):
    words = ["grade", "w1-w8", str(mine(FUNCTION)), "--json", "--run", "--function"]
    assert main([*words, "backward"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["grades"]
    assert (row["verdict"], row["given"], row["credit"]) == ("right", 12, 1.0)
    for name, said in (("broken", "NameError: name 'missing' is not defined (mine.py line 12)"), ("backwards", "did")):
        assert main([*words, name]) == 1
        assert said in json.loads(capsys.readouterr().out)["grades"][0]["note"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os\nos._exit(0)", "ended its process"),
        ("x = [0.0] * 10**12", "MemoryError"),
        ("import sys\nsys.exit(3)", "SystemExit: 3 (mine.py line 2)"),
        ("x = 1\nimport nothing_there", "got x"),
        (FUNCTION, "got none with numbers; or take what a function returns: --function backward"),
        (
            "x = 1\ndef back_prop(): ...\ndef other(): ...",
            "got x; or take what a function returns: --function back_prop",
        ),
        ("def mine(): ...", "--function mine"),
        ("x = 1\ndef mine(): ...", "got x"),
        ("dW1 = (", "SyntaxError"),
        ("dW1 = ['a' * 40_000]", "3,000 bytes"),
        ("import time\ntry:\n    time.sleep(60)\nfinally:\n    time.sleep(60)", "did not finish within 1 s"),
    ],
)
def test_code_that_fails_is_told_with_a_word(text, said, mine, monkeypatch):
    monkeypatch.setattr("microbp.comparing.answers.code.MAX_BYTES", 3000)
    seconds = 1 if "sleep" in text else 60
    with pytest.raises(ProblemError) as caught, Code(mine(text), seconds) as code:
        code.gradients()
    assert said in str(caught.value)
    assert ("--function" in said) == ("--function" in str(caught.value))
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_what_the_code_starts_ends_with_it(mine, tmp_path):
    note = tmp_path / "pid"
    starts = "import subprocess\ndW1 = [[1.0]]\npid = subprocess.Popen(['sleep', '60']).pid\n"
    with Code(mine(f"{starts}open({str(note)!r}, 'w').write(str(pid))")) as code:
        assert code.gradients()["dW1"] == [[1.0]]
        assert code.note == ""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and _runs(int(note.read_text())):
        time.sleep(0.01)
    assert not _runs(int(note.read_text()))


@pytest.mark.slow
def test_what_leaves_the_group_of_the_code_is_not_waited_for(mine, tmp_path):
    note = tmp_path / "pid"
    leaves = (
        "import os\nif os.fork() == 0:\n    os.setsid()\n"
        f"    open({str(note)!r}, 'w').write(str(os.getpid()))\n"
        "    import time\n    time.sleep(300)\n    os._exit(0)\n"
        f"while not (os.path.exists({str(note)!r}) and open({str(note)!r}).read()): pass\n"
    )
    with Code(mine(leaves + "dW1 = [[1.0]]")) as code:
        assert code.gradients()["dW1"] == [[1.0]]
    _end_what_runs_still(note)
    with pytest.raises(ProblemError, match="did not finish within 2 s"), Code(mine(leaves + "while True: pass"), 2):
        pass
    _end_what_runs_still(note)


def _end_what_runs_still(note):
    assert _runs(int(note.read_text()))
    os.kill(int(note.read_text()), signal.SIGKILL)
    note.unlink()


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_gradients_are_told_from_parameters_by_their_names(mine):
    text = "import numpy as np\nW1 = np.eye(2); dW1 = 2 * W1; dW = [1]; data = [1]; delta1 = db_rows = 3\nx_grad = 0.5"
    with Code(mine(text)) as code:
        found = code.gradients(["x"])
    assert list(found) == ["dW1"]
    found = microbp.grade(microbp.load("w*x", {"w": 2.0, "x": 3.0}), [mine("dx, dL_dw, w = 2.0, 3.0, 2.0")], run=True)
    assert [(row.verdict, row.right) for row in found] == [("right", 2)]


SUMMED = """
import numpy as np
nabla_w, nabla_b = [np.zeros((2, 2))] * 2, [np.zeros((2, 1))] * 2
for x in np.eye(2):
    delta_nabla_w, delta_nabla_b = [np.outer(x, x)] * 2, [x.reshape(2, 1)] * 2
    nabla_w = [w + d for w, d in zip(nabla_w, delta_nabla_w)]
    nabla_b = [b + d for b, d in zip(nabla_b, delta_nabla_b)]
dsyn0, syn0 = np.eye(2), np.eye(2)
"""


def test_the_gradients_of_one_sample_are_left_beside_their_sums_and_said_names_are_taken(mine):
    with Code(mine(SUMMED)) as code:
        assert sorted(code.gradients()) == ["nabla_b", "nabla_w"]
        assert sorted(code.gradients((), ["dsyn0", "missing"])) == ["dsyn0", "nabla_b", "nabla_w"]


def test_a_step_is_not_taken_for_the_gradient_that_it_is_made_of(mine):
    code = "dE_dw5, dw5 = 0.082167041, -0.041083521"
    (row,) = microbp.grade(microbp.load("w1-w8"), [mine(code)], run=True)
    assert (row.verdict, row.note.partition(":")[0]) == ("unreadable", "dE_dw5 and dw5 both give numbers of dW2")


def test_names_that_are_said_are_looked_for_in_code_that_is_run(mine, capsys):
    path = mine("dsyn1 = [[0.0821670, 0.0826676], [-0.0226025, -0.0227402]]")
    assert main(["diagnose", "w1-w8", str(path), "--run", "--names", "dsyn1=dW2"]) == 0
    assert main(["grade", "w1-w8", str(path), "--run", "--names", "dsyn1=dW2"]) == 0
