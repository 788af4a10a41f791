"""Lines that have no row in the table: an edit is planted at random, and the line that is wrong is told."""

import ast

import numpy as np
import pytest

from microbp.comparing.answers.read import read_gradients
from microbp.derivation.backprop import PASS, gradients, pass_of
from microbp.derivation.formulas import SLOPES
from microbp.diagnosis.explanation import Explanation, Finding
from microbp.diagnosis.mistakes import ANOTHER
from microbp.diagnosis.search.changes import is_factor
from microbp.diagnosis.search.edits import edits
from microbp.diagnosis.search.replay import ERRORS
from microbp.diagnosis.search.search import Search
from microbp.losses import LOSSES
from tests import cases
from tests.planting import random_case

EDITS, PARTS = (6, cases(3)) if cases(60) < 500 else (60, 5)
"""In each part; with `--hypothesis-profile=thorough` they are 300 in all."""
HEADS = {"up": "d", "slope": "d", "d": "d", "back": "d", "dW": "dW", "db": "db"}


def sources(case, l):
    """The lines of a layer that can be edited."""
    own = pass_of(case).layers[l - 1]
    found = [("slope", SLOPES[case.activations[l - 1]]), ("d", PASS["d"]), ("dW", own["dW"]), ("db", own["db"])]
    return (
        found + ([("back", own["back"])] if l > 1 else []) + [("up", LOSSES[case.loss].derivative)] * (l == case.depth)
    )


def planted(rng):
    """A network of two or more layers, an edit in one of them, and the gradients that it makes."""
    while True:
        case = random_case(rng, hidden=str(rng.choice(["sigmoid", "tanh"])))
        if case.depth < 2 or len(case.Y) < 2 or max(case.sizes) < 2:
            continue
        l = int(rng.integers(1, case.depth + 1))
        line, source = sources(case, l)[rng.integers(len(sources(case, l)))]
        every = [text for text, _ in edits(source, l == case.depth) if line not in names(text)]
        finding = Finding(ANOTHER, {line: every[rng.integers(len(every))]}, (l,))
        explanation = Explanation((finding,), 1)
        try:
            with np.errstate(all="ignore"):
                made = gradients(case, explanation.lines(case))
        except ERRORS:
            continue
        if not all(np.isfinite(g).all() and np.abs(g).max() < 1e6 for g in made.values()):
            continue
        (given,) = read_gradients(case, made, loose=True)
        if not Search(case, given).is_right():
            return case, given, finding


def names(text):
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def places(finding):
    """Which quantities' lines a finding is about, each with its layer; of a factor what has it."""
    if is_factor(finding.change):
        return {(name[:2], int(name[2:])) for name in finding.arrays} | {("d", max(finding.layers))}
    (line, *_) = finding.change
    return {(HEADS.get(line, line), l - (line == "back")) for l in finding.layers}


def told(case, given, finding):
    """Whether the first thing that is said is about that "line", or an "alternative"; else what was said."""
    found = [[places(f) for f in e.findings] for e in Search(case, given).explanations()]
    said = [set().union(*some) >= places(finding) for some in found]
    return "line" if said[:1] == [True] else "alternative" if any(said) else str(found[:1])


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_the_line_of_a_random_edit_is_told(part):
    rng = np.random.default_rng([11, part])
    found = []
    for _ in range(EDITS):
        case, given, finding = planted(rng)
        found.append((told(case, given, finding), finding.change, finding.layers))
    missed = [f for f in found if f[0] not in ("line", "alternative")]
    assert len(missed) <= 0.05 * EDITS, missed
