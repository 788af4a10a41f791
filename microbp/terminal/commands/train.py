"""The command `microbp train`: its options, and what it prints."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from microbp.errors import ProblemError
from microbp.optim import OPTIMIZERS, SCHEDULES
from microbp.printing import columns, decimals, printable, say
from microbp.problems import NetworkProblem, Training
from microbp.problems.settings import ENGINES, UPDATES
from microbp.terminal.command_table import INTERRUPTED
from microbp.terminal.output import put
from microbp.terminal.progress import progress
from microbp.training.charts import check_chart, needs_history, plot_training
from microbp.training.train import TrainingResult, train

LEVELS = ("op", "neuron", "network", "layer")
MOST_PARAMETERS = 24
"""More parameters are counted, not listed."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command: what is not given, the problem says."""
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, help="how many steps")
    length.add_argument("--epochs", type=int, help="how many times all samples are seen")
    parser.add_argument("--batch-size", type=int, metavar="N", help="samples in a step; 0: all")
    parser.add_argument("--optimizer", choices=OPTIMIZERS)
    parser.add_argument("--lr", type=float, dest="learning_rate", metavar="RATE", help="the learning rate")
    parser.add_argument("--momentum", type=float, help="of sgd")
    parser.add_argument("--schedule", choices=SCHEDULES, help="of the learning rate")
    parser.add_argument("--decay", type=float, help="the factor of the schedule 'step'")
    parser.add_argument("--decay-every", type=int, metavar="N", help="after how many steps it applies")
    parser.add_argument(
        "--update", choices=UPDATES, help="every gradient from the old weights, or output weights first"
    )
    parser.add_argument("--engine", choices=ENGINES, help="the scalar graph, the same compiled, or vectorized NumPy")
    parser.add_argument("--seed", type=int, help="of the order in which samples are taken")
    flag = argparse.BooleanOptionalAction
    parser.add_argument("--train-biases", action=flag, default=None, help="whether biases are trained")
    parser.add_argument("--shared-bias", action=flag, default=None, help="one bias for a whole layer, or one a neuron")
    parser.add_argument("--checkpoint", metavar="FILE", help="write the state of the run to this file, as JSON")
    parser.add_argument(
        "--checkpoint-every", type=int, default=1000, metavar="N", help="after so many steps (default: %(default)s)"
    )
    parser.add_argument("--resume", metavar="FILE", help="go on from such a file")
    parser.add_argument("--plot", metavar="FILE", help="draw the loss and the parameters: .svg, .png or .pdf")
    parser.add_argument("--animate", metavar="FILE", help="draw the graph over training: .svg, .gif or .webp")
    parser.add_argument("--every", type=int, metavar="N", help="in it, every N-th step (default: at most 40 pictures)")
    parser.add_argument("--level", choices=LEVELS, help="in it, a card for each of these")


def run(problem: NetworkProblem, options: argparse.Namespace) -> int:
    """Trains and prints where it led. Exit code: 0, 1 if inf or nan ended it early, 130 on Ctrl-C."""
    conventions = {name: getattr(options, name) for name in ("train_biases", "shared_bias")}
    problem = replace(problem, **{name: value for name, value in conventions.items() if value is not None})
    settings = _settings(options)
    if options.resume:
        steps = settings.get("steps")  # how far it goes is in its checkpoint
    else:
        training = problem.training.but(settings)
        steps = training.steps if options.epochs is None else training.steps_in(options.epochs, len(problem.inputs))
    record = _needs_history(problem, options, steps)
    try:
        with progress(steps, say("step")) as show:
            result = train(
                problem,
                epochs=options.epochs,
                checkpoint=options.checkpoint,
                checkpoint_every=options.checkpoint_every,
                resume=options.resume,
                record=record,
                on_step=lambda step, loss: show(step, say("loss {loss:.4g}", loss=loss)),
                **settings,
            )
    except KeyboardInterrupt as stop:
        said = say("microbp: stopped")
        if stop.args:  # only a run that ended its step has saved its state
            said = say("microbp: stopped {where}", where=stop.args[0])
            if options.checkpoint:
                said = say("{said}; --resume {file} goes on from here", said=said, file=options.checkpoint)
        print(said, file=sys.stderr)
        return INTERRUPTED
    _draw(problem, result, options)
    result = replace(result, history=None)  # it is for the pictures
    put(options, result.as_dict(), "\n".join(_lines(result, options)))
    return 1 if result.stopped else 0


def _needs_history(problem: NetworkProblem, options: argparse.Namespace, steps: int | None) -> bool:
    """Whether pictures need the parameters of each step. What cannot be written is refused before a long run."""
    needed, files = False, [file for file in (options.checkpoint, options.plot, options.animate) if file]
    if len({*map(os.path.realpath, files)}) < len(files):
        raise ProblemError(f"--checkpoint, --plot and --animate need a file each, got {', '.join(map(repr, files))}")
    if options.plot:
        check_chart(options.plot)
        needed = needs_history(problem, steps or problem.training.steps)
    if options.animate:
        from microbp.drawing.film.film import check_film  # which brings all that draws

        check_film(options.animate)
        needed = True
    return needed


def _draw(problem: NetworkProblem, result: TrainingResult, options: argparse.Namespace) -> None:
    if options.plot:
        plot_training(problem, result, options.plot)
    if options.animate:
        from microbp.training.film import training_film

        film = training_film(problem, result, every=options.every, level=options.level)
        with progress(len(film.drawings), say("picture")) as show:
            film.write(options.animate, on_picture=lambda done: show(done, ""))


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that were given as options."""
    given = {f.name: getattr(options, f.name) for f in fields(Training) if getattr(options, f.name) is not None}
    if given.get("batch_size") == 0:
        given["batch_size"] = None
    return given


def _lines(result: TrainingResult, options: argparse.Namespace) -> Iterator[str]:
    yield str(replace(result.settings, steps=result.steps))
    if result.stopped:
        yield say("stopped early, {why}: try a smaller learning rate", why=result.stopped)
    before, after = decimals(result.initial_loss), decimals(result.loss)
    yield say("loss: {before} before, {after} after", before=before, after=after)
    if result.accuracy is not None:
        yield say("accuracy: {share:.1%}", share=result.accuracy)
    if result.held_out_accuracy is not None:
        yield say("held-out accuracy: {share:.1%}", share=result.held_out_accuracy)
    if len(result.outputs) * len(result.outputs[0]) <= MOST_PARAMETERS:
        yield say("outputs")
        yield from (f"  {', '.join(map(decimals, row))}" for row in result.outputs)
    if len(result.parameters) <= MOST_PARAMETERS:
        yield say("parameters")
        yield from columns([(f"  {name}", decimals(value)) for name, value in result.parameters.items()])
    else:
        yield say("{count:,} parameters (--json lists them)", count=len(result.parameters))
    if options.plot:
        yield say("Chart: {file}", file=printable(options.plot))
    if options.animate:
        yield say("Film: {file}", file=printable(options.animate))
