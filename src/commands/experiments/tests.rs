use crate::commands::tests::CommandLine;

#[test]
fn experiments_are_shown_as_a_table() {
    insta::assert_snapshot!(CommandLine::demo("experiments").run(), @"
    id  name     stage   traces  errors  last trace  tokens
     0  Default  active       0       0           -       -
     2  Misc     active       4       0         6 h       -
     3  AG2      active       1       0         6 h   1,798
     4  AutoGen  active       2       0         6 h     192
     5  OpenAI   active       6       1         6 h     235
    ");
    insta::assert_snapshot!(CommandLine::demo("experiments --deleted --width 40").run(), @"
    id  name       traces  errors  tokens
     0  Default         0       0       -
     1  Abandoned       1       0       -
     2  Misc            4       0       -
     3  AG2             1       0   1,798
     4  AutoGen         2       0     192
     5  OpenAI          6       1     235
    ");
}
