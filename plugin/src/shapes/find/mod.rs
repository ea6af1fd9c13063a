//! The last resort: a task event wherever it stands in a record.
//!
//! Tables of shapes give full fidelity for the shippers that are known; there will always be others. Here every
//! member at any depth is looked at, and every text in which there may be members, XML or lines, up to some texts
//! within texts. Where an event of a known shape stands in there, it is read by its table. Otherwise the event is put
//! together: one of the five ids, a task definition (under any escaping, or decoded into members), and what stands
//! beside it under the usual words or in the manifest's order.
//!
//! An id alone proves nothing, and neither does a definition. Without a definition the record must name the provider
//! or the channel of the Security log.

mod finder;
mod known;
mod known_shape;
mod layer;
mod parts;
mod proof;
mod text;
mod texts;
mod tree;
mod words;

use crate::event::{Note, TaskEvent};
use crate::json::Object;
use crate::work::Work;
use finder::Finder;
use layer::Layer;
use std::borrow::Cow;

/// Texts within texts that are looked into.
const LAYERS: usize = 6;
/// Units of work for a byte of a layer, and for a value in it.
const BYTE: usize = 30;
const LEAF: usize = 4_000;
/// Finds the event of a record. `known` is what a table had of it already.
pub(super) fn event(
    record: &Object<'_>,
    known: Option<TaskEvent<'static>>,
    work: &Work,
) -> Option<TaskEvent<'static>> {
    let text = std::str::from_utf8(record.text()).ok()?;
    let mut finder = Finder::new(known, work);
    let mut layers = Vec::with_capacity(LAYERS);
    if work.walk(text.len(), BYTE) {
        layers.push(Layer::new(Cow::Borrowed(text), 0));
    }
    while let Some(layer) = layers.last_mut() {
        if finder.is_done() || !work.spend(LEAF) {
            break;
        }
        let Some(leaf) = layer.next() else {
            finder.passed_over |= layer.passed_over;
            layers.pop();
            continue;
        };
        let depth = layers.len();
        let Some(layer) = layers.last_mut() else { break };
        let Some(inner) = finder.take(layer, leaf, depth) else { continue };
        if layers.len() >= LAYERS {
            finder.note(Note::NestedDeeper { what: "texts within texts", depth: LAYERS });
        } else if work.walk(inner.len(), BYTE) {
            layers.push(inner);
        }
    }
    finder.finish(record.text())
}
