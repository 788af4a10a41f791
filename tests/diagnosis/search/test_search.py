"""Mistakes planted in random networks are named; right gradients get none. `make bench-diagnose` prints the tables.

Each test stands for some networks, so that they can be run side by side.
"""

import re

import pytest

from microbp.comparing.answers.read import read
from tests import ROOT, cases
from tests.planting import PLANTED, named, pairs, right_forms, singles

NETWORKS = cases(6)
"""For each mistake; the statistics, of 20, are the bench's."""
MISSED = {("factor", None): 1, ("l2-not-in-loss", 6): 1}
"""How many of them are not named: any factor fits one number, and a penalty can be too small."""
PARTS = 10
"""The parts into which networks with right gradients are cut, so that they can be run side by side."""


@pytest.mark.parametrize("digits", [None, 6])
@pytest.mark.parametrize("code", PLANTED)
def test_a_planted_mistake_is_named(code, digits):
    found = [(case, named(case, given)) for case, given in singles(code, digits, NETWORKS)]
    missed = [(case.sizes, codes) for case, codes in found if (code,) not in codes]
    assert len(found) == NETWORKS
    assert len(missed) <= MISSED.get((code, digits), 0), missed


@pytest.mark.slow
def test_of_ten_pairs_of_mistakes_nine_are_named():
    found = [(pair, named(case, given)) for pair, case, given in pairs(0, cases(30))]
    missed = [(pair, codes) for pair, codes in found if tuple(pair) not in [tuple(sorted(c)) for c in codes]]
    assert len(found) == cases(30)
    assert len(missed) <= cases(30) / 10, missed


@pytest.mark.parametrize("part", range(PARTS))
def test_right_gradients_get_no_mistake_in_any_precision(part):
    for seed in range(part, cases(10) * PARTS, PARTS):
        case, forms = right_forms(seed)
        if seed % 5:
            del forms["computed in float32, as doubles"]  # takes long
        for form, numbers in forms.items():
            (given,) = read(case, numbers, loose=True)
            codes = named(case, given)
            assert codes == [("right",)], (seed, form, codes)


def test_the_table_in_the_readme_has_every_mistake():
    readme = (ROOT / "README.md").read_text("utf-8")
    table = readme.partition("<!-- confusion -->")[2].partition("<!-- /confusion -->")[0]
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", table, re.MULTILINE) == PLANTED
