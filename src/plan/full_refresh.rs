//! Jobs that have tables read again in full at every run.

use serde_json::Value;

use super::bundle_plan::{Action, Node};
use super::comparison::Comparison;

/// What a job is to have read again in full from now on, and did not before.
pub(super) struct FullRefresh<'a> {
    /// `job_sales_01_p01`.
    pub(super) job: &'a str,
    /// The key of the pipeline.
    pub(super) pipeline: &'a str,
    /// Where the job says so, as the CLI writes the path.
    pub(super) path: String,
    tables: Tables<'a>,
}

enum Tables<'a> {
    All,
    Named(Vec<&'a str>),
}

impl FullRefresh<'_> {
    /// Whether it is about the table with this key, `main.bronze.orders`; names may leave catalog and schema out.
    pub(super) fn covers(&self, key: &str) -> bool {
        let Tables::Named(names) = &self.tables else { return true };
        names.iter().any(|name| {
            let name = name.to_lowercase();
            key.strip_suffix(&name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }
}

/// Those of a bundle.
pub(super) fn full_refreshes<'a>(comparison: &Comparison<'a>) -> Vec<FullRefresh<'a>> {
    let mut found = Vec::new();
    for (full, node) in comparison.plan.resources() {
        let Some(job) = full.strip_prefix("resources.jobs.") else { continue };
        if matches!(node.action, Action::Skip | Action::Delete) {
            continue;
        }
        let wanted = node.new_state.as_ref().map(|state| &state.value);
        let there = node.remote_state.as_ref();
        for task in wanted.into_iter().flat_map(tasks) {
            let Some(pipeline) = pipeline(comparison, task) else { continue };
            let name = text(task, "task_key");
            let before = there.into_iter().flat_map(tasks).find(|task| text(task, "task_key") == name);
            let field = |of: &'a Value, field: &str| of.get("pipeline_task").and_then(|task| task.get(field));
            let all = |task: &'a Value| field(task, "full_refresh").and_then(Value::as_bool).unwrap_or(false);
            let named = |task: &'a Value| -> Vec<&'a str> {
                let names = field(task, "full_refresh_selection").and_then(Value::as_array);
                names.into_iter().flatten().filter_map(Value::as_str).collect()
            };
            if before.is_some_and(all) {
                continue;
            }
            let (field, tables) = if all(task) {
                ("full_refresh", Tables::All)
            } else {
                let known = before.map(named).unwrap_or_default();
                let new: Vec<&str> = named(task).into_iter().filter(|name| !known.contains(name)).collect();
                if new.is_empty() {
                    continue;
                }
                ("full_refresh_selection", Tables::Named(new))
            };
            let path = format!("tasks[task_key='{name}'].pipeline_task.{field}");
            found.push(FullRefresh { job, pipeline, path, tables });
        }
    }
    found
}

fn tasks(job: &Value) -> impl Iterator<Item = &Value> {
    job.get("tasks").and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The key of the pipeline that a task starts, by reference or by id.
fn pipeline<'a>(comparison: &Comparison<'a>, task: &Value) -> Option<&'a str> {
    let id = text(task.get("pipeline_task")?, "pipeline_id");
    let named = id.strip_prefix("${resources.pipelines.").and_then(|rest| rest.strip_suffix(".id}"));
    let has_id = |node: &Node| node.remote_state.as_ref().is_some_and(|it| text(it, "pipeline_id") == id);
    comparison.plan.resources().find_map(|(full, node)| {
        let key = full.strip_prefix("resources.pipelines.")?;
        (named == Some(key) || (named.is_none() && has_id(node))).then_some(key)
    })
}
