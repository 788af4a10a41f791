import json
import math
import random
import re
import shlex
from collections import Counter
from itertools import combinations

import numpy as np
import pytest

import microbp
from microbp import Value, load, nn
from microbp.diagnosis.by_hand.replay import GraphReplay
from microbp.diagnosis.by_hand.search import diagnose_graph
from microbp.diagnosis.by_hand.slips import SLIPS, slipped
from microbp.diagnosis.by_hand.text import TEXTBOOK
from microbp.engine.ieee import errstate
from microbp.engine.ops import OPS
from microbp.errors import GraphError, ProblemError, UnknownNameError
from microbp.printing import json_text
from microbp.terminal.cli import main

SQUARE, NUMBERS = "(w*x+b-y)**2", {"w": 2.0, "x": 3.0, "b": 0.5, "y": 1.0}
EXPRESSION, INPUTS = "sigmoid((w*x + b)**3 / (1 + x*w)) - cos(w)*tanh(x)*x", {"w": 0.7, "x": -0.4, "b": 1.3}


def right(problem):
    root = problem.root()
    root.zero_grad()
    root.backward()
    return {leaf.label: leaf.grad for leaf in problem.leaves()}


def said(diagnosis):
    """Every explanation."""
    return (diagnosis.mistakes, *diagnosis.alternatives)


def rounded(gradients, digits):
    return {name: float(f"{g:.{digits}g}") for name, g in gradients.items()}


# Random expressions


TEMPLATES = {op.name: re.sub(r"\b[xy]\b", r"{\g<0>}", f"({op.call})") for op in OPS.values() if None not in op.partials}
TEMPLATES |= {"const_pow": "(2**{x})", "multiple": "(3*{x})"}


def expression(rng):
    """A random expression of the operations of the table, as text."""
    leaves = ["w", "x", "b", "v"][: rng.randint(1, 4)]
    parts = list(leaves)
    for _ in range(rng.randint(2, 8)):
        name = rng.choice(list(TEMPLATES))
        x, y = (rng.choice(parts if rng.random() < 0.7 else leaves) for _ in range(2))
        made = TEMPLATES[name].format(x=x, y=rng.choice(["2", "3", "0.5"]) if name == "pow" else y)
        if len(made) < 120:
            parts.append(made)
    return parts[-1]


def cases(count, seed):
    """Problems of random expressions, none of whose numbers is large."""
    rng = random.Random(seed)
    while count:
        text = expression(rng)
        numbers = {name: round(rng.uniform(-2, 2), 2) for name in re.findall(r"\b[wxbv]\b", text)}
        with errstate("ignore"):
            root = load(text, numbers).root()
            judge = GraphReplay(root, dict.fromkeys(numbers, 0.0))
        sizes = [abs(v.data) for v in root.graph()] + [abs(step.local) for step in judge.steps]
        if np.isfinite(sizes).all() and max(sizes) < 100 and np.any(np.abs(judge.right) > 1e-6):
            count -= 1
            yield rng, root, judge


@pytest.mark.slow
def test_every_slip_planted_in_random_expressions_is_named():
    planted, named = Counter(), Counter()
    for rng, root, judge in cases(220, seed=3):
        places = list(slipped(judge.steps))
        made = judge.replay([place.changed for place in places])
        moved = np.any(np.abs(made - judge.right) > 1e-4 * np.maximum(np.abs(judge.right), 1e-9), axis=1)
        for code in sorted({place.slip.code for place in places}):
            some = [k for k, place in enumerate(places) if place.slip.code == code and moved[k]]
            for digits in (17, 6) if some else ():
                wrong = rounded(dict(zip(judge.labels, made[rng.choice(some)], strict=True)), digits)
                if GraphReplay(root, wrong).wrong:  # 1.0 may be 0.998, rounded
                    planted[code] += 1
                    named[code] += (code,) in said(diagnose_graph(root, wrong))
    assert planted.keys() == {slip.code for slip in SLIPS} | {"fan-out-overwritten", "missing-path"}
    assert planted.total() > 800
    assert named.total() >= 0.99 * planted.total(), {code: (named[code], n) for code, n in planted.items()}


