//! How much memory the system would give this process.

use std::fs;
use std::path::Path;

/// Where control groups of version 2 are.
const GROUPS: &str = "/sys/fs/cgroup";

/// What the system could give, where it says so: no more than the machine has, nor than the process's control groups
/// allow.
pub(super) fn available_bytes() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| of_machine(&text));
    let own = fs::read_to_string("/proc/self/cgroup").ok();
    let groups = own.and_then(|own| of_groups(Path::new(GROUPS), own_group(&own)?));
    machine.into_iter().chain(groups).min()
}

fn of_machine(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The path of the process's group of version 2, below [`GROUPS`].
fn own_group(cgroup: &str) -> Option<&str> {
    cgroup.lines().find_map(|line| line.strip_prefix("0::/"))
}

/// The least that group `own` and those above it leave, where one has a limit.
fn of_groups(root: &Path, own: &str) -> Option<u64> {
    let own = root.join(own);
    own.ancestors().take_while(|group| group.starts_with(root)).filter_map(of_group).min()
}

/// memory.max - memory.current. Pages of files that nobody used of late count as free, as the kernel drops them
/// before it refuses memory: else a plot that was just written would leave none.
fn of_group(group: &Path) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(group.join(name)).ok();
    let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
    // `max` is no number, and no limit.
    let (most, current) = (number("memory.max")?, number("memory.current")?);
    let dropped = read("memory.stat").and_then(|stat| {
        stat.lines().find_map(|line| line.strip_prefix("inactive_file ")?.trim().parse::<u64>().ok())
    });
    Some(most.saturating_sub(current.saturating_sub(dropped.unwrap_or(0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_memory_is_what_linux_calls_available() {
        let meminfo = "MemTotal:  8000 kB\nMemFree:  100 kB\nMemAvailable:    5000 kB\n";
        assert_eq!(of_machine(meminfo), Some(5_120_000));
        assert_eq!(of_machine("MemTotal:  8000 kB\n"), None);
        assert!(available_bytes().is_none_or(|bytes| bytes < 1 << 60));
    }

    #[test]
    fn the_own_group_and_each_above_it_may_leave_less() {
        assert_eq!(own_group("1:cpu:/x\n0::/pods/one\n"), Some("pods/one"));
        assert_eq!((own_group("0::/\n"), own_group("4:memory:/x\n")), (Some(""), None));
        let folder = tempfile::tempdir().unwrap();
        let group = |path: &str, files: [(&str, &str); 3]| {
            let group = folder.path().join(path);
            fs::create_dir_all(&group).unwrap();
            files.iter().for_each(|(name, text)| fs::write(group.join(name), text).unwrap());
        };
        let left = || of_groups(folder.path(), "pods/one");
        assert_eq!(left(), None, "nothing says anything");
        let stat = |text| ("memory.stat", text);
        group("pods/one", [("memory.max", "max\n"), ("memory.current", "900\n"), stat("")]);
        assert_eq!(left(), None, "no limit");
        group("pods/one", [("memory.max", "1000\n"), ("memory.current", "900\n"), stat("file 400\n")]);
        assert_eq!(left(), Some(100));
        let cached = stat("file 400\ninactive_file 300\nactive_file 100\n");
        group("pods/one", [("memory.max", "1000\n"), ("memory.current", "900\n"), cached]);
        assert_eq!(left(), Some(400), "what the kernel would drop is free");
        group("pods", [("memory.max", "1000\n"), ("memory.current", "950\n"), stat("inactive_file 0\n")]);
        assert_eq!(left(), Some(50));
        group("pods", [("memory.max", "1000\n"), ("memory.current", "1001\n"), stat("inactive_file 0\n")]);
        assert_eq!(left(), Some(0));
    }
}
