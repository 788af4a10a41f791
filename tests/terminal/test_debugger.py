import io
import json
import os
import pty
import re
import select
import subprocess
import sys

import pytest

import microbp
from microbp import Value, load
from microbp.errors import MicrobpError
from microbp.nn import MLP
from microbp.printing import breadth
from microbp.problems import ExpressionProblem
from microbp.problems.network import NetworkProblem
from microbp.stepping.stepper import Stepper
from microbp.terminal.cli import main
from microbp.terminal.colours import wants_colour
from microbp.terminal.debugger import Debugger
from microbp.terminal.looking import learners_number
from microbp.terminal.screen import WIDTH, Screen, way

GRADIENTS = {
    **{"w1": "0.000438568", "w2": "0.000877135", "w3": "0.000497713", "w4": "0.000995425"},
    **{"w5": "0.082167041", "w6": "0.082667628", "w7": "−0.022602540", "w8": "−0.022740242"},
}


@pytest.fixture
def do():
    """Does commands in one debugger of w1–w8, each time giving back what it says."""
    debugger = Debugger(load("w1-w8"), stdout=io.StringIO())

    def do(*lines):
        debugger.stdout.seek(0)
        debugger.stdout.truncate()
        do.ended = [debugger.onecmd(line) for line in lines][-1]
        return debugger.stdout.getvalue()

    do.debugger = debugger
    return do


def batch(capsys, *commands, problem=("w1-w8",), code=0):
    options = [option for command in commands for option in ("-c", command)]
    assert main(["step", *problem, "--batch", *options]) == code
    return capsys.readouterr().out


def process(text, *arguments, **environment):
    command = [sys.executable, "-m", "microbp", "step", *arguments]
    result = subprocess.run(
        command, input=text.encode(), capture_output=True, check=False, env={**os.environ, **environment}
    )
    assert b"Traceback" not in result.stderr
    return result


@pytest.mark.slow
def test_commands_piped_in_reach_the_breakpoint_and_show_its_paths():
    result = process("b w5\nc\nw\nq\n", "w1-w8")
    out = result.stdout.decode()
    assert result.returncode == 0
    assert "step 7 of 32" in out
    assert "∂E/∂w5 += ∂E/∂net_o1 · ∂net_o1/∂w5 = 0.138498562 × 0.593269992 = 0.082167041" in out
    assert "1 path leads from E to w5" in out
    assert "\x1b" not in out
    assert "(bp)" not in out


def test_next_makes_steps_and_enter_repeats_it(do):
    assert do("n").startswith("step 1 of 32")
    assert "step 2 of 32" in do("")
    assert "step 5 of 32" in do("n 3")
    assert do("next").startswith("step 6 of 32")
    assert "step 7 of 32" in do("s")
    assert "step 9 of 32" in do("s 2")


def test_enter_at_the_start_makes_the_first_step(do):
    assert do("").startswith("step 1 of 32")


def test_a_step_says_formula_reason_rule_arrival_and_place(do):
    out = do("goto 17")
    for said in (
        "step 17 of 32",
        "(−0.038098237) × 0.5 = −0.019049118",
        "net_o2 = w7·out_h1 + w8·out_h2 + b2, so its derivative with respect to out_h1 is w7.",
        "The derivative with respect to a weight is its input",
        "0.055399425 + (−0.019049118) = 0.036350306",
        "E ◀─ E_o2 ◀─ … ◀─ out_o2 ◀─ net_o2 ◀━━ out_h1",
        "hidden layer  ○ h1  ○ h2",
        "output layer  ● o1  ◉ o2",
    ):
        assert said in out, said


def test_no_line_of_the_pass_is_too_long(do):
    assert max(len(line) for line in do("n", *["n"] * 31, "w w1").splitlines()) < WIDTH + 2


def test_breakpoints_are_set_listed_hit_and_removed(do):
    assert "breakpoints: none" in do("b")
    assert "breakpoints: w5" in do("b w5")
    assert "breakpoints: w5, out_h1" in do("break out_h1")
    assert [do("c").split(" of ")[0] for _ in range(3)] == ["step 7", "step 8", "step 17"]
    assert "breakpoints: out_h1" in do("b w5")
    assert "breakpoints: none" in do("cl out_h1")
    assert "breakpoints: w1, w2" in do("b w1", "b w2")
    assert "breakpoints: none" in do("clear")
    assert "unknown breakpoint: 'w1'" in do("clear w1")
    assert "The pass is over." in do("c")


