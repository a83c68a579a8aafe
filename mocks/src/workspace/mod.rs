//! [`MockWorkspace`]: a stateful Databricks workspace on a loopback port.
