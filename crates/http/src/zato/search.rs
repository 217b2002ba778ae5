//! Search users: a scan of all of them, sorted as the contract says, one page of it.

use std::sync::Arc;

use axum::response::Response;
use domain::policy::Act;
use domain::rejection::ValueFault;
use domain::text::{Name, fold};
use domain::user::User;
use domain::user::describe::{approval_name, sign_up_name};
use domain::user::state::Kind;
use serde_json::Value;

use super::call::{Outcome, Refusal, Reply, Zato};
use super::errors::Call;
use super::wire::{self, parse_user_id, unacceptable};

/// Fewest characters of a name criterion.
const NAME_CHARS_MIN: usize = 2;
/// What else is a text.
const CRITERIA: [&str; 7] =
    ["ust", "user_id", "username", "email", "sign_up_status", "approval_status", "name_op"];
/// The name criteria, and where a user has their values.
const NAMES: [&str; 4] = ["display_name", "first_name", "middle_name", "last_name"];

/// `GET` and `POST /zato/sso/user/search`
pub async fn search(zato: Zato) -> Response {
    zato.respond(try_search(&zato).await)
}

async fn try_search(zato: &Zato) -> Outcome {
    zato.require(&["ust", "current_app"])?;
    zato.convertible(&CRITERIA, &["is_name_exact"], &[])?;
    zato.convertible(&NAMES, &[], &[])?;
    let (page, size, all) = paging(zato)?;
    let caller = zato.caller(Call::Search, "ust")?;
    let service = &zato.app.service;
    let permitted = service.permits(&caller, Act::ReadAccounts, None);
    permitted.map_err(|why| zato.refuse(Call::Search, &why))?;
    let criteria = Criteria::take(zato)?;
    let refuse = |why| zato.refuse(Call::Search, &why);
    // Whoever is named by id or user name is looked up; anybody else is looked for among all.
    let found = if let Some(id) = &criteria.user_id {
        parse_user_id(id).and_then(|id| zato.person(id)).into_iter().collect()
    } else if let Some(name) = &criteria.username {
        let named = service.read_named(&caller, name).map_err(refuse)?;
        named.into_iter().filter(|user| user.kind == Kind::Human).collect()
    } else {
        let arrange = move |mut users: Vec<Arc<User>>| {
            users.retain(|user| user.kind == Kind::Human && criteria.keep(user));
            sorted(users)
        };
        let found = service.read_users(&caller, arrange).await;
        found.map_err(|failure| zato.fail(Call::Search, failure))?
    };
    let total = found.len();
    let (page, size) = if all { (1, total) } else { (page, size) };
    let start = (page - 1).saturating_mul(size).min(total);
    let shown = &found[start..start.saturating_add(size).min(total)];
    let operators = service.locking_operators(&caller, shown).await;
    let operators = operators.map_err(|failure| zato.fail(Call::Search, failure))?;
    let shown =
        shown.iter().map(|user| wire::found(user, operators.get(&user.id).map(AsRef::as_ref)));
    Ok(render(shown.collect(), total, page, size))
}

fn render(shown: Vec<Value>, total: usize, page: usize, size: usize) -> Reply {
    let pages = if total == 0 { 0 } else { total.div_ceil(size.max(1)) };
    let mut reply = Reply::ok()
        .and("result", shown)
        .and("total", total)
        .and("num_pages", pages)
        .and("page_size", size)
        .and("cur_page", page)
        .and("has_next_page", page < pages)
        .and("has_prev_page", page > 1);
    if page < pages {
        reply = reply.and("next_page", page + 1);
    }
    if page > 1 {
        reply = reply.and("prev_page", page - 1);
    }
    reply
}

fn paging(zato: &Zato) -> Result<(usize, usize, bool), Refusal> {
    let settings = &zato.app.settings.zato;
    let number = |name| -> Result<Option<usize>, Refusal> {
        let number = zato.sent.integer(name)?;
        Ok(number.and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0))
    };
    let page = number("cur_page")?.unwrap_or(1);
    let size = number("page_size")?.unwrap_or(settings.default_page_size);
    let all = zato.sent.flag("paginate")? == Some(false);
    Ok((page, size.min(settings.max_page_size), all))
}

fn sorted(mut found: Vec<Arc<User>>) -> Vec<Arc<User>> {
    let text = |name: &Option<Name>| name.as_ref().map(|name| name.as_str().to_owned());
    found.sort_by_cached_key(|user| {
        let username = user.username.as_ref().map(|name| name.as_str().to_owned());
        (text(&user.profile.display_name), username, user.born, user.id)
    });
    found
}

struct Criteria {
    user_id: Option<String>,
    username: Option<String>,
    /// Folded.
    email: Option<String>,
    names: Vec<(usize, String)>,
    any_name: bool,
    exact: bool,
    sign_up: Option<String>,
    approval: Option<String>,
}

