//! A world in which a table of what to ingest can be deployed: its connections, catalogs and schemas.

use super::rows::Rows;
use super::world::World;

/// The type of a Unity Catalog connection for a connector, by the name of the connector.
fn connection_type(connector: &str) -> String {
    let plain: String =
        connector.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let plain = plain.trim_end_matches("query").trim_end_matches("integrated").trim_end_matches("gateway");
    match plain {
        "postgres" => "POSTGRESQL".to_owned(),
        "mariadb" => "MYSQL".to_owned(),
        "ga" | "ga4" | "ga4rawdata" | "googleanalytics" => "GA4_RAW_DATA".to_owned(),
        "workday" | "workdayreports" | "workdayraas" => "WORKDAY_RAAS".to_owned(),
        "workdayhcm" => "WORKDAY_HCM".to_owned(),
        "metaads" | "metamarketing" => "META_MARKETING".to_owned(),
        "googledrive" => "GOOGLE_DRIVE".to_owned(),
        "googleads" => "GOOGLE_ADS".to_owned(),
        "tiktokads" => "TIKTOK_ADS".to_owned(),
        "linkedinads" => "LINKEDIN_ADS".to_owned(),
        "redditads" => "REDDIT_ADS".to_owned(),
        "community" => "GENERIC_LAKEFLOW_CONNECT".to_owned(),
        other => other.to_uppercase(),
    }
}

/// Words that tell the type of a connection when no connector is named.
const TELLING: [(&str, &str); 9] = [
    ("salesforce", "SALESFORCE"),
    ("servicenow", "SERVICENOW"),
    ("workday", "WORKDAY_RAAS"),
    ("postgres", "POSTGRESQL"),
    ("mysql", "MYSQL"),
    ("oracle", "ORACLE"),
    ("netsuite", "NETSUITE"),
    ("dynamics", "DYNAMICS365"),
    ("sharepoint", "SHAREPOINT"),
];

/// The type of the connection that a row needs, from whatever it says.
fn infer(cell: impl Fn(&[&str]) -> Option<String>) -> String {
    if let Some(connector) = cell(&["connector"]) {
        return connection_type(&connector);
    }
    if cell(&["source_url"]).is_some() {
        return "WORKDAY_RAAS".to_owned();
    }
    if cell(&["tables"]).is_some() {
        return "GA4_RAW_DATA".to_owned();
    }
    let hints = [cell(&["source_database", "source_catalog"]), cell(&["connection_name"])];
    for hint in hints.into_iter().flatten() {
        let hint = hint.to_lowercase();
        if let Some((_, found)) = TELLING.iter().find(|(word, _)| hint.contains(word)) {
            return (*found).to_owned();
        }
    }
    match cell(&["source_schema"]).as_deref() {
        Some("objects" | "standard") => "SALESFORCE".to_owned(),
        Some("default") => "SERVICENOW".to_owned(),
        _ => "SQLSERVER".to_owned(),
    }
}

impl World {
    /// Adds what the rows of a table of what to ingest need to be deployed: connections of the right type, and the
    /// catalogs and schemas of destinations and gateways. What is there already stays as it is.
    pub fn furnish(&mut self, rows: &Rows) {
        for row in 0..rows.len() {
            let cell = |names: &[&str]| {
                let found = names.iter().find_map(|name| rows.cell(row, rows.column(name)?));
                found.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
            };
            if let Some(name) = cell(&["connection_name"])
                && self.catalog.connection(&name).is_none()
            {
                self.catalog.add_connection(&name, &infer(cell));
            }
            let catalog = cell(&["target_catalog", "destination_catalog"]);
            let schema = cell(&["target_schema", "destination_schema"]);
            let gateway = (cell(&["gateway_catalog"]).or_else(|| catalog.clone()), cell(&["gateway_schema"]));
            for place in [(catalog, schema), gateway] {
                match place {
                    (Some(catalog), Some(schema)) => {
                        self.catalog.add_schema(&catalog, &schema);
                    }
                    (Some(catalog), None) => {
                        self.catalog.add_catalog(&catalog);
                    }
                    (None, _) => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::identity::Identity;

    #[test]
    fn the_type_of_a_connection_follows_from_the_row() {
        let rows = Rows::from_csv(
            "connection_name,connector,source_url,tables,source_schema,source_database,target_catalog,target_schema,gateway_schema\n\
             a,postgresql,,,dbo,x,lake,Raw,gw\n\
             b,,https://x,,,,lake,raw,\n\
             c,,,events,analytics_1,,lake,raw,\n\
             d,,,,objects,,lake,raw,\n\
             e,,,,dbo,Erp,lake,raw,\n\
             f,,,,standard,ServiceNow,lake,raw,\n",
        );
        let mut world = World::new(&Identity::user("a@b"));
        world.furnish(&rows.unwrap());
        let types: Vec<&str> = ["a", "b", "c", "d", "e", "f"]
            .map(|name| world.catalog.connection(name).unwrap().connection_type.as_str())
            .to_vec();
        assert_eq!(
            types,
            ["POSTGRESQL", "WORKDAY_RAAS", "GA4_RAW_DATA", "SALESFORCE", "SQLSERVER", "SERVICENOW"]
        );
        assert!(world.catalog.schema("lake.gw").is_some());
        assert_eq!(world.catalog.schema("lake.RAW").unwrap().name, "raw");
    }
}
