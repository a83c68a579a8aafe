//! `approvals.yml`: consent that was reviewed and is kept in git.

use std::fmt;

use indexmap::IndexMap;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::consent::{Consent, ConsentKind};
use super::effect::Fate;
use super::field::{FieldDifference, value_text};
use crate::closest::did_you_mean;
use crate::finding::{Finding, Findings, Place};
use crate::settings::{Document, KeySpec, Kind, Reader, map_of};
use crate::yaml::{self, Data, Node};

/// One entry: it covers this change of this thing in this target, and nothing else.
#[derive(Clone, Debug, PartialEq)]
pub struct Approval {
    /// The target.
    pub target: String,
    /// What is consented to.
    pub consent: Consent,
    /// The field whose change makes it necessary; absent where no field does.
    pub field: Option<ApprovedField>,
    /// What may become of the tables; kept where it does not say.
    pub tables: Fate,
    /// Who consented.
    pub who: String,
    /// Why.
    pub why: String,
    /// The last day on which it holds.
    pub until: Date,
    /// Where it stands.
    pub place: Place,
}

/// A change of one field, as the refusal printed it.
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovedField {
    /// Its path.
    pub path: String,
    /// What it was; `null` where it was not set.
    pub old: Value,
    /// What it becomes; `null` where it is no longer set.
    pub new: Value,
}

impl ApprovedField {
    /// Whether it is this change of this field.
    pub(super) fn is(&self, field: &FieldDifference) -> bool {
        self.path == field.path && same(&self.old, field.old.as_ref()) && same(&self.new, field.new.as_ref())
    }
}

/// What is printed without quotes may be written without them, so that `2024` stands for the number and for the text. Of what
/// is not set this is `(none)`, which no text prints as.
fn same(approved: &Value, value: Option<&Value>) -> bool {
    match approved {
        Value::Null => value.is_none_or(Value::is_null),
        Value::String(text) => *text == value_text(value),
        other => Some(other) == value || value_text(Some(other)) == value_text(value),
    }
}

impl fmt::Display for ApprovedField {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} → {}", self.path, value_text(Some(&self.old)), value_text(Some(&self.new)))
    }
}

const KEYS: &[KeySpec] = &[
    KeySpec { name: "target", kind: Kind::Text, doc: "The target it holds for" },
    KeySpec { name: "kind", kind: Kind::Text, doc: "What is consented to" },
    KeySpec { name: "resource", kind: Kind::Text, doc: "The key of the pipeline or gateway" },
    KeySpec { name: "project", kind: Kind::Text, doc: "The project, for `remove` and `older-source`" },
    KeySpec {
        name: "field",
        kind: Kind::Text,
        doc: "The path of the field that changes, as the refusal printed it; none where it printed none",
    },
    KeySpec { name: "old", kind: Kind::Text, doc: "Its old value, as the refusal printed it" },
    KeySpec { name: "new", kind: Kind::Text, doc: "Its new value, as the refusal printed it" },
    KeySpec {
        name: "tables",
        kind: Kind::Text,
        doc: "What becomes of the tables: DROPPED where the refusal printed that, else KEPT, which is the default",
    },
    KeySpec { name: "who", kind: Kind::Text, doc: "Who consents" },
    KeySpec { name: "why", kind: Kind::Text, doc: "Why" },
    KeySpec { name: "until", kind: Kind::Text, doc: "The last day on which it holds, as 2026-12-31" },
];

const FIX: &str = "each entry takes target, kind, resource (or project), field with old and new and tables \
                   where the refusal printed them, who, why and until";

