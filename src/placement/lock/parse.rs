//! A lock from its text. What cannot be understood is told by line, all of it at once, and never guessed over: a table
//! whose line were skipped would be placed anew.

use std::collections::{BTreeMap, BTreeSet};

use super::lines::LockLines;
use super::render::VERSION;
use super::words::{self, Word};
use super::{Lock, LockedTable, Moving};
use crate::finding::{Finding, Findings, Place};
use crate::placement::slot::{Home, Slot};

/// What git leaves in a file that it could not merge.
const MARKERS: [&str; 4] = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];

/// The word of a table that no row asks for.
const GONE: &str = "gone";

const RESTORE: &str =
    "take the line as git has it (`git log -p` shows it), or rebuild the lock with `tapworks lock import`";

impl Lock {
    /// Reads the text of a lock; `file` is its path as messages show it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, file: &str) -> Result<Self, Findings> {
        let mut reader = Reader::new(file);
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (number, line) in (1..).zip(text.lines()) {
            reader.line = number;
            let line = line.trim_matches([' ', '\t', '\r']);
            match reader.line(line) {
                Ok(()) => {}
                Err(Stop::Line(finding)) => reader.findings.push(*finding),
                Err(Stop::File(finding)) => return Err([*finding].into_iter().collect()),
            }
        }
        reader.finish()
    }
}

/// Why a line is no line of the lock.
enum Stop {
    /// It is wrong, the others may be right.
    Line(Box<Finding>),
    /// Nothing behind it can be understood.
    File(Box<Finding>),
}

struct Reader<'a> {
    file: &'a str,
    line: u32,
    lock: Lock,
    findings: Findings,
    /// The first line of each pipeline, gateway and connection.
    held: BTreeMap<(&'static str, String), u32>,
    has_version: bool,
    end: Option<u32>,
    is_unmerged: bool,
    in_conflict: bool,
}

impl<'a> Reader<'a> {
    fn new(file: &'a str) -> Self {
        Self {
            file,
            line: 0,
            lock: Lock { lines: LockLines::of(file), ..Lock::default() },
            findings: Findings::new(),
            held: BTreeMap::new(),
            has_version: false,
            end: None,
            is_unmerged: false,
            in_conflict: false,
        }
    }

    fn place(&self, column: u32) -> Place {
        Place::File { file: self.file.to_owned(), line: self.line, column }
    }

    fn damaged(&self, column: u32, what: impl Into<String>) -> Stop {
        let finding = Finding::error("TW152", what)
            .at(self.place(column))
            .why("the place of a table is never guessed: placed anew, it would be read again in full")
            .fix(RESTORE);
        Stop::Line(Box::new(finding))
    }

    fn line(&mut self, line: &str) -> Result<(), Stop> {
        if let Some(marker) = MARKERS.into_iter().find(|marker| line.starts_with(marker)) {
            return self.marker(marker);
        }
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let words = words::split(line).map_err(|bad| self.damaged(bad.column, bad.what))?;
        let Some((first, rest)) = words.split_first() else { return Ok(()) };
        let kind = match (first.name, first.value.as_ref()) {
            (None, kind @ ("version" | "table" | "pipeline" | "gateway" | "connection" | "end")) => kind,
            (name, value) => {
                let told = name.unwrap_or(value);
                return Err(self.damaged(1, format!("a line of the lock cannot start with `{told}`")));
            }
        };
        if let Some(end) = self.end {
            // A merge that kept both sides may have kept two ends.
            return if kind == "end" {
                Ok(())
            } else {
                Err(self.damaged(1, format!("the lock goes on behind its end, line {end}")))
            };
        }
        if kind == "version" {
            return self.version(rest);
        }
        if !self.has_version {
            // Told once.
            self.has_version = true;
            let stop = self.damaged(1, format!("the line `version {VERSION}` is missing before this one"));
            if let Stop::Line(finding) = stop {
                self.findings.push(*finding);
            }
        }
        let mut fields = self.fields(kind, rest)?;
        match kind {
            "table" => self.table(&mut fields),
            "pipeline" => self.home("pipeline", &mut fields),
            "gateway" => self.home("gateway", &mut fields),
            "connection" => self.connection(&mut fields),
            _ => {
                self.end = Some(self.line);
                Ok(())
            }
        }
    }

