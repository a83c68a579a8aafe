//! Bundles on disk, read for where their tables lie: ours, and those of the predecessor, which has the same keys. Nothing
//! is guessed: what would leave a table without its place is a finding.

use std::path::{Path, PathBuf};

use super::package::{RESOURCES, ROOT, is_ours};
use crate::connector::{Destination, ObjectSource};
use crate::files::{self, Entry, FileError};
use crate::finding::{Finding, Findings, Place};
use crate::placement::{Home, ImportedPlaces, ImportedTable, Slot};
use crate::table::{find_reference, unescape_references};
use crate::yaml::{self, Data, Key, Mark, Node};

/// Bundles that could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file system said no.
    #[error(transparent)]
    File(#[from] FileError),
    /// Neither it nor a folder in it holds a bundle.
    #[error("{} holds no bundle: there is no {ROOT} in it, nor in a folder in it", .0.display())]
    NoBundle(PathBuf),
}

/// Reads the bundle in a folder, or those in the folders in it: where each of their tables lies.
///
/// # Errors
/// There is none, or a file that cannot be read.
pub fn import(folder: &Path) -> Result<(ImportedPlaces, Findings), ImportError> {
    let mut import = Import::default();
    if !import.bundle(folder)? {
        let mut is_any = false;
        for name in files::names_in(folder)? {
            let inner = folder.join(name);
            if files::entry(&inner)? == Some(Entry::Folder) {
                is_any |= import.bundle(&inner)?;
            }
        }
        if !is_any {
            return Err(ImportError::NoBundle(folder.to_owned()));
        }
    }
    Ok((import.places, import.findings.sorted()))
}

#[derive(Default)]
struct Import {
    places: ImportedPlaces,
    findings: Findings,
}

/// One bundle, while it is read.
struct Bundle<'a> {
    /// `databricks.yml`.
    root: &'a Node,
    name: String,
    /// Whether tapworks wrote it: then a reference to a variable stands for the name in the rows, its default.
    is_ours: bool,
}

/// A file and its path as messages show it.
struct Document {
    file: String,
    root: Node,
}

impl Document {
    fn place(&self, mark: Mark) -> Place {
        Place::File { file: self.file.clone(), line: mark.line, column: mark.column }
    }
}

impl Import {
    /// Reads the bundle of a folder; false where there is none.
    fn bundle(&mut self, folder: &Path) -> Result<bool, FileError> {
        let path = folder.join(ROOT);
        let resources = self.resources(folder)?;
        let Some(bytes) = files::read_if_present(&path)? else {
            // What is left of a package that was being replaced when tapworks was killed.
            if resources.iter().any(|document| document.root.get("resources").is_some()) {
                let place = Place::Path { path: folder.display().to_string() };
                let fix = "write the bundle again with `tapworks generate`";
                self.tell_with(place, format!("there is no {ROOT} beside {RESOURCES}"), fix);
                return Ok(true);
            }
            return Ok(false);
        };
        let Some(root) = self.document(&path, &bytes) else { return Ok(true) };
        let name = root.root.get("bundle").and_then(|bundle| bundle.get("name")).and_then(Node::scalar);
        let Some(name) = name.filter(|name| find_reference(name).is_none()) else {
            self.tell(root.place(root.root.mark), "the bundle has no name: `bundle.name`");
            return Ok(true);
        };
        let bundle = Bundle { root: &root.root, name: name.to_owned(), is_ours: is_ours(&bytes) };
        let documents: Vec<&Document> = std::iter::once(&root).chain(&resources).collect();
        for document in &documents {
            for (key, node) in pipelines(&document.root) {
                self.pipeline(&bundle, document, &documents, key, node);
            }
        }
        Ok(true)
    }

    /// The files in `resources/`.
    fn resources(&mut self, folder: &Path) -> Result<Vec<Document>, FileError> {
        let folder = folder.join(RESOURCES);
        let mut documents = Vec::new();
        for name in files::names_in(&folder)? {
            let path = folder.join(&name);
            if (name.ends_with(".yml") || name.ends_with(".yaml"))
                && !files::is_temporary(&name)
                && files::entry(&path)? == Some(Entry::File)
            {
                documents.extend(self.document(&path, &files::read(&path)?));
            }
        }
        Ok(documents)
    }

