//! The part that a host plays, which an event does not say.
use super::host_name::role_by_name;
use crate::json::Object;
use crate::rules::{Role, Settings};
use crate::work::Work;
use std::borrow::Cow;

/// Units of work that finding a host's role may cost.
const ROLE: usize = 200_000;

/// The part that a host plays, and what says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostRole {
    /// The part.
    pub role: Role,
    /// `record`, `settings`, `name` (by convention) or `unknown`.
    pub from: &'static str,
}

/// The role of the host that logged an event: what the record says, else what the settings say of the host's name,
/// else what such a name means by convention.
pub fn host_role(settings: &Settings, record: &Object<'_>, computer: Option<&str>) -> HostRole {
    let path: Vec<&str> = settings.role_member.iter().map(String::as_str).collect();
    let named = if path.is_empty() { None } else { record.path(&path).and_then(|value| value.as_text()) };
    if let Some(role) = named.and_then(|name| named_role(&name)) {
        return HostRole { role, from: "record" };
    }
    let unknown = HostRole { role: Role::Unknown, from: "unknown" };
    let Some(computer) = computer else { return unknown };
    let label = computer.split('.').next().unwrap_or(computer);
    // A name has 255 bytes at most (RFC 1035); of another, what it costs to look is bounded.
    let work = Work::new(ROLE);
    let fitting = settings
        .role_patterns
        .iter()
        .find(|entry| [computer, label].into_iter().any(|name| entry.pattern.matches(name, &work)));
    if let Some(entry) = fitting {
        return HostRole { role: entry.role, from: "settings" };
    }
    match role_by_name(computer) {
        Role::Unknown => unknown,
        role if settings.roles_by_name => HostRole { role, from: "name" },
        _ => unknown,
    }
}

/// A role by the names that inventories use for it.
fn named_role(name: &str) -> Option<Role> {
    let name: Cow<'_, str> = name.trim().to_ascii_lowercase().replace([' ', '-'], "_").into();
    match name.as_ref() {
        "endpoint" | "workstation" | "client" | "desktop" | "laptop" => Some(Role::Endpoint),
        "server" | "member_server" => Some(Role::Server),
        "domain_controller" | "domaincontroller" | "dc" => Some(Role::DomainController),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Scanner;
    use crate::rules::{Glob, GlobPart, RolePattern};

    fn settings() -> Settings {
        let pattern = Glob { cased: false, parts: vec![GlobPart::Literal("srv-".into()), GlobPart::Any] };
        Settings { role_patterns: vec![RolePattern { pattern, role: Role::Server }], ..Settings::default() }
    }

    fn host(settings: &Settings, record: &str, computer: Option<&str>) -> HostRole {
        let mut scanner = Scanner::default();
        host_role(settings, &scanner.scan(record.as_bytes()).unwrap(), computer)
    }

    fn role(record: &str, computer: Option<&str>) -> Role {
        host(&settings(), record, computer).role
    }

    #[test]
    fn it_is_said_what_says_the_role() {
        let convention = Settings { roles_by_name: false, ..settings() };
        for (settings, record, computer, role, from) in [
            (settings(), r#"{"host_role":"endpoint"}"#, "SQL01", Role::Endpoint, "record"),
            (settings(), "{}", "SRV-1", Role::Server, "settings"),
            (settings(), "{}", "DC01", Role::DomainController, "name"),
            (convention, "{}", "DC01", Role::Unknown, "unknown"),
            (settings(), "{}", "WS17", Role::Unknown, "unknown"),
        ] {
            assert_eq!(host(&settings, record, Some(computer)), HostRole { role, from }, "{computer}");
        }
    }

    #[test]
    fn the_record_speaks_before_the_name() {
        assert_eq!(role(r#"{"host_role":"Domain Controller"}"#, Some("SRV-1")), Role::DomainController);
        assert_eq!(role(r#"{"host_role":"toaster"}"#, Some("SRV-1")), Role::Server);
        assert_eq!(role(r#"{"host_role":7}"#, None), Role::Unknown);
    }

    #[test]
    fn a_name_fits_with_or_without_its_domain() {
        assert_eq!(role("{}", Some("SRV-1.corp.example")), Role::Server);
        assert_eq!(role("{}", Some("srv-1")), Role::Server);
        assert_eq!(role("{}", Some("WS17")), Role::Unknown);
        assert_eq!(role("{}", None), Role::Unknown);
    }
}
