//! Host side of schtag.
