import importlib.util
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microbp.checkpoint import check_place, held_interrupts, load
from microbp.datasets import moons
from microbp.engines import ENGINES
from microbp.errors import ProblemError, UnknownNameError
from microbp.initial import start
from microbp.problems import NetworkProblem
from microbp.problems import load as load_problem
from microbp.training import train
from tests.conftest import need

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


def problem(**conventions):
    """Eight samples, so that no batch size but 1, 2 and 4 divides them."""
    X, Y = moons(8, seed=1)
    weights, biases = start([2, 3, 1], "glorot", seed=1)
    conventions = {"activation": "tanh", "output": "tanh", "loss": "mean_squared_error", **conventions}
    return NetworkProblem("moons", weights, biases, X, Y, **conventions)


def same(one, other):
    """Whether two runs led to the same place by the same way, bit for bit."""
    assert one.losses == other.losses
    assert one.parameters == other.parameters
    assert (one.initial_loss, one.loss, one.steps) == (other.initial_loss, other.loss, other.steps)
    return True


def interrupted_at(stop):
    """For `on_step`: presses Ctrl-C in that step."""

    def press(step, loss):
        if step == stop:
            signal.raise_signal(signal.SIGINT)

    return press


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("chosen", SETTINGS.values(), ids=SETTINGS)
def test_a_run_that_goes_on_is_the_run_that_was_not_interrupted(chosen, engine, tmp_path):
    conventions, file = {"l2": 0.1, "shared_bias": True}, tmp_path / "a.npz"
    whole = train(problem(**conventions), STEPS, engine=engine, **chosen)
    for stop in (1, 8, 13, STEPS):  # 8 and 13 are in the middle of an epoch of three batches
        with pytest.raises(KeyboardInterrupt):
            train(problem(**conventions), STEPS, engine=engine, checkpoint=file, on_step=interrupted_at(stop), **chosen)
        assert len(load(file, problem(**conventions)).losses) == stop
        assert same(train(problem(**conventions), resume=file), whole)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("chosen", [s for s in SETTINGS.values() if s.get("schedule") != "cosine"])
def test_a_finished_run_can_be_extended_bit_for_bit(chosen, engine, tmp_path):
    file, further = tmp_path / "a.npz", tmp_path / "b.npz"
    train(problem(), 10, engine=engine, checkpoint=file, **chosen)
    train(problem(), 17, resume=file, checkpoint=further)
    assert same(train(problem(), STEPS, resume=further), train(problem(), STEPS, engine=engine, **chosen))


def test_the_problem_object_itself_can_go_on(tmp_path):
    file, one = tmp_path / "a.npz", problem()
    train(one, 10, checkpoint=file)
    assert same(train(one, STEPS, resume=file), train(problem(), STEPS))


def test_a_run_of_no_steps_goes_on_like_a_new_one(tmp_path):
    file = tmp_path / "a.npz"
    train(problem(), 0, checkpoint=file)
    assert same(train(problem(), STEPS, resume=file), train(problem(), STEPS))


def test_a_finished_run_goes_on_to_nothing(tmp_path):
    file = tmp_path / "a.npz"
    whole = train(problem(), 10, checkpoint=file)
    assert same(train(problem(), resume=file), whole)


def test_a_resumed_run_records_from_there_on(tmp_path):
    file = tmp_path / "a.npz"
    whole = train(problem(), STEPS, record=True).history
    train(problem(), 10, checkpoint=file)
    rest = train(problem(), STEPS, resume=file, record=True).history
    assert np.array_equal(rest, whole[10:])


def test_saved_every_so_often_and_at_the_end(tmp_path):
    file, found = tmp_path / "a.npz", {}

    def look(step, loss):
        if file.exists():
            found[step] = len(load(file, one).losses)

    one = problem()
    train(one, 10, checkpoint=file, checkpoint_every=4, on_step=look)
    assert found == {5: 4, 6: 4, 7: 4, 8: 4, 9: 8, 10: 8}
    assert len(load(file, one).losses) == 10
    assert os.listdir(tmp_path) == ["a.npz"]


