r"""A formula as text, and the ways to write it down: Python, NumPy, LaTeX, plain text; `javascript` has one more.

>>> f = Formula("x / (1 + exp(-y))")
>>> f.names
('x', 'y')
>>> f.python(x="a.data", y="b.data")
'a.data / (1 + math.exp(-b.data))'
>>> f.numpy()
'x / (1 + np.exp(-y))'
>>> print(f.latex(y=r"z_1"))
\frac{x}{1 + e^{-z_1}}
>>> f.text(x=Formula("w + b"), y="net_h1")
'(w + b) / (1 + exp(−net_h1))'

Renaming goes through the syntax tree, so that what is put in keeps its meaning:

>>> Formula("x ** 2").numpy(x=Formula("-3.0"))
'(-3.0) ** 2'
"""

from __future__ import annotations

import ast
from collections.abc import Container, Mapping
from functools import lru_cache

from microbp.errors import FormulaError, nearest
from microbp.formula.dialects import ARITIES, ATOM, LATEX, NUMPY, POWER, PYTHON, SIGN, SUM, TEXT, Dialect

NOT_ANALYTIC = {"abs", "sign", "max", "min", "erf", "erfc", "floor"}
MAY_RAISE = set(ARITIES) - {"abs", "sign", "max", "min", "erf", "erfc", "tanh", "sigmoid"}


@lru_cache(maxsize=4096)
def _parse(text: str) -> ast.expr:
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FormulaError(f"cannot read the formula {text!r}: {error}") from error
    for node in ast.walk(tree):
        _check(node, text)
    return tree


def _check(node: ast.AST, text: str) -> None:
    match node:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            if name not in ARITIES:
                raise FormulaError(f"{nearest('function', name, ARITIES)}, in {text!r}")
            if len(args) != ARITIES[name]:
                raise FormulaError(f"{name} needs {ARITIES[name]} argument(s), got {len(args)}, in {text!r}")
        case ast.Constant(value=bool()) | ast.Compare(ops=[_, _, *_]):
            raise FormulaError(f"cannot read the formula {text!r}: {ast.unparse(node)!r} is not in its language")
        case ast.Name() | ast.Load() | ast.BinOp() | ast.Compare() | ast.IfExp() | ast.UnaryOp():
            pass
        case ast.Constant(value=int() | float()):
            pass
        case ast.operator() | ast.unaryop() | ast.cmpop() if type(node) in TEXT.templates:
            pass
        case _:
            raise FormulaError(
                f"cannot read the formula {text!r}: {type(node).__name__} is not in its language "
                "(numbers, names, + - * / **, one comparison, 'a if c else b', and the functions "
                f"{', '.join(sorted(ARITIES))})"
            )


Names = Mapping[str, "str | Formula"]
_NONE: Names = {}


class Formula:
    """A formula in the small language of the table: immutable, compared by identity.

    A name may be replaced when the formula is written (as a keyword, or in a mapping): by a string, which stands as it
    is, or by another formula, which gets brackets where it needs them. Raises `FormulaError` for text outside the
    language.
    """

    __slots__ = ("tree",)

    def __init__(self, text: str | ast.expr) -> None:
        self.tree = _parse(text) if isinstance(text, str) else text

    @classmethod
    def sum(cls, terms: list[Formula]) -> Formula:
        """The terms added up from the left; as many as you like.

        >>> Formula.sum([Formula("w * x"), Formula("b")]).text()
        'w·x + b'
        """
        tree = terms[0].tree
        for term in terms[1:]:
            tree = ast.BinOp(tree, ast.Add(), term.tree)
        return cls(tree)

    @classmethod
    def atom(cls, name: str) -> Formula:
        """A formula that is one name, any text at all, written as it stands."""
        return cls(ast.Name(name))

    def substitute(self, **names: Formula) -> Formula:
        """The formula with names replaced by formulas, as one formula.

        >>> Formula("x * y").substitute(x=Formula("a + b")).text()
        '(a + b)·y'
        """
        return Formula.sum([Formula(_substitute(term.tree, names)) for term in self.terms])

    @property
    def terms(self) -> list[Formula]:
        """The summands, if the formula is a sum; else itself alone."""
        found, tree = [], self.tree
        while isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add):
            found.append(Formula(tree.right))
            tree = tree.left
        return [Formula(tree), *reversed(found)]

    @property
    def names(self) -> tuple[str, ...]:
        """The names in it, each once, in the order in which they stand in the text."""
        functions = {id(node.func) for node in ast.walk(self.tree) if isinstance(node, ast.Call)}
        names = [n for n in ast.walk(self.tree) if isinstance(n, ast.Name) and id(n) not in functions]
        return tuple(dict.fromkeys(n.id for n in sorted(names, key=lambda n: (n.lineno, n.col_offset))))

    @property
    def number(self) -> float | None:
        """Its value if it is a plain number, signed or not; else None."""
        match self.tree:
            case ast.Constant(value=int() | float() as value):
                return float(value)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return -float(value)
        return None

    @property
    def can_raise(self) -> bool:
        """Whether Python's float arithmetic may raise where IEEE arithmetic gives inf or nan."""
        return self._has(MAY_RAISE, ast.Div, ast.Pow)

    @property
    def analytic(self) -> bool:
        """Whether it makes sense for complex numbers (no abs, max, comparison or choice in it)."""
        return not self._has(NOT_ANALYTIC, ast.Compare, ast.IfExp)

    def _has(self, functions: Container[str], *kinds: type[ast.AST]) -> bool:
        return any(isinstance(n, kinds) or getattr(n, "id", None) in functions for n in ast.walk(self.tree))

    def python(self, names: Names = _NONE, /, **more: str | Formula) -> str:
        """As Python code for floats, with the functions of `math`."""
        return self.written(PYTHON, names, more)

    def python_factor(self, names: Names = _NONE, /, **more: str | Formula) -> str:
        """As Python code that can stand behind a `*`: in brackets if it needs them."""
        return PYTHON.wrap(_write(self.tree, PYTHON, {**names, **more} if more else names), SIGN)

    def numpy(self, names: Names = _NONE, /, **more: str | Formula) -> str:
        """As NumPy code for arrays of any shape, and for complex numbers if it is analytic."""
        return self.written(NUMPY, names, more)

    def latex(self, names: Names = _NONE, /, **more: str | Formula) -> str:
        """As LaTeX, for math mode."""
        return self.written(LATEX, names, more)

    def text(self, names: Names = _NONE, /, **more: str | Formula) -> str:
        """As a line of plain text for people."""
        return self.written(TEXT, names, more)

    def written(self, dialect: Dialect, names: Names = _NONE, more: Names = _NONE) -> str:
        """In any dialect."""
        return _write(self.tree, dialect, {**names, **more} if more else names)[0]

    def __repr__(self) -> str:
        return f"Formula({self.text()!r})"


