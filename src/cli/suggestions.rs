//! "Did you mean" suggestions for names and commands that do not exist.

use crate::error::{Error, ErrorCode};
use clap::error::{ContextKind, ContextValue};
use std::ffi::OsString;

/// Returns up to three names similar to `wanted`, the most similar first.
#[must_use]
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut near: Vec<(f64, &str)> = names
        .map(|name| {
            let (a, b) = (wanted.to_lowercase(), name.to_lowercase());
            let contains = a.len() > 2 && (b.contains(&a) || a.contains(&b));
            (if contains { 1.0 } else { strsim::jaro_winkler(&a, &b) }, name)
        })
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    near.dedup();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Returns the error for a name that does not exist, with similar names as a hint. `noun` is the kind of object:
/// `span`.
#[must_use]
pub fn not_found<'a>(noun: &str, wanted: &str, names: impl Iterator<Item = &'a str>) -> Error {
    suggest(Error::new(ErrorCode::NotFound, format!("no {noun} `{wanted}`")), wanted, names)
}

/// Adds names similar to `wanted` as a hint, if there are any.
#[must_use]
pub fn suggest<'a>(error: Error, wanted: &str, names: impl Iterator<Item = &'a str>) -> Error {
    match nearest(wanted, names).as_slice() {
        [] => error,
        near => error.hint(did_you_mean(near)),
    }
}

fn did_you_mean(names: &[impl AsRef<str>]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    format!("did you mean {}?", names.join(" or "))
}

/// Adds the commands that have the unknown subcommand of an error, as a tip: `trace show` for `show` and `traces show`.
pub fn suggest_subcommand(error: &mut clap::Error, program: &clap::Command, args: &[OsString]) {
    let subcommand = error.get(ContextKind::InvalidSubcommand);
    // To a command without subcommands it is one argument too many.
    let is_argument = subcommand.is_none();
    let Some(ContextValue::String(word)) = subcommand.or_else(|| error.get(ContextKind::InvalidArg)) else { return };
    let parents = program.get_subcommands().filter(|parent| parent.find_subcommand(word).is_some());
    let parents: Vec<&str> = parents.map(clap::Command::get_name).collect();
    let mut typed = args.iter().filter_map(|arg| arg.to_str()).take_while(|arg| arg != word);
    let typed_parent = typed.find(|arg| program.find_subcommand(arg).is_some()).unwrap_or_default();
    let near = nearest(typed_parent, parents.iter().copied());
    let parents = if near.is_empty() && !is_argument { parents } else { near };
    if !parents.is_empty() {
        let commands: Vec<String> = parents.iter().map(|parent| format!("mltrace {parent} {word}")).collect();
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![did_you_mean(&commands).into()]));
    }
}
