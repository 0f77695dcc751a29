#!/usr/bin/env python3
"""Compares what mltrace says of a PostgreSQL database with what it says of the same rows in SQLite: postgres.py PROGRAM [STORE ...].

    tests/e2e/postgres.py target/release/mltrace
    tests/e2e/postgres.py target/release/mltrace stores/3.6.0-sqlite

Starts a PostgreSQL of its own (Debian's package), in a folder that is removed at the end.  For each store it lets MLflow's
migrations make the schema of the release, copies the rows of the fixture, and runs the commands of fixtures/record_http.py
on both as a role that may only read.  Then it checks what is said when something is wrong.  Prints a line for each check;
the exit code is 1 if one failed.
"""
import argparse
import contextlib
import json
import os
import pwd
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

sys.dont_write_bytecode = True  # no __pycache__ in the source
import serve  # noqa: E402
from make.release import QUIET, make_venv, run, stop_on_signals  # noqa: E402
from record_http import COMMANDS, COMMANDS_OF_A_TRACE, COMMANDS_IN_VAIN, NOT_FOUND, Program, of_one_trace, trace_ids  # noqa: E402

RELEASE = "3.18.0"  # its migrations make the schema of every release
DRIVER = "psycopg2-binary==2.9.13"
FILTERED = "filters/3.18.0-sqlite"  # the store that filters are for
STORES = [f"stores/{name}" for name in ["3.1.4-sqlite", "3.2.0-sqlite", "3.5.1-sqlite", "3.6.0-sqlite", "3.16.1-sqlite", "3.18.0-archived", "3.18.0-sqlite"]] + [FILTERED]
PASSWORD = "owner's:pass/word"
# The texts that may hold NUL.
TEXTS = [("spans", "content"), ("trace_info", "request_preview"), ("trace_info", "response_preview"), ("trace_tags", "value"), ("trace_request_metadata", "value"), ("assessments", "value"), ("assessments", "rationale")]
PREFIXES = ["trace show PREFIX --json"]
# How an answer may differ: the place in the JSON document.
ALLOWED = [
    r"store\.(name|kind|bytes)",
    r".*\.(next|command)",  # commands to run next name the store
]


