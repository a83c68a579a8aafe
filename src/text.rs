//! Words for people.

use std::borrow::Cow;

/// `1 pipeline`, `2 pipelines`.
#[must_use]
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Whether a character does something to a text without being seen in it: ends it, colours it, turns it round, or makes two
/// names look alike. Such a text is not what it seems.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{fffe}'
                | '\u{ffff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// A value on one line, with escapes for what would not be seen: `x\u{202e}cba`, `a\nb`.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |_| true)
}

/// The same for text of several lines: line ends and tabs stay.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |character| !matches!(character, '\n' | '\t'))
}

fn escaped(text: &str, wanted: impl Fn(char) -> bool) -> Cow<'_, str> {
    let wanted = |character: char| is_hidden(character) && wanted(character);
    if !text.chars().any(wanted) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if wanted(character) {
            escaped.push_str(&shown(character));
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// One such character: `\n`, `\u{202e}`.
fn shown(character: char) -> String {
    match character {
        '\n' | '\r' | '\t' => character.escape_default().to_string(),
        other => other.escape_unicode().to_string(),
    }
}

/// The same for text that we have coloured ourselves: sequences that set a colour stay, all others are shown.
#[must_use]
pub fn printable_with_colours(text: &str) -> Cow<'_, str> {
    const START: &str = "\u{1b}[";
    if !text.contains(START) {
        return printable(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(START) {
        let (before, sequence) = rest.split_at(at);
        out.push_str(&printable(before));
        let parameters =
            sequence[START.len()..].bytes().take_while(|b| b.is_ascii_digit() || *b == b';').count();
        let length = START.len() + parameters;
        if sequence[length..].starts_with('m') {
            out.push_str(&sequence[..=length]);
            rest = &sequence[length + 1..];
        } else {
            out.push_str(&printable(&sequence[..length]));
            rest = &sequence[length..];
        }
    }
    out.push_str(&printable(rest));
    Cow::Owned(out)
}

/// A value for a message: no more than its first characters, on one line.
#[must_use]
pub fn short(text: &str) -> Cow<'_, str> {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}…", visible(&text[..end]))),
        None => visible(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(visible("x\u{202e}cba"), "x\\u{202e}cba");
        assert_eq!(visible("a\nb\t\0\u{1b}[2J"), "a\\nb\\t\\u{0}\\u{1b}[2J");
        assert_eq!(printable("a\nb\tc\rd\u{feff}"), "a\nb\tc\\rd\\u{feff}");
        for text in ["orders", "café", "顧客", "عملاء", "नमस्ते", "👩\u{200d}💻", "a\\b"]
        {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn colours_stay_and_nothing_else_does() {
        let coloured = "\u{1b}[1;31merror\u{1b}[0m: ";
        assert_eq!(printable_with_colours(coloured), coloured);
        assert_eq!(
            printable_with_colours(&format!("{coloured}a\u{1b}[2Jb\u{1b}]0;title\u{7}\u{1b}[\u{1b}[3")),
            format!("{coloured}a\\u{{1b}}[2Jb\\u{{1b}}]0;title\\u{{7}}\\u{{1b}}[\\u{{1b}}[3")
        );
    }

    #[test]
    fn a_long_value_is_cut() {
        assert_eq!(short(&"ü".repeat(80)), "ü".repeat(80));
        assert_eq!(short(&"ü".repeat(81)), format!("{}…", "ü".repeat(80)));
    }
}
