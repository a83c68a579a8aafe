//! Constraints on the version of the databricks CLI, `>= 1.13.0, < 2`.

/// A version: major, minor, patch.
pub(super) type Version = (u64, u64, u64);

/// The lowest version that a constraint lets through; nothing where it is no constraint.
pub(super) fn minimum(constraint: &str) -> Option<Version> {
    let mut lowest = (0, 0, 0);
    for part in constraint.split(',').map(str::trim) {
        let number = part.trim_start_matches(|c: char| !c.is_ascii_digit());
        let operator = part.get(..part.len() - number.len())?.trim().trim_end_matches('v').trim();
        let version = parse(number)?;
        match operator {
            ">=" | "=" | "" | "~>" | "~" | "^" => lowest = lowest.max(version),
            ">" => lowest = lowest.max((version.0, version.1, version.2.saturating_add(1))),
            "<" | "<=" | "!=" => {}
            _ => return None,
        }
    }
    Some(lowest)
}

fn parse(text: &str) -> Option<Version> {
    let mut numbers = [0_u64; 3];
    let mut parts = text.split('.');
    for (index, number) in numbers.iter_mut().enumerate() {
        match parts.next() {
            Some(part) => *number = part.parse().ok()?,
            None if index == 0 => return None,
            None => {}
        }
    }
    parts.next().is_none().then_some((numbers[0], numbers[1], numbers[2]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_version_of_a_constraint_is_found() {
        assert_eq!(minimum(">= 1.13.0"), Some((1, 13, 0)));
        assert_eq!(minimum(">=1.15, < 2.0.0"), Some((1, 15, 0)));
        assert_eq!(minimum("> 1.14.9"), Some((1, 14, 10)));
        assert_eq!(minimum("1.16.0"), Some((1, 16, 0)));
        assert_eq!(minimum("< 2"), Some((0, 0, 0)));
        for text in ["", "latest", ">= x", ">= 1.2.3.4", "=> 1.2", ">= 1.x"] {
            assert_eq!(minimum(text), None, "{text}");
        }
    }
}
