use super::*;
use super::{Starts, Stdin};
use crate::work::Work;

fn starts(line: &str, delayed: bool) -> Starts {
    started(line, Shell { delayed, ..Shell::default() }, &Work::unlimited())
}

fn lines(line: &str) -> Vec<String> {
    starts(line, true).list.into_iter().map(|s| s.line).collect()
}

#[test]
fn the_line_behind_the_switch() {
    for (arguments, tail) in [
        ("/c calc", Some(" calc")),
        ("/C calc", Some(" calc")),
        ("/q /d /k calc", Some(" calc")),
        ("/V:ON/C\"calc\"", Some("\"calc\"")),
        ("/r calc", Some(" calc")),
        ("/ccalc", Some("calc")),
        ("/q", None),
        ("", None),
    ] {
        assert_eq!(outer(arguments).line, tail, "{arguments}");
    }
}

#[test]
fn outer_quotes() {
    for (line, inner) in [
        ("\"powershell -c x\"", "powershell -c x"),
        ("\"\"C:\\a b\\x.exe\" \"c d\"\"", "\"C:\\a b\\x.exe\" \"c d\""),
        ("\"C:\\a b\\x.exe\"", "\"C:\\a b\\x.exe\""),
        ("\"C:\\a b\\x.exe\" -a \"b\"", "\"C:\\a b\\x.exe\" -a \"b\""),
        ("\"p\"owershell -c x", "powershell -c x"),
        ("\"powershell -c \"a b\"\"", "powershell -c \"a b\""),
        ("\"unclosed x", "unclosed x"),
        ("calc", "calc"),
    ] {
        assert_eq!(without_outer_quotes(line, false), inner, "{line}");
    }
}

#[test]
fn the_commands_of_a_chain() {
    for (line, commands) in [
        ("a & b && c || d", vec!["a", "b", "c", "d"]),
        ("a \"x & y\" & b", vec!["a \"x & y\"", "b"]),
        ("a x^&y & b", vec!["a x&y", "b"]),
        ("a > C:\\out.txt 2>&1 & b", vec!["a", "b"]),
        ("a>nul", vec!["a"]),
        ("p^ow^er^shell -c x", vec!["powershell -c x"]),
        ("power^\r\nshell -c x", vec!["powershell -c x"]),
        ("power^\nshell -c x", vec!["powershell -c x"]),
        ("a ^^ b", vec!["a ^ b"]),
        ("@(a & b)", vec!["a", "b"]),
        (",;=a x", vec!["a x"]),
        ("if exist C:\\x.txt (a x)", vec!["a x"]),
        ("if not defined Z a", vec!["a"]),
        ("if \"%x%\"==\"1\" a b", vec!["a b"]),
        ("for /f \"tokens=1\" %i in ('dir') do a %i", vec!["a %i"]),
        ("call a", vec!["a"]),
        ("cd /d C:\\ & a & echo done & exit", vec!["a"]),
        ("rem a", vec![]),
        ("", vec![]),
        ("set x=power&& set y=shell&& call %x%%y% -c z", vec!["powershell -c z"]),
        ("set \"x=powershell\"& !x! -c z", vec!["powershell -c z"]),
        ("set x=llehs&& call %x:ll=sh%", vec!["shehs"]),
        ("powershell -c (a)", vec!["powershell -c (a)"]),
        ("if exist x (a b) else (c d)", vec!["a b", "c d"]),
        ("if exist x (a & b) else (c & d)", vec!["a", "b", "c", "d"]),
        ("(if 1==1 (a) else b) & (c)", vec!["a", "c"]),
        ("for %i in (x y) do a %i", vec!["a x", "a y"]),
        ("for %i in (x) do @start /b %i.exe -c z", vec!["x.exe -c z"]),
        ("for /f %i in ('powershell -c (z)') do rem", vec!["powershell -c (z)"]),
        ("for /f %i in ('a ^| b ^& c') do d %i", vec!["a", "b", "c", "d %i"]),
        ("for /f \"delims=\" %i in ('echo powershell -c z') do %i", vec!["powershell -c z"]),
        ("for /f \"tokens=1,2\" %a in (\"power shell\") do %a%b -c z", vec!["powershell -c z"]),
        ("for %a in (power) do for %b in (shell) do %a%b -c z", vec!["powershell -c z"]),
        ("for %i in (1) do (a %i & b %i)", vec!["a 1", "b 1"]),
        (
            "set u=lehswopr & for %i in (6,5,4,1,7,3,2,1,0,0,9) do set f=!f!!u:~%i,1!& if %i==9 call %f% -c z",
            vec!["powershell -c z"],
        ),
        ("for /l %i in (2,-1,0) do set x=!x!!y:~%i,1!", vec![]),
    ] {
        assert_eq!(lines(line), commands, "{line}");
    }
}

#[test]
fn a_pipe_is_the_next_commands_input() {
    let list = starts("echo iex (x) | powershell -", false).list;
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].stdin, Stdin::Pipe(Some("iex (x)".into())));
    assert_eq!(starts("type x.txt | powershell -", false).list[0].stdin, Stdin::Pipe(None));
    assert_eq!(starts("powershell - < x.txt", false).list[0].stdin, Stdin::Pipe(None));
    assert_eq!(starts("powershell -c x", false).list[0].stdin, Stdin::Inherited);
    assert_eq!(
        starts("<nul set /p=\"iex x\" | powershell -", false).list[0].stdin,
        Stdin::Pipe(Some("iex x".into()))
    );
    let inner = starts("if exist x (echo iex x | powershell -)", false).list;
    assert_eq!(inner[0].stdin, Stdin::Pipe(Some("iex x".into())));
}

#[test]
fn what_is_not_read_is_said() {
    let variables = |count| (0..count).map(|n| format!("set a{n}=x&& ")).collect::<String>();
    for (line, cut) in [
        ("a & ".repeat(10), false),
        ("a & ".repeat(100), false),
        ("a & ".repeat(10_000), true),
        (variables(60), false),
        ("for %i in (a b c d e f g h) do ".repeat(2) + "x %i", false),
        ("for %i in (a b c d e f g h) do ".repeat(9) + "x %i", true),
        ("set a=xxxxxxxxxxxxxxxx&& ".to_owned() + &"set a=!a!!a!&& ".repeat(40), true),
    ] {
        let starts = starts(&line, true);
        assert_eq!(starts.cut || starts.spent, cut, "{line}");
    }
}
