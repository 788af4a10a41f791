import math

import pytest

import microbp
from microbp import nn
from microbp.drawing import image
from microbp.drawing.page.figure import figure
from microbp.drawing.page.page import page_html
from microbp.engine import Constant
from microbp.printing import decimals, number_text
from microbp.stepping.stepper import Stepper

NETWORKS = ["w1-w8", "xor", "chain", "deep", "matrix-form", "delta-rule", "neuron"]
PARTS = """view => Object.fromEntries([...document.querySelectorAll(".card")].map(c => [c.getAttribute("aria-label"),
    [...c.querySelectorAll(".value:not(text:has(.value)), tspan.grad, text.grad:not(:has(tspan))")]
    .map(t => t.textContent)]))"""
"""For each value that is shown the texts of value and grad."""


def made(name):
    problem = microbp.load(name)
    return problem, page_html(problem.root(), model=problem.model)


def figure_of(root, model):
    stepper = Stepper(root)
    nodes = [node for node in stepper.graph if not isinstance(node, Constant)]
    return figure(stepper, model, {node: k for k, node in enumerate(nodes)}), nodes, stepper


@pytest.mark.parametrize("name", NETWORKS)
def test_every_weight_net_and_output_has_its_place(name):
    problem = microbp.load(name)
    found, nodes, stepper = figure_of(problem.root(), problem.model)
    parts = [part for *_, parts, _ in found["circles"] for part in parts] + [row[-1] for row in found["labels"]]
    shown = {nodes[k] for cards, _ in parts for k in cards}
    assert shown >= set(problem.model.parameters())
    nets = {node for node in nodes if node.op is not None and node.op.family == "affine"}
    assert shown >= nets
    assert {k for *_, members in found["circles"] for k in members} >= {nodes.index(node) for node in nets}
    along = [step for *_, steps in found["edges"] for step in steps]
    of_sums = {step.number for step in stepper if step.node in nets}
    assert of_sums <= set(along), "the gradient comes back along edges"


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_stands_on_anything_else(name):
    problem = microbp.load(name)
    found, *_ = figure_of(problem.root(), problem.model)
    circles = [row[:3] for row in found["circles"]]
    for k, (x, y, radius) in enumerate(circles):
        assert radius <= x + 0.2
        assert x + radius <= found["w"] + 0.2
        assert all(math.dist((x, y), other[:2]) > radius + other[2] for other in circles[:k])
        for a, b, width, height, _ in found["labels"]:
            across, down = max(abs(a - x) - width / 2, 0), max(abs(b - y) - height / 2, 0)
            assert math.hypot(across, down) > radius


def test_what_is_no_network_or_too_large_has_none():
    problem = microbp.load("w1-w8")
    assert figure_of(problem.root(), None)[0] is None
    model = nn.MLP(20, [20, 1], seed=1)
    assert figure_of(model([0.1] * 20), model)[0] is None
    assert figure_of(problem.root(), nn.MLP(2, [2, 2], seed=1))[0] is None, "another network"


@pytest.mark.parametrize("name", ["w1-w8", "deep"])
def test_its_numbers_are_those_of_the_cards_at_every_moment(opened, name):
    problem, text = made(name)
    count = len(Stepper(problem.root()))
    tab = opened(text, view="figure")
    assert tab.get_attribute("#view", "aria-pressed") == "false"
    for place in ("forward=3", "step=0", f"step={count // 3}", f"step={count // 2}", f"step={count}", "update=1"):
        tab.evaluate(f"location.hash = '#{place}'")
        tab.wait_for_timeout(30)
        circles = tab.evaluate(PARTS)
        tab.click("#view")
        cards = tab.evaluate(PARTS)
        tab.click("#view")
        assert len(circles) > 3
        for label, (value, *grad) in circles.items():
            assert [value, *grad] == cards[label][: 1 + len(grad)], (place, label)


def test_it_follows_a_step_as_cards_do(opened):
    problem, text = made("w1-w8")
    tab = opened(text, view="figure")
    stepper = Stepper(problem.root())
    for step in stepper:
        tab.keyboard.press("ArrowRight")
        marked = tab.evaluate(
            "['from', 'to'].map(s => [...document.querySelectorAll(`.card.${s}`)].map(c => c.ariaLabel))"
        )
        rings = tab.evaluate("['from', 'to'].map(s => document.querySelectorAll(`.ring.${s}`).length)")
        label = problem.find("w5").label
        for names, ring, value in zip(marked, rings, (step.node, step.input), strict=True):
            assert names or ring, "each step is marked somewhere"
            if value.label.startswith(("w", "net", "out", "b")):
                assert [name.partition(" = ")[0] for name in names] == [value.label]
    assert tab.evaluate("document.querySelectorAll('.arrow.done').length") == 14
    tab.locator(f".card[aria-label='{label}']").click()
    tab.keyboard.type("0.9")
    tab.keyboard.press("Enter")
    problem.find("w5").data = 0.9
    assert tab.inner_text("#loss") == f"E = {decimals(problem.root().data)} (was 0.298371109)"
    assert tab.locator(".card[aria-label^='E ='] .value").text_content() == number_text(problem.root().data)


def test_where_there_is_no_graphviz_it_stands_alone(opened, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(image.importlib.util, "find_spec", lambda name: None)
    _, text = made("xor")
    tab = opened(text, "#step=26")  # with cards, if there were any
    assert not tab.is_visible("#view")
    assert tab.locator(".ring").count() == 8
    tab.select_option("#sample", "3")
    tab.keyboard.press("End")
    assert tab.inner_text("#count") == "step 79 of 79"


@pytest.mark.parametrize("name", ["w1-w8", "xor", "deep"])
def test_no_text_runs_out_of_its_circle(opened, name):
    tab = opened(made(name)[1], "#step=99999", view="figure")
    out = """() => [...document.querySelectorAll("#graph > .part")].filter(part => {
        const circle = [...document.querySelectorAll(".ring circle")].map(c => c.getBoundingClientRect())
            .find(c => { const p = part.getBoundingClientRect(), y = p.top + p.height / 2, x = p.left + p.width / 2;
                         return c.left < x && x < c.right && c.top < y && y < c.bottom; });
        if (!circle) return false;
        const r = circle.width / 2, [x, y] = [circle.left + r, circle.top + r];
        return [...part.querySelectorAll("text")].map(t => t.getBoundingClientRect()).some(t =>
            [t.left, t.right].some(a => Math.hypot(a - x, (t.top + t.bottom) / 2 - y) > r));
    }).map(part => part.textContent)"""
    assert tab.evaluate(out) == []
