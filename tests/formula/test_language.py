import ast

import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from microbp.errors import FormulaError
from microbp.formula.compiled import numpy_function
from microbp.formula.javascript import JAVASCRIPT
from microbp.formula.language import Formula
from tests.rounding import ROUNDED_MATH, Rounded, exact

LEAVES = st.sampled_from(["x", "y", "2", "0.5"])
FORMULAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        st.tuples(st.sampled_from(["exp", "tanh", "abs", "sigmoid", "-"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(st.sampled_from(["max", "min"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]}) if ({t[1]}) > ({t[2]}) else ({t[0]})"),
    ),
    max_leaves=8,
)
PYTHON = {"math": ROUNDED_MATH, "abs": abs, "__builtins__": {}}
NUMBERS = st.floats(-3, 3, allow_subnormal=False)
INNER = st.sampled_from(["x + y", "-x", "x - y", "-2.0", "x ** 2", "x / y"])


def by_python(code, **names):
    """What Python code that microbp wrote comes to, and how far rounding may move it."""
    try:
        return exact(eval(code, PYTHON | names))
    except (ArithmeticError, ValueError):
        reject()


@given(FORMULAS, NUMBERS, NUMBERS)
def test_python_and_numpy_code_agree(text, x, y):
    formula = Formula(text)
    expected = by_python(formula.python(), x=Rounded(x), y=Rounded(y))
    with np.errstate(all="ignore"):
        (by_numpy,) = numpy_function("f", ("x", "y"), [formula])(np.float64(x), np.float64(y))
    assert abs(by_numpy - expected.value) <= 2 * expected.error


@given(FORMULAS, INNER, st.floats(0.5, 3), st.floats(0.5, 3))
def test_what_is_put_in_keeps_its_meaning(text, inner, x, y):
    numbers = {"x": Rounded(x), "y": Rounded(y)}
    put_in = by_python(Formula(text).substitute(x=Formula(inner)).python(), **numbers)
    written = by_python(Formula(text).python(x=Formula(inner)), **numbers)
    by_hand = by_python(Formula(text).python(), x=exact(eval(inner, {}, numbers)), y=Rounded(y))
    assert put_in.value == written.value
    assert abs(written.value - by_hand.value) <= written.error + by_hand.error


def test_negative_number_in_a_power_gets_brackets():
    assert Formula("x ** 2").numpy(x=Formula("-2.0")) == "(-2.0) ** 2"
    assert Formula("-2.0 ** 2").numpy() == "-2.0 ** 2"


@pytest.mark.parametrize("text", ["-y", "sigmoid(y)", "1 / (1 + exp(-y))"])
def test_no_two_minus_signs_stand_side_by_side(text):
    formula = Formula(text).substitute(y=Formula("-x"))
    assert "--" not in formula.python() + formula.numpy() + formula.written(JAVASCRIPT)


def test_renaming_does_not_touch_parts_of_names():
    assert Formula("x + xx + exp(x)").numpy(x="a") == "a + xx + np.exp(a)"


def test_long_sum_is_written_without_recursion():
    formula = Formula.sum([Formula("x")] * 50_000)
    assert formula.text().count("+") == 49_999
    assert len(formula.terms) == 50_000


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("x / (y + 1)", r"\frac{x}{y + 1}"),
        ("(x + y) ** 2", r"\left(x + y\right)^{2}"),
        ("x * -y", r"x \cdot \left(-y\right)"),
        ("1e-07 * x", r"10^{-7} \cdot x"),
        ("2.5e+20 * x", r"2.5 \cdot 10^{20} \cdot x"),
        ("(x > 0) * y", r"\left[x > 0\right] \cdot y"),
        ("exp(x) ** 2", r"\left(e^{x}\right)^{2}"),
        ("sqrt(abs(x))", r"\sqrt{\left|x\right|}"),
    ],
)
def test_latex_is_what_a_textbook_prints(text, latex):
    assert Formula(text).latex() == latex


def test_text_uses_textbook_signs():
    assert Formula("0.5 * (t - o) ** 2").text() == "0.5·(t − o)²"
    assert Formula("x ** c").text(c=Formula("3.0")) == "x³"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x +", r"cannot read the formula 'x \+'"),
        ("foo(x)", "unknown function: 'foo' .*in 'foo.x.'"),
        ("exp(x, y)", r"exp needs 1 argument\(s\), got 2"),
        ("x.y", "Attribute is not in its language"),
        ("True", "not in its language"),
        ("1 < x < 2", "not in its language"),
        ("'a'", "Constant is not in its language"),
        ("1j * x", "Constant is not in its language"),
        ("x @ y", "MatMult is not in its language"),
        ("__import__('os')", "unknown function"),
        ("(" * 5000 + "x" + ")" * 5000, "cannot read the formula"),
    ],
)
def test_text_outside_the_language_is_refused(text, said):
    with pytest.raises(FormulaError, match=said):
        Formula(text)