def _substitute(tree: ast.expr, names: Mapping[str, Formula]) -> ast.expr:
    """The tree with names replaced. What numbers alone decide is worked out, as one does in writing: x^(2 − 1) is x."""
    match tree:
        case ast.Name(id=name):
            return names[name].tree if name in names else tree
        case ast.BinOp(left=left, op=op, right=right):
            left, right = _substitute(left, names), _substitute(right, names)
            a, b = Formula(left).number, Formula(right).number
            if isinstance(op, ast.Pow) and b == 1.0:
                return left
            if isinstance(op, ast.Sub) and a is not None and b is not None and abs(a - b) < 1e308:
                return _parse(repr(a - b))
            return ast.BinOp(left, op, right)
        case ast.UnaryOp(op=op, operand=operand):
            return ast.UnaryOp(op, _substitute(operand, names))
        case ast.Compare(left=left, ops=ops, comparators=[right]):
            return ast.Compare(_substitute(left, names), ops, [_substitute(right, names)])
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return ast.IfExp(*(_substitute(part, names) for part in (test, body, orelse)))
        case ast.Call(func=func, args=args):
            return ast.Call(func, [_substitute(argument, names) for argument in args], [])
    return tree


def _write(tree: ast.expr, dialect: Dialect, names: Names) -> tuple[str, int]:
    """The text of a tree and how tightly it binds. Only as deep as brackets nest: a long sum is a loop."""
    key: str | type
    match tree:
        case ast.Constant(value=int() | float() as value):
            return dialect.number(value), ATOM
        case ast.Name(id=name):
            new = names.get(name)
            if isinstance(new, Formula):
                return _write(new.tree, dialect, {})
            return dialect.name(name) if new is None else new, ATOM
        case ast.BinOp(op=ast.Add()):
            first, *others = (term.tree for term in Formula(tree).terms)
            texts = [dialect.wrap(_write(first, dialect, names), SUM)]
            for term in others:  # a + -b is written a - b
                template = dialect.templates[ast.Sub if isinstance(term, ast.UnaryOp) else ast.Add]
                piece = _write(term.operand if isinstance(term, ast.UnaryOp) else term, dialect, names)
                texts += [template.text.format("", ""), dialect.wrap(piece, template.parts[1])]
            return "".join(texts), SUM
        case ast.BinOp(left=left, op=ast.Pow(), right=right) if sign := _power(right, dialect, names):
            return dialect.wrap(_write(left, dialect, names), ATOM) + sign, POWER
        case ast.BinOp(left=left, op=op, right=right):
            key, parts = type(op), [left, right]
        case ast.UnaryOp(op=op, operand=operand):
            key, parts = type(op), [operand]
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            key, parts = type(op), [left, right]
        case ast.IfExp(body=body, test=test, orelse=orelse):
            key, parts = ast.IfExp, [body, test, orelse]
        case ast.Call(func=ast.Name(id=name), args=parts):
            key = name
        case _:
            raise FormulaError(f"{type(tree).__name__} cannot stand in a formula")
    template = dialect.templates[key]
    pieces = [_write(part, dialect, names) for part in parts] * (len(template.parts) // len(parts))
    texts = [dialect.wrap(piece, needed) for piece, needed in zip(pieces, template.parts, strict=True)]
    return template.text.format(*texts), template.binds


def _power(exponent: ast.expr, dialect: Dialect, names: Names) -> str | None:
    """The sign that the dialect has for this exponent (for example ²), if any."""
    if isinstance(exponent, ast.Name) and isinstance(new := names.get(exponent.id), Formula):
        exponent = new.tree
    return dialect.powers.get(Formula(exponent).number)
