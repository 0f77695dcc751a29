//! Signals that the program answers in a way of its own, each on a thread of its own. Where no thread can be had, or whoever
//! started the program has the signal ignored, all stays as the system has it.

/// Does something at each Ctrl-C.
pub fn on_interrupt(act: impl FnMut() + Send + 'static) {
    #[cfg(target_os = "linux")]
    listen(signal_hook::consts::SIGINT, act);
    #[cfg(not(target_os = "linux"))]
    let _ = ctrlc::try_set_handler(act);
}

/// Does something at each Ctrl-Z, which [`stop`] then has to follow.
pub fn on_stop(act: impl FnMut() + Send + 'static) {
    #[cfg(unix)]
    listen(signal_hook::consts::SIGTSTP, act);
    #[cfg(not(unix))]
    drop(act);
}

/// Stops the program, as Ctrl-Z does where nothing listens; returns when it goes on.
pub fn stop() {
    #[cfg(unix)]
    let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP);
}

#[cfg(unix)]
fn listen(signal: i32, mut act: impl FnMut() + Send + 'static) {
    use signal_hook::iterator::Signals;
    if is_ignored(signal) {
        return;
    }
    // Only the thread takes the signal over: nothing would listen if it could not be started.
    let wait = move || {
        if let Ok(mut signals) = Signals::new([signal]) {
            signals.forever().for_each(|_| act());
        }
    };
    let _ = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(wait);
}

/// Such a thread calls little, and its stack counts as address space.
#[cfg(unix)]
const STACK_BYTES: usize = 256 << 10;

/// Whether the program was started with a signal ignored, as scripts start their background jobs. Linux has a list of them.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (signal - 1) & 1 == 1
}
