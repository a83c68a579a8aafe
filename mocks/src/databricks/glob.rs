//! Patterns of the `include` section: `*`, `?` and `[…]` within one part of a path.

use std::path::Path;

/// The files under `root` that match, relative and sorted, with `/` between the parts.
pub(super) fn matches(root: &Path, pattern: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let parts: Vec<&str> =
        pattern.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
    for (index, part) in parts.iter().enumerate() {
        let is_last = index + 1 == parts.len();
        let mut next = Vec::new();
        for folder in &found {
            let join =
                |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            if !part.contains(['*', '?', '[']) {
                let path = join(part);
                if root.join(&path).exists() {
                    next.push(path);
                }
                continue;
            }
            let names = std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
            let mut names: Vec<String> =
                names.filter_map(|entry| entry.file_name().into_string().ok()).collect();
            names.sort_unstable();
            next.extend(names.iter().filter(|name| part_matches(part, name)).map(|name| join(name)));
        }
        if is_last {
            next.retain(|path| root.join(path).is_file());
        }
        found = next;
    }
    found.retain(|path| !path.is_empty());
    found.sort_unstable();
    found
}

/// Whether a name matches one part of a pattern.
fn part_matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    matches_from(&pattern, &name)
}

fn matches_from(pattern: &[char], name: &[char]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some(('*', rest)) => (0..=name.len()).any(|skipped| matches_from(rest, &name[skipped..])),
        Some(('?', rest)) => name.split_first().is_some_and(|(_, name)| matches_from(rest, name)),
        Some(('[', rest)) => {
            let Some(end) = rest.iter().skip(1).position(|character| *character == ']') else { return false };
            let (set, rest) = (&rest[..=end], &rest[end + 2..]);
            name.split_first().is_some_and(|(first, name)| in_set(set, *first) && matches_from(rest, name))
        }
        Some((wanted, rest)) => {
            name.split_first().is_some_and(|(first, name)| first == wanted && matches_from(rest, name))
        }
    }
}

fn in_set(set: &[char], character: char) -> bool {
    let (negated, mut set) = match set.split_first() {
        Some(('^', rest)) => (true, rest),
        _ => (false, set),
    };
    let mut found = false;
    while let Some((first, rest)) = set.split_first() {
        match rest {
            ['-', last, tail @ ..] => {
                found |= (*first..=*last).contains(&character);
                set = tail;
            }
            _ => {
                found |= *first == character;
                set = rest;
            }
        }
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_match() {
        assert!(part_matches("*.yml", "a.yml"));
        assert!(!part_matches("*.yml", "a.yaml"));
        assert!(part_matches("p?_[0-9].yml", "p1_7.yml"));
        assert!(!part_matches("[^a]*", "abc"));
        assert!(!part_matches("[a", "a"));
    }

    #[test]
    fn stars_do_not_cross_folders() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("r/deep")).unwrap();
        for name in ["r/b.yml", "r/a.yml", "r/deep/c.yml"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(matches(folder.path(), "r/*.yml"), ["r/a.yml", "r/b.yml"]);
        assert_eq!(matches(folder.path(), "*/*/*.yml"), ["r/deep/c.yml"]);
        assert_eq!(matches(folder.path(), "r/none.yml"), Vec::<String>::new());
    }
}
