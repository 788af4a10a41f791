import numpy as np
import pytest

from microbp.comparing.answers.labelled import labelled, read_labelled
from microbp.errors import ProblemError, UnknownNameError
from microbp.terminal.cli import main

LABELS = ["w", "x", "net_h1"]


def test_numbers_by_label_are_taken_typed_in_a_file_or_as_a_dict(tmp_path):
    assert read_labelled("w=16.5,x=−5.5", LABELS) == {"w": 16.5, "x": -5.5}
    assert read_labelled(" net_h1 = 1e-3 , x = inf", LABELS) == {"net_h1": 1e-3, "x": np.inf}
    (tmp_path / "lr=0.1").mkdir()
    for name, content in (("g.json", '{"w": 1, "x": 2.5}'), ("g.csv", "w,1\nx,2.5\n")):
        path = tmp_path / "lr=0.1" / name
        path.write_text(content)
        assert read_labelled(str(path), LABELS) == {"w": 1.0, "x": 2.5}
    np.savez(tmp_path / "g.npz", w=np.array([1.0]), x=np.float32(2.5))
    assert read_labelled(str(tmp_path / "g.npz"), LABELS) == {"w": 1.0, "x": 2.5}
    assert labelled({"w": np.float32(0.5), "x": 10**400}, LABELS) == {"w": 0.5, "x": np.inf}
    assert np.isnan(labelled({"w": float("nan")}, LABELS)["w"])


@pytest.mark.parametrize(
    "number", [True, np.True_, np.array([False]), None, "16.5", [16.5], {"a": 1}, 2j, np.array([1.0, 2.0])]
)
def test_what_is_no_number_is_refused_with_its_label(number):
    with pytest.raises(ProblemError, match=r"^the gradient of w must be one real number, got "):
        labelled({"w": number}, LABELS)


@pytest.mark.parametrize("gradients", [None, {}, [], [1.0], 1.0, "w", np.ones(2)])
def test_what_has_no_labels_is_refused(gradients):
    with pytest.raises(ProblemError, match=r"^the gradients of an expression are a number for each label"):
        labelled(gradients, LABELS)


@pytest.mark.parametrize("text", ["w=1,", "w=", "w=1,5", "w=1;x=2", "w=a", "lr=0.1/none.json"])
def test_typed_gradients_that_cannot_be_read_say_how_they_are_given(text):
    with pytest.raises(ProblemError, match=r"given as w=0\.5,b=0\.2 or in a file"):
        read_labelled(text, LABELS)


def test_labels_that_are_unknown_name_the_nearest_and_double_ones_are_refused():
    with pytest.raises(UnknownNameError, match=r"unknown leaf: 'net_h2' .*did you mean 'net_h1'"):
        read_labelled("w=1,net_h2=2", LABELS)
    with pytest.raises(ProblemError, match="w has two gradients"):
        read_labelled("w=1,w=2", LABELS)


@pytest.mark.parametrize("command", ["diagnose", "draw"])
@pytest.mark.parametrize(
    "content", ['{"w": true}', '{"w": "33"}', '{"w": null}', '{"w": [33]}', "[33]", "{}", '{"W": 33}']
)
def test_both_commands_refuse_the_same_files(command, content, capsys, tmp_path):
    path, picture = tmp_path / "g.json", tmp_path / "x.dot"
    path.write_text(content)
    how = {"diagnose": ["--gradients", str(path)], "draw": ["-o", str(picture), "--compare", str(path)]}
    assert main([command, "(w*x-1)**2", "w=2", "x=3", *how[command]]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"microbp: {path}: ")
    assert (captured.err.count("\n"), captured.out, picture.exists()) == (1, "", False)


@pytest.mark.parametrize(
    ("given", "wrong"), [("w=30,x=20", "none"), ("w=15,x=20", "w"), ("w=nan,x=inf", "w, x"), ("w*x=10,x=2", "x")]
)
def test_a_picture_marks_those_that_the_diagnosis_finds_wrong(given, wrong, capsys, tmp_path):
    output = ["-o", str(tmp_path / "x.dot"), "--compare", given.replace("w*x", "w·x")]
    assert main(["draw", "(w*x-1)**2", "w=2", "x=3", *output]) == int(wrong != "none")
    assert f"gradients that differ: {wrong}\n" in capsys.readouterr().out
