import math
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbp import Op, Value, define, errstate, gradcheck, load
from microbp.comparing.differences import by_differences
from microbp.comparing.gradcheck import ALLOWED, JUDGED, METHODS, GradCheck, Numeric, check_graph
from microbp.comparing.rounding import recomputed
from microbp.engine import OPS
from microbp.errors import GraphError, OperandError, UnknownNameError
from microbp.losses import batch_loss
from microbp.terminal.cli import main
from tests.graphs import graphs


@contextmanager
def defined(forward, partial):
    """An operation `wrong`, while it is needed: the random graphs draw from the table."""
    define(Op("wrong", forward, (partial,), rule="Wrong on purpose."))
    try:
        yield
    finally:
        del OPS["wrong"], Value.wrong


@pytest.fixture
def wrong_rule():
    with defined("x ** 3", "2 * x ** 2"):
        yield


@pytest.mark.parametrize("method", ["complex", "central"])
def test_a_wrong_derivative_is_found(wrong_rule, method):
    check = gradcheck(lambda x, y: x.wrong() * y, 2.0, 3.0, method=method)
    assert not check.ok
    assert check.errors[0] == pytest.approx(1 / 3, rel=1e-6)
    assert check.errors[1] < 1e-9
    assert "GRADIENTS DIFFER" in str(check)


def test_methods_are_chosen_by_what_is_analytic():
    assert gradcheck(lambda x: x.sin() * x.sigmoid() / (x**3 + 2), 0.7).method == "complex"
    assert gradcheck(lambda x: x.relu() + x.sin(), 0.7).method == "central"


@given(st.floats(-3, 3), st.integers(2, 5))
def test_integer_powers_of_negative_numbers_are_exact_by_complex_step(x, n):
    assert not gradcheck(lambda v: v**n, x, method="complex").wrong


def test_a_kink_within_the_step_is_not_compared_but_named():
    check = gradcheck(lambda x, y: (x - 1).relu() + y, 1.0, 2.0)
    assert check.ok
    assert check.kinks == {0: "the step crosses x == 0 of relu(x) (unnamed)"}
    assert math.isnan(check.errors[0])
    assert "not comparable here" in str(check)
    assert gradcheck(lambda x: (x - 1).relu(), 1.1).kinks == {}


def test_a_nan_is_no_agreement():
    x = Value(-1.0)
    with errstate("ignore"):
        assert not check_graph(x.log(), [x], "central").ok


def test_grads_on_the_graph_stay_as_they_were():
    x = Value(2.0)
    y = x * x
    y.backward()
    x.grad = 7.0
    check_graph(y, [x])
    assert (x.grad, y.grad) == (7.0, 1.0)


@given(graphs())
def test_replay_gives_the_values_of_the_graph(graph):
    root, _ = graph
    order = root.graph()
    values = recomputed(order, {})
    terms = max(abs(node.data) for node in order if math.isfinite(node.data))  # which may cancel
    assert all(values[node] == pytest.approx(node.data, rel=1e-13, abs=1e-15 * terms) for node in order)


def test_replay_takes_arrays():
    x = Value(1.0)
    assert np.array_equal(recomputed((x * x).graph(), {x: np.array([1.0, 2.0, 3.0])})[x], [1.0, 2.0, 3.0])


def test_many_leaves_are_checked_in_several_goes(monkeypatch):
    monkeypatch.setattr("microbp.comparing.differences._CELLS", 30)
    check = gradcheck(lambda *xs: sum(x * x for x in xs), *range(9))
    assert check.numeric == tuple(2.0 * k for k in range(9))


def test_another_method_is_refused():
    with pytest.raises(UnknownNameError, match="unknown method: 'forward'"):
        gradcheck(lambda x: x, 1.0, method="forward")


@pytest.mark.parametrize(
    ("fn", "x"),
    [
        (lambda x: x**101, -1.0),  # the imaginary part drowns in NumPy's complex power
        (lambda x: x.sigmoid(), -800.0),  # and overflows here
        (lambda x: x.sqrt(), 1e-200),
        (lambda x: abs(x) ** 0.5, 1e-3),  # curved on the scale of x, not of 1
    ],
)
def test_right_gradients_are_found_right_where_one_method_fails(fn, x):
    assert gradcheck(fn, x).ok


