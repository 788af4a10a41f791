import copy
import inspect
import itertools
import math
import pickle
import re

import numpy as np
import pytest

import microbp
from microbp import Op, Value
from microbp.comparing.gradcheck import check_graph
from microbp.engine import apply, constant
from microbp.engine.methods import generated_sources, pullback_source
from microbp.engine.ops import ACTIVATIONS, FAMILIES, OPS, TABLE, find_operation
from microbp.engine.replay import replay
from microbp.errors import FormulaError, UnknownNameError
from microbp.formula.compiled import numpy_function
from microbp.formula.language import Formula
from microbp.terminal.cli import main
from microbp.terminal.commands import ops
from tests.graphs import legal

ALL = [*OPS.values(), *(family.row(3) for family in FAMILIES.values())]


@pytest.mark.parametrize("op", ALL, ids=lambda op: op.name)
def test_each_row_agrees_with_central_differences_and_complex_step(op):
    rng = np.random.default_rng(0)
    checked = 0
    while checked < 20:
        numbers = rng.uniform(-2, 2, op.arity)
        if not op.family and not legal(op, numbers):
            continue
        inputs = tuple(
            constant(float(x), op) if p is None else Value(float(x)) for x, p in zip(numbers, op.partials, strict=True)
        )
        leaves = [x for x, p in zip(inputs, op.partials, strict=True) if p is not None]
        root = apply(op, inputs)
        check = check_graph(root, leaves, "central")
        if set(op.partials) == {"0.0"}:  # flat: no difference can be judged by its size, and each is 0 exactly
            assert check.numeric == check.analytic == (0.0,)
        else:
            assert check.ok
        if op.formula.analytic:
            assert check_graph(root, leaves, "complex").ok
        (by_numpy,) = op.numpy(*numbers)
        assert root.data == pytest.approx(by_numpy, rel=1e-14, abs=0)
        checked += 1


@pytest.mark.parametrize("op", ALL, ids=lambda op: op.name)
def test_each_row_says_what_a_reader_needs(op):
    assert op.rule.endswith(".")
    assert op.symbol
    assert op.print_formula().latex()
    assert find_operation(op.name) is op


@pytest.mark.parametrize("op", [op for op in ALL if op.printed], ids=lambda op: op.name)
def test_what_a_textbook_prints_is_the_formula_in_other_words(op):
    names = ["forward", *(name for name, partial in zip(op.inputs, op.partials, strict=True) if partial is not None)]
    printed = numpy_function("printed", (*op.inputs, "out"), [op.print_formula(name) for name in names])
    rng, seen = np.random.default_rng(1), 0
    while seen < 20:
        numbers = rng.uniform(-2, 2, op.arity)
        with np.errstate(all="ignore"):
            (out,) = op.numpy(*numbers)
            if not op.numpy_domain(*numbers, out)[0] or (op.kink and not legal(op, numbers)):
                continue
            slopes = [s for s, p in zip(op.numpy_partials(*numbers, out), op.partials, strict=True) if p is not None]
            assert np.allclose(printed(*numbers, out), [out, *slopes], rtol=1e-9, atol=1e-12), numbers
            every = op.numpy_partials(*numbers, out)
            assert np.allclose(op.textbook_partials(*numbers, out), every, rtol=1e-9, atol=1e-12), numbers
        seen += 1
    formulas = zip(op.inputs, op.partials, op.textbook_partial_formulas, strict=True)
    for name, partial, formula in formulas:
        assert (formula and formula.text()) == (None if partial is None else op.print_formula(name).text())


def test_what_a_textbook_prints_is_said_where_it_differs():
    assert OPS["tanh"].print_formula("x").text() == "1 − out²"
    assert OPS["softplus"].print_formula().text() == "log(1 + exp(x))"
    assert OPS["leaky_relu"].textbook_partials(0.0, 0.0) == OPS["leaky_relu"].numpy_partials(0.0, 0.0) == (0.01,)
    assert [OPS["pow_const"].print_formula(x).text() for x in ("x", "c")] == ["c·x^(c − 1)", "0"]


