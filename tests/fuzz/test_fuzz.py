"""Whatever is typed or handed in, nothing but an error made for people comes back.

A bounded run here; `make fuzz` takes more cases of each, `make fuzz FUZZ=100000` so many.
"""

import contextlib
import io
import json
import os
import string
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import microbp
from microbp.comparing.answers.formats.by_ending import READERS
from microbp.errors import MicrobpError
from microbp.problems.exercise import exercise_of
from microbp.problems.expression import ExpressionProblem
from microbp.problems.loading import _builtin, parse
from microbp.terminal.cli import main
from microbp.training import checkpoint
from microbp.training.train import train
from tests.comparing.answers import hostile

CASES = int(os.environ.get("FUZZ", "60"))
many = settings(
    max_examples=CASES, deadline=None, derandomize="FUZZ" not in os.environ, suppress_health_check=list(HealthCheck)
)
few = settings(many, max_examples=max(20, CASES // 10))
PROBLEM = microbp.load("w1-w8")
TRUTH = exercise_of(PROBLEM).truth[1]
SMALL = {name: make() for name, make in hostile.CONTENTS.items() if "bomb" not in name and name != "members.npz"}
SEEDS = {
    ".npz": [hostile.saved(np.savez, **TRUTH), hostile.saved(np.savez_compressed, **TRUTH)],
    ".npy": [hostile.saved(np.save, TRUTH["dW1"]), hostile.saved(np.save, np.float32(TRUTH["dW2"]))],
    ".json": [json.dumps({name: g.tolist() for name, g in TRUTH.items()}).encode(), b'{"w5": 0.08, "w6": null}'],
    ".csv": [b"dW1,0.1,0.2\ndW1,0.3,0.4\nw5;0,1\n", b"1,2\n3,4\n"],
    ".txt": [b"w5 = 0.1; dW1:\n [[1 2]\n [3. 4e-1]]\n", b"{'dW1': array([[0.1, 0.2], [1, 2]], dtype=f4), 'w5': (1,)}"],
    ".mat": [hostile.mat(hostile.matrix(b"dW1", (1, 1), hostile.ONE), hostile.cells(2))],
}
for name, content in SMALL.items():
    if len(content) < 20_000:
        SEEDS[name[name.index(".") :]].append(content)


def damaged(seeds):
    """One of the seeds with some of its bytes replaced, left out, doubled, or cut off."""
    return st.integers(0, 2**64 - 1).map(lambda number: _damaged(Random(number), seeds))


def _damaged(chance, seeds):
    """The same, by random numbers: drawing each of them from hypothesis takes longer than reading what comes out."""
    content = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(0, 6)):
        at = chance.randint(0, max(0, len(content) - 1))
        length = chance.randint(0, 9)
        how = chance.choice(("replace", "drop", "double", "cut", "flip"))
        if how == "replace":
            content[at : at + length] = chance.randbytes(chance.randint(0, 9))
        elif how == "drop":
            del content[at : at + length]
        elif how == "double":
            content[at:at] = content[at : at + length]
        elif how == "cut":
            del content[at:]
        elif content:
            content[at] ^= 1 << chance.randint(0, 7)
    return bytes(content)


def written_anew(path, content):
    """A file of its own: one that is cut off and written over goes to the disk at once, for 5 ms a case."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


@pytest.mark.parametrize("ending", READERS)
def test_every_reader_reads_or_refuses(ending, tmp_path):
    path = tmp_path / f"mine{ending}"

    @many
    @given(damaged(SEEDS[ending]) | st.binary(max_size=60))
    def check(content):
        written_anew(path, content)
        with contextlib.suppress(MicrobpError), np.errstate(all="ignore"):
            microbp.compare(PROBLEM, gradients=path)

    check()


NUMBER = st.floats() | st.integers() | st.booleans() | st.none() | st.text(max_size=3)
LISTS = st.recursive(NUMBER, lambda inner: st.lists(inner, max_size=4), max_leaves=12)
NAMES = st.sampled_from(["dW1", "dW2", "db1", "db2", "w5", "b1", "dW", "db", "theta1", "Theta2", "grad", "flat", "x"])


@many
@given(LISTS | st.dictionaries(NAMES, LISTS, max_size=5))
def test_gradients_of_any_form_are_compared_or_refused(given_):
    with contextlib.suppress(MicrobpError), np.errstate(all="ignore"):
        microbp.compare(PROBLEM, gradients=given_)


TOML = [_builtin(name).encode() for name in ("w1-w8", "xor", "deep")]


@few
@given(damaged(TOML))
def test_every_problem_file_is_loaded_or_refused(content):
    with contextlib.suppress(MicrobpError, UnicodeDecodeError), np.errstate(all="ignore"):
        parse(content.decode(), "mine.toml")


WORDS = [
    "w",
    "x",
    "b",
    "sigmoid",
    "tanh",
    "log",
    "max",
    "relu",
    "(",
    ")",
    "*",
    "**",
    "/",
    "+",
    "-",
    ",",
    "1",
    "0.5",
    "2",
]
WORDS += ["1e400", ".", "[0]", "lambda", ":", "=", "'", "==", "if", "else", "∂", "\x1b", "__import__", "10**9", " "]


@many
@given(st.lists(st.sampled_from(WORDS), max_size=12).map("".join) | st.text(max_size=12))
def test_every_expression_is_a_problem_or_refused(text):
    with contextlib.suppress(MicrobpError), microbp.errstate("ignore"):
        ExpressionProblem(text, {"w": 2.0, "x": -1.0, "b": 0.5}).root().backward()


def test_every_checkpoint_is_resumed_or_refused(tmp_path):
    good, path = tmp_path / "good.json", tmp_path / "bad.json"
    train(microbp.load("w1-w8"), 2, checkpoint=good, optimizer="adam")
    seeds = [good.read_bytes()]

    @many
    @given(damaged(seeds))
    def check(content):
        written_anew(path, content)
        with contextlib.suppress(MicrobpError):
            checkpoint.load_checkpoint(path, PROBLEM)

    check()


COMMANDS = st.sampled_from(["step", "compare", "diagnose", "grade", "explain", "gradcheck", "ops", "train", "problems"])
OPTIONS = ["--json", "--all", "--batch", "-c", "next", "back 99999999999999999999", "until w5", "--samples", "1", "-1"]
OPTIONS += [
    "w1-w8",
    "sigmoid(w*x)",
    "w=1",
    "x=-2",
    "x=nan",
    "--steps",
    "0",
    "--at",
    "w5",
    "--lr",
    "inf",
    "--csv",
    "mul",
]
OPTIONS += ["--format", "md", "latex", "--gradients", "w5=0.1", "w=0.5", "--detail", "neuron", "--by", "weight", "--"]
OPTIONS += [
    "",
    "=",
    "\x1b[31m",
    "-",
    "--weight",
    "--tolerance",
    "--layout",
    "rows",
    "print w5",
    "p",
    "goto 3",
    "é",
    "\ud800",
]


@few
@given(COMMANDS, st.lists(st.sampled_from(OPTIONS) | st.text(string.printable, max_size=6), max_size=6))
def test_every_command_line_ends_with_a_code_of_ours(tmp_path_factory, command, words):
    said, told = io.StringIO(), io.StringIO()
    before = os.getcwd()
    os.chdir(tmp_path_factory.getbasetemp())
    try:
        with (
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(told),
            np.errstate(all="ignore"),
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr("sys.stdin", io.StringIO("q\n"))
            code = main([command, *words])
    except SystemExit as end:
        code = end.code
    finally:
        os.chdir(before)
    assert code in (0, 1, 2), told.getvalue()
    assert "\x1b" not in told.getvalue()
