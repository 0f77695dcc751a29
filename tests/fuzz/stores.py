#!/usr/bin/env python3
"""Damages copies of the fixture stores and runs commands on them: stores.py PROGRAM [--seconds 60] [--seed 1] [--case N].

Bytes are flipped, cut and put in; files become links, pipes and folders; rows of databases get hostile text, bytes, numbers
and types. Whatever a store holds, a command ends within 20 s and 3 GB with exit code 0, 1, 2, 3 or 5, prints nothing that
a terminal obeys, prints JSON where it was asked for, and changes no file.

The exit code is 1 if one does not; the store is kept then, and its path printed. A case depends on the seed and its number
only: --case runs one again. Linux, Python 3.9, standard library only.
"""
import argparse
import collections
import gzip
import hashlib
import json
import multiprocessing
import os
import random
import re
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
LIMIT_SECONDS = 20
LIMIT_BYTES = 3 << 30
# Larger files are holes, which are neither damaged again nor compared.
MOST_BYTES = 1 << 28
EXIT_CODES = (0, 1, 2, 3, 5)
COMMANDS = [
    "experiments",
    "experiments --json",
    "traces list --all",
    "traces list --all --json",
    "traces list --all -o csv",
    "traces list --sort duration -n 3",
    "trace show @last --io",
    "trace show @last --conversation",
    "trace show @last --full --width 30",
    "trace show @last --json",
    "trace show @last --conversation --json",
    "trace show @error --io=0",
    "trace show @slow",
    "trace diff @last~1 @last --full",
    "trace diff @last~1 @last --json",
    "usage",
    "usage --by model",
    "usage --by day --by agent --deep --json",
    "usage @last --explain",
    "exceptions --stack",
    "exceptions --json",
    "tools",
    "sessions",
    "stats --by name",
    "stats --json",
    "doctor --deep",
    "doctor --deep --json",
    "check --no-exceptions",
    "check --max-error-rate 5% --json",
    "spans --all -o csv",
    "spans --all --json",
    "spans --grep rr.r",
]
FILTERS = ["span.name LIKE '%a%'", "span.attributes.model LIKE '%'", "tags.env = 'prod'", "feedback.mood = 'good'", "span.content LIKE '%err%'"]

TOKENS = [
    b"null", b"NaN", b"-Infinity", b"1e999", b"-1", b"9223372036854775807", b"-9223372036854775808", b"18446744073709551616",
    b"\\ud800", b"\\udc00", b"\\u0000", b'"', b'\\"', b"{", b"}", b"[", b"]", b",", b":", b"\xff", b"\xc2", "🚚".encode(),
    "\u202e".encode(), b"\x1b[31m", "\x9b".encode(), b"\n", b"\r", b"\x00", b"&a ", b"*a", b"- ", b"? ", b"!!binary ", b"|\n", b"---\n",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", b"\x0a\xff\xff\xff\xff\x0f", b"../../../../etc/passwd", b"file:///etc", b"mlflow-attachment://",
    b"[" * 3000, b'{"a":' * 3000, b"a" * 100_000,
]
HOSTILE = [
    None, 0, -1, 1, (1 << 63) - 1, -(1 << 63), 1e308, -1e308, float("inf"), float("-inf"), 0.5, "", " ", "NaN", "1e999", "null", "{}", "[]",
    "\x1b[2J\x1b[31mred", "\x9b31m", "a\u202eb\u200bc\ufeff", "line\r\nline\ttab\x00nul\x07", "🚚e\u0301空", "a" * 200_000, "[" * 50_000, '{"a":' * 20_000,
    b"", b"\xff\xfe\x00bytes", b"\x1b[31m", "../../../../../etc/passwd", "file:///etc/passwd", "http://localhost:1/x", "mlflow-artifacts:/x",
    '"\\ud800"', '{"input_tokens": 1e400, "output_tokens": -5, "total_tokens": "many"}', "0" * 400, "-" * 30, "tr-", "@last", "=cmd()",
]
FIGURES = re.compile(rb"-?\d+(\.\d+)?")


