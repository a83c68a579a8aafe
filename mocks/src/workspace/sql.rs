//! The SQL that the mock understands: a small strict grammar, with the refusals of a real warehouse.
//!
//! ```text
//! statement := SELECT items [FROM table [VERSION AS OF literal] [ORDER BY order] [LIMIT n]] | DESCRIBE HISTORY name [LIMIT n]
//! items     := * | item {, item}          item  := (column | integer | CAST(column AS STRING) | to_json(column) | count(*)) [AS alias]
//! table     := name | IDENTIFIER(:p) | IDENTIFIER('…')            name := part {. part}, part := word | `word`
//! ```

use super::sql_error::SqlError;
use super::sql_token::{Kind, Token, tokens};

/// A parsed statement.
#[derive(Debug, PartialEq)]
pub(crate) enum Statement {
    Select(Select),
    /// `DESCRIBE HISTORY`.
    History {
        name: Vec<String>,
        limit: Option<Bound>,
    },
}

/// A `SELECT`.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Select {
    /// Empty: `*`.
    pub(crate) items: Vec<Item>,
    pub(crate) from: Option<From>,
    /// Column and whether descending.
    pub(crate) order_by: Vec<(String, bool)>,
    pub(crate) limit: Option<Bound>,
}

/// The table of a `SELECT`.
#[derive(Debug, PartialEq)]
pub(crate) struct From {
    pub(crate) name: Name,
    pub(crate) version: Option<i64>,
    /// Where it stands, for messages.
    pub(crate) at: usize,
}

/// How a table is named.
#[derive(Debug, PartialEq)]
pub(crate) enum Name {
    Parts(Vec<String>),
    /// `IDENTIFIER(:parameter)`.
    Parameter(String),
}

/// A `LIMIT`.
#[derive(Debug, PartialEq)]
pub(crate) enum Bound {
    Literal(usize),
    Parameter(String),
}

/// A column of the result.
#[derive(Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) value: Value,
    pub(crate) alias: Option<String>,
}

/// What a column of the result is made of.
#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    Column(String),
    /// `CAST(column AS STRING)`.
    Text(String),
    /// `to_json(column)`.
    Json(String),
    Integer(String),
    Count,
}

/// Statements that a warehouse runs and the mock does not.
const OTHER_STATEMENTS: [&str; 22] = [
    "ALTER", "ANALYZE", "BEGIN", "CALL", "COPY", "CREATE", "DELETE", "DROP", "EXPLAIN", "FROM", "GRANT",
    "INSERT", "MERGE", "OPTIMIZE", "REVOKE", "SET", "SHOW", "TABLE", "UPDATE", "USE", "VALUES", "WITH",
];

/// What may follow a table in a `SELECT` and the mock does not know.
const OTHER_CLAUSES: [&str; 21] = [
    "NULLS",
    "WHERE",
    "GROUP",
    "HAVING",
    "JOIN",
    "LEFT",
    "RIGHT",
    "FULL",
    "INNER",
    "CROSS",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "TABLESAMPLE",
    "LATERAL",
    "PIVOT",
    "WINDOW",
    "QUALIFY",
    "TIMESTAMP",
    "OFFSET",
    "AS",
];

/// Parses one statement.
pub(crate) fn parse(text: &str) -> Result<Statement, SqlError> {
    let tokens = tokens(text)?;
    let mut parser = Parser { text, tokens, at: 0 };
    let statement = if parser.keyword("SELECT") {
        Statement::Select(parser.select()?)
    } else if parser.keyword("DESCRIBE") || parser.keyword("DESC") {
        if !parser.keyword("HISTORY") {
            return Err(parser.unsupported());
        }
        let name = parser.name()?;
        Statement::History { name, limit: parser.limit()? }
    } else if parser.peek().is_some_and(|token| OTHER_STATEMENTS.iter().any(|word| token.is_word(word))) {
        return Err(parser.unsupported());
    } else {
        return Err(parser.syntax());
    };
    if parser.symbol(';') && parser.peek().is_some() {
        return Err(parser.syntax());
    }
    match parser.peek() {
        None => Ok(statement),
        Some(token) if token.is_symbol(',') || OTHER_CLAUSES.iter().any(|word| token.is_word(word)) => {
            Err(parser.unsupported())
        }
        Some(_) => Err(parser.syntax()),
    }
}

