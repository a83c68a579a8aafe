//! The live rules of one target: what they need is asked first, then they judge.

use std::collections::BTreeMap;

use super::case::Case;
use super::facts::FactsError;
use super::gather::{Subject, gather};
use super::paths::{BundlePaths, name_prefix};
use super::principals::Principal;
use super::selection::Selection;
use super::verdict::Verdict;
use super::wanted::Wanted;
use super::{deployed, names, surroundings};
use crate::finding::Place;
use crate::placement::Layout;
use crate::settings::Target;
use crate::workspace::Client;

/// A target to look at.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Its workspace.
    pub client: &'a Client,
    /// What the settings say of it.
    pub target: &'a Target,
    /// What is to be deployed.
    pub layout: &'a Layout,
    /// Where the state of each bundle lies, of those too that the rows no longer name.
    pub paths: &'a BTreeMap<String, BundlePaths>,
    /// The rules that are wanted.
    pub selection: &'a Selection,
    /// Where a row stands.
    pub place: &'a (dyn Fn(u32) -> Option<Place> + Sync),
}

/// The rules that are judged for each target, sorted.
pub const LIVE_RULES: &[&str] = &[
    "TW301", "TW302", "TW303", "TW304", "TW305", "TW306", "TW307", "TW308", "TW309", "TW310", "TW311",
    "TW351", "TW352", "TW353", "TW354",
];

/// Judges a target by the live rules, reading only.
///
/// # Errors
/// Where the workspace does not answer; what it refuses to tell is skipped and said.
pub async fn examine(question: Question<'_>) -> Result<Verdict, FactsError> {
    let Question { client, target, layout, paths, selection, place } = question;
    let me = client.me().await?;
    let wanted = Wanted::of(layout, &name_prefix(target, &me.short_name()));
    let principals = Principal::of(target);
    let subject = Subject { wanted: &wanted, paths, principals: &principals, selection };
    let facts = gather(client, subject).await?;
    let case = Case { target, me: &me, layout, wanted: &wanted, paths, facts: &facts, selection, place };
    let mut verdict = case.covering(&["TW307"]);
    for rules in [names::judge, deployed::judge, surroundings::judge] {
        verdict.join(rules(&case));
    }
    Ok(selection.apply(verdict))
}

/// Says for every live rule of a target that it could not be run.
#[must_use]
pub fn not_examined(target: &str, why: &str) -> Verdict {
    let mut verdict = Verdict::default();
    for rule in LIVE_RULES {
        verdict.skip(Some(target), rule, why);
    }
    verdict
}
