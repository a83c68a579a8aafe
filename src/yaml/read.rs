//! The YAML reader: events to values with places. `serde_yaml` gives no places for values, hence the event parser.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use super::node::{Data, Key, MAX_DEPTH, Mark, Node, ReadError};

/// How many values aliases may add up to, so that a small file cannot ask for all memory.
const MAX_ALIASED: usize = 1_000_000;

/// Reads one YAML document.
pub fn read(text: &str) -> Result<Node, ReadError> {
    let mut items = Vec::new();
    let mut mark = Mark { line: 1, column: 1 };
    let root = read_items(text, |list, item| {
        mark = list;
        items.push(item);
    })?;
    Ok(root.unwrap_or(Node { mark, data: Data::List(items) }))
}

/// Reads one YAML document; where it is a list, every item is handed over (with the list's own place) as soon as it is
/// read, so that a long list is never held whole. Any other document is returned.
pub fn read_items(text: &str, mut each: impl FnMut(Mark, Node)) -> Result<Option<Node>, ReadError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: HashMap::new(), aliased: 0 };
    let list = loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd | Event::DocumentEnd => {
                return Ok(Some(Node { mark: Mark { line: 1, column: 1 }, data: Data::Null }));
            }
            Event::SequenceStart(0, _) => break mark_of(span),
            event => {
                let root = reader.node(event, span, 0)?;
                reader.finish()?;
                return Ok(Some(root));
            }
        }
    };
    let mut empty = true;
    loop {
        let (event, span) = reader.next()?;
        if matches!(event, Event::SequenceEnd) {
            break;
        }
        empty = false;
        let item = reader.node(event, span, 1)?;
        each(list, item);
    }
    reader.finish()?;
    Ok(empty.then(|| Node { mark: list, data: Data::List(Vec::new()) }))
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    aliased: usize,
}

fn mark_of(span: Span) -> Mark {
    let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
    let column = u32::try_from(span.start.col() + 1).unwrap_or(u32::MAX);
    Mark { line, column }
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), ReadError> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                let mark = mark_of(Span::empty(*error.marker()));
                Err(ReadError::new(mark, error.info()))
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// Nothing but the end may follow the document.
    fn finish(&mut self) -> Result<(), ReadError> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(()),
                Event::DocumentEnd | Event::Nothing => {}
                _ => {
                    return Err(ReadError::new(
                        mark_of(span),
                        "a second document starts here; only one is read",
                    ));
                }
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, ReadError> {
        let mark = mark_of(span);
        if depth > MAX_DEPTH {
            return Err(ReadError::new(mark, format!("values nest deeper than {MAX_DEPTH} levels")));
        }
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_deref();
                (Node { mark, data: scalar(&text, style, tag) }, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    if matches!(event, Event::SequenceEnd) {
                        break;
                    }
                    items.push(self.node(event, span, depth + 1)?);
                }
                (Node { mark, data: Data::List(items) }, anchor)
            }
            Event::MappingStart(anchor, _) => (self.mapping(mark, depth)?, anchor),
            Event::Alias(anchor) => {
                let Some(target) = self.anchors.get(&anchor) else {
                    return Err(ReadError::new(mark, "this alias stands inside the value it names"));
                };
                self.aliased += count(target);
                if self.aliased > MAX_ALIASED {
                    return Err(ReadError::new(mark, "aliases add up to more than a million values"));
                }
                return Ok(Node { mark, data: target.data.clone() });
            }
            _ => return Err(ReadError::new(mark, "a value is missing here")),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn mapping(&mut self, mark: Mark, depth: usize) -> Result<Node, ReadError> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut merged: Vec<(Key, Node)> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, _) if text == "<<");
            let key_mark = mark_of(span);
            let text = match &event {
                Event::Scalar(text, ..) => text.clone().into_owned(),
                _ => return Err(ReadError::new(key_mark, "a key must be text")),
            };
            if !is_merge {
                self.node(event, span, depth + 1)?;
            }
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            if is_merge {
                merge(value, &mut merged)?;
            } else {
                entries.push((Key { mark: key_mark, text }, value));
            }
        }
        for (key, value) in merged {
            if !entries.iter().any(|(present, _)| present.text == key.text) {
                entries.push((key, value));
            }
        }
        Ok(Node { mark, data: Data::Map(entries) })
    }
}

