"""How long it takes to open the door: `import microbp`, `from microbp.engine import Value`, and each command's floor.

Run it: make bench-import
"""

import re
import subprocess
import sys
from collections import Counter

ROUNDS = 7
STATEMENTS = (
    "import microbp",
    "from microbp.engine import Value",
    "from microbp import Value",
    "import microbp.terminal.cli",
)
HEAVY = ("matplotlib", "scipy", "sklearn", "PIL", "pygraphviz", "tqdm")


def self_times(statement):
    """Milliseconds of each package's own modules, from -X importtime, in a new process."""
    command = [sys.executable, "-X", "importtime", "-c", statement]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    times = Counter()
    for micro, name in re.findall(r"import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)", report):
        times[name.partition(".")[0]] += int(micro) / 1000
    return times


def main():
    print(f"{'':40}    ours   numpy     all   (ms, the best of {ROUNDS}; then what should not be loaded)")
    for statement in STATEMENTS:
        rounds = [self_times(statement) for _ in range(ROUNDS)]
        best = {key: min(times[key] for times in rounds) for key in ("microbp", "numpy")}
        whole = min(sum(times.values()) for times in rounds)
        heavy = [name for name in HEAVY if any(times[name] for times in rounds)]
        ours, numpy = (f"{best[key]:8.1f}" for key in ("microbp", "numpy"))
        print(f"{statement:40}{ours}{numpy}{whole:8.1f}", *heavy)


if __name__ == "__main__":
    main()
