//! What was deployed: `resources.json`, kept beside the bundle and in the workspace.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::constraint::is_at_least;

/// The newest version of the format that is understood here.
const STATE_VERSION: u32 = 3;

/// The version of the format that a CLI writes.
fn state_version(cli_version: &str) -> u32 {
    if is_at_least(cli_version, 1, 17) { 3 } else { 2 }
}

/// That a node needs another one, and the reference that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dependency {
    pub(super) node: String,
    pub(super) label: String,
}

/// A deployed resource: its id and the definition that was sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    #[serde(rename = "__id__")]
    pub(super) id: String,
    #[serde(default)]
    pub(super) state: Json,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) depends_on: Vec<Dependency>,
}

/// Everything that a bundle has deployed to one target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    state_version: u32,
    #[serde(default)]
    cli_version: String,
    /// Empty before the first deployment.
    #[serde(default)]
    pub(super) lineage: String,
    #[serde(default)]
    pub(super) serial: u64,
    #[serde(default)]
    pub(super) state: BTreeMap<String, Entry>,
}

/// A state that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum StateError {
    #[error("failed to parse {0}: {1}")]
    Unreadable(String, serde_json::Error),
    #[error("{0} has state version {1}, which needs a newer CLI (this one knows {STATE_VERSION})")]
    TooNew(String, u32),
    #[error(
        "lineage mismatch in state files: local {local}, remote {remote}. Remove {file} if the remote state is the right one"
    )]
    Lineage { local: String, remote: String, file: String },
    #[error("cannot write {0}: {1}")]
    Io(String, std::io::Error),
}

impl State {
    /// Reads a state file's content.
    pub(super) fn parse(name: &str, content: &[u8]) -> Result<Self, StateError> {
        let state: State = serde_json::from_slice(content)
            .map_err(|error| StateError::Unreadable(name.to_owned(), error))?;
        if state.state_version > STATE_VERSION {
            return Err(StateError::TooNew(name.to_owned(), state.state_version));
        }
        Ok(state)
    }

    /// The newer one of what lies here and what lies in the workspace.
    pub(super) fn newer(
        local: Option<State>,
        remote: Option<State>,
        folder: &Path,
    ) -> Result<State, StateError> {
        match (local, remote) {
            (Some(local), Some(remote)) => {
                if local.lineage != remote.lineage {
                    return Err(StateError::Lineage {
                        local: local.lineage,
                        remote: remote.lineage,
                        file: file(folder).display().to_string(),
                    });
                }
                Ok(if local.serial > remote.serial { local } else { remote })
            }
            (Some(only), None) | (None, Some(only)) => Ok(only),
            (None, None) => Ok(State::default()),
        }
    }

    /// Whether anything was ever deployed.
    pub(super) fn exists(&self) -> bool {
        !self.lineage.is_empty()
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("resources.json")
}

fn log_file(folder: &Path) -> PathBuf {
    folder.join("resources.json.wal")
}

/// The state beside the bundle, with what an interrupted run has left in its log.
pub(super) fn read_local(folder: &Path) -> Result<Option<State>, StateError> {
    let path = file(folder);
    let name = path.display().to_string();
    let mut state = match std::fs::read(&path) {
        Ok(content) => Some(State::parse(&name, &content)?),
        Err(_) => None,
    };
    let log = log_file(folder);
    if let Ok(text) = std::fs::read_to_string(&log) {
        let mut recovered = state.clone().unwrap_or_default();
        if replay(&mut recovered, &text) {
            write_local(folder, &mut recovered)?;
            state = Some(recovered);
        } else {
            let _ = std::fs::remove_file(&log);
        }
    }
    Ok(state)
}

/// The first line of a log.
#[derive(Serialize, Deserialize)]
struct Header {
    lineage: String,
    serial: u64,
    cli_version: String,
}

/// Every further line: a node and what it is now.
#[derive(Serialize, Deserialize)]
struct Line {
    k: String,
    #[serde(default)]
    v: Option<Entry>,
}

/// Applies a log to the state that it follows; a torn last line is no loss, as its request may be repeated.
fn replay(state: &mut State, text: &str) -> bool {
    let mut lines = text.lines();
    let Some(header) = lines.next().and_then(|line| serde_json::from_str::<Header>(line).ok()) else {
        return false;
    };
    let follows = header.serial == state.serial + 1 && (!state.exists() || header.lineage == state.lineage);
    if !follows {
        return false;
    }
    let mut any = false;
    for line in lines.map_while(|line| serde_json::from_str::<Line>(line).ok()) {
        any = true;
        match line.v {
            Some(entry) => state.state.insert(line.k, entry),
            None => state.state.remove(&line.k),
        };
    }
    if any {
        state.lineage = header.lineage;
        state.serial = header.serial;
        state.cli_version = header.cli_version;
    }
    any
}

/// Writes the state beside the bundle and drops the log.
pub(super) fn write_local(folder: &Path, state: &mut State) -> Result<Vec<u8>, StateError> {
    state.state_version = state_version(&state.cli_version).max(state.state_version);
    let path = file(folder);
    let io = |error| StateError::Io(path.display().to_string(), error);
    let content = serde_json::to_vec_pretty(state).map_err(|error| io(error.into()))?;
    std::fs::create_dir_all(folder).map_err(io)?;
    std::fs::write(&path, &content).map_err(io)?;
    let _ = std::fs::remove_file(log_file(folder));
    Ok(content)
}

/// The state while a deployment changes it: every change is in the log before the next request is made.
pub(super) struct Journal {
    pub(super) state: State,
    folder: PathBuf,
    log: Option<std::fs::File>,
    cli_version: String,
}

impl Journal {
    pub(super) fn new(state: State, folder: &Path, cli_version: &str) -> Self {
        Self { state, folder: folder.to_owned(), log: None, cli_version: cli_version.to_owned() }
    }

