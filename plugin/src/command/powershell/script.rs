//! Folds the string tricks that hide words in a script.
//!
//! Only what is certain: an expression whose every part is a constant is replaced by its value, and so is a
//! variable that has one constant value. Nothing is run.

use super::lexer::{Token, tokens, write};
use super::reader::Reader;
use super::variables::Variables;
use crate::command::environment::find_ignoring_case;

/// Most passes over a script; each folds one level of nesting.
const MAX_PASSES: usize = 16;
/// Most bytes that the folding of one script produces.
const MAX_PRODUCED: usize = 256 * 1024;

/// The script with its string tricks folded, or `None` when there is nothing to fold.
pub(in crate::command) fn folded(script: &str) -> Option<String> {
    if !script.contains(['\'', '"', '`', '[', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}']) {
        return None;
    }
    let mut list = tokens(script);
    // Whether numbers may be characters.
    let numbers = find_ignoring_case(script, "[char").is_some();
    let mut variables = Variables::of(&list, numbers);
    // Backticks are gone already; other ways of writing the same literal are no folding.
    let mut changed = list.iter().any(|token| matches!(token, Token::Code(std::borrow::Cow::Owned(_))));
    let mut produced = 0_usize;
    for _ in 0..MAX_PASSES {
        let (next, bytes) = pass(list, &mut variables, numbers);
        list = next;
        let Some(bytes) = bytes else { break };
        changed = true;
        produced = produced.saturating_add(bytes);
        if produced > MAX_PRODUCED {
            break;
        }
    }
    let text = if changed { write(&list) } else { return None };
    (text != script).then_some(text)
}

