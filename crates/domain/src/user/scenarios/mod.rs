//! What can be asked of a user, told as scenarios: yes, no and already so.

mod account;
mod amending;
mod attributes;
mod births;
mod credentials;
mod mails;
mod resets;
