"""What is printed is what is computed: by index and with numbers, every line comes to what the pass has there."""

import functools
import re

import numpy as np
import pytest

from microbp.derivation.backprop import backward, pass_of
from microbp.derivation.notation import at_place, index_form, matrix_form, names_of, part_form
from microbp.diagnosis.explanation import Explanation
from tests.planting import BY_CODE, random_case, with_mistakes

RIGHT = {
    ("z", 1): ("z1 = X W1ᵀ + b1", "z1[i,j] = Σk X[i,k]·W1[j,k] + b1[j]"),
    ("a", 2): ("a2 = σ(z2)", "a2[i,j] = σ(z2[i,j])"),
    ("d", 2): ("δ2 = (a2 − y) ⊙ σ′(z2)", "δ2[i,j] = (a2[i,j] − y[i,j]) · σ′(z2[i,j])"),
    ("d", 1): ("δ1 = (δ2 W2) ⊙ σ′(z1)", "δ1[i,j] = (Σk δ2[i,k]·W2[k,j]) · σ′(z1[i,j])"),
    ("dW", 2): ("dW2 = δ2ᵀ a1 + (λ/m)·W2", "dW2[j,k] = Σi δ2[i,j]·a1[i,k] + (λ/m)·W2[j,k]"),
    ("db", 1): ("db1 = column sums of δ1", "db1[j] = Σi δ1[i,j]"),
}
WRONG = [
    ({"back": "d @ (W - eta * dW)"}, 2, "d", 1, "δ1 = (δ2 (W2 − η·dW2)) ⊙ σ′(z1)"),
    ({"back": "d @ only(W, 0)"}, 2, "d", 1, "δ1[i,j] = (δ2[i,0]·W2[0,j]) · σ′(z1[i,j])"),
    ({"back": "d @ without(W, 1)"}, 2, "d", 1, "δ1[i,j] = (Σk≠1 δ2[i,k]·W2[k,j]) · σ′(z1[i,j])"),
    ({"slope": "1.0"}, 1, "d", 1, "δ1 = δ2 W2"),
    ({"slope": "z * (1 - z)"}, 1, "d", 1, "δ1 = (δ2 W2) ⊙ (z1·(1 − z1))"),
    ({"dW": "-({})", "l2W": "-({})"}, 2, "dW", 2, "dW2 = −(δ2ᵀ a1 + (λ/m)·W2)"),
    ({"dW": "({}).T", "l2W": "({}).T"}, 2, "dW", 2, "dW2[j,k] = Σi δ2[i,k]·a1[i,j] + (λ/m)·W2[k,j]"),
    ({"l2W": "l2 / m * without(W.T, 0).T"}, 2, "dW", 2, "dW2[j,k] = Σi δ2[i,j]·a1[i,k] + (λ/m)·[k ≠ 0]·W2[j,k]"),
    ({"db": "d.sum(axis=0) / m"}, 2, "db", 2, "db2[j] = (Σi δ2[i,j])/m"),
    ({"db": "dW.sum(axis=1)"}, 2, "db", 2, "db2 = row sums of dW2"),
]


@functools.cache
def square():
    """A network of two sigmoid layers of equal width, with a penalty."""
    rng = np.random.default_rng(0)
    return next(
        case
        for _ in range(9999)
        if (case := random_case(rng, "half_squared_error", "sigmoid", 1.0)).activations == ("sigmoid", "sigmoid")
        and len(set(case.sizes)) == 1 < case.sizes[0]
    )


@pytest.mark.parametrize(("head", "l"), RIGHT)
def test_the_right_lines_are_those_of_a_textbook(head, l):
    case = square()
    assert (matrix_form(case, pass_of(case), head, l), index_form(case, pass_of(case), head, l)) == RIGHT[head, l]


@pytest.mark.parametrize(("change", "layer", "head", "l", "expected"), WRONG)
def test_the_index_form_follows_from_the_line(change, layer, head, l, expected):
    case = square()
    form = index_form if "[" in expected.partition(" = ")[0] else matrix_form
    assert form(case, pass_of(case).changed(change, [layer]), head, l) == expected


def test_parts_are_written_in_their_layer():
    case = square()
    assert part_form(case, "1 - a ** 2", 2) == "1 − a2²"


def computed(numbers):
    """What printed numbers come to, read anew."""
    python = numbers.replace("·", "*").replace("−", "-").replace("²", "**2").replace("^", "**")
    assert re.fullmatch(r"[\d.e()+\-*/ ]+", python), numbers
    return eval(python, {"__builtins__": {}})


@pytest.mark.parametrize("code", sorted(set(BY_CODE) - {"single-precision"}))
def test_the_numbers_in_a_line_come_to_what_the_pass_has_there(code):
    rng, seen = np.random.default_rng(5), 0
    for _ in range(600):
        found = with_mistakes(rng, [BY_CODE[code]], widest=3, batches=(1, 2, 3))
        if found is None:
            continue
        case, _, explanation = found
        assert isinstance(explanation, Explanation)
        case, lines = explanation.case(case), explanation.lines(case)
        done = dict(backward(case, lines))
        names = names_of(case, done)
        for l, scope in done.items():
            for head in ("z", "a", "d", "dW", "db"):
                array = np.broadcast_to(scope[head], scope["b"].shape) if head == "db" else scope[head]
                place = tuple(int(rng.integers(size)) for size in array.shape)
                written = at_place(case, lines, head, l, place, names)
                assert written.value == pytest.approx(float(array[place]), rel=1e-6, abs=1e-12)
                if "…" not in written.text:
                    assert computed(written.text) == pytest.approx(float(array[place]), rel=1e-5, abs=1e-9)
        seen += 1
        if seen == 3:
            return
    assert seen
