//! The `${a.b[0].c}` that a string may hold.

/// One step of the path of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// A reference inside a string: where it stands, and its path without `${` and `}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reference<'text> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) path: &'text str,
}

impl Reference<'_> {
    /// The path in steps.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for part in self.path.split('.') {
            let (key, indices) = part.split_once('[').unwrap_or((part, ""));
            steps.push(Step::Key(key.to_owned()));
            for index in indices.split('[').filter(|index| !index.is_empty()) {
                steps.push(Step::Index(index.trim_end_matches(']').parse().unwrap_or(usize::MAX)));
            }
        }
        steps
    }
}

/// Every reference of a string, from left to right. Text that only looks like one is ordinary text.
pub(super) fn find(text: &str) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("${") {
        let start = from + at;
        match path_length(&text[start + 2..]) {
            Some(length) => {
                let end = start + 2 + length + 1;
                found.push(Reference { start, end, path: &text[start + 2..end - 1] });
                from = end;
            }
            None => from = start + 2,
        }
    }
    found
}

/// The reference that a string is, with nothing before or behind it.
pub(super) fn whole(text: &str) -> Option<Reference<'_>> {
    if !text.starts_with("${") || !text.ends_with('}') {
        return None;
    }
    find(text).into_iter().next().filter(|reference| reference.start == 0 && reference.end == text.len())
}

/// The length of a path that a `}` follows: `SEG(\.SEG(\[N\])*)*(\[N\])*`, where a segment begins with a letter and
/// ends with a letter or digit.
fn path_length(text: &str) -> Option<usize> {
    let mut at = segment_length(text)?;
    let mut first = true;
    let mut first_indexed = false;
    loop {
        match text[at..].chars().next()? {
            '}' => return Some(at),
            '.' if !first_indexed => {
                at += 1;
                at += segment_length(&text[at..])?;
                first = false;
            }
            '[' => {
                let digits = text[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
                at += 1 + digits;
                if digits == 0 || !text[at..].starts_with(']') {
                    return None;
                }
                at += 1;
                // An index behind the very first segment ends the path.
                first_indexed |= first;
            }
            _ => return None,
        }
    }
}

/// `LETTER+([-_]*[LETTER DIGIT]+)*`
fn segment_length(text: &str) -> Option<usize> {
    let mut end = 0;
    for (at, character) in text.char_indices() {
        if character.is_alphabetic() || (at > 0 && character.is_numeric()) {
            end = at + character.len_utf8();
        } else if at == 0 || !matches!(character, '-' | '_') {
            break;
        }
    }
    (end > 0).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<&str> {
        find(text).iter().map(|reference| reference.path).collect()
    }

    #[test]
    fn finds_references() {
        assert_eq!(paths("${a}"), ["a"]);
        assert_eq!(paths("x${a.b-c.d_1}y${e.f[0].g[1][2]}"), ["a.b-c.d_1", "e.f[0].g[1][2]"]);
        assert_eq!(paths("$${var.x}"), ["var.x"]);
        assert_eq!(paths("${${a}}"), ["a"]);
        assert_eq!(paths("${größe.ü1}"), ["größe.ü1"]);
        assert_eq!(paths("${a[0]}"), ["a[0]"]);
    }

    #[test]
    fn leaves_lookalikes() {
        for text in [
            "${ a }",
            "${1a}",
            "${_a}",
            "${a_}",
            "${a:-b}",
            "${a[0].b}",
            "$a",
            "a${b",
            "{{x}}",
            "${}",
            "${a.}",
        ] {
            assert!(find(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn whole_is_the_whole_string() {
        assert!(whole("${a.b}").is_some());
        assert!(whole("${a.b} ").is_none());
        assert!(whole("${a}${b}").is_none());
    }

    #[test]
    fn steps_of_a_path() {
        let steps = whole("${a.b[3].c}").unwrap().steps();
        assert_eq!(
            steps,
            [Step::Key("a".into()), Step::Key("b".into()), Step::Index(3), Step::Key("c".into())]
        );
    }
}