def test_right_gradients_of_random_expressions_get_no_slip():
    for _, root, judge in cases(220, seed=2):
        numbers = dict(zip(judge.labels, judge.right.tolist(), strict=True))
        for given in (numbers, rounded(numbers, 6), {name: np.float32(g) for name, g in numbers.items()}):
            diagnosis = diagnose_graph(root, given)
            assert (diagnosis.ok, diagnosis.mistakes) == (True, ()), (root.label, given, str(diagnosis))


# One by one

w, x, b, y = NUMBERS.values()
net, s = w * x + b, 1 / (1 + math.exp(-(w * x + b)))
BY_HAND = [
    (SQUARE, {"w": (net - y) * x, "b": net - y}, "power-exponent", "∂u²/∂u = u = 5.5", "∂u²/∂u = 2·u = 11"),
    (SQUARE, {"w": x}, "missing-outer-derivative", "∂u²/∂u = 1", "∂u²/∂u = 2·u = 11"),
    (SQUARE, {"b": 2 * (net - y) ** 2}, "power-not-lowered", "∂u²/∂u = 2·u² = 60.5", "∂u²/∂u = 2·u = 11"),
    ("y - w*x", {"w": x, "x": w}, "inner-sign", "∂(y − u)/∂u = 1", "∂(y − u)/∂u = −1"),
    ("w/x", {"w": 1 / x, "x": w / x**2}, "quotient-sign", "∂(w / x)/∂x = w / x²", "∂(w / x)/∂x = −w / x² = −0.222"),
    ("w/x", {"x": -w / x}, "quotient-square", "∂(w / x)/∂x = −w / x = −0.666666667", "∂(w / x)/∂x = −w / x² = −0.222"),
    ("w/x", {"w": 1.0, "x": -w / x**2}, "quotient-inner", "∂(w / x)/∂w = 1", "∂(w / x)/∂w = 1 / x = 0.333"),
    ("sigmoid(w)", {"w": w * (1 - w)}, "formula-of-net", "= w·(1 − w) = −2", "= σ(w)·(1 − σ(w)) = 0.104993585"),
    (
        "tanh(w)",
        {"w": 1 - math.tanh(math.tanh(w)) ** 2},
        "wrong-point",
        "1 − tanh(tanh(w))² = 0.443382542",
        "1 − tanh(w)² =",
    ),
    ("cos(w)*b", {"w": b * math.sin(w)}, "derivative-sign", "∂cos(w)/∂w = sin(w)", "∂cos(w)/∂w = −sin(w)"),
    (
        "w*x",
        {"w": 1.0, "x": 1.0},
        "product-like-sum",
        "∂(w·x)/∂w = 1, ∂(w·x)/∂x = 1",
        "∂(w·x)/∂w = x = 3, ∂(w·x)/∂x = w",
    ),
    ("x*sin(x)", {"x": x * math.cos(x)}, "product-rule-one-term", "(x·u)′ = x·u′", "(x·u)′ = u·x′ + x·u′"),
    ("exp(x) + x**2", {"x": 2 * x}, "fan-out-overwritten", "∂f/∂x = 6", "∂f/∂x = 20.0855369 + 6 = 26.0855369"),
    ("w*w + w", {"w": 2 * w}, "missing-path", "∂f/∂w = 2 + 2 = 4", "∂f/∂w = 1 + 2 + 2 = 5"),
    ("w*w + w", {"w": 1.0}, "fan-out-overwritten", "∂f/∂w = 1", "∂f/∂w = 1 + 2 + 2 = 5"),
    ("w*x + w + w**3", {"w": x + 1, "x": w}, "missing-path", "∂f/∂w = 1 + 3 = 4", " = 16"),
    ("x**2", {"x": 3 * 2 * x}, "factor", "∂f/∂x = 3 × 6 = 18", "∂f/∂x = 6"),
    (
        "sin(w)*exp(b)",
        {"w": -math.cos(w) * math.exp(b), "b": -math.sin(w) * math.exp(b)},
        "sign",
        "∂f/∂w = ",
        "∂f/∂w = −",
    ),
]


