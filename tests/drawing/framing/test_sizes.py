"""Pictures for a width: the size of their text is measured in the files."""

import re

import pytest

import microbp
from microbp import draw
from microbp.drawing.framing.fitting import options_to_try
from microbp.drawing.framing.sizes import Size
from microbp.errors import UnknownNameError

PAPER = 16 / 2.54 * 72


def measured(svg):
    """The width of an SVG, and its smallest text, in points."""
    text = svg.decode()
    wide = float(re.search(r"max-width:([\d.]+)pt", text)[1])
    scale = float(re.search(r'transform="scale\(([\d.]+)', text)[1])
    box = float(re.search(r'viewBox="0.00 0.00 ([\d.]+)', text)[1])
    return wide, min(map(float, re.findall(r'font-size="([\d.]+)"', text))) * _factor(scale, wide, box)


def _factor(scale, wide, box):
    """Graphviz says in its transform, or in its view box, how much it has scaled."""
    return scale * wide / box


@pytest.mark.parametrize("name", ["w1-w8", "chain-wide", "(x + y)*z"])
def test_text_can_be_read_at_the_width_of_a_page(name):
    problem = microbp.load(name) if "*" not in name else None
    root = problem.root() if problem else expression()
    root.backward()
    drawing = draw(root, model=problem.model if problem else None, width="16cm")
    wide, text = measured(drawing.picture("svg"))
    assert wide <= PAPER + 1
    assert text >= 7.9
    assert text == pytest.approx(drawing.fit.text, rel=0.03)


@pytest.mark.parametrize("name", ["w1-w8", "chain-wide", "xor"])
def test_text_can_be_read_in_the_cell_of_a_notebook(name):
    problem = microbp.load(name)
    drawing = draw(problem.root(), model=problem.model)
    wide, text = measured(drawing._repr_mimebundle_()["image/svg+xml"].encode())
    assert wide <= 900 * 0.75 + 1
    assert text >= 9 * 0.75 - 0.1
    asked = draw(problem.root(), model=problem.model, width="40cm")
    assert measured(asked._repr_mimebundle_()["image/svg+xml"].encode())[0] > 900 * 0.75, "a width that was asked for"


def test_a_cell_shows_the_moment_of_the_call():
    problem = microbp.load("w1-w8")
    root = problem.root()
    drawing = draw(root, model=problem.model)
    root.backward()
    problem.find("w5").data = 7.25
    shown, later = (d._repr_mimebundle_()["image/svg+xml"] for d in (drawing, draw(root, model=problem.model)))
    assert ("7.25" in shown, "7.25" in later) == (False, True)


def expression():
    x, y, z = (microbp.Value(n, label=name) for name, n in (("x", -2.0), ("y", 5.0), ("z", -4.0)))
    total = x + y
    total.label = "total"
    return total * z


def test_what_cannot_be_read_says_what_to_leave_out():
    problem = microbp.load("w1-w8")
    root = problem.root()
    fit = draw(root, model=problem.model, level="op", width="paper").fit
    assert fit.text < 4
    assert "less than 8.0 pt: leave something out" in fit.about
    wide = float(re.search(r"make it ([\d.]+) cm", fit.about)[1])
    assert fit.text * wide / 16 == pytest.approx(8, rel=0.01)


def test_what_is_too_high_is_told_so():
    problem = microbp.load("matrix-form")
    fit = draw(problem.root(), model=problem.model, level="layer", direction="TB", width="slide").fit
    assert fit.width < 0.9 * fit.size.width
    high = float(re.search(r"make it ([\d.]+) cm high", fit.about)[1])
    assert fit.text * high / 15 == pytest.approx(12, rel=0.01)


def test_a_part_has_its_circles_on_a_page():
    problem = microbp.load("w1-w8")
    root = problem.root()
    root.backward()
    drawing = draw(root, model=problem.model, only=microbp.paths_to("w1"), width="paper")
    assert drawing.level.name == "network"
    assert drawing.fit.readable


def test_what_was_asked_for_is_never_changed():
    assert list(options_to_try({"level": "network"}, 8)) == [{}, {"digits": 3}]
    assert list(options_to_try({"level": "network", "digits": 6}, 8)) == [{}]
    assert all("direction" not in way for way in options_to_try({"direction": "RL"}, 8))
    assert any(way.get("level") == "network" for way in options_to_try({"direction": "RL"}, 8))
    for asked in ({"affine": "open"}, {"direction": "TB"}):
        assert not any(way.get("level") == "network" for way in options_to_try(asked, 8))
    assert all("level" not in way for way in options_to_try({}, None))


def test_a_width_is_a_length_or_a_medium():
    assert Size.of("6.3in").width == pytest.approx(Size.of("160.02mm").width)
    for text in ("", "16", "16 furlongs", "0cm", ".cm", "1.2.3cm", "nan cm"):
        with pytest.raises(UnknownNameError, match="the width of a picture is a length"):
            Size.of(text)


def test_the_same_size_in_every_format(renderer):
    root = expression()
    drawing = draw(root, width="8cm")
    pdf = re.search(rb"MediaBox ?\[ ?0 0 ([\d.]+)", drawing.picture("pdf"))
    assert float(pdf[1]) == pytest.approx(drawing.fit.width, abs=2)
    png = drawing.picture("png", 144)
    assert int.from_bytes(png[16:20]) == pytest.approx(2 * drawing.fit.width, abs=3)
    assert drawing.picture("jpg").startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("direction", ["LR", "TB", "RL", "BT"])
def test_each_direction_goes_there(direction):
    text = draw(expression(), direction=direction).picture("svg").decode()
    places = (re.search(rf'x="([\d.-]+)" y="([\d.-]+)"[^>]*>{name}</text', text) for name in ("x", "total"))
    (x0, y0), (x1, y1) = (map(float, found.groups()) for found in places)
    assert {"LR": x1 > x0, "RL": x1 < x0, "TB": y1 > y0, "BT": y1 < y0}[direction]
