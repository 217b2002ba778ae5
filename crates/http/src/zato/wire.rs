//! The dialect's types: parameters with its conversions, dates without a zone, ids with `zusr`.

use std::borrow::Cow;

use domain::actor::Actor;
use domain::id::UserId;
use domain::rejection::{Rejection, ValueFault};
use domain::text::{Name, TextFault};
use domain::time::Timestamp;
use domain::user::User;
use domain::user::describe::{approval_name, sign_up_name};
use domain::user::state::{ApprovalStatus, SignUpStatus};
use jiff::civil::DateTime;
use serde_json::{Map, Value, json};

use crate::dates;

/// A parameter that cannot be converted: the whole call is a bad request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadRequest;

/// The parameters of a call, from query and body.
#[derive(Clone, Debug, Default)]
pub struct Parameters(pub Map<String, Value>);

impl Parameters {
    /// Whether the key was sent at all, null included.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether the key was sent, and as null.
    pub fn is_null(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(Value::is_null)
    }

    /// The value as it was sent, unless absent or null.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A string; numbers are taken by their text.
    pub fn text(&self, name: &str) -> Result<Option<String>, BadRequest> {
        self.value(name).map(text).transpose()
    }

    /// The same without a copy of it, where it was sent as one.
    pub fn text_sent(&self, name: &str) -> Result<Option<Cow<'_, str>>, BadRequest> {
        match self.value(name) {
            Some(Value::String(text)) => Ok(Some(Cow::Borrowed(text))),
            Some(other) => text(other).map(Cow::Owned).map(Some),
            None => Ok(None),
        }
    }

    /// A bool, by the dialect's words for it.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, BadRequest> {
        self.value(name).map(flag).transpose()
    }

    /// An integer, or its text.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, BadRequest> {
        self.value(name).map(integer).transpose()
    }

    /// A list; anything else is a list of one.
    pub fn list(&self, name: &str) -> Option<Vec<Value>> {
        self.value(name).map(|value| match value {
            Value::Array(items) => items.clone(),
            other => vec![other.clone()],
        })
    }

    /// Checks the types of all flags, also of those that no table names (contract, 1.5).
    pub fn check_flags(&self) -> Result<(), BadRequest> {
        const PREFIXES: [&str; 6] = ["is_", "has_", "needs_", "should_", "may_", "by_"];
        for name in self.0.keys() {
            if PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
                self.flag(name)?;
            }
        }
        Ok(())
    }
}

/// A string; numbers are taken by their text.
pub fn text(value: &Value) -> Result<String, BadRequest> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(BadRequest),
    }
}

/// A bool, by the dialect's words for it.
pub fn flag(value: &Value) -> Result<bool, BadRequest> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::Number(number) => Ok(number.as_f64() != Some(0.0)),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" | "t" | "1" => Ok(true),
            "false" | "no" | "off" | "n" | "f" | "0" | "" => Ok(false),
            _ => Err(BadRequest),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => Err(BadRequest),
    }
}

/// An integer, or its text.
pub fn integer(value: &Value) -> Result<i64, BadRequest> {
    match value {
        Value::Number(number) => {
            number.as_i64().or_else(|| whole(&number.to_string())).ok_or(BadRequest)
        }
        Value::String(text) => text.trim().parse().map_err(|_| BadRequest),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(BadRequest),
    }
}

/// The integer that some clients write with a fraction of nothing: 300.0.
fn whole(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.')?;
    if fraction.bytes().all(|digit| digit == b'0') { whole.parse().ok() } else { None }
}

/// A date as text: naive, UTC, microseconds only if there are any.
pub fn date(at: Timestamp) -> String {
    let micros = at.0.rem_euclid(1_000_000);
    let seconds = dates::civil(at).strftime("%Y-%m-%dT%H:%M:%S");
    if micros == 0 { seconds.to_string() } else { format!("{seconds}.{micros:06}") }
}

/// A date from ISO 8601 text; without a zone it is UTC.
pub fn parse_date(text: &str) -> Option<Timestamp> {
    match text.parse::<jiff::Timestamp>() {
        Ok(stamp) => Some(Timestamp(stamp.as_microsecond())),
        Err(_) => Some(dates::moment(text.parse::<DateTime>().ok()?)),
    }
}

/// A user's id: `zusr`, then its ULID in lower-case Crockford base32 without leading zeros.
pub fn user_id(id: UserId) -> String {
    let digits = id.0.to_string().to_ascii_lowercase();
    format!("zusr{}", digits.trim_start_matches('0'))
}

/// The user a text names, if it is exactly the form that is handed out.
pub fn parse_user_id(text: &str) -> Option<UserId> {
    let digits = text.strip_prefix("zusr").filter(|digits| (1..=26).contains(&digits.len()))?;
    let id = UserId::parse(&format!("{digits:0>26}"))?;
    (user_id(id) == text).then_some(id)
}

/// A user as the dialect shows it, with what only administrators see if asked for.
pub fn user(user: &User, administrative: bool) -> Map<String, Value> {
    let mut out = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(name.to_owned(), value);
        }
    };
    let name = |name: &Option<Name>| name.as_ref().map(|name| json!(name.as_str()));
    put("user_id", Some(json!(user_id(user.id))));
    put("username", user.username.as_ref().map(|name| json!(name.as_str())));
    put("email", user.email.as_ref().map(|email| json!(email.as_str())));
    put("display_name", name(&user.profile.display_name));
    put("first_name", name(&user.profile.first_name));
    put("middle_name", name(&user.profile.middle_name));
    put("last_name", name(&user.profile.last_name));
    put("is_totp_enabled", Some(json!(user.totp.enabled)));
    put("totp_label", name(&user.totp.label));
    if administrative {
        account(user, &mut put);
    }
    out
}

