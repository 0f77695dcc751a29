//! Writing of rows.

use super::{PIPE_ATOMIC_BYTES, Paged, StatusLine, lock};
use crate::terminal::CiCommandEscaper;
use std::io::{self, Write};

/// Records each write.
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

/// A stream that is not treated as a file, even if the tests write to one.
fn stream(is_by_row: bool) -> Paged {
    let mut paged = Paged::new(None, is_by_row, StatusLine::default(), CiCommandEscaper::default());
    std::sync::Arc::get_mut(&mut paged.shared).unwrap().stdout_is_file = false;
    paged
}

/// Returns the writes of a stream, up to `max`.
fn written(paged: &Paged, max: usize) -> Vec<Vec<u8>> {
    let mut out = Writes::default();
    let count = std::cell::Cell::new(0);
    let should_stop = || count.replace(count.get() + 1) == max;
    lock(&paged.shared.rows).write_out(&mut out, &paged.shared, &should_stop).unwrap();
    out.0
}

#[test]
fn rows_are_written_whole_and_short_ones_atomically() {
    let mut paged = stream(true);
    let row = |letter: &str, length: usize| letter.repeat(length - 1) + "\n";
    let rows = [row("a", 3000), row("b", 1096), row("c", 1), row("d", 9000), row("e", 4096), row("f", 10)];
    for row in &rows {
        paged.write_all(row.as_bytes()).unwrap();
    }
    paged.write_all(b"half a row").unwrap();
    let writes = written(&paged, usize::MAX);
    let expected = [rows[0].clone() + &rows[1], rows[2].clone(), rows[3].clone(), rows[4].clone(), rows[5].clone()];
    assert_eq!(writes, expected.map(String::into_bytes));
    assert!(writes.iter().all(|write| write.len() <= PIPE_ATOMIC_BYTES || write.len() == 9000));
    assert_eq!(lock(&paged.shared.rows).bytes, b"half a row");
    paged.write_all(b", and the rest\n").unwrap();
    assert_eq!(written(&paged, usize::MAX), [b"half a row, and the rest\n"]);
}

#[test]
fn a_row_ends_with_its_write_not_at_an_inner_newline() {
    let mut paged = stream(true);
    let row = format!("\"{}\n{}\"\n", "a".repeat(3000), "b".repeat(3000));
    for _ in 0..2 {
        paged.write_all(row.as_bytes()).unwrap();
    }
    assert_eq!(written(&paged, usize::MAX), [row.as_bytes(), row.as_bytes()]);
}

#[test]
fn writing_resumes_where_it_stopped() {
    let mut paged = stream(true);
    let rows: Vec<String> = (0..5).map(|number| format!("{number:04000}\n")).collect();
    for row in &rows {
        paged.write_all(row.as_bytes()).unwrap();
    }
    let mut writes = written(&paged, 2);
    assert_eq!(writes.len(), 2);
    writes.extend(written(&paged, usize::MAX));
    assert_eq!(writes.concat(), rows.concat().as_bytes());
    assert_eq!(writes.len(), 5);
}

#[test]
fn a_document_is_written_in_parts() {
    let mut paged = stream(false);
    paged.write_all(b"{\"a\":\n1").unwrap();
    assert_eq!(written(&paged, usize::MAX), [b"{\"a\":\n1"]);
    assert!(!lock(&paged.shared.rows).is_at_line_start);
}
