"""Random networks, and mistakes planted in their gradients."""

from itertools import pairwise

import numpy as np

from microbp.comparing.answers.read import read_gradients
from microbp.derivation.backprop import gradients, pass_of
from microbp.diagnosis.explanation import Explanation, Finding
from microbp.diagnosis.mistakes import MISTAKES
from microbp.diagnosis.search.changes import FACTORS, factor_value, is_factor, varieties
from microbp.diagnosis.search.elsewhere import MOST_EXCHANGED
from microbp.diagnosis.search.replay import ERRORS
from microbp.diagnosis.search.search import Search
from microbp.losses import LOSSES
from microbp.nn import MLP
from microbp.problems.exercise import exercise_of

LOSS_OF = {
    "softmax-diagonal-only": "softmax_cross_entropy",
    "softmax-over-samples": "softmax_cross_entropy",
    "softmax-over-all": "softmax_cross_entropy",
    "softmax-twice": "softmax_cross_entropy",
    "missing-loss-term": "binary_cross_entropy",
}
"""The losses without which a mistake cannot be made."""
HIDDEN = ("sigmoid", "tanh", "relu", "softplus", "leaky_relu", "elu")
OUTPUTS = {"binary_cross_entropy": ["sigmoid"], "softmax_cross_entropy": ["linear"], "hinge": ["linear", "tanh"]}


def random_case(rng, loss=None, hidden=None, l2=None, widest=6, batches=(1, 2, 3, 5, 10, 50), penalize=False):
    """A network of 1 to 4 layers with a batch of 1 to 50 samples, and what it takes to make it again."""
    sizes = rng.integers(1, widest + 1, size=rng.integers(2, 6)).tolist()
    if rng.random() < 0.3:
        sizes[1:-1] = [sizes[0]] * (len(sizes) - 2)  # equal widths: what needs a square matrix can happen
    loss = loss or str(rng.choice(sorted(LOSSES)))
    if "softmax_cross_entropy" in loss:
        sizes[-1] = max(2, sizes[-1])
    activations = [hidden or str(rng.choice(HIDDEN)) for _ in sizes[2:]]
    output = str(
        rng.choice(
            OUTPUTS.get(loss.removeprefix("mean_").removesuffix("_sum"), ["linear", "sigmoid", "tanh", "softplus"])
        )
    )
    weights = [rng.normal(size=(n, k)) for k, n in pairwise(sizes)]
    biases = [rng.normal(size=n) * 0.5 for n in sizes[1:]]
    m = int(rng.choice(batches))
    X = rng.normal(size=(m, sizes[0]))
    if "softmax_cross_entropy" in loss:
        Y = np.eye(sizes[-1])[rng.integers(0, sizes[-1], size=m)]
    elif "binary_cross_entropy" in loss:
        Y = rng.integers(0, 2, size=(m, sizes[-1])).astype(float)
    elif "hinge" in loss:
        Y = rng.choice([-1.0, 1.0], size=(m, sizes[-1]))
    else:
        Y = rng.normal(size=(m, sizes[-1]))
    model = MLP.from_arrays(weights, biases, activations, output)
    l2 = float(rng.choice([0.0, 0.1, 1.0])) if l2 is None else l2
    return exercise_of(model, X, Y, loss=loss, l2=l2, learning_rate=0.5, penalize_biases=penalize)


def planted(rng, case, mistake):
    """The mistake in a random variety and scope, as a finding."""
    changes, scopes = list(varieties(mistake, case)), mistake.scopes(case.depth)
    if not changes or not scopes:
        return None
    change = dict(changes[rng.integers(len(changes))])
    layers = scopes[rng.integers(len(scopes))] if rng.random() < 0.5 else scopes[0]
    m = float(len(case.Y))
    for rule in change.keys() & {*FACTORS}:
        solved = float(rng.choice([2.0, 0.5, m, 1 / m, 3.0, float(f"{rng.uniform(0.1, 5):.3f}")]))
        value = factor_value(change[rule], case)
        change[rule] = solved if value is None else value
    if "exchanged" in change.get("start", ""):
        places = [(l, *at) for l, W in enumerate(case.weights, 1) for at in np.ndindex(W.shape)]
        if not 1 < len(places) <= MOST_EXCHANGED:
            return None
        change["exchanged"] = tuple(places[k] for k in sorted(rng.choice(len(places), 2, replace=False)))
    if "targets" in change.get("start", ""):
        m = len(case.Y)
        some = rng.permutation(m) if m <= max(4, case.sizes[-2] + 1) else np.arange(m)[::-1]
        change["targets"] = tuple(some.tolist())
    stepped = "eta" in str(change) or "those" in change.get("start", "") or "passes" in change
    return Finding(mistake, change, layers, (), case.learning_rate if stepped else None)


