//! The store as a whole: made, written, opened again, rebuilt, verified.

mod erasing;
mod following;
mod house;
mod opening;
mod proving;
mod rebuilding;
mod recovering;
mod states;
mod turns;
mod untold;
mod views;