/// What only administrators see.
fn account(user: &User, put: &mut impl FnMut(&str, Option<Value>)) {
    let approved = user.approval.status == ApprovalStatus::Approved;
    put("is_active", Some(json!(true)));
    put("is_internal", Some(json!(false)));
    put("is_super_user", Some(json!(user.rights.holds(domain::policy::Right::SuperUser))));
    put("is_approval_needed", Some(json!(!approved)));
    put("approval_status", Some(json!(approval_name(user.approval.status))));
    put("approval_status_mod_by", Some(json!(who(user.approval.by))));
    put("approval_status_mod_time", Some(json!(date(user.approval.at))));
    put("is_locked", Some(json!(user.locked)));
    put("locked_time", user.lock_changed.map(|change| json!(date(change.at))));
    put("locked_by", user.lock_changed.map(|change| json!(who(change.by))));
    put("password_is_set", Some(json!(true)));
    let password = user.password.as_ref();
    let expires = password.map_or(Timestamp::NEVER, |password| password.expires);
    put("password_expiry", Some(json!(date(expires))));
    let must_change = password.is_some_and(|password| password.must_change);
    put("password_must_change", Some(json!(must_change)));
    put("password_last_set", password.map(|password| json!(date(password.set))));
    put("sign_up_status", Some(json!(sign_up_name(user.sign_up))));
    put("sign_up_time", Some(json!(date(user.born))));
}

/// Says by whom a user was locked, where it was an operator: its login name at its machine.
pub fn name_operator(user: &mut Map<String, Value>, operator: Option<&str>) {
    if let Some(operator) = operator {
        user.insert("locked_by".to_owned(), json!(operator));
    }
}

/// A user as an element of a search's result: every key, null where there is no value. `operator` is
/// who locked it, if it was one.
pub fn found(user_: &User, operator: Option<&str>) -> Value {
    const KEYS: [&str; 11] = [
        "username",
        "email",
        "display_name",
        "first_name",
        "middle_name",
        "last_name",
        "totp_label",
        "locked_time",
        "locked_by",
        "password_last_set",
        "creation_ctx",
    ];
    let mut out = user(user_, true);
    name_operator(&mut out, operator);
    for key in KEYS {
        out.entry(key).or_insert(Value::Null);
    }
    Value::Object(out)
}

fn who(actor: Actor) -> String {
    match actor.user() {
        Some(id) => user_id(id),
        None => "auto".to_owned(),
    }
}

/// Longest user name or part of a name, in characters (contract, 10.4).
pub const NAME_CHARS_MAX: usize = 191;

/// A name of at most [`NAME_CHARS_MAX`].
pub fn name(text: &str) -> Result<Name, TextFault> {
    if text.chars().count() > NAME_CHARS_MAX { Err(TextFault::TooLong) } else { Name::parse(text) }
}

/// How far a sign-up is, by the dialect's word for it.
pub fn sign_up_status(text: &str) -> Option<SignUpStatus> {
    let all = [SignUpStatus::BeforeConfirmation, SignUpStatus::ToApprove, SignUpStatus::Final];
    all.into_iter().find(|status| sign_up_name(*status) == text)
}

/// A value that a field may not have.
pub fn unacceptable(field: &'static str, fault: ValueFault) -> Rejection {
    Rejection::Unacceptable { field, fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_no_zone_and_microseconds_only_if_there_are_any() {
        for text in ["2345-12-27T11:22:33", "2031-02-03T04:05:06.789012", "9999-12-31T00:00:00"] {
            assert_eq!(date(parse_date(text).expect("a date")), text);
        }
        assert_eq!(parse_date("2031-02-03T04:05:06+02:00"), parse_date("2031-02-03T02:05:06"));
        assert_eq!(parse_date("2031-02-03T04:05:06Z"), parse_date("2031-02-03T04:05:06"));
        assert_eq!(parse_date("tomorrow"), None);
        assert_eq!(date(Timestamp::NEVER), "9999-12-31T00:00:00");
    }

    #[test]
    fn only_the_handed_out_spelling_of_an_id_is_taken() {
        let id = UserId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").expect("a ULID");
        let text = user_id(id);
        assert_eq!(text, "zusr1arz3ndektsv4rrffq69g5fav");
        assert_eq!(parse_user_id(&text), Some(id));
        for other in [
            "1arz3ndektsv4rrffq69g5fav",
            "zusr01arz3ndektsv4rrffq69g5fav",
            "zusr1ARZ3ndektsv4rrffq69g5fav",
            "zusr",
            "zusrzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
            "zusrü",
        ] {
            assert_eq!(parse_user_id(other), None, "{other}");
        }
    }

    #[test]
    fn an_integer_may_be_text_or_have_a_fraction_of_nothing() {
        for (sent, taken) in [(json!(7), 7), (json!(" 7 "), 7), (json!(7.0), 7), (json!(-7.00), -7)]
        {
            assert_eq!(integer(&sent), Ok(taken), "{sent}");
        }
        for other in [json!(7.5), json!("7.0"), json!(1e30), json!(true), json!([7])] {
            assert_eq!(integer(&other), Err(BadRequest), "{other}");
        }
    }

    #[test]
    fn flags_are_taken_by_the_dialects_words() {
        for yes in [json!(true), json!(" YES "), json!("t"), json!(1), json!(-2.5)] {
            assert_eq!(flag(&yes), Ok(true), "{yes}");
        }
        for no in [json!(false), json!("Off"), json!(""), json!(0), json!("0")] {
            assert_eq!(flag(&no), Ok(false), "{no}");
        }
        assert_eq!(flag(&json!("maybe")), Err(BadRequest));
    }
}
