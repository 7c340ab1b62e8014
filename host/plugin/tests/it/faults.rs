//! Plugins that loop, recurse, grow, trap and flood: each is a named fault, and the host goes on.

use std::sync::Arc;

use plimsoll_core::{Digest, PlotSpace, RegionSpace, SpaceError, Span};
use plimsoll_plugin::{Fault, Kind, MemorySpace, PluginError};
use serde_json::json;

use crate::guests::{Guest, words};
use crate::samples::{host, identity, plugin, round, scheme, sentence, standings, statement};

const LOOP: &str = "(loop $again (br $again)) (unreachable)";
const GROW: &str = "(loop $again (drop (memory.grow (i32.const 64))) (br $again)) (unreachable)";

fn drawing(body: &str) -> Result<Vec<u8>, PluginError> {
    let guest = Guest::of(Kind::Proof).body("draw", body);
    scheme(guest.build()).draw(&statement(), &Digest([9; 32]), 4, None)
}

#[test]
fn an_endless_loop_runs_out_of_fuel() {
    insta::assert_snapshot!(sentence(drawing(LOOP)), @"plugin `sample.wasm` broke down in `draw`: out of fuel: it used all 500000000 units of this call without an end");
}

#[test]
fn an_endless_loop_while_it_starts_is_a_fault_at_load() {
    let guest = Guest::of(Kind::Proof)
        .with(&format!("(func $begin (result i32) {LOOP}) (func $main (drop (call $begin))) (start $main)"));
    let result = host().load_scheme(&plugin(guest.build()), &json!({}));
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm` broke down in `instantiate`: out of fuel: it used all 50000000 units of this call without an end");
    let guest = Guest::of(Kind::Proof).body("configure", LOOP);
    let result = host().load_scheme(&plugin(guest.build()), &json!({}));
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm` broke down in `configure`: out of fuel: it used all 200000000 units of this call without an end");
}

#[test]
fn unbounded_recursion_overflows_its_own_stack_only() {
    let guest = Guest::of(Kind::Proof)
        .with("(func $deeper (param i64) (result i64) (i64.add (i64.const 1) (call $deeper (i64.add (local.get 0) (i64.const 1)))))")
        .body("draw", "(i32.wrap_i64 (call $deeper (i64.const 0)))");
    let result = scheme(guest.build()).draw(&statement(), &Digest([9; 32]), 4, None);
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm` broke down in `draw`: stack overflow: it recursed deeper than its stack of 512 KiB");
}

#[test]
fn memory_that_grows_without_end_stops_at_the_cap() {
    insta::assert_snapshot!(sentence(drawing(GROW)), @"plugin `sample.wasm` broke down in `draw`: out of memory: it asked for 67239936 bytes, its limit is 67108864");
    let guest = Guest::of(Kind::Proof).memory_pages(2_000);
    let result = host().load_scheme(&plugin(guest.build()), &json!({}));
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm` broke down in `instantiate`: out of memory: it asked for 131072000 bytes, its limit is 67108864");
}

