//! Every event has a scenario: a table from each variant to a command that is answered with it.

use super::{
    ADA, Asked, HOME, RESET, TOKEN, World, ada_created, ada_created_but, ada_signed_up,
    ada_signing_up, ada_signs_in, administer, amend, at, attribute, attribute_set, create,
    first_start, given, hash, key, month, name, nothing, password, pat_added, pubapi, reset_opened,
    reset_requested, seed, session_attribute_set, session_started, token, username,
};
use crate::attributes::SetMode;
use crate::fact::{CommandName, Event as Fact};
use crate::id::{Position, Slot};
use crate::policy::{Act, Right};
use crate::rejection::Denial;
use crate::session::{self, Command as OfSession, Event as Session};
use crate::sign_in::SignIn;
use crate::system::{
    self, Command as OfSystem, Event as System, Exported, Purpose, Restored, UnknownName, audit,
};
use crate::text::Patch;
use crate::time::{Month, Span, Timestamp};
use crate::user::access::{self, Event as Access};
use crate::user::attempts::{self, Fault, Refusal};
use crate::user::command::{Command, Repeat};
use crate::user::mail::{self, Event as Mail, MailFailure, MailRules};
use crate::user::state::{ApprovalStatus, SignUpStatus};
use crate::user::{self, Event};

#[test]
fn every_event_has_a_scenario() {
    for story in all() {
        let (_, events) = story.world.when(story.command).then_accepted();
        assert!(events.iter().any(story.is_it), "no {} among {events:?}", story.variant);
    }
}

/// [`World`] holds every event to "what moves says so"; this is the other half: whoever says so
/// moves, else folds would compare for nothing.
#[test]
fn an_event_that_says_it_moves_keys_or_standing_does() {
    for (world, event) in every_user_event() {
        let before = world.find_user(ADA).cloned();
        let after = world.and(event.clone()).find_user(ADA).cloned();
        let keys = |user: &Option<user::User>| user.as_ref().map(user::keys);
        assert_eq!(event.moves_keys(), keys(&before) != keys(&after), "keys: {}", event.name());
        let standing = |user: &Option<user::User>| user.as_ref().map(user::User::standing);
        let moved = standing(&before) != standing(&after);
        assert_eq!(event.moves_standing(), moved, "standing: {}", event.name());
    }
}

#[test]
fn names_of_events_are_unique_and_begin_with_their_stream() {
    let mut names = Vec::new();
    // The parts have rows of their own.
    for story in all().into_iter().filter(|story| !PARTS.contains(&story.variant)) {
        let (_, events) = story.world.when(story.command).then_accepted();
        let event = events.iter().find(|event| (story.is_it)(event)).unwrap();
        let stream = match event {
            Fact::User(..) => "user.",
            Fact::Session(..) => "session.",
            Fact::System(_) => "system.",
        };
        assert!(event.name().starts_with(stream), "{}", event.name());
        names.push(event.name());
    }
    let told = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), told, "two events have one name: {names:?}");
}

/// Variants that stand for the events of a part.
const PARTS: [&str; 3] = ["Event::Access(_)", "Event::Mail(_)", "Event::Attempt(_)"];

/// Every event of a user, one for each variant, with the world before it.
pub(crate) fn every_user_event() -> Vec<(World, Event)> {
    let story = |story: Story| {
        let (_, events) = story.world.clone().when(story.command).then_accepted();
        let at = events.iter().position(|event| (story.is_it)(event)).unwrap();
        // What the same command brought before it belongs to the world before it.
        let earlier = events[..at].iter().filter_map(of_user).cloned();
        (earlier.fold(story.world, World::and), of_user(&events[at]).unwrap().clone())
    };
    users().into_iter().chain(ways_in()).chain(mails()).chain(attempts()).map(story).collect()
}

/// A world in which a command is answered with an event.
struct Story {
    variant: &'static str,
    world: World,
    command: Asked,
    is_it: fn(&Fact) -> bool,
}

/// The table of one stream's events. The patterns stand in a `match` as well, so a new variant does
/// not compile before it has a row.
macro_rules! stories {
    ($unwrap:ident; $($variant:pat = $world:expr => $command:expr;)*) => {{
        let _exhaustive = |fact: &Fact| match $unwrap(fact) {
            None => {}
            $(Some($variant) => {})*
        };
        vec![$(Story {
            variant: stringify!($variant),
            world: $world,
            command: $command.into(),
            is_it: |fact| matches!($unwrap(fact), Some($variant)),
        }),*]
    }};
}

fn all() -> Vec<Story> {
    users()
        .into_iter()
        .chain(ways_in())
        .chain(mails())
        .chain(attempts())
        .chain(sessions())
        .chain(systems())
        .collect()
}

