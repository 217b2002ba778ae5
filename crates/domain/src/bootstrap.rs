//! The first facts of a store: its organization, its keys, its first two users.

use crate::actor::Stamp;
use crate::fact::Event;
use crate::id::{OrganizationId, Slot, TokenId, UserId};
use crate::policy::Right;
use crate::secret::{TokenHash, TotpSeed};
use crate::system::{self, Purpose};
use crate::text::{Name, Username};
use crate::time::Timestamp;
use crate::user;
use crate::user::event::Created;
use crate::user::state::{ApprovalStatus, NewPassword, Profile, SignUpStatus};

/// What the first start was told or drew.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstStart {
    /// The name of the default organization.
    pub organization: Name,
    /// The super-user's name.
    pub super_user: Username,
    /// The super-user's password.
    pub password: NewPassword,
    /// A key for the super-user's TOTP slot, which stays off.
    pub totp: TotpSeed,
    /// The name of the machine that owns the printed token.
    pub machine: Username,
    /// The hash of that token.
    pub token: TokenHash,
}

/// The first facts: they cannot be refused. Slots are numbered from 1 in the order of the facts,
/// so the super-user's key follows the standing ones.
pub fn decide(first: FirstStart, stamp: &Stamp) -> Vec<Event> {
    let organization = OrganizationId(stamp.id(0));
    let admin = UserId(stamp.id(1));
    let machine = UserId(stamp.id(2));
    let token = TokenId(stamp.id(3));
    let mut events =
        vec![Event::System(system::Event::Bootstrapped { organization, name: first.organization })];
    events.extend((1..).zip(Purpose::STANDING).map(|(slot, purpose)| {
        Event::System(system::Event::SlotAssigned { slot: Slot(slot), purpose })
    }));
    events.push(Event::User(
        admin,
        user::Event::Created(Box::new(Created {
            username: Some(first.super_user),
            email: None,
            profile: Profile::default(),
            password: Some(first.password),
            must_change: false,
            home: organization,
            sign_up: SignUpStatus::Final,
            approval: ApprovalStatus::Approved,
            locked: false,
            totp: first.totp,
            totp_label: None,
            totp_enabled: false,
            mail_owed: false,
        })),
    ));
    events.push(Event::User(admin, user::Event::RightGranted { right: Right::SuperUser }));
    let called = Name::parse(first.machine.as_str()).expect("a user name is a name as well");
    events.push(Event::User(
        machine,
        user::Event::MachineCreated {
            username: first.machine,
            name: called.clone(),
            home: organization,
        },
    ));
    for right in Right::ALL {
        events.push(Event::User(machine, user::Event::RightGranted { right }));
    }
    events.push(Event::User(
        machine,
        user::Event::PatAdded { token, hash: first.token, name: called, expires: Timestamp::NEVER },
    ));
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Rights;
    use crate::scenario::*;
    use crate::session::Usability;
    use crate::sign_in::SignIn;
    use crate::user::state::Kind;

    #[test]
    fn a_store_is_born_with_its_organization_and_its_standing_keys_in_slots_one_to_four() {
        let (world, events) = nothing().when(first_start()).then_accepted();
        let (organization, called) = world.system().default_organization.clone().unwrap();
        assert_eq!((organization, called), (OrganizationId(fresh(0)), name("default")));
        let slots = Purpose::STANDING.map(|purpose| world.system().slot(purpose).unwrap().0);
        assert_eq!(slots, [1, 2, 3, 4]);
        let names: Vec<&str> = events.iter().map(Event::name).collect();
        let told = [
            "system.bootstrapped",
            "system.slot_assigned",
            "system.slot_assigned",
            "system.slot_assigned",
            "system.slot_assigned",
            "user.created",
            "user.right_granted",
            "user.machine_created",
            "user.right_granted",
            "user.right_granted",
            "user.right_granted",
            "user.pat_added",
        ];
        assert_eq!(names, told);
    }

    #[test]
    fn the_first_super_user_is_a_person_who_may_sign_in() {
        let (world, _) = nothing().when(first_start()).then_accepted();
        let admin = world.user(UserId(fresh(1)));
        assert_eq!((admin.kind, &admin.username), (Kind::Human, &Some(username("admin"))));
        assert_eq!(admin.rights, Rights::NONE.with(Right::SuperUser));
        assert_eq!(admin.standing().usability, Usability::Usable);
        assert!(!admin.password.as_ref().unwrap().must_change && !admin.totp.enabled);
        let asked = SignIn { user: admin.id, checked: hash("h9"), ..ada_signs_in() };
        world.when(asked).then_accepted();
    }

    #[test]
    fn the_first_machine_holds_every_right_and_a_token_that_lasts() {
        let (world, _) = nothing().when(first_start()).then_accepted();
        let machine = world.user(UserId(fresh(2)));
        assert_eq!(machine.kind, Kind::Machine);
        assert_eq!(machine.rights, Rights::all());
        assert_eq!(user::keys(machine).tokens, [(token(9), TokenId(fresh(3)))]);
        let pat = machine.tokens.get(&TokenId(fresh(3))).unwrap();
        assert_eq!(pat.expires, Timestamp::NEVER);
    }

    #[test]
    fn both_belong_to_the_organization_that_was_born_with_them() {
        let (world, _) = nothing().when(first_start()).then_accepted();
        for id in [1, 2] {
            assert_eq!(world.user(UserId(fresh(id))).home, OrganizationId(fresh(0)));
        }
    }

    /// The `n`th id that the first command of a scenario draws.
    fn fresh(n: u8) -> ulid::Ulid {
        Stamp { at: START, actor: crate::actor::Actor::System, seed: SEED }.id(n)
    }
}
