//! What is known of one target once it was asked, before anything is judged.

use std::collections::BTreeMap;

use super::case::Case;
use super::catalog::{
    CatalogFacts, CatalogWanted, Connectors, OwnPipeline, OwnPipelines, Participant, gather_catalog,
    gather_holders, judge_connections, judge_destinations, judge_homes,
};
use super::facts::{Facts, FactsError};
use super::gather::{Subject, gather};
use super::paths::{BundlePaths, name_prefix};
use super::principals::Principal;
use super::selection::Selection;
use super::verdict::Verdict;
use super::wanted::Wanted;
use super::{names, own_bundles, surroundings};
use crate::finding::Place;
use crate::placement::Layout;
use crate::settings::Target;
use crate::workspace::{Client, Me};

/// Rules over Unity Catalog.
const CONNECTIONS: &[&str] = &["TW330", "TW331", "TW332", "TW333"];
const HOMES: &[&str] = &["TW340", "TW341", "TW342", "TW343", "TW344"];
const DESTINATIONS: &[&str] = &["TW320", "TW321", "TW322", "TW323"];
/// The rule that judges targets against each other.
pub(super) const SHARED: &str = "TW324";

/// A target to look at.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Its workspace.
    pub client: &'a Client,
    /// What the settings say of it.
    pub target: &'a Target,
    /// What is to be deployed.
    pub layout: &'a Layout,
    /// Every target that is to get the same layout, looked at or not.
    pub everywhere: &'a [&'a Target],
    /// Which connectors read through which connection.
    pub connectors: &'a Connectors,
    /// Where the state of each bundle lies, of those too that the rows no longer name.
    pub paths: &'a BTreeMap<String, BundlePaths>,
    /// What was found already: there, and on this machine.
    pub found: &'a Facts,
    /// The rules that are wanted.
    pub selection: &'a Selection,
    /// Where a row stands.
    pub place: &'a (dyn Fn(u32) -> Option<Place> + Sync),
}

/// A target and what its workspace says.
pub(super) struct Survey<'a> {
    question: Question<'a>,
    me: Me,
    wanted: Wanted,
    facts: Facts,
    catalog_wanted: CatalogWanted,
    /// Absent where no rule of the run is about Unity Catalog.
    catalog: Option<CatalogFacts>,
}

impl<'a> Survey<'a> {
    /// Asks for all that the rules need, but for what only follows from the answers.
    pub(super) async fn of(question: Question<'a>) -> Result<Self, FactsError> {
        let Question { client, target, layout, connectors, paths, found, selection, .. } = question;
        let me = client.me().await?;
        let wanted = Wanted::of(layout, &name_prefix(target, &me.short_name()));
        let principals = Principal::of(target);
        let subject =
            Subject { wanted: &wanted, paths, known: &found.bundles, principals: &principals, selection };
        let catalog_wanted = CatalogWanted::of_layout(layout, connectors, target);
        let [connections, homes, destinations, shared] =
            [CONNECTIONS, HOMES, DESTINATIONS, &[SHARED]].map(|rules| selection.wants_any(rules));
        let catalog_wanted = catalog_wanted.narrowed(connections, homes, destinations);
        let (facts, catalog) = tokio::try_join!(gather(client, subject), async {
            let asks = connections || homes || destinations || shared;
            if asks { Ok(Some(gather_catalog(client, &catalog_wanted).await?)) } else { Ok(None) }
        })?;
        let facts = Facts { known: found.known.clone(), unpushed: found.unpushed.clone(), ..facts };
        Ok(Self { question, me, wanted, facts, catalog_wanted, catalog })
    }

    /// Says which pipelines are ours in this target.
    pub(super) fn add_own(&self, own: &mut OwnPipelines) {
        for (bundle, facts) in &self.facts.bundles {
            if let Some(paths) = self.question.paths.get(bundle) {
                own.add(&self.question.target.name, bundle, &paths.metadata_file(), facts.deployed());
            }
        }
    }

    /// What it is, for judging it against other targets.
    pub(super) fn participant(&self) -> Participant<'a> {
        let metastore = self.catalog.as_ref().and_then(CatalogFacts::metastore_id).map(str::to_owned);
        Participant {
            target: self.question.target,
            layout: self.question.layout,
            host: Some(self.question.client.host().to_string()),
            metastore,
            looked_at: true,
        }
    }

    /// What was asked.
    pub(super) fn question(&self) -> Question<'a> {
        self.question
    }

    /// What was found.
    pub(super) fn into_facts(self) -> Facts {
        self.facts
    }

    /// Judges this target, looking up who holds what is in our way. `own` are our pipelines in every target.
    pub(super) async fn judge(&self, own: &OwnPipelines) -> Result<Verdict, FactsError> {
        let Question { client, target, layout, paths, selection, place, .. } = self.question;
        let Self { me, wanted, facts, .. } = self;
        let case = Case { target, me, layout, wanted, paths, facts, selection, place };
        let mut verdict = case.covering(&["TW307"]);
        for rules in [names::judge, own_bundles::judge, surroundings::judge] {
            verdict.join(rules(&case));
        }
        if let Some(catalog) = &self.catalog {
            for rules in [CONNECTIONS, HOMES, DESTINATIONS] {
                verdict.join(case.covering(rules));
            }
            verdict.join(judge_connections(target, &self.catalog_wanted, catalog, place));
            verdict.join(judge_homes(target, &self.catalog_wanted, catalog, place));
            let hidden =
                facts.bundles.iter().find_map(|(name, bundle)| Some((name, bundle.state.refused()?)));
            if let Some((bundle, words)) = hidden {
                let why = format!(
                    "which pipelines are ours is not known, for the state of bundle `{bundle}` may not be read by {} ({words}); ask \
                     for CAN_READ on the bundle's folder",
                    me.user_name
                );
                case.skip(&mut verdict, DESTINATIONS, &why);
            } else {
                let holders = gather_holders(client, own.foreign(catalog), facts).await?;
                let name = &target.name;
                let definition = |own: &OwnPipeline| {
                    let state = facts.in_workspace(&own.bundle)?;
                    state.definition(&format!("resources.pipelines.{}", own.key))
                };
                let wanted = &self.catalog_wanted;
                verdict.join(judge_destinations(name, wanted, catalog, own, &holders, &definition, place));
            }
        }
        Ok(selection.apply(verdict))
    }
}
