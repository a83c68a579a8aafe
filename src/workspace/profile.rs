//! `.databrickscfg`: named profiles of addresses and credentials, as the Databricks CLI and SDKs write them.

use indexmap::IndexMap;
use secrecy::SecretString;

/// A parsed `.databrickscfg`. Values may be secrets and are held as such.
#[derive(Debug, Clone, Default)]
pub struct ProfileFile {
    profiles: IndexMap<String, Profile>,
    settings: Profile,
}

/// The keys of one section, in lower case, each with its line.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    keys: IndexMap<String, ProfileValue>,
}

/// One value of a profile.
#[derive(Debug, Clone)]
pub struct ProfileValue {
    /// The value, unquoted, without comment.
    pub text: SecretString,
    /// The line it stands on, counted from 1.
    pub line: usize,
}

/// A line that is neither section, key, comment nor blank.
///
/// The text of the line is not repeated: a broken line may well be half a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ProfileFileError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// The section that holds settings of the tools rather than a profile.
const SETTINGS: &str = "__settings__";

/// Keys before the first section belong to this profile.
pub(crate) const DEFAULT: &str = "DEFAULT";

impl ProfileFile {
    /// Parses the text of the file by the rules of the Go SDK: `#` and `;` start a comment at the start of a line or
    /// after white space, quotes around a value are dropped, the last of two equal keys counts, sections of one name
    /// are one profile, and nothing is inherited from `[DEFAULT]`.
    ///
    /// # Errors
    /// The first line that cannot be read.
    pub fn parse(text: &str) -> Result<Self, ProfileFileError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut file = Self::default();
        let mut section = DEFAULT.to_owned();
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(rest) = line.strip_prefix('[') {
                let Some((name, _)) = rest.rsplit_once(']') else {
                    return Err(ProfileFileError { line: number, problem: "section without closing `]`" });
                };
                let name = name.trim();
                if name.is_empty() {
                    return Err(ProfileFileError { line: number, problem: "section without a name" });
                }
                section = name.to_owned();
                file.section(&section);
                continue;
            }
            let Some((key, value)) = line.split_once(['=', ':']) else {
                return Err(ProfileFileError {
                    line: number,
                    problem: "expected `key = value` or `[profile]`",
                });
            };
            let key = key.trim().to_lowercase();
            if key.is_empty() {
                return Err(ProfileFileError { line: number, problem: "value without a key" });
            }
            let text = unquoted(without_comment(value.trim()));
            file.section(&section)
                .keys
                .insert(key, ProfileValue { text: SecretString::from(text.to_owned()), line: number });
        }
        Ok(file)
    }

    /// The profile of this name, where it has at least one key. `__settings__` is none.
    #[must_use]
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.get(name).filter(|profile| !profile.keys.is_empty())
    }

    /// All profiles that have keys, in the order of the file.
    pub fn profiles(&self) -> impl Iterator<Item = (&str, &Profile)> {
        self.profiles
            .iter()
            .filter(|(_, profile)| !profile.keys.is_empty())
            .map(|(name, profile)| (name.as_str(), profile))
    }

    /// `default_profile` of `[__settings__]`.
    #[must_use]
    pub fn default_profile(&self) -> Option<&str> {
        self.settings.get("default_profile")
    }

    fn section(&mut self, name: &str) -> &mut Profile {
        if name == SETTINGS { &mut self.settings } else { self.profiles.entry(name.to_owned()).or_default() }
    }
}

impl Profile {
    /// The value of a key, where it is there and not empty.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        use secrecy::ExposeSecret;
        self.keys.get(key).map(|value| value.text.expose_secret()).filter(|text| !text.is_empty())
    }

    /// All keys with their values, in the order of the file.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &ProfileValue)> {
        self.keys.iter().map(|(key, value)| (key.as_str(), value))
    }
}

