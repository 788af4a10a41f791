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

from microbp import datasets, losses, nn, optim, vectorized
from microbp.comparing.comparison import Comparison, compare
from microbp.comparing.first_wrong import Divergence, first_divergence
from microbp.comparing.gradcheck import GradCheck, gradcheck
from microbp.comparing.jacobian import jacobian
from microbp.diagnosis.diagnose import diagnose
from microbp.diagnosis.explanation import Diagnosis
from microbp.drawing import Drawing, Film, animate, draw, paths_to
from microbp.drawing.page.page import PageView, page, steps
from microbp.engine import Constant, Value, define
from microbp.engine.families import affine, total
from microbp.engine.ieee import errstate
from microbp.engine.ops import Op
from microbp.errors import DrawingWarning, MicrobpError, NonFiniteWarning
from microbp.nn.arrays import from_theta, to_theta
from microbp.problems import NetworkProblem, Training, load
from microbp.stepping.paths import paths
from microbp.stepping.step import Step
from microbp.stepping.stepper import Stepper
from microbp.training.train import TrainingResult, train

__all__ = [
    "Comparison",
    "Constant",
    "Diagnosis",
    "Divergence",
    "Drawing",
    "DrawingWarning",
    "Film",
    "GradCheck",
    "MicrobpError",
    "NetworkProblem",
    "NonFiniteWarning",
    "Op",
    "PageView",
    "Step",
    "Stepper",
    "Training",
    "TrainingResult",
    "Value",
    "affine",
    "animate",
    "compare",
    "datasets",
    "define",
    "diagnose",
    "draw",
    "errstate",
    "first_divergence",
    "from_theta",
    "gradcheck",
    "jacobian",
    "load",
    "losses",
    "nn",
    "optim",
    "page",
    "paths",
    "paths_to",
    "steps",
    "to_theta",
    "total",
    "train",
    "vectorized",
]
__version__ = "0.1.0"
