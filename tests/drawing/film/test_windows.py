"""Windows of a film: what is drawn again is what changes, and comes out as the whole does."""

from itertools import pairwise

import numpy as np
import pytest

from microbp import Value, animate
from microbp.drawing.film.windows import SEEN, Window, changing, channels, in_window, pixels_of, shown, windows
from microbp.drawing.image import render_all

pytest.importorskip("PIL", reason="pixels need Pillow")


def film():
    x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(0.5, "b")
    return animate((w * x + b).tanh() * w)


@pytest.mark.slow
@pytest.mark.parametrize("dpi", [72, 96])
def test_what_is_put_together_is_what_is_drawn_as_a_whole(dpi, a_renderer):
    sources, program = film()._sources("png")
    told = []

    def draw(texts):
        return render_all(texts, "png", program=program, dpi=dpi)

    svgs = list(render_all(sources, "svg", program=program))
    frames = changing(sources, svgs, draw, dpi / 72, told.append)
    assert told == list(range(2, len(sources) + 1))
    all_of = shown(svgs[0]).whole(dpi / 72), shown(svgs[0]).origin, dpi / 72
    whole = [pixels_of(picture) for picture in draw([in_window(source, *all_of) for source in sources])]
    for _ in range(2):
        for mine, right in zip(frames(), whole, strict=True):
            assert np.abs(channels(mine).astype(int) - channels(right)).max() <= SEEN
    assert any((a != b).any() for a, b in pairwise(whole))
    sizes = [sum(w.size for w in windows(*map(shown, pair), *whole[0].shape[::-1], dpi / 72)) for pair in [svgs[:2]]]
    assert 0 < sizes[0] < whole[0].size


def test_windows_that_are_near_become_one_and_those_far_apart_do_not():
    picture = '<svg xmlns="http://www.w3.org/2000/svg"><g transform="translate(0 0)">{}</g></svg>'

    def cards(*places):
        parts = [f'<g class="node"><title>n{x}</title><polygon points="{x},9 {x + 5},20"/></g>' for x in places]
        return shown(picture.format("".join(parts)).encode())

    assert windows(cards(10), cards(10), 9000, 40, 1.0) == []
    assert windows(cards(10, 40), cards(10), 9000, 40, 1.0) == [Window(28, 0, 58, 33)]
    assert len(windows(cards(10, 40), cards(), 9000, 40, 1.0)) == 1
    assert len(windows(cards(10, 8900), cards(), 9000, 40, 1.0)) == 2
    far_apart = windows(cards(*range(0, 90_000, 3000)), cards(), 90_000, 40, 1.0)
    assert len(far_apart) == 30
    assert far_apart == sorted(far_apart, reverse=True), "in another order, other pixels come out in each run"


@pytest.mark.slow
def test_where_a_renderer_knows_no_windows_each_picture_is_drawn_as_a_whole(a_renderer):
    sources, program = film()._sources("png")
    svgs = list(render_all(sources, "svg", program=program))

    def draw(texts):
        return render_all([text.replace("viewport=", "comment=") for text in texts], "png", program=program, dpi=72)

    assert changing(sources, svgs, draw, 1.0, lambda k: None) is None
