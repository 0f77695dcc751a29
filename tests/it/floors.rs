//! Checks that the modules of `src/` use only what the table of layers in `src/lib.rs` allows.

use crate::harness::files_below;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

type Edges = BTreeMap<String, BTreeSet<String>>;

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    // Without tests in `src/**/tests.rs`.
    let is_source = |path: &PathBuf| path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs");
    let files = files_below(&root).into_iter().filter(is_source);
    files.map(|path| (path.strip_prefix(&root).unwrap().to_owned(), std::fs::read_to_string(&path).unwrap())).collect()
}

/// The words in backticks in a table cell.
fn backticked_words(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).flat_map(str::split_whitespace).map(str::to_owned)
}

/// The layers that each layer may use, from the doc comment of `src/lib.rs`.
fn allowed() -> Edges {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let mut edges = Edges::new();
    for row in text.lines().filter_map(|line| line.strip_prefix("//! | `")) {
        let cells: Vec<&str> = row.split('|').collect();
        let layer = cells[0].trim().trim_end_matches('`').to_owned();
        let mut may_use: BTreeSet<String> = backticked_words(cells[2]).collect();
        if cells[2].contains("all of the above") {
            may_use.extend(edges.keys().cloned());
        }
        edges.insert(layer, may_use);
    }
    edges
}

/// The layer of a file: its top-level module.
fn layer(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The paths in source text that start with `crate`, `super` or `self`, with braces expanded.
fn paths(text: &str) -> Vec<Vec<String>> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for root in ["crate", "super", "self"] {
        for (at, _) in code.match_indices(&format!("{root}::")) {
            // `super::super::x` is one path, found at its first segment.
            let before = &code[..at];
            if !before.ends_with(is_word) && !before.ends_with("::") {
                expand(&code[at..], &[], &mut found);
            }
        }
    }
    found
}

/// Adds the paths of the use tree at the start of `text`, and returns its length in bytes.
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
                // Skips the rest of `name as other` and `*`.
                at += length + text[at + length..].find([',', '}']).unwrap_or(text.len() - at - length);
            }
        }
    }
}

/// The top-level modules that source text uses.
fn used_modules(text: &str) -> BTreeSet<String> {
    paths(text).into_iter().filter(|path| path[0] == "crate").filter_map(|path| path.get(1).cloned()).collect()
}

/// The module path of a file.
fn module(path: &Path) -> Vec<String> {
    let mut words: Vec<String> = path.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if matches!(words.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        words.pop();
    }
    words
}

/// The modules that each module uses, without its ancestors, which declare it.
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
        let used_modules = paths(text).into_iter().map(|path| resolve(own, &path));
        (own.clone(), used_modules.filter(|used_modules| !own.starts_with(used_modules)).collect())
    };
    files.iter().map(edges).collect()
}

#[test]
fn use_trees_are_expanded() {
    let text = "use crate::model::{A, B};\nuse crate::{formats::x::Y as Z, query::{self, Q}, terminal};\nfn f() { crate::error::g() }";
    let expected = ["error", "formats", "model", "query", "terminal"];
    assert_eq!(used_modules(text).into_iter().collect::<Vec<_>>(), expected);
    let found: Vec<String> = paths("use super::super::{a::{b, c}, d};").iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["super::super::a::b", "super::super::a::c", "super::super::d"]);
}

#[test]
fn modules_have_no_cycles() {
    let edges = files_used();
    assert!(edges.values().map(BTreeSet::len).sum::<usize>() > 300);
    let reached = |from: &Vec<String>| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(module) = open.pop() {
            open.extend(edges[module].iter().filter(|used_modules| seen.insert((*used_modules).clone())));
        }
        seen
    };
    let cycles: Vec<String> =
        edges.keys().filter(|module| reached(module).contains(*module)).map(|module| module.join("/")).collect();
    assert!(cycles.is_empty(), "modules in cycles: {}", cycles.join(" "));
}

#[test]
fn layers_use_only_allowed_layers() {
    let allowed = allowed();
    let mut wrong = Vec::new();
    let mut edges = 0;
    for (path, text) in sources() {
        let layer = layer(&path);
        if layer == "lib" || layer == "main" {
            continue;
        }
        let Some(may_use) = allowed.get(&layer) else {
            wrong.push(format!("{}: layer `{layer}` is missing from the table", path.display()));
            continue;
        };
        for module in used_modules(&text).into_iter().filter(|module| *module != layer) {
            edges += 1;
            if !may_use.contains(&module) {
                wrong.push(format!("{}: `{layer}` uses `{module}`", path.display()));
            }
        }
    }
    assert!(edges > 20, "too few uses found: {edges}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn layers_of_the_table_exist() {
    let layers: BTreeSet<String> = sources().iter().map(|(path, _)| layer(path)).collect();
    let missing: Vec<_> = allowed().into_keys().filter(|name| !layers.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn modules_have_docs() {
    let files = sources();
    assert!(files.len() > 30);
    let undocumented: Vec<_> =
        files.iter().filter(|(_, text)| !text.starts_with("//!")).map(|(path, _)| path).collect();
    assert!(undocumented.is_empty(), "{undocumented:?}");
}

#[test]
fn test_files_are_compiled() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files: Vec<PathBuf> = files_below(&root).into_iter().filter(|path| path.ends_with("tests.rs")).collect();
    assert!(files.len() > 20);
    let is_declared = |path: &PathBuf| {
        let folder = path.parent().unwrap();
        let parents = [folder.join("mod.rs"), folder.join("lib.rs"), folder.with_extension("rs")];
        parents.iter().any(|parent| std::fs::read_to_string(parent).unwrap_or_default().contains("mod tests;"))
    };
    let undeclared: Vec<_> = files.iter().filter(|path| !is_declared(path)).collect();
    assert!(undeclared.is_empty(), "test files without a `mod tests;`: {undeclared:?}");
}

#[test]
fn property_tests_have_fixed_seeds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let texts = files_below(&root).into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let texts: Vec<(PathBuf, String)> =
        texts.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect();
    let count = |text: &str, word: &str| text.matches(word).count();
    assert!(texts.iter().map(|(_, text)| count(text, "proptest!")).sum::<usize>() > 5);
    let random =
        texts.iter().filter(|(_, text)| count(text, "proptest!") != count(text, "crate::tests::fixed_seed_config()"));
    let random: Vec<_> = random.map(|(path, _)| path).collect();
    assert!(random.is_empty(), "`#![proptest_config(crate::tests::fixed_seed_config())]` is missing: {random:?}");
}
