"""Straight-line Python from graphs: the graph's own numbers, and source that a person can read and Python can run."""

import math
import random
import subprocess
import sys
import traceback
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import microbp
from microbp import Value, losses, nn, total
from microbp.derivation.compiling import compile
from microbp.derivation.compiling.scalar import put_in
from microbp.engine import apply
from microbp.engine.replay import replay
from microbp.errors import GraphError, OperandError, ShapeError, UnknownNameError
from microbp.formula.language import Formula
from tests import ROOT, cases, examples
from tests.graphs import graphs

HOSTILE = [
    *("lambda", "math", "np", "abs", "print", "l", "O", "I", "d_x", "x", "d_x", "1x", "w[1][0,0]", "w_1_0_0", "{0}"),
    *("<x>", "%s", "\\", "__class__", "loss", "v1", "step", "steps", "learning_rate", "_part_1", "gradients"),
    *("descend", "out", "_", "ﬁ", "fi", "σ", "²", "é", "e\u0301", "", " ", "x y", '"""', "\n    raise SystemExit"),
    *("'); import os  #", "x" * 500, "\x00", "\u202e"),
]


def ruffed(source):
    """What ruff says of it, by the rules of this project."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--stdin-filename", "written.py", "-q", "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True, cwd=ROOT, check=False).stdout


def eager(root, leaves, numbers):
    """Value and gradients of the graph itself, at other numbers; None where Python's arithmetic would raise."""
    copies = dict(zip(leaves, (Value(x) for x in numbers), strict=True))
    for node in root.graph():
        if node.op is not None:
            copies[node] = apply(node.op, tuple(copies.get(x, x) for x in node.inputs))
    copies[root].backward()
    return copies[root].data, [copies[leaf].grad for leaf in leaves]


def check_at(f, root, leaves, numbers):
    with microbp.errstate("ignore"):
        value, grads = eager(root, leaves, numbers)
    try:
        found = f(*numbers)
    except (ArithmeticError, ValueError):
        return False
    assert np.array_equal([value], [found[0]], equal_nan=True)
    assert np.array_equal(grads, found[1], equal_nan=True)
    return True


@examples(120)
@given(graphs(), st.integers(0, 2**32), st.booleans())
def test_random_graphs_give_the_numbers_of_the_graph(built, seed, readable):
    root, leaves = built
    f = compile(root, leaves, readable=readable)
    rng = random.Random(seed)
    assert check_at(f, root, leaves, [leaf.data for leaf in leaves])
    for _ in range(3):
        check_at(f, root, leaves, [rng.uniform(-3, 3) for _ in leaves])


def network(seed):
    """A random network with a loss, its leaves and other numbers for them."""
    rng = random.Random(seed)
    sizes = [rng.randint(1, 4) for _ in range(rng.randint(2, 4))]
    activations = [rng.choice(nn.ACTIVATIONS) for _ in sizes[2:]]
    model = nn.MLP(sizes[0], sizes[1:], activation=activations, output=rng.choice(nn.ACTIVATIONS), seed=seed)
    X = [[rng.uniform(-1, 1) for _ in range(sizes[0])] for _ in range(rng.randint(1, 3))]
    Y = [[rng.choice([-1.0, 1.0]) for _ in range(sizes[-1])] for _ in X]
    loss = rng.choice(["half_squared_error", "squared_error_per_sample", "hinge", "mean_squared_error"])
    root = losses.batch_loss(model, X, Y, loss, l2=rng.choice([0.0, 0.3]))
    return root, model, [rng.uniform(-1.5, 1.5) for _ in model.parameters()]


@pytest.mark.parametrize("seed", range(cases(36)))
def test_random_networks_give_the_numbers_of_the_graph(seed):
    root, model, numbers = network(seed)
    assert check_at(compile(root, model.parameters()), root, model.parameters(), numbers)


@pytest.mark.parametrize("seed", range(cases(36)))
def test_a_textbooks_lines_equal_the_graph_to_rounding(seed):
    root, model, numbers = network(seed)
    value, grads = eager(root, model.parameters(), numbers)
    f = compile(root, model.parameters(), textbook=True, readable=seed % 2 == 0)
    found, made = f(*numbers)
    assert found == pytest.approx(value, rel=1e-12, abs=0)
    np.testing.assert_allclose(made, grads, rtol=1e-9, atol=1e-12 * np.abs(grads).max())
    assert "fsum" not in f.source


