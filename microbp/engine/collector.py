"""Loops that build many nodes, without Python's garbage collector walking over each of them again and again.

The graph has no cycles: a node is freed when nothing refers to it any more, by counting alone. The collector finds
nothing in it, but looks at every live node each time that some have been made.

>>> import gc
>>> from microbp import Value
>>> with many_nodes():
...     gc.isenabled()
...     w = Value(2.0)
...     (w * w + 1.0).backward()
False
>>> gc.isenabled(), w.grad
(True, 4.0)
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def many_nodes() -> Iterator[None]:
    """Pauses the garbage collector; afterwards it is as it was, whatever happened. It may be nested.

    What else has cycles, for example an exception that is kept, is freed only after it: use it for a loop, not for a
    whole program.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
