//! The JSON reader: strict JSON to the same values with places as the YAML reader gives. (YAML's reader would do for most
//! JSON, but not for its pairs of `\u` escapes, and it accepts what JSON refuses.)

use super::node::{Data, Key, MAX_DEPTH, Mark, Node, ReadError};

/// Reads one JSON document.
pub fn read_json(text: &str) -> Result<Node, ReadError> {
    let mut reader = JsonReader::new(text);
    let node = reader.value()?;
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.error("something follows the end of the document")),
    }
}

/// Reads JSON values one after the other.
#[derive(Debug)]
pub struct JsonReader<'a> {
    text: &'a str,
    position: usize,
    line: u32,
    line_start: usize,
}

impl<'a> JsonReader<'a> {
    /// At the start of a text; a byte order mark is skipped.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let position = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, position, line: 1, line_start: position }
    }

    /// The first byte of what comes next, blanks skipped; nothing at the end.
    pub fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.position) {
                Some(b' ' | b'\t' | b'\r') => self.position += 1,
                Some(b'\n') => {
                    self.position += 1;
                    self.line = self.line.saturating_add(1);
                    self.line_start = self.position;
                }
                byte => return byte.copied(),
            }
        }
    }

    /// Skips this byte where it comes next.
    pub fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    /// Where the reader stands.
    #[must_use]
    pub fn mark(&self) -> Mark {
        let column = self.text[self.line_start..self.position].chars().count() + 1;
        Mark { line: self.line, column: u32::try_from(column).unwrap_or(u32::MAX) }
    }

    /// An error where the reader stands.
    pub fn error(&mut self, message: &str) -> ReadError {
        ReadError::new(self.mark(), message)
    }

    /// The next value.
    pub fn value(&mut self) -> Result<Node, ReadError> {
        self.nested(0)
    }

    fn nested(&mut self, depth: usize) -> Result<Node, ReadError> {
        let first = self.peek();
        let mark = self.mark();
        if depth > MAX_DEPTH {
            return Err(ReadError::new(mark, format!("values nest deeper than {MAX_DEPTH} levels")));
        }
        let data = match first {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Data::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Data::Boolean(true))?,
            Some(b'f') => self.word("false", Data::Boolean(false))?,
            Some(b'n') => self.word("null", Data::Null)?,
            Some(_) => return Err(self.error("a JSON value is expected here")),
            None => return Err(self.error("the document ends where a value is expected")),
        };
        Ok(Node { mark, data })
    }

    fn map(&mut self, depth: usize) -> Result<Data, ReadError> {
        let mut entries = Vec::new();
        self.skip(b'{');
        if self.skip(b'}') {
            return Ok(Data::Map(entries));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.error("a key in double quotes is expected here"));
            }
            let mark = self.mark();
            let text = self.string()?;
            if !self.skip(b':') {
                return Err(self.error("`:` is expected here"));
            }
            entries.push((Key { mark, text }, self.nested(depth + 1)?));
            if self.skip(b'}') {
                return Ok(Data::Map(entries));
            }
            if !self.skip(b',') {
                return Err(self.error("`,` or `}` is expected here"));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Data, ReadError> {
        let mut items = Vec::new();
        self.skip(b'[');
        if self.skip(b']') {
            return Ok(Data::List(items));
        }
        loop {
            items.push(self.nested(depth + 1)?);
            if self.skip(b']') {
                return Ok(Data::List(items));
            }
            if !self.skip(b',') {
                return Err(self.error("`,` or `]` is expected here"));
            }
        }
    }

    fn string(&mut self) -> Result<String, ReadError> {
        let bytes = self.text.as_bytes();
        let start = self.position;
        let mut end = start + 1;
        let mut escaped = false;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    end += 2;
                }
                Some(0..=0x1f) => {
                    self.position = end;
                    return Err(self.error("a control character must be escaped in JSON text"));
                }
                Some(_) => end += 1,
                None => return Err(self.error("this text is never closed")),
            }
        }
        self.position = end + 1;
        if !escaped {
            return Ok(self.text[start + 1..end].to_owned());
        }
        serde_json::from_str(&self.text[start..=end]).map_err(|_| {
            self.position = start;
            self.error("this text has an escape that JSON does not know")
        })
    }

    fn number(&mut self) -> Result<Data, ReadError> {
        let rest = &self.text[self.position..];
        let length =
            rest.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        let text = &rest[..length];
        if serde_json::from_str::<serde_json::Number>(text).is_err() {
            return Err(self.error("this is no JSON number"));
        }
        self.position += length;
        Ok(Data::Number(text.to_owned()))
    }

    fn word(&mut self, word: &str, data: Data) -> Result<Data, ReadError> {
        if !self.text[self.position..].starts_with(word) {
            return Err(self.error("a JSON value is expected here"));
        }
        self.position += word.len();
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_have_their_places() {
        let root =
            read_json("{\n  \"a\": [1, {\"b\": \"\\ud83d\\ude00\"}],\n  \"é\": \"x\", \"c\": true}").unwrap();
        let Data::List(items) = &root.get("a").unwrap().data else { panic!("no list") };
        assert_eq!(items[1].get("b").unwrap().data, Data::Text("😀".into()));
        assert_eq!(items[1].get("b").unwrap().mark, Mark { line: 2, column: 18 });
        assert_eq!(root.get("c").unwrap().mark, Mark { line: 3, column: 18 });
    }

    #[test]
    fn what_json_refuses_is_refused_where_it_stands() {
        for (text, column) in [
            ("{\"a\": 01}", 7),
            ("{\"a\": 1,}", 9),
            ("[1 2]", 4),
            ("{a: 1}", 2),
            ("\"a\\qb\"", 1),
            ("[1] x", 5),
            ("tru", 1),
            ("", 1),
            ("\"\\", 1),
        ] {
            assert_eq!(read_json(text).unwrap_err().mark, Mark { line: 1, column }, "{text}");
        }
        assert!(read_json(&"[".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json(text in "[\\[\\]{}:,\"\\\\a-eu0-9. \n+-]{0,30}|\\PC{0,20}") {
            let ours = read_json(&text).is_ok();
            let theirs = serde_json::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}')).is_ok();
            prop_assert_eq!(ours, theirs);
        }
    }
}
