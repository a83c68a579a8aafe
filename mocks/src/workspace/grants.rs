//! Unity Catalog grants.

use std::collections::HashMap;

/// Who holds which privilege on what. Owners hold everything and are not listed, as on the service.
#[derive(Debug, Default)]
pub struct Grants {
    direct: HashMap<(String, String), Vec<(String, Vec<String>)>>,
}

impl Grants {
    /// Grants privileges (`SELECT`, `USE_SCHEMA`, …) on a securable (`table`, `c.s.t`) to a user or group.
    pub fn grant(&mut self, kind: &str, full_name: &str, principal: &str, privileges: &[&str]) {
        let entries = self.direct.entry((kind.to_owned(), full_name.to_lowercase())).or_default();
        let new = privileges.iter().map(|privilege| (*privilege).to_owned());
        match entries.iter_mut().find(|(known, _)| known == principal) {
            Some((_, held)) => held.extend(new),
            None => entries.push((principal.to_owned(), new.collect())),
        }
    }
}
