"""Random forward passes in NumPy with their backward passes, as source code, and slips in one line of them.

Every operation is a row: how it is written, its vector-Jacobian products by hand, and what learners write instead.
"""

import linecache
from dataclasses import dataclass, field

import numpy as np

N, D = 4, 3


def unb(G, shape):
    """Sums over what was broadcast."""
    G = G.sum(axis=tuple(range(G.ndim - len(shape))))
    return G.sum(axis=tuple(k for k, n in enumerate(shape) if n == 1 and G.shape[k] != 1), keepdims=True).reshape(shape)


def back_gather(G, idx, shape):
    out = np.zeros(shape)
    np.add.at(out, idx, G)
    return out


def put(G, idx, shape):
    out = np.zeros(shape)
    out[idx] = G
    return out


def pad_top(G):
    return np.concatenate([np.zeros_like(G[:1]), G])


def pad_bottom(G):
    return np.concatenate([G, np.zeros_like(G[:1])])


def softmax(x):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


TOOLS = {f.__name__: f for f in (unb, back_gather, put, pad_top, pad_bottom, softmax)} | {"np": np}

FULL = {(N, D)}
UNARY = {
    "np.tanh(X)": (
        "G * (1 - O**2)",
        ["G", "G * (1 - X**2)", "G * (1 - np.tanh(O)**2)", "-G * (1 - O**2)", "G * O * (1 - O)"],
    ),
    "1 / (1 + np.exp(-X))": (
        "G * O * (1 - O)",
        ["G", "G * O", "G * (1 - O)", "G * X * (1 - X)", "G * (1 - O**2)", "2 * G * O * (1 - O)"],
    ),
    "np.exp(X * 0.5)": ("G * O * 0.5", ["G * O", "G * 0.5", "G * X * 0.5"]),
    "np.maximum(X, 0)": ("G * (X > 0)", ["G", "G * (X < 0)", "G * O"]),
    "X**2": ("G * 2 * X", ["G * X", "G * 2", "G * 2 * O", "-G * 2 * X"]),
    "X**3": ("G * 3 * X**2", ["G * 3 * X", "G * X**2", "G * 3 * O", "G * 2 * X**2"]),
    "np.abs(X)": ("G * np.sign(X)", ["G", "-G * np.sign(X)"]),
    "np.log(X**2 + 1)": ("G * 2 * X / (X**2 + 1)", ["G / (X**2 + 1)", "G * 2 * X", "G * X / (X**2 + 1)"]),
    "np.sqrt(X**2 + 0.5)": ("G * X / O", ["G / O", "G * 0.5 / O", "G * X * O", "G * 2 * X / O"]),
    "np.sin(X)": ("G * np.cos(X)", ["G", "G * np.cos(O)", "-G * np.cos(X)", "G * np.sin(X)"]),
    "np.clip(X, -1, 1)": ("G * (np.abs(X) < 1)", ["G", "G * (np.abs(X) > 1)"]),
    "np.cumsum(X, axis=0)": ("G[::-1].cumsum(axis=0)[::-1]", ["G.cumsum(axis=0)", "G"]),
    "softmax(X)": (
        "O * (G - (G * O).sum(axis=1, keepdims=True))",
        [
            "G * O * (1 - O)",
            "G * O",
            "O * (G - (G * O).sum(axis=0, keepdims=True))",
            "G - (G * O).sum(axis=1, keepdims=True)",
        ],
    ),
    "X - X.mean(axis=0)": (
        "G - G.mean(axis=0)",
        ["G", "G - G.mean(axis=1, keepdims=True)", "G - G.sum(axis=0)", "G + G.mean(axis=0)"],
    ),
    "(X - X.mean(axis=0)) / (X.std(axis=0) + 0.5)": (
        "(lambda s, c: G / (s + 0.5) - (G / (s + 0.5)).mean(axis=0) - c / s * (G * c).mean(axis=0) / (s + 0.5)**2)"
        "(X.std(axis=0), X - X.mean(axis=0))",
        ["G / (X.std(axis=0) + 0.5)", "(G - G.mean(axis=0)) / (X.std(axis=0) + 0.5)"],
    ),
    "X[::-1]": ("G[::-1]", ["G"]),
    "X[idx]": ("back_gather(G, idx, X.shape)", ["put(G, idx, X.shape)"]),
    "np.pad(X[1:], ((1, 0), (0, 0)), mode='constant')": (
        "pad_top(G[1:])",
        ["pad_bottom(G[1:])", "G", "pad_top(G[:-1])"],
    ),
    "X.reshape(D, N).T * 2": ("2 * G.T.reshape(X.shape)", ["2 * G.reshape(X.shape)", "G.T.reshape(X.shape)"]),
}
"""(N, D) → (N, D): how it is written, its way back, and wrong ways."""
BINARY = {
    "X + Y": (("G", "G"), (["-G", "2 * G"], ["-G", "0.5 * G"])),
    "X - Y": (("G", "-G"), (["-G"], ["G", "-2 * G"])),
    "X * Y": (("G * Y", "G * X"), (["G", "G * X", "-G * Y", "G * Y**2"], ["G", "G * Y", "G * O"])),
    "X / (Y**2 + 1)": (
        ("G / (Y**2 + 1)", "-G * X * 2 * Y / (Y**2 + 1)**2"),
        (
            ["G", "G * (Y**2 + 1)"],
            [
                "G * X * 2 * Y / (Y**2 + 1)**2",
                "-G * X * 2 * Y / (Y**2 + 1)",
                "-G * X * Y / (Y**2 + 1)**2",
                "-G * 2 * Y / (Y**2 + 1)**2",
            ],
        ),
    ),
    "np.where(X > Y, X, Y * 2)": (
        ("G * (X > Y)", "G * 2 * (X <= Y)"),
        (["G", "G * (X <= Y)"], ["G * 2", "G * (X <= Y)", "G * 2 * (X > Y)"]),
    ),
    "np.maximum(X, Y)": (("G * (X >= Y)", "G * (Y > X)"), (["G", "G * (X < Y)"], ["G", "G * (Y < X)"])),
}
REDUCE = {
    "X.sum(axis=0)": (
        "np.broadcast_to(G, X.shape)",
        ["np.broadcast_to(G, X.shape) / len(X)", "-np.broadcast_to(G, X.shape)"],
    ),
    "X.mean(axis=0)": (
        "np.broadcast_to(G, X.shape) / len(X)",
        ["np.broadcast_to(G, X.shape)", "np.broadcast_to(G, X.shape) / X.shape[1]"],
    ),
    "X.max(axis=0)": (
        "G * (X == X.max(axis=0)) / (X == X.max(axis=0)).sum(axis=0)",
        ["np.broadcast_to(G, X.shape)", "G * (X == X.min(axis=0))"],
    ),
    "X.var(axis=0)": (
        "G * 2 * (X - X.mean(axis=0)) / len(X)",
        [
            "G * 2 * X / len(X)",
            "G * (X - X.mean(axis=0)) / len(X)",
            "G * 2 * (X - X.mean(axis=0)) / (len(X) - 1)",
            "G * 2 * (X - X.mean(axis=0))",
        ],
    ),
    "(X**2).mean(axis=0)": ("G * 2 * X / len(X)", ["G * X / len(X)", "G * 2 * X", "G * 2 / len(X)"]),
}
"""(N, D) → (D,)"""


