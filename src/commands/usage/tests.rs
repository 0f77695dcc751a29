use crate::commands::tests::CommandLine;
use serde_json::json;

#[test]
fn usage_of_a_trace_is_shown_per_call() {
    insta::assert_snapshot!(CommandLine::demo("usage @last").run(), @"
    tr-e1856059  run_tool_agent
    call         agent           type        model        input  output  total        cost
    Completions  run_tool_agent  CHAT_MODEL  gpt-4o-mini     45      14     59  $0.0000152
    Completions  run_tool_agent  CHAT_MODEL  gpt-4o-mini     39       8     47  $0.0000107
    total                                                    84      22    106  $0.0000258
    ");
    insta::assert_snapshot!(CommandLine::demo("usage @slow").run(), @"
    tr-f12713f2  initiate_chat
    call             agent      type  model        input  output  total        cost
    chat_completion  Assistant  LLM   gpt-4o-mini    110      61    171  $0.0000531
    chat_completion  Assistant  LLM   gpt-4o-mini    191      61    252  $0.0000653
    chat_completion  Assistant  LLM   gpt-4o-mini    269      24    293  $0.0000548
    chat_completion  Assistant  LLM   gpt-4o-mini    302      23    325  $0.0000591
    chat_completion  Assistant  LLM   gpt-4o-mini    333      22    355  $0.0000632
    chat_completion  Assistant  LLM   gpt-4o-mini    364      38    402  $0.0000774
    total                                          1,569     229  1,798    $0.00037
    ");
    insta::assert_snapshot!(CommandLine::demo("usage @last --name retry").run(), @"
    tr-ac61cd19  retry
    call   agent  type  model  total
    total                          -
    --- stderr
    note: trace tr-ac61cd19b5a1f20408bc93f48b3b475e has no recorded tokens
    ");
    insta::assert_snapshot!(CommandLine::demo("usage @last --json").run(), @r#"{"schema":"mltrace/1","trace_id":"tr-e185605915a0be9f4268768de1713371","name":"run_tool_agent","token_usage":{"input_tokens":84,"output_tokens":22,"total_tokens":106},"token_usage_source":"spans","recorded_token_usage":{"input_tokens":84,"output_tokens":22,"total_tokens":106},"cost":{"input_cost":0.0000126,"output_cost":0.0000132,"total_cost":0.0000258,"currency":"USD","source":"recorded"},"unpriced_calls":0,"complete":true,"calls":[{"trace_id":"tr-e185605915a0be9f4268768de1713371","kind":"llm","span_id":"9bd57e959a1e337e","span_ids":["9bd57e959a1e337e"],"name":"Completions","span_type":"CHAT_MODEL","agent":"run_tool_agent","agent_source":"span","model":"gpt-4o-mini","provider":null,"token_usage":{"input_tokens":45,"output_tokens":14,"total_tokens":59},"token_usage_source":"recorded","cost":{"input_cost":6.75e-6,"output_cost":8.4e-6,"total_cost":0.000015149999999999999,"currency":"USD","source":"recorded"},"counted":true},{"trace_id":"tr-e185605915a0be9f4268768de1713371","kind":"llm","span_id":"9ee2df28f08b8564","span_ids":["9ee2df28f08b8564"],"name":"Completions","span_type":"CHAT_MODEL","agent":"run_tool_agent","agent_source":"span","model":"gpt-4o-mini","provider":null,"token_usage":{"input_tokens":39,"output_tokens":8,"total_tokens":47},"token_usage_source":"recorded","cost":{"input_cost":5.85e-6,"output_cost":4.8e-6,"total_cost":0.00001065,"currency":"USD","source":"recorded"},"counted":true}]}"#);
}

#[test]
fn usage_is_grouped_by_model() {
    insta::assert_snapshot!(CommandLine::demo("usage").run(), @"
    model           traces  calls  input  output  total      cost  unpriced calls
    gpt-4o-mini          6     12  1,744     289  2,033  $0.00044               -
    (not recorded)       2      3    154      38    192         -               3
    total                8     15  1,898     327  2,225  $0.00044               3
    --- stderr
    note: 3 calls with tokens have no model; their cost is unknown and excluded
    note: 1 call has no recorded tokens and is not counted
    ");
    insta::assert_snapshot!(CommandLine::demo("usage -x Misc").run(), @"
    model  traces  calls  total
    total       0      0      -
    --- stderr
    note: the selected traces have no token usage or cost
    ");
    insta::assert_snapshot!(CommandLine::demo("usage --json").run(), @r#"
    {"schema":"mltrace/1","by":["model"],"groups":[{"key":{"model":"gpt-4o-mini"},"traces":6,"calls":12,"token_usage":{"input_tokens":1744,"output_tokens":289,"total_tokens":2033},"cost":{"input_cost":0.0002616,"output_cost":0.0001734,"total_cost":0.000435,"currency":"USD","source":"recorded"},"unpriced_calls":0,"unpriced_traces":null},{"key":{"model":null},"traces":2,"calls":3,"token_usage":{"input_tokens":154,"output_tokens":38,"total_tokens":192},"cost":null,"unpriced_calls":3,"unpriced_traces":null}],"other":null,"total":{"traces":8,"calls":15,"token_usage":{"input_tokens":1898,"output_tokens":327,"total_tokens":2225},"cost":{"input_cost":0.0002616,"output_cost":0.0001734,"total_cost":0.000435,"currency":"USD","source":"recorded"},"unpriced_calls":3,"unpriced_traces":null}}
    --- stderr
    note: 3 calls with tokens have no model; their cost is unknown and excluded
    note: 1 call has no recorded tokens and is not counted
    "#);
}

#[test]
fn grouped_usage_is_shown_as_a_table() {
    insta::assert_snapshot!(CommandLine::demo("usage --by day,experiment").run(), @"
    day         experiment  traces  input  output  total        cost  unpriced traces
    2026-11-20  AG2              1  1,569     229  1,798    $0.00037                -
    2026-11-20  OpenAI           5    175      60    235  $0.0000623                -
    2026-11-20  AutoGen          2    154      38    192           -                2
    total                        8  1,898     327  2,225    $0.00044                2
    --- stderr
    note: traces with tokens of unknown cost: 2 (use `--by model` to see why)
    ");
    insta::assert_snapshot!(CommandLine::demo("usage --by agent --by model -n 2").run(), @"
    agent      model           traces  calls  input  output  total        cost  unpriced calls
    Assistant  gpt-4o-mini          1      6  1,569     229  1,798    $0.00037               -
    assistant  (not recorded)       2      3    154      38    192           -               3
    other (2)                       -      6    175      60    235  $0.0000623               -
    total                           8     15  1,898     327  2,225    $0.00044               3
    --- stderr
    note: 3 calls with tokens have no model; their cost is unknown and excluded
    note: 1 call has no recorded tokens and is not counted
    ");
    insta::assert_snapshot!(CommandLine::demo("usage --by name --width 60").run(), @"
    name            input  output  total        cost
    initiate_chat   1,569     229  1,798    $0.00037
    assistant.run     154      38    192           -
    run_tool_agent    129      36    165  $0.0000410
    chat               37      15     52  $0.0000146
    Completions         9       9     18  $0.0000068
    total           1,898     327  2,225    $0.00044
    --- stderr
    note: traces with tokens of unknown cost: 2 (use `--by model` to see why)
    ");
    insta::assert_snapshot!(CommandLine::demo("usage --by hour -n 1 -o csv").run(), @"
    key.hour,traces,calls,token_usage.input_tokens,token_usage.output_tokens,token_usage.total_tokens,cost.total_cost,token_usage.cache_read_input_tokens,token_usage.cache_creation_input_tokens,cost.source,unpriced_calls,unpriced_traces
    2026-11-20T17:00:00.000Z,8,,1898,327,2225,0.000435,,,recorded,,2
    --- stderr
    note: traces with tokens of unknown cost: 2 (use `--by model` to see why)
    ");
    insta::assert_snapshot!(CommandLine::demo("usage --by tag:=SUM(A1) --by nothing").run(), @"
    --- stderr
    error: invalid value 'nothing' for '--by <KEY>': expected one of model, provider, agent, span, trace, name, state, experiment, session, user, hour, day, week, tag:KEY, metadata:KEY

    For more information, try '--help'.
    --- exit 2
    ");
    insta::assert_snapshot!(CommandLine::demo("usage --by tag:=a -o csv").run(), @"
    key.tag:=a,traces,calls,token_usage.input_tokens,token_usage.output_tokens,token_usage.total_tokens,cost.total_cost,token_usage.cache_read_input_tokens,token_usage.cache_creation_input_tokens,cost.source,unpriced_calls,unpriced_traces
    ,8,,1898,327,2225,0.000435,,,recorded,,2
    --- stderr
    note: traces with tokens of unknown cost: 2 (use `--by model` to see why)
    ");
    insta::assert_snapshot!(CommandLine::demo("usage @last --by model").run(), @"
    --- stderr
    error: the argument '[TRACE]...' cannot be used with '--by <KEY>'

    Usage: mltrace usage <TRACE>...

    For more information, try '--help'.
    --- exit 2
    ");
}

/// A document with a rollup: an agent with the tokens of two calls, one nested in another, and a recorded total that was
/// doubled.
fn rollup() -> String {
    let usage = |input: i64, output: i64| {
        json!({"input_tokens": input, "output_tokens": output, "total_tokens": input + output}).to_string()
    };
    let span = |id: u32, parent: Option<u32>, name: &str, kind: &str, model: Option<&str>, (input, output)| {
        let hex = |id: u32| format!("{id:016x}");
        let mut attributes =
            json!({"mlflow.spanType": json!(kind).to_string(), "mlflow.chat.tokenUsage": usage(input, output)});
        if let Some(model) = model {
            attributes["mlflow.llm.model"] = json!(model).to_string().into();
        }
        json!({"trace_id": "tr-r", "span_id": hex(id), "parent_span_id": parent.map(hex), "name": name,
            "start_time_unix_nano": id, "end_time_unix_nano": 20, "status": {"code": "STATUS_CODE_OK"}, "attributes": attributes})
    };
    let info = json!({"trace_id": "tr-r", "request_time": "2026-11-06T21:20:00Z", "execution_duration_ms": 1000, "state": "OK",
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "5"}},
        "tags": {"mlflow.traceName": "rollup"},
        "trace_metadata": {"mlflow.trace_schema.version": "3", "mlflow.trace.tokenUsage": usage(200, 40)}});
    let spans = [
        span(1, None, "team", "AGENT", None, (100, 20)),
        span(2, Some(1), "ask", "LLM", Some("gpt-4o-mini"), (30, 6)),
        span(3, Some(2), "inner", "LLM", Some("gpt-4o-mini"), (30, 6)),
        span(4, Some(1), "judge", "LLM", Some("=unheard-of"), (70, 14)),
    ];
    json!({"info": info, "data": {"spans": spans}}).to_string()
}

#[test]
fn explanations_list_excluded_calls() {
    let document = rollup();
    let cli = |words: &str| CommandLine::document(&document, words);
    insta::assert_snapshot!(cli("usage --name rollup --explain").run(), @"
    model        traces  calls  input  output  total         cost  unpriced calls
    =unheard-of       1      1     70      14     84            -               1
    gpt-4o-mini       1      1     30       6     36  ~$0.0000081               -
    total             1      2    100      20    120  ~$0.0000081               1

    Spans whose tokens are not counted
    trace  span   tokens  why
    tr-r   inner      36  counted in ask above it

    Traces whose recorded total differs
    trace  spans  recorded
    tr-r     120       240

    Calls with unknown cost
    model        provider  calls
    =unheard-of  -             1
    --- stderr
    note: no price for `=unheard-of`; the cost of 1 call is unknown and excluded
    note: costs with ~ are calculated, in whole or in part, from the prices of `mltrace prices MODEL`
    ");
    insta::assert_snapshot!(cli("usage tr-r --explain").run(), @"
    tr-r  rollup
    call   agent  type  model        input  output  total         cost
    ask    team   LLM   gpt-4o-mini     30       6     36  ~$0.0000081
    judge  team   LLM   =unheard-of     70      14     84            -
    total                              100      20    120  ~$0.0000081

    Spans whose tokens are not counted
    trace  span   tokens  why
    tr-r   inner      36  counted in ask above it

    Traces whose recorded total differs
    trace  spans  recorded
    tr-r     120       240

    Calls with unknown cost
    model        provider  calls
    =unheard-of  -             1
    --- stderr
    note: MLflow recorded a different total: 200 in, 40 out, 240 in total
    note: no price for `=unheard-of`; the cost of 1 call is unknown and excluded
    note: costs with ~ are calculated, in whole or in part, from the prices of `mltrace prices MODEL`
    ");
    insta::assert_snapshot!(cli("usage --name rollup --by span,name").run(), @"
    span   name    traces  calls  input  output  total         cost  unpriced calls
    judge  rollup       1      1     70      14     84            -               1
    ask    rollup       1      1     30       6     36  ~$0.0000081               -
    total               1      2    100      20    120  ~$0.0000081               1
    --- stderr
    note: no price for `=unheard-of`; the cost of 1 call is unknown and excluded
    note: costs with ~ are calculated, in whole or in part, from the prices of `mltrace prices MODEL`
    ");
    insta::assert_snapshot!(cli("usage --name rollup -o csv").run(), @"
    key.model,traces,calls,token_usage.input_tokens,token_usage.output_tokens,token_usage.total_tokens,cost.total_cost,token_usage.cache_read_input_tokens,token_usage.cache_creation_input_tokens,cost.source,unpriced_calls,unpriced_traces
    '=unheard-of,1,1,70,14,84,,,,,1,
    gpt-4o-mini,1,1,30,6,36,8.1e-6,,,calculated,0,
    --- stderr
    note: no price for `=unheard-of`; the cost of 1 call is unknown and excluded
    ");
    let explained = cli("usage --name rollup --explain").json();
    assert_eq!(explained["explanation"]["left_out_count"], 1);
    assert_eq!(explained["explanation"]["differing"][0]["recorded_token_usage"]["total_tokens"], 240);
    assert_eq!(
        explained["explanation"]["without_price"],
        json!([{"provider": null, "model": "=unheard-of", "calls": 1}])
    );
    // The total does not depend on the groups, and the explanation shows the different total recorded by MLflow.
    let by_day = cli("usage --name rollup --explain --by day").json();
    assert_eq!(
        (&by_day["total"]["token_usage"]["total_tokens"], &by_day["explanation"]["differing_count"]),
        (&json!(120), &json!(1))
    );
}
