//! Zato SSO, as applications written for Zato 3.2 speak it. One resource, one file; `wire` has the
//! dialect's own types and conversions, `errors` its codes and masks, `settings` what an
//! operator may choose.

mod accounts;
mod attributes;
mod call;
mod create;
mod describe;
mod errors;
mod linked;
mod login;
mod password;
mod ping;
mod reset;
mod search;
mod sessions;
mod settings;
mod signup;
mod totp;
mod user;
mod wire;

use axum::Router;
use axum::routing::{MethodRouter, get, patch, post};

use crate::App;
use attributes::Of;
use call::Zato;

pub use call::{bad_request, not_found, unavailable};
pub use describe::{GROUPS, SHAPES, meaning_of};
pub use settings::{BasicAuth, Definitions, Inform, Jwt, Settings};

/// The dialect's routes. A GET answers no HEAD: the contract has no such method.
pub fn routes() -> Router<App> {
    of_users()
        .merge(of_sessions_and_attributes())
        .route("/zato/ping", get(ping::ping).post(ping::ping).head(call::unsupported))
        // After all routes: it is for those that are there already.
        .method_not_allowed_fallback(call::unsupported)
}

fn of_users() -> Router<App> {
    Router::new()
        .route("/zato/sso/user/login", post(login::login))
        .route("/zato/sso/user/logout", post(login::logout))
        .route("/zato/sso/user/signup", post(signup::sign_up).patch(signup::confirm))
        .route("/zato/sso/user/signup/confirm", post(signup::confirm).patch(signup::confirm))
        .route(
            "/zato/sso/user",
            get(user::read)
                .post(create::create)
                .patch(user::update)
                .delete(user::delete)
                .head(call::unsupported),
        )
        .route(
            "/zato/sso/user/search",
            get(search::search).post(search::search).head(call::unsupported),
        )
        .route("/zato/sso/user/approve", post(accounts::approve))
        .route("/zato/sso/user/reject", post(accounts::reject))
        .route("/zato/sso/user/password", patch(password::change))
        .route("/zato/sso/user/totp", patch(totp::reset))
        .route("/zato/sso/user/lock", post(accounts::lock).delete(accounts::unlock))
        .route(
            "/zato/sso/user/linked",
            get(linked::list).post(linked::create).delete(linked::delete).head(call::unsupported),
        )
        .route(
            "/zato/sso/password/reset",
            post(reset::request).patch(reset::open).delete(reset::carry_out),
        )
}

fn of_sessions_and_attributes() -> Router<App> {
    Router::new()
        .route(
            "/zato/sso/user/session",
            get(sessions::read)
                .post(sessions::verify)
                .patch(sessions::renew)
                .head(call::unsupported),
        )
        .route("/zato/sso/user/session/list", get(sessions::list).head(call::unsupported))
        .route("/zato/sso/user/attr", attributes_of(Of::User))
        .route("/zato/sso/user/attr/exists", attributes_exist(Of::User))
        .route("/zato/sso/user/attr/names", attribute_names(Of::User))
        .route("/zato/sso/session/attr", attributes_of(Of::Session))
        .route("/zato/sso/session/attr/exists", attributes_exist(Of::Session))
        .route("/zato/sso/session/attr/names", attribute_names(Of::Session))
}

// The same seven operations for attributes of users and of sessions.

fn attributes_of(of: Of) -> MethodRouter<App> {
    get(move |zato: Zato| attributes::read(zato, of))
        .post(move |zato: Zato| attributes::create(zato, of))
        .patch(move |zato: Zato| attributes::update(zato, of))
        .put(move |zato: Zato| attributes::put(zato, of))
        .delete(move |zato: Zato| attributes::remove(zato, of))
        .head(call::unsupported)
}

fn attributes_exist(of: Of) -> MethodRouter<App> {
    get(async move |zato: Zato| attributes::exist(&zato, of)).head(call::unsupported)
}

fn attribute_names(of: Of) -> MethodRouter<App> {
    get(async move |zato: Zato| attributes::names(&zato, of)).head(call::unsupported)
}