def test_complex_step_is_refused_where_an_operation_is_not_analytic():
    with pytest.raises(GraphError, match="analytic operations only, and abs is not"):
        gradcheck(lambda x: abs(x).relu(), -1.0, method="complex")


def test_a_complex_step_that_was_asked_for_is_what_is_told():
    for method, told in (("complex", "complex"), ("auto", "central")):
        check = gradcheck(lambda x: x**101, -1.0, method=method)
        assert (check.method, bool(check.not_judged)) == (told, method == "complex")


def test_an_error_that_a_complex_step_shows_is_looked_for_no_further(monkeypatch):
    monkeypatch.delattr("microbp.comparing.differences.by_differences")
    x = Value(0.5)
    assert Numeric(x.sin(), [x]).judge([1.0]).wrong == (0,)


def test_where_another_method_says_no_more_the_complex_step_is_told():
    with errstate("ignore"):
        check = gradcheck(lambda x, y: x**y, -3.0, 2.0)  # log x is nan there
    assert (check.method, list(check.not_judged)) == ("complex", [1])
    check = gradcheck(lambda x: (x * 1e12).sin(), 1e8)
    assert (check.method, check.not_judged) == ("complex", {0: "this method resolves nothing here"})


@pytest.mark.parametrize("what", [Value(2.0), load("x*y", {"x": 1.0, "y": 2.0})])
def test_numbers_beside_a_graph_are_refused(what):
    with pytest.raises(OperandError, match="numbers for a function alone, got 2 beside a graph or a problem"):
        gradcheck(what, 1.0, 2.0)


def test_a_leaf_is_not_hidden_by_a_kink_of_another_of_its_name(wrong_rule):
    a, b = Value(0.0, label="p"), Value(2.0, label="p")
    check = check_graph(a.relu() + b.wrong(), [a, b])
    assert list(check.kinks) == [0]
    assert not check.ok


def test_richardson_extrapolation_is_nearer_than_a_central_difference():
    def fn(x, y):
        return (x * y).tanh() + (x / y).exp() * y.sin()

    checks = {method: gradcheck(fn, 0.7, 1.9, method=method) for method in ("central", "richardson")}
    assert checks["richardson"].ok
    assert checks["richardson"].worst < checks["central"].worst
    assert "Richardson extrapolation" in str(checks["richardson"])


def test_richardson_extrapolation_names_a_kink_within_its_step():
    check = gradcheck(lambda x: (x - 1.0).relu() * x, 1.0001, method="richardson")
    assert not check.wrong
    assert "crosses" in check.kinks[0]


FUNCTIONS = [
    lambda x, y: x * y,
    lambda x, y: (x * y).tanh() + y.exp(),
    lambda x, y: (x - y).relu() + x.sigmoid() * y,
    lambda x, y: (x * x + y * y).sqrt() + abs(x),
    lambda x, y: (x / (y * y + 1)).sin().log1p(),
]


@given(
    st.sampled_from(FUNCTIONS),
    st.sampled_from(METHODS),
    st.floats(0.1, 3),
    st.floats(0.1, 3),
    st.integers(-14, 3),
    st.integers(0, 1),
)
def test_an_op_off_by_1e_4_is_caught_or_said_to_be_too_small(f, method, x, y, power, which):
    def fn(*values, wrong):
        values = [v.wrong() if wrong and k == which else v for k, v in enumerate(values)]
        return f(*values) * 10.0**power + values[1 - which]

    if method == "complex" and f in FUNCTIONS[2:4]:
        method = "central"
    right = gradcheck(lambda *v: fn(*v, wrong=False), x, y, method=method)
    with defined("1.0 * x", "1.0001"):
        off = gradcheck(lambda *v: fn(*v, wrong=True), x, y, method=method)
    assert not right.wrong
    assert off.wrong or which in off.not_judged
    if off.method == "complex" and power > -10 and off.numeric[which]:
        assert off.wrong


