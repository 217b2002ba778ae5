//! Approve, reject, lock and unlock: what super-users do to accounts.

use axum::response::Response;
use domain::policy::Act;
use domain::rejection::ValueFault;
use domain::user;
use domain::user::command::Repeat;
use service::Command;

use super::call::{Outcome, Reply, Target, Zato};
use super::errors::Call;
use super::wire::unacceptable;

/// `POST /zato/sso/user/approve`
pub async fn approve(zato: Zato) -> Response {
    zato.respond(decide(&zato, user::Command::Approve(Repeat::Write)).await)
}

/// `POST /zato/sso/user/reject`
pub async fn reject(zato: Zato) -> Response {
    zato.respond(decide(&zato, user::Command::Reject(Repeat::Write)).await)
}

/// `POST /zato/sso/user/lock`
pub async fn lock(zato: Zato) -> Response {
    zato.respond(change(&zato, Call::Other, Act::Lock, user::Command::Lock(Repeat::Write)).await)
}

/// `DELETE /zato/sso/user/lock`
pub async fn unlock(zato: Zato) -> Response {
    zato.respond(change(&zato, Call::Other, Act::Lock, user::Command::Unlock(Repeat::Write)).await)
}

async fn decide(zato: &Zato, command: user::Command) -> Outcome {
    zato.require(&["ust", "user_id", "current_app"])?;
    zato.convertible(&["ust", "user_id"], &[], &[])?;
    zato.application()?;
    // An empty id is refused before the session is looked at.
    if zato.target()?.is_none() {
        let why = unacceptable("user_id", ValueFault::Empty);
        return Err(zato.refuse(Call::Approve, &why));
    }
    change(zato, Call::Approve, Act::DecideApproval, command).await
}

async fn change(zato: &Zato, call: Call, act: Act, command: user::Command) -> Outcome {
    zato.require(&["ust", "user_id", "current_app"])?;
    zato.convertible(&["ust", "user_id"], &[], &[])?;
    let caller = zato.caller(call, "ust")?;
    let service = &zato.app.service;
    // Nothing is told about the other user before the caller was found to be allowed.
    service.permits(&caller, act, None).map_err(|why| zato.refuse(call, &why))?;
    let Some(Target::Known(target)) = zato.target()? else { return Ok(Reply::ok()) };
    let result = service.execute(caller, Command::User(target.id, command)).await;
    let done = result.map_err(|failure| zato.fail(call, failure))?;
    Ok(Reply::ok().at(done.position))
}
