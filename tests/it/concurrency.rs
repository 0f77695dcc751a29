//! A live writer is never blocked, and never blocks.

use crate::harness::{Cli, Fixture, items, large};
use std::io::Read as _;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Commits in a loop until told to stop. Every commit succeeds, however long the machine takes over it.
fn write(path: &std::path::Path, stop: &AtomicBool) {
    let mut connection = rusqlite::Connection::open(path).unwrap();
    connection.busy_timeout(PATIENCE).unwrap();
    for turn in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        commit(&mut connection, turn);
        // On a busy machine the next lock would be taken before anybody else has a turn, until a reader gives up.
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

/// Longer than any busy machine takes over a commit. A lock that is held over a full pipe is held forever.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_list_into_a_pipe_that_nobody_reads_holds_no_lock() {
    let copy = large();
    for words in ["traces list --all --json", "traces list --all --sort name -o csv", "spans --all --full --json"] {
        let mut connection = copy.database();
        connection.busy_timeout(PATIENCE).unwrap();
        let mut child = copy.cli(words).command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdout.take().unwrap();
        // With the first byte the list is under way; what follows fills the pipe, and stays there.
        let mut stdout = vec![0];
        pipe.read_exact(&mut stdout).unwrap();
        for turn in 0..30 {
            commit(&mut connection, turn);
        }
        assert!(child.try_wait().unwrap().is_none(), "{words}: more than a pipe holds is to be printed");
        pipe.read_to_end(&mut stdout).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{words}");
    }
    let document = Cli::new("traces list --all --name made").on(&copy.fixture.store).json();
    assert_eq!(items(&document, "traces").len(), 1200);
}

#[test]
fn a_list_under_a_writer_has_every_trace_once() {
    let copy = large();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| write(&copy.fixture.store, &stop));
        let done = copy.cli("traces list --all -o ids --name made").run();
        stop.store(true, Ordering::Relaxed);
        writer.join().expect("the writer meets no error");
        // Before the writer has stopped nothing may fail, or it would never stop.
        assert_eq!(done.exit, Some(0), "{done}");
        let mut ids = done.lines();
        assert_eq!(ids.len(), 1200);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 1200);
    });
}

#[test]
fn a_lock_that_is_not_given_back_is_an_error_that_says_so() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    let database = copy.database();
    database
        .execute_batch("pragma locking_mode = exclusive; begin exclusive; update trace_info set status = status")
        .unwrap();
    let done = copy.cli("experiments").run();
    assert_eq!(done.exit, Some(5), "{done}");
    assert!(done.stderr.contains("locked") && done.stderr.contains("hint:"), "{done}");
}

/// The letter of a process's state.
#[cfg(target_os = "linux")]
fn state(process: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Whether a process answers Ctrl-Z itself.
#[cfg(target_os = "linux")]
fn catches_stop(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0");
    u64::from_str_radix(mask.trim(), 16).unwrap() >> (signal_hook::consts::SIGTSTP - 1) & 1 == 1
}

#[cfg(target_os = "linux")]
#[test]
fn a_writer_is_not_held_up_by_a_reader_that_ctrl_z_has_stopped() {
    let copy = large();
    let mut stopped = 0;
    for turn in 0..30 {
        let words = ["spans --all --full -o jsonl", "exceptions", "usage --by model"][turn % 3];
        let mut command = copy.cli(words).command();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // A command that is over in a moment never waits for the signal.
        while !catches_stop(child.id()) && state(child.id()) != Some('Z') {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(9 * turn as u64));
        let signal = |name: &str| {
            std::process::Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
        };
        signal("-TSTP");
        let begun = std::time::Instant::now();
        while !matches!(state(child.id()), Some('T' | 'Z')) {
            assert!(begun.elapsed() < Duration::from_secs(10), "{words}: neither stopped nor ended");
            std::thread::sleep(Duration::from_millis(1));
        }
        stopped += u32::from(state(child.id()) == Some('T'));
        let database = copy.database();
        database.busy_timeout(Duration::from_millis(200)).unwrap();
        database.execute("update trace_info set request_preview = 'x' where rowid = 1", []).unwrap();
        signal("-CONT");
        assert!(child.wait().unwrap().success(), "{words}");
    }
    assert!(stopped > 10, "{stopped} of 30 were stopped before they ended");
}
