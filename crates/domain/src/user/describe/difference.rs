//! What differs between a user at one time and at another, field by field, under the names that the
//! descriptions of its events use.

use std::collections::BTreeMap;

use crate::attributes::{self, Value};
use crate::description::{Change, Shown};
use crate::policy::Right;
use crate::secret::TotpSeed;
use crate::text::Name;
use crate::time::Timestamp;
use crate::user::describe::{approval_name, sign_up_name};
use crate::user::state::User;

/// What tells two values apart that are shown alike: secrets, and values too long to show.
#[derive(PartialEq)]
enum Mark<'u> {
    Shown,
    Set(Timestamp),
    Seed(&'u TotpSeed),
    Value(&'u Value),
}

type Fields<'u> = BTreeMap<String, (Shown, Mark<'u>)>;

/// What is different in `new`, as of its time, from what was in `old`, as of its time; by the names of the
/// fields. Attributes that expired are absent. What only the machinery remembers, like mails that are owed,
/// is not told.
pub fn difference(old: (&User, Timestamp), new: (&User, Timestamp)) -> Vec<Change> {
    let (mut before, after) = (fields(old.0, old.1), fields(new.0, new.1));
    let mut changes = Vec::new();
    for (field, new) in after {
        match before.remove(&field) {
            Some(old) if old == new => {}
            old => changes.push(Change::new(field, old.map(|(shown, _)| shown), new.0)),
        }
    }
    changes.extend(before.into_iter().map(|(field, (old, _))| Change::new(field, old, None)));
    changes.sort_by(|one, other| one.field.cmp(&other.field));
    changes
}

fn fields(user: &User, at: Timestamp) -> Fields<'_> {
    let mut fields = Fields::new();
    account(&mut fields, user);
    credentials(&mut fields, user);
    access(&mut fields, user);
    for (key, attribute) in user.attributes.iter().filter(|(_, attribute)| attribute.is_alive(at)) {
        let field = format!("attributes.{}", key.name);
        if attribute.encrypted {
            put(&mut fields, format!("{field}.encrypted"), Shown::Flag(true));
        }
        if attribute.expires != Timestamp::NEVER {
            put(&mut fields, format!("{field}.expires"), Shown::Time(attribute.expires));
        }
        let shown = attributes::shown(attribute);
        fields.insert(field, (shown, Mark::Value(&attribute.value)));
    }
    fields
}

fn account(fields: &mut Fields<'_>, user: &User) {
    let names = &user.profile;
    let texts = [
        ("username", user.username.as_ref().map(Shown::text)),
        ("email", user.email.as_ref().map(Shown::text)),
        ("profile.display_name", names.display_name.as_ref().map(Shown::text)),
        ("profile.first_name", names.first_name.as_ref().map(Shown::text)),
        ("profile.middle_name", names.middle_name.as_ref().map(Shown::text)),
        ("profile.last_name", names.last_name.as_ref().map(Shown::text)),
    ];
    for (field, shown) in texts {
        put(fields, field, shown);
    }
    put(fields, "home", Shown::text(&user.home));
    put(fields, "sign_up_status", Shown::text(sign_up_name(user.sign_up)));
    put(fields, "approval_status", Shown::text(approval_name(user.approval.status)));
    put(fields, "locked", Shown::Flag(user.locked));
    for right in Right::ALL {
        put(fields, format!("rights.{}", right.name()), Shown::Flag(user.rights.holds(right)));
    }
    if !user.applications.is_empty() {
        let names: Vec<&str> = user.applications.iter().map(Name::as_str).collect();
        put(fields, "applications", Shown::Text(names.join(", ")));
    }
}

fn credentials<'u>(fields: &mut Fields<'u>, user: &'u User) {
    if let Some(password) = &user.password {
        let set = Mark::Set(password.set);
        fields.insert("password".to_owned(), (Shown::Secret, set));
        put(fields, "password.expires", Shown::Time(password.expires));
        put(fields, "password.must_change", Shown::Flag(password.must_change));
    }
    if let Some(seed) = &user.totp.seed {
        fields.insert("totp.key".to_owned(), (Shown::Secret, Mark::Seed(seed)));
    }
    put(fields, "totp.label", user.totp.label.as_ref().map(Shown::text));
    put(fields, "totp.enabled", Shown::Flag(user.totp.enabled));
    for (token, pat) in &user.tokens {
        put(fields, format!("tokens.{token}"), Shown::text(&pat.name));
        if pat.expires != Timestamp::NEVER {
            put(fields, format!("tokens.{token}.expires"), Shown::Time(pat.expires));
        }
    }
}

fn access(fields: &mut Fields<'_>, user: &User) {
    for (key, link) in &user.links {
        let field = format!("links.{}.{}", key.kind.name(), key.definition);
        put(fields, field, Shown::Flag(link.active));
    }
    if let Some(limit) = &user.rate_limit {
        put(fields, "rate_limit.active", Shown::Flag(limit.active));
        let rules = limit.definition.as_ref().map(|rules| Shown::text(rules.as_str()));
        put(fields, "rate_limit.definition", rules);
    }
}

fn put(fields: &mut Fields<'_>, field: impl Into<String>, shown: impl Into<Option<Shown>>) {
    if let Some(shown) = shown.into() {
        fields.insert(field.into(), (shown, Mark::Shown));
    }
}
