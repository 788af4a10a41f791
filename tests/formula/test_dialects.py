"""How each construct is written in each dialect: by hand, as Python, NumPy, LaTeX and plain text have it."""

import ast
import inspect
import math

import numpy as np
import pytest

from microbp.formula.compiled import line, numpy_function
from microbp.formula.dialects import ARITIES, LATEX, NUMPY, PYTHON, TEXT, latex_name, latex_words
from microbp.formula.language import Formula

A, B = r"\left", r"\right"

ROWS = [
    # as it is read, Python, NumPy, LaTeX, text
    ("x + (y + z)", "x + (y + z)", "x + (y + z)", "x + y + z", "x + y + z"),
    ("(x + y) + z", "x + y + z", "x + y + z", "x + y + z", "x + y + z"),
    ("x - (y - z)", "x - (y - z)", "x - (y - z)", rf"x - {A}(y - z{B})", "x − (y − z)"),
    ("x - (y + z)", "x - (y + z)", "x - (y + z)", rf"x - {A}(y + z{B})", "x − (y + z)"),
    ("x - y * z", "x - y * z", "x - y * z", r"x - y \cdot z", "x − y·z"),
    ("x * (y * z)", "x * (y * z)", "x * (y * z)", rf"x \cdot {A}(y \cdot z{B})", "x·(y·z)"),
    ("x * y * z", "x * y * z", "x * y * z", r"x \cdot y \cdot z", "x·y·z"),
    ("x * (y + z)", "x * (y + z)", "x * (y + z)", rf"x \cdot {A}(y + z{B})", "x·(y + z)"),
    ("x / (y / z)", "x / (y / z)", "x / (y / z)", r"\frac{x}{\frac{y}{z}}", "x / (y / z)"),
    ("x / (y * z)", "x / (y * z)", "x / (y * z)", r"\frac{x}{y \cdot z}", "x / (y·z)"),
    ("x * (y / z)", "x * (y / z)", "x * (y / z)", r"x \cdot \frac{y}{z}", "x·(y / z)"),
    ("(x / y) ** 2", "(x / y) ** 2", "(x / y) ** 2", rf"{A}(\frac{{x}}{{y}}{B})^{{2}}", "(x / y)²"),
    ("-(x + y)", "-(x + y)", "-(x + y)", rf"-{A}(x + y{B})", "−(x + y)"),
    ("-x ** 2", "-x ** 2", "-x ** 2", "-x^{2}", "−x²"),
    ("(-x) ** 2", "(-x) ** 2", "(-x) ** 2", rf"{A}(-x{B})^{{2}}", "(−x)²"),
    ("2 * -3.5", "2 * -3.5", "2 * -3.5", rf"2 \cdot {A}(-3.5{B})", "2·(−3.5)"),
    ("-x * y", "-x * y", "-x * y", r"-x \cdot y", "−x·y"),
    ("x / -y", "x / -y", "x / -y", r"\frac{x}{-y}", "x / (−y)"),
    ("(x * y) ** z", "math.pow(x * y, z)", "(x * y) ** z", rf"{A}(x \cdot y{B})^{{z}}", "(x·y)^z"),
    ("x ** (y + 1)", "math.pow(x, y + 1)", "x ** (y + 1)", "x^{y + 1}", "x^(y + 1)"),
    ("x ** -y", "math.pow(x, -y)", "x ** -y", "x^{-y}", "x^(−y)"),
    ("x ** y ** z", "math.pow(x, math.pow(y, z))", "x ** y ** z", "x^{y^{z}}", "x^(y^z)"),
    ("(x ** y) ** z", "math.pow(math.pow(x, y), z)", "(x ** y) ** z", rf"{A}(x^{{y}}{B})^{{z}}", "(x^y)^z"),
    ("x ** 3", "x ** 3", "x ** 3", "x^{3}", "x³"),
    ("x ** 1", "math.pow(x, 1)", "x ** 1", "x^{1}", "x^1"),
    ("x ** 6", "math.pow(x, 6)", "x ** 6", "x^{6}", "x^6"),
    ("x ** 4", "math.pow(x, 4)", "x ** 4", "x^{4}", "x^4"),
    ("x ** 1.5", "math.pow(x, 1.5)", "x ** 1.5", "x^{1.5}", "x^1.5"),
    ("x > 0", "x > 0", "x > 0", rf"{A}[x > 0{B}]", "[x > 0]"),
    ("x >= -y", "x >= -y", "x >= -y", rf"{A}[x \ge -y{B}]", "[x >= −y]"),
    ("x < y + 1", "x < y + 1", "x < y + 1", rf"{A}[x < y + 1{B}]", "[x < y + 1]"),
    ("x <= y", "x <= y", "x <= y", rf"{A}[x \le y{B}]", "[x <= y]"),
    ("x == y", "x == y", "x == y", rf"{A}[x = y{B}]", "[x == y]"),
    ("x != y", "x != y", "x != y", rf"{A}[x \ne y{B}]", "[x != y]"),
    ("(x > 0) * y", "(x > 0) * y", "(x > 0) * y", rf"{A}[x > 0{B}] \cdot y", "[x > 0]·y"),
    ("(x > y) == z", "(x > y) == z", "(x > y) == z", rf"{A}[{A}[x > y{B}] = z{B}]", "[[x > y] == z]"),
    (
        "(x if x > 0 else y) + 1",
        "(x if x > 0 else y) + 1",
        "np.where(x > 0, x, y) + 1",
        rf"{A}(\begin{{cases}}x & {A}[x > 0{B}] \\ y & \text{{otherwise}}\end{{cases}}{B}) + 1",
        "(x if [x > 0] else y) + 1",
    ),
    (
        "x if x > 0 else y if y > 0 else 0",
        "x if x > 0 else y if y > 0 else 0",
        "np.where(x > 0, x, np.where(y > 0, y, 0))",
        rf"\begin{{cases}}x & {A}[x > 0{B}] \\ \begin{{cases}}y & {A}[y > 0{B}] \\ 0 & \text{{otherwise}}\end{{cases}}"
        r" & \text{otherwise}\end{cases}",
        "x if [x > 0] else y if [y > 0] else 0",
    ),
    ("max(x, y + 1)", "x if x > y + 1 else y + 1 if x <= y + 1 else x + y + 1", "np.maximum(x, y + 1)",
     rf"\max{A}(x, y + 1{B})", "max(x, y + 1)"),
    ("min(x, -y)", "x if x < -y else -y if x >= -y else x + -y", "np.minimum(x, -y)",
     rf"\min{A}(x, -y{B})", "min(x, −y)"),
    ("abs(x - y)", "abs(x - y)", "np.abs(x - y)", rf"{A}|x - y{B}|", "|x − y|"),
    ("sign(x)", "1.0 if x > 0 else -1.0 if x < 0 else abs(x)", "np.sign(x)",
     rf"\operatorname{{sgn}}{A}(x{B})", "sgn(x)"),
    ("floor(x)", "math.copysign(math.floor(x), x)", "np.floor(x)", rf"{A}\lfloor x {B}\rfloor", "floor(x)"),
    ("sqrt(x + 1)", "math.sqrt(x + 1)", "np.sqrt(x + 1)", r"\sqrt{x + 1}", "√(x + 1)"),
    ("sqrt(x) ** 2", "math.sqrt(x) ** 2", "np.sqrt(x) ** 2", r"\sqrt{x}^{2}", "(√x)²"),
    ("exp(x + 1)", "math.exp(x + 1)", "np.exp(x + 1)", "e^{x + 1}", "exp(x + 1)"),
    ("exp(x) ** 2", "math.exp(x) ** 2", "np.exp(x) ** 2", rf"{A}(e^{{x}}{B})^{{2}}", "exp(x)²"),
    ("expm1(x) * y", "math.expm1(x) * y", "np.expm1(x) * y", rf"{A}(e^{{x}} - 1{B}) \cdot y", "expm1(x)·y"),
    ("log1p(x - y / 4)", "math.log1p(x - y / 4)", "np.log1p(x - y / 4)",
     rf"\log{A}(1 + x - \frac{{y}}{{4}}{B})", "log1p(x − y / 4)"),
    ("log(x)", "math.log(x)", "np.log(x)", rf"\log{A}(x{B})", "log(x)"),
    ("log2(x)", "math.log2(x)", "np.log2(x)", rf"\log_2{A}(x{B})", "log2(x)"),
    ("log10(x)", "math.log10(x)", "np.log10(x)", rf"\log_{{10}}{A}(x{B})", "log10(x)"),
    ("arctan(x)", "math.atan(x)", "np.arctan(x)", rf"\arctan{A}(x{B})", "arctan(x)"),
    ("arcsinh(x)", "math.asinh(x)", "np.arcsinh(x)", rf"\operatorname{{arcsinh}}{A}(x{B})", "arcsinh(x)"),
    ("erf(x)", "math.erf(x)", "_erf(x)", rf"\operatorname{{erf}}{A}(x{B})", "erf(x)"),
    (
        "sigmoid(x)",
        "1.0 / (1.0 + math.exp(-x)) if x > -37.0 else math.exp(x)",
        "np.exp(np.minimum(x, 0.0)) / (1.0 + np.exp(np.minimum(x, -x)))",
        rf"\sigma{A}(x{B})",
        "σ(x)",
    ),
    ("1e-07 * x", "1e-07 * x", "1e-07 * x", r"10^{-7} \cdot x", "1e−07·x"),
    (f"{math.pi} * x", f"{math.pi} * x", f"{math.pi} * x", r"\pi \cdot x", "π·x"),
    ("w1 * out_h1", "w1 * out_h1", "w1 * out_h1", r"w_{1} \cdot \mathrm{out}_{h1}", "w1·out_h1"),
]  # fmt: skip  # one row reads best as one line


