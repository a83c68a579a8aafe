//! From flags, variables and files to settings and findings with places.

use std::path::{Path, PathBuf};

use super::*;
use crate::environment::Environment;
use crate::finding::Findings;
use crate::source::SourceSpec;

struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            crate::files::create_folder(path.parent().unwrap()).unwrap();
            crate::files::write(&path, text.as_bytes()).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn environment(&self) -> Environment {
        Environment::of([]).with_directory(self.path()).with_home(self.path())
    }

    fn resolve(&self, flags: Flags) -> (Settings, Findings) {
        Settings::resolve(flags, &self.environment()).unwrap()
    }
}

fn read(text: &str) -> (Settings, Findings) {
    Folder::with(&[("tapworks.yml", text)]).resolve(Flags::default())
}

fn told(text: &str) -> Vec<String> {
    read(text)
        .1
        .iter()
        .map(|finding| {
            format!(
                "{} {}",
                finding.rule,
                finding.place.as_ref().map(ToString::to_string).unwrap_or_default()
            )
        })
        .collect()
}

const TARGET: &str = "targets:\n  dev: {workspace_host: https://h}\n";

#[test]
fn a_file_is_found_upwards_or_by_name_and_two_are_one_too_many() {
    let folder = Folder::with(&[("tapworks.yaml", TARGET), ("a/b/x.txt", ""), ("other/my.json", "{}")]);
    let below = folder.environment().with_directory(folder.path().join("a/b"));
    let (settings, _) = Settings::resolve(Flags::default(), &below).unwrap();
    assert_eq!(settings.file, Some(folder.path().join("tapworks.yaml")));
    assert_eq!(settings.output_dir, folder.path().join("dab_deployment"));
    let named = folder.environment().with_variable("TAPWORKS_CONFIG", "other/my.json");
    let (settings, _) = Settings::resolve(Flags::default(), &named).unwrap();
    assert_eq!(settings.file, Some(PathBuf::from("other/my.json")));
    assert_eq!(settings.output_dir, Path::new("other/dab_deployment"));
    let flags = Flags { config: Some("none.yml".into()), ..Flags::default() };
    assert!(matches!(Settings::resolve(flags, &folder.environment()), Err(SettingsError::Missing(_))));
    let two = Folder::with(&[("tapworks.yml", ""), ("tapworks.json", "{}")]);
    let error = Settings::resolve(Flags::default(), &two.environment()).unwrap_err();
    assert!(matches!(error, SettingsError::TwoFiles(..)));
}

#[test]
fn flags_go_before_the_environment_and_that_before_the_file() {
    let folder = Folder::with(&[(
        "tapworks.yml",
        "connector: salesforce\nproject: p\ntimezone: UTC\nmax_tables_per_pipeline: 5\nmax_tables_per_gateway: '6'\nwarehouse_id: file\noutput_dir: out\n\
         targets:\n  dev: {workspace_host: https://h, warehouse_id: own}\n  qa: {profile: q}\n",
    )]);
    let environment = folder
        .environment()
        .with_variable("TAPWORKS_CONNECTOR", "servicenow")
        .with_variable("TAPWORKS_PROJECT", "e")
        .with_variable("TAPWORKS_MAX_TABLES_PER_PIPELINE", "7");
    let flags = Flags { project: Some("f".into()), ..Flags::default() };
    let (settings, findings) = Settings::resolve(flags, &environment).unwrap();
    assert!(findings.is_empty(), "{findings:#?}");
    assert_eq!(settings.connector.as_deref(), Some("servicenow"));
    assert_eq!(settings.project.as_deref(), Some("f"));
    assert_eq!(settings.limits.tables_per_pipeline.get(), 7);
    assert_eq!(settings.limits.tables_per_gateway.get(), 6);
    assert_eq!(settings.output_dir, Path::new("out"));
    assert_eq!(settings.warehouse_for(&settings.target("dev").unwrap()), Some("own"));
    assert_eq!(settings.warehouse_for(&settings.target("qa").unwrap()), Some("file"));
    let flags =
        Flags { warehouse_id: Some("w".into()), max_tables_per_pipeline: Some(2), ..Flags::default() };
    let (settings, _) = Settings::resolve(flags, &environment).unwrap();
    assert_eq!(settings.warehouse_for(&settings.target("dev").unwrap()), Some("w"));
    assert_eq!(settings.limits.tables_per_pipeline.get(), 2);
}

