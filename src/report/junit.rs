//! JUnit XML: what the test view of a CI system shows. A suite for the command; in it a case for each finding, failed for
//! an error and passed, with the finding as its output, for a warning or a note. Where nothing was found there is one
//! case that passed, since an empty suite reads as "nothing was run".

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::findings::finding_text;
use super::run_report::{RunError, RunReport};
use crate::finding::{Finding, Place, Severity};
use crate::text::printable;

/// The document.
pub(super) fn junit(run: &RunReport<'_>) -> Result<String, SerializeError> {
    let mut suite = TestSuite::new(format!("tapworks {}", run.command));
    suite.add_test_cases(run.findings.iter().map(|finding| case(run, finding)));
    suite.add_test_cases(run.errors.iter().map(|error| error_case(run, error)));
    if suite.test_cases.is_empty() {
        let mut case = TestCase::new("no findings", TestCaseStatus::success());
        case.set_classname(format!("tapworks.{}", run.command));
        suite.add_test_case(case);
    }
    let mut report = Report::new("tapworks");
    report.add_test_suite(suite);
    report.to_string()
}

fn case(run: &RunReport<'_>, finding: &Finding) -> TestCase {
    let text = finding_text(finding);
    let status = match finding.severity {
        Severity::Error => failed(NonSuccessKind::Failure, finding.rule, &finding.what, &text),
        Severity::Warning | Severity::Note => TestCaseStatus::success(),
    };
    // The place and the target belong to the name: CI systems take two cases of one name for one test.
    let mut name = format!("{} {}", finding.rule, finding.what);
    let path = match &finding.place {
        Some(Place::File { file, .. }) => run.checkout.path(file).map(|path| line(&path.text())),
        _ => None,
    };
    match (&finding.place, &path) {
        // Below the checkout, so that the name is the same on every machine.
        (Some(Place::File { line, column, .. }), Some(path)) => {
            name.push_str(&format!(" ({path}:{line}:{column})"));
        }
        (Some(place), _) => name.push_str(&format!(" ({place})")),
        (None, _) => {}
    }
    let mut case = TestCase::new(line(&name), status);
    case.set_classname(match &finding.target {
        Some(target) => line(&format!("tapworks.{}.{target}", run.command)),
        None => format!("tapworks.{}", run.command),
    });
    if finding.severity != Severity::Error {
        case.set_system_out(characters(&text));
    }
    if let (Some(Place::File { line: number, .. }), Some(path)) = (&finding.place, path) {
        case.extra.insert("file".into(), path.into());
        case.extra.insert("line".into(), number.to_string().into());
    }
    case
}

fn error_case(run: &RunReport<'_>, error: &RunError) -> TestCase {
    let status = failed(NonSuccessKind::Error, "error", &error.message, &error.text());
    let mut case = TestCase::new(line(&error.title()), status);
    case.set_classname(format!("tapworks.{}", run.command));
    case
}

fn failed(kind: NonSuccessKind, of: &str, message: &str, text: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(of).set_message(line(message)).set_description(characters(text));
    status
}

/// With escapes for what XML cannot hold, and for what could not be seen.
fn characters(text: &str) -> String {
    printable(text).into_owned()
}

/// For an attribute, whose line ends readers take for blanks anyway.
fn line(text: &str) -> String {
    characters(text).replace(['\r', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::finding::Findings;

    #[test]
    fn findings_and_errors_are_cases() {
        insta::assert_snapshot!(sample::with(|run| junit(run).unwrap()));
    }

    #[test]
    fn nothing_found_is_a_case_that_passed() {
        let text = sample::of(&Findings::new(), &[], |run| junit(run).unwrap());
        let document = roxmltree::Document::parse(&text).unwrap();
        let cases: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
        assert_eq!(cases.len(), 1);
        assert_eq!(cases[0].attribute("name"), Some("no findings"));
        assert!(!cases[0].has_children() || cases[0].children().all(|node| node.is_text()));
    }

    #[test]
    fn what_xml_cannot_hold_is_escaped_and_the_rest_comes_back() {
        let nasty = "a\nb\u{0}\u{1b}[31m\u{8}\u{b}\u{fffe}\u{ffff}<&>\"']]>\u{1f600} ü";
        let findings: Findings = [
            Finding::error("TW201", nasty).why(nasty).at(Place::File {
                file: nasty.into(),
                line: 1,
                column: 1,
            }),
            Finding::note("TW202", nasty).for_target(nasty),
        ]
        .into_iter()
        .collect();
        let text = sample::of(&findings, &[], |run| junit(run).unwrap());
        let document = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
        let failure = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
        let left = "b\\u{0}\\u{1b}[31m\\u{8}\\u{b}\\u{fffe}\\u{ffff}<&>\"']]>\u{1f600} ü";
        assert_eq!(failure.attribute("message"), Some(format!("a {left}").as_str()));
        assert!(failure.text().unwrap().contains(left), "{text}");
        let output = document.descendants().find(|node| node.has_tag_name("system-out")).unwrap();
        assert!(output.text().unwrap().contains(left), "{text}");
    }
}