def test_a_row_is_filled_up_with_what_is_not_given():
    plain, other = Op("f", "x", ("1",)), Op("f", "x * y", ("y", None), "·", "__f__", kink="x == 0", domain="y > 0")
    assert (plain.symbol, plain.method, plain.call, plain.activation) == ("f", "f", "f(x)", False)
    assert (other.symbol, other.method, other.call) == ("·", "__f__", "x * y")
    assert plain.about == "out = x, ∂out/∂x = 1.\n\nDefined and differentiable everywhere."
    assert other.about == (
        "out = x * y, ∂out/∂x = y.\n\n"
        "Defined and differentiable where y > 0, but for x == 0: there its derivative is a convention."
    )
    assert OPS["softplus"].about == (
        "out = log(1 + exp(x)), ∂out/∂x = sigmoid(x).\n\nThe derivative of softplus is σ.\n"
        "Defined and differentiable everywhere."
    )


def test_a_row_of_any_length_is_read_term_by_term():
    assert len(FAMILIES["total"].row(4000).formula.terms) == 4000


@pytest.mark.parametrize(
    ("name", "numbers"), [("pow", (-0.5, 2.0)), ("pow_const", (-0.5, 2.0)), ("const_pow", (-0.5, 2.0))]
)
def test_a_power_of_what_is_not_above_0_is_outside_of_its_domain(name, numbers):
    assert not OPS[name].numpy_domain(*numbers, 1.0)[0]
    assert not OPS[name].numpy_domain(0.0, *numbers[1:], 1.0)[0]
    assert OPS[name].numpy_domain(0.5, *numbers[1:], 1.0)[0]


CORNERS = (-2.5, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5)


@pytest.mark.parametrize("op", [op for op in TABLE if "pow" not in op.name], ids=lambda op: op.name)
def test_the_domain_is_where_result_and_slopes_are_finite_and_a_kink_is_where_slopes_differ(op):
    """By numbers, at corners: pow is apart, whose domain leaves out what is right by convention."""
    left, _, right = op.kink.partition(" == ")
    distance = numpy_function("distance", op.inputs, [Formula(f"({left}) - ({right})")]) if op.kink else None
    for at in itertools.product(map(np.float64, CORNERS), repeat=op.arity):
        with np.errstate(all="ignore"):
            (out,) = op.numpy(*at)
            real = bool(np.isfinite([out, *op.numpy_partials(*at, out)]).all())
            assert bool(op.numpy_domain(*at, out)[0]) == real, at
            if real:
                sides = [
                    [(op.numpy(*at[:k], x + h, *at[k + 1 :])[0] - out) / h for h in (1e-7, -1e-7)]
                    for k, x in enumerate(at)
                ]
                bent = any(abs(one - other) > 0.1 for one, other in sides)
                assert bent == (distance is not None and distance(*at) == (0.0,)), (at, sides)


def test_what_a_neuron_may_have_is_what_the_books_have():
    assert {*ACTIVATIONS} == {"linear", "tanh", "sigmoid", "relu", "leaky_relu", "elu", "softplus"}


@pytest.mark.parametrize("name", ["apply", "pull", "local"])
def test_what_the_engine_fills_in_is_not_said_in_a_row(name):
    with pytest.raises(TypeError, match=name):
        Op("cube", "x * x * x", ("3 * x ** 2",), **{name: abs})
    assert f"{name}=" not in repr(OPS["mul"])
    assert callable(getattr(OPS["mul"], name))


@pytest.fixture
def cube():
    op = microbp.define(Op("cube", "x * x * x", ("3 * x ** 2",), symbol="x³", rule="The power rule.", kink=""))
    yield op
    del OPS["cube"], Value.cube