#[test]
fn every_mistake_is_told_at_its_value() {
    let mut found = told(
        "targets:\n  dev:\n    workspace_host: not a url\n    mode: banana\n    catalog: x\n  prod: {}\n  qa: {workspace_host: http://h}\n  'a b': {profile: p}\n\
         default_target: stage\ndefaults: {}\nmax_tables_per_pipeline: 0\nmax_tables_per_gateway: 1.5\nplacement: evn\n\
         databricks_cli_version: new\nsource: {tabel: x}\nconnector: [a]\nproject: a\nproject: b\n",
    );
    found.sort();
    assert_eq!(
        found,
        [
            "TW111 tapworks.yml:10:1",
            "TW111 tapworks.yml:15:10",
            "TW111 tapworks.yml:5:5",
            "TW112 tapworks.yml:13:12",
            "TW112 tapworks.yml:14:25",
            "TW112 tapworks.yml:16:12",
            "TW113 tapworks.yml:18:1",
            "TW114 tapworks.yml:11:26",
            "TW114 tapworks.yml:12:25",
            "TW116 tapworks.yml:8:3",
            "TW117 tapworks.yml:6:3",
            "TW118 tapworks.yml:3:21",
            "TW118 tapworks.yml:7:24",
            "TW119 tapworks.yml:4:11",
            "TW121 tapworks.yml:9:17",
            "TW122 tapworks.yml:15:9",
        ]
    );
}

#[test]
fn a_token_in_an_address_is_not_repeated() {
    for address in
        ["https://dapi-canary@h", "https://u:dapi-canary@h", "dapi-canary@h", "http://dapi-canary@h"]
    {
        let (_, findings) = read(&format!("targets: {{dev: {{workspace_host: \"{address}\"}}}}"));
        let whats: Vec<&str> = findings.iter().map(|finding| finding.what.as_str()).collect();
        assert_eq!(whats.len(), 1, "{whats:?}");
        assert!(whats[0].contains("…@h`") && !whats[0].contains("canary"), "{whats:?}");
    }
}

#[test]
fn unknown_keys_come_with_the_name_that_was_meant() {
    let (_, findings) = read("override_config: {}\nmax_table_per_pipeline: 5\nx-anchors: {}\n");
    let whats: Vec<&str> = findings.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(
        whats,
        [
            "unknown key `override_config` in the settings; did you mean `override_input_config`?",
            "unknown key `max_table_per_pipeline` in the settings; did you mean `max_tables_per_pipeline`?",
        ]
    );
}

#[test]
fn defaults_are_flat_or_grouped_and_never_both() {
    let keys = |assignments: &Assignments| -> Vec<String> {
        assignments
            .layers
            .iter()
            .map(|layer| {
                let columns: Vec<&str> = layer.values.iter().map(|value| value.column.as_str()).collect();
                format!("{}: {}", layer.key, columns.join(" "))
            })
            .collect()
    };
    let (settings, findings) = read(
        "default_values:\n  tags: {team: x}\n  schedule: 1 1 * * *\noverride_input_config:\n  '*': {tags: a=1}\n  sales: {prefix: p}\n",
    );
    assert!(findings.is_empty(), "{findings:#?}");
    assert_eq!(keys(&settings.defaults), ["*: tags schedule"]);
    assert_eq!(keys(&settings.overrides), ["*: tags", "sales: prefix"]);
    assert_eq!(told("default_values:\n  '*': {schedule: x}\n  schedule: y\n"), ["TW120 tapworks.yml:3:3"]);
    assert_eq!(
        told("override_input_config: {pause_status: PAUSED, sales: {schedule: x}}\n"),
        ["TW120 tapworks.yml:1:25"]
    );
    // A prefix may be called like a column.
    let (settings, _) = read("default_values: {tags: {schedule: x}}\n");
    assert_eq!(keys(&settings.defaults), ["tags: schedule"]);
}

