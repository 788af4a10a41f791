"""The network figure: what stands where, and that nothing stands on anything else."""

import math
import re

import numpy as np
import pytest

import microbp
from microbp import nn
from microbp.drawing.drawing import Plan
from microbp.drawing.moment import AtStep, Static
from microbp.drawing.network.layout import FONT, MANY, edges_of, lay_out, radius_of, text_width
from microbp.errors import GraphError
from microbp.problems import builtin_names

NETWORKS = [name for name in builtin_names() if name not in ("iris", "digits")]


def figure(name, **options):
    problem = microbp.load(name)
    root = problem.root()
    root.backward()
    return microbp.draw(root, model=problem.model, level="network", **options)


def inside_of(model):
    return {spot: ["net −0.1234", "out 0.5"] for pair in edges_of(model) for spot in pair}


def labels_of(model):
    weights = {((l, k), (l + 1, j)) for l, layer in enumerate(model.layers)
               for j, neuron in enumerate(layer.neurons) for k in range(len(neuron.w) + 1)}  # fmt: skip
    return {pair: ["w[1][0,0] = −0.1234", "∂ −0.0004386"] for pair in weights}


def apart(a, b):
    return abs(a.x - b.x) >= (a.width + b.width) / 2 - 1e-9 or abs(a.y - b.y) >= (a.height + b.height) / 2 - 1e-9


def holds(made):
    """No label on an edge, a circle or a label; no circle on a circle."""
    boxes = list(made.labels.values())
    centres, sizes_of = np.array([box[:2] for box in boxes]), np.array([box[2:] for box in boxes])
    assert all(apart(a, b) for k, a in enumerate(boxes) for b in boxes[k + 1 :])
    circles = list(made.circles.values())
    for k, ((x, y), radius) in enumerate(circles):
        assert all(math.dist((x, y), other) >= radius + r for other, r in circles[k + 1 :])
        for a in boxes:
            near = (max(abs(x - a.x) - a.width / 2, 0), max(abs(y - a.y) - a.height / 2, 0))
            assert math.hypot(*near) >= radius
    for (tail, _), port in made.ports.items():  # each edge ends where its label begins; sampled, it is in no label
        start = made.circles[tail][0]
        t = np.linspace(0, 1, 200, endpoint=False)[:, None]
        points = (1 - t) * np.array(start) + t * np.array(port)
        away = np.abs(points[:, None] - centres) >= sizes_of / 2 - 1e-9
        assert away.any(axis=2).all()


@pytest.mark.parametrize("sizes", [(1, [1]), (2, [2, 2]), (3, [4, 4, 2]), (8, [8, 8]), (5, [1, 7, 1])])
def test_no_label_stands_on_an_edge_a_circle_or_a_label(sizes):
    model = nn.MLP(sizes[0], sizes[1], seed=0)
    labels = labels_of(model)
    made = lay_out(model, labels, inside_of(model))
    assert set(made.labels) == set(labels)
    assert len(labels) <= MANY
    holds(made)
    holds(made.mirrored())


OPTIONS = [{}, {"step": 3, "digits": 9, "direction": "RL"}, {"only": "first weight"}]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("options", OPTIONS, ids=["whole", "long", "part"])
def test_every_problem_has_labels_that_fit_their_room(name, options):
    problem = microbp.load(name)
    root = problem.root()
    root.backward()
    if "only" in options:
        options = {"only": microbp.paths_to(problem.model.layers[0].neurons[0].w[0].label)}
    step = options.get("step")
    plan = Plan.of(root, model=problem.model, level="network", **{k: v for k, v in options.items() if k != "step"})
    made = plan.paint(Static(True) if step is None else AtStep(root, step))
    holds(made.layout)
    for pair, lines in made.labels.items():
        box = made.layout.labels[pair]
        assert max(map(text_width, lines)) * FONT <= box.width + 1e-9
        assert len(lines) * FONT <= box.height
    for spot, (_, radius) in made.layout.circles.items():
        assert radius_of(made.numbers.inside(spot)) <= radius
    title = re.search(r'title \[pos="[^,]*,([\d.-]+)!".* height=([\d.]+)', str(made))
    assert float(title[1]) - 36 * float(title[2]) >= made.layout.bounds[3] - 0.1


def test_the_worked_example_fits_sixteen_centimetres_with_eight_points():
    problem = microbp.load("w1-w8")
    root = problem.root()
    root.backward()
    layout = Plan.of(root, model=problem.model, level="network").paint(Static(True)).layout
    left, _, right, _ = layout.bounds
    assert right - left + 2 * 72 * 0.05 <= 16 / 2.54 * 72
    assert FONT >= 8


def test_a_caption_stands_below_everything_the_title_above(opened):
    words = "Figure 1: the network after its backward pass, each weight with its gradient, " * 4
    tab = opened(figure("w1-w8", title="Above", caption=f"{words}Lowest").picture("svg").decode(), ending="svg")
    middles = tab.evaluate(
        "Object.fromEntries([...document.querySelectorAll('text, ellipse')].map((part, k) => { const r = "
        "part.getBoundingClientRect(); return [part.textContent.trim() || k, [r.top, r.bottom]]; }))"
    )
    title, lines = middles.pop("Above"), [v for k, v in middles.items() if "Figure" in k or "Lowest" in k]
    caption = [min(top for top, _ in lines), max(bottom for _, bottom in lines)]
    rest = [v for v in middles.values() if v not in lines and v[0] < caption[0]]
    assert len(rest) > 20
    assert title[0] <= min(top for top, _ in rest)
    assert caption[0] > max(bottom for _, bottom in rest)
    assert caption[1] <= tab.evaluate("document.documentElement.getBoundingClientRect().bottom")


