//! What names may look like.

use crate::text::is_hidden;

/// The longest name in Unity Catalog and of a resource.
pub(super) const MAX_LENGTH: usize = 255;

/// Why Unity Catalog refuses a name; nothing where it takes it.
pub(super) fn unity_catalog(name: &str) -> Option<String> {
    if let Some(c) = name.chars().find(|c| matches!(c, '.' | ' ' | '/')) {
        return Some(match c {
            ' ' => "there is a blank in it".to_owned(),
            c => format!("there is `{c}` in it"),
        });
    }
    readable(name)
}

/// Why a name cannot be meant, whatever it is of; nothing where it can.
pub(super) fn readable(name: &str) -> Option<String> {
    seen(name).or_else(|| {
        let length = name.chars().count();
        (length > MAX_LENGTH).then(|| format!("it has {length} characters, and {MAX_LENGTH} is the most"))
    })
}

/// Why a text is not what it seems; nothing where all of it is seen.
pub(super) fn seen(text: &str) -> Option<String> {
    text.chars().find(|c| is_hidden(*c)).map(hidden)
}

fn hidden(c: char) -> String {
    let what = if c.is_control() { "a control character" } else { "an invisible character" };
    format!("there is {what} in it (U+{:04X})", u32::from(c))
}

/// The first character that cannot stand in the key of a bundle's resource. A key must match
/// `^[A-Za-z]+([-_]*[A-Za-z0-9]+)*$`; ours start with `pipeline_` and end in a number, so that only the letters between count.
pub(super) fn not_in_a_key(text: &str) -> Option<char> {
    text.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'))
}

/// Why a project's name cannot be the name of a folder and of a bundle.
pub(super) fn project(name: &str) -> Option<String> {
    if matches!(name, "." | "..") {
        return Some("it names a folder relative to another".to_owned());
    }
    // Separators and what Windows refuses; and what the databricks CLI cannot have in the path of a bundle.
    let refused = |c: &char| {
        is_hidden(*c) || matches!(c, '/' | '\\' | ':' | '<' | '>' | '"' | '|' | '?' | '*' | '[' | ']' | '^')
    };
    if let Some(c) = name.chars().find(refused) {
        return Some(if is_hidden(c) { hidden(c) } else { format!("there is `{c}` in it") });
    }
    if name.starts_with('.') {
        return Some("it would be a hidden folder".to_owned());
    }
    if name.ends_with('.') {
        return Some("a folder's name cannot end in a dot everywhere".to_owned());
    }
    // Room for the suffix of a second bundle, `_b02`.
    (name.len() > MAX_LENGTH - 4)
        .then(|| format!("it has {} bytes, and {} is the most", name.len(), MAX_LENGTH - 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unity_catalog_names() {
        for name in ["orders", "café", "顧客", "a-b", &"t".repeat(255)] {
            assert_eq!(unity_catalog(name), None, "{name}");
        }
        for name in ["a.b", "a b", "a/b", "a\tb", "a\u{7f}", "a\u{202e}b", "a\u{200b}", &"t".repeat(256)] {
            assert!(unity_catalog(name).is_some(), "{name}");
        }
    }

    #[test]
    fn projects_stay_inside_the_output_folder() {
        for name in ["crm", "a b", "x.y", "2024"] {
            assert_eq!(project(name), None, "{name}");
        }
        for name in [
            ".",
            "..",
            "../../escaped",
            "/etc",
            "a/b",
            "a\\b",
            "c:",
            ".databricks",
            "a[b]",
            "x.",
            &"p".repeat(252),
        ] {
            assert!(project(name).is_some(), "{name}");
        }
    }
}