/// One pass from left to right: the new list, and how many bytes were produced, `None` for nothing folded.
fn pass<'a>(
    mut list: Vec<Token<'a>>,
    variables: &mut Variables<'a>,
    numbers: bool,
) -> (Vec<Token<'a>>, Option<usize>) {
    let mut out = Vec::with_capacity(list.len());
    let mut produced = None;
    let mut at = 0_usize;
    variables.begin();
    while at < list.len() {
        let spent: usize = produced.unwrap_or(0);
        let reader = Reader { list: &list, at };
        if spent <= MAX_PRODUCED {
            if let Some(bytes) = variables.value(reader, &mut out) {
                produced = Some(spent.saturating_add(bytes));
                at = at.saturating_add(1);
                variables.follow(&out, list.get(at));
                continue;
            }
            let fold = reader.fold(&out).or_else(|| if numbers { reader.characters(&out) } else { None });
            if let Some((value, next)) = fold {
                produced = Some(spent.saturating_add(value.len()));
                out.push(Token::Literal(value));
                at = next;
                variables.follow(&out, list.get(at));
                continue;
            }
        }
        out.extend(list.get_mut(at).map(std::mem::take));
        at = at.saturating_add(1);
        variables.follow(&out, list.get(at));
    }
    (out, produced)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::powershell::literals;

    #[test]
    fn string_tricks_are_folded() {
        for (script, plain) in [
            ("i`e`x 'a'", "iex 'a'"),
            ("&('i'+'ex') 'a'", "iex 'a'"),
            ("&('i'+'e'+'x')", "iex"),
            (".('ie'+'x') $x", ".iex $x"),
            ("('Down'+'load'+'String')", "'DownloadString'"),
            ("$c.('Down'+'loadString').Invoke('http://x')", "$c.DownloadString.Invoke('http://x')"),
            ("&(\"{1}{0}\" -f 'X','IE')", "IEX"),
            ("&(\"{1}{0}\"-f'X','IE')", "IEX"),
            ("& (\"{0}{1}\" -f 'i',('e'+'x'))", "& 'iex'"),
            ("-join ('i','e','x')", "'iex'"),
            ("('i','e','x') -join ''", "'iex'"),
            ("('i','e','x')-join','", "'i,e,x'"),
            ("[char]73+[char]69+[char]0x58", "'IEX'"),
            ("([char]73+[char]69+[char]88)", "'IEX'"),
            ("[string][char]73", "'I'"),
            ("-join [char[]](73,69,88)", "'IEX'"),
            ("&('iXeXx'.Replace('X',''))", "iex"),
            ("&('iXex'.rePlace('X',''))", "iex"),
            ("&('i#e#x' -replace '#','')", "iex"),
            ("'i#e#x' -replace '#'", "'iex'"),
            ("&('xei'[-1..-3] -join '')", "iex"),
            ("& (-join 'xei'[-1..-3])", "& 'iex'"),
            ("[string]::Join('',('i','e','x'))", "'iex'"),
            ("[String]::Join('', 'i','e','x')", "'iex'"),
            ("&($env:ComSpec[4,24,25]-join'')", "iex"),
            ("&($env:comspec[4,24,25] -join '')", "iex"),
            (".($PSHome[21]+$PSHome[34]+'x')", ".iex"),
            ("&($ShellId[1]+$ShellId[13]+'x')", "iex"),
            ("&($VerbosePreference.ToString()[1,3]+'x'-join'')", "iex"),
            ("'a' + 'b'.Replace('b','c') + 'd'", "'acd'"),
            ("\"a`tb\" + 'c'", "'a\tbc'"),
            ("(('a'))", "'a'"),
            // Variables with one certain value.
            ("$a='Net.Web'+'Client';New-Object $a", "$a='Net.WebClient';New-Object 'Net.WebClient'"),
            ("$x='iex'; & $x $y", "$x='iex'; & 'iex' $y"),
            ("$x='iex';&$x 'z'", "$x='iex';iex 'z'"),
            ("$a='i';$b='ex';&\"$a$b\"", "$a='i';$b='ex';iex"),
            ("${a b}='i';.(${A B}+'ex')", "${a b}='i';.iex"),
            ("$a='i';$a+='e';$a+=\"x\";& $a", "$a='i';$a+='e';$a+='x';& 'iex'"),
            ("$a='x'\n$b=\"<${a}>`$a$($a)\"", "$a='x'\n$b='<x>$ax'"),
            ("$u='http://x';iwr \"$u/a.ps1\"", "$u='http://x';iwr 'http://x/a.ps1'"),
            ("if(1){$a='x'};f $a", "if(1){$a='x'};f 'x'"),
            ("$a='i','e','x';-join $a", "$a='i','e','x';'iex'"),
            // Numbers that are characters.
            ("-join((73,69,88)|%{[char]$_})", "'IEX'"),
            ("( 74,70,91 |%{[char]($_ -bxor 3)})-join''", "'IEX'"),
            ("-join([byte[]](0x4a,70,91)|ForEach-Object{[char]($_-bxor'0x03')})", "'IEX'"),
            ("$k=3;$b=@(74,70,91);-join($b|%{[char]($_ -bxor $k)})", "$k=3;$b=@(74,70,91);'IEX'"),
            ("'73,69,88'.Split(',')|foreach{[char][int]$_}", "'IEX'"),
            ("-join('73R69r88'-split'R'|%{([char][int]$_)})", "'IEX'"),
            ("('49x45;58'-split 'x' -split ';'|%{[char]([convert]::toint16($_,16))}) -join ''", "'IEX'"),
            ("('1001001 1000101'.split(' ')|%{[char]([Convert]::ToInt32($_,2))})-join''", "'IE'"),
            ("('76,72,91'-split ','|%{[char]([int]$_-3)})-join''", "'IEX'"),
        ] {
            assert_eq!(folded(script).as_deref(), Some(plain), "{script}");
        }
    }

    #[test]
    fn what_is_not_certain_stays() {
        for script in [
            "",
            "Get-Date",
            "Write-Host 'a' 'b'",
            "\"a $b\"",
            "$x + 'a'",
            "$x.Replace('a','b')",
            "[Convert]::FromBase64String('aWV4')",
            "(New-Object Net.WebClient).DownloadString('http://x')",
            "'a','b'",
            "$a -join ','",
            "'a.b' -replace '.',''",
            "{0}{1}",
            "foo('a')",
            "if(\"a\") { 1 }",
            "\"same as\" ",
            "[char]$x",
            "$x = Get-Date; f $x",
            "f $x; $x = 'a'",
            "while(1){$x='a'; f $x; $x='b'}",
            "foreach($x in 1){$x='a'; f $x}",
            "$n = 30; Start-Sleep $n",
            "$x='a'; f '$x' \"$y$x\"",
            "1,2 | % { [char]$_ + $x }",
            "(1,2 | % { $_ -bxor 3 })",
            "[byte[]](1,2) | % { [char]($_ -bxor $k) }",
            "$x='a'; $x++",
        ] {
            assert_eq!(folded(script), None, "{script}");
        }
    }

    #[test]
    fn folding_is_bounded() {
        let sum = vec!["'a'"; 20_000].join("+");
        assert_eq!(folded(&sum), Some(format!("'{}'", "a".repeat(20_000))));
        let nested = format!("{}'a'{}", "(".repeat(20_000), ")".repeat(20_000));
        assert!(folded(&nested).is_some());
        let growing = format!("'{}'{}", "a".repeat(500), ".Replace('a','aa')".repeat(40));
        assert!(folded(&growing).unwrap().len() < 2 * literals::MAX_LITERAL);
        let doubling = format!("$a='{}';{}", "b".repeat(99), "$a+=\"$a$a\";".repeat(40));
        assert!(folded(&doubling).unwrap().len() < 4 * MAX_PRODUCED);
        let many: String = (0..500).map(|n| format!("$v{n}='x';f $v{n};")).collect();
        assert!(folded(&many).is_some());
        let numbers = format!("-join(({})|%{{[char]$_}})", vec!["65"; 4_000].join(","));
        assert_eq!(folded(&numbers), Some(format!("'{}'", "A".repeat(4_000))));
        let lists = format!("$b={};{}", vec!["65"; 4_000].join(","), "[char]($b);".repeat(4_000));
        assert!(folded(&lists).is_some_and(|text| text.len() < 4 * MAX_PRODUCED));
        let formats = format!("('{}{}' -f '{}');", "{0}".repeat(60), "", "b".repeat(1_000)).repeat(40);
        assert!(folded(&formats).unwrap().len() < 4 * MAX_PRODUCED);
    }
}
