use super::*;
use proptest::prelude::*;
use proptest::test_runner::Config;
use rusqlite::Connection;
use std::path::Path;

/// A writer that stops within a transaction.
#[derive(Clone, Debug)]
struct Writer {
    page_size: u32,
    mode: &'static str,
    synchronous: &'static str,
    /// The number of rows that each transaction adds. Every third transaction is rolled back.
    transactions: Vec<u32>,
    /// Rows added by the unfinished transaction.
    unfinished: u32,
    /// The index of the transaction after which a checkpoint runs.
    checkpoint: usize,
    /// Bytes cut from the end of the files beside the database.
    cut: u64,
}

fn writer() -> impl Strategy<Value = Writer> {
    let modes = prop_oneof![Just("wal"), Just("delete"), Just("persist"), Just("truncate")];
    let synchronous = prop_oneof![Just("off"), Just("normal"), Just("full")];
    let transactions = proptest::collection::vec(1..30_u32, 0..5);
    (9..17_u32, modes, synchronous, transactions, 1..80_u32, 0..5_usize, prop_oneof![Just(0), 0..5_000_u64]).prop_map(
        |(shift, mode, synchronous, transactions, unfinished, checkpoint, cut)| Writer {
            page_size: 1 << shift,
            mode,
            synchronous,
            transactions,
            unfinished,
            checkpoint,
            cut,
        },
    )
}

impl Writer {
    /// Writes a database, and copies its files in the middle of a transaction.
    fn run(&self, folder: &Path) {
        let live = folder.join("live.db");
        let connection = Connection::open(&live).unwrap();
        let set = format!(
            "pragma page_size = {}; pragma journal_mode = {}; pragma synchronous = {}; pragma wal_autocheckpoint = 0;
             pragma cache_size = 2; pragma cache_spill = 1; create table t (n integer primary key, x text);",
            self.page_size, self.mode, self.synchronous
        );
        connection.execute_batch(&set).unwrap();
        let write = |rows: u32| {
            format!(
                "update t set x = x || '.' where n % 3 = 0;
                 with recursive n(i) as (select 1 union all select i + 1 from n where i < {rows})
                 insert into t (x) select printf('%0{}d', i) from n;",
                self.page_size / 7
            )
        };
        for (at, rows) in self.transactions.iter().enumerate() {
            let end = if at % 3 == 2 { "rollback" } else { "commit" };
            connection.execute_batch(&format!("begin; {} {end};", write(*rows))).unwrap();
            if at == self.checkpoint {
                connection.execute_batch("pragma wal_checkpoint(passive)").unwrap();
            }
        }
        connection.execute_batch(&format!("begin; {}", write(self.unfinished))).unwrap();
        for suffix in ["", "-wal", "-journal"] {
            let from = folder.join(format!("live.db{suffix}"));
            if from.exists() {
                std::fs::copy(from, folder.join(format!("dead.db{suffix}"))).unwrap();
            }
        }
        let beside = ["-wal", "-journal"].map(|suffix| folder.join(format!("dead.db{suffix}")));
        for path in beside.iter().filter(|path| path.exists()) {
            let file = File::options().write(true).open(path).unwrap();
            file.set_len(file.metadata().unwrap().len().saturating_sub(self.cut)).unwrap();
        }
    }
}

/// Reads the result of the integrity check and the rows of a database with SQLite.
fn rows(path: &Path) -> rusqlite::Result<(String, Vec<(i64, String)>)> {
    let connection = Connection::open(path)?;
    let check = connection.query_row("pragma integrity_check", [], |row| row.get(0))?;
    let mut statement = connection.prepare("select n, x from t order by n")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((check, rows.collect::<rusqlite::Result<_>>()?))
}

fn recover(copy: &mut impl DatabaseImage, suffix: &str, beside: &mut File) {
    if suffix == "-wal" { replay_wal(copy, beside) } else { roll_back(copy, beside) }.unwrap();
}

proptest! {
    #![proptest_config(Config { cases: 100, ..crate::tests::fixed_seed_config() })]

    #[test]
    fn recovered_copies_match_sqlite(writer in writer()) {
        let folder = tempfile::tempdir().unwrap();
        writer.run(folder.path());
        let dead = folder.path().join("dead.db");
        let recovered = |copy: &mut dyn FnMut(&str, &mut File)| {
            for suffix in ["-journal", "-wal"] {
                if let Ok(mut beside) = File::open(folder.path().join(format!("dead.db{suffix}"))) {
                    copy(suffix, &mut beside);
                }
            }
        };
        let [in_file, in_memory] = ["file.db", "memory.db"].map(|name| folder.path().join(name));
        std::fs::copy(&dead, &in_file).unwrap();
        let mut file = File::options().read(true).write(true).open(&in_file).unwrap();
        let mut memory = std::fs::read(&dead).unwrap();
        recovered(&mut |suffix, beside| recover(&mut file, suffix, beside));
        recovered(&mut |suffix, beside| recover(&mut memory, suffix, beside));
        std::fs::write(&in_memory, memory).unwrap();
        let expected = rows(&dead);
        prop_assert_eq!(&rows(&in_file), &expected);
        prop_assert_eq!(&rows(&in_memory), &expected);
    }
}
