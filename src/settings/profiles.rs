//! The profiles of the Databricks configuration file: which there are, and the workspace of each. Tokens are not looked at.

use std::collections::BTreeMap;

use crate::environment::Environment;
use crate::files;

/// Profiles by name with their host. A file that cannot be read has none here: who signs in with it says why.
pub(super) fn read(environment: &Environment) -> BTreeMap<String, Option<String>> {
    let path = match environment.variable("DATABRICKS_CONFIG_FILE") {
        Some(path) => Some(match path.strip_prefix("~/").zip(environment.home()) {
            Some((rest, home)) => home.join(rest),
            None => environment.directory().join(path),
        }),
        None => environment.home().map(|home| home.join(".databrickscfg")),
    };
    let bytes = path.and_then(|path| files::read_if_present(&path).ok().flatten()).unwrap_or_default();
    parse(&String::from_utf8_lossy(&bytes))
}

fn parse(text: &str) -> BTreeMap<String, Option<String>> {
    let mut profiles = BTreeMap::new();
    let mut current: Option<String> = None;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.split_once(']')).map(|(name, _)| name)
        {
            current = Some(name.trim().to_owned());
            profiles.entry(name.trim().to_owned()).or_insert(None);
        } else if let (Some(name), Some((key, value))) = (&current, line.split_once('='))
            && key.trim() == "host"
        {
            profiles.insert(name.clone(), Some(value.trim().trim_end_matches('/').to_owned()));
        }
    }
    profiles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_listed_with_their_hosts() {
        let profiles =
            parse("; x\n[DEFAULT]\ntoken = t\n[ prod ]\nhost = https://p/ \n[dev]\nhost=https://d\n");
        assert_eq!(profiles.get("prod"), Some(&Some("https://p".to_owned())));
        assert_eq!(profiles.get("DEFAULT"), Some(&None));
        assert_eq!(profiles.len(), 3);
    }
}
