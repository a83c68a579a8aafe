//! What a deployed resource is: its definition as it was meant, and as the workspace has it.

use serde_json::{Map, Value, json};

use crate::workspace::{Client, Error, Pipeline};

/// What can be read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Pipeline,
    Job,
    /// Of a pipeline or job.
    Permissions,
}

/// Which additions of the workspace count as a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Additions {
    /// None: what was meant has to be there, and that is all.
    Service,
    /// All but those that the CLI ignores too, because it is the service that makes them.
    Foreign,
}

/// Where the CLI keeps the entries of permissions.
const EMBEDDED: &str = "__embed__";

impl Kind {
    /// Of a key in a plan or state; `None` for what tapworks does not read.
    pub(super) fn of(key: &str) -> Option<Self> {
        let parts: Vec<&str> = key.split('.').collect();
        match parts.as_slice() {
            ["resources", "pipelines", _] => Some(Self::Pipeline),
            ["resources", "jobs", _] => Some(Self::Job),
            ["resources", "pipelines" | "jobs", _, "permissions"] => Some(Self::Permissions),
            _ => None,
        }
    }

    /// The definition as the workspace has it; `None` where there is no such thing.
    pub(super) async fn read(self, client: &Client, id: &str) -> Result<Option<Value>, Error> {
        Ok(match self {
            Self::Pipeline => client.pipeline(id).await?.map(Pipeline::definition),
            Self::Job => match id.parse() {
                Ok(id) => client.job(id).await?.map(|job| Value::Object(job.settings)),
                Err(_) => None,
            },
            Self::Permissions => client.object_permissions(id).await?.map(|entries| {
                let entries: Vec<Value> = entries
                    .into_iter()
                    .map(|entry| json!({"level": entry.level, entry.kind.as_str(): entry.principal}))
                    .collect();
                json!({EMBEDDED: entries, "object_id": id})
            }),
        })
    }

    /// Whether there is such a pipeline or job; one that the service still shows as deleted is none.
    pub(super) async fn is_there(self, client: &Client, id: &str) -> Result<bool, Error> {
        Ok(match self {
            Self::Pipeline => client
                .pipeline(id)
                .await?
                .is_some_and(|pipeline| pipeline.state.as_deref() != Some("DELETED")),
            Self::Job | Self::Permissions => self.read(client, id).await?.is_some(),
        })
    }

    /// The first place where what is there is not what was meant. Lists are compared by index, those with keys by key.
    pub(super) fn difference(self, meant: &Value, there: &Value, additions: Additions) -> Option<String> {
        // A thing of another name is probably another thing: all that follows from it need not be told.
        if let (Some(meant), Some(there)) = (meant.get("name"), there.get("name"))
            && meant != there
        {
            return Some(format!("its name is {}, not {}", show(there), show(meant)));
        }
        Comparison { kind: self, additions }.first(Some(meant), Some(there), &mut String::new())
    }

    /// Whether the workspace does not give a field back as it was sent.
    fn ignores(self, path: &str) -> bool {
        let fields: &[&str] = match self {
            Self::Pipeline => &[
                "allow_duplicate_names",
                "cascade_on_destroy",
                "deployment.version_id",
                "dry_run",
                "id",
                "ingestion_definition.source_type",
                "run_as",
            ],
            Self::Job => &["deployment.version_id", "id", "run_as"],
            Self::Permissions => &[],
        };
        fields.contains(&path)
    }

    /// Whether the service sets a field that was left open. These are the CLI's rules: another addition is one that its
    /// next plan would take away.
    fn is_of_the_service(self, path: &str, there: &Value) -> bool {
        match self {
            Self::Pipeline => {
                matches!(path, "storage" | "event_log.catalog" | "event_log.schema")
                    || path.strip_prefix("clusters[").and_then(|rest| rest.split_once("].")).is_some_and(
                        |(_, field)| {
                            ["node_type_id", "driver_node_type_id", "enable_local_disk_encryption"]
                                .contains(&field)
                        },
                    )
            }
            Self::Job => {
                matches!(path, "format" | "performance_target")
                    || (path.starts_with("tasks[") && path.ends_with("].run_if") && there == "ALL_SUCCESS")
            }
            Self::Permissions => false,
        }
    }
}

struct Comparison {
    kind: Kind,
    additions: Additions,
}

