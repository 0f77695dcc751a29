#!/usr/bin/env python3
"""Compares what mltrace says of a real MLflow server with what it says of the files behind it: serve.py PROGRAM [RELEASE ...].

    tests/e2e/serve.py target/release/mltrace                  # the newest release of which there is a fixture
    tests/e2e/serve.py target/release/mltrace 2.22.5 3.6.0

For each release it serves a copy of a fixture with MLflow itself, runs the commands of fixtures/record_http.py on the
server and on the copy, and prints a line for each; the exit code is 1 if an answer differs in a way not listed below.
Of the newest release it then serves the store that filters are for, and asks it for every string of
fixtures/filters/cases.jsonl, which takes another minute.  The first run of a release installs it from PyPI below
${MLTRACE_E2E:-~/.cache/mltrace-e2e} (about 300 MB).  Needs Python 3.11 or uv.
"""
import argparse
import contextlib
import json
import os
import re
import shutil
import sqlite3
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True  # no __pycache__ in the source
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
sys.path.insert(0, str(FIXTURES))
import record_http as commands  # noqa: E402
from make.release import QUIET, backend, make_venv, mlflow_server, stop_on_signals  # noqa: E402

DEFAULT = ["3.18.0"]
STORES = {release: f"{release}-sqlite" for release in ["2.22.5", "3.1.4", "3.2.0", "3.5.1", "3.16.1"]}
STORES |= {release: f"{release}-http-sqlite" for release in ["3.6.0", "3.18.0"]}
# The store in which all filters are asked for.
FILTERED = {"3.18.0": "3.18.0-sqlite"}
# Servers fail with status 500 on every page that has one of these: Python's way to write a number that JSON lacks.
UNSERVABLE = "delete from assessments where value in ('NaN', 'Infinity', '-Infinity')"
# Where a server fails and its files do not: how MLflow's own error is told in cases.jsonl, and why.
ONLY_FILES_ANSWER = [("at most 64 tables in a join", "each condition on a tag is a join to MLflow, and SQLite has so many at most")]
AT_ONCE = 4

# How an answer of a server may differ from that of its files: the releases, where in the JSON document (a pattern for the
# whole path, as in `traces[0].tags.env`), whether two values differ so (the server's and the files'), and why.
ALL = set(STORES)
ALLOWED = [
    (ALL, r"(.*\.)?spans_source", lambda served, filed: True, "it says where the spans were read"),
    (ALL, r"(.*\.)?span_count", lambda served, filed: served is None, "no route tells it of a trace whose client did not record it"),
    (ALL, r"(groups\[\d+\]|total)\.time_to_first_token_ms", lambda served, filed: served is None, "spans of a server are not read for that alone"),
    (ALL, r"(rules|sets)\[\d+\]\.next|exceptions\.(new|gone)\[\d+\]\.next", lambda served, filed: True, "commands to run next name the store"),
    (ALL, r"page\.matched", lambda served, filed: served is None and isinstance(filed, int), "of a list that is cut, a server tells only that there is more"),
    ({"3.6.0"}, r"page\.(complete|matched)", lambda served, filed: not served, "with --name: it cannot search for traces without a name"),
    ({"3.6.0"}, r"spans\[\d+\]\.attributes\.mlflow\.spanType", lambda served, filed: filed == NO_KEY, "this release adds types to what OpenTelemetry sent while it loads it"),
]
# What adds up the calls of all traces.
ADD_UP = ("usage --json", "usage --by", "stats", "tools")
# The same for traces that MLflow cannot load itself, and whose spans the server does not give.  Servers before 3.7 give
# all spans of a trace or none, those of 3.4 and 3.5 only spans in files.
WITHHOLD = {"2.22.5", "3.1.4", "3.2.0", "3.5.1", "3.6.0"}
ALLOWED_OF_WITHHELD = [
    r"problems.*",  # they say what was not found, and where
    r"spans",
    r"calls",
]
NO_KEY = "(no such key)"

# Pinned packages that a server does without.
NOT_SERVED = {
    # the programs that make the stores
    "ag2", "aiofiles", "asyncer", "autogen-agentchat", "autogen-core", "autogen-ext", "diskcache", "distro", "docker",
    "fast-depends", "jiter", "jsonref", "openai", "pyautogen", "regex", "termcolor", "tiktoken",
    # models and plots
    "contourpy", "cycler", "fonttools", "joblib", "kiwisolver", "matplotlib", "narwhals", "pillow", "prettytable", "pyarrow",
    "pyparsing", "scikit-learn", "scipy", "skops", "threadpoolctl", "wcwidth",
}


def is_allowed(release, path, served, filed):
    """Whether a difference is one of those above."""
    return any(
        release in releases and re.fullmatch(pattern, path) and differ_so(served, filed)
        for releases, pattern, differ_so, _ in ALLOWED
    )


