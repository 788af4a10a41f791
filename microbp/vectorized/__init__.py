"""Backpropagation derived by hand, in matrix form, with NumPy alone.

It shares no code with the rest of microbp: the scalar graph is checked against it. A network from many textbooks:

>>> W, b = [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]], [[0.35, 0.35], [0.60, 0.60]]
>>> names = {"activation": "sigmoid", "output": "sigmoid", "loss": "half_squared_error"}
>>> loss, dW, db = loss_and_gradients(W, b, [[0.05, 0.10]], [[0.01, 0.99]], **names)
>>> print(f"{loss:.9f}, ∂/∂w5 = {dW[1][0, 0]:.9f}, ∂/∂w1 = {dW[0][0, 0]:.9f}")
0.298371109, ∂/∂w5 = 0.082167041, ∂/∂w1 = 0.000438568

The derivation. A batch has one sample per row. With a0 = X, layer l = 1 … L computes the net
zl = a(l−1) @ Wlᵀ + bl and the activation al = f(zl). Let δl = ∂loss/∂zl, one row per sample. By the chain rule:

    δL  = ∂loss/∂aL ⊙ f′(zL)          since f acts on each entry by itself (⊙ multiplies entry by entry); but of a
                                      softmax aL ⊙ (∂loss/∂aL − Σ ∂loss/∂aL ⊙ aL), the sum over a row's outputs
    δl  = (δ(l+1) @ W(l+1)) ⊙ f′(zl)  since al[i,k] enters z(l+1)[i,j] with the factor W(l+1)[j,k], for every j
    dWl = δlᵀ @ a(l−1)                since Wl[j,k] enters zl[i,j] with the factor a(l−1)[i,k], for every row i
    dbl = column sums of δl           since bl[j] enters zl[i,j] with the factor 1, for every row i

An L2 penalty λ/(2m)·ΣW² adds (λ/m)·Wl to dWl.
"""

from microbp.vectorized.functions import ACTIVATIONS, LOSSES, LOSSES_OF_NET, OUTPUTS, SMALLEST_PROBABILITY, softmax
from microbp.vectorized.passes import deltas, forward, loss_and_gradients

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "LOSSES_OF_NET",
    "OUTPUTS",
    "SMALLEST_PROBABILITY",
    "deltas",
    "forward",
    "loss_and_gradients",
    "softmax",
]
