//! SDR labels against Filecoin's own: parents, layers, known answers; and every way to fill a plot.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use plimsoll_core::{Digest, PlotSpace};
use plimsoll_kernels::{HashKind, KernelError, Sdr, SdrGraph, SdrParents, digest_of, fill_sdr, sdr_label};
use proptest::prelude::*;
use serde_json::Value;
use support::{Memory, some_bytes};

fn cases() -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("vectors/filecoin-sdr.json")).unwrap();
    all["cases"].as_array().unwrap().clone()
}

fn number(value: &Value) -> u32 {
    value.as_u64().unwrap() as u32
}

fn id(value: &Value) -> Digest {
    Digest::from_slice(&hex::decode(value.as_str().unwrap()).unwrap()).unwrap()
}

/// A plot of whole sectors.
fn filled(porep_id: &Digest, shape: Sdr, replica_ids: &[Digest]) -> Vec<u8> {
    let labels = shape.labels() * replica_ids.len() as u64;
    let plot = Memory::new(vec![0; labels as usize * 32]);
    let parents = SdrParents::new(porep_id, shape.nodes).unwrap();
    fill_sdr(&plot, &parents, shape, replica_ids, 0, labels).unwrap();
    plot.bytes()
}

#[test]
fn every_graph_of_the_vectors_has_their_seeds_and_parents() {
    let cases = cases();
    assert_eq!(cases.len(), 18);
    for case in cases {
        let nodes = number(&case["nodes"]);
        let graph = SdrGraph::new(&id(&case["porep_id"]), nodes).unwrap();
        assert_eq!(hex::encode(graph.drg_seed()), case["drg_seed_28"]);
        let keys = graph.feistel_keys().map(|key| format!("{key:#018x}"));
        assert_eq!(serde_json::to_value(keys).unwrap(), case["feistel_keys_u64"]);
        for row in case["parents"].as_array().unwrap() {
            let parents = graph.parents(number(&row["node"])).unwrap();
            assert_eq!(serde_json::to_value(&parents[..6]).unwrap(), row["base"], "{row}");
            assert_eq!(serde_json::to_value(&parents[6..]).unwrap(), row["expanded"], "{row}");
        }
        let table: Vec<u8> =
            (0..nodes).flat_map(|node| graph.parents(node).unwrap()).flat_map(u32::to_le_bytes).collect();
        assert_eq!(digest_of(HashKind::Sha256, &table).to_string(), case["parents_table_sha256"]);
    }
}

#[test]
fn every_layer_of_the_vectors_is_filled_bit_for_bit() {
    for case in cases() {
        let shape = Sdr { nodes: number(&case["nodes"]), layers: number(&case["layers"]) };
        let bytes = filled(&id(&case["porep_id"]), shape, &[id(&case["replica_id"])]);
        let layers = case["label_layers"].as_array().unwrap();
        assert_eq!(layers.len(), shape.layers as usize);
        for (found, layer) in bytes.chunks(shape.nodes as usize * 32).zip(layers) {
            let labels: Vec<String> = found.chunks(32).map(hex::encode).collect();
            assert_eq!(serde_json::to_value(&labels[..4]).unwrap(), layer["first4"], "{}", layer["layer"]);
            assert_eq!(serde_json::to_value(&labels[labels.len() - 2..]).unwrap(), layer["last2"]);
            assert_eq!(digest_of(HashKind::Sha256, found).to_string(), layer["sha256"]);
        }
    }
}

#[test]
fn the_known_answers_of_the_reference_come_out() {
    for (nodes, answer) in [
        (64, "cfef0db78bf3b3ab9f1169774d2e7a77bc9054499d954834b51ca7c788110206"),
        (128, "6d67c468cf81ab2289c1c9c72fa8777a232de4c1323dc0c6bd552ccc187c770f"),
    ] {
        let bytes = filled(&Digest([0x7b; 32]), Sdr { nodes, layers: 11 }, &[Digest([9; 32])]);
        assert_eq!(hex::encode(&bytes[bytes.len() - 32..]), answer);
    }
}

/// A plot straight from the definition: one label after another.
fn by_definition(porep_id: &Digest, shape: Sdr, replica_ids: &[Digest]) -> Vec<u8> {
    let graph = SdrGraph::new(porep_id, shape.nodes).unwrap();
    let mut plot: Vec<[u8; 32]> = Vec::new();
    for replica_id in replica_ids {
        for layer in 0..shape.layers {
            let start = plot.len();
            for node in 0..shape.nodes {
                let parents = graph.parents(node).unwrap();
                let mut labels: Vec<[u8; 32]> = Vec::new();
                if node > 0 {
                    labels.extend(parents[..6].iter().map(|&base| plot[start + base as usize]));
                }
                if node > 0 && layer > 0 {
                    let below = start - shape.nodes as usize;
                    labels.extend(parents[6..].iter().map(|&parent| plot[below + parent as usize]));
                }
                plot.push(sdr_label(replica_id, layer + 1, node, labels.as_flattened()).unwrap().0);
            }
        }
    }
    plot.concat()
}

