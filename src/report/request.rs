//! `--report FORMAT=PATH`: a report beside the text on the terminal.

use std::path::PathBuf;
use std::str::FromStr;

use crate::closest::did_you_mean;

/// What a report is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// The document that `-o json` prints.
    Json,
    /// JUnit XML, for the test view of a CI system.
    Junit,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands that GitHub shows as annotations.
    Github,
    /// Markdown, for the comment on a pull request.
    Markdown,
}

impl ReportFormat {
    /// All of them, by name.
    const ALL: [(&str, Self); 5] = [
        ("json", Self::Json),
        ("junit", Self::Junit),
        ("sarif", Self::Sarif),
        ("github", Self::Github),
        ("md", Self::Markdown),
    ];
}

/// Where a report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportDestination {
    /// A file, replaced whole.
    File(PathBuf),
    /// Standard error: what a GitHub runner reads annotations from.
    StandardError,
}

/// One report that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRequest {
    /// What it is written as.
    pub format: ReportFormat,
    /// Where it goes.
    pub destination: ReportDestination,
}

/// Text that is no `FORMAT=PATH`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportRequestError {
    /// There is no `=` or nothing behind it.
    #[error("a path is missing: write FORMAT=PATH, with FORMAT one of {}", formats())]
    NoPath,
    /// No format of that name.
    #[error("unknown format `{name}`, not one of {}{}", formats(), did_you_mean(name, names()))]
    UnknownFormat {
        /// What was written.
        name: String,
    },
    /// Standard output belongs to the result.
    #[error(
        "standard output is for the result (`-o json` prints the document there); give `{0}` a file. Only `github=-` \
         is taken, and written to standard error, where the runner reads it"
    )]
    StandardOutput(String),
}

fn names() -> impl Iterator<Item = &'static str> {
    ReportFormat::ALL.into_iter().map(|(name, _)| name)
}

fn formats() -> String {
    names().collect::<Vec<_>>().join(", ")
}

impl FromStr for ReportRequest {
    type Err = ReportRequestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, path) = text.split_once('=').unwrap_or((text, ""));
        let (_, format) = ReportFormat::ALL
            .into_iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .ok_or_else(|| ReportRequestError::UnknownFormat { name: name.to_owned() })?;
        let destination = match (path, format) {
            ("", _) => return Err(ReportRequestError::NoPath),
            ("-", ReportFormat::Github) => ReportDestination::StandardError,
            ("-", _) => return Err(ReportRequestError::StandardOutput(name.to_owned())),
            (path, _) => ReportDestination::File(path.into()),
        };
        Ok(Self { format, destination })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        text.parse::<ReportRequest>().unwrap_err().to_string()
    }

    #[test]
    fn a_path_may_hold_an_equals_sign() {
        let request: ReportRequest = "SARIF=out/a=b.sarif".parse().unwrap();
        assert_eq!(request.format, ReportFormat::Sarif);
        assert_eq!(request.destination, ReportDestination::File("out/a=b.sarif".into()));
    }

    #[test]
    fn what_is_wrong_is_said_with_the_formats() {
        assert_eq!(
            error("junti=x"),
            "unknown format `junti`, not one of json, junit, sarif, github, md; did you mean `junit`?"
        );
        for text in ["junit", "junit="] {
            assert_eq!(
                error(text),
                "a path is missing: write FORMAT=PATH, with FORMAT one of json, junit, sarif, github, md"
            );
        }
    }

    #[test]
    fn standard_output_is_for_the_result() {
        assert!(error("sarif=-").contains("-o json"));
        let github: ReportRequest = "github=-".parse().unwrap();
        assert_eq!(github.destination, ReportDestination::StandardError);
    }
}
