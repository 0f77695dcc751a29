#!/usr/bin/env python3
"""Measures whole commands on large stores, each beside its floor, and prints a Markdown table.

    measure.py target/release/mltrace [--stores FOLDER] [--runs 15] [--only WORD] [--small]

The stores are made by make_store.py once: 22 GB and about 20 minutes.  The floor is what the sqlite3 program takes for the
same data (floors.sql), Python for the file store (floor_files.py), and `cat` of nothing for `--version`.  Floor and command
take turns; both are started and awaited whole, their output goes to /dev/null, and the median counts.  MB is the greatest
resident size of the command.  Needs Linux, Python 3.9 and sqlite3.
"""
import argparse
import ctypes
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
STORES = {
    "n1k": ["1000"],
    "n10k": ["10000"],
    "n100k": ["100000"],
    "n1k-36": ["1000", "--schema", "3.6.0"],
    "n100k-36": ["100000", "--schema", "3.6.0"],
    "one": ["10", "--one", "32843"],
    "files": ["10000", "--files"],
    "slim100k": ["100000", "--slim"],
    "slim1m": ["1000000", "--slim"],
}
LIST = ["traces", "list", "-n", "100"]


@dataclass
class Row:
    what: str
    store: str
    floor: str  # a block of floors.sql, or "files", or "cat"
    command: list
    where: str = "true"  # of the block "list": what holds for x, a row of trace_info, in the experiment e


ROWS = [
    Row("`--version`", "n1k", "cat", ["--version"]),
    Row("`traces list -n 100`, 100,000 traces", "n100k", "list", LIST),
    Row("the same, 1,000 traces", "n1k", "list", LIST),
    Row("the same, 100,000 traces, schema of 3.6", "n100k-36", "list", LIST),
    Row("the same, 1,000 traces, schema of 3.6", "n1k-36", "list", LIST),
    Row("the same, 10,000 traces in a file store", "files", "files", LIST),
    Row("`traces list --all --json`, 100,000 traces", "n100k", "list_json", ["traces", "list", "--all", "--json"]),
    Row("`trace show`, by id", "n100k", "show", ["trace", "show", ":id"]),
    Row("`trace show`, by prefix", "n100k", "show_prefix", ["trace", "show", ":from"]),
    Row("`trace show @error`", "n100k", "show_error", ["trace", "show", "@error"]),
    Row("`trace show @slow`", "n100k", "show_slow", ["trace", "show", "@slow"]),
    Row("`trace show`, 32,843 spans, 146 MB", "one", "show", ["trace", "show", "@last"]),
    Row("`spans --type CHAT_MODEL -n 100`", "n100k", "spans", ["spans", "--type", "CHAT_MODEL", "-n", "100"]),
    Row("the same, a type that does not occur", "n100k", "spans_none", ["spans", "--type", "NO_SUCH_TYPE", "-n", "100"]),
    Row("`experiments`, 100,000 traces", "n100k", "experiments", ["experiments"]),
    Row("`exceptions`, 100,000 traces", "n100k", "exceptions", ["exceptions"]),
    Row("`usage --by experiment`, 100,000 traces", "n100k", "totals", ["usage", "--by", "experiment"]),
    Row("`stats --by name`, 100,000 traces", "n100k", "by_name", ["stats", "--by", "name"]),
    Row("`usage --by model`, 10,000 traces", "n10k", "by_model", ["usage", "--by", "model"]),
    Row("the same, 100,000 traces", "n100k", "by_model", ["usage", "--by", "model"]),
    Row("`stats --by model`, 10,000 traces", "n10k", "by_model", ["stats", "--by", "model"]),
    Row("`tools`, 10,000 traces", "n10k", "tools", ["tools"]),
    Row("`check` of error rate and p95, 100,000 traces", "n100k", "check",
        ["check", "--status", "ok,error", "--max-error-rate", "100%", "--max-latency", "p95=1h"]),
    Row("`check` of calls of tools, 10,000 traces", "n10k", "tools",
        ["check", "--status", "ok,error", "--max-tool-calls", "mean=1000000"]),
    Row("`doctor`, 10,000 traces", "n10k", "by_model", ["doctor"]),
    Row("`trace diff` of 32,843 spans with themselves, 146 MB each", "one", "diff", ["trace", "diff", ":id", ":id"]),
    Row("`--grep` of what is nowhere, 10,000 traces, 642 MB", "n10k", "grep", ["traces", "list", "--grep", "no such text"]),
]


def filtered(what, flags, where):
    """The newest 100 of 100,000 traces that meet a condition, in the fastest SQL found."""
    return Row(what, "n100k", "list", [*LIST, *flags], where)