/// Reads the file's text; `shown` is how places name it. What is wrong in it is told all at once.
#[must_use]
pub fn read_approvals(text: &str, shown: &str) -> (Vec<Approval>, Findings) {
    let mut findings = Findings::new();
    let document = Document::File(shown.to_owned());
    let root = match yaml::read(text) {
        Ok(root) => root,
        Err(error) => {
            let finding = Finding::error("TW411", format!("the approvals cannot be read: {}", error.message));
            findings.push(finding.at(document.place(error.mark)).fix("write a list of entries, as YAML"));
            return (Vec::new(), findings);
        }
    };
    let items = match &root.data {
        Data::Null => &[][..],
        Data::List(items) => items,
        _ => {
            let finding = Finding::error("TW411", format!("the approvals are a list, not {}", root.kind()));
            findings.push(finding.at(document.place(root.mark)).fix(FIX));
            return (Vec::new(), findings);
        }
    };
    let mut reader = Reader { document: &document, findings: &mut findings };
    let approvals =
        items.iter().filter_map(|item| Entry::read(&mut reader, item)?.approval(&mut reader)).collect();
    (approvals, findings)
}

/// An entry as it stands there.
struct Entry<'n> {
    node: &'n Node,
    keys: IndexMap<&'static str, &'n Node>,
}

impl<'n> Entry<'n> {
    fn read(reader: &mut Reader<'_>, node: &'n Node) -> Option<Self> {
        if !matches!(node.data, Data::Map(_)) {
            let finding = Finding::error("TW411", format!("an approval is a map, not {}", node.kind()));
            reader.findings.push(finding.at(reader.place(node.mark)).fix(FIX));
            return None;
        }
        Some(Self { node, keys: reader.keys(node, "the approval", KEYS) })
    }

    /// The approval, unless something is wrong with it; every mistake is told, not the first alone.
    fn approval(&self, reader: &mut Reader<'_>) -> Option<Approval> {
        let target = self.required(reader, "target");
        let kind = self.required(reader, "kind").and_then(|name| self.kind(reader, &name));
        let name = self.name(reader);
        let field = self.field(reader);
        let tables = self.tables(reader);
        let who = self.required(reader, "who");
        let why = self.required(reader, "why");
        let until = self.required(reader, "until").and_then(|text| self.date(reader, &text));
        Some(Approval {
            target: target?,
            consent: Consent { kind: kind?, name: name? },
            field: field?,
            tables: tables?,
            who: who?,
            why: why?,
            until: until?,
            place: reader.place(self.node.mark),
        })
    }

    fn text(&self, reader: &mut Reader<'_>, key: &str) -> Option<String> {
        reader.text(self.keys.get(key).copied(), &format!("`{key}`"))
    }

    fn required(&self, reader: &mut Reader<'_>, key: &str) -> Option<String> {
        let text = self.text(reader, key);
        let is_missing =
            self.keys.get(key).is_none_or(|node| matches!(node.data, Data::Null | Data::Text(_)));
        if text.is_none() && is_missing {
            self.wrong(reader, key, format!("the approval lacks `{key}`"));
        }
        text
    }

    fn wrong(&self, reader: &mut Reader<'_>, key: &str, what: String) {
        let mark = self.keys.get(key).map_or(self.node.mark, |node| node.mark);
        reader.findings.push(Finding::error("TW411", what).at(reader.place(mark)).fix(FIX));
    }

    fn kind(&self, reader: &mut Reader<'_>, name: &str) -> Option<ConsentKind> {
        let kind = ConsentKind::of(name);
        if kind.is_none() {
            let hint = did_you_mean(name, ConsentKind::ALL.map(ConsentKind::as_str));
            let known = ConsentKind::names();
            self.wrong(reader, "kind", format!("unknown kind `{name}`, not one of {known}{hint}"));
        }
        kind
    }

    fn name(&self, reader: &mut Reader<'_>) -> Option<String> {
        let (resource, project) = (self.text(reader, "resource"), self.text(reader, "project"));
        match (resource, project) {
            (Some(resource), None) => {
                let key = resource.trim_start_matches("resources.");
                Some(key.strip_prefix("pipelines.").unwrap_or(key).to_owned())
            }
            (None, Some(project)) => Some(project),
            (Some(_), Some(_)) => {
                self.wrong(reader, "project", "the approval names both a resource and a project".to_owned());
                None
            }
            (None, None) => {
                self.wrong(
                    reader,
                    "resource",
                    "the approval names neither `resource` nor `project`".to_owned(),
                );
                None
            }
        }
    }

