//! Definitions that are cut, broken, forged or huge.

use super::super::xml::{MAX_INPUT, MAX_VALUE};
use super::{Note, commands, exec, malformed, parse};

/// A definition with one `Exec`, in which `command` is all that is between the tags.
fn with_command(command: &str) -> String {
    format!("<Task><Actions><Exec><Command>{command}</Command></Exec></Actions></Task>")
}

#[test]
fn a_cut_keeps_what_is_there() {
    let start = "<Task><Actions><Exec><Command>powershell</Command><Arguments>-enc AAAA";
    for (rest, expected) in [
        ("", "-enc AAAA"),
        (" \r\n", "-enc AAAA"),
        ("&", "-enc AAAA"),
        ("&am", "-enc AAAA"),
        ("&amp", "-enc AAAA"),
        ("&#x3", "-enc AAAA"),
        ("&amp;", "-enc AAAA&"),
        ("&calc", "-enc AAAA&calc"),
        ("<", "-enc AAAA"),
        ("</", "-enc AAAA"),
        ("</Argu", "-enc AAAA"),
        ("</Arguments", "-enc AAAA"),
        ("</Arguments>", "-enc AAAA"),
        ("</Arguments><", "-enc AAAA"),
        ("</Arguments><WorkingDir", "-enc AAAA"),
        ("<!", "-enc AAAA"),
        ("<!-", "-enc AAAA"),
        ("<!-- <b", "-enc AAAA"),
        ("<?", "-enc AAAA"),
        ("<?x <b", "-enc AAAA"),
        ("<![", "-enc AAAA"),
        ("<![CDATA", "-enc AAAA"),
        ("<![CDATA[", "-enc AAAA"),
        ("<![CDATA[BB<b>&amp;", "-enc AAAABB<b>&amp;"),
        ("<![CDATA[BB]", "-enc AAAABB"),
        ("<![CDATA[BB]]", "-enc AAAABB"),
        ("<![CDATA[BB]]>", "-enc AAAABB"),
    ] {
        let xml = format!("{start}{rest}");
        let parsed = parse(&xml);
        assert_eq!(exec(&parsed).command.as_deref(), Some("powershell"), "{xml}");
        assert_eq!(exec(&parsed).arguments.as_deref(), Some(expected), "{xml}");
        assert!(!parsed.complete, "{xml}");
        assert!(parsed.notes.contains(&Note::ContentTruncated { units: xml.len() }), "{xml}");
    }
}

#[test]
fn a_cut_is_measured_as_windows_does() {
    let parsed = parse("<Task><RegistrationInfo><Author>Zoë 😀");
    assert_eq!(parsed.task.registration.author.as_deref(), Some("Zoë 😀"));
    // 32 of the tags, 3 + 1 + 2 of the name: the emoji is a surrogate pair.
    assert_eq!(parsed.notes, [Note::ContentTruncated { units: 32 + 6 }]);
}

#[test]
fn a_cut_before_the_first_element_closes_is_a_cut() {
    for xml in ["<Task version=\"1.2", "<?xml version", "<!-- Task", "<Task"] {
        assert_eq!(parse(xml).notes, [Note::ContentTruncated { units: xml.len() }], "{xml}");
    }
    for xml in ["", " \n", "no XML at all", "&lt;Task&gt;", "<Job/>"] {
        assert_eq!(malformed(&parse(xml)), ["no <Task> element"], "{xml}");
        assert!(!parse(xml).complete);
    }
}

