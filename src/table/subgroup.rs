//! Subgroups: text padded to two characters.

/// Padded with zeros to two characters; a sign stays in front.
pub(super) fn padded(text: &str) -> String {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(sign @ ('-' | '+')), None) => format!("{sign}0"),
        (Some(single), None) => format!("0{single}"),
        _ => text.to_owned(),
    }
}

/// The ways to write a subgroup that mean the same.
pub(super) fn forms(text: &str) -> Vec<String> {
    let padded = padded(text);
    let mut forms = Vec::with_capacity(2);
    let mut characters = padded.chars();
    match (characters.next(), characters.next(), characters.next()) {
        (Some('0'), Some(single), None) if !matches!(single, '-' | '+') => forms.push(single.to_string()),
        (Some(sign @ ('-' | '+')), Some('0'), None) => forms.push(sign.to_string()),
        _ => {}
    }
    forms.push(padded);
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_to_two_characters() {
        for (text, expected) in
            [("1", "01"), ("a", "0a"), ("-1", "-1"), ("001", "001"), ("-", "-0"), ("é", "0é"), ("12", "12")]
        {
            assert_eq!(padded(text), expected);
            assert!(forms(text).contains(&text.to_owned()), "{text}");
        }
        assert_eq!(forms("002"), ["002"]);
    }
}
