//! End to end, through the binary, by topic.