def mutate(rng, data):
    """Damages bytes in a few places."""
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 3, 8, 40])):
        at = rng.randrange(len(data) + 1)
        some = at + rng.choice([1, 4, 16, 200, 4096])
        how = rng.randrange(9)
        if how == 0 and data:
            data[at % len(data)] ^= 1 << rng.randrange(8)
        elif how == 1 and data:
            data[at % len(data)] = rng.randrange(256)
        elif how == 2:
            data[at:at] = rng.choice(TOKENS)
        elif how == 3:
            token = rng.choice(TOKENS)
            data[at : at + len(token)] = token
        elif how == 4:
            del data[at:some]
        elif how == 5:
            to = rng.randrange(len(data) + 1)
            data[to:to] = data[at:some]
        elif how == 6 and rng.random() < 0.2:
            del data[at:]
        elif how == 7:
            data[at:some] = bytes(len(data[at:some]))
        else:
            figures = list(FIGURES.finditer(bytes(data[at : at + 4096])))
            if figures:
                one = rng.choice(figures)
                data[at + one.start() : at + one.end()] = rng.choice([b"0", b"-1", b"99999999999999999999", b"9223372036854775807", b"1e400", b'"x"'])
    return bytes(data)


def damage_rows(rng, path):
    """Puts hostile values into rows, in one transaction that may stay in the write-ahead log."""
    database = sqlite3.connect(path, isolation_level=None)
    database.text_factory = bytes
    run = database.execute
    name = lambda text: '"' + text.decode().replace('"', '""') + '"'
    stays_in_log = rng.random() < 0.3
    try:
        if stays_in_log:
            run("pragma journal_mode = wal")
            run("pragma wal_autocheckpoint = 0")
        run("begin")
        tables = [row[0] for row in run("select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name")]
        of_traces = [table for table in tables if re.match(rb"spans|span_|trace_|assessments|experiments|experiment_tags|alembic", table)]
        for _ in range(rng.choice([1, 2, 5, 20]) if tables else 0):
            table = rng.choice(of_traces if of_traces and rng.random() < 0.95 else tables)
            columns = [row[1] for row in run(f"pragma table_info({name(table)})")]
            ids = [row[0] for row in run(f"select rowid from {name(table)} order by rowid")]
            if not ids or not columns:
                continue
            chosen = rng.sample(ids, min(len(ids), rng.choice([1, 1, 3, len(ids)])))
            column = rng.choice(columns)
            how = rng.random()
            try:
                if how < 0.5:
                    value = rng.choice(HOSTILE)
                    # Long ones in every row would make stores of 60 MB.
                    is_long = isinstance(value, str) and len(value) > 10_000
                    run("pragma ignore_check_constraints = on")
                    for one in chosen[:3] if is_long else chosen:
                        run(f"update or ignore {name(table)} set {name(column)} = ? where rowid = ?", (value, one))
                elif how < 0.8:
                    for one in chosen:
                        row = run(f"select {name(column)} from {name(table)} where rowid = ?", (one,)).fetchone()
                        value = row[0] if row else None
                        if isinstance(value, bytes):
                            cast = "?" if rng.random() < 0.1 else "cast(? as text)"
                            run(f"update or ignore {name(table)} set {name(column)} = {cast} where rowid = ?", (mutate(rng, value), one))
                elif how < 0.87:
                    run(f"delete from {name(table)} where rowid in ({','.join(map(str, chosen))})")
                elif how < 0.92:
                    run(f"alter table {name(table)} rename column {name(column)} to renamed_{rng.randrange(10)}")
                elif how < 0.95:
                    run(f"alter table {name(table)} drop column {name(column)}")
                elif how < 0.97:
                    run(f"drop table {name(table)}")
                else:
                    other = rng.choice(columns)
                    run(f"update or ignore {name(table)} set {name(column)} = {name(other)} where rowid in ({','.join(map(str, chosen))})")
            except (sqlite3.Error, OverflowError, ValueError):
                pass  # what the schema does not allow
        run("commit")
        if stays_in_log:
            # As a program leaves them that is killed: closing would write the log back.
            log = path.with_name(path.name + "-wal")
            kept = path.read_bytes(), log.read_bytes() if log.exists() else b""
    except (sqlite3.Error, ValueError):
        stays_in_log = False  # damaged before
    finally:
        database.close()
    if stays_in_log:
        path.write_bytes(kept[0])
        path.with_name(path.name + "-wal").write_bytes(kept[1])


