import importlib.util
import os
import shutil

import pytest
from hypothesis import settings

settings.register_profile("microbp", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("microbp")


def need(available: bool, what: str) -> None:
    if not available:
        if os.environ.get("MICROBP_REQUIRE"):
            pytest.fail(f"MICROBP_REQUIRE is set, and {what} is missing")
        pytest.skip(f"{what} is not on this machine")


@pytest.fixture(params=["dot", "pygraphviz"])
def renderer(request, monkeypatch):
    """Each of the two ways to a picture in turn: skipped where it is missing, unless MICROBP_REQUIRE is set."""
    if request.param == "dot":
        need(shutil.which("dot") is not None, "Graphviz's dot")
    else:
        need(importlib.util.find_spec("pygraphviz") is not None, "pygraphviz")
        monkeypatch.setenv("PATH", "")
    return request.param
