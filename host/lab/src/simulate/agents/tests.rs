use super::super::conduct::Missing;
use super::super::streams::{Purpose, Stream, Streams};
use super::*;
use plimsoll_core::ByteSize;

fn miners(strategy: Strategy) -> Miners {
    Miners {
        name: "some".into(),
        count: 3,
        bytes: ByteSize(1000),
        hotkeys: 1,
        hotkey_parts: Vec::new(),
        one_coldkey: false,
        strategy,
        joins_epoch: 0,
        leaves_epoch: None,
        comes_back: true,
    }
}

fn draws() -> Stream {
    Streams::new(1).stream(Purpose::Act, [0; 4])
}

fn seen(epoch: u64, earned_usd: f64, running_usd: f64) -> Seen {
    Seen { epoch, earned_usd, running_usd, places: 1, is_first: true }
}

fn plots(keys: u32) -> Vec<Plot> {
    let toward = [Toward { stake_share: 0.8 }, Toward { stake_share: 0.2 }];
    (0..keys).flat_map(|key| toward.map(|toward| Plot { key, toward, bytes: 500 })).collect()
}

fn disk_bytes(strategy: Strategy, member: u32, identity_bound: bool, keys: u32) -> u64 {
    agent_of(&miners(strategy), member, identity_bound).stored(&plots(keys)).disk_bytes
}

#[test]
fn a_growing_miner_grows_while_it_earns_more_than_it_pays_and_up_to_its_bound() {
    let growing = Strategy::Growing { bytes_per_epoch: ByteSize(400), up_to: ByteSize(1700) };
    let mut agent = agent_of(&miners(growing), 0, true);
    let claims: Vec<u64> = [(0.0, 0.0), (2.0, 1.0), (1.0, 1.0), (1.0, 2.0), (2.0, 1.0), (2.0, 1.0)]
        .into_iter()
        .map(|(earned, paid)| agent.act(&seen(0, earned, paid), &mut draws()))
        .collect();
    assert_eq!(claims, [1000, 1400, 1400, 1400, 1700, 1700]);
}

#[test]
fn a_broken_disk_is_silent_until_it_is_repaired() {
    let mut agent = agent_of(&miners(Strategy::Flaky { fails: 1.0, repair_epochs: 2 }), 0, true);
    let mut whole = Vec::new();
    let toward = Toward { stake_share: 1.0 };
    for epoch in 0..3 {
        agent.act(&seen(epoch, 0.0, 0.0), &mut draws());
        whole.push(agent.conduct(0, &toward));
    }
    let broken = Conduct { kept: 0.0, missing: Missing::Silent, ..Conduct::HONEST };
    assert_eq!(whole, [broken; 3], "a disk that always fails is never whole again");
    let mut agent = agent_of(&miners(Strategy::Flaky { fails: 0.0, repair_epochs: 2 }), 0, true);
    agent.act(&seen(9, 0.0, 0.0), &mut draws());
    assert_eq!(agent.conduct(0, &toward), Conduct::HONEST);
}

#[test]
fn what_lies_on_disks_follows_the_strategy() {
    assert_eq!(disk_bytes(Strategy::Honest, 0, true, 1), 1000);
    assert_eq!(disk_bytes(Strategy::Freeloader { keep: 0.25 }, 0, true, 1), 250);
    assert_eq!(disk_bytes(Strategy::Regenerator { keep: 0.0, cores: 1 }, 0, true, 1), 0);
    assert_eq!(disk_bytes(Strategy::Selective { stake_from: 0.5 }, 0, true, 1), 500);
    assert_eq!(disk_bytes(Strategy::Sybil { hotkeys: 3 }, 0, true, 3), 1000);
    assert_eq!(disk_bytes(Strategy::Sybil { hotkeys: 3 }, 0, false, 3), 1000);
    let shared = Strategy::Outsourcer { rtt_ms: 10, bytes_per_s: 10 };
    assert_eq!([0, 1].map(|member| disk_bytes(shared.clone(), member, true, 1)), [1000, 0]);
    let cold = Strategy::OnDemand { rtt_ms: 10, bytes_per_s: 10, usd_per_tib_month: 1.0 };
    let stored = agent_of(&miners(cold), 0, true).stored(&plots(1));
    assert_eq!(stored, Stored { disk_bytes: 0, cold_bytes: 1000, cold_usd_per_tib_month: 1.0 });
}

#[test]
fn one_copy_answers_for_many_only_where_units_do_not_depend_on_whose_they_are() {
    let kept = |identity_bound| {
        let agent = agent_of(&miners(Strategy::Sybil { hotkeys: 2 }), 0, identity_bound);
        [0, 1].map(|key| agent.conduct(key, &Toward { stake_share: 1.0 }).kept)
    };
    assert_eq!((kept(true), kept(false)), ([1.0, 0.0], [1.0, 1.0]));
    let missing = |member, identity_bound| {
        let shared = Strategy::Outsourcer { rtt_ms: 10, bytes_per_s: 10 };
        agent_of(&miners(shared), member, identity_bound).conduct(0, &Toward { stake_share: 1.0 }).missing
    };
    let fetched = Missing::Fetched { rtt_ms: 10, bytes_per_s: 10 };
    assert_eq!([missing(0, true), missing(1, true)], [fetched, Missing::Wrong]);
    assert_eq!([missing(0, false), missing(1, false)], [fetched; 2]);
}

#[test]
fn a_shared_store_is_on_the_account_of_the_first_that_has_a_place() {
    let stored = |member, identity_bound, is_first| {
        let shared = Strategy::Outsourcer { rtt_ms: 10, bytes_per_s: 10 };
        let mut agent = agent_of(&miners(shared), member, identity_bound);
        agent.act(&Seen { is_first, ..seen(3, 0.0, 0.0) }, &mut draws());
        agent.stored(&plots(1)).disk_bytes
    };
    assert_eq!([stored(0, false, true), stored(1, false, false)], [1000, 0]);
    assert_eq!(stored(1, false, true), 1000, "the very first has lost its place");
    assert_eq!(stored(1, true, true), 0, "and its units are of no use to another");
}

#[test]
fn shares_are_rounded_down_and_all_is_all() {
    assert_eq!([share_of(10, 0.55), share_of(u64::MAX, 1.0), share_of(10, 0.0)], [5, u64::MAX, 0]);
}
