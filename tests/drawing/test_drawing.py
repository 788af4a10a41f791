import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

import graphviz
import pytest

import microbp
from microbp import Value, nn
from microbp.drawing import dot_text, draw
from microbp.drawing.image import render
from microbp.drawing.palette import THEMES
from microbp.engine.ops import FAMILIES, OPS
from microbp.errors import DrawingWarning, GraphError, RendererError, UnknownNameError
from microbp.printing import language
from microbp.stepping.stepper import Stepper
from tests.conftest import need

HOSTILE = [
    "<b>bold</b>",
    '"quoted"',
    "back\\slash \\N \\G \\l",
    "{|}<port>",
    "</script><script>alert(1)</script>",
    "line\nbreak\ttab\r\x07\x00",
    "",
    "x" * 10_000,
    "&amp;&#65;",
    "w:5",
    "%n",
    "∂ 日本 𝜕 \u202e",
    "\ud800",
    "]]>",
    "]",
    "--",
]


def drawn(**options):
    problem = microbp.load("w1-w8")
    root = problem.root()
    root.backward()
    return dot_text(root, model=problem.model, **options)


def texts(svg):
    return ["".join(e.itertext()) for e in ET.fromstring(svg).iter() if e.tag.endswith("}text")]


def test_every_number_of_the_network_is_in_the_picture(renderer):
    shown = texts(render(drawn(), "svg"))
    for text in (
        "w5",
        "0.4",
        "0.08217",
        "net_o1",
        "1.106",
        "w5·out_h1 + w6·out_h2 + b2",
        "out_h1 = 0.5933",
        "E",
        "0.2984",
    ):
        assert text in shown, text
    for box in ("hidden layer", "output layer", "neuron h1", "neuron o2", "inputs", "loss"):
        assert box in shown


def test_before_the_backward_pass_grads_read_a_question_mark():
    x = Value(2.0, label="x")
    y = x * x
    assert dot_text(y).count(">?<") == 2
    y.backward()
    assert ">?<" not in dot_text(y)
    y.zero_grad()
    assert dot_text(y).count(">?<") == 2


def test_local_derivatives_stand_on_the_arrows():
    x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    text = dot_text((w * x).sigmoid(), fold=False)
    assert " label=<x = 2>" in text
    assert " label=<w = −3>" in text
    assert "∂w·x/∂w = x = 2" in text


@pytest.mark.slow
def test_same_bytes_whatever_the_hash_seed():
    code = (
        "import microbp; p = microbp.load('w1-w8'); r = p.root(); r.backward(); "
        "print(microbp.draw(r, model=p.model).source)"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert b"digraph" in runs[0]


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_labels_come_out_as_text(label, renderer, recwarn):
    x = Value(1.5, label=label)
    root = x * x + 1
    svg = render(dot_text(root), "svg")
    shown = [text.strip() for text in texts(svg)]
    printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in label)
    expected = printable if len(printable) <= 40 else printable[:20]
    assert any(expected in text for text in shown), shown
    assert b"<script" not in svg
    assert render(dot_text(root), "pdf").startswith(b"%PDF")
    assert not recwarn.list


@pytest.mark.parametrize("level", ["op", "neuron", "layer"])
@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_names_of_a_network_come_out_as_text(label, level, a_renderer, recwarn):
    model = nn.MLP(2, [2, 1], activation="tanh", seed=1)
    for layer in model.layers:
        layer.name = label
        for neuron in layer.neurons:
            neuron.name = neuron.net_label = neuron.out_label = neuron.b.label = neuron.w[0].label = label
    model.input_labels = [label, label]
    drawing = draw(model([0.5, -1.0]), model=model, level=level, step=2, title=label)
    svg = drawing.picture("svg")
    ET.fromstring(svg)
    assert b"<script" not in svg
    if level == "op":
        assert drawing.picture("pdf").startswith(b"%PDF")
    if shutil.which("dot"):
        done = subprocess.run(["dot", "-Tsvg"], input=drawing.source.encode(), capture_output=True, check=True)
        assert done.stderr == b""
    assert not recwarn.list


def test_the_same_picture_is_the_same_bytes(renderer):
    problem = microbp.load("w1-w8")
    pictures = [draw(problem.root(), model=problem.model, step=9).picture("svg") for _ in range(2)]
    assert pictures[0] == pictures[1]


