use crate::commands::tests::CommandLine;

#[test]
fn tools_are_shown_as_a_table() {
    insta::assert_snapshot!(CommandLine::demo("tools").run(), @"
    tool         traces  calls  errors  error rate     p50     p95   total
    calculator        1      7       0         0 %  0.3 ms  0.4 ms  2.1 ms
    add               2      2       0         0 %       -       -       -
    get_weather       2      2       1      50.0 %  2.2 ms  3.7 ms  4.5 ms
    step              1      2       0         0 %  0.3 ms  0.4 ms  0.6 ms
    unreliable        1      2       1      50.0 %  1.0 ms  1.6 ms    2 ms
    ");
    insta::assert_snapshot!(CommandLine::demo("tools --width 60 -n 1").run(), @"
    tool        calls  errors  error rate     p50     p95
    calculator      7       0         0 %  0.3 ms  0.4 ms
    --- stderr
    note: showing 1 of 5 tools (use -n or --all)
    ");
    insta::assert_snapshot!(CommandLine::demo("tools --status error -o csv").run(), @"
    name,traces,calls,errors,handled_failures,error_rate,duration_ms.p50,duration_ms.p95,duration_ms.total
    get_weather,1,1,1,0,1.0,3.87872,3.87872,3.87872
    ");
    insta::assert_snapshot!(CommandLine::demo("tools --name nothing").run(), @"
    --- stderr
    note: no tools match
    ");
}