def test_a_checkpoint_has_the_name_it_was_given(tmp_path):
    train(problem(), 1, checkpoint=tmp_path / "state")
    assert os.listdir(tmp_path) == ["state"]


@pytest.mark.parametrize("every", [0, -1, 1.5, None, "3"])
def test_a_checkpoint_after_no_steps_is_refused(every):
    with pytest.raises(ProblemError, match="checkpoint_every must be a whole number, 1 or more, got"):
        train(problem(), 3, checkpoint_every=every)


@pytest.mark.parametrize("name", ["no/such/folder/a.npz", "."])
def test_a_place_where_no_file_can_stand_is_refused_before_the_first_step(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = problem()
    before = [leaf.data for leaf in one.leaves()]
    with pytest.raises(ProblemError, match="a file cannot stand here"):
        train(one, 3, checkpoint=name)
    assert [leaf.data for leaf in one.leaves()] == before
    check_place("a.npz")


# What is written while something goes wrong.


@pytest.mark.parametrize("broken", ["savez", "replace"])
def test_a_file_that_cannot_be_written_leaves_the_old_one(broken, tmp_path, monkeypatch):
    file = tmp_path / "a.npz"
    train(problem(), 5, checkpoint=file)
    before = file.read_bytes()

    def savez(out, **arrays):
        out.write(b"half of it")
        raise OSError("no space left on device")

    def move(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(*((np, "savez", savez) if broken == "savez" else (os, "replace", move)))
    one = problem()
    with pytest.raises(OSError, match="no space left"):
        train(one, 9, checkpoint=file)
    monkeypatch.undo()
    assert file.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.npz"]
    assert [leaf.data for leaf in one.leaves()] == list(train(problem(), 9).parameters.values())


def child(*arguments):
    """A process that takes Ctrl-C, even if this one was started in the background and does not."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def wait_for(file, process, seconds=60):
    end = time.monotonic() + seconds
    while not file.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_process_killed_at_any_time_leaves_a_whole_file(tmp_path):
    file = tmp_path / "a.npz"
    code = (
        "from microbp import load; from microbp.training import train\n"
        f"train(load('w1-w8'), 10**6, checkpoint={str(file)!r}, checkpoint_every=1)"
    )
    process = child("-c", code)
    try:
        wait_for(file, process)
        seen = set()
        for _ in range(60):
            seen.add(len(load(file, load_problem("w1-w8")).losses))  # never half a file
            time.sleep(0.005)
    finally:
        process.kill()
        process.communicate()
    found = load(file, load_problem("w1-w8"))
    assert len(seen) > 3
    assert list(train(load_problem("w1-w8"), len(found.losses)).parameters.values()) == found.theta.tolist()


def test_ctrl_c_ends_the_step_saves_and_can_go_on(tmp_path):
    need(importlib.util.find_spec("sklearn") is not None, "scikit-learn")
    file = tmp_path / "f.npz"
    command = ["-m", "microbp", "train", "digits", "--steps", "100000", "--checkpoint", str(file)]
    process = child(*command, "--checkpoint-every", "50")
    try:
        wait_for(file, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert out == ""
    assert err == f"microbp: stopped; --resume {file} goes on from here\n"
    assert os.listdir(tmp_path) == ["f.npz"]
    digits = load_problem("digits")
    done = load(file, digits)
    steps = len(done.losses) + 40
    assert 50 <= len(done.losses) < 100_000
    assert done.training.steps == 100_000
    whole = train(digits, steps)
    assert whole.losses[: len(done.losses)] == done.losses.tolist()
    assert same(train(load_problem("digits"), steps, resume=file), whole)


def test_ctrl_c_waits_for_the_end_of_the_step_and_a_second_one_does_not(tmp_path):
    file, seen = tmp_path / "a.npz", []

    def once(step, loss):
        if step == 4:
            signal.raise_signal(signal.SIGINT)
            seen.append("still here")

    def twice(step, loss):
        signal.raise_signal(signal.SIGINT)
        seen.append("and here")
        signal.raise_signal(signal.SIGINT)
        seen.append("not here")

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(problem(), STEPS, checkpoint=file, on_step=once)
    assert len(load(file, problem()).losses) == 4
    with pytest.raises(KeyboardInterrupt):
        train(problem(), STEPS, on_step=twice)
    assert seen == ["still here", "and here"]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_process_that_ignores_ctrl_c_goes_on_doing_so(monkeypatch):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with held_interrupts() as interrupted:
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            signal.raise_signal(signal.SIGINT)
            assert not interrupted()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_training_in_another_thread_leaves_signals_alone():
    found = []
    thread = threading.Thread(target=lambda: found.append(train(problem(), 5)))
    thread.start()
    thread.join()
    assert same(found[0], train(problem(), 5))


def test_the_parameters_are_those_of_the_last_step_after_ctrl_c():
    for engine in ENGINES:
        one = problem()
        with pytest.raises(KeyboardInterrupt):
            train(one, STEPS, on_step=interrupted_at(6), engine=engine)
        assert [leaf.data for leaf in one.leaves()] == list(train(problem(), 6, engine=engine).parameters.values())


# Files that are not what they should be.


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The bytes of a checkpoint of `problem()`."""
    file = tmp_path_factory.mktemp("good") / "a.npz"
    train(problem(), 7, checkpoint=file, **GOOD)
    return file.read_bytes()


def arrays_of(content):
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def refused(path, said=".", **more):
    """The error with which a file is refused: one line that begins with its name."""
    with pytest.raises(ProblemError, match=said) as caught:
        train(problem(), STEPS, resume=path, **more)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value)) < 600
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_good_file_is_good(good, tmp_path):
    file = tmp_path / "a.npz"
    file.write_bytes(good)
    assert same(train(problem(), STEPS, resume=file), train(problem(), STEPS, **GOOD))


