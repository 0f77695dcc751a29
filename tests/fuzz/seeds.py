#!/usr/bin/env python3
"""Makes the seeds of all fuzz targets, and a dictionary for each, out of the fixtures: seeds.py FOLDER.

FOLDER/TARGET gets the seeds, FOLDER/TARGET.dict the words that are tried in any place. Standard library only.
"""
import gzip
import hashlib
import json
import re
import sqlite3
import sys
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
# Longer seeds would be cut by the engine, in the middle of whatever they are.
MOST_BYTES = 65_536
MOST_WORDS = 400

HOSTILE = [
    "null", "true", "NaN", "-Infinity", "1e999", "-1", "9223372036854775807", "-9223372036854775808", "18446744073709551616",
    "\\ud800", "\\udc00", "\\u0000", '\\"', '\\\\\\"', "\u202e", "\x1b[31m", "\x9b", "\x00", "\r\n", "\t", "🚚", "e\u0301",
]
OF_TARGET = {
    "filters": [" AND ", " IN (", " NOT IN ", " LIKE '%", " ILIKE ", " RLIKE ", " IS NOT NULL", " IS NULL", "span.attributes.",
                "feedback.", "expectation.", "tags.", "metadata.", "attributes.", "trace.", "`", "1e400", "0x", "'", '"', "\\", "--"],
    "regexes": ["(?i)", "(?x)", "(?P<a>", "(?P=a)", "(?<=", "(?<!", "(?!", "\\1", "\\b", "\\d", "\\Z", "\\N{", "\\p{L}", "[^", "{1000}",
                "{,3}", "*?", "+)+", "|", "^", "$", ".*", "[[:alpha:]]", "\\u00e9", "\\x41", "(?#", "(?(1)", "(?(2)",
                "(?(<a>)", "\\g<1>", "\\g<0>", "\\k<1+0>", "\\k<-1>", "(?~|", "(?~", "(*FAIL)", "(*SKIP)", "\\K", "\\G", "\\R", "(?>", "a++", "(?P>a)"],
    "times": ["ms", "us", "w", "d", "h", "m", "s", "T", "Z", "+02:00", "-0500", "GMT", "2262-04-11", "1677-09-21", "24:00", ":60", "tag:"],
    "uris": ["sqlite:///", "sqlite+pysqlite:", "file:", "file://localhost/", "http://", "https://", "[::1]", ":5000", "@", "%40", "%2F",
             "databricks", "postgresql://", "demo:", "uc:", "?", "#"],
    "yaml": ["&a ", "*a", "!!binary ", "!!python/object", "? ", "- ", "|\n", ">-\n", "---\n", "...\n", "%TAG ! x\n", "{", "[", ".inf", "0o7", "<<: "],
    "wire": ["\x0a", "\x12", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", "\xff\xff\xff\xff\x0f", "\x3a", "\x2a"],
}


class Seeds:
    """The folder of one target."""

    def __init__(self, root, target):
        self.folder = root / target
        self.folder.mkdir(parents=True, exist_ok=True)
        self.words = {}

    def add(self, seed):
        data = seed.encode("utf-8", "surrogateescape") if isinstance(seed, str) else bytes(seed)
        if 0 < len(data) <= MOST_BYTES:
            (self.folder / hashlib.sha1(data).hexdigest()[:16]).write_bytes(data)
            for word in re.findall(rb'"([A-Za-z_][\w.@$-]{2,40})\\?"', data):
                self.words[word] = self.words.get(word, 0) + 1

    def finish(self):
        common = sorted(self.words, key=lambda word: (-self.words[word], word))[:MOST_WORDS]
        words = [word.encode("latin-1" if self.folder.name == "wire" else "utf-8") for word in OF_TARGET.get(self.folder.name, [])]
        words += [word.encode() for word in HOSTILE] + common
        line = lambda word: '"' + "".join(f"\\x{byte:02x}" if byte in b'"\\' or not 32 <= byte < 127 else chr(byte) for byte in word) + '"\n'
        self.folder.with_suffix(".dict").write_text("".join(map(line, words)))
        return len(list(self.folder.iterdir()))


def databases():
    return sorted(FIXTURES.glob("**/mlflow.db"))


def column(sql):
    """The values of a query in all databases that have what it asks for."""
    for path in databases():
        database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        try:
            yield from (row[0] for row in database.execute(sql) if row[0] is not None)
        except sqlite3.OperationalError:
            pass  # this release has no such table
        finally:
            database.close()


def documents():
    """Files of traces: whole, and line by line."""
    for path in sorted((FIXTURES / "documents").glob("**/*")) + sorted((FIXTURES / "frameworks").glob("*.jsonl.gz")):
        if path.is_file():
            data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            yield data
            if path.suffix != ".body":
                yield from data.splitlines()


def strings(value):
    """All texts in a JSON value, and those within texts that are JSON."""
    if isinstance(value, str):
        yield value
        if value[:1] in ("{", "[", '"'):
            try:
                yield from strings(json.loads(value))
            except ValueError:
                pass
    elif isinstance(value, dict):
        yield from (text for one in value.values() for text in strings(one))
    elif isinstance(value, list):
        yield from (text for one in value for text in strings(one))


def encoded(text):
    """JSON without the encoding as text, which MLflow does once or twice."""
    while isinstance(text, str) and text[:1] == '"':
        try:
            text = json.loads(text)
        except ValueError:
            break
    return text if isinstance(text, str) else json.dumps(text)


def message_values(span):
    """Inputs, outputs, messages and chunks of a span."""
    attributes = span.get("attributes") or {}
    pairs = attributes.items() if isinstance(attributes, dict) else [(one.get("key"), one.get("value")) for one in attributes]
    for key, value in pairs:
        if isinstance(value, dict):
            value = next(iter(value.values()), None)
        if re.search(r"put|message|prompt|completion|instruction|system|value|response|request|result|argument", str(key), re.I):
            yield encoded(value)
    for event in span.get("events") or []:
        chunk = (event.get("attributes") or {}).get("mlflow.chunk.value") if isinstance(event.get("attributes"), dict) else None
        if chunk is not None:
            yield "[" + encoded(chunk) + "]"


def spans_in(value):
    """Objects in a JSON value that are spans."""
    if isinstance(value, dict):
        if "attributes" in value and "name" in value and ("context" in value or "span_id" in value or "spanId" in value):
            yield value
        yield from (span for one in value.values() for span in spans_in(one))
    elif isinstance(value, list):
        yield from (span for one in value for span in spans_in(one))


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def any_value(value, depth=0):
    """OpenTelemetry's `AnyValue` in bytes."""
    if isinstance(value, bool):
        return b"\x10" + varint(int(value))
    if isinstance(value, int) and 0 <= value < 1 << 63:
        return b"\x18" + varint(value)
    if isinstance(value, list) and depth < 8:
        return field(5, b"".join(field(1, any_value(one, depth + 1)) for one in value))
    if isinstance(value, dict) and depth < 8:
        return field(6, b"".join(field(1, field(1, key.encode()) + field(2, any_value(one, depth + 1))) for key, one in value.items()))
    return field(1, (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "replace"))


def traces_data(span):
    """A span of `traces.json` as OpenTelemetry writes it in bytes, alone in its document."""
    def attributes(of, number):
        return b"".join(field(number, field(1, key.encode()) + field(2, any_value(value))) for key, value in (of or {}).items())

    event = lambda one: field(11, field(2, str(one.get("name")).encode()) + attributes(one.get("attributes"), 3))
    parts = field(1, b"\x01" * 16) + field(2, hashlib.sha1(json.dumps(span).encode()).digest()[:8])
    parts += field(5, str(span.get("name")).encode()) + b"\x39" + (1_795_132_800_000_000_000).to_bytes(8, "little")
    parts += attributes(span.get("attributes"), 9) + b"".join(event(one) for one in span.get("events") or [])
    return field(1, field(1, field(1, field(1, b"service.name") + field(2, any_value("shop")))) + field(2, field(2, parts + field(15, b"\x18\x02"))))


def make(root):
    of = {name: Seeds(root, name) for name in
          ["answers", "decode", "filters", "messages", "regexes", "times", "uris", "views", "wire", "yaml"]}

    contents = sorted(set(column("select content from spans")))
    texts = list(documents())
    for path in sorted(FIXTURES.glob("stores/**/traces.json")) + sorted(FIXTURES.glob("filters/**/traces.json")):
        texts.append(path.read_bytes())
    for text in contents + texts:
        of["decode"].add(text)
    spans = []
    for data in contents + texts:
        try:
            spans += spans_in(json.loads(data))
        except ValueError:
            pass  # bytes, several lines, or left empty when the trace was archived
    for data in texts:
        of["views"].add(data)
        if data[:1] not in (b"{", b"["):
            of["wire"].add(data)
    for path in sorted(FIXTURES.glob("**/*.pb")):
        of["wire"].add(path.read_bytes())
        of["views"].add(path.read_bytes())
    for span in spans:
        for value in message_values(span):
            of["messages"].add(value)
    for span in spans[::5]:
        if isinstance(span.get("attributes"), dict):
            of["wire"].add(traces_data(span))

    for path in sorted(FIXTURES.glob("**/*.yaml")):
        of["yaml"].add(path.read_bytes())

    for path in sorted(FIXTURES.glob("http/*.jsonl")):
        for line in path.read_bytes().splitlines():
            answer = json.loads(line)["answer"]
            if isinstance(answer, str):  # bytes are attachments
                of["answers"].add(answer)

    cases = [json.loads(line)["filter"] for line in (FIXTURES / "filters/cases.jsonl").read_bytes().splitlines()]
    for case in cases:
        of["filters"].add(case)
    patterns = {text for case in cases if "RLIKE" in case for text in re.findall(r"'([^']*)'", case)}
    patterns |= {"time(d )?out", "(a+)+$", "(?i)error|fail", r"\bHTTP \d{3}\b", "gpt-4*", "[^a-c]?x{2,3}", r"(?<=in )\w+", r"(.)\1", "é+", '"'}
    text = "upstream did not answer\nwithin 30 s: HTTP 503 Error in gpt-4o-mini, \"naïve\" 🚚 axxb aab"
    for pattern in patterns:
        of["regexes"].add(f"{pattern}\n{text}")
        of["regexes"].add(f"{pattern}\n{pattern}")

    for time in ["15m", "2h", "7d", "1m30s", "250ms", "1.5s", "1w2d", "10us", "2026-11-20", "2026-11-20 15:49", "2026-11-20T15:49:06.695Z",
                 "2026-11-20T15:49:06+02:00", "Fri, 20 Nov 2026 15:49:06 GMT", "3.18.0", "2.22.5rc1", "day", "tag:team", "metadata:a.b"]:
        of["times"].add(time)
    for number in [0, -1, 1, 1 << 63, (1 << 63) - 1, 1_795_132_800_000_000_000, -9_000_000_000_000_000_000]:
        of["times"].add((number & (1 << 64) - 1).to_bytes(8, "little"))

    for uri in ["sqlite:///mlflow.db", "sqlite:////data/mlflow.db?mode=ro", "sqlite:///file:mlflow.db?uri=true", "file:mlruns", "file:///a%20b",
                "file://localhost/a", "file://host/a", "http://localhost:5000", "https://kim:pass@host/prefix?a=b#c", "https://[::1]:8443/", "mlruns",
                "databricks://profile", "databricks-uc", "postgresql+psycopg2://kim:pass@db/mlflow", "demo:", "-", "C:\\mlruns", "kim:pass@host"]:
        of["uris"].add(uri)
    for name, seeds in of.items():
        print(f"{name}: {seeds.finish()} seeds")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    make(Path(sys.argv[1]))
