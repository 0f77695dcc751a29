//! Stored JSON as an indented outline for people: no quotes, and no members whose value is empty (`null`, `""`, `{}`,
//! `[]`).

use super::text::width;
use crate::json::Json;

/// Maximum depth; deeper values are shown as JSON.
const MAX_DEPTH: usize = 12;

/// Maximum length of a line, even on wider screens, for readability.
const MAX_COLUMNS: usize = 120;

/// Formats a value on one line if it fits into `columns` columns, otherwise as an outline. Control characters are not
/// escaped.
#[must_use]
pub(crate) fn lines(value: &Json, columns: usize) -> String {
    let columns = columns.min(MAX_COLUMNS);
    if let Some(line) = on_one_line(value, columns) {
        return line;
    }
    let mut out = String::new();
    add(&mut out, value, 0, columns);
    out.truncate(out.trim_end().len());
    out
}

/// Formats a value on one line of any length: `{type: enabled, budget_tokens: 1024}`. Control characters are not
/// escaped.
#[must_use]
pub(crate) fn line(value: &Json) -> String {
    inline(value, 0).unwrap_or_else(|| value.text().to_owned())
}

/// Whether a value is `null` or empty.
fn is_empty(value: &Json) -> bool {
    matches!(value.text(), "null" | "\"\"" | "{}" | "[]")
}

/// The members of an object whose values are not empty.
fn nonempty_members(value: &Json) -> Option<Vec<(String, Json)>> {
    let members = value.members()?;
    Some(members.into_iter().filter(|(_, member)| !is_empty(member)).collect())
}

/// `{city: Paris, degrees: 7}`
fn on_one_line(value: &Json, columns: usize) -> Option<String> {
    // JSON more than twice as long as the line rarely fits without quotes and empty members.
    const MAX_SHRINK_FACTOR: usize = 2;
    if nonempty_members(value).is_some_and(|members| members.is_empty()) {
        return Some("{}".to_owned());
    }
    if value.text().len() > columns.saturating_mul(MAX_SHRINK_FACTOR) {
        return None;
    }
    inline(value, 0).filter(|line| width(line) <= columns && !line.contains('\n'))
}

/// Formats a value inline, with braces and brackets; `None` if it is nested too deeply.
fn inline(value: &Json, depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    match (nonempty_members(value), value.items()) {
        (Some(members), _) => {
            let parts = members.iter().map(|(key, member)| Some(format!("{key}: {}", inline(member, depth + 1)?)));
            join_all(parts).map(|line| format!("{{{line}}}"))
        }
        (None, Some(items)) => {
            join_all(items.iter().map(|item| inline(item, depth + 1))).map(|line| format!("[{line}]"))
        }
        (None, None) => Some(value.display()),
    }
}

fn join_all(parts: impl Iterator<Item = Option<String>>) -> Option<String> {
    parts.collect::<Option<Vec<_>>>().map(|parts| parts.join(", "))
}

/// Appends a value as lines, indented by `depth` levels.
fn add(out: &mut String, value: &Json, depth: usize, columns: usize) {
    if depth > MAX_DEPTH {
        add_lines(out, value.text(), depth);
    } else if let Some(members) = nonempty_members(value) {
        for (key, member) in members {
            add_member(out, &format!("{key}:"), &member, depth, columns);
        }
    } else if let Some(items) = value.items() {
        for item in items {
            add_member(out, "-", &item, depth, columns);
        }
    } else {
        add_lines(out, &value.display(), depth);
    }
}

/// Appends `key: value`, or the key with the value below it.
fn add_member(out: &mut String, key: &str, value: &Json, depth: usize, columns: usize) {
    indent(out, depth);
    out.push_str(key);
    let room = columns.saturating_sub(2 * depth + width(key) + 1);
    if let Some(line) = on_one_line(value, room) {
        out.push(' ');
        out.push_str(&line);
        out.push('\n');
        return;
    }
    if key == "-" && value.members().is_some() {
        // The first key follows the dash.
        let mut below = String::new();
        add(&mut below, value, depth + 1, columns);
        out.push(' ');
        out.push_str(below.trim_start());
        return;
    }
    out.push('\n');
    add(out, value, depth + 1, columns);
}

fn add_lines(out: &mut String, text: &str, depth: usize) {
    for line in text.lines() {
        indent(out, depth);
        out.push_str(line);
        out.push('\n');
    }
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

#[cfg(test)]
mod tests {
    use super::{line, lines};
    use crate::json::Json;

    fn check(json: &str, columns: usize, expected: &str) {
        assert_eq!(lines(&Json::from_strict(json).unwrap(), columns), expected, "{json}");
    }

    #[test]
    fn short_values_are_on_one_line_without_quotes() {
        check(r#"{"city": "Paris", "degrees": 7, "none": null, "empty": []}"#, 80, "{city: Paris, degrees: 7}");
        check(r#"{"args": {"city": "Rome"}, "list": [1, "b", {}]}"#, 80, "{args: {city: Rome}, list: [1, b, {}]}");
        check(r#"[{"role": "user"}, 1]"#, 15, "- {role: user}\n- 1");
        check(r#"{"none": null}"#, 80, "{}");
        check(r#"[{"none": null}]"#, 1, "- {}");
        check(r#""two\nlines""#, 80, "two\nlines");
        check("12", 1, "12");
    }

    #[test]
    fn long_values_are_outlines() {
        check(
            r#"{"name": {"a": "looper"}, "tools": [{"name": "get_weather", "text": "one\ntwo", "none": null}, "other"], "model": "gpt"}"#,
            30,
            "name: {a: looper}\ntools:\n  - name: get_weather\n    text:\n      one\n      two\n  - other\nmodel: gpt",
        );
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = "[".repeat(100_000) + "1" + &"]".repeat(100_000);
        let deep = Json::from_strict(&deep).unwrap();
        assert!(lines(&deep, 80).len() < 10_000_000);
        assert_eq!(line(&deep), deep.text());
    }
}