fn users() -> Vec<Story> {
    let ada = || given([ada_created()]);
    let signed_up = || given([ada_signed_up()]);
    stories! { of_user;
        Event::SignedUp(_) = nothing() => Command::SignUp(Box::new(ada_signing_up()));
        Event::Created(_) = nothing() => create(None);
        Event::MachineCreated { .. } = nothing() => Command::CreateMachine {
            username: username("robot"), name: name("Robot"), home: HOME,
        };
        Event::SignUpConfirmed = signed_up().and(Event::Approved) =>
            Command::ConfirmSignUp { token: token(1) };
        Event::SignUpStatusSet { .. } = signed_up().and(Event::Approved) => administer(|asked| {
            asked.sign_up = Some(SignUpStatus::Final);
        });
        Event::Approved = signed_up() => Command::Approve(Repeat::Refuse);
        Event::Rejected = ada() => Command::Reject(Repeat::Refuse);
        Event::ApprovalReset = ada() => administer(|asked| {
            asked.approval = Some(ApprovalStatus::BeforeDecision);
        });
        Event::Locked = ada() => Command::Lock(Repeat::Refuse);
        Event::Unlocked = ada().and(Event::Locked) => Command::Unlock(Repeat::Refuse);
        Event::UsernameChanged { .. } = ada() => amend(|asked| {
            asked.username = Some(username("countess"));
        });
        Event::ProfileChanged { .. } = ada() => amend(|asked| asked.last_name = Patch::Clear);
        Event::EmailChanged { .. } = ada() => amend(|asked| {
            asked.email = Patch::Set(super::email("countess@example.com"));
        });
        Event::EmailRemoved = ada() => amend(|asked| asked.email = Patch::Clear);
        Event::PasswordChanged { .. } = ada().and(Event::PasswordExpirySet { expires: at(9) }) =>
            Command::ChangePassword { password: password("h2"), checked: None, must_change: None };
        Event::PasswordRehashed { .. } = ada() =>
            SignIn { rehashed: Some(hash("h1, dearer")), ..ada_signs_in() };
        Event::PasswordExpirySet { .. } = ada() => administer(|asked| {
            asked.password_expires = Some(at(9));
        });
        Event::PasswordMustChangeSet { .. } = ada() => administer(|asked| {
            asked.password_must_change = Some(true);
        });
        Event::TotpKeySet { .. } = ada() => Command::ResetTotpKey { seed: seed(2), label: None };
        Event::TotpLabelSet { .. } = ada() => Command::ResetTotpKey { seed: seed(2), label: None };
        Event::TotpEnabled = ada() => amend(|asked| asked.totp_enabled = Some(true));
        Event::TotpDisabled = given([ada_created_but(|birth| birth.totp_enabled = true)]) =>
            amend(|asked| asked.totp_enabled = Some(false));
        Event::SignedIn { .. } = ada() => ada_signs_in();
        Event::AttributeSet { .. } = ada() => Command::SetAttributes {
            items: vec![attribute("a", "1")], mode: SetMode::Create,
        };
        Event::AttributeRemoved { .. } = ada().and(attribute_set("a", "1")) =>
            Command::RemoveAttributes(vec![key("a")]);
        Event::RightGranted { .. } = ada() => Command::GrantRight(Right::Auditor);
        Event::RightRevoked { .. } = ada().and(Event::RightGranted { right: Right::Auditor }) =>
            Command::RevokeRight(Right::Auditor);
        Event::PatAdded { .. } = ada() => Command::AddPat {
            token: TOKEN, hash: token(3), name: name("laptop"), expires: Timestamp::NEVER,
        };
        Event::PatRemoved { .. } = ada().and(pat_added(Timestamp::NEVER)) =>
            Command::RemovePat(TOKEN);
        Event::Deleted = ada() => Command::Delete;
        Event::Erased = ada() => Command::Erase;
        // Each of these is a row of its part below.
        Event::Access(_) = ada() => access::Command::Link { link: pubapi(), active: true };
        Event::Mail(_) = signed_up() => mail::Command::NoteSent(Position(1));
        Event::Attempt(_) = ada() => attempted(Fault::Password, 10);
    }
}

fn ways_in() -> Vec<Story> {
    let ada = || given([ada_created()]);
    stories! { of_access;
        Access::ResetRequested { .. } = ada() => access::Command::RequestReset {
            code: RESET, token: token(5), lasts: Span::minutes(9), mail_owed: true,
        };
        Access::ResetOpened { .. } = ada().and(reset_requested()) =>
            access::Command::OpenReset { token: token(5), key: token(6), lasts: Span::minutes(5), address_allowed: true };
        Access::ResetUsed { .. } = ada().and(reset_requested()).and(reset_opened()) =>
            access::Command::CarryOutReset {
                token: token(5), key: token(6), password: password("h2"),
                address_allowed: true,
            };
        Access::Linked { .. } = ada() => access::Command::Link { link: pubapi(), active: true };
        Access::Unlinked { .. } = ada().and(Event::Access(Access::Linked {
            link: pubapi(), active: true,
        })) => access::Command::Unlink(pubapi());
        Access::SessionsEnded = ada().ending_sessions() => Command::ChangePassword {
            password: password("h2"), checked: None, must_change: None,
        };
        Access::RateLimitSet { .. } = nothing() => create(Some((true, None)));
    }
}