@pytest.mark.parametrize(("formula", "python", "numpy", "latex", "text"), ROWS)
def test_each_construct_is_written_as_the_dialect_has_it(formula, python, numpy, latex, text):
    read = Formula(formula)
    assert (read.python(), read.numpy(), read.latex(), read.text()) == (python, numpy, latex, text)


@pytest.mark.parametrize("formula", [row[0] for row in ROWS])
def test_what_is_written_as_code_is_read_by_python_and_numpy_as_it_was(formula):
    """Brackets that were lost would make another number at one of these points."""
    read = Formula(formula)
    python = eval(f"lambda x, y, z, w1=1.0, out_h1=1.0: {read.python()}", {"math": math})
    (written,) = numpy_function("f", ("x", "y", "z", "w1", "out_h1"), [read])(*np.array(POINTS).T, 1.0, 1.0)
    for at, by_numpy in zip(POINTS, np.broadcast_to(written, len(POINTS)), strict=True):
        right = by_the_tree(read.tree, dict(zip("xyz", at, strict=True)))
        assert python(*at) == pytest.approx(right, rel=1e-13, abs=0)
        assert by_numpy == pytest.approx(right, rel=1e-13, abs=0)


POINTS = [(0.5, 1.5, 2.0), (2.5, 1.25, 0.75), (3.0, 0.25, 1.0), (1.5, 1.5, 3.0)]
BY_HAND = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b, ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b, ast.Gt: lambda a, b: a > b, ast.GtE: lambda a, b: a >= b, ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b, ast.Eq: lambda a, b: a == b, ast.NotEq: lambda a, b: a != b,
    "max": max, "min": min, "abs": abs, "sign": np.sign, "arctan": math.atan, "arcsinh": math.asinh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
}  # fmt: skip