@pytest.mark.parametrize(
    "content",
    [b"", b"PK", b"\0" * 1000, b'title = "t"', b"\x80\x04K\x01.", b"\x93NUMPY\x01\0v\0{", b"PK\x05\x06" + b"\0" * 18],
)
def test_what_is_no_checkpoint_is_refused(content, tmp_path):
    file = tmp_path / "a.npz"
    file.write_bytes(content)
    refused(file, "cannot read this as a checkpoint")


def test_a_file_that_there_is_not_is_refused(tmp_path):
    refused(tmp_path / "a.npz", "No such file")
    refused(tmp_path, "Is a directory")


def test_a_truncated_file_is_refused(good, tmp_path):
    file = tmp_path / "a.npz"
    for length in range(0, len(good), 97):
        file.write_bytes(good[:length])
        refused(file, "cannot read this as a checkpoint")


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_file_is_refused_or_means_the_same(good, tmp_path_factory, data):
    file = tmp_path_factory.getbasetemp() / "damaged.npz"
    content = bytearray(good)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(content)
    try:
        found = load(file, problem())
    except ProblemError:
        return
    assert found.theta.tolist() == arrays_of(good)["theta"].tolist()
    assert found.losses.tolist() == arrays_of(good)["losses"].tolist()


@pytest.mark.parametrize("name", ["about", "labels", "theta", "losses", "optimizer0/steps", "optimizer1/velocity"])
def test_a_part_that_is_missing_is_refused(good, name, tmp_path):
    arrays = arrays_of(good)
    del arrays[name]
    file = tmp_path / "a.npz"
    np.savez(file, **arrays)
    refused(file)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("theta", np.zeros(3)),
        ("theta", np.zeros((13, 1))),
        ("theta", np.zeros(13, dtype=np.float32)),
        ("theta", np.zeros(13, dtype=complex)),
        ("theta", np.array(["0.5"] * 13)),
        ("theta", np.array(0.5)),
        ("losses", np.array(0.5)),
        ("losses", np.zeros((7, 1))),
        ("losses", np.zeros(6)),
        ("losses", np.zeros(0)),
        ("losses", np.array(["a"] * 7)),
        ("labels", np.array("w")),
        ("labels", np.zeros(13)),
        ("labels", np.array(["x" * 10_000] * 13)),
        ("optimizer0/steps", np.array([np.inf])),
        ("optimizer0/steps", np.array([np.nan])),
        ("optimizer0/steps", np.zeros(0)),
        ("optimizer0/steps", np.array([1e300])),
        ("optimizer0/steps", np.array(["7"])),
        ("optimizer1/velocity", np.zeros(40)),
        ("optimizer1/velocity", np.zeros((13, 2))),
        ("about", np.array("[" * 100_000)),
        ("about", np.array("{}")),
        ("about", np.array("null")),
        ("about", np.array(["a", "b"])),
        ("about", np.zeros(3)),
    ],
)
def test_a_part_of_the_wrong_kind_is_refused(good, name, array, tmp_path):
    file = tmp_path / "a.npz"
    np.savez(file, **{**arrays_of(good), name: array})
    refused(file)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "it has the format 2, this microbp reads 1"),
        ({"format": None}, "it has the format None"),
        ({"training": {"steps": -1}}, "steps must be a whole number, 0 or more, got -1"),
        ({"training": {"steps": "7"}}, "steps must be a whole number"),
        ({"training": {"learning_rate": "fast"}}, "learning_rate must be a number"),
        ({"training": {"optimizer": ["sgd"]}}, "unknown optimizer"),
        ({"training": {"optimiser": "sgd"}}, "unexpected keyword argument 'optimiser'"),
        ({"training": 3}, "must be a mapping"),
        ({"initial_loss": "high"}, "could not convert"),
        ({"data": "0"}, "other data"),
    ],
)
def test_settings_that_cannot_be_are_refused(good, change, said, tmp_path):
    file = tmp_path / "a.npz"
    arrays = arrays_of(good)
    about = np.array(json.dumps({**json.loads(str(arrays["about"])), **change}))
    np.savez(file, **{**arrays, "about": about})
    refused(file, said)


