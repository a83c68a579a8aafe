//! What pipelines and gateways are called in the targets, led back to what the rows call it.

use std::collections::BTreeMap;

use super::slot::Home;
use crate::connector::Destination;
use crate::settings::Target;
use crate::table::Group;

/// A catalog and a schema.
type Pair<'a> = (&'a str, &'a str);

/// Where pipelines have their own catalog and schema, and gateways their storage, in the targets.
#[derive(Default)]
pub(super) struct Sightings<'a> {
    /// By name. A pipeline and a gateway never have one name.
    found: BTreeMap<&'a str, Sighted<'a>>,
}

#[derive(Default)]
struct Sighted<'a> {
    homes: Vec<(&'a Target, &'a Home)>,
    /// Where the tables in it or behind it lie by the rows: in the order in which they were placed, each once.
    beside: Vec<Pair<'a>>,
}

impl<'a> Sightings<'a> {
    /// It is there in a target.
    pub(super) fn home(&mut self, name: &'a str, target: &'a Target, home: &'a Home) {
        self.found.entry(name).or_default().homes.push((target, home));
    }

    /// This table lies in it.
    pub(super) fn table(&mut self, name: &'a str, destination: &'a Destination) {
        let pair = (destination.catalog.as_str(), destination.schema.as_str());
        let beside = &mut self.found.entry(name).or_default().beside;
        if !beside.contains(&pair) {
            beside.push(pair);
        }
    }

    /// What the rows call the home of each. Maps go one way only, and several names can lead to one: so names that the rows
    /// use are mapped and compared, first those of its own tables, and the first that fits in every target is taken. A name
    /// that no map changes stands for itself.
    pub(super) fn homes(self, groups: &[Group]) -> Vec<(String, Home)> {
        let of_groups: Vec<(String, Vec<Pair<'_>>)> =
            groups.iter().map(|group| (group.name(), pairs(group))).collect();
        let mut homes = Vec::new();
        for (name, Sighted { homes: seen, beside }) in self.found {
            let own = of_groups.iter().filter(|(group, _)| name.starts_with(group.as_str()));
            let candidates = beside
                .iter()
                .chain(own.chain(&of_groups).flat_map(|(_, pairs)| pairs))
                .copied()
                .chain(seen.iter().map(|(_, home)| (home.catalog.as_str(), home.schema.as_str())));
            let fits = |pair: &Pair<'_>, (target, home): &(&Target, &Home)| {
                target.catalog(pair.0) == home.catalog && target.schema(pair.1) == home.schema
            };
            let everywhere = candidates.clone().find(|pair| seen.iter().all(|seen| fits(pair, seen)));
            // Targets that differ for good: the first of them.
            let somewhere =
                || seen.first().and_then(|first| candidates.clone().find(|pair| fits(pair, first)));
            if let Some((catalog, schema)) = everywhere.filter(|_| !seen.is_empty()).or_else(somewhere) {
                homes
                    .push((name.to_owned(), Home { catalog: catalog.to_owned(), schema: schema.to_owned() }));
            }
        }
        homes
    }
}

/// The catalogs and schemas that a group names, each pair once.
fn pairs(group: &Group) -> Vec<Pair<'_>> {
    let storage = group.gateway.iter().map(|gateway| (gateway.catalog.as_str(), gateway.schema.as_str()));
    let destinations = group.tables.iter().map(|table| {
        let destination = &table.object.destination;
        (destination.catalog.as_str(), destination.schema.as_str())
    });
    let mut pairs = Vec::new();
    for pair in storage.chain(destinations) {
        // Rows of one schema mostly stand together.
        if pairs.last() != Some(&pair) && !pairs.contains(&pair) {
            pairs.push(pair);
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(catalog: &str, schema: &str) -> Destination {
        Destination { catalog: catalog.into(), schema: schema.into(), table: "t".into() }
    }

    fn home(catalog: &str, schema: &str) -> Home {
        Home { catalog: catalog.into(), schema: schema.into() }
    }

    #[test]
    fn of_several_that_fit_it_is_the_first_that_fits_everywhere() {
        let mut dev = Target::named("dev");
        dev.catalogs = [("bronze", "lake"), ("silver", "lake")].map(|(a, b)| (a.into(), b.into())).into();
        let prod = Target::named("prod");
        let (first, second) = (destination("silver", "raw"), destination("bronze", "raw"));
        let (lake, bronze) = (home("lake", "raw"), home("bronze", "raw"));
        let mut sightings = Sightings::default();
        for name in ["a", "b"] {
            sightings.table(name, &first);
            sightings.table(name, &second);
            sightings.home(name, &dev, &lake);
        }
        sightings.home("b", &prod, &bronze);
        // One that nothing leads to stands for itself.
        let other = home("main", "x");
        sightings.home("c", &dev, &other);
        let expected = [("a", home("silver", "raw")), ("b", bronze.clone()), ("c", other.clone())];
        assert_eq!(sightings.homes(&[]), expected.map(|(name, home)| (name.to_owned(), home)));
    }
}
