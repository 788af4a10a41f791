"""Which values of a graph belong to one sample of a batch: told by its inputs, which have one name in all samples.

>>> from microbp import load
>>> samples = samples_of(load("xor").root().graph())
>>> [(value.label, sample) for value, sample in samples.items() if value.label.startswith("loss")]
[('loss_1', 1), ('loss_2', 2), ('loss_3', 3), ('loss_4', 4)]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from microbp.engine import Constant, Value

MANY = -1
"""The mark of what is made of several samples."""


def samples_of(graph: Sequence[Value]) -> dict[Value, int]:
    """The sample, from 1, of each value (in topological order) that depends on one alone; others have none.

    Leaves of one name stand for one input in several samples, in their order; nothing else tells samples apart.
    """
    leaves = [node for node in graph if node.op is None and node.label and not isinstance(node, Constant)]
    often, seen = Counter(leaf.label for leaf in leaves), Counter[str]()
    found: dict[Value, int] = {}
    for leaf in leaves:
        if often[leaf.label] > 1:
            seen[leaf.label] += 1
            found[leaf] = seen[leaf.label]
    if not found:
        return {}
    for node in graph:
        samples = {found[x] for x in node.inputs if x in found}
        if samples:
            found[node] = samples.pop() if len(samples) == 1 else MANY
    return {node: sample for node, sample in found.items() if sample != MANY}
