//! Why a warehouse refuses a statement.

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SqlError {
    /// An error condition of the service: its name, its SQLSTATE, the whole message.
    Condition { name: String, state: String, message: String },
    /// Nothing that the service would refuse: the mock is too small for it.
    Unsupported(String),
}

impl SqlError {
    /// `[NAME] text SQLSTATE: state`.
    pub(crate) fn condition(name: &str, state: &str, text: &str) -> Self {
        Self::Condition {
            name: name.to_owned(),
            state: state.to_owned(),
            message: format!("[{name}] {text} SQLSTATE: {state}"),
        }
    }

    /// `PARSE_SYNTAX_ERROR`, with the statement below and the leading newline that the service sends.
    pub(crate) fn syntax(statement: &str, near: &str, at: usize) -> Self {
        let before = statement.get(..at).unwrap_or(statement);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
        let message = format!(
            "\n[PARSE_SYNTAX_ERROR] Syntax error at or near {near}. SQLSTATE: 42601 (line {line}, pos {column})\n\n\
             == SQL ==\n{statement}\n{}^^^\n",
            "-".repeat(column)
        );
        Self::Condition { name: "PARSE_SYNTAX_ERROR".to_owned(), state: "42601".to_owned(), message }
    }

    /// `INVALID_IDENTIFIER`: a plain name that needs back-quotes.
    pub(crate) fn identifier(name: &str) -> Self {
        Self::condition(
            "INVALID_IDENTIFIER",
            "42602",
            &format!("The unquoted identifier {name} is invalid and must be back quoted as: `{name}`."),
        )
    }
}
