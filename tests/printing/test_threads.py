import os
import subprocess
import sys

import pytest

from microbp.printing import threads


@pytest.fixture
def library(monkeypatch):
    """A library of four threads, and what was set."""
    counts = [4]
    monkeypatch.setattr(threads, "openblas", lambda: (lambda: counts[-1], counts.append))
    for name in threads.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    return counts


def test_inside_there_is_one_thread_and_afterwards_as_many_as_before(library):
    with threads.one_thread():
        assert library[-1] == 1
        with threads.one_thread():
            assert library[-1] == 1
        assert library[-1] == 1
    assert library[-1] == 4
    with pytest.raises(KeyError), threads.one_thread():
        raise KeyError
    assert library[-2:] == [1, 4]


def test_who_goes_out_first_leaves_it_to_the_last(library):
    first, second = threads.one_thread(), threads.one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert library[-1] == 1
    second.__exit__(None, None, None)
    assert library[-1] == 4


@pytest.mark.parametrize("name", threads.SETTINGS)
def test_what_the_user_said_counts(library, monkeypatch, name):
    monkeypatch.setenv(name, "3")
    with threads.one_thread():
        assert library == [4]


def test_the_library_that_numpy_has_is_found():
    code = (
        "import numpy; from microbp.printing.threads import one_thread, openblas\n"
        "assert openblas() or 'openblas' not in numpy.show_config('dicts')['Build Dependencies']['blas']['name']\n"
        "if openblas():\n"
        "    openblas()[1](2)\n"
        "    with one_thread(): assert openblas()[0]() == 1\n"
        "    assert openblas()[0]() == 2"
    )
    environment = {key: value for key, value in os.environ.items() if key not in threads.SETTINGS}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
