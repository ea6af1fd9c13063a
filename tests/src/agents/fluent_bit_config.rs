//! Configurations of Fluent Bit: those of `config_examples/fluent-bit`, adapted to a test's machine, and parts to
//! build others of.

use std::fs;
use std::path::{Path, PathBuf};

use crate::agents::error::{AgentError, io_error};
use crate::agents::fluent_bit::{Installation, Version};

/// The options of the input `winevtlog`, which exists only in builds for Windows.
///
/// Source: Fluent Bit 5.1.1, `plugins/in_winevtlog/in_winevtlog.c`, `config_map`; the examples use none of the
/// `remote.*` and `reconnect.*` ones.
pub const WINEVTLOG_OPTIONS: [&str; 14] = [
    "channels",
    "db",
    "event_data_as_map",
    "event_query",
    "event_template_cache_size",
    "ignore_missing_channels",
    "interval_nsec",
    "interval_sec",
    "read_existing_events",
    "read_limit_per_cycle",
    "render_event_as_text",
    "render_event_as_xml",
    "string_inserts",
    "use_ansi",
];

/// One of the example configurations.
#[derive(Debug, Clone)]
pub struct Example {
    /// The file's name, for example `aggregator.yaml`.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl Example {
    /// Every example, by name.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn all() -> Result<Vec<Self>, AgentError> {
        let mut found = Vec::new();
        for folder in ["", "outputs/"] {
            let dir = dir().join(folder);
            let io = |source| AgentError::Io { what: format!("reading {}", dir.display()), source };
            for entry in fs::read_dir(&dir).map_err(io)? {
                let path = entry.map_err(io)?.path();
                if matches!(path.extension().and_then(|e| e.to_str()), Some("yaml" | "conf")) {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    let text = fs::read_to_string(&path).map_err(io)?;
                    found.push(Self { name: format!("{folder}{name}"), text });
                }
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// The example of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn named(name: &str) -> Result<Self, AgentError> {
        Self::all()?
            .into_iter()
            .find(|example| example.name == name)
            .ok_or_else(|| AgentError::Unexpected(format!("no example {name} in {}", dir().display())))
    }

    /// `yaml` or `conf`.
    pub fn extension(&self) -> &str {
        self.name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// A plugin that the example uses and that may be left out of a build for Linux, when this build leaves it out.
    ///
    /// # Errors
    /// When the program does not run.
    pub fn missing_plugin(&self, agent: &Installation) -> Result<Option<&'static str>, AgentError> {
        let kafka =
            self.text.lines().filter_map(option).any(|(key, value)| key == "name" && value == "kafka");
        Ok(if kafka && !agent.has_plugin("kafka")? { Some("kafka") } else { None })
    }

    /// The example with its ports and folders moved: the HTTP server to `metrics`, the input `forward` to `port` of
    /// the loopback interface, and the outputs `file` to the folder `out` in `dir`, which is made; without what this
    /// `version` of Fluent Bit does not know.
    ///
    /// # Errors
    /// When the example has no such server, or the folder cannot be made.
    pub fn moved(&self, dir: &Path, metrics: u16, port: u16, version: Version) -> Result<Self, AgentError> {
        let mut moved = self.on_version(version).with("http_port: 2020", &format!("http_port: {metrics}"))?;
        let out = dir.join("out");
        fs::create_dir_all(&out).map_err(io_error(format!("making {}", out.display())))?;
        moved.text = moved
            .text
            .replace("listen: 0.0.0.0", "listen: 127.0.0.1")
            .replace("port: 24224", &format!("port: {port}"))
            .replace("/var/log/schtag", &out.display().to_string());
        Ok(moved)
    }

    /// The options of this example's `winevtlog` inputs with their values; the names in lower case.
    pub fn winevtlog_options(&self) -> Vec<(String, String)> {
        let mut inside = false;
        let mut options = Vec::new();
        for line in self.text.lines() {
            let Some((key, value)) = option(line) else {
                // A classic section starts, or a line holds neither an option nor the start of a list item.
                inside &= !line.starts_with('[');
                continue;
            };
            match key.as_str() {
                "name" => inside = value == "winevtlog",
                "tag" | "processors" => {}
                _ if inside && !value.is_empty() => options.push((key, value)),
                _ => {}
            }
        }
        options
    }

    /// The example as it runs on Linux: the input `winevtlog` becomes a `tail` of `events`, one JSON record a
    /// line, and the options that only `winevtlog` has are left out. Nothing else changes.
    pub fn on_linux(&self, events: &Path) -> Self {
        let separator = if self.extension() == "yaml" { ": " } else { " " };
        let mut text = String::new();
        for line in self.text.lines() {
            let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
            match option(line) {
                Some((key, value)) if key == "name" && value == "winevtlog" => {
                    text.push_str(&line.replace("winevtlog", "tail"));
                }
                Some((key, _)) if key == "channels" => {
                    let path = events.display().to_string();
                    let options =
                        [("path", path.as_str()), ("read_from_head", "true"), ("parser", "json_lines")];
                    text.push_str(&options.map(|(k, v)| format!("{indent}{k}{separator}{v}")).join("\n"));
                }
                Some((key, _)) if WINEVTLOG_OPTIONS.contains(&key.as_str()) => continue,
                _ => text.push_str(line),
            }
            text.push('\n');
        }
        Self { name: self.name.clone(), text }
    }

    /// The example as a Fluent Bit of this version takes it: up to 5.0 the option `workers` of the input
    /// `forward` does not exist, and the example tells its reader to remove it.
    pub fn on_version(&self, version: Version) -> Self {
        let kept = |line: &&str| version >= WORKERS || option(line).is_none_or(|(key, _)| key != "workers");
        let text = self.text.lines().filter(kept).map(|line| format!("{line}\n")).collect();
        Self { name: self.name.clone(), text }
    }

    /// The example with `from` replaced by `to`, everywhere.
    ///
    /// # Errors
    /// When `from` is not in it: then the test speaks of an example that has changed.
    pub fn with(&self, from: &str, to: &str) -> Result<Self, AgentError> {
        if self.text.contains(from) {
            Ok(Self { name: self.name.clone(), text: self.text.replace(from, to) })
        } else {
            Err(AgentError::Unexpected(format!("{} does not say `{from}`", self.name)))
        }
    }
}

fn dir() -> PathBuf {
    crate::project::root().join("config_examples/fluent-bit")
}

/// The option that a line of either form sets, its name in lower case; `None` for comments and sections.
fn option(line: &str) -> Option<(String, String)> {
    let line = line.trim_start().trim_start_matches("- ");
    if line.is_empty() || line.starts_with(['#', '[']) {
        return None;
    }
    let (key, value) = line.split_once(|c: char| c == ':' || c.is_whitespace()).unwrap_or((line, ""));
    Some((key.to_lowercase(), value.trim().trim_matches('"').to_owned()))
}

/// The first version whose input `forward` has workers, and needs two of them for a wasm filter.
const WORKERS: Version = (5, 1);

/// The parser that the `tail` inputs of these tests use: a line is a record.
pub const JSON_LINES_PARSER: &str = "parsers:\n  - name: json_lines\n    format: json\n";

/// A pipeline in YAML: its inputs and filters, and an output that writes every record below `dir`, in a file
/// for each tag. Metrics are served on `metrics_port`.
pub fn pipeline(dir: &Path, metrics_port: u16, inputs: &str, filters: &str) -> String {
    let out = dir.join("out");
    format!(
        "{}pipeline:\n  inputs:\n{inputs}  filters:\n{filters}  outputs:\n    - name: file\n      match: '*'\n      \
         path: {}\n      mkdir: true\n      format: plain\n{JSON_LINES_PARSER}",
        service(metrics_port),
        out.display()
    )
}

/// The `service` section of a test: quick to flush, metrics on the loopback interface.
pub fn service(metrics_port: u16) -> String {
    format!(
        "service:\n  flush: 0.1\n  grace: 1\n  http_server: on\n  http_listen: 127.0.0.1\n  http_port: {metrics_port}\n"
    )
}

/// An input that follows `path`, one JSON record a line, of up to 8 MB each.
pub fn tail(path: &Path, tag: &str) -> String {
    format!(
        "    - name: tail\n      tag: {tag}\n      path: {}\n      read_from_head: true\n      refresh_interval: 1\n      \
         parser: json_lines\n      buffer_chunk_size: 1M\n      buffer_max_size: 8M\n",
        path.display()
    )
}

/// An input that listens for the forward protocol on a port of the loopback interface.
pub fn forward(port: u16, version: Version) -> String {
    let workers = if version >= WORKERS { "      workers: 2\n" } else { "" };
    format!("    - name: forward\n      listen: 127.0.0.1\n      port: {port}\n{workers}")
}

/// The filter under test, with the alias `schtag`, on every tag.
pub fn filter(function: &str) -> String {
    format!(
        "    - name: wasm\n      alias: schtag\n      match: '*'\n      wasm_path: ${{SCHTAG_WASM}}\n      \
         function_name: {function}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_read_from_either_form() {
        for (line, expected) in [
            ("    - name: winevtlog", Some(("name", "winevtlog"))),
            ("    Event_Query  *[System[EventID=4698]]", Some(("event_query", "*[System[EventID=4698]]"))),
            (r"      db: C:\a\b.sqlite", Some(("db", r"C:\a\b.sqlite"))),
            ("      processors:", Some(("processors", ""))),
            ("# Name winevtlog", None),
            ("[INPUT]", None),
        ] {
            let expected = expected.map(|(k, v)| (k.to_owned(), v.to_owned()));
            assert_eq!(option(line), expected, "{line}");
        }
    }

    #[test]
    fn only_the_input_changes_on_linux() {
        let example = Example {
            name: "x.yaml".into(),
            text:
                "inputs:\n  - name: winevtlog\n    tag: t\n    channels: Security\n    db: C:\\x\nfilters:\n"
                    .into(),
        };
        let linux = example.on_linux(Path::new("/e"));
        assert_eq!(
            linux.text,
            "inputs:\n  - name: tail\n    tag: t\n    path: /e\n    read_from_head: true\n    parser: json_lines\nfilters:\n"
        );
    }
}
