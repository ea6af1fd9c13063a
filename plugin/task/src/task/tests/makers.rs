//! Well-formed definitions, in the element order of each maker, with every kind of trigger and action.

use super::super::{Action, Exec, Principal, Registration, Repetition, Settings, Trigger, TriggerKind};
use super::{commands, exec, parse};

const REGISTRATION: &str = r"
  <RegistrationInfo>
    <Date>2026-03-02T09:15:00</Date>
    <Author>CORP\alice</Author>
    <Description>Keeps the stock list &amp; prices up to date</Description>
    <URI>\Shop\Stock list</URI>
  </RegistrationInfo>";
const TRIGGERS: &str = r"
  <Triggers>
    <CalendarTrigger>
      <StartBoundary>2026-03-02T03:00:00</StartBoundary>
      <Enabled>true</Enabled>
      <ScheduleByDay>
        <DaysInterval>1</DaysInterval>
      </ScheduleByDay>
    </CalendarTrigger>
  </Triggers>";
const PRINCIPALS: &str = r#"
  <Principals>
    <Principal id="Author">
      <RunLevel>HighestAvailable</RunLevel>
      <UserId>S-1-5-21-1004336348-1177238915-682003330-1105</UserId>
      <LogonType>InteractiveToken</LogonType>
    </Principal>
  </Principals>"#;
const SETTINGS: &str = r"
  <Settings>
    <IdleSettings>
      <Duration>PT10M</Duration>
      <StopOnIdleEnd>true</StopOnIdleEnd>
    </IdleSettings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>true</DisallowStartIfOnBatteries>
    <Enabled>true</Enabled>
    <Hidden>true</Hidden>
  </Settings>";
const ACTIONS: &str = r#"
  <Actions Context="Author">
    <Exec>
      <Command>C:\Shop\stock.exe</Command>
      <Arguments>/list "C:\Shop\all items.csv" &gt; nul</Arguments>
    </Exec>
  </Actions>"#;

fn document(sections: &[&str]) -> String {
    let open = r#"<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">"#;
    format!("{open}{}\n</Task>", sections.concat()).replace('\n', "\r\n")
}

