//! A subnet at a block: its miners' entries under one root, signed by whoever collected them.
//!
//! ```text
//!   0  "PLIMSOLL-DATASETS"        17
//!  17  version, 1                 1
//!  18  genesis of the chain       32
//!  50  netuid                     2
//!  52  block                      8
//!  60  hash of the block          32   zero where it is not known
//!  92  collector's hotkey         32   zero where there is no wallet
//! 124  entries                    4
//! 128  root over the entries      32
//! 160  standings                 1   0 where none is recorded, else 1 and one an entry
//!      each entry behind its length (2), by ascending uid
//! ```
//!
//! The manifest's object id, the BLAKE3 of these bytes, is what is signed, and what `proof-merkle` commits to. A
//! signature lies beside it, for signing is randomised and the bytes are not.

use std::collections::BTreeMap;

use plimsoll_core::{BlockNumber, Digest, Hotkey, Keypair, NetUid, Signature, Uid, verify_signature};

use super::bytes::Fields;
use super::entry::Entry;
use super::error::ArchiveError;
use super::standing::{self, Standing};
use super::tree::{EntryPath, entries_root, path_of};

const MAGIC: &[u8; 17] = b"PLIMSOLL-DATASETS";
const VERSION: u8 = 1;
const HEAD_BYTES: usize = 160;
const SIGNED: &[u8] = b"plimsoll archive manifest 1: ";
const SEAL_TAG: u8 = b'S';
/// No entry is so long that its length begins so.
const TAKEDOWN_TAG: [u8; 2] = *b"TT";

/// Which subnet, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The subnet.
    pub netuid: NetUid,
    /// The block: history is ordered by it, never by a clock.
    pub block: BlockNumber,
}

/// What a snapshot is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotFacts {
    /// The chain's genesis hash.
    pub chain: Digest,
    /// Subnet and block.
    pub place: Place,
    /// The block's hash; zero where it is not known.
    pub block_hash: Digest,
    /// Every miner, in any order.
    pub entries: Vec<Entry>,
    /// What the chain said of them beside, as far as it did.
    pub standings: BTreeMap<Uid, Standing>,
}

/// A decoded manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The chain's genesis hash.
    pub chain: Digest,
    /// Subnet and block.
    pub place: Place,
    /// The block's hash; zero where it was not known.
    pub block_hash: Digest,
    /// Who collected, if there was a wallet.
    pub collector: Option<Hotkey>,
    /// Every miner, by ascending uid.
    pub entries: Vec<Entry>,
    /// What the chain said of each beside, in the same order; empty where nothing is recorded.
    standings: Vec<Standing>,
    /// The root over the entries.
    pub root: Digest,
}

impl Manifest {
    /// # Errors
    /// [`ArchiveError::Facts`] for entries that cannot be recorded, or two of one uid.
    pub(super) fn of(facts: SnapshotFacts, collector: Option<Hotkey>) -> Result<Self, ArchiveError> {
        let SnapshotFacts { chain, place, block_hash, mut entries, standings } = facts;
        entries.sort_by_key(|entry| entry.uid);
        for entry in &entries {
            entry.check()?;
        }
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].uid == pair[1].uid) {
            let why = format!("uid {} is there twice", pair[0].uid);
            return Err(ArchiveError::Facts { field: "entries", why });
        }
        let encoded: Vec<Vec<u8>> = entries.iter().map(Entry::encode).collect();
        let root = entries_root(&encoded.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let standings = standing::in_order(&entries, &standings);
        Ok(Self { chain, place, block_hash, collector, entries, standings, root })
    }

    /// The head and each entry with its length: the manifest's bytes, in the pieces that are kept once each.
    pub(super) fn pieces(&self) -> Vec<Vec<u8>> {
        let mut head = MAGIC.to_vec();
        head.push(VERSION);
        head.extend_from_slice(&self.chain.0);
        head.extend_from_slice(&self.place.netuid.0.to_le_bytes());
        head.extend_from_slice(&self.place.block.0.to_le_bytes());
        head.extend_from_slice(&self.block_hash.0);
        head.extend_from_slice(&self.collector.map_or([0; 32], |hotkey| hotkey.0));
        // At most 65,536 uids, and none twice.
        head.extend_from_slice(&(self.entries.len() as u32).to_le_bytes());
        head.extend_from_slice(&self.root.0);
        // They change every epoch, as the head does: apart from the entries, which mostly stay as they were.
        standing::put_all(&mut head, &self.standings);
        let behind_length = |entry: &Entry| {
            let bytes = entry.encode();
            [&(bytes.len() as u16).to_le_bytes()[..], &bytes].concat()
        };
        std::iter::once(head).chain(self.entries.iter().map(behind_length)).collect()
    }

    /// The canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.pieces().concat()
    }

    /// The object id: BLAKE3 of the canonical bytes.
    #[must_use]
    pub fn id(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    /// From canonical bytes, whose root is computed again.
    ///
    /// # Errors
    /// [`ArchiveError::Facts`] naming what is wrong with them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArchiveError> {
        let wrong = |why: &str| ArchiveError::Facts { field: "manifest", why: why.to_owned() };
        let mut fields = Fields::of(bytes);
        if fields.bytes(MAGIC.len()) != Some(MAGIC) {
            return Err(wrong("it does not begin as one"));
        }
        match fields.u8() {
            Some(VERSION) => {}
            Some(found) => {
                return Err(wrong(&format!(
                    "version {found}, this program knows {VERSION}: use a newer program"
                )));
            }
            None => return Err(wrong("it ends within its head")),
        }
        let head = |fields: &mut Fields<'_>| {
            let chain = fields.digest()?;
            let place = Place { netuid: NetUid(fields.u16()?), block: BlockNumber(fields.u64()?) };
            Some((chain, place, fields.digest()?, fields.digest()?, fields.u32()?, fields.digest()?))
        };
        let Some((chain, place, block_hash, collector, count, root)) = head(&mut fields) else {
            return Err(wrong("it ends within its head"));
        };
        let standings = standing::take_all(&mut fields, count);
        let standings = standings.ok_or_else(|| wrong("its standings are not in their canonical form"))?;
        let mut raw = Vec::new();
        for _ in 0..count {
            let entry = fields.u16().and_then(|len| fields.bytes(usize::from(len)));
            raw.push(entry.ok_or_else(|| wrong("it ends within its entries"))?);
        }
        let entries: Option<Vec<Entry>> = raw.iter().map(|entry| Entry::decode(entry)).collect();
        let entries = entries.ok_or_else(|| wrong("an entry is not in its canonical form"))?;
        if fields.left() > 0 || !entries.is_sorted_by(|a, b| a.uid < b.uid) {
            return Err(wrong("its entries are not in order, or bytes follow them"));
        }
        if entries_root(&raw) != root {
            return Err(wrong("its root is not the one over its entries"));
        }
        let collector = (collector != Digest::default()).then_some(Hotkey(collector.0));
        Ok(Self { chain, place, block_hash, collector, entries, standings, root })
    }

    /// What the chain said of the miner at `uid` beside its dataset; nothing where nothing is recorded.
    #[must_use]
    pub fn standing(&self, uid: Uid) -> Standing {
        let at = self.entries.binary_search_by_key(&uid, |entry| entry.uid).ok();
        at.and_then(|at| self.standings.get(at).copied()).unwrap_or_default()
    }

    /// The miner at `uid`.
    #[must_use]
    pub fn entry(&self, uid: Uid) -> Option<&Entry> {
        self.entries.binary_search_by_key(&uid, |entry| entry.uid).ok().map(|at| &self.entries[at])
    }

    /// The canonical bytes of the miner's entry and the path that shows it under [`Self::root`].
    #[must_use]
    pub fn opening(&self, uid: Uid) -> Option<(Vec<u8>, EntryPath)> {
        let index = self.entries.binary_search_by_key(&uid, |entry| entry.uid).ok()?;
        let encoded: Vec<Vec<u8>> = self.entries.iter().map(Entry::encode).collect();
        let path = path_of(&encoded.iter().map(Vec::as_slice).collect::<Vec<_>>(), index)?;
        Some((encoded[index].clone(), path))
    }
}

