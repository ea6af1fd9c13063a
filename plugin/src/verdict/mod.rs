//! From matched rules to a verdict, a severity and the tag.

mod allowlist;
mod branches;
mod decide;
mod earlier;
mod ecs;
mod elastic;
mod finding;
mod host_name;
mod passed_on;
mod role;
mod small_tag;
mod tag;
mod text;
mod words;

pub use allowlist::class_id;
pub use decide::{Case, Decision, decide};
pub use earlier::{Earlier, Handling};
pub use ecs::{EcsNames, EcsObjects, EcsRuleObject, EcsTechnique, EcsThreat, ecs_objects};
pub use elastic::write_elastic;
pub use finding::Finding;
pub use role::{HostRole, host_role};
pub use small_tag::{write_failed, write_lost_copy};
pub(crate) use small_tag::{write_misread_rows, write_not_judged, write_passed_on, write_repaired};
pub(crate) use tag::write_tag;
pub use words::{FAILED, Verdict};