@pytest.mark.parametrize(("text", "wrong", "code", "wrong_line", "right_line"), BY_HAND)
@pytest.mark.parametrize("digits", [6, 17])
def test_a_slip_made_by_hand_is_named_with_its_lines(text, wrong, code, wrong_line, right_line, digits):
    problem = load(text, {name: NUMBERS[name] for name in re.findall(r"\b[wxby]\b", text)})
    diagnosis = microbp.diagnose(problem, rounded(wrong, digits))
    assert (code,) in said(diagnosis)
    others = [found["findings"] for found in diagnosis.details["alternatives"]]
    (found,) = next(f for f in [diagnosis.details["findings"], *others] if [one["code"] for one in f] == [code])
    assert wrong_line in found["wrong"]
    assert right_line in found["right"]
    assert found["wrong"] in str(diagnosis)
    assert found["right"] in str(diagnosis)
    assert {"name", "where", "layers", "arrays", "factor", "reading"} <= found.keys()
    assert json.loads(json_text(diagnosis.as_dict()))["ok"] is False


@pytest.mark.parametrize("scale", [1.0, 1e-10])
def test_a_gradient_that_is_passed_on_too_early_is_named_however_small(scale):
    a, b = Value(2.0, label="a"), Value(0.5, label="b")
    u = 3.0 * a
    parts = [0.5 * scale, math.sin(6) * scale, 6 * math.cos(6) * scale]  # u's, in the order in which they come
    early = 3 * parts[0] + 2 * parts[1] + parts[2]  # with each, u passes on all that it has
    diagnosis = diagnose_graph((u * b + u * u.sin()) * scale, {"a": 3 * early, "b": 6 * scale})
    assert diagnosis.mistakes == ("passed-on-too-early",)


def test_textbook_formulas_are_those_of_the_table():
    for op, formulas in TEXTBOOK.items():
        for name, formula in formulas.items():
            row, judge = OPS[op], GraphReplay(load("w/x", {"w": 2.0, "x": 3.0}).root(), {"w": 1.0})
            (step,) = (s for s in judge.steps if s.node.op is row and row.inputs[s.position] == name)
            numbers = dict(zip(row.inputs, (v.data for v in step.node.inputs), strict=True))
            value = load(formula.numpy(), numbers).root().data
            assert value == pytest.approx(step.local, rel=1e-15, abs=0)


def test_the_whole_text_of_a_diagnosis():
    text = str(microbp.diagnose(load(SQUARE, NUMBERS), {"w": 16.5, "b": 5.5}))
    assert text == (
        "The gradients are wrong: power-exponent.\n"
        "   w   yours 16.5   right 33\n"
        "   b   yours 5.5    right 11\n"
        "\n"
        "power-exponent: The exponent is not brought down as a factor.\n"
        "   Where: (w·x + b − y)², u = w·x + b − y\n"
        "   wrong   ∂u²/∂u = u = 5.5\n"
        "   right   ∂u²/∂u = 2·u = 11\n"
        "\n"
        "One number followed through: w, yours 16.5, right 33\n"
        "   f → w·x + b − y → w·x + b → w·x → w\n"
        "      wrong   5.5 × 1 × 1 × 3 = 16.5\n"
        "      right   11 × 1 × 1 × 3 = 33\n"
        "   See it: microbp step '(w*x + b - y)**2' w=2 x=3 b=0.5 y=1 --at w\n"
        "\n"
        "Other slips give the same numbers here:\n"
        "   factor: All is right except for a factor. Here: factor 0.5 (a ½ too many).\n"
        "      Where: every leaf\n"
        "      wrong   ∂f/∂w = 0.5 × 33 = 16.5\n"
        "      right   ∂f/∂w = 33"
    )


