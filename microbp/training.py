"""Gradient descent on a problem: by the settings it names, or by others.

>>> from microbp.problems import load
>>> result = train(load("w1-w8"), steps=1)
>>> round(result.loss, 9), round(result.parameters["w5"], 9)
(0.291027774, 0.35891648)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp import checkpoint as checkpoints
from microbp.engines import ENGINES, Engine
from microbp.errors import ProblemError
from microbp.optim import Optimizer
from microbp.problems import Problem, as_network
from microbp.problems.settings import Training


@dataclass(frozen=True)
class TrainingResult:
    """Where training led: everything *after* the last step, and how it went there."""

    settings: Training
    steps: int
    initial_loss: float
    """Of all samples, before the first step."""
    loss: float
    accuracy: float | None
    """The share of samples in the right class, if there are classes."""
    held_out_accuracy: float | None
    outputs: list[list[float]]
    """Of the samples that the problem shows."""
    parameters: dict[str, float]
    """Every leaf by its label."""
    losses: list[float]
    """Of the batch of each step, before the step."""
    history: NDArray[np.float64] | None
    """Shape (steps + 1, leaves): the parameters before each step and after the last, if they were to be recorded."""
    stopped: str
    """Why training ended early; empty if it did not."""

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return {**asdict(self), "history": None if self.history is None else self.history.tolist()}


def train(
    problem: Problem,
    steps: int | None = None,
    *,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 1000,
    resume: str | Path | None = None,
    record: bool = False,
    on_step: Callable[[int, float], None] | None = None,
    **settings: Any,
) -> TrainingResult:
    """Trains the network of a problem, in place. `settings` are fields of `Training`; the problem has the others.

    Training ends early, with the last parameters that were finite, if the loss or a gradient becomes inf or nan. With
    `checkpoint` the state of the run is written to that file every so many steps, at the end, and on Ctrl-C, which then
    raises `KeyboardInterrupt` after the step; `resume` goes on from such a file as if the run had never been
    interrupted. `on_step` is called with the number of each step, from 1, and the loss of its batch. Raises
    `ProblemError` if the problem has no network or the checkpoint is another's, `UnknownNameError` for other settings.
    """
    problem = as_network(problem)
    given = settings if steps is None else {**settings, "steps": steps}
    state = None if resume is None else checkpoints.load(resume, problem)
    training = problem.training.but(given) if state is None else _resumed(state.training, given, resume)
    engine = ENGINES[training.engine](problem)
    optimizers = [training.make_optimizer(group) for group in engine.groups(training.update)]
    initial_loss = engine.forward(slice(None))
    losses: list[float] = []
    if state is not None:
        state.restore(optimizers)
        engine.write(state.theta)
        losses = state.losses.tolist()
    history, stopped = [engine.read()] if record else [], ""

    def save() -> None:
        if checkpoint is not None:
            checkpoints.save(checkpoint, problem, training, engine.read(), losses, optimizers)

    try:
        with checkpoints.held_interrupts() as interrupted:
            for rows in _batches(len(problem.inputs), training, len(losses)):
                loss = engine.forward(rows)
                if fault := _step(engine, optimizers, loss, training.rate(len(losses))):
                    stopped = f"step {len(losses) + 1}: {fault}"
                    break
                losses.append(loss)
                if record:
                    history.append(engine.read())
                if on_step:
                    on_step(len(losses), loss)
                if len(losses) % checkpoint_every == 0 or interrupted():
                    save()
                if interrupted():
                    raise KeyboardInterrupt
        save()
    finally:
        for leaf, number in zip(engine.leaves, engine.read().tolist(), strict=True):
            leaf.data = number
    return TrainingResult(
        settings=training,
        steps=len(losses),
        initial_loss=initial_loss,
        loss=engine.forward(slice(None)),
        accuracy=problem.accuracy(problem.inputs, problem.targets),
        held_out_accuracy=problem.accuracy(problem.held_out_inputs, problem.held_out_targets),
        outputs=problem.predict(problem.inputs[: problem.shown]).tolist(),
        parameters={leaf.label: leaf.data for leaf in engine.leaves},
        losses=losses,
        history=np.array(history) if record else None,
        stopped=stopped,
    )


def _step(engine: Engine, optimizers: Sequence[Optimizer], loss: float, rate: float) -> str:
    """Changes the parameters once; returns what is inf or nan, if anything is, and then leaves them alone."""
    for optimizer in optimizers:
        # For the later groups this runs back through the same forward values, but past weights already changed.
        engine.backward()
        if fault := engine.fault(loss):
            return fault
        optimizer.lr = rate
        optimizer.step()
    return ""


def _batches(m: int, training: Training, done: int) -> Iterator[Any]:
    """Which samples each step takes, from step `done` on: all of them, or the next batch of a shuffled epoch.

    The order of an epoch depends on the seed and on its number alone, so that a run can go on from any step.
    """
    size = training.batch_size
    if size is None:
        yield from (slice(None) for _ in range(done, training.steps))
        return
    order, shuffled = np.arange(m), -1
    for step in range(done, training.steps):
        epoch, k = divmod(step, -(-m // size))
        if epoch != shuffled:
            order, shuffled = np.random.default_rng([training.seed, epoch]).permutation(m), epoch
        yield order[k * size : (k + 1) * size]


def _resumed(saved: Training, given: dict[str, Any], path: Any) -> Training:
    for name, value in given.items():
        if name != "steps" and value != getattr(saved, name):
            raise ProblemError(
                f"{path}: this run has {name} {getattr(saved, name)!r}, got {value!r}: of a run that goes on only the "
                "number of steps can be changed"
            )
    return saved.but(given)
