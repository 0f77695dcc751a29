-- What each command has to read, asked of the sqlite3 program in the fastest way found: the floor that measure.py puts
-- beside it.  :id, :from and :to are filled in by measure.py.

-- floor: list
-- The newest 100 traces that meet a condition, with tags, metadata and assessments.  measure.py has the conditions: those
-- that many traces meet are asked of each from the newest on, those that few meet are listed first.  Each experiment is
-- read along the index (experiment_id, timestamp_ms), which every release has; one `order by` over all experiments would
-- sort the table wherever the index (timestamp_ms, request_id) of 3.17 is missing.
with newest as materialized (
    select t.rowid as at, t.timestamp_ms, t.request_id
    from experiments e join trace_info t on t.rowid in (
        select rowid from trace_info x where experiment_id = e.experiment_id and (:where) order by timestamp_ms desc, request_id limit 100)
    order by t.timestamp_ms desc, t.request_id limit 100)
select t.*,
    (select json_group_object(key, value) from trace_tags where request_id = t.request_id),
    (select json_group_object(key, value) from trace_request_metadata where request_id = t.request_id),
    (select group_concat(name || value) from assessments where trace_id = t.request_id)
from newest n join trace_info t on t.rowid = n.at order by n.timestamp_ms desc, n.request_id;

-- floor: list_json
-- Every trace as JSON, newest first.
with newest as materialized (select rowid as at from trace_info order by timestamp_ms desc, request_id)
select json_object('trace_id', t.request_id, 'client_request_id', t.client_request_id, 'experiment_id', t.experiment_id,
    'name', t.trace_name, 'state', t.status, 'request_time', t.timestamp_ms, 'execution_duration_ms', t.execution_time_ms,
    'input_tokens', t.input_tokens, 'output_tokens', t.output_tokens, 'total_tokens', t.total_tokens,
    'input_cost', t.input_cost, 'output_cost', t.output_cost, 'total_cost', t.total_cost, 'session_id', t.session_id,
    'request_preview', t.request_preview, 'response_preview', t.response_preview,
    'tags', (select json_group_object(key, value) from trace_tags where request_id = t.request_id),
    'metadata', (select json_group_object(key, value) from trace_request_metadata where request_id = t.request_id),
    'assessments', (select json_group_array(json_object('assessment_id', assessment_id, 'name', name, 'type', assessment_type,
        'value', value, 'error', error, 'rationale', rationale, 'source_type', source_type, 'source_id', source_id,
        'span_id', span_id, 'valid', valid, 'create_time', created_timestamp, 'metadata', assessment_metadata))
        from assessments where trace_id = t.request_id))
from newest n join trace_info t on t.rowid = n.at;

-- floor: show
-- One trace by its id: the record, and of each span what a tree shows.
select * from trace_info where request_id = ':id';
select key, value from trace_tags where request_id = ':id';
select key, value from trace_request_metadata where request_id = ':id';
select * from assessments where trace_id = ':id';
select span_id, parent_span_id, name, type, status, start_time_unix_nano, end_time_unix_nano, model_name, total_cost,
    content ->> '$.attributes."mlflow.chat.tokenUsage"',
    case status when 'ERROR' then content ->> '$.events' end
from spans where trace_id = ':id' order by start_time_unix_nano;

-- floor: show_prefix
-- The same by the beginning of an id.
with found as materialized (select request_id as id from trace_info where request_id >= ':from' and request_id < ':to' limit 2)
select t.*,
    (select json_group_object(key, value) from trace_tags where request_id = id),
    (select json_group_object(key, value) from trace_request_metadata where request_id = id),
    (select group_concat(name || value) from assessments where trace_id = id),
    (select group_concat(span_id || parent_span_id || name || type || status || start_time_unix_nano || end_time_unix_nano
        || ifnull(model_name, '') || ifnull(content ->> '$.attributes."mlflow.chat.tokenUsage"', '')
        || case status when 'ERROR' then content ->> '$.events' else '' end)
    from spans where trace_id = id)
from found join trace_info t on t.request_id = id;

-- floor: show_error
-- The newest trace in state ERROR.
with found as materialized (
    select request_id as id from experiments e join trace_info t on t.rowid = (
        select rowid from trace_info where experiment_id = e.experiment_id and status = 'ERROR' order by timestamp_ms desc, request_id limit 1)
    order by t.timestamp_ms desc, t.request_id limit 1)
select t.*,
    (select json_group_object(key, value) from trace_tags where request_id = id),
    (select json_group_object(key, value) from trace_request_metadata where request_id = id),
    (select group_concat(name || value) from assessments where trace_id = id),
    (select group_concat(span_id || parent_span_id || name || type || status || start_time_unix_nano || end_time_unix_nano
        || ifnull(model_name, '') || ifnull(content ->> '$.attributes."mlflow.chat.tokenUsage"', '')
        || case status when 'ERROR' then content ->> '$.events' else '' end)
    from spans where trace_id = id)
from found join trace_info t on t.request_id = id;

