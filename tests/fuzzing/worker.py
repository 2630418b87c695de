"""A process that reads inputs by their numbers, one answer a line; whoever started it ends it when it takes too long."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import dataclasses
import json
import resource
import sys
import time
from pathlib import Path

MEMORY = 1024**3
"""The most that a process may hold at any moment, in bytes: what the bar says."""
BEYOND = 2 * 1024**3
"""How much address space an input gets beyond what the libraries have: less would stop threads, more a bomb's work."""


def peak() -> int:
    """The most memory held since `reset`, in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def reset() -> None:
    """Give back what the making of an input left behind, and forget the peak of what came before."""
    with contextlib.suppress(OSError, AttributeError):  # other C libraries have no such call
        ctypes.CDLL(None).malloc_trim(0)
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:  # then peaks only grow, which is stricter
        return


def main() -> None:
    """Answer to every number on the standard input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()

    from tests.fuzzing.seeds import kept_seeds
    from tests.fuzzing.target import Answer, answer, mutate, place

    chosen.folder.mkdir(parents=True, exist_ok=True)
    seeds = [seed for seed in kept_seeds(chosen.folder / "seeds.json") if chosen.only in seed.label]
    folder = chosen.folder / "in"
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + BEYOND, hard))
    out = sys.stdout
    sys.stdout = sys.stderr  # nothing that a reader prints may mix with the answers
    print(json.dumps({"ready": len(seeds)}), file=out, flush=True)
    for line in sys.stdin:
        number = int(line)
        seed, data, rng = mutate(seeds, chosen.seed, number)
        file = place(folder, seed, data)
        print(json.dumps({"begun": number}), file=out, flush=True)
        reset()
        start, cpu = time.monotonic(), time.process_time()
        try:
            found = answer(seed, file, folder, rng)
        except MemoryError as error:
            found = Answer("finding", "MemoryError outside of a reader", str(error))
        spent = {
            "seconds": round(time.monotonic() - start, 3),
            "cpu": round(time.process_time() - cpu, 3),
            "peak": peak(),
        }
        if found.outcome != "finding" and spent["peak"] > MEMORY:
            found = Answer("finding", f"memory in {seed.label.split()[0]}: over 1 GB", f"{spent['peak']:,} bytes")
        said = {"number": number, "label": seed.label, "size": len(data), **spent, **dataclasses.asdict(found)}
        print(json.dumps(said), file=out, flush=True)


if __name__ == "__main__":
    main()
