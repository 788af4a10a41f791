"""The matrix form found again: the graph's numbers for each sample, and source that reads as a textbook."""

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import microbp
from microbp import Value, nn, total
from microbp.derivation.compiling import compile
from microbp.errors import GraphError, ShapeError, UnknownNameError
from tests import cases, examples
from tests.derivation.compiling.test_scalar import eager, ruffed
from tests.graphs import graphs

TOLERANCE = 1e-12


def close(a, b):
    scale = max(1.0, np.abs(b).max(initial=0.0))
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE * scale)


def one_by_one(root, entries, batch, numbers):
    """Value and gradients of each sample, by the graph itself."""
    leaves = [leaf for entry in entries for leaf in np.array(entry, dtype=object).flat]
    found = []
    for i in range(len(numbers[batch[0]])):
        row = [x[i] if k in batch else x for k, x in enumerate(numbers)]
        value, grads = eager(root, leaves, np.concatenate([np.ravel(x) for x in row]).tolist())
        ends = np.cumsum([np.size(x) for x in row])[:-1]
        shaped = [g.reshape(np.shape(x)) for g, x in zip(np.split(np.array(grads), ends), row, strict=True)]
        found.append((value, shaped))
    return np.array([value for value, _ in found]), [np.array(g) for g in zip(*(g for _, g in found), strict=True)]


def check(root, entries, batch, numbers):
    """All ways to reduce, against the graph sample by sample."""
    values, grads = one_by_one(root, entries, batch, numbers)
    for reduce, over, readable in (
        ("sum", np.sum, False),
        ("sum", np.sum, True),
        ("mean", np.mean, True),
        (None, None, True),
    ):
        f = compile(root, entries, target="numpy", batch=batch, reduce=reduce, readable=readable)
        value, found = f(*numbers)
        assert close(value, over(values) if over else values)
        for k, (mine, truth) in enumerate(zip(found, grads, strict=True)):
            factor = 1 / len(values) if reduce == "mean" else 1.0
            expected = truth * factor if k in batch or over is None else over(truth, axis=0)
            assert close(np.asarray(mine), expected), (k, reduce, f.source)
    return f


def named(shape, label):
    """Values in an object array, labelled as nn does."""
    found = np.empty(shape, dtype=object)
    for at in np.ndindex(*shape):
        found[at] = Value(0.1, f"{label}[{','.join(map(str, at))}]")
    return found


def network(rng, form):
    """A random network and a loss over values, written in one of the three ways, and its entries."""
    sizes = [rng.randint(1, 5) for _ in range(rng.randint(2, 4))]
    activations = [rng.choice([f for f in nn.ACTIVATIONS if f != "linear"]) for _ in sizes[1:]]
    x, y = named(sizes[:1], "x"), named(sizes[-1:], "y")
    if form == "nn":
        model = nn.MLP(sizes[0], sizes[1:], activation=activations[:-1], output=activations[-1], seed=0)
        entries = [x, y, *model.parameter_arrays()]
        out = model(list(x))
        out = out if isinstance(out, list) else [out]
    else:
        entries, out = [x, y], x
        for l, (n, m, f) in enumerate(zip(sizes, sizes[1:], activations, strict=False), 1):
            W, b = named((m, n), f"w[{l}]"), named((m,), f"b[{l}]")
            entries += [W, b]
            if form == "arrays":
                out = np.array([getattr(z, f)() for z in W @ out + b], dtype=object)
            else:
                out = [
                    getattr(sum((w * v for w, v in zip(row, out, strict=True)), 0) + c, f)()
                    for row, c in zip(W, b, strict=True)
                ]
    kind = rng.choice(["half", "mean", "hinge"])
    if kind == "hinge":
        return total([(1 - t * o).relu() for o, t in zip(out, y, strict=True)]), entries
    root = total([0.5 * (t - o) ** 2 for o, t in zip(out, y, strict=True)])
    return (root if kind == "half" else root / len(y)), entries


