import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import microbp
from microbp.diagnosis.grading import grade
from microbp.errors import ProblemError
from microbp.problems.exercise import exercise_of
from microbp.terminal.cli import main


@pytest.fixture
def folder(tmp_path):
    right = exercise_of(microbp.load("w1-w8")).truth[1]
    np.savez(tmp_path / "ada.npz", **right)
    np.savez(tmp_path / "bob.npz", **{name: -g for name, g in right.items()})
    np.savez(tmp_path / "cem.npz", **{**right, "dW2": 2 * right["dW2"], "db1": 4 * right["db1"]})
    np.savez(tmp_path / "dot.npz", dW1=np.zeros((7, 7)))
    np.savez(tmp_path / "fay.npz", dW1=right["dW1"] + np.eye(2))
    (tmp_path / "=eve.npz").write_bytes(b"not a file of arrays")
    return tmp_path


@pytest.mark.slow
@pytest.mark.usefixtures("no_pairs")
def test_each_file_is_a_row_and_a_broken_one_says_why(folder, capsys):
    files = [str(path) for path in sorted(folder.glob("*.npz"))]
    assert main(["grade", "w1-w8", *files, "--json", "--jobs", "1"]) == 1
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["grades"]}
    assert {name: row["verdict"] for name, row in rows.items()} == {
        "=eve": "unreadable", "ada": "right", "bob": "mistake", "cem": "mistake", "dot": "unreadable",
        "fay": "unexplained",
    }  # fmt: skip
    assert rows["bob"]["mistakes"] == ["sign"]
    assert (rows["cem"]["mistakes"], rows["cem"]["note"]) == (["factor", "factor"], "dW2 × 2, db1 × 4")
    assert "needs shape (2, 2)" in rows["dot"]["note"]


def test_right_numbers_of_few_digits_have_a_note(tmp_path, capsys):
    (tmp_path / "gus.json").write_text('{"w1": 0.0, "w5": 0.1}')
    assert main(["grade", "w1-w8", str(tmp_path / "gus.json"), "--csv"]) == 0
    row = 'gus,right,0.25,2,0,2,,,"with few digits, which says little",'
    assert capsys.readouterr().out.splitlines()[1].startswith(row)


@pytest.mark.slow
def test_a_spreadsheet_gets_no_formulas(folder, capsys):
    assert main(["grade", "w1-w8", str(folder / "=eve.npz"), str(folder / "ada.npz"), "--csv", "--jobs", "1"]) == 1
    assert "\n'=eve,unreadable," in capsys.readouterr().out
    assert main(["grade", "w1-w8", str(folder / "ada.npz")]) == 0
    assert main(["grade", "w1-w8"]) == 2


def test_a_file_that_breaks_the_diagnosis_is_a_row(folder, capsys, monkeypatch):
    def fail(problem, path, **options):
        raise KeyError("w5")

    monkeypatch.setattr("microbp.diagnosis.grading.diagnose", fail)
    assert main(["grade", "w1-w8", "--json", str(folder / "ada.npz")]) == 1
    (row,) = json.loads(capsys.readouterr().out)["grades"]
    assert (row["verdict"], row["note"]) == ("unreadable", "KeyError: 'w5'")


def test_the_gradients_of_an_expression_are_graded(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ada.json").write_text('{"w": 33, "b": 11}')
    (tmp_path / "bob=2.json").write_text('{"w": 16.5, "b": 5.5}')
    words = ["(w*x+b-y)**2", "w=2", "x=3", "b=0.5", "y=1", "ada.json", "bob=2.json"]
    assert main(["grade", *words, "--json", "--jobs", "1"]) == 1
    rows = json.loads(capsys.readouterr().out)["grades"]
    assert [(row["name"], row["verdict"], row["mistakes"]) for row in rows] == [
        ("ada", "right", []),
        ("bob=2", "mistake", ["power-exponent"]),
    ]


def graded(capsys, *arguments, code):
    assert main(["grade", *arguments, "--json", "--jobs", "1"]) == code
    return json.loads(capsys.readouterr().out)["grades"]


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["ada/grad.npz", "bob/grad.npz"], ["ada/grad", "bob/grad"]),
        (["1/ada/grad.npz", "2/ada/grad.npz", "cem.npz"], ["1/ada/grad", "2/ada/grad", "cem"]),
        (["1/ada.npz", "2/bob.npz", "2/bob.npz"], ["ada", "bob", "bob"]),
        (["1/ada.npz", "1/ada.v2.npz"], ["ada", "ada.v2"]),
        (["1/ada.npz", "1/ada.json"], ["1/ada.npz", "1/ada.json"]),
    ],
)
def test_learners_are_told_apart_by_as_much_of_the_path_as_it_takes(files, names, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    right = exercise_of(microbp.load("w1-w8")).truth[1]
    for file in files:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".json":
            path.write_text(json.dumps({name: array.tolist() for name, array in right.items()}))
        else:
            np.savez(path, **right)
    rows = graded(capsys, "w1-w8", *files, code=0)
    assert [row["name"] for row in rows] == names


def test_a_missing_file_is_a_row_with_its_path_unless_all_are_missing(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    rows = graded(capsys, "w1-w8", "ada.npz", "late/ada.npz", code=1)
    assert [(row["name"], row["verdict"]) for row in rows] == [("ada", "right"), ("late/ada.npz", "unreadable")]
    assert "there is no such file" in rows[1]["note"]
    assert main(["grade", "w1-w8", "late/*.npz"]) == 2
    assert "none of these files is there: late/*.npz; does a pattern match nothing?" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("no_pairs")
def test_a_part_of_the_samples_can_be_graded(tmp_path, capsys):
    problem = microbp.load("xor")
    np.savez(tmp_path / "ada.npz", **exercise_of(problem, problem.inputs[:2], problem.targets[:2]).truth[1])
    file = str(tmp_path / "ada.npz")
    assert graded(capsys, "xor", file, "--samples", "2", code=0)[0]["verdict"] == "right"
    assert graded(capsys, "xor", file, code=1)[0]["verdict"] != "right"
    assert main(["grade", "xor", file, "--samples", "9"]) == 2


def test_the_table_is_csv_or_json(folder, capsys):
    assert main(["grade", "w1-w8", str(folder / "ada.npz"), "--csv", "--json"]) == 2
    assert "give one of --csv and --json" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_the_table_is_the_same_from_several_processes(folder):
    files, problem = [folder / f"{name}.npz" for name in ("ada", "bob", "dot")], microbp.load("w1-w8")
    alone = grade(problem, files)
    assert grade(problem, files, jobs=2) == alone
    with ThreadPoolExecutor(2) as pool:
        assert grade(problem, files, executor=pool) == alone


@pytest.mark.parametrize("jobs", [0, -1, 1.5])
def test_less_than_one_job_is_refused(jobs, folder):
    with pytest.raises(ProblemError, match="jobs must be a whole number, 1 or more"):
        grade(microbp.load("w1-w8"), [folder / "ada.npz"], jobs=jobs)
