//! "Did you mean": the known name closest to what somebody wrote.

/// The closest of the known names, where one is close enough to be meant: case and blanks do not count, and a typing error
/// in three letters is allowed.
#[must_use]
pub fn closest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written: Vec<char> = simple(written).chars().collect();
    if written.is_empty() || written.len() > 100 {
        return None;
    }
    known
        .into_iter()
        .filter_map(|name| {
            let letters: Vec<char> = simple(name).chars().collect();
            let allowed = (written.len().max(letters.len()) / 3).max(1);
            if written.len().abs_diff(letters.len()) > allowed {
                return None;
            }
            let distance = distance(&written, &letters);
            (distance <= allowed).then_some((distance, name))
        })
        .min()
        .map(|(_, name)| name)
}

/// `` ; did you mean `x`? ``, or nothing: to be put behind a message.
#[must_use]
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    closest(written, known).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

fn simple(name: &str) -> String {
    name.trim().to_lowercase().replace(['-', ' ', '.'], "_")
}

/// How many letters must be put in, left out, replaced or swapped with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i);
        for j in 1..=b.len() {
            let same = a[i - 1] == b[j - 1];
            let mut best = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + usize::from(!same));
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_recognised_and_strangers_are_not() {
        let known = ["schedule", "primary_keys", "prefix", "tags"];
        assert_eq!(closest("shedule", known), Some("schedule"));
        assert_eq!(closest("primary_key", known), Some("primary_keys"));
        assert_eq!(closest("Primary Keys", known), Some("primary_keys"));
        assert_eq!(closest("prefxi", known), Some("prefix"));
        assert_eq!(closest("owner", known), None);
        assert_eq!(closest("", known), None);
        assert_eq!(did_you_mean("tag", known), "; did you mean `tags`?");
    }
}
