#!/usr/bin/env python3
"""Runs the commands of the README's console blocks and compares what they print.

    .ci/readme.py target/release/mltrace            # fail on a difference
    .ci/readme.py target/release/mltrace --write    # write what they print into the README

A line `$ command` begins an example; the lines up to the next one, or the end of the block, are what it prints
on stdout.
"""
import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
# The clock of the examples is 9 minutes after the newest trace of the sample.
FIXED = {"MLTRACE_NOW": "2026-11-20T18:00:00Z", "TZ": "UTC", "COLUMNS": "100", "LANG": "C.UTF-8"}


def output(command, tools):
    environment = FIXED | {"PATH": f"{tools}:{os.environ['PATH']}"}
    shell = ["bash", "-c", command]
    done = subprocess.run(shell, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")
    # Git would not keep blanks at the end of a line everywhere.
    return "".join(line.rstrip() + "\n" for line in done.stdout.splitlines())


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--write"]):
        raise SystemExit(__doc__)
    written = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as tools:
        (Path(tools) / "mltrace").symlink_to(Path(sys.argv[1]).resolve())
        run = lambda block: "```console\n" + "".join(
            f"$ {command}\n{output(command, tools)}" for command in re.findall(r"^\$ (.*)$", block.group(1), re.MULTILINE)
        ) + "```\n"
        found = re.sub(r"```console\n(.*?)```\n", run, written, flags=re.DOTALL)
    if "--write" in sys.argv:
        README.write_text(found, encoding="utf-8")
    elif found != written:
        sys.stdout.writelines(difflib.unified_diff(written.splitlines(True), found.splitlines(True), "README.md", "what is printed"))
        raise SystemExit("the examples in the README do not print what it says")


if __name__ == "__main__":
    main()