def test_other_places_of_the_same_slip_are_told():
    said = str(microbp.diagnose(load("-(-x)", {"x": 0.4}), {"x": -1.0}))
    assert "   The same slip at −x would give the same numbers.\n" in said
    assert "would give" not in str(microbp.diagnose(load("w*w", {"w": 3.0}), {"w": 3.0}))


def test_every_way_to_a_leaf_is_followed():
    root = load("x*sin(x)", {"x": 2.0}).root()
    lines = str(diagnose_graph(root, {"x": 2 * math.cos(2)})).splitlines()
    begin = lines.index("   f → x")
    assert lines[begin : begin + 8] == [
        "   f → x",
        "      wrong   left out",
        "      right   0.909297427",
        "   f → sin(x) → x",
        "      both    2 × (−0.416146837) = −0.832293673",
        "   together",
        "      wrong   −0.832293673",
        "      right   0.909297427 + (−0.832293673) = 0.0770037537",
    ]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (SQUARE, NUMBERS),
        ("-x**2", {"x": -1e-7}),
        ("w * tanh(x / 3)", {"w": 0.1 + 0.2, "x": -2.0}),
    ],
)
def test_the_command_that_shows_it_runs_as_printed(text, numbers, capsys):
    diagnosis = microbp.diagnose(load(text, numbers), {next(iter(numbers)): 1.2345678})
    see = str(diagnosis).partition("See it: ")[2].splitlines()[0]
    assert see == diagnosis.details["followed"]["see"]
    program, *words = shlex.split(see)
    assert program == "microbp"
    assert main([*words, "--batch"]) == 0
    label = diagnosis.details["first_wrong"]
    assert f"contribution to {label}" in capsys.readouterr().out


def test_a_bare_value_is_shown_in_python():
    a = Value(2.0, label="a")
    root = (a * Value(-1.0, label="my b") + a).tanh()
    root.label = "a*b + a"  # which it is not
    see = diagnose_graph(root, {"my b": 7.7}).details["followed"]["see"]
    assert see == "microbp.steps(root).until('my b')"
    assert eval(see, {"microbp": microbp, "root": root}).input.label == "my b"


def test_factors_have_a_value_and_a_reading():
    problem = load(EXPRESSION, INPUTS)
    truth = right(problem)
    assert microbp.diagnose(problem, {n: -g for n, g in truth.items()}).mistakes == ("sign",)
    diagnosis = microbp.diagnose(problem, {n: 0.37 * g for n, g in truth.items()})
    assert diagnosis.mistakes == ("factor",)
    assert diagnosis.details["factor"] == pytest.approx(0.37)
    assert "Here: factor 0.37.\n" in str(diagnosis)
    diagnosis = microbp.diagnose(problem, {n: -2 * g for n, g in truth.items()})
    assert diagnosis.mistakes == ("sign", "factor")
    assert (diagnosis.details["factor"], diagnosis.details["reading"]) == (2.0, "a ½ is missing")
    assert "factor 2 (a ½ is missing)" in str(diagnosis)
    diagnosis = microbp.diagnose(problem, dict.fromkeys(truth, 0.0))
    assert (diagnosis.details["factor"], diagnosis.details["reading"]) == (0.0, "left at 0")
    assert microbp.diagnose(problem, {"w": 1.2345678, "x": 9.8765432, "b": 4.5671234}).mistakes == ()


@pytest.mark.parametrize(("factor", "likely"), [(2.0, True), (0.5, True), (0.37, False), (1.234567, False)])
def test_one_number_alone_has_a_likely_factor_or_none(factor, likely):
    problem = load(EXPRESSION, INPUTS)
    diagnosis = microbp.diagnose(problem, {"b": factor * right(problem)["b"]})
    assert (("factor",) in said(diagnosis)) == likely
    assert microbp.diagnose(problem, {"b": right(problem)["b"]}).ok
    assert (diagnosis.ok, diagnosis.details["wrong"], diagnosis.details["right"]) == (False, ["b"], [])


