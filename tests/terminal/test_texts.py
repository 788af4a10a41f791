"""The five texts that the built-in problems are from, formula by formula: which command shows it, and with what number.

The numbers of w1–w8 are those that its text prints; where that rounds otherwise, it is said.
"""

import contextlib
import io
import re
from functools import cache

import pytest

from microbp.derivation.general.notations import NOTATIONS
from microbp.errors import MicrobpError
from microbp.problems import builtin_names
from microbp.terminal.cli import main
from microbp.terminal.looking import learners_number

GENERAL = "explain --general --notation"
"""Before a notation and a problem."""
TABLE = [
    # text, formula, command, what it shows
    ("matrix form", "J before its derivatives", "forward matrix-form",
     "J = J_data + penalty = 2.100950570 + 0.045409245 = 2.146359815"),
    ("matrix form", "a = g(z)", "forward matrix-form", "a[1][0]@1 = σ(z[1][0]@1) = σ(0.087469031) = 0.521853326"),
    ("matrix form", "δ of the output is a − y, here over m", "explain matrix-form --weight w[1][0,0]",
     "δ[2][i,j] = ∂J/∂a[2][i,j] · f′(z[2][i,j]) = (a − y) / m"),
    ("matrix form", "δ = (Θᵀ δ) ⊙ g′(z)", "explain matrix-form --weight w[1][0,0]", "δ1 = (δ2 W2) ⊙ f′(z1)"),
    ("matrix form", "g′ = a (1 − a)", "explain matrix-form --weight w[1][0,0]", "f′ = a·(1 − a) (sigmoid)"),
    ("matrix form", "D for j ≠ 0: a sum over samples and λ/m Θ", "explain matrix-form --weight w[1][0,0]",
     "∂J/∂W1 = δ1ᵀ a0 + (λ/m) W1"),
    ("matrix form", "its number", "explain matrix-form --weight w[1][0,0]", "dW1[0, 0] = −0.016767980"),
    ("matrix form", "D for j = 0: no λ", "explain matrix-form --weight b[1][0]", "∂J/∂b[1][j] = Σ_i δ[1][i,j]"),
    ("chain", "C = (a − y)²", "forward chain", "C = (1 − a3)² = (1 − 0.564587712)² = 0.189583860"),
    ("chain", "z = w a + b", "forward chain", "z3 = w3·a2 + b3 = 0.9·0.510891536 + (−0.2)·1 = 0.259802383"),
    ("chain", "∂C/∂w of the last layer", "step chain --by weight",
     "∂C/∂w3 = ∂C/∂a3 · ∂a3/∂z3 · ∂z3/∂w3 = (−0.870824575) × 0.245828427 × 0.510891536 = −0.109368306"),
    ("chain", "∂C/∂b of the last layer", "step chain --by weight", "0.245828427 × 1 = −0.214073436"),
    ("chain", "∂C/∂a of the layer before", "step chain --all",
     "∂C/∂a2 += ∂C/∂z3 · ∂z3/∂a2 = (−0.214073436) × 0.9 = −0.192666092"),
    ("chain", "the same for any value: ∂C/∂a, the whole chain", "explain chain --of a[1][0]",
     "∂C/∂a1 = ∂C/∂a3 · ∂a3/∂z3 · ∂z3/∂a2 · ∂a2/∂z2 · ∂z2/∂a1"),
    ("w1–w8", "δ_o1 = ∂E/∂out_o1 · ∂out_o1/∂net_o1", "explain w1-w8 --of δ[2][0]",
     "∂E/∂net_o1 = ∂E/∂out_o1 · ∂out_o1/∂net_o1 = 0.741365070 × 0.186815602 = 0.138498562"),
    ("w1–w8", "−(target − out)", "explain w1-w8 --of out_o1", "0.5 × (−1.482730139) × (−1) = 0.741365070"),
    ("w1–w8", "∂E/∂out_h1, way by way", "explain w1-w8 --of out_h1",
     "∂E/∂out_h1 = 0.055399425 + (−0.019049118) = 0.036350306"),
    ("w1–w8", "one bias a layer", "explain w1-w8 --general", "its gradient is the sum of theirs."),
    ("chain, grown wide", "C_k and their mean", "step chain-wide --by weight", "= 1/4 · (∂C_1/∂w"),
    ("chain, grown wide", "∂C/∂a is a sum over the neurons", "step chain-wide --detail node --all",
     "∂z[2][1]@4/∂a[1][0]@4"),
    ("vectors", "δ of all samples at once", "step chain-wide --detail layer --all", "δ1 = (δ2 W2) ⊙ f′(z1)"),
    ("vectors", "dW = δᵀ a", "step chain-wide --detail layer --all", "dW2 = δ2ᵀ a1 = [ 0.030535888  0.031188671"),
    ("vectors", "shapes", "explain chain-wide --weight w[1][0,0]", "(3, 2) = (3, 4) @ (4, 2)"),
    ("vectors", "one neuron, f = x0", "step neuron --by weight",
     "∂C/∂w1 = 1/2 · (∂C_1/∂w1 + ∂C_2/∂w1) = 1/2 × (1.145849656 + (−0.507815248)) = 0.319017204"),
    ("w1–w8", "net_h1", "forward w1-w8", "net_h1 = w1·i1 + w2·i2 + b1 = 0.15·0.05 + 0.2·0.1 + 0.35·1 = 0.3775"),
    ("w1–w8", "out_h1", "forward w1-w8", "out_h1 = σ(net_h1) = σ(0.3775) = 0.593269992"),
    ("w1–w8", "out_h2", "forward w1-w8", "0.596884378"),
    ("w1–w8", "net_o1", "forward w1-w8", "= 1.105905967"),
    ("w1–w8", "out_o1", "forward w1-w8", "out_o1 = σ(net_o1) = σ(1.105905967) = 0.75136507"),
    ("w1–w8", "E_o1, E_o2, E", "forward w1-w8", "E = E_o1 + E_o2 = 0.274811083 + 0.023560026 = 0.298371109"),
    ("w1–w8", "∂E/∂w5 and its factors", "step w1-w8 --by weight",
     "∂E/∂out_o1 · ∂out_o1/∂net_o1 · ∂net_o1/∂w5 = 0.741365070 × 0.186815602 × 0.593269992 = 0.082167041"),
    ("w1–w8", "δ_o1, δ_o2", "step w1-w8 --detail layer --all", "δ2 = [ 0.138498562  −0.038098237 ]"),
    ("w1–w8", "w5, w6, w7, w8 after the update", "step w1-w8 --by weight",
     "w5 ← 0.4 − 0.5 · 0.082167041 = 0.358916480"),
    ("w1–w8", "w6⁺", "step w1-w8 --by weight", "0.408666186"),
    ("w1–w8", "w7⁺", "step w1-w8 --by weight", "0.511301270"),
    ("w1–w8", "w8⁺", "step w1-w8 --by weight", "0.561370121"),
    ("w1–w8", "∂E/∂out_h1, a sum over both outputs; the text has −0.019049119", "step w1-w8 --by weight",
     "0.138498562 × 0.4 + (−0.038098237) × 0.5 = 0.055399425 + (−0.019049118) = 0.036350306"),
    ("w1–w8", "∂out_h1/∂net_h1", "step w1-w8 --by weight", "0.241300709"),
    ("w1–w8", "∂E/∂w1", "step w1-w8 --by weight", "0.036350306 × 0.241300709 × 0.05 = 0.000438568"),
    ("w1–w8", "w1⁺, w2⁺", "step w1-w8 --by weight", "= 0.149780716"),
    ("w1–w8", "w2⁺", "step w1-w8 --by weight", "0.199561432"),
    ("w1–w8", "w3⁺", "step w1-w8 --by weight", "0.249751144"),
    ("w1–w8", "w4⁺", "step w1-w8 --by weight", "0.299502287"),
    ("w1–w8", "out_o1 misprinted as 0.75136079", "conventions w1-w8 --published 0.75136079",
     "A misprint? out_o1 before training is 0.751365070"),
    ("w1–w8", "−0.019049119, a rounding of its own", "conventions w1-w8 --published=-0.019049119",
     "A misprint? the part of ∂E/∂out_h1 through net_o2 before training is −0.019049118"),
    ("delta rule", "δ = ∂E/∂u = ∂E/∂b", "step delta-rule --all",
     "∂E/∂b[3][0] += ∂E/∂z[3][0] · ∂z[3][0]/∂b[3][0] = (−0.086496979) × 1 = −0.086496979"),
    ("delta rule", "E = ½ ‖y − f(u)‖², not ½ ‖y − u‖²", "forward delta-rule", "a[3][0])²"),
    ("delta rule", "δ of a hidden layer", "explain delta-rule --weight w[1][0,0]",
     "δ[1][i,j] = (Σ_q δ[2][i,q] · w[2][q,j]) · f′(z[1][i,j])"),
    ("delta rule", "∂E/∂W = xᵀ δ", "explain delta-rule --weight w[1][0,0]", "∂E/∂W1 = δ1ᵀ a0"),
    ("matrix form", "Θ with the column of ones", f"{GENERAL} matrix-form matrix-form", "z(l+1) = [1 a(l)] Θ(l)ᵀ"),
    ("matrix form", "the cut δ(:, 2:end)", f"{GENERAL} matrix-form matrix-form",
     "δ(l) = (δ(l+1) Θ(l))(:, 2:end) ⊙ g′(z(l))"),
    ("matrix form", "δ of the output, of each sample", f"{GENERAL} matrix-form matrix-form", "δ(L) = a − y"),
    ("matrix form", "∂J/∂a before δ is there, a recursion", f"{GENERAL} matrix-form matrix-form",
     "∂J/∂a_ij(l) = Σ_q ∂J/∂a_iq(l+1) · g′(z_iq(l+1)) · Θ_qj(l)"),
    ("matrix form", "Δ := Δ + δ aᵀ, sample by sample", f"{GENERAL} matrix-form matrix-form",
     "Δ_11(1) = −0.001803055 + (−0.000092197) = −0.001895251"),
    ("matrix form", "D for j = 0", f"{GENERAL} matrix-form matrix-form", "D_j0(l) = 1/m Δ_j0(l)"),
    ("matrix form", "D for j = 0, its number as published", f"{GENERAL} matrix-form matrix-form", "= −0.009278252"),
    ("matrix form", "D for j ≠ 0", f"{GENERAL} matrix-form matrix-form", "D_jk(l) = 1/m (Δ_jk(l) + λ Θ_jk(l))"),
    ("matrix form", "D for j ≠ 0, its number as published", f"{GENERAL} matrix-form matrix-form",
     "D_11(1) = 1/5 × ((−0.000015249) + 3 × (−0.027941550)) = −0.016767980"),
    ("matrix form", "g′ derived", f"{GENERAL} matrix-form matrix-form",
     "e⁻ᶻ/(1 + e⁻ᶻ)² = 1/(1 + e⁻ᶻ) · (1 − 1/(1 + e⁻ᶻ)) = a·(1 − a)"),
    ("matrix form", "Θ := Θ − α D", f"{GENERAL} matrix-form matrix-form", "Θ(l) := Θ(l) − α D(l)"),
    ("chain", "z_j in indices", f"{GENERAL} chain chain", "z_j(l) = Σ_k w_jk(l) a_k(l−1) + b_j(l)"),
    ("chain", "∂C/∂w in the text's order", f"{GENERAL} chain chain",
     "∂C/∂w_00(3) = 0.510891536 × 0.245828427 × (−0.870824575) = −0.109368306"),
    ("chain", "∇C as one vector, in order", f"{GENERAL} chain chain",
     "∇C = (0.003544914, 0.004431143, −0.030863336, −0.048143668, −0.109368306, −0.214073436)"),
    ("chain, grown wide", "∂C/∂w is the mean over the samples", f"{GENERAL} chain chain-wide",
     "∂C/∂w_00(1) = 1/4 × (0.067108010 × 0 + (−0.061459483) × 0 + (−0.055603215) × 1 + 0.063059261 × 1) = 0.001864012"),
    ("vectors", "the vector chain rule, Jacobians", f"{GENERAL} vector chain-wide",
     "∂C/∂a(l−1) = ∂C/∂a(l) · ∂a(l)/∂z(l) · ∂z(l)/∂a(l−1)"),
    ("vectors", "their shapes", f"{GENERAL} vector chain-wide", "(1, 3) = (1, 2) (2, 2) (2, 3)"),
    ("vectors", "∂a/∂z is a diagonal", f"{GENERAL} vector chain-wide",
     "∂a(2)/∂z(2), sample 1, = [ 0.236345043 0 ] [ 0 0.228940148 ]"),
    ("vectors", "the same for one neuron", f"{GENERAL} vector neuron", "(1, 3) = (1, 2) (2, 2) (2, 3)"),
    ("vectors", "transposition", f"{GENERAL} vector chain-wide", "(A B)ᵀ = Bᵀ Aᵀ"),
    ("vectors", "Σ_i δ_ij a_ik = (δᵀa)_jk", f"{GENERAL} vector chain-wide", "a_ik(l−1) = (δ(l)ᵀ a(l−1))_jk"),
    ("vectors", "0/1 data: numbers in binary, the target is the first digit", "forward first-bit",
     "z@7 = w1·x1@7 + w2·x2@7 + w3·x3@7 + b = 0.5·1 + (−0.3)·1 + 0.8·0 + 0.2·1 = 0.4"),
    ("vectors", "its gradient, the mean over all eight", "explain first-bit --notation vector",
     "W_11(1) := 0.5 − 0.5 × (−0.059593230) = 0.529796615"),
    ("vectors", "the update", f"{GENERAL} vector neuron", "W_11(1) := 0.5 − 0.1 × 0.319017204 = 0.468098280"),
    ("vectors", "a sample that was not seen", "forward neuron --on −1.5,0.3,2", "0.5·(−1.5) + (−0.3)·0.3 + 0.8·2"),
    ("w1–w8", "∂E/∂out_h1 = ∂E_o1/∂out_h1 + ∂E_o2/∂out_h1", f"{GENERAL} w1-w8 w1-w8",
     "∂E/∂out_1(1) = 0.055399425 + (−0.019049118) = 0.036350306"),
    ("w1–w8", "−δ", f"{GENERAL} w1-w8 w1-w8", "−δ_1(2) = (−0.741365070) × 0.186815602 = −0.138498562"),
    ("delta rule", "(1) ∂E/∂W = δ yᵀ", f"{GENERAL} delta delta-rule", "∂E/∂W(l) = δ(l) y(l−1)ᵀ"),
    ("delta rule", "(2) δ of the last layer", f"{GENERAL} delta delta-rule", "δ(L) = ∂E/∂y(L) ⊙ f′(u(L))"),
    ("delta rule", "(3) δ before, for any layer and a neuron", f"{GENERAL} delta delta-rule",
     "δ_j(l) = (Σ_q δ_q(l+1) W_qj(l+1)) · f′(u_j(l))"),
    ("delta rule", "δ = ∂E/∂b = ∂E/∂u, and why", f"{GENERAL} delta delta-rule",
     "and so to the bias, as ∂u_j(l)/∂b_j(l) = 1"),
    ("delta rule", "the slip ½ ‖u − t‖² is noted", f"{GENERAL} delta delta-rule", "Not E = ½Σ(u − t)², a slip"),
]  # fmt: skip  # a table