impl Comparison {
    /// `at` is the path so far; it is as it was afterwards.
    fn first(&self, meant: Option<&Value>, there: Option<&Value>, at: &mut String) -> Option<String> {
        if self.kind.ignores(at) {
            return None;
        }
        match (meant, there) {
            (Some(Value::Object(meant)), Some(Value::Object(there))) => self.fields(meant, there, at),
            (Some(Value::Array(meant)), Some(Value::Array(there))) => self.items(meant, there, at),
            (Some(meant), there) if is_empty(Some(meant)) && is_empty(there) => None,
            (Some(Value::Object(meant)), None) => self.fields(meant, &Map::new(), at),
            (Some(Value::Number(meant)), Some(Value::Number(there))) if meant.as_f64() == there.as_f64() => {
                None
            }
            (Some(meant), Some(there)) if meant == there => None,
            (Some(meant), Some(there)) => Some(format!("{at} is {}, not {}", show(there), show(meant))),
            (Some(meant), None) => Some(format!("{at} is not set, not {}", show(meant))),
            (None, Some(there)) => {
                let counts = self.additions == Additions::Foreign
                    && !is_empty(Some(there))
                    && !self.kind.is_of_the_service(at, there);
                counts.then(|| format!("{at} is {}, not unset", show(there)))
            }
            (None, None) => None,
        }
    }

    fn fields(
        &self,
        meant: &Map<String, Value>,
        there: &Map<String, Value>,
        at: &mut String,
    ) -> Option<String> {
        let added = there.keys().filter(|key| !meant.contains_key(*key));
        let length = at.len();
        meant.keys().chain(added).find_map(|key| {
            if length > 0 {
                at.push('.');
            }
            at.push_str(key);
            let found = self.first(meant.get(key), there.get(key), at);
            at.truncate(length);
            found
        })
    }

    fn items(&self, meant: &[Value], there: &[Value], at: &mut String) -> Option<String> {
        if meant.len() != there.len() {
            return Some(format!("{at} has {} entries, not {}", there.len(), meant.len()));
        }
        let length = at.len();
        let key = key_of(at);
        meant.iter().enumerate().find_map(|(index, item)| {
            let other = match key(item) {
                // Two lists of one length where each of the one is in the other.
                Some(name) => there.iter().find(|other| key(other).as_ref() == Some(&name)),
                None => there.get(index),
            };
            at.push_str(&format!("[{index}]"));
            let found = self.first(Some(item), other, at);
            at.truncate(length);
            found
        })
    }
}

/// What tells the items of the list at this path apart, in whatever order they stand.
fn key_of(path: &str) -> fn(&Value) -> Option<String> {
    fn field(item: &Value, name: &str) -> Option<String> {
        item.get(name).and_then(Value::as_str).map(str::to_owned)
    }
    match path.rsplit('.').next().unwrap_or_default() {
        "tasks" | "depends_on" => |item| field(item, "task_key"),
        "job_clusters" => |item| field(item, "job_cluster_key"),
        "environments" => |item| field(item, "environment_key"),
        "parameters" if path == "parameters" => |item| field(item, "name"),
        EMBEDDED => |item| {
            ["user_name", "group_name", "service_principal_name"]
                .iter()
                .find_map(|kind| Some(format!("{kind} {}", field(item, kind)?)))
        },
        _ => |_| None,
    }
}

/// A field that says nothing is as good as none.
fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => true,
        Some(Value::Bool(true)) => false,
        Some(Value::Number(number)) => number.as_f64() == Some(0.0),
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(fields)) => fields.is_empty(),
    }
}

/// A value in a message, where it is long its beginning.
fn show(value: &Value) -> String {
    const MOST: usize = 200;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Puts ids in the place of `${resources.<kind>.<key>.id}`, as the CLI does once they are known.
pub(super) fn resolve_ids<'a>(value: &mut Value, id: &impl Fn(&str) -> Option<&'a str>) {
    match value {
        Value::String(text) if text.contains("${resources.") => *text = resolved(text, id),
        Value::Array(items) => items.iter_mut().for_each(|item| resolve_ids(item, id)),
        Value::Object(fields) => fields.values_mut().for_each(|field| resolve_ids(field, id)),
        _ => {}
    }
}

