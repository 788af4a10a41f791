"""What is written, to the letter: look at the files beside this one when it changes.

`python -m tests.derivation.compiling.test_source` writes them anew.
"""

from pathlib import Path

import numpy as np
import pytest

import microbp
from microbp import load, nn, total
from microbp.derivation.compiling import compile
from microbp.derivation.compiling.entries import stem
from microbp.engine import OPS
from microbp.terminal.cli import main
from microbp.terminal.commands.compile import matrix_source, module_source
from tests.derivation.compiling.test_matrices import named
from tests.derivation.compiling.test_scalar import ruffed

GOLDEN = Path(__file__).parent / "golden"
SIZES = (2, 3, 3, 2)


def three_layers(form):
    """The source of a network of three layers, which may be built in three ways."""
    model = nn.MLP(2, SIZES[1:], activation="tanh", output="sigmoid", seed=0)
    x, y, arrays = named((2,), "x"), named((2,), "y"), model.parameter_arrays()
    if form == "arrays of ours":
        x, y = (microbp.array([0.1, 0.1], name) for name in "xy")
        arrays = [microbp.array(a, stem([v.label for v in a.flat], (1,))) for a in arrays]
    out = x
    for l, (W, b) in enumerate(zip(arrays[::2], arrays[1::2], strict=True), 1):
        f = "sigmoid" if l == 3 else "tanh"
        if form.startswith("arrays"):
            z = W @ out + b
        else:
            z = [sum((w * v for w, v in zip(row, out, strict=True)), 0) + c for row, c in zip(W, b, strict=True)]
        out = np.array([getattr(net, f)() for net in z], dtype=object)
        for j, (net, a) in enumerate(zip(z, out, strict=True)):
            (net.inputs[0] if net.op is OPS["identity"] else net).label, a.label = f"z[{l}][{j}]", f"a[{l}][{j}]"
    out = model(list(x)) if form == "nn" else out
    loss = total([0.5 * (a - t) ** 2 for a, t in zip(out, y, strict=True)])
    loss.label = "E"
    return compile(loss, [x, y, *arrays], arrays, target="numpy", batch=(0, 1), reduce="mean").source


WRITTEN = {
    "w1_w8.txt": lambda: module_source(load("w1-w8")),
    "w1_w8_textbook.txt": lambda: module_source(load("w1-w8"), textbook=True),
    "w1_w8_descent.txt": lambda: module_source(load("w1-w8"), loop=True),
    "w1_w8_matrices.txt": lambda: matrix_source(load("w1-w8")),
    "three_layers.txt": lambda: three_layers("nn"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_the_source_is_what_was_looked_at(name):
    source = WRITTEN[name]()
    assert source == (GOLDEN / name).read_text("utf-8")
    assert not ruffed(source)


@pytest.mark.parametrize("form", ["plain", "arrays", "arrays of ours"])
def test_the_matrices_are_found_whatever_the_graph_was_built_from(form):
    assert three_layers(form) == (GOLDEN / "three_layers.txt").read_text("utf-8")


def test_the_command_writes_the_module(tmp_path, capsys):
    assert main(["compile", "w1-w8"]) == 0
    assert capsys.readouterr().out == (GOLDEN / "w1_w8.txt").read_text("utf-8")
    file = tmp_path / "w.py"
    assert main(["compile", "w1-w8", "-o", str(file)]) == 0
    assert file.read_text("utf-8") == (GOLDEN / "w1_w8.txt").read_text("utf-8")
    assert main(["compile", "w1-w8", "-o", str(tmp_path / "w1-w8.toml")]) == 2
    assert not (tmp_path / "w1-w8.toml").exists()


def test_the_module_prints_the_numbers_of_the_problem(capsys):
    exec(module_source(load("w1-w8")), {"__name__": "__main__"})
    assert capsys.readouterr().out.startswith("(0.29837110876000")
    exec(module_source(load("xor")), {"__name__": "__main__"})
    problem = load("xor")
    root = problem.root()
    root.backward()
    assert capsys.readouterr().out == f"({root.data!r}, {[p.grad for p in problem.trained()]!r})\n"


@pytest.mark.parametrize("target", ["python", "numpy"])
def test_the_module_of_numbers_that_are_inf_or_nan_has_them(target, capsys):
    with microbp.errstate("ignore"):
        assert main(["compile", "w*x + y", "w=-inf", "x=2", "y=nan", "--target", target]) == 0
    source = capsys.readouterr().out
    assert not ruffed(source)
    exec(source, {"__name__": "__main__"})
    printed = capsys.readouterr().out
    assert "nan" in printed
    assert "-inf" in printed


@pytest.mark.parametrize("name", ["w1-w8", "matrix-form", "iris"])
def test_the_module_in_matrix_form_prints_the_numbers_of_the_problem(name, capsys):
    problem = load(name)
    namespace = {"__name__": "__main__"}
    assert main(["compile", name, "--target", "numpy"]) == 0
    source = capsys.readouterr().out
    assert not ruffed(source)
    exec(source, namespace)
    value, _ = capsys.readouterr().out.split("\n", 1)
    root = problem.root()
    root.backward()
    assert float(value) == pytest.approx(root.data, rel=1e-12, abs=0)
    grads = np.concatenate([np.ravel(g) for g in namespace["grads"]])
    np.testing.assert_allclose(grads, [p.grad for p in problem.trained()], rtol=1e-9, atol=1e-15)
    assert main(["compile", name, "--target", "numpy", "--loop"]) == 2


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, write in WRITTEN.items():
        (GOLDEN / name).write_text(write(), "utf-8")
