//! Versions of the `databricks` CLI and the constraint that a bundle puts on them (`bundle.databricks_cli_version`).

use semver::Version;

/// Reads `databricks version -o json` and the text that older releases print.
#[must_use]
pub fn parse_version(output: &str) -> Option<Version> {
    let text = serde_json::from_str::<serde_json::Value>(output)
        .ok()
        .and_then(|value| value.get("Version").and_then(|version| version.as_str()).map(str::to_owned))
        .or_else(|| output.split_whitespace().last().map(str::to_owned))?;
    Version::parse(text.trim_start_matches('v')).ok()
}

/// Whether a version meets a constraint: `[op ]version[, op version]`, with `>= <= > < !=` or none for exactly this one,
/// and `1.2.*` or `1.*` for any below. `None` where the constraint is none.
#[must_use]
pub fn meets(version: &Version, constraint: &str) -> Option<bool> {
    let mut all = true;
    for part in constraint.split(',') {
        all &= meets_one(version, part.trim())?;
    }
    Some(all)
}

fn meets_one(version: &Version, part: &str) -> Option<bool> {
    let operators = [">=", "<=", "!=", ">", "<", "="];
    let (operator, text) = operators
        .iter()
        .find_map(|operator| Some((*operator, part.strip_prefix(operator)?.trim())))
        .unwrap_or(("=", part));
    if let Some(prefix) = text.strip_suffix(".*") {
        let wanted: Vec<u64> = prefix.split('.').map(|number| number.parse().ok()).collect::<Option<_>>()?;
        let have = [version.major, version.minor, version.patch];
        return (operator == "=" && wanted.len() < 3).then(|| have.starts_with(&wanted));
    }
    let wanted = Version::parse(text).ok()?;
    let order = version.cmp_precedence(&wanted);
    Some(match operator {
        ">=" => order.is_ge(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        "<" => order.is_lt(),
        "!=" => order.is_ne(),
        _ => order.is_eq(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_both_forms() {
        assert_eq!(parse_version(r#"{"Version": "1.14.0", "Major": 1}"#), Some(Version::new(1, 14, 0)));
        assert_eq!(parse_version("Databricks CLI v0.212.3\n"), Some(Version::new(0, 212, 3)));
        assert_eq!(parse_version("Version 0.17.8"), Some(Version::new(0, 17, 8)));
        assert_eq!(parse_version("what?"), None);
    }

    #[test]
    fn constraints_compare_as_the_cli_does() {
        let version = Version::new(1, 14, 0);
        for (constraint, met) in [
            (">= 1.13.0", Some(true)),
            (">=1.15.0", Some(false)),
            (">= 1.13.0, < 1.14.0", Some(false)),
            ("1.14.0", Some(true)),
            ("1.14.*", Some(true)),
            ("1.*", Some(true)),
            ("!= 1.14.0", Some(false)),
            ("new", None),
            ("", None),
        ] {
            assert_eq!(meets(&version, constraint), met, "{constraint}");
        }
    }
}