/// Splits a name of one to three parts, each plain or back-quoted.
pub(crate) fn split_name(text: &str) -> Result<Vec<String>, SqlError> {
    let tokens = tokens(text)?;
    let mut parser = Parser { text, tokens, at: 0 };
    let name = parser.name()?;
    if parser.peek().is_some() { Err(parser.syntax()) } else { Ok(name) }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn syntax(&self) -> SqlError {
        let (near, at) = match self.peek() {
            Some(token) => (format!("'{}'", &self.text[token.start..token.end]), token.start),
            None => ("end of input".to_owned(), self.text.len()),
        };
        SqlError::syntax(self.text, &near, at)
    }

    fn unsupported(&self) -> SqlError {
        let at = self.peek().map_or(self.text.len(), |token| token.start);
        SqlError::Unsupported(format!(
            "the mock does not understand this statement from position {at}: {}",
            self.text
        ))
    }

    fn keyword(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is_word(word));
        self.at += usize::from(found);
        found
    }

    fn symbol(&mut self, symbol: char) -> bool {
        let found = self.peek().is_some_and(|token| token.is_symbol(symbol));
        self.at += usize::from(found);
        found
    }

    fn expect_keyword(&mut self, word: &str) -> Result<(), SqlError> {
        if self.keyword(word) { Ok(()) } else { Err(self.syntax()) }
    }

    fn expect_symbol(&mut self, symbol: char) -> Result<(), SqlError> {
        if self.symbol(symbol) { Ok(()) } else { Err(self.syntax()) }
    }

    /// A plain or back-quoted identifier.
    fn identifier(&mut self) -> Result<String, SqlError> {
        let word = match self.peek().map(|token| &token.kind) {
            Some(Kind::Quoted(name)) => name.clone(),
            Some(Kind::Word(name)) => {
                // `my-cat` is three tokens to us and one wrong identifier to a warehouse.
                if let Some(Token { start, .. }) =
                    self.tokens.get(self.at + 1).filter(|next| next.is_symbol('-'))
                    && self.peek().is_some_and(|token| token.end == *start)
                {
                    let from = self.peek().map_or(0, |token| token.start);
                    let rest = &self.text[from..];
                    let end = rest
                        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
                        .unwrap_or(rest.len());
                    return Err(SqlError::identifier(&rest[..end]));
                }
                if name.starts_with(|c: char| c.is_ascii_digit()) || !name.is_ascii() {
                    return Err(SqlError::identifier(name));
                }
                name.clone()
            }
            _ => return Err(self.syntax()),
        };
        self.at += 1;
        Ok(word)
    }

    fn name(&mut self) -> Result<Vec<String>, SqlError> {
        let mut parts = vec![self.identifier()?];
        while self.symbol('.') {
            parts.push(self.identifier()?);
        }
        if parts.len() > 3 {
            return Err(SqlError::condition(
                "IDENTIFIER_TOO_MANY_NAME_PARTS",
                "42601",
                &format!("{} is not a valid identifier as it has more than 2 name parts.", parts.join(".")),
            ));
        }
        Ok(parts)
    }

    fn select(&mut self) -> Result<Select, SqlError> {
        let mut select = Select::default();
        if !self.symbol('*') {
            loop {
                let value = self.value()?;
                if self
                    .peek()
                    .is_some_and(|token| "+-*/%=<>!|.(".chars().any(|operator| token.is_symbol(operator)))
                {
                    return Err(self.unsupported());
                }
                let alias = if self.keyword("AS") { Some(self.identifier()?) } else { None };
                self.no_bare_alias(&["FROM", "ORDER", "LIMIT"])?;
                select.items.push(Item { value, alias });
                if !self.symbol(',') {
                    break;
                }
            }
        }
        if self.keyword("FROM") {
            select.from = Some(self.from()?);
            self.no_bare_alias(&["ORDER", "LIMIT", "VERSION"])?;
        }
        if self.keyword("ORDER") {
            self.expect_keyword("BY")?;
            loop {
                if self.peek().is_some_and(|token| matches!(token.kind, Kind::Integer(_))) {
                    return Err(self.unsupported());
                }
                let column = self.identifier()?;
                let descending = self.keyword("DESC");
                if !descending {
                    self.keyword("ASC");
                }
                select.order_by.push((column, descending));
                if !self.symbol(',') {
                    break;
                }
            }
        }
        select.limit = self.limit()?;
        Ok(select)
    }

    /// An alias without `AS` is right on a warehouse and more than the mock knows.
    fn no_bare_alias(&self, next: &[&str]) -> Result<(), SqlError> {
        match self.peek() {
            Some(token) if matches!(token.kind, Kind::Quoted(_) | Kind::Word(_)) => {
                if next.iter().any(|word| token.is_word(word)) { Ok(()) } else { Err(self.unsupported()) }
            }
            _ => Ok(()),
        }
    }

    fn value(&mut self) -> Result<Value, SqlError> {
        if let Some(Kind::Integer(digits)) = self.peek().map(|token| &token.kind) {
            let value = Value::Integer(digits.clone());
            self.at += 1;
            return Ok(value);
        }
        if self.peek().is_some_and(|token| matches!(token.kind, Kind::Text(_) | Kind::Parameter(_))) {
            return Err(self.unsupported());
        }
        let called = self.tokens.get(self.at + 1).is_some_and(|token| token.is_symbol('('));
        if !called {
            return self.identifier().map(Value::Column);
        }
        if self.keyword("CAST") {
            self.expect_symbol('(')?;
            let column = self.identifier()?;
            self.expect_keyword("AS")?;
            if !self.keyword("STRING") {
                return Err(self.unsupported());
            }
            self.expect_symbol(')')?;
            return Ok(Value::Text(column));
        }
        if self.keyword("to_json") {
            self.expect_symbol('(')?;
            let column = self.identifier()?;
            if self.peek().is_some_and(|token| token.is_symbol('(')) {
                return Err(self.unsupported());
            }
            self.expect_symbol(')')?;
            return Ok(Value::Json(column));
        }
        if self.keyword("count") {
            self.expect_symbol('(')?;
            if !self.symbol('*') && !self.keyword("1") {
                return Err(self.unsupported());
            }
            self.expect_symbol(')')?;
            return Ok(Value::Count);
        }
        Err(self.unsupported())
    }

    fn from(&mut self) -> Result<From, SqlError> {
        let at = self.peek().map_or(self.text.len(), |token| token.start);
        let called = self.tokens.get(self.at + 1).is_some_and(|token| token.is_symbol('('));
        let name = if called && self.keyword("IDENTIFIER") {
            self.expect_symbol('(')?;
            let name = match self.peek().map(|token| token.kind.clone()) {
                Some(Kind::Parameter(name)) => Name::Parameter(name),
                Some(Kind::Text(text)) => Name::Parts(split_name(&text)?),
                _ => return Err(self.syntax()),
            };
            self.at += 1;
            self.expect_symbol(')')?;
            name
        } else if called || self.peek().is_some_and(|token| token.is_symbol('(')) {
            return Err(self.unsupported());
        } else {
            Name::Parts(self.name()?)
        };
        let mut version = None;
        if self.keyword("VERSION") {
            self.expect_keyword("AS")?;
            self.expect_keyword("OF")?;
            // A literal, not a parameter marker: the number belongs to the name, not to the values.
            let literal = match self.peek().map(|token| &token.kind) {
                Some(Kind::Integer(digits) | Kind::Text(digits)) => digits.parse().ok(),
                _ => None,
            };
            version = Some(literal.ok_or_else(|| self.syntax())?);
            self.at += 1;
        }
        Ok(From { name, version, at })
    }

    fn limit(&mut self) -> Result<Option<Bound>, SqlError> {
        if !self.keyword("LIMIT") {
            return Ok(None);
        }
        let bound = match self.peek().map(|token| &token.kind) {
            Some(Kind::Integer(digits)) => Bound::Literal(digits.parse().map_err(|_| self.syntax())?),
            Some(Kind::Parameter(name)) => Bound::Parameter(name.clone()),
            _ => return Err(self.syntax()),
        };
        self.at += 1;
        Ok(Some(bound))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(text: &str) -> Select {
        match parse(text).unwrap() {
            Statement::Select(select) => select,
            other => panic!("{other:?}"),
        }
    }

    fn code(text: &str) -> String {
        match parse(text).unwrap_err() {
            SqlError::Condition { name, .. } => name,
            SqlError::Unsupported(_) => "unsupported".to_owned(),
        }
    }

    #[test]
    fn tables_are_named_in_three_ways() {
        let parts = |parts: [&str; 3]| Name::Parts(parts.map(str::to_owned).to_vec());
        assert_eq!(select("SELECT * FROM a.b.c").from.unwrap().name, parts(["a", "b", "c"]));
        assert_eq!(
            select("select * from `a-b`.`x``y`.`c d`").from.unwrap().name,
            parts(["a-b", "x`y", "c d"])
        );
        assert_eq!(
            select("SELECT * FROM IDENTIFIER(:t)").from.unwrap().name,
            Name::Parameter("t".to_owned())
        );
        assert_eq!(select("SELECT * FROM IDENTIFIER('a.b.`c`')").from.unwrap().name, parts(["a", "b", "c"]));
    }

    #[test]
    fn a_version_is_a_literal_and_comes_after_any_name() {
        for name in ["a.b.c", "`a`.`b`.`c`", "IDENTIFIER(:t)"] {
            assert_eq!(
                select(&format!("SELECT * FROM {name} VERSION AS OF 7")).from.unwrap().version,
                Some(7)
            );
            assert_eq!(code(&format!("SELECT * FROM {name} VERSION AS OF :v")), "PARSE_SYNTAX_ERROR");
        }
        assert_eq!(select("SELECT * FROM t VERSION AS OF '7'").from.unwrap().version, Some(7));
    }

    #[test]
    fn history_takes_a_name_but_no_identifier_clause() {
        assert_eq!(
            parse("DESCRIBE HISTORY `a`.b.c LIMIT 1;").unwrap(),
            Statement::History {
                name: ["a", "b", "c"].map(str::to_owned).to_vec(),
                limit: Some(Bound::Literal(1))
            }
        );
        assert_eq!(code("DESCRIBE HISTORY IDENTIFIER(:t) LIMIT 1"), "PARSE_SYNTAX_ERROR");
        assert_eq!(code("DESCRIBE HISTORY a.b.c VERSION AS OF 1"), "PARSE_SYNTAX_ERROR");
    }

    #[test]
    fn mistakes_are_refused_and_what_we_do_not_know_is_told_apart() {
        assert_eq!(code("SELEC 1"), "PARSE_SYNTAX_ERROR");
        assert_eq!(code("SELECT * FROM"), "PARSE_SYNTAX_ERROR");
        assert_eq!(code("SELECT * FROM :t"), "PARSE_SYNTAX_ERROR");
        assert_eq!(code("SELECT * FROM 'a.b.c'"), "PARSE_SYNTAX_ERROR");
        assert_eq!(code("SELECT * FROM a.b.c; DROP TABLE x"), "PARSE_SYNTAX_ERROR");
        assert_eq!(code("SELECT * FROM my-cat.b.c"), "INVALID_IDENTIFIER");
        assert_eq!(code("SELECT * FROM a.b.1c"), "INVALID_IDENTIFIER");
        assert_eq!(code("SELECT * FROM a.b.c.d"), "IDENTIFIER_TOO_MANY_NAME_PARTS");
        assert_eq!(code("SELECT * FROM a WHERE x = 1"), "unsupported");
        assert_eq!(code("DROP TABLE a"), "unsupported");
        for right in [
            "SELECT a b FROM t",
            "SELECT DISTINCT a FROM t",
            "SELECT t.a FROM t",
            "SELECT a + 1 FROM t",
            "SELECT 'x'",
            "SELECT * FROM t x",
            "SELECT * FROM t ORDER BY 1",
            "SELECT * FROM t ORDER BY a NULLS LAST",
            "SELECT * FROM (SELECT 1)",
        ] {
            assert_eq!(code(right), "unsupported", "{right}");
        }
    }

    #[test]
    fn columns_order_and_limit() {
        let parsed =
            select("SELECT a, `b c` AS d, CAST(e AS STRING), count(*) FROM t ORDER BY a, `b c` DESC LIMIT 5");
        assert_eq!(parsed.items.len(), 4);
        assert_eq!(parsed.items[1].alias.as_deref(), Some("d"));
        assert_eq!(parsed.order_by, [("a".to_owned(), false), ("b c".to_owned(), true)]);
        assert_eq!(parsed.limit, Some(Bound::Literal(5)));
        assert_eq!(select("SELECT 1").items[0].value, Value::Integer("1".to_owned()));
    }
}
