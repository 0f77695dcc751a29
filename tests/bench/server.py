#!/usr/bin/env python3
"""Measures commands on a tracking server beside the bare requests that they make: server.py PROGRAM URI.

    python3 tests/bench/server.py target/release/mltrace http://127.0.0.1:5000

Each command is run once through a recorder that notes its requests; then the program and curl, which makes the same
requests one after the other on one connection, take turns.  Prints a table: the number of requests, and medians in
milliseconds.  Where the program asks for several things at once it is faster than curl.
"""
import http.client
import http.server
import statistics
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

COMMANDS = [
    "experiments",
    "traces list",
    "traces list --status error -n 100",
    "trace show @last",
    "trace show ID",
    "trace show @error",
    "trace show @slow",
    "usage @last",
    "spans --type LLM -n 50",
    "usage --by model",
    "traces list --all --json",
]
RUNS = 5


class Recorder(http.server.BaseHTTPRequestHandler):
    """Hands requests on to the server, and notes them."""

    protocol_version = "HTTP/1.1"
    server_at, seen = "", []

    def hand_on(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.seen.append((self.command, self.path, body.decode()))
        connection = http.client.HTTPConnection(self.server_at)
        connection.request(self.command, self.path, body or None, {"content-type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name in ("content-type", "location"):
            if value := answer.headers.get(name):
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = hand_on

    def log_message(self, *_):
        pass


def run(command):
    """Milliseconds that a process takes."""
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - started) * 1000


def curl(uri, requests):
    command = ["curl", "-s", "-S"]
    for at, (_, path, body) in enumerate(requests):
        command += ["--next"] if at else []
        command += ["-s", "--compressed", "-o", "/dev/null", uri + path]
        command += ["-H", "content-type: application/json", "-d", body] if body else []
    return command


def main():
    program, uri = sys.argv[1], sys.argv[2].rstrip("/")
    Recorder.server_at = urlsplit(uri).netloc
    recorder = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=recorder.serve_forever, daemon=True).start()
    newest = subprocess.run([program, "-u", uri, "traces", "list", "-n", "1", "-o", "ids"], capture_output=True, text=True)
    print("| what | requests | curl, ms | mltrace, ms |\n|---|--:|--:|--:|")
    for words in COMMANDS:
        command = words.replace("ID", newest.stdout.strip()).split()
        Recorder.seen.clear()
        run([program, "-u", f"http://127.0.0.1:{recorder.server_port}", *command])
        bare = curl(uri, Recorder.seen)
        times = [(run(bare), run([program, "-u", uri, *command])) for _ in range(RUNS)]
        medians = " | ".join(f"{statistics.median(side):.0f}" for side in zip(*times))
        print(f"| `{words}` | {len(Recorder.seen)} | {medians} |", flush=True)


if __name__ == "__main__":
    main()