@given(graphs(), st.sampled_from(["auto", "central", "richardson"]), st.sampled_from([1 - 1e-4, 1 + 1e-4, 0.7, -1.0]))
def test_a_planted_error_in_any_gradient_that_is_judged_is_caught(graph, method, wrong):
    check = check_graph(*graph, method)
    assert not check.wrong
    for k, gradient in enumerate(check.analytic):
        changed = [a * wrong if i == k else a for i, a in enumerate(check.analytic)]
        off = replace(check, analytic=tuple(changed))
        assert off.wrong or gradient == 0.0 or k in off.not_judged
        if k in off.not_judged and k not in check.kinks:
            assert max(abs(gradient), abs(changed[k])) < check.resolution[k] / JUDGED


def test_a_tiny_derivative_that_is_three_times_too_large_differs():
    with defined("1e-8 * x", "3e-8"):
        for method in METHODS:
            check = gradcheck(lambda x: x.wrong(), 0.5, method=method)
            assert not check.ok
            assert check.errors[0] == pytest.approx(2 / 3, rel=1e-6)


def test_what_the_method_cannot_resolve_is_said_to_be_too_small():
    check = gradcheck(lambda x, y: x.relu() + y * 1e-13, 0.5, 2.0, method="central")
    assert check.ok
    assert list(check.not_judged) == [1]
    assert math.isnan(check.errors[1])
    assert "), but 1 of 2 could not be judged" in str(check)
    assert "too small to be judged by this method: below " in str(check)
    assert check.as_dict()["not_judged"] == check.not_judged
    assert not gradcheck(lambda x, y: x.sin() + y * 1e-13, 0.5, 2.0).not_judged
    said = str(gradcheck(lambda x: x.relu(), 0.0))
    assert said.startswith("no gradient could be judged (central difference)")
    problem = load("relu(x)", {"x": 0.0})
    assert check_graph(problem.root(), problem.leaves()).kinks == {0: "the step crosses x == 0 of relu(x) (f)"}


def test_small_gradients_of_a_network_are_judged_to_a_part_of_themselves():
    problem = load("matrix-form")
    root = batch_loss(problem.model, problem.inputs, problem.targets, problem.loss)
    check = check_graph(root, problem.leaves())
    assert check.ok
    assert not check.not_judged
    assert min(map(abs, check.analytic)) < 1e-5
    for k, gradient in enumerate(check.analytic):
        for wrong in (0.7, 1.0001):
            changed = (*check.analytic[:k], wrong * gradient, *check.analytic[k + 1 :])
            assert not replace(check, analytic=changed).ok


def test_what_rounding_does_to_the_gradients_is_no_error():
    # 1 − out² has lost its digits where tanh is saturated; ½ + x − x is ½, by the chain rule in another order.
    for fn in (lambda x: x.tanh(), lambda x: 1 - x.sigmoid(), lambda x: (1 - x.tanh()).log()):
        for x in (8.0, 15.0):
            assert not gradcheck(fn, x).wrong
    assert not gradcheck(lambda x: x + (1e-38 * x - x), 1.0).wrong


def test_the_allowed_error_is_1e_8_for_differences_and_1e_12_for_the_complex_step():
    assert ALLOWED == {"complex": 1e-12, "central": 1e-8, "richardson": 1e-8}
    x = Value(1.0)
    check = check_graph(x * x, [x], "complex")
    assert not replace(check, analytic=(2 + 1e-11,)).ok
    assert replace(check, analytic=(2 + 1e-12,)).ok


@pytest.mark.parametrize("returned", [3.0, None, [Value(1.0)]])
def test_a_function_that_returns_no_value_is_refused(returned):
    with pytest.raises(OperandError, match=r"gradcheck needs a function that returns one Value, got "):
        gradcheck(lambda a, b: returned, 2.0, 3.0)


SATURATED = {
    "sigmoid": lambda x, y: (x * y).sigmoid(),
    "tanh": lambda x, y: (x * y).tanh(),
    "1 - sigmoid": lambda x, y: 1 - (x * y).sigmoid(),
    "1 / (1 + exp(-z))": lambda x, y: 1 / (1 + (-x * y).exp()),
    "log(1 + exp(z))": lambda x, y: (1 + (x * y).exp()).log(),
    "log(1 - tanh)": lambda x, y: (1 - (x * y).tanh()).log(),
    "tanh of squares": lambda x, y: 1 - (x * y).tanh() ** 2,
    "cross-entropy by hand": lambda x, y: -(x * y).sigmoid().log() - (1 - (x * y).sigmoid()).log(),
    "relu and sigmoid": lambda x, y: (x * y).relu() + (1 - (x * y).sigmoid()),
    "cancelling": lambda x, y: (x + 1e8 * y) - 1e8 * y,
}


