"""Gradient descent on a problem: by the settings it names, or by others.

>>> from microbp.problems import load
>>> result = train(load("w1-w8"), steps=1)
>>> round(result.loss, 9), round(result.parameters["w5"], 9)
(0.291027774, 0.35891648)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, Unpack

import numpy as np
from numpy.typing import NDArray

from microbp.engine.collector import many_nodes
from microbp.engine.ieee import errstate
from microbp.errors import ProblemError
from microbp.optim import Optimizer
from microbp.printing import say
from microbp.problems import NetworkProblem, Problem, as_network
from microbp.problems.settings import Training, TrainingOptions
from microbp.training import checkpoint as checkpoints
from microbp.training.backends import BACKENDS, Backend
from microbp.training.interrupts import held_interrupts

T = TypeVar("T")


@dataclass(frozen=True, repr=False)
class TrainingResult:
    """Where training led: everything *after* the last step, and how it went there."""

    settings: Training
    steps: int
    initial_loss: float
    """The loss of all samples before the first step."""
    loss: float
    accuracy: float | None
    """The share of samples in the right class, if there are classes."""
    held_out_accuracy: float | None
    outputs: list[list[float]]
    """The outputs for the samples that the problem shows, a row each."""
    parameters: dict[str, float]
    """Every leaf by its label."""
    losses: list[float]
    """The loss of the batch of each step, before the step."""
    history: NDArray[np.float64] | None
    """The parameters before each step and after the last, a row each, if they were to be recorded: shape (steps + 1,
    leaves). Of a run that was resumed, from there on.
    """
    stopped: str
    """Why training ended early; empty if it did not."""

    def __repr__(self) -> str:
        accuracy = "" if self.accuracy is None else f", accuracy {self.accuracy:.1%}"
        stopped = f", stopped: {self.stopped}" if self.stopped else ""
        return (
            f"TrainingResult({self.steps:,} steps, loss {self.initial_loss:.6g} → {self.loss:.6g}{accuracy}{stopped})"
        )

    def as_dict(self) -> dict[str, Any]:
        """Everything in it, for JSON."""
        return {**asdict(self), "history": None if self.history is None else self.history.tolist()}


def train(
    problem: Problem,
    steps: int | None = None,
    *,
    epochs: int | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 1000,
    resume: str | Path | None = None,
    record: bool = False,
    on_step: Callable[[int, float], None] | None = None,
    **settings: Unpack[TrainingOptions],
) -> TrainingResult:
    """Trains the network of a problem, in place, for so many steps, or epochs.

    `settings` are fields of `Training`: learning_rate, batch_size, optimizer, momentum, schedule, decay, decay_every,
    update, engine, seed; the problem has those that are not given. Whether biases are trained is the problem's:
    `dataclasses.replace(problem, train_biases=True)`.

    Training ends early, before the step in which the loss, a gradient or a parameter becomes inf or nan: the result
    says which, and nothing else warns of it. With `checkpoint` the state of the run is written to that file every so
    many steps, at the end, and on Ctrl-C, which then raises `KeyboardInterrupt` after the step; `resume` goes on from
    such a file as if the run had never been interrupted. `on_step` is called with the number of each step, from 1, and
    the loss of its batch. Raises `ProblemError` if the problem has no network, a setting is impossible or the
    checkpoint is another's, `UnknownNameError` for other settings.
    """
    problem = as_network(problem)
    if not isinstance(checkpoint_every, int) or checkpoint_every < 1:
        raise ProblemError(f"checkpoint_every must be a whole number, 1 or more, got {checkpoint_every!r}")
    if checkpoint is not None:
        checkpoints.check_checkpoint(checkpoint)
    given: dict[str, Any] = {**settings} if steps is None else {**settings, "steps": steps}
    state = None if resume is None else checkpoints.load_checkpoint(resume, problem)
    if epochs is not None:
        settings_so_far = (problem.training if state is None else state.training).but(given)
        given = {**given, "steps": settings_so_far.steps_in(epochs, len(problem.inputs))}
    run = _Run(problem, problem.training.but(given) if state is None else _resumed(state, given), state, record)

    def save() -> None:
        if checkpoint is not None:
            run.save(checkpoint)

    try:
        with held_interrupts() as interrupted, many_nodes():
            for done in run.steps():
                if on_step:
                    on_step(done, run.losses[-1])
                if interrupted():
                    break
                if done % checkpoint_every == 0:
                    save()
            save()
            if interrupted():
                raise KeyboardInterrupt(say("after step {step}", step=len(run.losses)))
    finally:
        run.write_back()
    return run.result()


class _Run:
    """A training under way: what has happened so far, and everything that the next step needs."""

    def __init__(
        self, problem: NetworkProblem, training: Training, state: checkpoints.Checkpoint | None, record: bool
    ) -> None:
        self.problem, self.training = problem, training
        self.backend = BACKENDS[training.engine](problem)
        self.optimizers = [training.make_optimizer(group) for group in self.backend.groups(training.update)]
        self.losses: list[float] = []
        if state is not None:
            state.restore(self.optimizers)
            self.backend.write(state.theta)
            self.losses = state.losses.tolist()
        self.history = [self.backend.read()] if record else None
        self.stopped = ""
        everything = slice(None)
        self.initial_loss = _silently(self.backend.forward, everything) if state is None else state.initial_loss

    def steps(self) -> Iterator[int]:
        """Makes step after step, and gives how many have been made; ends early where a number is inf or nan."""
        for rows in batches(len(self.problem.inputs), self.training, len(self.losses)):
            rate = self.training.rate(len(self.losses))
            loss, fault = _silently(_step, self.backend, self.optimizers, rows, rate)
            if fault:
                self.stopped = say("step {number}: {what}", number=len(self.losses) + 1, what=fault)
                return
            self.losses.append(loss)
            if self.history is not None:
                self.history.append(self.backend.read())
            yield len(self.losses)

    def save(self, path: str | Path) -> None:
        """Writes the checkpoint from which the run can go on."""
        theta = self.backend.read()
        checkpoints.save(path, self.problem, self.training, theta, self.losses, self.optimizers, self.initial_loss)

    def write_back(self) -> None:
        """Gives the leaves of the problem the numbers of the run."""
        for leaf, number in zip(self.backend.leaves, self.backend.read().tolist(), strict=True):
            leaf.data = number

    def result(self) -> TrainingResult:
        """Where it led."""
        problem, loss = self.problem, _silently(self.backend.forward, slice(None))
        if not self.stopped and not math.isfinite(loss):
            self.stopped = say("after step {step}: the loss of all samples is {loss}", step=len(self.losses), loss=loss)
        return TrainingResult(
            settings=self.training,
            steps=len(self.losses),
            initial_loss=self.initial_loss,
            loss=loss,
            accuracy=_silently(problem.accuracy, problem.inputs, problem.targets),
            held_out_accuracy=_silently(problem.accuracy, problem.held_out_inputs, problem.held_out_targets),
            outputs=_silently(problem.predict, problem.shown_samples[0]).tolist(),
            parameters={leaf.label: leaf.data for leaf in self.backend.leaves},
            losses=self.losses,
            history=None if self.history is None else np.array(self.history),
            stopped=self.stopped,
        )


def _step(backend: Backend, optimizers: Sequence[Optimizer], rows: Any, rate: float) -> tuple[float, str]:
    """Changes the parameters once; returns the loss before, and what became inf or nan: then nothing has changed."""
    theta, memories = backend.read(), [optimizer.remembered() for optimizer in optimizers]
    loss = backend.forward(rows)
    for optimizer in optimizers:
        # For the later groups this runs back through the same forward values, but past weights already changed.
        backend.backward()
        fault = backend.gradient_fault(loss)
        if not fault:
            optimizer.lr = rate
            optimizer.step()
            fault = backend.parameter_fault()
        if fault:
            backend.write(theta)
            for changed, memory in zip(optimizers, memories, strict=True):
                vars(changed).update(memory)
            return loss, fault
    return loss, ""


def _silently(call: Callable[..., T], *arguments: Any) -> T:
    """What the call returns: training looks for inf and nan itself, and names the step."""
    with errstate("ignore"), np.errstate(all="ignore"):
        return call(*arguments)


def batches(m: int, training: Training, done: int) -> Iterator[Any]:
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


def _resumed(state: checkpoints.Checkpoint, given: dict[str, Any]) -> Training:
    """The settings of a run that goes on: its own, but for the number of steps."""
    saved, training = state.training, state.training.but(given)
    for name in given:
        old, new = getattr(saved, name), getattr(training, name)
        if old != new and (name != "steps" or saved.schedule == "cosine"):
            why = "its schedule, cosine, is made for them" if name == "steps" else "only the steps can be changed"
            raise ProblemError(f"{state.path}: this run has {name} {old!r}, got {new!r}: when it goes on, {why}")
    if training.steps < len(state.losses):
        raise ProblemError(
            f"{state.path}: this run has gone {len(state.losses)} steps already, got steps {training.steps}: it goes "
            "on, not back"
        )
    return training
