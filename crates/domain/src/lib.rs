//! What is true: the rules of Muster as functions of values, without IO, clock, chance or logging.
//!
//! A command is decided against state (`decide`), the decision is written as facts ([`fact::Fact`]),
//! and everything else is a fold of those facts (`evolve`). In reading order:
//!
//! * [`id`], [`time`], [`text`], [`secret`], [`network`]: values that cannot be wrong once parsed
//! * [`actor`], [`fact`]: who acted, and what a fact carries around its event
//! * [`user`], [`session`], [`system`]: the streams; [`sign_in`] touches two of them, [`bootstrap`] three
//! * [`attributes`]: named values inside a user
//! * [`description`]: what an event means to a reader
//! * [`policy`]: who may do what; [`rejection`]: every way a rule says no
//!
//! Tests are scenarios: given facts, when command, then facts.

pub mod actor;
pub mod attributes;
pub mod bootstrap;
pub mod description;
pub mod fact;
pub mod id;
pub mod network;
pub mod policy;
pub mod rejection;
#[cfg(test)]
pub(crate) mod scenario;
pub mod secret;
pub mod session;
pub mod sign_in;
pub mod system;
pub mod text;
pub mod time;
pub mod user;
