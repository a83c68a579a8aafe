//! A Databricks workspace over REST: authentication, transport, retries, paging, and the few APIs that tapworks asks.
