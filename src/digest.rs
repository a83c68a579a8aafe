//! Fingerprints of bytes: two things with the same digest are the same.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The SHA-256 of something; written as `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// A text that is no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not `sha256:` and 64 hexadecimal digits")]
pub struct DigestError(String);

const PREFIX: &str = "sha256:";

impl Digest {
    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Of named parts, in their order: no two lists have the same digest because names and contents meet elsewhere.
    #[must_use]
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut hasher = Sha256::new();
        for (name, bytes) in parts {
            for part in [name.as_bytes(), bytes] {
                hasher.update((part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
        }
        Self(hasher.finalize().into())
    }
}

impl Digest {
    /// Of a JSON value, in whatever order its keys stand.
    #[must_use]
    pub fn of_json(value: &Value) -> Self {
        let mut hasher = Sha256::new();
        feed(&mut hasher, value);
        Self(hasher.finalize().into())
    }
}

/// Each value starts with its kind; what has no fixed length says how long it is.
fn feed(hasher: &mut Sha256, value: &Value) {
    let text = |hasher: &mut Sha256, text: &str| {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text);
    };
    match value {
        Value::Null => hasher.update("n"),
        Value::Bool(value) => hasher.update(if *value { "t" } else { "f" }),
        Value::Number(number) => {
            hasher.update("#");
            text(hasher, &number.to_string());
        }
        Value::String(string) => {
            hasher.update("s");
            text(hasher, string);
        }
        Value::Array(items) => {
            hasher.update("[");
            items.iter().for_each(|item| feed(hasher, item));
            hasher.update("]");
        }
        Value::Object(fields) => {
            hasher.update("{");
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(key, _)| *key);
            for (key, value) in fields {
                hasher.update("k");
                text(hasher, key);
                feed(hasher, value);
            }
            hasher.update("}");
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let none = || DigestError(text.chars().take(100).collect());
        let digits = text.strip_prefix(PREFIX).ok_or_else(none)?.as_bytes();
        let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        let mut bytes = [0; 32];
        if digits.len() != bytes.len() * 2 {
            return Err(none());
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = value(pair[0]).ok_or_else(none)? << 4 | value(pair[1]).ok_or_else(none)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_sha_256_as_others_compute_it() {
        let abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of(b"abc").to_string(), abc);
        assert_eq!(abc.parse(), Ok(Digest::of(b"abc")));
        assert_eq!(serde_json::to_string(&Digest::of(b"abc")).unwrap(), format!("\"{abc}\""));
        assert_eq!(serde_json::from_str::<Digest>(&format!("\"{abc}\"")).unwrap(), Digest::of(b"abc"));
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        let signs = format!("{PREFIX}{}", "+1".repeat(32));
        for text in ["", "abc", "sha256:", "sha256:zz", &signs, &format!("{PREFIX}{}", "é".repeat(32))] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_order_of_keys_is_no_difference_and_all_else_is() {
        let digest = |text: &str| Digest::of_json(&serde_json::from_str(text).unwrap());
        let one = r#"{"a": [1, {"b": "x", "c": null}], "d": true}"#;
        assert_eq!(digest(one), digest(r#"{"d": true, "a": [1, {"c": null, "b": "x"}]}"#));
        for other in [
            r#"{"a": [1, {"b": "x"}], "d": true}"#,
            r#"{"a": [{"b": "x", "c": null}, 1], "d": true}"#,
            r#"{"a": [1, {"b": "x", "c": null, "d": true}]}"#,
            r#"{"a": ["1", {"b": "x", "c": null}], "d": true}"#,
            r#"{"a": [1, {"b": "x", "c": null}], "d": false}"#,
        ] {
            assert_ne!(digest(one), digest(other), "{other}");
        }
    }

    #[test]
    fn where_a_part_ends_is_part_of_it() {
        let digest = |parts: &[(&'static str, &'static str)]| {
            Digest::of_parts(parts.iter().map(|(name, text)| (*name, text.as_bytes())))
        };
        assert_eq!(digest(&[("a", "bc")]), digest(&[("a", "bc")]));
        for other in [&[("ab", "c")][..], &[("a", "b"), ("", "c")], &[("", "abc")], &[]] {
            assert_ne!(digest(&[("a", "bc")]), digest(other), "{other:?}");
        }
    }
}
