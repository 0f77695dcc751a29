//! Help, manual pages and completions of the program. Their texts are tested next to the commands.

use crate::harness::Cli;
use clap::CommandFactory as _;
use mltrace::manual::TOPICS;

fn help(words: &str) -> String {
    Cli::new(words).arg("--help").ok().to_string()
}

/// The words of all commands; the empty string is the program itself.
fn commands() -> Vec<String> {
    fn add(command: &clap::Command, words: &str, all: &mut Vec<String>) {
        all.push(words.to_owned());
        for below in command.get_subcommands() {
            add(below, format!("{words} {}", below.get_name()).trim_start(), all);
        }
    }
    let mut all = Vec::new();
    add(&mltrace::commands::Cli::command(), "", &mut all);
    all
}

#[test]
fn examples_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut count = 0;
    for words in commands() {
        let text = help(&words);
        let examples =
            text.lines().skip_while(|line| *line != "Examples:").filter(|line| line.starts_with("  mltrace "));
        for line in examples {
            let command = line.split(['|', '>']).next().unwrap();
            // The explanation of an example follows after several spaces.
            let command = command.trim().split("   ").next().unwrap();
            let args = shlex::split(command).unwrap();
            let cli = args[1..].iter().fold(Cli::new("").cwd(folder.path()), Cli::arg);
            let output = cli.env("MLFLOW_TRACKING_URI", "demo:").run();
            let is_file_missing = output.stderr.contains("No such file") || output.stderr.contains("ids on stdin");
            assert!(is_file_missing || !matches!(output.exit, Some(2 | 70) | None), "{line}: {output}");
            count += 1;
        }
    }
    assert!(count > 40, "{count}");
}

#[test]
fn help_version_and_completions_are_printed() {
    assert_eq!(Cli::new("--version").ok().stdout, format!("mltrace {}\n", env!("CARGO_PKG_VERSION")));
    let overview = Cli::new("help").ok();
    assert!(overview.stdout.starts_with(&help("")), "{overview}");
    assert!(overview.lines().iter().all(|line| line.chars().count() <= 100), "{overview}");
    assert_eq!(Cli::new("help trace show").ok().stdout, help("trace show"));
    assert!(Cli::new("help filters").ok().stdout.starts_with("Filters\n\n"));
    let script = Cli::new("completions bash").ok().stdout;
    assert!(script.contains("complete -F _mltrace"), "{script}");
}

#[test]
fn manual_pages_are_printed_and_written_to_files() {
    let page = Cli::new("man").ok().stdout;
    assert!(page.contains(".TH mltrace 1"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    Cli::new("man").arg(folder.path().join("man1")).ok();
    assert_eq!(std::fs::read_dir(folder.path().join("man1")).unwrap().count(), commands().len());
    assert_eq!(std::fs::read_to_string(folder.path().join("man1/mltrace.1")).unwrap(), page);
    let topics = std::fs::read_dir(folder.path().join("man7")).unwrap().count();
    assert_eq!(topics, TOPICS.len());
    let page = std::fs::read_to_string(folder.path().join("man7/mltrace-filters.7")).unwrap();
    assert!(page.contains(".SH NAME"), "{page}");
}
