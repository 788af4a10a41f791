import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import microbp
from microbp import Value, nn
from microbp.drawing import animate, draw
from microbp.drawing.film.fixed_layout import PINNED, pinned
from microbp.drawing.film.merge_frames import HOLD, moving_svg
from microbp.drawing.image import render, render_all
from microbp.errors import ExtraError, GraphError, ProblemError, RendererError, UnknownNameError
from microbp.training.film import training_film
from tests import examples
from tests.conftest import need
from tests.drawing.test_drawing import HOSTILE, texts
from tests.drawing.test_moment import places

PROBLEM = microbp.load("w1-w8")
SVG = "{http://www.w3.org/2000/svg}"
HAS_PILLOW = importlib.util.find_spec("PIL") is not None


def walk(**options):
    return animate(PROBLEM.root(), model=PROBLEM.model, **options)


def trained(name="w1-w8", steps=6, **options):
    problem = microbp.load(name)
    return training_film(problem, microbp.train(problem, steps=steps, record=True), **options)


def seen(svg, number):
    """The texts of a moving SVG that are seen in picture `number`, read off its style as a browser does."""
    root = ET.fromstring(svg)
    style = root.findtext(f"{SVG}style")
    hidden = set()
    stays = float(re.search(r"animation:([\d.]+)s step-end", style)[1])
    moment = 100 * (number + 0.5) / stays
    for name, keys in re.findall(r"@keyframes (\S+)\{((?:[^{}]*\{[^{}]*\})*)\}", style):
        states = [(float(at), state) for at, state in re.findall(r"([\d.]+)%\{visibility:(\w+)\}", keys)]
        if [state for at, state in states if at <= moment][-1] == "hidden":
            hidden.add(name)

    def walk_down(part):
        if not hidden.intersection(part.get("class", "").split()):
            if part.tag == f"{SVG}text":
                yield "".join(part.itertext())
            for inner in part:
                yield from walk_down(inner)

    return list(walk_down(root))


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"level": "neuron", "theme": "mono"}, {"heat": True, "direction": "TB"}])
def test_each_moment_of_the_svg_is_the_picture_of_that_step(options, a_renderer):
    svg = walk(steps=slice(0, 33, 8), **options).moving("svg")
    for number, step in enumerate(range(0, 33, 8)):
        still = draw(PROBLEM.root(), model=PROBLEM.model, step=step, **options).picture("svg")
        assert sorted(seen(svg, number)) == sorted(texts(still)), step


