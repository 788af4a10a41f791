"""The tests, in folders that mirror the packages."""

from pathlib import Path

from hypothesis import settings

ROOT = Path(__file__).parent.parent
"""The folder of the project."""


def cases(usual: int) -> int:
    """So many random cases where properties get 60 examples, and in proportion in another profile (`conftest.py`)."""
    return max(1, usual * settings.default.max_examples // 60)


def examples(usual: int) -> settings:
    """The settings of a property that gets so many examples where others get 60."""
    return settings(max_examples=cases(usual))