def damage_file(rng, root, path):
    """Damages a file, or puts something else in its place."""
    how = rng.random()
    status = path.lstat()
    if how < 0.75 and stat.S_ISREG(status.st_mode) and status.st_size < MOST_BYTES:
        path.write_bytes(mutate(rng, path.read_bytes()))
        return
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
    kind = rng.randrange(10)
    # A pipe in a store is not waited for; one that is named itself is, until somebody writes to it.
    if kind == 0 and path != root:
        os.mkfifo(path)
    elif kind == 1:
        path.mkdir()
    elif kind == 2:
        path.symlink_to(rng.choice(["/etc/passwd", "/dev/zero", "/dev/tty", "nowhere", path.name, "..", str(root)]))
    elif kind == 3:
        path.write_bytes(b"")
    elif kind == 4:
        path.write_bytes(rng.randbytes(rng.choice([1, 16, 5000])))
    elif kind == 5:
        path.write_bytes(gzip.compress(b"[" * 10_000_000))
    elif kind == 6:
        path.write_bytes(b"SQLite format 3\x00" + rng.randbytes(4096))
    elif kind == 7:
        with path.open("wb") as file:
            file.truncate(5 << 30)  # a hole: it takes no space
    elif kind == 8:
        (path.parent / rng.choice(["\x1b[31mred", "a\nb", "-", "\u202eabc", "x" * 200, "tr-" + "0" * 32])).write_bytes(b"x")


def make_case(rng, folder):
    """A damaged store. Returns its path and what it was made of."""
    stores = sorted(path for path in FIXTURES.glob("*/*") if path.parent.name in ("stores", "filters") and path.is_dir())
    documents = sorted((FIXTURES / "documents").iterdir()) + sorted((FIXTURES / "frameworks").glob("*.jsonl.gz"))
    source = rng.choice(stores if rng.random() < 0.85 else documents)
    root = folder / "store" / source.name
    root.parent.mkdir()
    if source.is_dir():
        shutil.copytree(source, root)
    elif source.suffix == ".gz" and rng.random() < 0.8:
        root = root.with_suffix("")
        root.write_bytes(gzip.decompress(source.read_bytes()))
    else:
        shutil.copy(source, root)
    for _ in range(rng.choice([1, 1, 2, 4])):
        if root.is_symlink() or not root.exists():
            break
        paths = sorted(root.rglob("*")) if root.is_dir() else [root]
        is_file = lambda status: stat.S_ISREG(status.st_mode) and status.st_size < MOST_BYTES
        files = [path for path in paths if is_file(path.lstat())]
        databases = [path for path in files if path.name == "mlflow.db"]
        if databases and rng.random() < 0.7:
            damage_rows(rng, rng.choice(databases))
            continue
        if not files:
            break
        # Records are few among many small files of tags.
        chosen = [path for path in files if path.suffix in (".yaml", ".json", ".pb") or path.name.startswith("mlflow.db")]
        path = rng.choice(chosen if chosen and rng.random() < 0.7 else files if rng.random() < 0.85 else paths)
        damage_file(rng, root, path)
    return root, source.name


def contents(root):
    """What a store is, file by file."""
    found = {}
    for path in sorted([root, *root.rglob("*")]) if os.path.lexists(root) else []:
        status = path.lstat()
        what = (stat.S_IFMT(status.st_mode), status.st_mtime_ns)
        if path.name.endswith("-shm"):
            # Memory that SQLite's connections share: readers note in it how far they read.
            continue
        if stat.S_ISREG(status.st_mode):
            # Of files with holes the size is enough.
            what += (status.st_size, hashlib.sha1(path.read_bytes()).digest() if status.st_size < MOST_BYTES else b"")
        elif stat.S_ISLNK(status.st_mode):
            what += (os.readlink(path),)
        found[str(path)] = what
    return found


def harmful(text, may_tab):
    """The first character that a terminal obeys, or that hides what is read."""
    hidden = "\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
    is_kept = lambda c: c == "\n" or may_tab and c == "\t"
    return next((c for c in text if (c < " " or "\x7f" <= c <= "\x9f" or c in hidden) and not is_kept(c)), None)


