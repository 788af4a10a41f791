"""What editors and type checkers know of the table. `make gallery` writes this file.

>>> Declared.tanh.__doc__.splitlines()[0]
'out = tanh(x), ∂out/∂x = 1 - out ** 2.'
"""

# mypy: disable-error-code="empty-body"
# The bodies are those that `define` makes.

from __future__ import annotations

from typing import Generic, Literal, SupportsFloat, TypeVar

V = TypeVar("V")
Activation = Literal["linear", "tanh", "sigmoid", "relu", "leaky_relu", "elu", "softplus"]
"""What a neuron may make of its net."""


class Declared(Generic[V]):
    """The methods that `define` makes for values, V, from the rows of the table."""

    __slots__ = ()

    def __add__(self, other: V | SupportsFloat) -> V: ...

    __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __pow__ = __rpow__ = __add__

    def __neg__(self) -> V: ...

    __abs__ = __neg__

    def exp(self) -> V:
        """out = exp(x), ∂out/∂x = out.
        The exponential is its own derivative. Defined and differentiable everywhere.
        """

    def log(self) -> V:
        """out = log(x), ∂out/∂x = 1 / x.
        The derivative of log(x) is 1/x. Defined and differentiable where x > 0.
        """

    def log1p(self) -> V:
        """out = log1p(x), ∂out/∂x = 1 / (1 + x).
        The derivative of log(1 + x) is 1/(1 + x). Defined and differentiable where x > -1.
        """

    def expm1(self) -> V:
        """out = expm1(x), ∂out/∂x = exp(x).
        The derivative of e^x − 1 is e^x. Defined and differentiable everywhere.
        """

    def sqrt(self) -> V:
        """out = sqrt(x), ∂out/∂x = 0.5 / out.
        The derivative of √x is 1/(2√x). Defined and differentiable where x > 0.
        """

    def sin(self) -> V:
        """out = sin(x), ∂out/∂x = cos(x).
        The derivative of sin is cos. Defined and differentiable everywhere.
        """

    def cos(self) -> V:
        """out = cos(x), ∂out/∂x = -sin(x).
        The derivative of cos is −sin. Defined and differentiable everywhere.
        """

    def tanh(self) -> V:
        """out = tanh(x), ∂out/∂x = 1 - out ** 2.
        The derivative of tanh is 1 − tanh², and tanh is the result itself. Defined and differentiable everywhere.
        """

    def sigmoid(self) -> V:
        """out = sigmoid(x), ∂out/∂x = out * (1 - out).
        The derivative of σ is σ·(1 − σ), and σ is the result itself. Defined and differentiable everywhere.
        """

    def relu(self) -> V:
        """out = max(x, 0.0), ∂out/∂x = x > 0.
        relu lets the gradient through where x > 0 and stops it elsewhere. Defined and differentiable everywhere,
        but for x == 0: there its derivative is a convention.
        """

    def leaky_relu(self) -> V:
        """out = x if x > 0 else 0.01 * x, ∂out/∂x = 0.01 + 0.99 * (x > 0).
        leaky_relu lets the gradient through where x > 0, and a hundredth of it elsewhere. Defined and
        differentiable everywhere, but for x == 0: there its derivative is a convention.
        """

    def elu(self) -> V:
        """out = x if x > 0 else expm1(x), ∂out/∂x = 1 if x > 0 else exp(x).
        elu lets the gradient through where x > 0, and e^x times it elsewhere. Defined and differentiable
        everywhere.
        """

    def softplus(self) -> V:
        """out = log(1 + exp(x)), ∂out/∂x = sigmoid(x).
        The derivative of softplus is σ. Defined and differentiable everywhere.
        """

    def max(self, y: V | SupportsFloat) -> V:
        """out = max(x, y), ∂out/∂x = (x > y) + 0.5 * (x == y), ∂out/∂y = (y > x) + 0.5 * (x == y).
        The larger one gets the gradient; in a tie each gets half. Defined and differentiable everywhere, but for x
        == y: there its derivative is a convention.
        """

    def min(self, y: V | SupportsFloat) -> V:
        """out = min(x, y), ∂out/∂x = (x < y) + 0.5 * (x == y), ∂out/∂y = (y < x) + 0.5 * (x == y).
        The smaller one gets the gradient; in a tie each gets half. Defined and differentiable everywhere, but for x
        == y: there its derivative is a convention.
        """

    def identity(self) -> V:
        """out = x, ∂out/∂x = 1.
        The identity passes the gradient on unchanged. Defined and differentiable everywhere.
        """

    def log2(self) -> V:
        """out = log2(x), ∂out/∂x = 1 / (x * log(2)).
        log₂(x) is log(x)/log(2), so its derivative is 1/(x·log 2). Defined and differentiable where x > 0.
        """

    def log10(self) -> V:
        """out = log10(x), ∂out/∂x = 1 / (x * log(10)).
        log₁₀(x) is log(x)/log(10), so its derivative is 1/(x·log 10). Defined and differentiable where x > 0.
        """

    def exp2(self) -> V:
        """out = 2.0 ** x, ∂out/∂x = out * log(2).
        The derivative of 2ˣ is itself times log 2. Defined and differentiable everywhere.
        """

    def tan(self) -> V:
        """out = tan(x), ∂out/∂x = 1 + out ** 2.
        The derivative of tan is 1 + tan², and tan is the result itself. Defined and differentiable everywhere.
        """

    def sinh(self) -> V:
        """out = sinh(x), ∂out/∂x = cosh(x).
        The derivative of sinh is cosh. Defined and differentiable everywhere.
        """

    def cosh(self) -> V:
        """out = cosh(x), ∂out/∂x = sinh(x).
        The derivative of cosh is sinh, with no change of sign. Defined and differentiable everywhere.
        """

    def arcsin(self) -> V:
        """out = arcsin(x), ∂out/∂x = 1 / sqrt(1 - x ** 2).
        The derivative of arcsin(x) is 1/√(1 − x²). Defined and differentiable where abs(x) < 1.
        """

    def arccos(self) -> V:
        """out = arccos(x), ∂out/∂x = -1 / sqrt(1 - x ** 2).
        The derivative of arccos(x) is −1/√(1 − x²). Defined and differentiable where abs(x) < 1.
        """

    def arctan(self) -> V:
        """out = arctan(x), ∂out/∂x = 1 / (1 + x ** 2).
        The derivative of arctan(x) is 1/(1 + x²). Defined and differentiable everywhere.
        """

    def arcsinh(self) -> V:
        """out = arcsinh(x), ∂out/∂x = 1 / sqrt(1 + x ** 2).
        The derivative of arcsinh(x) is 1/√(1 + x²). Defined and differentiable everywhere.
        """

    def arccosh(self) -> V:
        """out = arccosh(x), ∂out/∂x = 1 / sqrt(x ** 2 - 1).
        The derivative of arccosh(x) is 1/√(x² − 1). Defined and differentiable where x > 1.
        """

    def arctanh(self) -> V:
        """out = arctanh(x), ∂out/∂x = 1 / (1 - x ** 2).
        The derivative of arctanh(x) is 1/(1 − x²). Defined and differentiable where abs(x) < 1.
        """

    def erf(self) -> V:
        """out = erf(x), ∂out/∂x = 2 * exp(-x ** 2) / sqrt(3.141592653589793).
        The derivative of erf(x) is 2/√π · e^(−x²), the bell curve whose area it measures. Defined and
        differentiable everywhere.
        """

    def erfc(self) -> V:
        """out = erfc(x), ∂out/∂x = -2 * exp(-x ** 2) / sqrt(3.141592653589793).
        erfc(x) is 1 − erf(x), accurate even where that is tiny; so its derivative is that of erf, negated. Defined
        and differentiable everywhere.
        """

    def gelu(self) -> V:
        """out = 0.5 * x * (1 + erf(x / sqrt(2))), ∂out/∂x = 0.5 * (1 + erf(x / sqrt(2))) + x * exp(-x ** 2 / 2) /
        sqrt(2 * 3.141592653589793).
        gelu is x·Φ(x), so its derivative is Φ(x) + x·φ(x). Defined and differentiable everywhere.
        """

    def silu(self) -> V:
        """out = x * sigmoid(x), ∂out/∂x = sigmoid(x) + out * (1 - sigmoid(x)).
        silu is x·σ(x), so its derivative is σ + x·σ·(1 − σ). Defined and differentiable everywhere.
        """

    def sign(self) -> V:
        """out = sign(x), ∂out/∂x = 0.0.
        sign is flat: nothing comes back. Defined and differentiable everywhere, but for x == 0: there its
        derivative is a convention.
        """

    def floor(self) -> V:
        """out = floor(x), ∂out/∂x = 0.0.
        floor is flat between its steps: nothing comes back. Defined and differentiable everywhere, but for
        sin(3.141592653589793 * x) == 0: there its derivative is a convention.
        """

    def logaddexp(self, y: V | SupportsFloat) -> V:
        """out = log(exp(x) + exp(y)), ∂out/∂x = sigmoid(x - y), ∂out/∂y = sigmoid(y - x).
        The derivatives of log(e^x + e^y) are the shares of e^x and e^y in the sum: a softmax of two. Defined and
        differentiable everywhere.
        """
