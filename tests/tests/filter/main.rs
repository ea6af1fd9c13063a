//! Tests of the filter: the module and the core behave as docs/reliability.md promises.

mod allocations;
mod bombs;
mod budgets;
mod calls;
mod chain;
mod engines;
mod fuzz;
mod history;
mod hostile;
mod layout;
mod memory;
mod module;
mod module_order;
mod public_items;
mod records;
mod shortage;
mod spoofing;
mod stack;
mod tag_schema;
mod truncation;
mod wamr;
