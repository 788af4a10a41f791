"""Random passes with random slips: a few in the suite, thousands by hand.

`python -m tests.diagnosis.any_pass.test_random_programs 10000`
"""

import inspect
import sys
import warnings

import numpy as np
import pytest

import microbp
from tests.diagnosis.any_pass.random_programs import Program, softmax

HOW_MANY = 60


def passes(seeds):
    """(program, forward, backward, its gradients), where these are finite."""
    for seed in seeds:
        program = Program(seed)
        if not program.steps:
            continue
        forward, backward = program.functions()
        right = gradients(program, forward, backward)
        if all(np.isfinite(g).all() for g in right.values()):
            yield program, forward, backward, right


def gradients(program, forward, backward):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = {name: x for name, x in forward(**program.data).items() if name != "loss"}
        return backward(**program.data, **results)


def slipped(seeds):
    """(program, forward, wrong backward, the name whose line is wrong), where the slip changes any digit."""
    for program, forward, _, right in passes(seeds):
        slips = list(program.slips())
        change, name = slips[int(np.random.default_rng(program.seed).integers(len(slips)))]
        backward = program.functions(change)[1]
        try:
            wrong = gradients(program, forward, backward)
        except ValueError:
            continue  # what the slip makes has a shape that the next line cannot take
        a, b = wrong[f"d{name}"], right[f"d{name}"]
        if np.shape(a) != np.shape(b) or not np.allclose(a, b, rtol=1e-6, atol=1e-9):
            yield program, forward, backward, name


def test_no_right_line_is_accused():
    for program, forward, backward, _ in passes(range(HOW_MANY)):
        found = microbp.check(forward, backward, arrays=program.data)
        assert found.ok, (program.seed, str(found))


@pytest.mark.slow
def test_the_wrong_line_alone_is_found_and_nearly_always_explained():
    explained = []
    for program, forward, backward, name in slipped(range(1000, 1000 + HOW_MANY)):
        found = microbp.check(forward, backward, arrays=program.data)
        assert [line.name for line in found.lines if line.verdict == "wrong"] == [name], program.seed
        explained.append(found[name].causes[0] != "unexplained")
    assert np.mean(explained) >= 0.85


def test_gradients_agree_with_an_array_engine_from_elsewhere():
    """Every gradient of random programs against autograd, to 1e-12."""
    autograd = pytest.importorskip("autograd")
    numpy = __import__("autograd.numpy", fromlist=["numpy"])
    for program, _, _, _ in passes(range(2000, 2000 + HOW_MANY)):
        space = {"np": numpy}
        exec(inspect.getsource(softmax), space)
        exec(program.forward_source(), space)
        leaves = [program.data[name] for name in program.leaves]
        theirs = autograd.grad(
            lambda *xs, s=space, p=program: s["forward"](*xs, p.data["idx"])["loss"], list(range(len(leaves)))
        )(*leaves)
        trace = microbp.trace(program.functions()[0], **program.data)
        for name, gradient in zip(program.leaves, theirs, strict=True):
            mine = trace[name].gradient if name in trace else np.zeros_like(gradient)
            size = max(1.0, float(np.abs(gradient).max()))
            assert np.abs(mine - gradient).max() <= 1e-12 * size, (program.seed, name)


if __name__ == "__main__":
    count = int(sys.argv[1])
    accused = [p.seed for p, f, b, _ in passes(range(count)) if not microbp.check(f, b, arrays=p.data).ok]
    line = cause = total = 0
    for p, f, b, name in slipped(range(count // 10)):
        found = microbp.check(f, b, arrays=p.data)
        total += 1
        line += [x.name for x in found.lines if x.verdict == "wrong"] == [name]
        cause += found[name].causes[:1] not in ((), ("unexplained",))
    print(f"{count} right passes, accused: {accused}; {total} wrong ones, line {line}, cause {cause}")