fn ids(count: u64) -> Vec<Digest> {
    (0..count).map(|sector| digest_of(HashKind::Sha256, &sector.to_le_bytes())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_plot_filled_in_any_pieces_holds_the_labels_of_the_definition(
        nodes in 1_u32..90,
        layers in 1_u32..4,
        sectors in 1_u64..5,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let (porep_id, shape, ids) = (Digest([3; 32]), Sdr { nodes, layers }, ids(sectors));
        let all = shape.labels() * sectors;
        let mut ends: Vec<u64> = cuts.iter().map(|cut| cut.index(all as usize) as u64).collect();
        ends.push(all);
        ends.sort_unstable();
        let mut plot = Memory::new(some_bytes(all as usize * 32, 1));
        plot.asks_twice = true;
        let parents = SdrParents::new(&porep_id, nodes).unwrap();
        let mut at = 0;
        for end in ends {
            let touched = shape.sectors(at, end - at).unwrap();
            let ids = &ids[touched.start as usize..touched.end as usize];
            fill_sdr(&plot, &parents, shape, ids, at, end - at).unwrap();
            at = end;
        }
        prop_assert!(plot.bytes() == by_definition(&porep_id, shape, &ids));
    }
}

#[test]
fn sectors_larger_than_a_put_are_the_same_side_by_side_and_alone() {
    let (porep_id, shape) = (Digest([4; 32]), Sdr { nodes: (1 << 17) + 5, layers: 2 });
    let ids = ids(2);
    let both = filled(&porep_id, shape, &ids);
    let (one, other) = both.split_at(both.len() / 2);
    assert!(one == filled(&porep_id, shape, &ids[..1]) && other == filled(&porep_id, shape, &ids[1..]));
    // Somewhere in the second layer, from its parents as stored.
    let (graph, node) = (SdrGraph::new(&porep_id, shape.nodes).unwrap(), 131_074_usize);
    let parents = graph.parents(node as u32).unwrap();
    let place = |at: usize| if at < 6 { shape.nodes + parents[at] } else { parents[at] } as usize;
    let labels: Vec<u8> = (0..14).flat_map(|at| one[place(at) * 32..][..32].to_vec()).collect();
    let label = sdr_label(&ids[0], 2, node as u32, &labels).unwrap();
    assert_eq!(label.0, one[(shape.nodes as usize + node) * 32..][..32]);
}

#[test]
fn a_fill_that_is_stopped_stops_and_can_be_taken_up_again() {
    let (porep_id, shape, ids) = (Digest([4; 32]), Sdr { nodes: 64, layers: 3 }, ids(1));
    let plot = Memory::new(vec![0; 64 * 3 * 32]);
    plot.puts_left.store(2, std::sync::atomic::Ordering::Relaxed);
    let parents = SdrParents::new(&porep_id, 64).unwrap();
    let stopped = fill_sdr(&plot, &parents, shape, &ids, 0, 192);
    assert_eq!(stopped, Err(KernelError::Space(plimsoll_core::SpaceError::Cancelled)));
    plot.puts_left.store(usize::MAX, std::sync::atomic::Ordering::Relaxed);
    fill_sdr(&plot, &parents, shape, &ids, 128, 64).unwrap();
    assert!(plot.bytes() == by_definition(&porep_id, shape, &ids));
    assert!(
        plot.largest_bytes.load(std::sync::atomic::Ordering::Relaxed) <= <dyn PlotSpace>::LARGEST_PUT_BYTES
    );
}

#[test]
fn what_cannot_be_filled_is_refused_with_its_reason() {
    let (plot, parents) = (Memory::new(vec![0; 4096]), SdrParents::new(&Digest([4; 32]), 64).unwrap());
    let why = |nodes, layers, ids: &[Digest], first, count| {
        fill_sdr(&plot, &parents, Sdr { nodes, layers }, ids, first, count).unwrap_err().to_string()
    };
    assert_eq!(why(64, 0, &[], 0, 1), "sectors of 64 nodes in 0 layers: both must be 1 or more");
    assert_eq!(why(32, 2, &ids(1), 0, 1), "a graph of 64 nodes for sectors of 32");
    assert_eq!(why(64, 1, &ids(1), 0, 128), "1 replica ids for sectors 0 to 2: one for each is needed");
    assert_eq!(why(64, 2, &ids(1), 100, 29), "928 bytes at 3200 are outside of a region of 4096 bytes");
    assert!(why(64, 2, &ids(1), u64::MAX, 2).ends_with("are outside of a region of 4096 bytes"));
    let none = SdrGraph::new(&Digest([0; 32]), 0).unwrap_err().to_string();
    assert_eq!(none, "a graph of 0 nodes: a sector needs 1 or more");
    let far = parents.graph().parents(64).unwrap_err().to_string();
    assert_eq!(far, "node 64 is not one of 64");
}

#[test]
fn a_label_of_the_wrong_parents_is_refused_with_their_number() {
    let why = |layer, node, labels: usize| {
        sdr_label(&Digest([0; 32]), layer, node, &vec![0; labels * 32]).unwrap_err().to_string()
    };
    assert_eq!(why(0, 1, 6), "layers are numbered from 1, there is no layer 0");
    assert_eq!(why(1, 0, 6), "node 0 of layer 1 has 0 parents, so 0 bytes of labels, not 192");
    assert_eq!(why(1, 5, 14), "node 5 of layer 1 has 6 parents, so 192 bytes of labels, not 448");
    assert_eq!(why(2, 5, 6), "node 5 of layer 2 has 14 parents, so 448 bytes of labels, not 192");
}
