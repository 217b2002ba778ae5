//! Log in and log out.

use axum::response::Response;
use domain::rejection::Rejection;
use domain::session;
use domain::sign_in::ApplicationGates;
use service::passwords::Secret;
use service::sign_in::Credentials;
use service::{Command, Failure, Proof};

use super::call::{Outcome, Refusal, Reply, Zato};
use super::errors::{Call, EXPIRES_SOON};

/// `POST /zato/sso/user/login`
pub async fn login(zato: Zato) -> Response {
    zato.respond(try_login(&zato).await)
}

/// `POST /zato/sso/user/logout`: always `ok`, so that tokens cannot be probed.
pub async fn logout(zato: Zato) -> Response {
    zato.respond(try_logout(&zato).await)
}

async fn try_login(zato: &Zato) -> Outcome {
    zato.require(&["username", "password", "current_app"])?;
    let username = zato.sent.text("username")?.unwrap_or_default();
    let password = zato.sent.text("password")?.unwrap_or_default();
    let totp_code = zato.sent.text("totp_code")?.filter(|code| !code.is_empty());
    let new_password = zato.sent.text("new_password")?;
    let (address, agent) = (zato.sent.text("remote_addr")?, zato.sent.text("user_agent")?);
    let (name, mut caller) = zato.application()?;

    let settings = &zato.app.settings.zato;
    let sends_metadata = address.is_some() || agent.is_some();
    let may_send_metadata = settings.login_metadata_allowed.contains(&name);
    let mut whence = caller.origin.address.as_deref().map(str::to_owned);
    if may_send_metadata {
        if let Some(address) = address {
            let parts: Vec<_> = address.split(',').map(str::trim).collect();
            let addresses = parts.join(", ");
            caller.origin.address = Some(crate::request::cut(&addresses));
            whence = Some(addresses);
        }
        if let Some(agent) = agent {
            caller.origin.agent = Some(crate::request::cut(&agent));
        }
    }
    let rules = &zato.app.service.settings().addresses;
    let address_allowed = rules.allow(Some(&username), whence.as_deref());
    let credentials = Credentials {
        username,
        password: Secret::from(password),
        totp_code: totp_code.map(Secret::from),
        new_password: new_password.map(Secret::from),
        application: ApplicationGates {
            may_sign_in: settings.login_allowed.contains(&name),
            address_allowed,
            metadata_in_order: !sends_metadata || may_send_metadata,
        },
    };
    let result = zato.app.service.sign_in(&caller, &credentials).await;
    let opened = result.map_err(|failure| zato.fail(Call::Login, failure))?;
    let reply = Reply::ok().and("ust", opened.token).at(opened.position);
    if opened.expires_soon && settings.inform.about_to_expire {
        return Ok(reply.warn(EXPIRES_SOON));
    }
    Ok(reply)
}

async fn try_logout(zato: &Zato) -> Outcome {
    zato.require(&["ust", "current_app"])?;
    let token = zato.sent.text("ust")?.unwrap_or_default();
    let (_, template) = zato.application()?;
    let service = &zato.app.service;
    let Ok(caller) = service.session_holder(&token, template) else { return Ok(Reply::ok()) };
    let Proof::Session(id) = caller.proof else { return Ok(Reply::ok()) };
    match service.execute(caller, Command::Session(id, session::Command::SignOut)).await {
        Ok(done) => Ok(Reply::ok().at(done.position)),
        Err(Failure::Rejected(Rejection::NoSuchSession)) => Ok(Reply::ok()),
        Err(failure) => match zato.fail(Call::Other, failure) {
            Refusal::Code(_) => Ok(Reply::ok()),
            other => Err(other),
        },
    }
}
