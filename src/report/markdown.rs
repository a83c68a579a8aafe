//! A run as Markdown: for the comment on a pull request, or the summary of a job. What a plan changes comes first, then
//! findings and errors. Kept short: a comment has a limit.

use std::fmt::Write as _;

use serde_json::Value;

use super::run_report::RunReport;
use crate::finding::Severity;
use crate::text::plural;

/// So many entries of a list are shown.
const SHOWN: usize = 100;

pub(super) fn markdown(run: &RunReport<'_>) -> String {
    let mut text = String::new();
    let document = run.document;
    if document["format"] == "tapworks.plan/1" {
        plan(&mut text, document);
    } else {
        let _ = writeln!(text, "### tapworks {}", run.command);
        targets(&mut text, document);
    }
    let mut findings = run.findings.iter();
    let shown: Vec<_> = findings.by_ref().take(SHOWN).collect();
    if !shown.is_empty() {
        text.push('\n');
    }
    for finding in shown {
        let word = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let place = finding.place.as_ref().map(|place| format!(" at {}", code(&place.to_string())));
        let _ = writeln!(
            text,
            "- **{word}\\[{}\\]** {}{}",
            finding.rule,
            escaped(&finding.what),
            place.unwrap_or_default()
        );
        for (word, part) in [("why", &finding.why), ("fix", &finding.fix)] {
            if !part.is_empty() {
                let _ = writeln!(text, "  - {word}: {}", escaped(part));
            }
        }
    }
    let more = findings.count();
    if more > 0 {
        let _ = writeln!(text, "- … {}", plural(more, "more finding"));
    }
    if !run.errors.is_empty() {
        text.push('\n');
    }
    for error in run.errors {
        let _ = writeln!(text, "- **error** {}", escaped(&error.text()).replace('\n', "<br>"));
    }
    text
}

fn plan(text: &mut String, document: &Value) {
    let version = match &document["inputs"]["source"]["version"] {
        Value::Number(version) => format!(" (table version {version})"),
        _ => String::new(),
    };
    let _ = writeln!(text, "### tapworks plan: {}{version}\n", escaped(string(&document["target"])));
    let count = |of: &str, what: &str| document["summary"][of][what].as_u64().unwrap_or(0);
    let _ = writeln!(text, "| | add | remove | move | change | recreate | unchanged |");
    let _ = writeln!(text, "|---|---:|---:|---:|---:|---:|---:|");
    let tables = ["add", "remove", "move", "update"].map(|what| count("tables", what));
    let _ = writeln!(
        text,
        "| tables | {} | {} | {} | {} | - | {} |",
        tables[0],
        tables[1],
        tables[2],
        tables[3],
        count("tables", "unchanged")
    );
    let resources = ["create", "delete", "update", "recreate"].map(|what| count("resources", what));
    let _ = writeln!(
        text,
        "| resources | {} | {} | - | {} | {} | {} |\n",
        resources[0],
        resources[1],
        resources[2],
        resources[3],
        count("resources", "unchanged")
    );
    let effect = |what: &str, noun: &str| match count("effects", what) {
        0 => "none".to_owned(),
        count => format!("**{}**", plural(usize::try_from(count).unwrap_or(usize::MAX), noun)),
    };
    let _ = writeln!(
        text,
        "**Effects**: first read {}, read again in full {}, pipeline deleted {}, restarted {}",
        effect("initial", "table"),
        effect("snapshot", "table"),
        effect("delete", "table"),
        effect("restart", "pipeline")
    );
    needs(text, document);
    for (action, title) in [
        ("add", "added"),
        ("remove", "removed"),
        ("move", "moved"),
        ("update", "read again or changed in place"),
    ] {
        let tables = items(&document["tables"]).filter(|table| table["action"] == action);
        details(text, tables.map(table_line).collect(), "table", title);
    }
    details(text, items(&document["resources"]).map(resource_line).collect(), "resource", "changed");
    details(
        text,
        items(&document["drift"]).map(|drift| escaped(string(&drift["what"]))).collect(),
        "thing",
        "changed by hand since the last deploy",
    );
    let statements = items(&document["hand_over"]).flat_map(|one| items(&one["statements"]));
    let statements: Vec<String> = statements.map(|statement| code(string(statement))).collect();
    details(text, statements, "statement", "to be run by hand, after the deploy");
}

