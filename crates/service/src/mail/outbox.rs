//! The outbox: mails that are owed, tried until they are out or given up.
//!
//! What is owed stands in the log; how often a mail was tried since the start, and when it is tried
//! again, is known to this process alone. A mail whose sending was not noted before a crash goes out
//! again, under the same message id.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::id::Position;
use domain::policy::Act;
use domain::rejection::Rejection;
use domain::time::Timestamp;
use domain::user::mail::{self, MailFailure, MailKind, Owed};
use domain::user::{self, User};
use tokio::sync::{Notify, watch};

use super::Mailer;
use super::compose::Values;
use super::deliver::{Addressed, Undelivered};
use crate::Service;
use crate::caller::Caller;
use crate::command::Command;
use crate::failure::Failure;

/// Mails on their way at once.
const AT_ONCE_MAX: usize = 4;
/// The first wait after a mail did not go out; each further one is twice as long.
const WAIT_FIRST: Duration = Duration::from_secs(2);
/// How long nothing is tried after the server could not be reached.
const PAUSE: Duration = Duration::from_secs(2);
/// The longest wait between two tries of one mail.
const WAIT_MAX: Duration = Duration::from_hours(1);
/// The longest wait between two looks at what is owed.
const LOOK_WAIT_MAX: Duration = Duration::from_mins(1);
/// Mails given up in one look.
const GIVEN_UP_MAX: usize = 100;

/// What is owed, and what was tried.
pub(crate) struct Outbox {
    mailer: Mailer,
    wake: Notify,
    tries: Mutex<HashMap<Position, Tries>>,
}

/// What this process knows of a mail.
#[derive(Clone, Debug, Default)]
struct Tries {
    count: u32,
    /// When it is tried again, by the monotonic clock.
    next: Duration,
    /// It is out, and only that was not noted yet.
    sent: bool,
    told: String,
}

/// A mail that is owed, written out.
#[derive(Clone, Debug)]
pub struct OutboxItem {
    /// The fact that owes it.
    pub id: Position,
    /// About whom.
    pub user: Arc<User>,
    /// What it says.
    pub owed: Owed,
    /// To whom; nobody, if the user has no address.
    pub to: Vec<String>,
    /// The token it carries.
    pub token: Option<String>,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// Its HTML.
    pub html: Option<String>,
    /// How often this process tried.
    pub tries: u32,
    /// What the last of them was told.
    pub told: String,
}

/// What came of trying again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retried {
    /// It is out.
    Sent,
    /// It is not, for this reason.
    NotSent(String),
}

impl Outbox {
    pub fn new(mailer: Mailer) -> Self {
        Self { mailer, wake: Notify::new(), tries: Mutex::default() }
    }

    /// Something may be owed that was not.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    fn tries(&self, mail: Position) -> Tries {
        let tries = self.tries.lock().expect("nothing panics while it holds the tries");
        tries.get(&mail).cloned().unwrap_or_default()
    }

    fn note(&self, mail: Position, tries: Option<Tries>) {
        let mut all = self.tries.lock().expect("nothing panics while it holds the tries");
        match tries {
            Some(tries) => drop(all.insert(mail, tries)),
            None => drop(all.remove(&mail)),
        }
    }
}

