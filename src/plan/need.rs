//! What has to be consented to before a plan is carried out.

use serde::Serialize;

use super::consent::{Consent, ConsentKind};
use super::field::FieldDifference;
use crate::text::plural;

/// One reason for which a consent is needed. A resource of which two fields call for the same consent has two of these: the flag
/// `--allow KIND:NAME` covers both, an approval covers the field that it names and no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Need {
    /// `recreate:gateway_sales_01_g01`.
    pub consent: Consent,
    /// The field that calls for it; absent for what is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<FieldDifference>,
    /// What happens, in one line.
    pub what: String,
    /// How many tables it happens to.
    pub tables: usize,
}

/// The consents of these needs, each once, in their order.
#[must_use]
pub fn consents<'a>(needs: impl IntoIterator<Item = &'a Need>) -> Vec<&'a Consent> {
    let mut consents: Vec<&Consent> = Vec::new();
    for need in needs {
        if !consents.contains(&&need.consent) {
            consents.push(&need.consent);
        }
    }
    consents
}

/// What needs of one consent mean together, in one line.
#[must_use]
pub fn what_together(needs: &[&Need]) -> String {
    let mut told: Vec<(&str, usize)> = Vec::new();
    for need in needs {
        // A table of which two fields change is still one.
        if !told.iter().any(|(what, _)| *what == need.what) {
            told.push((&need.what, need.tables));
        }
    }
    let (Some((first, _)), Some(need)) = (told.first(), needs.first()) else { return String::new() };
    if told.len() == 1 {
        return (*first).to_owned();
    }
    let tables = plural(told.iter().map(|(_, tables)| tables).sum(), "table");
    let name = &need.consent.name;
    match need.consent.kind {
        ConsentKind::Move => format!("{tables} move away from {name} and are read again in full"),
        ConsentKind::Snapshot => format!("{tables} of {name} are read again in full"),
        _ => told.iter().map(|(what, _)| *what).collect::<Vec<_>>().join("; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_of_one_consent_are_told_together() {
        let need = |kind, what: &str| Need {
            consent: Consent { kind, name: "p".to_owned() },
            field: None,
            what: what.to_owned(),
            tables: 1,
        };
        let told = |kind, whats: &[&str]| {
            let needs: Vec<Need> = whats.iter().map(|what| need(kind, what)).collect();
            what_together(&needs.iter().collect::<Vec<_>>())
        };
        assert_eq!(told(ConsentKind::Snapshot, &["a is read", "a is read"]), "a is read");
        assert_eq!(told(ConsentKind::Snapshot, &["a", "b", "b"]), "2 tables of p are read again in full");
        assert_eq!(
            told(ConsentKind::Move, &["a", "b"]),
            "2 tables move away from p and are read again in full"
        );
        assert_eq!(told(ConsentKind::Delete, &[]), "");
    }
}
