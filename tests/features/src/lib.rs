//! No code: the manifest beside it is the point.
