"""Merges records of many distinct orders with `cargo lockwarden merge`, and prints the time and the peak of memory.

Usage: merge.py COMMAND ORDERS, where COMMAND is the built `cargo-lockwarden`. Fails if the merge needs more than a
gibibyte, or if the result has another number of orders.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

command, orders = sys.argv[1], int(sys.argv[2])
CLASSES = 50_000
FILES = 10
LIMIT_MIB = 1024


def generate(directory: pathlib.Path) -> int:
    """Writes ORDERS distinct orders, each in one of ten files and every tenth in two; returns the bytes."""
    names = [f"app::module{n % 300}::Lock{n}.state" for n in range(CLASSES)]
    total = 0
    for part in range(FILES):
        path = directory / f"{part}.jsonl"
        with path.open("w") as file:
            file.write(json.dumps({"v": 1, "row": "run", "run": f"r{part}", "binary": "app", "started_ms": 1}) + "\n")
            for n in range(orders):
                if n % FILES != part and not (n % 10 == 0 and n % FILES == (part + 1) % FILES):
                    continue
                first, step = n % CLASSES, n // CLASSES + 1
                file.write(
                    f'{{"v":1,"row":"edge","from":"{names[first]}","from_mode":"exclusive",'
                    f'"from_site":"src/module{first % 300}.rs:{first % 900}:9","to":"{names[(first + step) % CLASSES]}",'
                    f'"to_mode":"exclusive","to_site":"src/module{n % 300}.rs:{n % 700}:13","gates":[],"role":"worker",'
                    f'"thread":"worker {n % 8}","seen_ms":{1_700_000_000_000 + n},"run":"r{part}","test":"test{n % 500}",'
                    f'"binary":"app"}}\n')
        total += path.stat().st_size
    return total


with tempfile.TemporaryDirectory() as temporary:
    records = pathlib.Path(temporary) / "records"
    records.mkdir()
    size = generate(records)
    merged = pathlib.Path(temporary) / "merged.jsonl"
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([command, "lockwarden", "merge", str(records), "-o", str(merged)], check=True)
    after, took = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - start
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # Linux counts kibibytes, and macOS bytes.
    peak = after.ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)
    with merged.open() as file:
        found = sum('"row":"edge"' in line for line in file)
    print(f"merged {found} orders of {size / 1e6:.0f} MB in {took:.1f} s ({cpu:.1f} s of CPU time) and {peak:.0f} MiB; "
          f"the result has {os.path.getsize(merged) / 1e6:.0f} MB")
    sys.exit(f"{orders} orders were expected" if found != orders else
             f"more than {LIMIT_MIB} MiB" if peak > LIMIT_MIB else 0)
