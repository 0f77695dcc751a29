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

/// The modules that a text names behind `crate::`, braces too.
fn used(text: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut used = BTreeSet::new();
    for after in text.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            Some(list) => {
                let mut depth = 0;
                let mut start = 0;
                for (at, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth > 0 => depth -= 1,
                        ',' | '}' if depth == 0 => {
                            used.insert(word(list[start..at].trim()));
                            start = at + 1;
                            if c == '}' {
                                break;
                            }
                        }
                        _ => {}
                    }
                }
            }
            None => {
                used.insert(word(after));
            }
        }
    }
    used.remove("");
    used
}

#[test]
fn the_parser_of_uses_sees_braces_and_paths() {
    let text = "use crate::model::{A, B};\nuse crate::{formats::x::Y, query::{self, Z}, terminal};\nfn f() { crate::error::g() }";
    let expected = ["error", "formats", "model", "query", "terminal"];
    assert_eq!(used(text).into_iter().collect::<Vec<_>>(), expected);
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
