//! The checkout that a bundle lies in, as far as bundle commands look at it.

use std::path::Path;

/// Branch, commit and place within the checkout.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Checkout {
    pub(super) branch: Option<String>,
    pub(super) commit: Option<String>,
    /// The bundle's folder, relative to the checkout's.
    pub(super) folder: String,
}

/// Reads the checkout around a folder; without one all is empty and the folder is `.`.
pub(super) fn checkout(root: &Path) -> Checkout {
    let here = || Checkout { folder: ".".to_owned(), ..Checkout::default() };
    let Some(top) = root.ancestors().find(|folder| folder.join(".git").exists()) else { return here() };
    let folder = match root.strip_prefix(top) {
        Ok(rest) if !rest.as_os_str().is_empty() => rest.to_string_lossy().replace('\\', "/"),
        _ => ".".to_owned(),
    };
    let mut git = top.join(".git");
    if let Ok(text) = std::fs::read_to_string(&git)
        && let Some(elsewhere) = text.trim().strip_prefix("gitdir: ")
    {
        git = top.join(elsewhere);
    }
    let Ok(head) = std::fs::read_to_string(git.join("HEAD")) else { return Checkout { folder, ..here() } };
    match head.trim().strip_prefix("ref: ") {
        Some(reference) => Checkout {
            branch: reference.strip_prefix("refs/heads/").map(str::to_owned),
            commit: std::fs::read_to_string(git.join(reference)).ok().map(|commit| commit.trim().to_owned()),
            folder,
        },
        None => Checkout { branch: None, commit: Some(head.trim().to_owned()), folder },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_branch() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(".git/refs/heads")).unwrap();
        std::fs::create_dir_all(folder.path().join("a/b")).unwrap();
        std::fs::write(folder.path().join(".git/HEAD"), "ref: refs/heads/feat\n").unwrap();
        std::fs::write(folder.path().join(".git/refs/heads/feat"), "abc\n").unwrap();
        let found = checkout(&folder.path().join("a/b"));
        assert_eq!(
            found,
            Checkout { branch: Some("feat".into()), commit: Some("abc".into()), folder: "a/b".into() }
        );
    }
}
