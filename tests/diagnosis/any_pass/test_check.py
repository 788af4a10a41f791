"""What `check` and `trace` take, what they say, and the command."""

import json
from fractions import Fraction

import numpy as np
import pytest

import microbp
from microbp.diagnosis.any_pass.names import meant
from microbp.errors import MicrobpError, ProblemError
from microbp.terminal.cli import main
from tests import ROOT

RNG = np.random.default_rng(0)
x, w, b = RNG.normal(size=(5, 3)), RNG.normal(size=(3, 2)), RNG.normal(size=2)


def forward(x, w, b):
    z = x @ w + b
    a = np.maximum(z, 0)
    loss = 0.5 * (a**2).sum()
    return {"z": z, "a": a, "loss": loss}


def backward(x, w, b, z, a):
    dz = a * (z > 0)
    return {"a": a, "dz": dz, "grad_w": x.T @ dz, "b_grad": dz.sum(axis=0, keepdims=True), "dx": dz @ w.T}


def test_names_with_and_without_d_mean_the_same_and_axes_of_length_one_are_free():
    found = microbp.check(forward, backward, x=x, w=w, b=b)
    assert found.ok
    assert found.first is None
    assert [line.name for line in found.lines] == ["a", "z", "b", "w", "x"]
    assert {line.verdict for line in found.lines} == {"right"}


def test_arrays_that_come_back_beside_their_gradients_are_not_taken_for_these():
    found = microbp.check(
        lambda x, t: ((x - t) ** 2).sum(), lambda x, t: {"x": x, "t": t, "dx": 2 * (x - t)}, x=x, t=3 * x
    )
    assert found.ok
    assert [line.name for line in found.lines] == ["x"]
    assert not microbp.check(lambda x, t: ((x - t) ** 2).sum(), lambda x, t: {"x": x, "t": t}, x=x, t=3 * x).ok


def test_a_wrong_line_carries_to_those_below_which_are_not_accused():
    def wrong(x, w, z, a):
        dz = a * (z > 0) / 5
        return {"da": a, "dz": dz, "dw": x.T @ dz, "db": dz.sum(axis=0), "dx": dz @ w.T}

    found = microbp.check(forward, wrong, x=x, w=w, b=b)
    assert found.first == "z"
    assert [line.verdict for line in found.lines] == ["right", "wrong", "carried", "carried", "carried"]
    assert found["z"].causes[0] == "factor"
    assert "5 is the length of axis 0 of x" in found["z"].text
    assert str(found).startswith("1 of 5 lines is wrong. The first, in backward order, is the gradient of z:")
    assert json.loads(json.dumps(found.as_dict()))["first"] == "z"


def test_one_slip_that_several_lines_share_is_said_to_be_one():
    def forward(x, w):
        z = x @ w
        return (np.tanh(z) ** 2).sum(), z

    def backward(x, w, z):
        dz = 2 * np.tanh(z) * (1 - z**2)
        return {"dx": dz @ w.T, "dw": x.T @ dz}

    found = microbp.check(forward, backward, x=np.array([[0.5, -1.0]]), w=np.array([[0.3], [0.7]]))
    assert str(found).startswith("2 of 2 lines are wrong, all by one slip.")


def test_a_line_that_was_computed_past_a_wrong_one_is_right():
    def wrong(x, w, z, a):
        dz = a * (z > 0)
        return {"dz": 2 * dz, "dw": x.T @ dz}

    found = microbp.check(forward, wrong, x=x, w=w, b=b)
    assert [(line.name, line.verdict) for line in found.lines] == [("z", "wrong"), ("w", "right")]


def test_a_list_of_floats_is_an_array():
    assert microbp.check(forward, backward, x=x.tolist(), w=w, b=b.tolist()).ok


