//! Signing in, told as scenarios (Zato's contract, sections 6.1 to 6.3).

use crate::actor::Actor;
use crate::attributes::Attributes;
use crate::fact::Event as Fact;
use crate::id::Position;
use crate::rejection::{Rejection, ValueFault};
use crate::scenario::*;
use crate::session::{Event as SessionEvent, Method, Session};
use crate::sign_in::{ApplicationGates, OpenSession, SignIn, SignInSettings};
use crate::time::{Span, Timestamp};
use crate::user::Event;
use crate::user::event::Created;
use crate::user::state::{ApprovalStatus, NewPassword, SignUpStatus};

/// When Ada's password expires.
const END: Timestamp = Timestamp(START.0 + PASSWORD_LIFE.0);

#[test]
fn whoever_proves_its_password_is_signed_in_and_has_a_session() {
    let world = ada().by(Actor::User(ADA)).when(ada_signs_in()).then(signed_in(at(1), None));
    let session = Session {
        id: session_opened(at(1)),
        user: ADA,
        version: 1,
        started: at(1),
        expires: ada_signs_in().session_expires,
        token: token(2),
        method: Method::Password,
        principal: Some(username("ada")),
        link: None,
        opened: Position(3),
        renewals: 0,
        renewed: Vec::new(),
        attributes: Attributes::new_sync(),
    };
    assert_eq!(world.find_session(session_opened(at(1))), Some(&session));
}

#[test]
fn a_second_sign_in_opens_a_second_session() {
    let world = ada()
        .when(ada_signs_in())
        .then(signed_in(at(1), None))
        .when(ada_signs_in())
        .then(signed_in(at(2), None));
    assert!(world.find_session(session_opened(at(1))).is_some());
    assert!(world.find_session(session_opened(at(2))).is_some());
}

#[test]
fn somebody_unknown_deleted_or_without_a_password_has_no_credentials() {
    for world in [
        nothing(),
        given([ada_created(), Event::Deleted]),
        given([ada_created_but(|birth| birth.password = None)]),
    ] {
        world.when(ada_signs_in()).then_rejected(Rejection::BadCredentials);
    }
    given([of_robot(machine_created())])
        .when(SignIn { user: ROBOT, ..ada_signs_in() })
        .then_rejected(Rejection::BadCredentials);
}

#[test]
fn a_password_that_was_replaced_or_hashed_anew_meanwhile_is_looked_at_again() {
    for event in [password_changed("h2"), Event::PasswordRehashed { hash: hash("h2") }] {
        ada().and(event).when(ada_signs_in()).then_rejected(Rejection::StaleProof);
    }
}

/// Everything is wrong at once; then one thing after the other is put right, and the next check
/// answers. Steps as section 6.1 numbers them.
#[test]
fn checks_come_in_the_order_of_the_contract() {
    let everything_wrong = given([ada_created_but(|birth| {
        birth.locked = true;
        birth.sign_up = SignUpStatus::BeforeConfirmation;
        birth.approval = ApprovalStatus::BeforeDecision;
        birth.must_change = true;
        birth.totp_enabled = true;
    })])
    .at(END);
    let mut asked = SignIn {
        checked: hash("h0"),
        application: ApplicationGates {
            may_sign_in: false,
            address_allowed: false,
            metadata_in_order: false,
        },
        settings: SignInSettings { may_sign_in_when_soon: false, ..ada_signs_in().settings },
        ..ada_signs_in()
    };
    let step = |world: World, asked: &SignIn, rejection: Rejection| {
        world.when(asked.clone()).then_rejected(rejection).at(END)
    };
    let world = step(everything_wrong, &asked, Rejection::StaleProof); // 5
    asked.checked = hash("h1");
    let world = step(world, &asked, Rejection::StaleProof); // 6
    asked.totp = Some((seed(1), 7));
    let world = step(world, &asked, Rejection::ApplicationNotAllowed); // 8
    asked.application.may_sign_in = true;
    let world = step(world, &asked, Rejection::AddressNotAllowed); // 9
    asked.application.address_allowed = true;
    let world = step(world, &asked, Rejection::AccountLocked).and(Event::Unlocked).at(END); // 10
    let world = step(world, &asked, Rejection::SignUpNotFinal); // 11
    let world = world.and(Event::SignUpStatusSet { status: SignUpStatus::Final }).at(END);
    let world = step(world, &asked, Rejection::NotApproved).and(Event::Approved).at(END); // 12
    let world = step(world, &asked, Rejection::PasswordExpired); // 13
    let world = world.at(END.before(Span::secs(60)));
    let world = world.when(asked.clone()).then_rejected(Rejection::MetadataNotAllowed); // 14
    asked.application.metadata_in_order = true;
    let world = world.when(asked.clone()).then_rejected(Rejection::PasswordExpiresSoon); // 15
    asked.settings.may_sign_in_when_soon = true;
    let world = world.when(asked.clone()).then_rejected(Rejection::PasswordMustChange); // 16
    let world = world.and(Event::PasswordMustChangeSet { must_change: false });
    world.when(asked).then_accepted(); // 17
}

