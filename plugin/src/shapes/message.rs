//! The rendered message, as the last resort: its words are those of the machine's language.
//!
//! ```text
//! A scheduled task was created.
//!
//! Subject:
//!     Security ID:        S-1-5-21-…
//!     Account Name:       alice
//!     Account Domain:     CORP
//!     Logon ID:           0x3144c
//!
//! Task Information:
//!     Task Name:          \OneDrive Update
//!     Task Content:       <?xml version="1.0" encoding="UTF-16"?> …
//! ```
//!
//! No label is looked at. The content is the XML; the name is the last value before it (in a message without
//! content, the last of all) that begins with a backslash; the subject is the first four values of which the fourth
//! is a logon id. Relays that flatten lines leave several blanks or `#015#012` between values, or single blanks, which
//! [`one_line`](super::one_line) reads.

use super::definition;
use super::one_line;
use super::partial_event::{PartialEvent, Slot};
use crate::work::Work;

/// The bytes of text before the content that are searched.
const HEAD: usize = 8 * 1024;

/// Units of work for a byte of a message, which is searched several times.
const BYTE: usize = 60;

/// The most labels and values that are read before and after the content.
const TOKENS: usize = 64;

/// Fills what is missing in the reading from the message.
pub(super) fn read(reading: &mut PartialEvent<'_, '_>, message: &str) {
    let message = granted(message, reading.work);
    let (head, content, tail) = definition::split(message);
    if let Some(content) = content {
        reading.set_from_message(Slot::Content, content);
    }
    read_beside(reading, head, tail);
}

/// Fills what is missing in the reading from what stands before and after the definition in a message.
pub(super) fn read_beside(reading: &mut PartialEvent<'_, '_>, head: &str, tail: &str) {
    let head = last(head, HEAD);
    if let Some(name) = task_name(head) {
        reading.set_from_message(Slot::TaskName, name);
    }
    subject(reading, head);
    if !(reading.has(Slot::User) && reading.has(Slot::TaskName)) {
        one_line::read_head(reading, head);
    }
    client(reading, tail);
}

/// As much of a text as the work to read it suffices for.
pub(super) fn granted<'t>(text: &'t str, work: &Work) -> &'t str {
    text.get(..text.floor_char_boundary(work.walk_part(text.len(), BYTE))).unwrap_or(text)
}

/// The end of a text, at most so many bytes of it.
fn last(text: &str, limit: usize) -> &str {
    let from = text.len().saturating_sub(limit);
    (from..=text.len()).find_map(|at| text.get(at..)).unwrap_or_default()
}

/// Labels and values: what stands between tabs, line ends or several blanks.
#[inline(never)]
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while tokens.len() < TOKENS && !rest.is_empty() {
        let bytes = rest.as_bytes();
        let ends = |at: &usize| separator(bytes.get(*at..).unwrap_or_default()) > 0;
        let end = (0..bytes.len()).find(ends).unwrap_or(bytes.len());
        let (token, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let token = token.trim_ascii();
        if !token.is_empty() {
            tokens.push(token);
        }
        rest = after.get(separator(after.as_bytes())..).unwrap_or_default();
    }
    tokens
}

/// Returns how many bytes separate tokens where a text begins.
fn separator(text: &[u8]) -> usize {
    match text {
        [b'\t' | b'\r' | b'\n', ..] => 1,
        [b' ', b' ', ..] => 2,
        [b'#', b'0', b'1', b'5', b'#', b'0', b'1', b'2', ..] => 8,
        [b'#', b'0', b'1', b'1', ..] => 4,
        _ => 0,
    }
}

/// Returns whether a token is a label or heading. Labels end with a colon, in Chinese and Japanese with a wide one.
fn is_label(token: &str) -> bool {
    token.ends_with([':', '：'])
}

fn task_name(head: &str) -> Option<&str> {
    tokens(head).into_iter().filter(|token| !is_label(token)).filter_map(from_backslash).next_back()
}

/// A value that begins with a backslash, also where one blank is all that parts it from its label.
fn from_backslash(token: &str) -> Option<&str> {
    if token.starts_with('\\') {
        return Some(token);
    }
    let (label, value) =
        token.split_once(" \\").and_then(|(label, _)| token.split_at_checked(label.len()))?;
    // No task's name has a colon: where there is one, more than the name follows.
    (is_label(label) && !value.contains(':')).then(|| value.trim())
}

/// The values of a text, without labels.
fn values(text: &str) -> impl Iterator<Item = &str> {
    // The first token is the sentence that says what happened.
    tokens(text).into_iter().skip(1).filter(|token| !is_label(token))
}

