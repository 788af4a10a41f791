import importlib.util
import os
import re
import shutil
import subprocess
import time
import xml.etree.ElementTree as ET

import pytest

import microbp
from microbp.drawing import draw, image, use
from microbp.drawing.image import layout, render, render_all
from microbp.errors import RendererError
from tests.conftest import need


def w1_w8(**options):
    problem = microbp.load("w1-w8")
    return draw(problem.root(), model=problem.model, **options)


@pytest.fixture
def slow_dot(monkeypatch, tmp_path):
    """A dot that is slow where curves are asked for, or at all."""

    def make(when):
        sleeps = f"echo $$ > {tmp_path}/pid; exec /bin/sleep 1000"
        (tmp_path / "dot").write_text(f"#!/bin/sh\nread -r head; if {when}; then {sleeps}; fi; echo '<svg/>'\n")
        (tmp_path / "dot").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        return tmp_path / "pid"

    return make


def test_a_renderer_that_takes_too_long_is_stopped(slow_dot):
    pid = slow_dot("true")
    with pytest.raises(RendererError, match=r"took more than 0.4 s .* give it more time with timeout="):
        render("digraph {splines=spline}", "svg", timeout=0.4)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


@pytest.mark.slow
def test_straight_arrows_are_the_second_try(slow_dot):
    slow_dot('case "$head" in *splines=spline*) true;; *) false;; esac')
    assert render("digraph {splines=spline}\n", "svg", timeout=2).startswith(b"<svg/>")


LIES = {
    "nothing": ("exit 0", "made nothing"),
    "a page": ("echo '<html><body></body></html>'", "begin with b'<html><body>"),
    "half a picture": ("echo '<svg><g>'", "begin with b'<svg><g>"),
    "noise": ("/usr/bin/head -c 5000 /dev/urandom", "made bytes that begin with b"),
    "no end": ("/usr/bin/yes", "made more than 64,000,000 bytes"),
    "a complaint without an end": ("exec /usr/bin/yes >&2", "took more than 1 s"),
    "what leaves its group": ("/usr/bin/setsid /bin/sleep 20 & exit 0", "took more than 1 s"),
    "a command to the terminal": ("printf 'no \\033[31m' >&2; exit 1", r"could not draw this: no \x1b[31m"),
}


@pytest.mark.parametrize("ending", ["svg", "png", "pdf", "json0"])
@pytest.mark.parametrize("lie", LIES)
def test_a_renderer_that_lies_is_not_believed(lie, ending, monkeypatch, tmp_path):
    script, said = LIES[lie]
    (tmp_path / "dot").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RendererError, match=re.escape(said)):
        render("digraph {}", ending, timeout=1 if "took more" in said else 60)


LAYOUT = '{"bb": "0,0,9,9", "objects": [%s], "edges": [%s]}'
CARD = '{"name": "n1", "pos": "1,2", "width": "0.5", "height": "0.5"}'
LAID = {
    "nothing in it": "{}",
    "no corners": '{"bb": 3}',
    "words": '{"bb": "0,0,wide,9"}',
    "no list": '{"bb": "0,0,9,9", "objects": 3}',
    "no name": LAYOUT % (CARD.replace("name", "title"), ""),
    "no size": LAYOUT % (CARD.replace("width", "breadth"), ""),
    "an arrow to nowhere": LAYOUT % (CARD, '{"id": "e1", "pos": "e,1,x 2,3"}'),
    "an arrow with a number for a name": LAYOUT % (CARD, '{"id": 1, "pos": "e,1,2 2,3"}'),
    "too deep": '{"bb":' + 9999 * "[" + 9999 * "]" + "}",
}


@pytest.mark.parametrize("laid", LAID.values(), ids=LAID)
def test_a_layout_without_places_is_not_believed(laid):
    use(lambda *_: laid)
    try:
        with pytest.raises(RendererError, match="asked for json0, and made"):
            layout("digraph {}")
        use(lambda *_: LAYOUT % (CARD, '{"id": "e1", "pos": "e,1,2 2.5,3 -1e-05,3"}'))
        assert layout("digraph {}").objects[0]["pos"] == "1,2"
    finally:
        use(None)


@pytest.mark.slow
def test_what_a_renderer_started_ends_with_it(monkeypatch, tmp_path):
    script = f"#!/bin/sh\n/bin/sleep 60 &\necho $! > {tmp_path}/started\necho '<svg/>'\nwait\n"
    (tmp_path / "dot").write_text(script)
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RendererError, match="took more than"):
        render("digraph {}", "svg", timeout=1)
    started = int((tmp_path / "started").read_text())
    deadline = time.monotonic() + 30
    while _runs(started) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _runs(started)