impl Service {
    /// Delivers what is owed until `stop` says so.
    pub async fn deliver_mail(self, mut stop: watch::Receiver<bool>) {
        let mut wait = Duration::ZERO;
        loop {
            let woken = self.inner.outbox.wake.notified();
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(wait) => {}
                // Without anybody to hand mail to, only what is given up is looked for, now and then.
                () = woken, if wait > Duration::ZERO && self.inner.outbox.mailer.delivery.is_there() => {}
            }
            self.give_up_old_mail().await;
            wait = self.deliver_due().await;
        }
    }

    /// What is owed, oldest first, after a fact; for whoever may reach the data directory.
    pub fn outbox(
        &self,
        caller: &Caller,
        after: Position,
        limit: usize,
    ) -> Result<Vec<OutboxItem>, Failure> {
        self.permits(caller, Act::DeliverMail, None)?;
        let owed = self.owed(|mail, _| mail > after);
        owed.into_iter().take(limit).map(|(mail, user)| self.item(mail, user)).collect()
    }

    /// One mail that is owed.
    pub fn outbox_item(&self, caller: &Caller, mail: Position) -> Result<OutboxItem, Failure> {
        self.permits(caller, Act::DeliverMail, None)?;
        let user = self.store().views().owed_mail(mail).cloned().ok_or(Rejection::NoSuchMail)?;
        self.item(mail, user)
    }

    /// Tries a mail now, whatever became of it before.
    pub async fn retry_mail(&self, caller: &Caller, mail: Position) -> Result<Retried, Failure> {
        self.permits(caller, Act::DeliverMail, None)?;
        let user = self.store().views().owed_mail(mail).cloned().ok_or(Rejection::NoSuchMail)?;
        Ok(match self.try_mail(mail, user).await? {
            Ok(()) => Retried::Sent,
            Err(undelivered) => Retried::NotSent(undelivered.told),
        })
    }

    /// Tries what is due, some at once, and says how long nothing will be.
    async fn deliver_due(&self) -> Duration {
        if !self.inner.outbox.mailer.delivery.is_there() {
            return LOOK_WAIT_MAX;
        }
        let now = self.monotonic();
        let mut due = Vec::new();
        let mut soonest = now + LOOK_WAIT_MAX;
        for (mail, user) in self.owed(|_, _| true) {
            let Some(owed) = user.mails.get(&mail) else { continue };
            let tries = self.inner.outbox.tries(mail);
            if tries.next > now {
                soonest = soonest.min(tries.next);
            } else if !owed.refused || tries.sent {
                due.push((mail, user));
            }
        }
        for some in due.chunks(AT_ONCE_MAX) {
            let tried: Vec<_> = some
                .iter()
                .map(|(mail, user)| {
                    let (service, mail, user) = (self.clone(), *mail, Arc::clone(user));
                    tokio::spawn(async move { service.try_mail(mail, user).await })
                })
                .collect();
            let mut unreachable = false;
            for tried in tried {
                match tried.await {
                    Ok(Ok(Err(undelivered))) => {
                        unreachable |= undelivered.why == MailFailure::Unreachable;
                    }
                    Ok(Ok(Ok(()))) => {}
                    // The writer is busy or closing; what was sent is noted in the next look.
                    Ok(Err(_)) | Err(_) => return PAUSE,
                }
            }
            if unreachable {
                // The server itself is in trouble: the others would meet the same.
                return PAUSE;
            }
        }
        soonest.saturating_sub(now)
    }

    /// Hands one mail over and notes what came of it.
    async fn try_mail(
        &self,
        mail: Position,
        user: Arc<User>,
    ) -> Result<Result<(), Undelivered>, Failure> {
        let outbox = &self.inner.outbox;
        let mut tries = outbox.tries(mail);
        let id = user.id;
        if !tries.sent {
            if let Err(undelivered) = self.hand_over(mail, user).await {
                self.metrics().mailed(Err(undelivered.why));
                tries.count += 1;
                let doublings = tries.count.saturating_sub(1).min(16);
                tries.next = self.monotonic() + (WAIT_FIRST * (1 << doublings)).min(WAIT_MAX);
                tries.told.clone_from(&undelivered.told);
                outbox.note(mail, Some(tries.clone()));
                // Neither the address nor what the server said, which may name it.
                let why = undelivered.why.name();
                tracing::warn!(mail = mail.0, tries = tries.count, why, "a mail did not go out");
                let told_before = undelivered.why == MailFailure::Unreachable
                    && !matches!(tries.count, 1 | 10 | 100 | 1_000 | 10_000);
                if !told_before {
                    let why = undelivered.why;
                    self.note_mail(id, mail::Command::NoteFailed { mail, why }).await?;
                }
                return Ok(Err(undelivered));
            }
            self.metrics().mailed(Ok(()));
            tries.sent = true;
            outbox.note(mail, Some(tries));
        }
        self.note_mail(id, mail::Command::NoteSent(mail)).await?;
        outbox.note(mail, None);
        Ok(Ok(()))
    }

    async fn hand_over(&self, mail: Position, user: Arc<User>) -> Result<(), Undelivered> {
        let refused = |told: String| Undelivered { why: MailFailure::Refused, told };
        let item = self.item(mail, user).map_err(|failure| refused(failure.to_string()))?;
        if item.to.is_empty() {
            return Err(refused("the user has no address".to_owned()));
        }
        // The store's number is drawn by chance, so no two stores send under one id.
        let store = u128::from_be_bytes(self.store().id());
        let addressed = Addressed {
            id: format!("{store:032x}.{mail}"),
            to: item.to,
            envelope: self.inner.outbox.mailer.settings.envelope(item.owed.kind).clone(),
            written: super::compose::Written {
                subject: item.subject,
                text: item.text,
                html: item.html,
            },
        };
        self.inner.outbox.mailer.delivery.hand_over(&addressed).await
    }

    async fn note_mail(
        &self,
        user: domain::id::UserId,
        command: mail::Command,
    ) -> Result<(), Failure> {
        let command = Command::User(user, user::Command::Mail(command));
        match self.execute(Caller::system(), command).await {
            // The user went meanwhile, or the mail became useless.
            Ok(_) | Err(Failure::Rejected(Rejection::NoSuchMail | Rejection::NoSuchUser)) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    async fn give_up_old_mail(&self) {
        let settings = &self.inner.outbox.mailer.settings;
        let now = self.store().clock().now();
        let is_old = |since: Timestamp| since.after(settings.give_up_after) < now;
        let old =
            self.owed(|mail, user| user.mails.get(&mail).is_some_and(|owed| is_old(owed.since)));
        for (mail, user) in old.into_iter().take(GIVEN_UP_MAX) {
            let command = mail::Command::NoteFailed { mail, why: MailFailure::TooOld };
            if self.note_mail(user.id, command).await.is_ok() {
                self.metrics().mailed(Err(MailFailure::TooOld));
                self.inner.outbox.note(mail, None);
            }
        }
    }

    /// What is owed and fits, oldest first.
    fn owed(&self, fits: impl Fn(Position, &User) -> bool) -> Vec<(Position, Arc<User>)> {
        let views = self.store().views();
        let mut owed: Vec<_> = views
            .owed_mails()
            .filter_map(|(mail, user)| Some((mail, views.user(user)?)))
            .filter(|(mail, user)| fits(*mail, user))
            .map(|(mail, user)| (mail, Arc::clone(user)))
            .collect();
        drop(views);
        owed.sort_unstable_by_key(|(mail, _)| *mail);
        owed
    }

    fn item(&self, mail: Position, user: Arc<User>) -> Result<OutboxItem, Failure> {
        let Mailer { settings, templates, .. } = &self.inner.outbox.mailer;
        let owed = *user.mails.get(&mail).ok_or(Rejection::NoSuchMail)?;
        let token = match (owed.kind, owed.code) {
            (MailKind::Confirmation, Some(code)) => Some(self.confirm_token(code)?),
            (MailKind::PasswordReset, Some(code)) => Some(self.reset_token(code)?),
            _ => None,
        };
        let name = user.username.as_ref().map(ToString::to_string);
        let site = settings.site_name.as_str();
        let values = Values {
            username: name.unwrap_or_else(|| user.id.to_string()),
            user_id: user.id.to_string(),
            token: token.clone().unwrap_or_default(),
            site_name: if site.is_empty() { "site" } else { site }.to_owned(),
            expiration_time_hours: self.settings().reset.token_lasts.0 / 3_600_000_000,
            title: settings.reset_title.clone(),
        };
        // They were filled once at the start, with values of the same kinds.
        let written = templates.write(owed.kind, &values).map_err(|told| {
            tracing::error!(mail = mail.0, told, "a mail cannot be written");
            Failure::NotDone
        })?;
        let to = match owed.kind {
            MailKind::ApprovalNeeded => settings.approvers.clone(),
            MailKind::Confirmation
            | MailKind::Welcome
            | MailKind::PasswordReset
            | MailKind::Approved
            | MailKind::Rejected => user.email.iter().map(ToString::to_string).collect(),
        };
        let Tries { count: tries, told, .. } = self.inner.outbox.tries(mail);
        let super::compose::Written { subject, text, html } = written;
        Ok(OutboxItem { id: mail, user, owed, to, token, subject, text, html, tries, told })
    }

    fn monotonic(&self) -> Duration {
        (self.store().sources().now)().monotonic
    }
}
