"""A trace is what all that takes a root takes, and its picture has a card for each array."""

import linecache
import textwrap

import numpy as np
import pytest

import microbp
from microbp.errors import GraphError, UnknownNameError


def forward(x, w, b, t):
    z = x @ w + b
    std = np.sqrt(z.var() + 1e-5)  # not returned: it belongs to what it leads to
    xhat = (z - z.mean()) / std
    loss = ((xhat - t) ** 2).mean()
    return {"z": z, "xhat": xhat, "loss": loss}


@pytest.fixture
def trace():
    x, t = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.2]]), np.array([1.0, 0.0, 2.0])
    return microbp.trace(forward, x=x, w=np.array([0.3, -0.7]), b=0.1, t=t)


def test_a_picture_has_a_card_for_each_array_and_says_how_it_was_made(trace):
    drawing = microbp.draw(trace)
    names = [line.partition(":")[0].partition(" =")[0] for line in drawing.lines]
    assert drawing.level.name == "array"
    assert sorted(names) == sorted([*trace, "loss"])
    (line,) = (line for line in drawing.lines if line.startswith("z:"))
    assert f"grad {np.linalg.norm(trace['z'].gradient):.4g}"[:9] in line
    assert "x @ w + b" in drawing.source
    assert "3×2" in drawing.source


def test_the_level_below_is_there_on_demand(trace):
    assert {"z[0]", "z[1]", "w[1]"} <= {line.split()[0] for line in microbp.draw(trace, level="op").lines}
    opened = microbp.draw(trace, level="op", fold=["x", "z"])
    assert any(line.startswith("z:") for line in opened.lines)
    assert any(line.startswith("xhat[0]") for line in opened.lines)
    around = microbp.draw(trace, level="op", around="xhat[1]", depth=1)
    assert len(around.lines) < 6


def test_whoever_takes_a_root_takes_a_trace(trace):
    w = trace.find("w[0]")
    assert microbp.steps(trace).until("w[0]").input_name == "w[0]"
    assert microbp.paths(trace, w).gradient == pytest.approx(trace["w"].gradient[0], rel=1e-12, abs=0)
    assert microbp.gradcheck(trace).ok
    assert len(microbp.animate(trace, steps=slice(0, 3)).drawings) == 3
    assert microbp.draw(trace, step=5).title.startswith("step 5")


def test_what_has_no_arrays_has_no_level_of_them(trace):
    with pytest.raises(GraphError, match="trace"):
        microbp.draw(trace.loss, level="array")
    with pytest.raises(UnknownNameError, match=r"w\[0\]"):
        trace.find("w[7]")


def test_the_code_of_a_cell_that_was_dedented_is_quoted_as_it_stands(tmp_path):
    cell = "    def forward(x):\n        y = np.tanh(\n            2 * x)\n        return (y**2).sum(), y\n"
    (tmp_path / "cell.py").write_text(cell)
    linecache.checkcache()
    names = {"np": np}
    exec(compile(textwrap.dedent(cell), tmp_path / "cell.py", "exec"), names)
    report = microbp.check(names["forward"], lambda x, y: {"dy": y, "dx": y}, x=np.array([0.5, 1.0]))
    assert "`y**2` (line 4)" in report["y"].text