class Bomb:
    def __reduce__(self):
        return os.system, ("touch exploded",)


@pytest.mark.parametrize("kind", ["npz", "npy", "pickle", "one part"])
def test_nothing_in_a_file_is_run(good, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file, bomb = tmp_path / "a.npz", np.array([Bomb()], dtype=object)
    if kind == "pickle":
        file.write_bytes(pickle.dumps(Bomb()))
    elif kind == "npy":
        with file.open("wb") as out:
            np.save(out, bomb, allow_pickle=True)
    else:
        arrays = {"theta": bomb} if kind == "npz" else {**arrays_of(good), "losses": bomb}
        np.savez(file, **arrays)
    refused(file, "cannot read this as a checkpoint")
    assert os.listdir(tmp_path) == ["a.npz"]


def header(shape, descr="<f8"):
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": descr, "fortran_order": False, "shape": shape})
    return out.getvalue()


def peak_of(call):
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "part",
    [
        header((10**12,)) + b"\0" * 8,
        header((2**62, 2**62)),
        header((), "<U1000000000"),
        header((0, 10**18)),
        header((-1,)) + b"\0" * 8,
        header((12,)) + b"\0" * 104,
        header((13,)) + b"\0" * 112,
        header((True,)),
        header((13,)).replace(b"13,", b"13L"),
        header((13,)).replace(b"{", b"("),
        header((13,)).replace(b"'descr'", b'"""cr\''),
        header((13,)).replace(b", }", b"\n  a\n b"),
        header((13,)).replace(b"(13,)", b"(" * 50),
        header((13,), "|O") + b"\0" * 104,
        header((13,), "<M8[ns]") + b"\0" * 104,
        header((13,), [("a", "<f8")]) + b"\0" * 104,
        b"\x93NUMPY\x02\0" + b"\xff" * 40,
        b"\x93NUMPY\x01\0" + b"\xff" * 40,
    ],
)
def test_a_header_that_claims_too_much_costs_no_memory(good, part, tmp_path):
    file = tmp_path / "a.npz"
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(file, "w") as new:
        for info in old.infolist():
            new.writestr(info.filename, part if info.filename == "theta.npy" else old.read(info))
    assert peak_of(lambda: refused(file)) < 5_000_000


def test_a_bomb_of_zeros_costs_no_memory(good, tmp_path):
    file = tmp_path / "a.npz"
    np.savez_compressed(file, **{**arrays_of(good), "losses": np.zeros(4_000_000)})
    assert file.stat().st_size < 100_000
    assert peak_of(lambda: refused(file, "its parts are longer than the file")) < 5_000_000


