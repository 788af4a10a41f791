"""The command `microbp grade`: what it prints for a spreadsheet is the same on any terminal."""

import csv
import io
import json
import sys

import pytest

from microbp.terminal.cli import main


class NarrowTerminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("more", [(), ("--quiz",)], ids=["gradients", "quiz"])
def test_a_row_of_csv_is_one_line_however_narrow_the_terminal_is(more, tmp_path, monkeypatch, capsys):
    file = tmp_path / "ada.json"
    quiz = {"asked": 1, "right": 1, "questions": [{"step": 99, "guesses": [1.0], "ok": True, "expected": 1.0}]}
    file.write_text(json.dumps(quiz if more else {"w5": -0.082167041}))
    main(["grade", "w1-w8", str(file), *more, "--csv"])
    whole = capsys.readouterr().out
    assert len(max(whole.splitlines(), key=len)) > 60
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = NarrowTerminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    main(["grade", "w1-w8", str(file), *more, "--csv"])
    assert [*csv.reader(terminal.getvalue().splitlines())] == [*csv.reader(whole.splitlines())]