@pytest.mark.parametrize("name", SATURATED)
def test_right_chain_rules_are_never_accused_wherever_they_saturate(name):
    for x in (-8.0, -4.0, -2.0, -0.01, 0.01, 0.5, 4.0, 8.0):
        for y in (-8.0, -2.0, 0.1, 2.0, 4.0, 8.0):
            with errstate("ignore"):
                check = gradcheck(SATURATED[name], x, y)
            assert not check.wrong, (x, y, str(check))
            if name in ("sigmoid", "tanh") and abs(x * y) <= 16:
                assert check.ok
                assert not check.not_judged


AWKWARD = {
    "a negative base": (lambda x, y: x**y, (-3.0, 2.0), "yes no"),
    "a large power of a negative number": (lambda x, y: x**100 * y, (-3.0, -40.0), "yes yes"),
    "log1p of what is small": (lambda x, y: x.log1p() * y.expm1(), (1e-8, 0.0), "yes yes"),
    "a saturated sigmoid under a logarithm": (lambda x, y: x.sigmoid().log() * y, (-700.0, 1.5), "yes yes"),
    "exp below what a float holds": (lambda x, y: x.exp() * y, (-700.0, 1e150), "yes yes"),
    "small times large": (lambda x, y: (1e-300 * x) * (1e300 * y), (1.0, 20.0), "yes yes"),
    "a tiny length": (lambda x, y: (x * x + y * y).sqrt(), (1e-150, 1e-150), "yes yes"),
    "a tiny quotient": (lambda x, y: (x - y) / (x + y), (0.0, 1e-150), "yes no"),
    "curved on a tiny scale": (lambda x, y: (x * y).sigmoid(), (1e150, 0.0), "yes yes"),
    "curved on a tiny scale, without a complex step": (lambda x, y: (x * y).silu(), (1e150, 1e-150), "yes yes"),
    "a parabola beside a kink": (lambda x, y: x.max(y) * x, (1e-150, -3.0), "yes yes"),
    "an oscillation": (lambda x, y: (x * y).sin(), (-700.0, 1e8), "no no"),
    "a wild oscillation": (lambda x, y: (x * y).sin(), (1e8, 1e150), "no no"),
    "a root of zero": (lambda x, y: (x * y).sqrt(), (0.0, 700.0), "no no"),
    "an arccosh of one": (lambda x, y: x.arcsinh() * (1 + y * y).arccosh(), (1.0, 1e-150), "no no"),
    "exp that is inf inside": (lambda x, y: 1 / (1 + (-x * y).exp()), (20.0, -40.0), "no no"),
}
"""Right chain rules, numbers where a numeric derivative is hard to get, and whether the check says anything of each."""


@pytest.mark.parametrize("name", AWKWARD)
def test_at_an_awkward_point_a_check_is_right_or_says_that_it_cannot_judge(name):
    fn, xs, judged = AWKWARD[name]
    leaves = [Value(x) for x in xs]
    with errstate("ignore"):
        numeric = Numeric(fn(*leaves), leaves)
        check = gradcheck(fn, *xs)
        wrong = numeric.judge([1.001 * gradient or 1e-3 for gradient in check.analytic])
    assert not check.wrong, str(check)
    assert ["no" if k in check.not_judged else "yes" for k in range(2)] == judged.split()
    assert {*wrong.wrong, *wrong.not_judged} == {0, 1}, str(wrong)


def test_the_relative_error_is_one_and_what_is_allowed_stands_beside_it():
    check = gradcheck(lambda x: (1 - x.tanh()).log(), 8.0)
    right = check.analytic[0]
    off = replace(check, analytic=(right * (1 + 3.6e-8),))
    assert off.errors[0] == pytest.approx(3.6e-8, rel=1e-2)
    assert off.ok == (off.errors[0] <= off.allowed[0])
    assert f"{off.errors[0]:.1e}" in str(off).splitlines()[2]
    assert f"{off.allowed[0]:.0e}" in str(off).splitlines()[2]
    assert off.as_dict()["allowed"] == off.allowed


