import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import microbp

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_each_example_runs(path, tmp_path):
    result = subprocess.run(
        [sys.executable, path], cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout
    assert not list(tmp_path.iterdir())


def test_the_gallery_has_every_picture_that_the_readme_shows(tmp_path, renderer):
    runpy.run_path(str(EXAMPLES / "images" / "make.py"))["gallery"](tmp_path)
    shown = set(re.findall(r"examples/images/([\w-]+\.svg)", (EXAMPLES.parent / "README.md").read_text("utf-8")))
    made = {path.name for path in tmp_path.iterdir()}
    assert shown <= made
    assert made == {path.name for path in (EXAMPLES / "images").glob("*.svg")}


def test_expressions_and_problem_file_give_the_same_numbers():
    example = runpy.run_path(str(EXAMPLES / "w1_w8.py"))
    ours = example["main"]()
    assert all(abs(ours[name] - published) < 5.1e-10 for name, published in example["PUBLISHED"].items())
    problem = microbp.load("w1-w8")
    root = problem.root()
    root.backward()
    for value in root.graph():
        if value.label in ours:  # the same arithmetic in the same order
            assert value.data == ours[value.label]
    for k in range(1, 9):
        assert problem.find(f"w{k}").grad == pytest.approx(ours[f"∂E/∂w{k}"], abs=1e-15, rel=0)
    assert microbp.train(problem, 1).loss == pytest.approx(ours["E after"], abs=1e-15, rel=0)
