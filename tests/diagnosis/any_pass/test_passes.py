"""Worked passes of every kind, right and wrong: every wrong line is found, no right one accused, the cause is named."""

import importlib.util
import inspect
import linecache

import numpy as np
import pytest

import microbp
from microbp.diagnosis.any_pass.causes.codes import CODES
from microbp.diagnosis.any_pass.returned import returned_by
from tests import ROOT

FOLDERS = ("examples/passes", "tests/diagnosis/any_pass/programs", "tests/diagnosis/any_pass/styles")
FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.py")) if path.stem != "__init__"]
NOT_NAMED = {
    ("label_smoothing", "targets not smoothed"),  # the right q is made of plain numbers, of which nothing is recorded
    ("word2vec", "overwritten rows"),  # one of two lines that add to the same rows
    ("crf", "not weighted"),
}
"""Slips that are found, and not explained."""


def load(path):
    spec = importlib.util.spec_from_file_location(f"passes_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MODULES = {path.stem: load(path) for path in FILES}
WRONG = [(name, what) for name, module in MODULES.items() for what in module.WRONG]


def changed(module, what):
    """The backward pass with one line of it as the learner wrote it."""
    old, new, first = module.WRONG[what]
    source = inspect.getsource(module.backward)
    assert old in source, f"{what}: {old!r} is not in the backward pass"
    source = source.replace(old, new)
    file = f"<{module.__name__}: {what}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    space = dict(vars(module))
    exec(compile(source, file, "exec"), space)
    return space["backward"], (first,) if isinstance(first, str) else first


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", MODULES)
def test_no_right_line_is_accused(name, seed):
    module = MODULES[name]
    found = microbp.check(module.forward, module.backward, arrays=module.data(seed))
    assert found.ok, found
    assert not found.notes
    assert str(found).startswith(("all", "the line"))


@pytest.mark.parametrize(("name", "what"), WRONG, ids=lambda x: x.replace(" ", "-"))
def test_the_wrong_line_is_found_and_explained(name, what):
    module = MODULES[name]
    backward, first = changed(module, what)
    found = microbp.check(module.forward, backward, arrays=module.data())
    assert found.first in first, found
    for line in found.lines:
        assert set(line.causes) <= set(CODES)
        assert (line.verdict == "wrong") == bool(line.causes)
    if (name, what) not in NOT_NAMED:
        assert found[found.first].causes[0] != "unexplained", found


def test_there_are_enough_of_them():
    assert len(MODULES) >= 24
    assert len(WRONG) >= 140
    assert len(NOT_NAMED) <= 0.1 * len(WRONG)


@pytest.mark.parametrize("name", MODULES)
def test_the_gradients_of_a_trace_agree_with_differences_along_random_directions(name):
    """An independent oracle: the forward pass itself, on plain floats, a step to either side."""
    module = MODULES[name]
    arrays = module.data()
    trace = microbp.trace(module.forward, **arrays)
    rng = np.random.default_rng(1)
    direction = {leaf: rng.normal(size=trace[leaf].shape) for leaf in trace if trace[leaf].is_leaf}

    def moved(x, path, step):
        if isinstance(x, dict):
            return {k: moved(inner, f"{path}.{k}" if path else str(k), step) for k, inner in x.items()}
        if isinstance(x, list) and not isinstance(x[0], int):
            return [moved(inner, f"{path}[{k}]", step) for k, inner in enumerate(x)]
        name = path if path in direction else path.partition(".")[2]
        return x + step * direction[name] if name in direction and np.asarray(x).dtype.kind == "f" else x

    h = 1e-6
    losses = [float(returned_by(module.forward(**moved(arrays, "", step)))["loss"]) for step in (h, -h)]
    slope = (losses[0] - losses[1]) / (2 * h)
    expected = sum(float((trace[leaf].gradient * d).sum()) for leaf, d in direction.items())
    assert slope == pytest.approx(expected, rel=1e-6, abs=1e-6)
