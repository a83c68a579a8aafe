//! Cells that hold several names.

use crate::source::{Cell, Value};
use crate::yaml::read_json;

/// The items of a list: comma text, JSON text or a real list; trimmed, empty ones dropped. Text that starts as JSON and is
/// none is refused, for as comma text it would name columns that nobody meant.
pub(super) fn items(cell: Cell<'_>) -> Result<Vec<String>, String> {
    match cell {
        Cell::Null => Ok(Vec::new()),
        Cell::Text(text) if text.starts_with('[') => match read_json(text).map(Value::from) {
            Ok(Value::List(items)) => names(&items),
            Ok(_) => Err("it starts like a JSON list and is none".to_owned()),
            Err(error) => Err(format!("it starts like a JSON list, but {error}")),
        },
        Cell::Text(text) | Cell::Number(text) => {
            Ok(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
        }
        Cell::List(items) => names(items),
        Cell::Boolean(_) => Err("a list of names is expected, and it is a boolean".to_owned()),
        Cell::Map(_) => Err("a list of names is expected, and it is a map".to_owned()),
    }
}

fn names(items: &[Value]) -> Result<Vec<String>, String> {
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        match (item, item.cell().scalar()) {
            (_, Some(name)) => found.push(name.to_owned()),
            (Value::Text(_), None) => {}
            (Value::Null, None) => return Err("an item of the list is null".to_owned()),
            _ => return Err("an item of the list is a list or a map itself".to_owned()),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_of_a_list_mean_the_same() {
        let real = [Value::Text("Id".into()), Value::Number("1".into()), Value::Text(String::new())];
        for cell in [Cell::Text(" Id , 1,"), Cell::Text("[\"Id\", 1]"), Cell::List(&real)] {
            assert_eq!(items(cell).unwrap(), ["Id", "1"]);
        }
        assert!(items(Cell::Text(",")).unwrap().is_empty());
        for cell in [Cell::Text("[Id]"), Cell::Text("[null]"), Cell::Text("[[\"a\"]]"), Cell::Boolean(true)] {
            assert!(items(cell).is_err(), "{cell:?}");
        }
    }
}
