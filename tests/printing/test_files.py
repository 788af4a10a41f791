"""The one writer: what stood there is whole until the new is complete, and inputs, links and devices are safe."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from microbp.errors import ProblemError
from microbp.printing import check_place, read_file, short_names, write_file
from microbp.printing.files import _adopt
from microbp.problems.loading import _builtin
from microbp.terminal.cli import main


def test_a_link_stays_a_link_and_a_mode_a_mode(tmp_path):
    real, link = tmp_path / "real.svg", tmp_path / "link.svg"
    real.write_bytes(b"old")
    real.chmod(0o600)
    link.symlink_to(real)
    assert write_file(link, b"new") == link
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["link.svg", "real.svg"]


def test_a_new_file_has_the_mode_that_the_process_gives(tmp_path):
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "new", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_a_link_to_what_is_not_there_yet_is_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "later")
    write_file(tmp_path / "link", b"new")
    assert (tmp_path / "later").read_bytes() == b"new"
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: os.symlink("/dev/full", path)])
def test_what_is_no_regular_file_is_neither_read_nor_replaced(make, tmp_path):
    place = tmp_path / "place"
    make(place)
    before = place.stat().st_mode
    for call in (lambda: check_place(place), lambda: write_file(place, b"new")):
        with pytest.raises(
            ProblemError, match="place: a file cannot be written here: this is a folder, a pipe or a device"
        ):
            call()
    with pytest.raises(OSError, match=r"[Ii]s a directory|not a file"):
        read_file(place, 10)
    assert place.stat().st_mode == before


def test_what_was_read_without_protection_may_be_replaced(tmp_path):
    (tmp_path / "checkpoint").write_bytes(b"old")
    assert read_file(tmp_path / "checkpoint", 3, protect=False) == b"old"
    write_file(tmp_path / "checkpoint", b"new")


def test_links_in_a_circle_are_not_replaced(tmp_path):
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(ProblemError, match="one: a file cannot be written here: this is a link in a circle"):
        write_file(tmp_path / "one", b"new")
    assert (tmp_path / "one").is_symlink()


def test_what_was_read_is_not_replaced(tmp_path):
    place = tmp_path / "input"
    place.write_bytes(b"precious")
    (tmp_path / "link").symlink_to(place)
    assert read_file(tmp_path / "link", 8) == b"precious"
    for path in (place, tmp_path / "link"):
        with pytest.raises(ProblemError, match="this is a file that was read"):
            write_file(path, b"")
    with pytest.raises(OSError, match="it may have 7 bytes"):
        read_file(place, 7)
    assert place.read_bytes() == b"precious"
    place.unlink()
    write_file(place, b"new")


def test_files_have_the_shortest_names_that_tell_them_apart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = ["a.npz", "b/a.npz", "b/c/a.npz", "b/d.json", "b/d.npz"]
    for name in names:
        place = tmp_path / name
        place.parent.mkdir(exist_ok=True)
        place.touch()
    paths = [*map(Path, names)]
    assert short_names([paths[0], Path("late.npz"), paths[0]]) == ["a", "late.npz", "a"]
    assert short_names(paths[:2]) == ["a", "b/a"]
    assert short_names(paths[1:3]) == ["b/a", "c/a"]
    assert short_names(paths[1:4:2]) == ["a", "d"]
    assert short_names(paths[3:]) == names[3:]  # only their endings differ
    assert short_names([Path("late.npz")]) == ["late.npz"]


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_is_told_with_its_name(broken, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    (tmp_path / "a.dot").write_bytes(b"old")
    monkeypatch.setattr(os, broken, full)
    with pytest.raises(ProblemError, match=r"a\.dot: a file cannot be written here: No space left on device"):
        write_file(tmp_path / "a.dot", b"new")
    assert (tmp_path / "a.dot").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.dot"]


def test_a_file_that_may_not_be_written_is_told_before_the_work(tmp_path, monkeypatch):
    place = tmp_path / "a.dot"
    place.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # root may write all
    with pytest.raises(ProblemError, match=r"a\.dot: a file cannot be written here: it may not be written"):
        check_place(place)
    assert check_place(tmp_path / "new") == tmp_path / "new"


def test_the_new_name_is_on_the_disk_after_the_content(tmp_path, monkeypatch):
    done, sync, replace = [], os.fsync, os.replace

    def watched(descriptor):
        done.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), os.fstat(descriptor).st_size, descriptor))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    monkeypatch.setattr(os, "replace", lambda *names: (done.append("replaced"), replace(*names)))
    write_file(tmp_path / "a", b"whole")
    (is_folder, size, _), replaced, (then_folder, _, descriptor) = done
    assert (is_folder, size, replaced, then_folder) == (False, 5, "replaced", True)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.parametrize(("allowed", "mode"), [(True, 0o6751), (False, 0o751)])
def test_what_belongs_to_another_is_no_program_of_its_writer(allowed, mode, tmp_path, monkeypatch):
    """A file whose owner cannot be kept must not run with the rights of who wrote it anew."""
    given = []

    def chown(path, user, group):
        given.append((user, group))
        if not allowed:
            raise PermissionError

    monkeypatch.setattr(os, "chown", chown)
    (tmp_path / "new").touch()
    for user, group in ((1, 0), (0, 1), (0, 0)):
        now = (tmp_path / "new").stat()
        was = SimpleNamespace(st_uid=now.st_uid + user, st_gid=now.st_gid + group, st_mode=0o106751)
        _adopt(tmp_path / "new", SimpleNamespace(exists=lambda: True, stat=lambda was=was: was))
        kept = (user, group) == (0, 0)  # not asked of a system that has no owners
        assert given == [(was.st_uid, was.st_gid)] * (not kept)
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == (0o6751 if kept else mode)
        given.clear()


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("problem.toml", "gradients.json", "mine_written.py"):
        (tmp_path / name).write_text("x = 1\n")
    source = _builtin("w1-w8")
    (tmp_path / "problem.toml").write_text(source)
    for name in ("p.html", "p.svg", "p.gif", "p.png"):
        (tmp_path / name).symlink_to("problem.toml")
    return source


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "problem.toml", "--steps", "1", "--checkpoint", "problem.toml"],
        ["train", "w1-w8", "--steps", "1", "--checkpoint", "problem.toml"],
        ["train", "w1-w8", "--steps", "1", "--checkpoint", "gradients.json"],
        ["train", "w1-w8", "--steps", "1", "--checkpoint", "mine_written.py"],
        ["train", "problem.toml", "--steps", "1", "--plot", "p.svg"],
        ["train", "problem.toml", "--steps", "1", "--animate", "p.svg"],
        ["train", "problem.toml", "--steps", "1", "--checkpoint", "/dev/full"],
        ["step", "problem.toml", "--html", "problem.toml"],
        ["step", "problem.toml", "--html", "p.html"],
        ["step", "w1-w8", "--html", "gradients.json"],
        ["draw", "problem.toml", "-o", "p.svg"],
        ["draw", "problem.toml", "-o", "p.gif"],
        ["draw", "problem.toml", "-o", "p.png"],
        ["draw", "problem.toml", "-o", "problem.toml"],
    ],
)
def test_no_option_writes_over_an_input_or_another_kind_of_file(arguments, mine, capsys):
    before = {entry.name: entry.stat(follow_symlinks=False) for entry in os.scandir()}
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1
    with open("problem.toml") as file:
        assert file.read() == mine
    assert {entry.name: entry.stat(follow_symlinks=False) for entry in os.scandir()}.keys() == before.keys()
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)
    for name, was in before.items():
        assert os.stat(name, follow_symlinks=False).st_ino == was.st_ino


@pytest.mark.slow
def test_two_runs_with_one_checkpoint_both_go_on(tmp_path):
    place = tmp_path / "run.json"
    command = [sys.executable, "-m", "microbp", "train", "xor", "--steps", "60", "--checkpoint-every", "1"]
    runs = [
        subprocess.Popen(
            [*command, "--json", "--checkpoint", str(place)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    ended = [run.communicate() for run in runs]
    assert [(run.returncode, error) for run, (_, error) in zip(runs, ended, strict=True)] == [(0, b"")] * 2
    assert len(json.loads(place.read_text())["losses"]) == 60
    assert os.listdir(tmp_path) == ["run.json"]


def started(arguments, closed=(), **options):
    """What a command ends with that was started with some of its streams closed."""

    def close():
        for number in closed:
            os.close(number)

    command = [sys.executable, "-m", "microbp", *arguments]
    return subprocess.run(command, capture_output=True, preexec_fn=close, check=False, **options)


@pytest.mark.slow
@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_a_stream_that_is_closed_is_like_one_that_nobody_reads(closed, tmp_path):
    place = tmp_path / "run.json"
    ended = started(["train", "w1-w8", "--steps", "1", "--checkpoint", str(place)], closed)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert json.loads(place.read_text())["format"] == 1
    assert started(["step", "w1-w8"], closed).returncode == 0


def test_ctrl_c_while_the_command_is_imported_is_one_line(tmp_path):
    for module in ("numpy", "microbp.errors"):
        script = (
            "import signal, sys\n"
            "class Press:\n"
            "    def find_spec(self, name, *_):\n"
            f"        if name == {module!r}: signal.raise_signal(signal.SIGINT)\n"
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "from microbp.__main__ import main\n"
            "sys.meta_path.insert(0, Press())\n"
            "for name in [n for n in sys.modules if n.startswith('microbp.errors')]: del sys.modules[name]\n"
            "sys.argv[1:] = ['compare', 'w1-w8']\n"
            "sys.exit(main())\n"
        )
        ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
        assert (ended.returncode, ended.stderr) == (130, b"microbp: interrupted\n"), module


def test_ctrl_c_in_any_command_is_130_and_one_line(monkeypatch, capsys):
    def press(*_):
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        monkeypatch.setattr("microbp.problems.load", press)
        assert main(["compare", "w1-w8"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err == "microbp: interrupted\n"


def test_an_error_of_ours_is_70_and_says_so(monkeypatch, capsys):
    def fail(*_):
        raise KeyError("w9\x1b")

    monkeypatch.setattr("microbp.problems.load", fail)
    assert main(["compare", "w1-w8"]) == 70
    error = capsys.readouterr().err
    assert error.startswith(
        "microbp: this is an error of microbp's own, not of your input: KeyError: 'w9\\x1b' (test_fi"
    )
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [["draw", "w1-w8", "--frames", ""], ["train", "w1-w8", "--checkpoint", ""], ["ops", "--\x1b[31m"], ["\x1b[31m"]],
)
def test_what_is_empty_or_would_command_the_terminal_is_refused_in_plain_text(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "\x1b" not in capsys.readouterr().err
    assert os.listdir() == []


def test_nothing_is_printed_to_a_full_disk_and_that_is_told():
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "microbp", "ops"]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (ended.returncode, ended.stderr) == (2, b"microbp: [Errno 28] No space left on device\n")


def test_names_of_files_do_not_command_the_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "\x1b[31mx\ny.json").write_text('{"w5": 0.1}')
    for arguments in (
        ["grade", "w1-w8", "\x1b[31mx\ny.json", "missing\x1b.json"],
        ["draw", "w1-w8", "-o", "\x1b[31m.dot"],
        ["step", "w1-w8", "--html", "\x1b[31m.html"],
    ):
        main(arguments)
        said = capsys.readouterr()
        assert "\x1b" not in said.out + said.err
        assert "\\x1b" in said.out
    assert said.out.count("\n") == 1


@pytest.mark.parametrize("link", [False, True])
def test_two_outputs_of_one_run_do_not_replace_each_other(link, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    other = "b.svg" if link else "a.svg"
    if link:
        (tmp_path / other).symlink_to("a.svg")
    for one, two in (("--checkpoint", "--plot"), ("--plot", "--animate")):
        assert main(["train", "w1-w8", "--steps", "1", one, "a.svg", two, other]) == 2
        assert "need a file each, got 'a.svg'" in capsys.readouterr().err
    assert not (tmp_path / "a.svg").exists()
