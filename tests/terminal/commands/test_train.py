import argparse
import importlib.util
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import fields

import pytest

from microbp.printing.version import __version__
from microbp.problems import load
from microbp.problems.settings import Training
from microbp.terminal.cli import main
from microbp.terminal.commands import train as train_command
from microbp.training.train import TrainingResult, train
from tests.conftest import need

HAS_MATPLOTLIB = importlib.util.find_spec("matplotlib") is not None
HAS_TQDM = importlib.util.find_spec("tqdm") is not None


def refuse(constant):
    raise AssertionError(f"{constant} is not JSON")


def run(capsys, *arguments, code=0):
    """What `microbp train … --json` prints."""
    assert main(["train", *arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out, parse_constant=refuse)


def said(capsys, *arguments, code=2):
    """The one line that it ends with."""
    assert main(["train", *arguments]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("microbp: ")
    assert err.count("\n") == 1
    return err


@pytest.fixture
def mine(tmp_path):
    """A file with ten samples, and settings that are all different from the defaults."""
    file = tmp_path / "mine.toml"
    file.write_text(
        'title = "mine"\n[network]\nsizes = [2, 2, 1]\noutput = "tanh"\n[data]\ndataset = "moons"\nsamples = 10\n'
        "[training]\nsteps = 7\nbatch_size = 4\nlearning_rate = 0.1\nmomentum = 0.5\nseed = 2\nschedule = 'step'\n"
        "decay = 0.9\ndecay_every = 2\nupdate = 'output-first'\nengine = 'vectorized'\n"
    )
    return str(file)


# Options and settings.

OPTIONS = {
    "learning_rate": (["--lr", "0.25"], 0.25),
    "steps": (["--steps", "3"], 3),
    "batch_size": (["--batch-size", "5"], 5),
    "optimizer": (["--optimizer", "adam", "--momentum", "0"], "adam"),
    "momentum": (["--momentum", "0.75"], 0.75),
    "schedule": (["--schedule", "cosine"], "cosine"),
    "decay": (["--decay", "0.125"], 0.125),
    "decay_every": (["--decay-every", "11"], 11),
    "update": (["--update", "simultaneous"], "simultaneous"),
    "engine": (["--engine", "scalar"], "scalar"),
    "seed": (["--seed", "9"], 9),
}


def test_every_setting_has_its_option():
    assert OPTIONS.keys() == {f.name for f in fields(Training)}
    parser = argparse.ArgumentParser()
    train_command.add_options(parser)
    assert vars(parser.parse_args([])).keys() >= OPTIONS.keys()


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_changes_its_setting_and_no_other(name, capsys, mine):
    options, value = OPTIONS[name]
    expected = load(mine).training.but({name: value} | ({"momentum": 0} if name == "optimizer" else {}))
    found = Training(**run(capsys, mine, *options)["settings"])
    assert found == expected
    assert getattr(found, name) != getattr(load(mine).training, name)


def test_without_options_the_file_decides(capsys, mine):
    assert Training(**run(capsys, mine)["settings"]) == load(mine).training


def test_a_batch_size_of_zero_is_all_samples(capsys, mine):
    assert run(capsys, mine, "--batch-size", "0")["settings"]["batch_size"] is None


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        (["--epochs", "3"], 9),  # ten samples in batches of 4, 4 and 2
        (["--epochs", "0"], 0),
        (["--epochs", "2", "--batch-size", "0"], 2),
        (["--epochs", "2", "--batch-size", "1"], 20),
        (["--epochs", "2", "--batch-size", "5"], 4),
        (["--epochs", "2", "--batch-size", "99"], 2),
    ],
)
def test_epochs_are_as_many_steps_as_see_all_samples(options, steps, capsys, mine):
    data = run(capsys, mine, *options)
    assert data["steps"] == data["settings"]["steps"] == len(data["losses"]) == steps


BIASES = [([], 0.291027774), (["--train-biases"], 0.285750887), (["--train-biases", "--no-shared-bias"], 0.280471447)]


@pytest.mark.parametrize(("options", "loss"), BIASES)
def test_the_conventions_of_biases_are_options(options, loss, capsys):
    assert round(run(capsys, "w1-w8", "--steps", "1", *options)["loss"], 9) == loss


