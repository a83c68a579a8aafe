//! What this machine can give to children: cores and memory.

use std::path::Path;

use crate::files;

/// Cores and memory, as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// At least one.
    pub cores: usize,
    /// Bytes that can be had without pushing anything out; `None` where that is not known.
    pub memory: Option<u64>,
}

impl Machine {
    /// This one, as it is now. Where it is a container, its limit counts.
    #[must_use]
    pub fn here() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let text = |path: &str| {
            let bytes = files::read_if_present(Path::new(path)).ok()??;
            String::from_utf8(bytes).ok()
        };
        let of_system = text("/proc/meminfo").as_deref().and_then(available);
        let of_container = || {
            let [most, used, statistics] =
                ["max", "current", "stat"].map(|name| text(&format!("/sys/fs/cgroup/memory.{name}")));
            left(&most?, &used?, statistics.as_deref().unwrap_or_default())
        };
        Self { cores, memory: [of_system, of_container()].into_iter().flatten().min() }
    }
}

/// `MemAvailable` of Linux, which counts in kilobytes.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// What a container may still take; `None` where it has no limit. Files that were read and are only kept count as used by it, but
/// make room.
fn left(most: &str, used: &str, statistics: &str) -> Option<u64> {
    let most: u64 = most.trim().parse().ok()?;
    let used: u64 = used.trim().parse().ok()?;
    let kept = statistics.lines().find_map(|line| line.strip_prefix("inactive_file ")?.trim().parse().ok());
    Some(most.saturating_sub(used.saturating_sub(kept.unwrap_or(0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_where_it_is_told() {
        let meminfo = "MemTotal:       24000000 kB\nMemAvailable:    1048576 kB\nBuffers: 1 kB\n";
        assert_eq!(available(meminfo), Some(1 << 30));
        assert_eq!(available("MemTotal: 1 kB\n"), None);
        assert_eq!(left("1000\n", "400\n", ""), Some(600));
        assert_eq!(left("1000\n", "400\n", "anon 100\ninactive_file 300\nfile 350\n"), Some(900));
        assert_eq!(left("1000\n", "1400\n", ""), Some(0));
        assert_eq!(left("max\n", "400\n", ""), None);
        assert!(Machine::here().cores >= 1);
    }
}
