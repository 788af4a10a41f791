import pytest

from microbp import nn
from microbp.diagnosis.explanation import Explanation, Finding
from microbp.diagnosis.mistakes import ANOTHER
from microbp.diagnosis.separating import separating
from microbp.problems.exercise import exercise_of

RIGHT = Explanation((), 0)


@pytest.mark.parametrize(
    ("line", "least"),
    [("without(d, 2).T @ a0", 3), ("only(d, 1).T @ a0", 2), ("2.0 * d.T @ a0", 1)],
)
def test_what_is_said_of_one_sample_is_told_apart_on_data_that_have_it(line, least):
    case = exercise_of(nn.MLP(2, [1], seed=1), [[0.5, 1.0], [1.0, 2.0], [0.0, 1.0]], [[1.0], [0.0], [1.0]])
    wrong = Explanation((Finding(ANOTHER, {"dW": line}, (1,)),), 1)
    X, _ = separating(case, RIGHT, wrong)
    assert len(X) >= least
    assert separating(case, RIGHT, RIGHT) is None
