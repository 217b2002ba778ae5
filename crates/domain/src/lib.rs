//! Placeholder map, replaced in the next commits.
