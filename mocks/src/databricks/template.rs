//! Text of a resource that refers to other resources.

use serde_json::Value as Json;

use super::desired::target_of;
use super::path::Segment;
use super::reference::{self, Step};

/// Puts what is known in the place of references; nothing where the text stays as it is.
pub(super) fn resolve_text(
    text: &str,
    key: Option<&str>,
    mut known: impl FnMut(&str, &[Step]) -> Option<Json>,
) -> Option<Json> {
    let mut value_of = |reference: reference::Reference<'_>| {
        let steps = reference.steps();
        let (node, field) = target_of(&steps)?;
        known(&node, field)
    };
    if let Some(whole) = reference::whole(text) {
        let value = value_of(whole)?;
        // The API wants ids of jobs as numbers.
        return Some(match (key, value.as_str().and_then(|text| text.parse::<i64>().ok())) {
            (Some("job_id"), Some(number)) => number.into(),
            _ => value,
        });
    }
    let mut result = String::new();
    let mut from = 0;
    let mut any = false;
    for reference in reference::find(text) {
        let part = match value_of(reference)? {
            Json::String(text) => text,
            other => other.to_string(),
        };
        result.push_str(&text[from..reference.start]);
        result.push_str(&part);
        from = reference.end;
        any = true;
    }
    result.push_str(&text[from..]);
    any.then(|| result.into())
}

/// The steps of a reference as a path into JSON.
pub(super) fn segments(steps: &[Step]) -> Vec<Segment> {
    let segment = |step: &Step| match step {
        Step::Key(key) => Segment::Key(key.clone()),
        Step::Index(index) => Segment::Index(*index),
    };
    steps.iter().map(segment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resolved(text: &str, key: &str) -> Option<Json> {
        resolve_text(text, Some(key), |node, field| match (node, field) {
            ("resources.jobs.j", [Step::Key(field)]) if field == "id" => Some(json!("12")),
            ("resources.pipelines.p", [Step::Key(field)]) if field == "name" => Some(json!("pn")),
            _ => None,
        })
    }

    #[test]
    fn what_is_known_is_put_in() {
        assert_eq!(resolved("${resources.jobs.j.id}", "text"), Some(json!("12")));
        assert_eq!(resolved("${resources.jobs.j.id}", "job_id"), Some(json!(12)));
        assert_eq!(resolved("a ${resources.pipelines.p.name}!", "text"), Some(json!("a pn!")));
    }

    #[test]
    fn what_is_not_stays() {
        assert_eq!(resolved("${resources.pipelines.p.id}", "text"), None);
        assert_eq!(resolved("${resources.jobs.j.id} ${resources.pipelines.p.id}", "text"), None);
        assert_eq!(resolved("plain", "text"), None);
    }
}
