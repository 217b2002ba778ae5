//! The policy as tables: who may do what to whom.

use std::fmt::Write as _;

use super::*;
use crate::scenario::*;
use crate::user::Event;

/// Every act with its name. The patterns stand in a `match` as well, so a new act does not
/// compile before it has a line here, and then in the tables below.
macro_rules! every_act {
    ($($act:ident $(($right:ident))?,)*) => {{
        let _exhaustive = |act: Act| match act {
            $(Act::$act $((Right::$right))? => {})*
        };
        vec![$((
            concat!(stringify!($act), $("(", stringify!($right), ")")?),
            Act::$act $((Right::$right))?,
        )),*]
    }};
}

fn every_act() -> Vec<(&'static str, Act)> {
    every_act![
        SignUp,
        ConfirmSignUp,
        CreateUser,
        DecideApproval,
        Lock,
        AmendProfile,
        AmendAccount,
        ChangeKnownPassword,
        SetPassword,
        ResetTotp,
        WriteAttributes,
        ManageRight(SuperUser),
        ManageRight(Auditor),
        ManageRight(Operator),
        ManageTokens,
        DeleteUser,
        EraseUser,
        ResetPassword,
        ManageLinks,
        UseSession,
        OpenSession,
        ReadUser,
        ReadAccounts,
        Audit,
        Operate,
        FailToSignIn,
        DeliverMail,
        BeDenied,
    ]
}

// How to read the tables: who asks across, what it asks downwards. `+` yes, `r` a right is
// missing, `s` it concerns somebody else, `o` the other one holds more rights. `self` is the
// target itself with the rights it holds, all others are somebody else: `super` holds super-user,
// `all` every right, `console` is the operator at the command line, `muster` is Muster itself.
// Columns self, regular and super are those of Zato's contract, section 6.13, except for what a
// dialect asks beyond this table: a super-user sets its own password like everybody, with the old
// one, and does not delete itself.

const TOWARDS_A_REGULAR_USER: &str = "
                       nobody self regular super auditor operator all console muster
SignUp                    +    +      +      +      +       +      +     +      +
ConfirmSignUp             +    +      +      +      +       +      +     +      +
CreateUser                r    r      r      +      r       r      +     +      +
DecideApproval            r    r      r      +      r       r      +     +      +
Lock                      r    r      r      +      r       r      +     +      +
AmendProfile              s    +      s      +      s       s      +     +      +
AmendAccount              r    r      r      +      r       r      +     +      +
ChangeKnownPassword       s    +      s      s      s       s      s     +      +
SetPassword               r    r      r      +      r       r      +     +      +
ResetTotp                 s    +      s      +      s       s      +     +      +
WriteAttributes           s    +      s      +      s       s      +     +      +
ManageRight(SuperUser)    r    r      r      +      r       r      +     +      +
ManageRight(Auditor)      r    r      r      +      r       r      +     +      +
ManageRight(Operator)     r    r      r      r      r       +      +     +      +
ManageTokens              s    +      s      +      s       s      +     +      +
DeleteUser                r    r      r      +      r       r      +     +      +
EraseUser                 r    r      r      +      r       r      +     +      +
ResetPassword             +    +      +      +      +       +      +     +      +
ManageLinks               r    r      r      +      r       r      +     +      +
UseSession                s    +      s      s      s       s      s     +      +
OpenSession               r    r      r      +      r       r      +     +      +
ReadUser                  s    +      s      +      s       s      +     +      +
ReadAccounts              r    r      r      +      r       r      +     +      +
Audit                     r    r      r      +      +       r      +     +      +
Operate                   r    r      r      r      r       +      +     +      +
FailToSignIn              +    +      +      +      +       +      +     +      +
DeliverMail               r    r      r      r      r       r      r     +      +
BeDenied                  +    +      +      +      +       +      +     +      +
";

const TOWARDS_A_SUPER_USER: &str = "
                       nobody self regular super auditor operator all console muster
