"""How far rounding can move a result: numbers that carry the bound along, and what a gradient is a sum of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import SimpleNamespace

from hypothesis import reject

from microbp import Value
from microbp.stepping.step import pass_steps

UNIT = 2.0**-50
"""The relative error of one operation: half a last place by IEEE, a few last places for the functions of libraries."""
SMALLEST = 1e-300
"""What underflow may take away."""


@dataclass(frozen=True, eq=False)
class Rounded:
    """A result in double precision, and how far it may be from the exact one, to first order.

    >>> difference = Rounded(1.0) / 3.0 - 0.3333
    >>> 1e-16 < difference.error < 1e-14 < difference.value < 1e-4
    True
    """

    value: float
    error: float = 0.0

    def __add__(self, other):
        other = exact(other)
        return result(self.value + other.value, self.error + other.error)

    def __sub__(self, other):
        return self + -exact(other)

    def __mul__(self, other):
        other = exact(other)
        error = abs(self.value) * other.error + abs(other.value) * self.error
        return result(self.value * other.value, error + self.error * other.error)

    def __truediv__(self, other):
        other = exact(other)
        if other.error >= abs(other.value):
            reject()  # it may be 0
        quotient = self.value / other.value
        return result(quotient, (self.error + abs(quotient) * other.error) / (abs(other.value) - other.error))

    def __pow__(self, other):
        return power(self, other)

    def __radd__(self, other):
        return exact(other) + self

    def __rsub__(self, other):
        return exact(other) - self

    def __rmul__(self, other):
        return exact(other) * self

    def __rtruediv__(self, other):
        return exact(other) / self

    def __neg__(self):
        return Rounded(-self.value, self.error)

    def __abs__(self):
        return Rounded(abs(self.value), self.error)

    def __gt__(self, other):
        apart = self - other
        if 0.0 < abs(apart.value) <= apart.error:
            reject()  # rounding decides
        return apart.value > 0.0

    def __lt__(self, other):
        return exact(other) > self

    def __le__(self, other):
        return not self > other

    def __ge__(self, other):
        return not self < other

    def __eq__(self, other):
        return self.value == exact(other).value

    __hash__ = None


def exact(number):
    return number if isinstance(number, Rounded) else Rounded(float(number))


def result(value, error):
    if not math.isfinite(error):
        reject()
    return Rounded(value, error + UNIT * abs(value) + SMALLEST)


def exponential(x):
    x = exact(x)
    return result(math.exp(x.value), math.exp(x.value) * math.expm1(x.error))


def tangent(x):
    x = exact(x)
    return result(math.tanh(x.value), x.error)  # its slope is 1 at the most


def power(base, exponent):
    base, exponent = exact(base), exact(exponent)
    value = math.pow(base.value, exponent.value)
    if not (base.error or exponent.error):
        return result(value, 0.0)
    if base.error >= abs(base.value):
        reject()  # it may be 0, where the slope of a power may be infinite
    nearest = abs(base.value) - base.error
    relative = abs(exponent.value) * base.error / nearest + abs(math.log(nearest)) * exponent.error
    return result(value, abs(value) * math.expm1(relative))


ROUNDED_MATH = SimpleNamespace(exp=exponential, tanh=tangent, pow=power)
"""Takes the place of `math` where a formula is computed with numbers that are `Rounded`."""


def gradient_errors(root: Value) -> dict[Value, float]:
    """How far rounding may move each gradient: by a unit an operation, of all terms without their signs."""
    graph = root.graph()
    sizes = dict.fromkeys(graph, 0.0)
    sizes[root] = 1.0
    for step in pass_steps(root):
        sizes[step.input] += sizes[step.node] * abs(step.local)
    return {node: UNIT * len(graph) * size + SMALLEST for node, size in sizes.items()}
