//! Attempts that failed.

use crate::description::Description;
use crate::user::attempts::{Event, Fault};

pub(super) fn describe(event: Event) -> Description {
    let sentence = match event.fault {
        Fault::Password => "A wrong password was tried".to_owned(),
        Fault::Totp => "A wrong or used TOTP code was tried".to_owned(),
        Fault::Refused(why) => format!("Right credentials did not sign in ({})", why.name()),
    };
    let sentence = match event.count {
        1 => sentence,
        count => format!("{sentence}, {count} times"),
    };
    Description::new(sentence, Vec::new())
}
