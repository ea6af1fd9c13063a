//! Tests what an operator sets up around the filter, in a real Fluent Bit where there is one: routes, counters,
//! outputs, Kafka, reload; and files that can only be read: Kubernetes manifests, dashboards and saved searches.

mod dashboards;
mod kafka;
mod kubernetes;
mod outputs;
mod pages;
mod reload;
mod routing;
mod windows;

/// The result of a test.
pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;
