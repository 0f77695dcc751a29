//! Holds `src/` to the table of floors in `src/lib.rs`.

use crate::harness::files_below;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

type Edges = BTreeMap<String, BTreeSet<String>>;

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    // Tests in `src/**/tests.rs` are no part of the program.
    let is_source = |path: &PathBuf| path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs");
    let files = files_below(&root).into_iter().filter(is_source);
    files.map(|path| (path.strip_prefix(&root).unwrap().to_owned(), std::fs::read_to_string(&path).unwrap())).collect()
}

/// The words in backquotes of a cell.
fn quoted(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).flat_map(str::split_whitespace).map(str::to_owned)
}

/// Which floor may use which, from the doc comment of `src/lib.rs`.
fn allowed() -> Edges {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let mut edges = Edges::new();
    for row in text.lines().filter_map(|line| line.strip_prefix("//! | `")) {
        let cells: Vec<&str> = row.split('|').collect();
        let floor = cells[0].trim().trim_end_matches('`').to_owned();
        let mut may_use: BTreeSet<String> = quoted(cells[2]).collect();
        if cells[2].contains("all of the above") {
            may_use.extend(edges.keys().cloned());
        }
        edges.insert(floor, may_use);
    }
    edges
}

/// The floor of a file: its top-level module.
fn floor(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The paths that a text names, from `crate`, `super` or `self` on, with braces expanded.
fn paths(text: &str) -> Vec<Vec<String>> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for root in ["crate", "super", "self"] {
        for (at, _) in code.match_indices(&format!("{root}::")) {
            // `super::super::x` is one path, found at its first word.
            let before = &code[..at];
            if !before.ends_with(is_word) && !before.ends_with("::") {
                expand(&code[at..], &[], &mut found);
            }
        }
    }
    found
}

/// Adds the paths that a tree of uses begins with, and returns its length.
fn expand(text: &str, parents: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = parents.to_vec();
    let mut at = 0;
    loop {
        let word: String = text[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        at += word.len();
        if !word.is_empty() {
            path.push(word);
        }
        if !text[at..].starts_with("::") {
            found.push(path);
            return at;
        }
        at += 2;
        if text[at..].starts_with('{') {
            at += 1;
            loop {
                at += text[at..].len() - text[at..].trim_start_matches([' ', '\n', ',']).len();
                if at >= text.len() || text[at..].starts_with('}') {
                    return at + 1;
                }
                let length = expand(&text[at..], &path, found);
                // `name as other` and `*` have more text.
                at += length + text[at + length..].find([',', '}']).unwrap_or(text.len() - at - length);
            }
        }
    }
}

/// The folders of `src` that a text uses.
fn used(text: &str) -> BTreeSet<String> {
    paths(text).into_iter().filter(|path| path[0] == "crate").filter_map(|path| path.get(1).cloned()).collect()
}

/// The module that a file is.
fn module(path: &Path) -> Vec<String> {
    let mut words: Vec<String> = path.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if matches!(words.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        words.pop();
    }
    words
}

/// Which files use which. What a file takes from its own parents is not an edge: they declare it.
fn files_used() -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
    let files: Vec<(Vec<String>, String)> = sources().into_iter().map(|(path, text)| (module(&path), text)).collect();
    let known: BTreeSet<&Vec<String>> = files.iter().map(|(module, _)| module).collect();
    let resolve = |own: &[String], path: &[String]| {
        let mut base: Vec<String> = if path[0] == "crate" { Vec::new() } else { own.to_vec() };
        for word in path {
            match word.as_str() {
                "crate" | "self" => {}
                "super" => drop(base.pop()),
                word => base.push(word.to_owned()),
            }
        }
        while !base.is_empty() && !known.contains(&base) {
            base.pop();
        }
        base
    };
    let edges = |(own, text): &(Vec<String>, String)| {
        let used = paths(text).into_iter().map(|path| resolve(own, &path));
        (own.clone(), used.filter(|used| !own.starts_with(used)).collect())
    };
    files.iter().map(edges).collect()
}

#[test]
fn the_parser_of_uses_sees_braces_and_paths() {
    let text = "use crate::model::{A, B};\nuse crate::{formats::x::Y as Z, query::{self, Q}, terminal};\nfn f() { crate::error::g() }";
    let expected = ["error", "formats", "model", "query", "terminal"];
    assert_eq!(used(text).into_iter().collect::<Vec<_>>(), expected);
    let found: Vec<String> = paths("use super::super::{a::{b, c}, d};").iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["super::super::a::b", "super::super::a::c", "super::super::d"]);
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let edges = files_used();
    assert!(edges.values().map(BTreeSet::len).sum::<usize>() > 300);
    let reached = |from: &Vec<String>| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(module) = open.pop() {
            open.extend(edges[module].iter().filter(|used| seen.insert((*used).clone())));
        }
        seen
    };
    let circles: Vec<String> =
        edges.keys().filter(|module| reached(module).contains(*module)).map(|module| module.join("/")).collect();
    assert!(circles.is_empty(), "in circles: {}", circles.join(" "));
}

#[test]
fn floors_use_only_what_the_table_allows() {
    let allowed = allowed();
    let mut wrong = Vec::new();
    let mut edges = 0;
    for (path, text) in sources() {
        let floor = floor(&path);
        if floor == "lib" || floor == "main" {
            continue;
        }
        let Some(may_use) = allowed.get(&floor) else {
            wrong.push(format!("{}: the table does not name the floor `{floor}`", path.display()));
            continue;
        };
        for module in used(&text).into_iter().filter(|module| *module != floor) {
            edges += 1;
            if !may_use.contains(&module) {
                wrong.push(format!("{}: `{floor}` uses `{module}`", path.display()));
            }
        }
    }
    assert!(edges > 20, "uses were found: {edges}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_floor_of_the_table_is_there() {
    let floors: BTreeSet<String> = sources().iter().map(|(path, _)| floor(path)).collect();
    let missing: Vec<_> = allowed().into_keys().filter(|name| !floors.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_module_says_why_it_exists() {
    let files = sources();
    assert!(files.len() > 30);
    let silent: Vec<_> = files.iter().filter(|(_, text)| !text.starts_with("//!")).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn every_file_of_tests_is_compiled() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files: Vec<PathBuf> = files_below(&root).into_iter().filter(|path| path.ends_with("tests.rs")).collect();
    assert!(files.len() > 20);
    let is_declared = |path: &PathBuf| {
        let folder = path.parent().unwrap();
        let parents = [folder.join("mod.rs"), folder.join("lib.rs"), folder.with_extension("rs")];
        parents.iter().any(|parent| std::fs::read_to_string(parent).unwrap_or_default().contains("mod tests;"))
    };
    let forgotten: Vec<_> = files.iter().filter(|path| !is_declared(path)).collect();
    assert!(forgotten.is_empty(), "no module declares {forgotten:?}");
}

#[test]
fn property_tests_run_on_fixed_seeds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let texts = files_below(&root).into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let texts: Vec<(PathBuf, String)> =
        texts.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect();
    let count = |text: &str, word: &str| text.matches(word).count();
    assert!(texts.iter().map(|(_, text)| count(text, "proptest!")).sum::<usize>() > 5);
    let random = texts.iter().filter(|(_, text)| count(text, "proptest!") != count(text, "crate::tests::fixed_seed()"));
    let random: Vec<_> = random.map(|(path, _)| path).collect();
    assert!(random.is_empty(), "`#![proptest_config(crate::tests::fixed_seed())]` is missing: {random:?}");
}
