//! The shipped plugins through the host: they keep the laws, agree with the kernels, and mix with nothing.

use std::sync::{Arc, Mutex};

use plimsoll_core::{
    Answer, Digest, Identity, Layout, PlotSpace, RegionSpace, SpaceError, Span, Statement, Verdict,
};
use plimsoll_plugin::{
    Host, HostOptions, Kind, Limits, MemorySpace, PluginError, PluginRef, Scheme, conform,
};
use serde_json::{Value, json};

use crate::samples::{host, identity};

pub(crate) fn builtin(name: &str) -> PluginRef {
    let found = plimsoll_bundle::find(name).unwrap();
    PluginRef::new(format!("builtin:{name}"), found.component).pinned(Digest(found.blake3))
}

/// Parameters that keep a proof scheme's units small.
fn small(name: &str) -> Value {
    match name {
        "proof-scrypt" => json!({"n": 16}),
        "proof-stream" | "proof-seqpack" => json!({"unit_bytes": 4_096}),
        "proof-sdr" => json!({"sector_bytes": 4_096}),
        "proof-compact" => json!({"elements": 4}),
        _ => json!({}),
    }
}

/// Economic laws that a shipped plugin breaks, and says so.
const fn waived_by(name: &str) -> &'static [&'static str] {
    match name.as_bytes() {
        b"allocation-even" | b"allocation-permit" => &["splitting"],
        b"allocation-stake" => &["splitting", "owner"],
        b"incentive-beta" => &["unasked", "absent", "splitting", "splitting-coldkey", "weights"],
        b"incentive-filetao" | b"incentive-latency" | b"incentive-log" => &["splitting", "splitting-coldkey"],
        _ => &[],
    }
}

#[test]
fn every_shipped_plugin_keeps_the_laws_of_its_kind_but_those_that_it_waives() {
    let mut kinds = Vec::new();
    for shipped in plimsoll_bundle::builtins() {
        let report = conform(host(), &builtin(shipped.name), &small(shipped.name));
        let broken: Vec<_> = report.checks.iter().filter(|check| !check.passed).collect();
        assert!(report.passed(), "{}: {broken:#?}", shipped.name);
        let waived: Vec<_> = broken.iter().filter_map(|check| check.law).collect();
        assert_eq!(waived, waived_by(shipped.name), "{}: {broken:#?}", shipped.name);
        let needless: Vec<_> =
            report.checks.iter().filter(|check| check.passed && check.waived.is_some()).collect();
        assert!(needless.is_empty(), "{} waives what it keeps: {needless:#?}", shipped.name);
        assert!(report.checks.len() >= 6, "{report:?}");
        kinds.extend(report.kind);
    }
    assert!(Kind::ALL.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
}

#[test]
fn every_shipped_plugin_describes_itself_under_its_own_name() {
    for shipped in plimsoll_bundle::builtins() {
        let seen = host().inspect(&builtin(shipped.name)).unwrap();
        assert_eq!(seen.descriptor.name, shipped.name);
        assert!(shipped.name.starts_with(seen.kind.word()), "{} is {}", shipped.name, seen.kind);
        assert_eq!(seen.digest, Digest(shipped.blake3));
    }
}

#[test]
fn what_a_scheme_claims_is_what_it_says_once_it_is_configured() {
    for (name, claims) in [("proof-merkle", "retrievability"), ("proof-stream", "nothing")] {
        let plugin = builtin(name);
        assert_eq!(host().load_scheme(&plugin, &json!({})).unwrap().claims().to_string(), claims, "{name}");
        assert_eq!(host().inspect(&plugin).unwrap().claims.unwrap().to_string(), claims, "{name}");
    }
}

fn stream(params: &Value) -> Scheme {
    host().load_scheme(&builtin("proof-stream"), params).unwrap()
}

fn filled(scheme: &Scheme, capacity_bytes: u64) -> (Layout, Arc<MemorySpace>) {
    let mut instance = scheme.instance().unwrap();
    let layout = instance.plan(&identity(), capacity_bytes).unwrap();
    let plot = Arc::new(MemorySpace::new(layout.region_bytes as usize));
    instance.fill(plot.clone(), &identity(), 0, Span { first: 0, count: layout.units }).unwrap();
    (layout, plot)
}

fn statement(identity: Identity, layout: &Layout, commitment: Option<Digest>) -> Statement {
    Statement { identity, unit_bytes: layout.unit_bytes, units: layout.units, commitment }
}

#[test]
fn a_stream_plot_is_committed_to_by_the_plain_hash_of_its_bytes() {
    let scheme = stream(&json!({}));
    let (layout, plot) = filled(&scheme, 5 << 16);
    let root = scheme.instance().unwrap().commit(plot.clone(), &identity(), &layout).unwrap();
    assert_eq!(root, Some(Digest::of(&plot.to_vec())));
    // The vector that the plugin's own native tests hold.
    assert_eq!(root.unwrap().to_string(), "0e5022567da4d7ec6f3e42bf1c7d4aac6812e63995c0f998f2de67a7694943df");
}

#[test]
fn four_instances_on_four_threads_fill_what_one_fills() {
    let scheme = stream(&json!({"unit_bytes": 4_096}));
    let (layout, whole) = filled(&scheme, 64 << 12);
    let plot = Arc::new(MemorySpace::new(layout.region_bytes as usize));
    let spans = Mutex::new(Span { first: 0, count: layout.units }.pieces(3).collect::<Vec<_>>());
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                let mut instance = scheme.instance().unwrap();
                loop {
                    let Some(span) = spans.lock().unwrap().pop() else { break };
                    instance.fill(plot.clone(), &identity(), 0, span).unwrap();
                }
            });
        }
    });
    assert!(plot.to_vec() == whole.to_vec());
}