def test_numbers_instead_of_a_function_and_other_names():
    dz = forward(x, w, b)["a"]
    gradients = {"delta1": dz, "weights": x.T @ dz}
    found = microbp.check(forward, gradients=gradients, names={"delta1": "z", "weights": "w"}, x=x, w=w, b=b)
    assert found.ok
    with pytest.raises(ProblemError, match="one of the two"):
        microbp.check(forward, x=x, w=w, b=b)
    with pytest.raises(ProblemError, match="none of the gradients"):
        microbp.check(forward, gradients={"delta1": dz}, x=x, w=w, b=b)
    noted = microbp.check(forward, gradients={"delta1": dz, "dz": dz}, x=x, w=w, b=b)
    assert noted.notes == ("not compared: delta1; forward returns nothing with that name",)


def test_a_tuple_has_the_names_of_its_return():
    def with_tuple(x, w, b):
        z = x @ w + b
        loss = (z**2).sum()
        return loss, z

    def gradients(x, w, b, z):
        dz = 2 * z
        dw, db = x.T @ dz, dz.sum(0)
        return dz, dw, db

    assert [line.name for line in microbp.check(with_tuple, gradients, x=x, w=w, b=b).lines] == ["z", "b", "w"]


def test_a_leading_d_belongs_to_the_name_if_the_whole_name_is_a_quantity():
    def distances(p):
        dist = np.sqrt((p**2).sum(axis=1))
        dev = dist - dist.mean()
        return {"dist": dist, "dev": dev, "loss": (dev**2).sum()}

    def way_back(p, dist, dev):
        ddev = 2 * dev
        ddist = ddev - ddev.mean()
        return {"ddev": ddev, "dist": ddist, "dp": ddist[:, None] * p / dist[:, None]}

    found = microbp.check(distances, way_back, p=x)
    assert [line.name for line in found.lines] == ["dev", "dist", "p"]
    assert found.ok


def test_every_one_sided_answer_at_a_kink_is_right():
    def kinks(v):
        r, m, c = np.maximum(v, 0), v.max(axis=1), np.clip(v, 0, 1)
        return {"r": r, "m": m, "c": c, "loss": r.sum() + m.sum() + 2 * np.abs(v).sum() + c.sum()}

    v = np.array([[0.0, 0.0, -1.0], [2.0, 2.0, 2.0], [1.0, 0.0, 0.5]])
    relu0, relu1 = (v > 0) * 1.0, (v >= 0) * 1.0
    first = np.eye(3)[v.argmax(axis=1)]
    ties = v == v.max(axis=1, keepdims=True)
    shared = ties / ties.sum(axis=1, keepdims=True)
    sides = [np.sign(v), np.where(v >= 0, 1.0, -1.0)]
    inside = [(v > 0) & (v < 1), (v >= 0) & (v <= 1)]
    for r in (relu0, relu1):
        for m in (first, shared):
            for s in sides:
                for c in inside:
                    found = microbp.check(kinks, gradients={"dv": r + m + 2 * s + c}, v=v)
                    assert found.ok, found
    assert not microbp.check(kinks, gradients={"dv": relu0 + first + 2 * sides[0] + 3}, v=v).ok


def test_a_tie_of_a_maximum_is_counted_once():
    v = np.array([[0.0, 0.0, -1.0], [2.0, 2.0, 2.0], [1.0, 0.0, 0.5]])
    ties = (v == v.max(axis=1, keepdims=True)).astype(float)
    weights = np.arange(1.0, 4.0)[:, None]
    found = microbp.check(
        lambda v: (v.max(axis=1, keepdims=True) * weights).sum(), gradients={"dv": ties * weights}, v=v
    )
    assert found["v"].causes == ("mask",)
    assert "the tie is counted several times" in found["v"].text


def test_what_stands_for_another_array_in_a_sum_is_named():
    def cross_entropy(z, y):
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        return {"loss": -np.log((p * y).sum(axis=1)).mean()}

    def huber(r):
        return np.where(np.abs(r) < 1, 0.5 * r**2, np.abs(r) - 0.5).sum()

    z, y = RNG.normal(size=(4, 3)), np.eye(3)[[0, 2, 1, 1]]
    other = np.exp(z) / np.exp(z).sum(axis=0)
    found = microbp.check(cross_entropy, gradients={"dz": (other - y) / 4}, z=z, y=y)["z"]
    assert (found.causes[0], "along axis 0" in found.text) == ("wrong-axis", True)
    q = 1 / (1 + np.exp(-z))
    found = microbp.check(
        lambda z, y: (np.logaddexp(0, z) - y * z).sum(), gradients={"dz": (q - y) * q * (1 - q)}, z=z, y=y
    )
    assert "σ(`z`) (1 − σ(`z`))" in found["z"].text
    assert microbp.check(huber, gradients={"dr": 3 * z}, r=3 * z)["r"].causes[0] == "mask"


