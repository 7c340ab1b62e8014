//! The Merkle tree over a manifest's entries.
//!
//! ```text
//! leaf = BLAKE3 derive-key "plimsoll archive manifest 1: entry" (entry)
//! node = BLAKE3 derive-key "plimsoll archive manifest 1: node"  (left ‖ right)
//! ```
//!
//! The last node of an odd level is carried up; the root of no entries is the node of no bytes. Contexts keep an entry
//! from passing as a node. (The manifest's bytes as a whole have BLAKE3's own tree: their object id is its root.)

use plimsoll_core::Digest;

const LEAF: &str = "plimsoll archive manifest 1: entry";
const NODE: &str = "plimsoll archive manifest 1: node";

/// The siblings from an entry up to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPath {
    /// The entry's place among `entries`.
    pub index: u32,
    /// How many entries the manifest has.
    pub entries: u32,
    /// From the leaf up; a level where the node is carried up has none.
    pub siblings: Vec<Digest>,
}

fn leaf(entry: &[u8]) -> Digest {
    Digest(blake3::derive_key(LEAF, entry))
}

fn node(left: &Digest, right: &Digest) -> Digest {
    Digest(blake3::derive_key(NODE, &[left.0, right.0].concat()))
}

fn level_above(below: &[Digest]) -> Vec<Digest> {
    below.chunks(2).map(|pair| if let [left, right] = pair { node(left, right) } else { pair[0] }).collect()
}

/// The root over the canonical bytes of all entries.
#[must_use]
pub fn entries_root(entries: &[&[u8]]) -> Digest {
    let mut level: Vec<Digest> = entries.iter().map(|entry| leaf(entry)).collect();
    while level.len() > 1 {
        level = level_above(&level);
    }
    level.pop().unwrap_or_else(|| Digest(blake3::derive_key(NODE, &[])))
}

/// The path of entry `index`; `None` if there is no such entry.
pub(super) fn path_of(entries: &[&[u8]], index: usize) -> Option<EntryPath> {
    let mut level: Vec<Digest> = entries.iter().map(|entry| leaf(entry)).collect();
    let (mut at, mut siblings) = (index, Vec::new());
    level.get(at)?;
    while level.len() > 1 {
        siblings.extend(level.get(at ^ 1));
        level = level_above(&level);
        at /= 2;
    }
    let (index, entries) = (u32::try_from(index).ok()?, u32::try_from(entries.len()).ok()?);
    Some(EntryPath { index, entries, siblings })
}

/// Whether `entry` is in the manifest of that root, at the place that the path says.
#[must_use]
pub fn verify_entry(root: &Digest, entry: &[u8], path: &EntryPath) -> bool {
    if path.index >= path.entries {
        return false;
    }
    let (mut at, mut len, mut found) = (path.index, path.entries, leaf(entry));
    let mut siblings = path.siblings.iter();
    while len > 1 {
        if at % 2 == 1 || at + 1 < len {
            let Some(sibling) = siblings.next() else { return false };
            found = if at % 2 == 1 { node(sibling, &found) } else { node(&found, sibling) };
        }
        at /= 2;
        len = len.div_ceil(2);
    }
    siblings.next().is_none() && found == *root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_shown_and_no_other() {
        for count in 0..20usize {
            let entries: Vec<Vec<u8>> = (0..count).map(|n| vec![n as u8; n + 1]).collect();
            let entries: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
            let root = entries_root(&entries);
            for index in 0..count {
                let path = path_of(&entries, index).unwrap();
                assert!(verify_entry(&root, entries[index], &path), "{index} of {count}");
                assert!(!verify_entry(&root, b"other", &path));
                for wrong in 0..count as u32 {
                    let moved = EntryPath { index: wrong, ..path.clone() };
                    assert_eq!(verify_entry(&root, entries[index], &moved), wrong == path.index);
                }
                let longer = EntryPath { siblings: [&path.siblings[..], &[root]].concat(), ..path.clone() };
                assert!(!verify_entry(&root, entries[index], &longer));
            }
            assert_eq!(path_of(&entries, count), None);
        }
    }

    #[test]
    fn a_node_is_no_entry() {
        let entries: [&[u8]; 2] = [b"a", b"b"];
        let both = [leaf(b"a").0, leaf(b"b").0].concat();
        assert_ne!(entries_root(&entries), entries_root(&[&both]));
    }
}
