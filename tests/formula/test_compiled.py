"""Text that becomes code: where it stands is told, however long it is."""

import traceback

import numpy as np
import pytest

from microbp.formula import compiled


def test_a_line_of_a_long_source_is_shown_as_one_of_a_short_one(monkeypatch):
    source = (
        '"""Two."""\n\nONE = 1.0\n\n\ndef half(x):\n    return x / 2.0\n\n\ndef inverse(x):\n    return ONE / half(x)\n'
    )
    pieces = []
    monkeypatch.setattr(compiled, "compile", lambda *what: pieces.append(what[0]) or compile(*what), raising=False)
    for most, count in ((5000, 1), (3, 3)):
        monkeypatch.setattr(compiled, "_LONG", most)
        pieces.clear()
        space = compiled.load_source(source, f"<microbp test {most}>", {})
        assert len(pieces) == count
        assert space["inverse"](4.0) == 0.5
        with pytest.raises(ZeroDivisionError) as caught:
            space["inverse"](0.0)
        assert [frame.line for frame in traceback.extract_tb(caught.value.__traceback__)][1:] == [
            "return ONE / half(x)"
        ]


def test_what_was_not_asked_for_longest_is_forgotten_first_where_there_is_no_room():
    computed, one = compiled.Computed(3 * 80), np.ones(10)
    scope = {"a": one, "b": 2 * one, "c": 3 * one, "d": 4 * one, "n": 2}
    first, second = computed("a + n", scope), computed("b + n", scope)
    computed("c + n", scope)
    assert computed("a + n", scope) is first
    computed("d + n", scope)
    assert computed("a + n", scope) is first
    assert computed("b + n", scope) is not second
    assert len(computed._found) == 3