def having(table, key, condition):
    return f"exists (select 1 from {table} where {key} = x.request_id and {condition})"


ROWS += [
    filtered("`--status error`, newest 100 of 100,000", ["--status", "error"], "status = 'ERROR'"),
    filtered("a range of times", ["--filter", "timestamp_ms >= 1794000000000 AND timestamp_ms < 1794500000000"],
             "timestamp_ms >= 1794000000000 and timestamp_ms < 1794500000000"),
    filtered("`tags.team = 'search'`", ["--filter", "tags.team = 'search'"],
             having("trace_tags", "request_id", "key = 'team' and value = 'search'")),
    filtered("a user of 997, by metadata", ["--user", "user-0007"],
             "request_id in (select request_id from trace_request_metadata where key = 'mlflow.trace.user' and value = 'user-0007')"),
    filtered("a session", ["--session", "session-000007"], "session_id = 'session-000007'"),
    filtered("`name LIKE 'run_%'`", ["--filter", "name LIKE 'run_%'"], "trace_name like 'run_%'"),
    filtered("`name LIKE` what is nowhere", ["--filter", "name LIKE 'nobody%'"], "trace_name like 'nobody%'"),
    filtered("`span.type = 'TOOL' AND span.status = 'ERROR'`", ["--filter", "span.type = 'TOOL' AND span.status = 'ERROR'"],
             "request_id in (select trace_id from spans where experiment_id = e.experiment_id and type = 'TOOL' and status = 'ERROR')"),
    filtered("`span.type = 'TOOL' AND span.status = 'OK'`", ["--filter", "span.type = 'TOOL' AND span.status = 'OK'"],
             having("spans", "trace_id", "type = 'TOOL' and status = 'OK'")),
    filtered("`span.name = 'calculator'`", ["--filter", "span.name = 'calculator'"], having("spans", "trace_id", "name = 'calculator'")),
    filtered("`feedback.correct = 'false'`", ["--filter", "feedback.correct = 'false'"],
             having("assessments", "trace_id", "assessment_type = 'feedback' and name = 'correct' and valid and value in ('false', '\"false\"')")),
    filtered("`feedback.relevance >= 0.99`", ["--filter", "feedback.relevance >= 0.99"],
             "request_id in (select trace_id from assessments where experiment_id = e.experiment_id and assessment_type = 'feedback' "
             "and name = 'relevance' and valid and is_numeric_value and aggregate_value >= 0.99)"),
    filtered("`--min-tokens 9000`", ["--min-tokens", "9000"], "total_tokens >= 9000"),
    filtered("`trace.text LIKE '%lookup_order%'`", ["--filter", "trace.text LIKE '%lookup_order%'"],
             having("spans", "trace_id", "content like '%lookup_order%'")),
]

# How the cost grows with the number of traces: each question of ten times as many, small ones.
for what, floor, command, where in [
    ("newest 100", "list", LIST, "true"),
    ("`trace show @last`", "show", ["trace", "show", "@last"], "true"),
    ("`trace show @error`", "show_error", ["trace", "show", "@error"], "true"),
    ("`trace show @slow`", "show_slow", ["trace", "show", "@slow"], "true"),
    ("`spans --type CHAT_MODEL -n 100`", "spans", ["spans", "--type", "CHAT_MODEL", "-n", "100"], "true"),
    ("newest 100 with a failed tool span", "list", [*LIST, "--filter", "span.type = 'TOOL' AND span.status = 'ERROR'"],
     having("spans", "trace_id", "type = 'TOOL' and status = 'ERROR'")),
    ("newest 20 of a user of 997", "list", ["traces", "list", "-n", "20", "--user", "user-0007"],
     "request_id in (select request_id from trace_request_metadata where key = 'mlflow.trace.user' and value = 'user-0007')"),
    ("`usage --by experiment`", "totals", ["usage", "--by", "experiment"], "true"),
    ("`sessions`", "sessions", ["sessions"], "true"),
    ("`exceptions`", "exceptions", ["exceptions"], "true"),
    ("`usage --by model`", "by_model", ["usage", "--by", "model"], "true"),
    ("`tools`", "tools", ["tools"], "true"),
]:
    for count, store in (("100,000", "slim100k"), ("1,000,000", "slim1m")):
        ROWS.append(Row(f"{what}, {count} small traces", store, floor, command, where))


def make(folder, name, small):
    """The path of a store, which is made if it is missing."""
    count, *options = STORES[name]
    if small:
        count, options = "10", [option.replace("32843", "100") for option in options]
    place = folder / name if "--files" in options else folder / name / "mlflow.db"
    made = place / "mlruns" if "--files" in options else place
    if not made.exists():
        print(f"making {made}", file=sys.stderr)
        script = [sys.executable, HERE / "make_store.py", count, place, *options]
        try:
            subprocess.run(script, check=True, stdout=sys.stderr)
        except BaseException:
            shutil.rmtree(folder / name, ignore_errors=True)  # half a store is none
            raise
    return made


