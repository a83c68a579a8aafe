//! What an unquoted scalar means to the CLI's YAML reader.
//!
//! The reader is neither YAML 1.1 nor 1.2: `yes` is text, `0123` is the decimal number 123, `1_000` is a number, and a
//! date keeps its spelling.

use super::value::Kind;

/// Resolves a plain scalar that has no tag.
pub(super) fn resolve(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" => return Kind::Bool(true),
        "false" | "False" | "FALSE" => return Kind::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Kind::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Kind::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Kind::Float(f64::NEG_INFINITY),
        _ => {}
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return Kind::String(text.to_owned());
    }
    if is_time(text) {
        return Kind::Time(text.to_owned());
    }
    let plain = text.replace('_', "");
    if let Some(number) = integer(&plain) {
        return number;
    }
    if is_float(&plain)
        && let Ok(number) = plain.parse()
    {
        return Kind::Float(number);
    }
    Kind::String(text.to_owned())
}

/// A whole number in base ten, or with the prefix `0x`, `0o` or `0b`. Leading zeros mean nothing.
fn integer(text: &str) -> Option<Kind> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.bytes().all(|digit| char::from(digit).is_digit(base)) {
        return None;
    }
    match i64::from_str_radix(digits, base) {
        Ok(value) => Some(Kind::Int(if negative { -value } else { value })),
        // Too large for a whole number: the nearest float, as the reader does.
        Err(_) => digits.parse().ok().map(|value: f64| Kind::Float(if negative { -value } else { value })),
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (number, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number_ok = match number.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(number),
    };
    number_ok && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)))
}

/// `2024-1-2`, or with a time of day behind `T`, `t` or blanks.
fn is_time(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let day_length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (day, rest) = rest.split_at(day_length);
    if year.len() != 4 || !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
        return false;
    }
    let number = |text: &str| text.parse::<u8>().unwrap_or_default();
    if !(1..=12).contains(&number(month)) || !(1..=31).contains(&number(day)) {
        return false;
    }
    rest.is_empty() || is_time_of_day(rest.trim_start_matches(['T', 't', ' ']), rest)
}

fn is_time_of_day(time: &str, whole: &str) -> bool {
    if time.len() == whole.len() {
        return false;
    }
    let clock_length =
        time.bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.')).count();
    let (clock, zone) = time.split_at(clock_length);
    let parts: Vec<_> = clock.split(':').collect();
    parts.len() == 3
        && parts.iter().all(|part| part.starts_with(|first: char| first.is_ascii_digit()))
        && (zone.is_empty() || zone == "Z" || zone.trim_start().starts_with(['+', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(of: &str) -> Option<String> {
        super::super::value::Value::new(resolve(of), Default::default()).scalar_text()
    }

    #[test]
    fn plain_numbers_lose_their_spelling() {
        for (from, to) in [
            ("0123", "123"),
            ("1.10", "1.1"),
            ("2024_01", "202401"),
            ("1e3", "1000"),
            ("0x1F", "31"),
            ("0b11", "3"),
            ("-07", "-7"),
            ("1_000", "1000"),
            (".5", "0.5"),
        ] {
            assert_eq!(text(from).as_deref(), Some(to), "{from}");
        }
    }

    #[test]
    fn words_stay_words() {
        for word in ["yes", "on", "NA", "0x", "1e", "-", "1.2.3", "12:30", "2024-13-01"] {
            assert_eq!(resolve(word), Kind::String(word.to_owned()), "{word}");
        }
    }

    #[test]
    fn dates_keep_their_spelling() {
        for date in ["2024-01-01", "2024-1-2", "2024-01-01T00:00:00Z", "2024-01-01 10:00:00"] {
            assert_eq!(resolve(date), Kind::Time(date.to_owned()), "{date}");
        }
    }

    #[test]
    fn nothing_is_null() {
        for null in ["", "~", "null"] {
            assert_eq!(resolve(null), Kind::Null);
        }
    }
}
