"""A user's file as a type checker sees it: `make type` finds every typo in it, and nothing else.

A `type: ignore` that ignores nothing is an error there: each one below stands for a typo that must be told.
"""

import numpy as np

import microbp
from microbp import Value, losses, nn


def right() -> None:
    x, w = Value(2.0, label="x"), Value(-1.0)
    y = (2 * x + w / 3 - 1 + np.float32(2) * x) ** 2 + abs(-x).relu().max(w) + x.gelu().logaddexp(1)
    y.backward(2)
    grad: float = x.grad
    model = nn.MLP(2, [3, 1], activation=["tanh"], output="sigmoid", seed=1)
    nn.Layer(2, 3, activation="tanh", nonlin=False)
    microbp.draw(y, "g.svg", theme="dark", show=["values", "grads"], level="op", heat=True, fold=False)
    microbp.animate(y, steps=slice(2), theme="mono", model=model)
    step = microbp.steps(y, detail="node", height=400).until("x")
    assert step is not None
    assert step.local < grad
    assert microbp.compare(model, [[0.0, 1.0]], [[1.0]], loss="bce").rows[0].absolute < 1
    microbp.train(microbp.load("xor"), 10, engine="vectorized", learning_rate=0.1, batch_size=None)
    assert microbp.diagnose(microbp.load("w1-w8"), {"w5": 0.08}, loss="half_squared_error").mistakes
    assert sum([x, w], Value(0.0)) > losses.batch_loss(model, [[0.0, 1.0]], [[1.0]], "mse")


def typos() -> None:
    """Each line is an error to a type checker: that is what is ignored, and an ignore without an error is one too."""
    x = Value(2.0, lable="x")  # type: ignore[call-arg]
    x.tanhh()  # type: ignore[attr-defined]
    x + "1"  # type: ignore[operator]
    print(x.gard)  # type: ignore[attr-defined]
    model = nn.MLP(2, [3, 1], activation="tanhh")  # type: ignore[arg-type]
    microbp.draw(x, theme="drak")  # type: ignore[arg-type]
    microbp.draw(x, level="neurons")  # type: ignore[arg-type]
    microbp.animate(x, dirction="TB")  # type: ignore[call-arg]
    microbp.steps(x, detail="nodes")  # type: ignore[arg-type]
    microbp.compare(model, [[0.0, 1.0]], [[1.0]], loss="binary_crossentropy")  # type: ignore[arg-type]
    microbp.train(microbp.load("xor"), optimiser="adam")  # type: ignore[call-arg]
    microbp.gradcheck(x, method="complx")  # type: ignore[arg-type]
    microbp.grade_all()  # type: ignore[attr-defined]