fn subject(reading: &mut PartialEvent<'_, '_>, head: &str) {
    // A header may stand before: the logon id is what is sure.
    let values: Vec<&str> = values(head).collect();
    let found = values.windows(4).find(|window| window.last().is_some_and(|id| id.starts_with("0x")));
    let Some(&[sid, user, domain, logon_id]) = found else { return };
    // Windows often shows the account's name in place of its SID.
    if sid.starts_with("S-1-") {
        reading.set_from_message(Slot::Sid, sid);
    }
    reading.set_from_message(Slot::User, user);
    reading.set_from_message(Slot::Domain, domain);
    reading.set_from_message(Slot::LogonId, logon_id);
}

/// The client of a version 1 event. The message's labels are wrong here (Windows prints the start key as
/// `ProcessCreationTime` and the locality as `FQDN`), its order is right.
fn client(reading: &mut PartialEvent<'_, '_>, tail: &str) {
    let mut values = tokens(tail).into_iter().filter(|token| !is_label(token));
    let found = [values.next(), values.next(), values.next(), values.next()];
    let is_number = |value: &&str| value.bytes().all(|byte| byte.is_ascii_digit());
    let found = match found {
        [Some(start_key), Some(process_id), Some(parent), Some(locality)]
            if found.iter().flatten().all(is_number) =>
        {
            Some([start_key, process_id, parent, locality])
        }
        _ => one_line::numbers(tail),
    };
    let Some([start_key, process_id, parent, locality]) = found else { return };
    reading.set_from_message(Slot::ProcessStartKey, start_key);
    reading.set_from_message(Slot::ProcessId, process_id);
    reading.set_from_message(Slot::ParentProcessId, parent);
    reading.set_from_message(Slot::Locality, locality);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Change, Note, TaskEvent};
    use proptest::prelude::*;

    const TASK: &str = "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Task>\r\n</Task>";

    fn event(message: &str) -> TaskEvent<'static> {
        let work = Work::unlimited();
        let mut reading = PartialEvent::new(Change::Created, "test", &work);
        read(&mut reading, message);
        reading.finish(false)
    }

    fn english_message(content: &str) -> String {
        format!(
            "A scheduled task was created.\r\n\r\nSubject:\r\n\tSecurity ID:\t\tCORP\\alice\r\n\tAccount Name:\t\talice\r\n\
             \tAccount Domain:\t\tCORP\r\n\tLogon ID:\t\t0x3144C\r\n\r\nTask Information:\r\n\tTask Name: \t\t\\One Drive\\x\r\n\
             \tTask Content: \t\t{content}\r\n\tOther Information:\r\n\tProcessCreationTime: \t\t2251799813691708\r\n\
             \tClientProcessId: \t\t\t5204\r\n\tParentProcessId: \t\t\t1412\r\n\tFQDN: \t\t0\r\n\t"
        )
    }

    /// The labels for the SID, the account, its domain, the logon id, the task's name and its content, and the colon.
    /// Those of the account stand so in public logs of other security events, which have the same block, in German,
    /// French, Spanish, Portuguese, Turkish, Russian, Japanese, Korean and both Chinese; the others are translations.
    const LABELS: [(&str, &str); 15] = [
        ("Security ID|Account Name|Account Domain|Logon ID|Task Name|Task Content", ":"),
        ("Sicherheits-ID|Kontoname|Kontodomäne|Anmelde-ID|Aufgabenname|Aufgabeninhalt", ":"),
        (
            "ID de sécurité|Nom du compte|Domaine du compte|ID d’ouverture de session|Nom de la tâche|Contenu de la tâche",
            " :",
        ),
        (
            "Id. de seguridad|Nombre de cuenta|Dominio de cuenta|Id. de inicio de sesión|Nombre de tarea|Contenido de tarea",
            ":",
        ),
        (
            "Identificação de segurança|Nome da conta|Domínio da conta|Identificação de logon|Nome da tarefa|Conteúdo da tarefa",
            ":",
        ),
        ("ID sicurezza|Nome account|Dominio account|ID accesso|Nome attività|Contenuto attività", ":"),
        ("Beveiligings-id|Accountnaam|Accountdomein|Aanmeldings-id|Taaknaam|Taakinhoud", ":"),
        (
            "Identyfikator|Nazwa konta|Domena konta|Identyfikator logowania|Nazwa zadania|Zawartość zadania",
            ":",
        ),
        (
            "ИД безопасности|Имя учетной записи|Домен учетной записи|Код входа|Имя задачи|Содержимое задачи",
            ":",
        ),
        ("ID zabezpečení|Název účtu|Doména účtu|ID přihlášení|Název úlohy|Obsah úlohy", ":"),
        ("Güvenlik Kimliği|Hesap Adı|Hesap Etki Alanı|Oturum Açma Kimliği|Görev Adı|Görev İçeriği", ":"),
        ("セキュリティ ID|アカウント名|アカウント ドメイン|ログオン ID|タスク名|タスク コンテンツ", "："),
        ("보안 ID|계정 이름|계정 도메인|로그온 ID|작업 이름|작업 콘텐츠", ":"),
        ("安全 ID|帐户名|帐户域|登录 ID|任务名称|任务内容", "："),
        ("安全性識別碼|帳戶名稱|帳戶網域|登入識別碼|工作名稱|工作內容", ":"),
    ];

    /// The message of an event in each language.
    fn in_every_language(content: &str) -> impl Iterator<Item = String> {
        let english: Vec<&str> = LABELS[0].0.split('|').collect();
        let message = english_message(content);
        LABELS.into_iter().map(move |(labels, colon)| {
            english.iter().zip(labels.split('|')).fold(message.clone(), |text, (english, label)| {
                text.replace(&format!("{english}:"), &format!("{label}{colon}"))
            })
        })
    }

    fn assert_is_read(message: &str, content: &str) {
        let event = event(message);
        assert_eq!(event.task_name.as_deref(), Some(r"\One Drive\x"), "{message}");
        assert_eq!(event.content.as_deref(), Some(content), "{message}");
        assert_eq!(event.subject.user.as_deref(), Some("alice"), "{message}");
        assert_eq!(event.subject.domain.as_deref(), Some("CORP"), "{message}");
        assert_eq!(event.subject.logon_id.as_deref(), Some("0x3144C"), "{message}");
        assert_eq!(event.subject.sid, None, "{message}");
        let client = event.client.unwrap();
        assert_eq!(client.process_id.as_deref(), Some("5204"), "{message}");
        assert_eq!((client.rpc_call_client_locality.as_deref(), client.fqdn), (Some("0"), None), "{message}");
        assert_eq!(event.notes, [Note::ReadFromMessage]);
    }

    #[test]
    fn every_language_reads_the_same() {
        in_every_language(TASK).for_each(|message| assert_is_read(&message, TASK));
    }

    #[test]
    fn so_it_does_with_single_blanks() {
        for message in in_every_language(TASK) {
            let words: Vec<&str> = message.split_whitespace().collect();
            assert_is_read(&words.join(" "), &TASK.replace("\r\n", " "));
        }
        for message in in_every_language("") {
            let words: Vec<&str> = message.split_whitespace().collect();
            let event = event(&words.join(" "));
            assert_eq!(event.subject.user.as_deref(), Some("alice"), "{message}");
            assert_eq!(event.task_name.as_deref(), Some(r"\One Drive\x"), "{message}");
        }
    }

    #[test]
    fn a_sid_and_a_domain_of_two_words() {
        let event = event(
            "x. Subject: Security ID: S-1-5-19 Account Name: LOCAL SERVICE Account Domain: NT AUTHORITY Logon ID: 0x3e5 \
             Task Information: Task Name: \\a b Task Content: <Task/>",
        );
        assert_eq!(event.subject.sid.as_deref(), Some("S-1-5-19"));
        assert_eq!(event.subject.user.as_deref(), Some("LOCAL SERVICE"));
        assert_eq!(event.subject.domain.as_deref(), Some("NT AUTHORITY"));
        assert_eq!(event.task_name.as_deref(), Some(r"\a b"));
    }

    #[test]
    fn flattened_messages_read_the_same() {
        let snare = english_message(TASK).replace(['\r', '\n', '\t'], " ");
        let rsyslog = english_message(TASK).replace("\r\n", "#015#012").replace('\t', "#011");
        for message in [snare, rsyslog] {
            let event = event(&message);
            assert_eq!(event.task_name.as_deref(), Some(r"\One Drive\x"), "{message}");
            assert_eq!(event.subject.user.as_deref(), Some("alice"));
            assert!(event.content.unwrap().ends_with("</Task>"));
        }
    }

    #[test]
    fn a_message_without_content_still_names_the_task() {
        let event = event(&english_message(""));
        assert_eq!((event.task_name.as_deref(), event.content), (Some(r"\One Drive\x"), None));
    }

    #[test]
    fn a_cut_definition_goes_to_the_end() {
        let message = english_message(TASK);
        let cut = message.split("</Task>").next().unwrap();
        assert!(event(cut).content.unwrap().starts_with("<?xml"));
    }

    proptest! {
        #[test]
        fn any_text_is_read(message in "(\\\\|\t|\r\n|:|：| |a|0x1|<Task|</Task>|&lt;Task|é|#015#012){0,60}") {
            let _ = event(&message);
        }
    }
}
