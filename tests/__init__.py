"""The tests, in folders that mirror the packages."""

from pathlib import Path

from hypothesis import settings

ROOT = Path(__file__).parent.parent
"""The folder of the project."""


def examples(usual: int) -> settings:
    """So many examples of a property where other properties get 60, and as many more or fewer in another profile."""
    return settings(max_examples=max(1, usual * settings.default.max_examples // 60))
