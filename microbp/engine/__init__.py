"""A number that remembers how it was made, and the chain rule through everything that made it."""

from microbp.engine.ops import OPS
from microbp.engine.value import Constant, Value, apply, constant, define

__all__ = ["OPS", "Constant", "Value", "apply", "constant", "define"]
