"""The order of the chain rule: inputs before results, without recursion, each node once; and who may go where.

There is no lock, so that nothing can wait for ever. A walk that is alone marks the nodes with a number of its own:
what an interrupted walk left behind means nothing to the next. A walk that starts while another is under way (a second
thread's, or the one that a signal handler interrupted) marks nothing and remembers where it was. So walks are right
from any number of threads. Passes write the grads of their nodes, so that two of them may not share a value: the one
that comes second is refused.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from microbp.engine.ieee import report_gradients
from microbp.engine.lecture import pull_from_none
from microbp.errors import GraphError

NEW, LEAF = 0, -1
"""The marks on a node before any walk, and on a leaf for ever: small numbers, of which Python has one object each."""
WALKED = ()
"""The mark on a root after one backward pass. After the next it is the order itself, but for the root: no node refers
to itself. The first walk from elsewhere that comes through it puts its own mark there."""
_numbers = count(1)
_walks: set[object] = set()
"""A key for each walk that is under way."""
passes: dict[object, Sequence[Any]] = {}
"""The interior nodes of each pass that is under way: of two that begin at once, each sees the other here."""

if hasattr(os, "register_at_fork"):  # no other thread of the parent goes on in the child
    os.register_at_fork(after_in_child=_walks.clear)
    os.register_at_fork(after_in_child=passes.clear)


def topological_order(root: Any, backward: bool = False) -> list[Any]:
    """The interior nodes that `root` depends on, inputs before results. The order of a second backward pass is kept."""
    if root.op is None:
        return []
    if (kept := root._state).__class__ is list:
        return [*kept, root]
    key = object()
    try:
        _walks.add(key)
        if len(_walks) > 1:
            return _walk_apart(root)
        order = _walk(root, next(_numbers))
        if backward or kept is WALKED:  # here nobody else marks anything
            root._state = order[:-1] if backward and kept is WALKED else WALKED
        return order
    finally:
        _walks.discard(key)


def _walk(root: Any, done: int) -> list[Any]:
    """The depth-first walk that recursion would do, marking what is done.

    Go down to the first input that is not done yet; where all are, the node is done. `path` leads back up. A node with
    many inputs is opened: all that are not done go on the path at once.
    """
    opened, leaf = -1 - done, LEAF
    order: list[Any] = []
    path: list[Any] = []
    node = root
    while True:  # marks are compared by identity, which is quicker: this walk puts the same two objects everywhere
        x, y = node._x, node._y
        if y is None and x.__class__ is tuple:
            if node._state is not opened and node._state is not done:
                node._state = opened
                path.append(node)
                path += [z for z in reversed(x) if z._state is not done and z._state is not leaf]
                node = path.pop()
                continue
        elif (mark := x._state) is not done and mark is not leaf:
            path.append(node)
            node = x
            continue
        elif y is not None and (mark := y._state) is not leaf and mark is not done:
            path.append(node)
            node = y
            continue
        if node._state is not done:  # it may have been done from elsewhere before its turn came
            node._state = done
            order.append(node)
        if not path:
            return order
        node = path.pop()


def _walk_apart(root: Any) -> list[Any]:
    """The same order, with no mark on any node."""
    order: list[Any] = []
    opened: set[Any] = set()
    done: set[Any] = set()
    path = [root]
    while path:
        node = path.pop()
        if node in opened:
            if node not in done:
                done.add(node)
                order.append(node)
            continue
        opened.add(node)
        path.append(node)
        path += [x for x in reversed(node.inputs) if x.op is not None and x not in done]
    return order


def pull_back(order: Sequence[Any], seed: float, pairs: Sequence[tuple[Callable[[Any], None], Any]] = ()) -> None:
    """One backward pass over these interior nodes, the root first, inputs after all that was made from them.

    `pairs` are pullbacks and these nodes, for passes that are repeated: looking them up takes a fourteenth of the time.
    Raises `GraphError` if another pass writes to some of these values.
    """
    key = object()
    try:
        passes[key] = order
        if len(passes) > 1:
            refuse_shared(key, order)
        for node in order:
            node.grad = 0.0
        order[0].grad = seed
        check = seed
        if pairs:
            for pull, node in pairs:
                try:
                    pull(node)
                except TypeError:
                    pull_from_none(node)
                check += node.grad
        else:
            for node in order:
                pull = node.op.pull
                try:
                    pull(node)
                except TypeError:
                    pull_from_none(node)
                check += node.grad
    finally:
        passes.pop(key, None)  # one call in C, which Ctrl-C cannot cut short
    if check - check:
        report_gradients(order)


def refuse_shared(key: object, order: Sequence[Any]) -> None:
    """Raises `GraphError` if another pass, which is not over, writes the grads of some of these nodes or leaves too."""
    mine = _touched(order)
    for other in [nodes for k, nodes in list(passes.items()) if k != key]:
        if shared := mine & _touched(other):
            value = min(shared, key=lambda node: (not node.label, node.label))
            raise GraphError(
                f"backward() needs its values to itself, and another one is under way through {value!r}, in another "
                "thread or below this signal handler: gradients would be lost. Let them take turns, or give each a "
                "copy (copy.deepcopy)."
            )


def _touched(order: Sequence[Any]) -> set[Any]:
    return {*order, *(x for node in order for x in node.inputs)}