SignUp                    +    +      +      +      +       +      +     +      +
ConfirmSignUp             +    +      +      +      +       +      +     +      +
CreateUser                r    +      r      +      r       r      +     +      +
DecideApproval            r    +      r      +      r       r      +     +      +
Lock                      r    +      r      +      r       r      +     +      +
AmendProfile              s    +      s      +      s       s      +     +      +
AmendAccount              r    +      r      +      r       r      +     +      +
ChangeKnownPassword       s    +      s      s      s       s      s     +      +
SetPassword               r    +      r      +      r       r      +     +      +
ResetTotp                 s    +      s      +      s       s      +     +      +
WriteAttributes           s    +      s      +      s       s      +     +      +
ManageRight(SuperUser)    r    +      r      +      r       r      +     +      +
ManageRight(Auditor)      r    +      r      +      r       r      +     +      +
ManageRight(Operator)     r    r      r      r      r       o      +     +      +
ManageTokens              s    +      s      +      s       s      +     +      +
DeleteUser                r    +      r      +      r       r      +     +      +
EraseUser                 r    +      r      +      r       r      +     +      +
ResetPassword             +    +      +      +      +       +      +     +      +
ManageLinks               r    +      r      +      r       r      +     +      +
UseSession                s    +      s      s      s       s      s     +      +
OpenSession               r    +      r      +      r       r      +     +      +
ReadUser                  s    +      s      +      s       s      +     +      +
ReadAccounts              r    +      r      +      r       r      +     +      +
Audit                     r    +      r      +      +       r      +     +      +
Operate                   r    r      r      r      r       +      +     +      +
FailToSignIn              +    +      +      +      +       +      +     +      +
DeliverMail               r    r      r      r      r       r      r     +      +
BeDenied                  +    +      +      +      +       +      +     +      +
";

const TOWARDS_A_MACHINE_WITH_EVERY_RIGHT: &str = "
                       nobody self regular super auditor operator all console muster
SignUp                    +    +      +      +      +       +      +     +      +
ConfirmSignUp             +    +      +      +      +       +      +     +      +
CreateUser                r    +      r      +      r       r      +     +      +
DecideApproval            r    +      r      o      r       r      +     +      +
Lock                      r    +      r      o      r       r      +     +      +
AmendProfile              s    +      s      o      s       s      +     +      +
AmendAccount              r    +      r      o      r       r      +     +      +
ChangeKnownPassword       s    +      s      s      s       s      s     +      +
SetPassword               r    +      r      o      r       r      +     +      +
ResetTotp                 s    +      s      o      s       s      +     +      +
WriteAttributes           s    +      s      +      s       s      +     +      +
ManageRight(SuperUser)    r    +      r      o      r       r      +     +      +
ManageRight(Auditor)      r    +      r      o      r       r      +     +      +
ManageRight(Operator)     r    +      r      r      r       o      +     +      +
ManageTokens              s    +      s      o      s       s      +     +      +
DeleteUser                r    +      r      o      r       r      +     +      +
EraseUser                 r    +      r      o      r       r      +     +      +
ResetPassword             +    +      +      +      +       +      +     +      +
ManageLinks               r    +      r      o      r       r      +     +      +
UseSession                s    +      s      s      s       s      s     +      +
OpenSession               r    +      r      o      r       r      +     +      +
ReadUser                  s    +      s      +      s       s      +     +      +
ReadAccounts              r    +      r      +      r       r      +     +      +
Audit                     r    +      r      +      +       r      +     +      +
Operate                   r    +      r      r      r       +      +     +      +
FailToSignIn              +    +      +      +      +       +      +     +      +
DeliverMail               r    r      r      r      r       r      r     +      +
BeDenied                  +    +      +      +      +       +      +     +      +
";

#[test]
fn who_may_do_what_to_whom_is_as_the_tables_say() {
    let super_user = Rights::NONE.with(Right::SuperUser);
    let machine = given([of_robot(machine_created())]);
    for (target, rights, expected) in [
        (Actor::User(ADA), Rights::NONE, TOWARDS_A_REGULAR_USER),
        (Actor::User(ADA), super_user, TOWARDS_A_SUPER_USER),
        (Actor::Machine(ROBOT), Rights::all(), TOWARDS_A_MACHINE_WITH_EVERY_RIGHT),
    ] {
        let mut user = match target {
            Actor::Machine(id) => machine.user(id).clone(),
            _ => ada(Rights::NONE),
        };
        user.rights = rights;
        assert_eq!(table(target, &user), expected.trim_start_matches('\n'));
    }
}

#[test]
fn somebody_who_is_not_there_is_somebody_else() {
    let super_user = Rights::NONE.with(Right::SuperUser);
    let ask = |rights, act| permits(&Authority { actor: Actor::User(GRACE), rights }, act, None);
    let not_self = Err(Rejection::Denied(Denial::NotSelf));
    for act in [Act::AmendProfile, Act::ResetTotp, Act::WriteAttributes, Act::ReadUser] {
        assert_eq!(ask(Rights::NONE, act), not_self);
        assert_eq!(ask(super_user, act), Ok(()));
    }
    assert_eq!(ask(super_user, Act::ChangeKnownPassword), not_self);
    assert_eq!(ask(Rights::NONE, Act::SignUp), Ok(()));
    let missing = Err(Rejection::Denied(Denial::RightMissing));
    assert_eq!(ask(Rights::NONE, Act::CreateUser), missing);
    assert_eq!(ask(super_user, Act::CreateUser), Ok(()));
}

