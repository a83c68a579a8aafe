//! Paths as other tools want them: below the root of the checkout, with forward slashes.

use std::path::{Component, Path, PathBuf};

/// The folder that places are told from, and the one that other tools count from.
#[derive(Clone, Debug)]
pub struct Checkout {
    root: PathBuf,
    directory: PathBuf,
}

/// A path for other tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SourcePath {
    /// In the checkout: relative to its root.
    Inside(String),
    /// Elsewhere on this machine.
    Outside(PathBuf),
}

impl Checkout {
    /// Of the working directory: its root is the nearest folder that git works in, else the directory itself.
    #[must_use]
    pub fn around(directory: &Path) -> Self {
        let root = directory.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(directory);
        Self { root: root.to_owned(), directory: directory.to_owned() }
    }

    /// One whose root is the working directory.
    #[cfg(test)]
    pub(super) fn at(directory: &Path) -> Self {
        Self { root: directory.to_owned(), directory: directory.to_owned() }
    }

    /// The path of a place; none where it is no file.
    pub(super) fn path(&self, written: &str) -> Option<SourcePath> {
        if written.is_empty() || (written.starts_with('<') && written.ends_with('>')) {
            return None;
        }
        let path = plain(&self.directory.join(written));
        Some(match path.strip_prefix(&self.root) {
            Ok(inner) if inner.as_os_str().is_empty() => SourcePath::Inside(".".to_owned()),
            Ok(inner) => {
                let names: Vec<_> = inner.iter().map(|name| name.to_string_lossy()).collect();
                SourcePath::Inside(names.join("/"))
            }
            Err(_) => SourcePath::Outside(path),
        })
    }
}

/// Without `.` and `..`; links are taken as they stand.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

impl SourcePath {
    /// As people write it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Inside(path) => path.clone(),
            Self::Outside(path) => path.display().to_string(),
        }
    }

    /// As a URI reference: relative in the checkout, `file:` elsewhere.
    pub(super) fn uri(&self) -> String {
        match self {
            Self::Inside(path) => percent_encoded(path),
            Self::Outside(path) => url::Url::from_file_path(path)
                .map_or_else(|()| percent_encoded(&path.to_string_lossy()), String::from),
        }
    }
}

/// All but unreserved characters and the slash; so the colon of `a:b.csv` is no scheme.
fn percent_encoded(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(written: &str) -> Option<String> {
        let checkout =
            Checkout { root: PathBuf::from("/repo"), directory: PathBuf::from("/repo/ingest/prod") };
        checkout.path(written).map(|path| path.uri())
    }

    #[test]
    fn paths_are_told_from_the_root_of_the_checkout() {
        assert_eq!(uri("tables.csv").as_deref(), Some("ingest/prod/tables.csv"));
        assert_eq!(uri("./../tables.csv").as_deref(), Some("ingest/tables.csv"));
        assert_eq!(uri("/repo/ingest/a b:ü#%.csv").as_deref(), Some("ingest/a%20b%3A%C3%BC%23%25.csv"));
    }

    #[test]
    fn a_file_elsewhere_keeps_its_whole_path() {
        assert_eq!(uri("/elsewhere/a b.csv").as_deref(), Some("file:///elsewhere/a%20b.csv"));
        assert_eq!(uri("../../../x.csv").as_deref(), Some("file:///x.csv"));
    }

    #[test]
    fn standard_input_is_no_file() {
        assert_eq!(uri("<stdin>"), None);
    }

    #[test]
    fn the_root_is_where_git_works() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        crate::files::create_folder(&inner).unwrap();
        crate::files::create_folder(&folder.path().join(".git")).unwrap();
        let path = Checkout::around(&inner).path("t.csv").unwrap();
        assert_eq!(path, SourcePath::Inside("a/b/t.csv".to_owned()));
    }
}
