"""Arrays of values: NumPy's functions give NumPy's numbers, and gradients that differences confirm."""

import numpy as np
import pytest

import microbp
from microbp import Value, array, grads, values
from microbp.engine.arrays.recording import MOST_TERMS, recording
from microbp.errors import GraphError, OperandError, ShapeError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 4))
Y = RNG.normal(size=(4, 3))
P = np.abs(X) + 0.5
INDEX = np.array([2, 0, 2])

FUNCTIONS = {
    "matmul": lambda x: x @ Y,
    "dot": lambda x: np.dot(x, Y),
    "dot of rows": lambda x: x[0].dot(x[1]),
    "einsum": lambda x: np.einsum("ij,jk->ki", x, Y),
    "einsum of three": lambda x: np.einsum("ij,kj,ki->", x, x, np.ones((3, 3))),
    "einsum trace": lambda x: np.einsum("ii", x[:, :3]),
    "einsum dots": lambda x: np.einsum("...j,jk", x, Y),
    "outer": lambda x: np.outer(x[0], x[1]),
    "inner": lambda x: np.inner(x, Y.T),
    "tensordot": lambda x: np.tensordot(x, Y, axes=([0, 1], [1, 0])),
    "stacks of matrices": lambda x: x.reshape(1, 3, 4) @ np.stack([Y, Y + 1]),
    "sum": lambda x: x.sum(axis=1, keepdims=True),
    "sum where": lambda x: np.sum(x, where=X > 0),
    "mean": lambda x: x.mean(axis=0),
    "max": lambda x: np.max(x, axis=1),
    "min": lambda x: x.min(),
    "var": lambda x: x.var(axis=0, ddof=1),
    "std": lambda x: np.std(x, axis=1, keepdims=True),
    "prod": lambda x: np.prod(x, axis=0),
    "cumsum": lambda x: np.cumsum(x, axis=1),
    "cumprod": lambda x: x.cumprod(axis=0),
    "clip": lambda x: np.clip(x, -0.5, 0.5),
    "where": lambda x: np.where(x > 0, x, 0.1 * x),
    "maximum": lambda x: np.maximum(0, x),
    "minimum": lambda x: np.minimum(x, x[::-1]),
    "exp": np.exp,
    "tanh": np.tanh,
    "abs": np.abs,
    "square": np.square,
    "reciprocal": np.reciprocal,
    "logaddexp": lambda x: np.logaddexp(x, 1.0),
    "hypot": lambda x: np.hypot(x, 2.0),
    "arctan": np.arctan,
    "sinh": np.sinh,
    "exp2": np.exp2,
    "norm": lambda x: np.linalg.norm(x, axis=1),
    "norm of all": lambda x: np.linalg.norm(x),
    "concatenate": lambda x: np.concatenate([x, 2 * x], axis=1),
    "stack": lambda x: np.stack([x[0], x[1] ** 2]),
    "split": lambda x: np.split(x, 2, axis=1)[1],
    "pad": lambda x: np.pad(x, ((1, 0), (0, 2))),
    "reshape": lambda x: x.reshape(2, -1) * np.arange(6),
    "transpose": lambda x: x.T * np.arange(3),
    "take": lambda x: np.take(x, INDEX, axis=0),
    "take_along_axis": lambda x: np.take_along_axis(x, np.argmax(x, axis=1)[:, None], axis=1),
    "one-hot": lambda x: np.eye(3)[INDEX] @ x,
    "fancy": lambda x: x[np.arange(3), INDEX],
    "mask": lambda x: x[x > 0],
    "newaxis": lambda x: x[:, None, :] - x[None],
    "windows": lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 2)),
    "diff": lambda x: np.diff(x, axis=1),
    "tril": lambda x: np.tril(x),
    "average": lambda x: np.average(x, axis=0, weights=np.array([1.0, 2.0, 3.0])),
    "repeat": lambda x: np.repeat(x, 2, axis=0) * np.arange(6)[:, None],
    "roll": lambda x: np.roll(x, 1, axis=1) * x,
    "rows": lambda x: sum(row * k for k, row in enumerate(x)),
    "power": lambda x: 2.0**x,
    "astype": lambda x: x.astype(float) * 2,
    "trace": lambda x: np.trace(x[:, :3]),
}
POSITIVE = {
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "power of values": lambda x: x**x,
    "std of positive": lambda x: (x / x.sum()).std(),
}


@pytest.mark.parametrize("name", [*FUNCTIONS, *POSITIVE])
def test_functions_give_numpys_numbers_and_right_gradients(name):
    function, x = (FUNCTIONS[name], X) if name in FUNCTIONS else (POSITIVE[name], P)
    made, expected = function(array(x, "x")), function(x)
    assert np.shape(made) == np.shape(expected)
    np.testing.assert_allclose(values(made), expected, rtol=1e-13, atol=1e-15)
    weights = RNG.normal(size=np.shape(expected))
    leaf = array(x, "x")
    loss = np.sum(weights * function(leaf))
    loss.backward()
    direction, h = RNG.normal(size=x.shape), 1e-6
    slope = sum(s * np.sum(weights * function(x + s * h * direction)) for s in (1, -1)) / (2 * h)
    assert float((leaf.grad * direction).sum()) == pytest.approx(slope, rel=1e-6, abs=1e-8)


