#!/usr/bin/env python3
"""Makes a large store: the rows that MLflow would write, without MLflow.

    make_store.py N OUT.db [--schema 3.6.0] [--one SPANS]    a SQLite store of N traces
    make_store.py N OUT.db --slim                            the same of small traces
    make_store.py --files N FOLDER                           the same traces as a file store, FOLDER/mlruns

The empty database is fixtures/schemas/schema-<release>.sql (3.18.0, or any other that has a table `spans`).
--one adds one trace of SPANS spans, the newest of all.  A small trace has three spans of half a kilobyte: an agent, its
model call and its tool call, which fails in every 20th.  The same arguments always make the same traces.

A trace is an agent's run of about 12 spans and 64 kB: retrieval, one to three model calls, each with a tool, an answer.
5 % of the traces are in state ERROR (an exception event in the span that failed and in its ancestors), 0.2 % are
IN_PROGRESS, 20 % have one or two assessments.  10 % are in experiment `staging`, the others in `large`.  Five traces make
a session.  They begin in the 30 days before 2026-11-20T00:00:00Z.
"""
import argparse
import base64
import json
import random
import sqlite3
import time
from pathlib import Path

SCHEMAS = Path(__file__).resolve().parents[2] / "fixtures" / "schemas"
REVISIONS = {"3.18.0": "f4a9b2c7d1e6", "3.6.0": "bf29a5ff90ea"}  # what alembic notes of a schema
END_MS = 1_795_132_800_000  # 2026-11-20T00:00:00Z
DAYS = 30
DAY_MS = 86_400_000
MILLI = 1_000_000  # nanoseconds
SEED = 7

WORDS = (
    "trace span latency error token prompt model agent tool retry cache vector index document answer question user session "
    "context policy refund order shipment invoice warehouse delay customer support please check the status of my last and "
    "then summarize it in three short points with sources because we need to decide before Friday whether to escalate this "
    "ticket to the second level team or close it"
).split()
FOREIGN = ["配送状況を確認してください。", "¿Dónde está mi pedido?", "Где мой заказ?", "🚚📦✅", "تتبع الطلب", "naïve façade"]
# name asked for, name answered, price of an input token, of an output token
MODELS = [
    ("gpt-4o-mini", "gpt-4o-mini-2024-07-18", 0.15e-6, 0.60e-6),
    ("gpt-4.1-nano", "gpt-4.1-nano-2025-04-14", 0.10e-6, 0.40e-6),
    ("qwen-plus-latest", "qwen-plus-latest", None, None),
]
NAMES = ["support_agent", "search_agent", "run_tool_agent", "planner.run", "chat", "graph_flow", "AG2 initiate_chat"]
TOOLS = ["get_weather", "search_web", "lookup_order", "calculator"]
EXCEPTIONS = [
    ("ValueError", "Invalid order id: {}"),
    ("TimeoutError", "tool timed out after {} s"),
    ("openai.RateLimitError", "Error code: 429 - Rate limit reached for {}"),
    ("KeyError", "'field_{}'"),
]
TEAMS = ("search", "support", "платформа")


def dumps(value):
    return json.dumps(value, ensure_ascii=False)


def base64_text(data):
    return base64.b64encode(data).decode()


class Run:
    """One trace while it is made up."""

    def __init__(self, number, trace_bytes):
        self.number = number
        self.trace_bytes = trace_bytes
        self.trace_id = "tr-" + trace_bytes.hex()
        self.spans = []
        self.tokens = [0, 0, 0]  # input, output, total
        self.cost = [0.0, 0.0]  # input, output
        self.pick_type = random.Random(number)

    @property
    def experiment(self):
        return 2 if self.number % 10 == 9 else 1

    @property
    def session(self):
        return f"session-{self.number // 5:06d}"

    @property
    def user(self):
        return f"user-{(self.number // 5) % 997:04d}"

    @property
    def tags(self):
        return {"env": "prod" if self.number % 3 else "test", "team": TEAMS[self.number % 3]}


