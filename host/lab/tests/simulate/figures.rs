//! The figures of the shipped schemes say of units what is so.

use std::sync::Arc;

use plimsoll_core::{Answer, Digest, Hotkey, Identity, NetUid, Span, Statement, Verdict};
use plimsoll_lab::simulate::SchemeFigures;
use plimsoll_plugin::{MemorySpace, PluginRef, SchemeInstance};
use serde_json::{Value, json};

use crate::lab::HOST;

const BYTES: u64 = 512 << 10;

fn identity(owner: u8) -> Identity {
    Identity { netuid: NetUid(7), owner: Hotkey([owner; 32]), validator: Hotkey([9; 32]) }
}

/// One miner's plot, and its commitment under another's name.
fn borrowed(instance: &mut SchemeInstance) -> (Arc<MemorySpace>, Statement) {
    let (owner, borrower) = (identity(1), identity(2));
    let layout = instance.plan(&owner, BYTES).unwrap();
    let plot = Arc::new(MemorySpace::new(layout.region_bytes as usize));
    for (pass, of) in (0..).zip(&layout.passes) {
        instance.fill(plot.clone(), &owner, pass, Span { first: 0, count: of.units }).unwrap();
    }
    let commitment = instance.commit(plot.clone(), &owner, &layout).unwrap();
    (plot, Statement { identity: borrower, unit_bytes: layout.unit_bytes, units: layout.units, commitment })
}

/// Whether somebody else's plot passes for one's own.
fn one_copy_answers(name: &str, params: &Value) -> bool {
    let shipped = plimsoll_bundle::find(name).unwrap();
    let scheme = HOST.load_scheme(&PluginRef::new(name, shipped.component), params).unwrap();
    let mut instance = scheme.instance().unwrap();
    let (plot, statement) = borrowed(&mut instance);
    let (_, challenge) = instance.draw_at_most(&statement, &Digest([5; 32]), 20, None).unwrap();
    match instance.prove(plot, &statement, &challenge) {
        Ok(Answer::Proof(proof)) => {
            instance.verify(&statement, &challenge, &proof).unwrap() == Verdict::Valid
        }
        Ok(Answer::NotEligible) | Err(_) => false,
    }
}

#[test]
fn one_copy_answers_for_others_exactly_where_the_figures_say_so() {
    let small = json!({ "sector_bytes": 65_536 });
    for (name, params) in [
        ("proof-stream", json!({})),
        ("proof-merkle", json!({})),
        ("proof-compact", json!({})),
        ("proof-seqpack", json!({})),
        ("proof-sdr", small),
    ] {
        let bound = SchemeFigures::shipped(name, &json!({})).unwrap().identity_bound;
        assert_eq!(one_copy_answers(name, &params), !bound, "{name}");
    }
}
