"""Derivatives by arithmetic alone, to check those of the chain rule.

>>> from microbp import Value
>>> check = gradcheck(lambda x, y: (x * y).tanh() / y, 0.5, 2.0)
>>> check.ok, check.method
(True, 'complex')
>>> check = gradcheck(lambda x, y: x.relu() + y / 1e12, 0.5, 2.0)
>>> check.method, check.not_judged
('central', {1: 'too small to be judged by this method: below 4e-08'})
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np

from microbp.comparing.differences import Estimate, Estimates
from microbp.comparing.jacobian import jacobian
from microbp.engine import Constant, Value
from microbp.engine.node import root_of
from microbp.errors import GraphError, OperandError, UnknownNameError, nearest
from microbp.printing import Shown, columns, say, word
from microbp.problems import Problem

Method = Literal["auto", "complex", "central", "richardson"]
METHODS = get_args(Method)
ALLOWED = {"complex": 1e-12, "central": 1e-8, "richardson": 1e-8}
"""The relative error allowed where the method resolves more."""
JUDGED = 5e-5
"""A gradient is judged if the method resolves at least this part of it."""
WORDS = {"complex": "complex step", "central": "central difference", "richardson": "Richardson extrapolation"}
"""The methods in words."""
HEAD = ("chain rule", "numeric", "relative error", "allowed")
MOST_VALUES, MOST_NUMBERS = 200_000, 1_000_000_000
"""A graph is computed anew some twenty times: one of more values, or so many times so many leaves, takes minutes."""
MOST_ROWS = 40
"""The most leaves that a check prints; of more it prints the worst."""


@dataclass(frozen=True, repr=False)
class GradCheck(Shown):
    """What a gradient check found, leaf by leaf: prints as a table."""

    names: tuple[str, ...]
    analytic: tuple[float, ...]
    numeric: tuple[float, ...]
    method: str
    kinks: dict[int, str]
    """Leaves that cannot be compared, because the step crosses a kink: {number of the leaf: which kink}."""
    resolution: tuple[float, ...]
    """For each leaf the error that the numbers may have by the method and by rounding."""

    @cached_property
    def _compared(self) -> tuple[Any, Any, Any, Any, Any]:
        """Of each leaf its error, what is allowed, the least that is judged, if it is less, if it is not judged."""
        a, n, resolution = map(np.array, (self.analytic, self.numeric, self.resolution))
        least, size = resolution / JUDGED, np.fmax(np.abs(a), np.abs(n))
        with np.errstate(all="ignore"):
            errors = np.where(a == n, np.abs(0.0 * a), np.abs(a - n) / np.maximum(np.abs(a), np.abs(n)))
            allowed = np.fmax(ALLOWED[self.method], resolution / size)
        zero = (size == 0) & (least < 1e-150)  # the complex step: nothing but an underflow is hidden there
        small = ((size < least) | np.isinf(least)) & ~zero & ~(errors > allowed)
        hidden = small | ~np.isfinite(n)
        hidden[list(self.kinks)] = True
        return errors, allowed, least, small, hidden

    @cached_property
    def errors(self) -> tuple[float, ...]:
        """The relative error |a − n| / max(|a|, |n|) of each leaf; nan where it cannot be judged."""
        return tuple(np.where(self._compared[-1], np.nan, self._compared[0]).tolist())

    @cached_property
    def allowed(self) -> tuple[float, ...]:
        """The relative error allowed to each leaf: that of the method, or what is resolved of the gradient, if less."""
        return tuple(self._compared[1].tolist())

    @property
    def hidden(self) -> int:
        """How many leaves the check says nothing of."""
        return int(self._compared[-1].sum())

    @cached_property
    def not_judged(self) -> dict[int, str]:
        """Leaves of which the check says nothing: {number of the leaf: why}."""
        *_, least, small, _ = self._compared
        said = {
            k: say("too small to be judged by this method: below {least:.0e}", least=least[k])
            if least[k] < np.inf
            else say("this method resolves nothing here")
            for k in np.flatnonzero(small).tolist()
        }
        said |= {k: say("the function is not finite here") for k in np.flatnonzero(~np.isfinite(self.numeric)).tolist()}
        return said | {k: say("not comparable here: {kink}", kink=kink) for k, kink in self.kinks.items()}

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return {name: getattr(self, name) for name in ("ok", "worst", "errors", "allowed", "not_judged")} | asdict(self)

    @property
    def worst(self) -> float:
        """The largest error."""
        return float(np.max(self._compared[0][~self._compared[-1]], initial=0.0))

    @cached_property
    def wrong(self) -> tuple[int, ...]:
        """The numbers of the leaves whose gradients differ by more than is allowed to them; nan is no agreement."""
        errors, allowed, *_, hidden = self._compared
        return tuple(np.flatnonzero(~(errors <= allowed) & ~hidden).tolist())

    @property
    def ok(self) -> bool:
        """Whether all that can be judged is right, and anything can be."""
        return not self.wrong and (self.hidden < len(self.names) or not self.names)

    def __str__(self) -> str:
        count, missing = len(self.names), len(self.not_judged)
        method = word(WORDS[self.method])
        verdict = say("GRADIENTS DIFFER") if self.wrong else say("gradients agree")
        told = say(
            "{verdict} ({method}, worst relative error {worst:.1e})", verdict=verdict, method=method, worst=self.worst
        )
        if missing:
            told = say(
                "{said}, but {missing} of {count:,} could not be judged", said=told, missing=missing, count=count
            )
        if missing and missing == count:
            told = say("no gradient could be judged ({method})", method=method)
        corner, errors, order = "", self.errors, range(count)
        if count > MOST_ROWS:
            order = np.argsort(errors)[: -MOST_ROWS - 1 : -1].tolist()  # nan sorts last, and so stands first
            corner = say("worst {most} of {count:,}", most=MOST_ROWS, count=count)
        rows = [(corner, *map(word, HEAD))]
        for k in order:
            said = (f"{errors[k]:.1e}", f"{self.allowed[k]:.0e}") if k not in self.not_judged else (self.not_judged[k],)
            rows.append((self.names[k], f"{self.analytic[k]:.8g}", f"{self.numeric[k]:.8g}", *said, "")[:5])
        return "\n".join([told, *columns(rows)])


def check_size(values: int, leaves: int) -> None:
    """Raises `GraphError` if numeric derivatives by so many leaves of a graph of so many values take minutes."""
    if values > MOST_VALUES or values * leaves > MOST_NUMBERS:
        raise GraphError(
            f"a numeric check of {leaves:,} leaves in a graph of {values:,} values takes minutes (the limits are "
            f"{MOST_VALUES:,} values, and {MOST_NUMBERS:,} for the product): check a smaller batch, or fewer leaves"
        )


class Numeric:
    """Numeric derivatives of a root with respect to some leaves, found once, by which any gradients can be judged.

    The leaves must keep their values as long as it is in use. Raises `UnknownNameError` and `GraphError`.

    >>> x = Value(0.5, label="x")
    >>> numeric = Numeric(x.tanh(), [x])
    >>> [numeric.judge([gradient]).ok for gradient in (1 - 0.5**2, 1 - x.tanh().data ** 2)]
    [False, True]
    """

    def __init__(self, root: Value, leaves: Sequence[Value], method: str = "auto") -> None:
        if method not in METHODS:
            raise UnknownNameError(nearest("method", method, METHODS))
        self._graph, self._method = root.graph(), method
        check_size(len(self._graph), len(leaves))
        rough = [node.op.name for node in self._graph if node.op is not None and not node.op.formula.analytic]
        if method == "complex" and rough:
            raise GraphError(f"a complex step needs analytic operations only, and {rough[0]} is not: take central")
        self._analytic = method in ("auto", "complex") and not rough
        self._estimates = Estimates(self._graph, leaves)
        self._names = tuple(leaf.label or f"leaf {k}" for k, leaf in enumerate(leaves))

    def judge(self, gradients: Iterable[float]) -> GradCheck:
        """Compares these gradients, one for each leaf, with the numeric ones.

        The methods go from one to the next only while a gradient is refused or not judged: see `gradcheck`.
        """
        analytic, best = tuple(map(float, gradients)), None
        rounding = self._estimates.rounding.gradients
        if self._analytic:
            for found in self._estimates.by_complex_steps():
                best = self._check("complex", found, analytic)
                if _settled(best) or (not best.wrong and (found.resolution < rounding).all()):
                    return best  # where rounding alone hides something, no method shows it
            if best is not None and (self._method == "complex" or (best.wrong and np.isfinite(best.numeric).all())):
                return best
        for found in self._estimates.by_differences(self._method == "richardson", self._method == "auto"):
            check = self._check("richardson" if self._method == "richardson" else "central", found, analytic)
            if _settled(check):
                break
        if best is not None and np.isfinite(best.numeric).all() and best.hidden <= check.hidden:
            return best
        return check

    def _check(self, method: str, found: Estimate, analytic: tuple[float, ...]) -> GradCheck:
        resolution = (found.resolution + self._estimates.rounding.gradients).tolist()
        # Of a root that is inf or nan there is no derivative, whatever a complex step makes of it.
        numbers = found.numbers if np.isfinite(self._graph[-1].data) else np.full_like(found.numbers, np.nan)
        return GradCheck(self._names, analytic, tuple(numbers.tolist()), method, found.kinks, tuple(resolution))


def gradcheck(what: Callable[..., Value] | Value | Problem, *xs: float, method: Method = "auto") -> GradCheck:
    """Compares gradients by the chain rule with numeric ones: of a function at the numbers `xs`, a graph, a problem.

    Of a graph they are those with respect to its leaves, of a problem those with respect to its weights and biases, or
    to the names in its expression.

    "complex" evaluates at x + ih and takes the imaginary part: exact to rounding, where every operation is analytic.
    "central" is (f(x+h) − f(x−h)) / 2h with h = ε^⅓ · max(1, |x|), where its errors, of order h² and ε/h, are alike.
    "richardson" takes such differences D with h and 2h: (4·D(h) − D(2h)) / 3 has no error of order h², so that a larger
    h = ε^⅕ · max(1, |x|) does better. Where that resolves too little, h in proportion to |x| is tried as well. "auto"
    takes the complex step where it applies, else central differences, extrapolated ones where these are too coarse.

    The error is relative to the gradient, however small: 1e-12 is allowed to the complex step, 1e-8 to differences. No
    method sees more than its `resolution`: what rounding does to the gradient (measured, every value being moved at
    random by its last digit), and for a difference what rounding does to f, over h, and how much h/2 would change.
    A larger difference is always an error, and a smaller one none: the table prints what is allowed. A gradient that
    shows none, but is not resolved to 1 in 20,000, is not judged, and the check says so: thus no relative error of 1e-4
    passes. Raises `UnknownNameError` for another method, `GraphError` for a graph that takes minutes, `OperandError`
    for a function that returns no `Value`.
    """
    if not callable(what) or isinstance(what, Value):
        if xs:
            raise OperandError(
                f"gradcheck takes numbers for a function alone, got {len(xs)} beside a graph or a problem"
            )
        if isinstance(what, Value):
            return check_graph(what, [v for v in what.graph() if v.op is None and not isinstance(v, Constant)], method)
        return check_graph(root_of(what), what.leaves(), method)
    leaves = [Value(x, label=f"x[{k}]") for k, x in enumerate(xs)]
    root = what(*leaves)
    if not isinstance(root, Value):
        got = f"{reprlib.repr(root)} ({type(root).__name__})"
        raise OperandError(f"gradcheck needs a function that returns one Value, got {got}")
    return check_graph(root, leaves, method)


def check_graph(root: Value, leaves: Sequence[Value], method: str = "auto") -> GradCheck:
    """Compares ∂root/∂leaf, for each leaf of a graph, with numeric ones. The grads on the graph stay as they were.

    Raises `UnknownNameError` for another method, `GraphError` for "complex" if an operation is not analytic.
    """
    return Numeric(root, leaves, method).judge(jacobian([root], leaves).ravel())


def _settled(check: GradCheck) -> bool:
    return check.ok and not check.hidden