@pytest.mark.slow
@pytest.mark.parametrize(
    "film",
    [
        lambda: walk(),
        lambda: walk(affine="open", fold=False, direction="TB"),
        lambda: trained(),
        lambda: trained("xor", every=3),
    ],
)
def test_all_pictures_of_a_film_have_the_same_places(film, a_renderer):
    sources = [drawing.source for drawing in film().drawings]
    texts_pinned = pinned(sources)
    heads = set()
    for picture in render_all(texts_pinned, "svg", program=PINNED):
        heads.add(re.search(rb'viewBox="[^"]*"', picture)[0])
    assert len(heads) == 1
    first = places(sources[0])
    for source in sources[1 :: max(len(sources) // 6, 1)]:  # nor would they move if each were laid out
        assert places(source) == first


def test_arrows_end_at_the_cards_whichever_way_they_point(renderer):
    film = walk(steps=slice(0, 33, 32))
    for text in pinned([drawing.source for drawing in film.drawings]):
        arrows = re.findall(r'^\w+ -> \w+ \[key=(e\d+) pos="(.)', text, flags=re.MULTILINE)
        ways = dict(re.findall(r"^\w+ -> \w+ \[key=(e\d+) id=\w+ dir=(\w+)", text, flags=re.MULTILINE))
        assert len(arrows) == len(ways) > 30
        for key, end in arrows:
            assert end == {"forward": "e", "back": "s"}[ways[key]]


def test_the_svg_says_what_it_shows_has_no_script_and_is_well_formed(renderer, tmp_path):
    walk(path=tmp_path / "pass.svg", steps=slice(0, 33, 8))
    svg = (tmp_path / "pass.svg").read_bytes()
    assert b"<script" not in svg
    assert b"href" not in svg
    root = ET.fromstring(svg)
    assert root[0].text.startswith("step 32 of 32")
    assert "prefers-reduced-motion:no-preference" in root.findtext(f"{SVG}style")
    ids = [part.get("id") for part in root.iter() if part.get("id")]
    assert len(ids) == len(set(ids))
    if xmllint := shutil.which("xmllint", path="/usr/bin:/bin"):
        done = subprocess.run([xmllint, "--noout", tmp_path / "pass.svg"], capture_output=True, check=True)
        assert done.stderr == b""


@pytest.mark.slow
def test_the_svg_is_small_since_what_does_not_change_is_in_it_once(a_renderer):
    film = walk()
    assert len(film.moving("svg")) < 8 * len(film.drawings[0].picture("svg"))


@pytest.mark.slow
def test_the_same_film_is_the_same_bytes_whatever_the_hash_seed(a_renderer, tmp_path):
    need(HAS_PILLOW, "Pillow")
    code = (
        "import sys, microbp; p = microbp.load('w1-w8'); "
        "film = microbp.animate(p.root(), model=p.model, steps=slice(0, 33, 32)); "
        "[film.write(f'{sys.argv[1]}.{ending}', dpi=40) for ending in ('svg', 'gif', 'webp')]"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code, tmp_path / seed], env=environment, check=True)
    for ending in ("svg", "gif", "webp"):
        assert (tmp_path / f"1.{ending}").read_bytes() == (tmp_path / f"2.{ending}").read_bytes(), ending


def test_graphviz_writes_boxes_in_any_order_and_an_empty_line_after_the_last():
    boxes = [f'<g class="cluster" id="c{k}"><title>{k}</title></g>\n' for k in range(3)]
    pictures = [f'<svg xmlns="{SVG[1:-1]}"><g>{"".join(some)}\n</g></svg>' for some in permutations(boxes)]
    films = {moving_svg([pictures[0].encode(), picture.encode()], 1.0) for picture in pictures}
    assert len(films) == 1


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_a_gif_and_a_webp_have_each_picture_and_stay_at_the_last(ending, a_renderer, tmp_path):
    need(HAS_PILLOW, "Pillow")
    from PIL import Image, ImageChops, ImageStat

    path = tmp_path / f"x.{ending}"
    film = walk(path=path, steps=slice(4, 7), seconds=0.4, dpi=50)
    with Image.open(path) as image:
        assert image.n_frames == 3
        stays, apart = [], []
        stills = [Image.open(io.BytesIO(png)).convert("RGB") for png in film.pictures("png", 50)]
        for k, own in enumerate(stills):
            image.seek(k)
            shown = image.convert("RGB")
            stays.append(image.info["duration"])
            assert shown.size == own.size
            apart.append([sum(ImageStat.Stat(ImageChops.difference(shown, still)).mean) for still in stills])
        assert image.info["loop"] == 0
    assert stays == [400] * 2 + [400 * HOLD]
    assert [row.index(min(row)) for row in apart] == list(range(3))
    assert max(min(row) for row in apart) < 2  # a GIF has 256 colours; and a window may lie a part of a pixel aside


def test_without_pillow_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ExtraError, match=r'needs Pillow: pip install "microbp\[animation\]"'):
        walk(path=tmp_path / "x.gif")
    assert not list(tmp_path.iterdir())


def test_each_picture_is_a_file_named_by_its_step(renderer, tmp_path):
    done = []
    paths = walk(steps=slice(8, 12)).write_each(tmp_path / "new", on_picture=done.append)
    assert [path.name for path in paths] == ["08.svg", "09.svg", "10.svg", "11.svg"]
    assert sorted((tmp_path / "new").iterdir()) == paths
    assert done == [1, 2, 3, 4]
    for step, path in zip(range(8, 12), paths, strict=True):
        assert ET.parse(path).getroot()[0].text.startswith(f"step {step} of 32")
    walk(steps=slice(0, 2)).write_each(tmp_path / "new", "dot")
    assert (tmp_path / "new" / "1.dot").read_text("utf-8") == draw(PROBLEM.root(), model=PROBLEM.model, step=1).source


