"""The site in a browser, from a local server: from the first look to the day without a network."""

import contextlib
import functools
import http.server
import json
import re
import runpy
import shutil
import subprocess
import threading

import numpy as np
import pytest

import microbp
from microbp.terminal.cli import main
from microbp.terminal.command_table import EXIT_CODES
from tests import ROOT
from tests.conftest import need

WEB, SITE = ROOT / "examples" / "web", ROOT / "build" / "site"
PASSES = sorted((ROOT / "examples" / "passes").glob("*.py"))
FETCHED = ROOT / "build" / "web" / "wheels" / "wheels.txt"
ENDLESS = """
import js

print([name for name in ("fetch", "XMLHttpRequest", "WebSocket", "caches") if hasattr(js, name)])
while True:
    pass
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        """Says nothing."""


@contextlib.contextmanager
def server(folder):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as served:
        served.asked = []
        served.address = f"http://127.0.0.1:{served.server_port}/"
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield served
        served.shutdown()


@pytest.fixture
def site():
    """The folder of the site, built anew if anything in it is older than what it is built from."""
    need(shutil.which("npm") is not None and FETCHED.exists(), "what `make site` fetches with npm and pip")
    sources = [*WEB.iterdir(), *(path for path in (ROOT / "microbp").rglob("*") if path.suffix != ".pyc")]
    made = SITE / "sw.js"
    if not made.exists() or made.stat().st_mtime < max(path.stat().st_mtime for path in sources if path.is_file()):
        runpy.run_path(str(WEB / "build.py"))["main"]()
    return SITE


def ran(tab):
    """What the last command said, when it is done, without the line that repeats it."""
    tab.locator("#result[data-code]").wait_for(timeout=120_000)
    said = tab.locator("#said").inner_text()
    tab.evaluate("delete document.getElementById('result').dataset.code")
    return said.partition("\n")[2]


def test_nothing_in_it_comes_from_elsewhere():
    for path in WEB.iterdir():
        if path.suffix in (".html", ".js", ".css"):
            assert not re.search(r"https?://", path.read_text("utf-8")), path
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', (WEB / "index.html").read_text("utf-8"))[1]
    assert "'unsafe-eval'" not in policy
    assert "connect-src 'self';" in policy


READ = """
import {{ answerFile }} from "{place}";
import {{ readFileSync }} from "node:fs";
const text = (content) => (typeof content === "string" ? content : new TextDecoder().decode(content));
const read = ([name, given]) => answerFile([name, new TextEncoder().encode(given)]).map(text);
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(read)));
"""
CELLS = [
    {"cell_type": "code", "source": ["%matplotlib inline\n", "dW1 = 1"]},
    {"cell_type": "markdown", "source": "dW"},
]
FORMS = [
    ("pasted", '{"w5": 0.08}', "mine.txt", '{"w5": 0.08}'),
    ("pasted", "w5 = 0.08", "mine.txt", "w5 = 0.08"),
    ("pasted", "def f(W):\n    return W", "backward.py", "def f(W):\n    return W"),
    ("pasted", "import numpy as np\ndW1 = np.ones(2)", "backward.py", "import numpy as np\ndW1 = np.ones(2)"),
    ("hand-in.ipynb", json.dumps({"cells": CELLS}), "mine.txt", "\ndW1 = 1"),
    ("grads.json", '{"w5": 0.08}', "grads.json", '{"w5": 0.08}'),
    ("grads.json", "{'w5': 0.08}", "mine.txt", "{'w5': 0.08}"),
]


def test_what_is_pasted_is_read_as_what_it_is():
    need(shutil.which("node") is not None, "node")
    code = READ.format(place=(WEB / "answers.js").as_uri())
    asked = json.dumps([form[:2] for form in FORMS])
    command = ["node", "--input-type=module", "-e", code]
    found = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    assert json.loads(found.stdout) == [list(form[2:]) for form in FORMS]


def test_the_catalogue_has_every_sentence_and_no_other():
    scripts = "".join(path.read_text("utf-8") for path in WEB.glob("*.js") if path.name != "zh.js")
    html = " ".join((WEB / "index.html").read_text("utf-8").split())
    lines = (WEB / "zh.js").read_text("utf-8").partition("{")[2].rpartition(",\n}")[0]
    catalogue = json.loads(f"{{{lines}}}")
    told = set(re.findall(r'told\("([^"]*)"', scripts)) | set(EXIT_CODES.values())
    worked = [runpy.run_path(str(WEB / "build.py"))["worked_pass"](path) for path in PASSES]
    told |= {text for each in worked for text in (each["title"], *each["wrong"])}
    marked = "|".join(("p", "label", "button", "option", "a", "title", "footer p"))
    in_html = {part.strip() for part in re.findall(rf"<(?:{marked})(?: [^>]*)?>([^<>]+)</", html)}
    in_html |= set(re.findall('(?:aria-label|placeholder)="([^"]*)"', html))
    names = {"op", "neuron", "network", "layer", "microbp", *re.findall("<datalist.*?</datalist>", html)}
    names |= set(re.findall("<option>([^<]*)</option>", "".join(names)))
    assert told <= set(catalogue)
    in_both = set(re.findall("<noscript><p>(.*?)</p><p lang", html))
    assert in_both
    assert {text for text in in_html if re.search("[a-z]{2}", text)} - names - in_both <= set(catalogue)
    assert [text for text in catalogue if text not in told and text not in html] == [], "not used"
    for english, other in catalogue.items():
        pattern = r"\{\w+\}|<[^>]+>"
        assert sorted(re.findall(pattern, english)) == sorted(re.findall(pattern, other)), english


@pytest.mark.slow
def test_a_chinese_reader_finds_no_english_word_but_names(site, browser_tab):
    context = browser_tab.context.browser.new_context()
    with server(site) as served:
        tab = context.new_page()
        tab.goto(served.address)
        tab.locator("html[data-ready]").wait_for()
        tab.get_by_role("button", name="中文").click()
        tab.locator("html[lang=zh-CN][data-ready]").wait_for()
        assert tab.frame_locator("#live").locator("#next").inner_text() == "下一步 →"
        assert not tab.frame_locator("#live").locator("#language").is_visible(), "there is one switch"
        names = {"microbp", "forward", "backward", "data", "back", "help", "mine"}
        names |= {"sigmoid", "tanh", "softmax", "dropout", "keep", "axis", "loss", "mean"}
        for job in ("look", "step", "debug", "draw", "compare", "diagnose", "check", "command"):
            tab.locator(f"[data-job={job}]").click()
            shown = tab.evaluate(
                "[document.title, ...['header', '#jobs', '#form', '#status', 'footer'].map(name => { const part = "
                "document.querySelector(name).cloneNode(true);"
                "part.querySelectorAll('.part[hidden], #language, option:not([value]), datalist, noscript')"
                ".forEach(inner => inner.remove()); return part.textContent; })].join(' ')"
            )
            assert "反向传播" in shown
            words = set(re.findall("(?<![A-Za-z])[a-z]{4,}", re.sub("[a-z0-9_-]+: ", "", shown)))
            assert words <= names, job
        tab.locator("[data-job=diagnose]").click()
        tab.locator("#run").click()
        assert "隐藏层的 δ 缺少激活函数的导数" in ran(tab)
        assert "microbp step w1-w8 --at w4" in tab.locator("#said a").all_inner_texts()
        tab.goto(tab.url.partition("#")[0] + "#job=command&lang=zh&line=step+w1-w8+--at+w5")
        assert "步" in ran(tab)
        tab.locator("#language").click()
        tab.locator("html[lang=en][data-ready]").wait_for()
    context.close()


@pytest.mark.slow
def test_the_whole_product_in_a_browser(site, browser_tab, tmp_path, monkeypatch, capsys):
    """One story, since Python is loaded only once in it, and once more without a network."""
    monkeypatch.chdir(tmp_path)
    data = json.loads((site / "site.json").read_text("utf-8"))
    (tmp_path / "mine.json").write_text(data["answers"]["w1-w8"], "utf-8")
    weights, biases = (problem := microbp.load("w1-w8")).model.arrays()
    _, dW, db = microbp.vectorized.loss_and_gradients(
        weights, biases, problem.inputs, problem.targets, **problem.model.activations()
    )
    np.savez(tmp_path / "right.npz", dW1=dW[0], dW2=dW[1], db1=db[0], db2=db[1])
    profile, other = (browser_tab.context.browser.new_context() for _ in range(2))
    reached, complaints = [], []
    for context in (profile, other):
        context.on("request", lambda request: reached.append(request.url))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
    with server(site) as served, server(tmp_path) as elsewhere:
        tab = profile.new_page()
        tab.goto(served.address)

        # The front is a page that steps, before there is any Python.
        front = tab.frame_locator("#live")
        front.locator("#next").click()
        assert front.locator("#count").inner_text().startswith("step 1 of")
        tab.locator("html[data-ready]").wait_for()
        assert not [path for path in served.asked if path.startswith("/python")]

        # A wrong pass, of which the page says what the command says.
        tab.locator("[data-job=diagnose]").click()
        assert tab.locator("#answer").input_value() == data["answers"]["w1-w8"]
        tab.locator("#run").click()
        said = ran(tab)
        assert main(["diagnose", "w1-w8", "mine.json"]) == 1
        assert said.split() == capsys.readouterr().out.split(), "but for where lines are broken"
        assert "missing-hidden-derivative" in said

        # A file, lines of numbers, a printed dict, a function.
        tab.locator("#answer-file").set_input_files(tmp_path / "right.npz")
        tab.locator("#run").click()
        assert "gradients are right" in ran(tab)
        tab.locator("#answer-clear").click()
        arrays = "from numpy import array\n\ndef mine(W, b, X, Y):\n"
        for text, words in (
            ("w5 = 0.082167041\nw6: 0.082667628", "are right"),
            (repr({"dW2": -dW[1], "dW1": -dW[0]}), "sign"),
            (f"{arrays}    return {dW!r}, {db!r}\n", "are right"),
            ("w9 = 1", "w9"),
        ):
            tab.locator("#answer").fill(text)
            tab.locator("#run").click()
            assert words in ran(tab)
        assert tab.locator("#said .err").first.inner_text().startswith("microbp: mine.txt: unknown")

        # Pictures and pages, without Graphviz.
        tab.locator("#answer").fill("w5 = 0.09")
        tab.locator("#run").click()
        ran(tab)
        tab.get_by_role("button", name="Draw what differs").click()
        assert "gradients that differ: w5" in ran(tab)
        tab.locator("#answer-clear").click()
        tab.locator("#of").select_option("expression")
        tab.locator("#run").click()
        assert "graph.svg" in ran(tab)
        tab.wait_for_function("document.querySelector('#pictures img').naturalWidth > 0")
        tab.locator("[data-job=step]").click()
        tab.locator("#run").click()
        assert ran(tab) == "Page: stepper.html\n"
        assert tab.frame_locator("#pictures iframe").locator("#count").inner_text().startswith("step 0 of")

        # A debugger that waits for one line after another.
        tab.locator("[data-job=debug]").click()
        tab.locator("#of").select_option("w1-w8")
        tab.locator("#run").click()
        assert ran(tab).endswith("(bp) ")
        tab.locator("#typed").fill("c w5")
        tab.locator("#typed").press("Enter")
        assert "0.138498562 × 0.593269992 = 0.082167041" in ran(tab)

        # Someone's code: judged; sent as a link, and not run where it arrives; ended when it has no end.
        tab.locator("[data-job=check]").click()
        tab.locator("#run").click()
        assert "the gradient through `mu`" in ran(tab)
        tab.wait_for_function("location.hash.includes('pass=')")
        friend = other.new_page()
        friend.goto(tab.url)
        friend.locator("html[data-ready]").wait_for()
        assert friend.locator("#pass").input_value() == tab.locator("#pass").input_value()
        assert "run it" in friend.locator("#status").inner_text()
        friend.close()
        assert len([path for path in served.asked if path.endswith(".wasm")]) == 1
        out = "url => fetch(url).then(() => 'it went out', () => 'it was held back')"
        assert [place.evaluate(out, elsewhere.address) for place in (tab, *tab.workers)] == ["it was held back"] * 2
        assert not elsewhere.asked
        tab.locator("#pass").fill(ENDLESS)
        tab.locator("#run").click()
        tab.locator("#said .err").get_by_text("[]").wait_for()
        tab.locator("#stop").click()
        assert "Stopped" in tab.locator("#status").inner_text()

    # No server is left. A link still opens, Python starts, and what it says is the same.
    tab.goto("about:blank")
    tab.goto(f"{served.address}#job=compare&of=xor")
    assert "agree" in ran(tab)
    assert not complaints
    assert {url for url in reached if not url.startswith((served.address, "blob:", "data:", "about:"))} <= {
        elsewhere.address
    }
    for context in (profile, other):
        context.close()