@dataclass
class Step:
    out: str
    forward: str
    inputs: list
    ways: list
    """For each input its way back, and wrong ones."""


@dataclass
class Program:
    seed: int
    steps: list = field(default_factory=list)
    shapes: dict = field(default_factory=dict)
    leaves: list = field(default_factory=list)

    def __post_init__(self):
        rng = np.random.default_rng(self.seed)
        self.rng = rng
        for name, shape in (("x", (N, D)), ("y", (N, D)), ("w", (D, D)), ("b", (D,)), ("c", (N, 1))):
            self.leaves.append(name)
            self.shapes[name] = shape
        for k in range(int(rng.integers(3, 9))):
            self._step(f"v{k}")
        ends = [
            name for name in self.shapes if name not in self.leaves and not any(name in s.inputs for s in self.steps)
        ]
        self.ends = ends
        self.data = {name: rng.normal(size=self.shapes[name]) for name in self.leaves} | {"idx": rng.integers(0, N, N)}

    def _pick(self, shape):
        names = [name for name, found in self.shapes.items() if found == shape]
        late = names[-3:] if self.rng.random() < 0.7 else names
        return late[int(self.rng.integers(len(late)))]

    def _step(self, out):
        kind = self.rng.choice(["unary", "unary", "binary", "binary", "matmul", "reduce", "row", "column"])
        if kind == "unary":
            text = list(UNARY)[int(self.rng.integers(len(UNARY)))]
            way, wrong = UNARY[text]
            self._add(out, text, [self._pick((N, D))], [(way, wrong)], (N, D))
        elif kind == "matmul":
            x, w = self._pick((N, D)), self._pick((D, D))
            self._add(
                out,
                "X @ Y",
                [x, w],
                [
                    ("G @ Y.T", ["G @ Y", "2 * G @ Y.T", "-G @ Y.T", "G"]),
                    ("X.T @ G", ["(X.T @ G).T", "X.T @ G / len(X)", "O.T @ G"]),
                ],
                (N, D),
            )
        elif kind == "reduce":
            text = list(REDUCE)[int(self.rng.integers(len(REDUCE)))]
            self._add(out, text, [self._pick((N, D))], [REDUCE[text]], (D,))
        else:
            text = list(BINARY)[int(self.rng.integers(len(BINARY)))]
            (first, second), (wrong, other) = BINARY[text]
            shape = {"binary": (N, D), "row": (D,), "column": (N, 1)}[kind]
            x, y = self._pick((N, D)), self._pick(shape)
            if x == y:
                return
            if shape != (N, D):
                bare = second
                second = f"unb({bare}, Y.shape)"
                other = [f"unb({o}, Y.shape)" for o in other] + [
                    bare,
                    f"unb({bare}, Y.shape) / {N if shape == (D,) else D}",
                ]
            self._add(out, text, [x, y], [(first, wrong), (second, other)], (N, D))

    def _add(self, out, forward, inputs, ways, shape):
        self.steps.append(Step(out, forward, inputs, ways))
        self.shapes[out] = shape

    @staticmethod
    def _fill(text, step):
        names = dict(zip("XY", step.inputs, strict=False)) | {"O": step.out, "G": f"d{step.out}"}
        out, k = "", 0
        while k < len(text):
            alone = not (k and (text[k - 1].isalnum() or text[k - 1] in "._")) and not (
                k + 1 < len(text) and text[k + 1].isalnum()
            )
            out += names.get(text[k], text[k]) if alone else text[k]
            k += 1
        return out.replace("(D, N)", f"({D}, {N})")

    def forward_source(self):
        lines = [f"    {s.out} = {self._fill(s.forward, s)}" for s in self.steps]
        loss = " + ".join(f"(({end} + 0.3)**2).sum()" for end in self.ends)
        names = ", ".join(f'"{s.out}": {s.out}' for s in self.steps)
        return "\n".join(
            [
                f"def forward({', '.join([*self.leaves, 'idx'])}):",
                *lines,
                f"    loss = {loss}",
                f"    return {{{names}, 'loss': loss}}",
                "",
            ]
        )

    def backward_source(self, change=None):
        """The backward pass; `change` is (number of the step, number of the input, what it adds instead, or None)."""
        names = [*self.leaves, "idx", *(s.out for s in self.steps)]
        lines = []
        contributions = {}
        for k in reversed(range(len(self.steps))):
            step = self.steps[k]
            terms = contributions.get(step.out, [])
            if step.out in self.ends:
                terms = [f"2 * ({step.out} + 0.3)", *terms]
            lines.append(f"    d{step.out} = {' + '.join(terms) or f'0 * {step.out}'}")
            for j, (name, (way, _)) in enumerate(zip(step.inputs, step.ways, strict=True)):
                text = way
                if change is not None and change[:2] == (k, j):
                    text = change[2]
                    if text is None:
                        continue
                contributions.setdefault(name, []).append(f"({self._fill(text, step)})")
        lines += [f"    d{name} = {' + '.join(contributions.get(name, [])) or f'0 * {name}'}" for name in self.leaves]
        given = ", ".join(f'"d{name}": d{name}' for name in self.shapes)
        return "\n".join([f"def backward({', '.join(names)}):", *lines, f"    return {{{given}}}", ""])

    def functions(self, change=None):
        found = []
        for name, source in (("forward", self.forward_source()), ("backward", self.backward_source(change))):
            file = f"<program {self.seed} {name}>"
            linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
            space = dict(TOOLS)
            exec(compile(source, file, "exec"), space)
            found.append(space[name])
        return found

    def slips(self):
        """(change, the array whose line is wrong)"""
        for k, step in enumerate(self.steps):
            for j, (name, (way, wrong)) in enumerate(zip(step.inputs, step.ways, strict=True)):
                changes = [*wrong, f"2 * ({way})", None]
                for text in changes:
                    yield (k, j, text), name
