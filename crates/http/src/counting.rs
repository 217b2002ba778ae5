//! Requests, counted by route: a table that is made once, so that a request takes no lock to find its row.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use axum::http::Method;
use service::metrics::{Metrics, RouteMetrics};

use crate::openapi;

/// The methods that are told apart.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "other"];

/// A row of the table: one cell a method, filled at its first request.
type Row = [OnceLock<RouteMetrics>; METHODS.len()];

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
        let paths = openapi::operations().map(|operation| operation.path);
        let routes = paths.map(|path| (path, Row::default())).collect();
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
        let name = method.as_str();
        let method = METHODS.iter().position(|known| *known == name).unwrap_or(METHODS.len() - 1);
        let (dialect, _) = DIALECTS[dialect];
        let cell = row[method].get_or_init(|| self.metrics.route(dialect, route, METHODS[method]));
        cell.count(status, took);
    }
}
