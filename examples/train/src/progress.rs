//! How far the training is.

use std::{fmt, time::Duration};

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};

/// A bar over so much work, drawn at least once a second.
pub(crate) fn bar(work: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {percent:>3} %, {left}").expect("a valid template");
    let bar = ProgressBar::new(work).with_style(style.with_key("left", left));
    bar.enable_steady_tick(Duration::from_secs(1));
    bar
}

fn left(state: &ProgressState, text: &mut dyn fmt::Write) {
    // What has not begun gives no estimate, which indicatif would show as none left.
    let written =
        if state.pos() == 0 { write!(text, "starting") } else { write!(text, "{} left", HumanDuration(state.eta())) };
    written.expect("text can be written to");
}
