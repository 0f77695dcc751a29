//! Parallel map that keeps the order of its items.

use super::thread_limit;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Applies a function to all items on up to `threads` threads. Returns the results in the order of the items.
pub(super) fn in_parallel<T: Sync, R: Send>(items: &[T], threads: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if threads < 2 || items.len() < 2 {
        return items.iter().map(work).collect();
    }
    // Each thread takes the next unclaimed item, since items differ in cost.
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    std::thread::scope(|scope| {
        let run = || {
            while let Some((at, item)) =
                Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, items.get(at)?)))
            {
                let result = work(item);
                done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((at, result));
            }
        };
        // If a thread cannot be started, the others do its work.
        let start = |_| std::thread::Builder::new().spawn_scoped(scope, run).ok();
        let threads = threads.min(items.len()).min(thread_limit::spare_threads().saturating_add(1));
        let workers: Vec<_> = (1..threads).map_while(start).collect();
        run();
        // A panic in a worker is a bug, so it is passed on.
        for worker in workers {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