def test_a_rule_that_is_wrong_everywhere_is_one_slip():
    problem = load("sin(a)*sin(b) + sin(a*b)", {"a": 0.3, "b": 1.2})
    diagnosis = microbp.diagnose(problem, {"a": math.sin(1.2) + 1.2, "b": math.sin(0.3) + 0.3})
    assert diagnosis.mistakes == ("missing-outer-derivative",)
    assert "Where: sin(a), sin(b) and sin(a·b)" in str(diagnosis)
    a = Value(3.0, label="a")
    c = a + a
    assert diagnose_graph(c + c, {"a": 1.0}).mistakes == ("fan-out-overwritten",)  # grad = …, for grad += …


@pytest.mark.slow
def test_two_slips_at_once_are_found():
    problem = load(EXPRESSION, INPUTS)
    judge = GraphReplay(problem.root(), dict.fromkeys(INPUTS, 0.0))
    places = list(slipped(judge.steps))
    pairs = [pair for pair in combinations(places[::4], 2) if not pair[0].changed.keys() & pair[1].changed.keys()]
    found = 0
    for one, two in pairs:
        wrong = dict(zip(INPUTS, judge.replay([one.changed | two.changed])[0], strict=True))
        diagnosis = microbp.diagnose(problem, wrong)
        codes = sorted((one.slip.code, two.slip.code))
        found += diagnosis.ok or any(len(each) == 1 or sorted(each) == codes for each in said(diagnosis))
    assert found == len(pairs) > 50


def test_pairs_that_would_fit_by_chance_are_not_tried():
    diagnosis = microbp.diagnose(load(EXPRESSION, INPUTS), {"b": 0.123})
    assert diagnosis.mistakes == ()
    assert "two at once would fit by chance" in str(diagnosis)


@pytest.mark.slow
def test_of_a_large_graph_what_can_be_tried_is_tried():
    model = nn.MLP(8, [12, 4], activation="tanh", seed=1)
    root = microbp.losses.batch_loss(model, np.ones((1, 8)), np.zeros((1, 4)), "half_squared_error", 0.0)
    diagnosis = diagnose_graph(root, {"w[1][0,0]": 1.23456, "w[2][1,1]": 7.65432})
    assert diagnosis.mistakes == ()
    value = Value(1.0, label="w")
    for _ in range(4000):
        value = value.tanh()
    assert "too large to try every slip" in str(diagnose_graph(value, {"w": 7.0}))


@pytest.mark.parametrize("digits", [3, 6, 17])
def test_right_gradients_of_an_expression_get_no_mistake(digits):
    problem = load(EXPRESSION, INPUTS)
    diagnosis = microbp.diagnose(problem.root(), rounded(right(problem), digits))
    assert (diagnosis.ok, diagnosis.mistakes) == (True, ())


def test_each_number_is_as_precise_as_it_was_typed():
    problem = load(EXPRESSION, INPUTS)
    truth = right(problem)
    assert microbp.diagnose(problem, rounded(truth, 9) | rounded({"b": truth["b"]}, 4)).ok
    assert not microbp.diagnose(problem, rounded(truth, 9) | {"b": truth["b"] * 1.001}).ok
    assert not microbp.diagnose(problem, truth | rounded({"b": truth["b"]}, 4)).ok  # beside doubles it would be exact


def test_right_gradients_of_a_pass_in_single_precision_are_right():
    x, w, y = np.float32(0.3), np.float32(1.7), np.float32(0.51)
    error = np.float32(2) * (w * x - y - np.float32(1e-4))  # little is left of it
    problem = load("(w*x - y - 1e-4)**2", {"w": 1.7, "x": 0.3, "y": 0.51})
    assert microbp.diagnose(problem, {"w": error * x, "y": -error}).ok
    assert not microbp.diagnose(problem, {"w": 1.5 * error * x, "y": -1.5 * error}).ok


