"""A problem as the text of a problem file: what `load` reads back.

>>> print(as_toml({"": {"title": "Mine"}, "network": {"sizes": [2, 1]}, "names": {}}), end="")
title = "Mine"
<BLANKLINE>
[network]
sizes = [2, 1]
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np


def as_toml(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """Sections of keys, with the section "" on top, as TOML; what is None, and a section with nothing, is left out."""
    parts = []
    for section, keys in sections.items():
        lines = [f"{key} = {_value(value)}" for key, value in keys.items() if value is not None]
        if lines:
            parts.append("\n".join([f"[{section}]", *lines] if section else lines))
    return "\n\n".join(parts) + "\n"


def _value(value: Any, indent: str = "") -> str:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if not isinstance(value, list | tuple):
        return repr(value)
    if not any(isinstance(part, list | tuple | np.ndarray) for part in value):
        return f"[{', '.join(map(_value, value))}]"
    inner = f"{indent}    "
    return "\n".join(["[", *(f"{inner}{_value(part, inner)}," for part in value), f"{indent}]"])
