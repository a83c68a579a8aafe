//! Reads one YAML document into values that know their place.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, Tag};

use super::scalar;
use super::value::{Entry, Kind, Location, Mapping, Value};

/// Deeper documents are refused, so that bad input cannot exhaust the stack.
const MAX_DEPTH: usize = 500;

/// Why a document cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum YamlError {
    #[error("yaml: line {line}: {what}")]
    Syntax { line: usize, what: String },
    #[error("yaml ({{file}}:{line}:{column}): {what}")]
    Content { line: usize, column: usize, what: String },
}

impl YamlError {
    /// The message with the name of the file in it.
    pub(super) fn show(&self, file: &str) -> String {
        self.to_string().replace("{file}", file)
    }
}

/// Reads the first document of `text`; an empty text is null. `file` is the number that locations carry.
pub(super) fn load(text: &str, file: u32) -> Result<Value, YamlError> {
    let mut reader = Reader { parser: Parser::new_from_str(text), file, anchors: HashMap::new() };
    loop {
        match reader.next()? {
            (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
            (Event::StreamEnd | Event::DocumentEnd, at) => {
                return Ok(Value::new(Kind::Null, reader.location(at.start)));
            }
            (event, span) => return reader.node(event, span, 0).map(|(value, _)| value),
        }
    }
}

struct Reader<'input> {
    parser: Parser<'input, StrInput<'input>>,
    file: u32,
    anchors: HashMap<usize, Value>,
}

impl<'input> Reader<'input> {
    fn next(&mut self) -> Result<(Event<'input>, Span), YamlError> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                Err(YamlError::Syntax { line: error.marker().line(), what: error.info().to_owned() })
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn location(&self, at: Marker) -> Location {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Location { file: self.file, line: number(at.line()), column: number(at.col() + 1) }
    }

    /// One value, and whether it was written as an alias.
    fn node(&mut self, event: Event<'input>, span: Span, depth: usize) -> Result<(Value, bool), YamlError> {
        if depth > MAX_DEPTH {
            return Err(content(span.start, "exceeded max depth"));
        }
        let at = self.location(span.start);
        let (value, anchor) = match event {
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned();
                return match value {
                    Some(value) => Ok((value, true)),
                    None => Err(content(span.start, "an alias inside of its own anchor")),
                };
            }
            Event::Scalar(text, style, anchor, tag) => {
                let kind = scalar_kind(text.into_owned(), style, tag.as_deref(), span.start)?;
                (Value::new(kind, at), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                known_tag(tag.as_deref(), "seq", span.start)?;
                (Value::new(Kind::Sequence(self.sequence(depth)?), at), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                known_tag(tag.as_deref(), "map", span.start)?;
                let map = self.mapping(depth)?;
                // A block map has no sign of its own: it begins with its first key.
                let first = map.values().map(|entry| entry.key_at).find(|key| key.file == self.file);
                let at = match first {
                    Some(key) if (key.line, key.column) < (at.line, at.column) || key.line > at.line => key,
                    _ => at,
                };
                (Value::new(Kind::Map(map), at), anchor)
            }
            other => return Err(content(span.start, &format!("unexpected {other:?}"))),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok((value, false))
    }

    fn sequence(&mut self, depth: usize) -> Result<Vec<Value>, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, depth + 1)?.0),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Mapping, YamlError> {
        let mut map = Mapping::new();
        let mut merged: Option<Vec<Mapping>> = None;
        loop {
            let (key, span) = self.next()?;
            let (key, is_merge) = match key {
                Event::MappingEnd => break,
                Event::Scalar(text, style, _, tag) => {
                    let is_merge = text == "<<" && style == ScalarStyle::Plain && tag.is_none();
                    check_key(&text, style, tag.as_deref(), span.start)?;
                    (text.into_owned(), is_merge)
                }
                Event::SequenceStart(..) => return Err(content(span.start, "invalid key tag: !!seq")),
                Event::MappingStart(..) => return Err(content(span.start, "invalid key tag: !!map")),
                Event::Alias(_) => match self.node(key, span, depth + 1)?.0.kind {
                    Kind::String(text) => (text, false),
                    _ => return Err(content(span.start, "invalid key tag: an alias of no string")),
                },
                _ => return Err(content(span.start, "invalid key")),
            };
            let (event, value_span) = self.next()?;
            if is_merge {
                if merged.is_some() {
                    return Err(content(span.start, "merge key appears twice"));
                }
                merged = Some(self.merge_sources(event, value_span, depth)?);
                continue;
            }
            let value = self.node(event, value_span, depth + 1)?.0;
            // A key that was written twice: the last one counts, and nobody is told.
            map.insert(key, Entry { key_at: self.location(span.start), value });
        }
        for source in merged.into_iter().flatten() {
            for (key, entry) in source {
                map.entry(key).or_insert(entry);
            }
        }
        Ok(map)
    }

    /// What `<<` names: an alias of a map, or a list of such.
    fn merge_sources(
        &mut self,
        event: Event<'input>,
        span: Span,
        depth: usize,
    ) -> Result<Vec<Mapping>, YamlError> {
        let wrong = || content(span.start, "map merge requires map or sequence of maps as the value");
        let as_map = |(value, is_alias): (Value, bool)| match value.kind {
            Kind::Map(map) if is_alias => Ok(map),
            _ => Err(wrong()),
        };
        if !matches!(event, Event::SequenceStart(..)) {
            return Ok(vec![as_map(self.node(event, span, depth + 1)?)?]);
        }
        let mut sources = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => break,
                (event, span) => sources.push(as_map(self.node(event, span, depth + 1)?)?),
            }
        }
        // The first of several wins over the later ones, as it is asked first.
        Ok(sources)
    }
}