@pytest.mark.parametrize("bad", ["inf", "-inf", "nan"])
def test_what_is_not_finite_is_never_right(bad):
    problem = load(SQUARE, NUMBERS)
    diagnosis = microbp.diagnose(problem, {"w": float(bad), "b": 11.0})
    assert (diagnosis.ok, diagnosis.mistakes, diagnosis.details["wrong"]) == (False, (), ["w"])
    assert "never right" in str(diagnosis)
    assert microbp.diagnose(problem, {"w": 33.0, "b": 11.0}).ok
    with errstate("ignore"):
        assert not microbp.diagnose(load("log(x)", {"x": 0.0}), {"x": float(bad)}).ok
        assert "not finite here" in str(microbp.diagnose(load("log(x)", {"x": 0.0}), {"x": 1.0}))


def test_slips_at_strange_numbers_raise_nothing():
    for text, x in (("x**0.5/x", 0.0), ("(x-1)**0.5", 0.0), ("1/x**200", 1e-3), ("log(x)*x", 0.0), ("x", 1.0)):
        with errstate("ignore"):
            assert diagnose_graph(load(text, {"x": x}).root(), {"x": 0.12345}).ok is False


def test_the_command_diagnoses_an_expression(capsys, tmp_path):
    words = ["diagnose", SQUARE, *(f"{name}={number}" for name, number in NUMBERS.items())]
    assert main([*words, "--gradients", "w=16.5,b=5.5"]) == 1
    assert "power-exponent" in capsys.readouterr().out
    (tmp_path / "g.json").write_text('{"w": 33, "b": 11}')
    assert main([*words, "--gradients", str(tmp_path / "g.json"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    assert main([*words, "--gradients", "w=16.5,b=5.5", "--json"]) == 1
    details = json.loads(capsys.readouterr().out)["details"]
    assert (details["factor"], details["reading"]) == (0.5, "a ½ too many")
    assert details["followed"]["ways"][0]["wrong"] == [5.5, 1.0, 1.0, 3.0]
    assert main([*words, "--gradients", "w=a"]) == 2
    with pytest.raises(ProblemError, match="needs a network"):
        microbp.compare(load("w*x", {"w": 1.0, "x": 1.0}))


def test_labels_that_are_unknown_or_double_are_told():
    with pytest.raises(UnknownNameError, match="unknown leaf: 'v'"):
        diagnose_graph(Value(1.0, label="w") * 2, {"v": 2.0})
    with pytest.raises(GraphError, match="two values are called 'w'"):
        diagnose_graph(Value(1.0, label="w") * Value(2.0, label="w"), {"w": 2.0})
    with pytest.raises(ProblemError, match="a number for each label"):
        diagnose_graph(Value(1.0, label="w") * 2, {})


@pytest.mark.parametrize("typed", [{"w": -0.0066, "b": 0.0066}, {"w": -0.007, "b": 0.007}, {"b": 0.01}])
def test_right_numbers_of_few_digits_are_right_and_no_factor(typed):
    root = microbp.load("sigmoid(w*x+b)", {"w": 2.0, "x": -1.0, "b": -3.0}).root()
    diagnosis = microbp.diagnose(root, typed)
    assert (diagnosis.ok, diagnosis.details["precision"]) == (True, "few digits")
    assert "With so few digits this says little" in diagnosis.explanation


def test_few_digits_that_are_a_slip_exactly_are_that_slip():
    root = microbp.load("3 * sin(x)", {"x": 0.1}).root()
    assert microbp.diagnose(root, {"x": 2.99}).ok
    assert not microbp.diagnose(root, {"x": 3.0}).ok  # without cos(x), which is 0.995


def test_where_the_right_number_is_nan_the_command_is_still_known():
    with errstate("ignore"):
        diagnosis = microbp.diagnose(microbp.load("sqrt(x)", {"x": -3.0}), {"x": 0.1})
    assert "See it: microbp step 'sqrt(x)' x=-3 --at x" in diagnosis.explanation
