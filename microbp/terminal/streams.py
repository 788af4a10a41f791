"""`-` for a file: standard input where one is read, standard output where one is written.

What needs a file gets one, in a folder of its own; what it says of it is said of `-`.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path

from microbp.errors import ProblemError

INPUTS = {"problem": ".toml", "file": ".py", "resume": ".json", "gradients": "", "intermediates": "", "compare": ""}
"""Options that name a file to read, and its ending; nothing where what is in it tells."""
INPUTS |= {"data": "", "files": ""}
OUTPUTS = {"html": ".html", "plot": ".svg", "animate": ".svg", "checkpoint": ".json", "output": ""}
OUTPUTS |= {"quiz_export": ".gift", "answers": ".md"}
"""Options that name a file to write, and its ending."""
_BEGINS = {b"PK": ".npz", b"\x93NUMPY": ".npy", b"MATLAB": ".mat", b"{": ".json", b"[": ".json"}
MOST_BYTES = 1 << 28
"""The most that is read from standard input."""


class Streams:
    """The files that stand for `-` in one run of the command."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._written: list[Path] = []
        self._read = False

    def replace(self, options: argparse.Namespace) -> None:
        """Puts a file in the place of each `-` among the options. Raises `ProblemError` where one is too many."""
        options.named = self.named
        for name, ending in INPUTS.items():
            given = getattr(options, name, None)
            if given == "-":
                setattr(options, name, self._input(ending))
            elif isinstance(given, list):
                setattr(options, name, [self._input(ending) if one == "-" else one for one in given])
        for name, ending in OUTPUTS.items():
            if getattr(options, name, None) == "-":
                if self._written or options.json:
                    raise ProblemError("standard output takes one thing: one file as -, or --json")
                setattr(options, name, self._output(ending or _ending(options)))
                options.stdout_is_taken = True

    def named(self, text: str) -> str:
        """What is said of those files, said of `-`."""
        if self._folder is None:
            return text
        return re.sub(rf"{re.escape(self._folder.name)}/(input|output)\.\w+", r"standard \1", text)

    def flush(self) -> None:
        """Puts what was written for `-` onto standard output."""
        for path in self._written:
            if path.exists():
                sys.stdout.flush()
                sys.stdout.buffer.write(path.read_bytes())
                sys.stdout.buffer.flush()

    def close(self) -> None:
        """Takes the files away."""
        if self._folder is not None:
            self._folder.cleanup()

    def _place(self, name: str) -> str:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="microbp-")
        return f"{self._folder.name}/{name}"

    def _input(self, ending: str) -> str:
        if self._read:
            raise ProblemError("standard input holds one file: give - once")
        self._read = True
        content = getattr(sys.stdin, "buffer", sys.stdin).read(MOST_BYTES + 1)
        content = content.encode() if isinstance(content, str) else content  # another program's, that runs main()
        if len(content) > MOST_BYTES:
            raise ProblemError(f"standard input may have {MOST_BYTES:,} bytes, and has more")
        found = (kind for begin, kind in _BEGINS.items() if content.lstrip().startswith(begin))
        text = ".txt" if b"=" in content or b":" in content else ".csv"
        path = Path(self._place(f"input{ending or next(found, text)}"))
        path.write_bytes(content)
        return str(path)

    def _output(self, ending: str) -> str:
        path = self._place(f"output{ending}")
        self._written.append(Path(path))
        return path


def _ending(options: argparse.Namespace) -> str:
    """That of the output of a command that writes several kinds."""
    if options.command == "compile":
        return ".py"
    return f".{getattr(options, 'format', 'svg')}"