fn content(at: Marker, what: &str) -> YamlError {
    YamlError::Content { line: at.line(), column: at.col() + 1, what: what.to_owned() }
}

fn known_tag(tag: Option<&Tag>, expected: &str, at: Marker) -> Result<(), YamlError> {
    match tag {
        None => Ok(()),
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == expected => Ok(()),
        Some(tag) => Err(content(at, &format!("unknown tag: {tag}"))),
    }
}

fn scalar_kind(text: String, style: ScalarStyle, tag: Option<&Tag>, at: Marker) -> Result<Kind, YamlError> {
    let Some(tag) = tag else {
        return Ok(if style == ScalarStyle::Plain { scalar::resolve(&text) } else { Kind::String(text) });
    };
    let known = tag.is_yaml_core_schema();
    match (known.then_some(tag.suffix.as_str()), scalar::resolve(&text)) {
        (Some("str"), _) => Ok(Kind::String(text)),
        (Some("int"), kind @ Kind::Int(_))
        | (Some("bool"), kind @ Kind::Bool(_))
        | (Some("null"), kind @ Kind::Null)
        | (Some("timestamp"), kind @ Kind::Time(_))
        | (Some("float"), kind @ Kind::Float(_)) => Ok(kind),
        (Some("float"), Kind::Int(value)) => Ok(Kind::Float(value as f64)),
        (Some("int" | "bool" | "null" | "timestamp" | "float"), _) => {
            Err(content(at, &format!("invalid value for {tag}: {text}")))
        }
        _ => Err(content(at, &format!("unknown tag: {tag}"))),
    }
}

/// Keys are strings; null and `<<` pass too.
fn check_key(text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Marker) -> Result<(), YamlError> {
    let name = match scalar_kind(text.to_owned(), style, tag, at)? {
        Kind::String(_) | Kind::Null => return Ok(()),
        Kind::Int(_) => "!!int",
        Kind::Float(_) => "!!float",
        Kind::Bool(_) => "!!bool",
        Kind::Time(_) => "!!timestamp",
        Kind::Sequence(_) | Kind::Map(_) => "!!map",
    };
    Err(content(at, &format!("invalid key tag: {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_keys_and_values() {
        let value = load("a:\n  b: 1\n  c:\n    - x\nd: {e: 2}\n", 1).unwrap();
        let map = value.as_map().unwrap();
        let a = &map["a"];
        assert_eq!((a.key_at.line, a.key_at.column), (1, 1));
        assert_eq!((a.value.at.line, a.value.at.column), (2, 3));
        let b = &a.value.as_map().unwrap()["b"];
        assert_eq!((b.value.at.line, b.value.at.column), (2, 6));
        assert_eq!((map["d"].value.at.line, map["d"].value.at.column), (5, 4));
    }

    #[test]
    fn the_style_decides_what_a_scalar_is() {
        let value = load("a: 1\nb: \"1\"\nc: '1'\nd: |\n  1\ne: !!str 1\n", 1).unwrap();
        assert_eq!(value.to_json(), serde_json::json!({"a": 1, "b": "1", "c": "1", "d": "1\n", "e": "1"}));
    }

    #[test]
    fn the_last_of_two_equal_keys_counts() {
        assert_eq!(load("a: 1\na: 2\n", 1).unwrap().to_json(), serde_json::json!({"a": 2}));
    }

    #[test]
    fn keys_are_strings() {
        let error = load("a:\n  1: x\n", 1).unwrap_err();
        assert_eq!(error.show("f.yml"), "yaml (f.yml:2:3): invalid key tag: !!int");
        assert!(load("yes: 1\nnull: 2\non: 3\n", 1).is_ok());
        assert!(load("2024-01-01: 1\n", 1).is_err());
    }

    #[test]
    fn aliases_and_merge_keys() {
        let value = load("a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\n", 1).unwrap();
        assert_eq!(value.get("b").unwrap().to_json(), serde_json::json!({"p": 1, "q": 3}));
        assert!(load("b:\n  <<: {p: 1}\n", 1).is_err());
        assert!(load("a: &x [*x]\n", 1).is_err());
    }

    #[test]
    fn bad_input_is_an_error_not_a_panic() {
        assert!(load("bundle:\n\t  name: x\n", 1).is_err());
        assert!(load("a: [", 1).is_err());
        assert!(load("a: !mine x", 1).is_err());
        assert!(load(&"[".repeat(5000), 1).is_err());
        assert_eq!(load("", 1).unwrap().kind, Kind::Null);
    }
}
