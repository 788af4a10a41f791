"""What an explanation prints is true: its lines, with the numbers in them, come to the numbers of the pass."""

import re

import numpy as np
import pytest

from microbp.derivation.backprop import gradients
from microbp.diagnosis.explanation import Explanation, Finding
from microbp.diagnosis.followed import follow
from tests import cases
from tests.planting import BY_CODE, planted, random_case, with_mistakes
from tests.rounding import Rounded

IN_WORDS = {"layers-reversed", "single-precision"}
"""Mistakes that no one line of a derivation is."""


def typed(text):
    """A number of nine digits, or fewer if the last ones are 0."""
    return Rounded(float(text), 5e-9 * abs(float(text)))


def come_to(numbers, value):
    """Whether printed numbers, read anew, come to this value, as near as their digits say."""
    python = numbers.replace("·", "*").replace("−", "-").replace("²", "**2")
    assert re.fullmatch(r"[\d.e()+\-*/ ]+", python), numbers
    python = re.sub(r"(?<!\*\*)\b\d[\d.]*(?:e[+-]?\d+)?", r"typed('\g<0>')", python)
    made = eval(python, {"__builtins__": {}, "typed": typed})
    return abs(made.value - value) <= made.error


SMALL = {"widest": 3, "batches": (1, 2, 3)}
"""Networks without a sum that is so long that it is printed in part."""


@pytest.mark.parametrize("code", sorted(set(BY_CODE) - IN_WORDS))
def test_the_lines_of_a_mistake_come_to_the_numbers_of_its_pass(code):
    rng = np.random.default_rng(5)
    for _ in range(cases(6)):
        case, _, explanation = with_mistakes(rng, [BY_CODE[code]], **SMALL)
        change = explanation.findings[0].change
        made = gradients(case, explanation.rules(case))
        right = case.truth[1]
        for name in case.names:
            if made[name].shape != right[name].shape or np.allclose(made[name], right[name], rtol=1e-9, atol=1e-12):
                continue
            where = np.unravel_index(int(np.argmax(np.abs(made[name] - right[name]))), right[name].shape)
            rows = list(follow(case, explanation, name, [int(k) for k in where]))
            assert (rows[0].side, rows[1].side) == ("wrong", "right")
            assert rows[0].value == pytest.approx(float(made[name][where]), rel=1e-9)
            assert rows[1].value == pytest.approx(float(right[name][where]), rel=1e-9)
            assert all(row.numbers for row in rows if row.side == "right" or "passes" not in change), rows
            for row in rows:
                if row.numbers:
                    assert come_to(row.numbers, row.value), row
            if "passes" not in change:
                assert any(wrong.line != truth.line for wrong, truth in zip(rows[::2], rows[1::2], strict=True)), rows


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
                assert come_to(row.numbers, row.value), row
