"""What an explanation prints is true: its lines, with the numbers in them, come to the numbers of the pass."""

import numpy as np
import pytest

from microbp.derivation.backprop import gradients
from microbp.diagnosis.explanation import Explanation
from microbp.diagnosis.followed import follow
from tests.derivation.test_notation import computed
from tests.planting import BY_CODE, made_by, planted, random_case, with_mistakes

NO_LINE = {"layers-reversed", "single-precision", "not-zeroed"}
"""Mistakes that no one line of a derivation is."""


@pytest.mark.parametrize("code", sorted(set(BY_CODE) - NO_LINE))
def test_the_lines_of_a_mistake_come_to_the_numbers_of_its_pass(code):
    rng, seen = np.random.default_rng(5), 0
    for _ in range(600):
        found = with_mistakes(rng, [BY_CODE[code]], widest=3, batches=(1, 2, 3))
        if found is None:
            continue
        case, _, explanation = found
        made, right = gradients(explanation.case(case), explanation.lines(case)), case.truth[1]
        for name in case.names:
            if made[name].shape != right[name].shape or np.array_equal(made[name], right[name]):
                continue
            where = np.unravel_index(int(np.argmax(np.abs(made[name] - right[name]))), right[name].shape)
            rows = list(follow(case, explanation, name, [int(k) for k in where]))
            assert (rows[0].side, rows[1].side) == ("wrong", "right")
            assert rows[0].value == pytest.approx(float(made[name][where]), rel=1e-9, abs=0)
            assert rows[1].value == pytest.approx(float(right[name][where]), rel=1e-9, abs=0)
            for row in rows:
                if "…" not in row.numbers:
                    assert computed(row.numbers) == pytest.approx(row.value, rel=1e-6, abs=1e-9), row
            if code not in ("other-weights", "targets-in-another-order"):  # the right lines, with other numbers
                assert any(wrong.line != truth.line for wrong, truth in zip(rows[::2], rows[1::2], strict=True)), rows
        seen += 1
        if seen == 3:
            return
    assert seen, f"no small network with {code}"


@pytest.mark.parametrize("seed", range(12))
def test_two_mistakes_never_print_a_false_line(seed):
    rng = np.random.default_rng(seed)
    case = random_case(rng)
    codes = rng.choice(sorted(set(BY_CODE) - NO_LINE), 2, replace=False)
    findings = [f for code in codes if (f := planted(rng, case, BY_CODE[code]))]
    explanation = Explanation(tuple(findings), 2)
    made = made_by(case, explanation)
    if made is None or not np.isfinite(made["dW1"]).all():
        return
    for row in follow(case, explanation, "dW1", (0, 0)):
        if "…" not in row.numbers:
            assert computed(row.numbers) == pytest.approx(row.value, rel=1e-5, abs=1e-9)
