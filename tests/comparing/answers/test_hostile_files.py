"""Hostile hand-ins: each is one line and exit code 2, in bounded memory, and never the end of a class."""

import json
import subprocess
import sys

import numpy as np
import pytest

import microbp
from microbp.problems.exercise import exercise_of
from microbp.terminal.cli import main
from tests.comparing.answers import hostile

pytestmark = pytest.mark.slow

NAMES = [*hostile.CONTENTS, *hostile.NO_FILES]
MEGABYTES = 300
_WATCH = (
    "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr); sys.exit(code)"
)
"""Runs a command from a small process: a child's largest memory begins with that of the process it was forked from."""


def watched(*arguments):
    """The exit code of `microbp grade w1-w8` with these arguments, what it prints, and its largest memory in MB."""
    command = [sys.executable, "-c", _WATCH, sys.executable, "-m", "microbp", "grade", "w1-w8", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    unit = 1024 if sys.platform == "linux" else 1024**2
    return done.returncode, done.stdout, int(done.stderr.split()[-1]) / unit


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile")
    hostile.make(path)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_file_is_one_line_and_exit_code_2(name, folder, capsys):
    assert main(["diagnose", "w1-w8", str(folder / name)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("microbp: ")
    assert captured.err.count("\n") == 1
    assert captured.err.rstrip("\n").isprintable()
    assert name in captured.err
    assert len(captured.err) < 600 + len(str(folder))


def test_a_class_of_200_with_ten_of_them_is_graded_in_bounded_memory(folder, tmp_path):
    right = exercise_of(microbp.load("w1-w8")).truth[1]
    files = []
    for k in range(190):
        files.append(tmp_path / f"{k:03}.npz")
        np.savez_compressed(files[-1], **right)
    files += [folder / name for name in NAMES[:: len(NAMES) // 9][:10]]
    code, table, memory = watched("--json", *files)
    assert code == 1
    verdicts = [row["verdict"] for row in json.loads(table)["grades"]]
    assert verdicts == ["right"] * 190 + ["unreadable"] * 10
    assert memory < MEGABYTES


def test_all_of_them_are_refused_in_bounded_memory(folder):
    code, _, memory = watched(*(folder / name for name in NAMES))
    assert code == 1
    assert memory < MEGABYTES
