//! SARIF 2.1.0: what code scanning reads.

use serde_json::{Map, Value, json};

use super::run_report::RunReport;
use crate::finding::{Finding, Place, Severity, rules};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// The name by which SARIF calls the root of the checkout; whoever reads the file knows where that is.
const ROOT: &str = "%SRCROOT%";

/// The document.
pub(super) fn sarif(run: &RunReport<'_>) -> Value {
    let notifications: Vec<Value> =
        run.errors.iter().map(|error| json!({"level": "error", "message": {"text": error.text()}})).collect();
    let mut invocation = json!({"executionSuccessful": run.errors.is_empty(), "commandLine": format!("tapworks {}", run.command)});
    if !notifications.is_empty() {
        invocation["toolExecutionNotifications"] = notifications.into();
    }
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "tapworks",
                    "version": env!("CARGO_PKG_VERSION"),
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules().map(|rule| json!({
                        "id": rule.id,
                        "shortDescription": {"text": rule.title},
                        "fullDescription": {"text": rule.explanation},
                        "help": {"text": rule.explanation},
                    })).collect::<Vec<_>>(),
                },
            },
            // What `generate` finds and what `deploy` finds are two lists: one does not close what the other opened.
            "automationDetails": {"id": format!("tapworks/{}/", run.command)},
            "invocations": [invocation],
            // Findings count characters, not UTF-16 code units.
            "columnKind": "unicodeCodePoints",
            "results": run.findings.iter().map(|finding| result(run, finding)).collect::<Vec<_>>(),
        }],
    })
}

fn result(run: &RunReport<'_>, finding: &Finding) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut text = finding.what.clone();
    for (word, part) in [("why", &finding.why), ("fix", &finding.fix)] {
        if !part.is_empty() {
            text.push_str(&format!("\n{word}: {part}"));
        }
    }
    let mut result = json!({"ruleId": finding.rule, "level": level, "message": {"text": text}});
    if let Some(index) = rules().position(|rule| rule.id == finding.rule) {
        result["ruleIndex"] = index.into();
    }
    let location = location(run, finding.place.as_ref());
    if !location.is_empty() {
        result["locations"] = json!([location]);
    }
    if let Some(target) = &finding.target {
        result["properties"] = json!({"target": target});
    }
    result
}

fn location(run: &RunReport<'_>, place: Option<&Place>) -> Map<String, Value> {
    let artifact = |file: &str| {
        run.checkout.path(file).map(|path| {
            let mut artifact = json!({"uri": path.uri()});
            if matches!(path, super::checkout::SourcePath::Inside(_)) {
                artifact["uriBaseId"] = ROOT.into();
            }
            json!({"artifactLocation": artifact})
        })
    };
    let mut location = Map::new();
    let physical = match place {
        Some(Place::File { file, line, column }) => artifact(file).map(|mut physical| {
            physical["region"] = json!({"startLine": line.max(&1), "startColumn": column.max(&1)});
            physical
        }),
        Some(Place::Path { path }) => artifact(path),
        _ => None,
    };
    let is_in_a_file = physical.is_some();
    // GitHub refuses the whole file for one result without a physical location.
    if let Some(physical) = physical.or_else(|| run.settings.and_then(artifact)) {
        location.insert("physicalLocation".to_owned(), physical);
    }
    if let Some(place) = place.filter(|_| !is_in_a_file) {
        location.insert("logicalLocations".to_owned(), json!([logical(place)]));
    }
    location
}

fn logical(place: &Place) -> Value {
    match place {
        Place::Row { table, key, column, .. } => {
            let mut location = json!({
                "name": key,
                "fullyQualifiedName": place.to_string(),
                "kind": "row",
                "properties": {"table": table},
            });
            if let Some(column) = column {
                location["properties"]["column"] = column.as_str().into();
            }
            location
        }
        Place::Resource { key } => json!({"fullyQualifiedName": key, "kind": "resource"}),
        Place::Argument { flag } => json!({"fullyQualifiedName": flag, "kind": "parameter"}),
        Place::File { .. } | Place::Path { .. } => json!({"fullyQualifiedName": place.to_string()}),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::finding::Findings;

    /// The rules are many, grow in number, and are held by a test of their own.
    fn without_rules(mut document: Value) -> Value {
        for result in document["runs"][0]["results"].as_array_mut().unwrap() {
            result["ruleIndex"] = "left out".into();
        }
        document["runs"][0]["tool"]["driver"]["rules"] = "left out".into();
        document["runs"][0]["tool"]["driver"]["version"] = "left out".into();
        document["runs"][0]["tool"]["driver"]["semanticVersion"] = "left out".into();
        document
    }

    #[test]
    fn findings_are_results_and_errors_are_notifications() {
        let document = sample::with(|run| without_rules(sarif(run)));
        insta::assert_snapshot!(serde_json::to_string_pretty(&document).unwrap());
    }

    #[test]
    fn every_result_points_to_its_rule_and_every_rule_is_described() {
        let document = sample::with(sarif);
        let run = &document["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for rule in rules {
            for text in ["shortDescription", "fullDescription", "help"] {
                assert!(rule[text]["text"].as_str().is_some_and(|text| !text.is_empty()), "{rule}");
            }
        }
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
        }
    }

    #[test]
    fn nothing_found_is_an_empty_list_which_is_not_the_same_as_none() {
        let document = sample::of(&Findings::new(), &[], sarif);
        assert_eq!(document["runs"][0]["results"], json!([]));
        assert_eq!(document["runs"][0]["invocations"][0]["executionSuccessful"], true);
    }

    #[test]
    fn without_a_settings_file_a_row_has_no_physical_location() {
        let row = Place::Row { table: "a.b.c".into(), version: None, key: "k".into(), column: None };
        let findings: Findings = [Finding::error("TW201", "x").at(row)].into_iter().collect();
        let document = sample::of(&findings, &[], |run| {
            sarif(&RunReport {
                command: run.command,
                findings: run.findings,
                errors: run.errors,
                document: run.document,
                checkout: run.checkout,
                settings: None,
            })
        });
        let location = &document["runs"][0]["results"][0]["locations"][0];
        assert_eq!(location["physicalLocation"], Value::Null);
        assert_eq!(location["logicalLocations"][0]["fullyQualifiedName"], "a.b.c, row k");
    }
}