-- floor: show_slow
-- The longest trace; no index has the duration.
with found as materialized (select request_id as id from trace_info order by execution_time_ms desc, request_id limit 1)
select t.*,
    (select json_group_object(key, value) from trace_tags where request_id = id),
    (select json_group_object(key, value) from trace_request_metadata where request_id = id),
    (select group_concat(name || value) from assessments where trace_id = id),
    (select group_concat(span_id || parent_span_id || name || type || status || start_time_unix_nano || end_time_unix_nano
        || ifnull(model_name, '') || ifnull(content ->> '$.attributes."mlflow.chat.tokenUsage"', '')
        || case status when 'ERROR' then content ->> '$.events' else '' end)
    from spans where trace_id = id)
from found join trace_info t on t.request_id = id;

-- floor: spans
-- 100 spans of one type, newest trace first.
with newest as materialized (
    select t.timestamp_ms, t.request_id
    from experiments e join trace_info t on t.rowid in (
        select rowid from trace_info where experiment_id = e.experiment_id order by timestamp_ms desc, request_id limit 100)
    order by t.timestamp_ms desc, t.request_id limit 100)
select s.trace_id, span_id, parent_span_id, name, type, status, start_time_unix_nano, end_time_unix_nano, model_name, total_cost,
    content ->> '$.attributes."mlflow.chat.tokenUsage"',
    case status when 'ERROR' then content ->> '$.events' end
from newest n cross join spans s on s.trace_id = n.request_id where s.type = 'CHAT_MODEL'
order by n.timestamp_ms desc, n.request_id, s.start_time_unix_nano limit 100;

-- floor: spans_none
-- Spans of a type that does not occur, along the index (experiment_id, type, status).
select s.* from experiments e join spans s on s.experiment_id = e.experiment_id and s.type = 'NO_SUCH_TYPE';

-- floor: experiments
-- Each experiment with its traces, errors, newest trace and tokens.
select e.experiment_id, e.name, e.lifecycle_stage, count(t.request_id), sum(t.status = 'ERROR'), max(t.timestamp_ms),
    sum(t.input_tokens), sum(t.output_tokens), sum(t.total_tokens)
from experiments e left join trace_info t on t.experiment_id = e.experiment_id group by e.experiment_id;

-- floor: grep
-- The text of every span, looked through.
select count(*) from spans where content like '%no such text%';

-- floor: exceptions
-- The exceptions of spans that failed, but for those that a span below raised, by type and message: along the index
-- (experiment_id, status, type), and then the other spans of their traces.
select e.value ->> '$.attributes."exception.type"' as type, e.value ->> '$.attributes."exception.message"' as message, count(*), min(s.start_time_unix_nano), max(s.start_time_unix_nano), s.trace_id, s.span_id
from experiments x cross join spans s on s.experiment_id = x.experiment_id and s.status = 'ERROR' cross join json_each(s.content, '$.events') e
where e.value ->> '$.name' = 'exception'
    and not exists (select 1 from spans below where below.trace_id = s.trace_id and below.parent_span_id = s.span_id and below.status = 'ERROR')
group by 1, 2;

-- floor: sessions
-- The traces, tokens and cost of each session, the one that was last active first.
select session_id, count(*), min(timestamp_ms), max(timestamp_ms), sum(status = 'ERROR'), sum(total_tokens), sum(total_cost)
from trace_info where session_id is not null group by session_id order by 4 desc limit 20;

-- floor: totals
-- The recorded tokens and cost of every trace, by experiment.
select experiment_id, count(*), sum(input_tokens), sum(output_tokens), sum(total_tokens), sum(cache_read_input_tokens),
    sum(cache_creation_input_tokens), sum(total_cost)
from trace_info group by experiment_id;

-- floor: by_name
-- Traces by name: how many, how many failed, how long they took, what they used.
select trace_name, count(*), sum(status = 'ERROR'), avg(execution_time_ms), max(execution_time_ms), sum(input_tokens), sum(output_tokens),
    sum(total_tokens), sum(total_cost)
from trace_info group by trace_name;

-- floor: by_model
-- The tokens of every span by model, both taken out of its JSON.
select content ->> '$.attributes."mlflow.llm.model"' as model, count(*), sum(json_extract(used, '$.input_tokens')),
    sum(json_extract(used, '$.output_tokens')), sum(json_extract(used, '$.total_tokens'))
from (select content, content ->> '$.attributes."mlflow.chat.tokenUsage"' as used from spans) where used is not null group by 1;

-- floor: tools
-- The calls of each tool from the columns, along the index (experiment_id, type, status).
select s.name, count(*), sum(s.status = 'ERROR'), avg(s.duration_ns)
from experiments e cross join spans s on s.experiment_id = e.experiment_id and s.type = 'TOOL' group by 1;

-- floor: check
-- How many traces there are, how many failed, and the 95th percentile of how long they took.
select count(*), sum(status = 'ERROR') from trace_info where status in ('OK', 'ERROR');
select execution_time_ms from trace_info where status in ('OK', 'ERROR') order by 1
limit 1 offset (select count(*) * 95 / 100 from trace_info where status in ('OK', 'ERROR'));

-- floor: diff
-- The text of every span of a trace, once for each side.
select sum(length(content)) from spans where trace_id = ':id';
select sum(length(content)) from spans where trace_id = ':id';
