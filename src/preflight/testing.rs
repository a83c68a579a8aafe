//! A small layout for the tests of the judges: one gateway, two pipelines, three tables in `main.crm` and one in
//! `main.web`.

use crate::connector::{Configuration, Destination, Object, ObjectSource};
use crate::finding::Place;
use crate::placement::{Bundle, Gateway, Layout, Pipeline};
use crate::table::{GatewaySettings, Schedule};

/// Row 0 stands in line 2.
#[allow(clippy::unnecessary_wraps, reason = "the judges take it like this")]
pub(super) fn place(row: u32) -> Option<Place> {
    Some(Place::File { file: "tables.csv".into(), line: row + 2, column: 1 })
}

/// `main.<schema>.<table>`.
pub(super) fn destination(schema: &str, table: &str) -> Destination {
    Destination { catalog: "main".into(), schema: schema.into(), table: table.into() }
}

/// A table that is read from its own name into `main.<schema>`.
pub(super) fn object(schema: &str, table: &str) -> Object {
    Object {
        source: ObjectSource::Table { catalog: None, schema: None, table: table.into() },
        destination: destination(schema, table),
        configuration: Configuration::default(),
    }
}

/// Those of a gateway that stores in `main.staging`.
pub(super) fn gateway_settings() -> GatewaySettings {
    GatewaySettings {
        catalog: "main".into(),
        schema: "staging".into(),
        catalog_is_named: true,
        schema_is_named: true,
        worker_type: None,
        driver_type: None,
    }
}

/// A pipeline of `sales_01` with these tables of `main.<schema>` behind the gateway.
pub(super) fn pipeline(number: u32, schema: &str, rows: &[(u32, &str)]) -> Pipeline {
    Pipeline {
        name: format!("sales_01_g01_p{number:02}"),
        prefix: "sales".into(),
        subgroup: "01".into(),
        gateway: Some("sales_01_g01".into()),
        connection: "erp".into(),
        catalog: "main".into(),
        schema: schema.into(),
        schedule: Some(Schedule {
            quartz: "0 0/15 * * * ?".into(),
            timezone: "UTC".into(),
            pause_status: None,
        }),
        tags: Vec::new(),
        rows: rows.iter().map(|(row, _)| *row).collect(),
        positions: (0..rows.len() as u64).collect(),
        weight: 0,
        objects: rows.iter().map(|(_, table)| object(schema, table)).collect(),
    }
}

/// The layout.
pub(super) fn layout() -> Layout {
    let gateway = Gateway {
        name: "sales_01_g01".into(),
        prefix: "sales".into(),
        subgroup: "01".into(),
        connection: "erp".into(),
        settings: gateway_settings(),
        tags: Vec::new(),
    };
    Layout {
        bundles: vec![Bundle {
            name: "retail".into(),
            project: "retail".into(),
            gateways: vec![gateway],
            pipelines: vec![
                pipeline(1, "crm", &[(0, "Accounts"), (1, "orders"), (2, "items")]),
                pipeline(2, "web", &[(3, "visits")]),
            ],
        }],
    }
}
