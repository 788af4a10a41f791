"""The formulas of backpropagation for any layer: a row each, in rows of samples and in columns, with Θ and without.

Names stand in braces, with their layer, `{W:l T}` transposed, `{d:l|ij}` one entry: `notations` writes them, and
`quantities` knows their arrays and numbers.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One formula."""

    about: str
    rows: str
    columns: str = ""
    """The same where samples are columns, if it reads otherwise there."""
    theta: str = ""
    """The same with the biases in column 0 of the weights, samples in rows."""
    entry: str = ""
    """The same for sample i, neuron j, input k."""
    numbers: str = ""
    """One entry in numbers: i, j and k are the first ones."""
    of: str = "nodes"
    """Of which layers: every one, counted as "nodes" or as "weights"; "last", "hidden", "behind" (all but the first),
    "before" (the last but one)."""
    where: tuple[str, ...] = ()
    """The notations whose texts have it; all, if none is named."""
    when: str = ""
    """What must be so, of `quantities.Quantities.facts`."""
    shows: tuple[str, str] = ("", "")
    """Another array that is written down: its name, a symbol of `quantities`."""
    shapes: str = ""
    """Where they are not those of the names: with m, n (neurons of the layer) and p (of the one before)."""


TABLE = (
    Row(
        "The net",
        "{z:l} = {a:l-1} {W:l T} + {b:l}",
        "{z:l} = {W:l} {a:l-1} + {b:l}",
        "{z:l} = {A:l-1} {T:l T}",
        "{z:l|ij} = Σ_k {W:l|jk} {a:l-1|ik} + {b:l|j}",
        "{products} + {b} = {z}",
        of="weights",
    ),
    Row("The activation", "{a:l} = {f}({z:l})", entry="{a:l|ij} = …", numbers="{f_of_z} = {a}"),
    Row("Its derivative", "{slope:l} = {prime}", entry="{slope:l|ij} = …", numbers="{slope}"),
    Row("The loss", "{E} = {loss}", entry="{E} = …", numbers="{loss_number}", of="last"),
    Row(
        "Not {E} = {slip}, a slip that gives {slip_number}: the output, {f}({net}), is meant",
        "{E} = {loss}, with {y} the target",
        of="last",
        where=("delta",),
        when="half",
    ),
    Row(
        "Its derivative with respect to the last activation",
        "{up:L} = {derivative}",
        entry="{up:L|ij} = …",
        numbers="{up}",
        of="last",
    ),
    Row(
        "The derivative with respect to an earlier activation, without δ",
        "{up:l} = ({up:l+1} ⊙ {slope:l+1}) {W:l+1}",
        "{up:l} = {W:l+1 T} ({up:l+1} ⊙ {slope:l+1})",
        "{up:l} = (({up:l+1} ⊙ {slope:l+1}) {T:l+1})(:, 2:end)",
        "{up:l|ij} = Σ_q {up:l+1|iq} · {slope:l+1|iq} · {W:l+1|qj}",
        "{long_ways} = {up}",
        of="hidden",
        when="diagonal",
    ),
    Row(
        "The errors of all outputs come back, and add up",
        "{up:l} = ∂{E}_o1/∂{a:l} + ∂{E}_o2/∂{a:l} + …",
        entry="{up:l|ij} = Σ_q {up:L|iq} · {slope:L|iq} · {W:L|qj}",
        numbers="{way_numbers} = {up}",
        of="before",
        where=("w1-w8",),
        when="diagonal",
    ),
    Row(
        "The vector chain rule for one sample: the Jacobian of the activation is diagonal",
        "{up:l-1} = {up:l} · ∂{a:l}/∂{z:l} · ∂{z:l}/∂{a:l-1} = {up:l} diag({slope:l}) {W:l}",
        of="behind",
        where=("vector",),
        shows=("∂{a:l}/∂{z:l}, sample 1,", "diagonal"),
        shapes="(1, {p}) = (1, {n}) ({n}, {n}) ({n}, {p})",
        when="diagonal",
    ),
    Row(
        "The vector chain rule for a neuron, over all samples: a diagonal again, ∂{z:l}/∂{W:l} = {a:l-1}",
        "{dW:l} = {up:l T} · ∂{a:l}/∂{z:l} · ∂{z:l}/∂{W:l} = {up:l T} diag({slope:l}) {a:l-1}",
        of="last",
        where=("vector",),
        when="neuron",
        shows=("∂{a:l}/∂{z:l}", "over samples"),
        shapes="(1, {p}) = (1, {m}) ({m}, {m}) ({m}, {p})",
    ),
    Row(
        "A diagonal is ⊙, v diag(s) = v ⊙ s; transposed, (A B)ᵀ = Bᵀ Aᵀ, the line has samples in columns",
        "{d:l T} = ({W:l+1 T} {d:l+1 T}) ⊙ {slope:l T}",
        of="hidden",
        where=("vector",),
    ),
    Row(
        "δ is the derivative with respect to the net, and so to the bias, as ∂{z:l|j}/∂{b:l|j} = 1",
        "{d:l} = {dz:l}",
        entry="{d:l|ij} = {dz:l|ij} = {dz:l|ij} · ∂{z:l|ij}/∂{b:l|j}",
        numbers="{d} × 1 = {d}",
    ),
    Row(
        "δ of the last layer",
        "{d:L} = {up:L} ⊙ {slope:L}",
        entry="{d:L|ij} = {up:L|ij} · {slope:L|ij}",
        numbers="{up} × {slope} = {d}",
        of="last",
        when="diagonal",
    ),
    Row(
        "δ of the last layer, whose softmax depends on all nets of a sample",
        "{d:L} = {a:L} ⊙ ({up:L} − the row sums of {up:L} ⊙ {a:L})",
        "{d:L} = {a:L} ⊙ ({up:L} − the column sums of {up:L} ⊙ {a:L})",
        entry="{d:L|ij} = {a:L|ij} · ({up:L|ij} − Σ_q {up:L|iq} {a:L|iq})",
        numbers="{a} × ({up} − {row_sum}) = {d}",
        of="last",
        when="softmax",
    ),
    Row("The two together", "{d:L} = {delta}", entry="{d:L|ij} = …", numbers="{d}", of="last", when="together"),
    Row(
        "δ of an earlier layer",
        "{d:l} = ({d:l+1} {W:l+1}) ⊙ {slope:l}",
        "{d:l} = ({W:l+1 T} {d:l+1}) ⊙ {slope:l}",
        "{d:l} = ({d:l+1} {T:l+1})(:, 2:end) ⊙ {slope:l}",
        "{d:l|ij} = (Σ_q {d:l+1|iq} {W:l+1|qj}) · {slope:l|ij}",
        "({ways}) × {slope} = {d}",
        of="hidden",
    ),
    Row(
        "With the other sign, −δ = ({y} − {out}) ⊙ {f}′, it is added: {weights} := {weights} + {eta} (−δ) {out}ᵀ",
        "−{d:L} = −{up:L} ⊙ {slope:L}",
        entry="−{d:L|ij} = −{up:L|ij} · {slope:L|ij}",
        numbers="{minus_up} × {slope} = {minus_d}",
        of="last",
        where=("w1-w8",),
        when="half diagonal",
    ),
    Row(
        "The weights",
        "{dW:l} = {mean}{d:l T} {a:l-1}",
        "{dW:l} = {mean}{d:l} {a:l-1 T}",
        entry="{dW:l|jk} = {mean}Σ_i {d:l|ij} {a:l-1|ik}",
        numbers="{shares} = {share}",
        of="weights",
        when="apart",
    ),
    Row(
        "Why the sum over the samples is a product of matrices: its entries",
        "Σ_i {d:l|ij} {a:l-1|ik} = Σ_i ({d:l T})_ji {a:l-1|ik} = ({d:l T} {a:l-1})_jk",
        of="weights",
        where=("vector",),
    ),
    Row(
        "The same with its factors in the order of the chain, for one sample",
        "∂{E}/∂{W:l} = ∂{z:l}/∂{W:l} · ∂{a:l}/∂{z:l} · ∂{E}/∂{a:l}",
        entry="∂{E}/∂{W:l|jk} = {a:l-1|ik} · {slope:l|ij} · {up:l|ij}",
        numbers="{x} × {slope} × {up} = {one}",
        of="weights",
        where=("chain",),
        when="diagonal",
    ),
    Row(
        "Δ as a loop over the samples: start from 0, and each adds its own",
        "{Delta:l} := {Delta:l} + {d:l T} {A:l-1}",
        entry="{Delta:l|jk} = Σ_i {d:l|ij} {a:l-1|ik}",
        numbers="{loop}",
        of="weights",
        when="theta",
    ),
    Row(
        "With the penalty",
        "{dW:l} = … + (λ/m) {W:l}",
        entry="{dW:l|jk} = … + (λ/m) {W:l|jk}",
        numbers="{share} + {penalty} = {dW}",
        of="weights",
        when="penalty",
    ),
    Row(
        "Column 0, the biases: no λ",
        "{D:l|j0} = {mean}{Delta:l|j0}",
        entry="{D:l|j0} = {mean}Σ_i {d:l|ij}",
        numbers="{ds} = {ds_sum}",
        of="weights",
        when="spared",
    ),
    Row(
        "The other columns",
        "{D:l|jk} = {from_Delta}",
        entry="{D:l|jk} = {from_Delta}",
        numbers="{from_Delta_number} = {dW}",
        of="weights",
        when="theta",
    ),
    Row(
        "The biases",
        "{db:l} = {mean}Σ_i {d:l}",
        entry="{db:l|j} = {mean}Σ_i {d:l|ij}",
        numbers="{ds} = {ds_sum}",
        of="weights",
        when="apart",
    ),
    Row(
        "The biases with their penalty",
        "{db:l} = … + (λ/m) {b:l}",
        entry="{db:l|j} = … + (λ/m) {b:l|j}",
        numbers="{ds_sum} + {bias_penalty} = {db}",
        of="weights",
        when="penalised-biases",
    ),
    Row(
        "The one bias of the layer: the gradients of its neurons add up",
        "∂{E}/∂{b:l} = Σ_j {db:l|j}",
        theta="∂{E}/∂{b:l} = Σ_j {D:l|j0}",
        entry="∂{E}/∂{b:l} = …",
        numbers="{neurons} = {neurons_sum}",
        of="weights",
        when="shared",
    ),
    Row(
        "The gradient as one vector, layer by layer",
        "∇{E} = ({parameters})",
        entry="∇{E} = …",
        numbers="({gradients})",
        of="last",
    ),
    Row(
        "The update",
        "{W:l} := {W:l} − {eta} {dW:l}",
        theta="{T:l} := {T:l} − {eta} {D:l}",
        entry="{W:l|jk} := …",
        numbers="{w} − {rate} × {dW} = {new}",
        of="weights",
    ),
)  # fmt: skip  # a table