def test_what_is_no_film_is_refused(tmp_path):
    with pytest.raises(UnknownNameError, match="unknown film format: 'png'"):
        walk(path=tmp_path / "x.png")
    with pytest.raises(GraphError, match=r"needs a step of this pass, which has 0 to 32, got slice\(40"):
        walk(steps=slice(40, 50))
    with pytest.raises(UnknownNameError, match="unknown picture format: 'bmp'"):
        walk(steps=slice(2)).write_each(tmp_path / "new", "bmp")
    assert not list(tmp_path.iterdir())


def test_pictures_of_different_sizes_are_no_film():
    small, large = (f'<svg xmlns="{SVG[1:-1]}" viewBox="0 0 {n} 1"><g/></svg>'.encode() for n in (1, 2))
    with pytest.raises(RendererError, match="differ in size"):
        moving_svg([small, large], 1.0)


@examples(40)
@given(st.lists(st.lists(st.sampled_from("abc"), max_size=4), min_size=1, max_size=5))
def test_what_is_merged_shows_each_picture_again(pictures):
    svgs = [
        f'<svg xmlns="{SVG[1:-1]}" viewBox="0 0 1 1"><g class="graph"><g>'
        f"{''.join(f'<text>{text}</text>' for text in picture)}</g></g></svg>".encode()
        for picture in pictures
    ]
    merged, style = moving_svg(svgs, 1.0)
    whole = merged.replace(b"<g ", style.encode() + b"<g ", 1)
    for number, picture in enumerate(pictures):
        assert seen(whole, number) == picture


@pytest.mark.parametrize("label", HOSTILE[::2])
def test_hostile_names_come_out_as_text_in_a_film(label, a_renderer):
    x = Value(1.5, label=label)
    root = x * x + 1
    root.label = label + "2"
    svg = animate(root, title=label).moving("svg")
    ET.fromstring(svg)
    assert b"<script" not in svg
    assert ET.fromstring(svg).findtext(f"{SVG}style").count("{") == ET.fromstring(svg).findtext(f"{SVG}style").count(
        "}"
    )


SEEN = """moment => { for (const move of document.getAnimations()) { move.pause(); move.currentTime = moment; }
    return [...document.querySelectorAll("text")].filter(t => getComputedStyle(t).visibility === "visible")
        .map(t => t.textContent); }"""


def spaced(shown):
    return sorted(text.replace("\xa0", " ") for text in shown)


def test_a_browser_shows_each_moment_and_the_last_to_who_wants_no_motion(opened):
    need(shutil.which("dot") is not None, "Graphviz's dot")
    film = walk(steps=slice(0, 33, 8), seconds=0.5)
    svg = film.moving("svg").decode()
    tab = opened(svg, ending="svg", motion="no-preference")
    for number, drawing in enumerate(film.drawings):
        assert spaced(tab.evaluate(SEEN, 500 * number + 250)) == spaced(texts(drawing.picture("svg"))), number
    tab = opened(svg, ending="svg", motion="reduce")
    assert tab.evaluate("document.getAnimations().length") == 0
    assert spaced(tab.evaluate(SEEN, 0)) == spaced(texts(film.drawings[-1].picture("svg")))


def test_hostile_names_do_nothing_in_a_browser(opened):
    need(shutil.which("dot") is not None, "Graphviz's dot")
    scripts = [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "javascript:alert(1)",
        "}</style><b>",
        "url(x)",
    ]
    root = microbp.total([Value(1.0, label=label) for label in HOSTILE + scripts])
    root.label = scripts[0]
    svg = animate(root, title=scripts[1]).moving("svg").decode()
    tab = opened(svg, ending="svg", motion="no-preference")
    assert tab.evaluate("document.querySelectorAll('script, img, b, a[href]').length") == 0
    assert any("alert(1)" in text for text in tab.evaluate(SEEN, 100))


