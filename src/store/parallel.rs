//! Work on several threads whose results come in order.

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

/// Does work on another thread while this one does something else. Returns both results.
pub(super) fn beside<R: Send, S>(work: impl Fn() -> R + Sync, meanwhile: impl FnOnce() -> S) -> (R, S) {
    std::thread::scope(|scope| {
        let can_start = thread_limit::spare_threads() > 0;
        let thread = can_start.then(|| std::thread::Builder::new().spawn_scoped(scope, &work).ok()).flatten();
        let other = meanwhile();
        // If no thread can be started, this one does its work.
        let result = match thread {
            Some(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            None => work(),
        };
        (result, other)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..100).collect();
        let slow_first = |item: &u64| {
            std::thread::sleep(std::time::Duration::from_micros(100 - item));
            item * 2
        };
        for threads in [1, 2, 8] {
            assert_eq!(in_parallel(&items, threads, slow_first), items.iter().map(|item| item * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn both_results_are_returned() {
        let (sent, received) = std::sync::mpsc::channel();
        let received = Mutex::new(received);
        // Each needs the other to run.
        let work = || received.lock().unwrap().recv().unwrap() + 1;
        assert_eq!(beside(work, || sent.send(1)), (2, Ok(())));
    }
}