def differences(path, ours, theirs):
    """Where two JSON documents differ, and how."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            yield from differences(f"{path}.{key}" if path else key, ours.get(key, NO_KEY), theirs.get(key, NO_KEY))
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for at, pair in enumerate(zip(ours, theirs)):
            yield from differences(f"{path}[{at}]", *pair)
    # Of NaN no two are equal, and 1 is not true.
    elif repr(ours) != repr(theirs):
        yield path, ours, theirs


def short(value):
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 300 else text[:300] + f"… ({len(text)} characters)"


class Checks:
    """Prints a line for each check, and counts those that failed."""

    def __init__(self, release):
        self.release, self.failed, self.withheld = release, 0, set()

    def check(self, what, wrong):
        self.failed += bool(wrong)
        print(f"{'FAILED' if wrong else 'ok':7} {self.release:7} {what}", flush=True)
        for line in wrong[:20]:
            print(f"        {line}")
        if len(wrong) > 20:
            print(f"        and {len(wrong) - 20} more")

    def same(self, what, runs):
        """Compares pairs of answers, the server's first, each with the trace that it is about, if it is about one."""
        wrong = []
        for trace_id, served, filed in runs:
            for path, a, b in differences("", self.given(served), self.given(filed)):
                excused = trace_id in self.withheld and any(re.fullmatch(pattern, path) for pattern in ALLOWED_OF_WITHHELD)
                if not excused and not is_allowed(self.release, path, a, b):
                    about = f"{trace_id}: " if trace_id else ""
                    wrong.append(f"{about}{path}: the server gives {short(a)}, the files {short(b)}")
        self.check(what, wrong)

    def given(self, answer):
        """A list of spans without those that the server cannot give."""
        spans = answer.get("spans")
        if not self.withheld or not isinstance(spans, list) or "page" not in answer:
            return answer
        kept = [span for span in spans if span["trace_id"] not in self.withheld]
        page = {key: len(kept) if value == len(spans) else value for key, value in answer["page"].items()}
        return answer | {"spans": kept, "page": page}


def copy_store(source, target):
    """A copy of a fixture that finds its own files: where it names its old folder, it names the new one."""
    shutil.copytree(source, target)
    old, new = str(commands.ROOT / source.name), str(target)
    with contextlib.closing(sqlite3.connect(target / "mlflow.db")) as database, database:
        database.execute("update experiments set artifact_location = replace(artifact_location, ?, ?)", (old, new))
        database.execute("update trace_tags set value = replace(value, ?, ?) where key = 'mlflow.artifactLocation'", (old, new))


def attempt(program, command, **words):
    """A JSON answer, or what stands in its place."""
    try:
        return program.json(command, **words)
    except RuntimeError as error:
        return {"failed": str(error).partition("ended with ")[2] or str(error)}


def attached(program, folder, command, words):
    """The files that a command saves, with its answer."""
    shutil.rmtree(folder, ignore_errors=True)
    answer = attempt(program, command, **words, FOLDER=str(folder))
    files = {path.name: path.read_bytes().hex() for path in folder.iterdir()} if folder.exists() else {}
    return {"answer": answer, "files": files}


def compare(checks, served, filed, folder, oracle):
    both = lambda command, **words: (attempt(served, command, **words), attempt(filed, command, **words))
    ids = commands.trace_ids(filed)
    withheld_calls = False
    for trace in oracle["traces"]:
        told = both("trace show ID --json", ID=trace["trace_id"]) if trace["spans"] is None else [{}, {}]
        if [answer.get("spans") for answer in told] != [[], []] and told[0].get("spans") == []:
            print(f"        {checks.release:7} the server gives no spans of {trace['trace_id']}; MLflow: {trace['error']}")
            withheld_calls |= filed.json("usage ID --json", ID=trace["trace_id"])["calls"] != []
        if told[0].get("spans") == [] and checks.release in WITHHOLD:
            checks.withheld.add(trace["trace_id"])
    for command in commands.COMMANDS:
        if not command.endswith("--json"):
            continue
        if withheld_calls and command.startswith(ADD_UP):
            print(f"skipped {checks.release:7} {command}, which adds up calls that the server does not give")
            continue
        served_answer, filed_answer = both(command)
        checks.same(command, [(served_answer.get("info", served_answer).get("trace_id"), served_answer, filed_answer)])
    for command in commands.COMMANDS_OF_A_TRACE:
        if command.endswith("--json"):
            checks.same(f"{command}, {len(ids)} traces", [(id, *both(command, **commands.of_one_trace(id))) for id in ids])
    for command in commands.COMMANDS_OF_THE_NEWEST:
        checks.same(command, [(ids[0], *both(command, **commands.of_one_trace(ids[0])))])
    spans = [(id, span) for id in ids for span in commands.with_attachments(filed.json("trace show ID --json", ID=id))]
    for command in commands.COMMANDS_OF_AN_ATTACHMENT if spans else []:
        checks.same(f"{command}, {len(spans)} spans", [
            (id, *(attached(program, folder, command, {"ID": id, "SPAN": span}) for program in (served, filed)))
            for id, span in spans
        ])
    for command in commands.COMMANDS_IN_VAIN:
        wrong = []
        for program in (served, filed):
            try:
                program.run(command, fails_with=commands.NOT_FOUND)
            except RuntimeError as error:
                wrong.append(str(error))
        checks.check(f"{command}, which is not there", wrong)

    listed = attempt(served, "traces list --all --deleted --json").get("traces", [])
    theirs = {trace["trace_id"]: trace["token_usage"] for trace in oracle["traces"]}
    ours = {trace["trace_id"]: trace["recorded_token_usage"] for trace in listed}
    checks.check("ids of all traces, as MLflow's API has them", [f"{id} is on one side only" for id in sorted(theirs.keys() ^ ours.keys())])
    checks.check("recorded tokens of all traces, as MLflow's API has them", [
        f"{id}: the server gives {short(ours[id])}, MLflow {short(theirs[id])}"
        for id in sorted(theirs.keys() & ours.keys()) if ours[id] != theirs[id]
    ])


