//! Checks a Detection Finding against OCSF's requirements.

use serde_json::Value;

/// An object of OCSF 1.4.0: where it is in a finding, the attributes that are required, one of which there must be at
/// least one, and the others that it may have. Source: <https://schema.ocsf.io/1.4.0/classes/detection_finding> and
/// the pages of its objects; only attributes that the mapping uses are listed.
struct Shaped {
    at: &'static str,
    required: &'static [&'static str],
    one_of: &'static [&'static str],
    optional: &'static [&'static str],
}

const OBJECTS: &[Shaped] = &[
    Shaped {
        at: "",
        required: &[
            "activity_id",
            "category_uid",
            "class_uid",
            "finding_info",
            "metadata",
            "severity_id",
            "time",
            "type_uid",
        ],
        one_of: &[],
        optional: &[
            "activity_name",
            "actor",
            "category_name",
            "class_name",
            "device",
            "evidences",
            "is_alert",
            "message",
            "observables",
            "raw_data",
            "resources",
            "severity",
            "status",
            "status_detail",
            "status_id",
            "type_name",
            "unmapped",
        ],
    },
    Shaped {
        at: "metadata",
        required: &["product", "version"],
        one_of: &[],
        optional: &["event_code", "log_name", "log_provider", "original_time", "profiles", "uid"],
    },
    Shaped {
        at: "metadata.product",
        required: &[],
        one_of: &["name", "uid"],
        optional: &["feature", "vendor_name", "version"],
    },
    Shaped {
        at: "metadata.product.feature",
        required: &[],
        one_of: &["name", "uid"],
        optional: &["version"],
    },
    Shaped {
        at: "finding_info",
        required: &["uid"],
        one_of: &[],
        optional: &["analytic", "attacks", "data_sources", "desc", "related_analytics", "title", "types"],
    },
    Shaped {
        at: "finding_info.analytic",
        required: &["type_id"],
        one_of: &["name", "uid"],
        optional: &["category", "desc", "type"],
    },
    Shaped {
        at: "finding_info.related_analytics",
        required: &["type_id"],
        one_of: &["name", "uid"],
        optional: &["category", "desc", "type"],
    },
    Shaped {
        at: "finding_info.attacks",
        required: &[],
        one_of: &["tactic", "technique", "sub_technique"],
        optional: &[],
    },
    Shaped {
        at: "finding_info.attacks.tactic",
        required: &[],
        one_of: &["name", "uid"],
        optional: &["src_url"],
    },
    Shaped {
        at: "finding_info.attacks.technique",
        required: &[],
        one_of: &["name", "uid"],
        optional: &["src_url"],
    },
    Shaped {
        at: "finding_info.attacks.sub_technique",
        required: &[],
        one_of: &["name", "uid"],
        optional: &["src_url"],
    },
    Shaped { at: "device", required: &["type_id"], one_of: &["hostname", "name"], optional: &["type"] },
    Shaped { at: "actor", required: &[], one_of: &["user", "session"], optional: &[] },
    Shaped {
        at: "actor.user",
        required: &[],
        one_of: &["name", "uid"],
        optional: &["domain", "type", "type_id"],
    },
    Shaped { at: "actor.session", required: &[], one_of: &["uid"], optional: &[] },
    Shaped { at: "resources", required: &[], one_of: &["name"], optional: &["hostname", "type"] },
    Shaped { at: "observables", required: &["type_id"], one_of: &[], optional: &["name", "type", "value"] },
    Shaped { at: "evidences", required: &[], one_of: &["job", "script", "data", "user"], optional: &[] },
    Shaped { at: "evidences.user", required: &[], one_of: &["name", "uid"], optional: &[] },
    Shaped {
        at: "evidences.job",
        required: &["file", "name"],
        one_of: &[],
        optional: &["cmd_line", "run_state_id"],
    },
    Shaped {
        at: "evidences.job.file",
        required: &["name", "type_id"],
        one_of: &[],
        optional: &["path", "type"],
    },
    Shaped {
        at: "evidences.script",
        required: &["script_content", "type_id"],
        one_of: &[],
        optional: &["type"],
    },
    Shaped { at: "evidences.script.script_content", required: &["value"], one_of: &[], optional: &["size"] },
];

/// Returns what a finding is not that it should be.
pub fn conformance(finding: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    look(finding, String::new(), &mut problems);
    problems
}

fn look(value: &Value, at: String, problems: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| look(value, at.clone(), problems)),
        Value::Object(members) => {
            // These hold whatever there is.
            if at == "unmapped" || at == "evidences.data" {
                return;
            }
            let Some(shape) = OBJECTS.iter().find(|shape| shape.at == at) else {
                return problems.push(format!("`{at}` should be no object"));
            };
            let missing = shape.required.iter().filter(|name| !members.contains_key(**name));
            problems.extend(missing.map(|name| format!("`{at}` has no `{name}`")));
            if !shape.one_of.is_empty() && !shape.one_of.iter().any(|name| members.contains_key(*name)) {
                problems.push(format!("`{at}` has none of {:?}", shape.one_of));
            }
            let known = |name: &str| [shape.required, shape.one_of, shape.optional].concat().contains(&name);
            for (name, value) in members {
                if !known(name) {
                    problems.push(format!("`{at}` has `{name}`, which OCSF does not"));
                }
                if value.is_null() || value == "" {
                    problems.push(format!("`{at}.{name}` is empty"));
                }
                let typed =
                    if name.ends_with("_id") || name.ends_with("_uid") && at.is_empty() || name == "time" {
                        value.is_i64()
                    } else {
                        !value.is_number()
                    };
                if !typed {
                    problems.push(format!("`{at}.{name}` has the wrong type: {value}"));
                }
                let below = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                if value.is_object() || value.is_array() {
                    look(value, below, problems);
                }
            }
        }
        _ => {}
    }
}
