#!/usr/bin/env python3
"""Builds the fuzz targets, makes their seeds and runs them, two at a time: run.py [--seconds 60] [--seed 1] [TARGET ...].

The engine is libFuzzer with coverage counters of stable Rust. A run begins with the seeds alone; with --keep, with what
earlier runs found too. The exit code is 1 if a target panics, takes more than 10 s or 1 GB for one input, or does not build;
the path of the input is printed. Needs Linux, a C++ compiler and Python 3.9.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGETS = sorted(path.stem for path in HERE.glob("*.rs") if path.stem != "lib")
COVERAGE = ["level=4", "inline-8bit-counters", "pc-table", "trace-compares"]
LIMITS = ["-timeout=10", "-rss_limit_mb=1024", "-max_len=65536"]
# A zone whose clocks change, for local times.
ENVIRONMENT = {"TZ": "Europe/Berlin", "RUST_BACKTRACE": "1"}


def build(folder):
    flags = "--cfg fuzzing -Cpasses=sancov-module" + "".join(f" -Cllvm-args=-sanitizer-coverage-{one}" for one in COVERAGE)
    version = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    host = re.search(r"^host: (.*)", version, re.M)[1]
    # Named, so that build scripts are not instrumented.
    command = ["cargo", "build", "--locked", "--release", "--target", host, "--target-dir", str(folder)]
    subprocess.run(command, cwd=HERE, env=os.environ | {"RUSTFLAGS": flags}, check=True)
    return folder / host / "release"


def run(target, programs, folder, args):
    """Runs a target. Returns whether it found nothing."""
    corpus, seeds, found = (folder / part / target for part in ("corpus", "seeds", "found"))
    if not args.keep:
        shutil.rmtree(corpus, ignore_errors=True)
    for path in (corpus, found):
        path.mkdir(parents=True, exist_ok=True)
    command = [str(programs / target), str(corpus), str(seeds), f"-dict={seeds}.dict", f"-artifact_prefix={found}/", *LIMITS]
    command += [f"-seed={args.seed}", f"-max_total_time={args.seconds}", "-print_final_stats=1"]
    done = subprocess.run(command, env=os.environ | ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=found)
    log = done.stderr.decode("utf-8", "replace")
    number = lambda name: int((re.findall(rf"^stat::{name}:\s+(\d+)", log, re.M) or ["0"])[-1])
    covered = (re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)/(\S+)", log) or [("0", "0", "0", "0b")])[-1]
    inputs = number("number_of_executed_units")
    print(f"{target:9} {inputs:>10,} inputs, {inputs // max(args.seconds, 1):>7,} a second, {int(covered[0]):>6,} edges, "
          f"{int(covered[2]):>6,} in the corpus ({covered[3]}), slowest {number('slowest_unit_time_sec')} s, "
          f"{number('peak_rss_mb')} MB", flush=True)
    if done.returncode == 0:
        return True
    print("\n".join(log.splitlines()[-60:]))
    inputs = re.findall(r"Test unit written to (\S+)", log)
    print(f"{target}: exit code {done.returncode}; input: {inputs[-1] if inputs else 'none was written'}", flush=True)
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="how long each target runs (60)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the mutations (1)")
    parser.add_argument("--jobs", type=int, default=2, help="how many run at once (2)")
    parser.add_argument("--keep", action="store_true", help="continue with what earlier runs found")
    args = parser.parse_args()
    unknown = set(args.targets) - set(TARGETS)
    if unknown:
        parser.error(f"unknown target {', '.join(sorted(unknown))}; known are {', '.join(TARGETS)}")
    root = os.environ.get("CARGO_TARGET_DIR")
    folder = Path(root).resolve() / "fuzz" if root else HERE / "target"
    programs = build(folder)
    shutil.rmtree(folder / "seeds", ignore_errors=True)
    subprocess.run([sys.executable, str(HERE / "seeds.py"), str(folder / "seeds")], check=True, stdout=subprocess.DEVNULL)
    with ThreadPoolExecutor(args.jobs) as pool:
        good = list(pool.map(lambda target: run(target, programs, folder, args), args.targets or TARGETS))
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
