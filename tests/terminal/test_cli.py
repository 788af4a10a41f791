import importlib.util
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import textwrap

import pytest

from microbp import vectorized
from microbp.errors import RendererError
from microbp.printing.version import __version__
from microbp.problems import load
from microbp.terminal.cli import main
from microbp.terminal.command_table import COMMANDS, EXIT_CODES, command_module
from microbp.terminal.commands import demo as demo_command
from microbp.terminal.commands.demo import demo
from tests import ROOT
from tests.conftest import need


def run_json(capsys, *arguments, code=0):
    assert main([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def numbers():
    """What the demo of the main job computes in two seconds: once for all its tests."""
    return demo(load("w1-w8"))


@pytest.fixture
def soon(numbers, monkeypatch):
    """A demo need not compute its numbers."""
    monkeypatch.setattr(demo_command, "demo", lambda problem: dict(numbers))


def test_demo_does_the_main_job(capsys, soon, tmp_path):
    path = tmp_path / "picture.dot"
    assert main(["demo", "-o", str(path)]) == 0
    out = capsys.readouterr().out
    for said in (
        *("0.377500000", "0.593269992", "0.298371109", "+0.082167041", "-0.022602540", "+0.000438568", "0.149780716"),
        *(
            "graph and vectorized NumPy agree",
            "0.291027774",
            "0.291027924",
            "0.0000351019",
            "0.000035085",
            "0.0000351085",
        ),
        *("0.0159136204, 0.9840642735", "0.0159121963, 0.9840657345", f"Picture: {path}"),
    ):
        assert said in out, said
    assert path.read_text().startswith("digraph")


@pytest.mark.slow
def test_demo_has_a_picture(capsys, soon, tmp_path, renderer):
    path = tmp_path / "picture.svg"
    assert main(["demo", "-o", str(path)]) == 0
    assert f"Picture: {path}" in capsys.readouterr().out
    assert path.read_text().startswith("<?xml")


@pytest.mark.slow
def test_demo_goes_on_without_a_renderer(capsys, soon, monkeypatch, tmp_path):
    def fail(*args, **kwargs):
        raise RendererError("no Graphviz was found")

    monkeypatch.setattr(demo_command, "draw", fail)
    assert main(["demo", "-o", str(tmp_path / "x.svg")]) == 0
    assert "No picture: no Graphviz was found" in capsys.readouterr().out


def test_demo_json_has_the_same_numbers(capsys, soon, tmp_path):
    data = run_json(capsys, "demo", "-o", str(tmp_path / "x.dot"))
    assert round(data["gradients"]["w5"], 9) == 0.082167041
    assert round(data["totals"][0]["loss"], 9) == 0.291027774
    assert data["comparison"]["ok"] is True
    assert data["picture"].endswith("x.dot")


@pytest.mark.parametrize(("update", "loss"), [("simultaneous", 0.291027774), ("output-first", 0.291027924)])
def test_train_reproduces_both_totals(capsys, update, loss):
    data = run_json(capsys, "train", "w1-w8", "--steps", "1", "--update", update)
    assert {"steps", "loss", "outputs", "parameters"} <= data.keys()
    assert round(data["loss"], 9) == loss
    assert data["steps"] == 1
    assert len(data["outputs"][0]) == 2


def test_train_prints_for_people(capsys):
    assert main(["train", "w1-w8", "--steps", "2", "--lr", "0.1"]) == 0
    assert "2 steps of sgd, full batch, learning rate 0.1, update simultaneous" in capsys.readouterr().out


def test_compare_says_yes_and_no(capsys, monkeypatch):
    assert run_json(capsys, "compare", "w1-w8")["ok"] is True
    right = vectorized.loss_and_gradients
    monkeypatch.setattr(vectorized, "loss_and_gradients", lambda *a, **k: (0.0, *right(*a, **k)[1:]))
    assert run_json(capsys, "compare", "w1-w8", code=1)["ok"] is False


def test_gradcheck_takes_problems_and_expressions(capsys):
    assert run_json(capsys, "gradcheck", "w1-w8")["method"] == "complex"
    assert run_json(capsys, "gradcheck", "relu(x)*y", "x=1", "y=-2e-3")["numeric"] == pytest.approx([-0.002, 1.0])


def test_draw_writes_what_it_is_told_to(capsys, tmp_path):
    path = tmp_path / "neuron.dot"
    data = run_json(capsys, "draw", "sigmoid(w*x + b)", "w=2", "x=-1", "b=-3", "-o", str(path))
    why = "there is no network with neurons and layers to fold into"
    assert data.pop("microbp") == __version__
    assert data == {"picture": str(path), "values": 6, "level": "op", "why": why}
    assert "σ(w·x + b)" in path.read_text()
    assert main(["draw", "w1-w8", "-o", str(path), "--no-backward", "--theme", "dark"]) == 0
    assert ">?<" in path.read_text()


def test_ops_lists_the_table_and_shows_a_row(capsys):
    assert {row["operation"] for row in run_json(capsys, "ops")["operations"]} >= {"add", "tanh", "affine", "total"}
    assert main(["ops", "mul", "--source"]) == 0
    assert "def pull_mul(node):" in capsys.readouterr().out
    assert main(["ops", "affine"]) == 0
    assert "w1·x1 + w2·x2 + b" in capsys.readouterr().out
    assert run_json(capsys, "ops", "log")["domain"] == "x > 0"


def test_problems_are_listed(capsys):
    assert {"w1-w8", "digits"} <= run_json(capsys, "problems")["problems"].keys()
    assert main(["problems", "--template"]) == 0
    assert "[training]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["draw", "w1-w9", "-o", "x.svg"], "unknown problem: 'w1-w9'"),
        (["draw", "x*x", "x=1", "-o", "x.bmp"], "unknown picture format: 'bmp'"),
        (["draw", "x*x", "x=1", "-o", "no/such/folder/x.dot"], "No such file or directory"),
        (["train", "x*x", "x=1"], "needs a network with data and a loss"),
        (["compare", "mine.toml"], "cannot read the problem file"),
        (["gradcheck", "x*x", "x=one"], "NAME=NUMBER"),
        (["gradcheck", "x*x", "x"], "NAME=NUMBER"),
        (["gradcheck", "x*x", "x=1", "x=2"], "x has two numbers, 1.0 and 2: give it one"),
        (["ops", "mull"], "unknown operation: 'mull'"),
    ],
)
def test_bad_usage_is_exit_code_2_and_one_line(arguments, said, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("microbp: ")
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("arguments", [["frob"], ["train", "w1-w8", "--update", "late"], ["draw", "w1-w8"]])
def test_what_argparse_refuses_is_exit_code_2_too(arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_a_terminal_without_unicode_gets_ascii(monkeypatch, tmp_path):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert main(["ops"]) == 0
    sys.stdout.flush()
    assert b"x*y" in raw.getvalue()
    assert b"sigmoid(x)" in raw.getvalue()
    (tmp_path / "mine.json").write_text('{"w1": 0.00181752, "w2": 0.00363503, "w5": 0.0821670, "w6": 0.0826676}')
    assert main(["diagnose", "w1-w8", str(tmp_path / "mine.json")]) == 1
    sys.stdout.flush()
    assert b"delta1[i,j] = sum_k delta2[i,k]*W2[k,j]" in raw.getvalue()


@pytest.mark.slow
def test_module_and_reader_that_stops_early():
    command = f"{sys.executable} -m microbp ops | head -1"
    result = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)
    assert result.stdout.startswith("operation")
    assert result.stderr == ""


@pytest.mark.filterwarnings("ignore")
def test_json_is_json_whatever_the_numbers(capsys):
    def refuse(constant):
        raise AssertionError(constant)

    for arguments in (["gradcheck", "relu(x)", "x=0"], ["train", "w1-w8", "--lr", "1e308", "--steps", "3"]):
        main([*arguments, "--json"])
        json.loads(capsys.readouterr().out, parse_constant=refuse)


def test_a_warning_is_one_line_for_people():
    command = [sys.executable, "-m", "microbp", "gradcheck", "log(x)", "x=0"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("microbp: warning: log(x) needs x > 0, got x = 0.0")


def test_a_member_of_a_family_is_shown_by_two_terms(capsys):
    assert main(["ops", "affine20000"]) == 0
    assert capsys.readouterr().out.startswith("affine2: affine(w, x, b) = w1·x1 + w2·x2 + b")


def test_explain_derives_one_weight_a_layer_or_the_one_asked_for(capsys):
    found = run_json(capsys, "explain", "w1-w8")["derivations"]
    assert [one["label"] for one in found] == ["w1", "w5"]
    assert round(found[1]["gradients"]["graph"], 9) == 0.082167041
    assert main(["explain", "deep", "--weight", "w[1][2,0]"]) == 0
    assert "dW1 = delta1.T @ a0" in capsys.readouterr().out
    assert main(["explain", "deep", "--weight", "w[1][9,0]"]) == 2
    assert "nearest: w[1][3,0]" in capsys.readouterr().err


def test_samples_says_how_many_the_graph_is_of(capsys):
    values = [len(run_json(capsys, "step", "deep", "--samples", n)["steps"]) for n in ("1", "2")]
    assert values[0] < values[1] <= 2 * values[0] + 10
    assert main(["step", "deep", "--all", "--samples", "4"]) == 2
    assert "has 1 to 3 samples to show, got 4" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["diagnse", "w1-w8"], "did you mean 'diagnose'?"),
        (["diagnose", "w1-w8", "--nope"], "usage: microbp diagnose PROBLEM"),
        (["gradcheck", "w1-w8", "--strong"], "usage: microbp gradcheck"),
    ],
)
def test_a_wrong_command_or_option_says_what_is_near(arguments, said, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


SQUARE = ["(w*x+b-y)**2", "w=2", "x=3", "b=0.5", "y=1"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["diagnose", "mine.npz", "w1-w8"], "the problem comes first, and 'mine.npz' is a file of gradients"),
        (["step", "mine.npz"], "the problem comes first"),
        (["diagnose", *SQUARE, "--gradients", "w=33", "b=11"], "join gradients with a comma: --gradients w=33,b=11"),
        (["diagnose", *SQUARE], "one file of gradients, or --gradients w=0.5,x=0.5,b=0.5,y=0.5; got none"),
        (["diagnose", "w1-w8"], "one file of gradients, or --function module:name; got none"),
        (["diagnose", *SQUARE, "--gradients", "w=33", "--lr", "1"], "--lr is for networks"),
        (["diagnose", *SQUARE, "--gradients", "w=33", "--order", "rows"], "--order is for networks"),
        (["compare", *SQUARE, "--gradients", "w=33,b=11"], "with gradients of your own, diagnose and grade"),
        (["conventions", *SQUARE, "--published", "1"], "an expression is for step, draw, gradcheck"),
        (["compare", "w1-w8", "mine.npz", "--intermediates", "z.npz"], "one file, or one function, of yours; got"),
        (["compare", "w1-w8", "--intermediates", "z.npz", "--tolerance", "0"], "--tolerance has nothing to do here"),
        (["compare", "w1-w8", "--intermediates", "z.npz", "--order", "rows"], "--order has nothing to do here"),
        (["compare", "w1-w8", "--order", "rows"], "--order has nothing to do here"),
        (["compare", "w1-w8", "--names", "h=a1"], "--names has nothing to do here"),
    ],
)
def test_what_does_not_go_together_is_refused_with_what_does(arguments, said, capsys):
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


