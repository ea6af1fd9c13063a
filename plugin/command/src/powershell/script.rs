//! Folds the string tricks that hide words in a script.
//!
//! Only what is certain: an expression whose every part is a constant is replaced by its value, and so is a
//! variable that has one constant value. Nothing is run but loops over constants.

use std::borrow::Cow;

use super::fold::{Folder, MAX_SHOWN};
use super::lexer::{Token, tokens, write};
use super::variables::Variables;
use crate::work::Work;
use schtag_task::byte_set::ByteSet;

/// Units that folding one script may cost in any case, besides those for its bytes. It may cost half of what is left,
/// too, so that loops over a long value come to their end where there is room.
const BASE: usize = 2_500_000;
/// Units for each byte.
const BYTE: usize = 60;

/// The script with its string tricks folded, or `None` when there is nothing to fold. When that costs more than it
/// may, `work` or what is lent here is spent, the beginning is folded, and the second value is true.
pub(crate) fn folded(script: &str, work: &Work) -> (Option<String>, bool) {
    if !work.walk(script.len(), 3) {
        return (None, true);
    }
    if !script.bytes().any(|byte| TRICKS.contains(byte)) {
        return (None, false);
    }
    let share = script.len().saturating_mul(BYTE).saturating_add(BASE);
    let lent = work.lend(share.max(work.left() / 2));
    let text = fold(script, &lent);
    let spent = lent.is_spent();
    work.take_back(&lent);
    (text.filter(|text| text != script), spent)
}

fn fold(script: &str, work: &Work) -> Option<String> {
    let list = tokens(script, work)?;
    let variables = Variables::of(&list, work)?;
    // Backticks are gone already; other ways of writing the same literal are no folding.
    let hidden = list.iter().any(|token| matches!(token, Token::Code(Cow::Owned(_))));
    // What is written is paid beforehand, so that it is never lost.
    let reserve = list.len().saturating_mul(60).saturating_add(script.len().saturating_mul(6));
    let reserve = work.lend(reserve.saturating_add(MAX_SHOWN.saturating_mul(6)));
    let (list, changed) = Folder::new(&list, variables, work).run();
    work.take_back(&reserve);
    if !(changed || hidden) {
        return None;
    }
    let rest = work.lend(work.left());
    let text = write(&list, &rest);
    work.take_back(&rest);
    text
}

