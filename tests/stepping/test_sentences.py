import json

import pytest

import microbp
from microbp import Value
from microbp.drawing.page.view import steps
from microbp.formula.dialects import latex_name
from microbp.printing import decimals
from microbp.stepping import sentences
from microbp.stepping.step import chain_rule, latex, question


@pytest.fixture
def stepper():
    return steps(microbp.load("w1-w8").root())


def test_a_step_is_explained_with_names_numbers_and_reason(stepper):
    step = stepper[6]
    assert chain_rule(step) == "∂E/∂w5 += ∂E/∂net_o1 · ∂net_o1/∂w5 = 0.138498562 × 0.593269992 = 0.082167041"
    assert (
        sentences.local_reason(step)
        == "net_o1 = w5·out_h1 + w6·out_h2 + b2, so its derivative with respect to w5 is out_h1."
    )
    assert sentences.arrival(stepper[16]) == (
        "It is added to what out_h1 has received so far: 0.055399425 + (−0.019049118) = 0.036350306."
    )
    assert (
        sentences.local_reason(steps((Value(2.0, "w") * Value(3.0, "x")).exp())[1])
        == "The derivative of w·x with respect to w is x."
    )
    assert step.rule.startswith("The derivative with respect to a weight is its input")


def test_where_the_pass_begins_the_local_derivative_is_what_is_asked_for():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    root = (x + y) * y
    root.label = "E"
    first, second, third, _ = steps(root)
    assert [chain_rule(step).partition(" = ")[0] for step in (first, second, third)] == [
        "∂E/∂(x + y) += ∂E/∂E · y",
        "∂E/∂y += ∂E/∂E · (x + y)",
        "∂E/∂x += ∂E/∂(x + y) · ∂(x + y)/∂x",
    ]
    assert [question(step) for step in (first, third)] == [
        "∂E/∂(x + y) += ∂E/∂E · local derivative = ?",
        "∂E/∂x += ∂E/∂(x + y) · ∂(x + y)/∂x = ?",
    ]
    assert (second.formula, second.latex) == ("x + y", "x + y")
    assert latex(second).partition(" = ")[0] == (
        r"\frac{\partial E}{\partial y} \mathrel{+}= \frac{\partial E}{\partial E} \cdot \left(x + y\right)"
    )
    assert latex(third).endswith(
        r"\frac{\partial E}{\partial \left(x + y\right)} \cdot \frac{\partial \left(x + y\right)}{\partial x} "
        r"= 3 \cdot 1 = 3"
    )


def test_by_weight_reads_like_the_worked_example(stepper):
    problem = microbp.load("w1-w8")
    root = problem.root()
    text = "\n".join(sentences.by_weight(steps(root), problem.trained(), 0.5))
    for line in (
        "∂E/∂w5 = ∂E/∂out_o1 · ∂out_o1/∂net_o1 · ∂net_o1/∂w5 = 0.741365070 × 0.186815602 × 0.593269992 = 0.082167041",
        "w5 ← 0.4 − 0.5 · 0.082167041 = 0.358916480",
        "∂E/∂out_h1 = ∂E/∂net_o1 · ∂net_o1/∂out_h1 + ∂E/∂net_o2 · ∂net_o2/∂out_h1 = "
        "0.138498562 × 0.4 + (−0.038098237) × 0.5 = 0.055399425 + (−0.019049118) = 0.036350306",
        "∂E/∂w1 = ∂E/∂out_h1 · ∂out_h1/∂net_h1 · ∂net_h1/∂w1 = 0.036350306 × 0.241300709 × 0.05 = 0.000438568",
        "w1 ← 0.15 − 0.5 · 0.000438568 = 0.149780716",
    ):
        assert line in text, line


def test_by_weight_adds_up_what_several_samples_bring():
    model = microbp.nn.MLP.from_arrays([[[2.0]]], [[0.5]], output="sigmoid")
    root = microbp.losses.batch_loss(model, [[1.0], [2.0]], [[0.0], [1.0]], "squared_error")
    lines = list(sentences.by_weight(steps(root), model.parameters()))
    root.backward()
    w = model.layers[0].neurons[0].w[0]
    assert any(f"= {decimals(w.grad)}" in line and " + " in line for line in lines)


def test_json_names_nodes_by_label(stepper):
    data = json.loads(json.dumps(sentences.pass_as_dict(stepper)))
    assert data["root"] == "E"
    assert data["steps"][6].keys() == {
        *("number", "node", "node_id", "input", "input_id"),
        *("upstream", "local", "contribution", "before", "after", "formula"),
    }
    assert (data["steps"][6]["node"], data["steps"][6]["input"], data["steps"][6]["formula"]) == (
        "net_o1",
        "w5",
        "out_h1",
    )


def test_latex_has_balanced_braces_and_textbook_names(stepper):
    for step in stepper:
        line = latex(step)
        assert line.count("{") == line.count("}")
        assert line.count(r"\left") == line.count(r"\right")
    assert latex(stepper[6]) == (
        r"\frac{\partial E}{\partial w_{5}} \mathrel{+}= \frac{\partial E}{\partial \mathrm{net}_{o1}} \cdot "
        r"\frac{\partial \mathrm{net}_{o1}}{\partial w_{5}} = 0.138498562 \cdot 0.593269992 = 0.082167041"
    )
    assert "\n".join(sentences.pass_as_latex(stepper)).count(r"\\") == 32


@pytest.mark.parametrize(
    ("label", "written"),
    [
        ("w5", "w_{5}"),
        ("out_h1", r"\mathrm{out}_{h1}"),
        ("b[2][0]", "b^{[2]}_{0}"),
        ("x[0]", "x_{0}"),
        ("E", "E"),
        ("loss", r"\mathrm{loss}"),
        (r"\input{secret}", r"\text{\textbackslash{}input\{secret\}}"),
        ("50% & $", r"\text{50\% \& \$}"),
        ("a_b^c~", r"\text{a\_b\^{}c\~{}}"),
        ("line\nbreak", r"\text{line\textbackslash{}nbreak}"),
    ],
)
def test_labels_are_escaped_in_latex(label, written):
    assert latex_name(label) == written


def test_labels_are_escaped_in_markdown_and_text():
    x = Value(2.0, label="<b>*x*</b>\x1b[31m")
    stepper = steps(x * x)
    text = "\n".join(sentences.pass_as_markdown(stepper))
    assert "\x1b" not in text
    assert r"\<b\>\*x\*\</b\>" in text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.5, "0.5"), (1.0, "1"), (-0.022602540477, "−0.022602540"), (1e-12, "1e−12"), (float("nan"), "nan"), (0.0, "0")],
)
def test_numbers_are_printed_as_the_texts_do(number, text):
    assert decimals(number) == text


def test_a_step_shows_itself_as_text_and_in_a_notebook_as_latex(stepper):
    assert str(stepper[6]) == chain_rule(stepper[6])
    assert stepper[6]._repr_latex_() == f"$\\displaystyle {latex(stepper[6])}$"
