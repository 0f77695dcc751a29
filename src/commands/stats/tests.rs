use crate::commands::tests::CommandLine;

#[test]
fn stats_are_shown_as_a_table() {
    insta::assert_snapshot!(CommandLine::demo("stats").run(), @"
           traces  errors  error rate     p50     p90     p95     p99  input  output  tokens      cost  TTFT p50  TTFT p95  over time
    total      13       1       7.7 %  152 ms  611 ms  1.63 s  2.78 s  1,898     327   2,225  $0.00044    380 ms    380 ms  ▄ ▂  ▂  ▂▂ █
    --- stderr
    note: 3 calls with tokens have no model; their cost is unknown and excluded
    ");
    insta::assert_snapshot!(CommandLine::demo("stats --by experiment --width 80").run(), @"
    experiment  traces  error rate     p50     p95     p99  tokens        cost
    OpenAI           6      16.7 %  153 ms  350 ms  380 ms     235  $0.0000623
    Misc             4         0 %    1 ms  2.7 ms  2.9 ms       -           -
    AutoGen          2         0 %  428 ms  643 ms  662 ms     192           -
    AG2              1         0 %  3.07 s  3.07 s  3.07 s   1,798    $0.00037
    total           13       7.7 %  152 ms  1.63 s  2.78 s   2,225    $0.00044
    --- stderr
    note: 3 calls with tokens have no model; their cost is unknown and excluded
    ");
    insta::assert_snapshot!(CommandLine::demo("stats --by state,experiment -n 1 --ascii --width 160").run(), @"
    state      experiment  traces  errors  error rate      p50     p90     p95     p99  input  output  tokens        cost  TTFT p50  TTFT p95  over time
    OK         OpenAI           5       0         0 %   154 ms  329 ms  358 ms  381 ms    130      46     176  $0.0000471    380 ms    380 ms             @
    other (5)                   8       1      12.5 %  77.5 ms  1.39 s  2.23 s  2.90 s  1,768     281   2,049    $0.00039         -         -  @ -  -  -- -
    total                      13       1       7.7 %   152 ms  611 ms  1.63 s  2.78 s  1,898     327   2,225    $0.00044    380 ms    380 ms  = :  :  :: @
    --- stderr
    note: 3 calls with tokens have no model; their cost is unknown and excluded
    ");
    insta::assert_snapshot!(CommandLine::demo("stats --by model --width 160").run(), @"
    model           calls  errors  error rate     p50     p90     p95     p99  input  output  tokens      cost  TTFT p50  TTFT p95  over time
    gpt-4o-mini        13       0         0 %  237 ms  573 ms  854 ms  1.14 s  1,744     289   2,033  $0.00044    380 ms    380 ms  ▃▄▂        █
    (not recorded)      3       0         0 %  179 ms  487 ms  526 ms  557 ms    154      38     192         -         -         -        █
    total              16       0         0 %  208 ms  592 ms  766 ms  1.12 s  1,898     327   2,225  $0.00044    380 ms    380 ms  ▃▄▂   ▄    █
    --- stderr
    note: 3 calls with tokens have no model; their cost is unknown and excluded
    ");
    insta::assert_snapshot!(CommandLine::demo("stats --bucket 15m -n 1 --utc --width 80").run(), @"
    time                  traces  error rate     p50     p95  tokens      cost
    2026-11-20 17:45 UTC      13       7.7 %  152 ms  1.63 s   2,225  $0.00044
    total                     13       7.7 %  152 ms  1.63 s   2,225  $0.00044
    --- stderr
    note: 3 calls with tokens have no model; their cost is unknown and excluded
    ");
    insta::assert_snapshot!(CommandLine::demo("stats --name Completions -o csv --by name").run(), @"
    key.name,count,errors,error_rate,latency_ms.p50,latency_ms.p90,latency_ms.p95,latency_ms.p99,token_usage.input_tokens,token_usage.output_tokens,token_usage.total_tokens,cost.total_cost,cost.source,unpriced_calls,unpriced_traces,time_to_first_token_ms.p50,time_to_first_token_ms.p95
    Completions,2,0,0.0,270.5,363.70000000000005,375.35,384.66999999999996,9,9,18,6.75e-6,recorded,,0,380.112745,380.112745
    ");
    insta::assert_snapshot!(CommandLine::demo("stats --bucket 1.5").run(), @"
    --- stderr
    error: invalid duration `1.5` (expected `250ms`, `1.5s`, `1m30s` or `2h`)
    --- exit 2
    ");
    insta::assert_snapshot!(CommandLine::demo("stats --bucket 10ms").run(), @"
    --- stderr
    error: invalid bucket `10ms`: must be whole seconds and divide a day evenly
      hint: use 15m, 1h, 6h or 1d, or `--by week` for weeks
    --- exit 2
    ");
    insta::assert_snapshot!(CommandLine::demo("stats --bucket 7h").run(), @"
    --- stderr
    error: invalid bucket `7h`: must be whole seconds and divide a day evenly
      hint: use 15m, 1h, 6h or 1d, or `--by week` for weeks
    --- exit 2
    ");
    insta::assert_snapshot!(CommandLine::demo("stats --by color").run(), @"
    --- stderr
    error: invalid value 'color' for '--by <KEY>': expected one of model, provider, agent, span, trace, name, state, experiment, session, user, hour, day, week, tag:KEY, metadata:KEY

    For more information, try '--help'.
    --- exit 2
    ");
    insta::assert_snapshot!(CommandLine::demo("stats --name nothing").run(), @"
           traces  errors  error rate  p50  p95
    total       0       0           -    -    -
    --- stderr
    note: no traces match
    ");
}
