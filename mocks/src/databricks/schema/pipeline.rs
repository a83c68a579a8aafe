//! Pipelines: gateways and ingestion pipelines.

use super::{DAYS, LIFECYCLE, PIPELINE_LEVELS, TEXT_MAP, TEXTS, Type, shape};

shape!(AUTOSCALE {
    max_workers!: Type::Int,
    min_workers!: Type::Int,
    mode: Type::Enum(&["ENHANCED", "LEGACY"]),
});
shape!(CLUSTER {
    apply_policy_default_values: Type::Bool,
    autoscale: Type::Struct(&AUTOSCALE),
    aws_attributes: Type::Any,
    azure_attributes: Type::Any,
    cluster_log_conf: Type::Any,
    custom_tags: TEXT_MAP,
    driver_instance_pool_id: Type::Text,
    driver_node_type_id: Type::Text,
    enable_local_disk_encryption: Type::Bool,
    gcp_attributes: Type::Any,
    init_scripts: Type::Any,
    instance_pool_id: Type::Text,
    label: Type::Text,
    node_type_id: Type::Text,
    num_workers: Type::Int,
    policy_id: Type::Text,
    spark_conf: TEXT_MAP,
    spark_env_vars: TEXT_MAP,
    ssh_public_keys: TEXTS,
});
shape!(ENVIRONMENT { dependencies: TEXTS, environment_version: Type::Text });
shape!(EVENT_LOG { catalog: Type::Text, name: Type::Text, schema: Type::Text });
shape!(FILTERS { exclude: TEXTS, include: TEXTS });
shape!(CONNECTION_PARAMETERS { source_catalog: Type::Text });
shape!(GATEWAY {
    connection_id: Type::Text,
    connection_name!: Type::Text,
    connection_parameters: Type::Struct(&CONNECTION_PARAMETERS),
    gateway_storage_catalog!: Type::Text,
    gateway_storage_name: Type::Text,
    gateway_storage_schema!: Type::Text,
});
shape!(STAGING { catalog_name!: Type::Text, schema_name!: Type::Text, volume_name: Type::Text });
shape!(WINDOW { days_of_week: DAYS, start_hour!: Type::Int, time_zone_id: Type::Text });
shape!(AUTO_FULL_REFRESH { enabled!: Type::Bool, min_interval_hours: Type::Int });
shape!(QUERY_BASED {
    cursor_columns: TEXTS,
    deletion_condition: Type::Text,
    hard_deletion_sync_min_interval_in_seconds: Type::Int,
});
shape!(REPORT_PARAMETER { key: Type::Text, value: Type::Text });
shape!(WORKDAY {
    incremental: Type::Bool,
    parameters: TEXT_MAP,
    report_parameters: Type::List(&Type::Struct(&REPORT_PARAMETER)),
});
shape!(TABLE_CONFIGURATION {
    scd_type: Type::Enum(&["APPEND_ONLY", "SCD_TYPE_1", "SCD_TYPE_2"]),
    primary_keys: TEXTS,
    include_columns: TEXTS,
    exclude_columns: TEXTS,
    sequence_by: TEXTS,
    row_filter: Type::Text,
    auto_full_refresh_policy: Type::Struct(&AUTO_FULL_REFRESH),
    clustering_columns: TEXTS,
    enable_auto_clustering: Type::Bool,
    query_based_connector_config: Type::Struct(&QUERY_BASED),
    salesforce_include_formula_fields: Type::Bool,
    source_metadata_column: Type::Text,
    table_properties: TEXT_MAP,
    workday_report_parameters: Type::Struct(&WORKDAY),
});
shape!(TABLE {
    source_catalog: Type::Text,
    source_schema: Type::Text,
    source_table!: Type::Text,
    destination_catalog!: Type::Text,
    destination_schema!: Type::Text,
    destination_table: Type::Text,
    table_configuration: Type::Struct(&TABLE_CONFIGURATION),
    connector_options: Type::Any,
});
shape!(SCHEMA {
    source_catalog: Type::Text,
    source_schema!: Type::Text,
    destination_catalog!: Type::Text,
    destination_schema!: Type::Text,
    table_configuration: Type::Struct(&TABLE_CONFIGURATION),
    connector_options: Type::Any,
    fanout_options: Type::Any,
});
shape!(REPORT {
    source_url!: Type::Text,
    destination_catalog!: Type::Text,
    destination_schema!: Type::Text,
    destination_table: Type::Text,
    table_configuration: Type::Struct(&TABLE_CONFIGURATION),
});
shape!(OBJECT { table: Type::Struct(&TABLE), schema: Type::Struct(&SCHEMA), report: Type::Struct(&REPORT) });
shape!(SLOT { publication_name: Type::Text, slot_name: Type::Text });
shape!(POSTGRES { slot_config: Type::Struct(&SLOT) });
shape!(SOURCE_CATALOG { postgres: Type::Struct(&POSTGRES), source_catalog: Type::Text });
shape!(GOOGLE_ADS { manager_account_id: Type::Text });
shape!(SOURCE_CONFIGURATION {
    api_source_connector_config: Type::Any,
    catalog: Type::Struct(&SOURCE_CATALOG),
    google_ads_config: Type::Struct(&GOOGLE_ADS),
});
shape!(INGESTION {
    connection_name: Type::Text,
    connector_type: Type::Enum(&["CDC", "QUERY_BASED"]),
    data_staging_options: Type::Struct(&STAGING),
    full_refresh_window: Type::Struct(&WINDOW),
    ingest_from_uc_foreign_catalog: Type::Bool,
    ingestion_gateway_id: Type::Text,
    netsuite_jar_path: Type::Text,
    objects: Type::List(&Type::Struct(&OBJECT)),
    source_configurations: Type::List(&Type::Struct(&SOURCE_CONFIGURATION)),
    source_type: Type::Text,
    table_configuration: Type::Struct(&TABLE_CONFIGURATION),
});
shape!(NOTIFICATION { alerts: TEXTS, email_recipients: TEXTS });
shape!(PERMISSION {
    level!: PIPELINE_LEVELS,
    group_name: Type::Text,
    service_principal_name: Type::Text,
    user_name: Type::Text,
});
shape!(RUN_AS { service_principal_name: Type::Text, user_name: Type::Text });
shape!(pub(in crate::databricks) PIPELINE {
    allow_duplicate_names: Type::Bool,
    budget_policy_id: Type::Text,
    cascade_on_destroy: Type::Bool,
    catalog: Type::Text,
    channel: Type::Text,
    clusters: Type::List(&Type::Struct(&CLUSTER)),
    configuration: TEXT_MAP,
    continuous: Type::Bool,
    deployment: Type::Any,
    development: Type::Bool,
    edition: Type::Text,
    environment: Type::Struct(&ENVIRONMENT),
    event_log: Type::Struct(&EVENT_LOG),
    filters: Type::Struct(&FILTERS),
    gateway_definition: Type::Struct(&GATEWAY),
    id: Type::Text,
    ingestion_definition: Type::Struct(&INGESTION),
    libraries: Type::List(&Type::Any),
    lifecycle: Type::Struct(&LIFECYCLE),
    name: Type::Text,
    notifications: Type::List(&Type::Struct(&NOTIFICATION)),
    parameters: TEXT_MAP,
    permissions: Type::List(&Type::Struct(&PERMISSION)),
    photon: Type::Bool,
    restart_window: Type::Struct(&WINDOW),
    root_path: Type::Text,
    run_as: Type::Struct(&RUN_AS),
    schema: Type::Text,
    serverless: Type::Bool,
    serverless_compute_id: Type::Text,
    storage: Type::Text,
    tags: TEXT_MAP,
    target: Type::Text,
    trigger: Type::Any,
    usage_policy_id: Type::Text,
});
