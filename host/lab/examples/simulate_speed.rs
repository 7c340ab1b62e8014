//! How long a large sampled run takes: `simulate_speed [MINERS VALIDATORS EPOCHS]`, 256, 64 and 1,000 by default.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "an example for people")]

use std::ops::ControlFlow;
use std::time::Instant;

use plimsoll_core::Uid;
use plimsoll_lab::simulate::{Scenario, SchemeFigures, prepare};
use plimsoll_plugin::{Host, HostOptions};

fn main() {
    let given: Vec<u32> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let [miners, validators, epochs] = given[..] else { return measure(256, 64, 1_000) };
    measure(miners, validators, epochs);
}

fn measure(miners: u32, validators: u32, epochs: u32) {
    let places = miners + validators;
    let free = miners / 4;
    let honest = miners - free;
    let text = format!(
        "about = \"speed\"\nepochs = {epochs}\nplugins.rule = \"incentive-proportional\"\nplugins.scheme = \"proof-stream\"\n\
         subnet.max_neurons = {places}\n[[validators]]\nname = \"v\"\ncount = {validators}\n\
         [[miners]]\nname = \"honest\"\ncount = {honest}\nbytes = \"10TiB\"\n\
         [[miners]]\nname = \"free\"\ncount = {free}\nbytes = \"10TiB\"\nstrategy.freeloader = {{ keep = 0.9 }}\n"
    );
    let scenario = Scenario::read("speed.toml", &text).unwrap();
    let figures = SchemeFigures::shipped("proof-stream", &serde_json::json!({})).unwrap();
    let host = Host::new(HostOptions::default()).unwrap();
    let prepared = prepare(scenario, &host, figures).unwrap();
    let begun = Instant::now();
    let every = prepared.keep_every();
    let (run, kept) = prepared.run_keeping(1, every, &mut |_| ControlFlow::Continue(())).unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    let audits: u64 = run.groups.iter().map(|group| group.audits.judged()).sum();
    println!("{seconds:.2} s, {audits} audits, {:.3} us each", seconds * 1e6 / audits as f64);
    let begun = Instant::now();
    let told = prepared
        .replay(1, every % u64::from(epochs), Uid(u16::try_from(validators).unwrap()), Some(&kept))
        .unwrap();
    println!(
        "replay of a kept epoch: {:.1} ms, earned {}",
        begun.elapsed().as_secs_f64() * 1e3,
        told.earned_rao
    );
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap());
}
