//! PowerShell's `Get-WinEvent … | ConvertTo-Json`. Properties are in the manifest's order; a SID is wrapped
//! twice.
//!
//! ```json
//! {"Id": 4698, "LogName": "Security", "ProviderName": "Microsoft-Windows-Security-Auditing", "MachineName": "ws17",
//!  "Properties": [{"Value": {"Value": "S-1-5-18"}}, {"Value": "alice"}, …, {"Value": "\\x"}, {"Value": "<?xml …"}]}
//! ```
//!
//! Source: <https://learn.microsoft.com/dotnet/api/system.diagnostics.eventing.reader.eventlogrecord>.

use super::shape::Shape;

pub(super) static SHAPE: Shape = Shape {
    name: "get_winevent",
    channel: &["LogName"],
    provider: &["ProviderName"],
    computer: &["MachineName"],
    time: &["TimeCreated.DateTime", "TimeCreated"],
    data: &["Properties"],
    message: &["Message"],
    ..Shape::NONE
};
