//! The file of the lock: where it is, and how it is read and written.

use std::path::{Path, PathBuf};

use crate::files::{self, FileError};
use crate::finding::{Finding, Findings, Place};
use crate::placement::Lock;
use crate::settings::{Settings, Target};

/// What the lock is called where nobody names it otherwise.
pub const NAME: &str = "tapworks.lock";

/// A lock that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LockFileError {
    /// There is one, and the system does not hand it out. It is not taken for absent.
    #[error(transparent)]
    Read(FileError),
    /// The system did not take it.
    #[error(transparent)]
    Write(FileError),
}

/// What the reading of a lock came to.
#[derive(Debug)]
pub enum LockRead {
    /// What it holds; where there is no file, nothing.
    Lock(LockFile),
    /// It cannot be used, and this is why.
    Damaged(Findings),
}

/// A lock and the file it is kept in.
#[derive(Clone, Debug)]
pub struct LockFile {
    /// Where it is kept.
    pub path: PathBuf,
    /// Whether the file is there.
    pub exists: bool,
    /// What it holds.
    pub lock: Lock,
}

/// The lock of a target, or that of all targets: the file that a flag or the environment names, else the target's own,
/// else the one that the settings name, else `tapworks.lock` beside the settings file, or in the folder for bundles where
/// there is none.
#[must_use]
pub fn path(settings: &Settings, target: Option<&Target>) -> PathBuf {
    let named = settings.named_lock.as_ref();
    let named = named.or(target.and_then(|target| target.lock.as_ref())).or(settings.lock.as_ref());
    match (named, &settings.file) {
        (Some(path), _) => path.clone(),
        (None, Some(file)) => file.with_file_name(NAME),
        (None, None) => settings.output_dir.join(NAME),
    }
}

impl LockFile {
    /// Reads a lock. Messages show its path as seen from this folder.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub fn read(path: &Path, seen_from: &Path) -> Result<LockRead, LockFileError> {
        let Some(bytes) = files::read_if_present(path).map_err(LockFileError::Read)? else {
            return Ok(LockRead::Lock(Self { path: path.to_owned(), exists: false, lock: Lock::default() }));
        };
        let shown = path.strip_prefix(seen_from).unwrap_or(path).display().to_string();
        let read = text(&bytes, &shown).and_then(|text| Lock::parse(text, &shown));
        Ok(match read {
            Ok(lock) => LockRead::Lock(Self { path: path.to_owned(), exists: true, lock }),
            Err(findings) => LockRead::Damaged(findings),
        })
    }

    /// Whether writing this lock would change the file: a lock that holds the same leaves it as it is, byte by byte.
    #[must_use]
    pub fn would_change(&self, lock: &Lock) -> bool {
        self.lock != *lock
    }

    /// Writes a lock in place of what the file holds, whole or not at all; says whether there was anything to write.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&mut self, lock: Lock) -> Result<bool, LockFileError> {
        if !self.would_change(&lock) {
            return Ok(false);
        }
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            files::create_folder(folder).map_err(LockFileError::Write)?;
        }
        files::write_named(&self.path, lock.render().as_bytes()).map_err(LockFileError::Write)?;
        self.lock = lock;
        self.exists = true;
        Ok(true)
    }
}

/// The text of the file, where it is one.
fn text<'a>(bytes: &'a [u8], file: &str) -> Result<&'a str, Findings> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default());
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
        let finding = Finding::error("TW101", "the lock is not UTF-8 here")
            .at(Place::File { file: file.to_owned(), line: number(line), column: number(column) })
            .why("names are taken as they stand, and in another encoding they are other names")
            .fix("take the file as git has it, or save it as UTF-8");
        [finding].into_iter().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::placement::{LockedTable, Slot};
    use crate::settings::Flags;

    fn settings(folder: &Path, file: Option<&str>, flag: Option<&str>) -> Settings {
        if let Some(text) = file {
            files::write(&folder.join("tapworks.yml"), text.as_bytes()).unwrap();
        }
        let flags = Flags { lock: flag.map(PathBuf::from), ..Flags::default() };
        Settings::resolve(flags, &Environment::of([]).with_directory(folder)).unwrap().0
    }

    #[test]
    fn it_lies_where_it_is_named_else_beside_the_settings_else_with_the_bundles() {
        let folder = tempfile::tempdir().unwrap();
        let at = |settings: &Settings, target| {
            let target = settings.target(target).unwrap();
            [path(settings, None), path(settings, Some(&target))]
        };
        let none = settings(folder.path(), None, None);
        assert_eq!(at(&none, "dev"), [Path::new("dab_deployment/tapworks.lock"); 2]);
        let targets = "targets:\n  dev: {profile: d, lock: dev.lock}\n  prod: {profile: p}\n";
        let beside = settings(folder.path(), Some(targets), None);
        // A settings file that is found here is as one that is named.
        let inside = |name: &str| PathBuf::from(name);
        assert_eq!(at(&beside, "dev"), [inside("tapworks.lock"), inside("dev.lock")]);
        assert_eq!(at(&beside, "prod"), [inside("tapworks.lock"), inside("tapworks.lock")]);
        let named = settings(folder.path(), Some(&format!("lock: all.lock\n{targets}")), None);
        assert_eq!(at(&named, "dev"), [inside("all.lock"), inside("dev.lock")]);
        let flag = settings(folder.path(), Some(&format!("lock: all.lock\n{targets}")), Some("x.lock"));
        assert_eq!(at(&flag, "dev"), [Path::new("x.lock"); 2]);
    }

    fn lock() -> Lock {
        let slot = Slot { bundle: "p".into(), gateway: None, pipeline: "a_01_p01".into(), position: 0 };
        let (destination, source) = ("a.b.c".to_owned(), "t".to_owned());
        let table = LockedTable { destination, source, slot, gone: false, moving: None };
        Lock { tables: [("a.b.c".to_owned(), table)].into(), ..Lock::default() }
    }

    fn read(path: &Path) -> LockFile {
        match LockFile::read(path, Path::new("")).unwrap() {
            LockRead::Lock(file) => file,
            LockRead::Damaged(findings) => panic!("{findings:?}"),
        }
    }

    #[test]
    fn what_is_written_is_read_and_the_same_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out/tapworks.lock");
        let mut file = read(&path);
        assert!(!file.exists && !file.write(Lock::default()).unwrap() && !path.exists());
        assert!(file.write(lock()).unwrap());
        // A checkout with other line ends holds the same.
        let text = String::from_utf8(files::read(&path).unwrap()).unwrap().replace('\n', "\r\n");
        files::write(&path, text.as_bytes()).unwrap();
        let mut file = read(&path);
        assert!(file.exists && !file.would_change(&lock()) && !file.write(lock()).unwrap());
        assert_eq!(files::read(&path).unwrap(), text.as_bytes());
    }

    #[test]
    fn what_cannot_be_read_is_not_absent() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(LockFile::read(folder.path(), folder.path()), Err(LockFileError::Read(_))));
        let path = folder.path().join("tapworks.lock");
        files::write(&path, b"version 1\ntable \xff\n").unwrap();
        let LockRead::Damaged(findings) = LockFile::read(&path, folder.path()).unwrap() else {
            panic!("it is no text")
        };
        let finding = findings.iter().next().unwrap();
        assert_eq!(finding.rule, "TW101");
        assert_eq!(finding.place.as_ref().unwrap().to_string(), "tapworks.lock:2:7");
    }
}
