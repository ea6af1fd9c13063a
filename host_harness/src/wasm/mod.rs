//! The module itself: what it exports, whether an agent can load it, what its calls cost, how a pack gets into it.

pub(crate) mod abi;
pub mod bake;
pub mod call_graph;
pub mod gate;
pub(crate) mod inspect;
pub(crate) mod limiter;
pub mod manifest;
pub(crate) mod outline;
mod reachability;
pub(crate) mod reencode;
pub mod stack;
#[cfg(test)]
pub(crate) mod test_guest;
