"""Worked examples: a network, its numbers and every convention, read from a TOML file.

>>> problem = load("w1-w8")
>>> root = problem.root()
>>> root.backward()
>>> round(root.data, 9), round(problem.find("w5").grad, 9)
(0.298371109, 0.082167041)
"""

from microbp.problems.expression import ExpressionProblem
from microbp.problems.loading import builtin_names, load, titles
from microbp.problems.network import NetworkProblem, Problem, as_network
from microbp.problems.settings import Training

__all__ = [
    "ExpressionProblem",
    "NetworkProblem",
    "Problem",
    "Training",
    "as_network",
    "builtin_names",
    "load",
    "titles",
]
