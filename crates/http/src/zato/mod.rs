//! Zato SSO, as applications written for Zato 3.2 speak it. One resource, one file; `wire` has the
//! dialect's own types and conversions, `errors` its codes and masks, `settings` what an
//! operator may choose.

mod accounts;
mod attributes;
mod call;
mod create;
mod errors;
mod linked;
mod login;
mod password;
mod reset;
mod search;
mod sessions;
mod settings;
mod signup;
mod totp;
mod user;
mod wire;

use axum::Router;
use axum::routing::{get, patch, post};

use crate::App;

pub use call::not_found;
pub use settings::{BasicAuth, Definitions, Inform, Settings};

/// The dialect's routes. A GET answers no HEAD: the contract has no such method.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/zato/sso/user/login", post(login::login).fallback(call::unsupported))
        .route("/zato/sso/user/logout", post(login::logout).fallback(call::unsupported))
        .route(
            "/zato/sso/user/signup",
            post(signup::sign_up).patch(signup::confirm).fallback(call::unsupported),
        )
        .route(
            "/zato/sso/user/signup/confirm",
            post(signup::confirm).patch(signup::confirm).fallback(call::unsupported),
        )
        .route(
            "/zato/sso/user",
            get(user::read)
                .post(create::create)
                .patch(user::update)
                .delete(user::delete)
                .head(call::unsupported)
                .fallback(call::unsupported),
        )
        .route(
            "/zato/sso/user/search",
            get(search::search)
                .post(search::search)
                .head(call::unsupported)
                .fallback(call::unsupported),
        )
        .route("/zato/sso/user/approve", post(accounts::approve).fallback(call::unsupported))
        .route("/zato/sso/user/reject", post(accounts::reject).fallback(call::unsupported))
        .route("/zato/sso/user/password", patch(password::change).fallback(call::unsupported))
        .route("/zato/sso/user/totp", patch(totp::reset).fallback(call::unsupported))
        .route(
            "/zato/sso/user/lock",
            post(accounts::lock).delete(accounts::unlock).fallback(call::unsupported),
        )
        .route(
            "/zato/sso/user/linked",
            get(linked::list)
                .post(linked::create)
                .delete(linked::delete)
                .head(call::unsupported)
                .fallback(call::unsupported),
        )
        .route(
            "/zato/sso/password/reset",
            post(reset::request)
                .patch(reset::open)
                .delete(reset::carry_out)
                .fallback(call::unsupported),
        )
        .route("/zato/sso/user/session", post(sessions::verify).fallback(call::unsupported))
        .route(
            "/zato/sso/user/attr",
            get(attributes::read)
                .put(attributes::put)
                .head(call::unsupported)
                .fallback(call::unsupported),
        )
}
