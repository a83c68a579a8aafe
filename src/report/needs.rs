//! What a plan needs consent for, as a list above a question.

use std::fmt::Write as _;

use owo_colors::OwoColorize as _;

use crate::plan::{Consent, Need, TargetNeed, dropped};

/// More fields of one thing say nothing more.
const FIELDS: usize = 5;

/// The needs of one target: each consent once, what it means, and the fields that call for it.
#[must_use]
pub fn needs_text(target: &str, needs: &[TargetNeed]) -> String {
    let mut text = String::new();
    let mut told: Vec<&Consent> = Vec::new();
    let here = || needs.iter().filter(|need| need.target == target).map(|need| &need.need);
    for first in here() {
        if told.contains(&&first.consent) {
            continue;
        }
        told.push(&first.consent);
        let same: Vec<&Need> = here().filter(|need| need.consent == first.consent).collect();
        let _ = writeln!(text, "  {} {}  {}", "!".red().bold(), first.consent.to_string().bold(), first.what);
        if let Some(cause) =
            needs.iter().find(|need| need.target == target && need.need == *first).map(|need| &need.cause)
            && !cause.is_empty()
        {
            let _ = writeln!(text, "      cause {cause}");
        }
        let fields: Vec<_> = same.iter().filter_map(|need| need.field.as_ref()).collect();
        for field in fields.iter().take(FIELDS) {
            let _ = writeln!(text, "      {field}");
        }
        if fields.len() > FIELDS {
            let _ = writeln!(text, "      and {} more", fields.len() - FIELDS);
        }
        if let Some(dropped) = dropped(same) {
            let _ = writeln!(text, "      {dropped}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::{Cause, ConsentKind, FieldDifference};

    #[test]
    fn each_consent_is_told_once_with_its_fields() {
        let need = |target: &str, kind, name: &str, path: Option<&str>| TargetNeed {
            target: target.to_owned(),
            need: Need {
                consent: Consent { kind, name: name.to_owned() },
                field: path.map(|path| FieldDifference {
                    path: path.to_owned(),
                    old: Some(json!("a")),
                    new: None,
                }),
                what: format!("{name}: 3 tables are read again in full"),
                tables: 3,
                fate: None,
            },
            cause: Cause::default(),
        };
        let mut needs = vec![
            need("prod", ConsentKind::Recreate, "gw", Some("storage")),
            need("prod", ConsentKind::Delete, "old", None),
            need("dev", ConsentKind::Delete, "elsewhere", None),
            need("prod", ConsentKind::Recreate, "gw", Some("connection_name")),
        ];
        needs
            .extend((0..6).map(|n| need("prod", ConsentKind::Snapshot, "p", Some(&format!("objects[{n}]")))));
        let text = anstream::adapter::strip_str(&needs_text("prod", &needs)).to_string();
        assert_eq!(
            text,
            "  ! recreate:gw  gw: 3 tables are read again in full
      storage: a → (none)
      connection_name: a → (none)
  ! delete:old  old: 3 tables are read again in full
  ! snapshot:p  p: 3 tables are read again in full
      objects[0]: a → (none)
      objects[1]: a → (none)
      objects[2]: a → (none)
      objects[3]: a → (none)
      objects[4]: a → (none)
      and 1 more
"
        );
    }
}
