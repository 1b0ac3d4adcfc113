//! Faults of the program itself: where one is met over a message, that message ends by it and nothing else does.

use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

/// What a piece of work gives; `None`: it panicked. It must leave nothing half done that is built upon afterwards.
pub fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Tells of every panic by its place. Its text is told only where it is written in the program: another may hold values of a message.
pub fn tell_places() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, text = written(panic), "the program is wrong here; please report it");
    }));
}

fn written<'p>(panic: &'p PanicHookInfo<'_>) -> &'p str {
    panic.payload().downcast_ref::<&'static str>().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_panics_gives_nothing_and_what_does_not_gives_its_result() {
        assert_eq!(caught(|| 1), Some(1));
        assert_eq!(caught(|| panic!("on purpose")), None::<u8>);
    }
}
