import json

import pytest

import microbp
from microbp import Value, load
from microbp.cli import main
from microbp.diagnosis.expressions import diagnose_graph
from microbp.diagnosis.slips import slipped
from microbp.errors import ProblemError, UnknownNameError
from microbp.stepper import Stepper

EXPRESSION = "sigmoid((w*x + b)**3 / (1 + x*w)) - cos(w)*tanh(x)*x"
NUMBERS = {"w": 0.7, "x": -0.4, "b": 1.3}


def replay(steps, changed):
    grads = {steps[0].node: 1.0}
    for k, step in enumerate(steps):
        grads[step.input] = grads.get(step.input, 0.0) + grads[step.node] * changed.get(k, step.local)
    return {leaf.label: grad for leaf, grad in grads.items() if leaf.op is None and leaf.label}


def planted(digits=None):
    stepper = Stepper(load(EXPRESSION, NUMBERS).root())
    steps = [stepper[k] for k in range(len(stepper))]
    right = replay(steps, {})
    for slip, _, changed in slipped(steps):
        wrong = {name: g if digits is None else float(f"{g:.{digits}g}") for name, g in replay(steps, changed).items()}
        if any(abs(wrong[name] - right[name]) > 1e-4 * abs(right[name]) for name in right):
            yield slip, wrong


@pytest.mark.parametrize("digits", [None, 6])
def test_every_slip_at_every_node_is_named(digits):
    seen = set()
    for slip, wrong in planted(digits):
        diagnosis = diagnose_graph(load(EXPRESSION, NUMBERS).root(), wrong)
        assert (slip.code,) in (diagnosis.mistakes, *diagnosis.alternatives), (slip.code, str(diagnosis))
        seen.add(slip.code)
    assert len(seen) >= 10


@pytest.mark.parametrize("digits", [3, 6, 17])
def test_right_gradients_of_an_expression_get_no_mistake(digits):
    root = load(EXPRESSION, NUMBERS).root()
    root.backward()
    right = {v.label: float(f"{v.grad:.{digits}g}") for v in root.graph() if v.label in NUMBERS}
    diagnosis = microbp.diagnose(root, right)
    assert (diagnosis.ok, diagnosis.mistakes) == (True, ())


def test_factors_and_signs_of_an_expression_are_named():
    problem = load(EXPRESSION, NUMBERS)
    root = problem.root()
    root.backward()
    right = {leaf.label: leaf.grad for leaf in problem.leaves()}
    assert microbp.diagnose(problem, {n: -g for n, g in right.items()}).mistakes == ("sign",)
    diagnosis = microbp.diagnose(problem, {n: 0.37 * g for n, g in right.items()})
    assert diagnosis.mistakes == ("factor",)
    assert diagnosis.details["factor"] == pytest.approx(0.37)
    assert microbp.diagnose(problem, {"w": 1.2345678, "x": 9.8765432, "b": 4.5671234}).mistakes == ()


def test_the_command_diagnoses_an_expression(capsys, tmp_path):
    words = ["diagnose", "(w*x+b-y)**2", "w=2", "x=3", "b=0.5", "y=1"]
    assert main([*words, "--gradients", "w=16.5,b=5.5"]) == 1
    assert "power-exponent" in capsys.readouterr().out
    (tmp_path / "g.json").write_text('{"w": 33, "b": 11}')
    assert main([*words, "--gradients", str(tmp_path / "g.json"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    assert main([*words, "--gradients", "w=a"]) == 2
    with pytest.raises(UnknownNameError, match="unknown leaf: 'v'"):
        diagnose_graph(Value(1.0, label="w") * 2, {"v": 2.0})
    with pytest.raises(ProblemError, match="needs a network"):
        microbp.compare(load("w*x", {"w": 1.0, "x": 1.0}))


@pytest.mark.parametrize("bad", ["inf", "-inf", "nan"])
def test_an_inf_for_a_leaf_is_wrong(bad):
    problem = load("(w*x+b-y)**2", {"w": 2.0, "x": 3.0, "b": 0.5, "y": 1.0})
    assert not microbp.diagnose(problem, {"w": float(bad), "b": 11.0}).ok
    assert microbp.diagnose(problem, {"w": 33.0, "b": 11.0}).ok
