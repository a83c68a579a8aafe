//! The file system: every error names its path, and a file is written whole or not at all.

#![expect(clippy::disallowed_methods, reason = "this is where files are touched")]

mod hold;
#[cfg(test)]
pub(crate) mod interruption;
mod log;
mod spool;

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

pub use hold::Hold;
pub use log::Log;
pub use spool::Spool;

/// A file or folder that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct FileError {
    /// `read`, `write`, `remove`, `create`, `lock`.
    pub action: &'static str,
    /// What was touched.
    pub path: PathBuf,
    /// What the system said.
    pub source: std::io::Error,
}

impl FileError {
    fn of(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { action, path, source }
    }

    /// Whether it is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == std::io::ErrorKind::NotFound
    }
}

/// Reads a file whole.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    std::fs::read(path).map_err(FileError::of("read", path))
}

/// Reads a file whole; `None` where there is none.
pub fn read_if_present(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// A file that is larger than any that is meant.
#[derive(Debug, thiserror::Error)]
#[error("it is larger than {0} bytes")]
struct TooLarge(u64);

/// Reads a file whole that has at most this many bytes: a device never ends, and nobody has the memory for some files.
pub fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    read_part(path, limit).map_err(FileError::of("read", path))
}

fn read_part(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    let too_large = || std::io::Error::other(TooLarge(limit));
    let file = std::fs::File::open(path)?;
    if file.metadata()?.len() > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

/// What the names of files start with that are written beside others, and moved into their place.
const TEMPORARY: &str = ".tapworks-";

/// Whether this is the name of a file on its way, or of one that a killed process left.
#[must_use]
pub fn is_temporary(name: &str) -> bool {
    name.strip_prefix(TEMPORARY)
        .is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Stands before each change, so that a test can stop there.
#[cfg_attr(not(test), expect(clippy::unnecessary_wraps, reason = "only tests stop here"))]
fn change() -> std::io::Result<()> {
    #[cfg(test)]
    interruption::change()?;
    Ok(())
}

/// Writes a file whole: beside it first, then moved into place, so that no reader sees half of it.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_whole(path, bytes).map_err(FileError::of("write", path))
}

fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY).rand_bytes(6);
    #[cfg(test)]
    builder.disable_cleanup(interruption::leaves_everything());
    change()?;
    // Opened here: a new file like any other, and an error that does not name the temporary file, which means nothing to
    // a reader.
    let mut file = builder.make_in(folder, |path| std::fs::File::create_new(path))?;
    for half in [&bytes[..bytes.len() / 2], &bytes[bytes.len() / 2..]] {
        change()?;
        file.write_all(half)?;
    }
    file.as_file().sync_all()?;
    change()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Writes to a path that the user named: what a link leads to is replaced whole, the link stays; and into a pipe, a
/// terminal or a device as into any other.
pub fn write_named(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let end = behind_links(path);
    let written = match std::fs::metadata(&end) {
        Ok(metadata) if metadata.is_file() || metadata.is_dir() => write_whole(&end, bytes),
        Ok(_) => std::fs::OpenOptions::new()
            .write(true)
            .open(&end)
            .and_then(|mut stream| stream.write_all(bytes).and_then(|()| stream.flush())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => write_whole(&end, bytes),
        Err(error) => Err(error),
    };
    written.map_err(FileError::of("write", path))
}

/// The longest chain of links that is followed, as systems have it.
const MAX_LINKS: usize = 40;

/// Where a path leads, links followed, also one to what is not there yet.
#[must_use]
pub fn behind_links(path: &Path) -> PathBuf {
    let mut end = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(next) = std::fs::read_link(&end) else { break };
        end = end.parent().map_or_else(|| next.clone(), |folder| folder.join(&next));
    }
    std::fs::canonicalize(&end).unwrap_or(end)
}

/// Creates a folder and those above it.
pub fn create_folder(path: &Path) -> Result<(), FileError> {
    change().and_then(|()| std::fs::create_dir_all(path)).map_err(FileError::of("create", path))
}

/// Removes a file; none there is fine.
pub fn remove_file(path: &Path) -> Result<(), FileError> {
    match change().and_then(|()| std::fs::remove_file(path)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(FileError::of("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Removes a folder and all in it; none there is fine.
pub fn remove_folder(path: &Path) -> Result<(), FileError> {
    match change().and_then(|()| std::fs::remove_dir_all(path)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(FileError::of("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// What a path is, links not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, wherever it points.
    Link,
    /// A pipe, a socket, a device.
    Other,
}

/// What stands at a path; `None` where there is nothing.
pub fn entry(path: &Path) -> Result<Option<Entry>, FileError> {
    let kind = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) => {
            // `file/name` is as little there as `folder/name` without the name.
            return match error.kind() {
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Ok(None),
                _ => Err(FileError::of("read", path)(error)),
            };
        }
    };
    Ok(Some(match kind {
        kind if kind.is_symlink() => Entry::Link,
        kind if kind.is_dir() => Entry::Folder,
        kind if kind.is_file() => Entry::File,
        _ => Entry::Other,
    }))
}

/// The names in a folder, sorted; none where there is no folder.
pub fn names_in(path: &Path) -> Result<Vec<String>, FileError> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FileError::of("read", path)(error)),
    };
    let mut names = entries
        .filter_map(|entry| entry.map(|entry| entry.file_name().into_string().ok()).transpose())
        .collect::<Result<Vec<_>, _>>()
        .map_err(FileError::of("read", path))?;
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"12345").unwrap();
        assert_eq!(read_at_most(&path, 5).unwrap(), b"12345");
        let error = read_at_most(&path, 4).unwrap_err();
        assert!(error.to_string().ends_with("file: it is larger than 4 bytes"), "{error}");
        assert!(read_at_most(&folder.path().join("none"), 4).unwrap_err().is_not_found());
        #[cfg(unix)]
        assert!(read_at_most(Path::new("/dev/zero"), 1000).is_err());
    }

    #[test]
    fn a_temporary_file_is_not_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none/file");
        let error = write(&path, b"x").unwrap_err();
        assert!(error.is_not_found());
        assert!(!error.to_string().contains(TEMPORARY), "{error}");
        let read = read(&path).unwrap_err();
        assert_eq!(error.source.to_string(), read.source.to_string(), "as it is said everywhere");
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_leads_to_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("sub")).unwrap();
        std::os::unix::fs::symlink("sub/second", path("first")).unwrap();
        std::os::unix::fs::symlink("end", path("sub/second")).unwrap();
        for text in ["not there yet", "there"] {
            write_named(&path("first"), text.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(path("sub/end")).unwrap(), text);
        }
        assert_eq!(entry(&path("first")).unwrap(), Some(Entry::Link));
        assert_eq!(entry(&path("sub/second")).unwrap(), Some(Entry::Link));
        assert_eq!(names_in(&path("sub")).unwrap(), ["end", "second"]);
        std::os::unix::fs::symlink("around", path("around")).unwrap();
        write_named(&path("around"), b"").unwrap_err();
    }
}
