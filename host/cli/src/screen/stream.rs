//! The two streams. A reader that has gone away (`plimsoll ... | head`) is no error.

use std::io::{self, Write};
use std::sync::OnceLock;

use indicatif::{MultiProgress, ProgressDrawTarget};

/// Prints a result and a line's end.
pub(crate) fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Writes bytes as they are.
///
/// # Errors
/// What the system says, such as a full disk behind a redirection.
pub(crate) fn raw(bytes: &[u8]) -> io::Result<()> {
    Output.write_all(bytes)
}

/// Standard output for bytes as they are. What a reader that has gone away does not take is taken all the same.
#[derive(Debug, Default)]
pub(crate) struct Output;

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        gone(io::stdout().lock().write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        gone(io::stdout().lock().flush(), ())
    }
}

fn gone<T>(written: io::Result<T>, all: T) -> io::Result<T> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(all),
        written => written,
    }
}

/// Prints a remark around whatever bars are shown.
pub(crate) fn note(text: &str) {
    bars().suspend(|| {
        let _ = writeln!(io::stderr().lock(), "{text}");
    });
}

/// Whether colours may be used: `NO_COLOR` and a dumb terminal say no.
pub(crate) fn colour() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// The bars of this process: one place, so that log lines never tear them.
pub(super) fn bars() -> &'static MultiProgress {
    static BARS: OnceLock<MultiProgress> = OnceLock::new();
    BARS.get_or_init(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()))
}

/// Where log lines are written.
#[derive(Debug, Default)]
pub(crate) struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        bars().suspend(|| io::stderr().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}
