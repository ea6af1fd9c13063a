//! Command lines: normalisation, wrappers, PowerShell and decoders end, and what they make is bounded.

use crate::text::lossy;
use schtag::command;
use schtag::command::programs::{
    Argument, Builder, FormSource, OptionSource, ProgramSource, Programs, Role, style,
};
use schtag::task::Exec;
use schtag::work::Work;
use std::sync::OnceLock;

/// The sum of the reader's limits, in bytes, with room for the facts about each process.
const TOTAL: usize = 16 << 20;

/// Programs that read options in every way, and have an option and an argument of every role.
fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    let styles = [
        ("certutil", style::SLASH | style::DASH),
        ("curl", style::DASH | style::CASED | style::CLUSTERS | style::NEXT),
        ("rundll32", style::SLASH | style::DASH | style::BEFORE | style::GLUED),
        ("copy", style::SLASH),
        ("irm", style::DASH | style::ABBREVIATED | style::CMDLET),
        ("psexec", style::NEXT | style::COMPUTER),
    ];
    PROGRAMS.get_or_init(|| {
        let mut builder = Builder::default();
        for (name, style) in styles {
            let roles = Role::ALL.iter();
            let value = |role| Argument { role, parameter: 0, is_repeated: false, is_rest: false };
            let options = roles.clone().map(|&(name, role)| OptionSource {
                name: name.chars().take(1).collect(),
                value: value(role),
            });
            let arguments = roles.map(|&(_, role)| value(role)).collect();
            let common = FormSource { options: options.collect(), arguments, ..FormSource::default() };
            let program = ProgramSource { names: vec![name.into()], style, common, forms: Vec::new() };
            builder.add(&program).unwrap();
        }
        builder.finish()
    })
}

/// Reads the action whose command is the first line of `data` and whose arguments are the rest.
pub fn check(data: &[u8]) {
    let text = lossy(data);
    let (command, arguments) = text.split_once('\n').unwrap_or((&text, ""));
    let exec = Exec {
        command: Some(command.to_owned()),
        arguments: (!arguments.is_empty()).then(|| arguments.to_owned()),
        working_directory: None,
    };
    let processes = command::read(&exec, programs(), &Work::unlimited());
    assert!(processes.list.len() <= 16);
    let mut total = 0;
    for (index, process) in processes.list.iter().enumerate() {
        assert!(process.parent.is_none_or(|parent| parent < index), "a process that starts itself");
        total += process.command_line.len() + process.normalized.len() + process.arguments.len();
        total += process.argv.iter().map(String::len).sum::<usize>();
        total += process.facts.list.iter().map(|fact| fact.value.len()).sum::<usize>();
        total += process.decoded.iter().map(|layer| layer.text.len()).sum::<usize>();
        assert!(process.decoded.len() <= 16);
    }
    assert!(total <= TOTAL, "{total} bytes");
    assert_eq!(command::read(&exec, programs(), &Work::unlimited()), processes, "not the same twice");
}