def test_a_convention_can_be_taken_back_too(capsys):
    trained = run(capsys, "chain", "--steps", "3")["parameters"]
    fixed = run(capsys, "chain", "--steps", "3", "--no-train-biases")["parameters"]
    assert (fixed["b1"], fixed["b2"], fixed["b3"]) == (0.1, 0.3, -0.2)
    assert trained["b1"] != 0.1
    shared = run(capsys, "xor", "--steps", "0", "--shared-bias")["parameters"]
    assert [name for name in shared if name.startswith("b")] == ["b[1][0]", "b[2][0]"]
    assert "shared_bias needs " in said(capsys, "chain-wide", "--shared-bias")  # its neurons have different ones


@pytest.mark.parametrize(
    ("options", "said_of_it"),
    [
        (["--steps", "-1"], "steps must be a whole number, 0 or more, got -1"),
        (["--epochs", "-1"], "epochs must be a whole number, 0 or more, got -1"),
        (["--epochs", "2", "--batch-size", "-5"], "batch_size must be a whole number, 1 or more, got -5"),
        (["--batch-size", "-5"], "batch_size must be a whole number, 1 or more, got -5"),
        (["--lr", "nan"], "learning_rate must be a number, 0 or more, got nan"),
        (["--lr", "inf"], "learning_rate must be a number, 0 or more, got inf"),
        (["--lr", "-0.5"], "learning_rate must be a number, 0 or more, got -0.5"),
        (["--optimizer", "adam", "--momentum", "0.5"], "momentum belongs to the optimizer sgd, got 0.5 with adam"),
        (["--decay", "2"], "decay must be a number from 0 to 1, got 2.0"),
        (["--decay-every", "0"], "decay_every must be a whole number, 1 or more, got 0"),
        (["--seed", "-1"], "seed must be a whole number, 0 or more, got -1"),
        (["--steps", "1" * 30], "steps must be a whole number"),
        (["--checkpoint-every", "0"], "checkpoint_every must be a whole number, 1 or more, got 0"),
        (["--checkpoint", "no/such/a.json"], "no/such/a.json: a file cannot be written here"),
        (["--resume", "no/such.json"], "no/such.json: cannot read this as a checkpoint: there is no such file"),
        (["--plot", "curve.jpg"], "unknown chart format: 'jpg'"),
        (["--plot", "no/such/curve.svg"], "no/such/curve.svg: a file cannot be written here"),
    ],
)
def test_what_cannot_be_is_exit_code_2_and_one_line(options, said_of_it, capsys, monkeypatch):
    def fail(*_, **__):
        raise AssertionError("no step should be made")

    monkeypatch.setattr("microbp.training.backends.ScalarBackend.backward", fail)
    assert said_of_it in said(capsys, "w1-w8", *options)


@pytest.mark.parametrize(
    "options",
    [
        ["--steps", "1.5"],
        ["--lr", "fast"],
        ["--optimizer", "adm"],
        ["--steps", "1", "--epochs", "1"],
        ["--engine", "x"],
    ],
)
def test_what_argparse_refuses_is_exit_code_2(options, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["train", "w1-w8", *options])
    assert caught.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


# What is printed.


def test_json_has_everything_of_the_result(capsys):
    data = run(capsys, "w1-w8", "--steps", "3")
    expected = train(load("w1-w8"), 3)
    assert data.pop("microbp") == __version__
    assert data.keys() == {f.name for f in fields(TrainingResult)}
    assert data == json.loads(json.dumps(expected.as_dict()))