fn resolved<'a>(text: &str, id: &impl Fn(&str) -> Option<&'a str>) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        let reference = &rest[start..=start + length];
        let known = reference[2..reference.len() - 1].strip_suffix(".id").and_then(id);
        result.push_str(&rest[..start]);
        result.push_str(known.unwrap_or(reference));
        rest = &rest[start + length + 1..];
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipeline(meant: Value, there: Value, additions: Additions) -> Option<String> {
        Kind::Pipeline.difference(&meant, &there, additions)
    }

    #[test]
    fn keys_name_what_can_be_read() {
        for (key, kind) in [
            ("resources.pipelines.a", Some(Kind::Pipeline)),
            ("resources.jobs.a", Some(Kind::Job)),
            ("resources.jobs.a.permissions", Some(Kind::Permissions)),
            ("resources.schemas.a", None),
            ("resources.schemas.a.permissions", None),
            ("resources.pipelines", None),
        ] {
            assert_eq!(Kind::of(key), kind, "{key}");
        }
    }

    #[test]
    fn what_the_service_adds_is_no_difference() {
        let meant = json!({"name": "a", "cascade_on_destroy": true, "continuous": false,
            "ingestion_definition": {"objects": [{"table": {"source_table": "t"}}]}, "clusters": [{"num_workers": 1}]});
        let there = json!({"id": "1", "name": "a", "storage": "dbfs:/x",
            "ingestion_definition": {"objects": [{"table": {"source_table": "t"}}], "source_type": "SQLSERVER"},
            "clusters": [{"num_workers": 1.0, "node_type_id": "m"}]});
        assert_eq!(pipeline(meant.clone(), there.clone(), Additions::Foreign), None);
        let mut edited = there;
        edited["tags"] = json!({"by": "hand"});
        assert_eq!(pipeline(meant.clone(), edited.clone(), Additions::Service), None);
        assert_eq!(
            pipeline(meant, edited, Additions::Foreign).as_deref(),
            Some(r#"tags is {"by":"hand"}, not unset"#)
        );
    }

    #[test]
    fn a_difference_names_its_place() {
        let meant = json!({"name": "a", "serverless": true,
            "ingestion_definition": {"objects": [{"table": {"source_table": "t"}}, {"table": {"source_table": "u"}}]}});
        for (path, value, said) in [
            ("/name", json!("b"), r#"its name is "b", not "a""#),
            ("/serverless", json!(null), "serverless is null, not true"),
            (
                "/ingestion_definition/objects/1/table/source_table",
                json!("v"),
                r#"ingestion_definition.objects[1].table.source_table is "v", not "u""#,
            ),
            ("/ingestion_definition/objects", json!([]), "ingestion_definition.objects has 0 entries, not 2"),
            (
                "/ingestion_definition",
                json!({}),
                r#"ingestion_definition.objects is not set, not [{"table":{"source_table":"t"}},{"table":{"source_table":"u"}}]"#,
            ),
        ] {
            let mut there = meant.clone();
            *there.pointer_mut(path).unwrap() = value;
            assert_eq!(pipeline(meant.clone(), there, Additions::Service).as_deref(), Some(said));
        }
    }

    #[test]
    fn tasks_and_permissions_have_no_order() {
        let meant = json!({"tasks": [{"task_key": "a", "x": 1}, {"task_key": "b", "x": 2}]});
        let there =
            json!({"tasks": [{"task_key": "b", "x": 2, "run_if": "ALL_SUCCESS"}, {"task_key": "a", "x": 1}]});
        assert_eq!(Kind::Job.difference(&meant, &there, Additions::Foreign), None);
        let other = json!({"tasks": [{"task_key": "b", "x": 3}, {"task_key": "a", "x": 1}]});
        assert_eq!(
            Kind::Job.difference(&meant, &other, Additions::Foreign).as_deref(),
            Some("tasks[1].x is 3, not 2")
        );
        let meant = json!({"__embed__": [{"level": "CAN_RUN", "group_name": "a"}, {"level": "IS_OWNER", "user_name": "u"}]});
        let there = json!({"__embed__": [{"level": "IS_OWNER", "user_name": "u"}, {"level": "CAN_VIEW", "group_name": "a"}]});
        assert_eq!(
            Kind::Permissions.difference(&meant, &there, Additions::Foreign).as_deref(),
            Some(r#"__embed__[0].level is "CAN_VIEW", not "CAN_RUN""#)
        );
    }

    #[test]
    fn references_become_ids() {
        let mut value =
            json!({"a": ["${resources.pipelines.g.id}", "x/${resources.jobs.j.id}/${var.y}"], "b": "${"});
        resolve_ids(&mut value, &|key| (key == "resources.pipelines.g").then_some("1"));
        assert_eq!(value, json!({"a": ["1", "x/${resources.jobs.j.id}/${var.y}"], "b": "${"}));
    }
}