#[test]
fn a_table_that_grows_without_end_stops_at_the_cap() {
    let guest = Guest::of(Kind::Proof).with("(table $bomb 1 funcref)").body(
        "draw",
        "(loop $again (drop (table.grow $bomb (ref.null func) (i32.const 100))) (br $again)) (unreachable)",
    );
    let result = scheme(guest.build()).draw(&statement(), &Digest([9; 32]), 4, None);
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm` broke down in `draw`: out of table space: it asked for 10001 elements, its limit is 10000");
}

#[test]
fn a_trap_is_the_plugins_fault_and_never_a_verdict() {
    let guest = Guest::of(Kind::Proof).body("verify", "(unreachable)");
    let mut instance = scheme(guest.build());
    let first = instance.verify(&statement(), b"challenge", b"proof");
    insta::assert_snapshot!(sentence(first), @"plugin `sample.wasm` broke down in `verify`: trap: wasm trap: wasm `unreachable` instruction executed");
    // The same instance goes on, with a new store.
    assert!(matches!(
        instance.verify(&statement(), b"challenge", b"proof"),
        Err(PluginError::Fault { fault: Fault::Trap { .. }, .. })
    ));
    assert_eq!(instance.draw(&statement(), &Digest([9; 32]), 4, None), Ok(Vec::new()));
    insta::assert_snapshot!(sentence(drawing("(i32.div_u (i32.const 1) (i32.const 0))")), @"plugin `sample.wasm` broke down in `draw`: trap: wasm trap: integer divide by zero");
    insta::assert_snapshot!(sentence(drawing("(i32.load (i32.const -4))")), @"plugin `sample.wasm` broke down in `draw`: trap: wasm trap: out of bounds memory access");
}

#[test]
fn an_answer_of_a_gibibyte_is_never_copied() {
    let gibibyte = Guest::of(Kind::Proof).answer("draw", &words(&[0, 0, 1 << 30]));
    let result = scheme(gibibyte.build()).draw(&statement(), &Digest([9; 32]), 4, None);
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm` broke down in `draw`: trap: list pointer/length out of bounds of memory");
    let large = Guest::of(Kind::Proof).memory_pages(1_000).answer("draw", &words(&[0, 0, 60 << 20]));
    let result = scheme(large.build()).draw(&statement(), &Digest([9; 32]), 4, None);
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm` broke down in `draw`: too much at once: it handed over more than 4194304 bytes in one call");
}

/// Sixty megabytes of memory can name terabytes, if every string of a list is the same megabyte.
#[test]
fn one_string_named_a_million_times_is_never_copied() {
    let body = "(local $at i32) (local.set $at (i32.const 4194304))
        (loop $next
          (i32.store offset=16 (local.get $at) (i32.const 0))
          (i32.store offset=20 (local.get $at) (i32.const 1048576))
          (local.set $at (i32.add (local.get $at) (i32.const 24)))
          (br_if $next (i32.lt_u (local.get $at) (i32.const 28311552))))
        (i32.store8 (i32.const 8192) (i32.const 0))
        (i32.store (i32.const 8196) (i32.const 4194304)) (i32.store (i32.const 8200) (i32.const 1000000))
        (i32.store (i32.const 8204) (i32.const 0)) (i32.store (i32.const 8208) (i32.const 0))
        (i32.const 8192)";
    let guest = Guest::of(Kind::Incentive).memory_pages(900).body("weigh", body);
    let rule = host().load_incentive(&plugin(guest.build()), &json!({})).unwrap();
    let result = rule.instance().unwrap().weigh(&round(), &standings(3), &[]);
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm` broke down in `weigh`: too much at once: it handed over more than 4194304 bytes in one call");
}

#[test]
fn an_answer_that_is_no_utf8_is_a_fault() {
    let mut guest = Guest::of(Kind::Proof);
    let (at, len) = guest.text(b"\xff\xfe");
    let guest = guest.answer("verify", &words(&[0, 1, at, len]));
    let result = scheme(guest.build()).verify(&statement(), b"", b"");
    assert!(sentence(result).starts_with("plugin `sample.wasm` broke down in `verify`: trap: invalid utf-8"));
}