    /// Notes what a node is now; nothing means that it is gone.
    pub(super) fn put(&mut self, node: &str, entry: Option<Entry>) -> Result<(), StateError> {
        let io = |error| StateError::Io(log_file(&self.folder).display().to_string(), error);
        if self.log.is_none() {
            if !self.state.exists() {
                self.state.lineage = uuid();
            }
            self.state.serial += 1;
            self.state.cli_version.clone_from(&self.cli_version);
            std::fs::create_dir_all(&self.folder).map_err(io)?;
            let mut log = std::fs::File::create(log_file(&self.folder)).map_err(io)?;
            let header = Header {
                lineage: self.state.lineage.clone(),
                serial: self.state.serial,
                cli_version: self.cli_version.clone(),
            };
            write_line(&mut log, &header).map_err(io)?;
            self.log = Some(log);
        }
        let line = Line { k: node.to_owned(), v: entry };
        if let Some(log) = &mut self.log {
            write_line(log, &line).map_err(io)?;
        }
        match line.v {
            Some(entry) => self.state.state.insert(line.k, entry),
            None => self.state.state.remove(&line.k),
        };
        Ok(())
    }

    /// Ends the run: the content of the state file, which also lies beside the bundle now. A run that changed nothing
    /// keeps its serial, but a bundle without any state gets a lineage.
    pub(super) fn finish(mut self) -> Result<(State, Vec<u8>), StateError> {
        if !self.state.exists() {
            self.state.lineage = uuid();
        }
        if self.state.cli_version.is_empty() {
            self.state.cli_version.clone_from(&self.cli_version);
        }
        let content = write_local(&self.folder, &mut self.state)?;
        Ok((self.state, content))
    }
}

fn write_line(log: &mut std::fs::File, line: &impl Serialize) -> std::io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    log.write_all(&text)
}

/// A random UUID.
pub(super) fn uuid() -> String {
    let number = (fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62)) | (4 << 76) | (2 << 62);
    let hex = format!("{number:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(id: &str) -> Entry {
        Entry { id: id.to_owned(), state: json!({"name": "x"}), depends_on: Vec::new() }
    }

    #[test]
    fn an_interrupted_run_is_recovered() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::new(State::default(), folder.path(), "1.14.0");
        journal.put("resources.pipelines.a", Some(entry("1"))).unwrap();
        journal.put("resources.pipelines.b", Some(entry("2"))).unwrap();
        journal.put("resources.pipelines.b", None).unwrap();
        let lineage = journal.state.lineage.clone();
        drop(journal);
        let state = read_local(folder.path()).unwrap().unwrap();
        assert_eq!((state.serial, &state.lineage), (1, &lineage));
        assert_eq!(state.state.keys().collect::<Vec<_>>(), ["resources.pipelines.a"]);
        assert!(!log_file(folder.path()).exists());
    }

    #[test]
    fn a_run_without_changes_keeps_the_serial() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::new(State::default(), folder.path(), "1.14.0");
        journal.put("resources.jobs.a", Some(entry("1"))).unwrap();
        let (state, _) = journal.finish().unwrap();
        assert_eq!(state.serial, 1);
        let (state, _) = Journal::new(state, folder.path(), "1.14.0").finish().unwrap();
        assert_eq!(state.serial, 1);
    }

    #[test]
    fn the_higher_serial_wins_and_lineages_must_agree() {
        let state = |lineage: &str, serial| State { lineage: lineage.into(), serial, ..State::default() };
        let folder = Path::new("/x");
        assert_eq!(State::newer(Some(state("l", 2)), Some(state("l", 3)), folder).unwrap().serial, 3);
        assert_eq!(State::newer(Some(state("l", 4)), Some(state("l", 3)), folder).unwrap().serial, 4);
        assert!(State::newer(Some(state("l", 1)), Some(state("m", 1)), folder).is_err());
        assert!(!State::newer(None, None, folder).unwrap().exists());
    }

    #[test]
    fn newer_formats_are_refused() {
        assert!(State::parse("f", b"{\"state_version\": 4}").is_err());
        assert!(State::parse("f", b"nonsense").is_err());
    }

    #[test]
    fn uuids_look_like_uuids() {
        let uuid = uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
        assert!(["8", "9", "a", "b"].contains(&&uuid[19..20]));
    }
}
