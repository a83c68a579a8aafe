//! A runner that is gone: its lock and what it created are taken over.