/// A value up to its comment. A `#` or `;` inside a word belongs to the word: tokens may contain them.
fn without_comment(value: &str) -> &str {
    if let Some(quote) = value.chars().next().filter(|first| matches!(first, '"' | '\'' | '`'))
        && let Some(end) = value[1..].find(quote)
    {
        return &value[..end + 2];
    }
    if value.starts_with(['#', ';']) {
        return "";
    }
    let mut before_is_space = false;
    for (index, letter) in value.char_indices() {
        if before_is_space && matches!(letter, '#' | ';') {
            return value[..index].trim_end();
        }
        before_is_space = letter.is_whitespace();
    }
    value
}

/// A value without the pair of quotes around it.
fn unquoted(value: &str) -> &str {
    for quote in ['"', '\'', '`'] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> ProfileFile {
        ProfileFile::parse(text).unwrap()
    }

    #[test]
    fn sections_are_profiles_and_nothing_is_inherited() {
        let file = parsed("host = https://a\ntoken = t1\n\n[prod]\nHOST: https://b\n[empty]\n");
        assert_eq!(file.profile("DEFAULT").unwrap().get("token"), Some("t1"));
        assert_eq!(file.profile("prod").unwrap().get("host"), Some("https://b"));
        assert_eq!(file.profile("prod").unwrap().get("token"), None);
        assert!(file.profile("empty").is_none(), "an empty profile is none");
        assert_eq!(file.profiles().map(|(name, _)| name).collect::<Vec<_>>(), ["DEFAULT", "prod"]);
    }

    #[test]
    fn comments_need_a_space_before_them() {
        let profile = parsed(
            "# top\n; too\n[p]\na = x#y;z\nb = x # y\nc = x ; y\nd = \"q # r\" # c\ne = # all\nf = dapi\\temp\\new\n",
        );
        let profile = profile.profile("p").unwrap();
        assert_eq!(profile.get("a"), Some("x#y;z"));
        assert_eq!(profile.get("b"), Some("x"));
        assert_eq!(profile.get("c"), Some("x"));
        assert_eq!(profile.get("d"), Some("q # r"));
        assert_eq!(profile.get("e"), None);
        assert_eq!(profile.get("f"), Some("dapi\\temp\\new"), "a backslash is a backslash");
    }

    #[test]
    fn quotes_around_a_value_are_dropped() {
        let file = parsed("[p]\na = \"x y\"\nb = 'x'\nc = `x`\nd = \"open\ne = it's\n");
        let profile = file.profile("p").unwrap();
        assert_eq!(profile.get("a"), Some("x y"));
        assert_eq!(profile.get("b"), Some("x"));
        assert_eq!(profile.get("c"), Some("x"));
        assert_eq!(profile.get("d"), Some("\"open"));
        assert_eq!(profile.get("e"), Some("it's"));
    }

    #[test]
    fn settings_are_no_profile() {
        let file = parsed("[__settings__]\ndefault_profile = prod\n[prod]\nhost = h\n");
        assert_eq!(file.default_profile(), Some("prod"));
        assert!(file.profile("__settings__").is_none());
    }

    #[test]
    fn the_last_of_equal_keys_counts_and_its_line_is_known() {
        let file = parsed("[p]\ntoken = a\r\n[q]\nx = 1\n[p]\ntoken = b\n");
        let (_, value) = file.profile("p").unwrap().keys().next().unwrap();
        assert_eq!(value.line, 6);
        assert_eq!(file.profile("p").unwrap().get("token"), Some("b"));
    }

    #[test]
    fn errors_name_the_line_and_not_its_text() {
        assert_eq!(
            ProfileFile::parse("[a]\nb = c\nsecret-token\n").unwrap_err().to_string(),
            "line 3: expected `key = value` or `[profile]`"
        );
        assert_eq!(ProfileFile::parse("[a\n").unwrap_err().line, 1);
        assert_eq!(ProfileFile::parse("\n = x\n").unwrap_err().line, 2);
    }

    #[test]
    fn values_do_not_show_in_debug() {
        assert!(!format!("{:?}", parsed("[p]\ntoken = dapi-canary\n")).contains("canary"));
    }
}
