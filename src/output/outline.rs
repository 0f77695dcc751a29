//! Stored JSON as an outline: keys and texts by indentation, without the signs that only programs need, and without members
//! that hold nothing (`null`, `""`, `{}`, `[]`).

use super::text::width;
use crate::model::Json;

/// What lies deeper is shown as JSON.
const DEEPEST: usize = 12;

/// No line with more keys is easy to read, however wide the screen.
const WIDEST: usize = 120;

/// A value for people: on one line of at most `columns` columns, else as an outline. Control characters are kept.
#[must_use]
pub(crate) fn lines(value: &Json, columns: usize) -> String {
    let columns = columns.min(WIDEST);
    if let Some(line) = on_one_line(value, columns) {
        return line;
    }
    let mut out = String::new();
    add(&mut out, value, 0, columns);
    out.truncate(out.trim_end().len());
    out
}

/// A value for people on one line of any length: `{type: enabled, budget_tokens: 1024}`. Control characters are kept.
#[must_use]
pub(crate) fn line(value: &Json) -> String {
    flow(value, 0).unwrap_or_else(|| value.text().to_owned())
}

/// Whether a value is `null` or empty.
fn is_void(value: &Json) -> bool {
    matches!(value.text(), "null" | "\"\"" | "{}" | "[]")
}

/// The members of an object that are not void.
fn members(value: &Json) -> Option<Vec<(String, Json)>> {
    let members = value.members()?;
    Some(members.into_iter().filter(|(_, member)| !is_void(member)).collect())
}

/// `{city: Paris, degrees: 7}`
fn on_one_line(value: &Json, columns: usize) -> Option<String> {
    // Few values are half as long without their signs: a longer one is not worth a try.
    const MOST_TIMES_SHORTER: usize = 2;
    if members(value).is_some_and(|members| members.is_empty()) {
        return Some("{}".to_owned());
    }
    if value.text().len() > columns.saturating_mul(MOST_TIMES_SHORTER) {
        return None;
    }
    flow(value, 0).filter(|line| width(line) <= columns && !line.contains('\n'))
}

/// A value in one piece, with signs that show where it ends; nothing for one too deep.
fn flow(value: &Json, depth: usize) -> Option<String> {
    if depth > DEEPEST {
        return None;
    }
    match (members(value), value.items()) {
        (Some(members), _) => {
            let parts = members.iter().map(|(key, member)| Some(format!("{key}: {}", flow(member, depth + 1)?)));
            joined(parts).map(|line| format!("{{{line}}}"))
        }
        (None, Some(items)) => joined(items.iter().map(|item| flow(item, depth + 1))).map(|line| format!("[{line}]")),
        (None, None) => Some(value.display()),
    }
}

fn joined(parts: impl Iterator<Item = Option<String>>) -> Option<String> {
    parts.collect::<Option<Vec<_>>>().map(|parts| parts.join(", "))
}

/// Adds a value as lines, indented by `depth` levels.
fn add(out: &mut String, value: &Json, depth: usize, columns: usize) {
    if depth > DEEPEST {
        add_lines(out, value.text(), depth);
    } else if let Some(members) = members(value) {
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

/// Adds `key: value`, or the key with the value below it.
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
    use crate::model::Json;

    fn check(json: &str, columns: usize, expected: &str) {
        assert_eq!(lines(&Json::from_strict(json).unwrap(), columns), expected, "{json}");
    }

    #[test]
    fn what_fits_stands_on_one_line_without_quotes() {
        check(r#"{"city": "Paris", "degrees": 7, "none": null, "empty": []}"#, 80, "{city: Paris, degrees: 7}");
        check(r#"{"args": {"city": "Rome"}, "list": [1, "b", {}]}"#, 80, "{args: {city: Rome}, list: [1, b, {}]}");
        check(r#"[{"role": "user"}, 1]"#, 15, "- {role: user}\n- 1");
        check(r#"{"none": null}"#, 80, "{}");
        check(r#"[{"none": null}]"#, 1, "- {}");
        check(r#""two\nlines""#, 80, "two\nlines");
        check("12", 1, "12");
    }

    #[test]
    fn what_does_not_fit_is_an_outline() {
        check(
            r#"{"name": {"a": "looper"}, "tools": [{"name": "get_weather", "text": "one\ntwo", "none": null}, "other"], "model": "gpt"}"#,
            30,
            "name: {a: looper}\ntools:\n  - name: get_weather\n    text:\n      one\n      two\n  - other\nmodel: gpt",
        );
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = "[".repeat(100_000) + "1" + &"]".repeat(100_000);
        let deep = Json::from_strict(&deep).unwrap();
        assert!(lines(&deep, 80).len() < 10_000_000);
        assert_eq!(line(&deep), deep.text());
    }
}
