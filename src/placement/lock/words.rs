//! The words of a line: `word`, `"any text"`, `name=word`, `name="any text"`, apart by blanks. Quoted text follows the
//! rules of JSON, so that any name can stand in a line and no name can end one.

use std::borrow::Cow;

/// One word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// What stands before `=`; absent for a word alone.
    pub(super) name: Option<&'a str>,
    /// What it says.
    pub(super) value: Cow<'a, str>,
    /// Where it starts, in characters from 1.
    pub(super) column: u32,
}

/// What is wrong with a line, and where, in characters from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadWord {
    pub(super) column: u32,
    pub(super) what: String,
}

/// The words of a line.
pub(super) fn split(line: &str) -> Result<Vec<Word<'_>>, BadWord> {
    let column =
        |at: usize| u32::try_from(line.get(..at).unwrap_or_default().chars().count() + 1).unwrap_or(u32::MAX);
    let bad = |at: usize, what: &str| BadWord { column: column(at), what: what.to_owned() };
    let mut words = Vec::new();
    let mut at = 0;
    loop {
        let rest = &line[at..];
        let word = rest.trim_start_matches(is_blank);
        let start = at + (rest.len() - word.len());
        if word.is_empty() {
            return Ok(words);
        }
        let plain = word.find(|c| is_blank(c) || matches!(c, '"' | '=')).unwrap_or(word.len());
        let (name, value_at) = match word[plain..].starts_with('=') {
            true => (Some(&word[..plain]), start + plain + 1),
            false => (None, start),
        };
        let text = &line[value_at..];
        let (value, end) = if text.starts_with('"') {
            let mut quoted = serde_json::Deserializer::from_str(text).into_iter::<String>();
            match quoted.next() {
                Some(Ok(value)) => (Cow::Owned(value), value_at + quoted.byte_offset()),
                _ => return Err(bad(value_at, "quoted text is not closed, or not written as in JSON")),
            }
        } else {
            let length = text.find(|c| is_blank(c) || c == '"').unwrap_or(text.len());
            (Cow::Borrowed(&text[..length]), value_at + length)
        };
        if line[end..].starts_with(|c| !is_blank(c)) {
            return Err(bad(end, "a quote stands in the middle of a word"));
        }
        words.push(Word { name, value, column: column(start) });
        at = end;
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// Text as a word: bare where nobody could misread it, else quoted.
pub(super) fn word(text: &str) -> Cow<'_, str> {
    let is_bare = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '$' | '@' | '~');
    if !text.is_empty() && text.chars().all(is_bare) {
        return Cow::Borrowed(text);
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // What an editor, a terminal or a diff shows as something else than one character of a line.
            c if c.is_control() || is_unseen(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    quoted.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    Cow::Owned(quoted)
}

/// Blanks other than the ordinary one, marks without width, and those that turn the direction of text.
fn is_unseen(c: char) -> bool {
    (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(line: &str) -> Vec<(Option<&str>, String)> {
        split(line).unwrap().into_iter().map(|word| (word.name, word.value.into_owned())).collect()
    }

    #[test]
    fn words_are_bare_quoted_or_named() {
        assert_eq!(
            plain(r#"table a.b.c  source="x \"y\" = z" gone	position=3 empty="" "q""#),
            [
                (None, "table".into()),
                (None, "a.b.c".into()),
                (Some("source"), r#"x "y" = z"#.into()),
                (None, "gone".into()),
                (Some("position"), "3".into()),
                (Some("empty"), String::new()),
                (None, "q".into()),
            ]
        );
    }

    #[test]
    fn what_is_no_word_is_told_by_column() {
        for (line, column) in
            [("table \"a", 7), ("é \"a\"b", 6), ("a\"b\"", 2), ("a=\"\\x\"", 3), ("a b=\"\u{1}\"", 5)]
        {
            assert_eq!(split(line).unwrap_err().column, column, "{line}");
        }
    }

    #[test]
    fn names_are_quoted_where_they_must_be() {
        for bare in ["erp.dbo.orders", "café", "顧客", "https://h/x", "a-b_c"] {
            assert_eq!(word(bare), bare);
        }
        for (text, quoted) in [
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("#x", r##""#x""##),
            ("a=b", r#""a=b""#),
            ("<<<<<<<", r#""<<<<<<<""#),
            ("\u{2028}\u{202e}\u{85}\n", r#""\u2028\u202e\u0085\n""#),
        ] {
            assert_eq!(word(text), quoted);
        }
    }
}
