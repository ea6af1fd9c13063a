//! Turns a value into facts by its role: a file, an address, a script, a registry key.

use super::address;
use super::entry::style;
use super::facts::{Kind, LANGUAGES, Role, SCHEMES, parameter};
use super::read::ArgumentReader;
use super::resolve;
use crate::path::{self, PATH_SIGNS};
use schtag_task::byte_set::ByteSet;

/// Signs that end a value.
const VALUE_ENDS: ByteSet = ByteSet::of(b",\"");
/// Signs that no name of a host has.
const NO_HOST: ByteSet = ByteSet::of(b"\\/%");

impl<'r> ArgumentReader<'r, '_> {
    #[inline(never)]
    pub(super) fn fact(&mut self, role: Role, param: u8, value: &'r str) {
        if value.is_empty() {
            return;
        }
        let (kind, is_file) = match role {
            Role::Text | Role::Flag | Role::Password => return,
            Role::Script => return self.script(param, value),
            Role::Code => {
                return self.code(LANGUAGES.get(usize::from(param)).copied().unwrap_or_default(), value);
            }
            Role::Address => {
                return self.address(value, SCHEMES.get(usize::from(param)).copied().unwrap_or("http"));
            }
            Role::Computer => return self.facts.add(Kind::Computer, resolve::computer(value)),
            Role::RegistryKey => return self.registry_key(value),
            Role::Source => return self.sources.push(value),
            Role::Destination => {
                self.destination = Some(value);
                return;
            }
            Role::Library => (Kind::Library, true),
            Role::Package => (Kind::Package, true),
            Role::Project => (Kind::Project, true),
            Role::Input => (Kind::Reads, true),
            Role::Output => (Kind::Writes, true),
            Role::Upload => (Kind::Uploads, true),
            Role::Delete => (Kind::Deletes, true),
            Role::Command => (Kind::Command, false),
            Role::Account => (Kind::Account, false),
            Role::Service => (Kind::Service, false),
            Role::Task => (Kind::Task, false),
        };
        if is_file {
            self.file(kind, param, value);
        } else {
            self.facts.add(kind, value.to_owned());
        }
    }

    fn registry_key(&mut self, value: &str) {
        if value.starts_with(r"\\") {
            self.facts.add(Kind::Computer, resolve::computer(value));
        }
        self.facts.add(Kind::RegistryKey, resolve::registry_key(value));
    }

    /// Adds a script's file, or the script itself after the name of its language.
    fn script(&mut self, param: u8, value: &'r str) {
        let inline = value.split_once(':').and_then(|(scheme, code)| {
            let language = match scheme.to_ascii_lowercase().as_str() {
                "vbscript" => "vbscript",
                "javascript" => "jscript",
                "about" | "data" => "html",
                _ => return None,
            };
            Some((language, code))
        });
        match inline {
            Some((language, code)) => self.code(language, code),
            None => self.file(Kind::Script, param, value),
        }
    }

    fn code(&mut self, language: &str, value: &str) {
        self.facts.add(Kind::Code, value.to_owned());
        self.facts.add(Kind::Language, language.to_owned());
    }

    /// A file: its path, and whether it is executed or fetched.
    #[inline(never)]
    fn file(&mut self, kind: Kind, param: u8, written: &'r str) {
        let written = match param {
            parameter::AT => match written.rsplit_once('@') {
                Some((_, file)) => file.split(';').next().unwrap_or(file),
                None => return,
            },
            parameter::EQUALS => written.split_once('=').map_or(written, |(_, file)| file),
            parameter::ENTRY => entry_point(written),
            _ => written,
        };
        if written.is_empty() || written == "-" {
            return;
        }
        let mut path = resolve::file(self.folder_for(kind, written), written);
        if matches!(param, parameter::ENTRY | parameter::DLL) && !path::file_name(&path).contains('.') {
            path.push_str(".dll");
        }
        if matches!(kind, Kind::Script | Kind::Library | Kind::Package | Kind::Project) {
            self.facts.add(Kind::Runs, path.clone());
        }
        if kind != Kind::Writes && kind != Kind::Deletes {
            self.fetched(&path);
        }
        self.facts.add(kind, path);
    }

    /// The folder that a file is seen from. Windows looks for its own libraries in its own folder first.
    fn folder_for(&self, kind: Kind, written: &str) -> Option<&'r str> {
        const OWN: &str = r"C:\Windows\System32";
        if kind == Kind::Library && !PATH_SIGNS.is_in(written) {
            let name = written.to_ascii_lowercase();
            let name = if name.contains('.') { name } else { [&name, ".dll"].concat() };
            if self.programs.find(&name).is_some_and(|entry| entry.style & style::SYSTEM != 0) {
                return Some(OWN);
            }
        }
        self.call.folder
    }

    /// Adds the address that a file is fetched from, where its path is one.
    fn fetched(&mut self, path: &str) {
        let address =
            if address::is_one(path) { address::read(path, "http") } else { address::of_share(path) };
        self.add_address(address);
    }

    /// An address, or a file in its place.
    fn address(&mut self, value: &'r str, scheme: &str) {
        if path::is_absolute(value) {
            self.file(Kind::Reads, 0, value);
        } else {
            self.add_address(address::read(value, scheme));
        }
    }

    #[inline(never)]
    fn add_address(&mut self, address: Option<address::Address>) {
        let Some(address) = address else { return };
        if matches!(address.scheme.as_str(), "ssh" | "rdp" | "winrm" | "telnet") {
            self.facts.add(Kind::Computer, address.host.clone());
        }
        self.facts.add(Kind::Address, address.text);
        self.facts.add(Kind::Host, address.host);
        self.facts.add(Kind::Port, address.port.unwrap_or_default());
    }

    /// Adds the facts of a copy.
    #[inline(never)]
    pub(super) fn copy(&mut self) {
        let destination = self.destination;
        let remote = destination.and_then(remote_file);
        for source in std::mem::take(&mut self.sources) {
            match remote_file(source) {
                Some(address) => self.add_address(Some(address)),
                None if remote.is_some() => self.file(Kind::Uploads, 0, source),
                None => self.file(Kind::Reads, 0, source),
            }
        }
        match (remote, destination) {
            (Some(address), _) => self.add_address(Some(address)),
            (None, Some(path)) => self.file(Kind::Writes, 0, path),
            (None, None) => {}
        }
    }
}

/// The library of `library.dll,Function`. A comma within quotes is the path's.
fn entry_point(written: &str) -> &str {
    let written = written.trim_start_matches('"');
    let end = VALUE_ENDS.find(written).unwrap_or(written.len());
    written.get(..end).unwrap_or(written).trim_end()
}

/// A file on another machine: `user@host:path`, `host:path` or an address.
fn remote_file(text: &str) -> Option<address::Address> {
    if address::is_one(text) {
        return address::read(text, "http");
    }
    let (host, path) = text.split_once(':')?;
    // One letter is a drive.
    if host.len() < 2 || NO_HOST.is_in(host) || path.starts_with(':') {
        return None;
    }
    address::read(&["ssh://", host, "/", path.trim_start_matches('/')].concat(), "ssh")
}
