"""Text that becomes code: where it stands is told, however long it is."""

import traceback

import pytest

from microbp.formula import compiled


def test_a_line_of_a_long_source_is_shown_as_one_of_a_short_one(monkeypatch):
    source = (
        '"""Two."""\n\nONE = 1.0\n\n\ndef half(x):\n    return x / 2.0\n\n\ndef inverse(x):\n    return ONE / half(x)\n'
    )
    for most in (5000, 3):
        monkeypatch.setattr(compiled, "_LONG", most)
        space = compiled.load_source(source, f"<microbp test {most}>", {})
        assert space["inverse"](4.0) == 0.5
        with pytest.raises(ZeroDivisionError) as caught:
            space["inverse"](0.0)
        assert [frame.line for frame in traceback.extract_tb(caught.value.__traceback__)][1:] == [
            "return ONE / half(x)"
        ]
