//! The name of a run.

use std::fmt;
use std::str::FromStr;

/// Names a run: when it began, and a few characters that tell it from another of the same second. As text, runs sort by
/// their time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(String);

/// A text that names no run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a run, like 20261122-230501-k3f9x2")]
pub struct RunIdError(String);

/// Characters that are not taken for one another.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const RANDOM: usize = 6;

impl RunId {
    /// Of a run that begins at this time; `random` is any number.
    #[must_use]
    pub fn new(now: jiff::Timestamp, mut random: u64) -> Self {
        let mut text = now.strftime("%Y%m%d-%H%M%S-").to_string();
        for _ in 0..RANDOM {
            text.push(char::from(ALPHABET[usize::try_from(random % 32).unwrap_or_default()]));
            random /= 32;
        }
        Self(text)
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for RunId {
    type Err = RunIdError;

    fn from_str(text: &str) -> Result<Self, RunIdError> {
        let parts: Vec<&str> = text.split('-').collect();
        let digits =
            |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_one = matches!(parts.as_slice(), [day, time, random]
            if digits(day, 8)
                && digits(time, 6)
                && random.len() == RANDOM
                && random.bytes().all(|byte| ALPHABET.contains(&byte)));
        if is_one { Ok(Self(text.to_owned())) } else { Err(RunIdError(text.chars().take(100).collect())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_sort_by_their_time() {
        let at = |seconds, random| RunId::new(jiff::Timestamp::from_second(seconds).unwrap(), random);
        let first = at(1_795_388_701, u64::MAX);
        assert_eq!(first.as_str(), "20261122-230501-999999");
        assert!(first < at(1_795_388_702, 0));
        assert_eq!(first.as_str().parse(), Ok(first));
    }

    #[test]
    fn other_text_is_no_run() {
        for text in ["", "x", "../20261122-230501-999999", "20261122-230501-99999", "20261122-230501-99999_"]
        {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }
}
