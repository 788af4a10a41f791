"""Names and equations of every built-in problem: each value has one name, each equation its number."""

import re

import numpy as np
import pytest

from microbp import Constant, Value, vectorized
from microbp.errors import GraphError, UnknownNameError
from microbp.problems import NetworkProblem, builtin_names, load
from microbp.stepping import sentences
from microbp.stepping.names import all_named, name_graph
from microbp.stepping.products import Products
from microbp.stepping.samples import samples_of
from microbp.stepping.stepper import Stepper


@pytest.fixture(scope="module", params=[*builtin_names(), "shared bias"])
def problem(request):
    if request.param in builtin_names():
        return load(request.param)
    X, Y = [[1.0, 2.0], [0.5, -1.0]], [[1, 0], [0, 1]]
    return NetworkProblem("t", [[[0.5, 0.2], [0.1, -0.3]]], [[0.3, 0.3]], X, Y, shared_bias=True)


def test_no_two_values_of_a_problem_have_one_name_and_none_has_a_made_up_one(problem):
    names = {value: name.text() for value, name in name_graph(problem.root().graph()).items()}
    called = [name for value, name in names.items() if not isinstance(value, Constant)]
    assert len(set(called)) == len(called)
    assert not [name for name in called if re.search(r"\bv\d", name)]


def test_a_mark_is_the_number_of_the_sample_that_the_value_is_computed_from(problem):
    X, _ = problem.shown_samples
    names = name_graph(problem.root().graph())
    nets, _ = vectorized.forward(*problem.model.arrays(), X, **problem.model.activations())
    for l, layer in enumerate(problem.model.layers):
        for j, neuron in enumerate(layer.neurons):
            for i, net in enumerate(nets[l][:, j]):
                name = neuron.net_label + f"@{i + 1}" * (len(X) > 1)
                (value,) = all_named(names, name)
                assert value.data == pytest.approx(net, rel=1e-12, abs=1e-15), name
    for k, label in enumerate(problem.model.input_labels):
        assert [value.data for value in all_named(names, label)] == X[:, k].tolist()


EQUATION = re.compile(r"^(?P<left>∂[^=]*?) (?:\+=|=) .* = (?P<number>−?[\d.e−+]+)$")


def gradients_between(stepper, top):
    """∂top/∂value for each value, by its name: from the table of operations, apart from the pass under test."""
    grads = {top: 1.0}
    for node in reversed(top.graph()):
        for x, local in zip(node.inputs, node.op.local(node) if node.op and node in grads else (), strict=False):
            grads[x] = grads.get(x, 0.0) + grads[node] * local
    return {stepper.names[value].text(): grad for value, grad in grads.items()}


def bare(name):
    return name[1:-1] if name.startswith("(") and name.endswith(")") else name


def test_every_equation_of_a_pass_is_true(problem):
    """Each line "∂a/∂b = … = number", and "∂a/∂b += …", of step and of step --by weight."""
    stepper = Stepper(problem.root())
    text = [str(step) for step in stepper]
    told = sentences.by_weight(stepper, problem.leaves(), 0.1)
    text += [re.sub(r"\\(.)", r"\1", line).strip() for line in told]
    tops = {}
    by_name = {name.text(): value for value, name in stepper.names.items()}
    judged = 0
    steps = iter(stepper)
    for line in text:
        if not (match := EQUATION.match(line)):
            continue
        of, _, by = match["left"].removeprefix("∂").partition("/∂")
        of, by, number = bare(of), bare(by), float(match["number"].replace("−", "-"))
        if of not in tops:
            tops[of] = gradients_between(stepper, by_name[of])
        expected = next(steps).contribution if " += " in line else tops[of][by]
        assert number == pytest.approx(expected, rel=1e-6, abs=1e-8), line
        judged += 1
    assert judged >= len(stepper) + len(problem.leaves())


def test_the_gradient_of_any_value_can_be_told(problem):
    stepper = Stepper(problem.root())
    products = Products(stepper)
    for value in [value for value in stepper.names if not isinstance(value, Constant)][-60:]:
        last = list(products.lines(value))[-1].text
        assert float(re.findall(r"= (−?[\d.e−+]+)", last)[-1].replace("−", "-")) == pytest.approx(
            stepper.gradient(value), rel=1e-6, abs=1e-8
        )


def test_samples_can_be_asked_for_one_by_one():
    problem = load("xor")
    stepper = Stepper(problem.root(), sample=3)
    samples = samples_of(stepper.graph)
    assert {samples.get(step.node, 3) for step in stepper.shown} == {3}
    made = []
    while stepper.next():
        made.append(stepper.position)
    assert made == [step.number for step in stepper.shown] + [len(stepper)]
    with pytest.raises(UnknownNameError, match=r"4 values are called 'x\[0\]', one in each sample: say which"):
        stepper.find("x[0]")
    assert [value.data for value in stepper.find_all("x[0]")] == problem.inputs[:, 0].tolist()
    for sample in (0, 5):
        with pytest.raises(GraphError, match=f"has the samples 1 to 4, got sample {sample}"):
            Stepper(problem.root(), sample=sample)
    two = NetworkProblem("t", [[[0.5]]], [[0.3]], [[1.0], [2.0]], [[0.0], [1.0]])
    with pytest.raises(GraphError, match="has the samples 1 to 2, got sample 3"):
        Stepper(two.root(), sample=3)
    with pytest.raises(GraphError, match="has one sample, got sample 2"):
        Stepper(load("w1-w8").root(), sample=2)


def test_values_of_one_label_have_marks_even_where_there_are_no_samples():
    a, b, c = Value(1.0, "a"), Value(2.0, "a"), Value(3.0, "a@2")
    root = a * b * c
    root.label = "a"
    assert [name.text() for name in name_graph(root.graph()).values()] == ["a@1", "a@3", "a@1·a@3", "a@2", "a@4"]
    x = Value(2.0, "x")
    assert [name.text() for name in name_graph((x * x + x * x).graph()).values()] == ["x", "x·x", "v2", "x·x + v2"]
    assert np.isfinite(root.data)
