"""Steps of gradient descent, where nobody returns a gradient."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import microbp

X, Y = np.array([[0.5, -1.0], [2.0, 0.3], [-0.7, 0.9]]), np.array([[1.0], [0.0], [1.0]])
W, V = np.array([[0.3, -0.6, 0.8], [0.9, 0.2, -0.4]]), np.array([[0.5], [-0.7], [0.6]])


def forward(W: Any, V: Any) -> Any:
    return ((np.tanh(X.dot(W)).dot(V) - Y) ** 2).mean()


def deltas(W: Any, V: Any, slope: Callable[[Any], Any]) -> tuple[Any, Any]:
    h = np.tanh(X.dot(W))
    d = h.dot(V) - Y
    return X.T.dot(d.dot(V.T) * slope(h)), h.T.dot(d)


def in_place(W: Any, V: Any, slope: Any) -> None:
    dW, dV = deltas(W, V, slope)
    W -= 0.1 * dW
    V -= 0.1 * dV


def upwards(W: Any, V: Any, slope: Any) -> None:
    dW, dV = deltas(W, V, slope)
    W += 0.1 * dW
    V += 0.1 * dV


def returned(W: Any, V: Any, slope: Any, learning_rate: float = 1e-4) -> Any:
    dW, dV = deltas(W, V, slope)
    W = W - learning_rate * dW
    V = V - learning_rate * dV
    return W, V


class Net:
    def step(self, slope: Any) -> None:
        dW, dV = deltas(self.W, self.V, slope)
        self.W = self.W - 0.5 * dW
        self.V = self.V - 0.5 * dV


def of_a_class(W: Any, V: Any, slope: Any) -> Any:
    net = Net()
    net.W, net.V = W, V
    net.step(slope)
    return vars(net)


def in_a_dict(params: dict[str, Any], slope: Any) -> dict[str, Any]:
    for name, d in zip("WV", deltas(params["W"], params["V"], slope), strict=True):
        params[name] = params[name] - 0.2 * d
    return params


def with_the_loss(W: Any, V: Any, slope: Any) -> Any:
    loss = forward(W, V)
    in_place(W, V, slope)
    return loss, W, V


def passes() -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    for step in (in_place, returned, of_a_class, upwards):
        yield forward, step, {"W": W, "V": V}
    yield lambda params: forward(**params), in_a_dict, {"params": {"W": W, "V": V}}
    yield with_the_loss, None, {"W": W, "V": V}


@pytest.mark.parametrize("parts", [*passes()], ids=lambda parts: getattr(parts[1], "__name__", "alone"))
def test_a_step_is_read_as_the_gradients_it_was_made_of(parts: Any) -> None:
    run, step, arrays = parts

    def check(slope: Any) -> Any:
        return microbp.check(run, *([step] if step else []), **arrays, slope=slope)

    # forward ignores the slope: it is an argument of the step only
    right = check(lambda h: 1 - h**2)
    if step is upwards:
        assert not right.ok
        assert "up this loss" in str(right)
    else:
        assert right.ok, right
    assert "divided by its rate" in str(right)
    assert [line.verdict for line in check(lambda h: 1.0).lines if line.name == "W"] == ["wrong"]
    assert [line.causes[0] for line in check(lambda h: 0.0 * h).lines if line.name == "W"] == ["zero"]


def test_plain_numbers_times_an_array_of_values_keep_its_functions() -> None:
    grey = microbp.array(-np.ones((2, 1)), "w")
    made = np.maximum(np.ones((3, 2)).dot(grey), 0)  # Python's max would give the number 0
    assert made.shape == (3, 1)
    assert not made.data.any()


def named_as_the_arrays(W: Any, V: Any, slope: Any) -> dict[str, Any]:
    """Gradients, in code that makes steps too."""
    after = W.copy(), V.copy()
    in_place(*after, slope)
    return {"W": (W - after[0]) / 0.1, "V": (V - after[1]) / 0.1}


def test_a_gradient_that_is_called_as_its_array_is_no_step() -> None:
    found = microbp.check(forward, named_as_the_arrays, W=W, V=V, slope=lambda h: 1 - h**2)
    assert not [note for note in found.notes if "divided by its rate" in note]