@cache
def shown(command):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        assert main(command.split()) == ("conventions" in command)
    return " ".join(text.getvalue().replace("\\", "").split())  # Markdown has backslashes, lines are broken


@pytest.mark.parametrize(("text", "formula", "command", "line"), TABLE)
def test_each_formula_of_the_texts_is_shown(text, formula, command, line):
    assert " ".join(line.split()) in shown(command), f"{text}: {formula}"


PRINTING = [
    "forward {}",
    "explain {}",
    "explain {} --of a[1][0]@1",
    *(f"explain {{}} --notation {n}" for n in NOTATIONS),
    *(f"explain {{}} --general --notation {n}" for n in NOTATIONS),
]
PROBLEMS = [name for name in builtin_names() if name != "digits"]


def printed(command):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        if main(command.split()) and "@1" in command:  # one sample has no mark
            main(command.replace("@1", "").split())
    return text.getvalue()


def joined(text):
    """The lines, with what was broken put together again."""
    lines = []
    for line in text.splitlines():
        deeper = lines and len(line) - len(line.lstrip()) > len(lines[-1]) - len(lines[-1].lstrip())
        if deeper and (line.lstrip()[:1] in "=·×+−(" or lines[-1].rstrip()[-1:] in "=·×+(") and line.strip():
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
    return lines


def worth(text):
    """What an expression of numbers comes to, and how large its numbers are; `None` if it is no such expression."""
    if not re.fullmatch(r"[\d.×·+−() /e²]+", text) or not re.search(r"\d", text):
        return None
    try:
        return learners_number(text.replace("²", "**2")), max(map(float, re.findall(r"\d[\d.]*", text)))
    except MicrobpError:
        return None


@pytest.mark.parametrize("problem", PROBLEMS)
def test_each_equation_in_numbers_is_true(problem, capsys):
    judged = 0
    for command in PRINTING:
        for line in joined(printed(command.format(problem))):
            for one, two in zip(*[line.split(": ")[-1].split(" = ")[k:] for k in (0, 1)], strict=False):
                left, right = worth(one.strip()), worth(two.strip())
                if left and right:
                    scale = max(1.0, left[1], right[1])
                    assert left[0] == pytest.approx(right[0], rel=1e-6, abs=2e-8 * scale), f"{command}: {line}"
                    judged += 1
    assert judged > 40