#[test]
fn each_state_of_an_account_that_forbids_signing_in_is_told_apart() {
    let unconfirmed = Event::SignUpStatusSet { status: SignUpStatus::BeforeConfirmation };
    let held_back = Event::SignUpStatusSet { status: SignUpStatus::ToApprove };
    for (event, rejection) in [
        (Event::Locked, Rejection::AccountLocked),
        (unconfirmed, Rejection::SignUpNotFinal),
        (held_back, Rejection::SignUpNotFinal),
        (Event::ApprovalReset, Rejection::NotApproved),
        (Event::Rejected, Rejection::NotApproved),
    ] {
        ada().and(event).when(ada_signs_in()).then_rejected(rejection);
    }
}

#[test]
fn totp_that_was_switched_meanwhile_is_looked_at_again() {
    ada().and(Event::TotpEnabled).when(ada_signs_in()).then_rejected(Rejection::StaleProof);
    with_totp()
        .and(Event::TotpDisabled)
        .when(with_code(seed(1), 7))
        .then_rejected(Rejection::StaleProof);
}

#[test]
fn a_code_of_a_key_that_was_replaced_meanwhile_is_looked_at_again() {
    with_totp()
        .and(Event::TotpKeySet { seed: seed(2) })
        .when(with_code(seed(1), 7))
        .then_rejected(Rejection::StaleProof)
        .when(with_code(seed(2), 7))
        .then(signed_in(at(3), Some(7)));
}

#[test]
fn a_code_counts_once_where_that_is_asked_for() {
    let world = with_totp().when(with_code(seed(1), 7)).then(signed_in(at(1), Some(7)));
    assert_eq!(world.user(ADA).totp.last_step, Some(7));
    world
        .when(with_code(seed(1), 7))
        .then_rejected(Rejection::BadCredentials)
        .when(with_code(seed(1), 6))
        .then_rejected(Rejection::BadCredentials)
        .when(with_code(seed(1), 8))
        .then(signed_in(at(4), Some(8)));
}

#[test]
fn a_code_counts_again_where_that_is_allowed() {
    let mut asked = with_code(seed(1), 7);
    asked.settings.refuse_totp_reuse = false;
    with_totp()
        .when(asked.clone())
        .then(signed_in(at(1), Some(7)))
        .when(asked)
        .then(signed_in(at(2), Some(7)));
}

#[test]
fn a_used_code_says_nothing_of_the_account_behind_it() {
    with_totp()
        .and(Event::SignedIn { session: SESSION, totp_step: Some(7) })
        .and(Event::Locked)
        .when(with_code(seed(1), 7))
        .then_rejected(Rejection::BadCredentials);
}

#[test]
fn a_new_password_is_ignored_while_nothing_is_due() {
    let world = ada().when(with_new_password()).then(signed_in(at(1), None));
    assert_eq!(world.user(ADA).password.as_ref().unwrap().hash, hash("h1"));
}

#[test]
fn a_password_that_must_change_is_refused_or_replaced() {
    let world = given([ada_created_but(|birth| birth.must_change = true)])
        .when(ada_signs_in())
        .then_rejected(Rejection::PasswordMustChange)
        .when(with_new_password())
        .then(replaced(at(2)));
    let password = world.user(ADA).password.clone().unwrap();
    assert_eq!((password.hash, password.set), (hash("h2"), at(2)));
    assert!(!password.must_change, "the flag is cleared");
}

#[test]
fn a_password_that_expires_soon_is_enough_where_that_is_allowed() {
    let soon = END.before(SOON).after(Span(1));
    ada().at(soon).when(ada_signs_in()).then(signed_in(soon, None));
    ada().at(soon).when(with_new_password()).then(replaced(soon));
}

#[test]
fn a_password_that_expires_soon_is_refused_where_it_is_not_enough() {
    let strict = |asked: SignIn| SignIn {
        settings: SignInSettings { may_sign_in_when_soon: false, ..asked.settings },
        ..asked
    };
    let soon = END.before(SOON);
    ada().at(soon).when(strict(ada_signs_in())).then(signed_in(soon, None));
    let soon = soon.after(Span(1));
    ada().at(soon).when(strict(ada_signs_in())).then_rejected(Rejection::PasswordExpiresSoon);
    ada().at(soon).when(strict(with_new_password())).then(replaced(soon));
}

#[test]
fn a_password_that_expired_is_refused_or_replaced() {
    for now in [END, END.after(Span::days(1))] {
        ada().at(now).when(ada_signs_in()).then_rejected(Rejection::PasswordExpired);
        ada().at(now).when(with_new_password()).then(replaced(now));
    }
}

