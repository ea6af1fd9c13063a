//! Events, and where a transform puts them.
use schtag::json::Scanner;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// An event of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<V, M> {
    /// The event's data.
    pub value: V,
    /// Data that the pipeline keeps about it, in Vector `EventMetadata`. It is only moved.
    pub metadata: M,
}

/// The value of an event, as the filter sees it.
pub trait EventValue {
    /// The value as one JSON object.
    ///
    /// # Errors
    /// When it has no such form. The event then passes as it is.
    fn to_json(&self) -> serde_json::Result<Cow<'_, [u8]>>;

    /// Takes over what has become of [`Self::to_json`]: one JSON object. It differs in the member `key` only, which
    /// was put, replaced or removed; unless `to_json` was not JSON, which then was mended.
    fn take_over(&mut self, json: Vec<u8>, key: &str);
}

/// A record as JSON text. Except for its tag it stays as it is, to the byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawJson(pub Vec<u8>);

impl EventValue for RawJson {
    fn to_json(&self) -> serde_json::Result<Cow<'_, [u8]>> {
        Ok(self.0.as_slice().into())
    }

    fn take_over(&mut self, json: Vec<u8>, _: &str) {
        self.0 = json;
    }
}

impl EventValue for Map<String, Value> {
    fn to_json(&self) -> serde_json::Result<Cow<'_, [u8]>> {
        serde_json::to_vec(self).map(Cow::Owned)
    }

    /// The other members stay the values that they are: no number takes a detour through text.
    fn take_over(&mut self, json: Vec<u8>, key: &str) {
        let mut scanner = Scanner::default();
        let tag = scanner.scan(&json).ok().and_then(|object| object.get(key));
        match tag.and_then(|tag| serde_json::from_slice(tag.bytes()).ok()) {
            Some(tag) => self.insert(key.to_owned(), tag),
            None => self.remove(key),
        };
    }
}

/// The events that a transform gives out, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputBuffer<V, M>(Vec<Event<V, M>>);

impl<V, M> Default for OutputBuffer<V, M> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V, M> OutputBuffer<V, M> {
    /// Adds an event at the end.
    pub fn push(&mut self, event: Event<V, M>) {
        self.0.push(event);
    }

    /// Returns how many events there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first event.
    pub fn first(&self) -> Option<&Event<V, M>> {
        self.0.first()
    }

    /// Takes the events out; the buffer can be used again.
    pub fn drain(&mut self) -> impl Iterator<Item = Event<V, M>> + '_ {
        self.0.drain(..)
    }

    /// The events.
    pub fn into_events(self) -> impl Iterator<Item = Event<V, M>> {
        self.0.into_iter()
    }
}

impl<V, M> Extend<Event<V, M>> for OutputBuffer<V, M> {
    fn extend<I: IntoIterator<Item = Event<V, M>>>(&mut self, events: I) {
        self.0.extend(events);
    }
}
