import io

from microbp import compare, diagnose, load
from microbp.terminal.colours import painted
from microbp.terminal.output import put

MINE = {"w1": 0.00181752, "w2": 0.00363503, "w5": 0.0821670, "w6": 0.0826676}


def plain(text):
    for code in ("\x1b[1;38;5;208m", "\x1b[38;5;39m", "\x1b[0m"):
        text = text.replace(code, "")
    return text


def test_wrong_and_right_lines_have_their_colours_and_the_text_stays():
    for answer in (diagnose(load("w1-w8"), MINE), compare(load("w1-w8"), gradients=MINE)):
        shown = painted(str(answer))
        assert plain(shown) == str(answer)
        assert shown.count("\x1b[0m") == shown.count("\x1b[") / 2 > 1
    assert "\x1b[1;38;5;208m×\x1b[0m is wrong   · \x1b[1;38;5;208m×\x1b[0m" in painted("W1: × is wrong   · ×")
    assert painted("1 × 0.5 = 0.5") == "1 × 0.5 = 0.5"
    assert "\x1b[38;5;39mright   δ1 = (δ2 W2) ⊙ σ′(z1)" in painted(str(diagnose(load("w1-w8"), MINE)))


def test_colours_are_for_terminals_of_people_who_want_them(monkeypatch):
    class Options:
        json = False
        named = staticmethod(str)

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm")
    for unwanted, coloured in (("", True), ("1", False)):
        monkeypatch.setenv("NO_COLOR", unwanted)
        monkeypatch.setattr("sys.stdout", Terminal())
        put(Options, {}, "W1  DIFFERS")
        assert ("\x1b" in __import__("sys").stdout.getvalue()) is coloured
