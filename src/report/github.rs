//! Workflow commands of GitHub Actions: each finding becomes an annotation. GitHub shows the first ten errors and ten
//! warnings of a step beside the code; the others stay in the log.

use std::fmt::Write as _;

use super::run_report::RunReport;
use crate::finding::{Finding, Place, Severity, rule};

/// One command a line.
pub(super) fn github(run: &RunReport<'_>) -> String {
    let mut text = String::new();
    for finding in run.findings {
        write_finding(&mut text, run, finding);
    }
    for error in run.errors {
        let title = property(&format!("tapworks {}", run.command));
        let _ = writeln!(text, "::error title={title}::{}", message(&error.text()));
    }
    text
}

fn write_finding(text: &mut String, run: &RunReport<'_>, finding: &Finding) {
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    let mut body = String::new();
    match &finding.place {
        Some(Place::File { file, line, column }) if run.checkout.path(file).is_some() => {
            let path = run.checkout.path(file).map(|path| path.text()).unwrap_or_default();
            properties.push(format!("file={}", property(&path)));
            properties.push(format!("line={line}"));
            properties.push(format!("col={column}"));
        }
        Some(Place::Path { path }) if run.checkout.path(path).is_some() => {
            let path = run.checkout.path(path).map(|path| path.text()).unwrap_or_default();
            properties.push(format!("file={}", property(&path)));
        }
        Some(place) => body = format!("{place}: "),
        None => {}
    }
    let title = rule(finding.rule).map_or("", |rule| rule.title);
    properties.push(format!("title={}", property(format!("{} {title}", finding.rule).trim_end())));
    if let Some(target) = &finding.target {
        body.push_str(&format!("target {target}: "));
    }
    body.push_str(&finding.what);
    for (word, part) in [("why", &finding.why), ("fix", &finding.fix)] {
        if !part.is_empty() {
            body.push_str(&format!("\n{word}: {part}"));
        }
    }
    let _ = writeln!(text, "::{word} {}::{}", properties.join(","), message(&body));
}

/// Escapes what stands behind the second `::`.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn findings_and_errors_are_annotations() {
        insta::assert_snapshot!(sample::with(github));
    }

    #[test]
    fn text_cannot_end_a_command_or_begin_another() {
        assert_eq!(message("100%\r\n::error::x"), "100%25%0D%0A::error::x");
        assert_eq!(property("a,b:c%\n"), "a%2Cb%3Ac%25%0A");
    }
}
