//! What the server says of itself: `/openapi.json`, `/docs`, `/metrics`.

mod description;
mod metrics;
mod page;
