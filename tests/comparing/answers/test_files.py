"""Files and functions of learners that are not as they should be, at the command line."""

import codecs
import importlib
import io
import json
import sys

import numpy as np
import pytest

import microbp
from microbp.comparing.answers.files import load_gradients
from microbp.comparing.answers.functions import ADAPTER
from microbp.errors import ProblemError
from microbp.problems.exercise import exercise_of
from microbp.terminal.cli import main

TRUTH = exercise_of(microbp.load("w1-w8")).truth[1]


def damaged():
    """A compressed .npz with an error in the middle."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, dW1=np.arange(4.0).reshape(2, 2))
    content = bytearray(buffer.getvalue())
    begin = content.index(b"dW1.npy") + len("dW1.npy") + int.from_bytes(content[28:30], "little")
    content[begin : begin + 8] = b"\xff" * 8
    return bytes(content)


BROKEN = {
    "spaces.csv": b"w5 0.0822\nw6 0.0827\n",
    "decimal_comma.csv": b"w5;1.234,5\n",
    "names_alone.csv": b"w5,0.0822\nw6\n",
    "huge.json": b'{"w5": ' + b"9" * 400 + b"}",
    "junk.mat": b"\0" * 300,
    "new.mat": b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\0" * 400,
    "damaged.npz": damaged(),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    np.savez("ok.npz", **TRUTH)
    np.save("flat.npy", np.concatenate([TRUTH[name].ravel() for name in ("dW1", "db1", "dW2", "db2")]))
    return tmp_path


@pytest.fixture
def mine(folder):
    """Writes the module `mine` with this text."""

    def write(text):
        (folder / "mine.py").write_text(text)
        sys.modules.pop("mine", None)
        importlib.invalidate_caches()

    yield write
    sys.modules.pop("mine", None)


def refused(capsys, *arguments):
    """The one line with which the command refuses."""
    assert main(list(arguments)) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("microbp: ")
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    return captured.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["diagnose", "w1-w8", "--json", "ok.npz"],
        ["diagnose", "w1-w8", "--order", "rows", "flat.npy"],
        ["grade", "w1-w8", "--csv", "ok.npz", "ok.npz"],
        ["grade", "w1-w8", "ok.npz", "--csv", "ok.npz"],
        ["gradcheck", "x*y", "x=1", "--json", "y=2"],
    ],
)
def test_words_after_an_option_are_taken_and_unknown_options_are_not(arguments, folder, capsys):
    assert main(arguments) == 0
    for wrong in ([*arguments, "--frob"], ["ops", "mul", "--json", "add"]):
        with pytest.raises(SystemExit) as caught:
            main(wrong)
        assert caught.value.code == 2
        assert f"unrecognized arguments: {wrong[-1]}\n" in capsys.readouterr().err


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_in_one_line(name, folder, capsys):
    (folder / name).write_bytes(BROKEN[name])
    with pytest.raises(ProblemError, match=f"cannot read gradients from '{name}': ."):
        load_gradients(name)
    assert name in refused(capsys, "diagnose", "w1-w8", name)
    assert name in refused(capsys, "compare", "w1-w8", "--intermediates", name)


def test_broken_files_are_rows_each_with_a_reason(folder, capsys):
    for name, content in BROKEN.items():
        (folder / name).write_bytes(content)
    assert main(["grade", "w1-w8", "--json", *BROKEN, "ok.npz"]) == 1
    *rows, last = json.loads(capsys.readouterr().out)["grades"]
    assert [row["verdict"] for row in rows] == ["unreadable"] * len(BROKEN)
    assert all(row["note"] for row in rows)
    assert last["verdict"] == "right"


def test_a_function_that_nobody_can_call_is_shown_an_adapter(mine, capsys):
    mine("def f(u, v):\n    return u\n")
    assert main(["compare", "w1-w8", "--function", "mine:f"]) == 2
    said = capsys.readouterr().err
    assert "told by the names of its parameters; got f(u, v)" in said
    assert said.endswith(f"\n\n{ADAPTER}\n")
    assert len(ADAPTER.splitlines()) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(W, b, X, Y):\n    return [][3]\n", "your function raised IndexError: list index out of range (mine.py"),
        ("def f(W, b, X, Y):\n    return X @ W[0][:1]\n", "your function raised ValueError: matmul"),
        ("import sys\ndef f(W, b, X, Y):\n    sys.exit(0)\n", "your function raised SystemExit: 0 (mine.py line 3)"),
        ("def f(:\n", "cannot import the module 'mine': SyntaxError"),
        ("x = 1\nraise RuntimeError('no')\n", "cannot import the module 'mine': RuntimeError: no (mine.py line 2)"),
        ("import sys\nsys.exit()\n", "cannot import the module 'mine': SystemExit"),
        (
            "def f(W, b, X, Y):\n    pass\n",
            "microbp: a function of gradients returns them, for example (dW, db); got None",
        ),
        ("def f(W, b, X, Y):\n    return W, [[1.0] * 3] * 2\n", "microbp: what your function returned: db1 needs"),
        ("def f(W, b, X, Y):\n    return 'x', W, b\n", "microbp: what your function returned: the loss must be"),
        (
            "def f(W, b, X, Y):\n    return {'w5': 10**400}\n",
            "what your function returned: w5 must be an array of real",
        ),
    ],
)
def test_an_error_in_a_function_is_refused_with_its_line(text, said, mine, capsys):
    mine(text)
    assert said in refused(capsys, "compare", "w1-w8", "--function", "mine:f")


def test_what_a_function_prints_goes_to_stderr(mine, capsys):
    arrays = {name: g.tolist() for name, g in TRUTH.items()}
    mine(f"print('imported')\ndef f(W, b, X, Y):\n    print('called')\n    return {arrays}\n")
    for command in ("compare", "diagnose"):
        assert main([command, "w1-w8", "--function", "mine:f", "--json"]) == 0
        captured = capsys.readouterr()
        assert json.loads(captured.out)["ok"] is True
        assert "called" in captured.err


@pytest.mark.parametrize(
    ("problem", "content", "said"),
    [
        (["w1-w8"], '{"w9": 1}', "unknown gradient: 'w9'"),
        (["w1-w8"], '{"dW1": [1]}', "dW1 needs shape (2, 2)"),
        (["w1-w8"], '{"w5": true}', "a truth value is no number"),
        (["(w*x-1)**2", "w=2", "x=3"], '{"w9": 1}', "unknown "),
        (["(w*x-1)**2", "w=2", "x=3"], '{"w": true}', "the gradient of w must be one real number"),
    ],
)
def test_what_is_wrong_with_gradients_in_a_file_names_it(problem, content, said, folder, capsys):
    (folder / "g.json").write_text(content)
    options = [
        ["diagnose", *problem, "--gradients", "g.json"],
        ["draw", *problem, "-o", "x.dot", "--compare", "g.json"],
    ]
    for command in [*options, ["compare", *problem, "--gradients", "g.json"]][: 2 + (len(problem) == 1)]:
        error = refused(capsys, *command)
        assert error.replace("'g.json'", "g.json").startswith("microbp: g.json: ")
        assert said in error


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("list.json", "[1, 2]", "arrays by name"),
        ("empty.json", "{}", "arrays by name"),
        ("flat.csv", "1,2\n", "arrays by name"),
        ("flat.npy", None, "arrays by name"),
        ("text.json", '{"a1": "x"}', "a1 must be an array of real numbers"),
        ("ragged.json", '{"a1": [[1, 2], [3]]}', "a1 must be an array of real numbers"),
    ],
)
def test_intermediates_of_another_form_are_refused(name, content, said, folder, capsys):
    if content is not None:
        (folder / name).write_text(content)
    error = refused(capsys, "compare", "w1-w8", "--intermediates", name)
    assert name in error
    assert said in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compare", "w1-w8", "--tolerance", "nan"], "--tolerance is a number that is not negative"),
        (["compare", "w1-w8", "--tolerance=-1"], "--tolerance is a number that is not negative"),
        (["compare", "w1-w8", "--intermediates", "h.json", "--names", "h", "a1"], "--names takes MINE=NAME"),
        (["compare", "w1-w8", "--intermediates", "h.json", "--names", "h="], "--names takes MINE=NAME"),
        (["compare", "w1-w8", "--intermediates", "h.json"], "other names go with --names, for example h=a1"),
        (["diagnose", "w1-w8", "ok.npz", "--lr", "nan"], "--lr is the learning rate you used"),
        (["diagnose", "w*x", "w=1", "x=2", "--function", "math:hypot"], "--function is for networks"),
        (["diagnose", "w*x", "w=1", "x=2", "list.json"], "list.json: the gradients of an expression are a number"),
        (["conventions", "w1-w8", "--published", "0.5", "--steps=-1"], "--steps is a number of steps, 0 or more"),
    ],
)
def test_a_value_without_meaning_is_refused(arguments, said, folder, capsys):
    (folder / "h.json").write_text('{"h": [[0.593269992, 0.596884378]]}')
    (folder / "list.json").write_text("[1, 2]")
    assert said in refused(capsys, *arguments)


def test_arrays_without_names_are_a_list_in_order(folder):
    np.savez("four.npz", *(TRUTH[name] for name in ("dW1", "db1", "dW2", "db2")))
    assert main(["diagnose", "w1-w8", "four.npz"]) == 0
    np.savez("many.npz", *range(12))
    assert [int(x) for x in load_gradients("many.npz")] == list(range(12))
    np.savez("one.npz", np.arange(3.0))
    assert load_gradients("one.npz").tolist() == [0.0, 1.0, 2.0]


def test_a_list_of_arrays_in_one_is_told_to_be_saved_by_name(folder):
    objects = np.empty(2, dtype=object)
    objects[:] = [np.zeros((2, 2)), np.zeros((2, 1))]
    np.savez("objects.npz", dW=objects)
    np.save("objects.npy", objects)
    for name in ("objects.npz", "objects.npy"):
        with pytest.raises(
            ProblemError, match=f"cannot read intermediates from '{name}': it holds objects.*dW1=…, dW2=…"
        ):
            load_gradients(name, "intermediates")


def test_a_file_of_numpy_under_the_other_ending_is_read(folder):
    (folder / "really.npz").write_bytes((folder / "flat.npy").read_bytes())
    assert load_gradients("really.npz").shape == (12,)
    (folder / "really.npy").write_bytes((folder / "ok.npz").read_bytes())
    assert isinstance(load_gradients("really.npy"), dict)


@pytest.mark.parametrize(("mark", "encoding"), [(codecs.BOM_UTF8, "utf-8"), (b"", "utf-16")], ids=["utf-8", "utf-16"])
def test_a_byte_order_mark_is_skipped(mark, encoding, folder):
    (folder / "bom.json").write_bytes(mark + '{"w5": 0.082167041}'.encode(encoding))
    assert load_gradients("bom.json") == {"w5": 0.082167041}
    assert main(["diagnose", "w1-w8", "bom.json"]) == 0
