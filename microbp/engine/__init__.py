"""A number that remembers how it was made, and the chain rule through everything that made it."""

from microbp.engine.arrays.ndarray import Array, array, grads, values
from microbp.engine.ops import OPS
from microbp.engine.value import Constant, Value, apply, constant, define

__all__ = ["OPS", "Array", "Constant", "Value", "apply", "array", "constant", "define", "grads", "values"]