def numbers_for(rng, entries, batch, m):
    draw = np.random.default_rng(rng.randint(0, 2**32)).normal
    return [
        draw(size=((m,) if k in batch else ()) + np.shape(np.array(e, dtype=object))) for k, e in enumerate(entries)
    ]


@pytest.mark.parametrize("form", ["nn", "plain", "arrays"])
@pytest.mark.parametrize("seed", range(cases(12)))
def test_random_networks_in_three_forms(seed, form):
    rng = random.Random(seed)
    root, entries = network(rng, form)
    f = check(root, entries, (0, 1), numbers_for(rng, entries, (0, 1), rng.randint(1, 4)))
    assert f.source.count(" @ W") >= len(entries) // 2 - 1
    assert "np.stack" not in f.source
    assert not ruffed(f.source)


def test_without_readable_what_is_used_once_has_no_line_of_its_own():
    model = nn.MLP(3, [4, 2], activation="tanh", output="sigmoid", seed=0)
    x = named((3,), "x")
    arrays = model.parameter_arrays()
    f = compile(total(model(list(x))), [x, *arrays], arrays, target="numpy", batch=[0], readable=False)
    assert "A1 = np.tanh(X @ W1.T + b1)" in f.source
    assert "dA1" not in f.source
    soft = nn.MLP(3, [4, 2], activation="softplus", seed=0)  # in whose formula a net stands twice
    arrays = soft.parameter_arrays()
    f = compile(total(soft(list(x))), [x, *arrays], arrays, target="numpy", batch=[0], readable=False)
    assert f.source.count("X @ W1.T") == 1


def test_without_readable_a_sum_of_squares_needs_no_array_of_them():
    x, w, t = (named((3,), name) for name in "xwt")

    def made(root, **options):
        return compile(root, [x, w, t], [w], target="numpy", batch=[0, 2], readable=False, **options)

    errors = [a * b - c for a, b, c in zip(x, w, t, strict=True)]
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=(5, 3))
    squares = float(np.sum((numbers[0] * numbers[1] - numbers[2]) ** 2))
    for root, line, value in (
        (total([0.5 * e**2 for e in errors]), "= 0.5 * np.vdot(v1, v1) ", 0.5 * squares),
        (total([e**2 for e in errors]), "= np.vdot(v1, v1) ", squares),
    ):
        assert line in made(root).source
        assert float(made(root)(*numbers)[0]) == pytest.approx(value, rel=1e-12)
        assert "vdot" not in made(root, xp=np).source
    assert float(made(total([0.5 * e**2 for e in errors]), reduce="mean")(*numbers)[0]) == pytest.approx(squares / 10)


@settings(examples(120), phases=[Phase.generate])
@given(graphs(), st.integers(0, 2**32))
def test_random_graphs_without_structure(built, seed):
    root, leaves = built
    rng = random.Random(seed)
    numbers = [leaf.data for leaf in leaves]
    value, grads = eager(root, leaves, numbers)
    f = compile(root, leaves, target="numpy")
    found, mine = f(*map(np.float64, numbers))
    assert close(found, value)
    assert close(np.array([float(g) for g in mine]), np.array(grads))
    whole = compile(root, [leaves], target="numpy")
    found, (mine,) = whole(np.array(numbers))
    assert close(found, value)
    assert close(mine, np.array(grads))
    if len(leaves) > 1 and any(leaf in root.graph() for leaf in leaves[:1]):
        near = [np.array([x, x + rng.uniform(-1e-3, 1e-3)]) if k == 0 else x for k, x in enumerate(numbers)]
        check(root, leaves, (0,), near)


@pytest.mark.parametrize("seed", range(8))
def test_a_penalty_is_part_of_every_sample(seed):
    rng = random.Random(seed)
    root, entries = network(rng, "nn")
    root = root + total([w**2 for e in entries[2::2] for w in e.flat]) * 0.05
    check(root, entries, (0, 1), numbers_for(rng, entries, (0, 1), 3))