def test_continue_to_a_name_stops_at_its_next_contribution(do):
    assert do("c b2").startswith("step 11 of 32")
    assert do("c b2").startswith("step 20 of 32")
    assert "0.082167041" in do("goto 3", "continue w5")


def test_return_finishes_the_node(do):
    assert "step 2 of 32" in do("n", "r")
    assert "step 11 of 32" in do("goto 7", "r")
    assert "step 12 of 32" in do("r")


def test_the_end_shows_the_gradients_and_is_no_error(do):
    out = do("goto 32")
    assert all(re.search(rf"{name} +{gradient}\n", out) for name, gradient in GRADIENTS.items())
    for command in ("n", "c", "r", "s"):
        assert "The pass is over." in do(command)
    assert not do.debugger.refused


def test_print_shows_data_grad_and_arrivals(do):
    assert do("p out_h1").splitlines() == [
        "  out_h1 = σ(net_h1) = 0.593269992",
        "  grad so far: ? (0 of 2 contributions)",
        "    step 8, from net_o1: to come",
        "    step 17, from net_o2: to come",
    ]
    assert do("goto 10", "p out_h1").splitlines()[-3:] == [
        "  grad so far: 0.055399425 (1 of 2 contributions)",
        "    step 8, from net_o1: 0.138498562 × 0.4 = 0.055399425",
        "    step 17, from net_o2: to come",
    ]
    assert "E = E_o1 + E_o2 = 0.298371109\n  grad so far: 1" in do("print E")
    do("goto 0")
    assert (
        do("w5")
        == do("p w5")
        == "  w5 = 0.4, a leaf\n  grad so far: ? (0 of 1 contributions)\n    step 7, from net_o1: to come\n"
    )


def test_up_and_down_move_the_focus(do):
    assert "[net_o1] ◀━━ w5" in do("goto 7", "u")
    assert "net_o1 = w5" in do("p")
    assert "[out_o1]" in do("up")
    assert "1 path leads from E to out_o1" in do("w")
    assert "[net_o1] ◀━━ w5" in do("d")
    assert "[" not in do("down")
    assert "w5 is a leaf" in do("d")
    assert "◀─ [w1]" in do("goto 21", "d")
    assert "this is the root" in do("goto 0", "u")


def test_where_adds_up_all_paths(do):
    out = do("w w1")
    assert "2 paths lead from E to w1" in out
    assert "= 0.000438568" in out.splitlines()[-1]
    assert "1 path leads from E to E" in do("where")


def test_list_shows_what_is_done_and_hides_what_comes(do):
    lines = do("goto 7", "l").splitlines()[-11:]
    assert [line.split()[0] for line in lines] == ["2", "3", "4", "5", "6", "→", "8", "9", "10", "11", "12"]
    assert lines[5].endswith("0.082167041")
    assert all(line.endswith("?") for line in lines[6:])


def test_back_and_goto_go_back(do):
    assert "step 6 of 32" in do("goto 7", "back")
    assert "step 3 of 32" in do("rn 3")
    assert "the backward pass has 32 steps" in do("goto 0")
    assert "grad so far: ?" in do("p w5")
    assert "the backward pass has 32 steps" in do("back 5")
    assert "positions 0 to 32, got 33" in do("goto 33")


def test_one_step_leads_back():
    debugger = Debugger(ExpressionProblem("sqrt(x)", {"x": 3.0}), stdout=io.StringIO())
    debugger.begin()
    assert "; the backward pass has 1 step." in debugger.stdout.getvalue()


@pytest.mark.parametrize("guess", ["0.0822", "0.1385*0.5933", "0,1385 × 0,5933", "0.1385·0.5933", "-1 * −0.0822"])
def test_a_right_guess_is_right_however_it_is_written(do, guess):
    assert do("goto 6", f"g {guess}").endswith("Right.\n")


@pytest.mark.parametrize(
    ("guess", "said"), [("0.1385", "upstream gradient alone"), ("−0.0822", "the sign is not"), ("7", "That is not it.")]
)
def test_a_wrong_guess_hears_the_idea_and_not_the_answer(do, guess, said):
    do("goto 6")
    out = do(f"g {guess}")
    assert said in out
    assert "0.0821" not in out
    assert do.debugger.wrong