/// A plot that somebody stops after some puts, and that counts them.
struct Stopping {
    plot: MemorySpace,
    puts_left: Mutex<u32>,
}

impl RegionSpace for Stopping {
    fn size_bytes(&self) -> u64 {
        self.plot.size_bytes()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        self.plot.read_at(offset, into)
    }
}

impl PlotSpace for Stopping {
    fn put(&self, offset: u64, len: usize, write: &mut dyn FnMut(&mut [u8])) -> Result<(), SpaceError> {
        let mut left = self.puts_left.lock().unwrap();
        *left = left.checked_sub(1).ok_or(SpaceError::Cancelled)?;
        self.plot.put(offset, len, write)
    }
}

#[test]
fn a_fill_that_is_stopped_says_so_and_the_instance_goes_on() {
    let scheme = stream(&json!({}));
    let mut instance = scheme.instance().unwrap();
    let layout = instance.plan(&identity(), 16 << 20).unwrap();
    let all = Span { first: 0, count: layout.units };
    let plot = Stopping { plot: MemorySpace::new(layout.region_bytes as usize), puts_left: Mutex::new(2) };
    let result = instance.fill(Arc::new(plot), &identity(), 0, all);
    assert_eq!(result, Err(PluginError::Space(SpaceError::Cancelled)));
    let plot = Arc::new(MemorySpace::new(layout.region_bytes as usize));
    assert_eq!(instance.fill(plot, &identity(), 0, all), Ok(()));
}

/// A region whose disk fails on every read.
struct Dead(u64);

impl RegionSpace for Dead {
    fn size_bytes(&self) -> u64 {
        self.0
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        let len = into.len() as u64;
        Err(SpaceError::Device { path: "/disk".into(), offset, len, reason: "EIO".into() })
    }
}

#[test]
fn a_dead_disk_is_the_disks_fault_and_no_proof() {
    let scheme = stream(&json!({}));
    let (layout, plot) = filled(&scheme, 5 << 16);
    let mut instance = scheme.instance().unwrap();
    let commitment = instance.commit(plot, &identity(), &layout).unwrap();
    let statement = statement(identity(), &layout, commitment);
    let challenge = instance.draw(&statement, &Digest([9; 32]), 3, None).unwrap();
    let result = instance.prove(Arc::new(Dead(layout.region_bytes)), &statement, &challenge);
    assert!(matches!(result, Err(PluginError::Space(SpaceError::Device { .. }))), "{result:?}");
}

