import importlib.util
import io
import os
import shutil
import sys

import pytest
from hypothesis import Phase, settings

# The tests run on every core already: BLAS's threads, also of commands that tests start, would wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
settings.register_profile("microbp", deadline=None, derandomize=True, max_examples=30)
settings.register_profile("fast", parent=settings.get_profile("microbp"), max_examples=8)
# All cases, since one may be all that holds a line; and a failure is enough, whether it is the simplest or not.
settings.register_profile(
    "mutants", parent=settings.get_profile("microbp"), max_examples=20, phases=(Phase.explicit, Phase.generate)
)
settings.register_profile("thorough", parent=settings.get_profile("microbp"), derandomize=False, max_examples=500)
settings.load_profile("microbp")  # the others: pytest --hypothesis-profile=thorough --hypothesis-seed=7
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


MANY, EACH = 3, 8
"""In the fast profile, of a test that has so many cases, or more, every eighth runs, from the first."""


def pytest_collection_modifyitems(config, items):
    items.sort(
        key=lambda item: "test_site" not in item.nodeid
    )  # half a minute in one test: begun last, all wait for it
    for item in items:
        if "browser_tab" in getattr(item, "fixturenames", ()):
            item.add_marker("slow")
    if config.getoption("--hypothesis-profile") == "fast":
        tests = {}
        for item in items:
            if "test_house" not in item.nodeid:  # whose rules hold for each file
                tests.setdefault(item.nodeid.partition("[")[0], []).append(item)
        left_out = {item for cases in tests.values() if len(cases) >= MANY for k, item in enumerate(cases) if k % EACH}
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(optionalhook=True)  # without xdist nobody asks
def pytest_xdist_auto_num_workers(config):
    """One more than there are cores: while one waits, for a browser or a command, another computes. The fast do not."""
    return (os.cpu_count() or 1) + (config.getoption("markexpr") != "not slow")


def need(available: bool, what: str) -> None:
    if not available:
        if os.environ.get("MICROBP_REQUIRE"):
            pytest.fail(f"MICROBP_REQUIRE is set, and {what} is missing")
        pytest.skip(f"{what} is not on this machine")


@pytest.fixture
def piped(monkeypatch, capsys):
    """Runs the command on what is piped in, in this process: gives its exit code, what it printed, and its errors."""
    from microbp.terminal.cli import main  # not above, where a warning of an import would be no error

    def piped(text, *arguments):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8"))
        return main(arguments), *capsys.readouterr()

    return piped


@pytest.fixture
def no_pairs(monkeypatch):
    """Two mistakes at once are not looked for, as in a large network: for what is said where nothing explains numbers.

    It takes a second to try all pairs, and tests/diagnosis/search has them.
    """
    monkeypatch.setattr("microbp.diagnosis.search.search.MOST_PAIRED", 0)


@pytest.fixture(params=["dot", pytest.param("pygraphviz", marks=pytest.mark.slow)])
def renderer(request, monkeypatch):
    """Each of the two ways to a picture in turn: skipped where it is missing, unless MICROBP_REQUIRE is set."""
    if request.param == "dot":
        need(shutil.which("dot") is not None, "Graphviz's dot")
    else:
        need(importlib.util.find_spec("pygraphviz") is not None, "pygraphviz")
        monkeypatch.setenv("PATH", "")
    return request.param


@pytest.fixture
def a_renderer():
    """Dot alone, where the test is of what is made of its pictures."""
    need(shutil.which("dot") is not None, "Graphviz's dot")


@pytest.fixture(scope="session")
def browser_tab():
    """One tab for all tests of a process, because a new one takes a second."""
    need(importlib.util.find_spec("playwright") is not None, "playwright")
    need(BROWSER is not None, "chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=QUIET)
        tab = browser.new_page()
        tab.set_default_timeout(5000)
        yield tab
        browser.close()


@pytest.fixture
def opened(browser_tab, tmp_path):
    """Opens a page or a picture; afterwards finds that it reached nothing outside itself and complained of nothing."""
    tab, files, reached, complaints = browser_tab, [], [], []
    listeners = {
        "request": lambda request: reached.append(request.url),
        "console": lambda message: complaints.append(message.text),
        "pageerror": lambda error: complaints.append(str(error)),
        "dialog": lambda dialog: (complaints.append("dialog"), dialog.dismiss()),
    }
    for event, listener in listeners.items():
        tab.on(event, listener)

    def opening(text, fragment="", scheme="light", size=(1280, 720), ending="html", motion="reduce"):
        files.append(tmp_path / f"page{len(files)}.{ending}")
        files[-1].write_text(text, "utf-8")
        tab.emulate_media(color_scheme=scheme, media="screen", reduced_motion=motion)
        tab.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
        tab.goto(files[-1].as_uri() + fragment)
        return tab

    yield opening
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    assert not complaints
    assert {url.partition("#")[0] for url in reached} <= {file.as_uri() for file in files}
    assert len(reached) == len(files)