class Generator:
    """Makes up traces, one after another; the n-th is always the same."""

    def __init__(self, seed=SEED):
        self.random = random.Random(seed)
        self.texts = [dumps(self.text(number)) for number in range(600)]  # 0.3 to 3 kB each

    def text(self, number):
        text = " ".join(self.random.choices(WORDS, k=self.random.randint(50, 520)))
        if number % 7 == 0:
            text += " " + self.random.choice(FOREIGN)
        if number % 5 == 0:
            text = text.replace(" and ", "\n- ", 6)
        return text

    def trace(self, number, of):
        """The trace of this number out of so many, the last of which is the newest."""
        pick = self.random
        run = Run(number, pick.getrandbits(128).to_bytes(16, "big"))
        run.time_ms = END_MS - int((of - number) * DAYS * DAY_MS / of) - pick.randint(0, 500)
        start = run.time_ms * MILLI + pick.randint(0, 999_999)
        fate = pick.random()
        fails, is_open = fate < 0.05, 0.05 <= fate < 0.052

        question = pick.choice(self.texts)
        run.name = NAMES[number % len(NAMES)]
        asked = {"mlflow.spanInputs": '{"question": %s}' % question}
        root = self.span(run, None, run.name, "AGENT", start, 0, {"mlflow.spanFunctionName": dumps(run.name), **asked})
        self.retrieval(run, root, question, start + MILLI)
        plan = self.span(run, root, "plan", "CHAIN", start + 91 * MILLI, 0, dict(asked))
        now = plan["start"]
        victim = None
        for _ in range(pick.randint(1, 3)):
            call = self.model_call(run, plan, now)
            tool = self.tool_call(run, plan, call["end"] + MILLI)
            now = tool["end"] + MILLI
            if fails and victim is None:
                victim = pick.choice((call, tool))
        plan["end"] = now
        if not (fails and pick.random() < 0.6):
            now = self.reflection(run, root, now)
        root["end"] = now

        answer = pick.choice(self.texts)
        if fails:
            self.fail(victim)
        else:
            root["attributes"]["mlflow.spanOutputs"] = answer
        if is_open:
            root["end"] = None
        run.state = "ERROR" if fails else "IN_PROGRESS" if is_open else "OK"
        run.duration_ms = None if is_open else (now - start) // MILLI
        run.request = asked["mlflow.spanInputs"][:1000]
        run.response = None if fails or is_open else answer[:1000]
        return run

    def slim(self, number, of):
        """A trace of three small spans: what each trace costs, not its text."""
        pick = self.random
        run = Run(number, pick.getrandbits(128).to_bytes(16, "big"))
        run.time_ms = END_MS - (of - number) * DAYS * DAY_MS // of
        start = run.time_ms * MILLI
        run.name = NAMES[number % len(NAMES)]
        run.request, run.response = '{"question": "What is %d?"}' % number, '"answer %d"' % number
        io = {"mlflow.spanInputs": run.request, "mlflow.spanOutputs": run.response}
        root = self.span(run, None, run.name, "AGENT", start, pick.randint(100, 9000) * MILLI, dict(io))
        asked, answered, *prices = MODELS[number % 2]
        tokens = (pick.randint(100, 999), pick.randint(10, 99))
        run.tokens = [*tokens, sum(tokens)]
        run.cost = [count * price for count, price in zip(tokens, prices)]
        self.span(run, root, "Completions", "CHAT_MODEL", start + MILLI, 60 * MILLI, dict(io), run.tokens, answered, run.cost)
        tool = self.span(run, root, TOOLS[number % 4], "TOOL", start + 62 * MILLI, 20 * MILLI, dict(io))
        run.state = "OK"
        if number % 20 == 7:
            self.fail(tool)
            run.state, run.response = "ERROR", None
        run.duration_ms = (root["end"] - start) // MILLI
        return run

    def span(self, run, parent, name, span_type, start, duration, attributes, usage=None, model=None, cost=None):
        span = {
            "id": self.random.getrandbits(64).to_bytes(8, "big"),
            "parent": parent, "name": name, "type": span_type, "start": start, "end": start + duration,
            "model": model, "cost": cost, "failed": False, "message": "", "events": [],
        }
        every = {"mlflow.traceRequestId": dumps(run.trace_id), "mlflow.spanType": dumps(span_type)}
        span["attributes"] = every | attributes
        if usage:
            span["attributes"]["mlflow.chat.tokenUsage"] = dumps(usage_object(usage))
        if model:
            span["attributes"]["mlflow.llm.model"] = dumps(model)
        if cost:
            span["attributes"]["mlflow.llm.cost"] = dumps({"input_cost": cost[0], "output_cost": cost[1], "total_cost": sum(cost)})
        span["attributes"]["mlflow.spanLogLevel"] = "20"
        run.spans.append(span)
        return span

    def retrieval(self, run, root, question, start):
        pick = self.random
        page = lambda: '{"page_content": %s, "metadata": {"doc_uri": "doc/%d.md"}, "id": null}' % (pick.choice(self.texts), pick.randint(1, 999))
        retrieve = self.span(run, root, "retrieve", "RETRIEVER", start, 80 * MILLI, {
            "mlflow.spanFunctionName": '"retrieve"',
            "mlflow.spanInputs": '{"query": %s}' % question,
            "mlflow.spanOutputs": "[%s]" % ", ".join(page() for _ in range(2)),
        })
        self.span(run, retrieve, "Embeddings", "EMBEDDING", start + MILLI, 40 * MILLI, {
            "mlflow.spanInputs": '{"model": "text-embedding-3-small", "input": %s}' % question,
            "model": '"text-embedding-3-small"',
            "mlflow.spanOutputs": "[%s]" % ", ".join("%.6f" % pick.uniform(-1, 1) for _ in range(32)),
        })
        self.span(run, retrieve, "rerank", "RERANKER", start + 50 * MILLI, 20 * MILLI, {
            "mlflow.spanInputs": '{"n": 2}', "mlflow.spanOutputs": "[1, 0]",
        })

    def model_call(self, run, parent, start):
        pick = self.random
        asked, answered, *prices = pick.choices(MODELS, (6, 3, 2))[0]
        *texts, answer = [pick.choice(self.texts) for _ in range(pick.randint(2, 6))]
        messages = ['{"role": "system", "content": "You are a helpful assistant."}']
        messages += ['{"role": "%s", "content": %s}' % (("user", "assistant")[turn % 2], text) for turn, text in enumerate(texts)]
        request = '{"model": "%s", "messages": [%s], "temperature": 0.1}' % (asked, ", ".join(messages))
        tokens = (len(request) // 4, len(answer) // 4)
        response = (
            '{"id": "chatcmpl-%016x", "choices": [{"finish_reason": "stop", "index": 0, "logprobs": null, "message": '
            '{"content": %s, "refusal": null, "role": "assistant", "annotations": []}}], "created": 1753142400, "model": "%s", '
            '"object": "chat.completion", "usage": {"completion_tokens": %d, "prompt_tokens": %d, "total_tokens": %d}}'
            % (pick.getrandbits(64), answer, answered, tokens[1], tokens[0], sum(tokens))
        )
        usage = (*tokens, sum(tokens))
        cost = tuple(count * price for count, price in zip(tokens, prices)) if prices[0] else None
        run.tokens = [a + b for a, b in zip(run.tokens, usage)]
        run.cost = [a + b for a, b in zip(run.cost, cost or (0, 0))]
        span_type = "LLM" if run.pick_type.random() < 0.2 else "CHAT_MODEL"
        return self.span(run, parent, "Completions", span_type, start, pick.randint(200, 4000) * MILLI, {
            "mlflow.spanInputs": request, "model": dumps(asked), "temperature": "0.1",
            "mlflow.message.format": '"openai"', "mlflow.spanOutputs": response,
        }, usage, answered, cost)

    def tool_call(self, run, parent, start):
        pick = self.random
        tool = TOOLS[pick.randint(0, 3)]
        return self.span(run, parent, tool, "TOOL", start, pick.randint(1, 300) * MILLI, {
            "mlflow.spanFunctionName": dumps(tool),
            "mlflow.spanInputs": '{"city": "Paris", "order": %d}' % pick.randint(1, 10**6),
            "mlflow.spanOutputs": '"%s"' % pick.choice(("rainy", "sunny", "shipped", "177176")),
        })

    def reflection(self, run, root, start):
        """A second thought on the answer; gives the time at which it is over."""
        reflect = self.span(run, root, "reflect", "CHAIN", start, 0, {"mlflow.spanInputs": '{"drafts": 2}'})
        call = self.model_call(run, reflect, start + MILLI // 2)
        self.span(run, reflect, "guardrail", "PARSER", call["end"], 2 * MILLI, {
            "mlflow.spanInputs": '{"text": %s}' % self.random.choice(self.texts), "mlflow.spanOutputs": '{"flagged": false}',
        })
        reflect["end"] = call["end"] + 3 * MILLI
        reflect["attributes"]["mlflow.spanOutputs"] = '"ok"'
        self.span(run, root, "format_answer", "UNKNOWN", reflect["end"], MILLI, {"mlflow.spanOutputs": '"done"'})
        return reflect["end"] + 3 * MILLI // 2

    def fail(self, span):
        """An exception in a span, raised through its ancestors."""
        kind, message = EXCEPTIONS[self.random.randint(0, 3)]
        message = message.format(self.random.randint(1, 9999))
        frame = '  File "/app/agent/step_%d.py", line %d, in run\n    return self.call(payload)\n'
        frames = "".join(frame % (depth, 10 + depth) for depth in range(self.random.randint(3, 25)))
        stack = f"Traceback (most recent call last):\n{frames}{kind}: {message}\n"
        while span:
            span["failed"], span["message"] = True, f"{kind}: {message}"
            span["attributes"].pop("mlflow.spanOutputs", None)
            span["attributes"]["mlflow.spanLogLevel"] = "40"
            attributes = {"exception.message": message, "exception.type": kind, "exception.stacktrace": stack}
            span["events"] = [{"name": "exception", "time_unix_nano": span["end"] - 1000, "attributes": attributes}]
            span = span["parent"]

    def huge(self, number, count):
        """One trace of so many spans: many traces hung under the root of the first, one after another."""
        run = self.trace(0, 1)
        run.number = number
        root = run.spans[0]
        end = root["end"] or root["start"] + 1000 * MILLI
        while len(run.spans) < count:
            more = self.trace(len(run.spans), 10**6).spans
            shift = end - more[0]["start"]
            more[0]["parent"] = root
            for span in more:
                span["start"] += shift
                span["end"] = span["end"] and span["end"] + shift
                span["attributes"]["mlflow.traceRequestId"] = dumps(run.trace_id)
                end = max(end, span["end"] or 0)
            run.spans += more[:count - len(run.spans)]
        root["end"] = end
        run.time_ms, run.state, run.duration_ms = END_MS, "OK", (end - root["start"]) // MILLI
        return run


def usage_object(tokens):
    return dict(zip(("input_tokens", "output_tokens", "total_tokens"), tokens))


def status(span):
    code = "UNSET" if span["end"] is None else "ERROR" if span["failed"] else "OK"
    return {"code": f"STATUS_CODE_{code}", "message": span["message"]}


def metadata(run, sizes):
    """The metadata of a trace; `sizes` are those of its spans, in bytes."""
    rows = {
        "mlflow.source.git.branch": "main",
        "mlflow.source.git.commit": "0123456789abcdef0123456789abcdef01234567",
        "mlflow.source.git.repoURL": "",
        "mlflow.source.name": "agent.py",
        "mlflow.source.type": "LOCAL",
        "mlflow.user": "root",
        "mlflow.trace_schema.version": "3",
        "mlflow.trace.user": run.user,
    }
    if run.state != "IN_PROGRESS":
        sizes = sorted(sizes)
        at = lambda share: sizes[min(len(sizes) - 1, int(share * len(sizes)))]
        stats = {"total_size_bytes": sum(sizes), "num_spans": len(sizes), "max": sizes[-1], "p25": at(.25), "p50": at(.5), "p75": at(.75)}
        short = lambda text: text[:247] + ("..." if len(text) > 247 else "")
        rows |= {
            "mlflow.trace.infoFinalized": "true",
            "mlflow.trace.sizeBytes": str(sum(sizes)),
            "mlflow.trace.sizeStats": dumps(stats),
            "mlflow.traceInputs": short(run.request),
        }
        if run.response:
            rows["mlflow.traceOutputs"] = short(run.response)
    return rows


# -- SQLite

class Database:
    """A new SQLite store of an MLflow release, filled table by table."""

    def __init__(self, path, schema):
        path.parent.mkdir(parents=True, exist_ok=True)
        for suffix in ("", "-wal", "-journal"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        self.path = path
        self.connection = sqlite3.connect(path)
        self.connection.executescript((SCHEMAS / f"schema-{schema}.sql").read_text(encoding="utf-8"))
        for pragma in ("synchronous = off", "journal_mode = memory", "cache_size = -400000"):
            self.connection.execute(f"pragma {pragma}")
        self.rows = {}
        self.columns = {}
        self.judge = random.Random(SEED + 1)
        if schema in REVISIONS:
            self.add("alembic_version", version_num=REVISIONS[schema])
        if self.columns_of("workspaces"):
            self.add("workspaces", name="default", description="Default workspace")
        created = END_MS - DAYS * DAY_MS
        for number, name in enumerate(("Default", "large", "staging")):
            self.add("experiments", experiment_id=number, name=name, artifact_location=self.artifacts(number), lifecycle_stage="active",
                     creation_time=created, last_update_time=created, workspace="default")

    def artifacts(self, experiment):
        return f"{self.path.parent}/artifacts/{experiment}"

    def has(self, table, column):
        return column in self.columns_of(table)

    def columns_of(self, table):
        if table not in self.columns:
            self.columns[table] = {row[1] for row in self.connection.execute(f"pragma table_info({table})")}
        return self.columns[table]

    def add(self, table, **row):
        """Notes a row; columns that this schema lacks are left out."""
        self.rows.setdefault(table, []).append({key: value for key, value in row.items() if key in self.columns_of(table)})

    def write(self):
        for table, rows in self.rows.items():
            keys = list(rows[0])
            marks = ",".join("?" * len(keys))
            self.connection.executemany(f"insert into {table} ({','.join(keys)}) values ({marks})", [list(row.values()) for row in rows])
        self.rows.clear()
        self.connection.commit()

    def add_trace(self, run):
        key = {"request_id": run.trace_id}
        cost = (*run.cost, sum(run.cost)) if run.cost[0] else (None, None, None)
        self.add("trace_info", **key, experiment_id=run.experiment, timestamp_ms=run.time_ms, execution_time_ms=run.duration_ms,
                 status=run.state, request_preview=run.request, response_preview=run.response, trace_name=run.name, session_id=run.session,
                 **usage_object(run.tokens), cache_read_input_tokens=0, input_cost=cost[0], output_cost=cost[1], total_cost=cost[2],
                 db_payload_generation=1)
        sizes = [self.add_span(run, span) for span in run.spans]
        tags = {"mlflow.artifactLocation": f"{self.artifacts(run.experiment)}/traces/{run.trace_id}/artifacts",
                "mlflow.trace.spansLocation": "TRACKING_STORE"} | run.tags
        rows = metadata(run, sizes)
        if not self.has("trace_info", "trace_name"):  # columns since 3.17
            tags["mlflow.traceName"] = run.name
            rows |= {"mlflow.trace.session": run.session, "mlflow.trace.tokenUsage": dumps(usage_object(run.tokens))}
        for name, value in tags.items():
            self.add("trace_tags", key=name, value=value, **key)
        for name, value in rows.items():
            self.add("trace_request_metadata", key=name, value=value, **key)
        if run.number % 5 == 0:
            self.add_assessments(run)

    def add_span(self, run, span):
        """Gives the length of the span's JSON."""
        content = dumps({
            "trace_id": base64_text(run.trace_bytes), "span_id": base64_text(span["id"]),
            "parent_span_id": base64_text(span["parent"]["id"]) if span["parent"] else None,
            "name": span["name"], "kind": "SPAN_KIND_INTERNAL",
            "start_time_unix_nano": span["start"], "end_time_unix_nano": span["end"], "events": span["events"],
            "status": status(span), "attributes": span["attributes"], "links": [],
        })
        cost = (*span["cost"], sum(span["cost"])) if span["cost"] else (None, None, None)
        self.add("spans", trace_id=run.trace_id, experiment_id=run.experiment, span_id=span["id"].hex(),
                 parent_span_id=span["parent"]["id"].hex() if span["parent"] else None, name=span["name"], type=span["type"],
                 status=status(span)["code"].removeprefix("STATUS_CODE_"), start_time_unix_nano=span["start"],
                 end_time_unix_nano=span["end"], content=content, input_cost=cost[0], output_cost=cost[1], total_cost=cost[2],
                 model_name=span["model"])
        return len(content)

    def add_assessments(self, run):
        by_model = dict(name="relevance", source_type="LLM_JUDGE", source_id="gpt-4o-mini", is_numeric_value=1)
        by_human = dict(name="correct", source_type="HUMAN", source_id="alice", is_numeric_value=0)
        for kind in (by_human, by_model)[:1 + run.number % 2]:
            score = "%.2f" % self.judge.random() if kind is by_model else None
            value = score or ("true" if run.number % 4 else "false")
            aggregate = float(score) if score else float(value == "true")
            self.add("assessments", assessment_id=f"a-{self.judge.getrandbits(128):032x}", trace_id=run.trace_id, value=value,
                     assessment_type="feedback", error=None, valid=1, rationale="because", created_timestamp=run.time_ms + 1000,
                     last_updated_timestamp=run.time_ms + 1000, experiment_id=run.experiment, trace_timestamp_ms=run.time_ms,
                     aggregate_value=aggregate, **kind)

    def close(self):
        self.write()
        self.connection.execute("analyze")
        self.connection.commit()
        self.connection.close()


def make_database(count, path, schema, one, slim):
    database = Database(path, schema)
    generator = Generator()
    trace = generator.slim if slim else generator.trace
    spans = 0
    for number in range(count + bool(one)):
        run = trace(number, count) if number < count else generator.huge(number, one)
        database.add_trace(run)
        spans += len(run.spans)
        if number % 1000 == 999:
            database.write()
    database.close()
    return f"{count + bool(one)} traces, {spans} spans, {path.stat().st_size / 1e6:.0f} MB"


# -- files

FILE_EXPERIMENTS = {0: "0", 1: "312345678901234561", 2: "312345678901234562"}
# Attributes that MLflow 3.1 did not know.
NEWER_ATTRIBUTES = ("mlflow.spanLogLevel", "mlflow.llm.cost", "mlflow.llm.model", "mlflow.message.format")


def make_files(count, folder):
    """The file store of MLflow 3.1."""
    root = folder / "mlruns"
    (root / ".trash").mkdir(parents=True)
    for number, name in enumerate(("Default", "large", "staging")):
        experiment = FILE_EXPERIMENTS[number]
        write(root / experiment / "meta.yaml", f"artifact_location: file://{root}/{experiment}\ncreation_time: {END_MS - DAYS * DAY_MS}\n"
              f"experiment_id: '{experiment}'\nlast_update_time: {END_MS}\nlifecycle_stage: active\nname: {name}\n")
    generator = Generator()
    spans = 0
    for number in range(count):
        run = generator.trace(number, count)
        add_files(root, run)
        spans += len(run.spans)
    return f"{count} traces, {spans} spans"


def add_files(root, run):
    request_id = run.trace_id.removeprefix("tr-")
    experiment = FILE_EXPERIMENTS[run.experiment]
    folder = root / experiment / "traces" / request_id
    duration = "null" if run.duration_ms is None else run.duration_ms
    write(folder / "trace_info.yaml", f"assessments: []\nexecution_time_ms: {duration}\nexperiment_id: '{experiment}'\n"
          f"request_id: {request_id}\nstatus: {run.state}\ntimestamp_ms: {run.time_ms}\n")
    rows = {key: value for key, value in metadata(run, [1]).items() if "size" not in key and "Finalized" not in key}
    rows["mlflow.trace.session"] = run.session
    if run.state != "IN_PROGRESS":
        rows["mlflow.trace.tokenUsage"] = dumps(usage_object(run.tokens))
        spans = [file_span(run, span, request_id) for span in run.spans]
        write(folder / "artifacts" / "traces.json", dumps({"spans": spans}))
    for key, value in rows.items():
        write(folder / "request_metadata" / key, value)
    tags = {"mlflow.artifactLocation": f"file://{folder}/artifacts", "mlflow.traceName": run.name} | run.tags
    for key, value in tags.items():
        write(folder / "tags" / key, value)


def file_span(run, span, request_id):
    attributes = {key: value for key, value in span["attributes"].items() if key not in NEWER_ATTRIBUTES}
    attributes["mlflow.traceRequestId"] = dumps(request_id)
    content = {
        "trace_id": base64_text(run.trace_bytes), "span_id": base64_text(span["id"]), "trace_state": "",
        "parent_span_id": base64_text(span["parent"]["id"]) if span["parent"] else "",
        "name": span["name"], "start_time_unix_nano": span["start"], "end_time_unix_nano": span["end"],
        "attributes": attributes, "status": status(span),
    }
    return content | ({"events": span["events"]} if span["events"] else {})


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", action="store_true", help="make a file store")
    parser.add_argument("--schema", default="3.18.0", metavar="RELEASE", help="of this MLflow release (default: 3.18.0)")
    parser.add_argument("--one", type=int, default=0, metavar="SPANS", help="add one trace of so many spans")
    parser.add_argument("--slim", action="store_true", help="small traces")
    parser.add_argument("count", type=int, metavar="N", help="number of traces")
    parser.add_argument("out", type=Path, metavar="OUT", help="database, or folder with --files")
    args = parser.parse_args()
    began = time.monotonic()
    out = args.out.absolute()
    made = make_files(args.count, out) if args.files else make_database(args.count, out, args.schema, args.one, args.slim)
    print(f"{out}: {made}, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
