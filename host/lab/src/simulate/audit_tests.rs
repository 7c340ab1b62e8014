use super::*;
use crate::simulate::streams::{Purpose, Streams};
use crate::stats::{Rate, pass_probability};
use plimsoll_core::{Audit, BlockNumber, Digest, Epoch, Hotkey, Identity, NetUid, Uid};
use serde_json::json;

const DEADLINE_MS: u32 = 1_000;

fn figures() -> SchemeFigures {
    SchemeFigures {
        name: "some".into(),
        params: json!({}),
        unit_bytes: 65_536,
        most_samples: 100,
        fill_cpu_us_per_mib: 1_000.0,
        unit_regenerate_us: 40_000.0,
        unit_regenerates_alone: true,
        sample_read_us: 1_000.0,
        sample_read_bytes: 65_536,
        prove_us: 5_000.0,
        verify_us: 300.0,
        proof_bytes: 12_500,
        not_eligible_fraction: 0.0,
        identity_bound: true,
    }
}

/// 40 ms there and back, no jitter, 12.5 MB/s.
const NETWORK: NetworkTerms = NetworkTerms { rtt_ms: 40, jitter_ms: 0, loss: 0.0, bytes_per_s: 12_500_000 };

/// `n` audits of 20 out of 1,000 units.
fn heard(figures: &SchemeFigures, network: &NetworkTerms, conduct: Conduct, n: u64) -> Vec<Heard> {
    let identity = Identity { netuid: NetUid(1), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) };
    let statement = Statement { identity, unit_bytes: 65_536, units: 1_000, commitment: None };
    let audit = Audit { uid: Uid(1), samples: 20, focus: None, start_ms: 0, deadline_ms: DEADLINE_MS };
    let round = Round { epoch: Epoch(0), block: BlockNumber(1), beacon: Digest([1; 32]) };
    let secret = RoundSecret::revealed(Digest([2; 32]));
    let (pace, prover) = (Pace::new(figures, network), Sampled::new(figures));
    let (conduct, stake_share, number) = (&conduct, 0.5, 0);
    let asked = Asked {
        statement: &statement,
        region_bytes: statement.claimed_bytes(),
        holder: identity.owner,
        conduct,
        stake_share,
        audit: &audit,
        number,
        round: &round,
        secret: &secret,
    };
    let one = |at| {
        let mut draws = Streams::new(5).stream(Purpose::Audit, [at, 0, 0, 0]);
        pace.hear(&asked, network.loss, &prover, &mut draws).unwrap()
    };
    (0..n).map(one).collect()
}

fn passed(heard: &[Heard]) -> Rate {
    let passed = heard.iter().filter(|heard| heard.outcome == Outcome::Passed).count();
    Rate::of(passed as u64, heard.len() as u64)
}

#[test]
fn an_honest_answer_takes_the_line_the_proof_and_the_reads() {
    let heard = heard(&figures(), &NETWORK, Conduct::HONEST, 1).remove(0);
    // 40 + 5 + 20 * 1 + 1 ms.
    assert_eq!((heard.outcome, heard.elapsed_ms, heard.missed), (Outcome::Passed, Some(66), 0));
    assert_eq!(heard.miner, Work { core_us: 5_000, traffic_bytes: 12_500 + REQUEST_BYTES });
    assert_eq!(heard.validator, Work { core_us: 300, traffic_bytes: 12_500 + REQUEST_BYTES });
}

#[test]
fn jitter_is_spread_evenly_and_lost_packets_are_absent() {
    let network = NetworkTerms { jitter_ms: 100, loss: 0.25, ..NETWORK };
    let heard = heard(&figures(), &network, Conduct::HONEST, 4_000);
    assert!(passed(&heard).admits(0.75), "{:?}", passed(&heard));
    let times: Vec<u32> = heard.iter().filter_map(|heard| heard.elapsed_ms).collect();
    assert!(times.iter().all(|ms| (66..=166).contains(ms)));
    let mean = times.iter().sum::<u32>() / times.len() as u32;
    assert!((113..=119).contains(&mean), "{mean}");
    assert!(heard.iter().all(|heard| matches!(heard.outcome, Outcome::Passed | Outcome::Absent)));
}

#[test]
fn who_keeps_a_share_passes_as_often_as_the_law_says() {
    let conduct = Conduct { kept: 0.95, ..Conduct::HONEST };
    let heard = heard(&figures(), &NETWORK, conduct, 4_000);
    let law = pass_probability(1_000, 950, 20, 0);
    assert!(passed(&heard).admits(law), "{:?} against {law}", passed(&heard));
    assert!(heard.iter().all(|heard| (heard.outcome == Outcome::Passed) == (heard.missed == 0)));
}