#[test]
fn inline_json_goes_over_the_file() {
    let folder = Folder::with(&[(
        "tapworks.yml",
        "targets:\n  dev: {workspace_host: https://h}\ndefault_values: {schedule: a, tags: b=1}\noverride_input_config: {scd_type: x}\n",
    )]);
    let (settings, findings) = folder.resolve(Flags {
        targets_json: Some(r#"{"qa": {"workspace_host": "h2"}}"#.into()),
        default_values_json: Some(r#"{"*": {"schedule": "c"}, "s": {"prefix": "d"}}"#.into()),
        override_json: Some(r#"{"tags": "e=1"}"#.into()),
        ..Flags::default()
    });
    assert!(findings.is_empty(), "{findings:#?}");
    assert_eq!(settings.targets.keys().collect::<Vec<_>>(), ["qa"]);
    assert_eq!(settings.targets["qa"].host.as_deref(), Some("https://h2"));
    assert_eq!(settings.default_target.as_deref(), Some("qa"));
    let all = &settings.defaults.layers[0];
    let of = |column: &str| {
        all.values
            .iter()
            .find(|value| value.column == column)
            .map(|value| value.value.cell().display().into_owned())
    };
    assert_eq!((of("schedule").as_deref(), of("tags").as_deref()), (Some("c"), Some("b=1")));
    assert_eq!(settings.defaults.layers[1].key, "s");
    assert_eq!(settings.overrides.layers[0].values.len(), 1);
    let broken = Flags { override_json: Some("{\"a\": }".into()), ..Flags::default() };
    let error = Settings::resolve(broken, &folder.environment()).unwrap_err();
    assert_eq!(error.to_string(), "--override, character 7: a JSON value is expected here");
}

#[test]
fn targets_that_the_file_lacks_are_refused_and_without_any_a_name_is_a_profile_or_the_environment() {
    let (settings, _) = read(
        "targets:\n  staging: {workspace_host: https://s, default: true}\n  prod: {workspace_host: https://p}\n",
    );
    let unknown = settings.target("stagin").unwrap_err();
    assert_eq!(unknown.to_string(), "there is no target `stagin`; did you mean `staging`?");
    let unlike = settings.target("x").unwrap_err();
    assert_eq!(unlike.to_string(), "there is no target `x`; the settings have: staging, prod");
    assert_eq!(settings.default_target.as_deref(), Some("staging"));
    assert_eq!(settings.target("prod").unwrap().mode, Mode::Production);

    let folder = Folder::with(&[(".databrickscfg", "[qa]\nhost = https://qa.example.com/\n")]);
    let environment = folder.environment().with_variable("DATABRICKS_HOST", "https://env");
    let (settings, _) = Settings::resolve(Flags::default(), &environment).unwrap();
    let qa = settings.target("qa").unwrap();
    assert_eq!((qa.profile.as_deref(), qa.host.as_deref()), (Some("qa"), Some("https://qa.example.com")));
    let prod = settings.target("prod").unwrap();
    assert_eq!(
        (prod.profile, prod.host.as_deref(), prod.mode),
        (None, Some("https://env"), Mode::Production)
    );
    for name in ["", "../x", "a b", ".x", "${x}"] {
        assert_eq!(settings.target(name), Err(TargetError::Name(name.to_owned())));
    }
    assert_eq!(told("targets: {}\n"), ["TW115 tapworks.yml:1:10"]);
}

#[test]
fn maps_of_a_target_ignore_case_and_fall_through() {
    let (settings, findings) = read(
        "targets:\n  dev:\n    workspace_host: https://h\n    catalogs: {bronze: bronze_dev}\n    run_as: {user_name: x@y}\n    permissions: [{level: CAN_MANAGE, group_name: users}]\n",
    );
    assert!(findings.is_empty(), "{findings:#?}");
    let dev = settings.target("dev").unwrap();
    assert_eq!(dev.catalog("Bronze"), "bronze_dev");
    assert_eq!(dev.catalog("silver"), "silver");
    assert!(dev.run_as.is_some() && dev.permissions.is_some() && !dev.cascade_on_destroy);
}

#[test]
fn a_source_is_a_path_beside_the_file_or_a_table_and_whose() {
    let folder = Folder::with(&[("conf/tapworks.yml", "source: lists/tables.csv\n")]);
    let (settings, _) =
        folder.resolve(Flags { config: Some("conf/tapworks.yml".into()), ..Flags::default() });
    assert_eq!(settings.source.unwrap().spec, SourceSpec::File("conf/lists/tables.csv".into()));
    let (settings, _) = read("source: {table: main.cfg.tables, target: dev}\n");
    let source = settings.source.unwrap();
    assert_eq!(
        (source.spec.to_string().as_str(), source.target.as_deref()),
        ("main.cfg.tables", Some("dev"))
    );
    assert_eq!(told("source: {table: main.cfg, target: dev}\n"), ["TW122 tapworks.yml:1:9"]);
}

#[test]
fn what_is_no_document_is_refused_by_file_line_and_column() {
    let refused = |name: &str, text: &str| {
        let folder = Folder::with(&[(name, text)]);
        Settings::resolve(Flags::default(), &folder.environment()).unwrap_err().to_string()
    };
    assert!(refused("tapworks.yml", "a: [1\nb: 2").starts_with("tapworks.yml:2:"));
    assert!(refused("tapworks.json", "{\n \"a\": 1,\n}").starts_with("tapworks.json:3:1: "));
    assert_eq!(told("[1]\n"), ["TW112 tapworks.yml:1:1"]);
    assert!(told("").is_empty());
}

#[test]
fn a_value_of_the_wrong_kind_has_a_reason_and_a_way_out() {
    let text =
        "source: [a]\nmax_tables_per_pipeline: 99999999999999999999\ntargets:\n  dev: {workspace_host: 5}\n";
    let mut told: Vec<_> = read(text).1.sorted().into_iter().map(|it| (it.what, it.why, it.fix)).collect();
    told.dedup();
    let lines: Vec<String> = told.iter().map(|(what, why, _)| format!("{what}; {why}")).collect();
    assert_eq!(
        lines,
        [
            "source must be text, and is a list; what is meant cannot be told from it",
            "max_tables_per_pipeline must be a whole number from 1, and is 99999999999999999999; it is larger than any number \
             of tables",
            "workspace_host must be an address, https://…, and is a number; what is meant cannot be told from it",
        ]
    );
    assert!(told.iter().all(|(_, _, fix)| !fix.is_empty()));
    let findings = read("targets: [dev]\n").1;
    let fixes: Vec<_> = findings.iter().map(|finding| finding.fix.as_str()).collect();
    assert_eq!(fixes, ["write targets as a map, lines of  key: value  below it"]);
}

proptest::proptest! {
    #[test]
    fn any_settings_are_read_or_refused(text in "(targets|default_values|source|max_tables_per_pipeline|[a-z*]{1,3}|[\\[\\]{}:,\"' \n0-9.-]){0,40}") {
        let folder = Folder::with(&[("tapworks.yml", &text)]);
        if let Ok((_, findings)) = Settings::resolve(Flags::default(), &folder.environment()) {
            for finding in &findings {
                proptest::prop_assert!(crate::finding::rule(finding.rule).is_some(), "{}", finding.rule);
            }
        }
    }
}

#[test]
fn a_host_on_the_command_line_is_for_targets_that_no_settings_name() {
    let flags = || Flags { host: Some("https://flag".to_owned()), ..Flags::default() };
    let folder = Folder::with(&[(".databrickscfg", "[prod]\nhost = https://profile\n")]);
    let environment = folder.environment().with_variable("DATABRICKS_HOST", "https://variable");
    let (settings, _) = Settings::resolve(flags(), &environment).unwrap();
    for name in ["dev", "prod"] {
        assert_eq!(settings.target(name).unwrap().host.as_deref(), Some("https://flag"), "{name}");
    }
    let (settings, _) = Settings::resolve(Flags::default(), &environment).unwrap();
    assert_eq!(settings.target("dev").unwrap().host.as_deref(), Some("https://variable"));
    let folder = Folder::with(&[("tapworks.yml", "targets:\n  dev: {workspace_host: https://dev}\n")]);
    let refused = Settings::resolve(flags(), &folder.environment()).unwrap_err().to_string();
    assert!(refused.starts_with("--host: "), "{refused}");
}
