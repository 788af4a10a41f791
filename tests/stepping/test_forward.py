import math
import re

import pytest

import microbp
from microbp import Value
from microbp.errors import GraphError
from microbp.problems import builtin_names, load
from microbp.stepping.forward import forward

SIGNS = str.maketrans({"·": "*", "−": "-", "σ": "s"})
FUNCTIONS = {name: getattr(math, name) for name in ("exp", "tanh", "log", "log1p")}
FUNCTIONS |= {"s": lambda x: 1 / (1 + math.exp(-x)), "max": max}


@pytest.mark.parametrize("name", [name for name in builtin_names() if name != "digits"])
def test_what_is_put_in_comes_to_what_is_printed(name):
    found = forward(load(name).root())
    for line in found.lines:
        if "…" not in line.numbers:
            numbers = re.sub("²", "**2", line.numbers).translate(SIGNS)
            assert eval(numbers, dict(FUNCTIONS)) == pytest.approx(line.value, rel=1e-6, abs=1e-8), line
    assert found.lines[-1].value == load(name).root().data


def test_the_w1_w8_text_is_there_word_for_word():
    lines = str(forward(load("w1-w8").root())).splitlines()
    assert lines[0] == "net_h1 = w1·i1 + w2·i2 + b1 = 0.15·0.05 + 0.2·0.1 + 0.35·1 = 0.3775"
    assert lines[1] == "out_h1 = σ(net_h1) = σ(0.3775) = 0.593269992"
    assert lines[-1] == "E = E_o1 + E_o2 = 0.274811083 + 0.023560026 = 0.298371109"


def test_a_long_line_is_broken_at_its_equals_signs_and_negative_numbers_have_one_pair_of_brackets():
    line = next(line for line in forward(load("xor").root(), sample=3).lines if line.name == "z[1][1]@3")
    assert line.text(60).splitlines()[2:] == ["    = (−0.871627379)·1 + 1.098962219·0 + 0·1", "    = −0.871627379"]
    assert str(forward(Value(-2.0, "x").tanh()).lines[0]) == "tanh(x) = tanh(−2) = −0.964027580"


def test_samples_can_be_asked_for():
    names = [line.name for line in microbp.forward(load("xor").root(), sample=2).lines]
    assert "loss_2" in names
    assert not [name for name in names if name.endswith(("@1", "@3", "@4"))]
    with pytest.raises(GraphError, match=r"has 4 sample\(s\), got sample 5"):
        forward(load("xor").root(), sample=5)