/// What lies beside a manifest: its id, and the collector's signature if there was a wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    /// The manifest's object id.
    pub manifest: Digest,
    /// When it was collected by the collector's clock, in milliseconds since 1970: told, never relied on.
    pub at_ms: u64,
    /// Who signed, and the signature.
    pub signed: Option<(Hotkey, Signature)>,
}

impl Seal {
    pub(super) fn new(manifest: Digest, at_ms: u64, wallet: Option<&Keypair>) -> Self {
        let signed = wallet.map(|pair| (pair.hotkey(), pair.sign(&signed_bytes(&manifest))));
        Self { manifest, at_ms, signed }
    }

    /// Whether the collector that the manifest names signed it: an unsigned one must name none.
    #[must_use]
    pub fn is_good_for(&self, manifest: &Manifest) -> bool {
        self.manifest == manifest.id() && self.is_signed_for(manifest)
    }

    /// As [`Self::is_good_for`], for a manifest that is known to be the one that the seal names.
    pub(super) fn is_signed_for(&self, manifest: &Manifest) -> bool {
        match (&self.signed, &manifest.collector) {
            (None, None) => true,
            (Some((signer, signature)), Some(collector)) => {
                signer == collector && verify_signature(signer, &signed_bytes(&self.manifest), signature)
            }
            _ => false,
        }
    }

    /// "S" ‖ manifest (32) ‖ milliseconds (8) ‖ 0, or 1, hotkey (32), signature (64).
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![SEAL_TAG];
        out.extend_from_slice(&self.manifest.0);
        out.extend_from_slice(&self.at_ms.to_le_bytes());
        out.push(u8::from(self.signed.is_some()));
        if let Some((signer, signature)) = &self.signed {
            out.extend_from_slice(&signer.0);
            out.extend_from_slice(&signature.0);
        }
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::of(bytes);
        if fields.u8()? != SEAL_TAG {
            return None;
        }
        let (manifest, at_ms) = (fields.digest()?, fields.u64()?);
        let signed = match fields.u8()? {
            0 => None,
            1 => Some((Hotkey(fields.array()?), Signature(fields.array()?))),
            _ => return None,
        };
        fields.whole(Self { manifest, at_ms, signed })
    }
}

/// A word that an object is not given out nor taken in again: "TT" ‖ object (32) ‖ the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Takedown {
    pub(super) object: Digest,
    pub(super) reason: String,
}

impl Takedown {
    pub(super) fn encode(&self) -> Vec<u8> {
        [&TAKEDOWN_TAG[..], &self.object.0, self.reason.as_bytes()].concat()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::of(bytes);
        let is_one = fields.array()? == TAKEDOWN_TAG;
        let object = fields.digest()?;
        let reason = std::str::from_utf8(fields.bytes(fields.left())?).ok()?;
        is_one.then(|| Self { object, reason: reason.to_owned() })
    }
}

fn signed_bytes(manifest: &Digest) -> Vec<u8> {
    [SIGNED, &manifest.0].concat()
}

const _: () = assert!(HEAD_BYTES == MAGIC.len() + 1 + 32 + 2 + 8 + 32 + 32 + 4 + 32);