#[test]
fn broken_markup_hides_no_command() {
    for (xml, expected) in [
        // End tags that are missing or do not match.
        ("<Task><Actions><Exec><Command>a</Actions></Task>", &["a"][..]),
        ("<Task><Actions><Exec><Command>a<Arguments>b</Arguments></Exec></Actions></Task>", &["a"]),
        ("<Task><Actions><Exec><Command>a</Exec><Exec><Command>b</Command></Actions></Task>", &["a", "b"]),
        ("<Task><Actions><Exec><Command>a<Exec><Command>b</Task>", &["a", "b"]),
        ("<Task><Triggers><Actions><Exec><Command>a</Command></Exec></Actions></Task>", &["a"]),
        ("<Task><RegistrationInfo><Author>x<Actions><Exec><Command>a</Task>", &["a"]),
        ("<Task></Exec><Actions></Foo><Exec><Command>a</Command></Exec></Actions></Task>", &["a"]),
        // Tags that are not closed.
        ("<Task><Actions><Exec<Command>a</Command</Exec></Actions></Task>", &["a"]),
        ("<Task><Actions Context=\"A><Exec><Command>a</Command></Exec></Actions></Task>", &["a"]),
        ("a < b <Task><Actions><Exec><Command>a</Command></Exec></Actions></Task>", &["a"]),
        // Repeated elements.
        (
            "<Task><Actions><Exec><Command>a</Command><Command>b</Command></Exec></Actions></Task>",
            &["a", "b"],
        ),
        (
            "<Task><Actions><Exec><Command>a</Command></Exec></Actions>\
             <Actions><Exec><Command>b</Command></Exec></Actions></Task>",
            &["a", "b"],
        ),
        // A second root.
        (
            "<Task><Actions><Exec><Command>a</Command></Exec></Actions></Task>\
             <Task><Actions><Exec><Command>b</Command></Exec></Actions></Task>",
            &["a"],
        ),
        // Unescaped once too often.
        (
            "<Task><Actions><Exec><Command>a & b && c > d</Command></Exec></Actions></Task>",
            &["a & b && c > d"],
        ),
        ("<Task><Actions><Exec><Command>a < b</Command></Exec></Actions></Task>", &["a < b"]),
        ("<Task><Actions><Exec><Command>a <b> \"c</b></Command></Exec></Actions></Task>", &["a <b> \"c</b>"]),
        ("<Task><Actions><Exec><Command>a </b><!x></Command></Exec></Actions></Task>", &["a </b><!x>"]),
    ] {
        let parsed = parse(xml);
        assert_eq!(commands(&parsed), expected, "{xml}");
        assert!(parsed.complete, "{xml}");
        let amp = xml.contains("&&");
        assert_eq!(malformed(&parsed).is_empty(), amp, "{xml}: {:?}", parsed.notes);
    }
}

#[test]
fn repeated_arguments_are_joined_and_the_first_of_others_counts() {
    let parsed = parse(
        "<Task><RegistrationInfo><Author>first</Author><Author>second</Author></RegistrationInfo>\
         <Settings><Hidden>true</Hidden><Hidden>false</Hidden></Settings><Actions><Exec>\
         <Command>cmd</Command><Arguments>/c x</Arguments><Arguments>y</Arguments></Exec></Actions></Task>",
    );
    assert_eq!(parsed.task.registration.author.as_deref(), Some("first"));
    assert_eq!(parsed.task.settings.hidden, Some(true));
    assert_eq!(exec(&parsed).arguments.as_deref(), Some("/c x y"));
    assert_eq!(malformed(&parsed).len(), 1);
}

#[test]
fn entities_are_never_expanded() {
    let xml = format!(
        "<?xml version='1.0'?><!DOCTYPE Task [<!ENTITY a \"powershell\"><!ENTITY b '&a;&a;'>\
         <!ENTITY c SYSTEM 'file:///c:/x'><!-- ]> --><!ELEMENT Task ANY>]>{}",
        with_command("&a;&b;&c; &amp;lt;")
    );
    let parsed = parse(&xml);
    assert_eq!(commands(&parsed), ["&a;&b;&c; &lt;"]);
    assert_eq!(malformed(&parsed), ["document type declaration", "entity that XML does not define"]);
    assert!(parsed.complete);
}

#[test]
fn references_that_stand_for_no_character_stay_as_written() {
    for reference in ["&#0;", "&#xD800;", "&#x110000;", "&#+65;", "&;", "&nbsp;", "&AMP;"] {
        let parsed = parse(&with_command(&format!("a{reference}b")));
        assert_eq!(commands(&parsed), [format!("a{reference}b")]);
        assert_eq!(malformed(&parsed), ["entity that XML does not define"]);
    }
}

#[test]
fn names_are_compared_exactly() {
    let parsed = parse("<Task><actions><Exec><Command>a</Command></Exec></actions></Task>");
    assert_eq!(parsed.task.actions, []);
    assert_eq!(malformed(&parse("<task/>")), ["no <Task> element"]);
}

#[test]
fn a_truth_value_that_is_none_is_noted() {
    let parsed = parse("<Task><Settings><Hidden>yes</Hidden></Settings></Task>");
    assert_eq!(parsed.task.settings.hidden, None);
    assert_eq!(malformed(&parsed), ["neither true nor false"]);
    // A cut one is not wrong.
    assert_eq!(malformed(&parse("<Task><Settings><Hidden>tr")), [""; 0]);
}

