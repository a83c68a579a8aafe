//! What a run is made from: whoever goes on with it must have the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The inputs of a run. Nothing in here is secret: names, paths and fingerprints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// The tapworks that began it.
    pub tapworks: String,
    /// How it was called, without the program's name.
    pub arguments: Vec<String>,
    /// Where it was called.
    pub directory: PathBuf,
    /// Every setting as it took effect.
    pub settings: Digest,
    /// The table list, as the user named it.
    pub source: String,
    /// Its version, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// Its rows.
    pub rows: Digest,
    /// The targets, in their order, each with its workspace.
    pub targets: Vec<TargetInput>,
    /// The packages by the folder of each bundle.
    pub packages: BTreeMap<String, Digest>,
}

/// A target of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetInput {
    /// Its name.
    pub name: String,
    /// Its workspace.
    pub host: String,
}

impl Inputs {
    /// What is not as it was when the run began, one line each; none where it can go on.
    #[must_use]
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        if self.tapworks != now.tapworks {
            differences
                .push(format!("tapworks: the run began with {}, this is {}", self.tapworks, now.tapworks));
        }
        if self.targets != now.targets {
            differences.push(format!("targets: {}, now {}", shown(&self.targets), shown(&now.targets)));
        }
        if self.settings != now.settings {
            differences
                .push("settings: the settings file, a flag or a TAPWORKS_ variable has changed".to_owned());
        }
        if (&self.source, self.version, self.rows) != (&now.source, now.version, now.rows) {
            differences.push(if self.source != now.source {
                format!("table list: {}, now {}", self.source, now.source)
            } else if self.version != now.version {
                format!("table list {}: {}, now {}", self.source, version(self.version), version(now.version))
            } else {
                format!("table list {}: its rows have changed", self.source)
            });
        }
        for (bundle, digest) in &self.packages {
            match now.packages.get(bundle) {
                None => differences.push(format!("bundle {bundle}: no row asks for it")),
                Some(other) if other != digest => {
                    differences.push(format!("bundle {bundle}: it would be written differently"));
                }
                Some(_) => {}
            }
        }
        let new = now.packages.keys().filter(|bundle| !self.packages.contains_key(*bundle));
        differences.extend(new.map(|bundle| format!("bundle {bundle}: it is new")));
        differences
    }

    /// The bundles below this folder.
    #[must_use]
    pub fn bundles_in(&self, folder: &Path) -> BTreeSet<String> {
        let packages = self.packages.keys().map(Path::new);
        let inside = packages.filter(|package| package.parent() == Some(folder));
        inside.filter_map(|package| Some(package.file_name()?.to_string_lossy().into_owned())).collect()
    }
}

fn shown(targets: &[TargetInput]) -> String {
    let shown: Vec<String> =
        targets.iter().map(|target| format!("{} ({})", target.name, target.host)).collect();
    shown.join(", ")
}

fn version(version: Option<i64>) -> String {
    version.map_or_else(|| "no version".to_owned(), |version| format!("version {version}"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn inputs() -> Inputs {
        Inputs {
            tapworks: "1.0.0".to_owned(),
            arguments: vec!["deploy".to_owned()],
            directory: PathBuf::from("/w"),
            settings: Digest::of(b"s"),
            source: "main.cfg.tables".to_owned(),
            version: Some(17),
            rows: Digest::of(b"r"),
            targets: vec![TargetInput { name: "dev".to_owned(), host: "https://dev".to_owned() }],
            packages: [("retail".to_owned(), Digest::of(b"p"))].into(),
        }
    }

    #[test]
    fn bundles_are_known_by_their_folder() {
        let mut inputs = inputs();
        let packages = ["out/retail", "out/retail_b02", "out/dev/retail_b03", "retail_b04"];
        inputs.packages = packages.map(|folder| (folder.to_owned(), Digest::of(b"p"))).into();
        let bundles = |folder: &str| inputs.bundles_in(Path::new(folder)).into_iter().collect::<Vec<_>>();
        assert_eq!(bundles("out"), ["retail", "retail_b02"]);
        assert_eq!(bundles(""), ["retail_b04"]);
    }

    #[test]
    fn what_differs_is_named() {
        let then = inputs();
        assert_eq!(then.differences(&then), Vec::<String>::new());
        let mut now = inputs();
        // How and where it is called is not what it is made from.
        now.arguments = vec![];
        now.directory = PathBuf::from("/elsewhere");
        assert_eq!(then.differences(&now), Vec::<String>::new());
        now.settings = Digest::of(b"t");
        now.version = Some(18);
        now.targets[0].host = "https://other".to_owned();
        now.packages =
            [("retail".to_owned(), Digest::of(b"q")), ("more".to_owned(), Digest::of(b"p"))].into();
        assert_eq!(
            then.differences(&now),
            [
                "targets: dev (https://dev), now dev (https://other)",
                "settings: the settings file, a flag or a TAPWORKS_ variable has changed",
                "table list main.cfg.tables: version 17, now version 18",
                "bundle retail: it would be written differently",
                "bundle more: it is new",
            ]
        );
    }
}
