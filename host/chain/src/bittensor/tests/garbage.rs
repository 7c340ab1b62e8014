//! Answers that are no answers: nothing panics, and nothing is taken for what it is not.

use std::collections::HashMap;

use plimsoll_core::{Digest, Hotkey, NetUid};
use proptest::prelude::*;

use super::node::{axon_value, commitment_value, compact};
use super::vectors::runtime;
use crate::bittensor::runtime::number;
use crate::bittensor::scale::{ASKED, MetagraphAnswer};
use crate::bittensor::stored::StoredSubnet;
use crate::bittensor::verdict::of_dispatch;
use crate::bittensor::view::SubnetView;

const NETUID: NetUid = NetUid(3);

fn read(bytes: &[u8]) -> Result<Option<SubnetView>, String> {
    let runtime = runtime();
    let output = runtime.metagraph_type().unwrap();
    let answer =
        MetagraphAnswer::read(bytes, output, runtime.metadata()).map_err(|error| error.to_string())?;
    let view = answer.map(|answer| SubnetView::of_answer(NETUID, Digest([1; 32]), answer));
    view.transpose().map_err(|error| error.to_string())
}

/// A whole answer about `neurons` neurons with all that is asked for, each field apart.
fn fields(neurons: u8) -> Vec<Vec<u8>> {
    let each = |one: &dyn Fn(u8) -> Vec<u8>| {
        let all: Vec<_> = (0..neurons).map(one).collect();
        [compact(neurons.into()), all.concat()].concat()
    };
    let field = |number: u16| -> Vec<u8> {
        let value = match number {
            1 => vec![4, 4 * 9],
            5 => vec![7; 32],
            7 => compact(1_000_000),
            8 | 10 | 27 | 45 | 47 => compact(99),
            24 | 26 => compact(0),
            25 => compact(65_535),
            46 => vec![1],
            52 | 53 => each(&|uid| vec![uid; 32]),
            55 => each(&|uid| axon_value(Some(([10, 0, 0, uid], 80).into()))),
            57 => each(&|_| vec![1]),
            62 => each(&|uid| compact(u64::from(uid) * 100)),
            59 | 69 => each(&|uid| compact(u64::from(uid) << 40)),
            73 => each(&|uid| {
                let value: Vec<_> =
                    commitment_value(5, b"x").iter().flat_map(|&byte| compact(byte.into())).collect();
                [vec![uid; 32], compact(15), value].concat()
            }),
            _ => return vec![0],
        };
        [vec![1], value].concat()
    };
    let mut all = vec![vec![1], compact(3)];
    all.extend((1..=73).map(field));
    all
}

#[test]
fn the_fields_asked_for_are_those_that_are_read() {
    let all = fields(2);
    let given: Vec<u16> = (1..=73).filter(|&number| all[usize::from(number) + 1] != [0]).collect();
    assert_eq!(given, ASKED);
}

#[test]
fn a_whole_answer_reads() {
    let view = read(&fields(5).concat()).unwrap().unwrap();
    assert_eq!(view.neurons.len(), 5);
    assert_eq!(view.neurons[4].axon, Some("10.0.0.4:80".parse().unwrap()));
    assert_eq!(view.neurons[4].incentive, Some(400));
    assert_eq!(view.commitments.len(), 5);
    assert_eq!((view.name.as_str(), view.owner), ("\t", Some(Hotkey([7; 32]))));
    assert!(read(&[0]).unwrap().is_none(), "no such subnet");
}

#[test]
fn an_answer_without_a_field_names_it() {
    for (number, name) in [(7, "block"), (52, "hotkeys"), (69, "total_stake"), (73, "commitments")] {
        let mut all = fields(2);
        all[number + 1] = vec![0];
        assert_eq!(read(&all.concat()).unwrap_err(), format!("an answer without its {name}"));
    }
}

