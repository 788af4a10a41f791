"""A training run on disk: an .npz file without pickles, from which it goes on bit for bit.

It holds `theta` (every leaf's data) and `labels`, the losses so far, what the optimizers remember, and as JSON the
settings, the loss it began with and a fingerprint of the data. Nothing in it is ever run.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import signal
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.errors import ProblemError
from microbp.optim import Optimizer
from microbp.problems.network import NetworkProblem
from microbp.problems.settings import Training

FORMAT = 1
Floats = NDArray[np.float64]

# What reading bytes that are no checkpoint can raise: a damaged zip file, header or JSON text; keys that are missing.
_UNREADABLE = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error),
    *(ValueError, TypeError, KeyError, IndexError, OverflowError, MemoryError, RuntimeError),
)


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run after `len(losses)` steps."""

    training: Training
    initial_loss: float
    theta: Floats
    losses: Floats
    optimizers: list[dict[str, Floats]]
    path: str | Path

    def restore(self, optimizers: Sequence[Optimizer]) -> None:
        """Gives optimizers back what they remembered. Raises `ProblemError` if the checkpoint is damaged."""
        try:
            for optimizer, state in zip(optimizers, self.optimizers, strict=True):
                optimizer.restore(state)
                if optimizer.steps != len(self.losses):
                    raise ValueError(f"{optimizer.steps} steps for {len(self.losses)} losses")
        except _UNREADABLE as error:
            raise ProblemError(f"{self.path}: what the optimizers remember does not fit: {error}") from error


def save(
    path: str | Path,
    problem: NetworkProblem,
    training: Training,
    theta: Floats,
    losses: Sequence[float],
    optimizers: Sequence[Optimizer],
    initial_loss: float,
) -> None:
    """Writes a checkpoint to exactly that file; one that stood there stays whole until the new one is complete."""
    about = {
        "format": FORMAT,
        "data": _fingerprint(problem),
        "training": asdict(training),
        "initial_loss": initial_loss,
    }
    arrays: dict[str, Any] = {
        "about": np.array(json.dumps(about)),
        "labels": np.array([leaf.label for leaf in problem.leaves()]),
        "theta": theta,
        "losses": np.array(losses, dtype=np.float64),
    }
    for k, optimizer in enumerate(optimizers):
        arrays |= {f"optimizer{k}/{name}": array for name, array in optimizer.state().items()}
    beside = Path(f"{path}.part")
    try:
        with beside.open("wb") as file:
            np.savez(file, **arrays)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def load(path: str | Path, problem: NetworkProblem) -> Checkpoint:
    """Reads a checkpoint of that problem.

    Raises `ProblemError` if the file is no checkpoint, or that of another problem or of other data.
    """
    try:
        arrays = _read(path)
        about = json.loads(str(arrays["about"]))
        if about["format"] != FORMAT:
            raise ValueError(f"it has the format {short(about['format'])}, this microbp reads {FORMAT}")
        optimizers: list[dict[str, Floats]] = []
        while f"optimizer{len(optimizers)}/steps" in arrays:
            prefix = f"optimizer{len(optimizers)}/"
            names = [name for name in arrays if name.startswith(prefix)]
            optimizers.append({name.removeprefix(prefix): _vector(arrays, name) for name in names})
        theta, losses = _vector(arrays, "theta"), _vector(arrays, "losses")
        found = Checkpoint(Training(**about["training"]), float(about["initial_loss"]), theta, losses, optimizers, path)
        labels, data = list(arrays["labels"].tolist()), about["data"]
        if len(theta) != len(labels):
            raise ValueError(f"theta has {len(theta)} numbers for {len(labels)} labels")
    except _UNREADABLE as error:
        said = f"{type(error).__name__}: {error}" if isinstance(error, KeyError | MemoryError) else error
        raise ProblemError(f"{path}: cannot read this as a checkpoint: {said}") from error
    expected, title = [leaf.label for leaf in problem.leaves()], repr(problem.title)
    if labels != expected:
        raise ProblemError(
            f"{path}: this checkpoint is of another network, with {len(labels)} parameters {short(labels)}; "
            f"{title} has {len(expected)} {short(expected)}"
        )
    if data != _fingerprint(problem):
        raise ProblemError(
            f"{path}: this run had other data, another loss, other activations or another convention of biases than "
            f"{title}"
        )
    return found


def _read(path: str | Path) -> dict[str, NDArray[Any]]:
    """Every array in the file. Nothing is allocated that is longer than the file, whatever its headers claim."""
    arrays = {}
    with zipfile.ZipFile(path) as file:
        if sum(info.file_size for info in file.infolist()) > os.path.getsize(path):
            raise ValueError("its parts are longer than the file")
        for info in file.infolist():
            part = io.BytesIO(file.read(info))
            if np.lib.format.read_magic(part) != (1, 0):
                raise ValueError(f"{short(info.filename)} is no array")
            shape, _, dtype = np.lib.format.read_array_header_1_0(part)
            content = part.read()
            if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(content):
                raise ValueError(f"{short(info.filename)} is damaged")
            arrays[info.filename.removesuffix(".npy")] = np.frombuffer(content, dtype, math.prod(shape)).reshape(shape)
    return arrays


def _vector(arrays: Mapping[str, NDArray[Any]], name: str) -> Floats:
    array = arrays[name]
    if array.dtype != np.float64 or array.ndim != 1:
        raise ValueError(f"{name} must be a vector of floats, got {array.dtype} of shape {array.shape}")
    return array


def check_place(path: str | Path) -> None:
    """Raises `ProblemError`, before a run begins, if no file can stand there when it ends."""
    if Path(path).is_dir() or not Path(path).parent.is_dir():
        raise ProblemError(f"{path}: a file cannot stand here: this is a folder, or its folder does not exist")


def _fingerprint(problem: NetworkProblem) -> str:
    """A digest of what a trajectory depends on beside the settings and the parameters."""
    digest = hashlib.sha256()
    for array in (problem.inputs, problem.targets):
        digest.update(f"{array.shape}".encode() + array.tobytes())
    conventions = [problem.model.activations(), problem.loss, problem.l2, problem.train_biases, problem.shared_bias]
    digest.update(json.dumps(conventions).encode())
    return digest.hexdigest()


@contextmanager
def held_interrupts() -> Iterator[Callable[[], bool]]:
    """Lets a step end before Ctrl-C takes effect: gives a function that says whether it was pressed.

    A second Ctrl-C is not held back. Elsewhere than in the main thread, where Python takes no signals, and in a process
    that was told to ignore Ctrl-C, it does nothing.
    """
    pressed = threading.Event()
    before = signal.getsignal(signal.SIGINT) or signal.SIG_DFL  # None if it was not set from Python
    if threading.current_thread() is not threading.main_thread() or before is signal.SIG_IGN:
        yield pressed.is_set
        return

    def hold(*_: object) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, hold)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)
