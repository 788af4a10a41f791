"""A graph as source that you could have written: straight lines of Python, or the matrices found again in NumPy.

>>> from microbp import Value
>>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
>>> f = compile((w * x).tanh(), inputs=[x, w], wrt=[w])
>>> value, (dw,) = f(0.5, 1.0)
>>> round(value, 6), round(dw, 6)
(0.462117, 0.393224)
"""

from microbp.derivation.compiling.function import compile

__all__ = ["compile"]
