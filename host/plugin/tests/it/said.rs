//! What a plugin says is named, cut, tamed and counted before an operator reads it.

use std::io::Write;
use std::sync::{Arc, Mutex};

use plimsoll_core::Digest;
use plimsoll_plugin::{Kind, LOG_BYTES, LOG_LINES, LOG_LINES_A_WINDOW};

use crate::guests::Guest;
use crate::samples::{scheme, statement};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What an operator reads while a plugin logs `message` `times` times, in each of `calls` calls.
fn said(message: &[u8], times: u32, calls: u32) -> Vec<String> {
    let mut guest = Guest::of(Kind::Proof).memory_pages(8).with(
        "(import \"plimsoll:plugin/log@0.1.0\" \"log\" (func $log (param i32 i32 i32)))
        (global $left (mut i32) (i32.const 0))",
    );
    let (at, len) = guest.text(message);
    let guest = guest.body(
        "draw",
        &format!(
            "(global.set $left (i32.const {times}))
            (loop $next
              (call $log (i32.const 2) (i32.const {at}) (i32.const {len}))
              (global.set $left (i32.sub (global.get $left) (i32.const 1)))
              (br_if $next (global.get $left)))
            (i32.const 15000)"
        ),
    );
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .without_time()
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let mut instance = scheme(guest.build());
        for _ in 0..calls {
            instance.draw(&statement(), &Digest([9; 32]), 1, None).unwrap();
        }
    });
    let bytes = lines.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_line_is_named_and_cannot_move_the_cursor() {
    let lines = said(b"all well\x1b[2J\r\nERROR forged line", 1, 1);
    insta::assert_snapshot!(lines.join("\n"), @r#" INFO plimsoll_plugin::said: all well\u{1b}[2J\r\nERROR forged line plugin="sample.wasm""#);
}

#[test]
fn a_long_line_is_cut() {
    let lines = said(&vec![b'x'; 3 * LOG_BYTES], 1, 1);
    let longest = lines[0].chars().filter(|c| *c == 'x').count();
    assert_eq!((lines.len(), longest), (1, LOG_BYTES));
    assert!(lines[0].contains("x… "));
}

#[test]
fn a_flood_is_dropped_and_counted() {
    let lines = said(b"flood", 1_000, 1);
    assert_eq!(lines.len() as u32, LOG_LINES + 1);
    assert!(lines[LOG_LINES as usize].contains("968 further lines were dropped"), "{lines:?}");
}

#[test]
fn many_calls_together_do_not_flood_either() {
    let lines = said(b"flood", 20, 100);
    assert_eq!(lines.len() as u32, LOG_LINES_A_WINDOW);
}
