//! States as bytes: compact, of one run alone, never believed when they are something else.

use std::ops::ControlFlow;

use plimsoll_core::Uid;
use plimsoll_lab::simulate::{Prepared, SavedState};
use proptest::prelude::*;

use crate::lab::{ready, run, scenario};

const PARTIES: &str = r#"
[[validators]]
name = "v"
count = 4

[[validators]]
name = "copy"
vote = "copy"

[[miners]]
name = "honest"
count = 8
bytes = "1TiB"

[[miners]]
name = "growing"
bytes = "1TiB"
strategy.growing = { bytes_per_epoch = "512GiB", up_to = "3TiB" }

[[miners]]
name = "flaky"
count = 3
bytes = "1TiB"
strategy.flaky = { fails = 0.3, repair_epochs = 2 }
"#;

fn states(prepared: &Prepared, most_bytes: usize) -> Vec<SavedState> {
    let (saved, states) = prepared.run_saving(5, most_bytes, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(saved, run(prepared, 5), "looking at a run changes nothing");
    states
}

#[test]
fn an_epoch_is_explained_from_the_nearest_of_few_states_as_from_the_beginning() {
    let prepared = ready(scenario(PARTIES));
    let all = states(&prepared, usize::MAX);
    let bytes: usize = all.iter().map(|state| state.bytes.len()).sum();
    let some = states(&prepared, bytes / 3);
    let epochs: Vec<u64> = some.iter().map(|state| state.epoch).collect();
    assert_eq!(epochs, [0, 4, 8, 12], "a third of them, and the end");
    for uid in [5, 13, 16] {
        for epoch in 0..12 {
            let near = some.iter().rfind(|state| state.epoch <= epoch).unwrap();
            let kept = prepared.recall(5, near).unwrap();
            let explained = prepared.replay(5, epoch, Uid(uid), Some(&kept)).unwrap();
            assert_eq!(explained, prepared.replay(5, epoch, Uid(uid), None).unwrap());
        }
    }
}

/// Of 48 pairs of a validator and a miner, which the book alone has in more than 300 bytes each.
#[test]
fn a_state_takes_few_bytes_for_each_pair() {
    let last = states(&ready(scenario(PARTIES)), usize::MAX).pop().unwrap();
    // Members and what they earned, rules' memory, weights and bonds; then pairs.
    let others = 17 * 400;
    assert!(last.bytes.len() < others + 48 * 60, "{} bytes", last.bytes.len());
}

#[test]
fn states_of_something_else_are_refused_with_a_sentence() {
    let prepared = ready(scenario(PARTIES));
    let state = states(&prepared, usize::MAX).remove(3);
    let said = |prepared: &Prepared, state: &SavedState| prepared.recall(5, state).err().unwrap().to_string();
    let begin = "epoch 3 cannot be replayed: its kept state cannot be used: ";
    let other = ready(scenario(&PARTIES.replace("count = 8", "count = 9")));
    assert_eq!(said(&other, &state), format!("{begin}it has 12 miners, the scenario has 13"));
    let other = ready(scenario(&PARTIES.replace("count = 4", "count = 3")));
    assert_eq!(said(&other, &state), format!("{begin}it has 5 validators, the scenario has 4"));
    let swapped =
        PARTIES.replace("strategy.growing = { bytes_per_epoch = \"512GiB\", up_to = \"3TiB\" }", "");
    assert_eq!(
        said(&ready(scenario(&swapped)), &state),
        format!("{begin}a miner has the mind of another strategy")
    );
    let longer = SavedState { bytes: [&state.bytes[..], &[0]].concat(), ..state.clone() };
    assert_eq!(said(&prepared, &longer), format!("{begin}1 bytes stand behind its end"));
    let misplaced = SavedState { epoch: 4, ..state };
    assert!(said(&prepared, &misplaced).ends_with("its kept state cannot be used: it is of epoch 3"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Files have digests; this is for whoever has none.
    #[test]
    fn bytes_that_were_changed_are_refused_or_another_state_and_never_panic(place in 0.0..1.0f64, mask in 1u8.., torn: bool) {
        use std::sync::LazyLock;
        static PREPARED: LazyLock<Prepared> = LazyLock::new(|| ready(scenario(PARTIES)));
        static STATE: LazyLock<SavedState> = LazyLock::new(|| states(&PREPARED, usize::MAX).remove(7));
        let mut state = STATE.clone();
        let at = (place * state.bytes.len() as f64) as usize;
        state.bytes[at] ^= mask;
        if torn {
            state.bytes.truncate(at);
            prop_assert!(PREPARED.recall(5, &state).is_err());
        } else {
            let _ = PREPARED.recall(5, &state);
        }
    }
}