/// The bytes without one of which nothing can be folded: quotes (a typographic one begins with `E2`), backticks and
/// brackets.
const TRICKS: ByteSet = ByteSet::new().with(b'\'').with(b'"').with(b'`').with(b'[').with(0xe2);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::powershell::values::MAX_LITERAL;
    use std::fmt::Write as _;

    fn folded(script: &str) -> Option<String> {
        let (text, spent) = super::folded(script, &Work::unlimited());
        assert!(!spent, "{script}");
        text
    }

    #[test]
    fn string_tricks_are_folded() {
        for (script, plain) in [
            ("i`e`x 'a'", "iex 'a'"),
            ("&('i'+'ex') 'a'", "iex 'a'"),
            ("&('i'+'e'+'x')", "iex"),
            (".('ie'+'x') $x", ". iex $x"),
            ("('Down'+'load'+'String')", "'DownloadString'"),
            ("$c.('Down'+'loadString').Invoke('http://x')", "$c.DownloadString.Invoke('http://x')"),
            ("&(\"{1}{0}\" -f 'X','IE')", "IEX"),
            ("&(\"{1}{0}\"-f'X','IE')", "IEX"),
            ("& (\"{0}{1}\" -f 'i',('e'+'x'))", "iex"),
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
            ("& (-join 'xei'[-1..-3])", "iex"),
            ("[string]::Join('',('i','e','x'))", "'iex'"),
            ("[String]::Join('', 'i','e','x')", "'iex'"),
            ("&($env:ComSpec[4,24,25]-join'')", "iex"),
            ("&($env:comspec[4,24,25] -join '')", "iex"),
            (".($PSHome[21]+$PSHome[34]+'x')", ". iex"),
            ("&($ShellId[1]+$ShellId[13]+'x')", "iex"),
            ("&($VerbosePreference.ToString()[1,3]+'x'-join'')", "iex"),
            ("'a' + 'b'.Replace('b','c') + 'd'", "'acd'"),
            ("\"a`tb\" + 'c'", "'a\tbc'"),
            ("(('a'))", "'a'"),
            // Variables with one certain value.
            ("$a='Net.Web'+'Client';New-Object $a", "$a='Net.WebClient';New-Object 'Net.WebClient'"),
            ("$x='iex'; & $x $y", "$x='iex'; iex $y"),
            ("$x='iex';&$x 'z'", "$x='iex';iex 'z'"),
            ("$a='i';$b='ex';&\"$a$b\"", "$a='i';$b='ex';iex"),
            ("${a b}='i';.(${A B}+'ex')", "${a b}='i';. iex"),
            ("$a='i';$a+='e';$a+=\"x\";& $a", "$a='i';$a+='e';$a+='x';iex"),
            ("$a='x'\n$b=\"<${a}>`$a$($a)\"", "$a='x'\n$b='<x>$ax'"),
            ("$u='http://x';iwr \"$u/a.ps1\"", "$u='http://x';iwr 'http://x/a.ps1'"),
            ("if(1){$a='x'};f $a", "if(1){$a='x'};f 'x'"),
            ("$a='i','e','x';-join $a", "$a='i','e','x';'iex'"),
            // Numbers that are characters.
            ("-join((73,69,88)|%{[char]$_})", "'IEX'"),
            ("( 74,70,91 |%{[char]($_ -bxor 3)})-join''", "'IEX'"),
            ("-join([byte[]](0x4a,70,91)|ForEach-Object{[char]($_-bxor'0x03')})", "'IEX'"),
            ("$k=3;$b=@(74,70,91);-join($b|%{[char]($_ -bxor $k)})", "$k=3;$b=@(74,70,91);'IEX'"),
            ("-join('73,69,88'.Split(',')|foreach{[char][int]$_})", "'IEX'"),
            ("-join('73R69r88'-split'R'|%{([char][int]$_)})", "'IEX'"),
            ("('49x45;58'-split 'x' -split ';'|%{[char]([convert]::toint16($_,16))}) -join ''", "'IEX'"),
            ("('1001001 1000101'.split(' ')|%{[char]([Convert]::ToInt32($_,2))})-join''", "'IE'"),
            ("('76,72,91'-split ','|%{[char]([int]$_-3)})-join''", "'IEX'"),
        ] {
            assert_eq!(folded(script).as_deref(), Some(plain), "{script}");
        }
    }

    /// Checks a table of scripts and what they fold to, and shows all rows that differ at once.
    fn check(rows: &[(&str, &str)]) {
        let mut wrong = String::new();
        for &(script, plain) in rows {
            let found = folded(script);
            if found.as_deref() != Some(plain) {
                let _ = writeln!(wrong, "{script}\n  wanted {plain}\n  found  {found:?}");
            }
        }
        assert!(wrong.is_empty(), "{wrong}");
    }

    /// Source: about_Operators, about_Operator_Precedence, about_Arrays.
    #[test]
    fn sums_and_parentheses_fold_in_every_place() {
        check(&[
            ("f 'a' ('b'+'c'+'d')", "f 'a' 'bcd'"),
            ("[W]::G([W]::L('am'+'si.dll'),'Am'+'si'+'X')", "[W]::G([W]::L('amsi.dll'),'AmsiX')"),
            ("f('a',('b'+'c'),'d'+'e'+'f')", "f('a','bc','d'+'e'+'f')"),
            ("$x.m('a'+'b','c'+'d'+'e')", "$x.m('ab','cde')"),
            ("((('a'+'b')+('c'+('d'+'e'))))", "'abcde'"),
            ("$h.('a'+'b').('c'+'d')(1)", "$h.ab.cd(1)"),
            ("&($a)('x'+'y')", "&($a)('xy')"),
            ("$y=('i'+'ex');.($y)(z)", "$y='iex';. iex (z)"),
            ("'a'*3+'b'", "'aaab'"),
            ("if('a'+'b' -eq $x){f}", "if('ab' -eq $x){f}"),
            ("f @('a'+'b','c')", "f @('ab c')"),
            ("'a'+(-join@())+(@()-join'b')", "'a'"),
            ("-join(@()|%{[char]$_})", "''"),
            ("([regex]::Matches('','.')|%{$_.Value})-join''", "''"),
            ("'a'+(1+2)", "'a3'"),
            ("\u{201c}a\u{201d}+\u{2018}b\u{2019}", "'ab'"),
            ("('i','e','x')\u{2013}join\u{2018}\u{2019}", "'iex'"),
            ("f <# it's #> ('a'+'b')", "f <# it's #> 'ab'"),
            ("f ('a'+'b') # it's", "f 'ab' # it's"),
        ]);
    }

    /// Source: about_Arrays (ranges, negative indexes), System.Array.Reverse, RegexOptions.RightToLeft.
    #[test]
    fn reversed_and_reordered_texts() {
        check(&[
            ("$d=[char[]]'xei';[array]::Reverse($d);-join$d", "$d=[char[]]'xei';[array]::Reverse($d);'iex'"),
            (
                "$d='xei'.ToCharArray();[Array]::Reverse($d);-join $d",
                "$d='xei'.ToCharArray();[Array]::Reverse($d);'iex'",
            ),
            (
                "$d=[char[]]'xei';[array]::Reverse($d);$d -join ''",
                "$d=[char[]]'xei';[array]::Reverse($d);'iex'",
            ),
            ("([regex]::Matches('xei','.','RightToLeft')|%{$_.value})-join''", "'iex'"),
            ("([regex]::Matches('xei','.','RightToLeft')|ForEach{$_})-join''", "'iex'"),
            ("$x='xei';$x[$x.Length..0]-join''", "$x='xei';'iex'"),
            ("$x='xei';$x[-1..-($x.Length)]-join''", "$x='xei';'iex'"),
            ("-join 'xei'[2,1,0]", "'iex'"),
            ("-join('iex'[-1..-3])[-1..-3]", "'iex'"),
            ("$x='123';-join($x[-1..-3]|%{$_})", "$x='123';'321'"),
        ]);
    }

    /// Source: about_Split, about_Join, System.Convert, System.Uri, System.Net.WebUtility, System.Text.Encoding.
    #[test]
    fn numbers_and_escapes_that_are_characters() {
        check(&[
            ("-join('496578'-split'(..)'|?{$_}|%{[char][convert]::ToInt32($_,16)})", "'Iex'"),
            ("-join('496578'-split'(..)'|%{[char][convert]::ToInt32($_,16)})", "'Iex'"),
            ("-join('496578'-split'(?<=\\G..)'|%{[char]([convert]::ToByte($_,16))})", "'Iex'"),
            ("-join([regex]::Matches('496578','..')|%{[char][convert]::toint32($_.Value,16)})", "'Iex'"),
            ("[uri]::UnescapeDataString('%49%65x')", "'Iex'"),
            ("[System.Uri]::UnescapeDataString('%49'+'%65x')", "'Iex'"),
            ("[System.Web.HttpUtility]::UrlDecode('%49e+x')", "'Ie x'"),
            ("[Net.WebUtility]::UrlDecode('%49e+x')", "'Ie x'"),
            ("[Text.Encoding]::ASCII.GetString(@(73,69,88))", "'IEX'"),
            ("[System.Text.Encoding]::UTF8.GetString([byte[]](0x49,0x45,0x58))", "'IEX'"),
            ("[Text.Encoding]::Unicode.GetString([byte[]]@(73,0,69,0))", "'IE'"),
            ("[char[]](73,69,88)-join''", "'IEX'"),
            ("([char[]]@(73,69,88)) -join ''", "'IEX'"),
            ("[string]::Join('',[char[]](73,69,88))", "'IEX'"),
            ("[string]::Concat([char]73,'E','X')", "'IEX'"),
            ("[string]::new([char[]](73,69))", "'IE'"),
            ("[regex]::Unescape('\\x49\\u0045x')", "'IEx'"),
            (
                "$b='SUVY';$t=[Text.Encoding]::ASCII;$t.GetString([Convert]::FromBase64String($b+''))",
                "$b='SUVY';$t=[Text.Encoding]::ASCII;'IEX'",
            ),
            ("$k=3,4;$i=0;-join(74,65|%{[char]($_ -bxor $k[$i++])})", "$k=3,4;$i=0;'IE'"),
            ("'a~b#c'-creplace'~','x'-replace'#'", "'axbc'"),
            ("'a~b#c'-replace'[~#]',''", "'abc'"),
            ("('a'+@'\ni\n'@)", "'ai'"),
        ]);
    }

    /// Source: about_For, about_Foreach, ForEach-Object.
    #[test]
    fn loops_over_constants_are_run() {
        check(&[
            (
                "$a='073069088';$b='';for($i=0;$i -lt $a.Length;$i+=3){$b+=[char][int]$a.Substring($i,3)};iex $b",
                "$a='073069088';$b='';for($i=0;$i -lt $a.Length;$i+=3){$b+=[char][int]$a.Substring($i,3)};iex 'IEX'",
            ),
            (
                "$x='xei';for($i=$x.Length-1;$i -ge 0;$i--){$s+=$x[$i]};&$s",
                "$x='xei';for($i=$x.Length-1;$i -ge 0;$i--){$s+=$x[$i]};iex",
            ),
            (
                "$s='';foreach($c in 73,69,88){$s+=[char]$c};&($s)",
                "$s='';foreach($c in 73,69,88){$s+=[char]$c};IEX",
            ),
            (
                "$k=1,2;$i=0;$s='';foreach($c in 72,71,89){$s+=[char]($c -bxor $k[$i%2]);$i++};&$s",
                "$k=1,2;$i=0;$s='';foreach($c in 72,71,89){$s+=[char]($c -bxor $k[$i%2]);$i++};IEX",
            ),
            ("1..3|%{$s+='ab'};f $s", "1..3|%{$s+='ab'};f 'ababab'"),
            ("for(;;){f};('a'+'b')", "for(;;){f};'ab'"),
        ]);
    }

    /// Source: about_Environment_Variables, about_Automatic_Variables, about_Preference_Variables, Get-Variable.
    #[test]
    fn letters_picked_out_of_known_variables() {
        check(&[
            ("&((gv '*mdr*').name[3,11,2]-join'')", "iex"),
            ("&((variable *mdr*).name[3,11,2]-join'')", "iex"),
            ("&((Get-Variable '*mdr*').Name[3,11,2]-join'')", "iex"),
            ("x|.( $env:public[13]+$env:public[5]+'x')", "x|. iex"),
            ("&$env:comspec[4,24,25]-join''", "iex"),
            (".($pshome[4]+$pshome[30]+'x')", ". iex"),
            ("&($VerbosePreference.tostring()[1,3]+'x'-join'')", "iex"),
            ("$a='i';$b='ex';f \"${a}${b}\"", "$a='i';$b='ex';f 'iex'"),
            (
                "${;}=+$();${=}=${;};${+}=++${;};${@}=++${;};f \"${=}${+}${@}\"",
                "${;}=+$();${=}=${;};${+}=++${;};${@}=++${;};f '012'",
            ),
            ("\"$(@{})\"[14]+\"$?\"[1]", "'ir'"),
            ("\"$( @{  } )\"[14]+\"$(@{ }) \"[ 0 ]", "'iS'"),
            ("$a='i';\"$( $a )ex\"", "$a='i';'iex'"),
        ]);
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
            "& $env:comspec /c x",
            "f $env:temp\\a.exe",
            "for($i=0;$i -lt $n;$i++){f $i}",
            "$s='';foreach($c in $list){$s+=[char]$c};f $s",
            "$s='a';while($x){$s+='b'};f $s",
            "$a=1,2;$a[0]=3;-join($a|%{[char]$_})",
            "Get-ChildItem C:\\x | Where-Object { $_.Length -gt 5 } | ForEach-Object { $_.Name }",
            "1..3 | ForEach-Object { Start-Sleep $_ }",
            "Get-Date -Format 'yyyy-MM-dd'",
            "# it's a comment",
            "[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12",
            "[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('aWV4'))",
            "function f($a) { \"$a\" }; f 1",
        ] {
            assert_eq!(folded(script), None, "{script}");
        }
    }

    #[test]
    fn folding_is_bounded() {
        let folded = |script: &str| crate::powershell::folded(script, &Work::unlimited()).0;
        let sum = vec!["'a'"; 1_000].join("+");
        assert_eq!(folded(&sum), Some(format!("'{}'", "a".repeat(1_000))));
        let nested = format!("{}'a'{}", "(".repeat(1_000), ")".repeat(1_000));
        assert_eq!(folded(&nested).as_deref(), Some("'a'"));
        let growing = format!("'{}'{}", "a".repeat(500), ".Replace('a','aa')".repeat(40));
        assert!(folded(&growing).is_none_or(|text| text.len() < 2 * MAX_LITERAL));
        let doubling = format!("$a='{}';{}", "b".repeat(99), "$a+=\"$a$a\";".repeat(40));
        assert!(folded(&doubling).is_none_or(|text| text.len() < 4 * MAX_SHOWN));
        let many: String = (0..500).map(|n| format!("$v{n}='x';f $v{n};")).collect();
        assert!(folded(&many).is_some());
        let numbers = format!("-join(({})|%{{[char]$_}})", vec!["65"; 1_000].join(","));
        assert_eq!(folded(&numbers), Some(format!("'{}'", "A".repeat(1_000))));
        let lists = format!("$b={};{}", vec!["65"; 4_000].join(","), "[char]($b);".repeat(4_000));
        assert!(folded(&lists).is_none_or(|text| text.len() < 4 * MAX_SHOWN));
        let formats = format!("('{}{}' -f '{}');", "{0}".repeat(60), "", "b".repeat(1_000)).repeat(40);
        assert!(folded(&formats).is_none_or(|text| text.len() < 4 * MAX_SHOWN));
    }
}
