"""A training run on disk: an .npz file without pickles, from which it goes on bit for bit.

It holds `theta` (every leaf's data) and `labels`, the losses so far, what the optimizers remember, and as JSON the
settings and a fingerprint of the data. Nothing in it is ever run.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from microbp.errors import MicrobpError, ProblemError
from microbp.optim import Optimizer
from microbp.problems.network import NetworkProblem
from microbp.problems.settings import Training

FORMAT = 1
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run after `len(losses)` steps."""

    training: Training
    theta: Floats
    losses: Floats
    optimizers: list[dict[str, Floats]]
    path: str | Path

    def restore(self, optimizers: Sequence[Optimizer]) -> None:
        """Gives optimizers back what they remembered. Raises `ProblemError` if the checkpoint is damaged."""
        try:
            for optimizer, state in zip(optimizers, self.optimizers, strict=True):
                optimizer.restore(state)
        except (KeyError, ValueError, IndexError) as error:
            raise ProblemError(f"{self.path}: what the optimizers remember does not fit: {error}") from error


def save(
    path: str | Path,
    problem: NetworkProblem,
    training: Training,
    theta: Floats,
    losses: Sequence[float],
    optimizers: Sequence[Optimizer],
) -> None:
    """Writes a checkpoint to exactly that file; one that stood there stays whole until the new one is complete."""
    about = {"format": FORMAT, "data": _fingerprint(problem), "training": asdict(training)}
    arrays: dict[str, NDArray[np.generic]] = {
        "about": np.array(json.dumps(about)),
        "labels": np.array([leaf.label for leaf in problem.leaves()]),
        "theta": theta,
        "losses": np.array(losses),
    }
    for k, optimizer in enumerate(optimizers):
        arrays |= {f"optimizer{k}/{name}": array for name, array in optimizer.state().items()}
    beside = Path(f"{path}.part")
    try:
        with beside.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def load(path: str | Path, problem: NetworkProblem) -> Checkpoint:
    """Reads a checkpoint of that problem.

    Raises `ProblemError` if the file is no checkpoint, or that of another problem or of other data.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = json.loads(str(arrays["about"]))
        if about["format"] != FORMAT:
            raise ProblemError(f"{path}: this checkpoint has the format {about['format']}, this microbp reads {FORMAT}")
        optimizers: list[dict[str, Floats]] = []
        while f"optimizer{len(optimizers)}/steps" in arrays:
            prefix = f"optimizer{len(optimizers)}/"
            state = {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}
            optimizers.append(state)
        found = Checkpoint(Training(**about["training"]), arrays["theta"], arrays["losses"], optimizers, path)
        labels, data = arrays["labels"].tolist(), about["data"]
    except MicrobpError:
        raise
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ProblemError(f"{path}: cannot read this as a checkpoint: {error}") from error
    expected = [leaf.label for leaf in problem.leaves()]
    if labels != expected or found.theta.shape != (len(expected),):
        raise ProblemError(
            f"{path}: this checkpoint is of another network, with {len(labels)} parameters from "
            f"{labels[0] if labels else 'none'} on; {problem.title!r} has {len(expected)} from {expected[0]} on"
        )
    if data != _fingerprint(problem):
        raise ProblemError(f"{path}: this run had other data or another loss than {problem.title!r}")
    return found


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

    A second Ctrl-C is not held back. Elsewhere than in the main thread, where Python takes no signals, it does nothing.
    """
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return

    def hold(*_: object) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, before)

    before = signal.getsignal(signal.SIGINT) or signal.SIG_DFL  # None if it was not set from Python
    signal.signal(signal.SIGINT, hold)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)
