//! Jobs.

use super::{JOB_LEVELS, LIFECYCLE, PAUSE, TEXT_MAP, TEXTS, Type, shape};

shape!(CONTINUOUS { pause_status: PAUSE, task_retry_mode: Type::Enum(&["NEVER", "ON_FAILURE"]) });
shape!(EMAIL {
    no_alert_for_skipped_runs: Type::Bool,
    on_duration_warning_threshold_exceeded: TEXTS,
    on_failure: TEXTS,
    on_start: TEXTS,
    on_streaming_backlog_exceeded: TEXTS,
    on_success: TEXTS,
});
shape!(WEBHOOK { id!: Type::Text });
const WEBHOOKS: Type = Type::List(&Type::Struct(&WEBHOOK));
shape!(WEBHOOK_NOTIFICATIONS {
    on_duration_warning_threshold_exceeded: WEBHOOKS,
    on_failure: WEBHOOKS,
    on_start: WEBHOOKS,
    on_streaming_backlog_exceeded: WEBHOOKS,
    on_success: WEBHOOKS,
});
shape!(NOTIFICATION_SETTINGS {
    no_alert_for_canceled_runs: Type::Bool,
    no_alert_for_skipped_runs: Type::Bool
});
shape!(TASK_NOTIFICATION_SETTINGS {
    alert_on_last_attempt: Type::Bool,
    no_alert_for_canceled_runs: Type::Bool,
    no_alert_for_skipped_runs: Type::Bool,
});
shape!(HEALTH_RULE {
    metric!: Type::Enum(&[
        "RUN_DURATION_SECONDS",
        "STREAMING_BACKLOG_BYTES",
        "STREAMING_BACKLOG_FILES",
        "STREAMING_BACKLOG_RECORDS",
        "STREAMING_BACKLOG_SECONDS",
    ]),
    op!: Type::Enum(&["GREATER_THAN"]),
    value!: Type::Int,
});
shape!(HEALTH { rules: Type::List(&Type::Struct(&HEALTH_RULE)) });
shape!(JOB_CLUSTER { job_cluster_key!: Type::Text, new_cluster: Type::Any, serverless_compute_id: Type::Text });
shape!(JOB_ENVIRONMENT { environment_key!: Type::Text, spec: Type::Any });
shape!(PARAMETER { name!: Type::Text, default!: Type::Text });
shape!(QUEUE { enabled!: Type::Bool });
shape!(PERMISSION {
    level!: JOB_LEVELS,
    group_name: Type::Text,
    service_principal_name: Type::Text,
    user_name: Type::Text,
});
shape!(pub(super) RUN_AS { group_name: Type::Text, service_principal_name: Type::Text, user_name: Type::Text });
shape!(SCHEDULE {
    quartz_cron_expression!: Type::Text,
    timezone_id!: Type::Text,
    pause_status: PAUSE,
    sql_condition: Type::Any,
});
shape!(PERIODIC { interval!: Type::Int, unit!: Type::Enum(&["DAYS", "HOURS", "WEEKS"]) });
shape!(FILE_ARRIVAL {
    url!: Type::Text,
    min_time_between_triggers_seconds: Type::Int,
    wait_after_last_change_seconds: Type::Int,
});
shape!(TABLE_UPDATE {
    table_names!: TEXTS,
    condition: Type::Enum(&["ALL_UPDATED", "ANY_UPDATED"]),
    min_time_between_triggers_seconds: Type::Int,
    wait_after_last_change_seconds: Type::Int,
});
shape!(TRIGGER {
    file_arrival: Type::Struct(&FILE_ARRIVAL),
    model: Type::Any,
    pause_status: PAUSE,
    periodic: Type::Struct(&PERIODIC),
    sql_condition: Type::Any,
    table_update: Type::Struct(&TABLE_UPDATE),
});
shape!(DEPENDENCY { task_key!: Type::Text, outcome: Type::Text });
shape!(PIPELINE_TASK {
    pipeline_id!: Type::Text,
    full_refresh: Type::Bool,
    full_refresh_selection: TEXTS,
    parameters: TEXT_MAP,
    refresh_flow_selection: TEXTS,
    refresh_selection: TEXTS,
    reset_checkpoint_selection: TEXTS,
});
shape!(NOTEBOOK_TASK {
    notebook_path!: Type::Text,
    base_parameters: TEXT_MAP,
    source: Type::Enum(&["GIT", "WORKSPACE"]),
    warehouse_id: Type::Text,
});
shape!(CONDITION_TASK {
    left!: Type::Text,
    op!: Type::Enum(&[
        "EQUAL_TO",
        "GREATER_THAN",
        "GREATER_THAN_OR_EQUAL",
        "LESS_THAN",
        "LESS_THAN_OR_EQUAL",
        "NOT_EQUAL",
    ]),
    right!: Type::Text,
});
shape!(RUN_JOB_TASK {
    job_id!: Type::Int,
    dbt_commands: TEXTS,
    jar_params: TEXTS,
    job_parameters: TEXT_MAP,
    notebook_params: TEXT_MAP,
    pipeline_params: Type::Any,
    python_named_params: TEXT_MAP,
    python_params: TEXTS,
    spark_submit_params: TEXTS,
    sql_params: TEXT_MAP,
});
shape!(TASK {
    task_key!: Type::Text,
    depends_on: Type::List(&Type::Struct(&DEPENDENCY)),
    pipeline_task: Type::Struct(&PIPELINE_TASK),
    notebook_task: Type::Struct(&NOTEBOOK_TASK),
    condition_task: Type::Struct(&CONDITION_TASK),
    run_job_task: Type::Struct(&RUN_JOB_TASK),
    ai_runtime_task: Type::Any,
    alert_task: Type::Any,
    clean_rooms_notebook_task: Type::Any,
    compute: Type::Any,
    dashboard_task: Type::Any,
    dbt_cloud_task: Type::Any,
    dbt_platform_task: Type::Any,
    dbt_task: Type::Any,
    description: Type::Text,
    disable_auto_optimization: Type::Bool,
    disabled: Type::Bool,
    email_notifications: Type::Struct(&EMAIL),
    environment_key: Type::Text,
    existing_cluster_id: Type::Text,
    for_each_task: Type::Any,
    gen_ai_compute_task: Type::Any,
    health: Type::Struct(&HEALTH),
    job_cluster_key: Type::Text,
    libraries: Type::Any,
    max_retries: Type::Int,
    min_retry_interval_millis: Type::Int,
    new_cluster: Type::Any,
    notification_settings: Type::Struct(&TASK_NOTIFICATION_SETTINGS),
    power_bi_task: Type::Any,
    python_operator_task: Type::Any,
    python_wheel_task: Type::Any,
    retry_on_timeout: Type::Bool,
    run_if: Type::Enum(&["ALL_DONE", "ALL_FAILED", "ALL_SUCCESS", "AT_LEAST_ONE_FAILED", "AT_LEAST_ONE_SUCCESS", "NONE_FAILED"]),
    spark_jar_task: Type::Any,
    spark_python_task: Type::Any,
    spark_submit_task: Type::Any,
    sql_task: Type::Any,
    timeout_seconds: Type::Int,
    webhook_notifications: Type::Struct(&WEBHOOK_NOTIFICATIONS),
});
shape!(pub(in crate::databricks) JOB {
    budget_policy_id: Type::Text,
    continuous: Type::Struct(&CONTINUOUS),
    deployment: Type::Any,
    description: Type::Text,
    email_notifications: Type::Struct(&EMAIL),
    environments: Type::List(&Type::Struct(&JOB_ENVIRONMENT)),
    git_source: Type::Any,
    health: Type::Struct(&HEALTH),
    id: Type::Text,
    job_clusters: Type::List(&Type::Struct(&JOB_CLUSTER)),
    lifecycle: Type::Struct(&LIFECYCLE),
    max_concurrent_runs: Type::Int,
    name: Type::Text,
    notification_settings: Type::Struct(&NOTIFICATION_SETTINGS),
    parameters: Type::List(&Type::Struct(&PARAMETER)),
    parent_path: Type::Text,
    performance_target: Type::Enum(&["PERFORMANCE_OPTIMIZED", "STANDARD"]),
    permissions: Type::List(&Type::Struct(&PERMISSION)),
    queue: Type::Struct(&QUEUE),
    run_as: Type::Struct(&RUN_AS),
    schedule: Type::Struct(&SCHEDULE),
    tags: TEXT_MAP,
    tasks: Type::List(&Type::Struct(&TASK)),
    timeout_seconds: Type::Int,
    trigger: Type::Struct(&TRIGGER),
    triggers: Type::Any,
    usage_policy_id: Type::Text,
    webhook_notifications: Type::Struct(&WEBHOOK_NOTIFICATIONS),
});