    fn document(&mut self, path: &Path, bytes: &[u8]) -> Option<Document> {
        let file = path.display().to_string();
        let Ok(text) = std::str::from_utf8(bytes) else {
            self.tell(Place::Path { path: file }, "the file is not UTF-8");
            return None;
        };
        match yaml::read(text) {
            Ok(root) => Some(Document { file, root }),
            Err(error) => {
                let place = Place::File { file, line: error.mark.line, column: error.mark.column };
                self.tell(place, error.message);
                None
            }
        }
    }

    fn tell(&mut self, place: Place, what: impl Into<String>) {
        self.tell_with(place, what, "put it right in the bundle, or import another one");
    }

    fn tell_with(&mut self, place: Place, what: impl Into<String>, fix: &str) {
        let finding = Finding::error("TW157", what)
            .at(place)
            .why("a table without its place in the lock would be placed anew, and read again in full")
            .fix(fix);
        self.findings.push(finding);
    }

    fn pipeline(
        &mut self,
        bundle: &Bundle<'_>,
        document: &Document,
        all: &[&Document],
        key: &Key,
        node: &Node,
    ) {
        let at = |mark| document.place(mark);
        if let Some(definition) = node.get("gateway_definition") {
            let Some(name) = named(&key.text, "gateway_") else {
                self.tell(at(key.mark), format!("`{}` is no key of a gateway: gateway_NAME", key.text));
                return;
            };
            let storage = ["gateway_storage_catalog", "gateway_storage_schema"];
            let home = self.home(bundle, document, definition, storage);
            self.places.gateways.extend(home.map(|home| (name.to_owned(), home)));
            let connection = self.name(bundle, document, definition, "connection_name");
            self.places.connections.extend(connection.map(|connection| (name.to_owned(), connection)));
            return;
        }
        // Other pipelines ingest nothing.
        let Some(definition) = node.get("ingestion_definition") else { return };
        let Some(name) = named(&key.text, "pipeline_") else {
            self.tell(at(key.mark), format!("`{}` is no key of a pipeline: pipeline_NAME", key.text));
            return;
        };
        let home = self.home(bundle, document, node, ["catalog", "schema"]);
        self.places.pipelines.extend(home.map(|home| (name.to_owned(), home)));
        let gateway = match definition.get("ingestion_gateway_id") {
            None => {
                let connection = self.name(bundle, document, definition, "connection_name");
                self.places.connections.extend(connection.map(|connection| (name.to_owned(), connection)));
                None
            }
            Some(id) => match gateway_of(id, all) {
                Some(gateway) => Some(gateway.to_owned()),
                None => {
                    let told = id.scalar().unwrap_or_default();
                    self.tell(at(id.mark), format!("`{told}` is no gateway of this bundle"));
                    return;
                }
            },
        };
        let objects = match definition.get("objects").map(|objects| &objects.data) {
            Some(Data::List(objects)) => objects.as_slice(),
            _ => &[],
        };
        for (position, object) in (0..).zip(objects) {
            let slot = Slot {
                bundle: bundle.name.clone(),
                gateway: gateway.clone(),
                pipeline: name.to_owned(),
                position,
            };
            self.object(bundle, document, object, slot);
        }
    }