def not_json(constant):
    raise ValueError(f"{constant} is not JSON")


def wrong(words, done):
    """What is wrong with how a command ended."""
    if done.returncode not in EXIT_CODES:
        return f"exit code {done.returncode}"
    try:
        out, err = done.stdout.decode(), done.stderr.decode()
    except UnicodeDecodeError as error:
        return f"output is not UTF-8: {error}"
    is_json = "--json" in words
    for stream, text in (("stdout", out), ("stderr", err)):
        bad = harmful(text, may_tab="csv" in words)
        if bad is not None:
            return f"{stream} has {bad!r}"
    if is_json and done.returncode in (0, 1) and not out:
        return "no JSON"
    if is_json and out:
        try:
            json.loads(out, parse_constant=not_json)
        except ValueError:
            try:
                for line in out.splitlines():
                    json.loads(line, parse_constant=not_json)
            except (ValueError, RecursionError) as error:
                return f"not JSON: {error}"
        except RecursionError:
            pass  # Python's limit
    return None


def run_case(program, seed, case, deadline):
    """Returns the exit codes, the slowest command, and what was found."""
    rng = random.Random(f"{seed}:{case}")
    folder = Path(tempfile.mkdtemp(prefix=f"mltrace-stores-{seed}-{case}-"))
    store, source = make_case(rng, folder)
    home = folder / "home"
    home.mkdir()
    env = {"HOME": str(home), "PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    before = contents(store)
    codes, slowest, found = collections.Counter(), (0, ""), []
    commands = [command.split() for command in COMMANDS] + [["traces", "list", "--filter", one] for one in FILTERS]
    for words in commands:
        if time.monotonic() > deadline:
            break
        command = [program, "-u", str(store), *words]
        started = time.monotonic()
        try:
            done = subprocess.run(command, env=env, cwd=home, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_SECONDS)
            problem = wrong(words, done)
            codes[done.returncode] += 1
        except subprocess.TimeoutExpired:
            done, problem = None, f"more than {LIMIT_SECONDS} s"
            codes["timeout"] += 1
        slowest = max(slowest, (time.monotonic() - started, f"case {case}: {' '.join(words)}"))
        if problem:
            end = done.stderr.decode("utf-8", "replace")[-600:] if done else ""
            found.append(f"case {case}, {source}: {problem}\n  {' '.join(command)}\n  {end!r}")
    after = contents(store)
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    if changed:
        found.append(f"case {case}, {source}: files were changed: {', '.join(changed[:5])}")
    if not found:
        shutil.rmtree(folder)
    return source, codes, slowest, found


def limited():
    """Commands inherit the limits of the process that starts them."""
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def work(job):
    program, seed, case, deadline = job
    if time.monotonic() > deadline:
        return None
    return run_case(program, seed, case, deadline)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--seconds", type=int, default=60, help="how long to go on (60)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the damage (1)")
    parser.add_argument("--case", type=int, help="only this case")
    parser.add_argument("--jobs", type=int, default=2, help="how many stores at once (2)")
    args = parser.parse_args()
    program = str(Path(args.program).resolve())
    deadline = time.monotonic() + (args.seconds if args.case is None else 3600)
    cases = range(1_000_000) if args.case is None else [args.case]
    stores, codes, slowest, failures = collections.Counter(), collections.Counter(), (0, ""), 0
    with multiprocessing.Pool(args.jobs, initializer=limited) as pool:
        for result in pool.imap(work, ((program, args.seed, case, deadline) for case in cases)):
            if result is None:
                break
            source, of_case, longest, found = result
            stores[source] += 1
            codes += of_case
            slowest = max(slowest, longest)
            failures += len(found)
            for text in found:
                print(text, flush=True)
    ended = ", ".join(f"{code}: {count:,}" for code, count in sorted(codes.items(), key=str))
    print(f"{sum(stores.values()):,} damaged copies of {len(stores)} stores, {sum(codes.values()):,} commands; exit codes {ended}; "
          f"slowest {slowest[0]:.1f} s ({slowest[1]}); {failures} findings")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
