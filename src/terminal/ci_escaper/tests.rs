use super::CiCommandEscaper;
use std::ffi::OsString;

fn on_github(is_json: bool) -> CiCommandEscaper {
    CiCommandEscaper::new(&|key| (key == "GITHUB_ACTIONS").then(|| OsString::from("true")), is_json)
}

fn escaped(escaper: &mut CiCommandEscaper, text: &str) -> String {
    String::from_utf8(escaper.escape_commands(text.as_bytes()).into_owned()).unwrap()
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(escaped(&mut on_github(false), text), expected);
}

#[test]
fn only_commands_are_escaped() {
    check("::error::x", ":\\x3aerror::x");
    check("a ::error::x", "a ::error::x");
    check("a\r::error::x", "a\r:\\x3aerror::x");
    check("a\n \t::error::x", "a\n \t:\\x3aerror::x");
    check("\u{3000}::stop-commands::x", "\u{3000}:\\x3astop-commands::x");
    check("std::fmt", "std::fmt");
    check("a ##[error]x", "a ##\\x5berror]x");
    check("###[error]x", "###\\x5berror]x");
    check("##vso[task.setvariable]x", "##vso\\x5btask.setvariable]x");
    check("##teamcity[x]", "##teamcity\\x5bx]");
    check("## Title [1]", "## Title [1]");
    check("#[derive]", "#[derive]");
    check("a: b\n: c", "a: b\n: c");
}

#[test]
fn commands_split_across_writes_are_escaped() {
    let mut escaper = on_github(false);
    assert_eq!(escaped(&mut escaper, "a #"), "a #");
    assert_eq!(escaped(&mut escaper, "#[add-mask]x\n:"), "#\\x5badd-mask]x\n:");
    assert_eq!(escaped(&mut escaper, ":error::x"), "\\x3aerror::x");
}

#[test]
fn escaped_json_is_equivalent() {
    let text = escaped(&mut on_github(true), "{\"name\":\"##[error]x\"}");
    assert_eq!(text, "{\"name\":\"##\\u005berror]x\"}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["name"], "##[error]x");
}

#[test]
fn nothing_is_escaped_outside_ci() {
    assert_eq!(escaped(&mut CiCommandEscaper::new(&|_| None, false), "::error::##[x]"), "::error::##[x]");
}
