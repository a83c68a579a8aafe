//! The walls of the house: which folder may name which.

use std::collections::BTreeMap;
use std::path::Path;

/// Modules from left to right: each may use those to its left. Those of one line do not know each other.
const LAYERS: &[&[&str]] = &[
    &["environment", "event", "files", "interrupt", "text", "closest", "digest"],
    &["finding", "machine", "yaml"],
    &["connector", "workspace"],
    &["source"],
    &["settings"],
    &["table"],
    &["placement"],
    &["bundle", "lock_file"],
    &["base"],
    &["plan"],
    &["preflight"],
    &["desired"],
    &["rebalanced"],
    &["deploy"],
    &["report"],
    &["cli"],
];

/// Modules that judge and never touch anything.
const PURE: &[&str] = &["finding", "connector", "table", "placement", "plan"];
const IMPURE: &[&str] =
    &["std::fs", "std::env::", "std::process", "tokio::", "reqwest", "SystemTime", "Instant::now"];

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push((path.to_str().unwrap().to_owned(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

fn modules() -> Vec<(String, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    found
        .into_iter()
        .map(|(path, text)| {
            let inner = Path::new(&path).strip_prefix(&root).unwrap();
            let module = inner.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
            (module, path, text)
        })
        .filter(|(module, _, _)| module != "lib" && module != "main")
        .collect()
}

#[test]
fn arrows_point_left() {
    let layer: BTreeMap<&str, usize> = LAYERS
        .iter()
        .enumerate()
        .flat_map(|(index, names)| names.iter().map(move |name| (*name, index)))
        .collect();
    let mut wrong = Vec::new();
    for (module, path, text) in modules() {
        let Some(own) = layer.get(module.as_str()) else {
            wrong.push(format!("{path}: module `{module}` has no layer"));
            continue;
        };
        for used in text.split("crate::").skip(1) {
            let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if used == module {
                continue;
            }
            if layer.get(used.as_str()).is_some_and(|other| other >= own) {
                wrong.push(format!("{path}: `{module}` uses `{used}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_judges_touches_nothing() {
    let mut wrong = Vec::new();
    for (module, path, text) in modules() {
        let code = text.split("#[cfg(test)]").next().unwrap_or(&text);
        for word in IMPURE {
            if PURE.contains(&module.as_str()) && code.contains(word) {
                wrong.push(format!("{path}: {word}"));
            }
        }
        if module != "yaml" && code.contains("serde_yaml::") {
            wrong.push(format!("{path}: serde_yaml outside src/yaml"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_that_is_named_is_registered() {
    let mut unknown = Vec::new();
    for (_, path, text) in modules() {
        for (at, _) in text.match_indices("\"TW") {
            let id: String = text[at + 1..].chars().take_while(char::is_ascii_alphanumeric).collect();
            if id.len() == 5 && tapworks::finding::rule(&id).is_none() {
                unknown.push(format!("{path}: {id}"));
            }
        }
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}