class Cluster:
    """A PostgreSQL server of its own."""

    def __init__(self, folder):
        versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        if not versions:
            raise SystemExit("PostgreSQL is not installed (Debian: postgresql)")
        self.programs, self.folder = versions[-1], folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        # PostgreSQL does not run as root.
        self.user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        if self.user:
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)

    def __enter__(self):
        # Letters are sorted as in English, which differs from the order of their bytes.
        collation = ["--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "en"]
        login = ["--auth", "scram-sha-256", "--username", "owner", "--pwfile", self.password_file()]
        self.call("initdb", "--pgdata", self.folder / "data", "--encoding", "UTF8", *collation, *login)
        settings = f"-k {self.folder} -p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.call("pg_ctl", "--pgdata", self.folder / "data", "--log", self.folder / "log", "--options", settings, "--wait", "start")
        return self

    def __exit__(self, *_):
        self.call("pg_ctl", "--pgdata", self.folder / "data", "--mode", "immediate", "stop")

    def password_file(self):
        path = self.folder / "password"
        path.write_text(PASSWORD)
        path.chmod(0o644)
        return path

    def call(self, program, *arguments):
        run([self.programs / program, *arguments], cwd=self.folder, stdout=subprocess.DEVNULL, **self.user)

    def uri(self, database, role="owner", password=PASSWORD, options=""):
        """A tracking URI that leads over the socket."""
        return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={self.folder}&port={self.port}{options}"

    def sql(self, database, text):
        run([self.programs / "psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", text, self.uri(database)], stdout=subprocess.DEVNULL)

    @contextlib.contextmanager
    def locked(self, database, table):
        """Holds a lock as a migration does, for the length of a `with` block."""
        command = [self.programs / "psql", "--quiet", "--no-align", "--tuples-only", self.uri(database)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
            session.stdin.write(f"begin; lock table {table} in access exclusive mode; select 'locked';\n")
            session.stdin.flush()
            assert session.stdout.readline() == "locked\n"
            yield
            session.stdin.close()


def prepare(cluster, python, store, folder):
    """A copy of a fixture, and a database of the same rows which the role `reader` may read."""
    copied, database = folder / store, "rows_" + re.sub(r"\W", "_", store)
    serve.copy_store(serve.FIXTURES / store, copied)
    cluster.sql("postgres", f"create database {database}")
    run([python, Path(__file__).with_name("fill_postgres.py"), copied / "mlflow.db", cluster.uri(database)], env=QUIET)
    cluster.sql(database, "grant usage on schema public to public; grant select on all tables in schema public to reader")
    # PostgreSQL cannot hold NUL, so neither may the copy.
    with contextlib.closing(sqlite3.connect(copied / "mlflow.db")) as rows, rows:
        for table, column in TEXTS:
            if rows.execute("select 1 from pragma_table_info(?) where name = ?", [table, column]).fetchone():
                rows.execute(f"update {table} set {column} = replace({column}, char(0), '') where instr({column}, char(0))")
    return copied / "mlflow.db", database


def compare(checks, ours, theirs):
    """Compares a PostgreSQL database with a SQLite database of the same rows."""
    commands = [command for command in COMMANDS if command.endswith("--json")] + ["doctor --deep --json"]
    runs = [(command, {}) for command in commands]
    for id in trace_ids(theirs):
        runs += [(command, of_one_trace(id)) for command in COMMANDS_OF_A_TRACE if command.endswith("--json")]
        runs += [(command, of_one_trace(id)) for command in PREFIXES]
    wrong = []
    for command, words in runs:
        answers = [serve.attempt(program, command, **words) for program in (ours, theirs)]
        for path, a, b in serve.differences("", *answers):
            if not any(re.fullmatch(pattern, path) for pattern in ALLOWED):
                wrong.append(f"{command} {words.get('ID', '')}: {path}: PostgreSQL gives {serve.short(a)}, SQLite {serve.short(b)}")
    checks.check(f"{len(runs)} commands", wrong)
    for command in COMMANDS_IN_VAIN:
        said = [says(program, command, NOT_FOUND) for program in (ours, theirs)]
        checks.check(f"{command}, which is not there", [text for text in said if text])


def compare_filters(checks, ours, theirs):
    """Compares what every filter of fixtures/filters selects."""
    with open(serve.FIXTURES / "filters" / "cases.jsonl", encoding="utf-8") as lines:
        filters = [json.loads(line)["filter"] for line in lines]
    filters = [text for text in filters if "\0" not in text]  # no argument of a program holds that
    with ThreadPoolExecutor(serve.AT_ONCE) as pool:
        answers = list(pool.map(lambda text: [serve.found(program, text) for program in (ours, theirs)], filters))
    wrong = [f"{serve.short(text)}: PostgreSQL gives {serve.short(a)}, SQLite {serve.short(b)}" for text, (a, b) in zip(filters, answers) if a != b]
    checks.check(f"{len(filters)} filters", wrong)


def says(program, command, code, *parts):
    """What is missing in an error; nothing if all is there."""
    try:
        program.run(command)
    except RuntimeError as error:
        message = str(error)
    else:
        return "it does not fail"
    missing = [part for part in (f"ended with {code}:", *parts) if part not in message]
    return f"{missing} not in {message}" if missing or PASSWORD in message else ""


def check_troubles(checks, cluster, database, program):
    """Checks what is said when something is wrong, and that it says so in time."""
    def trouble(what, uri, code, *parts):
        missing = says(program(uri), "traces list", code, *parts)
        checks.check(what, [missing] if missing else [])

    tcp = f"postgresql+psycopg2://reader:reader@127.0.0.1:{cluster.port}/{database}"
    trouble("wrong password", cluster.uri(database, password="wrong"), 4, "password authentication failed", "PGPASSWORD")
    trouble("no password", f"postgresql://reader@127.0.0.1:{cluster.port}/{database}", 4, "password", "PGPASSWORD")
    trouble("no such database", cluster.uri("nothing"), 5, 'database "nothing" does not exist', "name of the database")
    trouble("a database of something else", cluster.uri("postgres"), 5, "no MLflow traces", "search_path")
    trouble("a role without rights", cluster.uri(database, "stranger", "stranger"), 5, "permission denied", "grant select")
    trouble("TLS is required and there is none", tcp + "?sslmode=require", 4, "TLS", "sslmode=prefer")
    trouble("nobody listens", "postgresql://reader@127.0.0.1:1/x", 4, "Connection refused", "check host and port")
    with cluster.locked(database, "trace_info"):
        trouble("a migration holds a lock", tcp + "?options=-clock_timeout%3D200", 5, "lock timeout", "mlflow db upgrade")
    trouble("a statement takes too long", tcp + "?options=-cstatement_timeout%3D1", 5, "statement timeout", "statement_timeout")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="PROGRAM", help="the mltrace to run")
    parser.add_argument("stores", nargs="*", metavar="STORE", help="one or more of: " + " ".join(STORES))
    arguments = parser.parse_args()
    if unknown := set(arguments.stores) - set(STORES):
        parser.error(f"no fixture {', '.join(sorted(unknown))}")
    stop_on_signals()
    python = make_venv(serve.cache() / RELEASE, RELEASE, serve.NOT_SERVED)
    run([python, "-m", "pip", "install", "--quiet", "--no-deps", DRIVER])
    failed = 0
    with tempfile.TemporaryDirectory(prefix="mltrace-postgres-") as temporary:
        folder = Path(temporary).resolve()
        folder.chmod(0o755)
        home = folder / "home"
        for name in ("home", "server"):
            (folder / name).mkdir()
        with Cluster(folder / "server") as cluster:
            cluster.sql("postgres", "create role reader login password 'reader'; create role stranger login password 'stranger'")
            program = lambda uri: Program(arguments.program, uri, home)
            for store in arguments.stores or STORES:
                started = time.monotonic()
                checks = serve.Checks(store)
                path, database = prepare(cluster, python, store, folder)
                # Files of traces are looked for in the current folder, as beside a SQLite database.
                ours = Program(arguments.program, cluster.uri(database, "reader", "reader"), path.parent)
                theirs = program(str(path))
                if store == FILTERED:
                    compare_filters(checks, ours, theirs)
                    check_troubles(checks, cluster, database, program)
                else:
                    compare(checks, ours, theirs)
                print(f"{store}: {checks.failed or 'no'} checks failed, {time.monotonic() - started:.0f} s", flush=True)
                failed += checks.failed
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
