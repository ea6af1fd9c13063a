//! Measures what a pack of rules finds in sets of labelled tasks: recall by set and family, levels, false alerts, techniques
//! and cost. `make detection` prints it, docs/detection.md has the figures.

mod page;
mod score;
mod sets;
mod techniques;

pub use page::{List, families, listed, markdown};
pub use score::{Judged, Scores, Tally, judge};
pub use sets::{Expected, Level, Row, folder, own};
