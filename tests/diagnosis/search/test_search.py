"""Mistakes planted in random networks are named; right gradients get none. `make bench-diagnose` prints the tables.

Each test stands for some networks, so that they can be run side by side.
"""

import re

import numpy as np
import pytest

import microbp
from microbp.comparing.answers.read import read_gradients
from microbp.diagnosis.explanation import Explanation, Finding
from microbp.diagnosis.mistakes import CODES, find_mistake
from microbp.diagnosis.search.search import Search, _distinct
from microbp.problems.exercise import exercise_of
from tests import ROOT, cases
from tests.planting import PLANTED, named, pairs, random_case, right_forms, singles

NETWORKS = cases(3)
"""For each mistake; the statistics, of 20, are the bench's."""
MISSED = {("factor", None): 1, ("l2-not-in-loss", 6): 1}
"""How many of them are not named: any factor fits one number, and a penalty can be too small."""
PARTS = 10
"""The parts into which networks with right gradients are cut, so that they can be run side by side."""


@pytest.mark.parametrize("digits", [None, pytest.param(6, marks=pytest.mark.slow)])
@pytest.mark.parametrize("code", PLANTED)
def test_a_planted_mistake_is_named(code, digits):
    found = [(case, named(case, given)) for case, given in singles(code, digits, NETWORKS)]
    missed = [(case.sizes, codes) for case, codes in found if (code,) not in codes]
    assert len(found) == NETWORKS
    assert len(missed) <= MISSED.get((code, digits), 0), missed


@pytest.mark.slow
def test_of_ten_pairs_of_mistakes_nine_are_named():
    found = [(pair, named(case, given)) for pair, case, given in pairs(0, cases(10))]
    missed = [(pair, codes) for pair, codes in found if tuple(pair) not in [tuple(sorted(c)) for c in codes]]
    assert len(found) == cases(10)
    assert len(missed) <= cases(10) / 10, missed


@pytest.mark.parametrize("part", range(PARTS))
def test_right_gradients_get_no_mistake_in_any_precision(part):
    for seed in range(part, cases(5) * PARTS, PARTS):
        case, forms = right_forms(seed)
        if seed % 5:
            del forms["computed in float32, as doubles"]  # takes long
        for form, numbers in forms.items():
            (given,) = read_gradients(case, numbers, loose=True)
            codes = named(case, given)
            assert codes == [("right",)], (seed, form, codes)


def test_the_table_in_the_reference_has_every_mistake():
    reference = (ROOT / "examples" / "reference.md").read_text("utf-8")
    table = reference.partition("<!-- confusion -->")[2].partition("<!-- /confusion -->")[0]
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", table, re.MULTILINE) == PLANTED


CASE = random_case(np.random.default_rng(3), loss="half_squared_error", l2=0.0)


def searched(change, **how):
    (given,) = read_gradients(CASE, {name: change(g) for name, g in CASE.truth[1].items()}, loose=True)
    return Search(CASE, given, **how)


def finding(code, rate=None):
    return Finding(find_mistake(code), {}, (1,), (), rate)


@pytest.mark.parametrize(
    ("change", "precision"),
    [
        (lambda g: g, "double"),
        (lambda g: g.astype(np.float32), "single"),
        (lambda g: g.astype(np.float32).tolist(), "single"),
        (lambda g: g.round(6), "double"),
        (lambda g: np.trunc(g * 1e6) / 1e6, "double"),
        (lambda g: g * (1 + 2e-9), "single"),
        (lambda g: g * (1 + 1e-4), ""),
        (lambda g: g * 1.01, ""),
        (lambda g: g * np.nan, ""),
    ],
)
def test_the_precision_in_which_numbers_are_right(change, precision):
    search = searched(change)
    assert (search.right_in(), search.is_right()) == (precision, precision != "")


def test_a_choice_among_more_needs_more_digits():
    search = searched(lambda g: -g)
    ideas = 2 * np.log10(max(10, len(search.ideas) * CASE.depth)) - 0.3
    search.tried = 1000
    for findings, choices in [
        ((finding("sign"),), 0.0),
        ((finding("sign", CASE.learning_rate),), 0.0),
        ((finding("sign", 0.125),), 3.0),
        ((finding("another-line"),), 3.0),
        ((finding("sign"), finding("missing-input")), ideas),
        ((finding("sign", 0.125), finding("missing-input")), 3 + ideas),
    ]:
        assert search._choices(Explanation(findings, len(findings))) == pytest.approx(choices), findings


def test_digits_speak_for_a_choice_if_two_more_are_right():
    search = searched(lambda g: -g)
    known = search._digits
    assert known == sum(array.digits for array in search.marked()) > 10
    assert [search._speak_for(choices) for choices in (0.0, known - 2 - 1e-9)] == [True, True]
    assert not search.by_chance
    assert not search._speak_for(known - 2 + 1e-9)
    assert search.by_chance
    assert search._speak_for(0.0)
    assert search.by_chance


def test_what_is_said_has_been_seen():
    search = searched(lambda g: -g)
    for change, made in (({"scale": -1.0}, True), ({"scale": -1.0001}, False), ({"scale": 1.0}, False)):
        explanation = Explanation((Finding(find_mistake("sign"), change, tuple(range(1, CASE.depth + 1))),), 1)
        assert search._makes(explanation) is made
    broken = Explanation((Finding(find_mistake("another-line"), {"d": "a0 @ a0 @ W"}, (CASE.depth,)),), 1)
    assert not search._makes(broken)


def test_the_simplest_explanation_is_found_at_its_cost_alone():
    search = searched(lambda g: -g)
    assert [e.codes for e in search.explanations(1)] == [("sign",)]
    assert search.explanations(0) == []


def test_each_combination_stands_once_in_the_order_of_the_table():
    first, later = sorted(("sign", "missing-input"), key=list(CODES).index)
    explanations = [
        Explanation((finding(later), finding(first)), 2),
        Explanation((finding(later),), 1),
        Explanation((finding(first),), 1),
        Explanation((finding(first), finding(later)), 2),
        Explanation((finding(first),), 1),
    ]
    assert [e.codes for e in _distinct(explanations)] == [(first,), (later,), (later, first)]


def test_pairs_are_not_looked_for_in_a_large_network(monkeypatch):
    monkeypatch.setattr("microbp.diagnosis.search.search.MOST_PAIRED", 7)
    problem = microbp.load("w1-w8")
    _, right = exercise_of(problem).truth
    assert microbp.diagnose(problem, {**right, "dW2": -right["dW2"]}).mistakes == ("sign",)
    found = microbp.diagnose(problem, {**right, "dW1": np.array([[0.31, 0.72], [0.53, 0.94]])})
    assert "(The network is large: not all pairs were tried.)" in str(found)
    assert found.details["complete"] is False
