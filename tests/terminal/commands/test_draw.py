import importlib.util
import json

import pytest

import microbp
from microbp.drawing import draw, paths_to
from microbp.terminal.cli import main
from tests.conftest import need


def drawn(capsys, tmp_path, *options):
    """What the command says, and the picture as text."""
    path = tmp_path / "picture.dot"
    assert main(["draw", "w1-w8", "-o", str(path), *options]) == 0
    return capsys.readouterr().out, path.read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "same"),
    [
        ([], {}),
        (["--level", "neuron", "--theme", "mono"], {"level": "neuron", "theme": "mono"}),
        (["--step", "16", "--direction", "TB"], {"step": 16, "direction": "TB"}),
        (["--show", "values, locals", "--digits", "3"], {"show": ["values", "locals"], "digits": 3}),
        (["--heat", "--constants", "--unfold"], {"heat": True, "constants": True, "fold": False}),
        (["--fold", "loss", "--fold", "neuron h1"], {"fold": ["loss", "neuron h1"]}),
        (["--affine", "open"], {"affine": "open"}),
        (["--widths"], {"widths": True}),
        (["--paths-to", "w1", "--paths-to", "w8"], {"only": paths_to("w1", "w8")}),
        (["--around", "net_h1", "--depth", "2"], {"around": "net_h1", "depth": 2}),
    ],
)
def test_each_option_is_that_of_the_function(options, same, capsys, tmp_path):
    problem = microbp.load("w1-w8")
    root = problem.root()
    root.backward()
    assert drawn(capsys, tmp_path, *options)[1] == draw(root, model=problem.model, **same).source


