//! `$${…}`: text that looks like a reference and is none, since version 1.15 of the CLI.
//!
//! Such text must survive several rounds of resolving. So it is hidden behind a mark that no reference contains, and
//! shown again when the last reference is resolved.

use serde_json::Value as Json;

use super::constraint::is_at_least;
use super::reference;
use super::value::{Kind, Value};

/// Stands for `${` while references are resolved; from the private use area of Unicode.
const MARK: &str = "\u{e0db}{";

/// Whether a CLI knows the escape. An older one puts the value behind the first dollar sign.
pub(super) fn is_known_to(cli_version: &str) -> bool {
    is_at_least(cli_version, 1, 15)
}

/// Hides every escaped reference.
pub(super) fn hide(value: &mut Value) {
    match &mut value.kind {
        Kind::String(text) if text.contains("$${") => *text = hidden(text),
        Kind::Sequence(items) => items.iter_mut().for_each(hide),
        Kind::Map(map) => map.values_mut().for_each(|entry| hide(&mut entry.value)),
        _ => {}
    }
}

fn hidden(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut from = 0;
    for reference in reference::find(text) {
        if text[from..reference.start].ends_with('$') {
            result.push_str(&text[from..reference.start - 1]);
            result.push_str(MARK);
            from = reference.start + 2;
        }
    }
    result.push_str(&text[from..]);
    result
}

/// Shows hidden references as the text that they are.
pub(super) fn show(value: &mut Json) {
    match value {
        Json::String(text) if text.contains(MARK) => *text = text.replace(MARK, "${"),
        Json::Array(items) => items.iter_mut().for_each(show),
        Json::Object(fields) => fields.values_mut().for_each(show),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn escaped_references_are_text() {
        let mut value = Value::from_json(json!({"a": ["$${var.x} ${var.y} $${ z }"]}));
        hide(&mut value);
        let text = value.get("a").unwrap().to_json()[0].as_str().unwrap().to_owned();
        assert_eq!(reference::find(&text).iter().map(|found| found.path).collect::<Vec<_>>(), ["var.y"]);
        let mut json = value.to_json();
        show(&mut json);
        assert_eq!(json, json!({"a": ["${var.x} ${var.y} $${ z }"]}));
    }

    #[test]
    fn older_versions_do_not_know_it() {
        assert!(is_known_to("1.15.0") && is_known_to("2.0.0"));
        assert!(!is_known_to("1.14.9"));
    }
}
