//! How many threads there is room for, where the address space of the process is limited (`ulimit -v`, batch systems).

use crate::limits;

/// How many more threads may be started; as many as one likes where nothing limits them, or that is not known.
///
/// glibc reserves an arena for each thread that allocates. It only counts as address space, but where that runs out, the
/// next allocation of any thread ends the process.
pub(super) fn for_threads() -> usize {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).ok();
    read("limits").zip(read("status")).and_then(|(limits, status)| threads_in(&limits, &status)).unwrap_or(usize::MAX)
}

/// The same from Linux's `limits` and `status` of a process.
fn threads_in(limits: &str, status: &str) -> Option<usize> {
    let after = |text: &str, name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    let first = |text: String| text.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
    let most = first(after(limits, "Max address space")?)?;
    let used = first(after(status, "VmSize:")?)?.saturating_mul(1024);
    let free = most.saturating_sub(used).saturating_sub(limits::OWN_ADDRESS_BYTES);
    usize::try_from(free / limits::THREAD_ADDRESS_BYTES).ok()
}

#[cfg(test)]
mod tests {
    use super::threads_in;

    #[test]
    fn threads_are_started_where_there_is_address_space_for_them() {
        let limits = |most: &str| {
            format!(
                "Limit                     Soft Limit           Hard Limit           Units\n\
                     Max cpu time              unlimited            unlimited            seconds\n\
                     Max address space         {most}               unlimited            bytes\n"
            )
        };
        let status = "Name:\tmltrace\nVmPeak:\t   20000 kB\nVmSize:\t   12000 kB\n";
        let threads = |most: &str| threads_in(&limits(most), status);
        assert_eq!(threads("unlimited"), None);
        assert_eq!(threads("153600000"), Some(0));
        assert_eq!(threads("400000000"), Some(2));
        assert_eq!(threads("4000000000"), Some(27));
        assert_eq!(threads_in("", ""), None);
    }
}
