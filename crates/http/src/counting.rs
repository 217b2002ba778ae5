//! Requests, counted by route: a table that is made once, so that a request takes no lock to find its row.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use axum::http::Method;
use service::metrics::{Metrics, RouteMetrics};

use crate::openapi;

/// The methods that are told apart. A method that a route does not have is another, so that nobody makes
/// rows by trying.
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "other"];
/// The last of them.
const OTHER: usize = METHODS.len() - 1;

/// A row of the table: one cell a method, filled at its first request.
#[derive(Default)]
struct Row {
    has: [bool; METHODS.len()],
    cells: [OnceLock<RouteMetrics>; METHODS.len()],
}

/// Where a method's cell is.
fn cell(method: &str) -> usize {
    METHODS.iter().position(|known| known.eq_ignore_ascii_case(method)).unwrap_or(OTHER)
}

/// Where all requests are counted.
pub struct Requests {
    metrics: Metrics,
    routes: HashMap<&'static str, Row>,
    /// For paths that do not exist, by dialect.
    elsewhere: [Row; DIALECTS.len()],
}

/// The dialects, with what their paths begin with.
const DIALECTS: [(&str, &str); 3] = [("zato", "/zato/"), ("v1", "/v1"), ("server", "")];

impl Requests {
    /// A table of all routes, with nothing in it.
    pub fn new(metrics: Metrics) -> Self {
        let mut routes: HashMap<_, Row> = HashMap::new();
        for operation in openapi::operations() {
            routes.entry(operation.path).or_default().has[cell(operation.method)] = true;
        }
        Self { metrics, routes, elsewhere: <[Row; DIALECTS.len()]>::default() }
    }

    /// A request to a path, which may have had a route, was answered.
    pub fn count(
        &self,
        (path, route): (&str, Option<&str>),
        method: &Method,
        status: u16,
        took: Duration,
    ) {
        let begins = |(_, begin): &(&str, &str)| path.starts_with(begin);
        let dialect = DIALECTS.iter().position(begins).unwrap_or_default();
        let known = route.and_then(|route| self.routes.get_key_value(route));
        let (route, row) =
            known.map_or(("none", &self.elsewhere[dialect]), |(&name, row)| (name, row));
        let at = cell(method.as_str());
        let at = if row.has[at] { at } else { OTHER };
        let (dialect, _) = DIALECTS[dialect];
        let cell = row.cells[at].get_or_init(|| self.metrics.route(dialect, route, METHODS[at]));
        cell.count(status, took);
    }
}
