//! Finds the installed MLflow by its files, without running Python.

use crate::analysis::doctor::InstalledMlflow;
use crate::{files, limits};
use std::collections::HashSet;
use std::fs::read_dir;
use std::path::{Path, PathBuf};

/// Finds the installation of the first `mlflow` program in these folders.
pub(crate) fn find(programs: &[PathBuf]) -> Option<InstalledMlflow> {
    programs.iter().find_map(|folder| {
        let program = ["mlflow", "mlflow.exe"].iter().map(|name| folder.join(name)).find(|path| path.is_file())?;
        // pipx and uv install tools into separate environments and link them into one folder.
        let program = program.canonicalize().unwrap_or(program);
        let environment = program.parent()?.parent()?;
        package_folders(environment).iter().find_map(|packages| installed_in(packages))
    })
}

/// The package folders of an environment: `lib/python3.11/site-packages`, Debian's `dist-packages`, Windows' `Lib`.
fn package_folders(environment: &Path) -> Vec<PathBuf> {
    let entries = read_dir(environment.join("lib")).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_python = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python3"));
    let mut python_folders: Vec<PathBuf> = entries.filter(is_python).collect();
    python_folders.sort();
    python_folders.push(environment.join("Lib"));
    python_folders.iter().flat_map(|folder| ["site-packages", "dist-packages"].map(|name| folder.join(name))).collect()
}

/// Reads the releases of MLflow and of its dependencies from a package folder.
fn installed_in(packages: &Path) -> Option<InstalledMlflow> {
    let names: Vec<String> = read_dir(packages)
        .ok()?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().to_ascii_lowercase())
        .filter(|name| name.ends_with(".dist-info"))
        .collect();
    let release = |package: &str| {
        let rest = |name: &String| Some(name.strip_prefix(package)?.strip_prefix('-')?.to_owned());
        names.iter().find_map(rest).map(|rest| rest.trim_end_matches(".dist-info").to_owned())
    };
    let migrations = migrations(&packages.join("mlflow/store/db_migrations/versions"));
    let older: HashSet<&String> = migrations.iter().flat_map(|(_, before)| before).collect();
    // With several heads MLflow does not start, so none is reported.
    let mut heads = migrations.iter().map(|(revision, _)| revision).filter(|revision| !older.contains(revision));
    let head = heads.next().filter(|_| heads.next().is_none()).cloned();
    Some(InstalledMlflow {
        release: release("mlflow").or_else(|| release("mlflow_skinny"))?,
        folder: packages.display().to_string(),
        head,
        sqlalchemy: release("sqlalchemy"),
        opentelemetry: release("opentelemetry_sdk"),
        revisions: migrations.into_iter().map(|(revision, _)| revision).collect(),
    })
}

/// Returns the revision of each schema migration, with the revisions that it follows.
fn migrations(folder: &Path) -> Vec<(String, Vec<String>)> {
    let scripts = read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let scripts = scripts.filter(|path| path.extension().is_some_and(|end| end == "py"));
    scripts.filter_map(|path| migration(&files::read_text(&path, limits::RECORD_BYTES).ok()?)).collect()
}

/// Parses Alembic's `revision = "…"` and `down_revision = "…"`, which may be `None` or several.
fn migration(script: &str) -> Option<(String, Vec<String>)> {
    let quoted = |name: &str| {
        let is_assignment = |line: &&str| line.split(['=', ':']).next().is_some_and(|word| word.trim() == name);
        let line = script.lines().find(is_assignment)?;
        let (_, value) = line.split_once('=')?;
        Some(value.split(['"', '\'']).skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
    };
    Some((quoted("revision")?.pop()?, quoted("down_revision").unwrap_or_default()))
}
