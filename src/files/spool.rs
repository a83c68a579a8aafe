//! What a child writes, kept in a file: unlike a pipe, it takes all of it even when nobody is left to read.

use std::io::Read as _;
use std::process::Stdio;

use tempfile::NamedTempFile;

/// A file without a name that a child writes and we read. It is gone with the last of the two.
#[derive(Debug)]
pub struct Spool {
    file: std::fs::File,
    child: Option<std::fs::File>,
    bytes: Vec<u8>,
    told: usize,
}

impl Spool {
    /// An empty one, in the folder for temporary files.
    pub fn new() -> std::io::Result<Self> {
        let named = NamedTempFile::new()?;
        // Opened twice, so that each goes through it at its own pace.
        let (file, child) = (named.reopen()?, named.reopen()?);
        Ok(Self { file, child: Some(child), bytes: Vec::new(), told: 0 })
    }

    /// The end that the child writes to; the second time, nothing.
    pub fn writer(&mut self) -> Stdio {
        self.child.take().map_or_else(Stdio::null, Stdio::from)
    }

    /// Takes in what the child has written since, and tells each line that is whole, without its end.
    pub fn follow(&mut self, mut line: impl FnMut(&str)) -> std::io::Result<()> {
        self.file.read_to_end(&mut self.bytes)?;
        while let Some(length) = self.rest().iter().position(|byte| *byte == b'\n') {
            let text = String::from_utf8_lossy(self.rest().get(..length).unwrap_or_default()).into_owned();
            line(text.trim_end());
            self.told += length + 1;
        }
        Ok(())
    }

    /// All that the child has written, once it has ended.
    pub fn into_bytes(mut self) -> std::io::Result<Vec<u8>> {
        self.file.read_to_end(&mut self.bytes)?;
        Ok(self.bytes)
    }

    /// Takes in the rest once the child has ended, and tells its last line even if that has no end.
    pub fn finish(mut self, mut line: impl FnMut(&str)) -> std::io::Result<Vec<u8>> {
        self.follow(&mut line)?;
        if !self.rest().is_empty() {
            line(String::from_utf8_lossy(self.rest()).trim_end());
        }
        Ok(self.bytes)
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.told..).unwrap_or_default()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_once_they_are_whole() {
        let mut spool = Spool::new().unwrap();
        let child = |text: &str, writer: Stdio| {
            let mut command = std::process::Command::new("printf");
            command.arg(text).stdout(writer).status().unwrap();
        };
        let writer = spool.child.as_ref().unwrap().try_clone().unwrap();
        let (mut told, mut later) = (Vec::new(), Vec::new());
        child("one\\r\\ntw", Stdio::from(writer));
        spool.follow(|line| told.push(line.to_owned())).unwrap();
        assert_eq!(told, ["one"]);
        child("o\\n\\nthree", spool.writer());
        assert_eq!(spool.finish(|line| later.push(line.to_owned())).unwrap(), b"one\r\ntwo\n\nthree");
        assert_eq!(later, ["two", "", "three"]);
    }
}
