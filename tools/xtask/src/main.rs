//! Project tool.
fn main() {}