def test_a_running_sum_comes_back_from_its_end():
    def sums(x):
        return (np.cumsum(x, axis=0) ** 2).sum()

    back = 2 * np.cumsum(x, axis=0)
    assert microbp.check(sums, gradients={"dx": np.cumsum(back[::-1], axis=0)[::-1]}, x=x).ok
    found = microbp.check(sums, gradients={"dx": np.cumsum(back, axis=0)}, x=x)["x"]
    assert found.causes[0] == "other-derivative"
    assert "added up from the beginning" in found.text


def test_arrays_of_objects_in_a_forward_pass_are_numbers_to_the_backward_pass():
    def forward(v):
        out = np.zeros(v.shape, dtype=object)
        for k, e in enumerate(v):
            out[k] = e * e
        return {"out": out, "loss": out.sum()}

    assert microbp.check(forward, lambda v, out: {"dv": 2 * np.sqrt(out)}, v=np.array([1.0, 2.0])).ok
    with pytest.raises(ProblemError, match="Leave dtype=object out"):
        microbp.check(lambda v: np.tanh(v.astype(object)).sum(), lambda v: {"dv": v}, v=np.array([1.0, 2.0]))


def test_single_precision_is_held_to_single_precision():
    found = microbp.check(forward, lambda x, w, b, z, a: {"dw": (x.T @ a).astype(np.float32)}, x=x, w=w, b=b)
    assert found.ok
    assert found["w"].causes == ("float32",)
    assert not microbp.check(forward, lambda x, a: {"dw": (x.T @ a * 1.001).astype(np.float32)}, x=x, w=w, b=b).ok


def test_a_right_zero_is_not_accused_for_its_noise():
    def shifted(s):
        m = s.max(axis=1, keepdims=True)
        p = np.exp(s - m) / np.exp(s - m).sum(axis=1, keepdims=True)
        return {"m": m, "p": p, "loss": -np.log(p[:, 0]).sum()}

    assert microbp.check(shifted, lambda p: {"dm": np.zeros((5, 1))}, s=x * 10).ok


def test_forward_has_to_be_the_same_each_time():
    rng = np.random.default_rng(0)
    with pytest.raises(ProblemError, match="pass them in as arrays"):
        microbp.check(lambda x: (x * rng.random(x.shape)).sum(), lambda x: {"dx": x}, x=x)

    def drawn(x):
        return (x * np.random.rand(*x.shape)).sum()

    def way_back(x):
        return {"dx": np.random.rand(*x.shape)}

    assert microbp.check(drawn, way_back, x=x).ok


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"x": np.full((5, 3), np.nan)}, "the loss is nan here, and then no line can be judged"),
        ({"x": 1e200 * np.ones((5, 3)), "w": np.ones((3, 2))}, "the loss is inf here"),
    ],
)
def test_beside_what_is_not_finite_nothing_is_judged(data, said):
    with np.errstate(all="ignore"), microbp.errstate("ignore"), pytest.raises(ProblemError, match=said):
        microbp.check(forward, backward, **{"x": x, "w": w, "b": b, **data})


def test_an_inf_of_the_learners_is_told_as_it_is():
    found = microbp.check(forward, lambda x, z, a: {"dz": a * np.nan}, x=x, w=w, b=b)
    assert "10 of 10 numbers are inf or nan. At [0,0] it is nan, and should be " in str(found)


def test_too_many_samples_are_made_fewer_and_the_report_says_so():
    many, wide = np.ones((600, 30)), RNG.normal(size=(30, 64))
    found = microbp.check(
        lambda x, w: ((x @ w) ** 2).mean(), lambda x, w: {"dw": 2 * x.T @ (x @ w) / (len(x) * 64)}, x=many, w=wide
    )
    assert found.ok
    assert "the first 16 of 600 samples" in found.notes[0]


