"""What people write around their gradients, and what does not make them wrong: states, clipping, single precision."""

import importlib
import linecache

import numpy as np
import pytest

import microbp
from microbp.diagnosis.any_pass.causes import explain

RNN = """
def both(x, w, b, h0):
    hs, loss = {-1: h0}, 0
    for t in range(len(x)):
        hs[t] = np.tanh(w * hs[t - 1] + x[t] + b)
        loss = loss + 4 * (hs[t] ** 2).sum()
    dw, db, dhs, dh = np.zeros_like(w), np.zeros_like(b), {}, 0
    for t in reversed(range(len(x))):
        dhs[t] = (8 * hs[t] + dh) * (1 - hs[t] ** 2)
        dw += dhs[t] * hs[t - 1]
        db += dhs[t]
        dh = dhs[t] * w
    # as they are
    return loss, dw, db, hs[len(x) - 1]
"""
DATA = {
    "x": np.array([[0.5, -1.0, 0.2], [0.3, 0.2, -0.4]]),
    "w": np.array([0.7, 1.2, -0.3]),
    "b": np.array([0.2, -0.1, 0.3]),
    "h0": np.array([0.1, 0.4, 0.3]),
}
EACH = "for d in (dw, db):\n        np.clip(d, -2, 2, out=d)"
NORM = "norm = np.sqrt((dw**2).sum() + (db**2).sum())\n    dw, db = 0.5 / norm * dw, 0.5 / norm * db"
NORMS = "dw, db = (d / max(1.0, np.linalg.norm(d)) for d in (dw, db))"
ROUGH = "hs, loss = np.zeros((len(x) + 1, 3), dtype='f'), 0\n    hs[-1] = h0"


def report(*changes):
    source = RNN
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    file = f"<{changes}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    space = {"np": np}
    exec(compile(source, file, "exec"), space)
    return microbp.check(space["both"], **DATA)


def wrong(found):
    return {line.name for line in found.lines if line.verdict == "wrong"}


def test_a_state_that_is_handed_on_beside_the_gradients_is_none_of_them():
    found = report()
    assert found.ok, found
    assert not found.notes
    assert wrong(report(("hs[len(x) - 1]\n", "dhs[0]\n"))) == {"h0"}


@pytest.mark.parametrize(
    ("clipping", "said"),
    [(EACH, "each number is clipped to 2"), (NORM, "together is clipped to 0.5"), (NORMS, "each norm is clipped to 1")],
)
def test_gradients_are_judged_as_they_were_before_they_were_clipped(clipping, said):
    found = report(("# as they are", clipping))
    assert found.ok, found
    assert said in found.notes[0]
    found = report(("# as they are", clipping), ("dw += dhs[t] * hs[t - 1]", "dw += dhs[t] * hs[t]"))
    assert wrong(found) == {"w"}, found


def test_what_only_looks_clipped_is_wrong():
    assert wrong(report(("# as they are", "dw[0] = db[1] = 2"))) == {"w", "b"}
    assert wrong(report(("# as they are", "dw, db = dw / 2, db / 2  # no norm"))) == {"w", "b"}


def test_what_is_computed_in_single_precision_on_its_way_is_held_to_that():
    rough = ("hs, loss = {-1: h0}, 0", ROUGH)
    assert report(rough).ok
    assert wrong(report(rough, ("dw += dhs[t] * hs[t - 1]", "dw += dhs[t] * hs[t]"))) == {"w"}
    assert (
        report(rough, ("(8 * hs[t] + dh)", "(2 * hs[t] + dh / 4)"), ("w\n    #", "4 * w\n    #"))["b"].causes[0]
        == "factor"
    )


def test_two_slips_that_lines_share_are_looked_for_once(monkeypatch):
    def gelu(x, w, v):
        z = x @ w
        t = np.tanh(0.8 * (z + 0.04 * z**3))
        a = 0.5 * z * (1 + t)
        return (a @ v).sum(), {"t": t, "z": z}

    def without_the_inside(x, w, v, z, t):
        dz = v * (0.5 * (1 + t) + 0.5 * z * (1 - t**2))
        return {"dw": x.T @ dz, "dx": dz @ w.T}

    searched = []
    whole = explain.arriving_slips
    monkeypatch.setattr(
        explain, "arriving_slips", lambda search, mine: searched.append(search.line) or whole(search, mine)
    )
    rng = np.random.default_rng(0)
    given = {"x": rng.normal(size=(3, 2)), "w": rng.normal(size=(2, 4)), "v": rng.normal(size=4)}
    found = microbp.check(gelu, without_the_inside, **given)
    assert [line.causes for line in found.lines] == [("two-slips",)] * 2
    assert len(searched) == 1


def test_classes_that_are_imported_may_fill_arrays_too(tmp_path, monkeypatch):
    (tmp_path / "own_layers.py").write_text(
        "import numpy as np\nclass Layer:\n    def forward(self, x):\n        out = np.zeros(2)\n"
        "        for k in range(2):\n            out[k] = x[k].sum()\n        return out\nclass Pool(Layer): pass\n"
    )
    (tmp_path / "own_net.py").write_text(
        "from own_layers import Pool\ndef both(x):\n    return (Pool().forward(x) ** 2).sum()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    net = importlib.import_module("own_net")
    x = np.array([[1.0, 2.0], [0.5, -1.0]])
    assert microbp.check(net.both, lambda x: {"dx": 2 * x.sum(axis=1, keepdims=True) + 0 * x}, x=x).ok


def test_samples_that_forward_draws_by_what_it_has_filled_are_drawn():
    def forward(x, w):
        shares = np.zeros(3)
        for k in range(3):
            shares[k] = k + 1
        kept = np.random.choice(3, size=2, replace=False, p=shares / shares.sum())
        return (x[kept] * w).sum(), kept

    found = microbp.check(
        forward, lambda x, kept: {"dw": x[kept].sum()}, x=np.array([1.0, 5.0, -2.0]), w=np.array([0.7])
    )
    assert found.ok