def test_help_says_which_commands_take_an_expression(capsys):
    for name, row in COMMANDS.items():
        with pytest.raises(SystemExit):
            main([name, "--help"])
        assert ("an expression such as" in " ".join(capsys.readouterr().out.split())) == (row.takes == "problem"), name


@pytest.mark.slow
@pytest.mark.parametrize(("unbuffered", "command"), [("", "diagnose"), ("1", "compare"), ("1", "grade")])
def test_the_exit_code_is_the_same_if_nobody_reads(unbuffered, command, tmp_path):
    path = tmp_path / "mine.json"
    path.write_text('{"w5": 0.5}')
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run(
        [sys.executable, "-m", "microbp", command, "w1-w8", path],
        stdout=writing,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        check=False,
    )
    assert (result.returncode, result.stderr) == (1, b"")
    os.close(writing)


def test_alone_it_shows_its_help_with_every_command_and_exit_code(capsys):
    assert main([]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for name, row in COMMANDS.items():
        assert f"{name} {row.about}" in shown
    for code, said in EXIT_CODES.items():
        assert f"{code} {said}" in shown


@pytest.mark.parametrize("arguments", [["help", "step"], ["step", "-h"]])
def test_help_of_a_command_shows_its_options_and_an_example(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert "--quiz-every N" in shown
    assert f"microbp step {COMMANDS['step'].example}" in shown


def test_it_says_its_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"microbp {__version__}\n"


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "demo"])  # which has a test of its own
def test_the_example_of_each_help_runs(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    readme = (ROOT / "README.md").read_text("utf-8")
    (tmp_path / "mine.json").write_text('{"w5": 0.0822}')
    (tmp_path / "mine.py").write_text(textwrap.dedent(readme.partition("$ cat mine.py\n")[2].partition("    $ ")[0]))
    options = ["--batch"] if name == "step" else []
    code = main([name, *shlex.split(COMMANDS[name].example), *options])
    assert code == (1 if name == "check" else 0)
    assert capsys.readouterr().out


@pytest.mark.parametrize("name", ["ops", "diagnose", "step"])
def test_no_command_loads_what_another_needs(name):
    """What draws is loaded by what draws, what trains by what trains: none waits for it all."""
    load = f"from microbp.terminal.command_table import command_module; command_module({name!r})"
    code = f"import sys; {load}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"microbp.drawing", "microbp.training", "graphviz"} & {*loaded}


def test_an_option_is_written_in_full(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["draw", "w1-w8", "-o", "x.svg", "--them", "dark"])
    assert caught.value.code == 2
    assert "unrecognized arguments: --them; did you mean --theme?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["diagnose", "w1-w8", "no.json"], "ProblemError"),
        (["explain", "w1-w8", "--weight", "w99"], "UnknownNameError"),
        (["check", "no.py"], "ProblemError"),
        (["worksheet", "w1-w8", "-o", "sheet.docx"], "UnknownNameError"),
        (["diagnse", "w1-w8"], "UsageError"),
        ([], "UsageError"),
        (["step", "w1-w8", "--nope"], "UsageError"),
        (["step", "w1-w8", "--quiz-every", "often"], "UsageError"),
        (["draw", "w1-w8"], "UsageError"),
        (["forward", "w1-w8", "--sample", ""], "UsageError"),
    ],
)
def test_a_machine_gets_errors_as_json(arguments, kind, capsys):
    try:
        code = main([*arguments, "--json"])
    except SystemExit as stop:
        code = stop.code
    said = json.loads(capsys.readouterr().out)
    assert (code, said["error"]["code"], said["error"]["kind"]) == (2, 2, kind)
    assert said["microbp"] == __version__


