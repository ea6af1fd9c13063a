//! End-to-end suites through the built module: shared fixtures and helpers.
