//! All that a user is born with.

use crate::description::{Change, Description, Shown};
use crate::id::OrganizationId;
use crate::text::{Email, Name, Username};
use crate::time::Timestamp;
use crate::user::describe::{approval_name, sign_up_name};
use crate::user::event::{Created, SignedUp};
use crate::user::state::{ApprovalStatus, NewPassword, SignUpStatus};

pub(super) fn signed_up(birth: &SignedUp) -> Description {
    let mut changes = Vec::new();
    identity(&mut changes, Some(&birth.username), birth.email.as_ref(), birth.home);
    password(&mut changes, &birth.password);
    if !birth.applications.is_empty() {
        let names: Vec<&str> = birth.applications.iter().map(Name::as_str).collect();
        set(&mut changes, "applications", Shown::Text(names.join(", ")));
    }
    let approval = if birth.approval_needed {
        ApprovalStatus::BeforeDecision
    } else {
        ApprovalStatus::Approved
    };
    states(&mut changes, SignUpStatus::BeforeConfirmation, approval);
    Description::new("Signed up", changes)
}

pub(super) fn created(birth: &Created) -> Description {
    let mut changes = Vec::new();
    identity(&mut changes, birth.username.as_ref(), birth.email.as_ref(), birth.home);
    let names = &birth.profile;
    name(&mut changes, "profile.display_name", names.display_name.as_ref());
    name(&mut changes, "profile.first_name", names.first_name.as_ref());
    name(&mut changes, "profile.middle_name", names.middle_name.as_ref());
    name(&mut changes, "profile.last_name", names.last_name.as_ref());
    if let Some(new) = &birth.password {
        password(&mut changes, new);
    }
    if birth.must_change {
        set(&mut changes, "password.must_change", Shown::Flag(true));
    }
    name(&mut changes, "totp.label", birth.totp_label.as_ref());
    if birth.totp_enabled {
        set(&mut changes, "totp.enabled", Shown::Flag(true));
    }
    states(&mut changes, birth.sign_up, birth.approval);
    if birth.locked {
        set(&mut changes, "locked", Shown::Flag(true));
    }
    Description::new("Was created", changes)
}

pub(super) fn machine_created(
    username: &Username,
    called: &Name,
    home: OrganizationId,
) -> Description {
    let mut changes = Vec::new();
    identity(&mut changes, Some(username), None, home);
    name(&mut changes, "profile.display_name", Some(called));
    Description::new("Was created as a machine user", changes)
}

fn identity(
    changes: &mut Vec<Change>,
    username: Option<&Username>,
    email: Option<&Email>,
    home: OrganizationId,
) {
    if let Some(username) = username {
        set(changes, "username", Shown::text(username));
    }
    if let Some(email) = email {
        set(changes, "email", Shown::text(email));
    }
    set(changes, "home", Shown::text(&home));
}

fn name(changes: &mut Vec<Change>, field: &str, name: Option<&Name>) {
    if let Some(name) = name {
        set(changes, field, Shown::text(name));
    }
}

fn password(changes: &mut Vec<Change>, new: &NewPassword) {
    set(changes, "password", Shown::Secret);
    if new.expires != Timestamp::NEVER {
        set(changes, "password.expires", Shown::Time(new.expires));
    }
}

fn states(changes: &mut Vec<Change>, sign_up: SignUpStatus, approval: ApprovalStatus) {
    set(changes, "sign_up_status", Shown::text(sign_up_name(sign_up)));
    set(changes, "approval_status", Shown::text(approval_name(approval)));
}

fn set(changes: &mut Vec<Change>, field: &str, new: Shown) {
    changes.push(Change::new(field, None, new));
}
