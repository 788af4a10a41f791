"""The one reader of what a user hands in, and the one writer of everything that microbp writes.

>>> import os, tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     place = write_file(f"{folder}/graph.dot", b"digraph {}")
...     place.read_bytes(), os.listdir(folder)
(b'digraph {}', ['graph.dot'])
"""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from microbp.errors import ProblemError

_inputs: set[Path] = set()
"""What was read here, or is about to be: no picture, page, film, chart or checkpoint is written over it."""


def read_file(path: str | os.PathLike[str], most: int, *, protect: bool = True) -> bytes:
    """The bytes of a regular file; unless it is not to be protected, `write_file` from now on refuses to replace it.

    Raises `OSError` if it cannot be read, if it has more than `most` bytes, or for a pipe, a device or a folder, which
    may have no end.
    """
    # A pipe that nobody writes to would be waited for. Windows has neither that nor the flag.
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("it is a folder, a pipe or a device, not a file")
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(f"it may have {most:,} bytes, and has more")
    if protect:
        keep(path)
    return content


def keep(path: str | os.PathLike[str]) -> None:
    """Lets nothing be written over that file, nor over what it is a link to."""
    _inputs.add(Path(os.path.realpath(path)))


def check_place(path: str | os.PathLike[str]) -> Path:
    """Where a file of this name stands, behind all links; to know before a long run, not after it.

    Raises `ProblemError` if no file can be written there: a folder, a pipe or a device stands there, an input of this
    run, or a file that may not be written, or the folder is missing or full.
    """
    with _named(path):
        place = Path(os.path.realpath(path))
        if place.is_symlink():  # no end of it was found
            raise OSError("this is a link in a circle: take another name, or remove it")
        if place.exists() and not place.is_file():
            raise OSError("this is a folder, a pipe or a device")
        if place.exists() and place in _inputs:
            raise OSError("this is a file that was read: take another name, or it would be lost")
        if place.exists() and not os.access(place, os.W_OK):
            raise PermissionError("it may not be written")
        with tempfile.TemporaryFile(dir=place.parent):
            pass
    return place


def write_file(path: str | os.PathLike[str], content: bytes) -> Path:
    """Writes a file, or writes it anew with the mode and the owner it had; returns its path as given.

    What stood there stays whole until all of the new content is on the disk; a link stays a link. Raises `ProblemError`
    as `check_place` does, and if the disk is full.
    """
    place = check_place(path)
    with _named(path):
        # A name that no one else has, so that two runs may write one file; short, for the longest names.
        beside = place.with_name(f".microbp-{secrets.token_hex(8)}")
        try:
            with open(beside, "xb") as file:
                _adopt(beside, place)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, place)
        finally:
            beside.unlink(missing_ok=True)
        _settle(place.parent)
    return Path(path)


def short_names(files: Sequence[Path]) -> list[str]:
    """For each file its name without the ending, with as many folders before it as tell those that are there apart.

    >>> short_names([Path(__file__), Path("late.npz")])
    ['files', 'late.npz']
    """
    names = {path: str(path) for path in files}
    there = [path for path in names if os.path.isfile(path)]
    for count in range(1, max((len(path.parts) for path in there), default=0) + 1):
        short = [Path(*path.with_suffix("").parts[-count:]).as_posix() for path in there]
        if len(set(short)) == len(there):  # else they differ in their endings
            names |= zip(there, short, strict=True)
            break
    return [names[path] for path in files]


def _adopt(new: Path, old: Path) -> None:
    """Gives a file the mode and, as far as that is allowed, the owner of another, if there is one."""
    if not old.exists():
        return
    was, now = old.stat(), new.stat()
    if (was.st_uid, was.st_gid) != (now.st_uid, now.st_gid):
        try:
            os.chown(new, was.st_uid, was.st_gid)
        except PermissionError:  # only root may: then the file is its writer's, as one written anew would be
            os.chmod(new, stat.S_IMODE(was.st_mode) & 0o777)  # and no one else's program
            return
    os.chmod(new, stat.S_IMODE(was.st_mode))


def _settle(folder: Path) -> None:
    """Lets a new name outlast a power cut, where folders can be opened for that."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _named(path: str | os.PathLike[str]) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        said = getattr(error, "strerror", None) or str(error)
        raise ProblemError(f"{os.fspath(path)}: a file cannot be written here: {said}") from error