    fn object(&mut self, bundle: &Bundle<'_>, document: &Document, object: &Node, slot: Slot) {
        let (table, is_report) = match (object.get("table"), object.get("report")) {
            (Some(table), None) => (table, false),
            (None, Some(report)) => (report, true),
            _ => {
                self.tell(document.place(object.mark), "this is neither a table nor a report");
                return;
            }
        };
        let name = |import: &mut Self, field| import.required(bundle, document, table, field);
        let catalog = name(self, "destination_catalog");
        let schema = name(self, "destination_schema");
        let destination_table = name(self, "destination_table");
        let text = |field: &str| {
            let text = table.get(field)?.scalar()?;
            // It is shown, and compared with the rows; nothing is placed by it.
            Some(unescape_references(text).map_or_else(|| text.to_owned(), |text| text.into_owned()))
        };
        let source = if is_report {
            ObjectSource::Report { url: text("source_url").unwrap_or_default() }
        } else {
            let (catalog, schema) = (text("source_catalog"), text("source_schema"));
            ObjectSource::Table { catalog, schema, table: text("source_table").unwrap_or_default() }
        };
        let (Some(catalog), Some(schema), Some(destination_table)) = (catalog, schema, destination_table)
        else {
            return;
        };
        self.places.tables.push(ImportedTable {
            destination: Destination { catalog, schema, table: destination_table }.to_string(),
            source: source.to_string(),
            slot,
            place: Some(document.place(table.mark)),
        });
    }

    /// A name that must be there, as the rows have it.
    fn required(
        &mut self,
        bundle: &Bundle<'_>,
        document: &Document,
        map: &Node,
        field: &str,
    ) -> Option<String> {
        if text_of(map, field).is_none() {
            let mark = map.get(field).map_or(map.mark, |node| node.mark);
            self.tell(document.place(mark), format!("`{field}` is missing, or no text"));
        }
        self.name(bundle, document, map, field)
    }

    /// A name as the rows have it; nothing where it is blank, or cannot be told, which is a finding.
    fn name(&mut self, bundle: &Bundle<'_>, document: &Document, map: &Node, field: &str) -> Option<String> {
        let (mark, text) = text_of(map, field)?;
        let Some(reference) = find_reference(text) else { return Some(text.to_owned()) };
        if bundle.is_ours {
            if let Some(text) = unescape_references(text) {
                return Some(text.into_owned());
            }
            if reference == text
                && let Some(name) = bundle.default_of(reference)
            {
                return Some(name.to_owned());
            }
        }
        let what = format!("`{field}` is {text}, and it is not said which name the rows have");
        let fix = "write the name of the rows in its place, in a copy of the bundle";
        self.tell_with(document.place(mark), what, fix);
        None
    }

    /// A catalog and a schema, where both are there: no table's place depends on them.
    fn home(
        &mut self,
        bundle: &Bundle<'_>,
        document: &Document,
        map: &Node,
        fields: [&str; 2],
    ) -> Option<Home> {
        let [catalog, schema] = fields.map(|field| self.name(bundle, document, map, field));
        Some(Home { catalog: catalog?, schema: schema? })
    }
}

/// The text of a field and where it stands; nothing where it is blank.
fn text_of<'a>(map: &'a Node, field: &str) -> Option<(Mark, &'a str)> {
    let node = map.get(field)?;
    node.scalar().filter(|text| !text.trim().is_empty()).map(|text| (node.mark, text))
}

impl Bundle<'_> {
    /// The default of a variable that a reference names.
    fn default_of(&self, reference: &str) -> Option<&str> {
        let name = reference.strip_prefix("${var.")?.strip_suffix('}')?;
        self.root.get("variables")?.get(name)?.get("default")?.scalar()
    }
}

/// Everything under `resources.pipelines`.
fn pipelines(root: &Node) -> &[(Key, Node)] {
    match root.get("resources").and_then(|resources| resources.get("pipelines")).map(|node| &node.data) {
        Some(Data::Map(entries)) => entries,
        _ => &[],
    }
}

/// What stands behind the start of a key.
fn named<'a>(key: &'a str, start: &str) -> Option<&'a str> {
    key.strip_prefix(start).filter(|name| !name.is_empty())
}

/// The name of the gateway that a pipeline refers to, where the bundle has it.
fn gateway_of<'a>(id: &'a Node, all: &[&Document]) -> Option<&'a str> {
    let key = id.scalar()?.strip_prefix("${resources.pipelines.")?.strip_suffix(".id}")?;
    let is_there = all
        .iter()
        .flat_map(|document| pipelines(&document.root))
        .any(|(other, node)| other.text == key && node.get("gateway_definition").is_some());
    named(key, "gateway_").filter(|_| is_there)
}

#[cfg(test)]
mod tests;
