//! Where the id of an event stands in a record.

use super::text_id::Form;

/// Where an id stands, which tells much about the shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// `EventID`.
    EventId,
    /// `System.EventID`, `Event.System.EventID`.
    System,
    /// `winlog.event_id`.
    Winlog,
    /// `win.system.eventID`, `data.win.system.eventID`.
    Win,
    /// `winlogbeat_winlog_event_id` and its relatives.
    Graylog,
    /// `event_id`.
    Snake,
    /// `event_id.id`.
    Otel,
    /// `EventCode`.
    EventCode,
    /// `event.code`.
    EcsCode,
    /// `Id`.
    Id,
    /// In a text; whether under `System`.
    Text(Form, bool),
    /// At no place where a known shipper puts it: [`find`](super::find) looks for the event.
    Anywhere,
}

impl Place {
    /// Returns whether the key alone says that this is a Windows event. Elsewhere the rest of the record must.
    pub(super) const fn is_windows(self) -> bool {
        matches!(self, Self::EventId | Self::System | Self::Winlog | Self::Win | Self::Graylog)
    }

    /// Returns whether another number here settles that this is no event of ours. ECS has the same id twice, and the
    /// one in `winlog` takes longer to reach.
    pub(super) const fn settles(self) -> bool {
        self.is_windows() || matches!(self, Self::EcsCode)
    }
}

/// A record of no more members, objects aside, is little more than its text, whatever the key: Fluent Bit's
/// `render_event_text_key` can be any, and other members than `StringInserts` are not beside it.
pub(super) const SMALL: usize = 2;