#[test]
fn a_password_is_due_at_the_moment_it_expires_even_if_nothing_expires_soon() {
    let mut asked = with_new_password();
    asked.settings.expires_soon = Span::secs(0);
    ada().at(END).when(asked).then(replaced(END));
}

#[test]
fn a_new_password_that_is_expired_already_is_refused() {
    let expires = at(2);
    let asked =
        SignIn { new_password: Some(NewPassword { hash: hash("h2"), expires }), ..ada_signs_in() };
    given([ada_created_but(|birth| birth.must_change = true)])
        .at(expires)
        .when(asked)
        .then_rejected(unacceptable("password.expires", ValueFault::OutOfRange));
}

#[test]
fn a_weak_hash_is_replaced_by_a_stronger_one_of_the_same_password() {
    let asked = SignIn { rehashed: Some(hash("h1, dearer")), ..ada_signs_in() };
    let rehashed = Event::PasswordRehashed { hash: hash("h1, dearer") };
    ada().when(asked).then([vec![rehashed.into()], signed_in(at(1), None)].concat());
}

#[test]
fn a_password_that_is_replaced_is_not_hashed_anew_first() {
    let asked = SignIn { rehashed: Some(hash("h1, dearer")), ..with_new_password() };
    given([ada_created_but(|birth| birth.must_change = true)]).when(asked).then(replaced(at(1)));
}

#[test]
fn somebody_without_a_name_has_sessions_without_a_principal() {
    let (world, _) = given([ada_created_but(|birth| birth.username = None)])
        .when(ada_signs_in())
        .then_accepted();
    assert_eq!(world.find_session(session_opened(at(1))).unwrap().principal, None);
}

/// No fact says that Ada signed in: she did not.
#[test]
fn an_operator_opens_a_session_for_somebody_without_the_password() {
    let with_totp = |birth: &mut Created| birth.totp_enabled = true;
    for world in [ada(), given([ada_created_but(with_totp)])] {
        let started = SessionEvent::Started {
            user: ADA,
            token: token(2),
            expires: at(60),
            method: Method::CommandLine,
            principal: Some(username("ada")),
            link: None,
        };
        let session = session_opened(at(1));
        let started = Fact::Session(session, started);
        let world = world.by(Actor::Operator).when(opening(ADA)).then([started]);
        assert_eq!(world.find_session(session).map(|session| session.expires), Some(at(60)));
    }
}

#[test]
fn no_session_is_opened_that_could_not_be_used() {
    nothing().when(opening(ADA)).then_rejected(Rejection::NoSuchUser);
    let born = |but: fn(&mut Created)| given([ada_created_but(but)]);
    for (world, why) in [
        (born(|birth| birth.locked = true), Rejection::AccountLocked),
        (born(|birth| birth.sign_up = SignUpStatus::ToApprove), Rejection::SignUpNotFinal),
        (born(|birth| birth.approval = ApprovalStatus::BeforeDecision), Rejection::NotApproved),
        (born(|birth| birth.password = None), Rejection::NoPassword),
    ] {
        world.when(opening(ADA)).then_rejected(why);
    }
    ada().at(END).when(opening(ADA)).then_rejected(Rejection::PasswordExpired);
    given([of_robot(machine_created())]).when(opening(ROBOT)).then_rejected(Rejection::NoPassword);
}

fn opening(user: crate::id::UserId) -> OpenSession {
    OpenSession { user, token: token(2), session_expires: at(60) }
}

fn ada() -> World {
    given([ada_created()])
}

fn with_totp() -> World {
    given([ada_created_but(|birth| birth.totp_enabled = true)])
}

fn with_code(seed: crate::secret::TotpSeed, step: u64) -> SignIn {
    SignIn { totp: Some((seed, step)), ..ada_signs_in() }
}

/// Ada sends the new password `h2` along, which lasts as long after the end of the present one.
fn with_new_password() -> SignIn {
    SignIn { new_password: Some(new_password()), ..ada_signs_in() }
}

fn new_password() -> NewPassword {
    NewPassword { hash: hash("h2"), expires: END.after(PASSWORD_LIFE) }
}

fn signed_in(now: Timestamp, totp_step: Option<u64>) -> Vec<Fact> {
    let session = session_opened(now);
    let started = SessionEvent::Started {
        user: ADA,
        token: token(2),
        expires: ada_signs_in().session_expires,
        method: if totp_step.is_some() { Method::PasswordAndTotp } else { Method::Password },
        principal: Some(username("ada")),
        link: None,
    };
    vec![Event::SignedIn { session, totp_step }.into(), Fact::Session(session, started)]
}

fn replaced(now: Timestamp) -> Vec<Fact> {
    let changed = Event::PasswordChanged { password: new_password(), must_change: false };
    [vec![changed.into()], signed_in(now, None)].concat()
}
