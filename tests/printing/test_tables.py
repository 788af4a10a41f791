import json
import math

import pytest

from microbp.printing import columns, json_text, markdown


def test_cells_stand_below_each_other():
    assert columns([("a", "bcd", ""), ("ef", "g", "h")]) == ["a   bcd", "ef  g    h"]
    assert columns([("a", "b"), ("cd", "e")], gap=" | ") == ["a  | b", "cd | e"]
    with pytest.raises(ValueError):
        columns([("a", "b"), ("c",)])


def test_a_table_for_markdown_has_a_head_and_no_cell_splits_it():
    table = markdown(("x", "abs"), [("1", "|x|"), ("2", "")])
    assert table == "| x | abs |\n| --- | --- |\n| 1 | \\|x\\| |\n| 2 |  |"


def test_json_of_what_json_has_no_number_for():
    data = {"σ": [0.5, math.inf, -math.inf], "deep": ({"a": math.nan}, None, True, 3)}
    text = json_text(data)
    assert json.loads(text) == {"σ": [0.5, "inf", "-inf"], "deep": [{"a": "nan"}, None, True, 3]}
    assert text.startswith('{\n  "σ": [\n    0.5,')


def test_columns_stand_under_each_other_in_any_script():
    assert columns([("損失", "x"), ("loss", "y"), ("e\u0301", "z")]) == ["損失  x", "loss  y", "e\u0301     z"]
