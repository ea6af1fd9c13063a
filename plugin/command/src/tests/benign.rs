//! Ordinary actions come out as they went in, apart from their variables.

use super::*;

/// Command, arguments, and the program's name.
const ORDINARY: &[(&str, &str, &str)] = &[
    (r"C:\Windows\system32\rundll32.exe", "/d srrstr.dll,ExecuteScheduledSPPCreation", "rundll32.exe"),
    (
        r"C:\Windows\system32\rundll32.exe",
        r#"C:\Windows\system32\pla.dll,PlaHost "Server Manager" "$(Arg0)""#,
        "rundll32.exe",
    ),
    (r"C:\Windows\system32\sc.exe", "start w32time task_started", "sc.exe"),
    (r"C:\Windows\system32\sc.exe", "config upnphost start= auto", "sc.exe"),
    (r"C:\Windows\system32\dsregcmd.exe", "$(Arg0) $(Arg1) $(Arg2)", "dsregcmd.exe"),
    (r"C:\Windows\system32\usoclient.exe", "StartScan", "usoclient.exe"),
    (
        r"C:\Windows\system32\cscript.exe",
        r"/B /nologo C:\Windows\system32\calluxxprovider.vbs $(Arg0)",
        "cscript.exe",
    ),
    (r"C:\Windows\system32\gpupdate.exe", "/target:computer", "gpupdate.exe"),
    ("sc.exe", "", "sc.exe"),
    ("Explorer.exe", "/NoUACCheck", "explorer.exe"),
    (r"C:\ProgramData\vendor\updater.exe", "--url https://example.com/a/b?c=%20d --wake", "updater.exe"),
    (
        r"C:\ProgramData\vendor\updater.exe",
        r#"--dir="C:\Program Files\Vendor App" --key a/b+c=="#,
        "updater.exe",
    ),
    (r"\\server\share\logon.bat", "/quiet", "logon.bat"),
    ("$(Arg0)", "", "$(arg0)"),
    (r"C:\Windows\system32\msfeedssync.exe", "sync", "msfeedssync.exe"),
    (r"C:\x\backup.exe", r"/from D:\data\*.* /to E:\", "backup.exe"),
    (r"C:\Программы\обновление.exe", "-тихо", "обновление.exe"),
];

#[test]
fn ordinary_actions_are_unchanged() {
    for &(command, arguments, name) in ORDINARY {
        let processes = read(&exec(command, arguments), &Programs::default(), &Work::unlimited());
        assert_eq!(processes.notes, [], "{command}");
        let [process] = processes.list.as_slice() else { panic!("{command} starts nothing else") };
        let line = format!("{command} {arguments}");
        assert_eq!(process.command_line, line.trim_end());
        assert_eq!(process.normalized, line.trim_end());
        assert_eq!((process.image.as_str(), process.image_name.as_str()), (command, name));
        assert_eq!(process.arguments, arguments);
        assert_eq!((&process.powershell, process.decoded.len()), (&None, 0));
    }
}

#[test]
fn an_ordinary_script_of_cmd_is_one_process_more() {
    let list =
        processes(r"%windir%\system32\cmd.exe", r"/d /c %systemroot%\system32\silcollector.cmd configure");
    assert_eq!(list.len(), 2);
    assert_eq!(
        list[0].normalized,
        r"C:\Windows\system32\cmd.exe /d /c C:\Windows\system32\silcollector.cmd configure"
    );
    assert_eq!(list[1].image, r"C:\Windows\system32\silcollector.cmd");
    assert_eq!(list[1].arguments, "configure");
}

#[test]
fn an_ordinary_script_of_powershell_has_no_layers() {
    for arguments in [
        r#"-NoProfile -ExecutionPolicy Bypass -File "C:\Program Files\Vendor\Maintenance.ps1" -Days 30"#,
        r#"-Command "Get-ChildItem 'C:\logs' | Where-Object { $_.LastWriteTime -lt (Get-Date).AddDays(-30) } | Remove-Item""#,
        r#"-c "Restart-Service -Name 'Spooler' -Force; exit $LASTEXITCODE""#,
    ] {
        let processes = read(&exec("powershell.exe", arguments), &Programs::default(), &Work::unlimited());
        assert_eq!((processes.list.len(), processes.notes.len()), (1, 0));
        assert_eq!(processes.list[0].decoded, [], "{arguments}");
    }
}

#[test]
fn the_command_of_a_remote_shell_tool() {
    let list = processes("cmd.exe", r"/C tasklist > %windir%\Temp\ABcdEFgh.tmp 2>&1");
    assert_eq!(list[0].command_line, r"cmd.exe /C tasklist > C:\Windows\Temp\ABcdEFgh.tmp 2>&1");
    assert_eq!((list[1].image_name.as_str(), list[1].command_line.as_str()), ("tasklist.exe", "tasklist"));
}
