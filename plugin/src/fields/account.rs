//! The kind of an account that a task names.

use schtag_task::case;

/// Returns what kind of account a task runs as: the field `task.run_as_kind`. `system`, `service` or `account`.
///
/// A definition that was imported keeps the account as it was written: by SID, by name, or by the name that
/// Windows gives it in its own language.
///
/// Source: Microsoft's list of well-known SIDs
/// (<https://learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-security-identifiers>).
pub(super) fn account_kind(written: &str) -> &'static str {
    let written = written.trim();
    let (authority, name) = written.rsplit_once('\\').unwrap_or(("", written));
    let is = |names: &[&str]| names.iter().any(|known| same(known, name));
    if is(SYSTEM) {
        "system"
    } else if is(SERVICES)
        || same(authority, "NT SERVICE")
        || same(authority, "IIS APPPOOL")
        || name.starts_with("S-1-5-80-")
        || name.starts_with("S-1-5-82-")
    {
        "service"
    } else {
        "account"
    }
}

/// SYSTEM by its SID, and by its name in Windows' languages.
const SYSTEM: &[&str] = &[
    "S-1-5-18",
    "SYSTEM",
    "LocalSystem",
    "Local System",
    "SISTEMA",
    "SYSTÈME",
    "SYSTEME",
    "СИСТЕМА",
    "SYSTEEM",
    "SİSTEM",
    "SISTEM",
    "JÄRJESTELMÄ",
    "RENDSZER",
];

/// The other accounts of services.
const SERVICES: &[&str] =
    &["S-1-5-19", "S-1-5-20", "LocalService", "Local Service", "NetworkService", "Network Service"];

/// Returns whether two names are the same, whatever their case.
fn same(left: &str, right: &str) -> bool {
    // A name of another length is another name; a change of case keeps the number of characters.
    left.len().abs_diff(right.len()) < 4 && left.chars().map(case::lower).eq(right.chars().map(case::lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_is_known_in_every_form() {
        for system in [
            "S-1-5-18",
            "SYSTEM",
            "System",
            r"NT AUTHORITY\SYSTEM",
            r"NT-AUTORITÄT\SYSTEM",
            r"AUTORITE NT\Système",
            r"AUTORIDADE NT\SISTEMA",
            r"NT УПРАВЛЕНИЕ\Система",
            r".\SYSTEM",
            "LocalSystem",
        ] {
            assert_eq!(account_kind(system), "system", "{system}");
        }
    }

    #[test]
    fn services_and_accounts_are_told_apart() {
        for service in
            ["S-1-5-20", r"NT AUTHORITY\NETWORK SERVICE", r"NT SERVICE\TrustedInstaller", r"IIS APPPOOL\x"]
        {
            assert_eq!(account_kind(service), "service", "{service}");
        }
        for account in
            [r"CORP\alice", "S-1-5-21-1-2-3-1001", r"CORP\system-admin", "Systemx", "", "S-1-5-180"]
        {
            assert_eq!(account_kind(account), "account", "{account}");
        }
    }
}