def by_the_tree(tree, numbers):
    """What a formula comes to, from its syntax tree."""
    match tree:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return numbers.get(name, 1.0)
        case ast.UnaryOp(operand=operand):
            return -by_the_tree(operand, numbers)
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
            return BY_HAND[type(op)](by_the_tree(left, numbers), by_the_tree(right, numbers))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return by_the_tree(body if by_the_tree(test, numbers) else orelse, numbers)
        case ast.Call(func=func, args=args):
            function = BY_HAND.get(func.id) or getattr(math, func.id)
            return function(*(by_the_tree(argument, numbers) for argument in args))
    raise AssertionError(ast.dump(tree))


@pytest.mark.parametrize("name", sorted(ARITIES))
def test_each_function_of_the_language_is_in_every_dialect(name):
    """In LaTeX and in text with its own sign, and as many arguments as it has."""
    names = ("x", "y")[: ARITIES[name]]
    read = Formula(f"{name}({', '.join(names)})")
    number = {"arccosh": 1.25}.get(name, 0.75)
    by_python = eval(read.python(), {"math": math, "x": number, "y": 0.5})
    (by_numpy,) = numpy_function("f", names, [read])(*(number, 0.5)[: len(names)])
    assert by_python == pytest.approx(float(by_numpy), rel=1e-14, abs=0)
    for text in (read.latex(), read.text()):
        assert all(name in text for name in names)
    assert read.analytic == (name not in ("abs", "sign", "max", "min", "erf", "erfc", "floor"))


@pytest.mark.parametrize(
    ("label", "latex"),
    [
        ("w5", "w_{5}"),
        ("x_1²", "x_{1}^{2}"),
        ("Σe", r"\sum e"),
        ("δ", r"\delta"),
        ("a b", r"\text{a b}"),
        ("50% of {x}", r"\text{50\% of \{x\}}"),
        ("z[2][0]@3", "z^{[2](3)}_{0}"),
        ("loss@12", r"\mathrm{loss}^{(12)}"),
        ("a b@3", r"\text{a b}^{(3)}"),
        ("a @3", r"\text{a @3}"),
        ("权", r"\text{权}"),
    ],
)
def test_a_label_is_a_name_in_latex_or_text(label, latex):
    assert latex_name(label) == latex


def test_what_latex_takes_for_a_sign_is_escaped():
    assert latex_words("a_b^c~d\\e&$#%{}") == (r"\text{a\_b\^{}c\~{}d\textbackslash{}e\&\$\#\%\{\}}")


def test_a_name_with_an_exponent_of_its_own_gets_braces_in_a_formula():
    assert Formula.atom("z[2][0]@3").latex() == "{z^{[2](3)}_{0}}"
    assert Formula("x ** 2").latex(x=Formula.atom("a[1][0]")) == "{a^{[1]}_{0}}^{2}"
    assert Formula("x ** 2").latex(x=Formula.atom("w5")) == "w_{5}^{2}"


def test_numbers_have_the_digits_that_the_dialect_shows():
    assert [Formula("x").written(d, {"x": Formula("0.123456789012345")}) for d in (PYTHON, NUMPY, LATEX, TEXT)] == [
        "0.123456789012345",
        "0.123456789012345",
        "0.123456789012",
        "0.123457",
    ]
    assert Formula("2.5e-20").latex() == r"2.5 \cdot 10^{-20}"


def test_a_line_is_a_function_of_its_names():
    product, names = line("np.exp(b) * a + a")
    assert names == ("a", "b")
    assert product(2.0, 0.0) == 4.0
    assert inspect.getsource(product) == "def line(a, b):\n    return np.exp(b) * a + a\n"
