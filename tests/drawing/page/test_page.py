import base64
import hashlib
import html
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import microbp
from microbp import Value, nn
from microbp.drawing import image
from microbp.drawing.page.frames import FOLD
from microbp.drawing.page.page import page_html
from microbp.drawing.page.parts import page_words
from microbp.drawing.page.view import PageView
from microbp.drawing.palette import THEMES
from microbp.engine import apply
from microbp.engine.ops import FAMILIES
from microbp.errors import GraphError, RendererError
from microbp.printing import decimals, language, languages, number_text, word
from microbp.stepping import sentences
from microbp.stepping.guesses import IDEAS
from microbp.stepping.names import typeset
from microbp.stepping.step import chain_rule
from microbp.stepping.stepper import Stepper
from microbp.terminal.cli import main
from tests import ROOT
from tests.conftest import need
from tests.drawing.test_drawing import HOSTILE

PUBLISHED = {
    "w1": "0.000438568",
    "w2": "0.000877135",
    "w3": "0.000497713",
    "w4": "0.000995425",
    "w5": "0.082167041",
    "w6": "0.082667628",
    "w7": "−0.022602540",
    "w8": "−0.022740242",
}
MAKE = """
import sys, microbp
from microbp.drawing.page.page import page_html
problem = microbp.load("w1-w8")
sys.stdout.buffer.write(page_html(problem.root(), model=problem.model).encode())
"""


def made(title="", **options):
    problem = microbp.load("w1-w8")
    return page_html(problem.root(), model=problem.model, title=title or problem.title, **options)


def parts(text):
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1]
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)[1]
    return style, data, script


def hostile_root():
    values = [Value(0.5 + k, label=label) for k, label in enumerate(HOSTILE)]
    root = microbp.total(v * w for v, w in zip(values, [*values[1:], values[0]], strict=True))
    root.label = '<img src=x onerror="alert(1)">{{data}}'
    return root


def wide_model():
    model = nn.MLP(3, [12, 12, 1], activation="tanh", seed=1)
    root = (model([0.5, -0.3, 0.8]) - 1.0) ** 2
    root.label = "E"
    return root, model


# ----------------------------------------------------------------------------------------------------- without browser


def test_page_is_one_small_file(tmp_path):
    problem = microbp.load("w1-w8")
    path = microbp.page(problem.root(), tmp_path / "stepper.html", model=problem.model, title=problem.title)
    assert path == tmp_path / "stepper.html"
    assert path.stat().st_size < 80_000
    assert os.listdir(tmp_path) == ["stepper.html"]
    assert not re.search(r"""(src|href|action)\s*=|url\(|@import|fetch\(|https?://(?!www\.w3\.org/)""", made())


