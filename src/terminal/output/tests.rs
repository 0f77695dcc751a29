//! How rows leave.

use super::{ATOMIC, Paged, StatusLine, locked};
use crate::terminal::CiCommandEscaper;
use std::io::{self, Write};

/// Keeps each write apart.
#[derive(Default)]
struct Writes(Vec<Vec<u8>>);

impl Write for Writes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream that is no file, whatever the tests run in.
fn stream(by_row: bool) -> Paged {
    let mut paged = Paged::new(None, by_row, StatusLine::default(), CiCommandEscaper::default());
    std::sync::Arc::get_mut(&mut paged.shared).unwrap().is_file = false;
    paged
}

/// What leaves of it, write by write, until `most` were made.
fn leaves(paged: &Paged, most: usize) -> Vec<Vec<u8>> {
    let mut out = Writes::default();
    let asked = std::cell::Cell::new(0);
    let stops = || asked.replace(asked.get() + 1) == most;
    locked(&paged.shared.rows).write_out(&mut out, &paged.shared, &stops).unwrap();
    out.0
}

#[test]
fn rows_leave_whole_and_short_ones_in_writes_that_a_pipe_takes_at_once() {
    let mut paged = stream(true);
    let row = |letter: &str, length: usize| letter.repeat(length - 1) + "\n";
    let rows = [row("a", 3000), row("b", 1096), row("c", 1), row("d", 9000), row("e", 4096), row("f", 10)];
    for row in &rows {
        paged.write_all(row.as_bytes()).unwrap();
    }
    paged.write_all(b"half a row").unwrap();
    let writes = leaves(&paged, usize::MAX);
    let expected = [rows[0].clone() + &rows[1], rows[2].clone(), rows[3].clone(), rows[4].clone(), rows[5].clone()];
    assert_eq!(writes, expected.map(String::into_bytes));
    assert!(writes.iter().all(|write| write.len() <= ATOMIC || write.len() == 9000));
    assert_eq!(locked(&paged.shared.rows).bytes, b"half a row");
    paged.write_all(b", and the rest\n").unwrap();
    assert_eq!(leaves(&paged, usize::MAX), [b"half a row, and the rest\n"]);
}

#[test]
fn a_row_ends_with_its_write_and_not_at_a_newline_within() {
    let mut paged = stream(true);
    let row = format!("\"{}\n{}\"\n", "a".repeat(3000), "b".repeat(3000));
    for _ in 0..2 {
        paged.write_all(row.as_bytes()).unwrap();
    }
    assert_eq!(leaves(&paged, usize::MAX), [row.as_bytes(), row.as_bytes()]);
}

#[test]
fn what_is_stopped_goes_on_where_it_stopped() {
    let mut paged = stream(true);
    let rows: Vec<String> = (0..5).map(|number| format!("{number:04000}\n")).collect();
    for row in &rows {
        paged.write_all(row.as_bytes()).unwrap();
    }
    let mut writes = leaves(&paged, 2);
    assert_eq!(writes.len(), 2);
    writes.extend(leaves(&paged, usize::MAX));
    assert_eq!(writes.concat(), rows.concat().as_bytes());
    assert_eq!(writes.len(), 5);
}

#[test]
fn a_document_is_not_kept_for_its_end() {
    let mut paged = stream(false);
    paged.write_all(b"{\"a\":\n1").unwrap();
    assert_eq!(leaves(&paged, usize::MAX), [b"{\"a\":\n1"]);
    assert!(!locked(&paged.shared.rows).is_at_line_start);
}
