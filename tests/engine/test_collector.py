import gc

import pytest

from microbp import Value, load, many_nodes, train


def test_the_collector_is_as_it_was_whatever_happened():
    def fail():
        with many_nodes(), many_nodes():
            raise ZeroDivisionError(gc.isenabled())

    with pytest.raises(ZeroDivisionError, match="False"):
        fail()
    assert gc.isenabled()
    gc.disable()
    try:
        with many_nodes():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_graphs_leave_nothing_to_collect():
    with many_nodes():
        gc.collect()
        for _ in range(20):
            w = Value(0.5)
            out = w
            for _ in range(50):
                out = (out * w + w).tanh()
            out.backward()
        del out, w
        assert gc.collect() == 0


def test_training_pauses_it_and_leaves_nothing_to_collect():
    paused = []
    problem = load("w1-w8")
    train(problem, steps=1)
    gc.collect()
    train(problem, steps=200, on_step=lambda step, loss: paused.append(not gc.isenabled()))
    assert all(paused)
    assert len(paused) == 200
    assert gc.isenabled()
    assert gc.collect() < 100  # as many for 200 steps as for one
