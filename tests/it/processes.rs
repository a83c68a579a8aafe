//! Processes that should be gone.

use std::path::Path;

/// The command lines of all processes of a folder, this process's own not counted. Only Linux can tell.
pub(crate) fn of(folder: &Path) -> Vec<String> {
    found(folder).into_iter().map(|(_, line)| line).collect()
}

/// Kills all processes of a folder, this one not counted, as if the machine had lost its power.
#[cfg(target_os = "linux")]
pub(crate) fn kill(folder: &Path) {
    loop {
        let ids: Vec<String> = found(folder).into_iter().map(|(id, _)| id).collect();
        if ids.is_empty() {
            return;
        }
        std::process::Command::new("kill").arg("-KILL").args(ids).status().unwrap();
    }
}

/// Ids and command lines. A process is of a folder if it names the folder or runs in it: the CLI may come from elsewhere, and
/// be given nothing that names its bundle. One that has ended does neither.
fn found(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let (own, text) = (std::process::id().to_string(), folder.to_str().unwrap());
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let id = entry.file_name().into_string().unwrap_or_default();
        if id == own || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let runs_there =
            std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        if !line.is_empty() && (runs_there || line.contains(text)) {
            found.push((id, line));
        }
    }
    found
}
