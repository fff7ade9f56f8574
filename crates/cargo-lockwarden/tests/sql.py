"""Runs what `cargo lockwarden sql` prints on DuckDB, DataFusion and ClickHouse, and compares the result with
`cargo lockwarden merge` and `check`.

Usage: sql.py COMMAND ROWS, where COMMAND is the built `cargo-lockwarden` and ROWS the number of generated rows.
Needs the packages `duckdb`, `datafusion` and `chdb`.
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

command, rows = sys.argv[1], int(sys.argv[2])
MODES = ["exclusive", "shared"]


def generate(directory: pathlib.Path) -> None:
    """Writes records of ROWS observations of about ROWS / 50 orders by a hundred runs, with two cycles in them."""
    random.seed(11)
    count = 2_000
    orders = []
    for _ in range(max(10, rows // 50)):
        first, second = sorted(random.sample(range(10, count), 2))
        gates = sorted(random.sample(["g1", "g2"], random.randrange(3)))
        orders.append((f"l{first:05}", f"l{second:05}", random.choice(MODES), "exclusive", gates))
    # Over locks that are taken under no other, so that these two cycles are all there is.
    planted = [("a1", "a2"), ("a2", "a1"), ("b1", "b2"), ("b2", "b3"), ("b3", "b1")]
    orders += [(first, second, "exclusive", "exclusive", []) for first, second in planted]
    for run in range(100):
        with open(directory / f"{run}.jsonl", "w") as file:
            write = lambda row: file.write(json.dumps({"v": 1, **row}) + "\n")
            write({"row": "run", "run": f"r{run}", "binary": "app", "started_ms": 1})
            chosen = random.choices(orders, k=rows // 100)
            for first, second, from_mode, to_mode, gates in chosen + orders[-len(planted):]:
                line = random.randrange(1, 500)
                write({
                    "row": "edge", "from": first, "from_mode": from_mode, "from_site": f"src/a.rs:{line}:5",
                    "to": second, "to_mode": to_mode, "to_site": f"src/a.rs:{line + 1}:5", "gates": gates,
                    "role": "worker", "thread": "worker 1", "seen_ms": random.randrange(10**12, 10**12 + 10**6),
                    "run": f"r{run}", "binary": "app",
                })


def expected(directory: pathlib.Path):
    merged = directory.parent / "merged.jsonl"
    subprocess.run([command, "lockwarden", "merge", str(directory), "-o", str(merged)],
                   check=True, stderr=subprocess.DEVNULL)
    edges = {}
    for line in merged.open():
        row = json.loads(line)
        if row["row"] == "edge":
            key = (row["from"], row["from_mode"], row["to"], row["to_mode"], "|".join(row["gates"]))
            edges[key] = (row["first_ms"], row["seen_ms"])
    checked = subprocess.run(
        [command, "lockwarden", "check", "--no-symbols", str(merged), "--baseline", "/nonexistent", "--out", "json=-"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert checked.returncode == 100, checked.returncode
    cycles = json.loads(checked.stdout)["cycles"]
    rings = {(order["from"], order["to"], len(cycle["orders"])) for cycle in cycles for order in cycle["orders"]}
    return edges, rings


MERGED = "SELECT from_class, from_mode, to_class, to_mode, gates, first_ms, last_ms FROM merged"


def statements(engine: str, files: str):
    text = subprocess.run([command, "lockwarden", "sql", engine, "--files", files],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return [part.strip() for part in "\n".join(lines).split(";") if part.strip()]


def duckdb(directory):
    import duckdb
    connection = duckdb.connect()
    for statement in statements("duckdb", f"{directory}/*.jsonl"):
        result = connection.execute(statement).fetchall()
    return connection.execute(MERGED).fetchall(), result


def datafusion(directory):
    import datafusion
    context = datafusion.SessionContext()
    values = lambda frame: [tuple(row.values()) for batch in frame.collect() for row in batch.to_pylist()]
    for statement in statements("datafusion", f"{directory}/"):
        result = values(context.sql(statement))
    return values(context.sql(MERGED)), result


def clickhouse(directory):
    from chdb import session
    connection = session.Session()
    connection.query("CREATE DATABASE lockwarden ENGINE = Atomic")
    connection.query("USE lockwarden")
    read = lambda result: [tuple(json.loads(line)) for line in str(result).splitlines() if line]
    for statement in statements("clickhouse", f"{directory}/*.jsonl"):
        result = connection.query(statement, "JSONCompactEachRow")
    return read(connection.query(MERGED, "JSONCompactEachRow")), read(result)


with tempfile.TemporaryDirectory() as temporary:
    records = pathlib.Path(temporary) / "records"
    records.mkdir()
    generate(records)
    edges, rings = expected(records)
    assert len(rings) == 5, rings
    failed = 0
    for engine in (duckdb, datafusion, clickhouse):
        start = time.monotonic()
        merged, cycles = engine(records)
        took = time.monotonic() - start
        found = {tuple(row[:5]): (int(row[5]), int(row[6])) for row in merged}
        cycles = {(a, b, int(locks)) for a, b, locks in cycles}
        same = found == edges and cycles == rings
        failed += not same
        print(f"{engine.__name__}: {len(found)} orders, {len(cycles)} orders on cycles, {took:.1f} s: "
              f"{'as merge and check' if same else 'DIFFERENT'}")
        if not same:
            print("  orders that differ:", list(set(found.items()) ^ set(edges.items()))[:4])
            print("  cycles that differ:", sorted(cycles ^ rings)[:8])
    print(f"{3 - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