@pytest.mark.parametrize("more", [[], ["--json"]])
@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c_is_one_line_and_exit_code_130_in_every_command(name, more, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command_module(name), "run", lambda *given: signal.raise_signal(signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main([name, *shlex.split(COMMANDS[name].example), *more]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    out, err = capsys.readouterr()
    assert err == "microbp: interrupted\n"
    assert (json.loads(out)["error"]["code"] == 130) if more else out == ""


def test_the_help_has_the_exit_codes_of_the_readme(capsys):
    assert main([]) == 0
    _, _, said = capsys.readouterr().out.partition("exit codes:\n")
    helped = re.findall(r"^  (\d+) +(.+)$", said, re.MULTILINE)
    readme = (ROOT / "README.md").read_text("utf-8")
    assert helped == re.findall(r"^\| (\d+) \| (.+) \|$", readme, re.MULTILINE)
    assert [int(code) for code, _ in helped] == [0, 1, 2, 70, 130]


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("demo", "check")])
def test_all_json_is_an_object_that_says_its_version(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.json").write_text('{"w5": 0.0822}')
    example = [word for word in shlex.split(COMMANDS[name].example) if word != "--csv"]
    example = example[:1] if name == "step" else example
    main([name, *example, "--json"])
    assert json.loads(capsys.readouterr().out)["microbp"] == __version__


def test_a_file_that_is_not_there_is_said_to_be_not_there(capsys):
    for arguments in (["diagnose", "w1-w8", "no.npz"], ["step", "no.toml"], ["train", "xor", "--resume", "no.json"]):
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert "there is no such file" in error
        assert "Errno" not in error


@pytest.mark.parametrize(
    ("line", "goes_on"),
    [("microbp dia", "diagnose "), ("microbp draw --thi --the", "--theme "), ("microbp step xo", "xor ")],
)
def test_a_shell_completes_commands_and_options(line, goes_on, tmp_path):
    need(importlib.util.find_spec("argcomplete") is not None, "argcomplete")
    asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_IFS": "\n"}
    with open(tmp_path / "answer", "wb") as answer:
        code = f"import os; os.dup2({answer.fileno()}, 8); from microbp.terminal.cli import main; main()"
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **asked}, pass_fds=[answer.fileno()], check=False
        )
    assert goes_on in (tmp_path / "answer").read_text().splitlines()
