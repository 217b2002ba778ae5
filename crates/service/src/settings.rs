//! The settings in force, which travel in commands so that a fact never depends on configuration.

use domain::sign_in::SignInSettings;
use domain::time::Span;
use domain::user::password::PasswordRules;
use domain::user::sign_up::SignUpRules;

use crate::addresses::AddressRules;
use crate::erasing::Retention;
use crate::feed::readers;
use crate::mail::MailSettings;
use crate::resets::ResetSettings;
use crate::throttle::ThrottleSettings;

/// What rules and limits are in force; the defaults are those of Zato's contract, section 8.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What a new password must be like.
    pub password: PasswordRules,
    /// How long a new password lasts.
    pub password_lasts: Span,
    /// Whether a change of the password ends all other sessions.
    pub password_ends_sessions: bool,
    /// How signing in works.
    pub sign_in: SignInSettings,
    /// How long a session lasts.
    pub session_lasts: Span,
    /// From where users may sign in and use their sessions.
    pub addresses: AddressRules,
    /// How many failed sign-ins are let pass.
    pub throttle: ThrottleSettings,
    /// How signing up works.
    pub sign_up: SignUpRules,
    /// How a forgotten password is replaced.
    pub reset: ResetSettings,
    /// What is sent by mail, and how.
    pub mail: MailSettings,
    /// How long things are kept that nobody asked to be destroyed.
    pub retention: Retention,
    /// Commands that may wait for the writer; more are answered as busy.
    pub queue_len_max: usize,
    /// Password hashes that may wait for a thread; more are answered as busy.
    pub hashing_len_max: usize,
    /// Readers that stream events, or wait for them, at once; more are told to come later.
    pub event_readers_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            password: PasswordRules::default(),
            password_lasts: Span::days(730),
            password_ends_sessions: false,
            sign_in: SignInSettings {
                expires_soon: Span::days(30),
                may_sign_in_when_soon: true,
                refuse_totp_reuse: true,
            },
            session_lasts: Span::minutes(60),
            addresses: AddressRules::default(),
            throttle: ThrottleSettings::default(),
            sign_up: SignUpRules::default(),
            reset: ResetSettings::default(),
            mail: MailSettings::default(),
            retention: Retention::default(),
            queue_len_max: 4_096,
            hashing_len_max: 256,
            event_readers_max: readers::READERS_MAX,
        }
    }
}
