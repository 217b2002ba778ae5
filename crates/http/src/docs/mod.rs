//! The page that shows the description to people, and tries it: three files, and nothing from elsewhere.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};

/// Everything the page loads and asks comes from where it came from; nothing may frame it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `GET /docs`
pub async fn page() -> Response {
    file("text/html; charset=utf-8", include_str!("page.html"))
}

/// `GET /docs/{file}`
pub async fn part(name: Result<Path<String>, PathRejection>) -> Response {
    match name.as_ref().map_or("", |Path(name)| name.as_str()) {
        "page.css" => file("text/css; charset=utf-8", include_str!("page.css")),
        "page.js" => file("text/javascript; charset=utf-8", include_str!("page.js")),
        _ => crate::v1::not_found(),
    }
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}
