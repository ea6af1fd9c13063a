//! From matched rules to a verdict, a severity and the tag.

mod allowlist;
mod branches;
mod decide;
mod earlier;
mod ecs;
mod host_name;
mod role;
mod tag;
mod text;

pub use allowlist::class_id;
pub use decide::{Case, Decision, Finding, Verdict, decide};
pub use earlier::{Earlier, Handling};
pub use ecs::{EcsNames, EcsObjects, EcsRuleObject, EcsTechnique, EcsThreat, ecs_objects};
pub use role::{HostRole, host_role};
pub use tag::{
    FAILED, write_failed, write_lost_copy, write_misread_rows, write_not_judged, write_passed_on,
    write_repaired, write_tag,
};
