//! Why something changes, from what the user edited to what comes of it.

use std::fmt;

use serde::Serialize;

use crate::finding::Place;

/// A chain of causes: `gateway_schema, tables.csv:41 → gateway recreated → 2 pipelines → 347 tables`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// Where the first step stands in what the user wrote, where that is known.
    pub place: Option<Place>,
    /// From the edit to what comes of it.
    pub steps: Vec<String>,
}

impl Cause {
    /// A cause that starts with this step.
    #[must_use]
    pub fn new(first: impl Into<String>) -> Self {
        Self { place: None, steps: vec![first.into()] }
    }

    /// The same, with the place of its first step.
    #[must_use]
    pub fn at(mut self, place: impl Into<Option<Place>>) -> Self {
        self.place = place.into();
        self
    }

    /// The same, with a further step.
    #[must_use]
    pub fn then(mut self, step: impl Into<String>) -> Self {
        self.steps.push(step.into());
        self
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// A place as a cause names it: a line is enough.
pub(super) fn short(place: &Place) -> String {
    match place {
        Place::File { file, line, .. } => format!("{file}:{line}"),
        other => other.to_string(),
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.steps.iter().enumerate() {
            if index > 0 {
                formatter.write_str(" → ")?;
            }
            formatter.write_str(step)?;
            if let (0, Some(place)) = (index, &self.place) {
                write!(formatter, ", {}", short(place))?;
            }
        }
        Ok(())
    }
}

impl Serialize for Cause {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Document<'a> {
            #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
            place: Option<&'a Place>,
            steps: &'a [String],
            text: String,
        }
        Document { place: self.place.as_ref(), steps: &self.steps, text: self.to_string() }
            .serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_stands_behind_the_first_step() {
        let cause = Cause::new("gateway_schema")
            .at(Place::File { file: "tables.csv".into(), line: 41, column: 7 })
            .then("gateway recreated")
            .then("2 pipelines");
        assert_eq!(cause.to_string(), "gateway_schema, tables.csv:41 → gateway recreated → 2 pipelines");
    }
}
