//! Reset the TOTP key.

use axum::response::Response;
use domain::policy::Act;
use domain::rejection::{Rejection, ValueFault};
use domain::secret::TotpSeed;
use domain::user;
use service::{Command, totp};

use super::call::{Outcome, Refusal, Reply, Target, Zato};
use super::errors::{Call, NOT_ALLOWED};
use super::wire::{self, unacceptable};

/// `PATCH /zato/sso/user/totp`: another key and label; does not switch TOTP on or off.
pub async fn reset(zato: Zato) -> Response {
    zato.respond(try_reset(&zato).await)
}

async fn try_reset(zato: &Zato) -> Outcome {
    zato.require(&["ust", "current_app"])?;
    zato.convertible(&["ust", "user_id", "totp_key", "totp_label"], &[], &[])?;
    let caller = zato.caller(Call::Totp, "ust")?;
    let service = &zato.app.service;
    let refuse = |why: Rejection| zato.refuse(Call::Totp, &why);
    let target = zato.target()?;
    if target.is_some() {
        // A regular user may not name anybody, not even itself.
        service.permits(&caller, Act::AmendAccount, None).map_err(refuse)?;
    }
    let id = match target {
        None => caller.actor.user(),
        Some(Target::Known(user)) => Some(user.id),
        Some(Target::Unknown) => None,
    };
    let id = id.ok_or(Refusal::Code(NOT_ALLOWED))?;
    let text = |name| zato.sent.text(name).map(|text| text.filter(|text| !text.is_empty()));
    let given = text("totp_key")?;
    let seed = match &given {
        None => service.new_totp_seed(),
        Some(key) => TotpSeed(
            totp::decode_key(key)
                .ok_or_else(|| refuse(unacceptable("totp.key", ValueFault::Malformed)))?,
        ),
    };
    let label = text("totp_label")?.map(|label| wire::name(&label)).transpose();
    let label = label.map_err(|fault| refuse(Rejection::text("totp.label", fault)))?;
    // Told once, right after it was made, and only where we made it.
    let told = given.is_none().then(|| totp::encode_key(&seed.0));
    let command = Command::User(id, user::Command::ResetTotpKey { seed, label });
    let result = service.execute(caller, command).await;
    let done = result.map_err(|failure| zato.fail(Call::Totp, failure))?;
    let reply = Reply::ok().at(done.position);
    Ok(match told {
        Some(key) => reply.and("totp_key", key),
        None => reply,
    })
}