    /// The outer `None` where it is wrong, the inner one where there is none.
    #[expect(clippy::option_option, reason = "wrong and absent are not the same")]
    fn field(&self, reader: &mut Reader<'_>) -> Option<Option<ApprovedField>> {
        let path = self.text(reader, "field");
        let Some(path) = path else {
            for key in ["old", "new"] {
                if self.keys.contains_key(key) {
                    self.wrong(reader, key, format!("`{key}` is given, and not of which `field`"));
                    return None;
                }
            }
            return Some(None);
        };
        let [old, new] = ["old", "new"].map(|key| {
            let value = self.keys.get(key).map(|node| value(node));
            if value.is_none() {
                self.wrong(
                    reader,
                    key,
                    format!("the approval lacks `{key}`, the value of `{path}`; `null` where it is not set"),
                );
            }
            value
        });
        Some(Some(ApprovedField { path, old: old?, new: new? }))
    }

    fn tables(&self, reader: &mut Reader<'_>) -> Option<Fate> {
        match self.keys.get("tables") {
            None => return Some(Fate::Kept),
            Some(node) if node.data == Data::Null => return Some(Fate::Kept),
            Some(_) => {}
        }
        let text = self.text(reader, "tables").unwrap_or_default();
        let fate = Fate::ALL.into_iter().find(|fate| fate.as_str().eq_ignore_ascii_case(&text));
        if fate.is_none() {
            self.wrong(reader, "tables", format!("`tables` is KEPT or DROPPED, not `{text}`"));
        }
        fate
    }

    fn date(&self, reader: &mut Reader<'_>, text: &str) -> Option<Date> {
        let date = text.parse().ok();
        if date.is_none() {
            self.wrong(reader, "until", format!("`{text}` is no date; write it as 2026-12-31"));
        }
        date
    }
}

fn value(node: &Node) -> Value {
    serde_json::to_value(node.to_value()).unwrap_or(Value::Null)
}

/// Approvals for targets that nobody knows: they cover nothing, ever.
pub fn unknown_targets(approvals: &[Approval], known: &[&str]) -> Vec<Finding> {
    let unknown = approvals.iter().filter(|approval| !known.contains(&approval.target.as_str()));
    unknown
        .map(|approval| {
            let hint = did_you_mean(&approval.target, known.iter().copied());
            let what = format!(
                "the approval of {} is for an unknown target `{}`{hint}",
                approval.consent, approval.target
            );
            Finding::warning("TW413", what)
                .at(approval.place.clone())
                .fix("name a target of the settings, or take the approval out")
        })
        .collect()
}

