//! The fields of one action, and of the process that it will become.
use super::{Field, Table};
use crate::command::Process;
use crate::task::{Exec, Principal};

/// The Task Scheduler service, which starts every action.
const SCHEDULER_IMAGE: &str = r"C:\Windows\System32\svchost.exe";
const SCHEDULER_COMMAND_LINE: &str = r"C:\Windows\system32\svchost.exe -k netsvcs -p -s Schedule";

/// The fields of a process that an `Exec` action will become; `parent` is the wrapper that starts it.
pub(crate) fn process_fields<'a>(
    exec: &'a Exec,
    process: &'a Process,
    parent: Option<&'a Process>,
    principal: Option<&'a Principal>,
) -> Table<'a> {
    let mut table = Table::new();
    as_process(&mut table, process, parent, principal);
    as_action(&mut table, exec, process);
    table
}

/// The fields of a `ComHandler` action.
pub(crate) fn com_handler_fields<'a>(class_id: Option<&'a str>, data: Option<&'a str>) -> Table<'a> {
    let mut table = Table::new();
    table.push_some(Field::TaskClassId, class_id);
    table.push_some(Field::TaskComData, data);
    table
}

fn as_process<'a>(
    table: &mut Table<'a>,
    process: &'a Process,
    parent: Option<&'a Process>,
    principal: Option<&'a Principal>,
) {
    table.push(Field::Image, search_path(&process.image, &process.image_name));
    table.push(Field::CommandLine, process.command_line.as_str());
    if process.normalized != process.command_line {
        table.push(Field::CommandLine, process.normalized.as_str());
    }
    table.push_some(Field::CurrentDirectory, process.working_directory.as_deref());
    let run_as = principal.and_then(|p| p.user_id.as_deref().or(p.group_id.as_deref()));
    table.push_some(Field::User, run_as.map(account_name));
    table.push(Field::IntegrityLevel, integrity_level(run_as, principal));
    match parent {
        Some(parent) => {
            table.push(Field::ParentImage, search_path(&parent.image, &parent.image_name));
            table.push(Field::ParentCommandLine, parent.command_line.as_str());
        }
        None => {
            table.push(Field::ParentImage, SCHEDULER_IMAGE);
            table.push(Field::ParentCommandLine, SCHEDULER_COMMAND_LINE);
        }
    }
}

fn as_action<'a>(table: &mut Table<'a>, exec: &'a Exec, process: &'a Process) {
    table.push_some(Field::TaskCommand, exec.command.as_deref());
    table.push_some(Field::TaskArguments, exec.arguments.as_deref());
    table.push_some(Field::TaskWorkingDirectory, process.working_directory.as_deref());
    table.push(Field::TaskCommandLine, process.normalized.as_str());
    table.push(Field::TaskImage, process.image.as_str());
    table.push(Field::TaskImageName, process.image_name.as_str());
    if let Some(powershell) = &process.powershell {
        for parameter in &powershell.parameters {
            table.push(Field::TaskPowerShell, parameter.as_str());
        }
        table.push_some(Field::TaskPowerShellFile, powershell.file.as_deref());
        table.push_some(Field::TaskPowerShellScript, powershell.script.as_deref());
    }
    table.push_some(Field::TaskRunsOutputOf, process.runs_output_of.as_deref());
    for &word in &process.obfuscation {
        table.push(Field::TaskObfuscation, word);
    }
    for layer in &process.decoded {
        table.push(Field::TaskDecoded, layer.text.as_str());
        table.push(Field::TaskDecodedHow, layer.how.as_str());
    }
    for fact in &process.facts.list {
        if let Some(&field) = Field::FACTS.get(fact.kind as usize) {
            table.push(field, fact.value.as_str());
        }
    }
}

