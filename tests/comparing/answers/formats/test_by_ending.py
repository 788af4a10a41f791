"""What is wrong with a file is told in words of ours, whatever reads it."""

import re

import pytest

from microbp.comparing.answers.files import load_gradients
from microbp.errors import ProblemError


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", b'{"dW1": [[1,2],[3', "it ends in the middle, at line 1, column 18: it was cut off"),
        ("a.json", b" \n", "it is empty"),
        ("a.json", b"{'w5': 0.1}", "it is not valid JSON, as json.dump writes it: Expecting property name"),
        ("a.npz", b"PK\x03\x04", "it is no whole .npz: it was cut off"),
        ("a.csv", "w5,0.1".encode("utf-16"), "it is no text in UTF-8, from byte 0 on"),
        ("a.csv", b"w5,0.1\nw6,abc\n", "'abc' stands where a number should: a line is w5,0.08"),
    ],
)
def test_what_is_no_whole_file_is_told_in_a_sentence(name, content, said, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ProblemError, match=f"cannot read gradients from .*{re.escape(said)}"):
        load_gradients(tmp_path / name)
