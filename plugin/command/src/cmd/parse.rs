//! A line as a tree of commands: groups, `if`, `for`, pipes and chains. One pass with a stack of its own.
//!
//! Source: phase 2 of the parser (see `lexer`), `for /?` and `if /?`.

use super::condition::{self, Test};
use super::for_loop::{self, Head};
use super::lexer::{Lexed, Lexer, is_delimiter, text_of};
use crate::bytes;

/// Most groups and branches that are open at once.
const MAX_OPEN: usize = 200;
/// Most nodes of one tree.
const MAX_NODES: usize = 4096;

/// A command by itself, without carets and redirections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Simple {
    pub(super) text: String,
    /// The file that is its input.
    pub(super) input: Option<String>,
    /// The file that takes its output, and whether it is appended.
    pub(super) output: Option<(String, bool)>,
}

/// A command of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Item {
    /// True if the output of the command before it is its input.
    pub(super) piped: bool,
    pub(super) node: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Simple(Box<Simple>),
    List(Vec<Item>),
    /// A loop and the node of its body.
    For(Box<Head>, usize),
    /// A condition, what runs where it holds, and what runs else.
    If(Box<Test>, usize, Option<usize>),
}

/// A parsed text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) nodes: Vec<Node>,
    /// The commands of the text, in order.
    pub(super) root: Vec<Item>,
    /// True if the text has more than was read.
    pub(super) cut: bool,
}

/// A construct that waits for its end.
enum Open {
    List { items: Vec<Item>, piped: bool, group: bool },
    For(Box<Head>),
    Then(Box<Test>),
    Else(Box<Test>, usize),
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    open: Vec<Open>,
    groups: usize,
    program: Program,
}

/// Parses a text.
pub(super) fn parse(text: &str) -> Program {
    let root = Open::List { items: Vec::new(), piped: false, group: false };
    let mut parser =
        Parser { lexer: Lexer::new(text), open: vec![root], groups: 0, program: Program::default() };
    while parser.command() && parser.behind_command() {}
    parser.close_all();
    parser.program
}

