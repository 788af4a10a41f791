"""`python -m microbp`, and the command `microbp`: what has to happen before the rest of it is imported."""

import os
import signal
import sys

from microbp.terminal.command_table import INTERRUPTED
from microbp.terminal.console import open_streams


def main() -> int:
    """Runs the command with the arguments of the process; returns its exit code. Ctrl-C is one line at any moment."""
    before = signal.getsignal(signal.SIGINT)
    heard = before is signal.default_int_handler  # not in the background of a shell
    try:
        if heard:
            # Half-imported packages make other errors of a KeyboardInterrupt, and there is nothing yet to be lost.
            signal.signal(signal.SIGINT, _end)
        open_streams()
        _one_thread()
        _keep_memory()
        from microbp.terminal.cli import main as command

        if heard:
            signal.signal(signal.SIGINT, before)
        return command()
    except KeyboardInterrupt:
        _say()
        return INTERRUPTED


def _one_thread() -> None:
    """Gives NumPy one thread, unless the user said otherwise: small matrices wait for more longer than they compute."""
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")


def _keep_memory() -> None:
    """Gives a large block back to glibc, untouched: it then keeps what is smaller, as arrays are that each step makes
    and frees. Else it may give their memory back to the system each time: a fifth of a long command's seconds.
    """
    bytes(32_000_000)


def _end(*_: object) -> None:
    _say()
    os._exit(INTERRUPTED)


def _say() -> None:
    os.write(2, b"microbp: interrupted\n")


if __name__ == "__main__":
    sys.exit(main())
