//! Ctrl-C: exit code 130 and no partially written records.

use crate::harness::{Cli, RunOutput, files_below, large_store};
use serde_json::{Value, json};
use std::io::Read as _;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

/// Starts a command whose output is not read yet.
fn start(cli: &Cli) -> Child {
    cli.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// Interrupts a command after its first byte of output, which must exceed the pipe buffer, and returns its output.
fn run_interrupted(cli: &Cli) -> RunOutput {
    let mut child = start(cli);
    let mut pipe = child.stdout.take().unwrap();
    let mut stdout = vec![0];
    pipe.read_exact(&mut stdout).unwrap();
    assert!(child.try_wait().unwrap().is_none(), "{cli:?}: the output must exceed the pipe buffer");
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    pipe.read_to_end(&mut stdout).unwrap();
    RunOutput {
        stdout: String::from_utf8(stdout).expect("stdout is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        exit: output.status.code(),
    }
}

const JSON: &str = "{\"error\":{\"code\":\"interrupted\",\"exit\":130,\"hint\":null,\"message\":\"interrupted\"}}\n";

#[test]
fn interrupted_json_lines_are_complete() {
    let copy = large_store();
    for words in ["traces list --all -o jsonl", "traces list --all --sort name -o jsonl", "spans --all -o jsonl"] {
        let output = run_interrupted(&copy.cli(words));
        assert_eq!(output.exit, Some(130), "{words}: {}", output.stderr);
        assert_eq!(output.stderr, JSON, "{words}");
        assert!(output.stdout.ends_with('\n'), "{words}");
        for line in output.lines() {
            let item: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{words}: {error}: {line}"));
            assert!(item["trace_id"].is_string(), "{words}: {line}");
        }
    }
}

#[test]
fn interrupted_csv_records_are_complete() {
    let copy = large_store();
    copy.sql("update trace_info set request_preview = replace(request_preview, '0000', char(10) || 'x')");
    let output = run_interrupted(&copy.cli("traces list --all -o csv"));
    assert_eq!(output.exit, Some(130), "{}", output.stderr);
    assert_eq!(output.stderr, "error: interrupted\n");
    // Outside quotes: commas and newlines that separate cells and records.
    let bare: String = output.stdout.split('"').step_by(2).collect();
    let columns = bare.lines().next().unwrap().matches(',').count();
    assert!(columns > 5 && output.stdout.lines().count() > bare.lines().count() + 10, "{bare}");
    assert!(bare.lines().all(|record| record.matches(',').count() == columns), "{bare}");
    assert!(output.stdout.matches('"').count().is_multiple_of(2) && output.stdout.ends_with('\n'));
}

#[test]
fn interruptions_are_reported_in_every_format() {
    let copy = large_store();
    let output = run_interrupted(&copy.cli("traces list --all --json"));
    assert_eq!((output.exit, output.stderr.as_str()), (Some(130), JSON));
    let output = run_interrupted(&copy.cli("spans --all --quiet"));
    assert_eq!((output.exit, output.stderr.as_str()), (Some(130), "error: interrupted\n"));
    assert!(output.stdout.ends_with('\n'));
}

#[test]
fn interruptions_stop_waiting_for_a_server() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let cli = Cli::new("experiments --json").on(format!("http://{}", server.local_addr().unwrap()));
    let child = start(&cli);
    // After the first byte of the request, the program waits for the response.
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
fn ignored_signals_stay_ignored() {
    let copy = large_store();
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

/// A `-wal` file without its `-shm` file is read from a temporary copy.
#[test]
#[cfg(unix)]
fn temporary_copies_are_removed_by_every_signal() {
    let copy = large_store();
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
            assert_eq!(left, 0, "bytes of the copy left by {signal} after {millis} ms");
        }
    }
}
