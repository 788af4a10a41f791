"""Hostile hand-ins: each is one line and exit code 2, in bounded memory, and never the end of a class."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import microbp
from microbp.problems.exercise import exercise_of
from microbp.terminal.cli import main
from tests.comparing.answers import hostile

NAMES = [*hostile.CONTENTS, *hostile.NO_FILES]
MEGABYTES = 300


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
    command = [sys.executable, "-m", "microbp", "grade", "w1-w8", "--json", *map(str, files)]
    with (tmp_path / "table").open("wb") as table, subprocess.Popen(command, stdout=table) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 1
    verdicts = [row["verdict"] for row in json.loads((tmp_path / "table").read_text())]
    assert verdicts == ["right"] * 190 + ["unreadable"] * 10
    assert used.ru_maxrss < MEGABYTES * (1024 if sys.platform == "linux" else 1024**2)


def test_all_of_them_are_refused_in_bounded_memory(folder):
    command = [sys.executable, "-m", "microbp", "grade", "w1-w8", *(str(folder / name) for name in NAMES)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 1
    assert used.ru_maxrss < MEGABYTES * (1024 if sys.platform == "linux" else 1024**2)
