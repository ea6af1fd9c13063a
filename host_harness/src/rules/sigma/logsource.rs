//! Which events a rule is about.
//!
//! A scheduled-task event is an event of the Windows Security log, and foretells processes. Rules about
//! anything else are refused: to run them here would be to match events that they were not written for.

use super::refusal::{Fault, Reason};
use crate::rules::yaml::Node;
use schtag::fields::View;

/// A rule's `logsource`, or a filter's. Keys that are absent do not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LogSource {
    product: Option<String>,
    category: Option<String>,
    service: Option<String>,
    /// Keys that Sigma leaves to the log source, for example `attributes`.
    other: Vec<String>,
}

impl LogSource {
    /// Reads the section of a document.
    pub(super) fn read(root: &Node<'_>) -> Result<Self, Fault> {
        let node = root.require("logsource")?;
        let mut read = Self::default();
        for (key, value) in node.entries()? {
            match key {
                "product" => read.product = Some(value.text()?.to_lowercase()),
                "category" => read.category = Some(value.text()?.to_lowercase()),
                "service" => read.service = Some(value.text()?.to_lowercase()),
                "definition" => {}
                other => read.other.push(other.to_owned()),
            }
        }
        Ok(read)
    }

    /// Returns what rules of this log source see of a scheduled-task event.
    pub(super) fn view(&self) -> Result<View, Fault> {
        let parts = (self.product.as_deref(), self.category.as_deref(), self.service.as_deref());
        match parts {
            (Some("windows"), None, Some("security")) if self.other.is_empty() => Ok(View::Security),
            (Some("windows"), Some("process_creation"), None) if self.other.is_empty() => {
                Ok(View::ProcessCreation)
            }
            _ => Err(Fault::new("logsource", Reason::LogSource(self.to_string()))),
        }
    }

    /// Returns whether a filter for this log source applies to rules of another: what it says, they say too.
    pub(super) fn covers(&self, rule: &Self) -> bool {
        let covers = |filter: &Option<String>, rule: &Option<String>| filter.is_none() || filter == rule;
        covers(&self.product, &rule.product)
            && covers(&self.category, &rule.category)
            && covers(&self.service, &rule.service)
            && self.other.iter().all(|key| rule.other.contains(key))
    }
}

impl std::fmt::Display for LogSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named = [("product", &self.product), ("category", &self.category), ("service", &self.service)];
        let mut parts: Vec<String> = named
            .into_iter()
            .filter_map(|(key, value)| value.as_ref().map(|value| format!("{key}={value}")))
            .collect();
        parts.extend(self.other.iter().cloned());
        if parts.is_empty() { f.write_str("(none)") } else { f.write_str(&parts.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> LogSource {
        let value = yaml_serde::from_str(&format!("logsource: {text}")).unwrap();
        LogSource::read(&Node::root(&value)).unwrap()
    }

    #[test]
    fn only_two_log_sources_have_scheduled_task_events() {
        for (text, view) in [
            ("{product: windows, service: security}", Some(View::Security)),
            ("{product: Windows, service: security, definition: audit it}", Some(View::Security)),
            ("{product: windows, category: process_creation}", Some(View::ProcessCreation)),
            ("{product: windows, category: process_creation, service: security}", None),
            ("{product: windows, category: process_creation, service: sysmon}", None),
            ("{product: linux, category: process_creation}", None),
            ("{category: process_creation}", None),
            ("{service: security}", None),
            ("{product: windows}", None),
            ("{product: windows, service: taskscheduler}", None),
            ("{product: windows, service: security, attributes: x}", None),
            ("{}", None),
        ] {
            assert_eq!(read(text).view().ok(), view, "{text}");
        }
        let refused = read("{product: windows, service: sysmon}").view().unwrap_err();
        assert!(
            refused.reason.to_string().starts_with("log source product=windows, service=sysmon does not")
        );
    }

    #[test]
    fn a_filter_covers_rules_that_say_what_it_says() {
        let rule = read("{product: windows, service: security}");
        assert!(read("{product: windows}").covers(&rule));
        assert!(read("{}").covers(&rule));
        assert!(read("{product: windows, service: security}").covers(&rule));
        assert!(!read("{product: linux}").covers(&rule));
        assert!(!read("{category: process_creation}").covers(&rule));
    }
}
