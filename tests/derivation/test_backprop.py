import numpy as np
import pytest

from microbp.derivation.backprop import backward, gradients
from microbp.derivation.rules import Rules, plan
from microbp.diagnosis.mistakes import MISTAKES, find
from microbp.errors import UnknownNameError
from tests.planting import LOSS_OF, random_case

CODES = """sign factor
missing-output-derivative extra-output-derivative missing-hidden-derivative derivative-of-activation
net-for-activation input-for-activation update-before-backprop error-not-delta no-transpose missing-path
transposed-gradient bias-regularized weights-not-regularized l2-factor l2-sign bias-sum-for-mean bias-mean-for-sum
bias-not-trained last-sample-only not-zeroed layers-reversed relu-mask-from-upstream softmax-diagonal-only
wrong-activation wrong-loss single-precision"""


@pytest.mark.parametrize("seed", range(60))
def test_the_right_rules_give_the_right_gradients_to_1e12(seed):
    case = random_case(np.random.default_rng(seed))
    made = gradients(case, plan(case))
    for name, right in case.truth[1].items():
        assert made[name].shape == right.shape
        assert np.abs(made[name] - right).max() <= 1e-12 * (1 + np.abs(right).max())


def test_the_table_has_every_code_once():
    codes = [mistake.code for mistake in MISTAKES]
    assert set(CODES.split()) <= set(codes)
    assert len(set(codes)) == len(codes)
    with pytest.raises(UnknownNameError, match="did you mean 'sign'"):
        find("sing")


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.code)
def test_a_row_changes_known_rules_and_prints_both_lines_in_both_forms(mistake):
    loss = LOSS_OF.get(mistake.code, "half_squared_error")
    case = next(c for seed in range(99) if (c := random_case(np.random.default_rng(seed), loss=loss)).depth == 3)
    assert mistake.varieties(case)
    for change in mistake.varieties(case):
        assert set(change) <= set(vars(Rules()))
        for of in ("dW", "db"):
            lines = mistake.lines(2, change, case, of)
            assert all(lines.values())
            assert "{" not in "".join(lines.values())
        assert mistake.sentence(2, change, case).endswith((".", "?"))


def test_two_passes_with_a_learning_rate_of_zero_are_twice_one():
    from dataclasses import replace

    case = replace(random_case(np.random.default_rng(3)), learning_rate=0.0)
    one, two = gradients(case, plan(case)), gradients(case, plan(case, {"passes": 2}))
    assert all(np.allclose(2 * one[name], two[name], rtol=1e-12) for name in one)


def test_the_parts_come_from_the_last_layer_to_the_first():
    case = random_case(np.random.default_rng(4))
    assert [part.l for part in backward(case, plan(case))] == list(range(case.depth, 0, -1))