@pytest.mark.slow
def test_page_is_the_same_in_every_run():
    runs = {
        subprocess.run(
            [sys.executable, "-c", MAKE], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_page_is_the_same_size_with_either_renderer(renderer):
    data = json.loads(parts(made())[1])
    assert len(data["layouts"]) == len(data["frames"]) == 1
    assert len(data["layouts"][0]["n"]) == len(data["cards"]) == 27
    assert len(data["layouts"][0]["a"]) == len(data["steps"]) + 8 == 40


def test_policy_allows_its_own_script_and_style_alone():
    text = made()
    style, _, script = parts(text)
    hashes = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in (script, style)]
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', text)[1]
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|new Function", script)


def test_data_escapes_what_could_end_it():
    text = page_html(hostile_root(), title="</title><script>alert(1)</script>\u2028")
    _, data, _ = parts(text)
    assert not set(data) & set("<>&\u2028\u2029")
    assert "</script>" in json.dumps(json.loads(data), ensure_ascii=False)
    assert text.count("<script") == 2
    assert "alert(1)</script>" not in text


def test_every_label_is_short_and_printable():
    data = json.loads(parts(page_html(hostile_root()))[1])
    texts = [text for row in data["cards"] + data["steps"] for text in row if isinstance(text, str)]
    assert all(text.isprintable() and len(text) <= 200 for text in texts)


def test_sentences_come_from_explain():
    data = json.loads(parts(made())[1])
    assert data["languages"] == languages()
    for name, said in zip(data["languages"], data["said"], strict=True):
        with language(name):
            for step, row in zip(Stepper(microbp.load("w1-w8").root()), data["steps"], strict=True):
                assert said[data["rules"][row[5]]] == step.rule
            assert {code: said[k] for code, k in data["ideas"].items()} == {
                idea.code: word(idea.sentence) for idea in IDEAS
            }


def test_too_many_values_are_refused_with_advice():
    with pytest.raises(GraphError, match=r"limit is 10\).*smaller batch"):
        made(max_nodes=10)


def test_without_a_renderer_the_error_names_the_ways(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(image.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RendererError, match="pip install"):
        page_html(microbp.load("w1-w8").root())


def test_a_large_graph_is_folded_around_the_node_at_work():
    root, model = wide_model()
    data = json.loads(parts(page_html(root, model=model))[1])
    assert len(data["cards"]) > FOLD
    assert len(data["byStep"]) == len(data["steps"])
    assert len(data["layouts"]) < len(data["frames"]) / 3, "neurons of one shape share a layout"
    for k, (step, number) in enumerate(zip(data["steps"], data["byStep"], strict=True), 1):
        index, nodes, arrows, titles = data["frames"][number]
        assert {step[0], step[1]} <= set(nodes)
        assert [k] in arrows
        assert len(nodes) <= 13
        layout = data["layouts"][index]
        assert [len(nodes), len(arrows), len(titles)] == [len(layout[part]) for part in "nac"]
    for said, title in zip(data["said"], ("layer 1 · neuron 3", "第 1 层 · 神经元 3"), strict=True):
        assert any(title in [said[k] for k in titles] for *_, titles in data["frames"])


def test_graphs_without_steps_make_a_page():
    data = json.loads(parts(page_html(Value(2.0, label="x")))[1])
    assert data["steps"] == []
    assert len(data["frames"][0][1]) == 1


def test_a_net_whose_weight_input_and_bias_are_one_value_has_every_arrow():
    x = Value(2.0, label="x")
    data = json.loads(parts(page_html(apply(FAMILIES["affine"].row(1), (x, x, x))))[1])
    arrows = data["layouts"][0]["a"]
    assert len(arrows) == len(data["frames"][0][2]) == 4, "three to it, and one from the × between"
    assert all(len(points) >= 12 and len(points) % 6 == 0 for points, _ in arrows), "two tips, and a curve between them"


def test_a_wide_node_is_shown_in_parts():
    data = json.loads(parts(page_html(microbp.total(Value(float(k), label=f"x{k}") for k in range(50))))[1])
    assert [data["said"][0][frame[3][0]] for frame in data["frames"]][::6] == [
        "made from: 1 to 8 of 50",
        "made from: 49 to 50 of 50",
    ]
    assert sum(len(frame[2]) for frame in data["frames"]) == len(data["steps"]) == 50


def test_a_view_is_a_sandboxed_frame():
    x = Value(2.0, label='"><script>')
    frame = PageView(x * x)._repr_html_()
    assert frame.startswith('<iframe sandbox="allow-scripts" ')
    frame, end, below = frame.partition("</iframe>")
    assert (end, frame.count("<")) == ("</iframe>", 1)
    assert html.unescape(frame).count("<!doctype html>") == 1
    assert "<script>" not in below


def test_where_no_script_may_run_the_steps_can_be_read():
    stepper = microbp.steps(microbp.load("w1-w8").root())
    below = html.unescape(stepper._repr_html_().partition("</iframe>")[2])
    assert below.startswith("<details><summary")
    assert all(str(step) in below for step in stepper)
    chain = Value(1.0)
    for _ in range(500):
        chain = chain.tanh()
    text = microbp.steps(chain)._repr_html_().partition("</iframe>")[2]
    assert text.count("+=") == 300
    assert "… 500" in text


def test_the_height_of_the_frame_is_the_users():
    assert 'height="400"' in microbp.steps(Value(2.0).tanh(), height=400)._repr_html_()


def test_a_stepper_shows_the_page_where_its_cursor_is():
    problem = microbp.load("w1-w8")
    stepper = microbp.steps(problem.root(), model=problem.model)
    stepper.until("w5")
    text = html.unescape(stepper._repr_html_())
    assert '"start":7' in text
    assert "neuron h1" in text


def test_the_command_writes_the_page(tmp_path, capsys):
    path = tmp_path / "stepper.html"
    assert main(["step", "w1-w8", "--html", str(path)]) == 0
    assert capsys.readouterr().out == f"Page: {path}\n"
    problem = microbp.load("w1-w8")
    options = {"model": problem.model, "title": problem.title, "learning_rate": 0.5}
    assert path.read_text("utf-8") == page_html(problem.root(), **options)


# -------------------------------------------------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def text():
    return made()


def press(tab, *keys):
    for key in keys:
        tab.keyboard.press(key)


def card(tab, name):
    """The texts on a card, from its name to its grad."""
    return tab.evaluate(
        """name => { const c = [...document.querySelectorAll(".card")]
           .find(c => c.querySelector(".name").textContent === name);
           return [...c.querySelectorAll("text:not(.old)")].map(t => t.textContent); }""",
        name,
    )


def totals(tab):
    """The last total of each derivative in the table."""
    rows = tab.evaluate(
        "[...document.querySelectorAll('#rows tr')].map(r => [r.children[1], r.lastChild].map(c => c.textContent))"
    )
    return dict(reversed(rows))


ALL_TEXT = """() => [document.title, document.body.innerText,
    ...[...document.querySelectorAll("main, main *")].flatMap(e => [...e.attributes].map(a => a.value)),
    ...[...document.querySelectorAll("main *")].filter(e => !e.children.length).map(e => e.textContent)].join("\\n")"""
"""Everything a reader, a screen reader or a hovering mouse could find, except the data itself."""


def all_text(tab):
    return tab.evaluate(ALL_TEXT)


def test_end_shows_the_published_gradients(opened, text):
    tab = opened(text)
    press(tab, "End")
    assert tab.inner_text("#count") == "step 32 of 32"
    found = totals(tab)
    for name, gradient in PUBLISHED.items():
        assert found[f"∂E/∂{name}"] == gradient
        assert card(tab, name)[-1] == number_text(float(gradient.replace("−", "-")))


@pytest.mark.parametrize("name", ["xor", "neuron", "delta-rule"])
def test_every_equation_of_a_page_is_that_of_its_step(opened, name):
    problem = microbp.load(name)
    walk = """n => Array.from({ length: n }, () => {
        document.getElementById("next").click();
        return ["formula", "why"].map(id => document.getElementById(id).textContent);
    })"""
    steps = Stepper(problem.root())
    tab = opened(page_html(problem.root(), model=problem.model))
    for name in languages():
        with language(name):
            expected = [(typeset(chain_rule(step)), typeset(f"{sentences.why(step)} {step.rule}")) for step in steps]
        found = tab.evaluate(walk, len(steps))
        assert [formula for formula, _ in found] == [formula for formula, _ in expected]
        for (_, said), (_, why) in zip(found, expected, strict=True):
            assert sorted(re.findall(r"\w+", said)) == sorted(re.findall(r"\w+", why)), name
        tab.click("#start")
        tab.click("#language")


def test_keys_step_through_formula_graph_and_table_at_once(opened, text):
    tab = opened(text)
    assert tab.inner_text("#count") == "step 0 of 32"
    assert card(tab, "w5")[-1] == "?"
    for step in Stepper(microbp.load("w1-w8").root()):
        press(tab, "ArrowRight")
        assert tab.text_content("#formula") == chain_rule(step)
        why = tab.text_content("#why")
        for sentence in (sentences.local_reason(step), step.rule, sentences.arrival(step)):
            assert sentence in why
        assert tab.evaluate("document.querySelectorAll('#rows tr').length") == step.number
        assert tab.evaluate("document.querySelectorAll('.card.from, .card.to').length") == 2
        assert tab.text_content(".card.to .name") == step.input_name
        assert chain_rule(step) in tab.text_content("#live")
    press(tab, "ArrowRight", "End")
    assert tab.inner_text("#count") == "update"
    press(tab, "Home")
    assert tab.evaluate("document.querySelectorAll('#rows tr').length") == 0


def test_buttons_do_what_keys_do(opened, text):
    tab = opened(text)
    tab.click("#next")
    tab.click("#next")
    tab.click("#back")
    assert tab.inner_text("#count") == "step 1 of 32"
    tab.click("#end")
    assert tab.inner_text("#count") == "step 32 of 32"
    tab.click("#rows tr:nth-child(17)")
    assert tab.inner_text("#count") == "step 16 of 32"
    tab.fill("#slider", "7")
    assert tab.inner_text("#count") == "step 7 of 32"
    tab.click("#start")
    assert tab.inner_text("#count") == "step 0 of 32"


@pytest.mark.parametrize("view", ["cards", "figure"])
def test_a_switch_says_all_of_it_in_the_other_language(opened, text, view):
    tab = opened(text, "#step=12", view=view)
    tab.get_by_label("Value of w5").first.fill("0.9")
    tab.get_by_label("Value of w5").first.blur()
    press(tab, "ArrowLeft", "ArrowRight")
    english, numbers = tab.inner_text("body"), tab.locator("#leaves input").evaluate_all("all => all.map(i => i.value)")
    tab.get_by_role("button", name="中文").click()
    assert tab.inner_text("#count") == "第 12 步，共 32 步"
    words = " | ".join(text for texts in page_words() for text in texts)
    english_ones = re.findall("[A-Za-z]{3,} [a-z]{2,}", re.sub("<[^>]*>", "", words))
    assert [some for some in english_ones if some in all_text(tab)] == []
    link = tab.evaluate("location.hash")
    assert "lang=zh" in link
    press(tab, "Control+z", "q")
    assert "请你来算：第 13 步加上的数是多少？" in tab.inner_text("#question")
    again = opened(text, link, view=view)
    assert again.get_attribute("html", "lang") == "zh"
    assert again.locator("#leaves input").evaluate_all("all => all.map(i => i.value)") == numbers
    again.get_by_role("button", name="English").click()
    assert again.inner_text("body") == english


def test_going_back_takes_a_contribution_back(opened, text):
    tab = opened(text, "#step=17")
    assert card(tab, "out_h1")[-1] == "0.03635"
    press(tab, "ArrowLeft")
    assert card(tab, "out_h1")[-1] == "0.0554 + ?"
    press(tab, *["ArrowLeft"] * 9)
    assert card(tab, "out_h1")[-1] == "?"


def test_deep_link_opens_its_step_and_follows(opened, text):
    tab = opened(text, "#step=12")
    assert tab.inner_text("#count") == "step 12 of 32"
    press(tab, "ArrowRight")
    assert tab.evaluate("location.hash") == "#step=13&view=cards"
    tab.evaluate("location.hash = '#step=99&view=cards'")
    tab.locator("#count", has_text="step 32 of 32").wait_for()


def test_nothing_plays_until_space_does(opened, text):
    tab = opened(text)
    assert tab.get_attribute("#play", "aria-pressed") == "false"
    assert tab.inner_text("#count") == "step 0 of 32"
    press(tab, " ")
    assert tab.inner_text("#play") == "Pause"
    tab.locator("#count", has_text="step 1 of 32").wait_for()
    press(tab, " ")
    assert tab.inner_text("#play") == "Play"


def test_forward_comes_first_if_asked(opened, text):
    tab = opened(text, "#forward")
    assert card(tab, "net_h1")[1] == "?"
    assert card(tab, "w1")[1] == "0.15"
    press(tab, "ArrowRight")
    assert tab.text_content("#formula") == "net_h1 = w1·i1 + w2·i2 + b1 = 0.3775"
    assert [card(tab, name)[1] for name in ("net_h1", "out_h1")] == ["0.3775", "?"]
    assert "0.5933" not in all_text(tab)
    press(tab, *["ArrowRight"] * 14)
    assert tab.inner_text("#count") == "step 0 of 32"
    assert card(tab, "E")[1] == "0.2984"
    press(tab, "ArrowRight")
    assert tab.inner_text("#count") == "step 1 of 32"


def test_a_card_tells_how_it_is_made(opened, text):
    tab = opened(text)
    tab.hover(".card[aria-label^='out_o1 =']")
    assert tab.inner_text("#info") == "out_o1 = σ(net_o1) = 0.751365070"
    assert tab.evaluate("document.querySelectorAll('.arrow.seen').length") == 2
    tab.mouse.move(0, 0)
    tab.focus(".card[tabindex='0']")
    press(tab, "ArrowDown")
    assert tab.inner_text("#info") == "i1 = 0.05"


ANSWERS = {
    "0.1385*0.5933": "Right.",
    "0,08217": "Right.",
    " 0.1385 × (1 − 0.4067) ": "Right.",
    "0.1385·0.5933": "Right.",
    "2**-3 - .0428": "Right.",
    "8.2167e-2": "Right.",
    "0.0831": None,
    "−0.0822": "wrong-sign",
    "0.5933": "local-alone",
    "0.1385": "upstream-alone",
    "0.1385+0.5933": "sum",
    "0.44": "activation-derivative-forgotten",
}


def test_quiz_judges_as_python_does(opened, text):
    tab = opened(text, "#step=6")
    ideas = {idea.code: idea.sentence for idea in IDEAS}
    stepper = Stepper(microbp.load("w1-w8").root())
    stepper.goto(6)
    assert stepper.predict(0.44).idea == "activation-derivative-forgotten"
    press(tab, "q")
    for answer, expected in ANSWERS.items():
        assert "step 7 add" in tab.inner_text("#question")
        tab.fill("#answer", answer)
        press(tab, "Enter")
        said = tab.inner_text("#feedback").removesuffix(" One more try.")
        assert said == (expected if expected == "Right." else ideas.get(expected, "That is not it.")), answer
        assert tab.inner_text("#count") == f"step {7 if expected == 'Right.' else 6} of 32"
        press(tab, "Escape", *["ArrowLeft"] * (expected == "Right."), "q")  # there are two tries alone


def test_quiz_asks_again_for_what_is_no_number(opened, text):
    tab = opened(text, "#step=6")
    press(tab, "q")
    for nonsense in ("", "w5", "1+", "(1", "1)", "alert(1)", "1/0", "2 3", "((((" * 20, "1e999"):
        tab.fill("#answer", nonsense)
        press(tab, "Enter")
        assert tab.inner_text("#feedback").startswith("Type a number")
        assert tab.inner_text("#count") == "step 6 of 32"


def test_steps_without_finite_numbers_are_shown_and_not_asked(opened):
    with microbp.errstate("ignore"):
        tab = opened(page_html(Value(1e300, label="x") * 1e300 * Value(0.0, label="y")))
    press(tab, "End")
    assert tab.locator("#rows .part").all_text_contents() == ["0", "inf", "0"]
    press(tab, "q")
    tab.click("#skip")
    press(tab, "Enter")
    assert tab.inner_text("#count") == "step 2 of 3", "the second is not asked for"


@pytest.mark.parametrize("view", ["cards", "figure"])
def test_quiz_shows_the_answer_nowhere_while_it_waits(opened, text, view):
    walk = f"""([key, button]) => {{
        const all = {ALL_TEXT};
        const press = key => document.body.dispatchEvent(
            new KeyboardEvent("keydown", {{ key, bubbles: true }}));
        const found = [];
        for (let k = 0; k < 32; k++) {{
            found.push([all(), document.getElementById("question").hidden]);
            document.getElementById(button).click();
            press(key);
        }}
        return found;
    }}"""
    numbers = re.compile(r"\d+[.,]\d{2,}")
    plain = opened(text, view=view).evaluate(walk, ["none", "next"])
    tab = opened(text, view=view)
    press(tab, "q")
    asked = tab.evaluate(walk, ["ArrowRight", "skip"])
    for step, before, waiting in zip(Stepper(microbp.load("w1-w8").root()), plain, asked, strict=True):
        assert (before[1], waiting[1]) == (True, False)
        known = {decimals(abs(x)) for x in (step.upstream, step.node.data, *(x.data for x in step.node.inputs))}
        assert not set(numbers.findall(waiting[0])) - set(numbers.findall(before[0])) - known, step.number
        if step.number in (6, 7, 16, 17, 22, 28):  # elsewhere the answer is a number that is given, such as 1
            for number in (step.contribution, step.after):
                assert number_text(abs(number)) not in waiting[0]
    assert tab.inner_text("#points").startswith("Score: 0 %, 0 of 32 right")


def test_no_way_leads_past_a_question(opened, text):
    tab = opened(text, "#step=6")
    press(tab, "q")
    ways = [
        lambda: press(tab, "ArrowRight"),
        lambda: press(tab, "End"),
        lambda: tab.click("#next"),
        lambda: tab.click("#end"),
        lambda: tab.click("#play"),
        lambda: tab.fill("#slider", "20"),
        lambda: tab.evaluate("location.hash = '#step=20&view=cards'"),
    ]
    for way in ways:
        way()
        tab.wait_for_timeout(20)
        assert tab.inner_text("#count") == "step 6 of 32"
        assert tab.is_visible("#question")
        assert "0.08217" not in all_text(tab)
        assert tab.evaluate("location.hash") == "#step=6&view=cards"
    tab.click("#back")
    tab.click("#back")
    assert tab.is_hidden("#question")
    assert tab.inner_text("#count") == "step 5 of 32"
    press(tab, "ArrowRight", "ArrowRight", "ArrowRight")
    assert tab.inner_text("#count") == "step 6 of 32"
    assert tab.is_visible("#question")


def test_quiz_ends_with_the_score_and_what_was_missed(opened, text):
    tab = opened(text, "#step=28")
    press(tab, "q")
    for answer in ("0.009954*0.25", "5", "0.009954*0.3"):
        tab.fill("#answer", answer)
        press(tab, "Enter")
        if answer == "5":
            assert tab.inner_text("#feedback") == "That is not it. One more try."
            press(tab, "Enter")
            assert tab.inner_text("#feedback") == "That is not it."
        press(tab, "Enter")  # the button that goes on has the focus
    tab.click("#skip")
    assert tab.inner_text("#points").startswith("Score: 50 %, 2 of 4 right")
    assert tab.inner_text("#missed").split("\n") == ["step 30: ∂E/∂w4", "step 32: ∂E/∂b1"]
    tab.click("#missed li:first-child button")
    assert tab.inner_text("#count") == "step 30 of 32"


def test_a_quiz_that_is_left_has_its_score(opened, text):
    tab = opened(text, "#step=6")
    press(tab, "q")
    assert tab.inner_text("#why").startswith(
        "net_o1 = w5·out_h1 + w6·out_h2 + b2 = 1.105905967, with w5 = 0.4, out_h1 = "
    )
    assert tab.inner_text("#why").endswith("The gradient at net_o1 is 0.138498562.")
    tab.fill("#answer", "7")
    press(tab, "Enter", "Escape")
    assert tab.inner_text("#points").startswith("Score: 0 %, 0 of 1 right.")
    assert tab.inner_text("#missed") == "step 7: ∂E/∂w5"


def test_hostile_labels_come_out_as_text(opened):
    tab = opened(page_html(hostile_root(), title='<img src=x onerror="alert(1)">'))
    press(tab, "End", "Home", "ArrowRight", "q")
    tab.hover(".card >> nth=0")
    counts = tab.evaluate("['script', 'img', 'b', 'style'].map(t => document.querySelectorAll(t).length)")
    assert counts == [2, 0, 0, 1]
    assert tab.title() == '<img src=x onerror="alert(1)">'
    names = tab.evaluate("[...document.querySelectorAll('.card .name')].map(t => t.textContent)")
    assert {"<b>bold</b>", '"quoted"', "&amp;&#65;", "{|}<port>"} <= set(names)


@pytest.mark.parametrize(("scheme", "view"), [("light", "cards"), ("dark", "figure")])
def test_axe_finds_nothing(opened, text, scheme, view):
    need(importlib.util.find_spec("axe_core_python") is not None, "axe-core")
    axe = Path(importlib.util.find_spec("axe_core_python").origin).with_name("axe.min.js").read_text("utf-8")
    tab = opened(text, "#step=6", scheme, view=view)
    tab.evaluate(axe)
    for keys in (["ArrowRight"], ["d", "q"]):
        press(tab, *keys)
        tab.get_by_label("Value of w5").first.fill("0.5 +")  # no number
        tab.locator(".card.leaf").first.click()
        found = tab.evaluate("axe.run({ resultTypes: ['violations'] })")  # what passes is counted, not described
        assert [(v["id"], [n["html"][:100] for n in v["nodes"]]) for v in found["violations"]] == []
        assert len(found["passes"]) > 15
        press(tab, "Escape")


@pytest.mark.parametrize("make", [made, lambda: page_html(hostile_root()), lambda: page_html(wide_model()[0])])
@pytest.mark.parametrize("view", ["cards", "figure"])
def test_a_phone_scrolls_the_graph_not_the_page(opened, make, view):
    tab = opened(make(), size=(360, 740), view=view)
    for keys in ([], ["ArrowRight"] * 5, ["End"], ["Home", "q"]):
        press(tab, *keys)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 360
        box = tab.evaluate(
            """() => { const s = document.getElementById("stage").getBoundingClientRect();
               const c = ["card.to", "ring.to", "card.from"].map(c => document.querySelector("." + c)).find(Boolean)
               .getBoundingClientRect(); return [c.left - s.left, s.right - c.right]; }"""
        )
        assert min(box) > -2, "the card at work is in sight"


@pytest.mark.parametrize("size", [(1280, 800), (640, 400), (390, 844)], ids=["screen", "twice the size", "phone"])
@pytest.mark.parametrize("view", ["cards", "figure"])
def test_the_graph_is_above_the_fold_and_the_toolbar_stays(opened, text, size, view):
    tab = opened(text, size=size, view=view)
    ends = "([name, end]) => document.querySelector(name).getBoundingClientRect()[end]"
    for keys in ([], ["ArrowRight"] * 5, ["End"], ["Home", "q"]):
        press(tab, *keys)
        tab.evaluate("scrollTo(0, 0)")
        assert tab.evaluate(ends, ["#stage", "top"]) < 0.7 * size[1], "the graph begins in sight"
        tab.evaluate("document.getElementById('scroll').scrollIntoView({ block: 'end', behavior: 'instant' })")
        top, bottom = (tab.evaluate(ends, [".bar", end]) for end in ("top", "bottom"))
        assert 0 <= top < bottom < 0.25 * size[1]
        seen = tab.evaluate(
            "y => document.elementFromPoint(document.querySelector('#next').getBoundingClientRect().x + 9, y).id",
            top + 20,
        )
        assert seen == "next", "nothing covers it"


def test_a_folded_page_steps_to_the_end(opened):
    root, model = wide_model()
    tab = opened(page_html(root, model=model), "#step=100")
    assert tab.evaluate("document.querySelectorAll('.card').length") <= 13
    root.backward()
    press(tab, "End")
    assert totals(tab)["∂E/∂w[1][0,0]"] == decimals(model.layers[0].neurons[0].w[0].grad)


def test_paper_gets_formula_graph_and_table(opened, text):
    tab = opened(text, "#step=16", "dark")
    tab.emulate_media(media="print")
    visible = {name: tab.is_visible(f"#{name}") for name in ("formula", "graph", "rows", "next", "slider")}
    assert visible == {"formula": True, "graph": True, "rows": True, "next": False, "slider": False}
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    box = tab.evaluate("['scrollHeight', 'clientHeight'].map(k => document.getElementById('scroll')[k])")
    assert box[0] == box[1], "no row is cut off"
    assert len(set(tab.evaluate("['main', '#stage'].map(k => document.querySelector(k).clientWidth)"))) == 1


@pytest.mark.parametrize(("colour", "theme"), [("color(srgb 0.9 0.9 0.9)", "dark"), ("rgba(0, 0, 0, 0.87)", "light")])
def test_in_a_notebook_the_page_has_the_theme_of_the_notebook(browser_tab, colour, theme):
    browser_tab.emulate_media(media="screen", color_scheme="light" if theme == "dark" else "dark")  # the system's
    frame = microbp.steps(Value(2.0, label="x").tanh())._repr_html_()
    browser_tab.goto("about:blank")  # or the policy of the page before would hold
    browser_tab.set_content(f'<body style="color: {colour}">{frame}</body>')
    inside = browser_tab.frames[-1]
    inside.locator(f"html[style*='{theme}']").wait_for()
    red = int(THEMES[theme].ground[1:3], 16)
    assert inside.evaluate("getComputedStyle(document.body).backgroundColor").startswith(f"rgb({red},")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_embedded_the_page_is_small_and_says_how_high_it_is(browser_tab, text, theme, tmp_path):
    (tmp_path / "stepper.html").write_text(text, "utf-8")
    guide = (ROOT / "examples" / "reference.md").read_text("utf-8").partition("## The page in a page of yours\n")[2]
    shown = re.search(r"```html\n(.*?)```", guide, re.DOTALL)[1]
    (tmp_path / "post.html").write_text(shown.replace("?embed", f"?embed={theme}#step=7"), "utf-8")
    browser_tab.emulate_media(media="screen", color_scheme="light" if theme == "dark" else "dark")  # the system's
    for width in (1200, 400):
        browser_tab.set_viewport_size({"width": width, "height": 720})
        browser_tab.goto((tmp_path / "post.html").as_uri())
        inside = browser_tab.frames[-1]
        assert inside.locator("#count").inner_text() == "step 7 of 32"
        visible = {name: inside.locator(f"#{name}").is_visible() for name in ("next", "quiz", "graph", "end", "play")}
        assert visible == {"next": True, "quiz": True, "graph": True, "end": False, "play": False}
        browser_tab.wait_for_function("document.querySelector('iframe').clientHeight > 700")
        inside.locator("#next").click()
        scroll, room = inside.evaluate("[document.documentElement.scrollHeight, innerHeight]")
        assert scroll <= room, "nothing is cut off"
        assert inside.evaluate("document.body.clientHeight") > room - 10, "and nothing is empty"
        red = int(THEMES[theme].ground[1:3], 16)
        assert inside.evaluate("getComputedStyle(document.body).backgroundColor").startswith(f"rgb({red},")


def test_of_several_samples_one_is_shown_with_a_switch(opened):
    problem = microbp.load("xor")
    tab = opened(page_html(problem.root(), model=problem.model), "#step=26")
    stepper = Stepper(problem.root())

    def names():
        return {name for name in tab.locator(".card .name").all_text_contents() if name.startswith("z[1][0]")}

    assert (tab.locator("#sample").input_value(), names()) == ("1", {"z[1][0]⁽²⁾"})
    tab.select_option("#sample", "0")
    number = int(tab.locator("#count").inner_text().split()[1])
    assert (names(), stepper.samples[stepper[number - 1].node]) == ({"z[1][0]⁽¹⁾"}, 1)
    tab.keyboard.press("Home")
    assert names() == {"z[1][0]⁽¹⁾"}
    for _ in range(5):
        tab.keyboard.press("ArrowRight")
    assert names() == {"z[1][0]⁽⁴⁾"}


def test_without_several_samples_there_is_no_switch(opened):
    tab = opened(page_html(microbp.load("w1-w8").root()))
    assert not tab.locator("#samples").is_visible()
