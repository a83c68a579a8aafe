//! `bundle.databricks_cli_version`: which versions of the CLI a bundle accepts.

/// A constraint that is not met, or is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unmet {
    pub(super) message: String,
    /// Development builds only warn: their number says little.
    pub(super) is_warning: bool,
}

/// Whether `version` satisfies `constraint`.
pub(super) fn check(constraint: &str, version: &str) -> Result<(), Unmet> {
    compare(constraint, version).map_err(|message| Unmet {
        is_warning: version.contains("-dev") && message.contains("not satisfied"),
        message,
    })
}

fn compare(constraint: &str, version: &str) -> Result<(), String> {
    let wrong = || {
        format!(
            "invalid version constraint \"{constraint}\" specified. Please specify the version constraint in the format \
             (>=) 0.0.0(, <= 1.0.0)"
        )
    };
    let rules: Vec<Rule> =
        constraint.split(", ").map(Rule::parse).collect::<Option<_>>().ok_or_else(wrong)?;
    if rules.is_empty() || rules.len() > 2 {
        return Err(wrong());
    }
    let current = Version::parse(version).ok_or_else(|| format!("invalid CLI version {version}"))?;
    if rules.iter().all(|rule| rule.accepts(&current)) {
        return Ok(());
    }
    Err(format!(
        "Databricks CLI version constraint not satisfied. Required: {constraint}, current: {version}"
    ))
}

#[derive(Debug, PartialEq, Eq)]
struct Version {
    numbers: [u64; 3],
    /// How many of the numbers were given; the rest is `*`.
    given: usize,
    pre: Option<String>,
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let text = text.split('+').next()?;
        let (core, pre) = match text.split_once('-') {
            Some((core, pre)) if !pre.is_empty() => (core, Some(pre.to_owned())),
            Some(_) => return None,
            None => (text, None),
        };
        let parts: Vec<&str> = core.split('.').collect();
        let mut version = Version { numbers: [0; 3], given: 0, pre };
        for (index, part) in parts.iter().enumerate() {
            if index > 2 {
                return None;
            }
            if *part == "*" && index == parts.len() - 1 && index > 0 {
                return version.pre.is_none().then_some(version);
            }
            version.numbers[index] = part.parse().ok()?;
            version.given += 1;
        }
        (version.given == 3).then_some(version)
    }

    /// Compares as far as `limit` says something.
    fn compare(&self, limit: &Version) -> std::cmp::Ordering {
        self.numbers[..limit.given].cmp(&limit.numbers[..limit.given]).then_with(|| {
            match (&self.pre, &limit.pre) {
                _ if limit.given < 3 => std::cmp::Ordering::Equal,
                (None, None) => std::cmp::Ordering::Equal,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(left), Some(right)) => left.cmp(right),
            }
        })
    }
}

struct Rule {
    operator: String,
    version: Version,
}

impl Rule {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|character: char| character.is_ascii_digit())?;
        let (operator, version) = text.split_at(digits);
        let operator = operator.strip_suffix(' ').unwrap_or(operator);
        if !["", "=", ">=", "<=", ">", "<", "!="].contains(&operator) {
            return None;
        }
        Some(Self { operator: operator.to_owned(), version: Version::parse(version)? })
    }

    fn accepts(&self, current: &Version) -> bool {
        let order = current.compare(&self.version);
        match self.operator.as_str() {
            ">=" => order.is_ge(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            "<" => order.is_lt(),
            "!=" => order.is_ne(),
            _ => order.is_eq(),
        }
    }
}

/// Whether a version is at least `major.minor`, as features are dated.
pub(super) fn is_at_least(version: &str, major: u64, minor: u64) -> bool {
    Version::parse(version).is_some_and(|version| (version.numbers[0], version.numbers[1]) >= (major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared() {
        for ok in [">= 1.13.0", "1.14.0", "1.14.*", "1.*", ">=1.0.0, < 2.0.0", "!= 1.13.0", "<= 1.14.0"] {
            assert_eq!(check(ok, "1.14.0"), Ok(()), "{ok}");
        }
        for unmet in [">= 99.0.0", "1.13.0", "1.13.*", "< 1.14.0", ">= 1.0.0, < 1.10.0"] {
            let error = check(unmet, "1.14.0").unwrap_err();
            assert!(error.message.contains("not satisfied. Required: "), "{unmet}: {error:?}");
            assert!(!error.is_warning);
        }
        assert!(check(">= 1.14.0", "1.14.0-dev").unwrap_err().is_warning);
    }

    #[test]
    fn nonsense_is_refused() {
        for wrong in ["1.2", "nonsense", "~> 1.2.3", "1.2.3.4", ">= 1.0.0, < 2.0.0, != 1.5.0", ""] {
            assert!(
                check(wrong, "1.14.0").unwrap_err().message.starts_with("invalid version constraint"),
                "{wrong}"
            );
        }
    }
}
