#!/usr/bin/env python3
"""Ends the program by signals at random times, and looks at what it leaves behind.

Nothing may lie in the temporary folder, no file of a store may have changed, and a file that was to be written is there
whole, in its old or its new form, or not at all.

    signals.py PROGRAM [--count 1000] [--seed 1]
"""

import argparse
import collections
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL, signal.SIGTSTP]
COMMANDS = [
    ["traces", "list", "--all", "--json"],
    ["spans", "--all", "--full", "-o", "jsonl"],
    ["trace", "show", "@last", "--io"],
    ["usage", "--by", "model"],
    ["doctor", "--deep"],
    ["exceptions", "--stack"],
]
# Writes a new file, and one that was there.
WRITING = [["check", "--max-error-rate", "100%", "--save-baseline"], ["check", "--no-exceptions", "--report"]]


def made_stores(folder):
    """Stores of every kind that is read in a way of its own."""
    shutil.copy(FIXTURES / "stores/3.18.0-sqlite/mlflow.db", folder / "plain.db")
    shutil.copytree(FIXTURES / "stores/3.18.0-file/mlruns", folder / "mlruns")
    shutil.copy(FIXTURES / "documents/3.18.0.jsonl", folder / "traces.jsonl")
    # A database that a killed writer left: its log, and no index of it.
    live = sqlite3.connect(folder / "plain.db")
    copy = sqlite3.connect(folder / "live.db")
    live.backup(copy)
    copy.execute("pragma journal_mode = wal")
    copy.execute("update trace_tags set value = value")
    copy.commit()
    for suffix in ["", "-wal"]:
        shutil.copy(folder / f"live.db{suffix}", folder / f"dead.db{suffix}")
    copy.close()
    live.close()
    for path in folder.glob("live.db*"):
        path.unlink()
    return ["plain.db", "dead.db", "mlruns", "traces.jsonl"]


def digest(folder):
    """What the files of the stores hold."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def is_whole(path):
    """Whether a written file is absent or complete."""
    if not path.exists():
        return True
    text = path.read_text()
    if path.suffix == ".xml":
        return text.rstrip().endswith("</testsuites>")
    try:
        return "schema" in json.loads(text)
    except ValueError:
        return False


def is_stopped(pid):
    """Whether Linux has stopped a process."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


def run(program, store, words, number, chosen, folders):
    """Starts a command, sends the signal, and returns what is wrong afterwards."""
    stores, out, temporary = folders
    written = []
    if words in WRITING:
        path = out / (f"{number % 5}.json" if words is WRITING[0] else f"{number % 5}.xml")
        words = [*words, str(path) if words is WRITING[0] else f"junit={path}"]
        written.append(path)
    process = subprocess.Popen(
        [program, "-u", store, *words],
        cwd=stores,
        env={"TMPDIR": str(temporary), "HOME": str(out), "PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(random.random() ** 2 * 0.06)
    process.send_signal(chosen)
    end = time.monotonic() + 60
    while process.poll() is None:
        if time.monotonic() > end:
            process.kill()
            return process.wait(), ["it does not end"]
        # It stops when its reads have ended, and a shell sends it on when it has stopped.
        if chosen == signal.SIGTSTP and is_stopped(process.pid):
            process.send_signal(signal.SIGCONT)
        time.sleep(0.002)
    wrong = [f"left in the temporary folder: {path}" for path in temporary.rglob("*")]
    wrong += [f"left beside it: {path}" for path in out.iterdir() if path.suffix not in (".json", ".xml")]
    wrong += [f"half written: {path}" for path in written if not is_whole(path)]
    return process.returncode, wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    random.seed(args.seed)
    program = str(pathlib.Path(args.program).resolve())
    with tempfile.TemporaryDirectory() as top:
        folders = [pathlib.Path(top) / name for name in ("stores", "out", "tmp")]
        for folder in folders:
            folder.mkdir()
        names = made_stores(folders[0])
        before = digest(folders[0])
        ends = collections.Counter()
        for number in range(args.count):
            chosen = random.choice(SIGNALS)
            words = random.choice(COMMANDS + WRITING)
            code, wrong = run(program, random.choice(names), words, number, chosen, folders)
            ends[(chosen.name, code)] += 1
            if wrong:
                sys.exit(f"signal {number} ({chosen.name}, {' '.join(words)}): {'; '.join(wrong)}")
        if digest(folders[0]) != before:
            sys.exit("a file of a store changed")
    print(f"{args.count} signals, nothing left, nothing half written")
    for (name, code), count in sorted(ends.items()):
        print(f"  {name:8} exit {code:4} x {count}")


if __name__ == "__main__":
    main()