def names(store):
    """What a query or command is about: the newest trace that worked, and the range of ids that begin like its."""
    if store.is_dir():
        return {}
    connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    newest = "select request_id from trace_info where status = 'OK' order by timestamp_ms desc limit 1"
    (trace_id,) = connection.execute(newest).fetchone()
    start = trace_id[:13]
    return {":id": trace_id, ":from": start, ":to": start[:-1] + chr(ord(start[-1]) + 1)}


def blocks():
    """floors.sql, by name of the block."""
    parts = (HERE / "floors.sql").read_text().split("-- floor: ")[1:]
    return {name: "\n" + sql for name, _, sql in (part.partition("\n") for part in parts)}


def fill(text, values):
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def floor_command(row, store, values):
    if row.floor == "cat":
        return ["cat", "/dev/null"]
    if row.floor == "files":
        return [sys.executable, "-I", "-S", str(HERE / "floor_files.py"), str(store)]
    sql = fill(blocks()[row.floor], values | {":where": row.where})
    return ["sqlite3", "-batch", "-readonly", "-init", "/dev/null", str(store), sql]


class Program:
    """A command line to be run again and again."""

    def __init__(self, command):
        self.command = command
        self.sink = os.open(os.devnull, os.O_WRONLY)
        self.times = []

    def spawn(self, command):
        streams = [(os.POSIX_SPAWN_DUP2, self.sink, stream) for stream in (1, 2)]
        return os.posix_spawnp(command[0], command, os.environ, file_actions=streams)

    def run(self):
        began = time.perf_counter()
        process = self.spawn(self.command)
        _, status = os.waitpid(process, 0)
        self.times.append((time.perf_counter() - began) * 1000)
        if status:
            raise SystemExit(f"failed: {' '.join(self.command)}")

    def peak(self):
        """The greatest resident size in MB.

        Linux hands a process the peak of the one that forked it, which is this Python.  So a shell starts it and goes
        away, and this process, its next of kin, waits for it.
        """
        shell = self.spawn(["/bin/sh", "-c", '"$@" &', "sh", *self.command])
        ended = [os.wait4(-1, 0) for _ in range(2)]
        return next(usage.ru_maxrss for process, _, usage in ended if process != shell) * 1024 / 1e6

    def median(self):
        return statistics.median(self.times)


def measure(row, binary, folder, runs, small):
    store = make(folder, row.store, small)
    values = names(store)
    floor = Program(floor_command(row, store, values))
    command = Program([binary, "-u", str(store), *[fill(word, values) for word in row.command]])
    for program in (floor, command):  # warms the file cache
        program.run()
        program.times.clear()
    # Long ones need fewer runs.
    began = time.monotonic()
    for run in range(runs):
        floor.run()
        command.run()
        if run >= 2 and time.monotonic() - began > 20:
            break
    ratio = command.median() / floor.median()
    return f"| {row.what} | {floor.median():.1f} | {command.median():.1f} | {ratio:.1f} | {command.peak():.0f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path, help="the program to measure, a release build")
    cache = Path.home() / ".cache" / "mltrace-bench"
    parser.add_argument("--stores", type=Path, metavar="FOLDER", default=cache, help=f"where the stores are, or will be (default: {cache})")
    parser.add_argument("--runs", type=int, default=15, help="of each command and each floor (default: 15)")
    parser.add_argument("--only", metavar="WORD", help="only rows that contain this word")
    parser.add_argument("--small", action="store_true", help="on stores of 10 traces in a temporary folder: whether all of it runs")
    args = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        del os.environ[name]
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: see Program.peak
    with tempfile.TemporaryDirectory() as temporary:
        args.stores = Path(temporary) if args.small else args.stores.absolute()
        args.stores.mkdir(parents=True, exist_ok=True)
        print_table(args)


def print_table(args):
    binary = args.binary.absolute()
    rows = [row for row in ROWS if not args.only or args.only in row.what]
    if args.small:  # figures of such stores tell nothing
        for row in rows:
            measure(row, str(binary), args.stores, 1, args.small)
        print(f"{len(rows)} rows ran")
        return
    print("| what | floor, ms | mltrace, ms | ratio | MB |\n|---|--:|--:|--:|--:|")
    for row in rows:
        print(measure(row, str(binary), args.stores, args.runs, args.small), flush=True)
    print(f"\nThe program itself: {binary.stat().st_size / 1e6:.1f} MB.")


if __name__ == "__main__":
    main()