def test_where_nothing_is_judged_nothing_is_ok(capsys):
    check = gradcheck(lambda x: x.relu(), 0.0)
    assert not check.ok
    assert not check.wrong
    assert main(["gradcheck", "relu(x)", "x=0"]) == 1
    assert "no gradient could be judged" in capsys.readouterr().out
    with errstate("ignore"):
        for fn in (lambda x: x.log(), lambda x: (x * 1.0).log(), lambda x: 1.0 / (x * 1.0)):
            assert gradcheck(fn, 0.0).not_judged == {0: "the function is not finite here"}


def check_of(a, n, method="complex", resolution=0.0, kinks=None):
    """A check of leaves with these gradients, by the chain rule and by numbers."""
    a, n = np.atleast_1d(a).tolist(), np.atleast_1d(n).tolist()
    names = tuple(f"x{k}" for k in range(len(a)))
    return GradCheck(
        names, tuple(a), tuple(n), method, kinks or {}, tuple(np.broadcast_to(resolution, len(a)).tolist())
    )


@pytest.mark.parametrize(("method", "allowed"), [("complex", 1e-12), ("central", 1e-8), ("richardson", 1e-8)])
@pytest.mark.parametrize("size", [1.0, -1e-200, 1e200])
def test_the_relative_error_allowed_to_each_method(method, allowed, size):
    for part, wrong in ((0.0, ()), (0.9, ()), (1.2, (0,))):
        for a, n in ((size, size * (1 - part * allowed)), (size * (1 - part * allowed), size)):
            check = check_of(a, n, method)
            assert (check.wrong, check.ok, check.not_judged) == (wrong, not wrong, {})
            assert check.errors[0] == check.worst == pytest.approx(part * allowed, rel=1e-3, abs=0)


def test_what_is_not_resolved_is_no_error_and_what_is_resolved_badly_is_not_judged():
    assert (
        check_of(100.0, 100.0 + 0.9e-3, resolution=1e-3).wrong,
        check_of(100.0, 100.0 + 1.2e-3, resolution=1e-3).wrong,
    ) == ((), (0,))
    assert check_of(1.0, 1.0, resolution=4.9e-5).not_judged == {}
    assert check_of(1.0, 1.0, resolution=5.2e-5).not_judged == {0: "too small to be judged by this method: below 1e+00"}
    assert check_of(1.0, 2.0, resolution=5.2e-5).wrong == (0,)  # an error that shows is one, however badly resolved
    assert list(check_of(1.0, 1.5, resolution=0.5).not_judged) == [0]  # one as large as what is resolved shows nothing
    assert (check_of(1.0, 1.0, resolution=5e-5).not_judged, check_of(1.0, 1 + 2.0**-15, resolution=2.0**-15).wrong) == (
        {},
        (),
    )
    assert check_of(1.0, 1.0, resolution=np.inf).not_judged == {0: "this method resolves nothing here"}


def test_a_gradient_of_zero_is_judged_where_nothing_can_hide():
    for resolution, judged in ((0.0, True), (4.9e-155, True), (5.1e-155, False), (1e-9, False)):
        assert check_of(0.0, 0.0, resolution=resolution).ok is judged
    assert check_of(0.0, 0.0).allowed == (1e-12,)
    assert check_of(0.0, 1e-300).wrong == (0,)
    assert check_of(-1e-300, 1e-300).worst == 2.0


def test_a_number_that_is_none_is_wrong_in_the_chain_rule_and_says_nothing_in_the_check():
    nan, inf = np.nan, np.inf
    assert (check_of(nan, 1.0).wrong, check_of(inf, 1.0).wrong) == ((0,), (0,))
    for numeric in (nan, inf):
        assert check_of(1.0, numeric).not_judged == {0: "the function is not finite here"}
        assert not check_of(1.0, numeric).ok
    assert check_of([], []).ok


