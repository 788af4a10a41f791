"""The order of the chain rule: inputs before results, without recursion, each node once."""

from __future__ import annotations

from threading import Lock
from typing import Any

NEW, OPEN, DONE = 0, 1, 2
"""The marks on a node: leaves are done, the others are new but during a walk."""
_walking = Lock()


def topological_order(root: Any) -> list[Any]:
    """The interior nodes that `root` depends on, inputs before results.

    The depth-first walk that recursion would do: go down to the first input that is not done yet; where all are, the
    node is done. `path` leads back up. A node with many inputs is opened: all that are not done go on the path at once.
    """
    order: list[Any] = []
    if root.op is None:
        return order
    path: list[Any] = []
    node = root
    _walking.acquire()  # another thread's marks would mix with these
    try:
        while True:
            x, y = node._x, node._y
            if y is None and x.__class__ is tuple:
                if not node._state:
                    node._state = OPEN
                    path.append(node)
                    path += [z for z in reversed(x) if not z._state]
                    node = path.pop()
                    continue
            elif not x._state:
                path.append(node)
                node = x
                continue
            elif y is not None and not y._state:
                path.append(node)
                node = y
                continue
            if node._state != DONE:  # it may have been done from elsewhere before its turn came
                node._state = DONE
                order.append(node)
            if not path:
                break
            node = path.pop()
    finally:
        for node in order:
            node._state = NEW
        for node in path:  # none is left, unless something interrupted the walk
            node._state = NEW
        _walking.release()
    return order