def test_scalar_arguments_are_put_side_by_side():
    problem = microbp.load("w1-w8")
    out = problem.model([Value(0.05, "i1"), Value(0.1, "i2")])
    inputs = [v for v in out[0].graph() if v.label in ("i1", "i2")]
    t = [Value(0.01, "t1"), Value(0.99, "t2")]
    root = total([0.5 * (b - a) ** 2 for a, b in zip(out, t, strict=True)])
    entries = [*inputs, *t, *problem.leaves()]
    rng = random.Random(0)
    f = check(root, entries, (0, 1, 2, 3), numbers_for(rng, entries, (0, 1, 2, 3), 3))
    assert Counter(f.source.split())["@"] >= 4


def test_attention_has_weights_that_are_no_leaves():
    rng = random.Random(1)
    x, W, V = named((3,), "x"), named((3, 3), "w"), named((3, 3), "v")
    q, k = W @ x, V @ x
    root = (q * k).sum().exp() * q[0]
    check(root, [x, W, V], (0,), numbers_for(rng, [x, W, V], (0,), 3))


def test_a_transposed_and_a_shared_matrix():
    rng = random.Random(2)
    x, W = named((3,), "x"), named((3, 3), "w")
    root = np.sum(np.tanh(W.T @ np.tanh(W @ x)))
    f = check(root, [x, W], (0,), numbers_for(rng, [x, W], (0,), 3))
    assert " @ W\n" in f.source or " @ W " in f.source


def test_a_matrix_that_looks_like_its_transpose_is_told_from_it():
    x, w, c = named((3,), "x"), named((3, 1), "w"), Value(0.5, "c")
    entries = [x, w, c]
    numbers = [np.arange(6.0).reshape(2, 3), np.array([[1.0], [-2.0], [3.0]]), 0.5]
    check((x @ w)[0].tanh() + c * total([v**2 for v in w.flat]), entries, [0], numbers)
    check(c * total([v**2 for v in w.flat]) + (w.T @ x)[0].tanh(), entries, [0], numbers)


def test_what_is_made_twice_of_one_element_has_two_elements_and_a_product_an_axis_whatever_is_added():
    x, w, u, c = named((2,), "x"), named((2, 2), "w"), named((4, 2), "u"), Value(0.5, "c")
    rng = np.random.default_rng(0)
    numbers = [rng.normal(size=shape) for shape in ((3, 2), (2, 2), (4, 2), ())]
    once, again = (w[0, 1] * c - x[1] for _ in range(2))
    check(once * again + total(np.tanh(u @ x + w.ravel()).tolist()), [x, w, u, c], [0], numbers)


def test_a_matrix_beside_its_transpose_has_both_gradients():
    x, w = named((3,), "x"), named((3, 3), "w")
    numbers = [np.arange(6.0).reshape(2, 3), np.arange(9.0).reshape(3, 3) / 9]
    for both in (w * w.T, np.tanh(w.T) - w, w.T.ravel()[:6] * w.ravel()[3:]):
        check(np.sum(np.tanh(both)) * x[0].tanh(), [x, w], [0], numbers)


def test_a_root_that_is_a_leaf_has_a_gradient():
    x, w = Value(1.0, "x"), Value(2.0, "w")
    for reduce, value, slope in (("sum", 5.0, [1.0, 1.0]), ("mean", 2.5, [0.5, 0.5]), (None, [2.0, 3.0], [1.0, 1.0])):
        found, (dx, dw) = compile(x, [x, w], target="numpy", batch=[0], reduce=reduce)(np.array([2.0, 3.0]), 4.0)
        np.testing.assert_array_equal(found, value)
        np.testing.assert_array_equal(dx, slope)
        assert not np.any(dw)


def test_a_gradient_that_is_one_number_is_an_array_in_any_shapes_asked_for():
    x, w = named((2,), "x"), named((2, 2), "w")
    for reduce, shape in ((None, (3, 2)), ("sum", (2,))):
        f = compile(x[0] + total(w.ravel()), [x, w], [w.ravel()[[2, 1]]], target="numpy", batch=[0], reduce=reduce)
        np.testing.assert_array_equal(f(np.ones((3, 2)), np.ones((2, 2)))[1][0], np.full(shape, 3.0 if reduce else 1.0))


