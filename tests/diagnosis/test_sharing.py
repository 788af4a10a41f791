import os
import time
from functools import partial
from multiprocessing import active_children
from pathlib import Path

import pytest

from microbp.diagnosis.sharing import shared


def killed_elsewhere(parent, path, name):
    """The name, but a process that is not this one dies of it."""
    if os.getpid() != parent:
        os._exit(9)
    return name


def test_what_a_killed_process_left_is_done_by_who_waits_for_it():
    files = [Path(name) for name in "abc"]
    assert list(shared(partial(killed_elsewhere, os.getpid()), files, list("abc"), 2)) == ["a", "b", "c"]


def slow_after_the_first(path, name):
    if name != "a":
        time.sleep(60)
    return name


def test_an_interrupt_ends_the_processes_that_are_at_work():
    files = [Path(name) for name in "abcd"]
    before = set(active_children())
    rows = shared(slow_after_the_first, files, list("abcd"), 2)
    assert next(rows) == "a"
    with pytest.raises(KeyboardInterrupt):
        rows.throw(KeyboardInterrupt())
    assert set(active_children()) == before
