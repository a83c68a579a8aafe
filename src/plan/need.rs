//! What has to be consented to before a plan is carried out.

use serde::Serialize;

use super::consent::Consent;
use super::effect::Fate;
use super::field::FieldDifference;

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
    /// What becomes of these tables where their pipeline is deleted or made again; the graver where that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fate: Option<Fate>,
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
