"""A training run on disk: a JSON file, from which it goes on bit for bit.

It holds the settings, a fingerprint of the data, the loss it began with, every leaf's data (`theta`) and label, what
the optimizers remember, and the losses so far. JSON writes a float with the digits that bring back the same bits.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.comparing.answers.files import error_reason
from microbp.errors import ProblemError
from microbp.optim import Optimizer
from microbp.printing import check_place, json_text, read_file, write_file
from microbp.problems.network import NetworkProblem
from microbp.problems.settings import Training

FORMAT = 1
MAX_BYTES = 200_000_000
_BEGIN = re.compile(rb'\s*\{\s*"format"')
Floats = NDArray[np.float64]

# What a file that is no checkpoint can raise while it is read.
_UNREADABLE = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    OverflowError,
    AttributeError,
    RecursionError,
    MemoryError,
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
    content = {
        "format": FORMAT,
        "data": _fingerprint(problem),
        "training": asdict(training),
        "initial_loss": initial_loss,
        "labels": [leaf.label for leaf in problem.leaves()],
        "theta": theta.tolist(),
        "optimizers": [
            {name: vector.tolist() for name, vector in optimizer.state().items()} for optimizer in optimizers
        ],
        "losses": list(losses),
    }
    write_file(path, json_text(content).encode())


def check_checkpoint(path: str | Path) -> None:
    """Raises `ProblemError`, before a run begins, if a checkpoint cannot be written there, or would replace another
    kind of file.
    """
    place = check_place(path)
    if place.exists():
        with place.open("rb") as file:
            begin = file.read(100)
        if begin.strip() and not _BEGIN.match(begin):
            raise ProblemError(
                f"{path}: this file is no checkpoint, and would be lost: take another name, or remove it"
            )


def load_checkpoint(path: str | Path, problem: NetworkProblem) -> Checkpoint:
    """Reads a checkpoint of that problem.

    Raises `ProblemError` if the file is no checkpoint, or that of another problem or of other data.
    """
    try:
        content = json.loads(read_file(path, MAX_BYTES, protect=False))  # it may be written anew
        if content["format"] != FORMAT:
            raise ValueError(f"it has the format {short(content['format'])}, this microbp reads {FORMAT}")
        optimizers = [{name: _vector(state, name) for name in state} for state in content["optimizers"]]
        theta, losses = _vector(content, "theta"), _vector(content, "losses")
        if sorted(content["training"]) != sorted(field.name for field in fields(Training)):
            raise ValueError(f"training must have every setting, and no other, got {short(content['training'])}")
        training, initial_loss = Training(**content["training"]), _number(content["initial_loss"], "initial_loss")
        if not np.isfinite([*theta, *losses]).all():
            raise ValueError("theta and losses must be finite")
        found = Checkpoint(training, initial_loss, theta, losses, optimizers, path)
        labels, data = list(content["labels"]), content["data"]
        if len(theta) != len(labels):
            raise ValueError(f"theta has {len(theta)} numbers for {len(labels)} labels")
    except _UNREADABLE as error:
        raise ProblemError(f"{path}: cannot read this as a checkpoint: {error_reason(error)}") from error
    expected, title = [leaf.label for leaf in problem.leaves()], repr(problem.title)
    if labels != expected:
        raise ProblemError(
            f"{path}: this checkpoint is of another network, with {len(labels)} parameters {short(labels)}; "
            f"{title} has {len(expected)} {short(expected)}"
        )
    if data != _fingerprint(problem):
        raise ProblemError(
            f"{path}: this run had other data, another loss or λ, other activations or another convention of biases "
            f"than {title}"
        )
    return found


def _vector(content: Mapping[str, Any], name: str) -> Floats:
    numbers = content[name]
    if not isinstance(numbers, list):
        raise ValueError(f"{name} must be a list of numbers, got {short(numbers)}")
    return np.array([_number(x, name) for x in numbers], dtype=np.float64)


def _number(x: Any, name: str) -> float:
    if isinstance(x, float) or x in ("inf", "-inf", "nan"):  # as `json_text` writes them
        return float(x)
    raise ValueError(f"{name} must have numbers with a decimal point, got {short(x)}")


def _fingerprint(problem: NetworkProblem) -> str:
    """A digest of what a trajectory depends on beside the settings and the parameters."""
    digest = hashlib.sha256()
    for array in (problem.inputs, problem.targets):
        digest.update(f"{array.shape}".encode() + array.tobytes())
    conventions = [problem.model.activations(), problem.loss, problem.l2, problem.train_biases, problem.shared_bias]
    digest.update(json.dumps(conventions).encode())
    return digest.hexdigest()