def test_a_part_that_is_listed_a_thousand_times_is_read_no_more_often(good, tmp_path):
    file = tmp_path / "a.npz"
    with zipfile.ZipFile(file, "w") as new:
        new.writestr("losses.npy", b"\0" * 1_000_000)
        new.filelist += new.filelist * 1000
    assert peak_of(lambda: refused(file)) < 5_000_000


def test_the_checkpoint_of_something_else_is_refused(good, tmp_path):
    file = tmp_path / "a.npz"
    file.write_bytes(good)

    def said(one):
        with pytest.raises(ProblemError) as caught:
            train(one, STEPS, resume=file)
        assert str(caught.value).startswith(f"{file}: ")
        return str(caught.value)

    assert "of another network, with 13 parameters ['w[1][0,0]', 'w[1][0,1]', " in said(load_problem("w1-w8"))
    one = problem()
    other = "other data, another loss, other activations or another convention of biases than 'moons'"
    assert other in said(replace(one, inputs=one.inputs + 1e-16 * np.abs(one.inputs) + 1e-16))
    assert other in said(replace(one, inputs=one.inputs[::-1]))
    assert other in said(replace(one, inputs=one.inputs[:4], targets=one.targets[:4]))
    assert other in said(replace(one, loss="half_squared_error"))
    assert other in said(replace(one, l2=0.1))
    assert other in said(replace(one, activation="sigmoid"))
    assert other in said(replace(one, train_biases=False))
    assert "of another network" in said(replace(one, shared_bias=True))


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (
            {"optimizer": "adam", "momentum": 0},
            "this run has optimizer 'sgd', got 'adam': when it goes on, only the steps",
        ),
        ({"momentum": 0.5}, "this run has momentum 0.9, got 0.5"),
        ({"learning_rate": 0.5}, "this run has learning_rate 0.02, got 0.5"),
        ({"batch_size": 2}, "this run has batch_size None, got 2"),
        ({"engine": "vectorized"}, "this run has engine 'scalar', got 'vectorized'"),
        ({"update": "simultaneous"}, "this run has update 'output-first', got 'simultaneous'"),
        ({"seed": 1}, "this run has seed 0, got 1"),
        ({"steps": 6}, "this run has gone 7 steps already, got steps 6: it goes on, not back"),
    ],
)
def test_a_run_that_goes_on_keeps_its_settings(good, chosen, said, tmp_path):
    file = tmp_path / "a.npz"
    file.write_bytes(good)
    with pytest.raises(ProblemError, match=said):
        train(problem(), resume=file, **chosen)


def test_settings_that_are_repeated_are_taken(good, tmp_path):
    file = tmp_path / "a.npz"
    file.write_bytes(good)
    assert train(problem(), 9, resume=file, engine="scalar", **GOOD).steps == 9


def test_a_cosine_run_keeps_its_length(tmp_path):
    file = tmp_path / "a.npz"
    train(problem(), 9, checkpoint=file, schedule="cosine")
    with pytest.raises(
        ProblemError, match="has steps 9, got 12: when it goes on, its schedule, cosine, is made for them"
    ):
        train(problem(), 12, resume=file)
    assert train(problem(), 9, resume=file).steps == 9


def test_a_setting_that_there_is_not_is_answered_when_resuming_too(good, tmp_path):
    file = tmp_path / "a.npz"
    file.write_bytes(good)
    with pytest.raises(UnknownNameError, match=r"unknown setting: 'stepz' .*did you mean 'steps'"):
        train(problem(), resume=file, stepz=9)


def test_an_optimizer_that_is_not_the_one_named_is_refused(good, tmp_path):
    file = tmp_path / "a.npz"
    arrays = arrays_of(good)
    about = json.loads(str(arrays["about"]))
    about["training"] |= {"optimizer": "adam", "momentum": 0.0}
    np.savez(file, **{**arrays, "about": np.array(json.dumps(about))})
    assert "what the optimizers remember does not fit" in refused(file)
