//! A file that only grows, one whole line at a time.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::FileError;

/// A file to which lines are added. What a killed process left of its last line is cut off when it is opened again.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: std::fs::File,
}

impl Log {
    /// A new one; a file that is there already is an error.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        let opened = std::fs::OpenOptions::new().append(true).create_new(true).open(path);
        let file = opened.map_err(FileError::of("create", path))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// One that is there, to go on with.
    pub fn reopen(path: &Path) -> Result<Self, FileError> {
        let reopened = || {
            let mut file = std::fs::OpenOptions::new().read(true).append(true).open(path)?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            if whole < bytes.len() {
                file.set_len(u64::try_from(whole).unwrap_or(u64::MAX))?;
                file.seek(SeekFrom::End(0))?;
            }
            Ok(file)
        };
        let file = reopened().map_err(FileError::of("write", path))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Sees to it that what was added outlives the machine: what follows may not be forgotten.
    pub fn sync(&self) -> Result<(), FileError> {
        self.file.sync_data().map_err(FileError::of("write", &self.path))
    }

    /// Adds a line in one write, so that a kill leaves it whole or torn, never between others.
    pub fn append(&mut self, line: &str) -> Result<(), FileError> {
        self.file.write_all(format!("{line}\n").as_bytes()).map_err(FileError::of("write", &self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = Log::create(&path).unwrap();
        log.append("one").unwrap();
        assert!(Log::create(&path).is_err(), "it is there already");
        log.file.write_all(b"tw").unwrap();
        drop(log);
        Log::reopen(&path).unwrap().append("three").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\nthree\n");
    }
}
