//! One row of the CLI's table of fields: the edit, what is planned, the consent it needs, what reaches the workspace.

use serde_json::{Value, json};

use super::site::{PLAN, Site};

/// An edit, and what comes of it.
pub(super) struct Case {
    /// The row: the path of a field, as the CLI's plan names it, or what happens.
    pub(super) row: &'static str,
    pub(super) edit: fn(&Site),
    /// `pipelines.x update metadata`, in the order of the plan.
    pub(super) resources: &'static [&'static str],
    /// `bronze.crm.account update snapshot`, in the order of the plan.
    pub(super) tables: &'static [&'static str],
    /// What has to be allowed.
    pub(super) needs: &'static [&'static str],
    /// `PUT pipeline crm_01_p01`, sorted.
    pub(super) requests: &'static [&'static str],
}

impl Case {
    /// The edit is planned; without its consent it is refused and nothing is sent; with exactly that it is deployed, and then
    /// nothing is left to do.
    #[track_caller]
    pub(super) fn goes(&self, site: &Site) -> Value {
        let row = self.row;
        (self.edit)(site);
        site.workspace.clear_requests();
        let known = site.names();
        let said = site.plan();
        assert_eq!(said.status, Some(0), "{row}: {}", said.stderr);
        let plan = said.json();
        assert_eq!(plan["format"], "tapworks.plan/1");
        assert_eq!(resources(&plan), self.resources, "{row}: {plan:#}");
        assert_eq!(tables(&plan), self.tables, "{row}: {plan:#}");
        assert_eq!(plan["summary"]["needs_consent"], json!(self.needs), "{row}");
        assert_eq!(site.workspace.writes().len(), 0, "{row}: a plan only looks");
        if !self.needs.is_empty() {
            let refused = site.deploy(&[]);
            assert_eq!(refused.status, Some(4), "{row}: {}", refused.stderr);
            for need in self.needs {
                let flag = format!("--allow {need}\n");
                assert!(refused.stderr.contains(&flag), "{row}: {flag}\n{}", refused.stderr);
            }
            assert_eq!(refused.json()["needs_consent"], json!(self.needs), "{row}");
            assert_eq!(site.workspace.writes().len(), 0, "{row}: refused");
        }
        let said = site.deploy(self.needs);
        assert_eq!(said.status, Some(0), "{row}: {}", said.stderr);
        assert_eq!(site.requests(&known), self.requests, "{row}");
        let again = site.context.run(&[PLAN, &["--full"]].concat());
        assert_eq!(again.status, Some(0), "{row}: {}", again.stderr);
        let again = again.json();
        assert_eq!((resources(&again), tables(&again)), (vec![], vec![]), "{row}: done");
        plan
    }
}

/// One case after the other on the same site.
pub(super) fn in_a_row(cases: &[Case]) {
    let site = Site::deployed();
    for case in cases {
        case.goes(&site);
    }
}

/// `pipelines.x update metadata`, in the order of the plan.
pub(super) fn resources(plan: &Value) -> Vec<String> {
    told(plan, "resources")
}

/// `bronze.crm.account update snapshot`, in the order of the plan.
pub(super) fn tables(plan: &Value) -> Vec<String> {
    told(plan, "tables")
}

fn told(plan: &Value, what: &str) -> Vec<String> {
    let all = plan[what].as_array().unwrap();
    all.iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap().to_owned();
            format!("{} {} {}", text("key"), text("action"), text("effect"))
        })
        .collect()
}

/// Why the first of a plan's tables, or of its resources, changes.
pub(super) fn cause<'a>(plan: &'a Value, what: &str) -> &'a str {
    plan[what][0]["cause"]["text"].as_str().unwrap()
}
