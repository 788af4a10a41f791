"""Step through, draw and check backpropagation.

Build an expression, or a network, of `Value` nodes and run the chain rule back through it; then step through
that pass, draw the graph, and compare with vectorized NumPy:

>>> import microbp
>>> from microbp import Value, nn
>>> w, x, b = Value(2.0, label="w"), Value(-1.0, label="x"), Value(-3.0, label="b")
>>> out = (w * x + b).sigmoid()
>>> out.backward()
>>> round(w.grad, 6), round(x.grad, 6)
(-0.006648, 0.013296)
>>> step = microbp.steps(out).until("w")
>>> step.upstream * step.local == step.contribution == w.grad
True
>>> microbp.draw(out).source.startswith("digraph")
True
>>> model = nn.MLP(2, [3, 1], activation="tanh", output="sigmoid", seed=1)
>>> microbp.compare(model, X=[[0.0, 1.0], [1.0, 1.0]], Y=[[1.0], [0.0]], loss="binary_cross_entropy").ok
True
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what editors and type checkers see; at run time __getattr__ imports it when it is asked for
    from microbp import datasets, losses, nn, optim, vectorized
    from microbp.comparing.comparison import Comparison
    from microbp.comparing.gradcheck import GradCheck, gradcheck
    from microbp.comparing.jacobian import jacobian
    from microbp.derivation.any_value import ValueDerivation, explain_value
    from microbp.derivation.compiling.function import compile
    from microbp.derivation.general.one_parameter import explain_in_notation
    from microbp.derivation.general.page import GeneralFormulas, general_formulas
    from microbp.derivation.gradient import gradient
    from microbp.derivation.one_weight import Derivation, explain
    from microbp.diagnosis.any_pass.check import Trace, check, trace
    from microbp.diagnosis.any_pass.optimizers import StepReport, check_step
    from microbp.diagnosis.any_pass.report import Report
    from microbp.diagnosis.compare import compare
    from microbp.diagnosis.diagnose import diagnose
    from microbp.diagnosis.explanation import Diagnosis
    from microbp.diagnosis.first_wrong import Divergence, first_divergence
    from microbp.diagnosis.grading import Grade, Grades, grade
    from microbp.diagnosis.strength.strength import Strength, strength
    from microbp.drawing.drawing import draw
    from microbp.drawing.film.film import Film, animate
    from microbp.drawing.framing.result import Drawing
    from microbp.drawing.page.page import page
    from microbp.drawing.page.view import PageView, steps
    from microbp.drawing.subgraph import paths_to
    from microbp.engine.arrays.ndarray import Array, array, grads, values
    from microbp.engine.collector import many_nodes
    from microbp.engine.families import affine, total
    from microbp.engine.ieee import errstate
    from microbp.engine.ops import Op
    from microbp.engine.replay import Replay, replay
    from microbp.engine.value import Constant, Value, define
    from microbp.errors import DrawingWarning, MicrobpError, NonFiniteWarning
    from microbp.nn.arrays import from_theta, to_theta
    from microbp.printing.version import __version__
    from microbp.problems import NetworkProblem, Training, load
    from microbp.stepping.forward import ForwardPass, forward
    from microbp.stepping.paths import paths
    from microbp.stepping.step import Step
    from microbp.stepping.stepper import Stepper
    from microbp.stepping.worksheet import Worksheet, worksheet
    from microbp.terminal.own_code import debug
    from microbp.training.conventions import Reproduced, conventions
    from microbp.training.train import TrainingResult, train

__all__ = [
    "Array",
    "Comparison",
    "Constant",
    "Derivation",
    "Diagnosis",
    "Divergence",
    "Drawing",
    "DrawingWarning",
    "Film",
    "ForwardPass",
    "GeneralFormulas",
    "GradCheck",
    "Grade",
    "Grades",
    "MicrobpError",
    "NetworkProblem",
    "NonFiniteWarning",
    "Op",
    "PageView",
    "Replay",
    "Report",
    "Reproduced",
    "Step",
    "StepReport",
    "Stepper",
    "Strength",
    "Trace",
    "Training",
    "TrainingResult",
    "Value",
    "ValueDerivation",
    "Worksheet",
    "__version__",
    "affine",
    "animate",
    "array",
    "check",
    "check_step",
    "compare",
    "compile",
    "conventions",
    "datasets",
    "debug",
    "define",
    "diagnose",
    "draw",
    "errstate",
    "explain",
    "explain_in_notation",
    "explain_value",
    "first_divergence",
    "forward",
    "from_theta",
    "general_formulas",
    "gradcheck",
    "grade",
    "gradient",
    "grads",
    "jacobian",
    "load",
    "losses",
    "many_nodes",
    "nn",
    "optim",
    "page",
    "paths",
    "paths_to",
    "replay",
    "steps",
    "strength",
    "to_theta",
    "total",
    "trace",
    "train",
    "values",
    "vectorized",
    "worksheet",
]

_HOMES = {
    "comparing.comparison": "Comparison",
    "comparing.gradcheck": "GradCheck gradcheck",
    "comparing.jacobian": "jacobian",
    "derivation.any_value": "ValueDerivation explain_value",
    "derivation.compiling.function": "compile",
    "derivation.general.one_parameter": "explain_in_notation",
    "derivation.general.page": "GeneralFormulas general_formulas",
    "derivation.gradient": "gradient",
    "derivation.one_weight": "Derivation explain",
    "diagnosis.any_pass.check": "Trace check trace",
    "diagnosis.any_pass.optimizers": "StepReport check_step",
    "diagnosis.any_pass.report": "Report",
    "diagnosis.compare": "compare",
    "diagnosis.diagnose": "diagnose",
    "diagnosis.explanation": "Diagnosis",
    "diagnosis.first_wrong": "Divergence first_divergence",
    "diagnosis.grading": "Grade Grades grade",
    "diagnosis.strength.strength": "Strength strength",
    "drawing.drawing": "draw",
    "drawing.framing.result": "Drawing",
    "drawing.film.film": "Film animate",
    "drawing.page.page": "page",
    "drawing.page.view": "PageView steps",
    "drawing.subgraph": "paths_to",
    "engine.arrays.ndarray": "Array array grads values",
    "engine.collector": "many_nodes",
    "engine.families": "affine total",
    "engine.ieee": "errstate",
    "engine.ops": "Op",
    "engine.replay": "Replay replay",
    "engine.value": "Constant Value define",
    "errors": "DrawingWarning MicrobpError NonFiniteWarning",
    "nn.arrays": "from_theta to_theta",
    "printing.version": "__version__",
    "problems": "NetworkProblem Training load",
    "stepping.forward": "ForwardPass forward",
    "stepping.paths": "paths",
    "stepping.step": "Step",
    "stepping.stepper": "Stepper",
    "stepping.worksheet": "Worksheet worksheet",
    "terminal.own_code": "debug",
    "training.conventions": "Reproduced conventions",
    "training.train": "TrainingResult train",
}
"""Where the public names live. Modules are imported when one of their names is first used: a command that steps through
a graph does not wait for what draws or trains."""
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}


if not TYPE_CHECKING:  # which would believe that every name is there

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module 'microbp' has no attribute {name!r}")
        if name in _HOME:
            found = getattr(importlib.import_module(f"microbp.{_HOME[name]}"), name)
        else:
            found = importlib.import_module(f"microbp.{name}")
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return __all__
