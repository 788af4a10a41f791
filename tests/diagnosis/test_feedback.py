import json

import pytest

import microbp
from microbp.terminal.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "mine.json").write_text('{"w5": 0.082167041, "w1": 0.000438568}')
    (tmp_path / "bob.txt").write_text("g5 = -0.0821670\n")
    (tmp_path / "<eve>.csv").write_text("nothing")
    return tmp_path


@pytest.mark.parametrize("form", ["md", "html"])
def test_each_learner_gets_a_file(form, folder, capsys):
    files = ["ada/mine.json", "bob.txt", "<eve>.csv"]
    words = ["grade", "w1-w8", *files, "--json", "--feedback", "back", "--feedback-format", form, "--names", "g5=w5"]
    assert main(words) == 1
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["grades"]}
    assert {name: row["credit"] for name, row in rows.items()} == {"mine": 0.25, "bob": 0.0, "<eve>": None}
    texts = {path.name: path.read_text("utf-8") for path in (folder / "back").iterdir()}
    assert sorted(texts) == sorted([f"mine.{form}", f"bob.{form}", f"eve.{form}"])
    assert "credit 0.25: of the 2 numbers that you gave, 2 are right" in texts[f"mine.{form}"]
    assert "The gradients are wrong: sign" in texts[f"bob.{form}"]
    assert "cannot be read" in texts[f"eve.{form}"]
    assert ("<eve>" in texts[f"eve.{form}"]) == (form == "md")


def test_names_are_explained_to_every_command(folder, piped):
    words = ("w1-w8", "bob.txt", "--names", "g5=w5")
    for command in ("diagnose", "compare"):
        assert main([command, *words]) == 1
        assert main([command, *words[:2]]) == 2
        code, out, _ = piped("g5 = 0.082167041", command, "w1-w8", "-", *words[2:])
        assert (code, "right" in out or "agree" in out) == (0, True)
    assert main(["diagnose", "w*x", "w=1", "x=2", "--gradients", "w=2", "--names", "g=w"]) == 2


def test_options_that_have_nothing_to_do_are_refused(folder, capsys):
    for words, said in (
        (["--feedback-format", "html"], "give that as well"),
        (["--function", "backward"], "give --run as well"),
        (["--seconds", "3"], "give --run as well"),
        (["--run", "--seconds", "-1"], "a positive number"),
        (["--names", "g5"], "MINE=NAME"),
        (["--feedback", "bob.txt"], "no folder for the feedback can be made here"),
        (["--layout", "in-out"], "unknown layout"),
    ):
        assert main(["grade", "w1-w8", "bob.txt", *words]) == 2
        assert said in capsys.readouterr().err
    assert main(["grade", "w1-w8", "ada"]) == 2
    assert "give what is in it, ada/*" in capsys.readouterr().err


def test_a_score_counts_each_array_alike():
    comparison = microbp.compare(microbp.load("w1-w8"), gradients={"dW1": [[0, 0], [0, 0]], "w5": 0.082167041, "w6": 1})
    assert comparison.score == 0.25
    assert microbp.compare(microbp.load("xor")).score == 1.0
