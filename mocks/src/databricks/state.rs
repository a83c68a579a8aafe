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
    #[error("reading state from {0}: WAL recovery failed: {1}")]
    Log(String, String),
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

/// The state beside the bundle.
pub(super) fn read_local(folder: &Path) -> Result<Option<State>, StateError> {
    let path = file(folder);
    match std::fs::read(&path) {
        Ok(content) => State::parse(&path.display().to_string(), &content).map(Some),
        Err(_) => Ok(None),
    }
}

/// The newer one of what lies here and what lies in the workspace, with what an interrupted run has left in its log. It lies
/// here afterwards.
pub(super) fn settle(
    local: Option<State>,
    remote: Option<State>,
    folder: &Path,
) -> Result<State, StateError> {
    let state = match (local, remote) {
        (Some(local), Some(remote)) if local.lineage != remote.lineage => {
            let file = file(folder).display().to_string();
            return Err(StateError::Lineage { local: local.lineage, remote: remote.lineage, file });
        }
        (Some(local), Some(remote)) if local.serial >= remote.serial => local,
        (Some(local), None) => local,
        (_, Some(remote)) => {
            write_local(folder, &remote)?;
            remote
        }
        (None, None) => State::default(),
    };
    recover(state, folder)
}

/// Takes in the log that an interrupted run has left, and removes it. What follows from it does not depend on whether the
/// request of its last line was answered: it is written after the answer.
fn recover(mut state: State, folder: &Path) -> Result<State, StateError> {
    let log = log_file(folder);
    let Ok(text) = std::fs::read_to_string(&log) else { return Ok(state) };
    let fail = |why: String| StateError::Log(file(folder).display().to_string(), why);
    let mut lines = text.lines();
    let header: Header = serde_json::from_str(lines.next().unwrap_or_default())
        .map_err(|error| fail(format!("failed to parse WAL header: {error}")))?;
    if state.lineage.is_empty() {
        // Kept in mind even where no line follows, and then never written down: a plan made now names it, and the deploy of
        // that plan, which finds neither state nor log, refuses it.
        state.lineage.clone_from(&header.lineage);
    } else if state.lineage != header.lineage {
        return Err(fail(format!(
            "WAL lineage ({:?}) does not match state lineage ({:?})",
            header.lineage, state.lineage
        )));
    }
    if header.serial > state.serial + 1 {
        return Err(fail(format!(
            "WAL serial ({}) is ahead of expected ({}), state may be corrupted",
            header.serial,
            state.serial + 1
        )));
    }
    let mut any = false;
    if header.serial == state.serial + 1 {
        for line in lines {
            any = true;
            // A line that was torn when the run was cut off.
            let Ok(line) = serde_json::from_str::<Line>(line) else { continue };
            match line.v {
                Some(entry) => state.state.insert(line.k, entry),
                None => state.state.remove(&line.k),
            };
        }
    }
    if any {
        state.serial = header.serial;
        state.cli_version = header.cli_version;
        state.state_version = state.state_version.max(header.state_version);
        write_local(folder, &state)?;
    }
    std::fs::remove_file(&log).map_err(|error| StateError::Io(log.display().to_string(), error))?;
    Ok(state)
}

/// The first line of a log.
#[derive(Serialize, Deserialize)]
struct Header {
    #[serde(default)]
    state_version: u32,
    #[serde(default)]
    cli_version: String,
    lineage: String,
    serial: u64,
}

/// Every further line: a node and what it is now.
#[derive(Serialize, Deserialize)]
struct Line {
    k: String,
    #[serde(default)]
    v: Option<Entry>,
}

/// Writes the state beside the bundle.
fn write_local(folder: &Path, state: &State) -> Result<Vec<u8>, StateError> {
    let path = file(folder);
    let io = |error| StateError::Io(path.display().to_string(), error);
    let content = serde_json::to_vec_pretty(state).map_err(|error| io(error.into()))?;
    std::fs::create_dir_all(folder).map_err(io)?;
    std::fs::write(&path, &content).map_err(io)?;
    Ok(content)
}

/// The state while a deployment changes it: every change is in the log before the next request is made.
pub(super) struct Journal {
    pub(super) state: State,
    folder: PathBuf,
    log: std::fs::File,
    cli_version: String,
    changed: bool,
}

impl Journal {
    /// Begins the log. Where it is not ended, it stays there for the next command.
    pub(super) fn begin(mut state: State, folder: &Path, cli_version: &str) -> Result<Self, StateError> {
        let path = log_file(folder);
        let io = |error| StateError::Io(path.display().to_string(), error);
        if !state.exists() {
            state.lineage = uuid();
        }
        std::fs::create_dir_all(folder).map_err(io)?;
        let mut log = std::fs::File::create_new(&path).map_err(io)?;
        let header = Header {
            state_version: state_version(cli_version),
            cli_version: cli_version.to_owned(),
            lineage: state.lineage.clone(),
            serial: state.serial + 1,
        };
        write_line(&mut log, &header).map_err(io)?;
        Ok(Self {
            state,
            folder: folder.to_owned(),
            log,
            cli_version: cli_version.to_owned(),
            changed: false,
        })
    }