def test_the_verdict_is_printed_first():
    right, wrong = check_of([1.0, 2.0], [1.0, 2.0]), check_of([1.0, 2.0], [1.0, 2.5])
    kinked = check_of([1.0, 2.0], [1.5, 2.0], kinks={0: "a kink"})
    heads = [str(check).splitlines()[0] for check in (right, wrong, kinked, check_of(1.0, 1.5, kinks={0: "a kink"}))]
    assert heads == [
        "gradients agree (complex step, worst relative error 0.0e+00)",
        "GRADIENTS DIFFER (complex step, worst relative error 2.0e-01)",
        "gradients agree (complex step, worst relative error 0.0e+00), but 1 of 2 could not be judged",
        "no gradient could be judged (complex step)",
    ]
    assert [kinked.ok, kinked.worst, kinked.wrong] == [True, 0.0, ()]
    assert (
        str(check_of(1.0, 1.5, "central", kinks={0: "a kink"})).splitlines()[2]
        == "x0  1           1.5      not comparable here: a kink"
    )
    assert str(wrong).splitlines()[2:] == [
        "x0  1           1        0.0e+00         1e-12",
        "x1  2           2.5      2.0e-01         1e-12",
    ]


@pytest.mark.parametrize("count", [40, 41])
def test_of_many_leaves_the_forty_worst_are_printed_worst_first(count):
    a = np.ones(count)
    check = check_of(a, a + 1e-3 * np.arange(count), kinks={7: "a kink"})
    head, *rows = str(check).splitlines()[1:]
    names = [row.split()[0] for row in rows]
    if count == 40:
        assert (head.split()[:2], names) == (["chain", "rule"], [f"x{k}" for k in range(40)])
    else:
        assert head.startswith("worst 40 of 41  chain rule")
        assert names == ["x7", *[f"x{k}" for k in range(40, 0, -1) if k != 7]]


def test_what_a_check_holds_is_there_for_json():
    data = check_of([1.0, 2.0], [1.0, 2.5], kinks={0: "a kink"}).as_dict()
    assert (data["ok"], data["worst"], data["allowed"], data["method"]) == (False, 0.2, (1e-12, 1e-12), "complex")
    assert (data["names"], data["analytic"], data["not_judged"]) == (
        ("x0", "x1"),
        (1.0, 2.0),
        {0: "not comparable here: a kink"},
    )


def test_a_check_that_takes_minutes_is_refused_with_its_numbers(monkeypatch):
    x = Value(2.0)
    y = x * x
    for name, most in (("MOST_VALUES", 2), ("MOST_NUMBERS", 2)):
        with monkeypatch.context() as less:
            less.setattr(f"microbp.comparing.gradcheck.{name}", most)
            assert check_graph(y, [x]).ok
            less.setattr(f"microbp.comparing.gradcheck.{name}", most - 1)
            with pytest.raises(GraphError, match="a numeric check of 1 leaves in a graph of 2 values takes minutes"):
                check_graph(y, [x])
    monkeypatch.setattr("microbp.comparing.gradcheck.MOST_NUMBERS", 5)
    with pytest.raises(GraphError, match="a numeric check of 2 leaves in a graph of 3 values takes minutes"):
        gradcheck(lambda x, y: x * y, 1.0, 2.0)


def test_no_finer_difference_is_taken_than_is_needed(monkeypatch):
    taken = []

    def counted(*arguments):
        taken.append(arguments)
        return by_differences(*arguments)

    monkeypatch.setattr("microbp.comparing.differences.by_differences", counted)
    x = Value(2.0)
    numeric = Numeric(x.relu() * x, [x])
    assert numeric.judge([4.0]).ok
    assert numeric.judge([4.0]).ok
    assert len(taken) == 1
    assert not numeric.judge([4.1]).ok
    assert len(taken) == 5


def test_a_graph_is_checked_with_respect_to_its_leaves_but_no_number_in_it():
    x, y = Value(0.5, label="x"), Value(2.0, label="y")
    check = gradcheck((x * y + 3.0).tanh())
    assert (sorted(check.names), check.ok, check.not_judged) == (["x", "y"], True, {})


@pytest.mark.parametrize("method", ["central", "richardson"])
def test_a_second_derivative_that_jumps_is_no_wrong_gradient(method):
    assert not gradcheck(lambda x: x + x.elu(), 0.0, method=method).wrong
