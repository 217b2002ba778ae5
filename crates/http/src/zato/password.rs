//! Change a password.

use axum::response::Response;
use domain::policy::Act;
use domain::rejection::{Denial, Rejection};
use domain::time::Span;
use service::accounts::PasswordChange;
use service::passwords::Secret;

use super::call::{Outcome, Refusal, Reply, Target, Zato};
use super::errors::{Call, NOT_ALLOWED};

/// `PATCH /zato/sso/user/password`
pub async fn change(zato: Zato) -> Response {
    zato.respond(try_change(&zato).await)
}

async fn try_change(zato: &Zato) -> Outcome {
    zato.require(&["ust", "new_password", "current_app"])?;
    zato.convertible(
        &["ust", "new_password", "old_password", "user_id"],
        &["must_change"],
        &["password_expiry"],
    )?;
    let caller = zato.caller(Call::Password, "ust")?;
    let service = &zato.app.service;
    let administrative = service.might(&caller, Act::SetPassword);
    let own = caller.actor.user().ok_or(Refusal::Code(NOT_ALLOWED))?;
    let target = match zato.target()? {
        None => Some(own),
        Some(Target::Known(user)) => Some(user.id),
        Some(Target::Unknown) => None,
    };
    // The own id is anybody's to send; any other takes a super-user.
    if target != Some(own) {
        let permitted = service.permits(&caller, Act::SetPassword, None);
        let not_self = |_| zato.refuse(Call::Password, &Rejection::Denied(Denial::NotSelf));
        permitted.map_err(not_self)?;
    }
    let new = Secret::from(zato.sent.text("new_password")?.unwrap_or_default());
    let Some(user) = target else {
        service.check_password(&new).map_err(|why| zato.refuse(Call::Password, &why))?;
        return Ok(Reply::ok());
    };
    let days = zato.sent.integer("password_expiry")?.filter(|days| administrative && *days > 0);
    let change = PasswordChange {
        user,
        old: zato.sent.text("old_password")?.map(Secret::from),
        new,
        drawn: false,
        lasts: days.map(Span::days),
        must_change: zato.sent.flag("must_change")?.filter(|_| administrative),
    };
    let result = service.change_password(&caller, &change).await;
    let done = result.map_err(|failure| zato.fail(Call::Password, failure))?;
    Ok(Reply::ok().at(done.position))
}
