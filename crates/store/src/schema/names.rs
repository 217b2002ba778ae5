//! What events are called, by their tag alone: the head says the tag in clear, so that what happened has a
//! name also where the key that sealed the rest of it is destroyed.

/// The name of the event with this tag, as [`domain::fact::Event::name`] says it.
pub fn name(tag: u16) -> Option<&'static str> {
    let name = match tag {
        1 => "user.signed_up",
        2 => "user.created",
        3 => "user.machine_created",
        4 => "user.sign_up_confirmed",
        5 => "user.sign_up_status_set",
        6 => "user.approved",
        7 => "user.rejected",
        8 => "user.approval_reset",
        9 => "user.locked",
        10 => "user.unlocked",
        11 => "user.username_changed",
        12 => "user.profile_changed",
        13 => "user.email_changed",
        14 => "user.email_removed",
        15 => "user.password_changed",
        16 => "user.password_rehashed",
        17 => "user.password_expiry_set",
        18 => "user.password_must_change_set",
        19 => "user.totp_key_set",
        20 => "user.totp_label_set",
        21 => "user.totp_enabled",
        22 => "user.totp_disabled",
        23 => "user.signed_in",
        24 => "user.attribute_set",
        25 => "user.attribute_removed",
        26 => "user.right_granted",
        27 => "user.right_revoked",
        28 => "user.pat_added",
        29 => "user.pat_removed",
        30 => "user.deleted",
        31 => "user.erased",
        66 => "user.password_reset_requested",
        67 => "user.password_reset_opened",
        68 => "user.password_reset_used",
        69 => "user.sign_in_failed",
        70 => "user.password_check_failed",
        71 => "user.totp_check_failed",
        104 => "user.account_linked",
        105 => "user.account_unlinked",
        121 => "user.rate_limit_set",
        122 => "user.notification_sent",
        123 => "user.notification_failed",
        124 => "user.notification_requested",
        125 => "user.sessions_ended",
        256 => "session.started",
        257 => "session.renewed",
        258 => "session.ended",
        260 => "session.attribute_set",
        261 => "session.attribute_removed",
        768 => "system.bootstrapped",
        769 => "system.slot_assigned",
        770 => "system.application_named",
        771 => "system.views_rebuilt",
        772 => "system.clock_jumped",
        776 => "system.events_exported",
        780 => "system.restored",
        781 => "system.origins_forgotten",
        782 => "system.sign_in_failed",
        783 => "system.request_denied",
        784 => "system.audit_read",
        _ => return None,
    };
    Some(name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::schema;
    use crate::schema::golden::samples;

    #[test]
    fn the_table_of_names_is_the_codes() {
        let table: BTreeMap<u16, &str> =
            (0..=u16::MAX).filter_map(|tag| Some((tag, name(tag)?))).collect();
        let coded: BTreeMap<u16, &str> = samples()
            .iter()
            .map(|event| (schema::encode(event, &mut Vec::new()).tag, event.name()))
            .collect();
        assert_eq!(table, coded);
    }
}
