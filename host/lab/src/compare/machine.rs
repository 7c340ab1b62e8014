//! Where and with what a table was made.

use std::path::Path;

use rustix::fs::statfs;
use serde::Serialize;

/// The machine, the system and the build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// As the processor calls itself.
    pub processor: Option<String>,
    /// Cores that this process may use.
    pub cores: usize,
    /// Instructions that kernels choose by.
    pub instructions: Vec<&'static str>,
    /// Memory of the machine.
    pub memory_bytes: Option<u64>,
    /// Kernel and its release.
    pub system: String,
    /// File system of the folder that plots were written in.
    pub file_system: Option<String>,
    /// This program's version.
    pub plimsoll_version: &'static str,
    /// `release`, or `debug`, whose figures mean nothing.
    pub build: &'static str,
}

impl Machine {
    /// The one this runs on; `dir` is where plots are written.
    #[must_use]
    pub fn here(dir: &Path) -> Self {
        Self {
            processor: line_of("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            instructions: instructions(),
            memory_bytes: line_of("/proc/meminfo", "MemTotal")
                .and_then(|line| line.strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)),
            system: system(),
            file_system: statfs(dir).ok().map(|found| file_system_name(found.f_type)),
            plimsoll_version: env!("CARGO_PKG_VERSION"),
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
        }
    }
}

fn system() -> String {
    let word = |name: &str| std::fs::read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default();
    format!("{} {}", word("ostype").trim(), word("osrelease").trim())
}

/// The value of the first line `name : value`.
fn line_of(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let value = |line: &str| Some(line.strip_prefix(name)?.trim().strip_prefix(':')?.trim().to_owned());
    text.lines().find_map(value)
}

fn instructions() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let found = [
        ("sse4.1", std::is_x86_feature_detected!("sse4.1")),
        ("avx2", std::is_x86_feature_detected!("avx2")),
        ("avx512f", std::is_x86_feature_detected!("avx512f")),
        ("aes", std::is_x86_feature_detected!("aes")),
        ("vaes", std::is_x86_feature_detected!("vaes")),
        ("sha", std::is_x86_feature_detected!("sha")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let found: [(&str, bool); 0] = [];
    found.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect()
}

/// Magic numbers of statfs(2).
fn file_system_name(magic: impl TryInto<i64>) -> String {
    let magic = magic.try_into().unwrap_or_default();
    let known = match magic {
        0xEF53 => "ext4",
        0x5846_5342 => "xfs",
        0x9123_683E => "btrfs",
        0x0102_1994 => "tmpfs",
        0x794C_7630 => "overlayfs",
        0x2FC1_2FC1 => "zfs",
        0x6969 => "nfs",
        _ => return format!("{magic:#x}"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_cores_a_system_and_a_file_system() {
        let machine = Machine::here(Path::new("/"));
        assert!(machine.cores > 0 && machine.system.starts_with("Linux ") && machine.file_system.is_some());
        assert!(machine.memory_bytes.is_some_and(|bytes| bytes > 1 << 26));
        assert_eq!(file_system_name(0xEF53i64), "ext4");
        assert_eq!(file_system_name(0x77i64), "0x77");
    }
}