@pytest.mark.parametrize("text", ["w5", "__import__('os')", "1/0", "", "1 2", "print(1)", "[1]", "9**9**9**9", "0x"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(MicrobpError):
        learners_number(text)


def test_help_lists_every_letter(do):
    out = do("h")
    for letter in ("n", "s", "c", "r", "back", "goto", "b", "cl", "p", "u", "d", "w", "l", "g", "h", "q"):
        assert re.search(rf"^  {letter}\b.*: ", out, re.MULTILINE), letter
    assert do("h w") == do("help where") == do("?w")
    assert "nearest: where" in do("h wher")


def test_quit_and_the_end_of_input_end(do):
    do("q")
    assert do.ended
    do("EOF")
    assert do.ended


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("p w9", "no value is called 'w9'; nearest: w8, w7, w6"),
        ("b nett", "nearest: net_"),
        ("c w0", "nearest: w"),
        ("frob", "no command is called 'frob'"),
        ("nex", "nearest: next"),
        ("n x", "this needs a whole number of at least 1, got 'x'"),
        ("n 0", "at least 1"),
        ("goto -1", "at least 0"),
        ("h frob", "no command is called"),
        ("g w5", "needs a number for w5"),
    ],
)
def test_an_error_names_what_is_near_and_ends_a_batch_with_1(capsys, command, said):
    out = batch(capsys, command, "n", code=1)
    assert said in out
    assert out.startswith("*** ")
    assert "step 1" not in out


def test_a_guess_after_the_end_is_an_error(capsys):
    assert "the pass is over" in batch(capsys, "c", "g 1", code=1)


def test_a_wrong_guess_ends_a_batch_with_1_and_a_right_one_with_0(capsys):
    assert "local derivative alone" in batch(capsys, "goto 6", "g 0.5933", "l", code=1)
    assert batch(capsys, "goto 6", "g 0.0822").endswith("Right.\n")


def test_commands_come_before_what_is_piped_in_and_errors_there_count(piped):
    code, out, _ = piped("p\n", "step", "w1-w8", "-c", "goto 7")
    assert out.splitlines()[-2].startswith("  grad so far: 0.082167041")
    assert code == 0
    assert piped("p w9\nn\n", "step", "w1-w8")[0] == 1


def test_batch_without_commands_says_nothing(capsys):
    assert batch(capsys) == ""


def test_expressions_are_stepped_through(capsys):
    out = batch(capsys, "c w", "p b", problem=("sigmoid(w*x+b)", "w=2", "x=-1", "b=-3"))
    assert "= −0.006648057" in out.replace("\n", " ")
    assert "b = −3, a leaf" in out


def test_bad_usage_is_exit_code_2(capsys):
    assert main(["step", "x*x", "x=1", "--detail", "layer"]) == 2
    assert "only a network has layers" in capsys.readouterr().err
    assert main(["step", "w1-w9"]) == 2
    assert main(["step", "w1-w8", "--quiz-every", "0"]) == 2


def test_a_single_number_has_no_steps(capsys):
    assert "The pass is over." in batch(capsys, "n", "p", "l", "w", problem=("x", "x=1"))


