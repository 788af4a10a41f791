"""Any sequence of what one can do with values, beside a naive model that goes over every path."""

import copy
import math
import pickle

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

import microbp
from microbp import Value, errstate
from microbp.engine import Constant

OPERATIONS = {
    "add": (lambda a, b: a + b, lambda a, b: (1.0, 1.0)),
    "sub": (lambda a, b: a - b, lambda a, b: (1.0, -1.0)),
    "mul": (lambda a, b: a * b, lambda a, b: (b, a)),
    "max": (lambda a, b: max(a, b), lambda a, b: ((a > b) + 0.5 * (a == b), (b > a) + 0.5 * (a == b))),
    "tanh": (math.tanh, lambda a: (1 / math.cosh(a) ** 2,)),
    "sin": (math.sin, lambda a: (math.cos(a),)),
    "relu": (lambda a: max(a, 0.0), lambda a: (float(a > 0),)),
    "neg": (lambda a: -a, lambda a: (-1.0,)),
    "total": (lambda *xs: math.fsum(xs), lambda *xs: (1.0,) * len(xs)),
}


class Model:
    """A number by name of its inputs; gradients by recursion over all paths' last steps."""

    def __init__(self, data, op=None, inputs=()):
        self.data, self.op, self.inputs, self.grad = data, op, inputs, 0.0

    def below(self, seen=None):
        seen = {} if seen is None else seen
        if self not in seen:
            for x in self.inputs:
                x.below(seen)
            seen[self] = None
        return list(seen)

    def backward(self, seed):
        order = self.below()
        arrived = dict.fromkeys(order, 0.0)
        arrived[self] = seed
        for node in reversed(order):
            if node.op is None:
                node.grad += arrived[node]
                continue
            node.grad = arrived[node]
            slopes = OPERATIONS[node.op][1](*(x.data for x in node.inputs))
            for x, slope in zip(node.inputs, slopes, strict=True):
                arrived[x] += node.grad * slope


def paired(value, model):
    """Each value below with its model, inputs before what is made of them."""
    found = {}

    def pair(value, model):
        if value not in found:
            for x, its in zip(value.inputs, model.inputs, strict=True):
                pair(x, its)
            found[value] = model

    pair(value, model)
    return list(found.items())


def near(a, b):
    return a == b or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9 * max(1.0, abs(a), abs(b)))


class Engine(RuleBasedStateMachine):
    """Values in the engine, each with its model."""

    values = Bundle("values")

    def __init__(self):
        super().__init__()
        self.pairs = []
        self.quiet = errstate("ignore")
        self.quiet.__enter__()

    def teardown(self):
        self.quiet.__exit__(None, None, None)

    def keep(self, value, model):
        self.pairs.append((value, model))
        return value, model

    @initialize(target=values, numbers=st.lists(st.floats(-2, 2), min_size=2, max_size=4))
    def leaves(self, numbers):
        return multiple(*(self.keep(Value(x), Model(x)) for x in numbers))

    @rule(target=values, op=st.sampled_from(sorted(OPERATIONS)), inputs=st.lists(values, min_size=1, max_size=5))
    def build(self, op, inputs):
        forward = OPERATIONS[op][0]
        n = len(inputs) if op == "total" else 1 if op in ("tanh", "sin", "relu", "neg") else 2
        inputs = (inputs * 2)[:n]
        data = forward(*(model.data for _, model in inputs))
        if abs(data) > 1e3:
            return multiple()
        if len(inputs) == 1 and op == "total":
            return multiple()
        own = [value for value, _ in inputs]
        made = {
            "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "neg": lambda a: -a,
            "total": lambda *xs: microbp.total(xs),
        }.get(op, lambda x, *more: getattr(x, op)(*more))(*own)  # fmt: skip
        return self.keep(made, Model(data, op, tuple(model for _, model in inputs)))

    @rule(pair=values, seed=st.floats(-2, 2))
    def backward(self, pair, seed):
        pair[0].backward(seed)
        pair[1].backward(seed)

    @rule(pair=values)
    def zero(self, pair):
        pair[0].zero_grad()
        for model in pair[1].below():
            model.grad = 0.0

    @rule(pair=values, data=st.floats(-2, 2))
    def edit_a_leaf_and_compute_anew(self, pair, data):
        value, model = pair
        if model.op is not None:
            return
        value.data = model.data = data
        for other, its in self.pairs:  # what was made from it comes after it
            if its.op is not None:
                other.data = its.data = OPERATIONS[its.op][0](*(x.data for x in its.inputs))

    @rule(pair=values, there=st.integers(0, 30), back=st.integers(0, 30))
    def step_there_and_back(self, pair, there, back):
        value, model = pair
        stepper = microbp.steps(value)
        stepper.goto(min(there, len(stepper)))
        for _ in range(back):
            stepper.back()
        stepper.goto(len(stepper))
        below = model.below()
        before = {node: node.grad for node in below}
        for node in below:
            node.grad = 0.0
        model.backward(1.0)
        for one, its in paired(value, model):
            if not isinstance(one, Constant) and stepper.grad(one) is not None:
                assert near(stepper.grad(one), its.grad)
        for node, grad in before.items():
            node.grad = grad

    @rule(target=values, pair=values, how=st.sampled_from([copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))]))
    def copied(self, pair, how):
        value, model = pair
        again, its = how(value), copy.deepcopy(model)
        pairs = paired(again, its)
        self.pairs += pairs
        return pairs[-1]

    @rule(first=values, second=values)
    def pickled_together(self, first, second):
        one, two = pickle.loads(pickle.dumps([first[0], second[0]]))
        shared = set(first[0].graph()) & set(second[0].graph())
        assert len(set(one.graph()) & set(two.graph())) == len(shared)

    @invariant()
    def values_and_grads_agree(self):
        for value, model in self.pairs:
            assert near(value.data, model.data)
            assert near(value.grad, model.grad)


TestEngine = Engine.TestCase
TestEngine.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
