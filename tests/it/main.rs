//! Integration tests: run the program on the stores in `fixtures/` and on modified copies.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "panics are test failures, and snapshots are long"
)]

mod batches;
mod check;
mod commands;
mod concurrency;
mod contract;
mod conversation;
mod damaged;
mod diff;
mod doctor;
mod doctor_damage;
mod doctor_stores;
mod documents;
mod errors;
mod failures;
mod filters;
mod floors;
mod frameworks;
mod harness;
mod help;
mod hostile;
mod interrupt;
mod limits;
mod naming;
mod numbers;
mod reading;
mod remote;
mod schemas;
mod select;
mod served;
mod server;
mod sessions;
mod stores;
mod tls;
mod trees;
mod unreadable;