def test_a_node_at_a_time_shows_its_contributions_together(capsys):
    assert main(["step", "w1-w8", "--detail", "node", "--batch", "-c", "n 11", "-c", "s"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("steps 16 to 20 of 32\n  ∂E/∂w7 +=")
    assert "0.138498562 + (−0.038098237) = 0.100400325" in out
    assert "\nstep 21 of 32" in out


def test_a_layer_at_a_time_shows_matrices(capsys):
    assert main(["step", "w1-w8", "--detail", "layer", "--batch", "-c", "n 2", "-c", "n"]) == 0
    out = capsys.readouterr().out
    assert "δ2 is ∂E/∂z2, a row for each sample" in out
    assert "dW2 = δ2ᵀ a1 = [  0.082167041   0.082667628 ]\n" in out
    assert "[ −0.022602540  −0.022740242 ]" in out
    assert "δ1 = (δ2 W2) ⊙ f′(z1)" in out
    assert "its gradient is the sum of db1, 0.018725609." in out


def batch_problem(l2=0.0):
    model = MLP(2, [3, 1], seed=1)
    weights, biases = (array if isinstance(array, list) else list(array) for array in model.arrays())
    return NetworkProblem(
        "a batch", [w.tolist() for w in weights], [b.tolist() for b in biases],
        inputs=[[0.5, -1.0], [1.0, 2.0], [0.0, 3.0]], targets=[[1.0], [0.0], [1.0]], activation="tanh", l2=l2,
    )  # fmt: skip


def test_a_batch_has_a_row_for_each_sample():
    out = io.StringIO()
    debugger = Debugger(batch_problem(l2=0.1), detail="layer", stdout=out)
    debugger.run(["n", "n", "n", "n", "p a[1][0]"], batch=True)
    root = batch_problem(l2=0.1).root()
    root.backward()
    grads = {value.label: value.grad for value in root.graph() if value.label.startswith("w")}
    text = out.getvalue()
    assert all(f"{grad:.9f}".replace("-", "−") in text for grad in grads.values())
    assert "dW1 = δ1ᵀ a0 = [  0.019400408   0.060246164 ]" in text
    assert [line for line in text.splitlines() if line.strip().startswith("a0")] == ["              a0 = [ 0.5   −1 ]"]
    assert "a[1][0] has 3 values, one for each sample" in text


def test_a_breakpoint_in_a_batch_holds_for_every_sample():
    out = io.StringIO()
    debugger = Debugger(batch_problem(), stdout=out)
    debugger.run(["b z[2][0]", "c", "c", "c"], batch=True)
    assert len(re.findall("^step ", out.getvalue(), re.MULTILINE)) == 3


def test_all_ends_in_the_published_gradients(capsys):
    assert main(["step", "w1-w8", "--all"]) == 0
    out = capsys.readouterr().out
    assert out.count("\nstep ") == 31
    last = dict(line.split() for line in out.splitlines()[-10:])
    assert {name: last[name] for name in GRADIENTS} == GRADIENTS


def test_all_by_layer_leaves_nothing_out(capsys):
    assert main(["step", "w1-w8", "--all", "--detail", "layer"]) == 0
    out = capsys.readouterr().out
    assert "0.138498562  −0.038098237" in out
    assert "more" not in out


def test_formats_are_markdown_latex_and_json(capsys):
    assert main(["step", "w1-w8", "--format", "md"]) == 0
    assert "## net\\_o1" in capsys.readouterr().out.replace("net_o1", "net\\_o1")
    assert main(["step", "w1-w8", "--format", "latex"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("{\\allowdisplaybreaks\n\\begin{align*}\n")
    assert r"\frac{\partial E}{\partial w_{5}}" in out
    for option in (["--format", "json"], ["--json"], ["--all", "--json"]):
        assert main(["step", "w1-w8", *option]) == 0
        data = json.loads(capsys.readouterr().out)
        assert data["root"] == "E"
        assert data["steps"][6]["contribution"] == pytest.approx(0.082167041)
    keys = {
        "number",
        "node",
        "node_id",
        "input",
        "input_id",
        "upstream",
        "local",
        "contribution",
        "before",
        "after",
        "formula",
    }
    assert set(data["steps"][0]) == keys


def test_by_weight_tells_it_as_the_texts_do(capsys):
    assert main(["step", "w1-w8", "--by", "weight"]) == 0
    out = capsys.readouterr().out
    assert "0.741365070 × 0.186815602 × 0.593269992 = 0.082167041" in out
    assert "0.036350306 × 0.241300709 × 0.05 = 0.000438568" in out
    assert "w5 ← 0.4 − 0.5 · 0.082167041 = 0.358916480" in out
    assert main(["step", "x*y", "x=2", "y=3", "--by", "weight"]) == 0
    assert "←" not in capsys.readouterr().out


HOSTILE = "net\x1b[31m\nstep 9 of 9\x9b2J\u202e"


def test_labels_cannot_command_the_terminal(monkeypatch):
    problem = ExpressionProblem("a*b + a", {"a": 2.0, "b": 3.0})
    problem._leaves["a"].label = HOSTILE
    problem.title = HOSTILE
    out = io.StringIO()
    debugger = Debugger(problem, stdout=out)
    shown = r"net\x1b[31m\nstep 9 of 9\x9b2J\u202e"
    commands = ("n", "p", "w", "l", "u", f"p {shown}", f"b {shown}", "c", "c", "p net\x1b[0m", "g \x1b[1m", "\x1b[0m")
    for command in commands:
        debugger.onecmd(command)
    for line in debugger.screen.whole_pass(problem.leaves()):
        debugger.say(line)
    text = out.getvalue()
    assert shown in text
    assert all(c.isprintable() or c == "\n" for c in text)
    assert not re.search("^ *step 9", text, re.MULTILINE)


@pytest.mark.slow
def test_a_terminal_without_unicode_gets_ascii(piped, monkeypatch):
    for arguments in (["-c", "goto 7"], ["--all", "--detail", "layer"], ["--quiz"], ["--by", "weight"]):
        written = io.BytesIO()
        with monkeypatch.context() as patched, io.TextIOWrapper(written, "ascii", write_through=True) as terminal:
            patched.setattr(sys, "stdout", terminal)
            piped("0.5\n", "step", "w1-w8", *arguments)
            out = written.getvalue().decode("ascii").replace("; ? skips", "")
        assert "dE/dw5" in out or "delta2 = dE/da2 (*) f'(z2)" in out or "--quiz" in arguments
        assert not re.search(r"\?(?! ?\(|$|\n)", out), out
    result = process("l\nu\n", "w1-w8", "-c", "goto 7", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert "E <- E_o1 <- ... <- out_o1 <- net_o1 <== w5" in result.stdout.decode("ascii")
    assert "output layer  @ o1  o o2" in result.stdout.decode("ascii")


@pytest.mark.slow
def test_bytes_that_are_no_text_are_an_error_and_no_crash():
    command = [sys.executable, "-m", "microbp", "step", "w1-w8"]
    result = subprocess.run(command, input=b"p \xff\xfe\nn\n", capture_output=True, check=False)
    assert result.returncode == 1
    assert b"step 1 of 32" in result.stdout
    assert b"Traceback" not in result.stderr


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("env", "colour"),
    [({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False), ({}, False), ({"TERM": "xterm", "NO_COLOR": "1"}, False)],
)
def test_colour_is_for_terminals_that_want_it(monkeypatch, env, colour):
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
        if name in env:
            monkeypatch.setenv(name, env[name])
    assert wants_colour(Terminal()) is colour
    assert not wants_colour(io.StringIO())
    out = Terminal()
    Debugger(load("w1-w8"), stdout=out).run(["goto 7", "l", "p"], batch=True)
    assert ("\x1b[" in out.getvalue()) is colour


def test_colour_changes_nothing_else_and_is_one_for_one_quantity():
    stepper = Stepper(load("w1-w8").root())
    step = stepper[6]
    plain, coloured = Screen(stepper), Screen(stepper, colour=True)
    painted = coloured.step(step)
    assert re.sub("\x1b\\[[0-9;]*m", "", painted) == plain.step(step)
    colours = dict(re.findall("\x1b\\[([0-9;]*)m([^\x1b]*)\x1b", painted)[::-1])
    found = re.findall("\x1b\\[([0-9;]*)m([^\x1b]*)\x1b", painted)
    assert [text for code, text in found if code == found[2][0]] == ["∂E/∂net_o1", "0.138498562"]
    assert len(colours) == 4


def test_a_long_chain_is_cut_in_the_middle():
    x = value = Value(1.0, label="x")
    for k in range(60):
        value = value + 1.0
        value.label = f"node_{k}"
    stepper = Stepper(value)
    values = way(stepper, x)
    text = Screen(stepper).chain(values)
    assert len(text) <= WIDTH
    assert text.startswith("node_59 ◀─")
    assert text.endswith("node_0 ◀━━ x")
    assert "…" in text


def test_wide_layers_are_shown_without_names():
    model = MLP(2, [16, 50, 1], seed=1)
    root = model([1.0, 2.0])
    stepper = Stepper(root, model=model)
    first, second, third = Screen(stepper, model).neurons(None)
    assert first.count("○") == 16
    assert second.endswith("… 50 neurons")
    assert third.endswith("○ 0")


def test_tab_completes_commands_and_names():
    debugger = Debugger(batch_problem(), stdout=io.StringIO())
    assert debugger.completenames("cont") == ["continue"]
    assert debugger.completedefault("w[2]") == ["w[2][0,0]", "w[2][0,1]", "w[2][0,2]"]


@pytest.mark.slow
def test_a_person_at_a_terminal_gets_a_prompt_tab_and_exit_code_0():
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    env.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "microbp", "step", "w1-w8"]
    screen = b""

    def prompts(n):
        nonlocal screen
        while screen.count(b"(bp) ") < n and select.select([ours], [], [], 20)[0]:
            screen += os.read(ours, 65536)

    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env)
    try:
        for k, typed in enumerate((b"c out_o\t1\r", b"p w9\r", b"q\r"), 1):
            prompts(k)
            os.write(ours, typed)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
    os.close(theirs)
    os.close(ours)
    assert b"step 5 of 32" in screen
    assert b"\x1b[1;38;5;208m" in screen
    assert b"nearest: w8" in screen


@pytest.mark.parametrize("columns", [70, 80, 100])
def test_no_line_is_wider_than_the_terminal_in_any_script(columns, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("sys.stdout", screen := Terminal())
    net = Value(0.5, "隠れ層の重み") * Value(2.0, "入力")
    out = net.tanh()
    root = out**2
    net.label, out.label, root.label = "隠れ層の総和", "隠れ層の出力", "二乗誤差"
    microbp.debug(root, commands=["n"] * 5 + ["p 入力", "w", "l", "v", "q"])
    shown = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in screen.getvalue().splitlines()]
    assert any("隠れ層の重み" in line for line in shown)
    assert [line for line in shown if breadth(line) > columns] == []


def test_an_interrupt_says_how_to_quit_and_goes_on(monkeypatch):
    debugger = Debugger(load("w1-w8"), stdin=io.StringIO("n\n"), stdout=io.StringIO())
    begin = iter([KeyboardInterrupt()])

    def interrupted():
        for interrupt in begin:
            raise interrupt

    monkeypatch.setattr(debugger, "preloop", interrupted)
    assert debugger.run() == 0
    out = debugger.stdout.getvalue()
    assert "q quits" in out
    assert "step 1 of 32" in out


def test_a_second_pass_goes_on_from_the_updated_weights(capsys):
    assert main(["step", "w1-w8", "--steps", "2", "--all"]) == 0
    out = capsys.readouterr().out
    assert out.count("step 32 of 32") == 2
    assert "  w1 ← 0.15 − 0.5 · 0.000438568 = 0.149780716\n" in out
    assert "  E = E_o1 + E_o2 = 0.267976501 + 0.023051272 = 0.291027774\n" in out
    for words in (["--steps", "0"], ["--steps", "2", "--json"]):
        assert main(["step", "w1-w8", *words]) == 2
        assert "--steps is a number of passes" in capsys.readouterr().err


def test_the_debugger_goes_on_with_the_update_and_shows_values_with_their_numbers():
    out = io.StringIO()
    debugger = Debugger(load("w1-w8"), stdout=out, passes=2)
    debugger.run(["update"], batch=True)
    assert "*** the pass is not over yet: c continues to its end" in out.getvalue()
    debugger = Debugger(load("w1-w8"), stdout=out, passes=2)
    debugger.run(["c", "n", "v net_h1", "p w1", "c", "n"], batch=True)
    assert "The pass is over; n continues with the update." in out.getvalue()
    assert "+ b1 = 0.149780716·0.05 + 0.199561432·0.1 + 0.35·1 = 0.377445179\n" in out.getvalue()
    assert (debugger.passes, round(debugger.stepper.root.data, 9)) == (1, 0.291027774)
    debugger.run(["v i1"], batch=True)
    assert "i1 has no line of its own: it is a leaf" in out.getvalue()


def test_what_is_told_can_be_narrowed_and_a_guess_says_what_it_is_of():
    out = io.StringIO()
    debugger = Debugger(load("w1-w8"), stdout=out)
    known = set(debugger.problem.leaves())
    debugger.stepper.tell(lambda step: step.input.op is not None or step.input in known)
    told = {step.input_name for step in debugger.stepper.shown}
    assert told >= {"w1", "b1", "out_h1"}
    assert not told & {"i1", "i2"}
    debugger.run(["goto 6", "g", "g 3"], batch=True)
    assert "step 7 of 32: what is the contribution?\n  ∂E/∂w5 += ∂E/∂net_o1 · ∂net_o1/∂w5 = ?" in out.getvalue()
    assert "  ∂E/∂w5 += ∂E/∂net_o1 · ∂net_o1/∂w5 = 3?\nThat is not it." in out.getvalue()


@pytest.mark.parametrize(
    "words",
    [
        ["--by", "weight", "--format", "latex"],
        ["--quiz", "--html", "x.html"],
        ["--detail", "node", "--quiz"],
        ["--html", "x.html", "--sample", "1"],
    ],
)
def test_options_that_have_no_effect_together_are_refused(words, capsys):
    assert main(["step", "w1-w8", *words]) == 2
    assert all(word in capsys.readouterr().err for word in words[::2][:1])
