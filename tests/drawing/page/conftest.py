"""Most tests of the page read cards: they open a network as cards, unless they ask for the figure."""

import pytest


@pytest.fixture
def opened(opened):
    def opening(text, fragment="", *more, view="cards", **options):
        return opened(text, f"{fragment or '#'}&view={view}", *more, **options)

    return opening