#[test]
fn lists_of_different_lengths_and_other_subnets_are_refused() {
    let mut all = fields(2);
    all[54] = fields(3)[54].clone();
    assert_eq!(read(&all.concat()).unwrap_err(), "lists of [3, 2, 2, 2, 2] entries for 2 neurons");
    let mut all = fields(2);
    all[1] = compact(4);
    assert_eq!(read(&all.concat()).unwrap_err(), "subnet 4 in place of subnet 3");
    let long = [fields(2).concat(), vec![0]].concat();
    assert_eq!(read(&long).unwrap_err(), "1 bytes too many");
}

#[test]
fn one_commitment_that_cannot_be_read_costs_nobody_else_theirs() {
    let mut all = fields(3);
    let entry = |uid: u8, value: &[u8]| {
        let value: Vec<_> = value.iter().flat_map(|&byte| compact(byte.into())).collect();
        [vec![uid; 32], compact((value.len() as u64).min(15)), value].concat()
    };
    let good = commitment_value(5, b"x");
    let stranger = entry(99, &good);
    let short = [vec![1; 32], compact(2), vec![0, 0]].concat();
    all[74] = [vec![1], compact(3), entry(2, &good), short, stranger].concat();
    let view = read(&all.concat()).unwrap().unwrap();
    let who: Vec<_> = view.commitments.iter().map(|(hotkey, _)| *hotkey).collect();
    assert_eq!(who, [Hotkey([2; 32])], "uid 1's is cut short, and nobody has the hotkey of the last");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn garbage_in_any_field_of_an_answer_is_an_error_or_a_value(
        field in 0usize..75,
        garbage in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut all = fields(3);
        all[field] = garbage;
        let _ = read(&all.concat());
    }

    #[test]
    fn an_answer_cut_short_anywhere_is_an_error(at in 0usize..2000) {
        let whole = fields(3).concat();
        prop_assert!(read(&whole[..at % whole.len()]).is_err());
    }

    #[test]
    fn garbage_at_any_key_of_a_subnet_is_an_error_or_a_value(
        garbage in proptest::collection::vec(any::<u8>(), 0..60),
        place in 0usize..20,
    ) {
        let (runtime, netuid) = (runtime(), NETUID);
        let stored = StoredSubnet::new(runtime, netuid);
        let keys = stored.outline_keys().unwrap();
        let mut values: HashMap<_, _> = HashMap::new();
        let added = runtime.key("SubtensorModule", "NetworksAdded", vec![number(netuid.0)]).unwrap();
        values.insert(added, vec![1]);
        values.insert(keys[0].clone(), vec![9, 0, 0, 0]);
        values.insert(keys[place].clone(), garbage.clone());
        if let Ok(Some(outline)) = stored.outline(&values) {
            let _ = stored.hotkeys(outline.count, &values);
            let hotkeys = [Hotkey([1; 32])];
            let keys = stored.neuron_keys(&hotkeys).unwrap();
            for key in &keys {
                let values = HashMap::from([(key.clone(), garbage.clone())]);
                let _ = stored.view(Digest([1; 32]), &outline, &hotkeys, &keys, &values);
            }
        }
    }

    #[test]
    fn no_bytes_of_a_dispatch_error_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
        let _ = of_dispatch(&bytes, runtime().metadata());
    }

    #[test]
    fn garbage_events_never_read_as_a_success(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        for event in runtime().events(bytes).iter().flatten() {
            prop_assert!(!event.event_name().is_empty());
        }
    }
}

#[test]
fn dispatch_errors_have_the_names_of_the_metadata() {
    let name = |bytes: &[u8]| of_dispatch(bytes, runtime().metadata()).unwrap();
    assert_eq!(name(&[2]).name, "BadOrigin");
    let verdict = name(&[3, 7, 0, 0, 0, 0]);
    assert!(!verdict.meaning.is_empty(), "{verdict:?}");
    assert_eq!(name(&[3, 7, 250, 0, 0, 0]).name, "error 250 of pallet 7");
    assert_eq!(name(&[3, 250, 1, 0, 0, 0]).name, "error 1 of pallet 250");
    assert_eq!(name(&[99]).name, "error 99");
}