#[test]
fn a_proof_holds_for_its_validator_only() {
    let scheme = stream(&json!({"unit_bytes": 1_024}));
    let (layout, plot) = filled(&scheme, 100 << 10);
    let mut instance = scheme.instance().unwrap();
    let commitment = instance.commit(plot.clone(), &identity(), &layout).unwrap();
    let ours = statement(identity(), &layout, commitment);
    let challenge = instance.draw(&ours, &Digest([9; 32]), 8, Some(Span { first: 10, count: 20 })).unwrap();
    let Answer::Proof(proof) = instance.prove(plot, &ours, &challenge).unwrap() else {
        panic!("not eligible")
    };
    assert_eq!(instance.verify(&ours, &challenge, &proof), Ok(Verdict::Valid));
    let mut theirs = ours;
    theirs.identity.validator.0[0] ^= 1;
    assert!(matches!(instance.verify(&theirs, &challenge, &proof), Ok(Verdict::Invalid(_))));
}

#[test]
fn a_parameter_that_a_plugin_refuses_is_named_by_the_plugin() {
    let result = host().load_scheme(&builtin("proof-stream"), &json!({"unit_bytes": 3_000}));
    insta::assert_snapshot!(result.unwrap_err().to_string(), @"plugin `builtin:proof-stream`: `unit_bytes` must be a power of two, 3000 is none");
    let result = host().load_scheme(&builtin("proof-stream"), &json!({"unit_bytes": 1}));
    insta::assert_snapshot!(result.unwrap_err().to_string(), @"plugin `builtin:proof-stream`: parameter `unit_bytes`: 1 is less than the minimum of 1024");
}

#[test]
fn shipped_plugins_are_far_from_the_limits_of_a_file() {
    let limits = Limits {
        component_bytes: 1 << 20,
        functions: 1_000,
        function_bytes: 32 << 10,
        compile_cost: 2_000_000_000,
        ..Limits::default()
    };
    let host = Host::new(HostOptions { limits, ..Default::default() }).unwrap();
    for shipped in plimsoll_bundle::builtins() {
        host.kind_of(&builtin(shipped.name)).unwrap();
    }
}

/// A region of nothing but zeros, as large as wanted.
struct Zeros(u64);

impl RegionSpace for Zeros {
    fn size_bytes(&self) -> u64 {
        self.0
    }

    fn read_at(&self, _offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        into.fill(0);
        Ok(())
    }
}

#[test]
fn a_seed_partition_of_eleven_million_chunks_can_still_be_committed_to_and_proven() {
    let scheme = host().load_scheme(&builtin("proof-seed-v1"), &json!({"chunk_bytes": 100})).unwrap();
    let mut instance = scheme.instance().unwrap();
    let layout = instance.plan(&identity(), 11_000_000 * 164).unwrap();
    assert_eq!(layout.units, 11_000_000);
    let region: Arc<dyn RegionSpace> = Arc::new(Zeros(layout.region_bytes));
    let commitment = instance.commit(Arc::clone(&region), &identity(), &layout).unwrap();
    let statement =
        Statement { identity: identity(), unit_bytes: layout.unit_bytes, units: layout.units, commitment };
    let challenge = instance.draw(&statement, &Digest([7; 32]), 30, None).unwrap();
    let answer = instance.prove(region, &statement, &challenge).unwrap();
    assert!(matches!(answer, Answer::Proof(_)), "{answer:?}");
}

#[test]
fn a_scheme_is_asked_for_the_most_that_it_draws() {
    let chain = host().load_scheme(&builtin("proof-seed-v1"), &json!({})).unwrap();
    let mut instance = chain.instance().unwrap();
    let of = Statement {
        identity: identity(),
        unit_bytes: 100_000,
        units: 1 << 20,
        commitment: Some(Digest([3; 32])),
    };
    let mut asked = |of: &Statement, samples| instance.draw_at_most(of, &Digest([9; 32]), samples, None);
    for (wanted, drawn) in [(1, 1), (44, 44), (45, 45), (46, 45), (90, 45), (4096, 45), (u32::MAX, 45)] {
        let (samples, challenge) = asked(&of, wanted).unwrap();
        assert_eq!((samples, challenge.len()), (drawn, 32 + 8 * drawn as usize), "{wanted}");
    }
    let refusal = asked(&Statement { commitment: None, ..of }, 90).unwrap_err().to_string();
    assert!(refusal.ends_with("could not draw: bad input: the statement has no commitment"), "{refusal}");
    assert!(asked(&of, 0).is_err());
}
