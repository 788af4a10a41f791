"""A class graded, and batches added up, on a cluster of which a worker is killed in the middle: the same results.

`python tests/benchmarks/cluster.py` starts a scheduler of dask.distributed and two worker processes over TCP on this
machine; the bench extra brings it. Exits with 1 if anything differs from what one process finds.
"""

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from distributed import Client, LocalCluster

sys.path.insert(0, str(Path(__file__).parent))

from compiled import network_function

import microbp
from microbp.diagnosis.grading import grade
from microbp.problems.exercise import exercise_of


def killed_soon(cluster, seconds):
    """Kills a worker after so many seconds; its nanny starts another."""

    def kill():
        time.sleep(seconds)
        (worker, *_) = cluster.workers.values()
        os.kill(worker.process.pid, 9)
        print(f"killed worker {worker.process.pid}")

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def main():
    problem = microbp.load("w1-w8")
    right = exercise_of(problem).truth[1]
    f, rng = network_function((64, 16, 10)), np.random.default_rng(0)
    shapes = ((20_000, 64), (20_000, 10), (16, 64), (16,), (10, 16), (10,))
    arguments = [rng.normal(size=shape) for shape in shapes]
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{k}.npz") for k in range(60)]
        for k, file in enumerate(files):
            np.savez(file, **{name: -g if k % 2 else g for name, g in right.items()})
        alone = grade(problem, files), f.map_batches(*arguments, rows=200)
        address = "tcp://127.0.0.1:0"
        with LocalCluster(n_workers=2, threads_per_worker=1, host=address, dashboard_address=None) as cluster:
            print(cluster.scheduler_address, list(cluster.workers))
            with Client(cluster) as client:
                executor, start = client.get_executor(), time.perf_counter()
                thread = killed_soon(cluster, 0.8)
                shared = grade(problem, files, executor=executor)
                thread.join()
                print(f"60 files: {time.perf_counter() - start:.1f} s, the same table: {shared == alone[0]}")
                thread, start = killed_soon(cluster, 0.2), time.perf_counter()
                value, grads = f.map_batches(*arguments, rows=200, executor=executor)
                thread.join()
                same = value == alone[1][0] and all(map(np.array_equal, grads, alone[1][1]))
                print(f"100 batches: {time.perf_counter() - start:.1f} s, the same sums: {same}")
    return int(not same or shared != alone[0])


if __name__ == "__main__":
    sys.exit(main())
