//! From a document with places to typed settings: every mistake is a finding at the very value.

use std::num::NonZeroUsize;

use indexmap::IndexMap;

use crate::closest::did_you_mean;
use crate::finding::{Finding, Findings, Place};
use crate::yaml::{Data, Key, Mark, Node};

/// What a document is, for places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    /// A file, as it is shown.
    File(String),
    /// A flag of the command line that holds JSON.
    Flag(&'static str),
}

impl Document {
    pub(crate) fn place(&self, mark: Mark) -> Place {
        match self {
            Self::File(file) => Place::File { file: file.clone(), line: mark.line, column: mark.column },
            Self::Flag(flag) => Place::Argument { flag: (*flag).to_owned() },
        }
    }
}

/// A key that a map may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeySpec {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// One line for people and for the JSON Schema.
    pub(crate) doc: &'static str,
}

/// What a key may hold, for the JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Boolean,
    Count,
    Names,
    Mode,
    Placement,
    Source,
    Assignments,
    Targets,
    Map,
    List,
    Skips,
}

/// Reads values and collects what is wrong with them.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) document: &'a Document,
    pub(crate) findings: &'a mut Findings,
}

impl Reader<'_> {
    pub(crate) fn place(&self, mark: Mark) -> Place {
        self.document.place(mark)
    }

    /// The entries of a map whose keys are known; others and repeated ones are findings, and the last of a key holds.
    pub(crate) fn keys<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &'static [KeySpec],
    ) -> IndexMap<&'static str, &'n Node> {
        let mut found = IndexMap::new();
        for (key, value) in self.entries(node, what) {
            match known.iter().find(|spec| spec.name == key.text) {
                Some(spec) => {
                    found.insert(spec.name, value);
                }
                None if key.text == "$schema" || key.text.starts_with("x-") => {}
                None => self.unknown_key(key, what, known),
            }
        }
        found
    }

    fn unknown_key(&mut self, key: &Key, what: &str, known: &'static [KeySpec]) {
        let names = || known.iter().map(|spec| spec.name);
        let hint = did_you_mean(&key.text, names());
        let fix = if hint.is_empty() {
            format!("remove it; known keys are: {}", names().collect::<Vec<_>>().join(", "))
        } else {
            format!("correct or remove it; known keys are: {}", names().collect::<Vec<_>>().join(", "))
        };
        self.findings.push(
            Finding::error("TW111", format!("unknown key `{}` in {what}{hint}", key.text))
                .at(self.place(key.mark))
                .why("a key that nobody reads is a setting that has no effect")
                .fix(fix),
        );
    }

    /// The entries of a map; repeated keys are findings.
    pub(crate) fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Vec<(&'n Key, &'n Node)> {
        let Data::Map(entries) = &node.data else {
            if node.data != Data::Null {
                self.wrong_type(node, what, "a map");
            }
            return Vec::new();
        };
        for (index, (key, _)) in entries.iter().enumerate() {
            if let Some((first, _)) = entries.iter().take(index).find(|(other, _)| other.text == key.text) {
                self.findings.push(
                    Finding::error(
                        "TW113",
                        format!("key `{}` is there twice; first in line {}", key.text, first.mark.line),
                    )
                    .at(self.place(key.mark))
                    .why("only one of the two can hold, and which one is not said")
                    .fix("remove one of them"),
                );
            }
        }
        entries.iter().map(|(key, value)| (key, value)).collect()
    }

    pub(crate) fn wrong_type(&mut self, node: &Node, what: &str, expected: &str) {
        self.findings.push(
            Finding::error("TW112", format!("{what} must be {expected}, and is {}", node.kind()))
                .at(self.place(node.mark))
                .why("what is meant cannot be told from it")
                .fix(format!(
                    "write {what} as {expected}{}",
                    match expected {
                        "a map" => ", lines of  key: value  below it",
                        "a list" => ", lines of  - value  below it",
                        "text" => ", one value",
                        _ => "",
                    }
                )),
        );
    }

    /// Text, trimmed; blank is absent.
    pub(crate) fn text(&mut self, node: Option<&Node>, what: &str) -> Option<String> {
        let node = node?;
        match node.scalar() {
            Some(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            None => {
                if node.data != Data::Null {
                    self.wrong_type(node, what, "text");
                }
                None
            }
        }
    }

    pub(crate) fn boolean(&mut self, node: Option<&Node>, what: &str) -> Option<bool> {
        let node = node?;
        match &node.data {
            Data::Boolean(flag) => Some(*flag),
            Data::Null => None,
            Data::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Data::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => {
                self.wrong_type(node, what, "true or false");
                None
            }
        }
    }

    /// A whole number from 1.
    pub(crate) fn count(&mut self, node: Option<&Node>, what: &str) -> Option<NonZeroUsize> {
        let node = node?;
        if node.data == Data::Null {
            return None;
        }
        let text = node.scalar().unwrap_or_default().trim();
        let number = text.parse::<i64>();
        match number.as_ref().ok().and_then(|n| usize::try_from(*n).ok()).and_then(NonZeroUsize::new) {
            Some(number) => Some(number),
            None => {
                self.findings.push(bad_count(
                    what,
                    node.scalar().unwrap_or(node.kind()),
                    self.place(node.mark),
                ));
                None
            }
        }
    }

    /// A map from names to names.
    pub(crate) fn names(&mut self, node: Option<&Node>, what: &str) -> IndexMap<String, String> {
        let Some(node) = node else { return IndexMap::new() };
        let mut names = IndexMap::new();
        for (key, value) in self.entries(node, what) {
            if let Some(name) = self.text(Some(value), &format!("{what}.{}", key.text)) {
                names.insert(key.text.trim().to_owned(), name);
            }
        }
        names
    }
}

/// The finding of a limit that is no number from 1.
pub(crate) fn bad_count(what: &str, value: &str, place: Place) -> Finding {
    let is_large =
        value.len() > 1 && value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    Finding::error("TW114", format!("{what} must be a whole number from 1, and is {value}"))
        .at(place)
        .why(if is_large {
            "it is larger than any number of tables"
        } else {
            "a limit that is no number, or below 1, leaves no place for any table"
        })
        .fix(format!("set {what} to the number of tables that may stand together, or leave it out for 250"))
}