@pytest.mark.slow
def test_text_has_the_losses_the_outputs_and_the_parameters(capsys):
    assert main(["train", "w1-w8", "--steps", "10000"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "10,000 steps of sgd, full batch, learning rate 0.5, update simultaneous, engine scalar"
    assert lines[1] == "loss: 0.298371109 before, 0.000035102 after"
    assert "  0.01591362" in lines[3]
    assert [line.split()[0] for line in lines[5:]] == [*("w1", "w2", "w3", "w4", "b1", "w5", "w6", "w7", "w8", "b2")]
    assert err == ""


def test_many_parameters_are_counted_and_accuracies_are_percentages(capsys):
    assert main(["train", "iris", "--engine", "vectorized"]) == 0
    out = capsys.readouterr().out
    assert "67 parameters (--json lists them)" in out
    assert "accuracy: 98.3%\nheld-out accuracy: 96.7%\n" in out
    assert out.startswith(
        "1,200 steps of sgd, batches of 10, learning rate 0.1, update simultaneous, engine vectorized\n"
    )


@pytest.mark.parametrize("options", [["--json"], []])
@pytest.mark.parametrize(
    ("steps", "where"),
    [
        ("5000", "step 103: the loss is inf; the largest parameter is w1 = -3.286e+153"),
        ("102", "after step 102: the loss of all samples is inf"),
    ],
)
def test_inf_or_nan_is_exit_code_1_and_says_where(steps, where, options, capsys):
    assert main(["train", "neuron", "--lr", "10", "--steps", steps, *options]) == 1
    out, err = capsys.readouterr()
    assert err == ""  # the place is said; no warning besides
    if options:
        data = json.loads(out, parse_constant=refuse)
        assert (data["stopped"], data["loss"], data["steps"]) == (where, "inf", 102)
    else:
        assert f"\nstopped early, {where}: try a smaller learning rate\n" in out


def test_inf_leaves_a_checkpoint_of_the_good_state(capsys, tmp_path):
    file = str(tmp_path / "a.json")
    first = run(capsys, "neuron", "--lr", "10", "--steps", "5000", "--checkpoint", file, code=1)
    again = run(capsys, "neuron", "--resume", file, code=1)
    assert again == first


# Pictures.


@pytest.mark.slow
def test_plot_draws_the_run(capsys, tmp_path):
    need(HAS_MATPLOTLIB, "matplotlib")
    chart = tmp_path / "a.svg"
    assert main(["train", "w1-w8", "--steps", "20", "--plot", str(chart)]) == 0
    assert f"Chart: {chart}\n" in capsys.readouterr().out
    assert chart.read_bytes().startswith(b"<?xml")


@pytest.fixture
def drawn(monkeypatch):
    """The results that were to be drawn."""
    need(HAS_MATPLOTLIB, "matplotlib")
    results = []
    monkeypatch.setattr(train_command, "plot_training", lambda problem, result, path: results.append(result))
    return results


def test_plot_does_not_change_what_json_says(capsys, drawn):
    plain = run(capsys, "w1-w8", "--steps", "20")
    assert drawn == []
    assert run(capsys, "w1-w8", "--steps", "20", "--plot", "a.svg") == plain
    assert drawn[0].history.shape == (21, 10)


def test_a_run_that_was_resumed_or_stopped_early_is_drawn_too(capsys, drawn, tmp_path):
    file = str(tmp_path / "a.json")
    run(capsys, "w1-w8", "--steps", "5", "--checkpoint", file)
    run(capsys, "w1-w8", "--steps", "9", "--resume", file, "--plot", "a.svg")
    run(capsys, "neuron", "--lr", "10", "--steps", "5000", "--plot", "a.svg", code=1)
    assert [len(result.history) for result in drawn] == [5, 103]


def test_what_a_chart_does_not_show_is_not_recorded(capsys, drawn, mine):
    with open(mine) as file:
        text = file.read()
    with open(mine, "w") as file:  # 42 parameters, and 10 samples of 2 outputs to show
        file.write(text.replace("[2, 2, 1]", "[2, 8, 2]").replace("moons", "spirals"))
    run(capsys, mine, "--plot", "a.svg")
    assert drawn[0].history is None


def test_without_matplotlib_it_is_said_before_the_first_step(capsys, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    error = said(capsys, "w1-w8", "--steps", "1000000000", "--plot", str(tmp_path / "a.svg"))
    assert 'a chart needs matplotlib: pip install "microbp[plots]"' in error


# Going on.


def test_a_run_goes_on_from_its_file(capsys, tmp_path, mine):
    file = str(tmp_path / "a.json")
    whole = run(capsys, mine, "--steps", "12")
    first = run(capsys, mine, "--steps", "5", "--checkpoint", file)
    assert first["losses"] == whole["losses"][:5]
    rest = run(capsys, mine, "--steps", "12", "--resume", file, "--checkpoint", file)
    assert rest == whole
    assert run(capsys, mine, "--resume", file) == whole


def test_the_settings_of_the_file_hold_against_those_of_the_problem(capsys, tmp_path, mine):
    # The problem has momentum 0.5; the run had adam, which takes none.
    file = str(tmp_path / "a.json")
    options = ["--optimizer", "adam", "--momentum", "0", "--schedule", "constant"]
    run(capsys, mine, *options, "--steps", "5", "--checkpoint", file)
    data = run(capsys, mine, "--optimizer", "adam", "--steps", "9", "--resume", file)
    assert data["losses"] == run(capsys, mine, *options, "--steps", "9")["losses"]


@pytest.fixture
def listening():
    """Ctrl-C is heard, also where the tests run in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_ctrl_c_is_exit_code_130_and_one_line(listening, options, capsys, monkeypatch, tmp_path):
    def press(problem, *, on_step, **given):
        return train(problem, on_step=lambda step, loss: signal.raise_signal(signal.SIGINT), **given)

    monkeypatch.setattr(train_command, "train", press)
    file = tmp_path / "a.json"
    assert main(["train", "w1-w8", "--steps", "50", "--checkpoint", str(file), *options]) == 130
    assert capsys.readouterr() == ("", f"microbp: stopped after step 1; --resume {file} goes on from here\n")
    assert os.listdir(tmp_path) == ["a.json"]
    assert main(["train", "w1-w8", "--steps", "50", *options]) == 130
    assert capsys.readouterr() == ("", "microbp: stopped after step 1\n")


def test_epochs_of_a_run_that_goes_on_are_of_its_own_batches(tmp_path):
    file = str(tmp_path / "a.json")
    assert main(["train", "xor", "--batch-size", "3", "--epochs", "2", "--checkpoint", file]) == 0
    assert main(["train", "xor", "--epochs", "5", "--resume", file, "--checkpoint", file]) == 0
    assert len(json.loads((tmp_path / "a.json").read_text())["losses"]) == 10
    assert train(load("xor"), epochs=5, batch_size=3).steps == 10


# Progress.


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.slow
def test_there_is_a_progress_bar_on_a_terminal(monkeypatch, capsys):
    need(HAS_TQDM, "tqdm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["train", "w1-w8", "--steps", "10000"]) == 0  # half a second: the bar is drawn every tenth
    assert "/10000" in terminal.getvalue()
    assert "loss 0." in terminal.getvalue()


def test_a_resumed_run_has_a_progress_bar_too(monkeypatch, capsys, tmp_path):
    need(HAS_TQDM, "tqdm")
    file, terminal = str(tmp_path / "a.json"), Terminal()
    run(capsys, "w1-w8", "--steps", "5", "--checkpoint", file)
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["train", "w1-w8", "--steps", "2000", "--resume", file]) == 0
    assert "/2000" in terminal.getvalue()
    assert main(["train", "w1-w8", "--resume", file]) == 0


@pytest.mark.slow
def test_there_is_none_elsewhere():
    command = [sys.executable, "-m", "microbp", "train", "w1-w8", "--steps", "2000"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stderr == ""
    assert result.stdout.startswith("2,000 steps of sgd")
    assert "\r" not in result.stdout


def test_without_tqdm_there_is_none(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["train", "w1-w8", "--steps", "20"]) == 0
    assert terminal.getvalue() == ""


def test_a_problem_that_is_no_network_is_refused(capsys):
    assert "needs a network with data and a loss" in said(capsys, "x*x", "x=1")


def test_the_graph_over_training_is_a_film(capsys, tmp_path):
    need(shutil.which("dot") is not None, "Graphviz's dot")
    film = tmp_path / "film.svg"
    assert main(["train", "w1-w8", "--steps", "4", "--animate", str(film), "--every", "2"]) == 0
    assert capsys.readouterr().out.endswith(f"Film: {film}\n")
    assert film.read_text("utf-8").count("step 2 of 4 ") == 1
    assert main(["train", "w1-w8", "--steps", "4", "--animate", str(tmp_path / "x.png")]) == 2
    assert "unknown film format: 'png'" in capsys.readouterr().err
