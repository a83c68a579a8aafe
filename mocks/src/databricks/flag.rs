//! Flags as the CLI reads them: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-qq`.

use std::collections::BTreeMap;

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    /// Nothing, and it may be repeated to mean more.
    Count,
    Text,
    /// Comma-separated texts; may be repeated.
    List,
}

/// A flag that a command knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flag {
    pub(super) name: &'static str,
    pub(super) short: Option<char>,
    pub(super) takes: Takes,
    /// One line for the help; empty hides the flag.
    pub(super) help: &'static str,
}

/// Declares a flag.
pub(super) const fn flag(name: &'static str, short: Option<char>, takes: Takes, help: &'static str) -> Flag {
    Flag { name, short, takes, help }
}

/// What the command line said.
#[derive(Debug, Default)]
pub(super) struct Given {
    texts: BTreeMap<&'static str, Vec<String>>,
    counts: BTreeMap<&'static str, u8>,
    pub(super) words: Vec<String>,
}

impl Given {
    pub(super) fn has(&self, name: &str) -> bool {
        self.count(name) > 0
    }

    pub(super) fn count(&self, name: &str) -> u8 {
        self.counts.get(name).copied().unwrap_or_default()
    }

    /// The last value of a flag.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.texts.get(name)?.last().cloned()
    }

    /// All values of a flag, split at commas.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        self.texts.get(name).into_iter().flatten().flat_map(|text| split_csv(text)).collect()
    }

    fn add(&mut self, flag: &Flag, value: Option<String>) -> Result<(), String> {
        match (flag.takes, value) {
            (Takes::Nothing, value) => {
                let on = match value.as_deref() {
                    None | Some("true" | "True" | "TRUE" | "t" | "T" | "1") => 1,
                    Some("false" | "False" | "FALSE" | "f" | "F" | "0") => 0,
                    Some(other) => {
                        return Err(format!(
                            "invalid argument \"{other}\" for \"{}\" flag: strconv.ParseBool: parsing \"{other}\": invalid syntax",
                            flag.shown()
                        ));
                    }
                };
                self.counts.insert(flag.name, on);
            }
            (Takes::Count, _) => {
                let count = self.counts.entry(flag.name).or_default();
                *count = count.saturating_add(1);
            }
            (Takes::Text | Takes::List, value) => {
                self.texts.entry(flag.name).or_default().push(value.unwrap_or_default());
            }
        }
        Ok(())
    }
}

impl Flag {
    fn shown(&self) -> String {
        match self.short {
            Some(short) => format!("-{short}, --{}", self.name),
            None => format!("--{}", self.name),
        }
    }

    fn needs_value(&self) -> bool {
        matches!(self.takes, Takes::Text | Takes::List)
    }
}

/// Reads arguments by the flags that are known.
pub(super) fn read(arguments: &[String], known: &[Flag]) -> Result<Given, String> {
    let mut given = Given::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--" {
            given.words.extend(rest.by_ref().cloned());
        } else if let Some(long) = argument.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            let flag = known
                .iter()
                .find(|flag| flag.name == name)
                .ok_or_else(|| format!("unknown flag: --{name}"))?;
            let value = match value {
                None if flag.needs_value() => {
                    Some(rest.next().ok_or_else(|| format!("flag needs an argument: --{name}"))?.clone())
                }
                value => value,
            };
            given.add(flag, value)?;
        } else if argument.len() > 1 && argument.starts_with('-') {
            for (at, letter) in argument[1..].char_indices() {
                let flag = known
                    .iter()
                    .find(|flag| flag.short == Some(letter))
                    .ok_or_else(|| format!("unknown shorthand flag: '{letter}' in {argument}"))?;
                if !flag.needs_value() {
                    given.add(flag, None)?;
                    continue;
                }
                let tail = &argument[1 + at + letter.len_utf8()..];
                let value = match tail.strip_prefix('=').unwrap_or(tail) {
                    "" => rest
                        .next()
                        .ok_or_else(|| format!("flag needs an argument: '{letter}' in {argument}"))?
                        .clone(),
                    tail => tail.to_owned(),
                };
                given.add(flag, Some(value))?;
                break;
            }
        } else {
            given.words.push(argument.clone());
        }
    }
    Ok(given)
}

/// A list as CSV has it: quotes protect commas, two quotes are one.
fn split_csv(text: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    match reader.records().next() {
        Some(Ok(record)) => record.iter().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[Flag] = &[
        flag("target", Some('t'), Takes::Text, ""),
        flag("quiet", Some('q'), Takes::Count, ""),
        flag("strict", None, Takes::Nothing, ""),
        flag("var", None, Takes::List, ""),
    ];

    fn given(line: &str) -> Result<Given, String> {
        read(&line.split(' ').map(str::to_owned).collect::<Vec<_>>(), KNOWN)
    }

    #[test]
    fn flags_in_all_forms() {
        let found = given("a -t prod -qq --strict --var=a=b,c=d --var e=f b -- -x").unwrap();
        assert_eq!(found.text("target").as_deref(), Some("prod"));
        assert_eq!(found.count("quiet"), 2);
        assert!(found.has("strict"));
        assert_eq!(found.list("var"), ["a=b", "c=d", "e=f"]);
        assert_eq!(found.words, ["a", "b", "-x"]);
        assert_eq!(given("-tprod").unwrap().text("target").as_deref(), Some("prod"));
        assert!(!given("--strict=false").unwrap().has("strict"));
    }

    #[test]
    fn quotes_protect_commas() {
        assert_eq!(given("--var=\"k=a,b\"").unwrap().list("var"), ["k=a,b"]);
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(given("--nope").unwrap_err(), "unknown flag: --nope");
        assert_eq!(given("-x").unwrap_err(), "unknown shorthand flag: 'x' in -x");
        assert_eq!(given("--target").unwrap_err(), "flag needs an argument: --target");
        assert!(given("--strict=perhaps").unwrap_err().starts_with("invalid argument"));
    }
}
