//! Sign up, and confirm it.

use axum::response::Response;
use domain::rejection::Rejection;
use domain::text::Name;
use service::passwords::Secret;
use service::sign_up::Application;

use super::call::{Outcome, Refusal, Reply, Zato};
use super::errors::{APP_INVALID, Call, NOT_ALLOWED};
use super::wire::text;

/// `POST /zato/sso/user/signup`
pub async fn sign_up(zato: Zato) -> Response {
    zato.respond(try_sign_up(&zato).await)
}

/// `PATCH /zato/sso/user/signup`, and its aliases under `/confirm`
pub async fn confirm(zato: Zato) -> Response {
    zato.respond(try_confirm(&zato).await)
}

async fn try_sign_up(zato: &Zato) -> Outcome {
    let username = zato.sent.text("username")?.unwrap_or_default();
    let password = zato.sent.text("password")?.unwrap_or_default();
    let email = zato.sent.text("email")?;
    let mut wanted = Vec::new();
    for item in zato.sent.list("app_list").unwrap_or_default() {
        wanted.push(text(&item)?);
    }
    let (name, caller) = zato.application()?;
    let settings = &zato.app.settings.zato;
    if !settings.signup_allowed.contains(&name) {
        return Err(zato.refuse(Call::SignUp, &Rejection::ApplicationNotAllowed));
    }
    let known = |name: &String| settings.apps_all.contains(name);
    if !wanted.iter().all(known) {
        let shown = settings.inform.app_invalid;
        return Err(Refusal::Code(if shown { APP_INVALID } else { NOT_ALLOWED }));
    }
    wanted.sort_unstable();
    wanted.dedup();
    let applications = wanted.iter().filter_map(|name| Name::parse(name).ok()).collect();
    let asked = Application { username, password: Secret::from(password), email, applications };
    let result = zato.app.service.sign_up(caller, asked).await;
    let signed_up = result.map_err(|failure| zato.fail(Call::SignUp, failure))?;
    let reply = Reply::ok().at(signed_up.done.position);
    if settings.always_return_confirm_token {
        return Ok(reply.and("confirm_token", signed_up.confirm_token));
    }
    Ok(reply)
}

async fn try_confirm(zato: &Zato) -> Outcome {
    zato.require(&["confirm_token"])?;
    let token = zato.sent.text("confirm_token")?.unwrap_or_default();
    let (_, caller) = zato.application()?;
    let result = zato.app.service.confirm_sign_up(caller, &token).await;
    let done = result.map_err(|failure| zato.fail(Call::Confirm, failure))?;
    Ok(Reply::ok().at(done.position))
}
