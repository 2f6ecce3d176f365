//! Calls every public function on threads with a small stack, as a user does whose crate is compiled with the default
//! profiles, with and without optimization.
//!
//! A stack that overflows ends the process, so every test that comes back has passed; it also compares the results with
//! those of a thread with a large stack. `STACK_KIB` sets the size of all small stacks.

#[cfg(test)]
mod accuracy;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod counting;
#[cfg(test)]
mod data;
#[cfg(test)]
mod native;
#[cfg(test)]
mod partials;
#[cfg(test)]
mod single_label;
#[cfg(test)]
mod speed;
#[cfg(test)]
mod threads;
