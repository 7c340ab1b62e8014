//! Which subnet it is, on the real ledger.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_chain::subnet::SubnetRules;
use plimsoll_chain::{Chain, GenesisNeuron, Ledger, LedgerGenesis, SubnetGenesis};
use plimsoll_core::{BlockNumber, DatasetPlace, Digest, NetUid, StakeRao};
use plimsoll_datasets::find::{Choice, FindError, Hub, Memory, Presence, Subnet, search};

use crate::real::{EMPTY, commitments, decoy, flock, key};

const REAL: NetUid = NetUid(96);

/// A ledger with subnets of so many neurons.
fn ledger(subnets: &[(u16, u16)]) -> Ledger {
    let neuron = |netuid, uid| {
        let hotkey = key(netuid, uid).hotkey();
        GenesisNeuron { hotkey, coldkey: hotkey, stake_rao: StakeRao(0), validator_permit: false, axon: None }
    };
    let subnet = |&(netuid, neurons): &(u16, u16)| SubnetGenesis {
        netuid: NetUid(netuid),
        rules: SubnetRules::default(),
        neurons: (0..neurons).map(|uid| neuron(netuid, uid)).collect(),
    };
    let subnets = subnets.iter().map(subnet).collect();
    let any = LedgerGenesis::development(NetUid(1));
    Ledger::new(LedgerGenesis { seed: Digest::of(b"find"), subnets, ..any }).unwrap()
}

async fn commit(ledger: &Ledger, netuid: u16, all: impl IntoIterator<Item = (u16, String)>) {
    for (uid, text) in all {
        ledger.commit(&key(netuid, uid), NetUid(netuid), text.as_bytes()).await.unwrap();
    }
}

/// The real shape, with four neurons without a commitment.
async fn commit_real(ledger: &Ledger, netuid: u16, seed: &str) {
    let uids = (0..256).filter(|uid| !EMPTY.contains(uid));
    commit(ledger, netuid, uids.zip(commitments(seed))).await;
}

fn subnets(netuids: &[u16]) -> Vec<Subnet> {
    netuids.iter().map(|netuid| Subnet { netuid: NetUid(*netuid), name: String::new() }).collect()
}

async fn find(ledger: &Ledger, netuids: &[u16], hub: Option<&dyn Hub>) -> Result<Choice, FindError> {
    let chain: Arc<dyn Chain> = Arc::new(ledger.clone());
    search(&chain, &flock(), &subnets(netuids), hub, 4).await
}

/// A hub that has what accounts of these beginnings have; it counts who asks.
struct Shelf {
    has: &'static [&'static str],
    answers: Presence,
    asked: std::sync::Mutex<BTreeSet<String>>,
}

impl Shelf {
    fn new(has: &'static [&'static str], answers: Presence) -> Self {
        Self { has, answers, asked: Default::default() }
    }
}

#[async_trait]
impl Hub for Shelf {
    async fn presence(&self, place: &DatasetPlace) -> Presence {
        self.asked.lock().unwrap().insert(place.namespace.clone());
        match self.has.iter().any(|account| place.namespace.starts_with(account)) {
            true => self.answers.clone(),
            false => Presence::Missing,
        }
    }
}

#[tokio::test]
async fn the_real_subnet_is_found_though_its_first_neuron_committed_to_nothing_and_decoys_are_there() {
    let ledger = ledger(&[(9, 60), (37, 60), (3, 60), (5, 60), (81, 4), (1, 0), (96, 256)]);
    for (netuid, form) in [(9, "five parts"), (37, "dashes"), (3, "credentials"), (5, "json")] {
        commit(&ledger, netuid, (0..60).map(|uid| (uid, decoy(form, usize::from(uid))))).await;
    }
    // Somebody's test: two real commitments on a subnet of four.
    commit(&ledger, 81, commitments("t").into_iter().take(2).zip(0..).map(|(text, uid)| (uid, text))).await;
    commit_real(&ledger, 96, "m").await;
    let hub = Shelf::new(&["m", "t"], Presence::There);
    let choice = find(&ledger, &[1, 3, 5, 9, 37, 81, 96], Some(&hub)).await.unwrap();
    assert_eq!(choice.netuid(), Some(REAL));
    let best = &choice.candidates[0];
    assert_eq!((best.neurons, best.committed, best.datasets), (256, 252, 252));
    assert_eq!(best.confirmed.map(|confirmed| (confirmed.asked, confirmed.there)), Some((8, 8)));
    assert_eq!(hub.asked.lock().unwrap().len(), 8, "only the likely one is asked about");
    let told = choice.to_string();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(
        lines[0],
        "subnet 96: 252 of 252 commitments by 256 neurons name a dataset, 8 of 8 that were asked for are on the hub; score 969 of 1000"
    );
    assert_eq!(lines[1], "subnet 81: 2 of 2 commitments by 4 neurons name a dataset; score 200 of 1000");
    assert_eq!(lines[2], "5 further subnets have no commitment that names a dataset");
}

