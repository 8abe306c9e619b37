"""``python -m tests.fuzz.reader``: damaged uploads, for as long as it is given.

Every upload must become an inventory or a refusal with a code and advice. What kills the process
that reads it, or takes too long there, is read again by the parser as the service runs it, which
must refuse it too. The seed is printed; ``--seed`` repeats a run.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any, Final

from shared.kernel.errors import AppError
from tests.fuzz.mutations import damaged_upload
from tests.services.ingest.adapters.parsing import parse

ROOT: Final = Path(__file__).resolve().parents[2]
PATIENCE_S: Final = 60
"""What one upload may take, on a machine that is busy with other things."""
BATCH: Final = 500
PARSER_LIMITS: Final = {"memory_mib": 1024, "cpu_s": PATIENCE_S, "wall_s": 3 * PATIENCE_S}


@dataclass
class Results:
    """What became of the uploads."""

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: dict[int, str] = field(default_factory=dict)
    """By seed."""

    @property
    def count(self) -> int:
        """Uploads that were read."""
        return self.outcomes.total() + len(self.faults)


def fuzz(first: int, count: int, results: Results) -> None:
    """Reads the uploads of ``count`` seeds; each is read to an end whatever the others do."""
    seed = first
    while seed < first + count:
        begun = None
        for message in _messages(seed, first + count - seed):
            begun = message["seed"] if message["state"] == "begun" else None
            if "fault" in message:
                results.faults[message["seed"]] = message["fault"]
            elif "outcome" in message:
                results.outcomes[message["outcome"]] += 1
        if begun is None:
            return
        _read_again(begun, results)
        seed = begun + 1


def _messages(first: int, count: int) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.fuzz.reader_worker", str(first), str(count)]
    worker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert worker.stdout is not None
    try:
        while True:
            with _killed_after(worker, PATIENCE_S):
                line = worker.stdout.readline()
            if not line:
                return
            yield json.loads(line)
    finally:
        worker.kill()
        worker.wait()
        worker.stdout.close()


@contextmanager
def _killed_after(worker: subprocess.Popen[bytes], seconds: float) -> Iterator[None]:
    timer = Timer(seconds, worker.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _read_again(seed: int, results: Results) -> None:
    """What was too much for the worker: the service's own parser must say so in words."""
    try:
        asyncio.run(parse(damaged_upload(seed), **PARSER_LIMITS))
    except AppError as refusal:
        results.outcomes[refusal.code] += 1
    except Exception as error:
        results.faults[seed] = f"the parser raised {error!r}"
    else:
        results.faults[seed] = "the worker died of it, and the parser did not"


def main() -> int:
    """Do what the command line says; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.reader")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--max-time", type=int, default=60, help="seconds of fuzzing")
    chosen = parser.parse_args()
    sys.stdout.write(f"Fuzzing the reader of uploads with seed {chosen.seed}\n")
    results, began_s, seed = Results(), time.monotonic(), chosen.seed
    while time.monotonic() - began_s < chosen.max_time:
        fuzz(seed, BATCH, results)
        seed += BATCH
    for outcome, count in results.outcomes.most_common():
        sys.stdout.write(f"  {outcome:<20} {count:>7,}\n")
    for bad, fault in results.faults.items():
        sys.stdout.write(f"FAULT: upload {bad}: {fault}\n")
    if results.faults:
        sys.stdout.write(f"Repeat with: python -m tests.fuzz.reader --seed {min(results.faults)}\n")
    return 1 if results.faults else 0


if __name__ == "__main__":
    sys.exit(main())
