import errno
import json
import math
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microbp.datasets import moons
from microbp.errors import ProblemError, UnknownNameError
from microbp.nn.initial import start
from microbp.problems import NetworkProblem, Training
from microbp.problems import load as load_problem
from microbp.training.backends import BACKENDS
from microbp.training.checkpoint import load_checkpoint, save
from microbp.training.interrupts import held_interrupts
from microbp.training.train import train
from tests import examples

SETTINGS = {
    "full batch": {},
    "momentum, mini-batches": {"momentum": 0.9, "batch_size": 3, "learning_rate": 0.02, "seed": 7},
    "adam, mini-batches": {"optimizer": "adam", "batch_size": 4, "learning_rate": 0.05},
    "adam, stepped": {"optimizer": "adam", "schedule": "step", "decay": 0.5, "decay_every": 4, "learning_rate": 0.1},
    "momentum, cosine": {"schedule": "cosine", "batch_size": 3, "momentum": 0.5, "learning_rate": 0.2},
    "output first, momentum": {"update": "output-first", "momentum": 0.9, "learning_rate": 0.02, "batch_size": 1},
    "output first, adam": {"update": "output-first", "optimizer": "adam", "learning_rate": 0.05, "batch_size": 3},
}
STEPS = 23
GOOD = {"update": "output-first", "momentum": 0.9, "learning_rate": 0.02}
"""The settings of the file that is damaged below: two optimizers that remember something."""


