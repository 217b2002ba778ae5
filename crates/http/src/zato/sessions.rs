//! Verify, renew, get and list sessions. What the token of a session is, no answer says.

use axum::response::Response;
use domain::actor::Origin;
use domain::rejection::{Rejection, ValueFault};
use domain::session;
use serde_json::{Map, Value, json};
use service::sessions::{ToldChange, ToldSession};
use service::{Command, Proof};

use super::call::{Outcome, Reply, Zato};
use super::errors::Call;
use super::wire::{date, unacceptable};

/// `POST /zato/sso/user/session`
pub async fn verify(zato: Zato) -> Response {
    zato.respond(try_verify(&zato))
}

/// `PATCH /zato/sso/user/session`
pub async fn renew(zato: Zato) -> Response {
    zato.respond(try_renew(&zato).await)
}

/// `GET /zato/sso/user/session`
pub async fn read(zato: Zato) -> Response {
    zato.respond(try_read(&zato).await)
}

/// `GET /zato/sso/user/session/list`
pub async fn list(zato: Zato) -> Response {
    zato.respond(try_list(&zato).await)
}

fn try_verify(zato: &Zato) -> Outcome {
    zato.require(&["current_app"])?;
    let target = zato.sent.text_sent("target_ust")?;
    let token = zato.sent.text_sent("current_ust")?.unwrap_or_default();
    let application = zato.application_name()?;
    // A target that is null is a session like any that does not exist; one that is absent is an error.
    let target = zato.sent.has("target_ust").then(|| target.unwrap_or_default());
    let (service, address) = (&zato.app.service, zato.origin.address.as_deref());
    let caller = || zato.through(&application);
    let is_valid = service.verify_session(&token, target.as_deref(), address, caller);
    let is_valid = is_valid.map_err(|why| zato.refuse(Call::Other, &why))?;
    Ok(Reply::ok().and("is_valid", is_valid))
}

async fn try_renew(zato: &Zato) -> Outcome {
    zato.require(&["current_app"])?;
    let caller = zato.caller_by_either(Call::Other)?;
    let service = &zato.app.service;
    let Proof::Session(id) = caller.proof else {
        return Err(zato.refuse(Call::Other, &Rejection::NoSuchSession));
    };
    let expires = service.store().clock().now().after(service.settings().session_lasts);
    let command = Command::Session(id, session::Command::Renew { expires });
    let result = service.execute(caller, command).await;
    let done = result.map_err(|failure| zato.fail(Call::Other, failure))?;
    Ok(Reply::ok().and("expiration_time", date(expires)).at(done.position))
}

async fn try_read(zato: &Zato) -> Outcome {
    zato.require(&["current_app"])?;
    let target = zato.sent.text("target_ust")?.unwrap_or_default();
    let caller = zato.caller(Call::Other, "current_ust")?;
    let found = zato.app.service.read_session(&caller, &target).await;
    let found = found.map_err(|failure| zato.fail(Call::Other, failure))?;
    Ok(Reply::with(render(&found)))
}

async fn try_list(zato: &Zato) -> Outcome {
    zato.require(&["current_app"])?;
    zato.convertible(&["ust", "current_ust", "target_ust"], &[], &[])?;
    zato.application()?;
    let sent = ["ust", "current_ust", "target_ust"].map(|name| zato.sent.value(name).is_some());
    let service = &zato.app.service;
    let sessions = match sent {
        [true, false, false] => {
            let caller = zato.caller(Call::Other, "ust")?;
            service.own_sessions(&caller).await
        }
        [false, true, true] => {
            let target = zato.sent.text("target_ust")?.unwrap_or_default();
            let caller = zato.caller(Call::Other, "current_ust")?;
            service.sessions_beside(&caller, &target).await
        }
        _ => {
            let why = unacceptable("ust", ValueFault::Malformed);
            return Err(zato.refuse(Call::Other, &why));
        }
    };
    let sessions = sessions.map_err(|failure| zato.fail(Call::Other, failure))?;
    let result: Vec<Value> = sessions.iter().map(element).collect();
    Ok(Reply::ok().and("result", result))
}

/// A session as it is got.
fn render(told: &ToldSession) -> Map<String, Value> {
    let session = &told.session;
    let mut out = Map::new();
    out.insert("creation_time".to_owned(), json!(date(session.started)));
    out.insert("expiration_time".to_owned(), json!(date(session.expires)));
    // Whence it was opened is told as one text, even if it is several addresses.
    if let Some(address) = told.origin.as_ref().and_then(|origin| origin.address.as_ref()) {
        out.insert("remote_addr".to_owned(), json!(address));
    }
    put_agent(&mut out, told.origin.as_ref());
    out
}

/// A session as it is listed.
fn element(told: &ToldSession) -> Value {
    let mut out = render(told);
    let kind = told.session.link.as_ref().map_or("default", |through| through.link.kind.name());
    out.insert("auth_type".to_owned(), json!(kind));
    if let Some(principal) = &told.session.principal {
        out.insert("auth_principal".to_owned(), json!(principal.as_str()));
    }
    let changes: Vec<Value> = told.changes.iter().map(change).collect();
    out.insert("session_state_change_list".to_owned(), json!(changes));
    Value::Object(out)
}

fn change(told: &ToldChange) -> Value {
    let mut out = Map::new();
    if let Some(address) = told.origin.as_ref().and_then(|origin| origin.address.as_ref()) {
        out.insert("remote_addr".to_owned(), one_or_several(address));
    }
    put_agent(&mut out, told.origin.as_ref());
    out.insert("timestamp_utc".to_owned(), json!(date(told.at)));
    let source = if told.change.renewed { "renew" } else { "login" };
    out.insert("ctx_source".to_owned(), json!(source));
    out.insert("idx".to_owned(), json!(told.change.number));
    Value::Object(out)
}

fn put_agent(out: &mut Map<String, Value>, origin: Option<&Origin>) {
    if let Some(agent) = origin.and_then(|origin| origin.agent.as_ref()) {
        out.insert("user_agent".to_owned(), json!(agent));
    }
}

/// An address as text, several as a list.
fn one_or_several(address: &str) -> Value {
    let parts: Vec<&str> = address.split(", ").collect();
    if let [one] = parts[..] { json!(one) } else { json!(parts) }
}

#[cfg(test)]
mod tests {
    use domain::id::Position;
    use domain::session::SessionChange;
    use domain::time::Timestamp;

    use super::*;

    #[test]
    fn several_addresses_of_a_change_are_a_list_and_one_is_a_text() {
        let told = |address: Option<&str>| ToldChange {
            change: SessionChange { position: Position(1), number: 7, renewed: true },
            at: Timestamp(0),
            origin: address.map(|address| Origin {
                address: Some(address.into()),
                agent: Some("".into()),
                ..Origin::default()
            }),
        };
        let several = change(&told(Some("10.0.0.1, 2001:db8::1")));
        assert_eq!(several["remote_addr"], json!(["10.0.0.1", "2001:db8::1"]));
        assert_eq!(change(&told(Some("10.0.0.1")))["remote_addr"], json!("10.0.0.1"));
        assert_eq!(several["user_agent"], json!(""));
        assert_eq!(several["timestamp_utc"], json!("1970-01-01T00:00:00"));
        // What can be told no more is left out.
        let erased = change(&told(None));
        assert_eq!(erased.get("remote_addr"), None);
        assert_eq!(erased.get("user_agent"), None);
        assert_eq!((&erased["ctx_source"], &erased["idx"]), (&json!("renew"), &json!(7)));
    }
}
