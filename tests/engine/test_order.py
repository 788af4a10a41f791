"""Ctrl-C at any moment, threads, forks and signal handlers: the next backward is right, and returns."""

import copy
import os
import random
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from hypothesis import given

import microbp
from microbp import Value
from microbp.engine import order
from microbp.errors import GraphError
from tests import ROOT
from tests.graphs import graphs

INTERRUPTS = int(os.environ.get("MICROBP_INTERRUPTS", "300"))
needs_timer = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs signal.setitimer")


class Stop(BaseException):
    """What the timer's handler raises, as Ctrl-C raises KeyboardInterrupt."""


def diamonds(depth=40):
    x = Value(1.0, label="x")
    y = x
    for _ in range(depth):
        y = microbp.total([y, y, x]) * 0.5
    return x, y.tanh()


def by_recursion(root):
    """The interior nodes as the books have them: the inputs from left to right, then the node, each once."""
    found = {}

    def visit(node):
        if node.op is not None and node not in found:
            for x in node.inputs:
                visit(x)
            found[node] = None

    visit(root)
    return list(found)


@given(graphs())
def test_both_walks_go_as_recursion_does(graph):
    root, leaves = graph
    expected = by_recursion(root)
    for number in (1, 2, 3, next(order._numbers)):  # the first walks' numbers are objects that Python has once
        assert order._walk(root, number) == order._walk_apart(root) == expected
        assert order.topological_order(root) == expected
        assert order.topological_order(root, backward=True) == expected
    assert {leaf._state for leaf in leaves} == {order.LEAF}
    assert order.topological_order(leaves[0]) == []


def test_a_copy_may_be_the_first_that_a_process_walks(monkeypatch):
    a = Value(2.0)
    root = copy.deepcopy((a * 3.0) * (a + 1.0))
    monkeypatch.setattr(order, "_numbers", count(1))
    assert len(order.topological_order(root)) == 3


def test_a_walk_beside_another_marks_nothing():
    _, root = diamonds(5)
    nodes = root.graph()
    marks = [node._state for node in nodes]
    order._walks.add("another")
    try:
        assert order.topological_order(root) == by_recursion(root)
        assert all(node._state is mark for node, mark in zip(nodes, marks, strict=True))
    finally:
        order._walks.discard("another")
    assert not order._walks


def test_the_value_that_two_passes_share_is_named_one_with_a_label_first():
    a, b, c = Value(1.0), Value(2.0, label="w2"), Value(3.0, label="w1")
    mine, other = (a * b + c).graph(), ((a + 1) * (b + c)).graph()
    order.passes[1], order.passes[2] = mine, other
    try:
        with pytest.raises(GraphError, match=r"under way through Value\(3\.0, label='w1'\), in another thread"):
            order.refuse_shared(1, mine)
        order.refuse_shared(1, [])
        apart = Value(1.0) * 2
        order.refuse_shared(3, [apart])
        with pytest.raises(GraphError, match=r"through Value\(1\.0\)"):
            order.refuse_shared(3, [a * 1.0])
        del order.passes[2]
        order.refuse_shared(1, mine)
    finally:
        order.passes.clear()


def build_backward_draw_and_step(root):
    _, fresh = diamonds(60)
    fresh.backward()
    root.backward()
    root.zero_grad()
    microbp.draw(fresh.inputs[0].inputs[0].inputs[0])
    n = random.randint(1, 400)  # some rows of families are made anew
    microbp.affine([Value(0.5)] * n, [2.0] * n, 0.0).backward()
    stepper = microbp.steps(fresh)
    stepper.next()
    stepper.back()


@pytest.mark.slow
@needs_timer
def test_after_an_interrupt_at_any_moment_the_next_backward_is_right_and_returns():
    """In a process of its own: an interrupt may hit whatever else runs in this one, a lock of the test runner too."""
    command = [sys.executable, "-c", f"from tests.engine.test_order import interrupt; interrupt({INTERRUPTS})"]
    subprocess.run(command, cwd=ROOT, check=True, timeout=300)


def interrupt(count):
    """Stops building, backward, drawing and stepping so many times, at random moments."""
    x, root = diamonds()
    root.backward()
    right = x.grad
    build_backward_draw_and_step(root)  # what is imported is imported now

    def stop(signum, frame):
        raise Stop

    before = signal.signal(signal.SIGALRM, stop)
    rng, hits = random.Random(0), 0
    try:
        while hits < count:
            try:
                signal.setitimer(signal.ITIMER_REAL, rng.choice((1e-4, 1e-3, 1e-2)) * rng.random() + 1e-6)
                while True:
                    build_backward_draw_and_step(root)
            except Stop:
                hits += 1
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            root.zero_grad()
            root.backward()
            assert x.grad == right
            assert not order.passes
    finally:
        signal.signal(signal.SIGALRM, before)
    assert len(order._walks) <= 1  # a walk that was cut off while it was going away: the next ones mark nothing