def found(program, text):
    """The ids of the traces that a filter selects, or how it ends."""
    try:
        return program.run("traces list --all -x Alpha -x Beta -o ids --filter FILTER", FILTER=text).split()
    except RuntimeError as error:
        return str(error).partition("ended with ")[2].strip() or str(error)


def compare_filters(checks, served, filed):
    with open(FIXTURES / "filters" / "cases.jsonl", encoding="utf-8") as lines:
        cases = [json.loads(line) for line in lines]
    cases = [case for case in cases if "\0" not in case["filter"]]  # no argument of a program holds that
    started = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda case: [found(program, case["filter"]) for program in (served, filed)], cases))
    wrong, selecting = [], 0
    for case, (ours, theirs) in zip(cases, answers):
        selecting += isinstance(theirs, list) and bool(theirs)
        may_fail = any(words in case.get("error", "") for words, _ in ONLY_FILES_ANSWER)
        if may_fail and (isinstance(ours, list) or not isinstance(theirs, list)):
            wrong.append(f"{short(case['filter'])}: listed as one that only files answer, but the server gives {short(ours)}, the files {short(theirs)}")
        elif not may_fail and ours != theirs:
            wrong.append(f"{short(case['filter'])}: the server gives {short(ours)}, the files {short(theirs)}")
    if not selecting:
        wrong.append("no filter selects anything")
    checks.check(f"{len(cases)} filters, of which {selecting} select something, {time.monotonic() - started:.0f} s", wrong)


def on_server(checks, python, program, source, ask, statements=""):
    """Serves a copy of a store, and lets `ask` compare the server with the copy."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mltrace-e2e-") as temporary:
        folder = Path(temporary).resolve()
        home, store, log_path = folder / "home", folder / "store", folder / "server.log"
        home.mkdir()
        copy_store(source, store)
        with contextlib.closing(sqlite3.connect(store / "mlflow.db")) as database:
            database.executescript(statements)
        env = {**QUIET, "PATH": f"{python.parent}:/usr/bin:/bin", "HOME": str(home)}
        try:
            with open(log_path, "w") as log, mlflow_server(python, store, backend(store), env, log) as url:
                print(f"{checks.release}: {source.relative_to(FIXTURES)} is served at {url}, {time.monotonic() - started:.0f} s", flush=True)
                ask(commands.Program(program, url, home), commands.Program(program, str(store / "mlflow.db"), home), folder)
        except RuntimeError as error:
            checks.check("the server runs", [str(error), *log_path.read_text(errors="replace").splitlines()[-20:]])


def serve(release, program, cache):
    """How many checks of a release failed."""
    started = time.monotonic()
    python = make_venv(cache / release, release, NOT_SERVED)
    print(f"{release}: MLflow is in {python.parents[1]}, {time.monotonic() - started:.0f} s", flush=True)
    started = time.monotonic()
    checks = Checks(release)
    name = STORES[release]
    oracle = json.loads((FIXTURES / "stores" / f"{name}.oracle.json").read_text(encoding="utf-8"))
    on_server(checks, python, program, FIXTURES / "stores" / name, lambda served, filed, folder: compare(
        checks, served, filed, folder / "attachments", oracle))
    if release in FILTERED:
        on_server(checks, python, program, FIXTURES / "filters" / FILTERED[release], lambda served, filed, _: compare_filters(
            checks, served, filed), UNSERVABLE)
    print(f"{release}: {checks.failed or 'no'} checks failed, {time.monotonic() - started:.0f} s", flush=True)
    return checks.failed


def cache():
    """The folder for releases of MLflow."""
    return Path(os.environ.get("MLTRACE_E2E") or Path.home() / ".cache" / "mltrace-e2e").expanduser().resolve()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="PROGRAM", help="the mltrace to run")
    parser.add_argument("releases", nargs="*", metavar="RELEASE", help="one or more of: " + " ".join(STORES))
    arguments = parser.parse_args()
    if unknown := set(arguments.releases) - set(STORES):
        parser.error(f"no fixture of {', '.join(sorted(unknown))}")
    stop_on_signals()
    if sum([serve(release, arguments.program, cache()) for release in arguments.releases or DEFAULT]):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