    /// The words behind the first, once it is sure that each may stand there.
    fn fields<'w, 'l>(&self, kind: &str, words: &'w [Word<'l>]) -> Result<Fields<'w, 'l>, Stop> {
        let (known, has_subject): (Vec<&str>, bool) = match kind {
            "table" => (
                ["source", "deployed"].into_iter().chain(Slot::NAMES).chain(Slot::FROM_NAMES).collect(),
                true,
            ),
            "connection" => (vec!["name"], true),
            "end" => (Vec::new(), false),
            _ => (vec!["catalog", "schema"], true),
        };
        let mut seen = BTreeSet::new();
        for (index, word) in words.iter().enumerate() {
            let is_known = match word.name {
                Some(name) => known.contains(&name),
                None => (index == 0 && has_subject) || (kind == "table" && word.value == GONE),
            };
            let told = word.name.unwrap_or(&word.value);
            if !is_known {
                let what = format!("`{told}` cannot stand in a line that starts with `{kind}`");
                return Err(self.damaged(word.column, what));
            }
            if word.name.is_some_and(|name| name != "deployed" && !seen.insert(name)) {
                return Err(self.damaged(word.column, format!("`{told}=` is in the line twice")));
            }
        }
        Ok(Fields { words: words.iter().collect() })
    }

    fn marker(&mut self, marker: &str) -> Result<(), Stop> {
        self.is_unmerged = true;
        let is_told = self.in_conflict && marker != "<<<<<<<";
        self.in_conflict = (self.in_conflict && marker != ">>>>>>>") || marker == "<<<<<<<";
        if is_told {
            return Ok(());
        }
        let finding = Finding::error("TW153", format!("`{marker}`: a merge of the lock was not finished"))
            .at(self.place(1))
            .why("lines of two branches stand side by side, and it is not said which hold")
            .fix(
                "keep the lines of both sides and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`; two lines of \
                 one table are told then",
            );
        Err(Stop::Line(Box::new(finding)))
    }

    fn version(&mut self, rest: &[Word<'_>]) -> Result<(), Stop> {
        self.has_version = true;
        let [Word { name: None, value, .. }] = rest else {
            return Err(self.damaged(1, "a line `version` holds one number"));
        };
        match value.parse::<u32>() {
            Ok(VERSION) => Ok(()),
            Ok(version) if version > VERSION => Err(Stop::File(Box::new(
                Finding::error(
                    "TW154",
                    format!("the lock has version {version}, and this tapworks reads {VERSION}"),
                )
                .at(self.place(1))
                .why("a newer tapworks wrote it, and what its lines mean is not known here")
                .fix("run the version of tapworks that your team runs"),
            ))),
            _ => Err(self.damaged(1, format!("`{value}` is no version of the lock"))),
        }
    }

    fn table(&mut self, fields: &mut Fields<'_, '_>) -> Result<(), Stop> {
        let destination = fields.subject().ok_or_else(|| self.damaged(1, "the line names no table"))?;
        let source = self.required(fields, "source")?;
        let slot = self.slot(fields, Slot::NAMES)?;
        let gone = fields.flag(GONE);
        let mut done = BTreeSet::new();
        let deployed_at =
            fields.words.iter().find(|word| word.name == Some("deployed")).map(|word| word.column);
        while let Some(target) = fields.take("deployed") {
            done.insert(target);
        }
        let moving = if Slot::FROM_NAMES.into_iter().any(|name| fields.has(name)) {
            Some(Moving { from: self.slot(fields, Slot::FROM_NAMES)?, done })
        } else if let Some(column) = deployed_at {
            return Err(self.damaged(column, "`deployed` says that a move is deployed, and no move is named"));
        } else {
            None
        };
        let key = destination.to_lowercase();
        let locked = LockedTable { destination, source, slot, gone, moving };
        match self.lock.tables.get(&key) {
            None => {
                self.lock.lines.set(&key, self.line);
                self.lock.tables.insert(key, locked);
                Ok(())
            }
            Some(other) if *other == locked => Ok(()),
            Some(_) => {
                let first = self.lock.lines.line(&key).unwrap_or_default();
                Err(self.disagree(&format!("table {}", locked.destination), first))
            }
        }
    }

    fn slot(&self, fields: &mut Fields<'_, '_>, names: [&str; 4]) -> Result<Slot, Stop> {
        let [bundle, gateway, pipeline, position] = names;
        let slot = Slot {
            bundle: self.required(fields, bundle)?,
            gateway: fields.take(gateway),
            pipeline: self.required(fields, pipeline)?,
            position: {
                let column = fields.column(position);
                let text = self.required(fields, position)?;
                text.parse()
                    .map_err(|_| self.damaged(column, format!("{position} `{text}` is no whole number")))?
            },
        };
        Ok(slot)
    }

    fn home(&mut self, kind: &'static str, fields: &mut Fields<'_, '_>) -> Result<(), Stop> {
        let name = fields.subject().ok_or_else(|| self.damaged(1, format!("the line names no {kind}")))?;
        let home =
            Home { catalog: self.required(fields, "catalog")?, schema: self.required(fields, "schema")? };
        let homes = if kind == "gateway" { &mut self.lock.gateways } else { &mut self.lock.pipelines };
        let agrees = homes.get(&name).is_none_or(|other| *other == home);
        homes.entry(name.clone()).or_insert(home);
        self.hold(kind, name, agrees)
    }

    fn connection(&mut self, fields: &mut Fields<'_, '_>) -> Result<(), Stop> {
        let holder =
            fields.subject().ok_or_else(|| self.damaged(1, "the line names no gateway or pipeline"))?;
        let connection = self.required(fields, "name")?;
        let agrees = self.lock.connections.get(&holder).is_none_or(|other| *other == connection);
        self.lock.connections.entry(holder.clone()).or_insert(connection);
        self.hold("connection", holder, agrees)
    }

    /// Remembers the line that holds something first, or says that this one holds something else.
    fn hold(&mut self, kind: &'static str, name: String, agrees: bool) -> Result<(), Stop> {
        let of = if kind == "connection" { "the connection of" } else { kind };
        let told = format!("{of} {name}");
        let first = *self.held.entry((kind, name)).or_insert(self.line);
        if agrees { Ok(()) } else { Err(self.disagree(&told, first)) }
    }

    fn disagree(&self, what: &str, first: u32) -> Stop {
        let finding = Finding::error(
            "TW155",
            format!("{what} is there twice, differently: lines {first} and {}", self.line),
        )
        .at(self.place(1))
        .why("a merge kept both, and which of them holds is not said")
        .fix("keep the line of what is deployed, and remove the other");
        Stop::Line(Box::new(finding))
    }

    fn required(&self, fields: &mut Fields<'_, '_>, name: &str) -> Result<String, Stop> {
        fields.take(name).ok_or_else(|| self.damaged(1, format!("the line has no `{name}=`")))
    }

    fn finish(mut self) -> Result<Lock, Findings> {
        // Both sides of a conflict were read as if they held: what they disagree about is told once it is resolved.
        if self.is_unmerged {
            self.findings = self.findings.into_iter().filter(|finding| finding.rule != "TW155").collect();
        } else {
            self.judge_pipelines();
        }
        if self.end.is_none() && !self.is_unmerged {
            self.line += 1;
            if let Stop::Line(finding) = self.damaged(1, "the lock ends before its last line, `end`") {
                self.findings.push(finding.fix("take the file as git has it: `git checkout -- FILE`"));
            }
        }
        if self.findings.is_empty() { Ok(self.lock) } else { Err(self.findings.sorted()) }
    }

    /// A pipeline is in one bundle and behind one gateway.
    fn judge_pipelines(&mut self) {
        let mut seen: BTreeMap<&str, (&Slot, &str)> = BTreeMap::new();
        let mut told = BTreeSet::new();
        let mut found = Vec::new();
        for (key, locked) in &self.lock.tables {
            let slot = &locked.slot;
            let (first, first_key) = *seen.entry(&slot.pipeline).or_insert((slot, key));
            if (&first.bundle, &first.gateway) == (&slot.bundle, &slot.gateway)
                || !told.insert(&slot.pipeline)
            {
                continue;
            }
            let where_is = |slot: &Slot| match &slot.gateway {
                Some(gateway) => format!("bundle {}, gateway {gateway}", slot.bundle),
                None => format!("bundle {}, no gateway", slot.bundle),
            };
            let lines = &self.lock.lines;
            let what = format!(
                "pipeline {} lies in two places: {} (line {}), and {} (line {})",
                slot.pipeline,
                where_is(first),
                lines.line(first_key).unwrap_or_default(),
                where_is(slot),
                lines.line(key).unwrap_or_default(),
            );
            found.push(
                Finding::error("TW155", what)
                    .at(lines.place(key))
                    .why("a pipeline is in one bundle, behind one gateway at most")
                    .fix("give the lines of its tables the bundle and the gateway in which it is deployed"),
            );
        }
        self.findings.extend(found);
    }
}

impl Slot {
    const NAMES: [&'static str; 4] = ["bundle", "gateway", "pipeline", "position"];
    const FROM_NAMES: [&'static str; 4] = ["from_bundle", "from_gateway", "from_pipeline", "from_position"];
}

/// The words of a line behind its first, each taken once.
struct Fields<'w, 'a> {
    words: Vec<&'w Word<'a>>,
}

impl<'w, 'a> Fields<'w, 'a> {
    /// What the line is about: its second word.
    fn subject(&mut self) -> Option<String> {
        let first = self.words.first().filter(|word| word.name.is_none())?.value.clone().into_owned();
        self.words.remove(0);
        Some(first)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.words.iter().position(|word| word.name == Some(name))
    }

    fn has(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    fn column(&self, name: &str) -> u32 {
        self.position(name).and_then(|at| self.words.get(at)).map_or(1, |word| word.column)
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.position(name)?;
        Some(self.words.remove(at).value.clone().into_owned())
    }

    fn flag(&mut self, flag: &str) -> bool {
        let at = self.words.iter().position(|word| word.name.is_none() && word.value == flag);
        at.map(|at| self.words.remove(at)).is_some()
    }
}

#[cfg(test)]
mod tests;