def test_the_command_says_which_level_it_chose_and_why(capsys, tmp_path):
    said, _ = drawn(capsys, tmp_path)
    assert said.endswith("picture.dot (level op: 27 values are few enough to read)\n")
    said, _ = drawn(capsys, tmp_path, "--level", "layer")
    assert said.endswith("(level layer: as asked)\n")
    said, _ = drawn(capsys, tmp_path, "--json")
    assert json.loads(said)["level"] == "op"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--show", "valus"], "unknown thing to show: 'valus' (must be one of "),
        (["--max-nodes", "20"], "a picture of 27 values cannot be read (the limit is 20): draw a coarser level"),
        (["--fold", "hiden layer"], "did you mean 'hidden layer'"),
        (["--step", "40"], "this pass has the positions 0 to 32, got 40"),
        (["--animate", "--step", "3"], "a film shows the steps of a pass: --step is for one picture"),
        (["--animate", "--steps", "40:"], "a film needs a step of this pass, which has 0 to 32"),
        (["--around", "net_h3"], "no value is called 'net_h3'; nearest: net_h"),
    ],
)
def test_what_cannot_be_drawn_is_told_in_one_line(options, said, capsys, tmp_path):
    assert main(["draw", "w1-w8", "-o", str(tmp_path / "x.svg"), *options]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_film_or_a_picture_for_each_step_is_written_where_the_user_said(capsys, tmp_path, monkeypatch, renderer):
    monkeypatch.chdir(tmp_path)
    assert main(["draw", "w1-w8", "-o", "pass.svg", "--animate", "--steps", "30:", "--seconds", "0.5"]) == 0
    assert capsys.readouterr().out == "3 pictures: pass.svg (level op: 27 values are few enough to read)\n"
    assert "animation:2.5s" in (tmp_path / "pass.svg").read_text("utf-8")
    assert main(["draw", "w1-w8", "--frames", "each", "--format", "dot", "--steps", "3:4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pictures"] == 2
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")} == {
        "pass.svg",
        "each/3.dot",
        "each/4.dot",
    }
    need(importlib.util.find_spec("PIL") is not None, "Pillow")
    assert main(["draw", "w1-w8", "-o", "pass.gif", "--steps", ":1", "--level", "neuron"]) == 0
    assert (tmp_path / "pass.gif").read_bytes().startswith(b"GIF89a")


def test_gradients_of_a_file_are_compared_and_marked(capsys, tmp_path):
    (tmp_path / "right.json").write_text('{"w5": 0.08216704056423077, "w1": 0.00043856773447434685}')
    said, text = drawn(capsys, tmp_path, "--compare", str(tmp_path / "right.json"))
    assert said.endswith("gradients that differ: none\n")
    assert "≠" not in text
    (tmp_path / "wrong.json").write_text('{"w5": 0.082167041, "w6": 0.09, "w7": 0.5}')
    assert main(["draw", "w1-w8", "-o", str(tmp_path / "x.dot"), "--compare", str(tmp_path / "wrong.json")]) == 1
    assert "gradients that differ: w6, w7\n" in capsys.readouterr().out
    assert (tmp_path / "x.dot").read_text("utf-8").count("≠ given") == 3  # two cards and the legend


@pytest.mark.parametrize("problem", ["w1-w8", "w1*x"])
@pytest.mark.parametrize("text", ["[1.0]", '{"w1": "a"}', '{"w1": [1, 2]}', "{", "", '{"w99": 1.0}'])
def test_a_file_that_holds_no_gradients_is_told(text, problem, capsys, tmp_path):
    (tmp_path / "g.json").write_text(text)
    numbers = ["w1=1", "x=2"] if problem == "w1*x" else []
    output = ["-o", str(tmp_path / "x.svg"), "--compare", str(tmp_path / "g.json")]
    assert main(["draw", problem, *numbers, *output]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "x.svg").exists()


def test_gradients_of_an_expression_are_compared_too(capsys, tmp_path):
    (tmp_path / "g.json").write_text('{"w": 3.0, "x": 1.0}')
    output = ["-o", str(tmp_path / "x.dot"), "--compare", str(tmp_path / "g.json")]
    assert main(["draw", "w*x", "w=2", "x=3", *output]) == 1
    assert "gradients that differ: x\n" in capsys.readouterr().out


def test_a_problem_with_many_values_is_drawn_without_being_asked(capsys, tmp_path, renderer):
    rows = [[0.1 * (k % 7 - 3) for k in range(64)] for _ in range(16)]
    last = [[0.1 * (k % 5 - 2) for k in range(16)] for _ in range(10)]
    inputs = [k % 3 / 2 for k in range(64)]
    (tmp_path / "digits.toml").write_text(
        f'title = "digits"\n[network]\nweights = [{rows}, {last}]\nbiases = [{[0.0] * 16}, {[0.0] * 10}]\n'
        f'output = "linear"\n[data]\ninputs = [{inputs}]\ntargets = [{[1.0] + [0.0] * 9}]\n'
        '[loss]\nname = "softmax_cross_entropy"\n'
    )
    assert main(["draw", str(tmp_path / "digits.toml"), "-o", str(tmp_path / "digits.svg")]) == 0
    assert "1,184 weights more than the 400 that can be arrows)" in capsys.readouterr().out
    assert "<svg" in (tmp_path / "digits.svg").read_text("utf-8")


def test_of_a_network_whose_graph_is_too_large_the_layers_are_drawn(capsys, tmp_path):
    rows, targets = [[0.5] * 784] * 3, [[1.0] + [0.0] * 9] * 3
    path, picture = tmp_path / "large.toml", tmp_path / "large.dot"
    path.write_text(
        f'title = "large"\n[network]\nsizes = [784, 128, 10]\n[data]\ninputs = {rows}\ntargets = {targets}\n'
    )
    assert main(["draw", str(path), "-o", str(picture)]) == 0
    assert "(level layer: the graph of 3 samples would have about" in capsys.readouterr().out
    assert "128×784" in picture.read_text("utf-8")
    for other in (["--level", "op"], ["--step", "3"]):
        assert main(["draw", str(path), "-o", str(picture), *other]) == 2
        assert "are the most to step through or to draw" in capsys.readouterr().err
