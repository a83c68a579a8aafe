//! Listing pipelines: pages, order, the two filters (REST API, Pipelines).

use std::ops::Bound;

use serde_json::{Map, Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::paging;
use super::permissions::Object;
use super::pipelines::{Pipeline, Pipelines, page_size};
use super::world::World;

/// `GET /api/2.0/pipelines`: pages of at most 100 items without specification.
pub(super) fn list(world: &World, call: &Call) -> Reply {
    let size = page_size(call, 25, 100)?;
    let filter = call.param("filter").filter(|filter| !filter.is_empty()).map(Filter::parse).transpose()?;
    let order: Vec<&str> =
        call.query.iter().filter(|(key, _)| key == "order_by").map(|(_, value)| value.as_str()).collect();
    let after = paging::position(call)?;
    let pipelines = &world.pipelines;
    let shown = |pipeline: &&Pipeline| {
        filter.as_ref().is_none_or(|filter| filter.matches(pipeline))
            && world.permissions.may_view(&call.caller, &Object::pipeline(&pipeline.id))
    };
    let mut page: Vec<&Pipeline> = match order.as_slice() {
        [] | ["id"] | ["id asc"] => {
            let start = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            pipelines
                .by_id
                .range::<str, _>((start, Bound::Unbounded))
                .map(|(_, p)| p)
                .filter(shown)
                .take(size + 1)
                .collect()
        }
        ["id desc"] => {
            let end = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            let range = pipelines.by_id.range::<str, _>((Bound::Unbounded, end));
            range.rev().map(|(_, p)| p).filter(shown).take(size + 1).collect()
        }
        ["name" | "name asc"] => by_name(pipelines, after.as_deref(), size, shown, false),
        ["name desc"] => by_name(pipelines, after.as_deref(), size, shown, true),
        _ => return Err(Problem::invalid(format!("Unsupported order_by: {}", order.join(", ")))),
    };
    let more = page.len() > size;
    page.truncate(size);
    let mut body = Map::new();
    if !page.is_empty() {
        body.insert("statuses".to_owned(), page.iter().map(|pipeline| pipeline.summary()).collect());
    }
    if let (true, Some(last)) = (more, page.last()) {
        body.insert("next_page_token".to_owned(), Value::from(paging::token(call, &last.id)));
    }
    Ok(Answer::json(&body))
}

/// A page in the order of names, after the pipeline with the id `after`.
fn by_name<'a>(
    pipelines: &'a Pipelines,
    after: Option<&str>,
    size: usize,
    shown: impl Fn(&&Pipeline) -> bool,
    descending: bool,
) -> Vec<&'a Pipeline> {
    let mut all: Vec<&Pipeline> = pipelines.iter().filter(shown).collect();
    all.sort_unstable_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    if descending {
        all.reverse();
    }
    let start = after.and_then(|id| all.iter().position(|p| p.id == id)).map_or(0, |at| at + 1);
    all.into_iter().skip(start).take(size + 1).collect()
}

/// `name LIKE '…'` or `notebook='…'`; nothing else is understood.
enum Filter {
    Name(String),
    Notebook(String),
}

impl Filter {
    fn parse(text: &str) -> Result<Self, Problem> {
        let refused = || {
            Problem::invalid(format!(
                "Invalid filter: {text}. Supported filters are notebook='<path>' and name LIKE '[pattern]'."
            ))
        };
        let trimmed = text.trim();
        let quoted = |rest: &str| {
            let inner = rest.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            (!inner.contains('\'')).then(|| inner.to_owned())
        };
        if let Some(rest) = trimmed.strip_prefix("notebook") {
            let rest = rest.trim_start().strip_prefix('=').ok_or_else(refused)?;
            return quoted(rest).map(Self::Notebook).ok_or_else(refused);
        }
        let rest = trimmed.strip_prefix("name").map(str::trim_start).ok_or_else(refused)?;
        let like = rest.get(..4).filter(|word| word.eq_ignore_ascii_case("like")).ok_or_else(refused)?;
        quoted(&rest[like.len()..]).map(Self::Name).ok_or_else(refused)
    }

    fn matches(&self, pipeline: &Pipeline) -> bool {
        match self {
            Self::Name(pattern) => match pattern.strip_prefix('%').and_then(|rest| rest.strip_suffix('%')) {
                Some(middle) if !middle.contains(['%', '_']) => pipeline.name.contains(middle),
                _ => paging::like(pattern, &pipeline.name),
            },
            Self::Notebook(path) => {
                pipeline.spec.get("libraries").and_then(Value::as_array).is_some_and(|all| {
                    all.iter().any(|one| one.pointer("/notebook/path") == Some(&json!(path)))
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_documented_filters_are_understood() {
        assert!(Filter::parse("name LIKE '%x%'").is_ok());
        assert!(Filter::parse("name like 'x'").is_ok());
        assert!(Filter::parse("notebook='/a'").is_ok());
        assert!(Filter::parse("name = 'x'").is_err());
        assert!(Filter::parse("name LIKE '%x%' AND name LIKE '%y%'").is_err());
        assert!(Filter::parse("name LIKE '%o'brien%'").is_err());
    }
}
