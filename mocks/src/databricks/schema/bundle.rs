//! The root of a bundle.

use super::{JOB, PIPELINE, TEXT_MAP, TEXTS, Type, shape};
use crate::databricks::schema::job::RUN_AS;

shape!(GIT { branch: Type::Text, origin_url: Type::Text });
shape!(LOCK { enabled: Type::Bool, force: Type::Bool });
shape!(DEPLOYMENT { fail_on_active_runs: Type::Bool, lock: Type::Struct(&LOCK) });
shape!(BUNDLE {
    name!: Type::Text,
    cluster_id: Type::Text,
    compute_id: Type::Text,
    databricks_cli_version: Type::Text,
    deployment: Type::Struct(&DEPLOYMENT),
    engine: Type::Text,
    git: Type::Struct(&GIT),
    uuid: Type::Text,
});
shape!(TARGET_BUNDLE {
    name: Type::Text,
    cluster_id: Type::Text,
    compute_id: Type::Text,
    databricks_cli_version: Type::Text,
    deployment: Type::Struct(&DEPLOYMENT),
    engine: Type::Text,
    git: Type::Struct(&GIT),
    uuid: Type::Text,
});
shape!(WORKSPACE {
    account_id: Type::Text,
    artifact_path: Type::Text,
    auth_type: Type::Text,
    azure_client_id: Type::Text,
    azure_environment: Type::Text,
    azure_login_app_id: Type::Text,
    azure_tenant_id: Type::Text,
    azure_use_msi: Type::Bool,
    azure_workspace_resource_id: Type::Text,
    client_id: Type::Text,
    experimental_is_unified_host: Type::Bool,
    file_path: Type::Text,
    google_service_account: Type::Text,
    host: Type::Text,
    profile: Type::Text,
    resource_path: Type::Text,
    root_path: Type::Text,
    state_path: Type::Text,
    workspace_id: Type::Text,
});
shape!(PRESETS {
    artifacts_dynamic_version: Type::Bool,
    jobs_max_concurrent_runs: Type::Int,
    name_prefix: Type::Text,
    pipelines_development: Type::Bool,
    source_linked_deployment: Type::Bool,
    tags: TEXT_MAP,
    trigger_pause_status: Type::Text,
});
shape!(PERMISSION {
    level!: Type::Text,
    group_name: Type::Text,
    service_principal_name: Type::Text,
    user_name: Type::Text,
});
shape!(SYNC { exclude: TEXTS, include: TEXTS, paths: TEXTS });
shape!(LOOKUP {
    alert: Type::Text,
    cluster: Type::Text,
    cluster_policy: Type::Text,
    dashboard: Type::Text,
    instance_pool: Type::Text,
    job: Type::Text,
    metastore: Type::Text,
    notification_destination: Type::Text,
    pipeline: Type::Text,
    query: Type::Text,
    service_principal: Type::Text,
    warehouse: Type::Text,
});
shape!(VARIABLE {
    default: Type::Any,
    description: Type::Text,
    lookup: Type::Struct(&LOOKUP),
    type: Type::Text,
});
shape!(RESOURCES {
    jobs: Type::Map(&Type::Struct(&JOB)),
    pipelines: Type::Map(&Type::Struct(&PIPELINE)),
    alerts: Type::Any,
    apps: Type::Any,
    clusters: Type::Any,
    dashboards: Type::Any,
    experiments: Type::Any,
    models: Type::Any,
    registered_models: Type::Any,
    schemas: Type::Any,
    secret_scopes: Type::Any,
    sql_warehouses: Type::Any,
    volumes: Type::Any,
});
shape!(TARGET {
    artifacts: Type::Any,
    bundle: Type::Struct(&TARGET_BUNDLE),
    cluster_id: Type::Text,
    compute_id: Type::Text,
    default: Type::Bool,
    git: Type::Struct(&GIT),
    mode: Type::Text,
    permissions: Type::List(&Type::Struct(&PERMISSION)),
    presets: Type::Struct(&PRESETS),
    resources: Type::Struct(&RESOURCES),
    run_as: Type::Struct(&RUN_AS),
    sync: Type::Struct(&SYNC),
    variables: Type::Map(&Type::Any),
    workspace: Type::Struct(&WORKSPACE),
});
shape!(pub(in crate::databricks) ROOT {
    artifacts: Type::Any,
    bundle: Type::Struct(&BUNDLE),
    environments: Type::Any,
    experimental: Type::Any,
    include: TEXTS,
    permissions: Type::List(&Type::Struct(&PERMISSION)),
    presets: Type::Struct(&PRESETS),
    python: Type::Any,
    resources: Type::Struct(&RESOURCES),
    run_as: Type::Struct(&RUN_AS),
    scripts: Type::Any,
    sync: Type::Struct(&SYNC),
    targets: Type::Map(&Type::Struct(&TARGET)),
    variables: Type::Map(&Type::Struct(&VARIABLE)),
    workspace: Type::Struct(&WORKSPACE),
});
