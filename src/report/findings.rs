//! Findings for people: what, where, why, how to mend it.

use std::fmt::Write as _;

use owo_colors::{OwoColorize as _, Style};

use crate::finding::{Finding, Findings, Severity};
use crate::text::{plural, printable, visible};

/// All findings, in their order.
#[must_use]
pub(super) fn findings_text(findings: &Findings) -> String {
    let mut text = String::new();
    for finding in findings {
        write_finding(&mut text, finding);
        text.push('\n');
    }
    text
}

/// One finding without colours.
pub(super) fn finding_text(finding: &Finding) -> String {
    let mut text = String::new();
    write_finding(&mut text, finding);
    anstream::adapter::strip_str(&text).to_string()
}

fn write_finding(text: &mut String, finding: &Finding) {
    let (word, style) = match finding.severity {
        Severity::Error => ("error", Style::new().red().bold()),
        Severity::Warning => ("warning", Style::new().yellow().bold()),
        Severity::Note => ("note", Style::new().cyan().bold()),
    };
    let head = format!("{word}[{}]", finding.rule);
    let _ = writeln!(text, "{}: {}", head.style(style), printable(&finding.what).bold());
    if let Some(place) = &finding.place {
        let _ = writeln!(text, "  {} {}", "-->".blue(), visible(&place.to_string()));
    }
    if let Some(target) = &finding.target {
        let _ = writeln!(text, "  {} target {}", "=".blue(), visible(target));
    }
    if !finding.why.is_empty() {
        let _ = writeln!(text, "  {} why: {}", "=".blue(), printable(&finding.why));
    }
    if !finding.fix.is_empty() {
        let _ = writeln!(text, "  {} fix: {}", "=".blue(), printable(&finding.fix));
    }
}

/// `2 errors, 1 warning`; nothing where there is neither.
#[must_use]
pub fn summary(findings: &Findings) -> Option<String> {
    let parts: Vec<String> =
        [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")]
            .into_iter()
            .filter_map(|(severity, noun)| match findings.count(severity) {
                0 => None,
                count => Some(plural(count, noun)),
            })
            .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