#[tokio::test]
async fn two_subnets_that_look_alike_are_an_error_until_the_hub_tells_them_apart() {
    let ledger = ledger(&[(12, 256), (96, 256)]);
    commit_real(&ledger, 12, "x").await;
    commit_real(&ledger, 96, "m").await;
    let error = find(&ledger, &[12, 96], None).await.unwrap_err();
    assert!(matches!(&error, FindError::Ambiguous { choice, .. } if choice.candidates.len() == 2));
    let text = error.to_string();
    assert!(
        text.starts_with(
            "more than one subnet looks like one of builtin:dataset-flock: subnet 12: 252 of 252"
        ),
        "{text}"
    );
    assert!(text.contains("; subnet 96: 252 of 252") && text.ends_with("; name one with --netuid"), "{text}");
    let hub = Shelf::new(&["m"], Presence::Closed);
    assert_eq!(find(&ledger, &[12, 96], Some(&hub)).await.unwrap().netuid(), Some(REAL));
    let blind = Shelf::new(&["m", "x"], Presence::Unknown("no network".into()));
    assert!(matches!(find(&ledger, &[12, 96], Some(&blind)).await, Err(FindError::Ambiguous { .. })));
}

#[tokio::test]
async fn where_nothing_looks_like_it_the_error_says_what_was_seen() {
    let ledger = ledger(&[(9, 60), (81, 4)]);
    commit(&ledger, 9, (0..60).map(|uid| (uid, decoy("five parts", usize::from(uid))))).await;
    commit(&ledger, 81, [(1, commitments("t")[0].clone())]).await;
    let error = find(&ledger, &[9, 81], None).await.unwrap_err();
    assert!(matches!(error, FindError::NoneFound { .. }));
    assert_eq!(
        error.to_string(),
        "no subnet looks like one of builtin:dataset-flock: subnet 81: 1 of 1 commitments by 4 neurons name a dataset; \
         score 111 of 1000; subnet 9: 0 of 60 commitments by 60 neurons name a dataset; score 0 of 1000; name one with --netuid"
    );
}

#[tokio::test]
async fn nobody_is_chosen_while_a_subnet_that_could_not_be_read_may_be_the_one() {
    let ledger = ledger(&[(96, 256)]);
    commit_real(&ledger, 96, "m").await;
    let error = find(&ledger, &[7, 96], None).await.unwrap_err();
    let FindError::Unread { choice, .. } = &error else { panic!("{error}") };
    assert_eq!((choice.netuid(), choice.unread.len()), (Some(REAL), 1), "the others are looked at");
    assert!(choice.to_string().contains("subnet 7 could not be read: "), "{choice}");
    let text = error.to_string();
    assert!(
        text.starts_with(
            "subnet 7 could not be read and may be the one of builtin:dataset-flock: subnet 96: 252 of 252"
        ),
        "{text}"
    );
    assert!(text.ends_with("; score 969 of 1000; try again, or name one with --netuid"), "{text}");
    let many: Vec<u16> = (100..110).chain([96]).collect();
    let text = find(&ledger, &many, None).await.unwrap_err().to_string();
    let named = "subnets 100, 101, 102, 103, 104, 105, 106, 107 and 2 more could not be read";
    assert!(text.starts_with(named), "{text}");
    assert!(matches!(find(&ledger, &[7, 8], None).await, Err(FindError::Chain(_))));
}

#[test]
fn where_it_was_found_is_remembered_by_chain_and_source_and_a_damaged_note_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let memory = Memory::of(&data);
    let (here, there) = (Digest([1; 32]), Digest([2; 32]));
    assert_eq!(memory.recall(here, &flock()), None);
    memory.remember(here, &flock(), NetUid(12), BlockNumber(1)).unwrap();
    memory.remember(there, &flock(), NetUid(7), BlockNumber(2)).unwrap();
    memory.remember(here, &flock(), REAL, BlockNumber(3)).unwrap();
    let known = memory.recall(here, &flock()).unwrap();
    assert_eq!((known.netuid, known.block), (REAL, BlockNumber(3)));
    assert_eq!(memory.recall(there, &flock()).unwrap().netuid, NetUid(7));
    assert_eq!(memory.recall(Digest([3; 32]), &flock()), None);
    let files: Vec<_> = std::fs::read_dir(&data).unwrap().map(|file| file.unwrap().path()).collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    let text = std::fs::read_to_string(file).unwrap();
    for damaged in
        ["", "{}", &text[..text.len() - 2], &text.replace("netuid", "uidnet"), &" ".repeat(1 << 17)]
    {
        std::fs::write(file, damaged).unwrap();
        assert_eq!(memory.recall(here, &flock()), None, "{damaged}");
    }
    memory.remember(here, &flock(), REAL, BlockNumber(4)).unwrap();
    assert_eq!(memory.recall(here, &flock()).unwrap().block, BlockNumber(4), "it is written anew");
    for block in 0..100u8 {
        memory.remember(Digest([block; 32]), &flock(), REAL, BlockNumber(u64::from(block))).unwrap();
    }
    assert!(std::fs::metadata(file).unwrap().len() < 64 << 10);
    assert!(memory.recall(Digest([99; 32]), &flock()).is_some() && memory.recall(here, &flock()).is_none());
}

#[tokio::test]
async fn six_decoys_in_front_hide_nobody() {
    let decoys = [2, 3, 4, 5, 6, 7];
    let mut all: Vec<(u16, u16)> = decoys.iter().map(|netuid| (*netuid, 256)).collect();
    all.push((96, 256));
    let ledger = ledger(&all);
    for netuid in decoys {
        commit_real(&ledger, netuid, "x").await;
    }
    commit_real(&ledger, 96, "m").await;
    let hub = Shelf::new(&["m"], Presence::There);
    let choice = find(&ledger, &[2, 3, 4, 5, 6, 7, 96], Some(&hub)).await.unwrap();
    assert_eq!(choice.netuid(), Some(REAL));
    assert!(choice.candidates.iter().all(|candidate| candidate.confirmed.is_some()));
}