#[test]
fn every_makers_element_order_gives_the_same_task() {
    let created = document(&[REGISTRATION, TRIGGERS, SETTINGS, ACTIONS, PRINCIPALS]);
    let updated = document(&[REGISTRATION, TRIGGERS, PRINCIPALS, SETTINGS, ACTIONS]);
    let enabled = document(&[REGISTRATION, PRINCIPALS, SETTINGS, TRIGGERS, ACTIONS]);

    let parsed = parse(&created);
    assert!(parsed.complete);
    assert_eq!(parsed.notes, []);
    assert_eq!(parse(&updated), parsed);
    assert_eq!(parse(&enabled), parsed);

    let task = &parsed.task;
    assert_eq!(task.version.as_deref(), Some("1.2"));
    assert_eq!(
        task.registration,
        Registration {
            uri: Some(r"\Shop\Stock list".to_owned()),
            author: Some(r"CORP\alice".to_owned()),
            date: Some("2026-03-02T09:15:00".to_owned()),
            description: Some("Keeps the stock list & prices up to date".to_owned()),
            ..Registration::default()
        }
    );
    assert_eq!(
        task.triggers,
        [Trigger {
            start_boundary: Some("2026-03-02T03:00:00".to_owned()),
            enabled: Some(true),
            schedule: Some("ScheduleByDay".to_owned()),
            ..Trigger::new(TriggerKind::Calendar)
        }]
    );
    assert_eq!(task.principal().and_then(|p| p.run_level.as_deref()), Some("HighestAvailable"));
    assert_eq!(
        task.settings,
        Settings {
            multiple_instances_policy: Some("IgnoreNew".to_owned()),
            disallow_start_if_on_batteries: Some(true),
            enabled: Some(true),
            hidden: Some(true),
            ..Settings::default()
        }
    );
    assert_eq!(task.actions_context.as_deref(), Some("Author"));
    assert_eq!(exec(&parsed).command.as_deref(), Some(r"C:\Shop\stock.exe"));
    assert_eq!(exec(&parsed).arguments.as_deref(), Some(r#"/list "C:\Shop\all items.csv" > nul"#));
}

/// Builds the expected trigger from the one that has only its kind.
type Expect = fn(&mut Trigger);

#[test]
fn every_kind_of_trigger() {
    let table: [(&str, TriggerKind, Expect); 12] = [
        ("<BootTrigger><Delay>PT30S</Delay></BootTrigger>", TriggerKind::Boot, |t| {
            t.delay = Some("PT30S".to_owned());
        }),
        ("<RegistrationTrigger id='r'/>", TriggerKind::Registration, |t| t.id = Some("r".to_owned())),
        ("<IdleTrigger><Enabled>FALSE</Enabled></IdleTrigger>", TriggerKind::Idle, |t| {
            t.enabled = Some(false);
        }),
        (
            "<TimeTrigger><Repetition><Interval>PT1M</Interval><Duration>P1D</Duration>\
             <StopAtDurationEnd> 0 </StopAtDurationEnd></Repetition>\
             <EndBoundary>2030-01-01T00:00:00Z</EndBoundary></TimeTrigger>",
            TriggerKind::Time,
            |t| {
                t.end_boundary = Some("2030-01-01T00:00:00Z".to_owned());
                t.repetition = Some(Repetition {
                    interval: Some("PT1M".to_owned()),
                    duration: Some("P1D".to_owned()),
                    stop_at_duration_end: Some(false),
                });
            },
        ),
        (
            "<CalendarTrigger><RandomDelay>PT5M</RandomDelay><ScheduleByWeek><DaysOfWeek><Monday />\
             </DaysOfWeek></ScheduleByWeek></CalendarTrigger>",
            TriggerKind::Calendar,
            |t| {
                t.random_delay = Some("PT5M".to_owned());
                t.schedule = Some("ScheduleByWeek".to_owned());
            },
        ),
        (
            "<CalendarTrigger><ScheduleByMonth><Months><May/></Months></ScheduleByMonth></CalendarTrigger>",
            TriggerKind::Calendar,
            |t| t.schedule = Some("ScheduleByMonth".to_owned()),
        ),
        ("<CalendarTrigger><ScheduleByMonthDayOfWeek/></CalendarTrigger>", TriggerKind::Calendar, |t| {
            t.schedule = Some("ScheduleByMonthDayOfWeek".to_owned())
        }),
        (
            r"<LogonTrigger><UserId>CORP\bob</UserId>
              <ExecutionTimeLimit>PT0S</ExecutionTimeLimit></LogonTrigger>",
            TriggerKind::Logon,
            |t| {
                t.user_id = Some(r"CORP\bob".to_owned());
                t.execution_time_limit = Some("PT0S".to_owned());
            },
        ),
        (
            "<SessionStateChangeTrigger><StateChange>SessionUnlock</StateChange></SessionStateChangeTrigger>",
            TriggerKind::SessionStateChange,
            |t| t.state_change = Some("SessionUnlock".to_owned()),
        ),
        (
            "<EventTrigger><Subscription>&lt;QueryList&gt;&lt;Query Id=\"0\"&gt;&lt;Select \
             Path=\"Security\"&gt;*[System[EventID=4624]]&lt;/Select&gt;&lt;/Query&gt;&lt;/QueryList&gt;\
             </Subscription><ValueQueries><Value name=\"UserId\">Event/UserId</Value></ValueQueries>\
             </EventTrigger>",
            TriggerKind::Event,
            |t| {
                t.subscription = Some(
                    "<QueryList><Query Id=\"0\"><Select Path=\"Security\">*[System[EventID=4624]]</Select>\
                     </Query></QueryList>"
                        .to_owned(),
                );
            },
        ),
        (
            "<WnfStateChangeTrigger><StateName>7508BCA3380C960C</StateName><Data>01</Data>\
             <Enabled>true</Enabled></WnfStateChangeTrigger>",
            TriggerKind::WnfStateChange,
            |t| t.enabled = Some(true),
        ),
        ("<CustomTrigger></CustomTrigger>", TriggerKind::Custom, |_| ()),
    ];
    let all: String = table.iter().map(|(xml, ..)| *xml).collect();
    let parsed = parse(&format!("<Task><Triggers>{all}</Triggers></Task>"));
    assert_eq!(parsed.notes, []);
    let expected: Vec<Trigger> = table
        .iter()
        .map(|(_, kind, set)| {
            let mut trigger = Trigger::new(*kind);
            set(&mut trigger);
            trigger
        })
        .collect();
    assert_eq!(parsed.task.triggers, expected);
}

#[test]
fn every_kind_of_action() {
    let parsed = parse(
        "<Task><Actions Context='LocalSystem'>\
         <Exec id='a'><WorkingDirectory>C:\\</WorkingDirectory><Command>one.exe</Command></Exec>\
         <ComHandler><ClassId>{97D47D56-3777-49FB-8E8F-90D7E30E1A1E}</ClassId>\
         <Data><![CDATA[<run mode=\"quiet\" & more>]]></Data></ComHandler>\
         <SendEmail><Server>mail</Server><Subject>S</Subject><To>t@x</To><Cc>c@x</Cc><From>f@x</From>\
         <Body>B</Body><Attachments><File>C:\\a.log</File><File>C:\\b.log</File></Attachments></SendEmail>\
         <ShowMessage><Title>T</Title><Body>Hello</Body></ShowMessage></Actions></Task>",
    );
    assert_eq!(parsed.notes, []);
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        parsed.task.actions,
        [
            Action::Exec(Exec { command: text("one.exe"), arguments: None, working_directory: text("C:\\") }),
            Action::ComHandler {
                class_id: text("{97D47D56-3777-49FB-8E8F-90D7E30E1A1E}"),
                data: text("<run mode=\"quiet\" & more>"),
            },
            Action::SendEmail {
                server: text("mail"),
                to: text("t@x"),
                from: text("f@x"),
                subject: text("S"),
                body: text("B"),
                attachments: vec!["C:\\a.log".to_owned(), "C:\\b.log".to_owned()],
            },
            Action::ShowMessage { title: text("T"), body: text("Hello") },
        ]
    );
}

#[test]
fn principals_settings_and_the_rest() {
    let parsed = parse(
        "<Task version='1.4'><RegistrationInfo><Source>S</Source><Version>V</Version>\
         <Documentation>D</Documentation><SecurityDescriptor>D:(A;;FA;;;BA)</SecurityDescriptor>\
         </RegistrationInfo><Principals><Principal id='A'><GroupId>S-1-5-32-544</GroupId></Principal>\
         <Principal id='B'><DisplayName>N</DisplayName><UserId>S-1-5-18</UserId><LogonType>S4U</LogonType>\
         <ProcessTokenSidType>unrestricted</ProcessTokenSidType><RequiredPrivileges>\
         <Privilege>SeDebugPrivilege</Privilege><Privilege>SeTcbPrivilege</Privilege></RequiredPrivileges>\
         </Principal></Principals><Settings><RestartOnFailure><Interval>PT1M</Interval><Count>3</Count>\
         </RestartOnFailure><Priority>7</Priority><ExecutionTimeLimit>P3D</ExecutionTimeLimit>\
         <DeleteExpiredTaskAfter>PT0S</DeleteExpiredTaskAfter><WakeToRun>1</WakeToRun>\
         <AllowStartOnDemand>0</AllowStartOnDemand></Settings><Data>free</Data><Actions Context='B'/></Task>",
    );
    assert_eq!(parsed.notes, []);
    assert!(parsed.complete);
    let text = |text: &str| Some(text.to_owned());
    let task = parsed.task;
    assert_eq!(
        task.principal(),
        Some(&Principal {
            id: text("B"),
            user_id: text("S-1-5-18"),
            group_id: None,
            display_name: text("N"),
            logon_type: text("S4U"),
            run_level: None,
            process_token_sid_type: text("unrestricted"),
            required_privileges: vec!["SeDebugPrivilege".to_owned(), "SeTcbPrivilege".to_owned()],
        })
    );
    assert_eq!(
        task.registration,
        Registration {
            source: text("S"),
            version: text("V"),
            documentation: text("D"),
            security_descriptor: text("D:(A;;FA;;;BA)"),
            ..Registration::default()
        }
    );
    assert_eq!(
        task.settings,
        Settings {
            restart_interval: text("PT1M"),
            restart_count: text("3"),
            priority: text("7"),
            execution_time_limit: text("P3D"),
            delete_expired_task_after: text("PT0S"),
            wake_to_run: Some(true),
            allow_start_on_demand: Some(false),
            ..Settings::default()
        }
    );
    assert_eq!(task.data.as_deref(), Some("free"));
}

#[test]
fn other_ways_to_write_the_same() {
    let plain = "<Task version='1.2'><Actions Context='A'><Exec><Command>powershell</Command>\
                 <Arguments>-c \"1 &lt; 2\"</Arguments></Exec></Actions></Task>";
    let expected = parse(plain);
    assert_eq!(exec(&expected).arguments.as_deref(), Some("-c \"1 < 2\""));
    for other in [
        // A byte order mark, and the text that a shipper leaves before and after.
        format!("\u{feff}{plain}"),
        format!("\u{feff} \r\n\t<?xml version='1.0' encoding='UTF-16'?>{plain}\r\n\0"),
        format!("Task Content: {plain} Other Information: <none"),
        format!("<EventData><Data Name='TaskContent'>{plain}"),
        // Prefixes, attributes that do not matter, line ends in tags.
        "<t:Task xmlns:t='urn:x' version = \"1.2\" ><t:Actions Context=\"A\"><t:Exec\r\nid='1'>\
         <t:Command>powershell</t:Command ><t:Arguments>-c \"1 &lt; 2\"</t:Arguments></t:Exec></t:Actions>\
         </t:Task>"
            .to_owned(),
        // CDATA, comments and processing instructions in the text, and references of every kind.
        plain.replace("powershell", "power<!-- x -->shell"),
        plain.replace("powershell", "\r\n  <![CDATA[po]]>w<?pi <x> ?>er<![CDATA[shell]]><!--\n-->\t"),
        plain.replace("powershell", "&#112;ower&#x73;hell"),
        plain.replace("-c \"1 &lt; 2\"", "<![CDATA[-c \"1 < 2\"]]>"),
        plain.replace("-c \"1 &lt; 2\"", "-c &quot;1&#32;&#60; 2&quot;"),
        // Elements that do not matter.
        plain.replace("<Exec>", "<Exec><Unknown><Command>no</Command><Exec/></Unknown>"),
        plain.replace(
            "<Actions",
            "<MaintenanceSettings><Actions><Exec/></Actions></MaintenanceSettings><Actions",
        ),
        plain.replace("<Actions", "<Triggers /><Principals></Principals><Actions"),
        plain.replace("<Exec>", "<Exec><WorkingDirectory/><Arguments></Arguments><Command> </Command>"),
    ] {
        assert_eq!(parse(&other), expected, "{other}");
    }
}

/// `Data` may hold elements of any kind, `</Task>` among them: they must not end the task before its
/// actions are read.
#[test]
fn elements_in_data_hide_no_actions() {
    let parsed = parse(
        "<Task><Data><Task><Data>x</Data><Actions></Actions><y/></Task></Data>\
         <Actions><ComHandler><Data><Exec><Command>no</Command></Exec></Data></ComHandler>\
         <Exec><Command>yes</Command></Exec></Actions></Task>",
    );
    assert_eq!(parsed.notes, []);
    assert!(parsed.complete);
    assert_eq!(parsed.task.data.as_deref(), Some("<Task><Data>x</Data><Actions></Actions><y/></Task>"));
    assert_eq!(commands(&parsed), ["yes"]);
    assert_eq!(
        parsed.task.actions.first(),
        Some(&Action::ComHandler {
            class_id: None,
            data: Some("<Exec><Command>no</Command></Exec>".to_owned())
        })
    );
}