@pytest.mark.parametrize(
    ("text", "put_in", "written"),
    [
        ("c * x ** (c - 1)", {"c": "2"}, "2 * x"),
        ("c * x ** (c - 1)", {"c": "3"}, "3 * x ** 2"),
        ("c * x ** (c - 1)", {"c": "0.5"}, "0.5 * x ** -0.5"),
        ("c * x ** (c - 1)", {"c": "-1"}, "-1 * x ** -2.0"),
        ("x ** y", {"y": "1"}, "x"),
        ("x ** y", {"x": "z", "y": "0.5"}, "z ** 0.5"),
        ("x - y", {"x": "z"}, "z - y"),
        ("5 - x", {"x": "-3"}, "8.0"),
        ("5 - x", {"x": "y"}, "5 - y"),
        ("-x if x > y else max(x, y)", {"x": "a", "y": "b"}, "np.where(a > b, -a, np.maximum(a, b))"),
        ("x + y + x", {"x": "a * b"}, "a * b + y + a * b"),
    ],
)
def test_what_numbers_alone_decide_is_worked_out_in_writing(text, put_in, written):
    found = Formula(text).substitute(**{name: Formula(inner) for name, inner in put_in.items()})
    assert eval_same(found.numpy(), written)


def eval_same(written, expected):
    """Whether two pieces of code are the same but for how their numbers are written, 2 or 2.0."""
    return ast.dump(Floats().visit(ast.parse(written))) == ast.dump(Floats().visit(ast.parse(expected)))


class Floats(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.Constant(float(node.value))


@pytest.mark.parametrize(
    ("text", "number"), [("2", 2.0), ("-2.5", -2.5), ("2.5", 2.5), ("x", None), ("-x", None), ("1 + 1", None)]
)
def test_a_plain_number_is_known_as_one(text, number):
    assert Formula(text).number == number
    assert type(Formula(text).number) is type(number)


def test_names_stand_in_the_order_of_the_text_each_once_and_no_functions():
    assert Formula("max(b, a) * exp(b) + c ** a").names == ("b", "a", "c")
    assert Formula("2").names == ()


def test_names_are_replaced_by_text_or_formulas_however_they_are_given():
    f = Formula("x - y")
    assert f.python({"x": "a"}, y=Formula("b - c")) == "a - (b - c)"
    assert f.python({"x": "a", "y": "b"}, y="c") == "a - c"
    assert f.python_factor() == "(x - y)"
    assert f.python_factor({"x": "a"}) == "(a - y)"
    assert f.python_factor({"x": "a"}, y="b") == "(a - b)"
    assert Formula("x * y").python_factor(x="a") == "(a * y)"
    assert Formula("exp(x)").python_factor(x=Formula("-a")) == "math.exp(-a)"
    assert repr(f) == "Formula('x − y')"


def test_a_sum_is_its_terms_from_the_left():
    terms = [Formula(t) for t in ("x - y", "z", "a + b", "-c")]
    assert Formula.sum(terms).numpy() == "x - y + z + (a + b) - c"
    assert [t.numpy() for t in Formula.sum(terms).terms] == ["x - y", "z", "a + b", "-c"]
    assert Formula.sum([Formula("x if x > 0 else y"), Formula("y")]).python() == "(x if x > 0 else y) + y"


def test_what_may_raise_in_python_is_known():
    may = ["1 / x", "x ** y", "exp(x)", "log(x)", "sqrt(x)", "floor(x)", "x + log1p(y)"]
    never = ["x * y + 1", "tanh(x)", "sigmoid(x)", "abs(x)", "max(x, y)", "sign(x)", "erf(x)", "x if x > 0 else y"]
    assert [Formula(text).can_raise for text in may + never] == [True] * len(may) + [False] * len(never)


def test_a_tree_that_is_in_no_language_is_not_written():
    with pytest.raises(FormulaError, match="Subscript cannot stand in a formula"):
        Formula(ast.parse("x[0] + 1", mode="eval").body).text()


def test_spaces_around_a_formula_are_no_matter():
    assert Formula("  x + 1 ").text() == "x + 1"
