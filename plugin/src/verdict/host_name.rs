//! The part that a host plays by the conventions that most organisations name their hosts after.
use crate::rules::Role;

/// The longest label that is looked at: a computer's name in Windows has 15 characters, a label in DNS 63.
const LONGEST: usize = 63;

/// Words that stand alone in a name, or before its number, of a server: `srv-07`, `SQL01`, `LON-FILE-2`.
const SERVER: &[&str] = &[
    "srv",
    "svr",
    "server",
    "sql",
    "sqlsrv",
    "mssql",
    "ora",
    "oracle",
    "db",
    "exch",
    "exchange",
    "mail",
    "mx",
    "smtp",
    "file",
    "fs",
    "nas",
    "san",
    "web",
    "www",
    "iis",
    "app",
    "apps",
    "print",
    "prn",
    "dns",
    "dhcp",
    "ca",
    "pki",
    "adfs",
    "adcs",
    "aad",
    "wsus",
    "sccm",
    "mecm",
    "rds",
    "rdsh",
    "rdgw",
    "term",
    "citrix",
    "ctx",
    "xenapp",
    "hv",
    "hyperv",
    "vmm",
    "vcenter",
    "esx",
    "veeam",
    "bkp",
    "backup",
    "jump",
    "bastion",
    "proxy",
    "vpn",
    "nps",
    "radius",
    "ftp",
    "sftp",
    "sharepoint",
    "crm",
    "erp",
    "sap",
    "jenkins",
    "git",
    "scom",
    "siem",
    "syslog",
    "cluster",
    "wec",
    "wef",
];
/// Words with which a name's first part may end: `LONSRV01`.
const SERVER_ENDINGS: &[&str] = &["srv", "svr", "server", "sql"];
/// Words of domain controllers.
const CONTROLLER: &[&str] = &["dc", "pdc", "bdc", "rodc", "addc", "dcs", "ad"];
/// Words of hosts that people sit at. They decide before all others.
const ENDPOINT: &[&str] = &[
    "ws", "wks", "pc", "desktop", "laptop", "nb", "notebook", "lt", "client", "vdi", "tablet", "surface",
    "kiosk", "tc",
];

/// The role that a host's name says by convention: a server, a domain controller, or unknown. Names of workstations
/// say nothing, and stay unknown.
pub(super) fn role_by_name(computer: &str) -> Role {
    let label = computer.split('.').next().unwrap_or(computer);
    if label.len() > LONGEST {
        return Role::Unknown;
    }
    let label = label.to_ascii_lowercase();
    let words = || label.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    let any = |known: &[&str]| words().any(|word| known.contains(&word));
    if any(ENDPOINT) {
        return Role::Unknown;
    }
    // `LONDC01`: a place of three letters before it and a number after it.
    let numbered = |word: &str, end: &str| {
        word.len() > end.len()
            && word.len() < 13
            && word.ends_with(end)
            && label.ends_with(|c: char| c.is_ascii_digit())
    };
    if any(CONTROLLER) || words().any(|word| word.len() < 6 && numbered(word, "dc")) {
        return Role::DomainController;
    }
    if any(SERVER) || words().any(|word| SERVER_ENDINGS.iter().any(|end| numbered(word, end))) {
        return Role::Server;
    }
    Role::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_domain_controllers_are_named_by_convention() {
        for (name, role) in [
            ("SRV-7000.corp.example", Role::Server),
            ("srv01", Role::Server),
            ("LON-SQL-02", Role::Server),
            ("SQL01", Role::Server),
            ("EXCH2019", Role::Server),
            ("LONSRV01", Role::Server),
            ("fileserver1", Role::Server),
            ("DC01.corp.example", Role::DomainController),
            ("CORP-DC1", Role::DomainController),
            ("LONDC02", Role::DomainController),
            ("pdc", Role::DomainController),
        ] {
            assert_eq!(role_by_name(name), role, "{name}");
        }
    }

    #[test]
    fn other_names_say_nothing() {
        for name in [
            "WS-0217.corp.example",
            "PC-SQL-DEV1",
            "LAPTOP-7K2J1",
            "DESKTOP-ABC123",
            "MERCURY",
            "alice-nb",
            "appleton1",
            "WIN10-0007",
            "",
            "ABCDC",
            "x.sql01.example",
        ] {
            assert_eq!(role_by_name(name), Role::Unknown, "{name}");
        }
        assert_eq!(role_by_name(&format!("{}-srv", "a".repeat(70))), Role::Unknown);
    }
}
