//! A page of what was found.