@pytest.mark.parametrize(
    ("loss", "said"), [(np.ones(3), "got the shape"), ("big", "got 'big'"), (Fraction(1, 2), r"\(Fraction\)")]
)
def test_what_is_no_loss_is_named(loss, said):
    with pytest.raises(MicrobpError, match=f"a loss is one number.*{said}"):
        microbp.check(lambda x: {"z": x, "loss": loss}, lambda x: {"dx": x}, x=x)


def test_a_trace_compares_as_one_goes(capsys):
    trace = microbp.trace(forward, x=x[:1], w=w, b=b)
    z = trace["z"].value
    assert str(trace.report()) == "nothing was compared"
    assert trace.compare("dz", np.maximum(z, 0)) is None  # which a cell would show again below what was printed
    trace.compare("dw", x[:1].T @ z + 1)
    assert {line.name: line.verdict for line in trace.report().lines} == {"z": "right", "w": "wrong"}
    assert capsys.readouterr().out.count("exact:") == 2
    with pytest.raises(MicrobpError, match="did you mean"):
        trace.compare("zz", z)


def test_the_command_says_the_line_and_exits_with_1(tmp_path, capsys):
    right = ROOT / "examples" / "passes" / "layer_norm.py"
    assert main(["check", str(right)]) == 0
    assert "all 7 lines are right" in capsys.readouterr().out
    mine = tmp_path / "mine.py"
    mine.write_text(right.read_text("utf-8").replace("dxhat = dy * gamma", "dxhat = dy"), "utf-8")
    assert main(["check", str(mine), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["first"] == "xhat"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x = 1", "there is no function in it"),
        ("def foward(x): return x.sum()", "unknown function: 'forward'"),
        ("def forward(x): return x.sum()\ndef backward(x): return {'dx': 1}", "no data"),
        ("def forward(x): return x.sum()\ndef backward(x): return 1 / 0\nsizes = {'x': (2,)}", "ZeroDivisionError"),
        ("def forward(x): return None\ndef backward(x): return {'dx': 1}\nsizes = {'x': (2,)}", "return"),
        ("import nothing_of_that_name", "nothing_of_that_name"),
    ],
)
def test_a_file_that_cannot_be_checked_says_why(tmp_path, capsys, source, said):
    mine = tmp_path / "mine.py"
    mine.write_text(source)
    assert main(["check", str(mine)]) == 2
    assert said in capsys.readouterr().err


def test_data_may_come_from_a_file(tmp_path, capsys):
    mine = tmp_path / "mine.py"
    mine.write_text("def forward(x): return (x**2).sum()\ndef backward(x): return {'dx': 2 * x}\n")
    np.savez(tmp_path / "data.npz", x=x)
    assert main(["check", str(mine), "--data", str(tmp_path / "data.npz")]) == 0
    assert "the line is right" in capsys.readouterr().out


def affine_forward(x, w, b):
    out = x @ w + b
    cache = (x, w)
    return out, cache


def affine_backward(dout, cache):
    x, w = cache
    dx, dw, db = dout @ w.T, x.T @ dout, dout.sum(0)
    return dx, dw, db


def relu_forward(x):
    return np.maximum(0, x), x


def relu_backward(dout, cache):
    return dout * (cache > 0)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_backward(dy, x):
    return dy * softmax(x) * (1 - softmax(x))


def test_a_layer_alone_is_judged_with_a_gradient_from_above():
    layer = {"x": x, "w": w, "b": b}
    given = np.random.default_rng(1).normal(size=(len(x), len(b)))
    for found in (
        microbp.check(affine_forward, affine_backward, **layer),
        microbp.check(affine_forward, affine_backward, dout=given, **layer),
        microbp.check(relu_forward, relu_backward, x=x),
    ):
        assert found.ok, found
    assert len(found.lines) == 1
    assert microbp.check(softmax, softmax_backward, x=x)["x"].causes == ("softmax-diagonal",)


