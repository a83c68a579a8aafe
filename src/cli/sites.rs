//! The workspaces that a command goes on to, each with the bundles that are meant for it.

use super::Context;
use super::failure::Failure;
use super::prepare::{Given, PlacedBase, Prepared};
use super::recovery::doubt_unfinished;
use crate::bundle::Written;
use crate::deploy::{ProjectBundle, Recognition, Site, TakeOver, recognise_all};
use crate::settings::Target;

/// What `plan` and `deploy` work on.
pub(super) struct Sites<'a> {
    pub(super) bases: Vec<SiteBase<'a>>,
    /// In the order in which they were named.
    pub(super) sites: Vec<Site>,
    /// Of each site: its target, and which of the bases it belongs to.
    pub(super) targets: Vec<(Target, usize)>,
    /// Of each site: what was left over there and is bound.
    pub(super) take_overs: Vec<TakeOver>,
}

/// A base whose packages were held against what lies on disk.
pub(super) struct SiteBase<'a> {
    pub(super) placed: PlacedBase<'a>,
    /// Of each package, in order.
    pub(super) written: Vec<Written>,
}

impl<'a> Sites<'a> {
    /// Takes on the identity for the CLI, and holds each package against its folder. Nothing is written.
    pub(super) async fn of(context: &Context, prepared: Prepared<'a>) -> Result<Self, Failure> {
        let Prepared { bases: placed, reached } = prepared;
        let mut bases: Vec<SiteBase<'a>> = Vec::new();
        let mut projects: Vec<Vec<ProjectBundle>> = Vec::new();
        for placed in placed {
            let (mut written, mut of_base) = (Vec::new(), Vec::new());
            for (package, bundle) in placed.desired.packages.iter().zip(&placed.desired.layout.bundles) {
                let there = package.compare(&placed.base.output_dir)?;
                of_base.push(ProjectBundle::new(package, &there, bundle.tables())?);
                written.push(there);
            }
            bases.push(SiteBase { placed, written });
            projects.push(of_base);
        }
        let (mut sites, mut targets, mut take_overs) = (Vec::new(), Vec::new(), Vec::new());
        for reached in reached {
            let access = reached.client.access();
            let identity = access
                .child_environment(&context.environment, &reached.client)
                .await
                .map_err(|error| Failure::from(error).about(&format!("target `{}`", reached.target.name)))?;
            let host = Some(reached.client.host().to_string());
            sites.push(Site {
                target: reached.target.name.clone(),
                client: reached.client,
                identity,
                paths: reached.paths,
                me: reached.me,
                facts: reached.facts,
                locks: reached.locks,
                unfinished: reached.unfinished,
                projects: projects.get(reached.base).cloned().unwrap_or_default(),
            });
            targets.push((Target { host, ..reached.target }, reached.base));
            take_overs.push(reached.take_over);
        }
        Ok(Self { bases, sites, targets, take_overs })
    }

    /// Which bundles are as their last deploy left them; of the others it is said why the CLI is asked about them.
    pub(super) async fn recognise(
        &self,
        given: Given<'_>,
        full: bool,
    ) -> Result<Vec<Vec<Recognition>>, Failure> {
        let context = given.context;
        let mut recognised = recognise_all(&context.environment, &self.sites, full).await?;
        doubt_unfinished(&self.sites, &self.take_overs, &mut recognised);
        for (site, recognised) in self.sites.iter().zip(&recognised) {
            for (project, recognition) in site.projects.iter().zip(recognised) {
                let why = recognition.doubt.as_deref().unwrap_or("as the last deploy left it");
                context.printer.detail(&format!("{}/{}  {why}", site.target, project.name));
            }
        }
        Ok(recognised)
    }
}
