//! The file `.databrickscfg`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::environment::Environment;

/// The keys of one profile.
pub(super) type Profile = BTreeMap<String, String>;

/// All profiles of a file.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    pub(super) file: PathBuf,
    sections: BTreeMap<String, Profile>,
}

/// A file or profile that is needed and cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProfileError {
    #[error("cannot parse config file: open {file}: no such file or directory", file = .0.display())]
    NoFile(PathBuf),
    #[error("{file} has no {name} profile configured", file = .file.display())]
    NoProfile { file: PathBuf, name: String },
}

/// Where the file lies: `DATABRICKS_CONFIG_FILE`, or the user's home.
pub(super) fn file(environment: &Environment) -> PathBuf {
    let home = environment.home().unwrap_or_default();
    match environment.get("DATABRICKS_CONFIG_FILE") {
        Some(file) => match file.strip_prefix("~/") {
            Some(rest) => home.join(rest),
            None => environment.folder().join(file),
        },
        None => home.join(".databrickscfg"),
    }
}

impl Profiles {
    /// Reads a file; one that is not there is nothing.
    pub(super) fn read(file: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(file).ok()?;
        Some(Self { file: file.to_owned(), sections: parse(&text) })
    }

    /// A profile by name.
    pub(super) fn get(&self, name: &str) -> Result<&Profile, ProfileError> {
        self.sections
            .get(name)
            .filter(|profile| !profile.is_empty() && name != "__settings__")
            .ok_or_else(|| ProfileError::NoProfile { file: self.file.clone(), name: name.to_owned() })
    }

    /// The profile that the file itself names as the default.
    pub(super) fn default_name(&self) -> Option<&str> {
        self.sections.get("__settings__")?.get("default_profile").map(String::as_str)
    }

    /// The names of the profiles of one host.
    pub(super) fn of_host(&self, host: &str) -> Vec<&str> {
        self.sections
            .iter()
            .filter(|(_, profile)| profile.get("host").is_some_and(|of| super::auth::normal_host(of) == host))
            .map(|(name, _)| name.as_str())
            .collect()
    }
}

fn parse(text: &str) -> BTreeMap<String, Profile> {
    let mut sections: BTreeMap<String, Profile> = BTreeMap::new();
    let mut name = "DEFAULT".to_owned();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            name = section.trim().to_owned();
            sections.entry(name.clone()).or_default();
        } else if let Some((key, value)) = line.split_once('=') {
            let value = [" #", " ;"]
                .iter()
                .filter_map(|mark| value.find(mark))
                .min()
                .map_or(value, |at| &value[..at]);
            let value = value.trim();
            let quoted =
                ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
            sections
                .entry(name.clone())
                .or_default()
                .insert(key.trim().to_owned(), quoted.unwrap_or(value).to_owned());
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_profiles() {
        let sections = parse(
            "; mine\n[__settings__]\ndefault_profile = a\n[DEFAULT]\nhost = https://d\n[a]\nhost= \"https://a\"  # x\ntoken = t#1\n",
        );
        let profiles = Profiles { file: "cfg".into(), sections };
        assert_eq!(profiles.default_name(), Some("a"));
        let a = profiles.get("a").unwrap();
        assert_eq!((a["host"].as_str(), a["token"].as_str()), ("https://a", "t#1"));
        assert!(!profiles.get("DEFAULT").unwrap().contains_key("token"));
        assert_eq!(profiles.get("b").unwrap_err().to_string(), "cfg has no b profile configured");
        assert!(profiles.get("__settings__").is_err());
        assert_eq!(profiles.of_host("https://a"), ["a"]);
    }
}