def made_by(case, explanation):
    """The gradients that come of mistakes; None where their lines do not fit into this network."""
    try:
        with np.errstate(all="ignore"):
            return gradients(explanation.case(case), explanation.lines(case))
    except ERRORS:
        return None


def with_mistakes(rng, mistakes, digits=None, **of):
    """A network (of those options), and its gradients with these mistakes: such as differ from the right ones."""
    codes = [mistake.code for mistake in mistakes]
    for _ in range(400):
        needs_l2 = any("l2" in code or "regularized" in code for code in codes)
        case = random_case(
            rng,
            loss=next((loss for code, loss in LOSS_OF.items() if code in codes), None),
            hidden="relu" if "relu-mask-from-upstream" in codes else None,
            penalize="bias-not-regularized" in codes,
            l2=0.0 if "l2-not-in-loss" in codes else 1.0 if needs_l2 else None,
            **of,
        )
        findings = [planted(rng, case, mistake) for mistake in mistakes]
        if None in findings or clash(findings):
            continue
        findings.sort(key=lambda finding: is_factor(finding.change))  # a line that is replaced would lose it
        explanation = Explanation(tuple(findings), len(findings))
        wrong, *alone = [made_by(case, e) for e in (explanation, *(Explanation((f,), 1) for f in findings))]
        if wrong is None or any(g is None for g in alone):
            continue
        wrong, *alone = [rounded(g, digits) for g in (wrong, *alone)]
        if not all(np.isfinite(g).all() for g in wrong.values()):
            continue
        try:
            (given,) = read_gradients(case, wrong, loose=True)
        except ValueError:
            continue
        if "transposed-gradient" in codes and given.layout.weights != "out,in":
            continue  # with all of them transposed that is a layout
        # Each mistake must change the numbers, by itself and beside the other.
        if Search(case, given).is_right() or (len(alone) > 1 and any(same(wrong, g) for g in alone)):
            continue
        if any(same(g, rounded(case.truth[1], digits)) for g in alone):
            continue
        return case, given, explanation
    return None


def clash(findings):
    """Whether two mistakes change the same line of the same layer: only one of them can be in it."""
    lines = [(rule, l) for f in findings for rule in f.change for l in f.layers]
    return len(set(lines)) < len(lines)


def rounded(found, digits):
    if digits is None:
        return found
    return {name: np.array([float(f"{x:.{digits}g}") for x in g.flat]).reshape(g.shape) for name, g in found.items()}


def same(one, other):
    return all(
        one[k].shape == other[k].shape and np.allclose(one[k], other[k], rtol=1e-8, atol=1e-9 * np.abs(other[k]).max())
        for k in one
    )


BY_CODE = {mistake.code: mistake for mistake in MISTAKES}
SINGLE = "single-precision"
"""Not planted: what float32 arithmetic does to right numbers is right."""
PLANTED = [code for code in BY_CODE if code != SINGLE]


def named(case, given):
    """The codes of each explanation; "right" for right gradients."""
    search = Search(case, given)
    return [("right",)] if search.is_right() else [e.codes for e in search.explanations()]


def singles(code, digits, networks):
    """Networks with that mistake in their gradients, of so many digits (None: all): the case, and the gradients."""
    rng = np.random.default_rng([list(BY_CODE).index(code), digits or 0])
    for _ in range(networks):
        case, given, _ = with_mistakes(rng, [BY_CODE[code]], digits)
        yield case, given


def pairs(tenth, count):
    """Networks with two mistakes: their codes, the case, and the gradients."""
    rng = np.random.default_rng([3, tenth])
    while count:
        codes = sorted(rng.choice(PLANTED, 2, replace=False).tolist())
        if found := with_mistakes(rng, [BY_CODE[code] for code in codes]):
            count -= 1
            yield codes, *found[:2]


def right_forms(seed):
    """A random network, and its right gradients in every form in which they may be given, by what that is called."""
    case = random_case(np.random.default_rng([7, seed]))
    right = case.truth[1]
    single = gradients(case, pass_of(case).changed({"precision": "single"}, ()))
    return case, {
        "exact": right,
        "float32": {name: g.astype(np.float32) for name, g in right.items()},
        "float32 as doubles": {name: g.astype(np.float32).astype(np.float64) for name, g in right.items()},
        "computed in float32": {name: g.astype(np.float32) for name, g in single.items()},
        "computed in float32, as doubles": single,
        "6 digits": rounded(right, 6),
        "4 digits": rounded(right, 4),
        "9 decimals": {name: g.round(9) for name, g in right.items()},
    }