def _runs(process):
    """Whether there is such a process, and it has not ended: one that nobody has asked about yet is a zombie."""
    result = subprocess.run(["/bin/ps", "-o", "stat=", "-p", str(process)], capture_output=True, check=False)
    return bool(result.stdout.strip()) and not result.stdout.startswith(b"Z")


def test_pygraphviz_is_stopped_too(monkeypatch):
    need(importlib.util.find_spec("pygraphviz") is not None, "pygraphviz")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RendererError, match="took more than"):
        render(w1_w8().source, "svg", timeout=0.001)


def test_a_mistake_in_the_text_is_told(renderer):
    with pytest.raises(RendererError, match=r"could not draw this: .*[Ee]rror"):
        render("digraph {", "svg")


def test_dots_an_inch_make_a_png_larger_and_no_different(renderer, tmp_path):
    sizes = []
    for dpi in (72, 144):
        w1_w8(path=tmp_path / "x.png", dpi=dpi)
        head = (tmp_path / "x.png").read_bytes()[16:24]
        sizes.append([int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")])
    assert sizes[1] == pytest.approx([2 * n for n in sizes[0]], abs=3)


def test_an_svg_says_what_it_shows_and_is_well_formed(renderer, tmp_path):
    path = tmp_path / "x.svg"
    w1_w8(path=path, step=7)
    root = ET.fromstring(path.read_bytes())
    assert root.attrib["role"] == "img"
    assert root[0].tag.endswith("title")
    assert root[0].text.startswith("step 7 of 32   ∂E/∂w5 += ∂E/∂net_o1 · ∂net_o1/∂w5 = 0.1385 × 0.5933 = 0.08217")
    assert root[1].tag.endswith("desc")
    assert "net_o1 = w5·out_h1 + w6·out_h2 + b2 = 1.106, grad 0.1385" in root[1].text
    families = {e.attrib["font-family"] for e in root.iter() if "font-family" in e.attrib}
    assert families == {"Verdana,DejaVu Sans,sans-serif"}
    if xmllint := shutil.which("xmllint", path="/usr/bin:/bin"):
        assert subprocess.run([xmllint, "--noout", path], capture_output=True, check=True).stderr == b""


def test_an_svg_is_not_blown_up_in_its_place(renderer):
    small = draw(microbp.Value(2.0) * 2).picture("svg")
    assert re.search(rb'style="max-width:\d+pt"', small)


@pytest.mark.parametrize("options", [{}, {"level": "neuron"}, {"level": "layer"}, {"heat": True, "direction": "TB"}])
def test_graphviz_has_nothing_to_say(options):
    need(shutil.which("dot") is not None, "Graphviz's dot")
    source = w1_w8(step=7, constants=True, **options).source
    assert subprocess.run(["dot", "-Tsvg"], input=source.encode(), capture_output=True, check=True).stderr == b""


def test_a_function_may_take_the_place_of_graphviz(monkeypatch, tmp_path, a_renderer):
    dot, asked = shutil.which("dot"), []

    def by_function(text, ending, engine):
        asked.append((text.startswith("digraph"), ending, engine))
        made = subprocess.run([dot, f"-T{ending}", f"-K{engine}"], input=text.encode(), capture_output=True, check=True)
        return made.stdout.decode()

    monkeypatch.setenv("PATH", "")
    use(by_function)
    try:
        draw(microbp.Value(2.0, label="x"), tmp_path / "picture.svg")
        assert b"<svg" in (tmp_path / "picture.svg").read_bytes()
        microbp.page(microbp.Value(2.0, label="x"), tmp_path / "page.html")
        assert asked == [(True, "svg", "dot"), (True, "json0", "dot")]
        use(lambda *_: "no picture")
        with pytest.raises(RendererError, match="asked for svg, and made b'no picture'"):
            render("digraph {}", "svg")
    finally:
        use(None)


@pytest.mark.parametrize(("size", "runs"), [(2_000, [1, 12, 12, 3]), (100_000, [1, 8, 8, 8, 3])])
def test_many_pictures_are_made_a_few_at_once_and_more_if_they_are_small(size, runs, monkeypatch):
    asked = []

    def run(command, sources, ending, seconds):
        asked.append((len(sources), seconds))
        return [source.encode().ljust(size) for source in sources]

    monkeypatch.setattr(image, "_command", lambda ending, program: ["dot"])
    monkeypatch.setattr(image, "_run", run)
    monkeypatch.setattr(image, "BYTES_AT_ONCE", 24_000)
    sources = [f"digraph {{{k}}}" for k in range(sum(runs))]
    assert [picture.decode().strip() for picture in render_all(sources, "png", timeout=2.0)] == sources
    assert asked == [(count, 2.0 * count) for count in runs]