/// `<<`: the entries of a map, or of a list of maps of which earlier ones win.
fn merge(value: Node, into: &mut Vec<(Key, Node)>) -> Result<(), ReadError> {
    match value.data {
        Data::Map(entries) => {
            for (key, value) in entries {
                if !into.iter().any(|(present, _)| present.text == key.text) {
                    into.push((key, value));
                }
            }
            Ok(())
        }
        Data::List(items) => items.into_iter().try_for_each(|item| merge(item, into)),
        _ => Err(ReadError::new(value.mark, "`<<` takes a map, or a list of maps")),
    }
}

fn count(node: &Node) -> usize {
    1 + match &node.data {
        Data::List(items) => items.iter().map(count).sum(),
        Data::Map(entries) => entries.iter().map(|(_, value)| 1 + count(value)).sum(),
        _ => 0,
    }
}

/// A scalar by the core schema of YAML 1.2: `no` and `off` are text.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Data {
    let tagged_text = tag.is_some_and(|tag| !tag.is_yaml_core_schema() || tag.suffix == "str");
    if style != ScalarStyle::Plain || tagged_text {
        return Data::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Data::Null,
        "true" | "True" | "TRUE" => Data::Boolean(true),
        "false" | "False" | "FALSE" => Data::Boolean(false),
        _ if is_number(text) => Data::Number(text.to_owned()),
        _ => Data::Text(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(hex) = digits.strip_prefix("0x") {
        return !hex.is_empty() && hex.chars().all(|c| c.is_ascii_hexdigit());
    }
    if let Some(octal) = digits.strip_prefix("0o") {
        return !octal.is_empty() && octal.chars().all(|c| matches!(c, '0'..='7'));
    }
    digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.contains(|c: char| c.is_ascii_digit())
        && digits.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn data(text: &str) -> Data {
        read(text).unwrap().data
    }

    #[test]
    fn values_have_their_places() {
        let root = read("targets:\n  dev:\n    host: 'https://h'\nlist: [a, 2]\n").unwrap();
        let host = root.get("targets").and_then(|t| t.get("dev")).and_then(|d| d.get("host")).unwrap();
        assert_eq!(host.mark, Mark { line: 3, column: 11 });
        let Data::List(items) = &root.get("list").unwrap().data else { panic!("no list") };
        assert_eq!(items[1].mark, Mark { line: 4, column: 11 });
        assert_eq!(items[1].data, Data::Number("2".into()));
    }

    #[test]
    fn scalars_follow_the_core_schema_and_numbers_keep_their_text() {
        assert_eq!(data("01"), Data::Number("01".into()));
        assert_eq!(data("1e3"), Data::Number("1e3".into()));
        assert_eq!(data("0x1F"), Data::Number("0x1F".into()));
        assert_eq!(data("off"), Data::Text("off".into()));
        assert_eq!(data("2024_01"), Data::Text("2024_01".into()));
        assert_eq!(data("inf"), Data::Text("inf".into()));
        assert_eq!(data("'true'"), Data::Text("true".into()));
        assert_eq!(data("!!str 5"), Data::Text("5".into()));
        assert_eq!(data("True"), Data::Boolean(true));
        assert_eq!(data("~"), Data::Null);
        assert_eq!(data(""), Data::Null);
        assert_eq!(data("[]"), Data::List(vec![]));
    }

    #[test]
    fn anchors_and_merges_are_applied() {
        let root = read("a: &x {k: 1, l: 2}\nb: {<<: *x, k: 3}\nc: *x\n").unwrap();
        let b = root.get("b").unwrap();
        assert_eq!(b.get("k").and_then(Node::scalar), Some("3"));
        assert_eq!(b.get("l").and_then(Node::scalar), Some("2"));
        assert_eq!(root.get("c").and_then(|c| c.get("k")).and_then(Node::scalar), Some("1"));
    }

    #[test]
    fn bombs_and_depth_are_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..12 {
            let item = format!("*a{}, ", i - 1).repeat(10);
            bomb.push_str(&format!("a{i}: &a{i} [{item}]\n"));
        }
        assert!(read(&bomb).unwrap_err().message.contains("million"));
        assert!(read(&"[".repeat(5_000)).is_err());
        assert!(read("a: 1\n---\nb: 2\n").unwrap_err().message.contains("second document"));
        assert_eq!(read("a: [1\nb: 2").unwrap_err().mark.line, 2);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z:&*<>{}\\[\\],'\" \n#|~!%@-]{0,60}") {
            let _ = read(&text);
        }
    }
}
