//! The lock as text. The same lock gives the same bytes, and lines of different pipelines lie apart, so that git merges
//! branches which add tables to different groups: each pipeline has a part of its own with a blank line and a heading
//! before it. Nothing in the text counts or sums up, for such a line would differ in every branch.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::words::word;
use super::{Lock, LockedTable};
use crate::placement::slot::{Home, Slot};

const HEADER: &str = "\
# Where every table lies: its bundle, its gateway, its pipeline and its place in there.
# Written by tapworks. Commit it, and change it with `tapworks lock` only.
# After a merge conflict, keep the lines of both sides.
";

/// How the text is to be read: raised once a reader of before would misunderstand it.
pub(super) const VERSION: u32 = 1;

/// The lines of a pipeline or of a gateway.
type Parts<'a> = BTreeMap<(&'a str, &'a str), String>;

impl Lock {
    /// The text of the file.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = format!("{HEADER}version {VERSION}\n");
        for ((bundle, name), lines) in self.parts() {
            let _ = write!(text, "\n# {} {}\n{lines}", word(bundle), word(name));
        }
        text.push_str("\nend\n");
        text
    }

    /// By bundle and name. What no table names any more stands under no bundle.
    fn parts(&self) -> Parts<'_> {
        let bundles = self.bundles();
        let mut parts = Parts::new();
        let mut part_of = |name: &str, write: &dyn Fn(&mut String)| {
            if let Some((name, bundle)) = bundles.get_key_value(name) {
                write(parts.entry((bundle, name)).or_default());
            }
        };
        for (name, connection) in &self.connections {
            part_of(name, &|part| {
                let _ = writeln!(part, "connection {} name={}", word(name), word(connection));
            });
        }
        for (word, homes) in [("gateway", &self.gateways), ("pipeline", &self.pipelines)] {
            for (name, home) in homes {
                part_of(name, &|part| write_home(part, word, name, home));
            }
        }
        for locked in self.tables.values() {
            write_table(parts.entry((&locked.slot.bundle, &locked.slot.pipeline)).or_default(), locked);
        }
        parts
    }

    /// The bundle of everything that has lines of its own, by name.
    fn bundles(&self) -> BTreeMap<&str, &str> {
        let names = self.connections.keys().chain(self.gateways.keys()).chain(self.pipelines.keys());
        let mut bundles: BTreeMap<&str, &str> = names.map(|name| (name.as_str(), "")).collect();
        let left = self.tables.values().filter_map(|locked| Some(&locked.moving.as_ref()?.from));
        // Where tables stand goes before where they come from.
        for slot in left.chain(self.tables.values().map(|locked| &locked.slot)) {
            for name in slot.gateway.iter().chain([&slot.pipeline]) {
                if let Some(bundle) = bundles.get_mut(name.as_str()) {
                    *bundle = &slot.bundle;
                }
            }
        }
        bundles
    }
}

fn write_home(text: &mut String, kind: &str, name: &str, home: &Home) {
    let (catalog, schema) = (word(&home.catalog), word(&home.schema));
    let _ = writeln!(text, "{kind} {} catalog={catalog} schema={schema}", word(name));
}

fn write_table(text: &mut String, locked: &LockedTable) {
    let _ = write!(text, "table {} source={}", word(&locked.destination), word(&locked.source));
    write_slot(text, "", &locked.slot);
    if locked.gone {
        text.push_str(" gone");
    }
    if let Some(moving) = &locked.moving {
        write_slot(text, "from_", &moving.from);
        for target in &moving.done {
            let _ = write!(text, " deployed={}", word(target));
        }
    }
    text.push('\n');
}

fn write_slot(text: &mut String, start: &str, slot: &Slot) {
    let _ = write!(text, " {start}bundle={}", word(&slot.bundle));
    if let Some(gateway) = &slot.gateway {
        let _ = write!(text, " {start}gateway={}", word(gateway));
    }
    let _ = write!(text, " {start}pipeline={} {start}position={}", word(&slot.pipeline), slot.position);
}