@pytest.mark.parametrize("reduce", ["sum", "mean", None])
def test_results_are_arrays_of_their_own(reduce):
    x, w, b = named((3,), "x"), named((2, 3), "w[1]"), named((2,), "b[1]")
    c = Value(0.5, "c")
    root = total(np.tanh(w @ x + b)) + c * total(w.ravel()) + 2.0 * total(b)
    f = compile(root, [x, w, b, c], target="numpy", batch=[0], reduce=reduce)
    numbers = [np.ones((2, 3)), np.ones((2, 3)), np.ones(2), 0.5]
    first = f(*numbers)[1]
    kept = [np.array(grad) for grad in first]
    for grad in f(*numbers)[1]:
        grad *= 0.0  # an array that may be written to, and is nobody else's
    for grad, before in zip(first, kept, strict=True):
        np.testing.assert_array_equal(grad, before)


def test_a_single_output_has_no_loss_for_each_element():
    x, y, w = named((2,), "x"), Value(0.5, "y"), named((1, 2), "w[1]")
    source = compile(0.5 * ((w @ x)[0].tanh() - y) ** 2, [x, y, w], target="numpy", batch=[0, 1], reduce="mean").source
    assert "return np.mean(loss)" in source
    assert "np.zeros" not in source


def test_a_recurrent_network():
    rng = random.Random(3)
    xs, W, U, b = [named((2,), f"x{t}") for t in range(3)], named((3, 2), "w"), named((3, 3), "u"), named((3,), "b")
    h = np.array([Value(0.0)] * 3)
    for x in xs:
        h = np.tanh(W @ x + U @ h + b)
    f = check(np.sum(h), [*xs, W, U, b], (0, 1, 2), numbers_for(rng, [*xs, W, U, b], (0, 1, 2), 4))
    assert "np.stack" not in f.source


def test_without_a_batch_it_is_one_sample():
    rng = random.Random(4)
    root, entries = network(rng, "nn")
    numbers = numbers_for(rng, entries, (), 1)
    leaves = [leaf for e in entries for leaf in e.flat]
    value, grads = eager(root, leaves, np.concatenate([np.ravel(x) for x in numbers]).tolist())
    found, mine = compile(root, entries, target="numpy")(*numbers)
    assert close(found, value)
    assert close(np.concatenate([np.ravel(g) for g in mine]), np.array(grads))


@pytest.mark.parametrize("give", [float, int, np.float32, np.asarray, lambda x: [x][0]])
def test_a_number_of_python_is_taken_as_arrays_are(give):
    x, y = Value(2.0, "x"), Value(3.0, "y")
    f = compile((x**0.5 + (x - y) ** y) / y, [x, y], target="numpy")
    with np.errstate(all="ignore"):
        value, (dx, dy) = f(give(-4), give(0))
        assert np.isnan([value, dx, dy]).all()
        assert f(give(4), give(0))[0] == np.inf
        assert f(give(4), give(2))[0] == 3.0


def test_another_namespace_of_arrays():
    class Counting:
        def __init__(self):
            self.calls = Counter()

        def __getattr__(self, name):
            self.calls[name] += 1
            return getattr(np, name)

    xp = Counting()
    x = named((2,), "x")
    f = compile(np.sum(np.tanh(x)), [x], target="numpy", xp=xp)
    xp.calls.clear()
    f(np.array([1.0, 2.0]))
    assert xp.calls["tanh"] == 1


def test_a_namespace_that_cannot_do_what_stands_in_the_source_is_refused_when_compiling():
    class Unchangeable:
        __name__ = "unchangeable"
        add = None

        def __getattr__(self, name):
            return getattr(np, name)

        def zeros(self, shape):
            return tuple(np.zeros(shape))

    x = named((3,), "x")
    for root, said in ((x[0] * x[1], "item assignment"), (np.sum(np.tanh(x[[0, 0, 2, 1]])), "no attribute 'at'")):
        with pytest.raises(GraphError, match=f"the arrays of unchangeable cannot do what stands in .*{said}"):
            compile(root, [x], target="numpy", xp=Unchangeable())