def test_a_new_row_works_everywhere(cube, capsys):
    x = Value(2.0, label="x")
    y = x.cube()
    y.backward()
    assert (y.data, x.grad) == (8.0, 12.0)
    assert np.array([x], dtype=object)[0].cube().data == 8.0
    assert microbp.gradcheck(lambda v: v.cube().sin(), 1.5).ok
    assert "dx = 3 * x.data ** 2" in pullback_source(cube)
    assert cube.formula.numpy() == "x * x * x"
    assert cube.formula.latex() == r"x \cdot x \cdot x"
    assert "3·x² = 12" in microbp.draw(y).source
    y.label = "y"
    assert "x·x·x" in microbp.draw(y).source
    assert pickle.loads(pickle.dumps(y)).op is cube
    assert main(["ops"]) == 0
    assert "cube        x.cube()" in capsys.readouterr().out
    assert main(["ops", "cube", "--source"]) == 0
    assert "def cube(x):" in capsys.readouterr().out
    assert "| cube | `x.cube()` |" in ops.as_markdown()
    assert main(["gradcheck", "cube(x) * x", "x=2"]) == 0
    assert "gradients agree" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("two words", "x", ("1",)), "needs an identifier"),
        (("f", "x * y", ("y",)), r"inputs \['x', 'y'\], so it needs 2 partials, got 1"),
        (("f", "x", ("z",)), r"'z' names \['z'\]; only \['out', 'x'\] are known here"),
        (("f", "x +", ("1",)), "cannot read the formula"),
        (("f", "frob(x)", ("1",)), "unknown function"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused(row, said):
    with pytest.raises(FormulaError, match=said):
        Op(*row)


def test_a_row_may_not_take_the_name_of_something_else():
    with pytest.raises(FormulaError, match="needs another name"):
        microbp.define(Op("backward", "2 * x", ("2",)))


def test_families_are_made_on_demand_and_kept():
    assert FAMILIES["affine"].row(4) is find_operation("affine4")
    assert find_operation("affine4").inputs == ("w1", "x1", "w2", "x2", "w3", "x3", "w4", "x4", "b")
    assert pickle.loads(pickle.dumps(find_operation("affine4"))) is find_operation("affine4")
    assert copy.deepcopy(find_operation("mul")) is find_operation("mul")


@pytest.mark.parametrize("name", ["affine0", "affine", "mull", "affine9999999"])
def test_unknown_operation_names_the_nearest(name):
    with pytest.raises(UnknownNameError, match=f"unknown operation: '{name}' .*must be one of"):
        find_operation(name)


def test_variants_spare_partials_that_nobody_needs():
    x = Value(-3.0)
    (x**2).backward()
    assert x.grad == -6.0
    y = Value(3.0)
    (2**y).backward()
    assert y.grad == 8 * np.log(2)
    assert "log" not in generated_sources(OPS["pow_const"])["pull_pow_const"]


@pytest.mark.parametrize("op", [op for op in OPS.values() if None not in op.partials], ids=lambda op: op.name)
def test_help_of_a_method_says_what_it_computes_its_derivative_and_where_it_is_defined(op):
    said = inspect.getdoc(getattr(Value, op.method))
    assert said.startswith("out = ")
    assert op.rule in said
    assert said.count("∂out/∂") == op.arity
    assert re.search(rf"Defined and differentiable (where {re.escape(op.domain)}|everywhere)(, but|\.)", said)


@pytest.mark.parametrize(
    ("family", "count"),
    [("total", n) for n in (1, 2, 3, 500, 501)] + [("affine", n) for n in (1, 249, 250)] + [("dot", 1), ("dot", 251)],
)
def test_a_sum_of_many_terms_is_as_one_of_few(family, count):
    """Beyond so many terms a row is a loop: its value, its local derivatives, its way back and its replay."""
    row = FAMILIES[family].row(count)
    numbers = [k % 7 - 3 + 0.5 for k in range(row.arity)]
    inputs = tuple(map(Value, numbers))
    out = apply(row, inputs)
    pairs = count if family != "total" else 0
    beside = [numbers[k ^ 1] if k < 2 * pairs else 1.0 for k in range(row.arity)]
    rest = numbers[2 * pairs :]
    assert out.data == sum(numbers[2 * k] * numbers[2 * k + 1] for k in range(pairs)) + sum(rest)
    assert list(row.local(out)) == beside
    out.backward(2.0)
    assert [x.grad for x in inputs] == [2 * slope for slope in beside]
    inputs[-1].data += 1
    replay(out).forward()
    assert out.data == sum(numbers[2 * k] * numbers[2 * k + 1] for k in range(pairs)) + sum(rest) + beside[-1]
    with microbp.errstate("ignore"):
        assert apply(row, tuple(Value(1e308) for _ in numbers)).data == (math.inf if row.arity > 1 else 1e308)
