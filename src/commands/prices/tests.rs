use crate::commands::tests::CommandLine;

#[test]
fn prices_are_shown_as_a_table() {
    insta::assert_snapshot!(CommandLine::new("prices gpt-4o-mini").run(), @"
    model        provider        input  cache read  output  updated     default
    gpt-4o-mini  azure           $0.15      $0.075   $0.60  2026-10-30  if provider unknown
    gpt-4o-mini  github_copilot      -           -       -  2026-10-27  -
    gpt-4o-mini  openai          $0.15      $0.075   $0.60  2026-10-27  -
    --- stderr
    note: prices are derived from the model catalog of MLflow 3.18.0 (mlflow/utils/model_catalog), dated 2026-11-02
    ");
    insta::assert_snapshot!(CommandLine::new("prices openai/gpt-4o-mini --width 60 -n 1").run(), @"
    model        provider  input  output  default
    gpt-4o-mini  azure     $0.15   $0.60  if provider unknown
    --- stderr
    note: showing 1 of 7 prices (use -n or --all)
    note: prices are derived from the model catalog of MLflow 3.18.0 (mlflow/utils/model_catalog), dated 2026-11-02
    ");
    insta::assert_snapshot!(CommandLine::new("prices gemini-2.5-pro --width 160").run(), @"
    model           provider        input  cache read  output  above                    updated     default
    gemini-2.5-pro  gemini          $1.25      $0.125  $10.00  200,000: $2.50 → $15.00  2026-10-27  if provider unknown
    gemini-2.5-pro  github_copilot      -           -       -  -                        2026-04-24  -
    gemini-2.5-pro  vertex_ai       $1.25      $0.125  $10.00  200,000: $2.50 → $15.00  2026-09-15  -
    --- stderr
    note: prices are derived from the model catalog of MLflow 3.18.0 (mlflow/utils/model_catalog), dated 2026-11-02
    ");
    insta::assert_snapshot!(CommandLine::new("prices gpt-4o-minni").run(), @"
    --- stderr
    error: no price for `gpt-4o-minni`
      hint: did you mean `gpt-4` or `gpt-4o` or `gpt-4o-mini`?
      hint: use `--prices FILE` to add your own prices
    --- exit 3
    ");
    assert!(CommandLine::new("prices --all -o ids").ok().lines().len() > 4_000);
}
