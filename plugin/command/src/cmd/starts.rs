//! The programs that a program starts, with what each gets from it.

use super::variables::Variables;
use crate::Step;
use std::rc::Rc;

/// A text of a line with the folder in which it is read.
pub(crate) type Placed = (String, Option<String>);

/// Where a started program's input comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Stdin {
    /// The wrapper's own.
    #[default]
    Inherited,
    /// A pipe or a file, and the text in it where the line shows that.
    Pipe(Option<String>),
}

/// A program that a wrapper starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Started {
    /// Its command line.
    pub(crate) line: String,
    /// A number made of its command line, which different lines rarely share; 0 where nobody asked for it.
    pub(crate) fingerprint: u64,
    /// Its input.
    pub(crate) stdin: Stdin,
    /// The command line, or the file, whose output it runs as commands.
    pub(crate) input_from: Option<String>,
    /// The folder in which it starts, where that is known and not the wrapper's.
    pub(crate) folder: Option<String>,
    /// The variables that the wrapper has set.
    pub(crate) environment: Option<Rc<Variables>>,
}

impl Started {
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self { line: line.into(), ..Self::default() }
    }
}

/// The programs that a program starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Starts {
    /// The programs, in order.
    pub(crate) list: Vec<Started>,
    /// The number of commands of the line that were read, loops unrolled.
    pub(crate) read: usize,
    /// True if the line has more than was read.
    pub(crate) cut: bool,
    /// True if the work that it may cost was spent.
    pub(crate) spent: bool,
    /// Built-in commands that came out of variables or a pipe.
    pub(crate) commands: Vec<String>,
    /// Built-in commands, and the files that output goes to, each with the folder in which it stands.
    pub(crate) builtins: Vec<Placed>,
    pub(crate) outputs: Vec<Placed>,
    /// The signs that the line was written to be unreadable.
    pub(crate) obfuscation: Vec<&'static str>,
    /// The steps of its interpretation, where they are asked for.
    pub(crate) steps: Vec<Step>,
}

impl Starts {
    /// Keeps a text with its folder, once.
    pub(crate) fn place(list: &mut Vec<Placed>, text: &str, folder: Option<&str>) {
        /// Most texts that are kept, and their longest.
        const MOST: usize = 16;
        const LONGEST: usize = 4096;
        let text = text.trim();
        let is_new = |list: &Vec<Placed>| list.iter().all(|(known, _)| known != text);
        if list.len() < MOST && text.len() <= LONGEST && is_new(list) {
            list.push((text.to_owned(), folder.map(str::to_owned)));
        }
    }
}

impl From<Vec<Started>> for Starts {
    fn from(list: Vec<Started>) -> Self {
        Self { list, ..Self::default() }
    }
}
