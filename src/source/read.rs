//! Rows from a file or from standard input.

use std::path::Path;

use super::encoding;
use super::rows::{Origin, RowSet};
use super::{delimited, records};
use crate::files::{self, FileError};
use crate::finding::Findings;

/// How rows are read where the user says more than the path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The delimiter of CSV; found where it is not given.
    pub delimiter: Option<u8>,
}

impl ReadOptions {
    /// The delimiter that a user names: one ASCII character, or `comma`, `semicolon`, `tab`, `pipe`, `\t`.
    pub fn delimiter(text: &str) -> Result<u8, SourceError> {
        match text {
            "comma" => Ok(b','),
            "semicolon" => Ok(b';'),
            "tab" | "\\t" => Ok(b'\t'),
            "pipe" => Ok(b'|'),
            _ => match text.as_bytes() {
                [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n' | 0) => Ok(*byte),
                _ => Err(SourceError::Delimiter(text.to_owned())),
            },
        }
    }
}

/// Rows that could not be read at all. What is wrong inside a source that can be read is a finding.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// More than offsets can count.
    #[error("{0} is larger than 4 GiB")]
    TooLarge(String),
    /// No delimiter.
    #[error("`{0}` is no delimiter: give one character, or comma, semicolon or tab")]
    Delimiter(String),
}

enum Format {
    Delimited(Option<u8>),
    Json,
    JsonLines,
    Yaml,
}

/// Reads a file of this folder, and names it in places as the path says it, without the folder.
///
/// # Errors
/// Where the file cannot be read, or is larger than 4 GiB.
pub fn read_file_in(
    folder: &Path,
    path: &Path,
    options: &ReadOptions,
) -> Result<(RowSet, Findings), SourceError> {
    read_named(&folder.join(path), path, options)
}

/// Reads a file; its ending tells its kind, and an unknown ending is taken for CSV.
pub fn read_file(path: &Path, options: &ReadOptions) -> Result<(RowSet, Findings), SourceError> {
    read_named(path, path, options)
}

fn read_named(path: &Path, shown: &Path, options: &ReadOptions) -> Result<(RowSet, Findings), SourceError> {
    let bytes = files::read(path)?;
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    let format = match ending.as_str() {
        "json" => Format::Json,
        "jsonl" | "ndjson" => Format::JsonLines,
        "yaml" | "yml" => Format::Yaml,
        "tsv" => Format::Delimited(options.delimiter.or(Some(b'\t'))),
        _ => Format::Delimited(options.delimiter),
    };
    read(Origin::File(shown.display().to_string()), bytes, format)
}

/// Reads what came from standard input. It has no ending, so its first character tells: `[` and `{` are JSON, `- ` YAML.
pub fn read_stdin(bytes: Vec<u8>, options: &ReadOptions) -> Result<(RowSet, Findings), SourceError> {
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).trim_ascii_start();
    let format = match body {
        [b'[' | b'{', ..] => Format::JsonLines,
        [b'-', b' ' | b'\n' | b'\r', ..] | [b'-', b'-', b'-', ..] => Format::Yaml,
        _ => Format::Delimited(options.delimiter),
    };
    read(Origin::Stdin, bytes, format)
}

fn read(origin: Origin, bytes: Vec<u8>, format: Format) -> Result<(RowSet, Findings), SourceError> {
    if u32::try_from(bytes.len()).is_err() {
        return Err(SourceError::TooLarge(origin.name()));
    }
    let bytes = match encoding::judge(&origin, bytes) {
        Ok(bytes) => bytes,
        Err(refused) => return Ok(*refused),
    };
    Ok(match format {
        Format::Delimited(delimiter) => delimited::read(origin, bytes, delimiter),
        // One value after the other is both: a list, or a line for each row.
        Format::Json | Format::JsonLines => records::read_json(origin, &bytes),
        Format::Yaml => records::read_yaml(origin, &bytes),
    })
}