#[test]
fn units_made_anew_are_late_where_they_take_longer_than_the_deadline() {
    let conduct = |cores| Conduct { kept: 0.0, missing: Missing::Regenerated { cores }, ..Conduct::HONEST };
    // 20 units of 40 ms after 46 ms of line and proof: 846 ms on one core, 446 on two.
    let one = heard(&figures(), &NETWORK, conduct(1), 1).remove(0);
    assert_eq!((one.outcome, one.elapsed_ms, one.missed), (Outcome::Passed, Some(846), 20));
    let two = heard(&figures(), &NETWORK, conduct(2), 1).remove(0);
    assert_eq!((two.elapsed_ms, two.miner.core_us), (Some(446), 805_000));
    let slow = SchemeFigures { unit_regenerate_us: 50_000.0, ..figures() };
    assert_eq!(heard(&slow, &NETWORK, conduct(1), 1)[0].outcome, Outcome::Late);
    // Half of the plot in place of all of it: late where more than 19 of 20 are missing, so hardly ever.
    let half = Conduct { kept: 0.5, ..conduct(1) };
    let slow = SchemeFigures { unit_regenerate_us: 95_000.0, ..figures() };
    // 46 + (20 - m) + 95 m <= 1000, so m <= 9.
    let law = pass_probability(1_000, 500, 20, 9);
    assert!(passed(&heard(&slow, &NETWORK, half, 4_000)).admits(law), "{law}");
}

#[test]
fn where_units_do_not_come_back_alone_one_costs_as_much_as_all() {
    let chained = SchemeFigures { unit_regenerates_alone: false, ..figures() };
    let pace = Pace::new(&chained, &NETWORK);
    // 65,536,000 bytes are 62.5 MiB, at a millisecond each.
    assert_eq!(pace.regenerate_ns(1, 4, 65_536_000), (62_500_000, 62_500_000));
    assert_eq!(pace.regenerate_ns(20, 4, 65_536_000), (62_500_000, 62_500_000));
    assert_eq!(pace.regenerate_ns(0, 4, 65_536_000), (0, 0));
}

#[test]
fn fetched_units_take_a_read_where_they_lie_one_round_trip_and_their_bytes() {
    let fetched = Missing::Fetched { rtt_ms: 100, bytes_per_s: 6_553_600 };
    let conduct = Conduct { kept: 0.0, missing: fetched, ..Conduct::HONEST };
    let heard = heard(&figures(), &NETWORK, conduct, 1).remove(0);
    // 46 ms, 20 reads of 1 ms, 100 ms, and 20 units of 10 ms.
    assert_eq!((heard.outcome, heard.elapsed_ms), (Outcome::Passed, Some(366)));
    assert_eq!(heard.miner.traffic_bytes, 20 * 65_536 + 12_500 + REQUEST_BYTES);
}

#[test]
fn a_store_elsewhere_is_never_faster_than_a_disk_of_ones_own() {
    let at_hand = Missing::Fetched { rtt_ms: 0, bytes_per_s: u64::MAX };
    for kept in [0.0, 0.5] {
        let conduct = Conduct { kept, missing: at_hand, ..Conduct::HONEST };
        let elsewhere = heard(&figures(), &NETWORK, conduct, 50);
        assert!(elsewhere.iter().all(|heard| heard.elapsed_ms == Some(66)), "what an honest answer takes");
    }
}

#[test]
fn the_silent_the_selective_and_the_unlucky_count_as_absent() {
    let silent = Conduct { kept: 0.0, missing: Missing::Silent, ..Conduct::HONEST };
    let selective = Conduct { answers: Answers::StakeFrom(0.6), ..Conduct::HONEST };
    for conduct in [silent, selective] {
        let heard = heard(&figures(), &NETWORK, conduct, 1).remove(0);
        assert_eq!((heard.outcome, heard.elapsed_ms), (Outcome::Absent, None));
    }
    let answered = Conduct { answers: Answers::StakeFrom(0.5), ..Conduct::HONEST };
    assert_eq!(heard(&figures(), &NETWORK, answered, 1)[0].outcome, Outcome::Passed);
    let lottery = SchemeFigures { not_eligible_fraction: 0.3, ..figures() };
    assert!(passed(&heard(&lottery, &NETWORK, Conduct::HONEST, 4_000)).admits(0.7));
}
