import math
import warnings
from contextlib import suppress

import numpy as np
import pytest

from microbp import Value, errstate, total
from microbp.errors import DomainError, NonFiniteWarning, OperandError, UnknownNameError

CASES = [
    (lambda: Value(-1.0, "margin").log(), math.nan, r'log\(x\) needs x > 0, got x = -1.0 \(node "margin"\). Clip'),
    (lambda: Value(0.0).log(), -math.inf, r"log\(x\) needs x > 0, got x = 0.0"),
    (lambda: 1 / Value(0.0, "d"), math.inf, r'x / y needs y != 0, got x = 1.0, y = 0.0 \(node "d"\)'),
    (lambda: Value(0.0) / Value(0.0), math.nan, "needs y != 0"),
    (lambda: Value(1000.0).exp(), math.inf, r"exp\(x\) overflowed to inf, got x = 1000.0"),
    (lambda: Value(-8.0) ** (1 / 3), math.nan, "needs x > 0"),
    (lambda: Value(1e200) * 1e200, math.inf, r"x \* y overflowed to inf"),
    (lambda: Value(-1e200) ** 2, math.inf, r"x \*\* c overflowed to inf"),
    (lambda: Value(0.0) ** -1, math.inf, "needs x > 0, got x = 0.0"),
    (lambda: Value(-2.0).sqrt(), math.nan, r"sqrt\(x\) needs x > 0"),
    (lambda: Value(math.nan, "n").relu(), math.nan, r'relu\(x\) is nan, got x = nan \(node "n"\). Check where'),
    (lambda: Value(math.inf) - Value(math.inf), math.nan, "x - y is nan"),
]


@pytest.mark.parametrize(("make", "result", "said"), CASES)
def test_what_leaves_the_real_line_is_ieee_and_told_of(make, result, said):
    with errstate("warn"), pytest.warns(NonFiniteWarning, match=said):
        assert make().data == pytest.approx(result, nan_ok=True)
    with errstate("raise"), pytest.raises(DomainError, match=said):
        make()
    with errstate("ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert make().data == pytest.approx(result, nan_ok=True)


def test_a_place_warns_once_and_only_where_it_began():
    with errstate("warn"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for x in (-1.0, -2.0, -3.0):
            y = Value(x).log()
            y * 2 + 1
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_gradients_that_leave_the_real_line_are_told_of():
    x = Value(0.0, "x")
    with (
        errstate("warn"),
        pytest.warns(
            NonFiniteWarning, match=r"gradient left the real line at sqrt\(x\): its derivative with respect to x"
        ),
    ):
        x.sqrt().backward()
    assert x.grad == math.inf


def test_a_gradient_that_overflows_inside_the_graph_is_told_of():
    x = Value(1.0, "x")
    root = (x * 1e-300 * 1e200).sin()
    with (
        errstate("raise"),
        pytest.raises(DomainError, match=r"gradient left the real line at x \* y: its derivative with respect to x"),
    ):
        root.backward(seed=1e200)


def test_results_inside_the_real_line_say_nothing():
    with errstate("raise"):
        assert Value(-1000.0).sigmoid().data == 0.0
        assert Value(-745.0).exp().data >= 0.0
        assert (Value(-8.0) ** 3).data == -512.0
        x = Value(0.0)
        (x**0 + x**1 + x**2).backward()
        assert x.grad == 1.0


def test_another_word_is_refused():
    with (
        pytest.raises(UnknownNameError, match=r"unknown errstate: 'warning' .*did you mean 'warn'"),
        errstate("warning"),
    ):
        pass


def test_numpy_and_microbp_give_the_same_ieee_results():
    for x in (0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 710.0, -710.0):
        for name in ("exp", "log", "sqrt", "tanh", "log1p", "expm1", "abs"):
            with errstate("ignore"), np.errstate(all="ignore"):
                ours = abs(Value(x)).data if name == "abs" else getattr(Value(x), name)().data
                assert ours == pytest.approx(float(getattr(np, name)(x)), rel=1e-15, abs=0, nan_ok=True), (name, x)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((1.0, math.inf, -3.0, 2.0), r"got x1 = 1\.0, x2 = inf, x3 = -3\.0, x4 = 2\.0\. "),
        ((1.0, 5.0, -4.0, 2.0, 3.0, math.inf), r"got x6 = inf, x2 = 5\.0, x3 = -4\.0, x5 = 3\.0\. "),
        ((5.0, 1.0, 7.0, 2.0, math.nan), r"got x5 = nan, x3 = 7\.0, x1 = 5\.0, x4 = 2\.0\. "),
    ],
)
def test_of_a_long_sum_those_are_named_that_matter_most(numbers, said):
    with errstate("raise"), pytest.raises(DomainError, match=said):
        total(map(Value, numbers))


def test_what_is_told_once_is_told_of_each_operation_at_each_line():
    with errstate("warn"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            Value(-1.0).log(), Value(-1.0).sqrt()
            Value(-1.0).log()
    assert [str(w.message).partition(" ")[0] for w in caught] == ["log(x)", "sqrt(x)", "log(x)"]


def test_a_choice_holds_to_the_end_of_its_block_however_it_ends():
    with errstate("raise"):
        with suppress(KeyError), errstate("ignore"):
            Value(0.0).log()
            raise KeyError
        with pytest.raises(DomainError):
            Value(0.0).log()


def test_only_where_it_began_is_told_of_and_a_leaf_is_where_it_began():
    with errstate("ignore"):
        gone = Value(0.0).log()
    with errstate("raise"):
        assert (gone * 2.0 + 1.0).data == -math.inf
        with pytest.raises(DomainError, match=r"is inf, got x = inf, y = 2\.0\. Check where that input comes from"):
            Value(math.inf) * 2.0


def test_a_label_is_quoted_and_a_value_without_one_is_a_value():
    with errstate("raise"), pytest.raises(DomainError, match=r'x = -1\.0 \(node "a \\"b\\""\)\. Clip'):
        Value(-1.0, 'a "b"').log()
    for label, said in (("w", "the data of 'w' has"), ("", "the data of a value has")):
        x = Value(1.0, label=label)
        x.data = "1"
        with pytest.raises(OperandError, match=rf"^{said} to be a number, and was set to '1' \(str\)$"):
            x.exp()
    x.data = complex(math.inf)  # which overflows, and is no real number
    with pytest.raises(OperandError, match=r"was set to \(inf\+0j\) \(complex\)"):
        x * 2


@pytest.mark.parametrize("label", ["", "h"])
def test_a_gradient_that_left_the_real_line_is_told_of_with_its_numbers(label):
    x, y = Value(0.0, "x"), Value(2.0)
    h = x.sqrt()
    h.label = label
    said = (
        "the gradient left the real line at sqrt(x): its derivative with respect to x is 0.5 / out = inf, the upstream "
        f'gradient 6.0, their product inf; got x = 0.0 (node "x"){", result " + repr(label) if label else ""}. Clip'
    )
    with errstate("raise"), pytest.raises(DomainError) as caught:
        (h * y).backward(3.0)
    assert str(caught.value).startswith(said)
    with errstate("ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        (x.sqrt() * y).backward(3.0)