def test_each_weight_is_on_its_edge_with_value_and_gradient():
    text = figure("w1-w8").source
    assert re.search(r"tn1_1n2_0 .*w6 = 0\.45<BR/><FONT COLOR=\"#B23A00\">∂ 0\.08267<", text)
    assert "label=<h1<BR/>net 0.3775<BR/>out 0.5933<BR/>δ 0.008771>" in text
    assert text.count("dashed") == 2, "one bias a layer"


def test_before_the_backward_pass_there_is_no_gradient():
    problem = microbp.load("w1-w8")
    text = microbp.draw(problem.root(), model=problem.model, level="network").source
    assert "w6 = 0.45>" in text
    assert "∂" not in text
    assert "δ" not in text


def test_a_step_marks_its_edge_and_the_way_back():
    text = figure("w1-w8", step=7).source
    current = [line for line in text.splitlines() if " -> " in line and 'color="#B23A00"' in line]
    assert len(current) == 1
    assert "n1_0 -> pn1_0n2_0" in current[0]
    assert 'w6 = 0.45<BR/><FONT COLOR="#B23A00">∂ ?</FONT>' in text


def test_paths_to_w1_lead_through_both_outputs_and_say_what_comes_back():
    text = figure("w1-w8", only=microbp.paths_to("w1")).source
    shown = set(re.findall(r"label=<(w\d)", text))
    assert shown == {"w1", "w5", "w7"}
    assert "δ·w5 0.0554<" in text
    assert "δ·w7 −0.01905<" in text
    assert "∂out 0.03635<" in text, "their sum"


def test_a_target_and_the_parts_of_the_loss_are_there():
    text = figure("w1-w8").source
    assert "out 0.7514<BR/>target 0.01<BR/>" in text
    assert "label=<E<BR/>0.2984<BR/>E_o1 0.2748<BR/>E_o2 0.02356>" in text


def test_a_step_in_the_loss_marks_its_edge():
    lines = figure("w1-w8", step=3).source.splitlines()
    assert [line[:12] for line in lines if " -> " in line and 'color="#B23A00"' in line] == ["n2_0 -> n3_0"]


@pytest.mark.parametrize("option", [{"direction": "TB"}, {"affine": "open"}, {"constants": True}, {"fold": "E"}])
def test_options_of_cards_are_refused(option):
    with pytest.raises(GraphError, match="no cards"):
        figure("w1-w8", **option)


@pytest.mark.parametrize("step", [None, 7])
def test_from_right_to_left_everything_is_mirrored(step):
    def places(direction):
        text = figure("w1-w8", direction=direction, **({} if step is None else {"step": step})).source
        found = {name: (float(x), y) for name, x, y in re.findall(r'(\w+) \[pos="([^,]*),([^!]*)!', text)}
        assert found.pop("title")
        return found, re.findall(r"\w+ -> \w+ \[[^]]*\]", text)

    (right, edges), (left, others) = places("LR"), places("RL")
    assert len(right) == 9 + 8 + 12 * 2, "circles, labels, and both ends of a label's room, biases have it, too"
    assert left == {name: (-x, y) for name, (x, y) in right.items()}
    assert edges == others
    assert left["n0_0"] > left["n1_0"] > left["n3_0"], "inputs right"


def test_a_film_moves_nothing_but_the_gradient(renderer):
    problem = microbp.load("w1-w8")
    film = microbp.animate(problem.root(), model=problem.model, level="network", steps=slice(14, 18))
    pictures = list(film.pictures("svg", None))
    circles = [re.findall(r'<ellipse [^>]*cx="[^"]*" cy="[^"]*" rx="[^"]*"', p.decode()) for p in pictures]
    places = [[re.sub(r'(fill|stroke)[^=]*="[^"]*"', "", c) for c in each] for each in circles]
    assert all(each == places[0] for each in places)
    assert len({re.search(r'viewBox="[^"]*"', p.decode())[0] for p in pictures}) == 1


def test_a_wrong_gradient_stands_beside_the_right_one():
    assert "∂ 0.08217 ≠ 0.12" in figure("w1-w8", wrong={"w5": 0.12}).source


@pytest.mark.parametrize("name", NETWORKS)
def test_every_problem_has_its_figure(name, renderer):
    svg = figure(name).picture("svg").decode()
    problem = microbp.load(name)
    for layer in problem.model.layers:
        for neuron in layer.neurons:
            for w in neuron.w:
                assert f">{w.label} = " in svg


def test_more_edges_than_can_be_read_have_widths_instead_of_labels():
    model = nn.MLP(12, [12, 12], seed=1)
    root = microbp.losses.batch_loss(model, np.ones((1, 12)), np.ones((1, 12)), "squared_error")
    text = microbp.draw(root, model=model, level="network").source
    assert "w[1]" not in text
    assert "style=dashed" in text
    widths = {float(w) for w in re.findall(r"-> n\d_\d+ \[color=\"#\w+\" penwidth=([\d.]+)", text)}
    assert len(widths) > 50
