"""The methods that values get from the rows of the table, and what stands beside them."""

import inspect
from fractions import Fraction

import numpy as np
import pytest

import microbp
from microbp import Op, Value
from microbp.engine import value
from microbp.engine.methods import evaluate_source, generated_sources, method_sources, variants
from microbp.engine.ops import FAMILIES, OPS
from microbp.errors import FormulaError, OperandError


@pytest.fixture
def toy():
    """A row that is in no table, made anew for each test."""
    yield Op("toy", "x * x + y", ("2 * x", "1"), rule="Of a toy.")
    if "toy" in vars(Value):
        del Value.toy


def test_a_method_is_made_when_it_is_first_called_and_is_told_of_before(toy):
    value._promise(toy)
    promised = Value.toy
    assert (promised.__name__, promised.__qualname__, promised.__doc__) == ("toy", "Value.toy", toy.about)
    assert str(inspect.signature(promised)) == "(x, y)"
    assert toy.apply is None
    x = Value(3.0)
    promised(x, 1.0).backward()
    made = Value.toy
    assert made is not promised
    assert (made.__name__, made.__qualname__, made.__doc__) == ("toy", "Value.toy", toy.about)
    assert str(inspect.signature(made)) == "(x, y)"
    promised(x, y=2.0).backward()  # who keeps the promise comes again
    assert Value.toy is made
    assert x.grad == 12.0


def test_a_row_is_made_for_a_copy_too(toy):
    x, y = Value(3.0), Value(1.0)
    node = Value(0.0).made_by(toy, (x, y))
    node.backward()
    assert (node.inputs, x.grad, y.grad) == ((x, y), 6.0, 1.0)
    pull = toy.pull
    Value(0.0).made_by(toy, (x, y))
    assert toy.pull is pull


def test_a_row_with_an_input_that_is_a_plain_number_is_no_method():
    assert [op.name for op in OPS.values() if None in op.partials and op.method in vars(Value)] == [
        "pow_const",
        "const_pow",
    ]


def test_a_row_of_the_same_name_is_replaced_and_an_operator_may_be_another(toy):
    try:
        microbp.define(toy)
        assert Value(3.0).toy(1.0).data == 10.0
        microbp.define(Op("toy", "x - y", ("1", "-1")))
        assert Value(3.0).toy(1.0).data == 2.0
        microbp.define(Op("sum_of_squares", "x * x + y * y", ("2 * x", "2 * y"), method="__add__"))
        assert ((Value(3.0) + 4.0).data, (4.0 + Value(3.0)).data) == (25.0, 25.0)
    finally:
        OPS.pop("toy", None)
        OPS.pop("sum_of_squares", None)
        value._generate(OPS["add"])
    assert (Value(3.0) + 4.0).data == 7.0
    with pytest.raises(FormulaError, match="Value has a 'inputs' of its own"):
        microbp.define(Op("inputs", "2 * x", ("2",)))


@pytest.mark.parametrize(
    "number", [2, 2.0, True, Fraction(2), np.float64(2), np.int8(2), np.array(2.0), np.array([2.0])[0]]
)
def test_a_number_on_either_side_of_an_operator_is_a_constant(number):
    v, x = Value(3.0), float(number)
    for left, right in ((v * number, 3.0 * x), (number * v, x * 3.0), (v - number, 3.0 - x), (number / v, x / 3.0)):
        assert (type(left), left.data) == (Value, right)
        assert {type(node).__name__ for node in left.graph()} == {"Value", "Constant"}


@pytest.mark.parametrize("bad", ["a", b"a", 1j, [1.0], (1.0,)])
def test_what_can_be_no_number_is_refused_by_the_operator(bad):
    with pytest.raises(OperandError, match=r"^mul needs one real number, got"):
        Value(1.0) * bad
    with pytest.raises(OperandError, match=r"^backward needs one real number, got"):
        (Value(1.0) * 2).backward(bad)


def test_what_knows_better_itself_is_asked():
    class Mine:
        def __rmul__(self, other):
            return "mine"

        def __mul__(self, other):
            return "mine"

    assert Value(1.0) * Mine() == Mine() * Value(1.0) == "mine"
    with pytest.raises(TypeError, match="unsupported operand"):
        Value(1.0) * None


def test_a_leaf_takes_micrograds_arguments_and_a_label_by_name():
    assert Value(2.0, (), "", label="x").label == "x"
    assert Value(2.0, "y", label="x").label == "y"
    assert Value(2.0, _children=(), label="x").label == "x"
    with pytest.raises(OperandError, match="was given 1 inputs"):
        Value(2.0, _children=(Value(1.0),))


def test_a_value_is_shown_with_what_it_has():
    x, y = Value(1.5), Value(-2.0, label="y")
    assert [repr(v) for v in (x, y)] == ["Value(1.5)", "Value(-2.0, label='y')"]
    (x * y).backward()
    assert [repr(v) for v in (x, y)] == ["Value(1.5, grad=-2.0)", "Value(-2.0, label='y', grad=1.5)"]


def test_seeds_and_grads_of_leaves_are_floats():
    a = Value(1.0)
    a.grad = None
    a.backward(2)
    assert (a.grad, type(a.grad)) == (2.0, float)
    b = a * 1.0
    b.backward(3)
    assert (b.grad, type(b.grad)) == (3.0, float)


def test_a_power_has_variants_and_no_other_operation():
    assert {op.name: [row.name for row in variants(op)] for op in OPS.values() if variants(op)} == {
        "pow": ["pow_const", "const_pow"]
    }


def test_sources_are_those_that_a_row_needs():
    assert list(method_sources(OPS["sub"])) == ["__sub__", "__rsub__"]
    assert list(method_sources(OPS["neg"])) == ["__neg__"]
    assert list(method_sources(OPS["max"])) == ["max"]
    assert method_sources(OPS["pow_const"]) == {}
    assert list(generated_sources(OPS["pow_const"])) == ["apply_pow_const", "pull_pow_const", "local_pow_const"]
    assert f'"""{OPS["sub"].rule}"""' in method_sources(OPS["sub"])["__sub__"]
    assert '"""' not in method_sources(Op("plain", "2 * x", ("2",)))["plain"]


@pytest.mark.parametrize("family", ["total", "affine", "dot"])
def test_the_sources_of_a_long_sum_are_short(family):
    for n in (1, 3, 600):
        row = FAMILIES[family].row(n)
        sources = [*generated_sources(row).values(), evaluate_source(row)]
        loops = [any(line.lstrip().startswith("for ") for line in source.splitlines()) for source in sources]
        assert loops == [n == 600] * 4
        assert n < 600 or max(map(len, sources)) < 700
