//! Linked accounts: security definitions of the server that sign a user in.

use axum::response::Response;
use domain::policy::Act;
use domain::text::Name;
use domain::user::state::{LinkKey, LinkKind};
use domain::user::{self, access};
use serde_json::{Value, json};
use service::{Caller, Command};

use super::call::{Outcome, Refusal, Reply, Target, Zato};
use super::errors::{Call, NOT_ALLOWED};
use super::wire::date;

/// `POST /zato/sso/user/linked`
pub async fn create(zato: Zato) -> Response {
    zato.respond(try_create(&zato).await)
}

/// `GET /zato/sso/user/linked`
pub async fn list(zato: Zato) -> Response {
    zato.respond(try_list(&zato))
}

/// `DELETE /zato/sso/user/linked`
pub async fn delete(zato: Zato) -> Response {
    zato.respond(try_delete(&zato).await)
}

async fn try_create(zato: &Zato) -> Outcome {
    let (caller, user, link) = asked(zato)?;
    let active = zato.sent.flag("is_active")?.unwrap_or_default();
    let command = access::Command::Link { link, active };
    change(zato, caller, user, command).await
}

async fn try_delete(zato: &Zato) -> Outcome {
    let (caller, user, link) = asked(zato)?;
    change(zato, caller, user, access::Command::Unlink(link)).await
}

fn try_list(zato: &Zato) -> Outcome {
    zato.require(&["current_app"])?;
    zato.convertible(&["ust", "current_ust", "user_id"], &[], &[])?;
    require_session(zato)?;
    let caller = zato.caller_by_either(Call::Link)?;
    let service = &zato.app.service;
    let user = match zato.target()? {
        None => caller.actor.user().and_then(|id| zato.person(id)),
        // A regular user may not name anybody, not even itself.
        Some(_) if service.permits(&caller, Act::ManageLinks, None).is_err() => {
            return Err(Refusal::Code(NOT_ALLOWED));
        }
        Some(Target::Known(user)) => Some(user),
        Some(Target::Unknown) => None,
    };
    let links = user.iter().flat_map(|user| user.links.iter());
    let links: Vec<Value> = links
        .map(|(key, link)| {
            json!({
                "auth_type": key.kind.name(),
                "auth_username": key.definition.as_str(),
                "creation_time": date(link.added),
                "is_active": link.active,
            })
        })
        .collect();
    Ok(Reply::ok().and("result", links))
}

/// Who asks, and for which link of whom. The caller is looked at before anything is told about
/// definitions, so that their names cannot be probed.
fn asked(zato: &Zato) -> Result<(Caller, domain::id::UserId, LinkKey), Refusal> {
    zato.require(&["user_id", "auth_type", "auth_username", "current_app"])?;
    zato.convertible(
        &["ust", "current_ust", "user_id", "auth_type", "auth_username"],
        &["is_active"],
        &[],
    )?;
    require_session(zato)?;
    let caller = zato.caller_by_either(Call::Link)?;
    let permitted = zato.app.service.permits(&caller, Act::ManageLinks, None);
    permitted.map_err(|why| zato.refuse(Call::Link, &why))?;
    let text = |name| zato.sent.text(name).map(Option::unwrap_or_default);
    let kinds = [LinkKind::BasicAuth, LinkKind::Jwt];
    let kind = text("auth_type")?;
    let kind = kinds.into_iter().find(|known| known.name() == kind).ok_or(Refusal::BadRequest)?;
    let name = text("auth_username")?;
    if !zato.app.settings.zato.definitions.is_known(kind, &name) {
        return Err(Refusal::BadRequest);
    }
    let definition = Name::parse(&name).map_err(|_| Refusal::BadRequest)?;
    let Some(Target::Known(user)) = zato.target()? else { return Err(Refusal::BadRequest) };
    Ok((caller, user.id, LinkKey { kind, definition }))
}

/// `ust`, or `current_ust` in its place, must be sent.
fn require_session(zato: &Zato) -> Result<(), Refusal> {
    if zato.sent.has("current_ust") { Ok(()) } else { zato.require(&["ust"]) }
}

async fn change(
    zato: &Zato,
    caller: Caller,
    user: domain::id::UserId,
    command: access::Command,
) -> Outcome {
    let result =
        zato.app.service.execute(caller, Command::User(user, user::Command::Access(command))).await;
    let done = result.map_err(|failure| zato.fail(Call::Link, failure))?;
    Ok(Reply::ok().at(done.position))
}
