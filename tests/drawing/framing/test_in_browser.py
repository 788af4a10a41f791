import pytest

import microbp
from microbp.drawing import image, use_viz
from microbp.errors import ProblemError
from tests import ROOT
from tests.conftest import need

VIZ = ROOT / "build" / "web" / "node_modules" / "@viz-js" / "viz" / "dist" / "viz.js"
"""What `make site` fetches."""


@pytest.fixture
def no_graphviz(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(image.importlib.util, "find_spec", lambda name: None)
    yield
    use_viz(None)


def shown(level):
    problem = microbp.load("w1-w8")
    return microbp.draw(problem.root(), model=problem.model, level=level)._repr_mimebundle_()


@pytest.mark.parametrize("content", [b"", b"export { other };", b"\xff" * 10])
def test_what_is_not_viz_is_refused(content, tmp_path):
    (tmp_path / "viz.js").write_bytes(content)
    with pytest.raises(ProblemError, match=r"not dist/viz\.js of the npm package"):
        use_viz(tmp_path / "viz.js")
    with pytest.raises(ProblemError, match=r"cannot be read as the viz\.js"):
        use_viz(tmp_path / "late.js")


def test_a_given_file_is_used_where_there_is_no_graphviz_alone(tmp_path, no_graphviz, monkeypatch):
    (tmp_path / "viz.js").write_text("const instance = 1;\nexport { instance };\n")
    assert shown("op").keys() == {"text/plain"}
    use_viz(tmp_path / "viz.js")
    found = shown("op")
    assert found["text/html"].startswith('<iframe sandbox="allow-scripts" ')
    assert found["text/html"].count("<") == 2
    use_viz(None)
    assert shown("op").keys() == {"text/plain"}


@pytest.mark.parametrize("level", ["neuron", "network"])
def test_the_browser_draws_what_graphviz_would_without_a_network(level, no_graphviz, browser_tab, tmp_path):
    need(VIZ.exists(), "what `make site` fetches")
    use_viz(VIZ)
    reached = []
    listener = lambda request: reached.append(request.url)  # noqa: E731  # it is taken away again
    browser_tab.on("request", listener)
    browser_tab.goto("about:blank")
    browser_tab.set_content(f"<body>{shown(level)['text/html']}</body>")
    inside = browser_tab.frames[-1]
    inside.locator("svg").wait_for(timeout=30_000)
    texts = inside.locator("svg text").all_text_contents()
    assert any("w5" in text for text in texts)
    assert any("0.2984" in text for text in texts)
    browser_tab.wait_for_function("document.querySelector('iframe').clientHeight > 200")
    assert inside.evaluate("document.body.clientHeight - innerHeight") <= 1
    browser_tab.remove_listener("request", listener)
    assert not [url for url in reached if not url.startswith(("about:", "blob:", "data:"))]
