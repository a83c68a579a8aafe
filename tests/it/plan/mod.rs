//! `tapworks plan`: every row of the CLI's table of fields as a [`case::Case`], by what it is about, and what else a plan says

mod block;
mod by_hand;
mod case;
mod cause;
mod configuration;
mod full_refresh;
mod gateway;
mod in_place;
mod job;
mod key;
mod lifecycle;
mod permissions;
mod pipeline;
mod reading;
mod site;
mod table;
