"""What an explanation prints is true: its lines, with the numbers in them, come to the numbers of the pass."""

import re

import numpy as np
import pytest

from microbp.derivation.backprop import gradients
from microbp.diagnosis.explanation import Explanation, Finding
from microbp.diagnosis.followed import follow
from tests.planting import BY_CODE, planted, random_case, with_mistakes

IN_WORDS = {"layers-reversed", "single-precision"}
"""Mistakes that no one line of a derivation is."""


def computed(numbers):
    """What printed numbers come to, read anew."""
    python = numbers.replace("·", "*").replace("−", "-").replace("²", "**2")
    assert re.fullmatch(r"[\d.e()+\-*/ ]+", python), numbers
    return eval(python, {"__builtins__": {}})


def small(case):
    """Whether no sum in it is so long that it is printed in part."""
    return len(case.Y) <= 3 and max(case.sizes) <= 3


@pytest.mark.parametrize("code", sorted(set(BY_CODE) - IN_WORDS))
def test_the_lines_of_a_mistake_come_to_the_numbers_of_its_pass(code):
    rng, seen = np.random.default_rng(5), 0
    for _ in range(2000):
        found = with_mistakes(rng, [BY_CODE[code]])
        if found is None or not small(found[0]):
            continue
        case, _, explanation = found
        change = explanation.findings[0].change
        made = gradients(case, explanation.rules(case))
        right = case.truth[1]
        for name in case.names:
            if made[name].shape != right[name].shape or np.array_equal(made[name], right[name]):
                continue
            where = np.unravel_index(int(np.argmax(np.abs(made[name] - right[name]))), right[name].shape)
            rows = list(follow(case, explanation, name, [int(k) for k in where]))
            assert (rows[0].side, rows[1].side) == ("wrong", "right")
            assert rows[0].value == pytest.approx(float(made[name][where]), rel=1e-9)
            assert rows[1].value == pytest.approx(float(right[name][where]), rel=1e-9)
            assert all(row.numbers for row in rows if row.side == "right" or "passes" not in change), rows
            for row in rows:
                if row.numbers:
                    assert computed(row.numbers) == pytest.approx(row.value, rel=1e-6, abs=1e-12), row
            if "passes" not in change:
                assert any(wrong.line != truth.line for wrong, truth in zip(rows[::2], rows[1::2], strict=True)), rows
        seen += 1
        if seen == 8:
            return
    raise AssertionError(f"{seen} small networks with {code}")


@pytest.mark.parametrize("seed", range(12))
def test_two_mistakes_never_print_a_false_line(seed):
    rng = np.random.default_rng(seed)
    case = random_case(rng)
    codes = rng.choice(sorted(set(BY_CODE) - IN_WORDS), 2, replace=False)
    findings = [planted(rng, case, BY_CODE[code]) for code in codes]
    explanation = Explanation(tuple(f for f in findings if isinstance(f, Finding)), 2)
    with np.errstate(all="ignore"):
        made = gradients(case, explanation.rules(case))
        for row in follow(case, explanation, "dW1", (0, 0)) if np.isfinite(made["dW1"]).all() else ():
            if row.numbers and "…" not in row.numbers:
                assert computed(row.numbers) == pytest.approx(row.value, rel=1e-5, abs=1e-12)