def test_arrays_go_in_and_come_back_in_their_shapes():
    model = nn.MLP(3, [2, 1], activation="tanh", seed=1)
    x = [Value(v, f"x{k}") for k, v in enumerate((0.5, -1.0, 2.0))]
    root = model(x)
    arrays = model.parameter_arrays()
    f = compile(root, [x, *arrays], arrays[2:])
    numbers = [np.vectorize(lambda v: v.data, otypes=[float])(a).tolist() for a in arrays]
    value, (dW2, db2) = f([v.data for v in x], *numbers)
    root.backward()
    assert value == root.data
    assert dW2 == [[v.grad for v in arrays[2][0]]]
    assert db2 == [arrays[3][0].grad]


def test_leaves_in_no_entry_are_constants():
    x, w = Value(2.0, label="x"), Value(0.1, label="w")
    f = compile(x * w + w, [w])
    x.data = 100.0
    assert f(3.0) == (9.0, [3.0])


def test_a_wrt_that_the_root_does_not_depend_on_has_the_gradient_0():
    x, w = Value(2.0, label="x"), Value(0.1, label="w")
    assert compile(x * 2, [x, w])(3.0, 1.0) == (6.0, [2.0, 0.0])
    assert compile(x, [x])(3.0) == (3.0, [1.0])


@pytest.mark.parametrize("readable", [True, False])
def test_hostile_labels_are_names_in_the_end(readable):
    leaves = [Value(0.1 + k / 100, label) for k, label in enumerate(HOSTILE)]
    root = total([leaf * other.tanh() for leaf, other in pairwise(leaves)]) * leaves[0]
    for node, label in zip([n for n in root.graph() if n.op is not None], HOSTILE[::-1] * 3, strict=False):
        node.label = label
    for loop in (False, True):
        f = compile(root, leaves, readable=readable, loop=loop)
        assert not ruffed(f.source)
    assert check_at(compile(root, leaves, readable=readable), root, leaves, [leaf.data + 0.1 for leaf in leaves])


@pytest.mark.parametrize("loop", [False, True])
def test_what_long_names_make_too_long_is_said_shortly(loop):
    leaves = [Value(1.0 + k, f"{letter * 300}") for k, letter in enumerate("abcd")]
    a, b, c, d = leaves
    f = compile(lambda: a * b if a + c < b * d else c, leaves, loop=loop)
    assert "with respect to 4 arguments." in f.source or "the new 4 arguments." in f.source
    assert max(map(len, f.source.splitlines())) <= 120
    assert not ruffed(f.source)
    with pytest.raises(ValueError, match="recorded while v1 < v2 was True"):
        f(1.0, -2.0, 3.0, 4.0, **{"learning_rate": 0.1, "steps": 1} if loop else {})


@pytest.mark.parametrize("constant", [math.inf, -math.inf, math.nan, -0.0, -2.0])
def test_constants_keep_their_place_and_their_sign_whatever_they_are(constant):
    x, c = Value(2.0, "x"), Value(constant)
    with microbp.errstate("ignore"), np.errstate(all="ignore"):
        for root in (c**x, -(x + c), np.maximum(c, x), x * c.exp(), (x - c) ** c):
            source = compile(root, [x]).source
            assert not ruffed(source)
            check_at(compile(root, [x]), root, [x], [3.0])
            value, (dx,) = compile(root, [x], target="numpy", textbook=False)(3.0)
            expected, (slope,) = eager(root, [x], [3.0])
            assert np.allclose([value, dx], [expected, slope], rtol=1e-12, atol=0, equal_nan=True), source


@pytest.mark.parametrize(("readable", "written"), [(True, "max(x, 0.0)"), (False, "0.0 if x <= 0.0 else x")])
@pytest.mark.parametrize("number", [-1.0, 0.0, 2.0, math.nan, math.inf])
def test_the_larger_of_a_value_and_a_number_is_written_as_one_does(readable, written, number):
    x = Value(1.0, "x")
    for root in (x.relu(), np.maximum(0.0, x)):
        f = compile(root, [x], readable=readable)
        assert f"    loss = {written}\n" in f.source
        assert check_at(f, root, [x], [number])


def test_names_of_labels_that_are_names_stay():
    w, x, b = Value(1.0, "weight"), Value(2.0, "x"), Value(3.0, "b")
    net = w * x + b
    net.label = "net"
    source = compile(net.sigmoid(), [w, x, b]).source
    assert "def gradients(weight, x, b):" in source
    assert "    net = weight * x + b\n" in source
    assert "    d_weight = d_net * x\n" in source


@pytest.mark.parametrize("readable", [True, False])
def test_descent_is_the_descent_of_the_graph(readable):
    problem = microbp.load("w1-w8")
    leaves = problem.leaves()
    trained = problem.trained()
    f = compile(problem.root(), leaves, trained, loop=True, readable=readable)
    loss, new = f(*[leaf.data for leaf in leaves], learning_rate=0.5, steps=100)
    for _ in range(100):
        root = problem.root()
        for p in trained:
            p.grad = 0.0
        root.backward()
        for p in trained:
            p.data -= 0.5 * p.grad
    assert loss == problem.root().data
    assert new == [p.data for p in trained]