/// What became of each target, and what it takes to go on where a deploy was refused.
fn targets(text: &mut String, document: &Value) {
    let mut targets = items(&document["targets"]).filter(|target| target["status"].is_string()).peekable();
    if targets.peek().is_some() {
        text.push('\n');
    }
    for target in targets {
        let status = string(&target["status"]).replace('_', " ");
        let (name, host) = (escaped(string(&target["target"])), escaped(string(&target["host"])));
        let _ = writeln!(text, "- **{name}** ({host}): {status}");
    }
    let missing: Vec<String> =
        items(&document["needs_consent"]).map(|consent| format!("--allow {}", string(consent))).collect();
    if !missing.is_empty() {
        let _ = writeln!(text, "\nWhere all of it is meant, run it again with {}", code(&missing.join(" ")));
    }
}

fn needs(text: &mut String, document: &Value) {
    let consents: Vec<&str> = items(&document["summary"]["needs_consent"]).map(string).collect();
    let given: Vec<&Value> = items(&document["consents"]).collect();
    let is_given = |need: &Value| {
        let same =
            |given: &&Value| (&given["consent"], &given["field"]) == (&need["consent"], &need["field"]);
        given.iter().any(same)
    };
    if !consents.is_empty() {
        let _ = writeln!(text, "\n**Needs consent**\n");
    }
    for consent in consents {
        let needs: Vec<&Value> =
            items(&document["needs"]).filter(|need| need["consent"] == consent && !is_given(need)).collect();
        let what = needs.first().map_or("", |need| string(&need["what"]));
        let _ = writeln!(text, "- {}: {}", code(&format!("--allow {consent}")), escaped(what));
        for field in needs.iter().map(|need| &need["field"]).filter(|field| field.is_object()).take(5) {
            let _ = writeln!(text, "  - {}", code(&change(field)));
        }
        if needs.len() > 5 {
            let _ = writeln!(text, "  - … {} more", needs.len() - 5);
        }
        if needs.iter().any(|need| need["fate"] == "dropped") {
            let _ = writeln!(text, "  - {}", code("tables: DROPPED"));
        }
    }
    if !given.is_empty() {
        let _ = writeln!(text, "\n**Consented to already**\n");
    }
    for given in &given {
        let place = &given["where"]["file"];
        let who = format!(
            "{}:{}, {} ({}), until {}",
            string(&place["file"]),
            place["line"],
            string(&given["who"]),
            string(&given["why"]),
            string(&given["until"])
        );
        let _ = writeln!(text, "- {} by {}", code(string(&given["consent"])), escaped(&who));
        if given["field"].is_object() {
            let _ = writeln!(text, "  - {}", code(&change(&given["field"])));
        }
    }
}

fn table_line(table: &Value) -> String {
    let pipeline = match &table["from"] {
        Value::String(from) => format!("{} → {}", code(from), code(string(&table["pipeline"]))),
        _ => code(string(&table["pipeline"])),
    };
    let fate = table["fate"].as_str().map(|fate| format!(", {}", fate.to_uppercase())).unwrap_or_default();
    format!(
        "{} ({pipeline}): {}{fate}; {}",
        code(string(&table["key"])),
        string(&table["effect"]),
        escaped(string(&table["cause"]["text"]))
    )
}

fn resource_line(resource: &Value) -> String {
    let fields: Vec<String> = items(&resource["fields"]).map(|field| code(&change(field))).collect();
    let fields = if fields.is_empty() { String::new() } else { format!(": {}", fields.join(", ")) };
    format!(
        "{} {}{fields}; {}",
        string(&resource["action"]),
        code(string(&resource["key"])),
        escaped(string(&resource["cause"]["text"]))
    )
}

/// `path: old → new`
fn change(field: &Value) -> String {
    let show = |value: &Value| match value {
        Value::Null => "(none)".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!("{}: {} → {}", string(&field["path"]), show(&field["old"]), show(&field["new"]))
}

fn details(text: &mut String, lines: Vec<String>, noun: &str, what: &str) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n<details><summary>{} {what}</summary>\n", plural(lines.len(), noun));
    for line in lines.iter().take(SHOWN) {
        let _ = writeln!(text, "- {line}");
    }
    if lines.len() > SHOWN {
        let _ = writeln!(text, "- … {} more", lines.len() - SHOWN);
    }
    let _ = writeln!(text, "\n</details>");
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Text as it is: nothing in it is taken for Markdown or HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '@' => {
                escaped.push('\\');
                escaped.push(character);
            }
            other => escaped.push(other),
        }
    }
    escaped
}

/// Text in a span of code, on one line; a fence longer than any in the text keeps it closed.
fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if text.starts_with('`') || text.ends_with('`') {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn findings_and_errors_are_a_list() {
        insta::assert_snapshot!(sample::with(markdown));
    }

    #[test]
    fn text_of_the_user_stays_text() {
        assert_eq!(escaped("a|b <script> [x](y) _z_"), r"a\|b &lt;script&gt; \[x\](y) \_z\_");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("a\nb"), "`a b`");
    }
}
