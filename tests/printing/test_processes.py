"""Work in the background: what it finds or raises, asked for as often as one likes, and while Ctrl-C comes."""

import functools
import os
import signal
import sys
import threading
from subprocess import PIPE, Popen

import pytest

from microbp.printing import end_group, in_background, read_until


def test_what_is_found_and_what_is_raised_is_told_each_time():
    ready = threading.Event()
    answer, error = in_background(lambda: ready.wait() and "found"), in_background(lambda: 1 / 0)
    for seconds in (0.01, -1.0):
        with pytest.raises(TimeoutError):
            answer(seconds)
        with pytest.raises(ZeroDivisionError):
            error(60.0)
    ready.set()
    assert answer(60.0) == answer(0.0) == "found"


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill with SIGINT ends a process there")
def test_what_is_awaited_when_ctrl_c_comes_can_be_awaited_still(request):
    # A shell starts what it runs in the background with SIGINT ignored, and then nothing would come for a minute.
    request.addfinalizer(functools.partial(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT)))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    ready = threading.Event()
    answer = in_background(lambda: ready.wait() and "found")
    threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        answer(60.0)
    threading.Timer(0.02, ready.set).start()
    assert answer(60.0) == "found"


def test_a_pipe_is_read_to_its_end_or_the_last_byte_or_the_most():
    with Popen([sys.executable, "-c", "print('a\\nb\\n' + 200_000 * 'x')"], stdout=PIPE) as process:
        assert read_until(process.stdout, 10, b"\n").startswith(b"a\n")
        assert 100_000 <= len(read_until(process.stdout, 100_000)) < 100_000 + (1 << 16)
        assert read_until(process.stdout, 1_000_000).endswith(b"x\n")
        assert read_until(process.stdout, 10) == b""


def test_a_group_that_has_ended_is_ended_once_more():
    with Popen([sys.executable, "-c", ""], start_new_session=True) as process:
        process.wait()
        end_group(process)
        assert process.returncode == 0
