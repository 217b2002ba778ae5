//! Reset a forgotten password, in three steps.

use axum::response::Response;
use service::passwords::Secret;

use super::call::{Outcome, Reply, Zato};
use super::errors::Call;

/// `POST /zato/sso/password/reset`: always `ok`, so that nobody learns who has an account.
pub async fn request(zato: Zato) -> Response {
    zato.respond(try_request(&zato))
}

/// `PATCH /zato/sso/password/reset`
pub async fn open(zato: Zato) -> Response {
    zato.respond(try_open(&zato).await)
}

/// `DELETE /zato/sso/password/reset`
pub async fn carry_out(zato: Zato) -> Response {
    zato.respond(try_carry_out(&zato).await)
}

fn try_request(zato: &Zato) -> Outcome {
    let credential = zato.sent.text("credential")?.unwrap_or_default();
    let (_, caller) = zato.application()?;
    // Done after the answer, so that its time tells nothing either. What waits is bounded: beyond
    // that nothing is begun, and the answer is the same.
    let service = zato.app.service.clone();
    let Ok(room) = std::sync::Arc::clone(&zato.app.resets).try_acquire_owned() else {
        tracing::warn!("resets come faster than they can be begun");
        return Ok(Reply::of_reset());
    };
    tokio::spawn(async move {
        if let Err(failure) = service.request_reset(caller, &credential).await {
            tracing::warn!(%failure, "a reset was not begun");
        }
        drop(room);
    });
    Ok(Reply::of_reset())
}

async fn try_open(zato: &Zato) -> Outcome {
    let token = zato.sent.text("token")?.unwrap_or_default();
    let (_, caller) = zato.application()?;
    let result = zato.app.service.open_reset(caller, &token).await;
    let (key, done) = result.map_err(|failure| zato.fail(Call::Other, failure))?;
    Ok(Reply::of_reset().and("reset_key", key).at(done.position))
}

async fn try_carry_out(zato: &Zato) -> Outcome {
    zato.convertible(&["token", "reset_key", "password"], &[], &[])?;
    let text = |name| zato.sent.text(name).map(Option::unwrap_or_default);
    let (token, key) = (text("token")?, text("reset_key")?);
    let password = Secret::from(text("password")?);
    let (_, caller) = zato.application()?;
    let result = zato.app.service.carry_out_reset(caller, &token, &key, password).await;
    let done = result.map_err(|failure| zato.fail(Call::Other, failure))?;
    Ok(Reply::of_reset().at(done.position))
}
