"""What all commands print: text for people, JSON for machines."""

from __future__ import annotations

import argparse
from typing import Any

from microbp.tabular import json_text


def put(options: argparse.Namespace, data: Any, text: Any) -> None:
    """Prints the data with --json, else the text."""
    print(json_text(data) if options.json else text)
