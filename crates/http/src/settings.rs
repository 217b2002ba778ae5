//! What an operator may choose about how things are spoken.

use domain::time::Span;
use service::addresses::Network;

use crate::limits::{CONNECTIONS_MAX, EVENT_HEARTBEAT};
use crate::zato;

/// The surfaces' settings; what changes what happens lives in `service::Settings`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The Zato dialect's own.
    pub zato: zato::Settings,
    /// Whoever connects from here is believed when it says for whom it asks.
    pub trusted_proxies: Vec<Network>,
    /// Open connections; more wait to be accepted.
    pub connections_max: usize,
    /// A stream of events is silent no longer than this.
    pub event_heartbeat: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            zato: zato::Settings::default(),
            trusted_proxies: Vec::new(),
            connections_max: CONNECTIONS_MAX,
            event_heartbeat: EVENT_HEARTBEAT,
        }
    }
}
