"""Contrast, by the formula of WCAG 2: text at least 4.5, lines and borders at least 3."""

import re

import pytest

import microbp
from microbp import Value
from microbp.drawing.palette import SHAPES, THEMES


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_text_can_be_read_on_everything_that_it_stands_on(theme):
    grounds = [theme.ground, theme.box]
    fills = [look.fill for look in theme.kinds.values()]
    for text, behind in [
        (theme.text, [*grounds, *fills, *theme.heat, theme.current[0]]),
        (theme.faint, [*grounds, *fills, theme.current[0]]),
        (theme.grad, [*grounds, *fills, theme.current[0]]),
        (theme.current[1], grounds),
        (theme.wrong[1], [*fills, theme.wrong[0]]),
        (theme.text, [theme.wrong[0]]),
    ]:
        for fill in behind:
            assert contrast(text, fill) >= 4.5, (text, fill)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_lines_can_be_seen(theme):
    lines = [
        theme.edge,
        theme.box_line,
        theme.current[1],
        theme.wrong[1],
        theme.done,
        *(look.line for look in theme.kinds.values()),
    ]
    for line in lines:
        for ground in (theme.ground, theme.box):
            assert contrast(line, ground) >= 3, (line, ground)
    for look in theme.kinds.values():
        assert contrast(look.line, look.fill) >= 3, look


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_heat_goes_one_way_from_the_ground(theme):
    steps = [contrast(colour, theme.ground) for colour in theme.heat]
    assert len(set(theme.heat)) == len(theme.heat)
    assert steps[-1] == max(steps)


def test_kinds_can_be_told_apart_without_colour():
    assert len(set(SHAPES.values())) == len(SHAPES)
    assert all(set(theme.kinds) == set(SHAPES) for theme in THEMES.values())


@pytest.mark.parametrize("level", ["op", "network", "layer"])
def test_at_night_every_colour_of_an_svg_is_another_one(level):
    problem = microbp.load("w1-w8")
    root = problem.root()
    root.backward()
    svg = microbp.draw(root, model=problem.model, level=level, theme="auto", step=7).picture("svg").decode()
    used = set(re.findall(r'(fill|stroke)="(#\w+|black|white)"', svg.partition("</style>")[2]))
    given = set(re.findall(r'data-theme=auto\] \[(fill|stroke)="([^"]*)"\]', svg))
    assert used
    assert used <= given
    assert 'data-theme="auto"' in svg


@pytest.mark.parametrize("make", [microbp.draw, lambda x, **look: microbp.animate(x, **look)])
def test_a_picture_follows_the_notebook_unless_a_theme_was_asked_for(make):
    def shown(**look):
        return make(Value(2.0, label="x") ** 2, **look)._repr_mimebundle_()["image/svg+xml"]

    assert 'data-theme="auto"' in shown()
    assert "data-theme" not in shown(theme="light") + shown(theme="dark")
    assert "data-theme" not in microbp.draw(Value(2.0) ** 2).picture("svg").decode()
