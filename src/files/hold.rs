//! A file that is held as long as a process, or a child that it hands it to, lives.

use std::fs::TryLockError;
use std::path::Path;
use std::process::Stdio;

use super::FileError;

/// The hold on an empty file. The system gives it up when the last process that has it is gone, however it ended.
#[derive(Debug)]
pub struct Hold(std::fs::File);

impl Hold {
    /// Takes it; `None` while another process has it.
    pub fn take(path: &Path) -> Result<Option<Self>, FileError> {
        let opened =
            std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = opened.map_err(FileError::of("create", path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(FileError::of("lock", path)(source)),
        }
    }

    /// The standard input of a child that shares the hold: to read, it is as empty as no input at all. On systems where
    /// locks are not inherited the child does not share it.
    pub fn shared_as_input(&self) -> std::io::Result<Stdio> {
        self.0.try_clone().map(Stdio::from)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_child_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("held");
        let hold = Hold::take(&path).unwrap().unwrap();
        assert!(Hold::take(&path).unwrap().is_none());
        let mut child = std::process::Command::new("sh")
            .args(["-c", "read x; echo read; exec sleep 60"])
            .stdin(hold.shared_as_input().unwrap())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = [0; 5];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut said).unwrap();
        assert_eq!(&said, b"read\n", "its input is empty");
        drop(hold);
        assert!(Hold::take(&path).unwrap().is_none(), "the child has it still");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(Hold::take(&path).unwrap().is_some());
    }
}
