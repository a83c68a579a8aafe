//! Text that the databricks CLI takes for a reference, `${var.x}`, wherever it stands.
//!
//! Its grammar (`libs/dyn/dynvar/ref.go`):
//! `\$\{ ( SEG ( \.SEG (\[[0-9]+\])* )* (\[[0-9]+\])* ) \}` with `SEG = \p{L}+([-_]*[\p{L}\p{N}]+)*`.

use std::borrow::Cow;

/// The first reference in a text, as it stands there.
#[must_use]
pub fn find_reference(text: &str) -> Option<&str> {
    references(text).next().map(|(_, reference)| reference)
}

/// The text with every reference escaped, `$${…}`, as version 1.15 of the CLI and later ones understand it.
#[must_use]
pub fn escape_references(text: &str) -> Cow<'_, str> {
    let mut escaped = String::new();
    let mut done = 0;
    for (start, _) in references(text) {
        escaped.push_str(&text[done..start]);
        escaped.push('$');
        done = start;
    }
    if done == 0 && escaped.is_empty() {
        return Cow::Borrowed(text);
    }
    escaped.push_str(&text[done..]);
    Cow::Owned(escaped)
}

/// The text that [`escape_references`] made this of; nothing where a reference in it is none that was escaped.
#[must_use]
pub fn unescape_references(text: &str) -> Option<Cow<'_, str>> {
    let mut unescaped = String::new();
    let mut done = 0;
    for (start, _) in references(text) {
        unescaped.push_str(text[done..start].strip_suffix('$')?);
        done = start;
    }
    if done == 0 {
        return Some(Cow::Borrowed(text));
    }
    unescaped.push_str(&text[done..]);
    Some(Cow::Owned(unescaped))
}

/// Every reference and where it starts.
fn references(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        while let Some(found) = text.get(from..)?.find("${") {
            let start = from + found;
            from = start + 2;
            if let Some(length) = path_length(&text[from..]) {
                let end = from + length + 1;
                from = end;
                return Some((start, &text[start..end]));
            }
        }
        None
    })
}

/// The length of the path before the closing brace, where this is one.
fn path_length(text: &str) -> Option<usize> {
    let end = text.find('}')?;
    let path = &text[..end];
    let mut segments = path.split('.');
    // The first segment takes no index, unless it is the last too.
    let first = segments.next()?;
    let mut rest = segments.peekable();
    let first_name = if rest.peek().is_none() { without_indexes(first)? } else { first };
    let valid =
        is_segment(first_name) && rest.all(|segment| without_indexes(segment).is_some_and(is_segment));
    valid.then_some(end)
}

/// A segment without the `[0]` behind it.
fn without_indexes(segment: &str) -> Option<&str> {
    let Some(start) = segment.find('[') else { return Some(segment) };
    let mut rest = &segment[start..];
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[')?;
        let end = inner.find(']')?;
        if end == 0 || !inner[..end].bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        rest = &inner[end + 1..];
    }
    Some(&segment[..start])
}

fn is_segment(segment: &str) -> bool {
    segment.starts_with(char::is_alphabetic)
        && segment.ends_with(|c: char| c.is_alphabetic() || c.is_numeric())
        && segment.chars().all(|c| c.is_alphabetic() || c.is_numeric() || matches!(c, '-' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_what_the_cli_takes_for_one() {
        for text in
            ["${a}", "x${var.x}y", "${bundle.name}", "${a.b[0].c}", "${a[0][12]}", "${é-b_2}", "$${a}"]
        {
            assert!(find_reference(text).is_some(), "{text}");
        }
        for text in [
            "${ a }",
            "${1a}",
            "${_a}",
            "${a_}",
            "${a:-b}",
            "${a[0].b}",
            "$a",
            "{{x}}",
            "a$b{c}",
            "${",
            "${}",
            "${a.}",
            "${a[x]}",
            "${a[]}",
        ] {
            assert_eq!(find_reference(text), None, "{text}");
        }
        assert_eq!(find_reference("${ ${a.b} }"), Some("${a.b}"));
    }

    #[test]
    fn escaping_touches_references_alone() {
        assert_eq!(escape_references("a${b}c${ d }${e.f}"), "a$${b}c${ d }$${e.f}");
        assert_eq!(escape_references("plain"), "plain");
        assert_eq!(escape_references("${b}"), "$${b}");
        for text in ["a${b}c${ d }${e.f}", "plain", "${b}", "$${b}$$${c}"] {
            assert_eq!(unescape_references(&escape_references(text)).as_deref(), Some(text));
        }
        assert_eq!(unescape_references("a${b}"), None);
        assert_eq!(unescape_references("${b}"), None);
    }
}