@pytest.fixture(autouse=True)
def listening():
    """Ctrl-C is heard, also where the tests run in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "a.json"


def problem(**conventions):
    """Eight samples, so that no batch size but 1, 2 and 4 divides them; 13 parameters."""
    X, Y = moons(8, seed=1)
    weights, biases = start([2, 3, 1], "glorot", seed=1)
    conventions = {"activation": "tanh", "output": "tanh", "loss": "mean_squared_error", **conventions}
    return NetworkProblem("moons", weights, biases, X, Y, **conventions)


def numbers(one):
    return [leaf.data for leaf in one.leaves()]


def after(steps, **chosen):
    return list(train(problem(), steps, **chosen).parameters.values())


# Going on.


@pytest.mark.parametrize("engine", ["scalar", "vectorized"])
@pytest.mark.parametrize("chosen", SETTINGS.values(), ids=SETTINGS)
def test_a_run_that_goes_on_is_the_run_that_was_not_interrupted(chosen, engine, file):
    given_, conventions = {"engine": engine, **chosen}, {"l2": 0.1, "shared_bias": True}
    whole = train(problem(**conventions), STEPS, **given_)

    def press(step, loss):
        if step == stop:
            signal.raise_signal(signal.SIGINT)

    for stop in (1, 8, 13, STEPS):  # 8 and 13 are in the middle of an epoch of three batches
        with pytest.raises(KeyboardInterrupt):
            train(problem(**conventions), STEPS, checkpoint=file, on_step=press, **given_)
        assert len(load_checkpoint(file, problem(**conventions)).losses) == stop
        assert train(problem(**conventions), resume=file) == whole


@pytest.mark.parametrize("engine", ["scalar", "vectorized"])
@pytest.mark.parametrize("chosen", [s for s in SETTINGS.values() if s.get("schedule") != "cosine"])
def test_a_finished_run_can_be_extended_bit_for_bit(chosen, engine, file):
    one = problem()
    train(one, 0, engine=engine, checkpoint=file, **chosen)
    for steps in (10, 17, 17):  # at last there is nothing to do
        whole = train(problem(), steps, engine=engine, **chosen)
        assert train(one, steps, resume=file) == whole  # the object that was trained before
        assert train(problem(), steps, resume=file, checkpoint=file) == whole
    history = train(problem(), STEPS, engine=engine, record=True, **chosen).history
    assert np.array_equal(train(problem(), STEPS, resume=file, record=True).history, history[17:])


EDGES = [-0.0, 5e-324, -2.225073858507201e-308, 2.2250738585072014e-308, sys.float_info.max, 0.1 + 0.2, 1e16, 1e22]
FINITE = st.floats(allow_nan=False, allow_infinity=False)
THIRTEEN = st.lists(FINITE, min_size=13, max_size=13)


@example([*EDGES, *EDGES[:5]], [*EDGES[:5], *EDGES], EDGES, math.nan)
@example([-0.0] * 13, [1.0] * 13, [], -math.inf)
@given(THIRTEEN, THIRTEEN, st.lists(FINITE), st.floats())
def test_floats_come_back_bit_for_bit(tmp_path_factory, theta, velocity, losses, initial_loss):
    path, one, training = tmp_path_factory.getbasetemp() / "floats.json", problem(), Training(momentum=0.5)
    old, new = (training.make_optimizer(one.trained()) for _ in range(2))
    old.velocity, old.steps = velocity, len(losses)
    save(path, one, training, np.array(theta), losses, [old], initial_loss)
    found = load_checkpoint(path, one)
    found.restore([new])
    for got, saved in ((found.theta, theta), (new.velocity, velocity), (found.losses, losses)):
        assert np.array(got).tobytes() == np.array(saved, dtype=np.float64).tobytes()
    assert (found.training, repr(found.initial_loss)) == (training, repr(initial_loss))


# Writing.


def test_the_file_is_written_every_so_often_and_at_the_end_and_nothing_beside_it(file):
    one, found = problem(), {}

    def look(step, loss):
        if file.exists():
            found[step] = len(load_checkpoint(file, one).losses)

    Path(f"{file}.part").write_text("a file of the user's")
    train(one, 10, checkpoint=file, checkpoint_every=4, on_step=look)
    assert found == {5: 4, 6: 4, 7: 4, 8: 4, 9: 8, 10: 8}
    assert len(load_checkpoint(file, one).losses) == 10
    assert sorted(os.listdir(file.parent)) == ["a.json", "a.json.part"]
    assert Path(f"{file}.part").read_text() == "a file of the user's"


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_file_that_cannot_be_written_leaves_the_old_one(broken, file, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, "no space left on device")

    train(problem(), 5, checkpoint=file)
    before, one = file.read_bytes(), problem()
    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(ProblemError, match=f"{re.escape(str(file))}: .*no space left"):
        train(one, 9, checkpoint=file)
    assert file.read_bytes() == before
    assert os.listdir(file.parent) == ["a.json"]
    assert numbers(one) == after(9)


# Ctrl-C, and worse.


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_process_that_is_ended_leaves_a_whole_file_from_which_it_goes_on(end, file):
    command = [sys.executable, "-m", "microbp", "train", "deep", "--batch-size", "3", "--steps", "1000000"]
    command += ["--checkpoint-every", "1", "--checkpoint", str(file)]
    hears = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
    seen, deadline = set(), time.monotonic() + 60
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **hears) as process:
        try:
            while len(seen) < 30 and process.poll() is None and time.monotonic() < deadline:
                if file.exists():
                    seen.add(len(load_checkpoint(file, load_problem("deep")).losses))  # never half a file
            process.send_signal(end)
            said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert len(seen) == 30, said
    if end == signal.SIGINT:
        assert (process.returncode, said[0]) == (130, "")
        assert re.fullmatch(
            rf"microbp: stopped after step \d+; --resume {re.escape(str(file))} goes on from here\n", said[1]
        )
        assert os.listdir(file.parent) == ["a.json"]
    done = load_checkpoint(file, load_problem("deep"))
    assert max(seen) <= len(done.losses) < 1_000_000 == done.training.steps
    whole = train(load_problem("deep"), len(done.losses) + 40, batch_size=3)
    assert train(load_problem("deep"), len(done.losses) + 40, resume=file) == whole


@pytest.mark.parametrize("engine", BACKENDS)
def test_ctrl_c_waits_for_the_end_of_the_step_and_a_second_one_does_not(engine, file):
    one, seen, before = problem(), [], signal.getsignal(signal.SIGINT)

    def press(step, loss):
        for times in range(step // 4):  # once in step 4, twice in step 8
            signal.raise_signal(signal.SIGINT)
            seen.append((step, times))

    with pytest.raises(KeyboardInterrupt):
        train(one, STEPS, checkpoint=file, on_step=press, engine=engine)
    assert numbers(one) == load_checkpoint(file, one).theta.tolist() == after(4, engine=engine)
    with pytest.raises(KeyboardInterrupt):
        train(one, STEPS, on_step=lambda step, loss: press(8, loss))
    assert seen == [(4, 0), (8, 0)]
    assert signal.getsignal(signal.SIGINT) is before


def test_signals_are_left_alone_where_they_are_ignored_and_in_other_threads():
    with ThreadPoolExecutor() as pool:  # where `signal.signal` raises
        assert pool.submit(train, problem(), 5).result() == train(problem(), 5)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with held_interrupts() as interrupted:
        signal.raise_signal(signal.SIGINT)
        assert not interrupted()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


# Files that are not what they should be.

GONE = object()
UNREADABLE, FITS_NOT = "cannot read this as a checkpoint: ", "what the optimizers remember does not fit: "


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """What is in a checkpoint of `problem()`."""
    path = tmp_path_factory.mktemp("good") / "a.json"
    train(problem(), 7, checkpoint=path, **GOOD)
    return path.read_bytes()


def changed(content, place, value):
    """The same with another value at a place, for example "optimizers.0.steps"."""
    data = inner = json.loads(content)
    *way, last = (int(key) if key.isdigit() else key for key in place.split("."))
    for key in way:
        inner = inner[key]
    inner[last] = value
    if value is GONE:
        del inner[last]
    return json.dumps(data).encode()


def refused(file, content, said, one=None, **given_):
    """Checks the error with which a file is refused: one line that begins with its name, and nothing has changed."""
    if content is not None:
        file.write_bytes(content)
    one = one or problem()
    before = numbers(one)
    with pytest.raises(ProblemError, match=said) as caught:
        train(one, resume=file, **{"steps": STEPS, **given_})
    message = str(caught.value)
    assert (message.startswith(f"{file}: "), len(message) < 600, message.count("\n")) == (True, True, 0)
    assert numbers(one) == before


class Bomb:
    def __reduce__(self):
        return os.system, ("touch exploded",)


FOREIGN = [
    (None, "there is no such file"),
    (b"", "it is empty"),
    *[(text, "it is not valid JSON") for text in (b"PK\x03\x04" + b"\0" * 100, pickle.dumps(Bomb(), protocol=0))],
    (pickle.dumps(Bomb()), "it is no text in UTF-8"),
    *[(text * 100_000, "RecursionError") for text in (b"[", b'{"a":')],
    (b'{"format": ' + b"1" * 5000 + b"}", "Exceeds the limit"),
    (b'{"format": "' + b"x" * 5_000_000 + b'"}', "it has the format 'xxx"),
    (b"[" + b"0.5, " * 1_000_000 + b"0.5]", "list indices"),
    (b"null", "not subscriptable"),
    (b'{"title": "t"}', "KeyError: 'format'"),
]


@pytest.mark.parametrize(("content", "said"), FOREIGN, ids=lambda x: repr(x)[:20])
def test_what_is_no_checkpoint_is_refused_and_nothing_in_it_is_run(content, said, file, monkeypatch):
    monkeypatch.chdir(file.parent)
    refused(file, content, f"{UNREADABLE}.*{said}")
    assert "exploded" not in os.listdir()


def test_a_truncated_file_is_refused(good, file):
    for length in (*range(0, len(good), 97), len(good) - 1):
        refused(file, good[:length], UNREADABLE)


KEYS = ("format", "data", "training", "initial_loss", "labels", "theta", "losses", "optimizers")
VECTORS = ("theta", "losses", "optimizers.0.steps", "optimizers.1.velocity")
NO_VECTORS = (None, 0.5, "0.5" * 999, {}, [7], [True] * 999, ["inf"], [[0.5]], [math.inf], [math.nan], [10**400])
NO_VECTOR = "must be a list|must have numbers|must be finite|does not fit"
PARTS = [
    *[(x, GONE, f"{UNREADABLE}KeyError: '{x}'") for x in KEYS],
    *[(f"optimizers.1.{x}", GONE, f"{FITS_NOT}'{x}'") for x in ("steps", "velocity")],
    *[
        (x, value, "must be a list|must have numbers|must be finite|does not fit")
        for x in VECTORS
        for value in NO_VECTORS
    ],
    *[("format", value, "it has the format .*, this microbp reads 1") for value in (2, None, [1], "1" * 999)],
    *[("theta", [0.5] * n, f"theta has {n} numbers for 13 labels") for n in (0, 12, 99_999)],
    *[("labels", value, "of another network, with 13 parameters") for value in (["x\n" * 999] * 13, [0.5] * 13)],
    *[("losses", [0.5] * n, f"{FITS_NOT}7 steps for {n} losses") for n in (0, 6)],
    ("losses", [0.5] * 99_999, "this run has gone 99999 steps already"),
    *[("optimizers.0.steps", value, FITS_NOT) for value in ([], [6.0], [-7.0], [1e300])],
    *[("optimizers.1.velocity", [0.5] * n, FITS_NOT) for n in (0, 1, 40)],
    *[("optimizers", value, FITS_NOT) for value in ([], [{}], [{}, {}])],
    ("training.update", "simultaneous", FITS_NOT),
    ("training", asdict(Training(**{**GOOD, "momentum": 0, "optimizer": "adam"})), f"{FITS_NOT}'mean'"),
    *[(x, 3, UNREADABLE) for x in ("labels", "training", "optimizers", "optimizers.0")],
    ("training.optimiser", "sgd", "every setting, and no other"),
    ("training.optimizer", ["sgd"], "unknown optimizer"),
    *[("training.steps", value, "steps must be a whole number, 0 or more, got") for value in (-1, 7.0, "7", 10**400)],
    *[("training.learning_rate", value, "learning_rate must be a number") for value in (math.nan, "fast", 10**400)],
    *[("initial_loss", value, UNREADABLE) for value in (None, "high", [0.5])],
    *[("data", value, "this run had other data") for value in ("0", None, ["0"])],
    ("initial_loss", 10**400, UNREADABLE),
    ("initial_loss", "x" * 9999, UNREADABLE),
    ("training.a\nb", 1, "every setting, and no other"),
    ("training.learning_rate", GONE, "every setting, and no other"),
]


@pytest.mark.parametrize(("place", "value", "said"), PARTS, ids=lambda x: "gone" if x is GONE else str(x)[:40])
def test_a_part_that_is_missing_or_of_the_wrong_kind_is_refused(place, value, said, good, file):
    refused(file, changed(good, place, value), said)


PLACES = [*KEYS, *VECTORS, "theta.3", "losses.3", "optimizers.0", *(f"training.{x}" for x in vars(Training()))]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(SCALARS, lambda x: st.lists(x) | st.dictionaries(st.text(), x), max_leaves=5)


@examples(300)
@given(st.sampled_from(PLACES), JSON, st.none() | st.tuples(st.integers(0, 2000), st.binary(max_size=2)))
def test_a_damaged_file_goes_on_or_is_refused(good, tmp_path_factory, place, value, damage):
    path, content = tmp_path_factory.getbasetemp() / "damaged.json", changed(good, place, value)
    if damage:
        content = good[: damage[0]] + damage[1] + good[damage[0] + 1 :]
    path.write_bytes(content)
    try:
        result = train(problem(), STEPS, resume=path)
    except ProblemError:
        return
    assert result.steps == STEPS or result.stopped


def test_what_adam_remembers_may_have_overflowed(file):
    # The square of this gradient is inf, the step that Adam makes of it 0.
    steep = NetworkProblem("steep", [[[0.0]]], [[0.0]], [[1e157]], [[1.0]], output="linear")
    train(steep, 3, checkpoint=file, optimizer="adam", learning_rate=1e-160)
    assert train(steep, 6, resume=file).steps == 6


# Another problem, other settings.

DATA = "other data, another loss or λ, other activations or another convention of biases than 'moons'"
OTHER = [
    *[(problem(**{x: y}), {}, DATA) for x, y in (("loss", "squared_error"), ("l2", 0.1), ("output", "sigmoid"))],
    *[(replace(problem(), inputs=X), {}, DATA) for X in (problem().inputs + 1e-16, problem().inputs[::-1])],
    (replace(problem(), inputs=problem().inputs[:4], targets=problem().targets[:4]), {}, DATA),
    (problem(train_biases=False), {}, DATA),
    (problem(shared_bias=True), {}, "of another network, with 13 parameters .*'moons' has 11"),
    (load_problem("w1-w8"), {}, r"of another network, with 13 parameters \['w\[1\]\[0,0\]', .*has 10 \['w1', "),
    (None, {"optimizer": "adam", "momentum": 0}, "has optimizer 'sgd', got 'adam': when it goes on, only the steps"),
    (None, {"learning_rate": 0.5}, "this run has learning_rate 0.02, got 0.5"),
    (None, {"batch_size": 2}, "this run has batch_size None, got 2"),
    (None, {"engine": "vectorized"}, "this run has engine 'scalar', got 'vectorized'"),
    (None, {"update": "simultaneous"}, "this run has update 'output-first', got 'simultaneous'"),
    (None, {"steps": 6}, "this run has gone 7 steps already, got steps 6: it goes on, not back"),
]


@pytest.mark.parametrize(("one", "chosen", "said"), OTHER)
def test_another_problem_or_another_setting_is_refused(one, chosen, said, good, file):
    refused(file, good, said, one, **chosen)


def test_a_run_that_goes_on_takes_its_own_settings_again_and_no_others(good, file):
    file.write_bytes(good)
    one = replace(problem(), title="other", held_out_inputs=[[0.5, 0.5]], held_out_targets=[[1.0]])
    assert train(one, STEPS, resume=file, engine="scalar", **GOOD) == train(problem(), STEPS, **GOOD)
    with pytest.raises(UnknownNameError, match=r"unknown setting: 'stepz' .*did you mean 'steps'"):
        train(problem(), resume=file, stepz=9)
    train(problem(), 9, checkpoint=file, schedule="cosine")
    refused(file, None, "has steps 9, got 12: when it goes on, its schedule, cosine, is made for them", steps=12)
    assert train(problem(), 9, resume=file).steps == 9
