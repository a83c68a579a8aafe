//! The YAML writer. `serde_yaml` leaves text plain that the CLI's reader takes for something else (`2024_01` is a number
//! to it, `<<` a merge, `no` a boolean to older readers), so what is written goes through here: text is plain only where no
//! reader of YAML 1.1 or 1.2 can mistake it, and double-quoted otherwise.

use std::fmt::Write as _;

use super::{Mapping, Value};

/// The document as block-style YAML, two blanks a level, a final newline.
#[must_use]
pub fn to_string(document: &Value) -> String {
    let mut out = String::new();
    match document {
        Value::Mapping(mapping) if !mapping.is_empty() => write_mapping(&mut out, mapping, 0),
        Value::Sequence(items) if !items.is_empty() => write_sequence(&mut out, items, 0),
        other => {
            write_scalar(&mut out, other);
            out.push('\n');
        }
    }
    out
}

/// Appends one entry of a mapping that stands `level` levels deep.
pub fn write_entry(out: &mut String, key: &str, value: &Value, level: usize) {
    indent(out, level);
    write_text(out, key);
    out.push(':');
    write_nested(out, value, level + 1);
}

fn write_mapping(out: &mut String, mapping: &Mapping, level: usize) {
    for (index, (key, value)) in mapping.iter().enumerate() {
        if index > 0 {
            indent(out, level);
        }
        write_scalar(out, key);
        out.push(':');
        write_nested(out, value, level + 1);
    }
}

fn write_sequence(out: &mut String, items: &[Value], level: usize) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            indent(out, level);
        }
        out.push('-');
        match item {
            Value::Mapping(mapping) if !mapping.is_empty() => {
                out.push(' ');
                write_mapping(out, mapping, level + 1);
            }
            Value::Sequence(items) if !items.is_empty() => {
                out.push(' ');
                write_sequence(out, items, level + 1);
            }
            scalar => {
                out.push(' ');
                write_scalar(out, scalar);
                out.push('\n');
            }
        }
    }
}

fn write_nested(out: &mut String, value: &Value, level: usize) {
    match value {
        Value::Mapping(mapping) if !mapping.is_empty() => {
            out.push('\n');
            indent(out, level);
            write_mapping(out, mapping, level);
        }
        Value::Sequence(items) if !items.is_empty() => {
            out.push('\n');
            indent(out, level);
            write_sequence(out, items, level);
        }
        scalar => {
            out.push(' ');
            write_scalar(out, scalar);
            out.push('\n');
        }
    }
}

fn indent(out: &mut String, level: usize) {
    for _ in 0..level {
        out.push_str("  ");
    }
}

fn write_scalar(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Value::String(text) => write_text(out, text),
        Value::Sequence(_) => out.push_str("[]"),
        Value::Mapping(_) => out.push_str("{}"),
        Value::Tagged(tagged) => write_scalar(out, &tagged.value),
    }
}

fn write_text(out: &mut String, text: &str) {
    if is_plain(text) {
        out.push_str(text);
    } else {
        write_quoted(out, text);
    }
}

/// Words that some reader takes for a boolean or for nothing, in lower case.
const RESERVED: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

fn is_plain(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-'))
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str())
}

fn write_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Control characters, and those that a reader may take for a line break, a mark or no character at all.
            c if c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') =>
            {
                let code = u32::from(c);
                let _ =
                    if code <= 0xff { write!(out, "\\x{code:02x}") } else { write!(out, "\\u{code:04x}") };
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn strings(texts: &[&str]) -> Value {
        Value::Sequence(texts.iter().map(|text| Value::from(*text)).collect())
    }

    #[test]
    fn ambiguous_text_is_quoted() {
        for text in [
            "2024_01",
            "1_000",
            "08_2024",
            "2024-01-01",
            "12:30:45",
            "yes",
            "No",
            "on",
            "y",
            "<<",
            "=",
            "~",
            "",
        ] {
            assert_eq!(to_string(&strings(&[text])), format!("- \"{text}\"\n"));
        }
        assert_eq!(
            to_string(&strings(&["main", "dbo.Orders", "a-b", "inf", "x1e3"])),
            "- main\n- dbo.Orders\n- a-b\n- inf\n- x1e3\n"
        );
    }

    #[test]
    fn nesting_is_block_style() {
        let value: Value =
            serde_yaml::from_str("{a: {b: [1, {c: d, e: []}], f: {}}, g: null, h: true}").unwrap();
        assert_eq!(
            to_string(&value),
            "a:\n  b:\n    - 1\n    - c: d\n      e: []\n  f: {}\ng: null\nh: true\n"
        );
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[0-9a-fx_.:+-]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Sequence),
                prop::collection::hash_map(any::<String>(), inner, 0..6).prop_map(|map| Value::Mapping(
                    map.into_iter().map(|(k, v)| (Value::from(k), v)).collect()
                )),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_equal(value in any_value()) {
            let text = to_string(&value);
            let back: Value = serde_yaml::from_str(&text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
            prop_assert_eq!(back, value);
        }
    }
}
