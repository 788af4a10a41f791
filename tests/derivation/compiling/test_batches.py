"""Batches of a compiled function, here and in other processes: the same sums, to the last bit."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from microbp import Value, nn, total
from microbp.derivation.compiling import compile
from microbp.errors import ShapeError
from tests.derivation.compiling.test_matrices import named


def compiled(reduce):
    """A function of a small network with a gradient for each sample's inputs too, and arguments for it."""
    model = nn.MLP(3, [4, 2], activation="tanh", seed=0)
    x, y, arrays = named((3,), "x"), named((2,), "y"), model.parameter_arrays()
    root = total([(a - t) ** 2 for a, t in zip(model(list(x)), y, strict=True)])
    f = compile(root, [x, y, *arrays], [x, *arrays], target="numpy", batch=(0, 1), reduce=reduce)
    draw = np.random.default_rng(0).normal
    return f, [draw(size=(10, 3)), draw(size=(10, 2)), *(draw(size=a.shape) for a in arrays)]


@pytest.mark.parametrize("reduce", ["sum", "mean", None])
def test_batches_give_what_the_function_gives_at_once(reduce):
    f, arguments = compiled(reduce)
    (value, grads), (expected, truth) = f.map_batches(*arguments, rows=3), f(*arguments)
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    for mine, right in zip(grads, truth, strict=True):
        np.testing.assert_allclose(mine, right, rtol=1e-12, atol=1e-14)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_the_order_of_the_sums_is_fixed_whoever_computes_them(kind):
    f, arguments = compiled("sum")
    value, grads = f.map_batches(*arguments, rows=1)
    with kind(2) as pool:
        for _ in range(3):
            again, found = f.map_batches(*arguments, rows=1, executor=pool)
            assert again == value
            assert all(np.array_equal(a, b) for a, b in zip(found, grads, strict=True))


def test_what_has_no_samples_is_refused():
    f, arguments = compiled("sum")
    for said, wrong in (("got 4, 10", [arguments[0], arguments[1][:4]]), ("got 0", [a[:0] for a in arguments[:2]])):
        with pytest.raises(ShapeError, match=f"map_batches needs the same number of samples.*{said}"):
            f.map_batches(*wrong, *arguments[2:], rows=3)
    for rows in (0, -1, 2.5, 3.0, "3", None):
        with pytest.raises(ShapeError, match=r"map_batches needs rows.* got"):
            f.map_batches(*arguments, rows=rows)
    x = Value(1.0, "x")
    assert not hasattr(compile(x * x, [x], target="numpy"), "map_batches")