/// The JSON Schema of `approvals.yml`, made from the keys that its reader knows.
#[must_use]
pub fn approvals_schema() -> Value {
    let mut entry = map_of(KEYS);
    entry["type"] = json!("object");
    entry["required"] = json!(["target", "kind", "who", "why", "until"]);
    entry["oneOf"] = json!([{"required": ["resource"]}, {"required": ["project"]}]);
    entry["dependentRequired"] = json!({"field": ["old", "new"], "old": ["field"], "new": ["field"]});
    let properties = &mut entry["properties"];
    properties["kind"]["type"] = json!("string");
    properties["kind"]["enum"] = json!(ConsentKind::ALL.map(ConsentKind::as_str));
    properties["until"]["type"] = json!("string");
    properties["until"]["format"] = json!("date");
    // Documents write them in small letters.
    properties["tables"]["type"] = json!("string");
    properties["tables"]["enum"] = json!(["KEPT", "DROPPED", "kept", "dropped"]);
    for key in ["old", "new"] {
        properties[key] = json!({"description": properties[key]["description"]});
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tapworks approvals",
        "type": ["array", "null"],
        "items": entry,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "\
- target: prod
  kind: recreate
  resource: gateway_sales_01_g01
  field: gateway_definition.gateway_storage_schema
  old: staging
  new: \"staging_v2\"
  who: ana@example.com
  why: the old schema is full
  until: 2026-12-31
";

    #[test]
    fn an_entry_names_one_change_of_one_thing() {
        let (approvals, findings) = read_approvals(ENTRY, "approvals.yml");
        assert!(findings.is_empty(), "{findings:?}");
        let [approval] = &approvals[..] else { panic!("{approvals:?}") };
        assert_eq!(approval.consent.to_string(), "recreate:gateway_sales_01_g01");
        assert_eq!(
            approval.field.as_ref().unwrap().to_string(),
            "gateway_definition.gateway_storage_schema: staging → staging_v2"
        );
        assert_eq!(approval.until, jiff::civil::date(2026, 12, 31));
        assert_eq!(approval.place.to_string(), "approvals.yml:1:3");
    }

    #[test]
    fn nothing_in_it_is_no_mistake() {
        for text in ["", "# none yet\n", "[]\n"] {
            let (approvals, findings) = read_approvals(text, "approvals.yml");
            assert!(approvals.is_empty() && findings.is_empty(), "{text}: {findings:?}");
        }
    }

    #[test]
    fn every_mistake_is_told_at_its_place() {
        let text = "\
- target: prod
  kind: recrate
  resource: a
  project: b
  old: 1
  until: soon
  whom: ana
  tables: GONE
- just text
- {target: dev, kind: delete, resource: x, who: ana, why: because, until: 2026-12-31}
";
        let (approvals, findings) = read_approvals(text, "approvals.yml");
        let told: Vec<String> = findings
            .sorted()
            .iter()
            .map(|finding| format!("{} {} {}", finding.place.as_ref().unwrap(), finding.rule, finding.what))
            .collect();
        assert_eq!(
            told,
            [
                "approvals.yml:1:3 TW411 the approval lacks `who`",
                "approvals.yml:1:3 TW411 the approval lacks `why`",
                "approvals.yml:2:9 TW411 unknown kind `recrate`, not one of recreate, delete, snapshot, move, remove, \
                 older-source; did you mean `recreate`?",
                "approvals.yml:4:12 TW411 the approval names both a resource and a project",
                "approvals.yml:5:8 TW411 `old` is given, and not of which `field`",
                "approvals.yml:6:10 TW411 `soon` is no date; write it as 2026-12-31",
                "approvals.yml:7:3 TW111 unknown key `whom` in the approval; did you mean `who`?",
                "approvals.yml:8:11 TW411 `tables` is KEPT or DROPPED, not `GONE`",
                "approvals.yml:9:3 TW411 an approval is a map, not text",
            ]
        );
        assert_eq!(approvals.len(), 1, "the entry without a mistake holds");
        for (text, place) in [("a: b\n", "approvals.yml:1:1"), ("- [\n", "approvals.yml:2:1")] {
            let (_, findings) = read_approvals(text, "approvals.yml");
            let places: Vec<_> = findings.iter().map(|f| f.place.as_ref().unwrap().to_string()).collect();
            assert_eq!(places, [place], "{text}");
        }
    }

    #[test]
    fn a_target_that_nobody_knows_is_told() {
        let (approvals, _) = read_approvals(ENTRY, "approvals.yml");
        assert!(unknown_targets(&approvals, &["dev", "prod"]).is_empty());
        let [finding] = &unknown_targets(&approvals, &["prd"])[..] else { panic!() };
        assert!(finding.what.ends_with("unknown target `prod`; did you mean `prd`?"), "{}", finding.what);
    }

    #[test]
    fn the_schema_knows_every_key() {
        let schema = approvals_schema();
        for key in KEYS {
            assert!(schema["items"]["properties"][key.name]["description"].is_string(), "{}", key.name);
        }
        assert_eq!(schema["items"]["properties"]["kind"]["enum"][5], "older-source");
        assert_eq!(schema["items"]["properties"]["tables"]["enum"][1], "DROPPED");
        assert_eq!(schema["items"]["additionalProperties"], false);
    }
}
