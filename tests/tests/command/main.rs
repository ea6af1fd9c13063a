//! Tests of the command: what it reads, what it writes, and what is built and published with it.

mod event_log;
mod inputs;
mod jobs;
mod playground;
mod report;
mod supply_chain;