@pytest.mark.parametrize(
    ("key", "name"), [("d_dist", "dist"), ("ddist", "dist"), ("d_diff", "diff"), ("dE_ddist", "dist")]
)
def test_a_name_that_begins_with_d_is_not_cut_twice(key, name):
    assert meant(key, ["dist", "diff"]) == name


def test_gradients_that_are_returned_as_expressions_have_the_names_of_their_arrays():
    def backward(dout, cache):
        x, w = cache
        return dout @ w.T, x.T @ dout, dout.mean(0)

    found = microbp.check(affine_forward, backward, x=x, w=w, b=b)
    assert [(line.name, line.verdict) for line in found.lines] == [("b", "wrong"), ("w", "right"), ("x", "right")]


@pytest.mark.parametrize(("wrong", "said"), [("i", "1 apart, not 2"), ("2 * i + 1", "one place further")])
def test_windows_that_are_stacked_may_be_cut_out_elsewhere(wrong, said):
    def forward(x, w):
        windows = np.stack([x[:, 2 * i : 2 * i + 3] for i in range(3)])
        y = np.einsum("ncl,cl->n", windows, w)
        return {"y": y, "loss": (y**2).sum()}

    def backward(x, w, y):
        dy, dx = 2 * y, np.zeros_like(x)
        for i in range(3):
            dx[:, 2 * i : 2 * i + 3] += dy[i] * w
        starts = [eval(wrong, {"i": i}) for i in range(3)]
        windows = np.stack([x[:, k : k + 3] for k in starts])
        return {"dy": dy, "dx": dx, "dw": np.einsum("n,ncl->cl", dy, windows)}

    found = microbp.check(forward, backward, x=RNG.normal(size=(2, 8)), w=RNG.normal(size=(2, 3)))
    assert found.first == "w"
    assert found["w"].causes[0] in ("wrong-index", "off-by-one")
    assert f"cut out {said}" in found["w"].text


@pytest.mark.parametrize("make", [np.zeros, np.ones], ids=["zeros", "ones"])
def test_targets_of_which_none_is_the_largest_are_told_as_any_that_are_no_shares(make):
    def forward(X, W, Y):
        p = np.exp(X @ W) / np.exp(X @ W).sum(axis=1, keepdims=True)
        return {"p": p, "loss": -np.sum(Y * np.log(p))}

    def backward(X, W, Y):
        return {"dW": X.T @ (forward(X, W, Y)["p"] - Y)}

    rng = np.random.default_rng(0)
    report = microbp.check(forward, backward, X=rng.normal(size=(6, 4)), W=rng.normal(size=(4, 3)), Y=make((6, 3)))
    assert not report.ok
    assert "Y is not one-hot" in report.notes[0]


def deep_in_columns(X, Y, W1, b1, W2, b2):
    m = X.shape[1]
    Z1 = W1 @ X + b1
    A1 = np.maximum(0, 0.1 * Z1) + np.minimum(0, Z1)
    Z2 = W2 @ A1 + b2
    A2 = 1 / (1 + np.exp(-Z2))
    cost = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m
    return cost, {"A1": A1, "A2": A2, "Z1": Z1}


@pytest.mark.parametrize(
    ("db2", "code", "said"),
    [
        ("d.sum(axis=0, keepdims=True)", "wrong-axis", "is summed along axis 0, though nothing was broadcast"),
        ("d.sum(axis=1)", None, ""),
        ("d", "not-summed", "it is not summed"),
        ("(d / (A2 - A2**2) * (z - z**2)).sum(1)", "derivative-elsewhere", "sigmoid, with the input in place of"),
    ],
)
def test_a_bias_in_a_column_says_what_was_summed_along_which_axis(db2, code, said):
    def backward(X, Y, W1, b1, W2, b2, A1, A2):
        return {"db2": eval(db2, {"d": (A2 - Y) / X.shape[1], "A2": A2, "z": W2 @ A1 + b2})}

    rng = np.random.default_rng(0)
    arrays = {"X": rng.normal(size=(2, 5)), "W1": rng.normal(size=(4, 2)), "b1": rng.normal(size=(4, 1))}
    arrays |= {"W2": rng.normal(size=(3, 4)), "b2": rng.normal(size=(3, 1)), "Y": rng.integers(2, size=(3, 5))}
    line = microbp.check(deep_in_columns, backward, arrays=arrays)["b2"]
    assert line.causes[:1] == ((code,) if code else ())
    assert said in line.text