#[test]
fn no_more_is_kept_than_the_limits_say() {
    let many =
        |open: &str, item: &str, close: &str| format!("<Task>{open}{}{close}</Task>", item.repeat(100));
    let parsed = parse(&many("<Actions>", "<Exec><Command>a</Command></Exec>", "</Actions>"));
    assert_eq!(commands(&parsed).len(), 64);
    assert_eq!(parsed.notes, [Note::TooMany { what: "actions", kept: 64 }]);

    let parsed = parse(&many("<Actions><Exec>", "<Command>a</Command>", "</Exec></Actions>"));
    assert_eq!(commands(&parsed).len(), 64);

    let parsed = parse(&many("<Triggers>", "<BootTrigger><Delay>a</Delay></BootTrigger>", "</Triggers>"));
    assert_eq!(parsed.task.triggers.len(), 64);
    assert_eq!(parsed.notes, [Note::TooMany { what: "triggers", kept: 64 }]);

    let parsed = parse(&many("<Principals>", "<Principal><UserId>a</UserId></Principal>", "</Principals>"));
    assert_eq!(parsed.task.principals.len(), 32);
    assert_eq!(parsed.notes, [Note::TooMany { what: "principals", kept: 32 }]);

    let parsed = parse(&many(
        "<Principals><Principal><RequiredPrivileges>",
        "<Privilege>a</Privilege>",
        "</RequiredPrivileges></Principal></Principals>",
    ));
    assert_eq!(parsed.task.principals[0].required_privileges.len(), 64);
    assert_eq!(parsed.notes, [Note::TooMany { what: "privileges or attachments", kept: 64 }]);
}

#[test]
fn long_values_and_long_inputs_are_cut() {
    let parsed = parse(&with_command(&"é".repeat(MAX_VALUE * 3 / 4)));
    assert_eq!(exec(&parsed).command.as_ref().map(String::len), Some(MAX_VALUE));
    assert_eq!(parsed.notes, [Note::TooMany { what: "bytes of one value", kept: MAX_VALUE }]);
    assert!(parsed.complete);

    let arguments = format!("<Arguments>{}</Arguments>", "x".repeat(MAX_VALUE / 2 - 100)).repeat(3);
    let parsed = parse(&format!("<Task><Actions><Exec>{arguments}</Exec></Actions></Task>"));
    assert_eq!(exec(&parsed).arguments.as_ref().map(String::len), Some(MAX_VALUE));

    let parsed = parse(&format!("<Task><!--{}--><Data>x</Data></Task>", "-é".repeat(MAX_INPUT / 3)));
    assert!(!parsed.complete);
    assert!(parsed.notes.contains(&Note::ContentCut { bytes: MAX_INPUT }));
}

#[test]
fn what_the_work_does_not_suffice_for_is_not_read_and_noted() {
    let xml = format!("{}<Actions>{}", "<Task>", "<Exec><Command>a</Command></Exec>".repeat(60));
    for (units, least, most) in [(0, 0, 0), (50_000, 2, 20), (usize::MAX, 60, 60)] {
        let parsed = super::super::parse(&xml, &crate::work::Work::new(units));
        let count = parsed.task.actions.len();
        assert!((least..=most).contains(&count), "{count} actions of {units} units");
        assert_eq!(parsed.notes.contains(&Note::WorkSpent { unread: "definition" }), units < usize::MAX);
        assert!(!parsed.complete);
    }
}

/// None of these may take time or memory out of proportion; each ends with what was read until then.
#[test]
fn floods_are_read_to_their_end() {
    let long = |unit: &str| unit.repeat(MAX_INPUT / unit.len());
    for flood in [
        long("<"),
        long("<a"),
        long("<\""),
        long("<a b='"),
        long("<a>"),
        long("</a>"),
        long("<Task>"),
        long("<Actions>"),
        long("<Command>"),
        long("<Exec>"),
        long("&"),
        long("&a"),
        long("&amp;"),
        long("<!"),
        long("<!-"),
        long("<!-- -->"),
        long("<![CDATA["),
        long("<![CDATA[]]>"),
        long("<?"),
        long("<!DOCTYPE ["),
        long("]]>"),
        format!("<x {}>", long("a=\"b\" ")),
        format!("<x {}>", long("a ")),
    ] {
        for xml in [flood.clone(), format!("<Task><Actions><Exec><Command>a{flood}")] {
            let parsed = parse(&xml);
            assert!(parsed.notes.len() < 12, "{:?}", parsed.notes);
            assert!(parsed.task.actions.len() <= 64);
        }
    }
    let attributes = format!("<Task {}version='1.3'><Actions><Exec>", "a='b' ".repeat(10_000));
    assert_eq!(parse(&attributes).task.version.as_deref(), Some("1.3"));
}

#[test]
fn unclosed_tags_are_read_on_from_until_there_are_too_many() {
    let unclosed = |count: usize| with_command(&format!("{}evil", "<a ".repeat(count)));
    let parsed = parse(&unclosed(100));
    assert_eq!(commands(&parsed), [format!("{}evil", "<a ".repeat(100))]);
    assert!(parsed.complete);

    // The rest is kept as text, where a rule still finds it.
    let parsed = parse(&unclosed(10_000));
    assert!(malformed(&parsed).contains(&"too many tags without their end to read on"));
    assert!(!parsed.complete);
    assert!(commands(&parsed)[0].contains("evil"));
}
