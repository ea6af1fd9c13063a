//! The description of the rules inside a module: JSON, compressed with zlib, in its custom section `schtag.manifest`.
use crate::wasm::abi;
use crate::wasm::outline::Outline;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use schtag::rules::{Level, Pack};
use serde::{Deserialize, Serialize};
use std::io::{BufReader, Read, Write};
use thiserror::Error;

/// The manifest of a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of schtag that baked the module.
    pub version: String,
    /// The pack's format, [`Pack::FORMAT`].
    pub format: u32,
    /// SHA-256 of the pack's postcard encoding, in hexadecimal. A tag names its first twelve digits.
    pub pack: String,
    /// The rules, in the pack's order.
    pub rules: Vec<RuleSummary>,
    /// The rules over several events, in the pack's order.
    pub correlations: Vec<RuleSummary>,
    /// The operator's settings.
    pub settings: SettingsSummary,
    /// SHA-256 of the base module, in hexadecimal.
    pub base: String,
}

/// A rule, as the manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSummary {
    /// Its Sigma `id`.
    pub id: String,
    /// Its Sigma `title`.
    pub title: String,
    /// Its Sigma `level`.
    pub level: Level,
    /// ATT&CK techniques, in the form `T1053.005`.
    pub techniques: Vec<String>,
}

/// The settings, as the manifest lists them. Host-name patterns and the contents of the allowlist are left
/// out: a module may be shown to people who need not know them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsSummary {
    /// The key of the tag in the record.
    pub key: String,
    /// Matches below this level are not reported.
    pub minimum_level: Level,
    /// True if every task event is described, also when no rule matches.
    pub observe_all: bool,
    /// True if a match on a server or domain controller is raised by one level.
    pub raise_on_servers: bool,
    /// The path of the record member that names the host's role.
    pub role_member: Vec<String>,
    /// The number of host-name patterns.
    pub role_patterns: usize,
    /// The names of the allowlist's entries.
    pub allowlist: Vec<String>,
    /// True if tags have the ECS objects `rule` and `threat`.
    #[serde(default)]
    pub ecs: bool,
    /// True if tags have Elastic's object `winlog.scheduled_task`.
    #[serde(default)]
    pub elastic: bool,
}

/// The most bytes of a manifest that are read, decompressed: more than the largest pack needs.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Why a module has no readable manifest.
#[derive(Debug, Error)]
pub(crate) enum ManifestError {
    /// The bytes are not a module.
    #[error("this is not a WebAssembly module ({0})")]
    NotWasm(#[from] wasmparser::Error),
    /// The section does not hold what it should.
    #[error("the module's {section} section cannot be read ({0}); bake the module anew", section = abi::MANIFEST_SECTION)]
    Unreadable(#[from] serde_json::Error),
}

impl RuleSummary {
    fn new(id: &str, title: &str, level: Level, techniques: &[String]) -> Self {
        Self { id: id.into(), title: title.into(), level, techniques: techniques.to_vec() }
    }
}

impl Manifest {
    /// The manifest of a module made of the base with that hash and a pack with that hash.
    pub fn new(pack: &Pack, pack_hash: String, base_hash: String) -> Self {
        let settings = &pack.settings;
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            format: Pack::FORMAT,
            pack: pack_hash,
            rules: pack
                .rules
                .iter()
                .map(|rule| RuleSummary::new(&rule.id, &rule.title, rule.level, &rule.techniques))
                .collect(),
            correlations: pack
                .correlations
                .iter()
                .map(|rule| RuleSummary::new(&rule.id, &rule.title, rule.level, &rule.techniques))
                .collect(),
            settings: SettingsSummary {
                key: settings.key.clone(),
                minimum_level: settings.minimum_level,
                observe_all: settings.observe_all,
                raise_on_servers: settings.raise_on_servers,
                role_member: settings.role_member.clone(),
                role_patterns: settings.role_patterns.len(),
                allowlist: settings.allowlist.iter().map(|entry| entry.name.clone()).collect(),
                ecs: pack.ecs.is_some(),
                elastic: settings.elastic,
            },
            base: base_hash,
        }
    }

    /// Reads a module's manifest; a base module has none.
    ///
    /// # Errors
    /// When the bytes are not a module, or the section does not hold a manifest.
    pub(crate) fn of(wasm: &[u8]) -> Result<Option<Self>, ManifestError> {
        let outline = Outline::parse(wasm)?;
        outline.custom(abi::MANIFEST_SECTION).map(Self::read).transpose()
    }

    /// The content of the section: the manifest as JSON, compressed, since a module's size is limited.
    ///
    /// # Errors
    /// When it cannot be written, which no manifest causes.
    pub(crate) fn to_section(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&serde_json::to_vec(self)?).map_err(serde_json::Error::io)?;
        encoder.finish().map_err(serde_json::Error::io)
    }

    /// Reads the section's content, also that of modules before it was compressed.
    fn read(section: &[u8]) -> Result<Self, ManifestError> {
        if section.starts_with(b"{") {
            return Ok(serde_json::from_slice(section)?);
        }
        Ok(serde_json::from_reader(BufReader::new(ZlibDecoder::new(section).take(MAX_BYTES)))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::reencode::append_custom_section;

    fn module(section: &[u8]) -> Vec<u8> {
        let mut wasm = b"\0asm\x01\0\0\0".to_vec();
        append_custom_section(&mut wasm, abi::MANIFEST_SECTION, section);
        wasm
    }

    #[test]
    fn a_manifest_is_read_compressed_and_plain() {
        let manifest = Manifest::new(&Pack::default(), "p".repeat(64), "b".repeat(64));
        let json = serde_json::to_vec(&manifest).unwrap();
        for section in [manifest.to_section().unwrap(), json.clone()] {
            let read = Manifest::of(&module(&section)).unwrap().unwrap();
            assert_eq!(serde_json::to_vec(&read).unwrap(), json);
        }
    }

    #[test]
    fn damaged_sections_are_refused() {
        let section = Manifest::new(&Pack::default(), String::new(), String::new()).to_section().unwrap();
        for section in [&b""[..], b"x", b"{", &section[..section.len() / 2]] {
            assert!(
                matches!(Manifest::of(&module(section)), Err(ManifestError::Unreadable(_))),
                "{section:?}"
            );
        }
    }
}
