//! What a query string asks for: cursors, and which facts are wanted.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use domain::id::Position;
use domain::time::Timestamp;
use service::Service;
use service::filter::{Filter, Who};

use super::errors::Problem;
use super::wire::find;
use crate::{App, dates};

/// Facts in an answer that asks for no number.
const PAGE_LEN: usize = 100;
/// What says which facts are wanted.
pub const FILTER: [&str; 6] = ["event", "field", "actor", "user", "since", "until"];
/// What says where a page begins, and how long it may be.
pub const CURSOR: [&str; 2] = ["after", "limit"];
/// The epoch that a store begins in; its cursors are bare positions.
pub const FIRST_EPOCH: u32 = 1;
/// Most events that a filter names.
const EVENTS_MAX: usize = 64;

/// A query string, each key at most once.
pub struct Asked(HashMap<String, String>);

impl FromRequestParts<App> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, app).await;
        let Query(pairs) = query.map_err(|_| Problem::parameter("the query cannot be read"))?;
        let mut asked = HashMap::new();
        for (key, value) in pairs {
            if asked.insert(key.clone(), value).is_some() {
                return Err(Problem::parameter(format!("`{key}` is given twice")));
            }
        }
        Ok(Self(asked))
    }
}

/// Where a page begins, and how long it may be.
pub struct Cursor {
    /// Facts after this one.
    pub after: Position,
    /// At most so many.
    pub limit: usize,
}

impl FromRequestParts<App> for Cursor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let asked = Asked::from_request_parts(parts, app).await?;
        asked.only(&[&CURSOR])?;
        asked.cursor(&app.service)
    }
}

impl Asked {
    /// Refuses what the path does not take.
    pub fn only(&self, known: &[&[&str]]) -> Result<(), Problem> {
        let known = known.concat();
        match self.0.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(other) => {
                let known: Vec<_> = known.iter().map(|key| format!("`{key}`")).collect();
                let known = known.join(", ");
                Err(Problem::parameter(format!("unknown parameter `{other}`; known are {known}")))
            }
        }
    }

    /// All that was given, in the order of the keys.
    pub fn sorted(&self) -> Vec<(String, String)> {
        let mut pairs: Vec<_> = self.0.clone().into_iter().collect();
        pairs.sort_unstable();
        pairs
    }

    /// The text of a key, if it was given.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// A whole number, if it was given.
    pub fn number(&self, key: &str) -> Result<Option<u64>, Problem> {
        let not = |_| Problem::parameter(format!("`{key}` is not a number"));
        self.text(key).map(|text| text.parse().map_err(not)).transpose()
    }

    /// A moment, if it was given.
    pub fn moment(&self, key: &str) -> Result<Option<Timestamp>, Problem> {
        let not = || {
            Problem::parameter(format!(
                "`{key}` is not a time as RFC 3339 has it, like 2031-02-03T04:05:06Z"
            ))
        };
        self.text(key).map(|text| dates::parse_rfc3339(text).ok_or_else(not)).transpose()
    }

    /// How much a page may hold: at most `max`, and `len` if nothing is said.
    pub fn limit(&self, len: usize, max: usize) -> Result<usize, Problem> {
        let limit = self.number("limit")?.map_or(Ok(len), usize::try_from);
        let limit = limit.ok().filter(|limit| (1..=max).contains(limit));
        limit.ok_or_else(|| Problem::parameter(format!("`limit` is not within 1 and {max}")))
    }

    /// Where a page begins, and how long it may be.
    pub fn cursor(&self, service: &Service) -> Result<Cursor, Problem> {
        let limit = self.limit(PAGE_LEN, service::history::PAGE_LEN_MAX)?;
        Ok(Cursor { after: self.after(service)?, limit })
    }

    /// Where a page begins.
    pub fn after(&self, service: &Service) -> Result<Position, Problem> {
        let after = self.text("after").map(|text| parse_cursor(service, "after", text));
        Ok(after.transpose()?.unwrap_or(Position(0)))
    }

    /// Which facts are wanted. Looks up who is named: only for a caller who may see that.
    pub fn filter(&self, service: &Service) -> Result<Filter, Problem> {
        let events = self.text("event").into_iter().flat_map(|names| names.split(','));
        let events: Vec<_> = events.map(|name| name.trim().to_owned()).collect();
        if events.len() > EVENTS_MAX || events.iter().any(String::is_empty) {
            return Err(Problem::parameter(format!(
                "`event` is not one to {EVENTS_MAX} names joined by commas"
            )));
        }
        Ok(Filter {
            events,
            field: self.text("field").map(ToOwned::to_owned),
            actor: self.text("actor").map(|actor| who(service, actor)).transpose()?,
            about: self.text("user").map(|user| find(service, user)).transpose()?,
            since: self.moment("since")?,
            until: self.moment("until")?,
        })
    }
}

/// The position that a cursor under this key stands for: a bare one is of the present epoch, `E-P` of epoch E.
/// Where a later epoch went on from before it, it is void: facts that its reader saw are gone.
pub fn parse_cursor(service: &Service, key: &str, text: &str) -> Result<Position, Problem> {
    let not = || Problem::parameter(format!("`{key}` is not a cursor, like 17 or 2-17"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (epoch, position) = match text.split_once('-') {
        None => (None, text),
        Some((epoch, position)) => (Some(epoch), position),
    };
    let position = Some(position).filter(|text| digits(text)).and_then(|text| text.parse().ok());
    let position = Position(position.ok_or_else(not)?);
    let Some(epoch) = epoch else { return Ok(position) };
    let epoch: Option<u32> = Some(epoch).filter(|text| digits(text)).and_then(|e| e.parse().ok());
    let epoch = epoch.filter(|epoch| *epoch >= FIRST_EPOCH).ok_or_else(not)?;
    let present = service.store().epoch();
    if epoch > present {
        let detail = format!("`{key}` is of epoch {epoch}, and this store is in epoch {present}");
        return Err(Problem::parameter(detail));
    }
    if service.store().views().system().still_holds(epoch, position) {
        return Ok(position);
    }
    let detail = format!(
        "`{key}` is void: the store went on from an earlier position, in epoch {present}; begin before it"
    );
    Err(Problem::new(StatusCode::GONE, "cursor_void", detail))
}

/// The actor that a word or the name of a user means.
fn who(service: &Service, text: &str) -> Result<Who, Problem> {
    Ok(match text {
        "operator" => Who::Operator,
        "system" => Who::System,
        "anonymous" => Who::Anonymous,
        user => Who::User(find(service, user)?),
    })
}
