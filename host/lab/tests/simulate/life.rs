//! Miners and validators come, go, grow, break and conspire.

use crate::lab::{HOST, figures, group, lived, ready, run, scenario};
use crate::laws::nothing_is_lost;
use plimsoll_lab::simulate::{SchemeFigures, prepare};

const VALIDATORS: &str = "[[validators]]\nname = \"v\"\ncount = 2\n";

fn miners(name: &str, count: u32, more: &str) -> String {
    format!("[[miners]]\nname = \"{name}\"\ncount = {count}\nbytes = \"1TiB\"\n{more}\n")
}

#[test]
fn on_a_full_subnet_the_newcomer_takes_the_place_of_who_earns_least() {
    let terms = "subnet.max_neurons = 6\nsubnet.immunity_blocks = 700\nsubnet.registration_rao = 1000\n";
    let idle = miners("idle", 1, "comes_back = false\nstrategy.freeloader = { keep = 0.0 }");
    let run = lived(
        &(terms.to_owned()
            + VALIDATORS
            + &miners("honest", 3, "")
            + &idle
            + &miners("new", 1, "joins_epoch = 4")),
    );
    nothing_is_lost(&run);
    let (idle, new) = (&run.miners[3], &run.miners[4]);
    assert_eq!((idle.left_epoch, idle.joined_epoch, new.joined_epoch, new.left_epoch), (Some(4), 0, 4, None));
    assert_eq!(new.uid, idle.uid, "the same place");
    assert_eq!(run.rows[3].earned_rao[2], 0);
    assert!(run.rows[4].earned_rao[2] > 0 && run.rows[4].claimed_bytes[1] == 0);
    assert!(run.miners[..3].iter().all(|miner| miner.left_epoch.is_none()));
}

#[test]
fn who_loses_its_place_registers_again_and_pays_again() {
    let terms = "subnet.max_neurons = 5\nsubnet.immunity_blocks = 0\nsubnet.registration_rao = 1000\n";
    let nothing = "strategy.freeloader = { keep = 0.0 }";
    let rivals = miners("idle", 1, nothing) + &miners("new", 1, &format!("joins_epoch = 4\n{nothing}"));
    let run = lived(&(terms.to_owned() + VALIDATORS + &miners("honest", 2, "") + &rivals));
    nothing_is_lost(&run);
    // From epoch 4 on each epoch one of the two takes the other's place.
    let paid = |name| group(&run, name).costs.registration_rao;
    assert!(paid("idle") > 4 * 1000 && paid("new") >= 4 * 1000, "{} {}", paid("idle"), paid("new"));
    assert_eq!(paid("honest"), 2 * 1000);
    let there = run.miners[2..].iter().filter(|miner| miner.left_epoch.is_none()).count();
    assert_eq!(there, 1);
}

#[test]
fn who_leaves_stores_nothing_and_earns_nothing_more() {
    let run =
        lived(&(VALIDATORS.to_owned() + &miners("stays", 2, "") + &miners("leaves", 1, "leaves_epoch = 5")));
    nothing_is_lost(&run);
    for row in &run.rows {
        let is_there = row.epoch < 5;
        assert_eq!(
            (row.earned_rao[1] > 0, row.stored_bytes[1] > 0, row.claimed_bytes[1] > 0),
            (is_there, is_there, is_there)
        );
    }
    let left = group(&run, "leaves");
    assert_eq!((left.audits.judged(), left.audits.absent), (2 * 5, 0), "it is no miner any more");
    assert_eq!(
        (run.honest.audits.judged(), run.honest.false_punishment_rate()),
        (2 * (2 * 12 + 5), Some(0.0))
    );
}

#[test]
fn a_growing_miner_claims_more_and_pays_for_filling_it() {
    let growing = "strategy.growing = { bytes_per_epoch = \"512GiB\", up_to = \"3TiB\" }";
    let run = lived(&(VALIDATORS.to_owned() + &miners("steady", 1, "") + &miners("growing", 1, growing)));
    let claimed = |epoch: usize| run.rows[epoch].claimed_bytes[1] as f64 / (1u64 << 40) as f64;
    // All but what the allocation policy gives to hotkeys that do not validate.
    for (epoch, tib) in [(0, 1.0), (1, 1.5), (2, 2.0), (4, 3.0), (11, 3.0)] {
        assert!((claimed(epoch) - tib).abs() < 0.001, "{epoch}: {}", claimed(epoch));
    }
    let filled = |name| group(&run, name).costs.core_seconds;
    // A millisecond a MiB: 1049 s a TiB.
    assert!((filled("growing") / filled("steady") - 3.0).abs() < 0.01);
}

