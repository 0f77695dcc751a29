//! Limits the number of threads if the address space of the process is limited (`ulimit -v`, batch systems).

use crate::limits;

/// Returns how many more threads may be started; `usize::MAX` if there is no limit or it is unknown.
///
/// glibc reserves an arena for each thread that allocates. It only takes address space, but if that runs out, the next
/// allocation of any thread ends the process.
pub(super) fn spare_threads() -> usize {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).ok();
    read("limits")
        .zip(read("status"))
        .and_then(|(limits, status)| spare_threads_from(&limits, &status))
        .unwrap_or(usize::MAX)
}

/// Computes this from the text of Linux's `/proc/self/limits` and `/proc/self/status`. `None` if there is no limit.
fn spare_threads_from(limits: &str, status: &str) -> Option<usize> {
    let after = |text: &str, name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    let first = |text: String| text.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
    let limit = first(after(limits, "Max address space")?)?;
    let used = first(after(status, "VmSize:")?)?.saturating_mul(1024);
    let free = limit.saturating_sub(used).saturating_sub(limits::RESERVED_ADDRESS_BYTES);
    usize::try_from(free / limits::THREAD_ADDRESS_BYTES).ok()
}

#[cfg(test)]
mod tests {
    use super::spare_threads_from;

    #[test]
    fn threads_are_limited_by_the_free_address_space() {
        let limits = |limit: &str| {
            format!(
                "Limit                     Soft Limit           Hard Limit           Units\n\
                     Max cpu time              unlimited            unlimited            seconds\n\
                     Max address space         {limit}               unlimited            bytes\n"
            )
        };
        let status = "Name:\tmltrace\nVmPeak:\t   20000 kB\nVmSize:\t   12000 kB\n";
        let threads = |limit: &str| spare_threads_from(&limits(limit), status);
        assert_eq!(threads("unlimited"), None);
        assert_eq!(threads("153600000"), Some(0));
        assert_eq!(threads("400000000"), Some(2));
        assert_eq!(threads("4000000000"), Some(27));
        assert_eq!(spare_threads_from("", ""), None);
    }
}