def test_functions_of_scipy_work_on_values_while_a_pass_is_recorded():
    special = pytest.importorskip("scipy.special")

    def forward(x):
        parts = [
            special.logsumexp(x, axis=1, b=2.0),
            special.softmax(x, axis=-1)[:, 0],
            special.log_softmax(x, 1)[:, 1],
        ]
        p = special.expit(x)
        one_by_one = [special.xlogy(p, x**2), special.xlog1py(p, p), special.entr(p), special.rel_entr(p, 0.3)]
        one_by_one += [special.logit(p), special.log_expit(x), special.ndtr(x), special.erfc(x)]
        return sum((k + 1) * part.sum() for k, part in enumerate(parts + one_by_one))

    trace = microbp.trace(forward, x=X)
    step = 1e-6 * RNG.normal(size=X.shape)
    assert trace.loss.data == pytest.approx(forward(X), rel=1e-14, abs=0)
    assert (trace["x"].gradient * step).sum() == pytest.approx((forward(X + step) - forward(X - step)) / 2, rel=1e-6)


def test_leaves_are_named_and_read_and_set_as_arrays():
    W = array([[1, 2], [3, 4]], "W")
    assert W.flat[2].label == "W[1,0]"
    assert array(2.0, "b").label == "b"
    (W**2).sum().backward()
    np.testing.assert_array_equal(W.grad, 2 * W.data)
    np.testing.assert_array_equal(grads(W), W.grad)
    W.data -= 0.5 * W.grad
    np.testing.assert_array_equal(W.data, np.zeros((2, 2)))
    W.grad = None
    assert not W.grad.any()
    assert "0." in repr(W)


def test_what_is_handed_on_is_a_node_of_its_own():
    W = array(X, "W")
    assert W[1, 0] is not W.flat[4]
    assert W[1, 0].op.name == "identity"
    assert W.T[0, 1].inputs[0].op.name == "identity"


def test_a_product_of_matrices_makes_one_node_an_entry():
    with recording() as record:
        array(X) @ Y
    (product,) = (group for group in record.groups if group.op == "dot")
    assert {node.op.name for node in product.array.flat} == {"dot4"}
    assert record.terms == X.shape[0] * Y.shape[1] * 2 * X.shape[1]


def test_writing_to_a_view_writes_to_what_it_is_a_view_of():
    with recording(test_zeros_are_filled_in_a_loop_while_a_pass_is_recorded_and_refused_with_advice_elsewhere):
        out = np.zeros((2, 3))
        row = out[1]
        row[0] = array([5.0]).sum()
        row[1:] += 2.0
        out.T[2, 0] = 7.0
        assert type(out).__name__ == "Array"
    np.testing.assert_array_equal(out.data, [[0, 0, 7], [5, 2, 2]])


def test_zeros_are_filled_in_a_loop_while_a_pass_is_recorded_and_refused_with_advice_elsewhere():
    def forward(x):
        out = np.zeros(2)
        for k in range(2):
            out[k] = x[k] ** 2
        np.add.at(out, [0, 0], x)
        return out.sum()

    trace = microbp.trace(forward, x=np.array([1.0, 3.0]))
    np.testing.assert_array_equal(trace["x"].gradient, [3.0, 7.0])
    assert np.zeros(2).dtype == float
    with pytest.raises(OperandError, match=r"\.data"):
        np.zeros(2)[0] = Value(1.0)


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda x: np.linalg.inv(x[:, :3]), OperandError, "not made for values"),
        (lambda x: np.fmod(x, 2), OperandError, r"x\.data"),
        (lambda x: x @ x, ShapeError, "as many columns"),
        (lambda x: np.linalg.norm(x, ord=3, axis=0), OperandError, "ord=3"),
        (lambda x: float(x[0, 0]), OperandError, r"\.data"),
        (lambda x: array(["a"]), OperandError, "real numbers"),
    ],
)
def test_what_cannot_work_says_what_to_write(make, error, said):
    with pytest.raises(error, match=said):
        make(array(X))


def test_a_pass_that_is_too_large_is_refused_with_the_limit():
    with pytest.raises(GraphError, match=f"{MOST_TERMS:,}"):
        microbp.trace(lambda x, w: ((x @ w) ** 2).sum(), x=np.ones((200, 200)), w=np.ones((200, 200)))


def test_numbers_are_formatted_and_taken_out_as_in_pytorch():
    v = Value(0.123456)
    assert f"{v:.3f}" == "0.123"
    assert v.item() == 0.123456
    assert microbp.trace(lambda x: {"loss": np.squeeze((x**2).sum()).item()}, x=np.ones(2)).loss.data == 2.0
    assert np.isnan(array([np.nan, 1.0])).tolist() == [True, False]
    assert (array([1.0, 2.0]) == 2.0).tolist() == [False, True]
    assert array([1.0, 2.0]).astype(int).tolist() == [1, 2]


def test_a_single_value_does_what_a_scalar_of_numpy_does():
    v = Value(2.0)
    for same in (v.sum(), v.mean(), v.copy(), v.astype(float), v.squeeze(), v.T, v.reshape(1)[0], v.ravel()[0]):
        v.grad = 0.0
        (3 * same).backward()
        assert (same.data, v.grad) == (2.0, 3.0)
    assert (v.shape, v.ndim, v.size, round(v, 1)) == ((), 0, 1, 2.0)


def test_a_value_has_the_dtype_of_floats_and_numpys_own_mean_keeps_it():
    v = Value(3.0)
    assert v.dtype == float
    assert np.issubdtype(v.dtype, np.floating)
    mean = np.array([Value(1.0), v]).mean()
    mean.backward()
    assert (mean.data, v.grad) == (2.0, 0.5)