def test_labels_that_are_twice_as_wide_move_nothing(renderer):
    x = Value(1.5, label="入力")
    root = (x * x).tanh()
    root.label = "損失関数の値"
    assert animate(root).moving("svg")


def test_a_notebook_gets_a_film_or_text(renderer, monkeypatch):
    film = animate(Value(2.0, label="x") * 2)
    assert "@keyframes" in film._repr_mimebundle_()["image/svg+xml"]
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "x = 2, grad 2" in film._repr_mimebundle_()["text/plain"]


def test_a_film_of_training_shows_the_numbers_of_each_step():
    problem = microbp.load("w1-w8")
    result = microbp.train(problem, steps=10, record=True)
    now = [(leaf.data, leaf.grad) for leaf in problem.leaves()]
    film = training_film(problem, result, every=4)
    assert film.steps == [0, 4, 8, 10]
    assert [(leaf.data, leaf.grad) for leaf in problem.leaves()] == now
    for step, drawing in zip(film.steps, film.drawings, strict=True):
        again = microbp.load("w1-w8")
        loss = microbp.train(again, steps=step).loss
        assert drawing.title == f"step {step} of 10   E = {loss:.4g}"
        root = again.root()
        root.zero_grad()
        root.backward()
        assert list(drawing.lines) == list(draw(root, model=again.model).lines)


def test_arrows_are_as_wide_as_their_weights_are_large():
    model = nn.MLP.from_arrays([[[4.0, -1.0]], [[0.0]]], [[0.5], [0.5]], activation="tanh")
    for level in ("op", "neuron"):
        lines = draw(model([1.0, 2.0]), model=model, level=level, widths=True).source.splitlines()
        wide = [
            (float(m[1]), "style=dashed" in line)
            for line in lines
            if (m := re.search(r" penwidth=([\d.]+) ?", line)) and " -> " in line
        ]
        assert sorted(wide) == [(0.3, False), (pytest.approx(0.3 + 6.7 / 4, abs=0.01), True), (7.0, False)]
    half = draw(model([1.0, 2.0]), model=model, widths=8.0).source
    assert "penwidth=3.65" in half
    assert "the widest 8" in half
    nan = nn.MLP.from_arrays([[[float("nan"), float("inf")]]], [[0.5]])
    with microbp.errstate("ignore"):
        assert draw(nan([1.0, 2.0]), model=nan, widths=True).picture("svg")


def test_a_film_of_training_has_at_most_so_many_pictures_and_needs_a_history():
    assert len(trained(steps=400).drawings) <= 41
    problem = microbp.load("w1-w8")
    with pytest.raises(ProblemError, match=r"train\(…, record=True\)"):
        training_film(problem, microbp.train(problem, steps=2))
    with pytest.raises(ProblemError, match="1 or more steps between pictures, got 0"):
        trained(every=0)


@pytest.mark.parametrize("level", ["op", "neuron", "layer"])
@pytest.mark.parametrize("theme", ["light", "mono"])
def test_gradients_that_differ_are_marked_by_shape_colour_and_number(level, theme):
    problem = microbp.load("w1-w8")
    root = problem.root()
    root.backward()
    drawing = draw(root, model=problem.model, level=level, theme=theme, wrong={"w5": 0.09, "out_h1": -7.0})
    cards = [line for line in drawing.source.splitlines() if 'BORDER="4"' in line and line[0] in "ng"]
    assert len(cards) == 2
    assert all('STYLE="DASHED"' in card for card in cards)
    assert "2 of the given gradients differ" in drawing.title
    if level == "op":
        assert any(">0.09<" in card and ">0.08217<" in card for card in cards)
    if level == "neuron":
        assert any("≠ 0.09" in card for card in cards)
        assert any("≠ −7" in card for card in cards)
    with pytest.raises(UnknownNameError, match="no value is called 'w9'"):
        draw(root, wrong={"w9": 0.0})


def test_places_are_those_of_json(renderer):
    text = pinned([walk(steps=slice(1)).drawings[0].source])[0]
    json.loads(render(text, "json0"))
