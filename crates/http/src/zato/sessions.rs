//! Verify a session.

use axum::response::Response;
use domain::policy::Act;
use domain::rejection::Rejection;

use super::call::{Outcome, Reply, Zato};
use super::errors::Call;

/// `POST /zato/sso/user/session`
pub async fn verify(zato: Zato) -> Response {
    zato.respond(try_verify(&zato))
}

fn try_verify(zato: &Zato) -> Outcome {
    zato.require(&["current_app"])?;
    let target = zato.sent.text("target_ust")?;
    let caller = zato.caller(Call::Other, "current_ust")?;
    let service = &zato.app.service;
    service
        .permits(&caller, Act::ReadAccounts, None)
        .map_err(|why| zato.refuse(Call::Other, &why))?;
    if !zato.sent.has("target_ust") {
        return Err(zato.refuse(Call::Other, &Rejection::NoSuchSession));
    }
    let is_valid = service.is_session_valid(&target.unwrap_or_default());
    Ok(Reply::ok().and("is_valid", is_valid))
}
