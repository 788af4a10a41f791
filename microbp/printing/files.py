"""Where a command may write: the place is looked at before a long run, not after it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from microbp.errors import ProblemError


def check_place(path: str | Path) -> None:
    """Raises `ProblemError`, before a run begins, if no file can stand there when it ends."""
    try:
        if Path(path).is_dir():
            raise IsADirectoryError("this is a folder")
        with tempfile.TemporaryFile(dir=Path(path).parent):
            pass
    except OSError as error:
        raise ProblemError(f"{path}: a file cannot stand here: {error}") from error
