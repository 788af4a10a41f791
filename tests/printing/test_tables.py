import json
import math

import pytest

from microbp.printing import columns, decimals, json_text, markdown, markdown_words, matrix_cells, matrix_lines


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


def numbered(height, breadth):
    return [[float(10 * i + j) for j in range(breadth)] for i in range(height)]


def test_a_matrix_of_more_than_six_rows_or_columns_is_cut():
    whole = matrix_lines("W", numbered(6, 6))
    assert [whole[0], whole[5], len(whole)] == ["W = [  0   1   2   3   4   5 ]", "    [ 50  51  52  53  54  55 ]", 6]
    cut = matrix_lines("W", numbered(7, 7))
    assert cut[0] == "W = [  0   1   2   3   4   5  … ]"
    assert cut[5:] == ["    [ 50  51  52  53  54  55  … ]", "    … 7 rows"]
    assert matrix_cells([[None, *map(float, range(6))]] * 7) == [["?", "0", "1", "2", "3", "4", "…"]] * 6


@pytest.mark.parametrize("name", ["W", "dW1", "a_longer_name"])
def test_a_matrix_has_as_many_columns_as_there_is_room_for(name):
    for number, width in ((0.5, 3), (-0.123456789, 12)):
        for room in range(1, 110):
            (line,) = matrix_lines(name, [[number] * 7], room)
            shown = line.count(decimals(number))
            assert len(line) <= room or shown == 1
            assert len(line) + 2 + width > room or shown == 6
    assert [matrix_lines("W" * k, [[-0.123456789] * 7])[0].count("−") for k in (6, 7)] == [6, 5]


def test_nothing_in_a_label_commands_in_markdown():
    assert markdown_words("out_h1 = σ(net_h1)") == "out_h1 = σ(net_h1)"
    assert markdown_words("_x_ (_y_) a__b") == r"\_x_ (\_y_) a_\_b"
    for c in "\\`*[]<>#|":
        assert markdown_words(f"a{c}b{c}") == f"a\\{c}b\\{c}"
    assert markdown_words("a\nb") == r"a\\nb"