@needs_timer
def test_a_signal_handler_may_walk_and_is_told_where_it_may_not_write():
    x, root = diamonds(400)
    root.backward()
    right, n = x.grad, len(root.graph())
    said, walked, seen = [], [], []

    def handler(signum, frame):
        walked.append(len(root.graph()))
        other = Value(3.0)
        (other * other).backward()
        seen.append(other.grad)
        try:
            root.backward()
        except GraphError as error:
            said.append(str(error))

    before = signal.signal(signal.SIGALRM, handler)
    try:
        for k in range(400):  # later and later, until it has come at both times: in the walk, and in the pass
            root.zero_grad()
            told, came = len(said), len(walked)
            signal.setitimer(signal.ITIMER_REAL, 1e-5 + k * 1e-5)
            root.backward()
            signal.setitimer(signal.ITIMER_REAL, 0)
            passes = 1 + (len(walked) - came) - (len(said) - told)  # those that were not refused ran as well
            assert x.grad == pytest.approx(passes * right, rel=1e-12, abs=0.0)
            if k > 30 and said:
                break
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert set(walked) == {n}
    assert set(seen) == {6.0}
    assert said
    assert "another one is under way" in said[0]


@pytest.fixture
def hurried():
    """Threads change as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("hurried")
def test_separate_graphs_in_eight_threads_are_right():
    x, root = diamonds(200)
    root.backward()
    right = x.grad

    def work(_):
        found = []
        for _ in range(10):
            x, root = diamonds(200)
            root.backward()
            found.append(x.grad)
        return found

    with ThreadPoolExecutor(8) as pool:
        assert {grad for found in pool.map(work, range(8)) for grad in found} == {right}
    assert not order._walks
    assert not order.passes


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("share", ["all", "a leaf", "a part"])
def test_one_graph_in_several_threads_is_right_or_refused(share):
    x, root = diamonds(300)
    h = root.inputs[0]
    roots = {"all": [root] * 4, "a leaf": [x * k * h.data for k in range(4)], "a part": [h * k for k in range(1, 5)]}[
        share
    ]
    expected = []
    for one in roots:
        root.zero_grad()
        one.backward()
        expected.append(x.grad)
    x.grad = 0.0
    done, refused, barrier = [], [], threading.Barrier(4)

    def work(k):
        barrier.wait()
        for _ in range(20):
            assert len(roots[k].graph()) == sizes[k]
            try:
                roots[k].backward()
                done.append(k)
            except GraphError as error:
                refused.append(str(error))

    sizes = [len(one.graph()) for one in roots]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len(done) + len(refused) == 80
    assert x.grad == pytest.approx(sum(expected[k] for k in done), rel=1e-12, abs=0)
    assert all("another one is under way through" in said for said in refused)
    root.backward()  # and afterwards it goes on


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"
)  # Python 3.12 warns of forks beside threads, which is the point
def test_a_fork_while_another_thread_walks_goes_on_in_the_child():
    _, root = diamonds(3000)
    going = threading.Event()
    going.set()

    def walk():
        while going.is_set():
            root.backward()

    thread = threading.Thread(target=walk)
    thread.start()
    try:
        for _ in range(5):
            child = os.fork()
            if not child:
                root.backward()
                x, other = diamonds(3)
                other.backward()
                os._exit(0 if x.grad and not order._walks and not order.passes else 1)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        going.clear()
        thread.join()


def test_the_order_of_a_graph_that_is_walked_again_is_kept_and_nothing_else_is(monkeypatch):
    walked = []
    monkeypatch.setattr(order, "_walk", lambda root, done, walk=order._walk: walked.append(root) or walk(root, done))
    x, root = diamonds()
    held = sys.getrefcount(x)
    first = root.graph()
    for _ in range(5):
        x.grad = 0.0
        root.backward()
        assert root.graph() == first
    assert walked == [root] * 4  # graph(), backward(), both once more; then the order is known
    above = root * 2.0
    above.backward()  # it goes through the root, whose own order is walked anew after that
    assert root.graph() == first
    assert walked == [root] * 4 + [above, root]
    del root, above, first, walked[:]
    assert sys.getrefcount(x) < held
