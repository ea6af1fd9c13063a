//! The names under which rules see an event, a task and its commands.
//!
//! Three vocabularies, after Sigma's: the Security event's own field names, those of the process that an
//! action will become (Sigma's category `process_creation`), and the parsed task's under `task.*`.
//! docs/fields.md describes each.

mod account;
mod action;
mod event;
mod table;

pub(crate) use action::{com_handler_fields, process_fields};
pub use event::ContentState;
pub(crate) use event::event_fields;
pub use table::Table;

use std::borrow::Cow;

/// The kind of event that a rule matches, from its `logsource`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum View {
    /// `product: windows`, `service: security`: the event, with the task and one action of it.
    Security,
    /// `category: process_creation`, `product: windows`: one process that an action will become.
    ProcessCreation,
}

macro_rules! fields {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal $views:ident $per:ident,)*) => {
        /// A field that a rule can look at.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[repr(u8)]
        pub enum Field { $($(#[doc = $doc])* $variant,)* }

        impl Field {
            /// Every field, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The field's name in rules.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Returns what the field holds, in words.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc,)*),)* }
            }

            /// Returns whether the field belongs to one action, so that a rule which looks at it is evaluated
            /// once for each action.
            pub const fn per_action(self) -> bool {
                match self { $(Self::$variant => per!($per),)* }
            }

            /// Returns whether rules of a view can see the field.
            pub const fn visible_in(self, view: View) -> bool {
                match self { $(Self::$variant => visible!($views, view),)* }
            }
        }
    };
}
macro_rules! per {
    (event) => {
        false
    };
    (action) => {
        true
    };
}
macro_rules! visible {
    (security, $view:expr) => {
        matches!($view, View::Security)
    };
    (process, $view:expr) => {
        matches!($view, View::ProcessCreation)
    };
    (both, $view:expr) => {{
        let _ = $view;
        true
    }};
}

fields! {
    /// The event id, 4698 to 4702.
    EventId "EventID" security event,
    /// The event log channel; `Security` where the shipper leaves it out.
    Channel "Channel" security event,
    /// The event provider; `Microsoft-Windows-Security-Auditing` where the shipper leaves it out.
    ProviderName "Provider_Name" security event,
    /// The machine that logged the event.
    Computer "Computer" both event,
    /// The path of the task.
    TaskName "TaskName" security event,
    /// The task's XML, unescaped, on 4698 to 4701.
    TaskContent "TaskContent" security event,
    /// The task's XML, unescaped, on 4702.
    TaskContentNew "TaskContentNew" security event,
    /// SID of the account that made the change.
    SubjectUserSid "SubjectUserSid" security event,
    /// Name of the account that made the change.
    SubjectUserName "SubjectUserName" security event,
    /// Domain of the account that made the change.
    SubjectDomainName "SubjectDomainName" security event,
    /// Logon session in which the change was made.
    SubjectLogonId "SubjectLogonId" security event,
    /// Start key of the client process (version 1 events).
    ClientProcessStartKey "ClientProcessStartKey" security event,
    /// Id of the client process; 0 for a call from another machine (version 1 events).
    ClientProcessId "ClientProcessId" security event,
    /// Id of the client's parent process (version 1 events).
    ParentProcessId "ParentProcessId" security event,
    /// Where the RPC call came from (version 1 events).
    RpcCallClientLocality "RpcCallClientLocality" security event,
    /// Full name of the machine that logged the event (version 1 events).
    Fqdn "FQDN" security event,

    /// Path of the program that the action will run.
    Image "Image" process action,
    /// Command line of the program, as written and, where that differs, in normal form.
    CommandLine "CommandLine" process action,
    /// Working directory of the program.
    CurrentDirectory "CurrentDirectory" process action,
    /// Account that the program will run as.
    User "User" process action,
    /// `System`, `High` or `Medium`, from the principal.
    IntegrityLevel "IntegrityLevel" process action,
    /// Path of the program that starts it: the Task Scheduler service's host, or the wrapper before it.
    ParentImage "ParentImage" process action,
    /// Command line of the program that starts it.
    ParentCommandLine "ParentCommandLine" process action,

    /// The change to the task: `created`, `deleted`, `enabled`, `disabled` or `updated`.
    TaskChange "task.change" both event,
    /// The task's path, as `TaskName`.
    TaskPath "task.name" both event,
    /// `RegistrationInfo/URI`.
    TaskUri "task.uri" both event,
    /// `RegistrationInfo/Author`.
    TaskAuthor "task.author" both event,
    /// `RegistrationInfo/Date`.
    TaskDate "task.date" both event,
    /// `RegistrationInfo/Description`.
    TaskDescription "task.description" both event,
    /// `RegistrationInfo/Source`.
    TaskSource "task.source" both event,
    /// `RegistrationInfo/SecurityDescriptor`, in SDDL.
    TaskSecurityDescriptor "task.security_descriptor" both event,
    /// `true` or `false`: `Settings/Hidden`.
    TaskHidden "task.hidden" both event,
    /// `true` or `false`: `Settings/Enabled`.
    TaskEnabled "task.enabled" both event,
    /// `Settings/DeleteExpiredTaskAfter`, an ISO 8601 duration.
    TaskDeleteExpiredAfter "task.delete_expired_after" both event,
    /// Account or group that the actions run as: a SID or a name, as written.
    TaskRunAs "task.run_as" both event,
    /// `system`, `service` or `account`: what kind of account the actions run as, in any language of Windows.
    TaskRunAsKind "task.run_as_kind" both event,
    /// `LeastPrivilege` or `HighestAvailable`.
    TaskRunLevel "task.run_level" both event,
    /// `LogonType` of the principal.
    TaskLogonType "task.logon_type" both event,
    /// `RequiredPrivileges` of the principal, each.
    TaskPrivilege "task.privilege" both event,
    /// Kind of each trigger: `boot`, `logon`, `time`, `calendar`, `event`, ...
    TaskTrigger "task.trigger" both event,
    /// `StartBoundary` of each trigger.
    TaskTriggerStart "task.trigger_start" both event,
    /// `EndBoundary` of each trigger.
    TaskTriggerEnd "task.trigger_end" both event,
    /// `Repetition/Interval` of each trigger, in seconds.
    TaskTriggerInterval "task.trigger_interval" both event,
    /// `Subscription` of each event trigger.
    TaskTriggerSubscription "task.trigger_subscription" both event,
    /// Kind of each action: `exec`, `com_handler`, `send_email`, `show_message`.
    TaskAction "task.action" both event,
    /// Number of actions.
    TaskActionCount "task.action_count" both event,
    /// `complete`, `truncated`, `malformed` or `missing`.
    TaskContentState "task.content_state" both event,
    /// Each limit of the reading that the task exceeds: `work`, `actions`, `processes`, `triggers`, `principals`, `depth`, `text` or `decoding`. No ordinary task exceeds one.
    TaskLimit "task.limit" both event,
    /// `person`, `machine`, `system` or `service`: what kind of account made the change, by its SID and name.
    TaskSubjectKind "task.subject_kind" both event,

    /// `Exec/Command`, as written.
    TaskCommand "task.command" both action,
    /// `Exec/Arguments`, as written.
    TaskArguments "task.arguments" both action,
    /// `Exec/WorkingDirectory`, expanded.
    TaskWorkingDirectory "task.working_directory" both action,
    /// The command line in normal form.
    TaskCommandLine "task.command_line" both action,
    /// The program's path, expanded and cleaned.
    TaskImage "task.image" both action,
    /// The program's file name in lower case, always with its extension.
    TaskImageName "task.image_name" both action,
    /// `ComHandler/ClassId`.
    TaskClassId "task.class_id" both action,
    /// `ComHandler/Data`.
    TaskComData "task.com_data" both action,
    /// Parameters that PowerShell would see, by their full names: `encodedcommand`, `windowstyle hidden`, ...
    TaskPowerShell "task.powershell" both action,
    /// The script file that PowerShell would run.
    TaskPowerShellFile "task.powershell_file" both action,
    /// The script text that PowerShell would run.
    TaskPowerShellScript "task.powershell_script" both action,
    /// Each text found by decoding.
    TaskDecoded "task.decoded" both action,
    /// The way in which each text was decoded, for example `base64 utf-16le`.
    TaskDecodedHow "task.decoded_how" both action,
    /// The command line or the file whose output the process runs as commands: `finger u@host`.
    TaskRunsOutputOf "task.runs_output_of" both action,
    /// The signs that the command line was written to be unreadable, each: `carets`, `commas`, `substrings`,
    /// `concatenated`, `reversed`, `characters`, `replaced`, `variables`, `launcher`; `unread` where a part of such a line
    /// is not known or was not read.
    TaskObfuscation "task.obfuscation" both action,

    /// Every file that the process executes or loads: the program itself, then script, library, package and project. The
    /// path is absolute where the folder is known; of what is fetched and run, the address.
    TaskRuns "task.runs" both action,
    /// Each script file that the program runs.
    TaskRunsScript "task.runs_script" both action,
    /// Each library that the program loads: DLL, control panel item, plug-in, browser extension.
    TaskRunsLibrary "task.runs_library" both action,
    /// Each package that the program installs.
    TaskRunsPackage "task.runs_package" both action,
    /// Each project or configuration that the program executes: of MSBuild, an `.inf`, a scriptlet, ...
    TaskRunsProject "task.runs_project" both action,
    /// Each command line that the program starts, as written.
    TaskRunsCommand "task.runs_command" both action,
    /// Each text of a program in the arguments: `python -c`, `mshta vbscript:`, `sqlcmd -Q`, PowerShell's `-Command`, ...
    TaskCode "task.code" both action,
    /// The language of each: `powershell`, `vbscript`, `jscript`, `python`, `javascript`, `sql`, ...
    TaskCodeLanguage "task.code_language" both action,
    /// Each address that the program contacts: `scheme://host[:port]/path`, scheme and host in lower case, numbers as IPv4.
    TaskAddress "task.address" both action,
    /// The host of each address.
    TaskAddressHost "task.address_host" both action,
    /// The port of each address that has one written.
    TaskAddressPort "task.address_port" both action,
    /// Each file or folder that the program reads as its input.
    TaskReads "task.reads" both action,
    /// Each file or folder that the program writes.
    TaskWrites "task.writes" both action,
    /// Each file or folder that the program sends to another machine.
    TaskUploads "task.uploads" both action,
    /// Each file or folder that the program deletes.
    TaskDeletes "task.deletes" both action,
    /// Each other computer on which the program works, in lower case and without backslashes.
    TaskRemoteComputer "task.remote_computer" both action,
    /// Each account that the arguments name, as written.
    TaskAccount "task.account" both action,
    /// Each service that the arguments name, as written.
    TaskService "task.service" both action,
    /// Each scheduled task that the arguments name, as written.
    TaskOtherTask "task.other_task" both action,
    /// Each registry key that the arguments name, its root in the short form: `HKLM\SAM`.
    TaskRegistryKey "task.registry_key" both action,
    /// ATT&CK technique of what the program is used for here, by its entry: `T1218.011` of rundll32 with a library.
    TaskProgramTechnique "task.program_technique" both action,
}

impl Field {
    /// The number of fields.
    pub(crate) const COUNT: usize = Self::ALL.len();

    /// The fields that hold facts of programs, in the order of [`Kind`](crate::command::programs::Kind).
    pub const FACTS: &'static [Self] = &[
        Self::TaskRuns,
        Self::TaskRunsScript,
        Self::TaskRunsLibrary,
        Self::TaskRunsPackage,
        Self::TaskRunsProject,
        Self::TaskRunsCommand,
        Self::TaskCode,
        Self::TaskCodeLanguage,
        Self::TaskAddress,
        Self::TaskAddressHost,
        Self::TaskAddressPort,
        Self::TaskReads,
        Self::TaskWrites,
        Self::TaskUploads,
        Self::TaskDeletes,
        Self::TaskRemoteComputer,
        Self::TaskAccount,
        Self::TaskService,
        Self::TaskOtherTask,
        Self::TaskRegistryKey,
        Self::TaskProgramTechnique,
    ];

    /// The field of a name, for rules of a view. Names are case-sensitive, as in Sigma.
    pub fn resolve(view: View, name: &str) -> Option<Self> {
        let name = match name {
            "ProviderName" => "Provider_Name",
            "ComputerName" | "Hostname" => "Computer",
            other => other,
        };
        Self::ALL.iter().copied().find(|f| f.visible_in(view) && f.name() == name)
    }
}

/// The values of an event's fields. A field is absent when it has no values; a list is several values, any
/// of which may match.
pub trait Fields {
    /// The values of a field.
    fn values(&self, field: Field) -> &[Cow<'_, str>];
}