/// Over all sets of rights on either side; what changes nothing of the other one is left out.
#[test]
fn nobody_may_act_on_somebody_who_holds_a_right_that_it_lacks() {
    let harmless = [
        Act::SignUp,
        Act::FailToSignIn,
        Act::BeDenied,
        Act::ConfirmSignUp,
        Act::ResetPassword,
        Act::CreateUser,
        Act::WriteAttributes,
        Act::ReadUser,
        Act::ReadAccounts,
        Act::Audit,
        Act::Operate,
    ];
    for target in every_set_of_rights() {
        let user = ada(target);
        for rights in every_set_of_rights() {
            let who = Authority { actor: Actor::User(GRACE), rights };
            for (name, act) in every_act() {
                if !harmless.contains(&act) && permits(&who, act, Some(&user)).is_ok() {
                    assert!(rights.cover(target), "{name}: {rights:?} towards {target:?}");
                }
            }
        }
    }
}

/// More rights never forbid what fewer allow.
#[test]
fn one_more_right_takes_nothing_away() {
    let user = ada(Rights::NONE.with(Right::SuperUser));
    for rights in every_set_of_rights() {
        for right in Right::ALL {
            for (name, act) in every_act() {
                let ask = |rights| {
                    let who = Authority { actor: Actor::Machine(ROBOT), rights };
                    permits(&who, act, Some(&user)).is_ok()
                };
                assert!(!ask(rights) || ask(rights.with(right)), "{name} with {right:?}");
            }
        }
    }
}

#[test]
fn a_super_user_counts_as_every_right_but_operator() {
    let rights = Rights::NONE.with(Right::SuperUser);
    assert!(rights.covers(Right::SuperUser) && rights.covers(Right::Auditor));
    assert!(!rights.covers(Right::Operator) && !rights.holds(Right::Auditor));
    assert!(!Rights::NONE.with(Right::Operator).covers(Right::Auditor));
    assert_eq!(Rights::all().iter().collect::<Vec<_>>(), Right::ALL);
    assert_eq!(Rights::all().without(Right::Operator).iter().count(), 2);
    assert_eq!(Right::ALL.map(Right::name), ["super_user", "auditor", "operator"]);
}

fn table(target: Actor, user: &User) -> String {
    let only = |right| Rights::NONE.with(right);
    let somebody = Actor::User(GRACE);
    let callers = [
        (Actor::Anonymous, Rights::NONE),
        (target, user.rights),
        (somebody, Rights::NONE),
        (somebody, only(Right::SuperUser)),
        (somebody, only(Right::Auditor)),
        (somebody, only(Right::Operator)),
        (somebody, Rights::all()),
        (Actor::Operator, Rights::NONE),
        (Actor::System, Rights::NONE),
    ];
    let mut text =
        format!("{:23}nobody self regular super auditor operator all console muster\n", "");
    for (name, act) in every_act() {
        let cells = callers.map(|(actor, rights)| {
            match permits(&Authority { actor, rights }, act, Some(user)) {
                Ok(()) => '+',
                Err(Rejection::Denied(Denial::RightMissing)) => 'r',
                Err(Rejection::Denied(Denial::NotSelf)) => 's',
                Err(Rejection::Denied(Denial::Outranked)) => 'o',
                Err(other) => panic!("not an answer of the policy: {other}"),
            }
        });
        write!(text, "{name:26}").unwrap();
        for (cell, width) in cells.into_iter().zip([5, 7, 7, 7, 8, 7, 6, 7, 0]) {
            write!(text, "{cell:width$}").unwrap();
        }
        text.push('\n');
    }
    text
}

fn ada(rights: Rights) -> User {
    let granted = rights.iter().map(|right| Event::RightGranted { right });
    given([ada_created()].into_iter().chain(granted)).user(ADA).clone()
}

fn every_set_of_rights() -> impl Iterator<Item = Rights> {
    (0..8_u8).map(|bits| {
        let chosen = Right::ALL.into_iter().filter(|right| bits & right.bit() != 0);
        chosen.fold(Rights::NONE, Rights::with)
    })
}
