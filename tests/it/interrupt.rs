//! Ctrl-C: an exit code of its own, and nothing half written.

use crate::harness::{Cli, Done, files_below, large};
use serde_json::{Value, json};
use std::io::Read as _;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

/// Starts a command whose output nobody reads.
fn start(cli: &Cli) -> Child {
    cli.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// Waits for the first byte, after which more is written than a pipe holds; interrupts, and reads when all is over.
fn interrupted(cli: &Cli) -> Done {
    let mut child = start(cli);
    let mut pipe = child.stdout.take().unwrap();
    let mut stdout = vec![0];
    pipe.read_exact(&mut stdout).unwrap();
    assert!(child.try_wait().unwrap().is_none(), "{cli:?}: more than a pipe holds is to be printed");
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    pipe.read_to_end(&mut stdout).unwrap();
    Done {
        stdout: String::from_utf8(stdout).expect("stdout is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        exit: output.status.code(),
    }
}

const JSON: &str = "{\"error\":{\"code\":\"interrupted\",\"exit\":130,\"hint\":null,\"message\":\"interrupted\"}}\n";

#[test]
fn json_lines_are_whole() {
    let copy = large();
    for words in ["traces list --all -o jsonl", "traces list --all --sort name -o jsonl", "spans --all -o jsonl"] {
        let done = interrupted(&copy.cli(words));
        assert_eq!(done.exit, Some(130), "{words}: {}", done.stderr);
        assert_eq!(done.stderr, JSON, "{words}");
        assert!(done.stdout.ends_with('\n'), "{words}");
        for line in done.lines() {
            let item: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{words}: {error}: {line}"));
            assert!(item["trace_id"].is_string(), "{words}: {line}");
        }
    }
}

#[test]
fn records_of_csv_are_whole_even_with_newlines_within() {
    let copy = large();
    copy.sql("update trace_info set request_preview = replace(request_preview, '0000', char(10) || 'x')");
    let done = interrupted(&copy.cli("traces list --all -o csv"));
    assert_eq!(done.exit, Some(130), "{}", done.stderr);
    assert_eq!(done.stderr, "error: interrupted\n");
    // Outside of quotes: the commas and newlines of the form itself.
    let bare: String = done.stdout.split('"').step_by(2).collect();
    let columns = bare.lines().next().unwrap().matches(',').count();
    assert!(columns > 5 && done.stdout.lines().count() > bare.lines().count() + 10, "{bare}");
    assert!(bare.lines().all(|record| record.matches(',').count() == columns), "{bare}");
    assert!(done.stdout.matches('"').count().is_multiple_of(2) && done.stdout.ends_with('\n'));
}

#[test]
fn other_forms_say_so_too() {
    let copy = large();
    let done = interrupted(&copy.cli("traces list --all --json"));
    assert_eq!((done.exit, done.stderr.as_str()), (Some(130), JSON));
    let done = interrupted(&copy.cli("spans --all --quiet"));
    assert_eq!((done.exit, done.stderr.as_str()), (Some(130), "error: interrupted\n"));
    assert!(done.stdout.ends_with('\n'));
}

#[test]
fn a_server_that_does_not_answer_is_not_waited_for() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let cli = Cli::new("experiments --json").on(format!("http://{}", server.local_addr().unwrap()));
    let child = start(&cli);
    // With the first byte of a question the program waits for an answer, or soon will.
    let (mut connection, _) = server.accept().unwrap();
    connection.read_exact(&mut [0]).unwrap();
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
        ("".into(), JSON.into())
    );
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"]["exit"], json!(130));
}

#[test]
fn a_program_that_was_told_to_ignore_it_does() {
    let copy = large();
    let plain = copy.cli("traces list --all -o jsonl").command();
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' INT; exec \"$0\" \"$@\""]).arg(plain.get_program()).args(plain.get_args());
    let mut child = shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdout.take().unwrap();
    let mut stdout = vec![0];
    pipe.read_exact(&mut stdout).unwrap();
    interrupt(&child);
    pipe.read_to_end(&mut stdout).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    assert!(lines > 1200, "{lines}");
}

/// A database that has to be copied: a `-wal` file without the `-shm` file that goes with it.
#[test]
#[cfg(unix)]
fn a_temporary_copy_is_gone_however_the_program_ends() {
    let copy = large();
    let writer = copy.database();
    writer.execute_batch("pragma journal_mode = wal; update trace_info set trace_name = 'renamed'").unwrap();
    let (dead, temporary) = (copy.path().join("dead.db"), copy.path().join("tmp"));
    std::fs::create_dir(&temporary).unwrap();
    std::fs::copy(&copy.fixture.store, &dead).unwrap();
    std::fs::copy(copy.path().join("mlflow.db-wal"), copy.path().join("dead.db-wal")).unwrap();
    let cli = Cli::new("traces list --all --json").on(&dead).env("TMPDIR", &temporary);
    assert!(cli.ok().stdout.contains("renamed"), "the copy is read");
    for signal in ["-INT", "-TERM", "-HUP", "-KILL"] {
        for millis in 0..20 {
            let mut child = start(&cli);
            std::thread::sleep(std::time::Duration::from_millis(millis));
            let _ = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
            drop(child.stdout.take());
            child.wait().unwrap();
            let left: u64 = files_below(&temporary).iter().map(|path| path.metadata().unwrap().len()).sum();
            assert_eq!(left, 0, "bytes of a copy that {signal} leaves after {millis} ms");
        }
    }
}