def test_weights_that_were_updated_before_they_were_used_are_named():
    def forward(x, w, v):
        h = np.tanh(x @ w)
        y = h @ v
        return 0.5 * np.sum(y**2), h, y

    def backward(x, w, v, h, y):
        dv = h.T @ y
        v -= 0.1 * dv
        dh = y @ v.T
        return {"dv": dv, "dw": x.T @ (dh * (1 - h**2))}

    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(5, 3)), "w": rng.normal(size=(3, 4)), "v": rng.normal(size=(4, 2))}
    found = microbp.check(forward, backward, arrays=arrays)
    assert [line.verdict for line in found.lines] == ["right", "wrong"]
    assert "`v as backward has changed it` is used in place of the other factor in `h @ v`" in found["w"].text


def test_a_name_that_forward_does_not_return_is_asked_for_where_the_cache_has_its_own():
    def forward(x, w):
        z = x * w
        cache = (x, z)
        return np.sum(z**2), z, cache

    with pytest.raises(ProblemError, match=r"needs AL, .* let forward return it by this name"):
        microbp.check(forward, lambda AL, cache: {"dw": cache[0] * AL}, x=np.ones(3), w=np.ones(3))


class Model:
    def loss(self, x, w):
        self.z = x @ w
        self.a = 1 / (1 + np.exp(-self.z))
        return (self.a**2).sum()


def test_of_a_pass_that_is_one_call_the_lines_are_those_of_what_it_calls():
    def forward(x, w):
        model = Model()
        return {"loss": model.loss(x, w), **vars(model)}

    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(5, 3)), "w": rng.normal(size=(3, 2))}
    found = microbp.check(forward, lambda x, a: {"w": x.T @ (2 * a)}, arrays=arrays)
    assert "`1 / (1 + np.exp(-self.z))` (line" in found["w"].text


def test_rows_that_are_picked_twice_are_overwritten_rather_than_left_out():
    rows = np.array([1, 3, 1, 0, 2])

    def backward(E, picked):
        dE = np.zeros_like(E)
        dE[rows] += 2 * picked
        return {"dE": dE}

    def forward(E):
        picked = E[rows]
        return {"picked": picked, "loss": (picked**2).sum()}

    found = microbp.check(forward, backward, E=np.random.default_rng(0).normal(size=(5, 3)))
    assert found["E"].causes[0] == "overwritten"


@pytest.mark.parametrize("size", [1.0, 1e-5, 1e-10])
def test_what_is_handed_back_with_the_gradients_is_none_however_small_it_is(size):
    def forward(x, w):
        a = x * w
        return {"loss": (3 * a**2).sum(), "a": a}

    def backward(x, w, a):
        return {"a": a, "dw": 6 * a * x, "dx": 6 * a * w}

    w = np.array([[1.0, 2.0], [3.0, -1.0]])
    report = microbp.check(forward, backward, x=size * w.T, w=w)
    assert report.ok
    assert "a" not in [line.name for line in report.lines]


@pytest.mark.parametrize("scale", [1, 10, 40])
def test_a_softmax_that_is_sure_of_the_wrong_class_hides_no_mistake(scale):
    def forward(x, w, b):
        z = scale * np.tanh(x @ w + b)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        return -np.log(p[np.arange(3), [0, 1, 2]]).mean(), z, p

    def backward(x, w, z, p, share):
        dz = (p - np.eye(3)) / 3 * scale * (1 - (z / scale) ** 2)
        return {"w": x.T @ dz, "b": dz.sum(axis=0) * share}

    x, w = np.array([[-1.0, 0.5], [0.4, -1.2], [2.0, 0.3]]), np.array([[0.9, -0.2, 0.1], [-0.4, 1.1, 0.5]])
    given = {"x": x, "w": w, "b": np.zeros(3)}
    assert microbp.check(forward, backward, **given, share=1.0).ok
    assert microbp.check(forward, backward, **given, share=0.99).first == "b"