def test_a_namespace_whose_maximum_takes_no_number():
    class Strict:
        def __getattr__(self, name):
            return getattr(np, name)

        def maximum(self, x, y):
            return np.maximum(x, y) if isinstance(y, np.ndarray) else pytest.fail("maximum() takes arrays")

        def vdot(self, x, y):
            return np.vdot(x, y) if x.ndim == 1 else pytest.fail("vdot() takes vectors")

    x = named((3,), "x")
    squares = compile(total([v**2 for v in x]), [x], target="numpy", batch=[0], readable=False, xp=Strict())
    assert squares(np.ones((2, 3)))[0] == 6.0
    f = compile(total([np.maximum(0.0, v) for v in x]), [x], target="numpy", xp=Strict())
    value, (dx,) = f(np.array([-1.0, 0.0, 2.0]))
    assert (value, dx.tolist()) == (2.0, [0.0, 0.5, 1.0])
    assert np.isnan(f(np.array([np.nan, 1.0, 1.0]))[0])


@pytest.mark.parametrize("label", ["m", "np", "c1", "i1", "v1", "d1", "_erf", "math", "loss"])
def test_labels_that_the_source_has_another_use_for(label):
    x, w, c = named((2,), label), named((3, 2), "w"), Value(0.5, label)
    z = w @ x
    for net in z:
        net.label = label
    root = total([net.gelu() * c + 0.5 * net**2 for net in z])
    root.label = label
    rng = np.random.default_rng(0)
    check(root, [x, w, c], [0], [rng.normal(size=(4, 2)), rng.normal(size=(3, 2)), 0.25])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({0: np.ones(2)}, r"X needs the shape \(2, 2\), got \(2,\)"),
        ({0: np.ones((4, 2))}, r"Y needs the shape \(4, 1\), got \(5, 1\)"),
        ({1: np.ones((1, 1))}, r"Y needs the shape \(5, 1\), got \(1, 1\)"),
        ({2: np.ones((1, 2))}, r"W1 needs the shape \(3, 2\), got \(1, 2\)"),
        ({2: [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]}, r"W1 needs the shape \(3, 2\), got \(2, 3\)"),
        ({4: 0.5}, r"W2 needs the shape \(1, 3\), got \(\)"),
    ],
)
def test_an_argument_of_another_shape_is_no_other_number(change, said):
    model = nn.MLP(2, [3, 1], activation="tanh", seed=0)
    x, y = named((2,), "x"), named((1,), "y")
    arrays = model.parameter_arrays()
    f = compile((model(list(x)) - y[0]) ** 2, [x, y, *arrays], arrays, target="numpy", batch=(0, 1))
    numbers = [np.ones((5, 2)), np.ones((5, 1)), *(np.full(a.shape, 0.25) for a in arrays)]
    value, grads = f(*numbers)
    again, lists = f(*(x.tolist() for x in numbers))
    assert value == again
    for a, b in zip(grads, lists, strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ShapeError, match=said):
        f(*(change.get(k, x) for k, x in enumerate(numbers)))
    with pytest.raises(TypeError, match="missing 1 required"):
        f(*numbers[:-1])


@pytest.mark.parametrize("batch", [0, True, (0, 9), (-1,), ("x",)])
def test_a_batch_is_places_of_arguments(batch):
    x = Value(1.0, "x")
    with pytest.raises(GraphError, match=r"places of arguments in inputs, as in batch=\(0, 1\)"):
        compile(x * x, [x], target="numpy", batch=batch)


def test_what_the_matrix_form_cannot_do_is_refused():
    x, w = Value(1.0, "x"), Value(2.0, "w")
    with pytest.raises(GraphError, match="no loop"):
        compile(x * w, [x, w], target="numpy", loop=True)
    with pytest.raises(GraphError, match="same for every sample"):
        compile(w * 2, [x, w], target="numpy", batch=(0,))
    with pytest.raises(UnknownNameError, match="reduce"):
        compile(x * w, [x, w], target="numpy", reduce="max")
    with pytest.raises(GraphError, match="are for the target"):
        compile(x * w, [x, w], batch=(0,))
