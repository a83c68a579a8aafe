//! What a request to execute may say.

use serde_json::Value;

use super::answer::Problem;
use super::query::Parameter;
use super::sql_error::SqlError;

/// Seconds of `wait_timeout`: 0, or 5 to 50.
pub(super) fn wait_timeout(text: Option<&str>) -> Result<u64, Problem> {
    let text = text.unwrap_or("10s");
    let seconds = text.strip_suffix('s').and_then(|digits| digits.parse::<u64>().ok());
    match seconds {
        Some(seconds @ (0 | 5..=50)) => Ok(seconds),
        _ => Err(Problem::invalid(format!(
            "Invalid wait timeout {text}: wait timeout must be 0s or between 5s and 50s."
        ))),
    }
}

pub(super) fn parameters(value: Option<&Value>) -> Result<Vec<Parameter>, Problem> {
    let all = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(all)) => all,
        Some(_) => {
            return Err(Problem::malformed("Could not parse request object: parameters must be a list"));
        }
    };
    all.iter()
        .map(|parameter| {
            let name = parameter.get("name").and_then(Value::as_str);
            let name = name.ok_or_else(|| {
                Problem::invalid("A parameter has no name; positional ones are not supported.")
            })?;
            let value = match parameter.get("value") {
                None | Some(Value::Null) => None,
                Some(Value::String(value)) => Some(value.clone()),
                Some(_) => {
                    return Err(Problem::malformed(
                        "Could not parse request object: a parameter's value must be a string",
                    ));
                }
            };
            let type_name = parameter.get("type").and_then(Value::as_str).unwrap_or("STRING").to_uppercase();
            if ["ARRAY", "MAP", "STRUCT"].iter().any(|complex| type_name.starts_with(complex)) {
                return Err(Problem::invalid(format!("Parameters of type {type_name} are not supported.")));
            }
            Ok(Parameter { name: name.to_owned(), value, type_name })
        })
        .collect()
}

/// A value that its type cannot hold fails the statement.
pub(super) fn check_casts(parameters: &[Parameter]) -> Result<(), SqlError> {
    for parameter in parameters {
        let Some(value) = &parameter.value else { continue };
        let fits = match parameter.type_name.as_str() {
            "TINYINT" | "BYTE" => value.parse::<i8>().is_ok(),
            "SMALLINT" | "SHORT" => value.parse::<i16>().is_ok(),
            "INT" | "INTEGER" => value.parse::<i32>().is_ok(),
            "BIGINT" | "LONG" => value.parse::<i64>().is_ok(),
            "FLOAT" | "DOUBLE" => value.parse::<f64>().is_ok(),
            "BOOLEAN" => matches!(
                value.to_lowercase().as_str(),
                "true" | "false" | "t" | "f" | "y" | "n" | "yes" | "no" | "1" | "0"
            ),
            _ => true,
        };
        if !fits {
            let name = &parameter.type_name;
            return Err(SqlError::condition(
                "CAST_INVALID_INPUT",
                "22018",
                &format!(
                    "The value '{value}' of the type \"STRING\" cannot be cast to \"{name}\" because it is malformed."
                ),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wait_timeouts_have_a_hole() {
        assert_eq!(wait_timeout(None).unwrap(), 10);
        assert_eq!(wait_timeout(Some("0s")).unwrap(), 0);
        assert_eq!(wait_timeout(Some("50s")).unwrap(), 50);
        for wrong in ["1s", "4s", "51s", "10", "-5s", ""] {
            assert!(wait_timeout(Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parameters_are_strings_of_scalar_types() {
        assert!(
            parameters(Some(&json!([{"name": "a", "value": "1", "type": "INT"}, {"name": "b"}]))).is_ok()
        );
        assert!(parameters(Some(&json!([{"name": "a", "value": 1}]))).is_err());
        assert!(parameters(Some(&json!([{"value": "1"}]))).is_err());
        assert!(parameters(Some(&json!([{"name": "a", "value": "[]", "type": "ARRAY<INT>"}]))).is_err());
        let wrong = parameters(Some(&json!([{"name": "a", "value": "x", "type": "INT"}]))).unwrap();
        assert!(check_casts(&wrong).is_err());
    }
}