/// The path that a bare program name will have: Windows looks in its own folders, and rules for process
/// creation ask for a backslash before the name.
fn search_path(image: &str, name: &str) -> String {
    if image.contains('\\') || name.is_empty() {
        return image.to_owned();
    }
    let folder = match name {
        "powershell.exe" | "powershell_ise.exe" => r"C:\Windows\System32\WindowsPowerShell\v1.0",
        "pwsh.exe" => r"C:\Program Files\PowerShell\7",
        "wmic.exe" | "mofcomp.exe" | "scrcons.exe" => r"C:\Windows\System32\wbem",
        "explorer.exe" | "regedit.exe" | "notepad.exe" | "hh.exe" => r"C:\Windows",
        "regasm.exe" | "regsvcs.exe" | "installutil.exe" | "msbuild.exe" | "csc.exe" => {
            r"C:\Windows\Microsoft.NET\Framework64\v4.0.30319"
        }
        _ => r"C:\Windows\System32",
    };
    format!("{folder}\\{name}")
}

/// An account as a process-creation event names it.
fn account_name(run_as: &str) -> &str {
    match run_as {
        "S-1-5-18" | "SYSTEM" | "System" | "LocalSystem" => r"NT AUTHORITY\SYSTEM",
        "S-1-5-19" => r"NT AUTHORITY\LOCAL SERVICE",
        "S-1-5-20" => r"NT AUTHORITY\NETWORK SERVICE",
        other => other,
    }
}

fn integrity_level(run_as: Option<&str>, principal: Option<&Principal>) -> &'static str {
    let account = run_as.map(account_name).unwrap_or_default();
    if account.eq_ignore_ascii_case(r"NT AUTHORITY\SYSTEM") || account.starts_with(r"NT AUTHORITY\") {
        "System"
    } else if principal.and_then(|p| p.run_level.as_deref()) == Some("HighestAvailable") {
        "High"
    } else {
        "Medium"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Fields;

    fn process(image: &str, name: &str) -> Process {
        Process {
            image: image.into(),
            image_name: name.into(),
            command_line: format!("{image} -nop"),
            normalized: format!("{image} -nop"),
            ..Process::default()
        }
    }

    #[test]
    fn a_bare_name_gets_the_folder_where_windows_finds_it() {
        assert_eq!(search_path("cmd.exe", "cmd.exe"), r"C:\Windows\System32\cmd.exe");
        assert!(search_path("powershell", "powershell.exe").ends_with(r"\v1.0\powershell.exe"));
        assert_eq!(search_path(r"D:\x\cmd.exe", "cmd.exe"), r"D:\x\cmd.exe");
    }

    #[test]
    fn a_process_is_started_by_the_scheduler_or_by_its_wrapper() {
        let exec = Exec::default();
        let (outer, inner) = (process("cmd.exe", "cmd.exe"), process("powershell.exe", "powershell.exe"));
        let action = process_fields(&exec, &outer, None, None);
        assert_eq!(action.first(Field::ParentImage), Some(SCHEDULER_IMAGE));
        assert_eq!(action.values(Field::CommandLine).len(), 1);
        let started = process_fields(&exec, &inner, Some(&outer), None);
        assert_eq!(started.first(Field::ParentImage), Some(r"C:\Windows\System32\cmd.exe"));
    }

    #[test]
    fn rights_follow_from_the_principal() {
        let principal = |user: &str, level: &str| Principal {
            user_id: Some(user.into()),
            run_level: Some(level.into()),
            ..Principal::default()
        };
        let (exec, process) = (Exec::default(), process("a.exe", "a.exe"));
        for (user, level, expected) in [
            ("S-1-5-18", "LeastPrivilege", "System"),
            (r"NT AUTHORITY\SYSTEM", "HighestAvailable", "System"),
            (r"CORP\alice", "HighestAvailable", "High"),
            (r"CORP\alice", "LeastPrivilege", "Medium"),
        ] {
            let principal = principal(user, level);
            let table = process_fields(&exec, &process, None, Some(&principal));
            assert_eq!(table.first(Field::IntegrityLevel), Some(expected), "{user} {level}");
        }
    }
}
