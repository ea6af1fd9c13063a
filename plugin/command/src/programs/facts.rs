//! The roles that an argument may have, and the facts that follow from them.

/// The role of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "docs/writing_programs.md describes each role")]
pub enum Role {
    /// Nothing that a rule asks for.
    Text,
    /// An option without a value.
    Flag,
    Command,
    Script,
    Library,
    Package,
    Project,
    Code,
    Address,
    Input,
    Output,
    Upload,
    Delete,
    Computer,
    Account,
    Password,
    Service,
    Task,
    RegistryKey,
    /// The source of a copy: read, or uploaded where the destination is another machine.
    Source,
    /// Where it is copied to.
    Destination,
}

impl Role {
    /// Every role with its name in plugin/programs.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("text", Self::Text),
        ("flag", Self::Flag),
        ("command", Self::Command),
        ("script", Self::Script),
        ("library", Self::Library),
        ("package", Self::Package),
        ("project", Self::Project),
        ("code", Self::Code),
        ("address", Self::Address),
        ("input", Self::Input),
        ("output", Self::Output),
        ("upload", Self::Upload),
        ("delete", Self::Delete),
        ("computer", Self::Computer),
        ("account", Self::Account),
        ("password", Self::Password),
        ("service", Self::Service),
        ("task", Self::Task),
        ("registry_key", Self::RegistryKey),
        ("source", Self::Source),
        ("destination", Self::Destination),
    ];

    /// The role of a number.
    pub(super) fn of(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).map_or(Self::Text, |&(_, role)| role)
    }
}

/// The languages of inline code, by their number.
pub const LANGUAGES: &[&str] = &[
    "",
    "powershell",
    "cmd",
    "jscript",
    "vbscript",
    "python",
    "javascript",
    "sql",
    "xsl",
    "perl",
    "ruby",
    "php",
    "lua",
    "shell",
    "csharp",
    "autohotkey",
    "debugger",
    "html",
];

/// The schemes of addresses that are written without one, by their number; the first is the usual one.
pub const SCHEMES: &[&str] =
    &["http", "https", "ftp", "ssh", "rdp", "tcp", "winrm", "telnet", "tftp", "ldap"];

/// Ways in which the value of a file is written, where it is not the path alone.
pub mod parameter {
    /// `library.dll,Function`: the path ends at the comma, and `.dll` may be left out.
    pub(crate) const ENTRY: u8 = 1;
    /// `@file`, or `name=@file`: without the sign it is no file.
    pub(crate) const AT: u8 = 2;
    /// `name=file`: the path stands after the sign.
    pub(crate) const EQUALS: u8 = 3;
    /// Several, separated by `;` or `,`.
    pub(crate) const LIST: u8 = 4;
    /// `.dll` may be left out.
    pub(crate) const DLL: u8 = 5;
    /// The words by which they are written in plugin/programs.
    pub const ALL: &[(&str, u8)] =
        &[("entry", ENTRY), ("at", AT), ("equals", EQUALS), ("list", LIST), ("dll", DLL)];
}

/// The kinds of facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[expect(missing_docs, reason = "docs/fields.md describes each, by the field that it fills")]
pub enum Kind {
    Runs,
    Script,
    Library,
    Package,
    Project,
    Command,
    Code,
    Language,
    Address,
    Host,
    Port,
    Reads,
    Writes,
    Uploads,
    Deletes,
    Computer,
    Account,
    Service,
    Task,
    RegistryKey,
    Technique,
}

/// Something that a program does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The kind of the fact.
    pub kind: Kind,
    /// Of which file, address or name.
    pub value: String,
}

/// The facts about one process and its arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The facts, in the order of the arguments; the program itself first.
    pub list: Vec<Fact>,
}

/// Most facts of a process.
const MAX_FACTS: usize = 64;

impl Facts {
    /// The values of a kind.
    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.list.iter().filter(move |fact| fact.kind == kind).map(|fact| fact.value.as_str())
    }

    /// Adds a fact, once.
    #[inline(never)]
    pub(super) fn add(&mut self, kind: Kind, value: String) {
        let is_known = || self.list.iter().any(|fact| fact.kind == kind && fact.value == value);
        if !value.is_empty() && self.list.len() < MAX_FACTS && !is_known() {
            self.list.push(Fact { kind, value });
        }
    }
}