def test_a_value_alone_is_a_card():
    assert draw(Value(2.0, label="x")).lines == ["x = 2, grad ?"]


def test_only_what_is_to_be_shown_is_shown():
    problem = microbp.load("w1-w8")
    root = problem.root()
    root.backward()
    everything = {"values": ">0.3775<", "grads": ">0.08217<", "locals": "out_h1 = 0.5933", "expressions": ">σ(net_h1)<"}
    for name, text in everything.items():
        shown = dot_text(root, model=problem.model, show=[name]).splitlines()
        cards = "".join(re.sub(r'tooltip=".*?"', "", line) for line in shown)
        assert [key for key, found in everything.items() if found in cards] == [name], text
    assert ">0.38<" in dot_text(root, model=problem.model, digits=2)


def test_a_weighted_sum_can_be_opened():
    w, x = Value(2.0, label="w"), Value(-3.0, label="x")
    net = microbp.affine([w], [x], 1)
    net.label = "net"
    net.backward()
    assert 'label="×"' in dot_text(net)
    text = dot_text(net, affine="open")
    assert ">w · x<" in text
    assert ">−6<" in text
    assert 'label="×"' not in text


def test_graphviz_says_nothing_against_the_text():
    need(shutil.which("dot") is not None, "Graphviz's dot")
    result = subprocess.run(["dot", "-Tsvg"], input=drawn().encode(), capture_output=True, check=True)
    assert result.stderr == b""


@pytest.mark.parametrize(("ending", "magic"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_each_format_is_written(ending, magic, renderer, tmp_path):
    x = Value(2.0, label="x")
    path = tmp_path / f"graph.{ending}"
    assert isinstance(draw(x * x, path), graphviz.Source)
    assert path.read_bytes().startswith(magic)


def test_svg_scales_to_its_place(renderer):
    root = ET.fromstring(render(drawn(), "svg"))
    assert "viewBox" in root.attrib
    assert "width" not in root.attrib


def test_without_a_renderer_the_error_names_the_ways_and_dot_still_works(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    root = Value(2.0, label="x") * 2
    with pytest.raises(RendererError, match=r"microbp\[images\].*apt install graphviz.*\.dot"):
        draw(root, tmp_path / "graph.svg")
    draw(root, tmp_path / "graph.dot")
    assert "digraph" in (tmp_path / "graph.dot").read_text()
    bundle = draw(root)._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert "grad ?" in bundle["text/plain"]
    assert "no Graphviz was found" in bundle["text/plain"]


def test_a_notebook_gets_an_svg(renderer):
    bundle = draw(Value(2.0) * 2)._repr_mimebundle_()
    assert "<svg" in bundle["image/svg+xml"]


def test_constants_are_inside_the_expression_and_no_node():
    x = Value(2.0, label="x")
    text = dot_text(3 * x**2 + 1, fold=False)
    assert "3·x² + 1" in text
    assert text.count("shape=plain") == 1
    assert len(re.findall(r'^n\d+ \[id="n', text, flags=re.M)) == 4
    assert len(re.findall(r'^n\d+ \[id="n', dot_text(3 * x**2 + 1, fold=False, constants=True), flags=re.M)) == 7


def test_one_input_used_twice_has_two_arrows():
    x = Value(2.0, label="x")
    assert len(re.findall(r"n0 -> n1 ", dot_text(x * x))) == 2


def test_kinds_differ_in_border_or_corners_too():
    looks = THEMES["mono"].kinds
    assert len({(look.border, look.style) for look in looks.values()}) == len(looks)
    assert looks["parameter"].border > looks["loss"].border > looks["operation"].border


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_draws(theme):
    assert THEMES[theme].ground in drawn(theme=theme)


def test_batches_of_a_network_draw_too(renderer):
    model = nn.MLP(2, [2, 1], activation="tanh", seed=0)
    root = microbp.losses.batch_loss(model, [[1.0, 2.0], [3.0, 4.0]], [[1.0], [-1.0]], "hinge", l2=0.1)
    root.backward()
    stepper = Stepper(root)
    of_one, of_two = (max(s.number for s in stepper if stepper.samples.get(s.node) == k) for k in (1, 2))
    asked = [({}, "¹"), ({"sample": 2}, "²"), ({"sample": 0}, "¹²"), ({"step": of_one}, "¹"), ({"step": of_two}, "²")]
    for options, marks in asked:
        shown = texts(render(dot_text(root, model=model, **options), "svg"))
        nets = [text for text in shown if text.startswith("z[1][0]")]
        assert nets == [f"z[1][0]⁽{mark}⁾" for mark in marks]
        assert any(text.endswith(" of 2") for text in shown) == (len(marks) == 1)
    with pytest.raises(GraphError, match="has the samples 1 to 2, got sample 3"):
        dot_text(root, model=model, sample=3)


def test_large_graphs_are_refused_with_advice():
    x = Value(1.0)
    root = sum((x * k for k in range(1000)), x)
    with pytest.raises(GraphError, match=r"draw a part of the graph \(only=paths_to.*\), or raise max_nodes"):
        dot_text(root)
    assert dot_text(root, max_nodes=10_000)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"path": "graph.bmp"}, "unknown picture format: 'bmp'"),
        ({"path": "graph"}, "unknown picture format: ''"),
        ({"theme": "drak"}, "did you mean 'dark'"),
        ({"direction": "XX"}, "unknown direction: 'XX' (must be one of ['BT', 'LR', 'RL', 'TB'])"),
        ({"affine": "opened"}, "did you mean 'open'"),
        ({"show": "grad"}, "did you mean 'grads'"),
        ({"them": "dark"}, "unknown option of a picture: 'them' (must be one of "),
    ],
)
def test_other_formats_and_themes_are_refused(options, said):
    with pytest.raises(UnknownNameError, match=re.escape(said)):
        draw(Value(1.0) * 2, **options)