const HOST_CALLS: &str = "
    (import \"plimsoll:plugin/pure@0.1.0\" \"seed-text\" (func $seed_text (param i32 i32 i32 i32)))
    (import \"plimsoll:plugin/pure@0.1.0\" \"digest-of\" (func $digest_of (param i32 i32 i32 i32)))
    (import \"plimsoll:plugin/log@0.1.0\" \"log\" (func $log (param i32 i32 i32)))
    (import \"plimsoll:plugin/storage@0.1.0\" \"[method]plot.write\" (func $write (param i32 i64 i32 i32 i32)))
    (import \"plimsoll:plugin/storage@0.1.0\" \"[method]plot.fill\" (func $fill (param i32 i32 i32 i32 i32 i64 i64 i32)))
    (import \"plimsoll:plugin/storage@0.1.0\" \"[method]region.read\" (func $read (param i32 i64 i64 i32)))";

#[test]
fn native_work_is_paid_with_fuel() {
    // Hashing 64 KiB over and over takes few instructions and much time.
    let guest = Guest::of(Kind::Proof).with(HOST_CALLS).body(
        "verify",
        "(loop $again (call $digest_of (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 8192))
            (global.set $heap (i32.const 65536)) (br $again)) (unreachable)",
    );
    let mut instance = scheme(guest.build());
    let result = instance.verify(&statement(), b"", b"");
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm` broke down in `verify`: out of fuel: it used all 5000000000 units of this call without an end");
}

#[test]
fn a_call_of_the_host_beyond_the_contract_is_named() {
    let guest = Guest::of(Kind::Proof).with(HOST_CALLS).body(
        "draw",
        "(call $seed_text (i32.const 0) (i32.const 32) (i32.const 16777217) (i32.const 8192)) (unreachable)",
    );
    let result = scheme(guest.build()).draw(&statement(), &Digest([9; 32]), 1, None);
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm` broke down in `draw`: a forbidden call: the length of seed-text is 16777217, at most 16777216");
    let guest = Guest::of(Kind::Proof).with(HOST_CALLS).body(
        "draw",
        "(call $seed_text (i32.const 0) (i32.const 31) (i32.const 1) (i32.const 8192)) (unreachable)",
    );
    let result = scheme(guest.build()).draw(&statement(), &Digest([9; 32]), 1, None);
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm` broke down in `draw`: a forbidden call: the state of seed-text has 31 bytes, not 32");
}

#[test]
fn digests_of_a_text_are_bounded() {
    let import = "(import \"plimsoll:plugin/pure@0.1.0\" \"seed-text-digests\"
        (func $ask (param i32 i32 i32 i32 i32 i32)))";
    let refused = |state_bytes: u32, len: u32, nonce_bytes: u32| {
        let call = format!(
            "(call $ask (i32.const 0) (i32.const {state_bytes}) (i32.const {len})
                (i32.const 0) (i32.const {nonce_bytes}) (i32.const 8192)) (unreachable)"
        );
        let guest = Guest::of(Kind::Proof).with(import).body("draw", &call);
        sentence(scheme(guest.build()).draw(&statement(), &Digest([9; 32]), 1, None))
    };
    insta::assert_snapshot!(refused(32, 16_777_217, 0), @"plugin `sample.wasm` broke down in `draw`: a forbidden call: the length of seed-text-digests is 16777217, at most 16777216");
    insta::assert_snapshot!(refused(33, 1, 0), @"plugin `sample.wasm` broke down in `draw`: a forbidden call: the state of seed-text-digests has 33 bytes, not 32");
    insta::assert_snapshot!(refused(32, 1, 4097), @"plugin `sample.wasm` broke down in `draw`: a forbidden call: the nonce of seed-text-digests is 4097, at most 4096");
}

/// All arguments of a call count, those too that stay in the plugin's memory and are never copied.
#[test]
fn no_kernel_takes_more_bytes_at_once_than_the_contract_says() {
    const DIGEST: &str = "(i32.const 0) (i32.const 32)";
    let call = |name: &str, signature: &str, arguments: &str, bytes: u32| {
        let import = format!("(import \"plimsoll:plugin/pure@0.1.0\" \"{name}\" (func $kernel {signature}))");
        let arguments = arguments
            .replace("DIGEST", DIGEST)
            .replace("BYTES", &format!("(i32.const 0) (i32.const {bytes})"));
        let answer = if signature.contains("result") {
            "(drop (call $kernel ARGUMENTS))"
        } else {
            "(call $kernel ARGUMENTS)"
        };
        let body = answer.replace("ARGUMENTS", &arguments) + "(i32.const 12288)";
        let guest = Guest::of(Kind::Proof).memory_pages(80).with(&import).body("draw", &body);
        scheme(guest.build()).draw(&statement(), &Digest([9; 32]), 1, None)
    };
    for (name, signature, arguments, others) in [
        ("digest-of", "(param i32 i32 i32 i32)", "(i32.const 0) BYTES (i32.const 8192)", 0),
        ("keyed-digest", "(param i32 i32 i32 i32 i32)", "DIGEST BYTES (i32.const 8192)", 32),
        (
            "merkle-leaf",
            "(param i32 i32 i64 i64 i32 i32 i32)",
            "(i32.const 1) (i32.const 8388608) (i64.const 2) (i64.const 1) BYTES (i32.const 8192)",
            0,
        ),
        (
            "merkle-verify",
            "(param i32 i32 i32 i64 i64 i32 i32 i32 i32) (result i32)",
            "(i32.const 1) DIGEST (i64.const 2) (i64.const 0) DIGEST BYTES",
            64,
        ),
    ] {
        let most = (4 << 20) - others;
        assert_eq!(call(name, signature, arguments, most), Ok(Vec::new()), "{name}");
        let over = sentence(call(name, signature, arguments, most + 1));
        let said = "too much at once: it handed over more than 4194304 bytes in one call";
        assert_eq!(over, format!("plugin `sample.wasm` broke down in `draw`: {said}"), "{name}");
    }
}

#[test]
fn the_last_words_of_a_panic_are_told_and_tamed() {
    let mut guest = Guest::of(Kind::Proof).with(HOST_CALLS);
    let (at, len) = guest.text(b"panicked at lib.rs:7: \x1b[2Jno unit\n");
    let guest = guest
        .body("draw", &format!("(call $log (i32.const 4) (i32.const {at}) (i32.const {len})) (unreachable)"));
    let result = scheme(guest.build()).draw(&statement(), &Digest([9; 32]), 1, None);
    insta::assert_snapshot!(sentence(result), @r"plugin `sample.wasm` broke down in `draw`: trap: wasm trap: wasm `unreachable` instruction executed; its last words: panicked at lib.rs:7: \u{1b}[2Jno unit\n");
}

#[test]
fn a_plugin_that_writes_its_plot_over_and_over_is_stopped() {
    let guest = Guest::of(Kind::Proof).with(HOST_CALLS).body(
        "fill",
        "(loop $again (call $write (local.get 0) (i64.const 0) (i32.const 0) (i32.const 65536) (i32.const 8192)) (br $again)) (unreachable)",
    );
    let plot = Arc::new(MemorySpace::new(1 << 20));
    let result = scheme(guest.build()).fill(plot, &identity(), 0, Span { first: 0, count: 16 });
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm` broke down in `fill`: it stored more than 71303168 bytes in one call: several times the whole plot");
}

/// A plot whose disk fails, or whose owner wants to stop, at once.
struct Broken(SpaceError);

impl RegionSpace for Broken {
    fn size_bytes(&self) -> u64 {
        1 << 20
    }

    fn read_at(&self, _: u64, _: &mut [u8]) -> Result<(), SpaceError> {
        Err(self.0.clone())
    }
}

impl PlotSpace for Broken {
    fn put(&self, _: u64, _: usize, _: &mut dyn FnMut(&mut [u8])) -> Result<(), SpaceError> {
        Err(self.0.clone())
    }
}

/// Writes, ignores what became of it, and says that all went well.
fn careless() -> Guest {
    Guest::of(Kind::Proof).with(HOST_CALLS).body(
        "fill",
        "(call $write (local.get 0) (i64.const 0) (i32.const 0) (i32.const 64) (i32.const 8192)) (call $drop_plot (local.get 0)) (i32.const 16000)",
    )
}

#[test]
fn a_wish_to_stop_and_a_failing_disk_come_through_whatever_the_plugin_makes_of_them() {
    let device = SpaceError::Device { path: "/disk".into(), offset: 0, len: 64, reason: "EIO".into() };
    for error in [SpaceError::Cancelled, device] {
        let mut instance = scheme(careless().build());
        let plot = Arc::new(Broken(error.clone()));
        let result = instance.fill(plot, &identity(), 0, Span { first: 0, count: 1 });
        assert_eq!(result, Err(PluginError::Space(error)));
    }
}

#[test]
fn a_write_outside_of_the_region_is_the_plugins_own_mistake() {
    let passing_on = Guest::of(Kind::Proof).with(HOST_CALLS).body(
        "fill",
        "(call $write (local.get 0) (i64.const 1048570) (i32.const 0) (i32.const 64) (i32.const 8192)) (call $drop_plot (local.get 0)) (i32.const 8192)",
    );
    let plot = Arc::new(MemorySpace::new(1 << 20));
    let result = scheme(passing_on.build()).fill(plot, &identity(), 0, Span { first: 0, count: 1 });
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm` could not fill: storage: 64 bytes at 1048570 are outside of a region of 1048576 bytes");
}

#[test]
fn a_plugin_that_broke_down_leaves_others_alone() {
    let host = host();
    let good = host.load_scheme(&plugin(Guest::of(Kind::Proof).build()), &json!({})).unwrap();
    let mut good = good.instance().unwrap();
    for body in [LOOP, GROW, "(unreachable)"] {
        assert!(drawing(body).is_err());
        assert_eq!(good.draw(&statement(), &Digest([9; 32]), 4, None), Ok(Vec::new()));
    }
}

/// Memory is the whole process's: the measured part runs alone in one, or other tests would be counted.
#[test]
fn ten_thousand_instances_leave_memory_flat() {
    const ALONE: &str = "PLIMSOLL_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
        alone.args(["faults::ten_thousand_instances_leave_memory_flat", "--exact"]).env(ALONE, "1");
        let output = alone.output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(told.contains("1 passed"), "{told}");
        return;
    }
    let scheme = host().load_scheme(&plugin(Guest::of(Kind::Proof).build()), &json!({})).unwrap();
    let resident = (0..5).map(|_| {
        for _ in 0..2_000 {
            let mut instance = scheme.instance().unwrap();
            instance.draw(&statement(), &Digest([9; 32]), 4, None).unwrap();
        }
        resident_bytes()
    });
    let resident: Vec<usize> = resident.collect();
    let (first, last) = (resident[0], resident[4]);
    assert!(last < first + (16 << 20), "{first} bytes resident, then {last}");
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * rustix::param::page_size()
}

#[test]
fn threads_with_their_own_instances_agree() {
    let mut guest = Guest::of(Kind::Proof);
    let (at, len) = guest.text(b"the same");
    let scheme =
        host().load_scheme(&plugin(guest.answer("draw", &words(&[0, at, len])).build()), &json!({})).unwrap();
    let answers: Vec<_> = std::thread::scope(|threads| {
        let work = |_| {
            threads.spawn(|| {
                let mut instance = scheme.instance().unwrap();
                let answer =
                    (0..200).map(|_| instance.draw(&statement(), &Digest([9; 32]), 4, None).unwrap());
                let answers: Vec<_> = answer.collect();
                assert!(answers.iter().all(|answer| answer == b"the same"));
                instance.fuel_used()
            })
        };
        let workers: Vec<_> = (0..2).map(work).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(answers[0], answers[1]);
}
