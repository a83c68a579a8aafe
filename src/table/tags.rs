//! Tags of pipelines, jobs and gateways.

use crate::source::{Cell, Value};
use crate::yaml::read_json;

/// Tags in the user's order.
pub(super) type Tags = Vec<(String, String)>;

/// How many tags the services take.
pub(super) const MAX: usize = 25;

/// Tags from `team=crm,env=prod` (`;` does for `,`), from JSON text, or from a map. Second: keys that were there twice, of
/// which the last holds.
pub(super) fn parse(cell: Cell<'_>) -> Result<(Tags, Vec<String>), String> {
    match cell {
        Cell::Null | Cell::Text("") => Ok((Vec::new(), Vec::new())),
        Cell::Map(entries) => of_entries(entries),
        Cell::Text(text) if text.starts_with(['{', '[']) => match read_json(text).map(Value::from) {
            Ok(Value::Map(entries)) => of_entries(&entries),
            Ok(_) => Err("a JSON object is expected".to_owned()),
            Err(error) => Err(format!("it starts like a JSON object, but {error}")),
        },
        Cell::Text(text) => of_pairs(text),
        Cell::List(_) => Err("a map of names to values is expected, and it is a list".to_owned()),
        Cell::Number(text) => Err(format!("`{text}` has no `=`")),
        Cell::Boolean(flag) => Err(format!("`{flag}` has no `=`")),
    }
}

fn of_entries(entries: &[(String, Value)]) -> Result<(Tags, Vec<String>), String> {
    let mut tags = Vec::new();
    let mut repeated = Vec::new();
    for (key, value) in entries {
        let value = match (value, value.cell().scalar()) {
            (_, Some(text)) => text.to_owned(),
            (Value::Text(_), None) => String::new(),
            (Value::Null, None) => return Err(format!("the value of `{key}` is null")),
            _ => return Err(format!("the value of `{key}` is a list or a map")),
        };
        add(&mut tags, &mut repeated, key, value)?;
    }
    Ok((tags, repeated))
}

fn of_pairs(text: &str) -> Result<(Tags, Vec<String>), String> {
    let mut tags = Vec::new();
    let mut repeated = Vec::new();
    for part in text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()) {
        let Some((key, value)) = part.split_once('=') else {
            return Err(format!("`{part}` has no `=`"));
        };
        add(&mut tags, &mut repeated, key.trim(), value.trim().to_owned())?;
    }
    Ok((tags, repeated))
}

fn add(tags: &mut Tags, repeated: &mut Vec<String>, key: &str, value: String) -> Result<(), String> {
    if key.is_empty() {
        return Err("a tag has no name".to_owned());
    }
    match tags.iter_mut().find(|(present, _)| present == key) {
        Some(present) => {
            repeated.push(key.to_owned());
            present.1 = value;
        }
        None => tags.push((key.to_owned(), value)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(text: &str) -> Vec<(String, String)> {
        parse(Cell::Text(text)).unwrap().0
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn pairs_and_json_are_read() {
        assert_eq!(
            tags("team=crm, env = prod;cost=42"),
            pairs(&[("team", "crm"), ("env", "prod"), ("cost", "42")])
        );
        assert_eq!(tags("q=a=b,empty="), pairs(&[("q", "a=b"), ("empty", "")]));
        assert_eq!(
            tags(r#"{"flag": true, "n": 1, "f": 1.50}"#),
            pairs(&[("flag", "true"), ("n", "1"), ("f", "1.50")])
        );
        assert_eq!(tags(""), []);
    }

    #[test]
    fn what_would_be_dropped_is_refused() {
        for text in
            ["team", "team=a,b,c", r#"{"team":"x""#, r#"["a"]"#, r#"{"z": null}"#, r#"{"a": {"b": 1}}"#, "=x"]
        {
            assert!(parse(Cell::Text(text)).is_err(), "{text}");
        }
        assert_eq!(parse(Cell::Text("a=1,a=2")).unwrap(), (pairs(&[("a", "2")]), vec!["a".to_owned()]));
    }
}