impl Criteria {
    fn take(zato: &Zato) -> Result<Self, Refusal> {
        let refuse = |field, fault| zato.refuse(Call::Search, &unacceptable(field, fault));
        let user_id = zato.sent.text("user_id")?;
        let username = zato.sent.text("username")?;
        let alone = user_id.is_some() || username.is_some();
        let email = zato.sent.text("email")?.map(|email| fold(&email));
        if email.is_some() && zato.app.settings.zato.encrypt_email && !alone {
            return Err(refuse("email", ValueFault::Malformed));
        }
        let any_name = match zato.sent.text("name_op")?.as_deref() {
            None | Some("and") => false,
            Some("or") => true,
            Some(_) if alone => false,
            Some(_) => return Err(refuse("name_op", ValueFault::Malformed)),
        };
        let mut names = Vec::new();
        for (index, field) in NAMES.into_iter().enumerate() {
            if let Some(text) = zato.sent.text(field)? {
                let text = fold(text.trim());
                if text.chars().count() < NAME_CHARS_MIN && !alone {
                    return Err(refuse(field, ValueFault::OutOfRange));
                }
                names.push((index, text));
            }
        }
        Ok(Self {
            user_id,
            username,
            email,
            names,
            any_name,
            exact: zato.sent.flag("is_name_exact")?.unwrap_or(true),
            sign_up: zato.sent.text("sign_up_status")?,
            approval: zato.sent.text("approval_status")?,
        })
    }

    fn keep(&self, user: &User) -> bool {
        let status = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|of| of == is);
        status(&self.sign_up, sign_up_name(user.sign_up))
            && status(&self.approval, approval_name(user.approval.status))
            && self.keep_email(user)
            && self.keep_name(user)
    }

    fn keep_email(&self, user: &User) -> bool {
        self.email.as_ref().is_none_or(|wanted| {
            user.email.as_ref().is_some_and(|email| fold(email.as_str()) == *wanted)
        })
    }

    fn keep_name(&self, user: &User) -> bool {
        let profile = &user.profile;
        let values =
            [&profile.display_name, &profile.first_name, &profile.middle_name, &profile.last_name];
        let matches = |(index, wanted): &(usize, String)| {
            values[*index].as_ref().is_some_and(|name| {
                let name = fold(name.as_str());
                if self.exact { name == *wanted } else { name.contains(wanted.as_str()) }
            })
        };
        if self.names.is_empty() {
            true
        } else if self.any_name {
            self.names.iter().any(matches)
        } else {
            self.names.iter().all(matches)
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::actor::{Actor, ApplicationNumber, Dialect};
    use domain::fact::{CommandName, Head, Stream};
    use domain::id::{CodeId, OrganizationId, Position, Slot, UserId};
    use domain::secret::{PasswordHash, TokenHash, TotpSeed};
    use domain::text::{Email, Username};
    use domain::time::Timestamp;
    use domain::user::Event;
    use domain::user::event::{ConfirmationCode, SignedUp};
    use domain::user::state::NewPassword;

    use super::*;

    #[test]
    fn an_email_is_exact_but_for_case_and_joined_with_the_names_by_and() {
        let ada = ada("Ada@Example.com");
        let by = |email: &str| Criteria { email: Some(fold(email)), ..nothing() };
        assert!(nothing().keep(&ada) && by("aDA@example.COM").keep(&ada));
        assert!(!by("ada@example").keep(&ada) && !by("").keep(&ada));
        let named =
            Criteria { names: vec![(0, fold("Ada"))], any_name: true, ..by("ada@example.com") };
        assert!(!named.keep(&ada));
    }

    fn nothing() -> Criteria {
        Criteria {
            user_id: None,
            username: None,
            email: None,
            names: Vec::new(),
            any_name: false,
            exact: true,
            sign_up: None,
            approval: None,
        }
    }

    /// Somebody without any name but the user name.
    fn ada(email: &str) -> Arc<User> {
        let id = UserId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").expect("a ULID");
        let birth = SignedUp {
            username: Username::parse("ada").expect("a name"),
            email: Email::parse(email).ok(),
            password: NewPassword { hash: PasswordHash("$".into()), expires: Timestamp::NEVER },
            applications: Vec::new(),
            home: OrganizationId(id.0),
            approval_needed: false,
            confirmation: ConfirmationCode { id: CodeId(id.0), token: TokenHash([0; 32]) },
            totp: TotpSeed(Vec::new()),
            mail_owed: false,
        };
        let head = Head {
            position: Position(1),
            stream: Stream::User(id),
            version: 1,
            at: Timestamp(0),
            actor: Actor::Anonymous,
            credential: None,
            command: CommandName::SignUp,
            dialect: Dialect::Zato,
            application: ApplicationNumber::default(),
            slot: Slot(1),
        };
        let mut ada = None;
        domain::user::evolve(&mut ada, &head, &Event::SignedUp(Box::new(birth)));
        ada.expect("she is born")
    }
}
