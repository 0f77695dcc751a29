//! Handlers of Ctrl-C and Ctrl-Z, each on its own thread. If no thread can be started, or if the signal was ignored
//! when the process started, the default behavior stays.

/// Calls `act` at each Ctrl-C.
pub fn on_interrupt(act: impl FnMut() + Send + 'static) {
    #[cfg(target_os = "linux")]
    listen(signal_hook::consts::SIGINT, act);
    #[cfg(not(target_os = "linux"))]
    let _ = ctrlc::try_set_handler(act);
}

/// Calls `act` at each Ctrl-Z. `act` has to call [`suspend`] to stop the process.
pub fn on_suspend(act: impl FnMut() + Send + 'static) {
    #[cfg(unix)]
    listen(signal_hook::consts::SIGTSTP, act);
    #[cfg(not(unix))]
    drop(act);
}

/// Stops the process, as Ctrl-Z does by default. Returns when the process continues.
pub fn suspend() {
    #[cfg(unix)]
    let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP);
}

#[cfg(unix)]
fn listen(signal: i32, mut act: impl FnMut() + Send + 'static) {
    use signal_hook::iterator::Signals;
    if is_ignored(signal) {
        return;
    }
    let (sender, installed) = std::sync::mpsc::channel();
    // The thread installs the handler, so if it cannot start, the default behavior stays.
    let wait = move || {
        let signals = Signals::new([signal]);
        let _ = sender.send(());
        if let Ok(mut signals) = signals {
            signals.forever().for_each(|_| act());
        }
    };
    if std::thread::Builder::new().stack_size(STACK_BYTES).spawn(wait).is_ok() {
        // From here on, a signal does not end the process without a message.
        let _ = installed.recv();
    }
}

/// Stack of a signal thread. Small, because stacks count against limits on address space (`ulimit -v`).
#[cfg(unix)]
const STACK_BYTES: usize = 256 << 10;

/// Whether the process was started with a signal ignored, as shell scripts start background jobs. Read from `SigIgn` in
/// `/proc/self/status`; always false without it.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (signal - 1) & 1 == 1
}
