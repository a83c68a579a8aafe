//! What the CLI keeps of a deployment beside the bundle, `.databricks/bundle/<target>/`: a copy of the state, and during an
//! apply a log of what was made. Where an apply was cut off, the next command on the same machine takes that log into the
//! state by itself, so what it names is not forgotten.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::state::{BundleState, Entry};
use crate::environment::Environment;
use crate::files::{self, FileError};

/// What the CLI on this machine knows of a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalState {
    /// Its state, the log taken in.
    pub state: BundleState,
    /// Whether an apply was cut off: there is a log that follows the state.
    pub is_cut_off: bool,
}

/// The first line of the log.
#[derive(Deserialize)]
struct Header {
    lineage: String,
    serial: u64,
}

/// Each further line: a resource, and what it is now; nothing where it is gone.
#[derive(Deserialize)]
struct Line {
    k: String,
    #[serde(default)]
    v: Option<Entry>,
}

impl LocalState {
    /// What lies in the folder of a bundle for a target; `None` where nothing does that the CLI would use.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub fn read(environment: &Environment, bundle: &Path, target: &str) -> Result<Option<Self>, FileError> {
        let folder = local_folder(environment, bundle, target);
        let state = files::read_if_present(&folder.join("resources.json"))?;
        let log = files::read_if_present(&folder.join("resources.json.wal"))?;
        Ok(Self::parse(state.as_deref(), log.as_deref()))
    }

    fn parse(state: Option<&[u8]>, log: Option<&[u8]>) -> Option<Self> {
        // A copy that cannot be read is the CLI's to complain about.
        let state = state.and_then(|bytes| BundleState::parse(bytes).ok());
        let mut local = state.map(|state| Self { state, is_cut_off: false });
        if let Some(log) = log {
            local = local.clone().unwrap_or_default().with_log(&String::from_utf8_lossy(log)).or(local);
        }
        local
    }

    /// The state with the log taken in, as the CLI does it; `None` where the log does not follow the state. A torn last line
    /// says nothing.
    fn with_log(mut self, log: &str) -> Option<Self> {
        let mut lines = log.lines();
        let header: Header = serde_json::from_str(lines.next()?).ok()?;
        let state = &mut self.state;
        let is_next = header.serial == state.serial + 1;
        if !is_next || !(state.lineage.is_empty() || state.lineage == header.lineage) {
            return None;
        }
        (state.lineage, state.serial) = (header.lineage, header.serial);
        for line in lines.map_while(|line| serde_json::from_str::<Line>(line).ok()) {
            self.is_cut_off = true;
            state.set(line.k, line.v);
        }
        self.is_cut_off.then_some(self)
    }
}

/// Where the CLI keeps its own files of a bundle for a target: `.databricks/bundle/<target>` in the bundle's folder, unless
/// `DATABRICKS_BUNDLE_TMP` names another place.
#[must_use]
pub fn local_folder(environment: &Environment, bundle: &Path, target: &str) -> PathBuf {
    let bundle = environment.directory().join(bundle);
    match environment.variable("DATABRICKS_BUNDLE_TMP") {
        Some(folder) => bundle.join(folder).join(target),
        None => bundle.join(".databricks").join("bundle").join(target),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = r#"{"lineage": "l", "serial": 3, "state": {"resources.pipelines.a": {"__id__": "1"}, "resources.jobs.b": {"__id__": "2"}}}"#;
    const LOG: &str = "{\"lineage\":\"l\",\"serial\":4,\"cli_version\":\"1.14.0\"}\n{\"k\":\"resources.pipelines.c\",\"v\":{\"__id__\":\"3\",\"state\":{\"name\":\"c\"}}}\n{\"k\":\"resources.jobs.b\"}\n{\"k\":\"resources.jobs.d\",\"v\":{\"__id";

    #[test]
    fn a_log_is_taken_in() {
        let local = LocalState::parse(Some(STATE.as_bytes()), Some(LOG.as_bytes())).unwrap();
        assert_eq!((local.state.serial, local.is_cut_off), (4, true));
        let ids: Vec<_> = local.state.ids.iter().map(|(key, id)| (key.as_str(), id.as_str())).collect();
        assert_eq!(ids, [("resources.pipelines.a", "1"), ("resources.pipelines.c", "3")]);
        let there = BundleState::parse(STATE.as_bytes()).unwrap();
        assert!(local.state.is_ahead_of(Some(&there)) && local.state.is_ahead_of(None));
        // What it is now is told by its last line.
        let definition: serde_json::Value = local.state.definition("resources.pipelines.c").unwrap();
        assert_eq!(definition["name"], "c");
    }

    #[test]
    fn a_first_apply_that_was_cut_off_has_a_log_alone() {
        let log = LOG.replace("\"serial\":4", "\"serial\":1");
        let local = LocalState::parse(None, Some(log.as_bytes())).unwrap();
        let state = local.state;
        assert_eq!((state.lineage.as_str(), state.serial, state.ids.len()), ("l", 1, 1));
    }

    #[test]
    fn a_log_that_does_not_follow_says_nothing() {
        let state = LocalState::parse(Some(STATE.as_bytes()), None).unwrap();
        for log in [LOG.replace("\"serial\":4", "\"serial\":3"), LOG.replace("\"l\"", "\"m\""), String::new()]
        {
            assert_eq!(LocalState::parse(Some(STATE.as_bytes()), Some(log.as_bytes())), Some(state.clone()));
        }
        let there = BundleState::parse(STATE.as_bytes()).unwrap();
        assert!(!state.state.is_ahead_of(Some(&there)), "it is the same");
        assert_eq!(LocalState::parse(None, None), None);
    }
}
