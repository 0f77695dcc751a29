//! Entry point; the program itself is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    mltrace::run(&std::env::args_os().collect::<Vec<_>>(), &|key| std::env::var_os(key))
}
