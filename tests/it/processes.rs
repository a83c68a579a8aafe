//! Processes that should be gone.

/// The command lines of all processes that name this text, this process's own not counted. Only Linux can tell.
pub(crate) fn of(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let own = std::process::id().to_string();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().unwrap_or_default();
        if name == own || !name.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(text) {
            found.push(line);
        }
    }
    found
}

/// Kills all processes that name this text, this one not counted, as if the machine had lost its power.
#[cfg(target_os = "linux")]
pub(crate) fn kill(text: &str) {
    let named = || -> Vec<String> {
        let ids = std::fs::read_dir("/proc").unwrap().flatten();
        let ids = ids.filter_map(|entry| entry.file_name().into_string().ok());
        ids.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()) && *id != std::process::id().to_string())
            .filter(|id| {
                let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
                let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
                String::from_utf8_lossy(&line).contains(text) && !status.contains("State:\tZ")
            })
            .collect()
    };
    loop {
        let ids = named();
        if ids.is_empty() {
            return;
        }
        std::process::Command::new("kill").arg("-KILL").args(ids).status().unwrap();
    }
}
