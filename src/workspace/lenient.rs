//! Values that services write in more than one way.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A 64-bit number that may come as a number or as decimal text; anything else counts as absent.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::<Value>::deserialize(deserializer)?.as_ref().and_then(as_integer))
}

/// A list that may be absent or `null`.
pub(crate) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}

pub(crate) fn as_integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A path segment, percent-encoded: names with slashes, spaces and letters of any script are legal.
pub(crate) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(byte as char),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    // A segment of dots alone would be taken for a step up.
    if !encoded.is_empty() && encoded.bytes().all(|byte| byte == b'.') {
        encoded.replace('.', "%2E")
    } else {
        encoded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_as_numbers_or_text() {
        #[derive(Deserialize)]
        struct Row {
            #[serde(default, deserialize_with = "integer")]
            n: Option<i64>,
        }
        let read = |text| serde_json::from_str::<Row>(text).unwrap().n;
        assert_eq!(read(r#"{"n":9007199254740993}"#), Some(9_007_199_254_740_993));
        assert_eq!(read(r#"{"n":"9007199254740993"}"#), Some(9_007_199_254_740_993));
        assert_eq!(read(r#"{"n":null}"#), None);
        assert_eq!(read("{}"), None);
        assert_eq!(read(r#"{"n":"x"}"#), None);
    }

    #[test]
    fn segments_are_encoded() {
        assert_eq!(segment("main.sales"), "main.sales");
        assert_eq!(segment("a/b c?é"), "a%2Fb%20c%3F%C3%A9");
        assert_eq!(segment(".."), "%2E%2E");
    }
}
