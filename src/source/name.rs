//! The three-part name of a Unity Catalog table.

use std::fmt;

/// `catalog.schema.table`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    /// First part.
    pub catalog: String,
    /// Second part.
    pub schema: String,
    /// Third part.
    pub table: String,
}

/// A text that is no three-part name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no table name: {reason}")]
pub struct TableNameError {
    text: String,
    reason: &'static str,
}

impl TableName {
    /// Reads three parts with dots between them; a part with a dot or a blank in it stands in back-quotes, in which a
    /// back-quote is doubled.
    pub fn parse(text: &str) -> Result<Self, TableNameError> {
        let failed = |reason| TableNameError { text: text.to_owned(), reason };
        let mut parts = Vec::new();
        let mut rest = text.trim();
        loop {
            let (part, behind) = first_part(rest).map_err(failed)?;
            parts.push(part);
            match behind.strip_prefix('.') {
                Some(next) => rest = next,
                None if behind.is_empty() => break,
                None => return Err(failed("something follows a back-quoted part")),
            }
        }
        let [catalog, schema, table] = <[String; 3]>::try_from(parts)
            .map_err(|_| failed("three parts are expected, catalog.schema.table"))?;
        Ok(Self { catalog, schema, table })
    }

    /// Back-quoted, as SQL takes it whatever the parts hold.
    #[must_use]
    pub fn quoted(&self) -> String {
        let quote = |part: &str| format!("`{}`", part.replace('`', "``"));
        format!("{}.{}.{}", quote(&self.catalog), quote(&self.schema), quote(&self.table))
    }
}

/// The first part of a name and what stands behind it.
fn first_part(text: &str) -> Result<(String, &str), &'static str> {
    let Some(quoted) = text.strip_prefix('`') else {
        let end = text.find('.').unwrap_or(text.len());
        let part = &text[..end];
        if part.is_empty() {
            return Err("a part is empty");
        }
        if part.contains(|c: char| c == '`' || c.is_whitespace() || c.is_control() || c == '/') {
            return Err("a part with blanks or other special characters stands in back-quotes");
        }
        return Ok((part.to_owned(), &text[end..]));
    };
    let mut part = String::new();
    let mut rest = quoted;
    loop {
        let Some(end) = rest.find('`') else { return Err("a back-quote is never closed") };
        part.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('`') {
            Some(behind) => {
                part.push('`');
                rest = behind;
            }
            None => break,
        }
    }
    if part.is_empty() { Err("a part is empty") } else { Ok((part, rest)) }
}

impl fmt::Display for TableName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |part: &str| {
            !part.contains(|c: char| c == '`' || c == '.' || c == '/' || c.is_whitespace() || c.is_control())
        };
        for (index, part) in [&self.catalog, &self.schema, &self.table].into_iter().enumerate() {
            if index > 0 {
                formatter.write_str(".")?;
            }
            if plain(part) {
                formatter.write_str(part)?;
            } else {
                write!(formatter, "`{}`", part.replace('`', "``"))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_are_read_strictly() {
        let name = TableName::parse(" main.cfg.`a.``b` ").unwrap();
        assert_eq!(name.table, "a.`b");
        assert_eq!(name.quoted(), "`main`.`cfg`.`a.``b`");
        assert_eq!(name.to_string(), "main.cfg.`a.``b`");
        for text in ["a.b", "a.b.c.d", "a..c", "", "a.b.c d", "a.b.`c", "a.b.`c`d", "a.b.``", "a.b.c`; DROP"]
        {
            assert!(TableName::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(catalog in "\\PC{1,5}", schema in "[a-z`.]{1,4}", table in ".{1,4}") {
            let name = TableName { catalog, schema, table };
            prop_assert_eq!(TableName::parse(&name.quoted()).unwrap(), name.clone());
            prop_assert_eq!(TableName::parse(&name.to_string()).unwrap(), name);
        }
    }
}