#[test]
fn broken_disks_are_filled_again_and_are_no_false_punishment() {
    let flaky = "strategy.flaky = { fails = 0.3, repair_epochs = 1 }";
    let run = lived(&(VALIDATORS.to_owned() + &miners("flaky", 4, flaky)));
    let found = group(&run, "flaky");
    assert!(found.audits.absent > 0 && found.audits.failed == 0);
    // Nothing is lost on the way: what is left are audits of whole disks, and they pass.
    assert_eq!((run.honest.audits.not_passed(), run.honest.audits.passed), (0, found.audits.passed));
    assert_eq!(run.honest.false_punishment_rate(), Some(0.0));
    assert_eq!(run.honest.paid_epochs, found.audits.passed / 2, "epochs with a whole disk, two validators");
    let broken: u64 = run.rows.iter().map(|row| row.stored_bytes[0]).sum();
    assert!(broken < 12 * run.rows[0].claimed_bytes[0]);
}

#[test]
fn one_copy_feeds_many_hotkeys_only_where_units_are_the_same_for_all() {
    let more = VALIDATORS.to_owned()
        + &miners("honest", 1, "")
        + &miners("sybil", 1, "strategy.sybil = { hotkeys = 3 }");
    let share = |identity_bound| {
        let prepared =
            prepare(scenario(&more), &HOST, SchemeFigures { identity_bound, ..figures() }).unwrap();
        let run = run(&prepared, 1);
        nothing_is_lost(&run);
        assert_eq!(run.miners[1].stored_bytes, run.miners[0].stored_bytes, "one copy");
        group(&run, "sybil").emission_share
    };
    assert!((share(true) - 0.5).abs() < 1e-4);
    assert!((share(false) - 0.75).abs() < 1e-4);
}

#[test]
fn the_selective_are_absent_where_stake_is_small_and_a_clique_pays_its_friends_only_its_own_weight() {
    let validators = "[[validators]]\nname = \"large\"\nstake_tao = 60_000\n\
                      [[validators]]\nname = \"small\"\nstake_tao = 25_000\n\
                      [[validators]]\nname = \"clique\"\nstake_tao = 15_000\nvote.clique = { miners = \"friends\" }\n";
    let friends = miners("friends", 1, "strategy.freeloader = { keep = 0.0 }");
    let selective = miners("selective", 1, "strategy.selective = { stake_from = 0.3 }");
    let run = lived(&(validators.to_owned() + &miners("honest", 2, "") + &selective + &friends));
    nothing_is_lost(&run);
    let found = group(&run, "selective");
    assert_eq!((found.audits.passed, found.audits.absent), (12, 12));
    assert!(group(&run, "friends").emission_share == 0.0, "15 % of stake are no consensus");
    // The large validator alone is the majority, so what it sees is the consensus: a third for each. The small one backs
    // honest miners that far: 0.6 of 3 * 0.6 + 2 * 0.25.
    assert!((found.emission_share - 0.6 / 2.3).abs() < 1e-4, "{}", found.emission_share);
}

#[test]
fn copycats_follow_and_add_nothing_of_their_own() {
    let copies = "[[validators]]\nname = \"v\"\ncount = 2\n[[validators]]\nname = \"copy\"\ncount = 2\nvote = \"copy\"\n";
    let free = miners("free", 1, "strategy.freeloader = { keep = 0.0 }");
    let run = run(&ready(scenario(&(copies.to_owned() + &miners("honest", 2, "") + &free))), 1);
    nothing_is_lost(&run);
    assert_eq!(group(&run, "honest").audits.judged(), 2 * 2 * 12, "copycats audit nobody");
    assert!(group(&run, "free").emission_share == 0.0);
    let [honest, copies] = &run.validators[..] else { panic!("two groups") };
    assert_eq!((honest.vote, copies.vote, copies.stake_share), ("honest", "copy", 0.5));
    assert!((honest.dividend_share + copies.dividend_share - 1.0).abs() < 1e-12);
    // They are paid nearly as those whom they copy, and pay for nothing.
    assert!((0.3..0.5).contains(&copies.dividend_share), "{}", copies.dividend_share);
    assert_eq!((copies.roi, copies.costs.usd), (None, 0.0));
    assert!(honest.roi.unwrap() > 0.0 && honest.costs.core_seconds > 0.0);
    for (at, group) in run.validators.iter().enumerate() {
        assert_eq!(run.rows.iter().map(|row| row.dividends_rao[at]).sum::<u64>(), group.earned_rao);
    }
}
