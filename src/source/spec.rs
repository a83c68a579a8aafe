//! Where the rows come from, as a flag or a settings file says it.

use std::fmt;
use std::path::PathBuf;

use super::TableName;
use super::name::TableNameError;

/// Where the rows come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceSpec {
    /// A file, its kind told by its ending.
    File(PathBuf),
    /// Standard input, `-`.
    Stdin,
    /// A table or view of Unity Catalog.
    Table(TableName),
}

/// The endings of files that hold rows.
pub(super) const ENDINGS: [&str; 8] = ["csv", "tsv", "txt", "json", "jsonl", "ndjson", "yaml", "yml"];

impl SourceSpec {
    /// `-` is standard input; an existing file, a known ending or a separator in the text make a path; three parts are a
    /// table.
    pub fn parse(text: &str) -> Result<Self, TableNameError> {
        Self::parse_with(text, |path| std::path::Path::new(path).is_file())
    }

    /// The same where somebody else knows whether there is such a file.
    pub fn parse_with(text: &str, is_file: impl FnOnce(&str) -> bool) -> Result<Self, TableNameError> {
        let text = text.trim();
        if text == "-" {
            return Ok(Self::Stdin);
        }
        let ending = text.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
        let known = ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()));
        let separated = text.contains(['/', std::path::MAIN_SEPARATOR]) && !text.contains('`');
        if known || separated || is_file(text) {
            return Ok(Self::File(PathBuf::from(text)));
        }
        TableName::parse(text).map(Self::Table)
    }
}

impl fmt::Display for SourceSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Stdin => formatter.write_str("-"),
            Self::Table(name) => name.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_tables_and_standard_input_are_told_apart() {
        let parse = |text| SourceSpec::parse_with(text, |name| name == "tables.in.here").unwrap();
        assert_eq!(parse("-"), SourceSpec::Stdin);
        for path in ["tables.csv", "a.b.CSV", "dir/x", "./a.b.c", "tables.in.here"] {
            assert_eq!(parse(path), SourceSpec::File(path.into()), "{path}");
        }
        assert_eq!(parse("main.cfg.tables").to_string(), "main.cfg.tables");
        assert!(matches!(parse("main.cfg.`a/b`"), SourceSpec::Table(_)));
        assert!(SourceSpec::parse("tables").is_err());
    }
}