def test_for_speed_alone_functions_are_local_and_squares_are_products():
    exp, y = Value(0.3, "exp"), Value(2.0, "y")
    root = total([(exp.exp() - y).tanh() ** 2, y.exp(), (exp * y).exp()])
    source = compile(root, [exp, y], readable=False, textbook=True).source
    assert "    exp_2 = math.exp\n    v1 = exp_2(exp)\n    v2 = math.tanh(v1 - y)\n" in source
    assert "(v2 * v2)" in source
    assert "**" not in source
    assert "v2 ** 2" in compile(root, [exp, y], textbook=True).source
    assert not ruffed(source)


def test_descent_of_no_steps_is_the_loss():
    x = Value(3.0, "x")
    f = compile(x**2, [x], loop=True)
    assert f(5.0, learning_rate=0.1, steps=0) == (25.0, [5.0])
    with pytest.raises(ValueError, match="steps needs the number of updates, 0 or more, got -1"):
        f(5.0, learning_rate=0.1, steps=-1)


@pytest.mark.slow
@pytest.mark.parametrize("loop", [False, True])
def test_a_long_function_comes_in_parts(loop):
    x, w = Value(0.5, "x"), Value(0.9, "w")
    node = x
    for _ in range(1000):
        node = (node * w + x).tanh()
    f = compile(node, [x, w], readable=False, loop=loop)
    assert f.source.count("def _part_") == 6
    if loop:
        value, new = f(0.4, 0.8, learning_rate=0.01, steps=1)
        start, grads = eager(node, [x, w], [0.4, 0.8])
        assert new == [0.4 - 0.01 * grads[0], 0.8 - 0.01 * grads[1]]
        assert value == eager(node, [x, w], new)[0] != start
    else:
        assert check_at(f, node, [x, w], [0.4, 0.8])
    assert not ruffed(f.source)


def test_a_traceback_shows_the_line():
    x = Value(2.0, "x")
    with pytest.raises(ValueError, match="math domain") as caught:
        compile(x.log() * x, [x])(-1.0)
    assert "math.log(x)" in "".join(traceback.format_exception(caught.value))


def test_decisions_are_checked():
    x, y = Value(2.0, "x"), Value(5.0, "y")
    f = compile(lambda: (x * y).log() if x * 2 > 1 else y, [x, y])
    assert f(3.0, 1.0)[0] == math.log(3.0)
    with pytest.raises(ValueError, match=r"recorded while v1 > 1\.0 was True"):
        f(-3.0, 1.0)
    assert not ruffed(f.source)


def test_source_stands_alone():
    problem = microbp.load("w1-w8")
    f = compile(problem.root(), problem.leaves())
    namespace = {}
    exec(f.source, namespace)
    numbers = [leaf.data for leaf in problem.leaves()]
    assert namespace["gradients"](*numbers) == f(*numbers)
    r = replay(problem.root())
    assert f(*numbers)[0] == r.forward()


def test_what_cannot_be_an_argument_is_refused():
    x, y = Value(1.0, "x"), Value(2.0, "y")
    with pytest.raises(GraphError, match="stands twice"):
        compile(x * y, [x, [x, y]])
    with pytest.raises(GraphError, match="needs leaves"):
        compile(x * y, [x * y])
    with pytest.raises(GraphError, match="inputs too"):
        compile(x * y, [x], [y])
    with pytest.raises(OperandError, match=r"inputs\[0\] must be a Value"):
        compile(x * y, [3.0])
    with pytest.raises(ShapeError, match="empty"):
        compile(x * y, [[]])
    with pytest.raises(UnknownNameError, match="'python'"):
        compile(x * y, [x, y], target="pyton")


def test_a_derivative_of_a_long_sum_looks_up_what_it_names_and_not_every_term():
    class Counted(dict):
        asked = 0

        def __getitem__(self, key):
            self.asked += 1
            return super().__getitem__(key)

    leaves = [Value(float(k)) for k in range(200)]
    root = microbp.affine(leaves[:100], leaves[100:], 1.0)
    text = Counted({leaf: Formula.atom(f"v{k}") for k, leaf in enumerate(root.inputs)})
    assert put_in(root.op.partial_formulas[3], root, text).python() == "v2"
    assert text.asked == 1


@pytest.mark.slow
def test_a_matrix_form_too_deep_for_the_compiler_is_refused():
    x = y = Value(1.0, "x")
    for _ in range(7_000):
        y = y * x
    with pytest.raises(GraphError, match="a sum of too many terms in it to compile: take target='python'"):
        compile(y, target="numpy")