def test_boxes_have_the_names_that_they_are_given():
    names = {"inputs": "Eingänge", "neuron": "Einheit", "loss": "Fehler", "hidden layer": "verdeckte Schicht"}
    for level in ("op", "neuron"):
        text = drawn(level=level, names=names)
        for new in ("Eingänge", "Einheit h1", "verdeckte Schicht"):
            assert f">{new}" in text or f"<{new}" in text, (level, new)
        for old in (">inputs<", "neuron h1", ">loss<", ">neuron<", "hidden layer"):
            assert old not in text, (level, old)
    assert ">output layer" in text or "<output layer" in text
    with pytest.raises(UnknownNameError, match="unknown box or kind: 'neurn'"):
        drawn(level="op", names={"neurn": "unit"})
    with pytest.raises(GraphError, match=r"no cards: names=\{'loss': 'error'\} is for other levels"):
        drawn(level="network", names={"loss": "error"})


@pytest.mark.parametrize("name", ["w1-w8", "xor", "matrix-form", "first-bit"])
@pytest.mark.parametrize("level", ["op", "neuron", "network", "layer"])
def test_a_chinese_picture_has_no_english_word_but_names(name, level):
    problem = microbp.load(name)
    root = problem.root()
    root.backward()
    names = {"net", "out", *OPS, *FAMILIES, *(w for node in root.graph() for w in re.findall("[A-Za-z]+", node.label))}
    with language("zh"):
        for step in (None, 0, 9):
            more = {} if step is None else {"step": step}
            drawing = draw(root, model=problem.model, level=level, heat=level != "op", **more)
            shown = re.sub("<[^<>]*>", " ", " ".join(re.findall("label=<(.*)>", drawing.source)))
            text = " ".join([shown, drawing.title, drawing.level.why, *drawing.lines])
            words = re.findall("(?<![&#])[A-Za-z]{3,}", text)
            assert set(words) <= names
            assert re.search("[\u4e00-\u9fff]", shown)


def test_a_caption_is_in_the_picture_and_what_has_no_glyph_is_told(tmp_path):
    for level in ("op", "network", "layer"):
        assert "Figure &lt;3&gt;" in drawn(level=level, caption="Figure <3>")
    with pytest.warns(DrawingWarning, match="no font on this machine has \U00013000: boxes stand for them"):
        draw(Value(1.0, "x").tanh(), tmp_path / "x.png", caption="\U00013000 and more")
