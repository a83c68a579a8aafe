//! The words of an SQL statement.

use super::sql_error::SqlError;

/// A word with its place in the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Letters, digits, underscores.
    Word(String),
    /// In back-quotes, with doubled ones undone.
    Quoted(String),
    /// In single quotes.
    Text(String),
    Integer(String),
    /// `:name`.
    Parameter(String),
    Symbol(char),
}

impl Token {
    pub(crate) fn is_word(&self, word: &str) -> bool {
        match &self.kind {
            Kind::Word(known) | Kind::Integer(known) => known.eq_ignore_ascii_case(word),
            _ => false,
        }
    }

    pub(crate) fn is_symbol(&self, symbol: char) -> bool {
        self.kind == Kind::Symbol(symbol)
    }
}

/// Splits a statement into its words; comments are dropped.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, SqlError> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let start = at;
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let kind = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if rest.starts_with("--") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        } else if rest.starts_with("/*") {
            at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            continue;
        } else if first == '`' || first == '\'' {
            let Some((value, length)) = quoted(rest, first) else {
                return Err(SqlError::syntax(text, &format!("'{first}'"), start));
            };
            at += length;
            if first == '`' { Kind::Quoted(value) } else { Kind::Text(value) }
        } else if first == ':' && rest[1..].starts_with(is_part) {
            let length = rest[1..].find(|c: char| !is_part(c)).unwrap_or(rest.len() - 1);
            at += 1 + length;
            Kind::Parameter(rest[1..=length].to_owned())
        } else if is_part(first) {
            let length = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
            at += length;
            let word = rest[..length].to_owned();
            if word.bytes().all(|byte| byte.is_ascii_digit()) {
                Kind::Integer(word)
            } else {
                Kind::Word(word)
            }
        } else {
            at += first.len_utf8();
            Kind::Symbol(first)
        };
        out.push(Token { kind, start, end: at });
    }
    Ok(out)
}

/// The value of a quoted word at the start of `text`, and how long it is with its quotes.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
            } else {
                return Some((value, at + c.len_utf8()));
            }
        }
        value.push(c);
    }
    None
}