fn mails() -> Vec<Story> {
    let signed_up = || given([ada_signed_up()]);
    let welcoming = MailRules { welcome: true, ..MailRules::default() };
    stories! { of_mail;
        Mail::Requested { .. } = signed_up().and(Event::Approved).mailing(welcoming) =>
            Command::ConfirmSignUp { token: token(1) };
        Mail::Sent { .. } = signed_up() => mail::Command::NoteSent(Position(1));
        Mail::Failed { .. } = signed_up() => mail::Command::NoteFailed {
            mail: Position(1), why: MailFailure::TooOld,
        };
    }
}

fn attempts() -> Vec<Story> {
    let ada = || given([ada_created()]);
    stories! { of_attempt;
        attempts::Event { fault: Fault::Password, .. } = ada() => attempted(Fault::Password, 10);
        attempts::Event { fault: Fault::Totp, .. } = ada() => attempted(Fault::Totp, 1);
        attempts::Event { fault: Fault::Refused(_), .. } = ada() =>
            attempted(Fault::Refused(Refusal::Locked), 1);
    }
}

fn attempted(fault: Fault, count: u32) -> Command {
    Command::NoteAttempts(attempts::Command { fault, count, during: CommandName::SignIn })
}

fn sessions() -> Vec<Story> {
    let open = || given([session_started(at(60))]);
    stories! { of_session;
        Session::Started { .. } = given([ada_created()]) => ada_signs_in();
        Session::Renewed { .. } = open() => OfSession::Renew { expires: at(90) };
        Session::Ended { .. } = open() => OfSession::SignOut;
        Session::AttributeSet { .. } = open() => OfSession::SetAttributes {
            items: vec![attribute("a", "1")], mode: SetMode::Create,
        };
        Session::AttributeRemoved { .. } = open().and(session_attribute_set("a", "1")) =>
            OfSession::RemoveAttributes(vec![key("a")]);
    }
}

fn systems() -> Vec<Story> {
    stories! { of_system;
        System::Bootstrapped { .. } = nothing() => first_start();
        System::SlotAssigned { .. } = nothing() => OfSystem::AssignSlot {
            slot: Slot(9), purpose: Purpose::Month(Month(202_311)),
        };
        System::ApplicationNamed { .. } = nothing() => OfSystem::NameApplication(name("crm"));
        System::ViewsRebuilt { .. } = nothing() => OfSystem::NoteRebuild {
            facts: 1, digest: [0; 32],
        };
        System::ClockJumped { .. } = nothing() => OfSystem::NoteClockJump {
            expected: at(0), read: at(9),
        };
        System::OriginsForgotten { .. } = given([month(9, 202_310), month(10, 202_311)]) =>
            OfSystem::ForgetOrigins { before: Month(202_311) };
        System::SignInFailed(_) = nothing() => OfSystem::NoteUnknownName(UnknownName {
            name: [9; 32], count: 1,
        });
        System::RequestDenied(_) = nothing() => OfSystem::NoteDenial(audit::Denied {
            act: Act::Audit, target: None, reason: Denial::RightMissing, count: 1,
        });
        System::AuditRead(_) = nothing() => OfSystem::NoteAudit(audit::Read {
            subject: audit::Subject::Feed, hour: at(0),
        });
        System::EventsExported(_) = nothing() => OfSystem::NoteExport(Exported {
            from: Position(1), to: Position(9), digest: [0; 32],
        });
        System::Restored(_) = nothing() => OfSystem::NoteRestore(Restored {
            epoch: 2, position: Position(1), root: [0; 32],
        });
    }
}

fn of_user(fact: &Fact) -> Option<&user::Event> {
    match fact {
        Fact::User(_, event) => Some(event),
        Fact::Session(..) | Fact::System(_) => None,
    }
}

fn of_access(fact: &Fact) -> Option<&Access> {
    match of_user(fact) {
        Some(Event::Access(event)) => Some(event),
        Some(_) | None => None,
    }
}

fn of_attempt(fact: &Fact) -> Option<&attempts::Event> {
    match of_user(fact) {
        Some(Event::Attempt(event)) => Some(event),
        Some(_) | None => None,
    }
}

fn of_mail(fact: &Fact) -> Option<&Mail> {
    match of_user(fact) {
        Some(Event::Mail(event)) => Some(event),
        Some(_) | None => None,
    }
}

fn of_session(fact: &Fact) -> Option<&session::Event> {
    match fact {
        Fact::Session(_, event) => Some(event),
        Fact::User(..) | Fact::System(_) => None,
    }
}

fn of_system(fact: &Fact) -> Option<&system::Event> {
    match fact {
        Fact::System(event) => Some(event),
        Fact::User(..) | Fact::Session(..) => None,
    }
}
