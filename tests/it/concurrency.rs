//! Reading neither blocks a live writer nor is blocked by it.

use crate::harness::{Cli, Fixture, items, large_store};
use std::io::Read as _;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Commits in a loop until `stop` is set. Every commit must succeed.
fn write(path: &std::path::Path, stop: &AtomicBool) {
    let mut connection = rusqlite::Connection::open(path).unwrap();
    connection.busy_timeout(LOCK_TIMEOUT).unwrap();
    for turn in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        commit(&mut connection, turn);
        // Without a pause, the writer could starve readers on a busy machine.
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn commit(connection: &mut rusqlite::Connection, turn: u32) {
    let transaction = connection.transaction().unwrap();
    transaction
        .execute(
            "update trace_tags set value = 'better' where key = 'mood' and request_id = printf('tr-%032x', ?)",
            [turn % 1200 + 1],
        )
        .unwrap();
    transaction.commit().expect("a commit succeeds");
}

/// Longer than any commit takes on a busy machine. A lock held while a pipe is full would be held forever.
const LOCK_TIMEOUT: Duration = Duration::from_secs(60);

#[test]
fn output_to_a_full_pipe_holds_no_lock() {
    let copy = large_store();
    for words in ["traces list --all --json", "traces list --all --sort name -o csv", "spans --all --full --json"] {
        let mut connection = copy.database();
        connection.busy_timeout(LOCK_TIMEOUT).unwrap();
        let mut child = copy.cli(words).command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdout.take().unwrap();
        // After the first byte, output fills the pipe and the child blocks.
        let mut stdout = vec![0];
        pipe.read_exact(&mut stdout).unwrap();
        for turn in 0..30 {
            commit(&mut connection, turn);
        }
        assert!(child.try_wait().unwrap().is_none(), "{words}: the output must exceed the pipe buffer");
        pipe.read_to_end(&mut stdout).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{words}");
    }
    let document = Cli::new("traces list --all --name made").on(&copy.fixture.store).json();
    assert_eq!(items(&document, "traces").len(), 1200);
}

#[test]
fn lists_are_complete_during_writes() {
    let copy = large_store();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| write(&copy.fixture.store, &stop));
        let output = copy.cli("traces list --all -o ids --name made").run();
        stop.store(true, Ordering::Relaxed);
        writer.join().expect("the writer meets no error");
        // Assert only after the writer stopped, or a failure would leave it running.
        assert_eq!(output.exit, Some(0), "{output}");
        let mut ids = output.lines();
        assert_eq!(ids.len(), 1200);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 1200);
    });
}

#[test]
fn permanent_locks_are_reported() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    let database = copy.database();
    database
        .execute_batch("pragma locking_mode = exclusive; begin exclusive; update trace_info set status = status")
        .unwrap();
    let output = copy.cli("experiments").run();
    assert_eq!(output.exit, Some(5), "{output}");
    assert!(output.stderr.contains("locked") && output.stderr.contains("hint:"), "{output}");
}

/// The state of a process as a letter (`T` stopped, `Z` zombie).
#[cfg(target_os = "linux")]
fn state(process: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Whether a process has a handler for Ctrl-Z (SIGTSTP).
#[cfg(target_os = "linux")]
fn catches_stop(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0");
    u64::from_str_radix(mask.trim(), 16).unwrap() >> (signal_hook::consts::SIGTSTP - 1) & 1 == 1
}

#[cfg(target_os = "linux")]
#[test]
fn suspended_readers_do_not_block_writers() {
    let copy = large_store();
    let mut stopped = 0;
    let commands = ["spans --all --full -o jsonl", "exceptions", "usage --by model"].map(|words| {
        let started = std::time::Instant::now();
        copy.cli(words).ok();
        (words, started.elapsed())
    });
    for turn in 0..30 {
        let (words, duration) = commands[turn % 3];
        let mut command = copy.cli(words).command();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // A short command may end before it installs its handler.
        while !catches_stop(child.id()) && state(child.id()) != Some('Z') {
            std::thread::sleep(Duration::from_millis(1));
        }
        // Somewhere in the first two thirds of its run.
        std::thread::sleep(duration * turn as u32 / 45);
        let signal = |name: &str| {
            std::process::Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
        };
        signal("-TSTP");
        let started = std::time::Instant::now();
        while !matches!(state(child.id()), Some('T' | 'Z')) {
            assert!(started.elapsed() < Duration::from_secs(10), "{words}: neither stopped nor ended");
            std::thread::sleep(Duration::from_millis(1));
        }
        stopped += u32::from(state(child.id()) == Some('T'));
        let database = copy.database();
        database.busy_timeout(Duration::from_millis(200)).unwrap();
        database.execute("update trace_info set request_preview = 'x' where rowid = 1", []).unwrap();
        signal("-CONT");
        assert!(child.wait().unwrap().success(), "{words}");
    }
    assert!(stopped > 5, "{stopped} of 30 were stopped before they ended");
}
