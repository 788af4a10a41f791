"""The causes that `check` can name: code, what it says, an example of the wrong line beside the right one.

>>> "missing-way" in CODES, Cause("sign", "the sign is wrong").code
(True, 'sign')
"""

from __future__ import annotations

from dataclasses import dataclass

CODES = {
    "zero": ("nothing was added to it", "dW = np.zeros_like(W), and no line fills it"),
    "not-finite": ("it is inf or nan", "dp = dlogp / p where p is 0"),
    "sign": ("right but for its sign", "dstd = (dxhat * c).sum(0) / std**2, without the minus"),
    "factor": ("right but for one factor", "dlogits = p - q, without / N"),
    "factor-along-axis": ("right but for a factor that varies along an axis", "dx = dy, without * gamma"),
    "transposed": ("right but for its axes", "dW = dz.T @ x for x.T @ dz"),
    "reshaped": ("right numbers in another order", "dy.reshape(-1, F) without moving F to the end first"),
    "not-summed": ("what was broadcast forwards is not summed backwards", "dgamma = dz * xhat"),
    "wrong-axis": ("summed along another axis", "db = dz.sum(axis=1) for axis=0"),
    "mean-for-sum": ("a mean in the place of a sum", "db = dz.mean(axis=0)"),
    "overwritten": ("of several contributions one is left", "dC[ix] = demb, or = in a loop for +="),
    "part-only": ("a part of an axis is left out, or alone there", "dWx of the last time step only"),
    "wrong-index": (
        "numbers stand at places that the forward pass did not pick",
        "dlogp[:, y] = -1 / n for dlogp[np.arange(n), y]",
    ),
    "off-by-one": ("shifted by one place", "dWh += hs[t].T @ dz for hs[t - 1]"),
    "missing-way": (
        "one of the ways the gradient comes back is missing",
        "dc = dxhat / std, without the way through var",
    ),
    "extra-way": (
        "a way back is followed that the forward pass does not have",
        "dx = (dxhat - dxhat.mean(0) - …) / std, where mean and std are running statistics",
    ),
    "counted-twice": ("one of the ways is counted twice", "dx = 2 * dy + …"),
    "way-sign": ("one of the ways has the wrong sign", "dh = dc - dmu / N"),
    "way-factor": ("one of the ways has a factor too many or too few", "dc = … + dvar * 2 * c, without / N"),
    "softmax-diagonal": ("softmax: the way through the sum of the exponentials is missing", "dS = dP * P * (1 - P)"),
    "derivative-left-out": ("the derivative of one operation is left out", "dz = da, without * (1 - a**2)"),
    "derivative-twice": ("the derivative of one operation is applied twice", "dz = da * (1 - a**2)**2"),
    "derivative-elsewhere": ("a derivative is taken at another point", "dz = da * (1 - z**2) for a"),
    "other-derivative": ("the derivative of another function", "dz = da * a * (1 - a) for tanh"),
    "other-power": ("a factor in another power", "dstd = … / std for / std**2"),
    "other-quantity": ("another array is used in place of the right one", "dgamma = (dz * c).sum(0) for xhat"),
    "upstream-left-out": ("the gradient from above is left out of the product", "dz = 1 - a**2, without da *"),
    "mask": ("the choice of a max, ReLU or where is left out or turned round", "dz = da, without * (z > 0)"),
    "two-slips": ("two of these at once", "without / N, and without the way through mu"),
    "unexplained": ("it is wrong, and no single slip that is known gives it", "dW = np.random.randn(*W.shape)"),
    "float32": ("right to single precision", "dW = dW.astype(np.float32)"),
}
"""Code: (what it says, an example)."""


@dataclass(frozen=True)
class Cause:
    """One thing that explains a wrong line: a code of `CODES`, and a sentence that names it in the learner's pass."""

    code: str
    text: str
    weight: float = 1.0
    """The smaller, the likelier."""
    site: int = -1
    """The operation of the forward pass that it is about, if any: lines with the same one share a slip."""