    /// Notes what a node is now; nothing means that it is gone.
    pub(super) fn put(&mut self, node: &str, entry: Option<Entry>) -> Result<(), StateError> {
        let line = Line { k: node.to_owned(), v: entry };
        write_line(&mut self.log, &line)
            .map_err(|error| StateError::Io(log_file(&self.folder).display().to_string(), error))?;
        self.changed = true;
        match line.v {
            Some(entry) => self.state.state.insert(line.k, entry),
            None => self.state.state.remove(&line.k),
        };
        Ok(())
    }

    /// Ends the run: the state, and the content of its file beside the bundle, if there is one. A run that changed nothing
    /// leaves it as it was.
    pub(super) fn finish(mut self) -> Result<(State, Option<Vec<u8>>), StateError> {
        let content = if self.changed {
            self.state.serial += 1;
            self.state.state_version = state_version(&self.cli_version).max(self.state.state_version);
            self.state.cli_version = self.cli_version;
            Some(write_local(&self.folder, &self.state)?)
        } else {
            std::fs::read(file(&self.folder)).ok()
        };
        let _ = std::fs::remove_file(log_file(&self.folder));
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

    fn begin(state: State, folder: &Path) -> Journal {
        Journal::begin(state, folder, "1.14.0").unwrap()
    }

    fn pull(folder: &Path, remote: Option<State>) -> Result<State, StateError> {
        settle(read_local(folder).unwrap(), remote, folder)
    }

    #[test]
    fn an_interrupted_run_is_recovered() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = begin(State::default(), folder.path());
        journal.put("resources.pipelines.a", Some(entry("1"))).unwrap();
        journal.put("resources.pipelines.b", Some(entry("2"))).unwrap();
        journal.put("resources.pipelines.b", None).unwrap();
        let lineage = journal.state.lineage.clone();
        drop(journal);
        let state = pull(folder.path(), None).unwrap();
        assert_eq!((state.serial, &state.lineage), (1, &lineage));
        assert_eq!(state.state.keys().collect::<Vec<_>>(), ["resources.pipelines.a"]);
        assert!(!log_file(folder.path()).exists());
        assert_eq!(read_local(folder.path()).unwrap(), Some(state));
    }

    #[test]
    fn a_log_without_lines_is_told_of_once() {
        let folder = tempfile::tempdir().unwrap();
        let lineage = begin(State::default(), folder.path()).state.lineage;
        let state = pull(folder.path(), None).unwrap();
        assert_eq!((state.lineage, state.serial), (lineage, 0));
        assert!(!log_file(folder.path()).exists());
        assert!(!pull(folder.path(), None).unwrap().exists());
    }

    #[test]
    fn a_log_fits_its_state_or_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let state = |lineage: &str, serial| State { lineage: lineage.into(), serial, ..State::default() };
        let left_by = |before: State| {
            let _ = std::fs::remove_file(log_file(folder.path()));
            let _ = std::fs::remove_file(file(folder.path()));
            let mut journal = begin(before, folder.path());
            journal.put("resources.pipelines.a", Some(entry("1"))).unwrap();
        };
        left_by(state("l", 4));
        assert!(pull(folder.path(), Some(state("l", 3))).unwrap_err().to_string().contains("ahead"));
        left_by(state("l", 4));
        assert!(pull(folder.path(), Some(state("m", 4))).unwrap_err().to_string().contains("does not match"));
        left_by(state("l", 4));
        assert_eq!(pull(folder.path(), Some(state("l", 4))).unwrap().state.len(), 1);
        left_by(state("l", 4));
        let newer = pull(folder.path(), Some(state("l", 5))).unwrap();
        assert_eq!((newer.serial, newer.state.len()), (5, 0), "what the log says is old");
        assert!(!log_file(folder.path()).exists());
    }

    #[test]
    fn a_run_without_changes_keeps_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let (_, content) = begin(State::default(), folder.path()).finish().unwrap();
        assert_eq!(content, None);
        let mut journal = begin(State::default(), folder.path());
        journal.put("resources.jobs.a", Some(entry("1"))).unwrap();
        let (state, content) = journal.finish().unwrap();
        assert_eq!(state.serial, 1);
        assert_eq!(begin(state.clone(), folder.path()).finish().unwrap(), (state, content));
    }

    #[test]
    fn the_higher_serial_wins_and_lineages_must_agree() {
        let state = |lineage: &str, serial| State { lineage: lineage.into(), serial, ..State::default() };
        let folder = tempfile::tempdir().unwrap();
        let settle = |local, remote| settle(local, remote, folder.path());
        assert_eq!(settle(Some(state("l", 2)), Some(state("l", 3))).unwrap().serial, 3);
        assert_eq!(settle(Some(state("l", 4)), Some(state("l", 3))).unwrap().serial, 4);
        assert!(settle(Some(state("l", 1)), Some(state("m", 1))).is_err());
        assert!(!settle(None, None).unwrap().exists());
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
