//! A resource that security definitions protect: whoever shows right credentials gets an answer, and
//! whoever is linked to the definition a session with it (contract, section 6.12).

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::actor::Dialect;
use domain::secret::TokenHash;
use domain::session::Through;
use domain::text::Name;
use domain::user::state::{LinkKey, LinkKind};
use serde_json::json;
use service::linked::Access;
use service::passwords::Secret;
use service::{Caller, Failure, jwt, tokens};

use super::call::{Outcome, Refusal, Reply, Zato};
use super::errors::Call;
use super::settings::Definitions;
use crate::request::at_position;

/// The header in which the session's token goes back.
const UST: HeaderName = HeaderName::from_static("x-zato-sso-ust");

/// Credentials as a request shows them.
enum Shown {
    /// RFC 7617.
    Basic { username: String, password: Secret },
    /// RFC 6750.
    Bearer(String),
}

/// `GET` and `POST /zato/ping`
pub async fn ping(headers: HeaderMap, zato: Zato) -> Response {
    let Some(shown) = shown(&headers) else { return challenge(&zato) };
    let (mut caller, may_sign_in) = caller(&zato, &headers);
    let through = match proven(&zato, &mut caller, &shown).await {
        Ok(Some(through)) => through,
        Ok(None) => return challenge(&zato),
        Err(failure) => return zato.respond(Err(zato.fail(Call::Login, failure))),
    };
    let access = zato.app.service.access_linked(caller, through, may_sign_in).await;
    let pong =
        |outcome: Outcome| zato.respond(outcome.map(|reply| reply.and("pong", json!("zato"))));
    match access {
        Ok(Access::NotLinked) => pong(Ok(Reply::ok())),
        Ok(Access::Session { token, done }) => {
            let mut response = at_position(pong(Ok(Reply::ok())), Some(done.position));
            if let Ok(value) = HeaderValue::from_str(&token) {
                response.headers_mut().insert(UST, value);
            }
            response
        }
        Ok(Access::Forbidden) => pong(Err(Refusal::Forbidden)),
        Ok(Access::TooOften) => pong(Err(Refusal::TooMany)),
        Err(failure) => pong(Err(zato.fail(Call::Login, failure))),
    }
}

/// Who asks, as nobody yet, and whether its application may sign users in.
fn caller(zato: &Zato, headers: &HeaderMap) -> (Caller, bool) {
    let settings = &zato.app.settings.zato;
    let named = headers.get(settings.app_header.as_str()).and_then(|value| value.to_str().ok());
    let name = named.unwrap_or(&settings.app_default);
    let known = settings.apps_all.iter().any(|app| app == name);
    let application = known.then(|| Name::parse(name).ok()).flatten();
    let may_sign_in = known && settings.login_allowed.iter().any(|app| app == name);
    (Caller::anonymous(Dialect::Zato, application, zato.origin.clone()), may_sign_in)
}

/// The definition whose credentials these are; `None` if they are nobody's.
async fn proven(
    zato: &Zato,
    caller: &mut Caller,
    shown: &Shown,
) -> Result<Option<Through>, Failure> {
    let (service, definitions) = (&zato.app.service, &zato.app.settings.zato.definitions);
    let (kind, name, bearer) = match shown {
        Shown::Basic { username, .. } => (LinkKind::BasicAuth, username.clone(), None),
        Shown::Bearer(token) => {
            let hash = TokenHash(tokens::hash_of(token));
            let issued = issued_for(zato, definitions, token).unwrap_or_default();
            (LinkKind::Jwt, issued, Some(hash))
        }
    };
    let is_right = || match shown {
        Shown::Basic { username, password } => is_password_right(definitions, username, password),
        Shown::Bearer(_) => !name.is_empty(),
    };
    match service.check_definition(caller, kind, &name, is_right).await {
        Ok(()) => {}
        Err(Failure::Rejected(_)) => return Ok(None),
        Err(failure) => return Err(failure),
    }
    let Ok(definition) = Name::parse(&name) else { return Ok(None) };
    Ok(Some(Through { link: LinkKey { kind, definition }, bearer }))
}

/// A definition that does not exist takes as long as one that does.
fn is_password_right(definitions: &Definitions, username: &str, password: &Secret) -> bool {
    let nobody = Secret::from(String::new());
    let known = definitions.basic_auth.iter().find(|known| known.username == username);
    let expected = known.map_or(&nobody, |known| &known.password);
    expected.is_same(password) && known.is_some()
}

/// The definition that issued a token.
fn issued_for(zato: &Zato, definitions: &Definitions, token: &str) -> Option<String> {
    let now = zato.app.service.store().clock().now().unix_secs();
    let mut known = definitions.jwt.iter();
    let issuer = known.find(|known| jwt::is_good(token, &known.secret, &known.username, now));
    issuer.map(|known| known.username.clone())
}

fn shown(headers: &HeaderMap) -> Option<Shown> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = text.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Shown::Bearer(rest.trim().to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (username, password) = text.split_once(':')?;
    let (username, password) = (username.to_owned(), Secret::from(password.to_owned()));
    Some(Shown::Basic { username, password })
}

/// Credentials are wrong or missing; which, is not told.
fn challenge(zato: &Zato) -> Response {
    let mut response = zato.respond(Err(Refusal::Unauthorized));
    for scheme in ["Basic realm=\"muster\", charset=\"UTF-8\"", "Bearer"] {
        let value = HeaderValue::from_static(scheme);
        response.headers_mut().append(header::WWW_AUTHENTICATE, value);
    }
    debug_assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    response
}