impl Parser<'_> {
    /// Reads a command up to its end, or opens a group, a loop or a branch. False at the end of the text.
    fn command(&mut self) -> bool {
        loop {
            self.lexer.skip_delimiters();
            let room = self.open.len() < MAX_OPEN && self.program.nodes.len() < MAX_NODES;
            match self.lexer.peek() {
                None => return false,
                Some(b'@') => self.lexer.skip(1),
                Some(b'\n') => {
                    self.lexer.skip(1);
                    self.close_line();
                }
                Some(b'(') => {
                    self.lexer.skip(1);
                    if room {
                        self.groups = self.groups.saturating_add(1);
                        self.open.push(Open::List { items: Vec::new(), piped: false, group: true });
                    }
                }
                Some(b')') if self.groups > 0 => return true,
                Some(b')') => self.lexer.skip(1),
                Some(b'&' | b'|') => return true,
                _ if !room => {
                    self.program.cut = true;
                    return false;
                }
                _ => {
                    if self.opens() {
                        continue;
                    }
                    self.simple();
                    return true;
                }
            }
        }
    }

    /// Reads `for`, `if`, `rem` and a stray `else`.
    fn opens(&mut self) -> bool {
        let before = self.lexer;
        if self.lexer.keyword("for") {
            if let Some(head) = for_loop::head(&mut self.lexer) {
                self.open.push(Open::For(Box::new(head)));
                self.open_list();
                return true;
            }
            self.lexer = before;
            return false;
        }
        if self.lexer.keyword("if") {
            let test = condition::read(&mut self.lexer);
            self.open.push(Open::Then(Box::new(test)));
            self.open_list();
            return true;
        }
        if self.lexer.keyword("rem") {
            self.comment();
            return true;
        }
        self.lexer.keyword("else")
    }

    fn open_list(&mut self) {
        self.open.push(Open::List { items: Vec::new(), piped: false, group: false });
    }

    /// Passes over a comment. An operator right after `rem` counts as one; after a word it is part of the comment.
    fn comment(&mut self) {
        self.lexer.skip_delimiters();
        if matches!(self.lexer.peek(), Some(b'&' | b'|' | b')')) {
            return;
        }
        let rest = self.lexer.rest();
        self.lexer.skip(bytes::find(rest.as_bytes(), b'\n').unwrap_or(rest.len()));
    }

    /// Reads a command by itself.
    fn simple(&mut self) {
        let mut simple = Simple::default();
        let mut out = Vec::new();
        loop {
            self.lexer.plain_into(&mut out);
            let before = self.lexer;
            match self.lexer.next() {
                Lexed::Plain(byte) | Lexed::Escaped(byte) => out.push(byte),
                Lexed::Special(b')') if self.groups == 0 => out.push(b')'),
                Lexed::Special(b'(') => out.push(b'('),
                Lexed::Special(mark @ (b'<' | b'>')) => self.redirection(mark, &mut out, &mut simple),
                Lexed::Special(_) | Lexed::End => {
                    self.lexer = before;
                    if self.lexer.peek() == Some(b'^') {
                        self.lexer.skip(1);
                    }
                    break;
                }
            }
        }
        simple.text = text_of(out);
        let node = self.add(Node::Simple(Box::new(simple)));
        self.append(node);
    }

    /// Reads the target of a redirection, and takes the number of its handle off the text before it.
    fn redirection(&mut self, mark: u8, out: &mut Vec<u8>, simple: &mut Simple) {
        let mut end = out.iter().rev();
        let digit = end.next().copied().filter(u8::is_ascii_digit);
        let handle = digit.filter(|_| end.next().is_none_or(|&byte| is_delimiter(byte)));
        if handle.is_some() {
            out.pop();
        }
        let append = mark == b'>' && self.lexer.peek() == Some(b'>');
        if append {
            self.lexer.skip(1);
        }
        if self.lexer.peek() == Some(b'&') {
            // Another handle.
            self.lexer.skip(1);
            self.lexer.word();
            return;
        }
        let target = self.lexer.word();
        let standard = handle.is_none_or(|handle| handle == if mark == b'<' { b'0' } else { b'1' });
        if !standard {
            return;
        }
        if mark == b'<' {
            simple.input = Some(target);
        } else {
            simple.output = Some((target, append));
        }
    }

    /// Reads operators and closing parentheses. False at the end of the text.
    fn behind_command(&mut self) -> bool {
        loop {
            self.lexer.skip_delimiters();
            match self.lexer.peek() {
                None => return false,
                Some(b')') if self.groups > 0 => {
                    self.lexer.skip(1);
                    self.close_group();
                    self.lexer.skip_delimiters();
                    if self.lexer.keyword("else") {
                        self.otherwise();
                        return true;
                    }
                }
                Some(b'\n') => {
                    self.lexer.skip(1);
                    self.close_line();
                    return true;
                }
                Some(mark @ (b'&' | b'|')) => {
                    self.lexer.skip(1);
                    let doubled = self.lexer.peek() == Some(mark);
                    if doubled {
                        self.lexer.skip(1);
                    }
                    let pipes = mark == b'|' && !doubled;
                    if let Some(Open::List { piped, .. }) = self.open.last_mut() {
                        *piped = pipes;
                    }
                    return true;
                }
                Some(mark @ (b'<' | b'>')) => {
                    // A redirection of a whole group.
                    self.lexer.skip(1);
                    let mut group = Simple::default();
                    self.redirection(mark, &mut Vec::new(), &mut group);
                }
                Some(byte)
                    if byte.is_ascii_digit() && matches!(self.lexer.peek_second(), Some(b'<' | b'>')) =>
                {
                    self.lexer.skip(1);
                }
                Some(_) => return true,
            }
        }
    }

    fn add(&mut self, node: Node) -> usize {
        self.program.nodes.push(node);
        self.program.nodes.len().saturating_sub(1)
    }

    /// Puts a node at the end of the innermost list.
    fn append(&mut self, node: usize) {
        if let Some(Open::List { items, piped, .. }) = self.open.last_mut() {
            items.push(Item { piped: std::mem::take(piped) && !items.is_empty(), node });
        }
    }

    fn close_list(&mut self) -> usize {
        match self.open.pop() {
            Some(Open::List { items, group, .. }) => {
                if group {
                    self.groups = self.groups.saturating_sub(1);
                }
                match items.as_slice() {
                    [only] => only.node,
                    _ => self.add(Node::List(items)),
                }
            }
            Some(other) => {
                self.open.push(other);
                self.add(Node::List(Vec::new()))
            }
            None => self.add(Node::List(Vec::new())),
        }
    }

    /// Closes the list of a loop's or a branch's body, and that loop or branch.
    fn close_body(&mut self) {
        let body = self.close_list();
        let node = match self.open.pop() {
            Some(Open::For(head)) => Node::For(head, body),
            Some(Open::Then(test)) => Node::If(test, body, None),
            Some(Open::Else(test, then)) => Node::If(test, then, Some(body)),
            Some(list) => {
                self.open.push(list);
                return self.append(body);
            }
            None => Node::List(Vec::new()),
        };
        let node = self.add(node);
        self.append(node);
    }

    /// Closes what ends with the line: everything up to the innermost group.
    fn close_line(&mut self) {
        while self.open.len() > 1 && matches!(self.open.last(), Some(Open::List { group: false, .. })) {
            self.close_body();
        }
    }

    fn close_group(&mut self) {
        self.close_line();
        if self.open.len() > 1 {
            let node = self.close_list();
            self.append(node);
        }
    }

    /// Goes on with the other branch of the `if` whose first branch has just been closed.
    fn otherwise(&mut self) {
        let below = self.open.len().checked_sub(2).and_then(|at| self.open.get(at));
        if !matches!(below, Some(Open::Then(_))) {
            return;
        }
        let then = self.close_list();
        if let Some(Open::Then(test)) = self.open.pop() {
            self.open.push(Open::Else(test, then));
        }
        self.open_list();
    }

    fn close_all(&mut self) {
        while self.open.len() > 1 {
            match self.open.last() {
                Some(Open::List { group: true, .. }) => {
                    let node = self.close_list();
                    self.append(node);
                }
                _ => self.close_body(),
            }
        }
        if let Some(Open::List { items, .. }) = self.open.pop() {
            self.program.root = items;
        }
    }
}
