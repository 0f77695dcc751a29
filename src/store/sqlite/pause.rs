//! Ctrl-Z stops the program between two reads. Stopped within one it would go on holding SQLite's lock, and MLflow could not
//! write until it goes on.

use crate::signals;
use crate::store::room;
use std::sync::{Once, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

/// Every read holds it shared; the thread that holds it alone knows that none is open, on any connection.
static READS: RwLock<()> = RwLock::new(());

/// Commands that are done by then never start the thread that waits for Ctrl-Z: no hand is that fast.
const FAST: Duration = Duration::from_millis(5);

/// Begins a read, which lasts as long as what is returned. Must not be called again within one.
pub(super) fn begin_read() -> RwLockReadGuard<'static, ()> {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    if FIRST.get_or_init(Instant::now).elapsed() > FAST {
        watch();
    }
    READS.read().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for Ctrl-Z from here on.
fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if room::for_threads() > 0 {
            signals::on_stop(|| {
                // Waits for reads that are open and keeps others from beginning, until the program goes on.
                let _none_is_open = READS.write();
                signals::stop();
            });
        }
    });
}
