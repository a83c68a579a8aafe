//! A program under the name `databricks`.

use std::io;
use std::path::{Path, PathBuf};

/// Makes `folder/databricks` lead to `program`, and answers its path.
///
/// A program that first calls `databricks::run_if_called_as_databricks` can so be its own stand-in. A symbolic link where
/// the system allows it, else a hard link, else a copy.
///
/// # Errors
/// When something else is there that cannot be removed, or when even the copy fails.
pub fn link_databricks(program: &Path, folder: &Path) -> io::Result<PathBuf> {
    let link = folder.join(format!("databricks{}", std::env::consts::EXE_SUFFIX));
    // A link of an earlier call: copying through it would overwrite the program with itself.
    if link.symlink_metadata().is_ok() {
        std::fs::remove_file(&link)?;
    }
    symlink(program, &link)
        .or_else(|_| std::fs::hard_link(program, &link))
        .or_else(|_| std::fs::copy(program, &link).map(drop))?;
    Ok(link)
}

#[cfg(unix)]
fn symlink(program: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(program, link)
}

/// Elsewhere a symbolic link needs rights that a user seldom has.
#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linking_twice_leaves_the_program_whole() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        std::fs::write(&program, "x").unwrap();
        for _ in 0..2 {
            let link = link_databricks(&program, folder.path()).unwrap();
            assert_eq!(std::fs::read_to_string(link).unwrap(), "x");
        }
        assert_eq!(std::fs::read_to_string(&program).unwrap(), "x");
    }
}
